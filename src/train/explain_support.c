/* explain_support.c -- the training samples that a row of weights is made of.
 *
 * At the optimum the gradient of J = (1/S) sum_i m_i l_i + (l2/2) |W|^2 (m the samples' weights, S
 * their sum) vanishes, so that
 *
 *     w = -(1 / (l2 S)) sum_i m_i dz_i x_i,     w x = sum_i a_i <x_i, x>,  a_i = -m_i dz_i / (l2 S)
 *
 * Away from it the two sides differ by <dJ/dw, x> / l2, which is the residual that is told. */
/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/explain.h"
#include "train/survey.h"

/* The samples with the most extreme shares of one class, most extreme first. */
typedef struct side {
    int count;
    int64_t *sample; /* [most] */
    double *share, *alpha, *similarity;
} side;

/* One class while the training part passes by. */
typedef struct tracing {
    logit_explained *to;
    side fors, againsts;
    double *gradient; /* [features] sum_i m_i dz_i x_i */
    double sum;       /* of m_i dz_i <x_i, x> */
} tracing;

typedef struct support {
    const logit_model *model;
    logit_explanation *out;
    const lg_survey *survey;
    int most;
    double mass;   /* S, known before the pass */
    double *z, *x; /* host, of one batch */
    tracing *of;   /* [out->count] */
} support;

static void side_clear(side *s)
{
    free(s->sample);
    free(s->share);
    free(s->alpha);
    free(s->similarity);
}

static logit_status side_make(side *s, int most, logit_error *err)
{
    const size_t room = (size_t)most + 1;
    s->sample = calloc(room, sizeof *s->sample);
    s->share = calloc(room, sizeof *s->share);
    s->alpha = calloc(room, sizeof *s->alpha);
    s->similarity = calloc(room, sizeof *s->similarity);
    if (!s->sample || !s->share || !s->alpha || !s->similarity)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the training samples of an explanation");
    return LOGIT_OK;
}

/* Keeps the sample if its share is among the most extreme; of equal ones the earlier is kept. */
static void side_add(side *s, int most, int64_t sample, double alpha, double similarity)
{
    const double share = alpha * similarity;
    int at = s->count < most ? s->count++ : most;
    for (; at > 0 && fabs(s->share[at - 1]) < fabs(share); at--) {
        s->sample[at] = s->sample[at - 1];
        s->share[at] = s->share[at - 1];
        s->alpha[at] = s->alpha[at - 1];
        s->similarity[at] = s->similarity[at - 1];
    }
    if (at == most) return;
    s->sample[at] = sample;
    s->share[at] = share;
    s->alpha[at] = alpha;
    s->similarity[at] = similarity;
}

/* d loss / d (the score that is explained), from the gradients of a row's logits. */
static double pull(const support *s, const logit_explained *e, const double *dz)
{
    const lg_explain_row row = lg_explain_row_of(s->model, e->class_index);
    if (e->versus_index < 0 || s->model->outputs == 1) return row.sign * dz[row.output];
    return dz[row.output] - dz[lg_explain_row_of(s->model, e->versus_index).output];
}

/* dz has the sample's weight in it. */
static void trace(support *s, const double *x, const double *dz, int64_t sample)
{
    const int64_t d = s->model->features;
    double similarity = 0.0;
    for (int64_t j = 0; j < d; j++) similarity += x[j] * s->out->x[j];
    for (int i = 0; i < s->out->count; i++) {
        tracing *t = &s->of[i];
        const double part = pull(s, t->to, dz);
        const double alpha = -part / (s->out->l2 * s->mass);
        for (int64_t j = 0; j < d; j++) t->gradient[j] += part * x[j];
        t->sum += part * similarity;
        if (alpha * similarity > 0.0) side_add(&t->fors, s->most, sample, alpha, similarity);
        if (alpha * similarity < 0.0) side_add(&t->againsts, s->most, sample, alpha, similarity);
    }
}

static logit_status visit(const lg_pass_input *in, const lg_minibatch *mini, void *argument,
                          logit_error *err)
{
    support *s = argument;
    const lg_step *step = &in->problem->step;
    const int64_t d = s->model->features, k = s->model->outputs;
    LG_TRY(lg_backend_get_double(in->problem->backend, s->x, step->x, mini->count * d, err));
    LG_TRY(lg_backend_get_double(in->problem->backend, s->z, step->z, mini->count * k, err));
    for (int64_t i = 0; i < mini->count; i++) {
        const int64_t at = mini->row ? mini->row[i] : i;
        if (!mini->weight || mini->weight[at] > 0.0f)
            trace(s, s->x + i * d, s->z + i * k, mini->sample[i]);
    }
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------ what was trained --- */

static double summary_number(const logit_model *model, const char *name)
{
    cJSON *summary = model->summary ? cJSON_Parse(model->summary) : NULL;
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(summary, name);
    const double value = cJSON_IsNumber(found) ? found->valuedouble : (double)NAN;
    cJSON_Delete(summary);
    return value;
}

/* The sum of the samples' weights. */
static double mass_of(const lg_source *source)
{
    double sum = 0.0;
    const lg_set *set = source->set;
    for (int64_t i = 0; i < source->count; i++)
        sum += set->weight ? (double)set->weight[source->only ? source->only[i] : i] : 1.0;
    return sum;
}

static logit_status support_open(support *s, logit_error *err)
{
    const size_t n = (size_t)s->survey->problem->batch, d = (size_t)s->model->features;
    s->x = malloc(n * d * sizeof *s->x);
    s->z = malloc(n * (size_t)s->model->outputs * sizeof *s->z);
    s->of = calloc((size_t)s->out->count, sizeof *s->of);
    if (!s->x || !s->z || !s->of)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the training samples of an explanation");
    for (int i = 0; i < s->out->count; i++) {
        tracing *t = &s->of[i];
        t->to = &s->out->of[i];
        t->gradient = calloc(d, sizeof *t->gradient);
        if (!t->gradient) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a gradient");
        LG_TRY(side_make(&t->fors, s->most, err));
        LG_TRY(side_make(&t->againsts, s->most, err));
    }
    return LOGIT_OK;
}

static void support_close(support *s)
{
    for (int i = 0; s->of && i < s->out->count; i++) {
        side_clear(&s->of[i].fors);
        side_clear(&s->of[i].againsts);
        free(s->of[i].gradient);
    }
    free(s->of);
    free(s->x);
    free(s->z);
}

/* ------------------------------------------------------------------------------- results --- */

static logit_status name_side(const support *s, const side *from, logit_support *to,
                              logit_error *err)
{
    const lg_set *set = s->survey->source->set;
    char name[600];
    for (int i = 0; i < from->count; i++) {
        const int64_t sample = from->sample[i];
        to[i] = (logit_support){.name = strdup(set->ops->name(set, sample, name, sizeof name)),
                                .label = set->label ? set->label[sample] : -1,
                                .alpha = from->alpha[i],
                                .similarity = from->similarity[i],
                                .share = from->share[i]};
        if (!to[i].name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a name");
    }
    return LOGIT_OK;
}

static logit_status finish(const support *s, tracing *t, logit_error *err)
{
    logit_explained *e = t->to;
    double square = 0.0;
    e->support = calloc((size_t)(t->fors.count + t->againsts.count) + 1, sizeof *e->support);
    if (!e->support) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an explanation");
    e->fors = t->fors.count;
    e->againsts = t->againsts.count;
    LG_TRY(name_side(s, &t->fors, e->support, err));
    LG_TRY(name_side(s, &t->againsts, e->support + e->fors, err));
    for (int64_t j = 0; j < s->model->features; j++) {
        const double g = t->gradient[j] / s->mass + s->out->l2 * e->weight[j];
        square += g * g;
    }
    e->gradient = sqrt(square);
    e->supported = -t->sum / (s->out->l2 * s->mass);
    e->residual = e->sum - e->supported;
    return LOGIT_OK;
}

static logit_status pass(support *s, logit_error *err)
{
    double smoothing = summary_number(s->model, "label_smoothing");
    s->mass = mass_of(s->survey->source);
    s->out->samples = s->survey->source->count;
    LG_TRY(support_open(s, err));
    if (isnan(smoothing)) smoothing = 0.0;
    LG_TRY(lg_pass_visit(&s->survey->pass, smoothing, 0, visit, s, err));
    for (int i = 0; i < s->out->count; i++) LG_TRY(finish(s, &s->of[i], err));
    return LOGIT_OK;
}

logit_status lg_explain_support(const logit_model *model, const logit_explain_options *asked,
                                const logit_options *given, const logit_watch *watch,
                                logit_explanation *out, logit_error *err)
{
    lg_survey survey = {0};
    logit_options options = *given;
    support s = {.model = model, .out = out, .survey = &survey, .most = asked->supports};
    const double trained = summary_number(model, "samples");
    options.device = "ref";
    out->l2 = isnan(asked->l2) ? summary_number(model, "l2") : asked->l2;
    out->trained = isnan(trained) ? 0 : (int64_t)trained;
    if (!(out->l2 > 0.0))
        LG_FAIL(err, LOGIT_E_USAGE,
                "the model was trained without l2: its weights are no sum over training samples "
                "that could be told; train with --l2, or leave out --data");
    logit_status status =
        lg_survey_open_training(&survey, model, asked->data, &options, watch, err);
    if (status == LOGIT_OK) status = pass(&s, err);
    support_close(&s);
    lg_survey_close(&survey);
    return status;
}
