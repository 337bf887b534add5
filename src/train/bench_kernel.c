/* bench_kernel.c -- the parts of a step on a device, alone and together. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/bench.h"
#include "train/open_device.h"
#include "train/problem.h"

enum { QUEUED = 64 };

/* Bytes of a batch that are likely to stay in the cores' own caches between two parts. */
static const double CACHED = 2e6;

/* One row per shape: what is trained, on how many resident samples. */
static const struct shape {
    const char *name;
    int64_t features, batch, samples;
    int classes;
    lg_loss loss;
} shapes[] = {
    {"MNIST, 784 x 10, batch 128", 784, 128, 60000, 10, LG_LOSS_SOFTMAX},
    {"MNIST, 784 x 10, batch 1024", 784, 1024, 60000, 10, LG_LOSS_SOFTMAX},
    {"3x100x100, 1 sigmoid, batch 256", 30000, 256, 4096, 2, LG_LOSS_SIGMOID},
    {"1024 x 1000, batch 1024", 1024, 1024, 16384, 1000, LG_LOSS_SOFTMAX},
};

/* A set of random bytes and labels on the device, in a shuffled order. */
typedef struct rig {
    lg_backend *backend;
    lg_problem *problem;
    void *pixels, *label, *order, *scalars;
    int64_t samples, batch, at;
    logit_status (*op)(lg_backend *backend, const lg_step *step, logit_error *err);
} rig;

static logit_status put(lg_backend *backend, void **device, const void *host, size_t bytes,
                        logit_error *err)
{
    LG_TRY(backend->ops->alloc(backend, device, bytes, err));
    LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, *device, host, bytes, err));
    return backend->ops->sync(backend, err);
}

static void fill(uint8_t *pixels, int64_t bytes, int32_t *label, int32_t *order, int64_t samples,
                 int classes)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 1);
    for (int64_t i = 0; i + 16 <= bytes; i += 16)
        *(lg_random4 *)(void *)(pixels + i) = lg_philox(0, stream, (uint64_t)i);
    for (int64_t i = 0; i < samples; i++) {
        const int64_t j =
            (int64_t)lg_random_below(1, stream, (uint64_t)i, (uint64_t)i + 1); /* inside out */
        label[i] = (int32_t)lg_random_below(2, stream, (uint64_t)i, (uint64_t)classes);
        order[i] = order[j];
        order[j] = (int32_t)i;
    }
}

static logit_status fill_rig(rig *r, const struct shape *shape, logit_error *err)
{
    const int64_t n = shape->samples, bytes = n * shape->features;
    uint8_t *pixels = calloc((size_t)bytes, 1);
    int32_t *label = calloc((size_t)n, sizeof *label);
    int32_t *order = calloc((size_t)n, sizeof *order);
    const lg_scalars scalars = {.lr = 1e-4,
                                .scale = 1.0 / (double)shape->batch,
                                .beta1 = 0.9,
                                .beta2 = 0.999,
                                .epsilon = 1e-8,
                                .correct1 = 1.0,
                                .correct2 = 1.0};
    logit_status status = LOGIT_OK;
    if (!pixels || !label || !order)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for %lld bytes",
                         (long long)bytes);
    if (status == LOGIT_OK) fill(pixels, bytes, label, order, n, shape->classes);
    if (status == LOGIT_OK) status = put(r->backend, &r->pixels, pixels, (size_t)bytes, err);
    if (status == LOGIT_OK)
        status = put(r->backend, &r->label, label, (size_t)n * sizeof *label, err);
    if (status == LOGIT_OK)
        status = put(r->backend, &r->order, order, (size_t)n * sizeof *order, err);
    if (status == LOGIT_OK) status = put(r->backend, &r->scalars, &scalars, sizeof scalars, err);
    free(pixels);
    free(label);
    free(order);
    return status;
}

static logit_status open_rig(rig *r, const struct shape *shape, logit_error *err)
{
    const double mean = 0.5, std = 0.29; /* of uniform bytes */
    const lg_problem_shape problem = {.features = shape->features,
                                      .batch = shape->batch,
                                      .outputs = lg_losses[shape->loss].outputs(shape->classes),
                                      .settings = 1,
                                      .loss = shape->loss,
                                      .optim = LG_OPTIM_SGD};
    LG_TRY(lg_problem_create(&r->problem, r->backend, &problem, err));
    LG_TRY(lg_problem_set_normal(r->problem, 1, &mean, &std, err));
    LG_TRY(fill_rig(r, shape, err));
    r->samples = shape->samples;
    r->batch = shape->batch;
    r->problem->step.scalars = r->scalars;
    return LOGIT_OK;
}

static void close_rig(rig *r)
{
    void *device[] = {r->pixels, r->label, r->order, r->scalars};
    lg_problem_destroy(r->problem);
    for (size_t i = 0; i < sizeof device / sizeof *device; i++)
        if (device[i]) r->backend->ops->free(r->backend, device[i]);
}

/* Calls of an op that are timed as one: a device with queues is waited for once, after all. */
static int calls_at_once(const rig *r)
{
    return r->backend->ops->unified ? 1 : QUEUED;
}

/* The op on the next batches of the order. */
static logit_status call(void *argument, logit_error *err)
{
    rig *r = argument;
    for (int i = 0; i < calls_at_once(r); i++) {
        if (r->at + r->batch > r->samples) r->at = 0;
        r->problem->step.batch = (lg_batch){.count = r->batch,
                                            .row = (const int32_t *)r->order + r->at,
                                            .pixels = r->pixels,
                                            .label = r->label};
        r->at += r->batch;
        LG_TRY(r->op(r->backend, &r->problem->step, err));
    }
    return r->backend->ops->sync(r->backend, err);
}

static logit_status composed(lg_backend *backend, const lg_step *step, logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    LG_TRY(ops->pixels(backend, step, err));
    LG_TRY(ops->logits(backend, step, err));
    LG_TRY(ops->loss(backend, step, err));
    LG_TRY(ops->sum(backend, step, err));
    LG_TRY(ops->gradient(backend, step, err));
    return ops->update(backend, step, err);
}

/* What each part has to read and compute per sample, at the least.  Numbers that the part before
 * has just written (x, z) come from a cache if the batch fits in one, and then cost nothing here.
 */
static logit_status measure_shape(lg_bench *bench, rig *r, const struct shape *shape,
                                  logit_error *err)
{
    const lg_backend_ops *ops = r->backend->ops;
    const double d = (double)shape->features, k = r->problem->step.outputs;
    const double batch = (double)shape->batch;
    const double x = 4.0 * d * batch > CACHED ? 4.0 * d : 0.0,
                 w = 4.0 * d * k > CACHED ? 4.0 * d * k / batch : 0.0;
    const double z = 4.0 * k * batch > CACHED ? 4.0 * k : 0.0;
    r->problem->step.batch.pixels = r->pixels;
    const struct {
        const char *name;
        logit_status (*op)(lg_backend *, const lg_step *, logit_error *);
        lg_work work;
        int offered;
    } parts[] = {
        {"pixels", ops->pixels, {0, d + x, 0}, 1},
        {"logits", ops->logits, {d * k, x, 0}, 1},
        {"loss", ops->loss, {0, z, 0}, 1},
        {"gradient", ops->gradient, {d * k, x, 0}, 1},
        {"update", ops->update, {0, 3.0 * w, 0}, 1},
        {"step, op by op", composed, {2.0 * d * k, d + 3.0 * x, 0}, 1},
        {"step, fused",
         ops->step,
         {2.0 * d * k, d, 0},
         ops->fuses && ops->fuses(r->backend, &r->problem->step)},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double rate;
        if (!parts[i].offered) continue;
        r->op = parts[i].op;
        LG_TRY(lg_bench_time(bench, call, r, &rate, err));
        /* the ceilings are the processor's */
        lg_bench_report(bench, parts[i].name, shape->name, "samples/s",
                        rate * calls_at_once(r) * batch, ops->unified ? &parts[i].work : NULL);
    }
    return LOGIT_OK;
}

logit_status lg_bench_kernels(lg_bench *bench, logit_error *err)
{
    lg_backend *backend;
    LG_TRY(lg_open_device(&backend, bench->options, 1, NULL, err));
    logit_status status = LOGIT_OK;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && status == LOGIT_OK; i++) {
        rig r = {.backend = backend};
        status = open_rig(&r, &shapes[i], err);
        if (status == LOGIT_OK) status = measure_shape(bench, &r, &shapes[i], err);
        close_rig(&r);
    }
    lg_backend_close(backend);
    return status;
}
