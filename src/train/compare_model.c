/* compare_model.c -- one trained model's losses over a set, on two devices and the reference.
 *
 * Layer 2 (train).  Each device goes all the way from the pixels to the losses on its own.  Two
 * devices may be apart by the sum of what each may be off (compare_model_bounds.c).  Blocks; asks
 * the watch once per minibatch whether to stop. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/compare_model.h"
#include "train/targets.h"

static const int pair_a[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_A, LG_COMPARE_B, LG_COMPARE_A};
static const int pair_b[LOGIT_COMPARE_PAIRS] = {LG_COMPARE_REF, LG_COMPARE_REF, LG_COMPARE_B};
static const char *const stage_name[LG_MODEL_STAGES] = {"features", "logits", "loss"};
static const double LOSS_FLOOR = 1e-3, REPORT_SECONDS = 0.1;

/* -------------------------------------------------------------------------------- opening --- */

/* An array and how large it is. */
typedef struct room {
    double **place;
    int64_t count;
} room;
enum { ROOMS = 8 + 2 * LG_MODEL_STAGES * LG_COMPARE_PARTIES };

/* The reference's features are looked at in any case, the others' with a map. */
static int list_rooms(lg_model_run *run, room list[ROOMS])
{
    const logit_model *m = run->model;
    const int64_t n = lg_eval_batch_of(lg_model_lift(m), m->features), d = m->features,
                  k = m->outputs;
    const int lifts = run->first == LG_MODEL_FEATURES;
    int count = 0;
    list[count++] = (room){&run->w, k * d};
    list[count++] = (room){&run->b, k};
    list[count++] = (room){&run->u, lifts ? n * m->inputs : 0};
    list[count++] = (room){&run->size, n * k};
    list[count++] = (room){&run->dz, k};
    list[count++] = (room){&run->apart, lifts ? n * d : 0};
    list[count++] = (room){&run->moved, lifts ? n * k : 0};
    list[count++] = (room){&run->bound, n * (lifts && d > k ? d : k)};
    for (int p = 0; p < LG_COMPARE_PARTIES; p++) {
        lg_model_result *r = &run->result[p];
        for (int stage = 0; stage < LG_MODEL_STAGES; stage++) {
            const int there = stage >= run->first || p == LG_COMPARE_REF;
            list[count++] = (room){&r->value[stage], there ? n * run->width[stage] : 0};
            list[count++] =
                (room){&r->away[stage], stage >= run->first ? n * run->width[stage] : 0};
        }
    }
    return count;
}

/* One block, cut into arrays. */
static logit_status allocate(lg_model_run *run, logit_error *err)
{
    const logit_model *m = run->model;
    const int64_t d = m->features, k = m->outputs;
    room list[ROOMS];
    int64_t all = 0;
    run->first = m->map ? LG_MODEL_FEATURES : LG_MODEL_LOGITS;
    run->width[LG_MODEL_FEATURES] = d;
    run->width[LG_MODEL_LOGITS] = k;
    run->width[LG_MODEL_LOSS] = 1;
    const int rooms = list_rooms(run, list);
    for (int i = 0; i < rooms; i++) all += list[i].count;
    double *at = run->memory = calloc((size_t)all, sizeof *at);
    if (!at) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld numbers", (long long)all);
    for (int i = 0; i < rooms; at += list[i++].count) *list[i].place = at;
    for (int64_t i = 0; i < k * d; i++) run->w[i] = (double)m->weight[i];
    for (int64_t i = 0; i < k; i++) run->b[i] = (double)m->bias[i];
    return LOGIT_OK;
}

static logit_status open_parties(lg_model_run *run, logit_error *err)
{
    lg_compare *c = run->c;
    const logit_model *m = run->model;
    const lg_problem_shape shape = {.features = m->features,
                                    .lift = lg_model_lift(m),
                                    .batch = lg_eval_batch_of(lg_model_lift(m), m->features),
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

static void begin_rows(lg_model_run *run)
{
    lg_compare *c = run->c;
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        const lg_party *a = c->party[pair_a[p]], *b = c->party[pair_b[p]];
        if (!a || !b) continue;
        for (int stage = run->first; stage < LG_MODEL_STAGES; stage++)
            lg_tally_begin(&run->tally[p][stage], &run->row[p][stage], stage_name[stage], a->name,
                           b->name);
    }
}

static logit_status open_run(lg_model_run *run, logit_model *model, const char *data,
                             logit_error *err)
{
    lg_compare *c = run->c;
    lg_trainer *t = &c->trainer;
    LG_TRY(lg_sources_open_for_eval(&t->sources, data, c->options->part, &t->options, model,
                                    c->watch, &c->out->part, err));
    run->source = &t->sources.part[LG_PART_TEST];
    LG_TRY(lg_targets_fit((lg_set *)(uintptr_t)run->source->set, model->loss, model->classes,
                          model->outputs, err));
    LG_TRY(lg_source_load(run->source, &t->options, model->classes,
                          lg_eval_batch_of(lg_model_lift(model), model->features), LG_SHUFFLE_NONE,
                          t->options.memory, c->watch, err));
    LG_TRY(lg_pool_create(&run->pool, t->options.threads, err));
    LG_TRY(allocate(run, err));
    LG_TRY(open_parties(run, err));
    begin_rows(run);
    run->started = run->moment = lg_seconds();
    return lg_loader_start(run->source->loader, 0, 0, err);
}

/* ------------------------------------------------------------------------------ minibatches --- */

static logit_status forward(lg_model_run *run, int i, logit_error *err)
{
    const lg_scalars scalars = {.scale = 1.0};
    lg_party *party = run->c->party[i];
    lg_model_result *r = &run->result[i];
    LG_TRY(lg_party_batch(party, run->mini, &scalars, err));
    for (lg_stage stage = LG_STAGE_PIXELS; stage <= LG_STAGE_LOSS; stage++)
        LG_TRY(lg_party_run(party, stage, err));
    LG_TRY(lg_party_get(party, LG_ARRAY_Z, r->value[LG_MODEL_LOGITS], err));
    LG_TRY(lg_party_get(party, LG_ARRAY_ROW_LOSS, r->value[LG_MODEL_LOSS], err));
    if (i == LG_COMPARE_REF) LG_TRY(lg_party_get(party, LG_ARRAY_U, run->u, err));
    if (i != LG_COMPARE_REF && run->first > LG_MODEL_FEATURES) return LOGIT_OK;
    return lg_party_get(party, LG_ARRAY_X, r->value[LG_MODEL_FEATURES], err);
}

/* Sample i of the minibatch, as pair p has it, stands in out->first. */
static void keep_sample(lg_model_run *run, int p, int stage, int64_t at, int64_t step)
{
    const logit_model *m = run->model;
    logit_divergence *first = &run->c->out->first;
    const lg_model_result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    const int64_t width = run->width[stage], i = at / width;
    char name[400];
    *first = (logit_divergence){.step = step, .stage = stage_name[stage]};
    first->got = a->value[stage][at];
    first->want = b->value[stage][at];
    first->bound = a->away[stage][at] + b->away[stage][at];
    memcpy(first->a, run->row[p][stage].a, sizeof first->a);
    memcpy(first->b, run->row[p][stage].b, sizeof first->b);
    const lg_set *set = run->source->set;
    lg_text_escape(first->sample, sizeof first->sample,
                   set->ops->name(set, run->mini->sample[i], name, sizeof name));
    if (stage == LG_MODEL_FEATURES)
        snprintf(first->of, sizeof first->of, "feature %lld", (long long)(at % width));
    else if (stage == LG_MODEL_LOGITS && m->classes > 0)
        lg_text_escape(first->of, sizeof first->of,
                       m->class_name[m->outputs == 1 ? m->classes - 1 : at % width]);
}

/* The sample whose losses are farthest apart. */
static void look_for_farthest(lg_model_run *run, int p)
{
    const lg_model_result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    if (run->c->out->first.step >= 0) return;
    for (int64_t i = 0; i < run->mini->count; i++) {
        const double apart = fabs(a->value[LG_MODEL_LOSS][i] - b->value[LG_MODEL_LOSS][i]);
        if (!(apart > run->farthest)) continue;
        run->farthest = apart;
        keep_sample(run, p, LG_MODEL_LOSS, i, -1);
    }
}

/* Adds one array of a pair: values and what each side may be off. */
static void add_array(lg_model_run *run, int p, int stage)
{
    const lg_model_result *a = &run->result[pair_a[p]], *b = &run->result[pair_b[p]];
    const int64_t count = run->mini->count * run->width[stage];
    for (int64_t i = 0; i < count; i++) run->bound[i] = a->away[stage][i] + b->away[stage][i];
    const lg_sides sides = {.a = a->value[stage],
                            .b = b->value[stage],
                            .bound = run->bound,
                            .factor = 1.0,
                            .count = count};
    const int64_t outside = lg_tally_add(&run->tally[p][stage], &sides);
    if (outside >= 0 && run->c->out->first.step < 0) keep_sample(run, p, stage, outside, 0);
}

/* Bad samples weigh 0 and are left out of the mean. */
static void add_means(lg_model_run *run)
{
    const lg_minibatch *mini = run->mini;
    for (int64_t i = 0; i < mini->count; i++) {
        if (mini->weight && mini->weight[mini->row ? mini->row[i] : i] == 0.0f) continue;
        run->good++;
        for (int p = 0; p < LG_COMPARE_PARTIES; p++)
            run->result[p].sum += run->result[p].value[LG_MODEL_LOSS][i];
    }
}

static logit_status look_around(lg_model_run *run, logit_error *err)
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

static logit_status one_batch(lg_model_run *run, logit_error *err)
{
    const logit_model *m = run->model;
    const int64_t n = run->mini->count;
    for (int i = 0; i < LG_COMPARE_PARTIES; i++)
        if (run->c->party[i]) LG_TRY(forward(run, i, err));
    lg_model_bounds(run);
    const double *z = run->result[LG_COMPARE_REF].value[LG_MODEL_LOGITS];
    for (int64_t i = 0; i < n; i++)
        lg_compare_meet(run->c->out, lg_losses[m->loss].link, z + i * m->outputs, m->outputs);
    for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
        if (!run->c->party[pair_a[p]] || !run->c->party[pair_b[p]]) continue;
        for (int stage = run->first; stage < LG_MODEL_STAGES; stage++) add_array(run, p, stage);
        look_for_farthest(run, p);
    }
    add_means(run);
    run->done += n;
    return look_around(run, err);
}

/* ------------------------------------------------------------------------------------ all --- */

static logit_status walk(lg_model_run *run, logit_error *err)
{
    lg_loader *loader = run->source->loader;
    for (;;) {
        LG_TRY(lg_loader_next(loader, &run->mini, err));
        if (!run->mini) return LOGIT_OK;
        LG_TRY(one_batch(run, err));
        lg_loader_release(loader, run->mini);
    }
}

static void describe_row(const lg_model_run *run, int stage, int p, logit_difference *row)
{
    const lg_precision a = run->c->party[pair_a[p]]->precision;
    const lg_precision b = run->c->party[pair_b[p]]->precision, coarser = a > b ? a : b;
    const int64_t d = run->model->features;
    if (stage == LG_MODEL_LOSS) {
        snprintf(row->bound, sizeof row->bound, "what the logits' bounds move a loss by");
        return;
    }
    if (stage == LG_MODEL_FEATURES) {
        snprintf(row->bound, sizeof row->bound, "roundings of pixels and of the map, counted");
        return;
    }
    lg_bound_words(row->bound, sizeof row->bound, d, coarser, "(|x w| + |b|)");
    row->worst_case = lg_bound_worst(d, coarser) / lg_bound_factor(d, coarser);
}

static void put_rows(lg_model_run *run)
{
    logit_comparison *out = run->c->out;
    for (int stage = run->first; stage < LG_MODEL_STAGES; stage++)
        for (int p = 0; p < LOGIT_COMPARE_PAIRS; p++) {
            if (!run->c->party[pair_a[p]] || !run->c->party[pair_b[p]]) continue;
            lg_tally_end(&run->tally[p][stage]);
            describe_row(run, stage, p, &run->row[p][stage]);
            out->difference[out->differences++] = run->row[p][stage];
        }
}

static void put_means(lg_model_run *run)
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
    lg_model_run run = {.c = c, .model = model};
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
