/* compare_lockstep.c -- walks a training, and has every step of it taken apart. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_lockstep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* ------------------------------------------------------------------------ opening, closing --- */

/* W, b and the optimiser's states. */
static int is_state(lg_array array)
{
    return array == LG_ARRAY_W || array == LG_ARRAY_B ||
           (array >= LG_ARRAY_STATE_W0 && array <= LG_ARRAY_STATE_B1);
}

/* Numbers of an array for the largest batch; 0 for a state that the optimiser does not have. */
static int64_t room_of(const lg_lockstep *ls, lg_array array)
{
    const lg_problem_shape *shape = &ls->shape;
    const int64_t n = shape->batch, d = shape->features, s = shape->settings;
    const int64_t rows = s * shape->outputs;
    const int states = lg_optims[shape->optim].states;
    if ((array == LG_ARRAY_STATE_W0 || array == LG_ARRAY_STATE_B0) && states < 1) return 0;
    if ((array == LG_ARRAY_STATE_W1 || array == LG_ARRAY_STATE_B1) && states < 2) return 0;
    switch (array) {
    case LG_ARRAY_U:
        return shape->lift ? n * shape->lift->in : 0;
    case LG_ARRAY_X:
        return n * d;
    case LG_ARRAY_Z:
        return n * rows;
    case LG_ARRAY_ROW_LOSS:
        return n * s;
    case LG_ARRAY_COUNT: /* running totals */
        return s;
    case LG_ARRAY_B:
    case LG_ARRAY_GB:
    case LG_ARRAY_STATE_B0:
    case LG_ARRAY_STATE_B1:
        return rows;
    default:
        return rows * d;
    }
}

static logit_status take(double **out, int64_t count, logit_error *err)
{
    if (count == 0) return LOGIT_OK;
    *out = calloc((size_t)count, sizeof **out);
    if (!*out)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld numbers of a comparison",
                (long long)count);
    return LOGIT_OK;
}

/* The host arrays and how large they are; returns how many. */
enum { ARRAYS = 64 };
typedef struct room {
    double **place;
    int64_t count;
} room;

static int list_rooms(lg_lockstep *ls, room *list)
{
    int count = 0;
    int64_t most = 0;
    for (lg_array array = 0; array <= LG_ARRAY_COUNT; array++) {
        const int64_t each = room_of(ls, array);
        if (each > most) most = each;
        list[count++] = (room){&ls->own[array], each};
        const int sums = array == LG_ARRAY_GW || array == LG_ARRAY_GB;
        if (array < LG_ARRAY_COUNT && (is_state(array) || (sums && ls->whole)))
            list[count++] = (room){&ls->start[array], each};
    }
    list[count++] = (room){&ls->u, room_of(ls, LG_ARRAY_U)};
    list[count++] = (room){&ls->x, room_of(ls, LG_ARRAY_X)};
    list[count++] = (room){&ls->z, room_of(ls, LG_ARRAY_Z)};
    list[count++] = (room){&ls->dz, room_of(ls, LG_ARRAY_Z)};
    list[count++] = (room){&ls->reach, room_of(ls, LG_ARRAY_Z)};
    list[count++] = (room){&ls->gw, room_of(ls, LG_ARRAY_GW)};
    list[count++] = (room){&ls->gb, room_of(ls, LG_ARRAY_GB)};
    list[count++] = (room){&ls->row_bound, room_of(ls, LG_ARRAY_ROW_LOSS)};
    list[count++] = (room){&ls->bound, most};
    list[count++] = (room){&ls->apart, most};
    for (int i = 0; i <= LG_OPTIM_STATES; i++) {
        list[count++] = (room){&ls->weight_bound[i], room_of(ls, LG_ARRAY_W)};
        list[count++] = (room){&ls->bias_bound[i], room_of(ls, LG_ARRAY_B)};
    }
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        list[count++] = (room){&ls->got[i], most};
        list[count++] = (room){&ls->row_loss[i], room_of(ls, LG_ARRAY_ROW_LOSS)};
    }
    return count;
}

static logit_status open_parts(lg_lockstep *ls, logit_error *err)
{
    room list[ARRAYS];
    const int count = list_rooms(ls, list);
    for (int i = 0; i < count; i++) LG_TRY(take(list[i].place, list[i].count, err));
    LG_TRY(lg_pool_create(&ls->pool, ls->c->trainer.options.threads, err));
    LG_TRY(lg_sample_open(ls, err));
    if (ls->sampled && ls->c->seen)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--record and --against need every row of the reference, which works out %s here; "
                "take a smaller --batch-size",
                ls->c->out->reference_rows);
    return LOGIT_OK;
}

static logit_status find_shift(lg_lockstep *ls, logit_error *err)
{
    lg_party *ref = ls->c->party[LG_COMPARE_REF];
    const lg_backend_ops *ops = ref->backend->ops;
    const int64_t inputs = lg_problem_shape_inputs(&ls->shape);
    const size_t bytes = (size_t)inputs * sizeof(float);
    float *shift = malloc(bytes);
    if (!shift) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of a comparison", bytes);
    logit_status status =
        ops->download(ref->backend, LG_QUEUE_COMPUTE, shift, ref->problem->step.shift, bytes, err);
    if (status == LOGIT_OK) status = ops->sync(ref->backend, err);
    for (int64_t j = 0; j < inputs && status == LOGIT_OK; j++)
        ls->shift = fmax(ls->shift, fabs((double)shift[j]));
    free(shift);
    return status;
}

/* The weights and states of the reference, rounded to float32: where the next step starts. */
static logit_status keep_start(lg_lockstep *ls, logit_error *err)
{
    lg_party *ref = ls->c->party[LG_COMPARE_REF];
    for (lg_array array = 0; array < LG_ARRAY_COUNT; array++) {
        double *start = ls->start[array];
        const int64_t count = is_state(array) ? lg_party_count(ref, array) : 0;
        if (count == 0) continue;
        LG_TRY(lg_party_get(ref, array, start, err));
        lg_lockstep_forget(ls, array, start);
        for (int64_t i = 0; i < count; i++) start[i] = (double)(float)start[i];
    }
    return LOGIT_OK;
}

logit_status lg_lockstep_open(lg_lockstep *ls, lg_compare *c, const lg_problem_shape *shape,
                              logit_error *err)
{
    ls->c = c;
    ls->shape = *shape;
    ls->whole = lg_optims[shape->optim].whole;
    ls->scale = 1.0;
    LG_TRY(open_parts(ls, err));
    lg_found_begin(ls);
    LG_TRY(find_shift(ls, err));
    return keep_start(ls, err);
}

void lg_lockstep_close(lg_lockstep *ls)
{
    room list[ARRAYS];
    const int count = list_rooms(ls, list);
    for (int i = 0; i < count; i++) free(*list[i].place);
    if (ls->c) lg_sample_close(ls);
    lg_pool_destroy(ls->pool);
}

/* ------------------------------------------------------------------------------ to and fro --- */

logit_status lg_lockstep_run(lg_lockstep *ls, lg_stage stage, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i]) LG_TRY(lg_party_run(ls->c->party[i], stage, err));
    return LOGIT_OK;
}

void lg_lockstep_forget(const lg_lockstep *ls, lg_array array, double *values)
{
    const int64_t k = ls->shape.outputs;
    const int wide = array == LG_ARRAY_STATE_W0 || array == LG_ARRAY_STATE_W1;
    const int64_t each = wide ? k * ls->shape.features : k;
    if (array < LG_ARRAY_STATE_W0 || array > LG_ARRAY_STATE_B1) return;
    for (int t = 0; t < ls->shape.settings; t++) {
        if (lg_bound_keeps(ls->shape.optim, &ls->c->scalars[t])) continue;
        memset(values + t * each, 0, (size_t)each * sizeof *values);
    }
}

int lg_lockstep_keeps(const lg_lockstep *ls, lg_array array)
{
    int kept = array < LG_ARRAY_STATE_W0;
    for (int t = 0; t < ls->shape.settings; t++)
        kept |= lg_bound_keeps(ls->shape.optim, &ls->c->scalars[t]);
    return kept && lg_lockstep_count(ls, array) > 0;
}

logit_status lg_lockstep_get(lg_lockstep *ls, lg_array array, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i]) {
            LG_TRY(lg_party_get(ls->c->party[i], array, ls->got[i], err));
            lg_lockstep_forget(ls, array, ls->got[i]);
        }
    return LOGIT_OK;
}

int64_t lg_lockstep_count(const lg_lockstep *ls, lg_array array)
{
    return lg_party_count(ls->c->party[LG_COMPARE_REF], array);
}

logit_status lg_lockstep_give(lg_lockstep *ls, lg_array array, const double *values,
                              logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i]) LG_TRY(lg_party_put(ls->c->party[i], array, values, err));
    return LOGIT_OK;
}

logit_status lg_lockstep_give_reference(lg_lockstep *ls, lg_array array, double *to,
                                        logit_error *err)
{
    const double *from = ls->got[LG_COMPARE_REF];
    const int64_t count = lg_lockstep_count(ls, array);
    for (int64_t i = 0; i < count; i++) to[i] = (double)(float)from[i];
    return lg_lockstep_give(ls, array, to, err);
}

logit_status lg_lockstep_put_start_of(lg_lockstep *ls, int party, logit_error *err)
{
    for (lg_array array = 0; array < LG_ARRAY_COUNT; array++) {
        const double *values = ls->start[array];
        if (!is_state(array) || !values) continue;
        if (array == LG_ARRAY_W && ls->scale > 1.0) {
            const int64_t count = lg_lockstep_count(ls, array);
            for (int64_t i = 0; i < count; i++) ls->bound[i] = ls->scale * values[i];
            values = ls->bound;
        }
        LG_TRY(lg_party_put(ls->c->party[party], array, values, err));
    }
    return LOGIT_OK;
}

logit_status lg_lockstep_put_start(lg_lockstep *ls, logit_error *err)
{
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i]) LG_TRY(lg_lockstep_put_start_of(ls, i, err));
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- minibatch --- */

/* The minibatch and its numbers, and the sums of gradients that it adds to. */
static logit_status send(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (!c->party[i]) continue;
        LG_TRY(lg_party_batch(c->party[i], c->mini, c->scalars, err));
        c->party[i]->problem->step.number = c->step - 1;
        c->party[i]->problem->step.accumulate = !c->first;
    }
    LG_TRY(lg_lockstep_put_start(ls, err));
    if (c->first) return LOGIT_OK;
    LG_TRY(lg_lockstep_give(ls, LG_ARRAY_GW, ls->start[LG_ARRAY_GW], err));
    return lg_lockstep_give(ls, LG_ARRAY_GB, ls->start[LG_ARRAY_GB], err);
}

/* What a step starts from, for whoever records the run. */
static logit_status tell_start(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    for (lg_array array = 0; array < LG_ARRAY_COUNT && c->seen && c->first; array++) {
        if (!is_state(array) || !ls->start[array]) continue;
        const lg_seen seen = {LG_STAGE_COUNT, array, lg_lockstep_count(ls, array), ls->start[array],
                              NULL};
        LG_TRY(c->seen(c, &seen, err));
    }
    return LOGIT_OK;
}

/* The file of the step in which something was found, once. */
static logit_status write_replay(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    logit_comparison *out = c->out;
    if (out->first.step != c->step || !c->options->out || c->options->replay || out->replay[0])
        return LOGIT_OK;
    const int length =
        snprintf(out->replay, sizeof out->replay, "%s/replay.safetensors", c->options->out);
    if (length >= (int)sizeof out->replay) {
        out->replay[0] = '\0';
        LG_FAIL(err, LOGIT_E_IO, "the path of the replay file is too long");
    }
    return lg_replay_write(ls, out->replay, err);
}

logit_status lg_lockstep_batch(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    lg_sample_pick(ls);
    LG_TRY(tell_start(ls, err));
    LG_TRY(send(ls, err));
    LG_TRY(lg_lockstep_pixels(ls, err));
    LG_TRY(lg_lockstep_features(ls, err));
    if (c->options->stress && c->first) LG_TRY(lg_lockstep_stress(ls, err));
    LG_TRY(lg_lockstep_give(ls, LG_ARRAY_X, ls->x, err));
    LG_TRY(lg_lockstep_stages(ls, err));
    if (c->last && !ls->whole) LG_TRY(lg_lockstep_step(ls, err));
    LG_TRY(write_replay(ls, err));
    if (c->last) return keep_start(ls, err);
    memcpy(ls->start[LG_ARRAY_GW], ls->gw, (size_t)room_of(ls, LG_ARRAY_GW) * sizeof *ls->gw);
    memcpy(ls->start[LG_ARRAY_GB], ls->gb, (size_t)room_of(ls, LG_ARRAY_GB) * sizeof *ls->gb);
    return LOGIT_OK;
}

void lg_lockstep_end(lg_lockstep *ls)
{
    logit_comparison *out = ls->c->out;
    for (int stage = 0; stage < LG_STAGE_COUNT; stage++)
        for (int pair = 0; pair < LG_PAIR_COUNT; pair++)
            if (ls->tally[stage][pair].out) lg_tally_end(&ls->tally[stage][pair]);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (ls->c->party[i] && ls->weight > 0.0) out->loss[i] = ls->loss[i] / ls->weight;
}

/* -------------------------------------------------------------------------------- training --- */

lg_problem_shape lg_lockstep_shape(const lg_compare *c)
{
    const lg_trainer *t = &c->trainer;
    return (lg_problem_shape){.features = t->features,
                              .lift = lg_feature_map_lift(t->map),
                              .batch = t->options.batch_size,
                              .element = t->sources.part[LG_PART_TRAIN].set->element,
                              .outputs = t->outputs,
                              .settings = t->settings,
                              .loss = t->loss,
                              .optim = t->optim,
                              .nesterov = t->options.nesterov};
}

/* The mean loss of the reference in the minibatch that was just taken apart. */
static double mean_of_reference(const lg_lockstep *ls)
{
    return lg_compare_mean(ls->c, ls->row_loss[LG_COMPARE_REF], 0);
}

static logit_status walk(lg_lockstep *ls, logit_error *err)
{
    lg_compare *c = ls->c;
    LG_TRY(lg_compare_begin(c, err));
    while (c->mini) {
        LG_TRY(lg_lockstep_batch(ls, err));
        LG_TRY(lg_compare_next(c, mean_of_reference(ls), err));
    }
    return lg_lockstep_put_start(ls, err);
}

logit_status lg_compare_lockstep(lg_compare *c, logit_error *err)
{
    lg_lockstep ls = {0};
    const lg_problem_shape shape = lg_lockstep_shape(c);
    logit_status status = lg_lockstep_open(&ls, c, &shape, err);
    if (status == LOGIT_OK) status = walk(&ls, err);
    if (status == LOGIT_OK) lg_lockstep_end(&ls);
    lg_lockstep_close(&ls);
    return status;
}
