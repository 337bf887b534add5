/* rig.c -- see rig.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"

enum { GUARD = 256 }; /* bytes; keeps any alignment a backend's alloc may have */
static const int POISON = 0xFF;

static const char *const array_names[RIG_ARRAYS] = {
    "pixels",  "row",   "label",    "target",   "weight",   "scale",    "shift",
    "scalars", "total", "x",        "w",        "b",        "z",        "row_loss",
    "gw",      "gb",    "state_w0", "state_w1", "state_b0", "state_b1",
};

static void must(logit_status status, const logit_error *err)
{
    if (status != LOGIT_OK) ck_abort_msg("backend: %s", err->message);
}

int64_t rig_count(const rig *r, rig_array array)
{
    const rig_shape *s = &r->shape;
    const int64_t width = (int64_t)s->s * s->k;
    switch (array) {
    case RIG_X:
        return s->n * s->d;
    case RIG_Z:
        return s->n * width;
    case RIG_ROW_LOSS:
        return s->n * s->s;
    case RIG_W:
    case RIG_GW:
    case RIG_STATE_W0:
    case RIG_STATE_W1:
        return width * s->d;
    default:
        return width;
    }
}

static size_t array_bytes(const rig *r, rig_array array)
{
    const rig_shape *s = &r->shape;
    const size_t rows = (size_t)s->rows, n = (size_t)s->n, d = (size_t)s->d;
    switch (array) {
    case RIG_PIXELS:
        return rows * d * lg_element_bytes(s->element);
    case RIG_ROW:
        return n * sizeof(int32_t);
    case RIG_LABEL:
        return rows * sizeof(int32_t);
    case RIG_TARGET:
        return rows * (size_t)s->k * sizeof(float);
    case RIG_WEIGHT:
        return rows * sizeof(float);
    case RIG_SCALE:
    case RIG_SHIFT:
        return d * sizeof(float);
    case RIG_SCALARS:
        return (size_t)s->s * sizeof(lg_scalars);
    case RIG_TOTAL:
        return (size_t)s->s * sizeof(lg_total);
    default:
        return (size_t)rig_count(r, array) * (size_t)r->backend->ops->real_bytes;
    }
}

static void *address(const rig *r, rig_array array)
{
    return r->place[array].memory + GUARD;
}

/* Points the step at the arrays that are always there. */
static void wire(rig *r)
{
    lg_step *step = &r->step;
    step->features = r->shape.d;
    step->outputs = r->shape.k;
    step->settings = r->shape.s;
    step->batch.count = r->shape.n;
    step->batch.element = r->shape.element;
    step->scalars = address(r, RIG_SCALARS);
    step->scale = address(r, RIG_SCALE);
    step->shift = address(r, RIG_SHIFT);
    step->x = address(r, RIG_X);
    step->w = address(r, RIG_W);
    step->b = address(r, RIG_B);
    step->z = address(r, RIG_Z);
    step->row_loss = address(r, RIG_ROW_LOSS);
    step->gw = address(r, RIG_GW);
    step->gb = address(r, RIG_GB);
    step->state_w[0] = address(r, RIG_STATE_W0);
    step->state_w[1] = address(r, RIG_STATE_W1);
    step->state_b[0] = address(r, RIG_STATE_B0);
    step->state_b[1] = address(r, RIG_STATE_B1);
    step->total = address(r, RIG_TOTAL);
}

lg_scalars rig_scalars(void)
{
    return (lg_scalars){
        .lr = 1.0,
        .scale = 1.0,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .correct1 = 1.0 / (1.0 - 0.9),
        .correct2 = 1.0 / (1.0 - 0.999),
    };
}

static void give_defaults(rig *r)
{
    const size_t s = (size_t)r->shape.s;
    lg_scalars *scalars = calloc(s, sizeof *scalars);
    lg_total *totals = calloc(s, sizeof *totals);
    ck_assert_ptr_nonnull(scalars);
    ck_assert_ptr_nonnull(totals);
    for (size_t t = 0; t < s; t++) {
        scalars[t] = rig_scalars();
        totals[t].bad_step = totals[t].bad_row = -1;
    }
    rig_give(r, RIG_SCALARS, scalars);
    rig_give(r, RIG_TOTAL, totals);
    free(scalars);
    free(totals);
    logit_error err;
    for (int a = RIG_STATE_W0; a <= RIG_STATE_B1; a++)
        must(r->backend->ops->zero(r->backend, LG_QUEUE_COMPUTE, address(r, (rig_array)a),
                                   r->place[a].bytes, &err),
             &err);
}

void rig_open(rig *r, lg_backend *backend, rig_shape shape)
{
    logit_error err;
    ck_assert_ptr_nonnull(backend);
    memset(r, 0, sizeof *r);
    r->backend = backend;
    r->shape = shape;
    if (r->shape.rows == 0) r->shape.rows = shape.n;
    for (int a = 0; a < RIG_ARRAYS; a++) {
        struct rig_place *place = &r->place[a];
        place->bytes = array_bytes(r, (rig_array)a);
        const size_t room = place->bytes + 2 * GUARD;
        place->before = malloc(room);
        ck_assert_ptr_nonnull(place->before);
        memset(place->before, POISON, room);
        void *memory;
        must(backend->ops->alloc(backend, &memory, room, &err), &err);
        place->memory = memory;
        must(backend->ops->upload(backend, LG_QUEUE_COMPUTE, memory, place->before, room, &err),
             &err);
        must(backend->ops->sync(backend, &err), &err);
    }
    wire(r);
    give_defaults(r);
}

void rig_close(rig *r)
{
    if (!r->backend) return;
    for (int a = 0; a < RIG_ARRAYS; a++) {
        r->backend->ops->free(r->backend, r->place[a].memory);
        free(r->place[a].before);
    }
    r->backend->ops->close(r->backend);
    memset(r, 0, sizeof *r);
}

static void upload(rig *r, rig_array array, const void *data)
{
    logit_error err;
    must(r->backend->ops->upload(r->backend, LG_QUEUE_COMPUTE, address(r, array), data,
                                 r->place[array].bytes, &err),
         &err);
    must(r->backend->ops->sync(r->backend, &err), &err);
}

static void download(rig *r, rig_array array, void *data)
{
    logit_error err;
    must(r->backend->ops->download(r->backend, LG_QUEUE_COMPUTE, data, address(r, array),
                                   r->place[array].bytes, &err),
         &err);
    must(r->backend->ops->sync(r->backend, &err), &err);
}

/* 1 if a setting has momentum: what the host has to tell the device. */
static int any_momentum(const rig *r, const lg_scalars *scalars)
{
    for (int t = 0; t < r->shape.s; t++)
        if (scalars[t].momentum != 0.0) return 1;
    return 0;
}

void rig_give(rig *r, rig_array array, const void *data)
{
    void *const place = data ? address(r, array) : NULL;
    if (array == RIG_SCALARS) r->step.momentum = any_momentum(r, data);
    if (data) upload(r, array, data);
    lg_batch *batch = &r->step.batch;
    if (array == RIG_PIXELS) batch->pixels = place;
    if (array == RIG_ROW) batch->row = place;
    if (array == RIG_LABEL) batch->label = place;
    if (array == RIG_TARGET) batch->target = place;
    if (array == RIG_WEIGHT) batch->weight = place;
}

void rig_put(rig *r, rig_array array, const double *from)
{
    const int64_t count = rig_count(r, array);
    if (r->backend->ops->real_bytes == sizeof(double)) {
        upload(r, array, from);
        return;
    }
    float *rounded = malloc((size_t)count * sizeof *rounded);
    ck_assert_ptr_nonnull(rounded);
    for (int64_t i = 0; i < count; i++) rounded[i] = (float)from[i];
    upload(r, array, rounded);
    free(rounded);
}

void rig_get(rig *r, rig_array array, double *to)
{
    const int64_t count = rig_count(r, array);
    if (r->backend->ops->real_bytes == sizeof(double)) {
        download(r, array, to);
        return;
    }
    float *narrow = malloc((size_t)count * sizeof *narrow);
    ck_assert_ptr_nonnull(narrow);
    download(r, array, narrow);
    for (int64_t i = 0; i < count; i++) to[i] = (double)narrow[i];
    free(narrow);
}

void rig_get_totals(rig *r, lg_total *to)
{
    download(r, RIG_TOTAL, to);
}

/* What an op may write. */
static int writes(const rig *r, rig_op op, rig_array array)
{
    const int keep = r->step.keep_logits;
    switch (op) {
    case RIG_OP_PIXELS:
        return array == RIG_X;
    case RIG_OP_LOGITS:
        return array == RIG_Z;
    case RIG_OP_LOSS:
        return array == RIG_ROW_LOSS || (!keep && (array == RIG_Z || array == RIG_GB));
    case RIG_OP_GRADIENT:
        return array == RIG_GW;
    case RIG_OP_UPDATE:
        return array == RIG_W || array == RIG_B || array >= RIG_STATE_W0;
    case RIG_OP_SUM:
        return array == RIG_TOTAL;
    case RIG_OP_STEP:
        return array == RIG_TOTAL || array >= RIG_X;
    }
    return 0;
}

static logit_status call(rig *r, rig_op op, logit_error *err)
{
    const lg_backend_ops *ops = r->backend->ops;
    logit_status (*const parts[])(lg_backend *, const lg_step *, logit_error *) = {
        [RIG_OP_PIXELS] = ops->pixels,
        [RIG_OP_LOGITS] = ops->logits,
        [RIG_OP_LOSS] = ops->loss,
        [RIG_OP_GRADIENT] = ops->gradient,
        [RIG_OP_UPDATE] = ops->update,
        [RIG_OP_SUM] = ops->sum,
        [RIG_OP_STEP] = lg_backend_train_step,
    };
    return parts[op](r->backend, &r->step, err);
}

/* Compares memory with what it was; an array the op may write is compared in its guards only. */
static void look_around(rig *r, rig_op op, rig_array array)
{
    static const char *const op_names[] = {"pixels", "logits", "loss", "gradient",
                                           "update", "sum",    "step"};
    const struct rig_place *place = &r->place[array];
    const size_t room = place->bytes + 2 * GUARD;
    uint8_t *now = malloc(room);
    ck_assert_ptr_nonnull(now);
    logit_error err;
    must(r->backend->ops->download(r->backend, LG_QUEUE_COMPUTE, now, place->memory, room, &err),
         &err);
    must(r->backend->ops->sync(r->backend, &err), &err);
    if (writes(r, op, array)) memcpy(now + GUARD, place->before + GUARD, place->bytes);
    if (memcmp(now, place->before, room) != 0) {
        size_t at = 0;
        while (now[at] == place->before[at]) at++;
        ck_abort_msg("%s: %s wrote to %s, byte %lld of %zu", r->backend->ops->name, op_names[op],
                     array_names[array], (long long)at - GUARD, place->bytes);
    }
    free(now);
}

void rig_run(rig *r, rig_op op)
{
    const lg_backend_ops *ops = r->backend->ops;
    logit_error err;
    for (int a = 0; a < RIG_ARRAYS; a++) {
        struct rig_place *place = &r->place[a];
        must(ops->download(r->backend, LG_QUEUE_COMPUTE, place->before, place->memory,
                           place->bytes + 2 * GUARD, &err),
             &err);
    }
    must(ops->sync(r->backend, &err), &err);
    must(call(r, op, &err), &err);
    for (int a = 0; a < RIG_ARRAYS; a++) look_around(r, op, (rig_array)a);
}

double rig_uniform(uint32_t stream, uint64_t index, double low, double high)
{
    const double unit = lg_random_unit(1, lg_stream_id(LG_STREAM_TEST, stream), index);
    return (double)(float)(low + (high - low) * unit);
}

void rig_fill(double *out, int64_t count, uint32_t stream, double low, double high)
{
    for (int64_t i = 0; i < count; i++) out[i] = rig_uniform(stream, (uint64_t)i, low, high);
}

double *rig_doubles(int64_t count)
{
    double *array = malloc((size_t)(count > 0 ? count : 1) * sizeof *array);
    ck_assert_ptr_nonnull(array);
    return array;
}
