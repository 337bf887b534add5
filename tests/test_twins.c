/* test_twins.c -- every backend beside the float64 reference, op by op.
 *
 * Tests (suite twins).  Loops over the tables of devices, losses and optimisers: a new row is
 * tested without another edit.  Both sides get the same numbers, exact in float; every op is
 * judged alone, so that no error is charged to the wrong one.  The rig looks at every byte that an
 * op should not have written.  Whole trainings are in test_twins_train.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/elements.h"
#include "tests/pair.h"

Suite *lg_suite_twins(void);

/* By kernel regime.  k: one output; two; a few; around one and two vectors of 16; many; around the
 * blocks of a matrix product; more than any register tile.  d: less than a vector, around one and
 * two, MNIST, CIFAR-10, photos of 3x100x100.  n: one row, a pair, less than a block, a batch, one
 * more.  s: one setting, several.  Last, what users run. */
static const rig_shape shapes[] = {
    {.n = 7, .d = 5, .k = 1, .s = 1},      {.n = 7, .d = 5, .k = 2, .s = 1},
    {.n = 7, .d = 5, .k = 3, .s = 1},      {.n = 7, .d = 5, .k = 10, .s = 1},
    {.n = 7, .d = 5, .k = 15, .s = 1},     {.n = 7, .d = 5, .k = 16, .s = 1},
    {.n = 7, .d = 5, .k = 17, .s = 1},     {.n = 7, .d = 5, .k = 31, .s = 1},
    {.n = 7, .d = 5, .k = 32, .s = 1},     {.n = 7, .d = 5, .k = 33, .s = 1},
    {.n = 7, .d = 5, .k = 100, .s = 1},    {.n = 7, .d = 5, .k = 256, .s = 1},
    {.n = 7, .d = 5, .k = 257, .s = 1},    {.n = 7, .d = 5, .k = 512, .s = 1},
    {.n = 7, .d = 5, .k = 513, .s = 1},    {.n = 7, .d = 5, .k = 1000, .s = 1},
    {.n = 7, .d = 5, .k = 2048, .s = 1},   {.n = 7, .d = 1, .k = 3, .s = 1},
    {.n = 7, .d = 3, .k = 3, .s = 1},      {.n = 7, .d = 15, .k = 3, .s = 1},
    {.n = 7, .d = 16, .k = 3, .s = 1},     {.n = 7, .d = 17, .k = 3, .s = 1},
    {.n = 7, .d = 31, .k = 3, .s = 1},     {.n = 7, .d = 784, .k = 3, .s = 1},
    {.n = 7, .d = 3072, .k = 3, .s = 1},   {.n = 7, .d = 30000, .k = 3, .s = 1},
    {.n = 1, .d = 37, .k = 10, .s = 1},    {.n = 2, .d = 37, .k = 10, .s = 1},
    {.n = 128, .d = 37, .k = 10, .s = 1},  {.n = 129, .d = 37, .k = 10, .s = 1},
    {.n = 1, .d = 37, .k = 33, .s = 1},    {.n = 2, .d = 37, .k = 33, .s = 1},
    {.n = 128, .d = 37, .k = 33, .s = 1},  {.n = 129, .d = 37, .k = 33, .s = 1},
    {.n = 7, .d = 31, .k = 1, .s = 3},     {.n = 7, .d = 31, .k = 10, .s = 3},
    {.n = 5, .d = 17, .k = 100, .s = 3},   {.n = 129, .d = 37, .k = 300, .s = 2},
    {.n = 128, .d = 784, .k = 10, .s = 1}, {.n = 129, .d = 784, .k = 10, .s = 3},
    {.n = 65, .d = 30000, .k = 1, .s = 1}, {.n = 33, .d = 768, .k = 1000, .s = 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* ------------------------------------------------------------------------------ pixels --- */

/* shape x element.  One fused multiply-add: half an ulp; the reference adds its own. */
START_TEST(pixels_agree)
{
    rig_shape shape = shapes[_i / LG_ELEMENT_COUNT];
    shape.rows = shape.n + 3;
    shape.element = (lg_element)(_i % LG_ELEMENT_COUNT);
    uint8_t *pixels = elements_make(shape.element, ELEMENTS_TAME, shape.rows * shape.d);
    int32_t *rows = malloc((size_t)shape.n * sizeof *rows);
    float *scale = malloc((size_t)shape.d * 2 * sizeof *scale), *shift = scale + shape.d;
    for (int64_t i = 0; i < shape.n; i++) rows[i] = (int32_t)((i * 5 + 2) % shape.rows);
    for (int64_t j = 0; j < shape.d; j++) {
        const float mean = (float)rig_uniform(60, (uint64_t)j, 0.1, 0.9);
        const float std = (float)rig_uniform(61, (uint64_t)j, 0.05, 0.5);
        scale[j] = 1.0f / (lg_element_is_float(shape.element) ? std : 255.0f * std);
        shift[j] = -mean / std;
    }
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shape); pair_close(&p)) {
        pair_give(&p, RIG_PIXELS, pixels);
        pair_give(&p, RIG_SCALE, scale);
        pair_give(&p, RIG_SHIFT, shift);
        for (int gather = 0; gather < 2; gather++) {
            pair_give(&p, RIG_ROW, gather ? rows : NULL);
            pair_run(&p, RIG_OP_PIXELS);
            double *x = problem_get(&p.ref, RIG_X);
            for (int64_t i = 0; i < shape.n * shape.d; i++) x[i] = 2 * pair_u * fabs(x[i]);
            pair_compare(&p, RIG_X, x, gather ? "x, gathered" : "x");
            free(x);
        }
    }
    free(pixels);
    free(rows);
    free(scale);
}
END_TEST

/* ----------------------------------------------------------------------------- matmuls --- */

/* Inputs like the real ones, or small integers, whose sums float holds exactly. */
static void fill_matmul(pair *p, int integers)
{
    static const rig_array arrays[] = {RIG_X, RIG_W, RIG_B, RIG_Z, RIG_GW};
    for (uint32_t a = 0; a < 5; a++) {
        const int64_t count = rig_count(&p->ref, arrays[a]);
        double *values = rig_doubles(count);
        rig_fill(values, count, 70 + a, a == 0 ? 0 : -1, 1); /* x is never below zero here */
        for (int64_t i = 0; i < count && integers; i++) values[i] = floor(8 * values[i]);
        pair_put(p, arrays[a], values);
        free(values);
    }
}

/* 8 sqrt(m) u sum|a b|, per element: the random walk of m roundings with room to spare, where the
 * worst case m u sum|a b| would hide most faults.  The sums of |a b| come from the reference, on
 * the absolute values. */
static double *matmul_bound(pair *p, rig_op op, rig_array out, int64_t terms)
{
    static const rig_array arrays[] = {RIG_X, RIG_W, RIG_B, RIG_Z, RIG_GW};
    rig *r = &p->ref;
    double *kept[5], *result = problem_get(r, out);
    for (int a = 0; a < 5; a++) {
        kept[a] = problem_get(r, arrays[a]);
        double *positive = problem_get(r, arrays[a]);
        for (int64_t i = 0; i < rig_count(r, arrays[a]); i++) positive[i] = fabs(positive[i]);
        rig_put(r, arrays[a], positive);
        free(positive);
    }
    rig_run(r, op);
    double *bound = problem_get(r, out);
    for (int64_t i = 0; i < rig_count(r, out); i++) bound[i] *= 8 * sqrt((double)terms) * pair_u;
    for (int a = 0; a < 5; a++) {
        rig_put(r, arrays[a], kept[a]);
        free(kept[a]);
    }
    rig_put(r, out, result);
    free(result);
    return bound;
}

static void compare_matmul(int shape, rig_op op, rig_array out, int64_t terms, int accumulate)
{
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shapes[shape]); pair_close(&p)) {
        p.device.step.accumulate = p.ref.step.accumulate = accumulate;
        for (int integers = 0; integers < 2; integers++) {
            fill_matmul(&p, integers);
            double *bound = matmul_bound(&p, op, out, terms);
            for (int64_t i = 0; i < rig_count(&p.ref, out) && integers; i++) bound[i] = 0.0;
            pair_run(&p, op);
            pair_compare(&p, out, bound, integers ? "integers" : "reals");
            free(bound);
        }
    }
}

START_TEST(logits_agree)
{
    compare_matmul(_i, RIG_OP_LOGITS, RIG_Z, shapes[_i].d + 1, 0);
}
END_TEST

START_TEST(gradients_agree)
{
    compare_matmul(_i, RIG_OP_GRADIENT, RIG_GW, shapes[_i].n, 0);
}
END_TEST

START_TEST(gradients_agree_where_they_add_up)
{
    compare_matmul(_i, RIG_OP_GRADIENT, RIG_GW, shapes[_i].n + 1, 1);
}
END_TEST

/* ------------------------------------------------------------------------------ update --- */

/* Which of the step's numbers are on. */
static const struct {
    const char *what;
    double l2, decay, momentum;
    int nesterov;
} updates[] = {
    {"plain", 0, 0, 0, 0},      {"l2", 0.25, 0, 0, 0},      {"decay", 0, 0.125, 0, 0},
    {"momentum", 0, 0, 0.9, 0}, {"nesterov", 0, 0, 0.9, 1}, {"everything", 0.25, 0.125, 0.9, 1},
};
enum { UPDATES = sizeof updates / sizeof *updates };

/* Weights no larger than their step, so that the step's own digits show; step 3 of the run. */
static void fill_update(pair *p, int u)
{
    lg_scalars scalars[3];
    for (int t = 0; t < 3; t++) {
        scalars[t] = rig_scalars();
        scalars[t].lr = 0.1 * (t + 1);
        scalars[t].l2 = updates[u].l2;
        scalars[t].decay = updates[u].decay;
        scalars[t].momentum = updates[u].momentum;
        scalars[t].correct1 = 1 / (1 - pow(scalars[t].beta1, 3));
        scalars[t].correct2 = 1 / (1 - pow(scalars[t].beta2, 3));
    }
    p->device.step.nesterov = p->ref.step.nesterov = updates[u].nesterov;
    pair_give(p, RIG_SCALARS, scalars);
    pair_fill(p, RIG_W, 80, -0.125, 0.125);
    pair_fill(p, RIG_B, 81, -0.125, 0.125);
    pair_fill(p, RIG_GW, 82, -1, 1);
    pair_fill(p, RIG_GB, 83, -1, 1);
    pair_fill(p, RIG_STATE_W0, 84, -0.5, 0.5);
    pair_fill(p, RIG_STATE_B0, 85, -0.5, 0.5);
    pair_fill(p, RIG_STATE_W1, 86, 0.0001, 0.0005);
    pair_fill(p, RIG_STATE_B1, 87, 0.0001, 0.0005);
}

/* Rounding of the scalars, of g and of each operation.  The step, of size |w' - w| + lr, counts 12
 * roundings and w itself 2; a state counts 3, and 6 of the gradient that went into it.  Plain
 * float32 takes up to 0.23 of this. */
static double *update_bound(pair *p, rig_array array, const double *before)
{
    double *bound = problem_get(&p->ref, array);
    const int64_t count = rig_count(&p->ref, array);
    for (int64_t i = 0; i < count; i++) {
        const double lr = 0.1 * (double)(i * p->ref.shape.s / count + 1);
        if (array == RIG_W || array == RIG_B)
            bound[i] = 2 * fabs(bound[i]) + 12 * (fabs(bound[i] - before[i]) + lr);
        else
            bound[i] = 3 * fabs(bound[i]) + 6;
        bound[i] *= pair_u;
    }
    return bound;
}

/* Arrays of state that the step leaves for the next.  A velocity that nothing reads (momentum 0)
 * need not be kept. */
static int kept_states(lg_optim optim, int u)
{
    const int states = lg_optims[optim].states;
    return states == 1 && updates[u].momentum == 0.0 ? 0 : states;
}

START_TEST(updates_agree) /* optimiser x shape of 7 */
{
    static const rig_array of_w[] = {RIG_W, RIG_STATE_W0, RIG_STATE_W1};
    static const rig_array of_b[] = {RIG_B, RIG_STATE_B0, RIG_STATE_B1};
    static const int widths[] = {1, 3, 15, 16, 17, 31, 784};
    const lg_optim optim = (lg_optim)(_i / 7);
    pair p;
    for (int row = 0;
         pair_open_next(&p, &row, (rig_shape){.n = 1, .d = widths[_i % 7], .k = 3, .s = 3});
         pair_close(&p)) {
        p.device.step.optim = p.ref.step.optim = optim;
        for (int u = 0; u < UPDATES; u++) {
            fill_update(&p, u);
            double *w = problem_get(&p.ref, RIG_W), *b = problem_get(&p.ref, RIG_B);
            pair_run(&p, RIG_OP_UPDATE);
            for (int a = 0; a <= kept_states(optim, u); a++) {
                double *bound_w = update_bound(&p, of_w[a], w);
                double *bound_b = update_bound(&p, of_b[a], b);
                pair_compare(&p, of_w[a], bound_w, updates[u].what);
                pair_compare(&p, of_b[a], bound_b, updates[u].what);
                free(bound_w);
                free(bound_b);
            }
            free(w);
            free(b);
        }
    }
}
END_TEST

/* --------------------------------------------------------------------------------- sum --- */

START_TEST(sums_agree) /* n: nothing, one, a pair, a ragged block, a batch, more */
{
    static const int counts[] = {0, 1, 2, 7, 128, 129, 1000};
    const rig_shape shape = {.n = counts[_i], .d = 1, .k = 2, .s = 3, .rows = 1000};
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shape); pair_close(&p)) {
        lg_total got[3], want[3];
        pair_tell(&p, (problem_truth){.loss = LG_LOSS_SOFTMAX, .weighted = 1});
        pair_fill(&p, RIG_ROW_LOSS, 90, 0, 20);
        for (int step = 0; step < 2; step++) {
            p.device.step.number = p.ref.step.number = step;
            pair_run(&p, RIG_OP_SUM);
        }
        rig_get_totals(&p.device, got);
        rig_get_totals(&p.ref, want);
        for (int t = 0; t < 3; t++) {
            assert_near(&got[t].loss, &want[t].loss, 1, 0.0, 1e-7);
            ck_assert_int_eq(got[t].bad_step, -1);
            ck_assert_int_eq(got[t].bad_row, -1);
        }
    }
}
END_TEST

START_TEST(latches_agree) /* a bad row first, in the middle, last; NaN, inf */
{
    static const int64_t bad[] = {0, 64, 128};
    const rig_shape shape = {.n = 129, .d = 1, .k = 2, .s = 3};
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shape); pair_close(&p)) {
        double *loss = rig_doubles(129 * 3);
        for (int64_t step = 4; step < 8; step++) {
            rig_fill(loss, 129 * 3, 91, 0, 20);
            if (step >= 5) loss[bad[_i % 3] * 3 + 1] = _i < 3 ? NAN : INFINITY;
            if (step >= 6) loss[0] = loss[128 * 3] = INFINITY;
            pair_put(&p, RIG_ROW_LOSS, loss);
            p.device.step.number = p.ref.step.number = step;
            pair_run(&p, RIG_OP_SUM);
        }
        lg_total got[3];
        rig_get_totals(&p.device, got);
        const int64_t step[3] = {6, 5, -1}, at[3] = {0, bad[_i % 3], -1};
        for (int t = 0; t < 3; t++) {
            ck_assert_int_eq(got[t].bad_step, step[t]);
            ck_assert_int_eq(got[t].bad_row, at[t]);
        }
        ck_assert(isfinite(got[2].loss));
        free(loss);
    }
}
END_TEST

Suite *lg_suite_twins(void)
{
    Suite *suite = suite_create("twins");
    TCase *tc = tcase_create("ops");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, pixels_agree, 0, SHAPES * LG_ELEMENT_COUNT);
    tcase_add_loop_test(tc, logits_agree, 0, SHAPES);
    tcase_add_loop_test(tc, gradients_agree, 0, SHAPES);
    tcase_add_loop_test(tc, gradients_agree_where_they_add_up, 0, SHAPES);
    tcase_add_loop_test(tc, updates_agree, 0, 7 * LG_OPTIM_COUNT);
    tcase_add_loop_test(tc, sums_agree, 0, 7);
    tcase_add_loop_test(tc, latches_agree, 0, 6);
    suite_add_tcase(suite, tc);
    return suite;
}
