/* compare_envelope.c -- members of a training, and the noise that sets them apart. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_envelope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"

enum { MEMBERS = 9, FEWEST = 3, BITS = 128 };
static const int64_t MOST_NUMBERS = (int64_t)1 << 27; /* of the weights of all members */

double lg_envelope_factor(int64_t features, int64_t samples)
{
    const double d = (double)features, n = (double)samples;
    return fmax(fmax(16.0, sqrt(d)), fmax(sqrt(n), n / 32.0));
}

/* -------------------------------------------------------------------------------- opening --- */

static int64_t columns_of(const lg_envelope *e)
{
    return (int64_t)e->party->problem->step.settings * e->party->problem->step.outputs;
}

/* Weights of one member. */
static int64_t member_size(const lg_envelope *e)
{
    const lg_step *step = &e->party->problem->step;
    return e->settings * step->outputs * step->features;
}

/* As many members as fit: each is as large as the training itself. */
static int count_members(const lg_compare *c)
{
    const lg_trainer *t = &c->trainer;
    const int64_t fit = MOST_NUMBERS / (t->settings * t->outputs * t->features);
    return fit >= MEMBERS ? MEMBERS : fit > FEWEST ? (int)fit : FEWEST;
}

static logit_status allocate(lg_envelope *e, logit_error *err)
{
    const int64_t columns = columns_of(e), d = e->party->problem->step.features;
    const int64_t longest = d > e->party->batch ? d : e->party->batch;
    e->scalars = calloc((size_t)e->members * (size_t)e->settings, sizeof *e->scalars);
    e->widest = calloc((size_t)e->settings, sizeof *e->widest);
    e->number = malloc((size_t)(columns * longest) * sizeof *e->number);
    e->shift = calloc((size_t)columns, sizeof *e->shift);
    if (e->scalars && e->widest && e->number && e->shift) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d members of an envelope", e->members);
}

/* The weights of `like`, to every member. */
static logit_status copy_start(lg_envelope *e, lg_party *like, lg_array array, logit_error *err)
{
    const int64_t size = lg_party_count(like, array);
    double *wide = malloc((size_t)(size * e->members) * sizeof *wide);
    if (!wide) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the members of an envelope");
    logit_status status = lg_party_get(like, array, wide, err);
    for (int m = 1; m < e->members; m++) memcpy(wide + m * size, wide, (size_t)size * sizeof *wide);
    if (status == LOGIT_OK) status = lg_party_put(e->party, array, wide, err);
    free(wide);
    return status;
}

static logit_status open_members(lg_envelope *e, const lg_compare *c, lg_party *like,
                                 const char *device, logit_error *err)
{
    const lg_trainer *t = &c->trainer;
    const lg_problem_shape shape = {.features = t->features,
                                    .lift = lg_feature_map_lift(t->map),
                                    .batch = t->options.batch_size,
                                    .element = t->sources.part[LG_PART_TRAIN].set->element,
                                    .outputs = t->outputs,
                                    .settings = t->settings * e->members,
                                    .loss = t->loss,
                                    .optim = t->optim,
                                    .nesterov = t->options.nesterov};
    LG_TRY(lg_party_open(&e->party, device, LG_PRECISION_F32, t->options.threads, &shape,
                         t->sources.part[LG_PART_TRAIN].set->target_width, err));
    const lg_normal normal = lg_trainer_normal(t);
    LG_TRY(lg_problem_set_normal(e->party->problem, &normal, err));
    LG_TRY(allocate(e, err));
    LG_TRY(copy_start(e, like, LG_ARRAY_W, err));
    return copy_start(e, like, LG_ARRAY_B, err);
}

logit_status lg_envelope_open(lg_envelope **out, const lg_compare *c, lg_party *like,
                              const char *device, logit_error *err)
{
    const lg_trainer *t = &c->trainer;
    *out = NULL;
    lg_envelope *e = calloc(1, sizeof *e);
    if (!e) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an envelope");
    e->members = count_members(c);
    e->settings = t->settings;
    e->factor = lg_envelope_factor(t->features, lg_optims[t->optim].whole
                                                    ? t->sources.part[LG_PART_TRAIN].count
                                                    : t->options.batch_size);
    const logit_status status = open_members(e, c, like, device, err);
    if (status != LOGIT_OK) {
        lg_envelope_close(e);
        return status;
    }
    *out = e;
    return LOGIT_OK;
}

void lg_envelope_close(lg_envelope *e)
{
    if (!e) return;
    lg_party_close(e->party);
    free(e->scalars);
    free(e->widest);
    free(e->number);
    free(e->shift);
    free(e);
}

/* ----------------------------------------------------------------------------------- noise --- */

/* The next float away from zero, or towards it.  Zero stays: nothing is rounded there. */
static float nudge(float value, unsigned away)
{
    uint32_t bits;
    if (value == 0.0f || !isfinite(value)) return value;
    memcpy(&bits, &value, sizeof bits);
    bits += away ? 1u : ~0u;
    float moved;
    memcpy(&moved, &bits, sizeof moved);
    return isfinite(moved) ? moved : value;
}

/* Noise on number[count], by bits from..from+count of this minibatch's stream. */
static void shake(float *number, int64_t count, uint64_t seed, uint64_t stream, uint64_t from)
{
    lg_random4 random = {{0}};
    for (int64_t i = 0; i < count; i++) {
        const uint64_t at = from + (uint64_t)i;
        if (i == 0 || at % BITS == 0) random = lg_philox(seed, stream, at / BITS);
        number[i] = nudge(number[i], random.word[at % BITS / 32] >> at % 32 & 1u);
    }
}

/* Where the bits of one array begin, so that no two share them. */
static uint64_t bits_of(lg_array array)
{
    return (uint64_t)array << 48;
}

static uint64_t stream_of(const lg_compare *c)
{
    return lg_stream_id(LG_STREAM_NOISE, (uint32_t)c->party[LG_COMPARE_REF]->problem->step.number);
}

/* Weights or biases of all members but the first. */
static logit_status shake_weights(lg_envelope *e, const lg_compare *c, lg_array array, void *place,
                                  logit_error *err)
{
    const int64_t all = lg_party_count(e->party, array), one = all / e->members;
    LG_TRY(lg_backend_get(e->party->backend, e->number, place, all, err));
    shake(e->number + one, all - one, c->trainer.options.seed, stream_of(c), bits_of(array));
    return lg_backend_put(e->party->backend, place, e->number, all, err);
}

/* Gradients of the logits, and what that does to those of the biases, which are their sums. */
static logit_status shake_gradients(lg_envelope *e, const lg_compare *c, logit_error *err)
{
    const lg_step *step = &e->party->problem->step;
    lg_backend *backend = e->party->backend;
    const int64_t n = step->batch.count, columns = columns_of(e), own = columns / e->members;
    memset(e->shift, 0, (size_t)columns * sizeof *e->shift);
    LG_TRY(lg_backend_get(backend, e->number, step->z, n * columns, err));
    for (int64_t i = 0; i < n; i++) {
        float *z = e->number + i * columns;
        for (int64_t j = own; j < columns; j++) e->shift[j] -= (double)z[j];
        shake(z + own, columns - own, c->trainer.options.seed, stream_of(c),
              bits_of(LG_ARRAY_Z) + (uint64_t)(i * columns));
        for (int64_t j = own; j < columns; j++) e->shift[j] += (double)z[j];
    }
    LG_TRY(lg_backend_put(backend, step->z, e->number, n * columns, err));
    LG_TRY(lg_backend_get(backend, e->number, step->gb, columns, err));
    for (int64_t j = own; j < columns; j++) e->number[j] = (float)(e->number[j] + e->shift[j]);
    return lg_backend_put(backend, step->gb, e->number, columns, err);
}

/* -------------------------------------------------------------------------------- distances --- */

static void measure(lg_envelope *e)
{
    const int64_t all = member_size(e), one = all / e->settings;
    for (int s = 0; s < e->settings; s++) {
        const float *base = e->number + s * one;
        for (int m = 1; m < e->members; m++) {
            const float *w = e->number + m * all + s * one;
            double apart = 0.0, length = 0.0;
            for (int64_t i = 0; i < one; i++) {
                const double off = (double)w[i] - (double)base[i];
                apart += off * off;
                length += (double)base[i] * (double)base[i];
            }
            const double distance = apart > 0.0 ? sqrt(apart / length) : 0.0;
            if (distance > e->widest[s]) e->widest[s] = distance;
        }
    }
}

logit_status lg_envelope_step(lg_envelope *e, const lg_compare *c, const double *x,
                              logit_error *err)
{
    lg_step *step = &e->party->problem->step;
    for (int m = 0; m < e->members; m++)
        memcpy(e->scalars + m * e->settings, c->scalars, (size_t)e->settings * sizeof *e->scalars);
    LG_TRY(lg_party_batch(e->party, c->mini, e->scalars, err));
    step->accumulate = !c->first;
    LG_TRY(x ? lg_party_put(e->party, LG_ARRAY_X, x, err)
             : lg_party_run(e->party, LG_STAGE_PIXELS, err));
    LG_TRY(lg_party_run(e->party, LG_STAGE_LOGITS, err));
    LG_TRY(lg_party_run(e->party, LG_STAGE_LOSS, err));
    LG_TRY(shake_gradients(e, c, err));
    LG_TRY(lg_party_run(e->party, LG_STAGE_GRADIENT, err));
    if (!c->last) return LOGIT_OK;
    LG_TRY(lg_party_run(e->party, LG_STAGE_UPDATE, err));
    LG_TRY(shake_weights(e, c, LG_ARRAY_B, step->b, err));
    LG_TRY(shake_weights(e, c, LG_ARRAY_W, step->w, err));
    measure(e); /* of the weights that were just shaken */
    return LOGIT_OK;
}

double lg_envelope_width(const lg_envelope *e, int s)
{
    return e->factor * e->widest[s];
}
