/* pass.c -- forward only: pixels, logits, loss. */
/* SPDX-License-Identifier: MIT */
#include "train/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/text.h"
#include "train/metrics.h"
#include "train/ranking.h"
#include "train/trainer.h"
#include "train/worst.h"

static const double REPORT_SECONDS = 0.1;
enum { RANKING_LEAST = 16 << 20 /* bytes of log odds that are kept whatever --memory says */ };

/* What is told on the way. */
typedef struct pace {
    int64_t done;
    double started, reported, loss;
} pace;

static logit_status look_around(const lg_pass_input *in, pace *p, logit_error *err)
{
    const logit_watch *watch = in->watch;
    const double now = lg_seconds();
    if (!watch) return LOGIT_OK;
    if (watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld samples", (long long)p->done);
    if (!watch->progress || now - p->reported < REPORT_SECONDS) return LOGIT_OK;
    const double per_second = (double)p->done / (now - p->started);
    const logit_progress progress = {.phase = LOGIT_PHASE_EVAL,
                                     .done = p->done,
                                     .total = in->total,
                                     .loss = NAN,
                                     .samples_per_second = per_second,
                                     .seconds_left = (double)(in->total - p->done) / per_second};
    p->reported = now;
    watch->progress(watch->user, &progress);
    return LOGIT_OK;
}

static logit_status visit_all(const lg_pass_input *in, const double *smoothing,
                              lg_pass_visit_fn *visit, void *argument, logit_error *err)
{
    lg_backend *backend = in->problem->backend;
    const lg_backend_ops *ops = backend->ops;
    lg_step *step = &in->problem->step;
    const lg_minibatch *mini;
    lg_scalars *scalars;
    pace p = {.started = lg_seconds()};
    p.reported = p.started;
    LG_TRY(lg_feed_start(in->feed, 0, 0, err));
    for (;;) {
        LG_TRY(lg_feed_next(in->feed, &mini, &scalars, err));
        if (!mini) return LOGIT_OK;
        for (int s = 0; s < step->settings; s++)
            scalars[s] = (lg_scalars){.smoothing = smoothing ? smoothing[s] : 0.0, .scale = 1.0};
        LG_TRY(lg_feed_send(in->feed, step, err));
        LG_TRY(lg_backend_inputs(backend, step, err));
        LG_TRY(ops->logits(backend, step, err));
        LG_TRY(ops->loss(backend, step, err));
        LG_TRY(visit(in, mini, argument, err));
        p.done += mini->count;
        LG_TRY(lg_feed_done(in->feed, err));
        LG_TRY(look_around(in, &p, err));
    }
}

/* The feed may point the step at features that are kept, and another's feed may have: it begins and
 * ends with the problem's own elements. */
static logit_status walk(const lg_pass_input *in, const double *smoothing, lg_pass_visit_fn *visit,
                         void *argument, logit_error *err)
{
    lg_problem_point_at_elements(in->problem);
    const logit_status status = visit_all(in, smoothing, visit, argument, err);
    lg_problem_point_at_elements(in->problem);
    return status;
}

/* walk, with the loss op told to leave the logits alone. */
static logit_status walk_forward(const lg_pass_input *in, const double *smoothing,
                                 lg_pass_visit_fn *visit, void *argument, logit_error *err)
{
    in->problem->step.keep_logits = 1;
    const logit_status status = walk(in, smoothing, visit, argument, err);
    in->problem->step.keep_logits = 0;
    return status;
}

/* --- figures --- */

typedef struct scoring {
    lg_metrics **metrics;  /* [settings]; NULL: is not scored */
    void *logits, *loss;   /* host, of one batch */
    lg_pass_rows_fn *take; /* NULL: the rows go to metrics */
    void *user;
} scoring;

static logit_status score_batch(const lg_pass_input *in, const lg_minibatch *mini, void *argument,
                                logit_error *err)
{
    scoring *to = argument;
    lg_backend *backend = in->problem->backend;
    const lg_backend_ops *ops = backend->ops;
    const lg_step *step = &in->problem->step;
    const int64_t n = mini->count, s = step->settings, k = step->outputs;
    const size_t real = (size_t)ops->real_bytes;
    LG_TRY(ops->download(backend, LG_QUEUE_COMPUTE, to->logits, step->z, (size_t)(n * s * k) * real,
                         err));
    LG_TRY(ops->download(backend, LG_QUEUE_COMPUTE, to->loss, step->row_loss,
                         (size_t)(n * s) * real, err));
    LG_TRY(ops->sync(backend, err));
    for (int64_t t = 0; t < s; t++) {
        const lg_metrics_rows rows = {.count = n,
                                      .logits = (const char *)to->logits + t * k * ops->real_bytes,
                                      .loss = (const char *)to->loss + t * ops->real_bytes,
                                      .logit_stride = s * k,
                                      .loss_stride = s,
                                      .real_bytes = ops->real_bytes,
                                      .row = mini->row,
                                      .label = mini->label,
                                      .target = mini->target,
                                      .weight = mini->weight,
                                      .sample = in->set ? mini->sample : NULL};
        if (to->take)
            to->take(to->user, &rows);
        else
            lg_metrics_add(to->metrics[t], &rows);
    }
    return LOGIT_OK;
}

/* Whether there is memory for all log odds; says so where there is not. */
static int may_rank(const lg_pass_input *in)
{
    const size_t bytes = lg_ranking_bytes(in->classes, in->total);
    const size_t most = in->memory / 2 > RANKING_LEAST ? (size_t)in->memory / 2 : RANKING_LEAST;
    char size[LG_TEXT_BYTES];
    if (in->brief || in->classes == 0 || in->total <= 0) return 0;
    if (bytes <= most) return 1;
    lg_report_message(in->watch, LOGIT_LEVEL_WARNING,
                      "AUC, average precision and their curves are left out: %s of log odds of "
                      "%lld samples and %d classes are more than half of --memory",
                      lg_text_bytes(size, (double)bytes), (long long)in->total, in->classes);
    return 0;
}

static logit_status open_scoring(const lg_pass_input *in, scoring *s, logit_error *err)
{
    const lg_step *step = &in->problem->step;
    const size_t rows = (size_t)in->problem->batch * (size_t)step->settings;
    const size_t real = (size_t)in->problem->backend->ops->real_bytes;
    const lg_metrics_shape shape = {.loss = step->loss,
                                    .classes = in->classes,
                                    .outputs = step->outputs,
                                    .top_k = in->top_k,
                                    .brief = in->brief,
                                    .temperature = in->temperature,
                                    .samples = in->total,
                                    .ranked = !s->take && may_rank(in)};
    s->metrics = calloc((size_t)step->settings, sizeof(lg_metrics *));
    s->logits = malloc(rows * (size_t)step->outputs * real);
    s->loss = malloc(rows * real);
    if (!s->metrics || !s->logits || !s->loss)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an evaluation");
    for (int t = 0; t < step->settings && !s->take; t++)
        LG_TRY(lg_metrics_create(&s->metrics[t], &shape, err));
    return LOGIT_OK;
}

logit_status lg_pass_score(const lg_pass_input *in, logit_score *score, logit_error *err)
{
    scoring s = {0};
    const double started = lg_seconds();
    const int settings = in->problem->step.settings;
    memset(score, 0, (size_t)settings * sizeof *score);
    logit_status status = open_scoring(in, &s, err);
    if (status == LOGIT_OK) status = walk_forward(in, NULL, score_batch, &s, err);
    for (int t = 0; t < settings && status == LOGIT_OK; t++) {
        status = lg_metrics_finish(s.metrics[t], in->class_name, &score[t], err);
        if (status == LOGIT_OK && in->set) status = lg_worst_name(in->set, &score[t], err);
        score[t].seconds = lg_seconds() - started;
    }
    for (int t = 0; t < settings && s.metrics; t++) lg_metrics_destroy(s.metrics[t]);
    free(s.metrics);
    free(s.logits);
    free(s.loss);
    return status;
}

logit_status lg_pass_rows(const lg_pass_input *in, lg_pass_rows_fn *take, void *user,
                          logit_error *err)
{
    scoring s = {.take = take, .user = user};
    logit_status status = open_scoring(in, &s, err);
    if (status == LOGIT_OK) status = walk_forward(in, NULL, score_batch, &s, err);
    free(s.metrics);
    free(s.logits);
    free(s.loss);
    return status;
}

/* --- the weighted loss --- */

static logit_status sum_batch(const lg_pass_input *in, const lg_minibatch *mini, void *argument,
                              logit_error *err)
{
    double *weight = argument;
    if (!mini->weight) *weight += (double)mini->count;
    for (int64_t i = 0; mini->weight && i < mini->count; i++)
        *weight += mini->weight[mini->row ? mini->row[i] : i];
    return in->problem->backend->ops->sum(in->problem->backend, &in->problem->step, err);
}

logit_status lg_pass_objective(const lg_pass_input *in, const double *smoothing, double *loss,
                               logit_error *err)
{
    const int settings = in->problem->step.settings;
    double weight = 0.0;
    lg_total *total = calloc((size_t)settings, sizeof *total);
    if (!total) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the totals");
    logit_status status = lg_problem_clear_totals(in->problem, err);
    if (status == LOGIT_OK) status = walk_forward(in, smoothing, sum_batch, &weight, err);
    if (status == LOGIT_OK) status = lg_problem_read_totals(in->problem, total, err);
    for (int s = 0; s < settings && status == LOGIT_OK; s++) loss[s] = total[s].loss / weight;
    free(total);
    return status;
}

/* --- whatever else --- */

logit_status lg_pass_visit(const lg_pass_input *in, double smoothing, int keep_logits,
                           lg_pass_visit_fn *visit, void *argument, logit_error *err)
{
    return (keep_logits ? walk_forward : walk)(in, &smoothing, visit, argument, err);
}

/* --- the worst sample --- */

typedef struct worst_of {
    double *worst;
    void *loss; /* host, of one batch */
} worst_of;

static logit_status look_at_batch(const lg_pass_input *in, const lg_minibatch *mini, void *argument,
                                  logit_error *err)
{
    const worst_of *to = argument;
    lg_backend *backend = in->problem->backend;
    const int real = backend->ops->real_bytes, s = in->problem->step.settings;
    const size_t bytes = (size_t)(mini->count * s) * (size_t)real;
    LG_TRY(backend->ops->download(backend, LG_QUEUE_COMPUTE, to->loss, in->problem->step.row_loss,
                                  bytes, err));
    LG_TRY(backend->ops->sync(backend, err));
    for (int64_t i = 0; i < mini->count * s; i++) {
        const int64_t row = mini->row ? mini->row[i / s] : i / s;
        const double loss = real == sizeof(float) ? (double)((const float *)to->loss)[i]
                                                  : ((const double *)to->loss)[i];
        if (mini->weight && !(mini->weight[row] > 0.0f)) continue;
        if (!(loss <= to->worst[i % s])) to->worst[i % s] = loss;
    }
    return LOGIT_OK;
}

logit_status lg_pass_worst(const lg_pass_input *in, double *worst, logit_error *err)
{
    const size_t rows = (size_t)in->problem->batch * (size_t)in->problem->step.settings;
    worst_of to = {worst, malloc(rows * (size_t)in->problem->backend->ops->real_bytes)};
    if (!to.loss) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a pass");
    for (int s = 0; s < in->problem->step.settings; s++) worst[s] = 0.0;
    const logit_status status = walk_forward(in, NULL, look_at_batch, &to, err);
    free(to.loss);
    return status;
}
