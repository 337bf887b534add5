/* device_ceiling.c -- copies, products, empty kernels: one thing at a time, as much as there is. */
/* SPDX-License-Identifier: MIT */
#include "train/device_ceiling.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"
#include "base/text.h"
#include "core/probe.h"
#include "train/bench.h"
#include "train/open_device.h"
#include "train/problem.h"

/* Far more than any cache holds; products that fill every multiprocessor many times over. */
const lg_device_sizes lg_device_sizes_full = {
    .copy = {512000000, 2000000000}, .host = 256000000, .matmul = {4096, 8192}, .chain = 1000};

enum { COPIES = 8, PRODUCTS = 8, REPLAYS = 8, DRAWN = 1 << 18 };

/* --- what is timed: each call queues several of its kind and waits once --- */

typedef struct job {
    lg_backend *backend;
    void *to, *from;
    size_t bytes;
    int chain;
    lg_graph *graph;
    const lg_step *step;
} job;

static logit_status copy_device(void *argument, logit_error *err)
{
    const job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < COPIES; i++)
        LG_TRY(ops->probe->copy(j->backend, j->to, j->from, j->bytes, err));
    return ops->sync(j->backend, err);
}

static logit_status copy_host(void *argument, logit_error *err)
{
    const job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < COPIES; i++)
        LG_TRY(ops->upload(j->backend, LG_QUEUE_COPY, j->to, j->from, j->bytes, err));
    return ops->sync(j->backend, err);
}

static logit_status queue_chain(const job *j, logit_error *err)
{
    for (int i = 0; i < j->chain; i++) LG_TRY(j->backend->ops->probe->launch(j->backend, err));
    return LOGIT_OK;
}

static logit_status launch_chain(void *argument, logit_error *err)
{
    const job *j = argument;
    LG_TRY(queue_chain(j, err));
    return j->backend->ops->sync(j->backend, err);
}

static logit_status replay_chain(void *argument, logit_error *err)
{
    const job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < REPLAYS; i++) LG_TRY(ops->graph_replay(j->backend, j->graph, err));
    return ops->sync(j->backend, err);
}

static logit_status multiply(void *argument, logit_error *err)
{
    const job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < PRODUCTS; i++)
        LG_TRY(ops->probe->product(j->backend, j->step, LG_PRODUCT_LOGITS, 0, err));
    return ops->sync(j->backend, err);
}

/* --------------------------------------------------------------------------------- copies --- */

/* Random numbers between -1 and 1 all over: zeros are copied and multiplied
 * faster than others. */
static logit_status scatter(lg_backend *backend, void *device, int64_t count, uint64_t seed,
                            logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 3);
    const int64_t drawn = count < DRAWN ? count : DRAWN;
    float *host = malloc((size_t)drawn * sizeof *host);
    if (!host) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for random numbers");
    for (int64_t i = 0; i < drawn; i++)
        host[i] = (float)((int)lg_random_below(seed, stream, (uint64_t)i, 1 << 24) - (1 << 23)) *
                  0x1p-23f;
    logit_status status =
        ops->upload(backend, LG_QUEUE_COMPUTE, device, host, (size_t)drawn * sizeof *host, err);
    if (status == LOGIT_OK) status = ops->sync(backend, err);
    for (int64_t at = drawn; at < count && status == LOGIT_OK; at += drawn) {
        const int64_t part = count - at < drawn ? count - at : drawn;
        status = ops->probe->copy(backend, (float *)device + at, device,
                                  (size_t)part * sizeof *host, err);
    }
    free(host);
    return status;
}

static void say_bytes(char *out, size_t size, size_t bytes, const char *how)
{
    char text[LG_TEXT_BYTES];
    snprintf(out, size, "%s, %s", lg_text_bytes(text, (double)bytes), how);
}

static logit_status time_copy(const lg_bench *bench, lg_backend *backend, size_t bytes,
                              double *rate, logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    job j = {.backend = backend, .bytes = bytes};
    double calls = 0.0;
    logit_status status = ops->alloc(backend, &j.from, bytes, err);
    if (status == LOGIT_OK) status = ops->alloc(backend, &j.to, bytes, err);
    if (status == LOGIT_OK)
        status = scatter(backend, j.from, (int64_t)(bytes / sizeof(float)), 0, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, copy_device, &j, &calls, err);
    if (j.to) ops->free(backend, j.to);
    if (j.from) ops->free(backend, j.from);
    *rate = calls * COPIES * 2.0 * (double)bytes;
    return status;
}

static logit_status measure_copies(lg_bench *bench, lg_backend *backend,
                                   const lg_device_sizes *sizes, logit_error *err)
{
    static const char name[] = "ceiling: device copy";
    char shape[64];
    for (int i = 0; i < LG_CEILING_SIZES; i++) {
        double rate;
        say_bytes(shape, sizeof shape, sizes->copy[i], "read and written");
        const logit_status status = time_copy(bench, backend, sizes->copy[i], &rate, err);
        if (status != LOGIT_OK) {
            if (bench->device.copy <= 0.0) return status;
            LG_TRY(lg_bench_leave_out(bench, name, shape, status));
            continue;
        }
        bench->device.copy = fmax(bench->device.copy, rate);
        lg_bench_report(bench, name, shape, "GB/s", rate / 1e9, NULL);
    }
    return LOGIT_OK;
}

/* From j->from, which is host memory of whatever kind. */
static logit_status time_upload(const lg_bench *bench, job *j, double *rate, logit_error *err)
{
    const lg_backend_ops *ops = j->backend->ops;
    double calls = 0.0;
    memset(j->from, 1, j->bytes);
    logit_status status = ops->alloc(j->backend, &j->to, j->bytes, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, copy_host, j, &calls, err);
    if (j->to) ops->free(j->backend, j->to);
    *rate = calls * COPIES * (double)j->bytes;
    return status;
}

static logit_status measure_uploads(lg_bench *bench, lg_backend *backend, size_t bytes,
                                    logit_error *err)
{
    static const char name[] = "ceiling: host copy";
    const lg_backend_ops *ops = backend->ops;
    job j = {.backend = backend, .bytes = bytes};
    char shape[64];
    say_bytes(shape, sizeof shape, bytes, "page-locked");
    logit_status status = ops->alloc_host(backend, &j.from, bytes, err);
    if (status == LOGIT_OK) {
        status = time_upload(bench, &j, &bench->device.pinned, err);
        ops->free_host(backend, j.from);
    }
    if (status != LOGIT_OK) return lg_bench_leave_out(bench, name, shape, status);
    lg_bench_report(bench, name, shape, "GB/s", bench->device.pinned / 1e9, NULL);

    say_bytes(shape, sizeof shape, bytes, "pageable");
    if (!lg_bench_wants(bench, name, shape)) return LOGIT_OK;
    j = (job){.backend = backend, .bytes = bytes, .from = malloc(bytes)};
    if (!j.from) return lg_bench_leave_out(bench, name, shape, LOGIT_E_NOMEM);
    status = time_upload(bench, &j, &bench->device.pageable, err);
    free(j.from);
    if (status != LOGIT_OK) return lg_bench_leave_out(bench, name, shape, status);
    lg_bench_report(bench, name, shape, "GB/s", bench->device.pageable / 1e9, NULL);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- launches --- */

static logit_status measure_launches(lg_bench *bench, lg_backend *backend, int chain,
                                     logit_error *err)
{
    const lg_backend_ops *ops = backend->ops;
    job j = {.backend = backend, .chain = chain};
    double rate;
    char shape[64];
    snprintf(shape, sizeof shape, "%d empty kernels", chain);
    LG_TRY(lg_bench_time(bench, launch_chain, &j, &rate, err));
    bench->device.launch = 1.0 / (rate * chain);
    lg_bench_report_time(bench, "ceiling: launch", shape, "us", bench->device.launch, NULL);
    if (!ops->graph_begin) return LOGIT_OK;

    LG_TRY(ops->graph_begin(backend, err));
    const logit_status queued = queue_chain(&j, err);
    logit_status status = ops->graph_end(backend, &j.graph, queued == LOGIT_OK ? err : NULL);
    if (queued != LOGIT_OK) status = queued;
    if (status == LOGIT_OK) status = lg_bench_time(bench, replay_chain, &j, &rate, err);
    ops->graph_destroy(backend, j.graph);
    LG_TRY(status);
    bench->device.node = 1.0 / (rate * REPLAYS * chain);
    lg_bench_report_time(bench, "ceiling: graph node", shape, "us", bench->device.node, NULL);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- products --- */

/* Multiply-adds a second of an n x n x n product. */
static logit_status time_product(const lg_bench *bench, lg_backend *backend, int n, double *rate,
                                 logit_error *err)
{
    const lg_problem_shape shape = {.features = n,
                                    .batch = n,
                                    .outputs = n,
                                    .settings = 1,
                                    .loss = LG_LOSS_SOFTMAX,
                                    .optim = LG_OPTIM_SGD};
    const int64_t count = (int64_t)n * n;
    lg_problem *problem;
    double calls = 0.0;
    LG_TRY(lg_problem_create(&problem, backend, &shape, err));
    lg_step *step = &problem->step;
    step->batch.count = n;
    job j = {.backend = backend, .step = step};
    logit_status status = scatter(backend, step->x, count, 1, err);
    if (status == LOGIT_OK) status = scatter(backend, step->w, count, 2, err);
    if (status == LOGIT_OK)
        status = backend->ops->probe->product(backend, step, LG_PRODUCT_LOGITS, 1, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, multiply, &j, &calls, err);
    lg_problem_destroy(problem);
    *rate = calls * PRODUCTS * (double)n * (double)n * (double)n;
    return status;
}

/* One precision, on the backend that has it. */
static logit_status measure_products(lg_bench *bench, lg_backend *backend, lg_precision precision,
                                     const int *edge, logit_error *err)
{
    char name[64], shape[64];
    snprintf(name, sizeof name, "ceiling: matmul %s", lg_precisions[precision].name);
    for (int i = 0; i < LG_CEILING_SIZES; i++) {
        double rate;
        snprintf(shape, sizeof shape, "%d x %d x %d", edge[i], edge[i], edge[i]);
        if (precision != bench->precision && !lg_bench_wants(bench, name, shape)) continue;
        const logit_status status = time_product(bench, backend, edge[i], &rate, err);
        if (status != LOGIT_OK) {
            LG_TRY(lg_bench_leave_out(bench, name, shape, status));
            continue;
        }
        bench->device.fma[precision] = fmax(bench->device.fma[precision], rate);
        lg_bench_report(bench, name, shape, "TFLOP/s", 2.0 * rate / 1e12, NULL);
    }
    return LOGIT_OK;
}

/* The others need a backend each. */
static logit_status measure_precisions(lg_bench *bench, lg_backend *backend, const int *edge,
                                       logit_error *err)
{
    for (int p = 0; p < LG_PRECISION_COUNT; p++) {
        logit_options options = *bench->options;
        lg_backend *other = NULL;
        options.precision = lg_precisions[p].name;
        logit_status status = LOGIT_OK;
        if (p != (int)bench->precision) status = lg_open_device(&other, &options, 0, NULL, err);
        if (status == LOGIT_E_USAGE) continue; /* the device has not got it */
        LG_TRY(status);
        status = measure_products(bench, other ? other : backend, (lg_precision)p, edge, err);
        lg_backend_close(other);
        LG_TRY(status);
    }
    return LOGIT_OK;
}

logit_status lg_device_ceiling_measure(lg_bench *bench, lg_backend *backend,
                                       const lg_device_sizes *sizes, logit_error *err)
{
    LG_TRY(measure_copies(bench, backend, sizes, err));
    LG_TRY(measure_uploads(bench, backend, sizes->host, err));
    LG_TRY(measure_launches(bench, backend, sizes->chain, err));
    return measure_precisions(bench, backend, sizes->matmul, err);
}
