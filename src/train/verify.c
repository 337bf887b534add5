/* verify.c -- how far a model is from the optimum of its own objective, proven.
 *
 * Three passes over the training part: logits without biases and the mean; the gradient at the best
 * biases, which the stored logits gave by Newton's method; and one over every part for the
 * predictions.  Each number is summed by one thread in the samples' order. */
/* SPDX-License-Identifier: MIT */
#include "train/verify.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/status.h"
#include "train/feature_map.h"
#include "train/settings.h"
#include "train/targets.h"
#include "train/trainer.h"
#include "train/weights.h"

enum { BATCH = 256 };

typedef struct verifier {
    const logit_model *model;
    const logit_watch *watch;
    logit_options options;
    lg_sources sources;
    lg_pool *pool;
    lg_verify_rule rule;
    int64_t inputs, features, count; /* samples of the training part */
    int outputs;
    double l2, mass;         /* sum of the weights */
    double *w, *b, *own;     /* b: the best biases for w; own: the model's */
    double *scale, *shift;   /* [inputs]: x (or u) = scale e + shift */
    double *u;               /* [BATCH][inputs]: what the feature map takes; NULL without */
    double *mean;            /* [features] of the training samples */
    double *logit;           /* [count][outputs], without biases */
    double *weight, *target; /* [count], [count][outputs] */
    double *x, *z, *dz;      /* [BATCH][..]: of the batch */
    double *away;            /* [BATCH]: distance from the mean */
    lg_exact *gradient;      /* [outputs][features] */
    const lg_minibatch *mini;
    int64_t at; /* of the batch's first sample */
    double farthest;
} verifier;

/* ---------------------------------------------------------------------------------- memory --- */

static logit_status take(double **out, int64_t a, int64_t b, logit_error *err)
{
    size_t count, bytes;
    *out = NULL;
    if (lg_size_mul((size_t)a, (size_t)b, &count) && lg_size_mul(count, sizeof **out, &bytes))
        *out = calloc(count ? count : 1, sizeof **out);
    if (!*out)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld x %lld numbers in float64",
                (long long)a, (long long)b);
    return LOGIT_OK;
}

static logit_status allocate(verifier *v, logit_error *err)
{
    const int64_t d = v->features, k = v->outputs, n = v->count;
    LG_TRY(take(&v->w, k, d, err));
    LG_TRY(take(&v->b, k, 1, err));
    LG_TRY(take(&v->own, k, 1, err));
    LG_TRY(take(&v->scale, v->inputs, 1, err));
    LG_TRY(take(&v->shift, v->inputs, 1, err));
    if (v->model->map) LG_TRY(take(&v->u, BATCH, v->inputs, err));
    LG_TRY(take(&v->mean, d, 1, err));
    LG_TRY(take(&v->logit, n, k, err));
    LG_TRY(take(&v->weight, n, 1, err));
    LG_TRY(take(&v->target, n, k, err));
    LG_TRY(take(&v->x, BATCH, d, err));
    LG_TRY(take(&v->z, BATCH, k, err));
    LG_TRY(take(&v->dz, BATCH, k, err));
    LG_TRY(take(&v->away, BATCH, 1, err));
    double *pairs;
    LG_TRY(take(&pairs, 2 * k, d, err));
    v->gradient = (lg_exact *)(void *)pairs;
    return LOGIT_OK;
}

static void release(verifier *v)
{
    double *all[] = {v->own,    v->w,      v->b, v->scale, v->shift, v->mean, v->logit,
                     v->weight, v->target, v->x, v->z,     v->dz,    v->away, v->u};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(v->gradient);
    lg_pool_destroy(v->pool);
    lg_sources_close(&v->sources);
}

/* How elements become x, and W, in float64. */
static void fill_model(verifier *v)
{
    const logit_model *m = v->model;
    for (int64_t j = 0; j < v->inputs; j++) {
        const int64_t c = j % m->shape.channels;
        const double mean = !m->floats        ? m->mean[c]
                            : m->feature_mean ? (double)m->feature_mean[j]
                                              : 0.0;
        const double std = !m->floats       ? m->std[c]
                           : m->feature_std ? (double)m->feature_std[j]
                                            : 1.0;
        v->scale[j] = 1.0 / (m->floats ? std : 255.0 * std);
        v->shift[j] = -mean / std;
    }
    for (int64_t i = 0; i < v->outputs * v->features; i++) v->w[i] = (double)m->weight[i];
    for (int c = 0; c < v->outputs; c++) v->own[c] = v->b[c] = (double)m->bias[c];
}

/* ------------------------------------------------------------------------------- one batch --- */

/* x of row i of the batch. */
static void fill_row(const verifier *v, int64_t i, double *x)
{
    const int64_t bytes = v->inputs * (int64_t)lg_element_bytes(v->mini->element);
    const uint8_t *sample = v->mini->pixels + (v->mini->row ? v->mini->row[i] : i) * bytes;
    double *u = v->u ? v->u + i * v->inputs : x;
    for (int64_t j = 0; j < v->inputs; j++)
        u[j] = v->scale[j] * lg_element_at(v->mini->element, sample, j) + v->shift[j];
    if (v->u) lg_lift_row_ref(&v->model->map->lift, u, x);
}

/* x and W x of the rows of a part, and how far they are from the mean. */
static void rows_part(void *argument, int part, int parts)
{
    verifier *v = argument;
    const int64_t d = v->features;
    int64_t begin, end;
    lg_pool_cut(v->mini->count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        double *x = v->x + i * d, squares = 0.0;
        fill_row(v, i, x);
        for (int64_t j = 0; j < d; j++) squares += (x[j] - v->mean[j]) * (x[j] - v->mean[j]);
        v->away[i] = sqrt(squares);
        for (int c = 0; c < v->outputs; c++) {
            const double *w = v->w + c * d;
            double sum = 0.0;
            for (int64_t j = 0; j < d; j++) sum += w[j] * x[j];
            v->z[i * v->outputs + c] = sum;
        }
    }
}

/* mean += weight x, for the features of a part. */
static void mean_part(void *argument, int part, int parts)
{
    verifier *v = argument;
    int64_t begin, end;
    lg_pool_cut(v->features, 8, part, parts, &begin, &end);
    for (int64_t i = 0; i < v->mini->count; i++)
        for (int64_t j = begin; j < end; j++)
            v->mean[j] += v->weight[v->at + i] * v->x[i * v->features + j];
}

/* gradient += weight dz x, for the features of a part. */
static void gradient_part(void *argument, int part, int parts)
{
    verifier *v = argument;
    const int64_t d = v->features;
    int64_t begin, end;
    lg_pool_cut(d, 8, part, parts, &begin, &end);
    for (int64_t i = 0; i < v->mini->count; i++)
        for (int c = 0; c < v->outputs; c++) {
            const double dz = v->dz[i * v->outputs + c];
            for (int64_t j = begin; j < end; j++)
                lg_exact_add(&v->gradient[c * d + j], dz * v->x[i * d + j]);
        }
}

typedef void visit_fn(verifier *v, void *argument);

static logit_status walk(verifier *v, lg_source *source, visit_fn *visit, void *argument,
                         logit_error *err)
{
    LG_TRY(lg_loader_start(source->loader, 0, 0, err));
    for (v->at = 0;; v->at += v->mini->count) {
        const lg_minibatch *mini;
        if (v->watch && v->watch->stop && v->watch->stop(v->watch->user))
            LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld samples", (long long)v->at);
        LG_TRY(lg_loader_next(source->loader, &mini, err));
        if (!mini) return LOGIT_OK;
        v->mini = mini;
        lg_pool_run(v->pool, rows_part, v);
        visit(v, argument);
        lg_loader_release(source->loader, mini);
    }
}

/* ---------------------------------------------------------------------------------- passes --- */

static void keep_logits(verifier *v, void *argument)
{
    const lg_minibatch *mini = v->mini;
    const int k = v->outputs;
    (void)argument;
    for (int64_t i = 0; i < mini->count; i++) {
        const int64_t row = mini->row ? mini->row[i] : i;
        const double weight = mini->weight ? (double)mini->weight[row] : 1.0;
        v->weight[v->at + i] = weight;
        v->mass += weight;
        lg_verify_target(&v->rule, mini->label ? mini->label[row] : 0,
                         mini->target ? mini->target + row * k : NULL, v->target + (v->at + i) * k);
    }
    memcpy(v->logit + v->at * k, v->z, (size_t)(mini->count * k) * sizeof *v->z);
    lg_pool_run(v->pool, mean_part, v);
}

/* weight * dz / mass of the batch, and the reach of the training samples. */
static void add_gradient(verifier *v, void *argument)
{
    lg_exact *loss = argument;
    const int k = v->outputs;
    for (int64_t i = 0; i < v->mini->count; i++) {
        const double share = v->weight[v->at + i] / v->mass;
        double *z = v->z + i * k, *dz = v->dz + i * k;
        for (int c = 0; c < k; c++) z[c] += v->b[c];
        lg_exact_add(loss, share * lg_verify_loss(&v->rule, z, v->target + (v->at + i) * k, dz));
        for (int c = 0; c < k; c++) dz[c] *= share;
        if (share > 0.0) v->farthest = fmax(v->farthest, v->away[i]);
    }
    lg_pool_run(v->pool, gradient_part, v);
}

/* ----------------------------------------------------------------------------- predictions --- */

typedef struct counting {
    logit_certain *to;
    const lg_set *set;
    double radius;
} counting;

static void tell_doubt(const verifier *v, const counting *c, int64_t i, logit_doubt doubt)
{
    char name[512];
    if (!v->watch || !v->watch->doubt) return;
    doubt.part = c->to->part;
    doubt.index = v->mini->sample[i];
    doubt.name = c->set->ops->name(c->set, doubt.index, name, sizeof name);
    v->watch->doubt(v->watch->user, &doubt);
}

static void count_certain(verifier *v, void *argument)
{
    const counting *c = argument;
    const int k = v->outputs;
    for (int64_t i = 0; i < v->mini->count; i++) {
        const int64_t row = v->mini->row ? v->mini->row[i] : i;
        int top, said;
        if (v->mini->weight && v->mini->weight[row] == 0.0f) continue;
        const double margin = lg_verify_margin(v->z + i * k, v->b, k, &top);
        const double reach = c->radius * lg_verify_reach(&v->rule, v->away[i], v->farthest);
        lg_verify_margin(v->z + i * k, v->own, k, &said);
        c->to->count++;
        if (said == top && margin > reach)
            c->to->certain++;
        else
            tell_doubt(v, c, i,
                       (logit_doubt){.said = v->model->class_name[said],
                                     .margin = said == top ? margin : 0.0,
                                     .reach = reach});
    }
}

static logit_status count_parts(verifier *v, logit_certificate *out, logit_error *err)
{
    for (int p = 0; p < LG_PART_COUNT && v->rule.classes > 0; p++) {
        if (!v->sources.part[p].set) continue;
        logit_certain *to = &out->part[out->parts++];
        counting job = {to, v->sources.part[p].set, out->radius};
        to->part = lg_part_names[p];
        LG_TRY(walk(v, &v->sources.part[p], count_certain, &job, err));
    }
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- opening --- */

/* Classes weigh what they weighed in training. */
static logit_status weigh(verifier *v, logit_error *err)
{
    lg_source *train = &v->sources.part[LG_PART_TRAIN];
    if (strcmp(v->options.on_bad, "skip") == 0)
        LG_TRY(lg_loader_find_bad(train->loader, v->watch, err));
    LG_TRY(lg_weights_apply((lg_set *)(uintptr_t)train->set, train->only, train->count,
                            v->model->classes, v->model->class_name, v->options.class_weight, err));
    lg_loader_weights_changed(train->loader);
    return LOGIT_OK;
}

static logit_status open_data(verifier *v, const char *data, logit_error *err)
{
    const logit_model *m = v->model;
    LG_TRY(lg_sources_open(&v->sources, data, &v->options, m, v->watch, err));
    int64_t memory = v->options.memory;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_source *source = &v->sources.part[p];
        if (!source->set) continue;
        LG_TRY(
            lg_targets_fit((lg_set *)(uintptr_t)source->set, m->loss, m->classes, m->outputs, err));
        LG_TRY(lg_source_load(source, &v->options, m->classes, BATCH, LG_SHUFFLE_NONE, memory,
                              v->watch, err));
        if (lg_loader_is_resident(source->loader))
            memory -= source->count * v->inputs * (int64_t)lg_element_bytes(source->set->element);
        if (memory < 0) memory = 0;
    }
    v->count = v->sources.part[LG_PART_TRAIN].count;
    return weigh(v, err);
}

/* --------------------------------------------------------------------------- the certificate ---
 */

/* What float64 may have got wrong in |g|: D terms a logit, each off by its rounding. */
static double rounding(const verifier *v, double weight_norm)
{
    double squares = 0.0;
    for (int64_t j = 0; j < v->features; j++) squares += v->mean[j] * v->mean[j];
    const double length = v->farthest + sqrt(squares); /* of any training sample, at most */
    return 4.0 * (double)(v->features + 16) * DBL_EPSILON * length * (1.0 + weight_norm * length) *
           sqrt(v->outputs);
}

static void certify(verifier *v, double loss, logit_certificate *out)
{
    lg_exact squares = {0.0, 0.0}, norm = {0.0, 0.0};
    const int64_t n = v->outputs * v->features;
    for (int64_t i = 0; i < n; i++) {
        const double g = v->gradient[i].sum + v->gradient[i].rest + v->l2 * v->w[i];
        lg_exact_add(&squares, g * g);
        lg_exact_add(&norm, v->w[i] * v->w[i]);
    }
    out->weight_norm = sqrt(norm.sum);
    out->gradient = sqrt(squares.sum) + rounding(v, out->weight_norm);
    out->l2 = v->l2;
    out->objective = loss + 0.5 * v->l2 * norm.sum;
    out->radius = out->gradient / v->l2;
    out->gap = out->gradient * out->radius / 2.0;
    out->samples = v->count;
}

static logit_status verify(verifier *v, const char *data, logit_certificate *out, logit_error *err)
{
    lg_exact loss = {0.0, 0.0};
    lg_source *train = &v->sources.part[LG_PART_TRAIN];
    LG_TRY(open_data(v, data, err));
    LG_TRY(lg_pool_create(&v->pool, v->options.threads, err));
    LG_TRY(allocate(v, err));
    fill_model(v);
    LG_TRY(walk(v, train, keep_logits, NULL, err));
    if (!(v->mass > 0.0)) LG_FAIL(err, LOGIT_E_DATA, "%s: all samples weigh 0", data);
    for (int64_t j = 0; j < v->features; j++) v->mean[j] /= v->mass;
    const lg_verify_samples samples = {v->count, v->mass, v->weight, v->target, v->logit};
    LG_TRY(lg_verify_biases(&v->rule, &samples, v->b, err));
    for (int c = 0; c < v->outputs; c++)
        out->bias_step = fmax(out->bias_step, fabs(v->b[c] - v->own[c]));
    LG_TRY(walk(v, train, add_gradient, &loss, err));
    certify(v, loss.sum + loss.rest, out);
    return count_parts(v, out, err);
}

logit_status logit_verify(logit_model *model, const char *data, const logit_options *options,
                          const logit_watch *watch, logit_certificate *out, logit_error *err)
{
    verifier v = {.model = model,
                  .watch = watch,
                  .options = *options,
                  .inputs = model->inputs,
                  .features = model->features,
                  .outputs = model->outputs,
                  .rule = {model->loss, model->outputs, model->classes, 0.0}};
    const double started = lg_seconds();
    *out = (logit_certificate){0};
    LG_TRY(lg_options_settle(&v.options, err));
    cJSON *summary = model->summary ? cJSON_Parse(model->summary) : NULL;
    logit_status status = lg_verify_summary(summary, &v.l2, &v.rule, &v.options, err);
    if (status == LOGIT_OK) status = verify(&v, data, out, err);
    out->seconds = lg_seconds() - started;
    release(&v);
    cJSON_Delete(summary);
    if (status == LOGIT_OK && !(out->gap <= options->tolerance * out->objective))
        LG_FAIL(err, LOGIT_E_CHECK,
                "the objective may lie %.2g above its optimum, more than %g of it (--tolerance); "
                "train on with --optimizer lbfgs --from",
                out->gap, options->tolerance);
    return status;
}
