/* problem.c -- see problem.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/problem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Streams of rig_uniform, apart from those that tests name themselves (below 1000). */
enum { STREAM_WEIGHT = 1000, STREAM_TARGET };

/* Row i of the library's table, then the stand-in for a GPU, which is not in it; NULL past it. */
static const char *device_name(int row)
{
    int known = 0;
    while (lg_device_name(known)) known++;
    return row < known ? lg_device_name(row) : row == known ? "simt" : NULL;
}

lg_backend *problem_next_device(int *row, int threads)
{
    const lg_backend_options options = {.threads = threads};
    for (const char *name; (name = device_name(*row)) != NULL;) {
        lg_backend *backend;
        ++*row;
        if (strcmp(name, "auto") == 0) continue;
        if (lg_backend_open(&backend, name, &options, NULL) == LOGIT_OK) return backend;
    }
    return NULL;
}

lg_backend *problem_device(const char *name, int threads)
{
    const lg_backend_options options = {.threads = threads};
    lg_backend *backend;
    logit_error err;
    if (lg_backend_open(&backend, name, &options, &err) != LOGIT_OK)
        ck_abort_msg("%s: %s", name, err.message);
    return backend;
}

void problem_fill(rig *r, rig_array array, uint32_t stream, double low, double high)
{
    const int64_t count = rig_count(r, array);
    double *values = rig_doubles(count);
    rig_fill(values, count, stream, low, high);
    rig_put(r, array, values);
    free(values);
}

double *problem_get(rig *r, rig_array array)
{
    double *values = rig_doubles(rig_count(r, array));
    rig_get(r, array, values);
    return values;
}

int problem_classes(lg_loss loss, int k)
{
    return loss == LG_LOSS_SIGMOID && k == 1 ? 2 : k;
}

/* Distributions; where there is one output, chances or numbers in [0, 1), which for the softmax of
 * one class can only be 1. */
static float *draw_targets(int64_t rows, int k, lg_loss loss)
{
    float *target = malloc((size_t)rows * (size_t)k * sizeof *target);
    ck_assert_ptr_nonnull(target);
    for (int64_t i = 0; i < rows; i++) {
        double sum = 0.0;
        for (int64_t j = i * k; j < (i + 1) * k; j++) {
            target[j] = (float)rig_uniform(STREAM_TARGET, (uint64_t)j, 0, 1);
            sum += (double)target[j];
        }
        if (k == 1 && loss != LG_LOSS_SOFTMAX) continue;
        for (int64_t j = i * k; j < (i + 1) * k; j++) target[j] = (float)((double)target[j] / sum);
    }
    return target;
}

void problem_tell(rig *r, problem_truth truth)
{
    const int64_t rows = r->shape.rows;
    const int classes = problem_classes(truth.loss, r->shape.k);
    int32_t *label = malloc((size_t)rows * sizeof *label);
    float *weight = malloc((size_t)rows * sizeof *weight);
    float *target = draw_targets(rows, r->shape.k, truth.loss);
    ck_assert_ptr_nonnull(label);
    ck_assert_ptr_nonnull(weight);
    for (int64_t i = 0; i < rows; i++) {
        /* the last class first, then the first, then steps through the others */
        label[i] = (int32_t)((i * (classes / 3 + 1) + classes - 1) % classes);
        weight[i] = (float)rig_uniform(STREAM_WEIGHT, (uint64_t)i, 0.25, 2.0);
    }
    r->step.loss = truth.loss;
    rig_give(r, RIG_LABEL, truth.soft ? NULL : label);
    rig_give(r, RIG_TARGET, truth.soft ? target : NULL);
    rig_give(r, RIG_WEIGHT, truth.weighted ? weight : NULL);
    free(label);
    free(weight);
    free(target);
}

lg_scalars problem_scalars(int t)
{
    lg_scalars s = rig_scalars();
    s.lr = 0.05 / (1 + t);
    s.l2 = 0.01 * (1 + t);
    s.decay = 0.002;
    s.momentum = 0.9 - 0.2 * t;
    s.smoothing = 0.1 * t;
    return s;
}

void problem_give_scalars(rig *r, double scale)
{
    lg_scalars *scalars = malloc((size_t)r->shape.s * sizeof *scalars);
    ck_assert_ptr_nonnull(scalars);
    for (int t = 0; t < r->shape.s; t++) {
        scalars[t] = problem_scalars(t);
        scalars[t].scale = scale;
    }
    rig_give(r, RIG_SCALARS, scalars);
    free(scalars);
}

const rig_shape problem_shapes[PROBLEM_SHAPES] = {{.n = 22, .d = 117, .k = 3, .s = 3},
                                                  {.n = 131, .d = 75, .k = 67, .s = 2},
                                                  {.n = 150, .d = 601, .k = 4, .s = 2},
                                                  {.n = 37, .d = 75, .k = 521, .s = 2}};

void problem_prepare(rig *r, problem_truth truth)
{
    r->step.optim = LG_OPTIM_SGD;
    problem_tell(r, truth);
    problem_give_scalars(r, 1.0 / 16);
    problem_fill(r, RIG_X, 21, -1, 1);
    problem_fill(r, RIG_W, 22, -1, 1);
    problem_fill(r, RIG_B, 23, -1, 1);
}

void problem_parts(rig *r)
{
    rig_run(r, RIG_OP_LOGITS);
    rig_run(r, RIG_OP_LOSS);
    rig_run(r, RIG_OP_SUM);
    rig_run(r, RIG_OP_GRADIENT);
    rig_run(r, RIG_OP_UPDATE);
}

void problem_step(rig *r)
{
    rig_run(r, RIG_OP_PIXELS);
    problem_parts(r);
}
