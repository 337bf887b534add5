/* bench_kernel.c -- the parts of a step on a device, alone and together. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/bench.h"
#include "train/burst.h"
#include "train/problem.h"

enum { QUEUED = 64, BURSTS = 4 };

/* The fewest launches that follow one another in a step: product, loss, product. */
enum { STEP_LAUNCHES = 3 };

/* Bytes that are likely to stay in a cache between two parts: in the cores' own, in the L2 of the
 * largest GPU (60 MB on an H200).  They cost nothing here. */
static const double CACHED_CPU = 2e6, CACHED_GPU = 64e6;

/* One row per shape: what is trained, on how many resident samples. */
static const lg_bench_shape shapes[] = {
    {"MNIST, 784 x 10, batch 128", 784, 128, 60000, 10, LG_LOSS_SOFTMAX,
     LG_BENCH_CPU | LG_BENCH_GPU},
    {"MNIST, 784 x 10, batch 1024", 784, 1024, 60000, 10, LG_LOSS_SOFTMAX, LG_BENCH_CPU},
    {"MNIST, 784 x 10, batch 8192", 784, 8192, 60000, 10, LG_LOSS_SOFTMAX, LG_BENCH_GPU},
    {"CIFAR, 3072 x 10, batch 1024", 3072, 1024, 50000, 10, LG_LOSS_SOFTMAX, LG_BENCH_GPU},
    {"3x100x100, 1 sigmoid, batch 256", 30000, 256, 4096, 2, LG_LOSS_SIGMOID,
     LG_BENCH_CPU | LG_BENCH_GPU},
    {"1024 x 1000, batch 1024", 1024, 1024, 16384, 1000, LG_LOSS_SOFTMAX, LG_BENCH_CPU},
    {"1024 x 1000, batch 4096", 1024, 4096, 65536, 1000, LG_LOSS_SOFTMAX, LG_BENCH_GPU},
    {"1024 x 21841, batch 4096", 1024, 4096, 65536, 21841, LG_LOSS_SOFTMAX, LG_BENCH_GPU},
};

/* A set of random bytes and labels on the device, in a shuffled order. */
typedef struct rig {
    const lg_bench *bench;
    lg_backend *backend;
    lg_problem *problem;
    lg_burst *burst;
    void *pixels, *label, *order, *scalars;
    int32_t *host_order;
    const lg_bench_shape *shape;
    int64_t at;
    logit_status (*op)(lg_backend *backend, const lg_step *step, logit_error *err);
} rig;

static const lg_scalars numbers = {
    .lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .correct1 = 1.0, .correct2 = 1.0};

static lg_scalars numbers_of(const lg_bench_shape *shape)
{
    lg_scalars scalars = numbers;
    scalars.scale = 1.0 / (double)shape->batch;
    return scalars;
}

/* ------------------------------------------------------------------------------------ rigs --- */

static logit_status put(lg_backend *backend, void **device, const void *host, size_t bytes,
                        logit_error *err)
{
    LG_TRY(backend->ops->alloc(backend, device, bytes, err));
    LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, *device, host, bytes, err));
    return backend->ops->sync(backend, err);
}

static logit_status draw_order(rig *r, logit_error *err)
{
    const int64_t n = r->shape->samples;
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 2);
    r->host_order = calloc((size_t)n, sizeof *r->host_order);
    if (!r->host_order) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an order");
    for (int64_t i = 0; i < n; i++) { /* inside out */
        const int64_t j = (int64_t)lg_random_below(1, stream, (uint64_t)i, (uint64_t)i + 1);
        r->host_order[i] = r->host_order[j];
        r->host_order[j] = (int32_t)i;
    }
    return put(r->backend, &r->order, r->host_order, (size_t)n * sizeof *r->host_order, err);
}

static logit_status fill_rig(rig *r, logit_error *err)
{
    const lg_bench_shape *shape = r->shape;
    const lg_image_target row = {1, (int)shape->features, 1};
    const size_t n = (size_t)shape->samples;
    const lg_scalars scalars = numbers_of(shape);
    lg_dataset *data;
    LG_TRY(lg_bench_set(&data, shape->samples, row, shape->classes, 1, err));
    const lg_set *set = data->part[LG_PART_TRAIN];
    logit_status status =
        put(r->backend, &r->pixels, lg_bench_set_pixels(set), n * (size_t)shape->features, err);
    if (status == LOGIT_OK)
        status = put(r->backend, &r->label, set->label, n * sizeof *set->label, err);
    if (status == LOGIT_OK) status = draw_order(r, err);
    if (status == LOGIT_OK) status = put(r->backend, &r->scalars, &scalars, sizeof scalars, err);
    lg_dataset_close(data);
    return status;
}

static logit_status open_rig(rig *r, logit_error *err)
{
    const double mean = 0.5, std = 0.29; /* of uniform bytes */
    const lg_bench_shape *shape = r->shape;
    const lg_problem_shape problem = {.features = shape->features,
                                      .batch = shape->batch,
                                      .outputs = lg_losses[shape->loss].outputs(shape->classes),
                                      .settings = 1,
                                      .loss = shape->loss,
                                      .optim = LG_OPTIM_SGD};
    LG_TRY(lg_problem_create(&r->problem, r->backend, &problem, err));
    const lg_normal normal = {.channels = 1, .mean = &mean, .std = &std};
    LG_TRY(lg_problem_set_normal(r->problem, &normal, err));
    LG_TRY(fill_rig(r, err));
    r->problem->step.scalars = r->scalars;
    r->problem->step.batch =
        (lg_batch){.count = shape->batch, .row = r->order, .pixels = r->pixels, .label = r->label};
    if (!lg_burst_is_offered(r->backend)) return LOGIT_OK;
    return lg_burst_create(&r->burst, r->backend, shape->batch, 1, err);
}

static void close_rig(rig *r)
{
    void *device[] = {r->pixels, r->label, r->order, r->scalars};
    lg_burst_destroy(r->burst);
    lg_problem_destroy(r->problem);
    for (size_t i = 0; i < sizeof device / sizeof *device; i++)
        if (device[i]) r->backend->ops->free(r->backend, device[i]);
    free(r->host_order);
}

/* ----------------------------------------------------------------------------------- calls --- */

/* Where the next batch begins in the order. */
static int64_t next_batch(rig *r)
{
    if (r->at + r->shape->batch > r->shape->samples) r->at = 0;
    r->at += r->shape->batch;
    return r->at - r->shape->batch;
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
        r->problem->step.batch.row = (const int32_t *)r->order + next_batch(r);
        LG_TRY(r->op(r->backend, &r->problem->step, err));
    }
    return r->backend->ops->sync(r->backend, err);
}

/* Bursts over the next batches of the order: rows and numbers come from the host. */
static logit_status call_bursts(void *argument, logit_error *err)
{
    rig *r = argument;
    const int64_t batch = r->shape->batch;
    const lg_scalars scalars = numbers_of(r->shape);
    for (int i = 0; i < BURSTS; i++) {
        lg_burst_fill fill;
        LG_TRY(lg_burst_begin(r->burst, &fill, err));
        *fill.before = 0;
        for (int64_t j = 0; j < LG_BURST_STEPS; j++) {
            memcpy(fill.row + j * batch, r->host_order + next_batch(r),
                   (size_t)batch * sizeof *fill.row);
            fill.scalars[j] = scalars;
        }
        LG_TRY(lg_burst_run(r->burst, &r->problem->step, err));
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

/* ----------------------------------------------------------------------------------- lines --- */

/* A processor's rows say samples a second, a GPU's microseconds.  work: of a sample. */
static void report_part(const rig *r, const char *name, double steps_per_second,
                        const lg_work *work)
{
    const double batch = (double)r->shape->batch;
    lg_work whole = *work;
    if (r->backend->ops->unified) {
        lg_bench_report(r->bench, name, r->shape->name, "samples/s", steps_per_second * batch,
                        work->bytes + work->multiply_adds > 0.0 ? work : NULL);
        return;
    }
    whole.bytes *= batch;
    whole.multiply_adds *= batch;
    lg_bench_report_time(r->bench, name, r->shape->name, "us", 1.0 / steps_per_second, &whole);
}

/* Bytes of each sample, or 0 where those of all of them are likely to lie in a cache. */
static double unless_cached(const rig *r, double each, double count)
{
    return each * count > (r->backend->ops->unified ? CACHED_CPU : CACHED_GPU) ? each : 0.0;
}

typedef struct part {
    const char *name;
    logit_status (*op)(lg_backend *, const lg_step *, logit_error *);
    lg_work work;
    int offered;
} part;

static logit_status time_part(rig *r, const part *p, logit_error *err)
{
    double rate;
    if (!p->offered || !lg_bench_wants(r->bench, p->name, r->shape->name)) return LOGIT_OK;
    r->op = p->op;
    LG_TRY(lg_bench_time(r->bench, call, r, &rate, err));
    report_part(r, p->name, rate * calls_at_once(r), &p->work);
    return LOGIT_OK;
}

static logit_status time_bursts(rig *r, const lg_work *work, logit_error *err)
{
    static const char name[] = "step, burst of 64";
    double rate;
    if (!r->burst || !lg_bench_wants(r->bench, name, r->shape->name)) return LOGIT_OK;
    LG_TRY(call_bursts(r, err)); /* one as it is, one recorded for each slot, one replayed */
    LG_TRY(lg_bench_time(r->bench, call_bursts, r, &rate, err));
    report_part(r, name, rate * BURSTS * LG_BURST_STEPS, work);
    return LOGIT_OK;
}

/* What each part has to read and compute per sample, at the least.  Numbers that the part before
 * has just written (x, z) come from a cache if the batch fits in one, and then cost nothing here.
 */
static logit_status measure_shape(rig *r, logit_error *err)
{
    const lg_backend_ops *ops = r->backend->ops;
    const double d = (double)r->shape->features, k = r->problem->step.outputs;
    const double batch = (double)r->shape->batch;
    const double u = unless_cached(r, d, (double)r->shape->samples),
                 x = unless_cached(r, 4.0 * d, batch), z = unless_cached(r, 4.0 * k, batch),
                 w = unless_cached(r, 4.0 * d * k / batch, batch);
    const double rows = ops->unified ? 1.0 : 2.0; /* z is read; and written, where that counts */
    const part parts[] = {
        {"pixels", ops->pixels, {.bytes = u + x, .launches = 1}, 1},
        {"logits", ops->logits, {.multiply_adds = d * k, .bytes = x, .launches = 1}, 1},
        {"loss", ops->loss, {.bytes = rows * z, .launches = 1}, 1},
        {"gradient", ops->gradient, {.multiply_adds = d * k, .bytes = x, .launches = 1}, 1},
        {"update", ops->update, {.bytes = 3.0 * w, .launches = 1}, 1},
        {"step, op by op",
         composed,
         {.multiply_adds = 2.0 * d * k, .bytes = u + 3.0 * x, .launches = STEP_LAUNCHES},
         1},
        {"step, fused",
         ops->step,
         {.multiply_adds = 2.0 * d * k, .bytes = u, .launches = STEP_LAUNCHES},
         lg_backend_fuses(r->backend, &r->problem->step)},
    };
    const lg_work burst = {.multiply_adds = 2.0 * d * k, .bytes = u, .nodes = STEP_LAUNCHES};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) LG_TRY(time_part(r, &parts[i], err));
    return time_bursts(r, &burst, err);
}

/* Whether any of a shape's lines is asked for: sets take a while to draw. */
static int wants_shape(const lg_bench *bench, const char *shape)
{
    static const char *const names[] = {"pixels",      "logits",           "loss",
                                        "gradient",    "update",           "step, op by op",
                                        "step, fused", "step, burst of 64"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lg_bench_wants(bench, names[i], shape)) return 1;
    return 0;
}

logit_status lg_bench_steps(const lg_bench *bench, lg_backend *backend, const lg_bench_shape *shape,
                            logit_error *err)
{
    rig r = {.bench = bench, .backend = backend, .shape = shape};
    if (!wants_shape(bench, shape->name)) return LOGIT_OK;
    logit_status status = open_rig(&r, err);
    if (status == LOGIT_OK)
        status = measure_shape(&r, err);
    else
        status = lg_bench_leave_out(bench, "steps", shape->name, status);
    close_rig(&r);
    return status;
}

logit_status lg_bench_kernels(const lg_bench *bench, lg_backend *backend, logit_error *err)
{
    const int where = backend->ops->unified ? LG_BENCH_CPU : LG_BENCH_GPU;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (shapes[i].where & where) LG_TRY(lg_bench_steps(bench, backend, &shapes[i], err));
    return LOGIT_OK;
}
