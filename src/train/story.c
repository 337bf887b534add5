/* story.c -- the loss of one row of logits, in every way there is.
 *
 * The stable float32 values come from the backend that trains (core/backend.h's loss, and so from
 * core/fmath.h), the truth from the float64 reference, which shares no code with it. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/backend.h"
#include "train/naive.h"
#include "train/probability.h"
#include "train/problem.h"

/* A problem with one row, whose logits are put in place. */
typedef struct bench {
    lg_backend *backend;
    lg_problem *problem;
    void *label, *scalars; /* device */
} bench;

static void bench_close(bench *b)
{
    if (b->backend) {
        b->backend->ops->free(b->backend, b->label);
        b->backend->ops->free(b->backend, b->scalars);
    }
    lg_problem_destroy(b->problem);
    lg_backend_close(b->backend);
}

static logit_status bench_open(bench *b, const char *device, lg_loss loss, int outputs,
                               logit_error *err)
{
    const lg_backend_options options = {.threads = 1};
    const lg_problem_shape shape = {.features = 1,
                                    .batch = 1,
                                    .outputs = outputs,
                                    .settings = 1,
                                    .loss = loss,
                                    .optim = LG_OPTIM_GD};
    LG_TRY(lg_backend_open(&b->backend, device, &options, err));
    LG_TRY(lg_problem_create(&b->problem, b->backend, &shape, err));
    LG_TRY(b->backend->ops->alloc(b->backend, &b->label, sizeof(int32_t), err));
    return b->backend->ops->alloc(b->backend, &b->scalars, sizeof(lg_scalars), err);
}

/* The loss of a row, and its gradients, [outputs], where they are wanted. */
static logit_status bench_loss(bench *b, const float *z, int label, double smoothing, double *loss,
                               double *gradient, logit_error *err)
{
    const lg_backend_ops *ops = b->backend->ops;
    lg_step *step = &b->problem->step;
    const int32_t class_of = label;
    const lg_scalars scalars = {.smoothing = smoothing, .scale = 1.0};
    LG_TRY(ops->upload(b->backend, LG_QUEUE_COMPUTE, b->label, &class_of, sizeof class_of, err));
    LG_TRY(ops->upload(b->backend, LG_QUEUE_COMPUTE, b->scalars, &scalars, sizeof scalars, err));
    LG_TRY(lg_backend_put(b->backend, step->z, z, step->outputs, err));
    step->scalars = b->scalars;
    step->batch = (lg_batch){.count = 1, .label = b->label};
    LG_TRY(ops->loss(b->backend, step, err));
    LG_TRY(lg_backend_get_double(b->backend, loss, step->row_loss, 1, err));
    if (!gradient) return LOGIT_OK;
    return lg_backend_get_double(b->backend, gradient, step->z, step->outputs, err);
}

/* bench_open, bench_loss, bench_close. */
static logit_status loss_on(const char *device, lg_loss kind, const float *z, int outputs,
                            int label, double smoothing, double *loss, double *gradient, char *name,
                            size_t size, logit_error *err)
{
    bench b = {0};
    logit_status status = bench_open(&b, device, kind, outputs, err);
    if (status == LOGIT_OK) status = bench_loss(&b, z, label, smoothing, loss, gradient, err);
    if (status == LOGIT_OK && name) b.backend->ops->describe(b.backend, name, size);
    bench_close(&b);
    return status;
}

/* What the row is, before any loss. */
static void fill_classes(logit_loss_sample *s, const float *z, const double *logits,
                         const lg_chance *chance)
{
    int top = 0;
    double others = 0.0;
    for (int j = 1; j < s->classes; j++)
        if (z[j] > z[top]) top = j;
    s->top = (double)z[top];
    for (int j = 0; j < s->classes; j++) {
        if (j != top) s->rest += exp((double)z[j] - s->top);
        s->of[j] = (logit_loss_class){.z = (double)z[j],
                                      .asked = logits[j],
                                      .probability = chance[j].probability,
                                      .logit = chance[j].logit,
                                      .odds = chance[j].odds};
        if (s->reference >= 0) s->of[j].against = (double)z[j] - (double)z[s->reference];
    }
    if (s->reference < 0) return;
    double m = 0.0; /* the reference's own row, which is not there, is 0 */
    for (int j = 0; j < s->classes; j++) m = fmax(m, s->of[j].against);
    for (int j = 0; j < s->classes; j++) others += exp(s->of[j].against - m);
    for (int j = 0; j < s->classes; j++)
        s->of[j].against_probability = exp(s->of[j].against - m) / others;
}

/* Two classes are one sigmoid of the difference. */
static logit_status fill_sigmoid(logit_loss_sample *s, const float *z, const char *device,
                                 logit_error *err)
{
    const float difference = z[1] - z[0];
    const double t = (1.0 - s->smoothing) * s->label + s->smoothing / 2.0;
    const float p = 1.0f / (1.0f + expf(-difference));
    lg_chance chance[2];
    s->difference = (double)difference;
    lg_chances(LG_LOSS_SIGMOID, 2, &s->difference, NULL, chance);
    s->sigmoid_probability = chance[1].probability;
    s->sigmoid_naive = 0.0;
    if (t > 0.0) s->sigmoid_naive -= (double)((float)t * logf(p));
    if (t < 1.0) s->sigmoid_naive -= (double)((float)(1.0 - t) * logf(1.0f - p));
    return loss_on(device, LG_LOSS_SIGMOID, &difference, 1, s->label, s->smoothing,
                   &s->sigmoid_loss, NULL, NULL, 0, err);
}

/* Room for a row: as float32, its gradients, its targets, its chances. */
typedef struct row {
    float *z;
    double *wide, *gradient, *target;
    lg_chance *chance;
} row;

static void row_free(row *r)
{
    free(r->z);
    free(r->wide);
    free(r->gradient);
    free(r->target);
    free(r->chance);
}

static logit_status row_make(row *r, logit_loss_sample *s, const double *logits, logit_error *err)
{
    const size_t k = (size_t)s->classes;
    s->of = calloc(k, sizeof *s->of);
    r->z = malloc(k * sizeof *r->z);
    r->wide = malloc(k * sizeof *r->wide);
    r->gradient = malloc(k * sizeof *r->gradient);
    r->target = malloc(k * sizeof *r->target);
    r->chance = calloc(k, sizeof *r->chance);
    if (!s->of || !r->z || !r->wide || !r->gradient || !r->target || !r->chance)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a row of %d logits", s->classes);
    for (int j = 0; j < s->classes; j++) {
        r->z[j] = (float)logits[j];
        r->wide[j] = (double)r->z[j];
        r->target[j] = (1.0 - s->smoothing) * (j == s->label) + s->smoothing / s->classes;
    }
    return LOGIT_OK;
}

static logit_status fill(logit_loss_sample *s, row *r, const double *logits, const char *device,
                         logit_error *err)
{
    float naive[LOGIT_NAIVE_WAYS] = {0.0f};
    LG_TRY(row_make(r, s, logits, err));
    lg_chances(LG_LOSS_SOFTMAX, s->classes, r->wide, NULL, r->chance);
    fill_classes(s, r->z, logits, r->chance);
    lg_naive_softmax(r->z, r->target, s->classes, naive);
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++) s->naive[way] = (double)naive[way];
    LG_TRY(loss_on(device, LG_LOSS_SOFTMAX, r->z, s->classes, s->label, s->smoothing, &s->stable,
                   r->gradient, s->device, sizeof s->device, err));
    for (int j = 0; j < s->classes; j++) s->of[j].gradient = r->gradient[j];
    LG_TRY(loss_on("ref", LG_LOSS_SOFTMAX, r->z, s->classes, s->label, s->smoothing, &s->truth,
                   NULL, NULL, 0, err));
    return s->classes == 2 ? fill_sigmoid(s, r->z, device, err) : LOGIT_OK;
}

static logit_status check_row(const double *logits, int classes, int label, double smoothing,
                              int reference, logit_error *err)
{
    if (classes < 1) LG_FAIL(err, LOGIT_E_USAGE, "a loss needs one logit at least");
    if (label < 0 || label >= classes)
        LG_FAIL(err, LOGIT_E_USAGE, "label %d: with %d logits the classes are 0 to %d", label,
                classes, classes - 1);
    if (reference < -1 || reference >= classes)
        LG_FAIL(err, LOGIT_E_USAGE, "reference %d: with %d logits the classes are 0 to %d",
                reference, classes, classes - 1);
    if (!(smoothing >= 0.0 && smoothing <= 1.0))
        LG_FAIL(err, LOGIT_E_USAGE, "smoothing %g: expected a number from 0 to 1", smoothing);
    for (int j = 0; j < classes; j++)
        if (!((float)logits[j] < INFINITY)) /* -inf is a class that cannot be */
            LG_FAIL(err, LOGIT_E_USAGE,
                    "logit %d is %g: expected a number that a float32 can hold, or -inf", j,
                    logits[j]);
    return LOGIT_OK;
}

logit_status logit_loss_of_logits(const double *logits, int classes, int label, double smoothing,
                                  int reference, const char *device, logit_loss_sample *out,
                                  logit_error *err)
{
    row r = {0};
    memset(out, 0, sizeof *out);
    LG_TRY(check_row(logits, classes, label, smoothing, reference, err));
    out->classes = classes;
    out->label = label;
    out->reference = reference;
    out->smoothing = smoothing;
    const logit_status status = fill(out, &r, logits, device ? device : "cpu", err);
    row_free(&r);
    if (status != LOGIT_OK) logit_loss_sample_clear(out);
    return status;
}

void logit_loss_sample_clear(logit_loss_sample *sample)
{
    free(sample->of);
    memset(sample, 0, sizeof *sample);
}
