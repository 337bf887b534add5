/* compare_model.c -- one trained model's losses over a set, on two devices and the reference.
 *
 * Layer 2 (train).  Each device goes all the way from the pixels to the losses on its own.  What a
 * loss may be off by, from the logits' bounds a_j (compare_bound.h; two roundings more, since the
 * pixels are the device's own):
 *
 *   softmax    |l(z + e) - l(z)| <= max e - min e <= 2 max_j a_j
 *   sigmoid    every slope lies in -1 .. 1: sum_j a_j
 *   identity   |z_j - y_j| a_j + a_j^2 / 2, over j
 *
 * and to that the rounding of the loss itself (lg_bound_loss).  Two devices may be apart by the sum
 * of what each may be off.  Blocks; asks the watch once per minibatch whether to stop. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/compare.h"
#include "train/compare_bound.h"
#include "train/compare_difference.h"
#include "train/targets.h"

enum { LOGITS, LOSS, STAGES };

static const int pair_a[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_A, LG_COMPARE_B, LG_COMPARE_A};
static const int pair_b[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_REF, LG_COMPARE_REF, LG_COMPARE_B};
static const double LOSS_FLOOR = 1e-3, REPORT_SECONDS = 0.1;

/* What one device gives for a minibatch, and how far that may lie from the truth. */
typedef struct result {
    double *z, *loss;      /* [n][k], [n] */
    double *z_away, *away; /* [n][k], [n] */
    double sum;            /* of the losses of good samples */
} result;

typedef struct model_run {
    lg_compare *c;
    const logit_model *model;
    lg_source *source;
    lg_pool *pool;
    double *memory;        /* of all arrays below and in results */
    double *w, *b;         /* the model's */
    double *x, *size, *dz; /* [n][d], [n][k], [k] */
    result result[LG_COMPARE_PARTIES];
    lg_tally tally[LOGIT_COMPARE_PAIRS][STAGES];
    logit_difference row[LOGIT_COMPARE_PAIRS][STAGES];
    const lg_minibatch *mini;
    int64_t done, good;
    double farthest; /* between the losses of a sample */
    double started, moment;
} model_run;

/* -------------------------------------------------------------------------------- opening --- */

/* One block, cut into arrays. */
static logit_status allocate(model_run *run, logit_error *err)
{
    const logit_model *m = run->model;
    const int64_t n = lg_eval_batch(1, m->features), d = m->features, k = m->outputs;
    struct {
        double **place;
        int64_t count;
    } array[5 + 4 * LG_COMPARE_PARTIES] = {
        {&run->w, k * d}, {&run->b, k}, {&run->x, n * d}, {&run->size, n * k}, {&run->dz, k}};
    int arrays = 5;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        result *r = &run->result[i];
        array[arrays].place = &r->z, array[arrays++].count = n * k;
        array[arrays].place = &r->z_away, array[arrays++].count = n * k;
        array[arrays].place = &r->loss, array[arrays++].count = n;
        array[arrays].place = &r->away, array[arrays++].count = n;
    }
    int64_t all = 0;
    for (int i = 0; i < arrays; i++) all += array[i].count;
    double *at = run->memory = calloc((size_t)all, sizeof *at);
    if (!at) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld numbers", (long long)all);
    for (int i = 0; i < arrays; at += array[i++].count) *array[i].place = at;
    for (int64_t i = 0; i < k * d; i++) run->w[i] = (double)m->weight[i];
    for (int64_t i = 0; i < k; i++) run->b[i] = (double)m->bias[i];
    return LOGIT_OK;
}

static logit_status open_parties(model_run *run, logit_error *err)
{
    lg_compare *c = run->c;
    const logit_model *m = run->model;
    const lg_problem_shape shape = {.features = m->features,
                                    .lift = lg_model_lift(m),
                                    .batch = lg_eval_batch(1, m->features),
                                    .element = run->source->set->element,
                                    .outputs = m->outputs,
                                    .settings = 1,
                                    .loss = m->loss,
                                    .optim = LG_OPTIM_GD};
    LG_TRY(lg_compare_open_parties(c, &shape, run->source->set->target_width, err));
    const lg_normal normal = lg_model_normal(m);
    for (int i = 0; i < LG_COMPARE_PARTIES; i++) {
        lg_party *party = c->party[i];
        if (!party) continue;
        LG_TRY(lg_problem_set_normal(party->problem, &normal, err));
        LG_TRY(lg_problem_put(party->problem, 0, m->weight, m->bias, err));
        party->problem->step.keep_logits = 1;
    }
    return LOGIT_OK;
}

static void begin_rows(model_run *run)
{
    lg_compare *c = run->c;
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        const lg_party *a = c->party[pair_a[p]], *b = c->party[pair_b[p]];
        if (!a || !b) continue;
        lg_tally_begin(&run->tally[p][LOGITS], &run->row[p][LOGITS], lg_stage_name[LG_STAGE_LOGITS],
                       a->name, b->name);
        lg_tally_begin(&run->tally[p][LOSS], &run->row[p][LOSS], lg_stage_name[LG_STAGE_LOSS],
                       a->name, b->name);
    }
}

static logit_status open_run(model_run *run, logit_model *model, const char *data, logit_error *err)
{
    lg_compare *c = run->c;
    lg_trainer *t = &c->trainer;
    LG_TRY(lg_sources_open_for_eval(&t->sources, data, c->options->part, &t->options, model,
                                    c->watch, &c->out->part, err));
    run->source = &t->sources.part[LG_PART_TEST];
    LG_TRY(lg_targets_fit((lg_set *)(uintptr_t)run->source->set, model->loss, model->classes,
                          model->outputs, err));
    LG_TRY(lg_source_load(run->source, &t->options, model->classes,
                          lg_eval_batch(1, model->features), LG_SHUFFLE_NONE, t->options.memory,
                          c->watch, err));
    LG_TRY(lg_pool_create(&run->pool, t->options.threads, err));
    LG_TRY(allocate(run, err));
    LG_TRY(open_parties(run, err));
    begin_rows(run);
    run->started = run->moment = lg_seconds();
    return lg_loader_start(run->source->loader, 0, 0, err);
}

/* ---------------------------------------------------------------------------------- bounds --- */

/* What is true of sample i. */
static lg_bound_row truth_of(const model_run *run, int64_t i)
{
    const lg_minibatch *mini = run->mini;
    const int64_t row = mini->row ? mini->row[i] : i, k = run->model->outputs;
    return (lg_bound_row){.loss = run->model->loss,
                          .k = (int)k,
                          .z = run->result[LG_COMPARE_REF].z + i * k,
                          .target = mini->target ? mini->target + row * k : NULL,
                          .label = mini->label ? mini->label[row] : 0,
                          .factor = 1.0};
}

/* How far a loss moves where its logits move by away[k]. */
static double moved(const lg_bound_row *row, const double *away)
{
    double largest = 0.0, sum = 0.0, squares = 0.0;
    for (int j = 0; j < row->k; j++) {
        const double y = row->target ? (double)row->target[j] : (double)(j == row->label);
        largest = fmax(largest, away[j]);
        sum += away[j];
        squares += fabs(row->z[j] - y) * away[j] + away[j] * away[j] / 2.0;
    }
    const lg_link link = lg_losses[row->loss].link;
    return link == LG_LINK_SOFTMAX ? 2.0 * largest : link == LG_LINK_SIGMOID ? sum : squares;
}

/* z_away and away of every party; the reference is the truth. */
static void work_out_bounds(model_run *run)
{
    const logit_model *m = run->model;
    const int64_t n = run->mini->count, k = m->outputs;
    const lg_bound_product product = {.x = run->x,
                                      .w = run->w,
                                      .b = run->b,
                                      .scale = 1.0,
                                      .rows = n,
                                      .columns = k,
                                      .d = m->features};
    lg_bound_logits(run->pool, run->size, &product);
    for (int p = 0; p < LG_COMPARE_REF; p++) {
        const lg_party *party = run->c->party[p];
        if (!party) continue;
        const double factor = lg_bound_factor(m->features, party->precision) +
                              2.0 * lg_precisions[party->precision].unit;
        result *r = &run->result[p];
        for (int64_t i = 0; i < n * k; i++) r->z_away[i] = factor * run->size[i];
        for (int64_t i = 0; i < n; i++) {
            const lg_bound_row row = truth_of(run, i);
            r->away[i] = moved(&row, r->z_away + i * k) + lg_bound_loss(&row, run->dz);
        }
    }
}

/* ------------------------------------------------------------------------------ minibatches --- */

static logit_status forward(model_run *run, int i, logit_error *err)
{
    const lg_scalars scalars = {.scale = 1.0};
    lg_party *party = run->c->party[i];
    result *r = &run->result[i];
    LG_TRY(lg_party_batch(party, run->mini, &scalars, err));
    for (lg_stage stage = LG_STAGE_PIXELS; stage <= LG_STAGE_LOSS; stage++)
        LG_TRY(lg_party_run(party, stage, err));
    LG_TRY(lg_party_get(party, LG_ARRAY_Z, r->z, err));
    LG_TRY(lg_party_get(party, LG_ARRAY_ROW_LOSS, r->loss, err));
    return i == LG_COMPARE_REF ? lg_party_get(party, LG_ARRAY_X, run->x, err) : LOGIT_OK;
}

/* Sample i of the minibatch, as pair p has it, stands in out->first. */
static void keep_sample(model_run *run, int p, int stage, int64_t at, int64_t step)
{
    const logit_model *m = run->model;
    logit_divergence *first = &run->c->out->first;
    const result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    const int64_t k = stage == LOGITS ? m->outputs : 1, i = at / k;
    char name[400];
    *first = (logit_divergence){.step = step, .stage = run->row[p][stage].stage};
    first->got = stage == LOGITS ? a->z[at] : a->loss[at];
    first->want = stage == LOGITS ? b->z[at] : b->loss[at];
    first->bound = stage == LOGITS ? a->z_away[at] + b->z_away[at] : a->away[at] + b->away[at];
    memcpy(first->a, run->row[p][stage].a, sizeof first->a);
    memcpy(first->b, run->row[p][stage].b, sizeof first->b);
    const lg_set *set = run->source->set;
    lg_text_escape(first->sample, sizeof first->sample,
                   set->ops->name(set, run->mini->sample[i], name, sizeof name));
    if (stage == LOGITS && m->classes > 0)
        lg_text_escape(first->of, sizeof first->of,
                       m->class_name[m->outputs == 1 ? m->classes - 1 : at % k]);
}

/* The sample whose losses are farthest apart. */
static void look_for_farthest(model_run *run, int p)
{
    const result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    if (run->c->out->first.step >= 0) return;
    for (int64_t i = 0; i < run->mini->count; i++) {
        const double apart = fabs(a->loss[i] - b->loss[i]);
        if (!(apart > run->farthest)) continue;
        run->farthest = apart;
        keep_sample(run, p, LOSS, i, -1);
    }
}

/* Adds one array of a pair: values and what each side may be off. */
static void add_array(model_run *run, int p, int stage, int64_t count)
{
    const result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    const double *away_a = stage == LOGITS ? a->z_away : a->away;
    const double *away_b = stage == LOGITS ? b->z_away : b->away;
    double *bound = run->size; /* it has served */
    for (int64_t i = 0; i < count; i++) bound[i] = away_a[i] + away_b[i];
    const lg_sides sides = {.a = stage == LOGITS ? a->z : a->loss,
                            .b = stage == LOGITS ? b->z : b->loss,
                            .bound = bound,
                            .factor = 1.0,
                            .count = count};
    const int64_t outside = lg_tally_add(&run->tally[p][stage], &sides);
    if (outside >= 0 && run->c->out->first.step < 0) keep_sample(run, p, stage, outside, 0);
}

/* Bad samples weigh 0 and are left out of the mean. */
static void add_means(model_run *run)
{
    const lg_minibatch *mini = run->mini;
    for (int64_t i = 0; i < mini->count; i++) {
        if (mini->weight && mini->weight[mini->row ? mini->row[i] : i] == 0.0f) continue;
        run->good++;
        for (int p = 0; p < LG_COMPARE_PARTIES; p++) run->result[p].sum += run->result[p].loss[i];
    }
}

static logit_status look_around(model_run *run, logit_error *err)
{
    const logit_watch *watch = run->c->watch;
    const double now = lg_seconds(), per_second = (double)run->done / (now - run->started);
    if (!watch) return LOGIT_OK;
    if (watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld of %lld samples: there is no verdict",
                (long long)run->done, (long long)run->source->count);
    if (!watch->progress || now - run->moment < REPORT_SECONDS) return LOGIT_OK;
    run->moment = now;
    const logit_progress progress = {.phase = LOGIT_PHASE_EVAL,
                                     .done = run->done,
                                     .total = run->source->count,
                                     .loss = NAN,
                                     .samples_per_second = per_second,
                                     .seconds_left =
                                         (double)(run->source->count - run->done) / per_second};
    watch->progress(watch->user, &progress);
    return LOGIT_OK;
}

static logit_status one_batch(model_run *run, logit_error *err)
{
    const logit_model *m = run->model;
    const int64_t n = run->mini->count;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (run->c->party[i]) LG_TRY(forward(run, i, err));
    work_out_bounds(run);
    const double *z = run->result[LG_COMPARE_REF].z;
    for (int64_t i = 0; i < n; i++)
        lg_compare_meet(run->c->out, lg_losses[m->loss].link, z + i * m->outputs, m->outputs);
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        if (!run->c->party[pair_a[p]] || !run->c->party[pair_b[p]]) continue;
        add_array(run, p, LOGITS, n * m->outputs);
        add_array(run, p, LOSS, n);
        look_for_farthest(run, p);
    }
    add_means(run);
    run->done += n;
    return look_around(run, err);
}

/* ------------------------------------------------------------------------------------ all --- */

static logit_status walk(model_run *run, logit_error *err)
{
    lg_loader *loader = run->source->loader;
    for (;;) {
        LG_TRY(lg_loader_next(loader, &run->mini, err));
        if (!run->mini) return LOGIT_OK;
        LG_TRY(one_batch(run, err));
        lg_loader_release(loader, run->mini);
    }
}

static void describe_row(const model_run *run, int stage, int p, logit_difference *row)
{
    const lg_precision a = run->c->party[pair_a[p]]->precision;
    const lg_precision b = run->c->party[pair_b[p]]->precision, coarser = a > b ? a : b;
    const int64_t d = run->model->features;
    if (stage == LOSS) {
        snprintf(row->bound, sizeof row->bound, "what the logits' bounds move a loss by");
        return;
    }
    lg_bound_words(row->bound, sizeof row->bound, d, coarser, "(|x w| + |b|)");
    row->worst_case = lg_bound_worst(d, coarser) / lg_bound_factor(d, coarser);
}

static void put_rows(model_run *run)
{
    logit_comparison *out = run->c->out;
    for (int stage = 0; stage < STAGES; stage++)
        for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
            if (!run->c->party[pair_a[p]] || !run->c->party[pair_b[p]]) continue;
            lg_tally_end(&run->tally[p][stage]);
            describe_row(run, stage, p, &run->row[p][stage]);
            out->difference[out->differences++] = run->row[p][stage];
        }
}

static void put_means(model_run *run)
{
    logit_comparison *out = run->c->out;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (run->c->party[i]) out->loss[i] = run->result[i].sum / (double)run->good;
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        const double a = out->loss[pair_a[p]], b = out->loss[pair_b[p]];
        if (!run->c->party[pair_a[p]] || !run->c->party[pair_b[p]]) continue;
        const int same = a == b || (isnan(a) && isnan(b));
        const double apart = same ? 0.0 : fabs(a - b) / fmax(fabs(b), LOSS_FLOOR);
        if (!(apart <= out->loss_difference)) out->loss_difference = apart;
    }
    out->samples = run->good;
    snprintf(out->reference_rows, sizeof out->reference_rows, "all");
}

logit_status lg_compare_model(lg_compare *c, logit_model *model, const char *data, logit_error *err)
{
    model_run run = {.c = c, .model = model};
    logit_status status = open_run(&run, model, data, err);
    if (status == LOGIT_OK) status = walk(&run, err);
    if (status == LOGIT_OK) {
        put_rows(&run);
        put_means(&run);
    }
    lg_pool_destroy(run.pool);
    free(run.memory);
    return status;
}
