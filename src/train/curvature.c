/* curvature.c -- power iteration by the backend's own ops. */
/* SPDX-License-Identifier: MIT */
#include "train/curvature.h"

#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/first_samples.h"

enum { SAMPLES = 2048, ROUNDS = 100 };
static const double SETTLED = 1e-4; /* relative change per round that ends the iteration */

/* The sample, on the device: elements [count][d], zero targets, and scalars. */
typedef struct sample {
    lg_first_samples host;
    double sum; /* of the weights */
    void *device_weight;
    void *pixels, *target, *scalars;
    float *v; /* [d + 1], the bias last */
    lg_problem *problem;
} sample;

static int64_t inputs_of(const lg_curvature_input *in)
{
    return in->lift ? in->lift->in : in->features;
}

static logit_status gather(const lg_curvature_input *in, sample *s, logit_error *err)
{
    LG_TRY(lg_first_samples_take(&s->host, in->loader, inputs_of(in), SAMPLES, err));
    for (int64_t i = 0; i < s->host.count; i++) s->sum += s->host.weight[i];
    return LOGIT_OK;
}

static logit_status upload(const lg_curvature_input *in, sample *s, logit_error *err)
{
    lg_backend *backend = in->backend;
    const lg_backend_ops *ops = backend->ops;
    const lg_scalars scalars = {.scale = 1.0 / s->sum};
    const size_t bytes = (size_t)s->host.count * s->host.bytes;
    const size_t targets = (size_t)s->host.count * sizeof(float);
    LG_TRY(ops->alloc(backend, &s->pixels, bytes, err));
    LG_TRY(ops->alloc(backend, &s->target, targets, err));
    LG_TRY(ops->alloc(backend, &s->device_weight, targets, err));
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, s->device_weight, s->host.weight, targets, err));
    LG_TRY(ops->alloc(backend, &s->scalars, sizeof scalars, err));
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, s->pixels, s->host.pixels, bytes, err));
    LG_TRY(ops->zero(backend, LG_QUEUE_COMPUTE, s->target, targets, err));
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, s->scalars, &scalars, sizeof scalars, err));
    LG_TRY(ops->sync(backend, err));
    const lg_problem_shape shape = {.features = in->features,
                                    .lift = in->lift,
                                    .batch = in->batch,
                                    .outputs = 1,
                                    .settings = 1,
                                    .loss = LG_LOSS_MSE,
                                    .optim = LG_OPTIM_SGD};
    LG_TRY(lg_problem_create(&s->problem, backend, &shape, err));
    return lg_problem_set_normal(s->problem, in->normal, err);
}

/* v <- H v, batch by batch. */
static logit_status multiply(const lg_curvature_input *in, sample *s, logit_error *err)
{
    const lg_backend_ops *ops = in->backend->ops;
    lg_step *step = &s->problem->step;
    const int64_t d = in->features;
    LG_TRY(lg_problem_put(s->problem, 0, s->v, s->v + d, err));
    step->scalars = s->scalars;
    for (int64_t first = 0; first < s->host.count; first += in->batch) {
        const int64_t left = s->host.count - first;
        step->batch =
            (lg_batch){.count = left < in->batch ? left : in->batch,
                       .element = s->host.element,
                       .pixels = (const uint8_t *)s->pixels + (size_t)first * s->host.bytes,
                       .target = (const float *)s->target + first,
                       .weight = (const float *)s->device_weight + first};
        step->accumulate = first > 0;
        LG_TRY(lg_backend_inputs(in->backend, step, err));
        LG_TRY(ops->logits(in->backend, step, err));
        LG_TRY(ops->loss(in->backend, step, err));
        LG_TRY(ops->gradient(in->backend, step, err));
    }
    LG_TRY(lg_backend_get(in->backend, s->v, step->gw, d, err));
    return lg_backend_get(in->backend, s->v + d, step->gb, 1, err);
}

/* Makes |v| = 1; returns what it was. */
static double normalise(float *v, int64_t count)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) sum += (double)v[i] * v[i];
    const double norm = sqrt(sum);
    for (int64_t i = 0; i < count && norm > 0.0; i++) v[i] = (float)(v[i] / norm);
    return norm;
}

/* Progress, and whether to stop. */
static logit_status look_around(const lg_curvature_input *in, int round, logit_error *err)
{
    const logit_watch *watch = in->watch;
    const logit_progress progress = {.phase = LOGIT_PHASE_TUNE, .done = round, .total = ROUNDS};
    if (watch && watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped while measuring the curvature");
    if (watch && watch->progress) watch->progress(watch->user, &progress);
    return LOGIT_OK;
}

static logit_status iterate(const lg_curvature_input *in, sample *s, double *largest,
                            logit_error *err)
{
    const int64_t d = in->features;
    const uint64_t stream = lg_stream_id(LG_STREAM_POWER, 0);
    for (int64_t i = 0; i <= d; i++)
        s->v[i] = (float)(lg_random_unit(in->seed, stream, (uint64_t)i) - 0.5);
    normalise(s->v, d + 1);
    double before = 0.0;
    for (int round = 0; round < ROUNDS; round++) {
        LG_TRY(look_around(in, round, err));
        LG_TRY(multiply(in, s, err));
        *largest = normalise(s->v, d + 1);
        if (fabs(*largest - before) <= SETTLED * *largest) break;
        before = *largest;
    }
    return LOGIT_OK;
}

logit_status lg_curvature_measure(const lg_curvature_input *in, double *curvature, int64_t *used,
                                  logit_error *err)
{
    sample s = {0};
    s.v = malloc((size_t)(in->features + 1) * sizeof *s.v);
    logit_status status = LOGIT_OK;
    double largest = 0.0;
    if (!s.v)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for measuring the curvature");
    if (status == LOGIT_OK) status = gather(in, &s, err);
    if (status == LOGIT_OK) status = upload(in, &s, err);
    if (status == LOGIT_OK) status = iterate(in, &s, &largest, err);
    lg_problem_destroy(s.problem);
    void *device[] = {s.pixels, s.target, s.scalars, s.device_weight};
    for (int i = 0; i < 4; i++)
        if (device[i]) in->backend->ops->free(in->backend, device[i]);
    lg_first_samples_clear(&s.host);
    free(s.v);
    *curvature = lg_losses[in->loss].curvature * largest;
    *used = s.host.count;
    return status;
}
