/* lift_rig.c -- drawn feature maps, laid out on a backend. */
/* SPDX-License-Identifier: MIT */
#include "tests/lift_rig.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/rig.h"

enum { GUARD = 256, NOTHING = 0xFF };

/* kind, n, height, width, channels, units, size, stride, grid */
const lift_shape lift_shapes[LIFT_SHAPES] = {
    {LG_LIFT_SQUARE, 5, 3, 7, 1, 0, 0, 0, 0},    {LG_LIFT_SQUARE, 1, 1, 1, 1, 0, 0, 0, 0},
    {LG_LIFT_CROSS, 19, 4, 5, 3, 37, 0, 0, 0},   {LG_LIFT_CROSS, 0, 2, 2, 1, 3, 0, 0, 0},
    {LG_LIFT_CROSS, 2, 1, 9, 1, 0, 0, 0, 0},     {LG_LIFT_RFF, 37, 8, 9, 1, 300, 0, 0, 0},
    {LG_LIFT_RFF, 1, 1, 5, 1, 1, 0, 0, 0},       {LG_LIFT_RFF, 300, 1, 40, 1, 97, 0, 0, 0},
    {LG_LIFT_RFF, 18, 20, 20, 3, 101, 0, 0, 0},  {LG_LIFT_RFF, 0, 1, 5, 1, 4, 0, 0, 0},
    {LG_LIFT_SIGMOID, 33, 6, 6, 2, 96, 0, 0, 0}, {LG_LIFT_SIGMOID, 7, 1, 3, 1, 2, 0, 0, 0},
    {LG_LIFT_STEP, 33, 6, 6, 2, 200, 0, 0, 0},   {LG_LIFT_STEP, 16, 1, 1, 1, 1, 0, 0, 0},
    {LG_LIFT_PATCH, 3, 12, 11, 1, 70, 4, 1, 2},  {LG_LIFT_PATCH, 2, 9, 14, 3, 33, 3, 2, 3},
    {LG_LIFT_PATCH, 5, 10, 10, 2, 1, 5, 1, 1},   {LG_LIFT_PATCH, 1, 7, 7, 3, 5, 7, 1, 1},
    {LG_LIFT_PATCH, 3, 6, 5, 1, 17, 1, 1, 4},    {LG_LIFT_PATCH, 2, 17, 9, 1, 64, 2, 5, 2},
    {LG_LIFT_PATCH, 1, 8, 40, 1, 20, 4, 3, 2},   {LG_LIFT_PATCH, 2, 30, 26, 3, 130, 6, 1, 3},
    {LG_LIFT_PATCH, 0, 6, 6, 1, 4, 3, 1, 2},
};

/* ------------------------------------------------------------------------------------ maps --- */

static float *drawn(int64_t count, uint32_t stream, double low, double high)
{
    float *out = malloc((size_t)(count + 1) * sizeof *out);
    ck_assert_ptr_nonnull(out);
    for (int64_t i = 0; i < count; i++) out[i] = (float)rig_uniform(stream, (uint64_t)i, low, high);
    return out;
}

/* square has every number once, cross any two. */
static int32_t *drawn_pairs(const lg_lift *lift, uint32_t stream)
{
    int32_t *pair = malloc((2 * (size_t)lift->units + 1) * sizeof *pair);
    ck_assert_ptr_nonnull(pair);
    for (int64_t t = 0; t < 2 * (int64_t)lift->units; t++)
        pair[t] = lift->kind == LG_LIFT_SQUARE
                      ? (int32_t)(t / 2)
                      : (int32_t)rig_uniform(stream, (uint64_t)t, 0.0, (double)lift->in);
    return pair;
}

void lift_open(lift_rig *r, lift_shape s, uint32_t stream)
{
    const int64_t in = (int64_t)s.height * s.width * s.channels;
    *r = (lift_rig){.n = s.n,
                    .lift = {.kind = s.kind,
                             .in = in,
                             .units = s.kind == LG_LIFT_SQUARE ? (int)in : s.units,
                             .height = s.height,
                             .width = s.width,
                             .channels = s.channels,
                             .size = s.size,
                             .stride = s.stride,
                             .grid = s.grid,
                             .contrast = 0.0625f,
                             .threshold = 0.25f}};
    lg_lift *lift = &r->lift;
    const int64_t numbers = lg_lift_filter_width(lift) * lift->units;
    const double wide = lg_lifts[s.kind].family == LG_LIFT_LAYER ? 6.0 / sqrt((double)in) : 1.0;
    r->d = lg_lift_features(lift);
    r->u = drawn(s.n * in, stream, -1.0, 1.0);
    lift->filter = r->filter = drawn(numbers, stream + 1, -wide, wide);
    lift->offset = r->offset = drawn(lift->units, stream + 2, -1.0, 1.0);
    lift->scale = r->scale = drawn(r->d, stream + 3, 0.5, 1.5);
    lift->shift = r->shift = drawn(r->d, stream + 4, -1.0, 1.0);
    lift->pair = r->pair = drawn_pairs(lift, stream + 5);
}

void lift_close(lift_rig *r)
{
    void *owned[] = {r->u, r->filter, r->offset, r->scale, r->shift, r->pair};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

/* ------------------------------------------------------------------------------------- run --- */

static void *device_bytes(lg_backend *backend, const void *from, size_t bytes)
{
    void *memory;
    ck_assert_int_eq(backend->ops->alloc(backend, &memory, bytes ? bytes : 1, NULL), LOGIT_OK);
    ck_assert_int_eq(backend->ops->upload(backend, LG_QUEUE_COMPUTE, memory, from, bytes, NULL),
                     LOGIT_OK);
    ck_assert_int_eq(backend->ops->sync(backend, NULL), LOGIT_OK);
    return memory;
}

static void *device_floats(lg_backend *backend, const float *from, int64_t count)
{
    return device_bytes(backend, from, (size_t)count * sizeof *from);
}

static void fetch(lg_backend *backend, void *to, const void *from, size_t bytes)
{
    ck_assert_int_eq(backend->ops->download(backend, LG_QUEUE_COMPUTE, to, from, bytes, NULL),
                     LOGIT_OK);
    ck_assert_int_eq(backend->ops->sync(backend, NULL), LOGIT_OK);
}

/* The map with its numbers on the device. */
static lg_lift device_lift(const lift_rig *r, lg_backend *backend)
{
    lg_lift lift = r->lift;
    const int64_t numbers = lg_lift_filter_width(&lift) * lift.units;
    lift.filter = device_floats(backend, r->filter, numbers);
    lift.offset = device_floats(backend, r->offset, lift.units);
    lift.scale = device_floats(backend, r->scale, r->d);
    lift.shift = device_floats(backend, r->shift, r->d);
    lift.pair = device_bytes(backend, r->pair, 2 * (size_t)lift.units * sizeof *r->pair);
    return lift;
}

/* The map's own numbers must be what they were. */
static void close_device_lift(const lift_rig *r, lg_backend *backend, lg_lift *lift)
{
    const struct {
        const void *device, *host;
        int64_t count; /* of 4 bytes */
    } arrays[] = {
        {lift->filter, r->filter, lg_lift_filter_width(lift) * lift->units},
        {lift->offset, r->offset, lift->units},
        {lift->scale, r->scale, r->d},
        {lift->shift, r->shift, r->d},
        {lift->pair, r->pair, 2 * (int64_t)lift->units},
    };
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        const size_t bytes = (size_t)arrays[i].count * sizeof(float);
        void *now = malloc(bytes + 1);
        ck_assert_ptr_nonnull(now);
        fetch(backend, now, arrays[i].device, bytes);
        ck_assert_msg(memcmp(now, arrays[i].host, bytes) == 0, "array %zu of the map", i);
        free(now);
        backend->ops->free(backend, (void *)(uintptr_t)arrays[i].device);
    }
}

static void assert_nothing(const uint8_t *bytes, const char *where)
{
    for (int i = 0; i < GUARD; i++) ck_assert_msg(bytes[i] == NOTHING, "byte %d %s x", i, where);
}

/* x between guards, as doubles. */
static double *fetch_guarded(lg_backend *backend, const void *device, int64_t count)
{
    const size_t real = (size_t)backend->ops->real_bytes, bytes = (size_t)count * real;
    uint8_t *all = malloc(bytes + 2 * GUARD);
    double *x = rig_doubles(count + 1);
    ck_assert_ptr_nonnull(all);
    fetch(backend, all, device, bytes + 2 * GUARD);
    assert_nothing(all, "in front of");
    assert_nothing(all + GUARD + bytes, "behind");
    for (int64_t i = 0; i < count; i++) {
        float single;
        memcpy(&single, all + GUARD + (size_t)i * real, sizeof single);
        if (real == sizeof single)
            x[i] = (double)single;
        else
            memcpy(&x[i], all + GUARD + (size_t)i * real, real);
    }
    free(all);
    return x;
}

double *lift_run(const lift_rig *r, lg_backend *backend, int64_t first, int64_t count)
{
    const size_t real = (size_t)backend->ops->real_bytes;
    const size_t bytes = (size_t)(count * r->d) * real + 2 * GUARD;
    const int64_t numbers = count * r->lift.in;
    const float *from = r->u + first * r->lift.in;
    float *after = malloc((size_t)(numbers + 1) * sizeof *after);
    uint8_t *nothing = malloc(bytes);
    ck_assert(nothing && after);
    memset(nothing, NOTHING, bytes);
    lg_lift lift = device_lift(r, backend);
    uint8_t *x = device_bytes(backend, nothing, bytes);
    void *u = device_bytes(backend, nothing, 0);
    backend->ops->free(backend, u);
    ck_assert_int_eq(backend->ops->alloc(backend, &u, (size_t)numbers * real + 1, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_backend_put(backend, u, from, numbers, NULL), LOGIT_OK);
    const lg_step step = {.features = r->d,
                          .outputs = 1,
                          .settings = 1,
                          .batch = {.count = count},
                          .lift = &lift,
                          .u = u,
                          .x = x + GUARD};
    ck_assert_int_eq(backend->ops->features(backend, &step, NULL), LOGIT_OK);
    ck_assert_int_eq(backend->ops->sync(backend, NULL), LOGIT_OK);
    double *out = fetch_guarded(backend, x, count * r->d);
    ck_assert_int_eq(lg_backend_get(backend, after, u, numbers, NULL), LOGIT_OK);
    ck_assert_msg(memcmp(after, from, (size_t)numbers * sizeof *from) == 0, "u has changed");
    close_device_lift(r, backend, &lift);
    backend->ops->free(backend, u);
    backend->ops->free(backend, x);
    free(nothing);
    free(after);
    return out;
}
