/* bench_device.c -- a GPU's products and loss kernels by themselves, at the shapes that matter.
 *
 * The products are those of training, through the same calls.  A loss kernel goes round several
 * matrices of logits, so that none of them is still in a cache when its turn comes again. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"
#include "core/probe.h"
#include "train/bench.h"
#include "train/problem.h"

enum { QUEUED = 64 };

/* Matrices of logits that are gone round take so many bytes together: eight times what the largest
 * cache holds. */
static const double ROUND = 512e6;

/* n x d x k: those of MNIST at two batches, CIFAR, 3x100x100 with one sigmoid, feature vectors. */
static const struct {
    int n, d, k;
} products[] = {
    {128, 784, 10}, {8192, 784, 10}, {1024, 3072, 10}, {256, 30000, 1}, {4096, 1024, 1000},
};

static const struct {
    int n, k;
} losses[] = {
    {8192, 1000}, {8192, 8192}, {8192, 32000}, {8192, 128256}, {1000000, 10},
};

typedef struct job {
    lg_backend *backend;
    lg_problem *problem;
    void *label, *scalars;
    lg_product which;
    int64_t rows, rounds, at; /* of a matrix of logits; matrices; the next */
} job;

static void close_job(job *j)
{
    void *device[] = {j->label, j->scalars};
    for (size_t i = 0; i < sizeof device / sizeof *device; i++)
        if (device[i]) j->backend->ops->free(j->backend, device[i]);
    lg_problem_destroy(j->problem);
}

static logit_status upload(job *j, void **device, const void *host, size_t bytes, logit_error *err)
{
    const lg_backend_ops *ops = j->backend->ops;
    LG_TRY(ops->alloc(j->backend, device, bytes, err));
    LG_TRY(ops->upload(j->backend, LG_QUEUE_COMPUTE, *device, host, bytes, err));
    return ops->sync(j->backend, err);
}

/* count random numbers between -1 and 1. */
static logit_status draw(job *j, void *device, int64_t count, logit_error *err)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 4);
    float *host = malloc((size_t)count * sizeof *host);
    if (!host) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for random numbers");
    for (int64_t i = 0; i < count; i++)
        host[i] =
            (float)((int)lg_random_below(0, stream, (uint64_t)i, 1 << 24) - (1 << 23)) * 0x1p-23f;
    const logit_status status = lg_backend_put(j->backend, device, host, count, err);
    free(host);
    return status;
}

/* -------------------------------------------------------------------------------- products --- */

static logit_status multiply(void *argument, logit_error *err)
{
    const job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < QUEUED; i++)
        LG_TRY(ops->probe->product(j->backend, &j->problem->step, j->which, 0, err));
    return ops->sync(j->backend, err);
}

static logit_status time_products(const lg_bench *bench, job *j, const char *shape,
                                  logit_error *err)
{
    static const char *const names[LG_PRODUCT_COUNT] = {"product, logits", "product, gradient"};
    const lg_step *step = &j->problem->step;
    const lg_work work = {.multiply_adds =
                              (double)step->batch.count * (double)step->features * step->outputs,
                          .launches = 1};
    for (int p = 0; p < LG_PRODUCT_COUNT; p++) {
        double rate;
        if (!lg_bench_wants(bench, names[p], shape)) continue;
        j->which = (lg_product)p;
        LG_TRY(j->backend->ops->probe->product(j->backend, step, j->which, 1, err));
        LG_TRY(lg_bench_time(bench, multiply, j, &rate, err));
        lg_bench_report_time(bench, names[p], shape, "us", 1.0 / (rate * QUEUED), &work);
    }
    return LOGIT_OK;
}

static logit_status fill_products(job *j, int n, int d, int k, logit_error *err)
{
    const lg_step *step = &j->problem->step;
    LG_TRY(draw(j, step->x, (int64_t)n * d, err));
    LG_TRY(draw(j, step->z, (int64_t)n * k, err));
    return draw(j, step->w, (int64_t)d * k, err);
}

logit_status lg_bench_products(const lg_bench *bench, lg_backend *backend, int n, int d, int k,
                               logit_error *err)
{
    const lg_problem_shape problem = {.features = d,
                                      .batch = n,
                                      .outputs = k,
                                      .settings = 1,
                                      .loss = LG_LOSS_SOFTMAX,
                                      .optim = LG_OPTIM_SGD};
    char shape[64];
    job j = {.backend = backend};
    snprintf(shape, sizeof shape, "%d x %d x %d", n, d, k);
    if (!lg_bench_wants(bench, "product, logits", shape) &&
        !lg_bench_wants(bench, "product, gradient", shape))
        return LOGIT_OK;
    logit_status status = lg_problem_create(&j.problem, backend, &problem, err);
    if (status == LOGIT_OK) {
        j.problem->step.batch.count = n;
        status = fill_products(&j, n, d, k, err);
    }
    if (status == LOGIT_OK) status = time_products(bench, &j, shape, err);
    close_job(&j);
    return status == LOGIT_OK ? status : lg_bench_leave_out(bench, "products", shape, status);
}

/* ---------------------------------------------------------------------------------- losses --- */

/* The kernel writes its gradients over the logits, which are then the next round's logits. */
static logit_status lose(void *argument, logit_error *err)
{
    job *j = argument;
    const lg_backend_ops *ops = j->backend->ops;
    for (int i = 0; i < QUEUED; i++) {
        lg_step step = j->problem->step;
        step.z = (float *)step.z + j->at * j->rows * step.outputs;
        j->at = (j->at + 1) % j->rounds;
        LG_TRY(ops->probe->loss(j->backend, &step, err));
    }
    return ops->sync(j->backend, err);
}

/* Logits of the first rows are drawn, the others are copies of them. */
static logit_status fill_losses(job *j, logit_error *err)
{
    enum { DRAWN = 1 << 22 };
    lg_step *step = &j->problem->step;
    const lg_scalars scalars = {.lr = 1e-4, .scale = 1.0 / (double)j->rows};
    const int64_t count = j->rows * j->rounds * step->outputs;
    const int64_t drawn = count < DRAWN ? count : DRAWN;
    int32_t *label = malloc((size_t)j->rows * sizeof *label);
    if (!label) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for labels");
    for (int64_t i = 0; i < j->rows; i++) label[i] = (int32_t)(i * 7919 % step->outputs);
    logit_status status = upload(j, &j->label, label, (size_t)j->rows * sizeof *label, err);
    free(label);
    LG_TRY(status);
    LG_TRY(upload(j, &j->scalars, &scalars, sizeof scalars, err));
    LG_TRY(draw(j, step->z, drawn, err));
    for (int64_t at = drawn; at < count; at += drawn) {
        const int64_t part = count - at < drawn ? count - at : drawn;
        LG_TRY(j->backend->ops->probe->copy(j->backend, (float *)step->z + at, step->z,
                                            (size_t)part * sizeof(float), err));
    }
    step->scalars = j->scalars;
    step->batch = (lg_batch){.count = j->rows, .label = j->label};
    return LOGIT_OK;
}

static logit_status time_loss(const lg_bench *bench, job *j, int k, const char *shape,
                              logit_error *err)
{
    const lg_problem_shape problem = {.features = 1,
                                      .batch = j->rows * j->rounds,
                                      .outputs = k,
                                      .settings = 1,
                                      .loss = LG_LOSS_SOFTMAX,
                                      .optim = LG_OPTIM_SGD};
    const lg_work work = {.bytes = 8.0 * (double)j->rows * k, .launches = 1};
    double rate;
    LG_TRY(lg_problem_create(&j->problem, j->backend, &problem, err));
    LG_TRY(fill_losses(j, err));
    LG_TRY(lg_bench_time(bench, lose, j, &rate, err));
    lg_bench_report_time(bench, "loss kernel", shape, "us", 1.0 / (rate * QUEUED), &work);
    return LOGIT_OK;
}

logit_status lg_bench_loss(const lg_bench *bench, lg_backend *backend, int n, int k, double round,
                           logit_error *err)
{
    char shape[64];
    const double bytes = 4.0 * n * k;
    job j = {.backend = backend, .rows = n, .rounds = (int64_t)fmax(ceil(round / bytes), 1.0)};
    snprintf(shape, sizeof shape, "%d x %d", n, k);
    if (!lg_bench_wants(bench, "loss kernel", shape)) return LOGIT_OK;
    const logit_status status = time_loss(bench, &j, k, shape, err);
    close_job(&j);
    return status == LOGIT_OK ? status : lg_bench_leave_out(bench, "loss kernel", shape, status);
}

logit_status lg_bench_device(const lg_bench *bench, lg_backend *backend, logit_error *err)
{
    if (backend->ops->unified || !backend->ops->probe) return LOGIT_OK;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        LG_TRY(lg_bench_loss(bench, backend, losses[i].n, losses[i].k, ROUND, err));
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        LG_TRY(lg_bench_products(bench, backend, products[i].n, products[i].d, products[i].k, err));
    return LOGIT_OK;
}
