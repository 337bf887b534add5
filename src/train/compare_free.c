/* compare_free.c -- each device trains on its own: how far losses and weights drift apart.
 *
 * Layer 2 (train).  Every party takes the same minibatches and keeps its weights; it runs what
 * training runs (lg_backend_train_step).  A drift means nothing without a yardstick: that is
 * compare_envelope.h.  With several settings each has its own; what is told of a step is the
 * setting that stands farthest out.
 *
 * With a feature map all of them train on the reference's features, rounded to float32.  What a map
 * may be off by is judged in lockstep; here a step on the other side of 0 in one feature would move
 * the weights by more than any rounding, and say nothing of their training. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/compare_envelope.h"

/* Pairs in the order of logit_drift.distance: A and ref, B and ref, A and B. */
static const int pair_a[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_A, LG_COMPARE_B, LG_COMPARE_A};
static const int pair_b[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_REF, LG_COMPARE_REF, LG_COMPARE_B};

typedef struct free_run {
    lg_compare *c;
    lg_envelope *envelope;
    double *weight[LG_COMPARE_PARTIES]; /* [settings*outputs][features], as last read */
    double *row_loss;                   /* [batch][settings] */
    double *x;                          /* [batch][features] of the reference, with a map */
    double loss[LG_COMPARE_PARTIES];    /* sum over the step so far, weighted */
    double total[LG_COMPARE_PARTIES];   /* of the mean losses of all steps */
    double seen;                        /* weight of the samples of the step so far */
    double share;                       /* the worst distance / envelope */
    int64_t room;                       /* of out->drift */
} free_run;

/* ------------------------------------------------------------------------------- one step --- */

/* The reference's features of the minibatch, with a map. */
static logit_status find_features(free_run *run, logit_error *err)
{
    lg_party *ref = run->c->party[LG_COMPARE_REF];
    if (!run->x) return LOGIT_OK;
    LG_TRY(lg_party_run(ref, LG_STAGE_PIXELS, err));
    LG_TRY(lg_party_run(ref, LG_STAGE_FEATURES, err));
    return lg_party_get(ref, LG_ARRAY_X, run->x, err);
}

/* One minibatch through a party: a step, or a part of one that sees the whole set. */
static logit_status train(const free_run *run, lg_party *party, logit_error *err)
{
    const lg_compare *c = run->c;
    if (c->first && c->last && !run->x) return lg_party_run(party, LG_STAGE_STEP, err);
    LG_TRY(run->x ? lg_party_put(party, LG_ARRAY_X, run->x, err)
                  : lg_party_run(party, LG_STAGE_PIXELS, err));
    for (lg_stage stage = LG_STAGE_LOGITS; stage <= LG_STAGE_GRADIENT; stage++)
        LG_TRY(lg_party_run(party, stage, err));
    return c->last ? lg_party_run(party, LG_STAGE_UPDATE, err) : LOGIT_OK;
}

/* The settings' mean loss on the minibatch. */
static logit_status add_loss(free_run *run, int i, double weight, logit_error *err)
{
    lg_compare *c = run->c;
    const int settings = c->trainer.settings;
    LG_TRY(lg_party_get(c->party[i], LG_ARRAY_ROW_LOSS, run->row_loss, err));
    for (int s = 0; s < settings; s++)
        run->loss[i] += weight * lg_compare_mean(c, run->row_loss, s) / settings;
    return LOGIT_OK;
}

static logit_status step(free_run *run, logit_error *err)
{
    lg_compare *c = run->c;
    const double weight = lg_batch_weight(c->mini);
    if (c->first) {
        run->seen = 0.0;
        for (int i = 0; i < LG_COMPARE_PARTIES; i++) run->loss[i] = 0.0;
    }
    run->seen += weight;
    LG_TRY(lg_compare_send(c, err));
    LG_TRY(find_features(run, err));
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (!c->party[i]) continue;
        LG_TRY(train(run, c->party[i], err));
        LG_TRY(add_loss(run, i, weight, err));
        if (c->last) LG_TRY(lg_party_get(c->party[i], LG_ARRAY_W, run->weight[i], err));
    }
    return lg_envelope_step(run->envelope, c, run->x, err);
}

/* ------------------------------------------------------------------------------- judgement --- */

/* |a - b| / |b| over one setting; 0 where they are equal, infinite where b is 0 and a is not. */
static double distance(const double *a, const double *b, int64_t count)
{
    double apart = 0.0, length = 0.0;
    for (int64_t i = 0; i < count; i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        length += b[i] * b[i];
    }
    return apart == 0.0 ? 0.0 : sqrt(apart / length);
}

/* How much farther pair p may be apart than the envelope's members, which compute in float32: as
 * much as the products of one of the two are coarser.  Small perturbations act linearly. */
static double coarseness(const lg_compare *c, int p)
{
    const double unit = lg_precisions[LG_PRECISION_F32].unit;
    const double a = lg_precisions[c->party[pair_a[p]]->precision].unit / unit;
    const double b = lg_precisions[c->party[pair_b[p]]->precision].unit / unit;
    return a > b ? a : b;
}

/* Where the numbers of a step stand: the worst pair and setting. */
typedef struct standing {
    double share, distance, envelope; /* the worst */
    int pair;
} standing;

static standing stand_of(const free_run *run, int s, logit_drift *drift)
{
    const lg_compare *c = run->c;
    const int64_t count = c->trainer.outputs * c->trainer.features;
    standing worst = {.share = -1.0, .envelope = lg_envelope_width(run->envelope, s)};
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        drift->distance[p] = NAN;
        if (!c->party[pair_a[p]] || !c->party[pair_b[p]]) continue;
        const double d =
            distance(run->weight[pair_a[p]] + s * count, run->weight[pair_b[p]] + s * count, count);
        const double width = lg_envelope_width(run->envelope, s) * coarseness(c, p);
        const double share = d > 0.0 ? d / width : d; /* a NaN stays */
        drift->distance[p] = d;
        if (share <= worst.share) continue;
        worst = (standing){share, d, width, p};
        if (isnan(share)) break;
    }
    drift->envelope = worst.envelope;
    return worst;
}

static void say_outside(const free_run *run, const standing *where)
{
    const lg_compare *c = run->c;
    logit_divergence *first = &c->out->first;
    if (first->step >= 0) return;
    *first = (logit_divergence){.step = c->step,
                                .stage = "weights",
                                .got = where->distance,
                                .want = 0.0,
                                .bound = where->envelope};
    snprintf(first->a, sizeof first->a, "%s", c->party[pair_a[where->pair]]->name);
    snprintf(first->b, sizeof first->b, "%s", c->party[pair_b[where->pair]]->name);
}

static void keep_worst(free_run *run, const standing *worst)
{
    lg_compare *c = run->c;
    run->share = worst->share;
    c->farthest_step = c->step;
    c->farthest[0] = c->party[pair_a[worst->pair]]->name;
    c->farthest[1] = c->party[pair_b[worst->pair]]->name;
}

static logit_status grow(free_run *run, logit_error *err)
{
    logit_comparison *out = run->c->out;
    if (out->drifts < run->room) return LOGIT_OK;
    const int64_t room = run->room > 0 ? 2 * run->room : 256;
    logit_drift *more = realloc(out->drift, (size_t)room * sizeof *more);
    if (!more)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the drift of %lld steps", (long long)room);
    out->drift = more;
    run->room = room;
    return LOGIT_OK;
}

/* The step is done: what it says. */
static logit_status judge(free_run *run, logit_error *err)
{
    const lg_compare *c = run->c;
    logit_comparison *out = c->out;
    LG_TRY(grow(run, err));
    logit_drift *drift = &out->drift[out->drifts++];
    standing worst = {.share = -1.0};
    for (int s = 0; s < c->trainer.settings; s++) {
        logit_drift of_setting = {.step = c->step};
        const standing where = stand_of(run, s, &of_setting);
        if (s > 0 && !(where.share > worst.share) && !isnan(where.share)) continue;
        worst = where;
        *drift = of_setting;
        if (isnan(where.share)) break;
    }
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        drift->loss[i] = c->party[i] ? run->loss[i] / run->seen : NAN;
        run->total[i] += drift->loss[i];
    }
    if (!(worst.share <= run->share)) keep_worst(run, &worst);
    if (!(worst.share <= 1.0)) say_outside(run, &worst);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------------ all --- */

/* The members train where A does, unless that is slow: on the processor. */
static const char *device_of_members(const lg_compare *c)
{
    return strncmp(c->device[0], "cuda", 4) == 0 ? c->device[0] : "cpu";
}

static logit_status open_run(free_run *run, logit_error *err)
{
    const lg_compare *c = run->c;
    const lg_trainer *t = &c->trainer;
    const size_t weights = (size_t)t->settings * (size_t)t->outputs * (size_t)t->features;
    run->row_loss = malloc((size_t)t->options.batch_size * (size_t)t->settings * sizeof(double));
    if (t->map)
        run->x = malloc((size_t)t->options.batch_size * (size_t)t->features * sizeof *run->x);
    int missing = !run->row_loss || (t->map && !run->x);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (!c->party[i]) continue;
        run->weight[i] = malloc(weights * sizeof(double));
        missing |= !run->weight[i];
    }
    if (missing) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu weights", weights);
    return lg_envelope_open(&run->envelope, c, c->party[LG_COMPARE_A], device_of_members(c), err);
}

static logit_status walk(free_run *run, logit_error *err)
{
    lg_compare *c = run->c;
    LG_TRY(open_run(run, err));
    LG_TRY(lg_compare_begin(c, err));
    while (c->mini) {
        LG_TRY(step(run, err));
        if (c->last) LG_TRY(judge(run, err));
        LG_TRY(lg_compare_next(c, run->loss[LG_COMPARE_REF] / run->seen, err));
    }
    return LOGIT_OK;
}

logit_status lg_compare_free(lg_compare *c, logit_error *err)
{
    free_run run = {.c = c, .share = -1.0};
    logit_comparison *out = c->out;
    const logit_status status = walk(&run, err);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        if (c->party[i]) out->loss[i] = run.total[i] / (double)out->steps;
        free(run.weight[i]);
    }
    out->margin = run.share;
    free(run.row_loss);
    free(run.x);
    lg_envelope_close(run.envelope);
    return status;
}
