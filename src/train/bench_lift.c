/* bench_lift.c -- feature maps: images a second, held against a large matrix product.
 *
 * A map is as good as its product: the rate of one of 2048 x 2048 matrices on the same device, in
 * the same run, is its floor.  Numbers are drawn; what they are does not matter to the speed. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/bench.h"
#include "train/problem.h"

enum { EDGE = 2048, GRID = 2 };

static const char product_name[] = "ceiling: matmul", product_shape[] = "2048 x 2048 x 2048";

static const lg_bench_map maps[] = {
    {"patch", LG_LIFT_PATCH, {28, 28, 1}, 6, 256, 256},
    {"patch", LG_LIFT_PATCH, {64, 64, 3}, 6, 512, 64},
    {"rff", LG_LIFT_RFF, {28, 28, 1}, 0, 4096, 1024},
};

/* A map on the device, a batch, and whatever else was allocated. */
typedef struct rig {
    lg_backend *backend;
    lg_lift lift;
    lg_step step;
    void *memory[8];
    int used;
} rig;

static logit_status room(rig *r, void **out, int64_t bytes, logit_error *err)
{
    LG_TRY(r->backend->ops->alloc(r->backend, out, (size_t)bytes, err));
    r->memory[r->used++] = *out;
    return LOGIT_OK;
}

static float *draw(int64_t count)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 6);
    float *numbers = malloc((size_t)count * sizeof *numbers);
    for (int64_t i = 0; numbers && i < count; i++)
        numbers[i] = (float)(lg_random_unit(0, stream, (uint64_t)i) - 0.5);
    return numbers;
}

/* count numbers between -1/2 and 1/2: floats, as a map has them, or of the backend's own type. */
static logit_status put(rig *r, void **out, int64_t count, int as_floats, logit_error *err)
{
    const lg_backend_ops *ops = r->backend->ops;
    const int64_t each = as_floats ? (int64_t)sizeof(float) : ops->real_bytes;
    float *numbers = draw(count);
    if (!numbers) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for random numbers");
    logit_status status = room(r, out, count * each, err);
    if (status == LOGIT_OK && !as_floats)
        status = lg_backend_put(r->backend, *out, numbers, count, err);
    if (status == LOGIT_OK && as_floats)
        status =
            ops->upload(r->backend, LG_QUEUE_COMPUTE, *out, numbers, (size_t)(count * each), err);
    if (status == LOGIT_OK) status = ops->sync(r->backend, err);
    free(numbers);
    return status;
}

static logit_status put_floats(rig *r, const float **out, int64_t count, logit_error *err)
{
    void *memory = NULL;
    const logit_status status = put(r, &memory, count, 1, err);
    *out = memory;
    return status;
}

static void close_rig(rig *r)
{
    for (int i = 0; i < r->used; i++) r->backend->ops->free(r->backend, r->memory[i]);
}

/* ----------------------------------------------------------------------------- the product --- */

static logit_status multiply(void *argument, logit_error *err)
{
    const rig *r = argument;
    LG_TRY(r->backend->ops->logits(r->backend, &r->step, err));
    return r->backend->ops->sync(r->backend, err);
}

static logit_status open_product(rig *r, int edge, logit_error *err)
{
    const int64_t count = (int64_t)edge * edge;
    r->step = (lg_step){.features = edge, .outputs = edge, .settings = 1, .batch = {.count = edge}};
    LG_TRY(put(r, &r->step.x, count, 0, err));
    LG_TRY(put(r, &r->step.w, count, 0, err));
    LG_TRY(put(r, &r->step.b, edge, 0, err));
    return room(r, &r->step.z, count * r->backend->ops->real_bytes, err);
}

logit_status lg_bench_matmul(lg_bench *bench, lg_backend *backend, int edge, logit_error *err)
{
    rig r = {.backend = backend};
    char shape[64];
    double rate;
    if (!backend->ops->unified) return LOGIT_OK;
    snprintf(shape, sizeof shape, "%d x %d x %d", edge, edge, edge);
    logit_status status = open_product(&r, edge, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, multiply, &r, &rate, err);
    if (status == LOGIT_OK) {
        bench->matmul = rate * edge * edge * edge;
        lg_bench_report(bench, product_name, shape, "GFLOP/s", 2.0 * bench->matmul / 1e9, NULL);
    }
    close_rig(&r);
    return lg_bench_leave_out(bench, product_name, shape, status);
}

/* ------------------------------------------------------------------------------------ maps --- */

static logit_status lift(void *argument, logit_error *err)
{
    const rig *r = argument;
    LG_TRY(r->backend->ops->features(r->backend, &r->step, err));
    return r->backend->ops->sync(r->backend, err);
}

static logit_status open_map(rig *r, const lg_bench_map *map, logit_error *err)
{
    const lg_image_target s = map->shape;
    r->lift = (lg_lift){.kind = map->kind,
                        .in = (int64_t)s.height * s.width * s.channels,
                        .units = map->units,
                        .height = s.height,
                        .width = s.width,
                        .channels = s.channels,
                        .size = map->size,
                        .stride = 1,
                        .grid = GRID,
                        .contrast = 0.01f,
                        .threshold = 0.5f};
    const int64_t d = lg_lift_features(&r->lift);
    const int64_t numbers = lg_lift_filter_width(&r->lift) * map->units;
    r->step = (lg_step){.features = d,
                        .outputs = 1,
                        .settings = 1,
                        .batch = {.count = map->batch},
                        .lift = &r->lift};
    LG_TRY(put_floats(r, &r->lift.filter, numbers, err));
    LG_TRY(put_floats(r, &r->lift.offset, map->units, err));
    LG_TRY(put_floats(r, &r->lift.scale, d, err));
    LG_TRY(put_floats(r, &r->lift.shift, d, err));
    LG_TRY(put(r, &r->step.u, map->batch * r->lift.in, 0, err));
    return room(r, &r->step.x, map->batch * d * r->backend->ops->real_bytes, err);
}

/* What the lines of a map are called. */
typedef struct map_text {
    char images[40], rate[40], shape[64];
} map_text;

static map_text describe(const lg_bench_map *map)
{
    const lg_image_target s = map->shape;
    map_text t;
    snprintf(t.images, sizeof t.images, "lift, %s", map->name);
    snprintf(t.rate, sizeof t.rate, "lift, %s, rate", map->name);
    if (map->size)
        snprintf(t.shape, sizeof t.shape, "%dx%dx%d, %d of %dx%d, batch %lld", s.height, s.width,
                 s.channels, map->units, map->size, map->size, (long long)map->batch);
    else
        snprintf(t.shape, sizeof t.shape, "%d to %d, batch %lld", s.height * s.width * s.channels,
                 map->units, (long long)map->batch);
    return t;
}

static int wants_map(const lg_bench *bench, const lg_bench_map *map)
{
    const map_text t = describe(map);
    return lg_bench_wants(bench, t.images, t.shape) || lg_bench_wants(bench, t.rate, t.shape);
}

logit_status lg_bench_map_lines(const lg_bench *bench, lg_backend *backend, const lg_bench_map *map,
                                logit_error *err)
{
    const map_text t = describe(map);
    rig r = {.backend = backend};
    double rate;
    if (!wants_map(bench, map) || !backend->ops->features) return LOGIT_OK;
    logit_status status = open_map(&r, map, err);
    if (status == LOGIT_OK) status = lg_bench_time(bench, lift, &r, &rate, err);
    if (status == LOGIT_OK) {
        const double flops = lg_lift_work(&r.lift), images = rate * (double)map->batch;
        const lg_work image = {.products = flops / 2.0}, giga = {.products = 0.5e9};
        lg_bench_report(bench, t.images, t.shape, "images/s", images, &image);
        lg_bench_report(bench, t.rate, t.shape, "GFLOP/s", images * flops / 1e9, &giga);
    }
    close_rig(&r);
    return lg_bench_leave_out(bench, t.images, t.shape, status);
}

/* Whether the product is asked for, or a line that is held against it. */
static int wants_any(const lg_bench *bench)
{
    int wanted = lg_bench_wants(bench, product_name, product_shape);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) wanted |= wants_map(bench, &maps[i]);
    return wanted;
}

logit_status lg_bench_maps(const lg_bench *bench, lg_backend *backend, logit_error *err)
{
    lg_bench own = *bench;
    if (!wants_any(bench)) return LOGIT_OK;
    LG_TRY(lg_bench_matmul(&own, backend, EDGE, err));
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        LG_TRY(lg_bench_map_lines(&own, backend, &maps[i], err));
    return LOGIT_OK;
}
