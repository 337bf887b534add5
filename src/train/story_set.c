/* story_set.c -- the likelihood of a set: a product that vanishes, and the sum of its logarithms.
 */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/ref_loss.h"
#include "train/naive.h"
#include "train/probability.h"
#include "train/settings.h"
#include "train/survey.h"

/* A loss that is this far off, relative, is called wrong: a hundred times what float32 can do. */
static const double WRONG = 1e-5;

/* What is known while the samples pass by. */
typedef struct tally {
    const logit_model *model;
    logit_likelihood *out;
    int reference;
    float product32;
    double product64, sum, truth, naive[LOGIT_NAIVE_WAYS];
    double *z, *loss;          /* host, of one batch */
    float *row;                /* [outputs] */
    double *wide, *target;     /* [outputs] */
    lg_chance *chance, *fewer; /* [classes] */
    double *against;           /* [classes] */
} tally;

static const lg_ref_loss *reference_loss(lg_loss loss)
{
    return loss == LG_LOSS_SIGMOID ? &lg_ref_sigmoid : &lg_ref_softmax;
}

/* The textbook forms of the sample whose logits are in t->row. */
static void naive_row(tally *t, const lg_ref_truth *truth, float naive[LOGIT_NAIVE_WAYS])
{
    const int k = t->model->outputs;
    for (int j = 0; j < k; j++) t->target[j] = lg_ref_target(truth, j, k);
    if (t->model->loss == LG_LOSS_SOFTMAX) {
        lg_naive_softmax(t->row, t->target, k, naive);
        return;
    }
    if (k == 1) { /* one output for two classes: e is shared between two */
        const double y = truth->soft ? (double)truth->soft[0] : (double)truth->label;
        t->target[0] = (1.0 - truth->smoothing) * y + truth->smoothing / 2.0;
    }
    for (int j = 0; j < k; j++) lg_naive_sigmoid(t->row[j], t->target[j], naive);
}

static int is_wrong(double got, double want)
{
    return !(fabs(got - want) <= WRONG * fabs(want));
}

static void add_naive(tally *t, const lg_ref_truth *truth, double want)
{
    float naive[LOGIT_NAIVE_WAYS] = {0.0f};
    naive_row(t, truth, naive);
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++) {
        if (isfinite(naive[way]))
            t->naive[way] += (double)naive[way];
        else
            t->out->not_finite[way]++;
        t->out->wrong[way] += is_wrong((double)naive[way], want);
    }
}

/* The probabilities once more from the rows of W minus the reference's: how far apart? */
static void add_reference(tally *t)
{
    const int k = t->model->classes;
    if (t->reference < 0 || t->model->loss != LG_LOSS_SOFTMAX) return;
    for (int j = 0; j < k; j++) t->against[j] = t->wide[j] - t->wide[t->reference];
    lg_chances(LG_LOSS_SOFTMAX, k, t->wide, NULL, t->chance);
    lg_chances(LG_LOSS_SOFTMAX, k, t->against, NULL, t->fewer);
    for (int j = 0; j < k; j++) {
        const double gap = fabs(t->chance[j].probability - t->fewer[j].probability);
        if (isnan(gap) || gap > t->out->reference_gap) t->out->reference_gap = gap;
    }
}

/* A likelihood into the products. */
static void add_likelihood(tally *t, double loss)
{
    logit_likelihood *out = t->out;
    const double likelihood = exp(-loss);
    const float before = t->product32;
    t->product32 *= (float)likelihood;
    t->product64 *= likelihood;
    if (t->product32 == 0.0f && out->zero32 == 0) {
        out->zero32 = out->n;
        out->last32 = (double)before;
    }
    if (t->product64 == 0.0 && out->zero64 == 0) out->zero64 = out->n;
    const int is_first_nan = isnan(likelihood) && !isnan(out->worst_probability);
    if (out->n == 1 || likelihood < out->worst_probability || is_first_nan) {
        out->worst_probability = likelihood;
        out->worst = out->n;
    }
}

static void add_sample(tally *t, const double *z, double loss, const lg_ref_truth *truth)
{
    const int k = t->model->outputs;
    for (int j = 0; j < k; j++) {
        t->wide[j] = z[j];
        t->row[j] = (float)z[j];
    }
    const double want = reference_loss(t->model->loss)->loss(z, k, truth);
    t->out->n++;
    t->sum += loss;
    t->truth += want;
    t->out->stable_wrong += is_wrong(loss, want);
    t->out->stable_not_finite += !isfinite(loss);
    add_likelihood(t, loss);
    add_naive(t, truth, want);
    add_reference(t);
}

static logit_status visit(const lg_pass_input *in, const lg_minibatch *mini, void *argument,
                          logit_error *err)
{
    tally *t = argument;
    lg_backend *backend = in->problem->backend;
    const lg_step *step = &in->problem->step;
    const int k = t->model->outputs;
    LG_TRY(lg_backend_get_double(backend, t->z, step->z, mini->count * k, err));
    LG_TRY(lg_backend_get_double(backend, t->loss, step->row_loss, mini->count, err));
    for (int64_t i = 0; i < mini->count; i++) {
        const int64_t at = mini->row ? mini->row[i] : i;
        const lg_ref_truth truth = {.label = mini->label ? mini->label[at] : 0,
                                    .soft = mini->target ? mini->target + at * k : NULL,
                                    .smoothing = t->out->smoothing};
        if (mini->weight && mini->weight[at] == 0.0f)
            t->out->bad++;
        else
            add_sample(t, t->z + i * k, t->loss[i], &truth);
    }
    return LOGIT_OK;
}

static void finish(const tally *t)
{
    logit_likelihood *out = t->out;
    const double n = (double)out->n;
    out->product32 = (double)t->product32;
    out->product64 = t->product64;
    out->log_sum = -t->sum;
    out->loss = t->sum / n;
    out->truth = t->truth / n;
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++)
        out->naive[way] = t->naive[way] / (double)(out->n - out->not_finite[way]);
}

static logit_status tally_open(tally *t, const lg_problem *problem, logit_error *err)
{
    const size_t k = (size_t)t->model->outputs, n = (size_t)problem->batch;
    const size_t c = (size_t)t->model->classes + 1;
    t->z = malloc(n * k * sizeof *t->z);
    t->loss = malloc(n * sizeof *t->loss);
    t->row = malloc(k * sizeof *t->row);
    t->wide = malloc(k * sizeof *t->wide);
    t->target = malloc(k * sizeof *t->target);
    t->chance = calloc(c, sizeof *t->chance);
    t->fewer = calloc(c, sizeof *t->fewer);
    t->against = calloc(c, sizeof *t->against);
    if (!t->z || !t->loss || !t->row || !t->wide || !t->target || !t->chance || !t->fewer ||
        !t->against)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a likelihood");
    return LOGIT_OK;
}

static void tally_close(tally *t)
{
    free(t->z);
    free(t->loss);
    free(t->row);
    free(t->wide);
    free(t->target);
    free(t->chance);
    free(t->fewer);
    free(t->against);
}

static logit_status measure(tally *t, lg_survey *survey, const char *data, const char *part,
                            const logit_options *options, const logit_watch *watch,
                            logit_error *err)
{
    logit_likelihood *out = t->out;
    LG_TRY(lg_survey_open(survey, t->model, data, part, options, watch, err));
    survey->backend->ops->describe(survey->backend, out->device, sizeof out->device);
    out->part = survey->part;
    LG_TRY(tally_open(t, survey->problem, err));
    LG_TRY(lg_pass_visit(&survey->pass, out->smoothing, 1, visit, t, err));
    if (out->n == 0) LG_FAIL(err, LOGIT_E_DATA, "the part \"%s\" has no good sample", out->part);
    finish(t);
    return LOGIT_OK;
}

logit_status logit_loss_of_set(logit_model *model, const char *data, const char *part,
                               double smoothing, int reference, const logit_options *given,
                               const logit_watch *watch, logit_likelihood *out, logit_error *err)
{
    lg_survey survey = {0};
    logit_options options = *given;
    tally t = {
        .model = model, .out = out, .reference = reference, .product32 = 1.0f, .product64 = 1.0};
    memset(out, 0, sizeof *out);
    out->smoothing = smoothing;
    if (lg_losses[model->loss].link == LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE,
                "the model's loss is %s: its outputs are numbers, and have no likelihood",
                lg_losses[model->loss].name);
    if (reference >= model->classes)
        LG_FAIL(err, LOGIT_E_USAGE, "reference %d: the model has %d classes", reference,
                model->classes);
    LG_TRY(lg_options_settle(&options, err));
    const logit_status status = measure(&t, &survey, data, part, &options, watch, err);
    tally_close(&t);
    lg_survey_close(&survey);
    return status;
}
