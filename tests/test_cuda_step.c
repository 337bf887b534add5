/* test_cuda_step.c -- pixels, sums, updates and the fused step of the kernels: the bits of the CPU.
 *
 * Tests (suite cuda_step).  Given the same gradient the weights agree to the last bit, for every
 * optimiser; so do unpacked pixels, column sums and totals.  A fused step is compared where its
 * products are exact: one feature that is 1, one row. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/elements.h"
#include "tests/near.h"
#include "tests/twin_rig.h"

Suite *lg_suite_cuda_step(void);

/* ---------------------------------------------------------------------------------- pixels --- */

/* d: a row starts at a multiple of 4 bytes, or not; fewer than a warp's, around 128, many.  n:
 * around what a block takes at once, and more than all of them do. */
static const rig_shape pictures[] = {
    {.n = 1, .d = 1, .k = 1, .s = 1},     {.n = 9, .d = 3, .k = 1, .s = 1},
    {.n = 33, .d = 4, .k = 1, .s = 1},    {.n = 8, .d = 127, .k = 1, .s = 1},
    {.n = 7, .d = 128, .k = 1, .s = 1},   {.n = 5, .d = 129, .k = 1, .s = 1},
    {.n = 3, .d = 132, .k = 1, .s = 1},   {.n = 130, .d = 784, .k = 1, .s = 1},
    {.n = 6, .d = 2025, .k = 1, .s = 1},  {.n = 2, .d = 30000, .k = 1, .s = 1},
    {.n = 40000, .d = 2, .k = 1, .s = 1},
};
enum { PICTURES = sizeof pictures / sizeof *pictures };

static void give_pictures(twin *t)
{
    const rig_shape *shape = &t->cpu.shape;
    const size_t d = (size_t)shape->d;
    uint8_t *pixels = elements_make(shape->element, ELEMENTS_WILD, shape->rows * shape->d);
    float *numbers = malloc(2 * d * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (size_t j = 0; j < d; j++) {
        numbers[j] = (float)rig_uniform(60, j, 0.001, 0.02);
        numbers[d + j] = (float)rig_uniform(61, j, -2, 0);
    }
    twin_give(t, RIG_PIXELS, pixels);
    twin_give(t, RIG_SCALE, numbers);
    twin_give(t, RIG_SHIFT, numbers + d);
    free(pixels);
    free(numbers);
}

START_TEST(pixels_have_the_bits_of_the_cpu) /* picture x element */
{
    rig_shape shape = pictures[_i / LG_ELEMENT_COUNT];
    shape.element = (lg_element)(_i % LG_ELEMENT_COUNT);
    shape.rows = shape.n + 3;
    twin t;
    if (twin_skips(_i) || !twin_open(&t, shape, _i)) return;
    int32_t *rows = malloc((size_t)shape.n * sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    for (int64_t i = 0; i < shape.n; i++) rows[i] = (int32_t)((i * 5 + 2) % shape.rows);
    give_pictures(&t);
    for (int gather = 0; gather < 2; gather++) {
        twin_give(&t, RIG_ROW, gather ? rows : NULL);
        twin_run(&t, RIG_OP_PIXELS);
        twin_same(&t, RIG_X, gather ? "x, gathered" : "x");
    }
    free(rows);
    twin_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------------ sums --- */

/* n: either side of a chain's width, of the switch at 512, and of 16 rows a chain; columns: fewer
 * than a block's, a ragged last block, settings that share a block, 4096 and on. */
static const rig_shape tables[] = {
    {.n = 1, .d = 1, .k = 1, .s = 1},     {.n = 15, .d = 1, .k = 3, .s = 5},
    {.n = 17, .d = 1, .k = 10, .s = 1},   {.n = 257, .d = 1, .k = 7, .s = 3},
    {.n = 511, .d = 1, .k = 2, .s = 9},   {.n = 512, .d = 1, .k = 8, .s = 2},
    {.n = 513, .d = 1, .k = 10, .s = 1},  {.n = 700, .d = 1, .k = 1, .s = 33},
    {.n = 4096, .d = 1, .k = 3, .s = 1},  {.n = 4097, .d = 1, .k = 2, .s = 2},
    {.n = 9000, .d = 1, .k = 1, .s = 1},  {.n = 3, .d = 1, .k = 4096, .s = 1},
    {.n = 33, .d = 1, .k = 1033, .s = 4}, {.n = 520, .d = 1, .k = 11, .s = 373},
};
enum { TABLES = sizeof tables / sizeof *tables };

START_TEST(sums_have_the_bits_of_the_cpu) /* table */
{
    twin t;
    if (twin_skips(_i) || !twin_open(&t, tables[_i], _i)) return;
    twin_tell(&t, (problem_truth){.loss = LG_LOSS_MSE, .weighted = 1});
    twin_scalars(&t, 1.0 / 64);
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        t.gpu.step.accumulate = t.cpu.step.accumulate = accumulate;
        t.gpu.step.number = t.cpu.step.number = accumulate;
        twin_fill(&t, RIG_Z, 90, -3, 3);
        twin_fill(&t, RIG_GB, 91, -1, 1);
        twin_run(&t, RIG_OP_LOSS);
        twin_run(&t, RIG_OP_SUM);
        twin_same(&t, RIG_GB, "gb");
        twin_same_totals(&t, "totals");
    }
    twin_close(&t);
}
END_TEST

/* The lowest step, and its lowest row, are latched, whatever was latched before. */
START_TEST(the_first_bad_loss_is_latched) /* n */
{
    static const int64_t ns[] = {40, 600, 5000};
    const rig_shape shape = {.n = ns[_i], .d = 1, .k = 1, .s = 4};
    const lg_total before[] = {{1.5, -1, -1}, {2.5, 7, 3}, {3.5, 8, 9}, {4.5, 9, 1}};
    static const int64_t numbers[] = {8, 3, 12};
    twin t;
    if (!twin_open(&t, shape, _i)) return;
    double *z = rig_doubles(rig_count(&t.cpu, RIG_Z));
    rig_fill(z, rig_count(&t.cpu, RIG_Z), 92, -2, 2);
    for (int s = 0; s < 4; s++)
        z[(shape.n / 2 + 9) * 4 + s] = z[(shape.n / 2 - 7 + s) * 4 + s] = z[(shape.n - 1) * 4 + s] =
            NAN;
    twin_tell(&t, (problem_truth){.loss = LG_LOSS_SIGMOID, .weighted = 1});
    twin_scalars(&t, 1.0);
    twin_put(&t, RIG_Z, z);
    twin_run(&t, RIG_OP_LOSS);
    twin_give(&t, RIG_TOTAL, before);
    for (int i = 0; i < 3; i++) {
        t.gpu.step.number = t.cpu.step.number = numbers[i];
        twin_run(&t, RIG_OP_SUM);
        twin_same_totals(&t, "latch");
    }
    free(z);
    twin_close(&t);
}
END_TEST

/* The bias: with a product that is exact, logits are w + b. */
START_TEST(biases_are_added_once) /* columns and rows */
{
    static const rig_shape shapes[] = {{.n = 1, .d = 1, .k = 1, .s = 1},
                                       {.n = 37, .d = 1, .k = 10, .s = 3},
                                       {.n = 9, .d = 1, .k = 128, .s = 1},
                                       {.n = 9, .d = 1, .k = 1000, .s = 1},
                                       {.n = 700, .d = 1, .k = 7, .s = 1}};
    twin t;
    if (!twin_open(&t, shapes[_i], _i)) return;
    twin_fill(&t, RIG_X, 0, 1, 1);
    twin_fill(&t, RIG_W, 93, -1, 1);
    twin_fill(&t, RIG_B, 94, -1, 1);
    twin_run(&t, RIG_OP_LOGITS);
    double *w = problem_get(&t.cpu, RIG_W), *b = problem_get(&t.cpu, RIG_B);
    double *want = rig_doubles(rig_count(&t.cpu, RIG_Z));
    const int64_t columns = rig_count(&t.cpu, RIG_B);
    for (int64_t i = 0; i < rig_count(&t.cpu, RIG_Z); i++)
        want[i] = (double)((float)w[i % columns] + (float)b[i % columns]);
    twin_is(&t, RIG_Z, want, "z");
    free(w);
    free(b);
    free(want);
    twin_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------------- updates --- */

/* d: settings start at a multiple of 16 bytes, or not; more than all blocks take at once. */
static const rig_shape weights[] = {
    {.n = 1, .d = 1, .k = 1, .s = 1},     {.n = 1, .d = 5, .k = 3, .s = 1},
    {.n = 1, .d = 5, .k = 3, .s = 3},     {.n = 1, .d = 16, .k = 10, .s = 2},
    {.n = 1, .d = 784, .k = 10, .s = 1},  {.n = 1, .d = 37, .k = 100, .s = 4},
    {.n = 1, .d = 1, .k = 1000, .s = 2},  {.n = 1, .d = 30001, .k = 1, .s = 1},
    {.n = 1, .d = 700, .k = 1, .s = 300},
};
enum { WEIGHTS = sizeof weights / sizeof *weights };

/* plain: no momentum anywhere; mixed: in every other setting. */
typedef enum motion { PLAIN, MIXED, ALL, NESTEROV, MOTIONS } motion;

static void give_motion(twin *t, motion how)
{
    lg_scalars scalars[300];
    for (int s = 0; s < t->cpu.shape.s; s++) {
        scalars[s] = problem_scalars(s % 4);
        if (how == PLAIN || (how == MIXED && s % 2 == 0)) scalars[s].momentum = 0.0;
        if (s % 3 == 2) scalars[s].l2 = scalars[s].decay = 0.0;
    }
    twin_give(t, RIG_SCALARS, scalars);
    t->gpu.step.nesterov = t->cpu.step.nesterov = how == NESTEROV;
}

static void compare_weights(rig_shape shape, lg_optim optim, motion how, int seed)
{
    static const rig_array results[] = {RIG_W,        RIG_B,        RIG_STATE_W0,
                                        RIG_STATE_W1, RIG_STATE_B0, RIG_STATE_B1};
    twin t;
    if (!twin_open(&t, shape, seed)) return;
    t.gpu.step.optim = t.cpu.step.optim = optim;
    give_motion(&t, how);
    twin_fill(&t, RIG_W, 80, -1, 1);
    twin_fill(&t, RIG_B, 81, -1, 1);
    for (uint32_t step = 0; step < 3; step++) {
        twin_fill(&t, RIG_GW, 82 + step, -1, 1);
        twin_fill(&t, RIG_GB, 86 + step, -1, 1);
        twin_run(&t, RIG_OP_UPDATE);
    }
    for (size_t a = 0; a < sizeof results / sizeof *results; a++)
        twin_same(&t, results[a], lg_optims[optim].name);
    twin_close(&t);
}

START_TEST(weights_have_the_bits_of_the_cpu) /* weights x optimiser */
{
    for (int how = 0; how < MOTIONS; how++)
        if (!twin_skips(_i * MOTIONS + how))
            compare_weights(weights[_i / LG_OPTIM_COUNT], (lg_optim)(_i % LG_OPTIM_COUNT),
                            (motion)how, _i);
}
END_TEST

START_TEST(no_momentum_needs_no_state)
{
    twin t;
    if (!twin_open(&t, weights[4], 0)) return;
    t.gpu.step.optim = LG_OPTIM_SGD;
    give_motion(&t, PLAIN);
    twin_fill(&t, RIG_W, 80, -1, 1);
    twin_fill(&t, RIG_B, 81, -1, 1);
    twin_fill(&t, RIG_GW, 82, -1, 1);
    twin_fill(&t, RIG_GB, 86, -1, 1);
    t.gpu.step.state_w[0] = t.gpu.step.state_w[1] = NULL;
    t.gpu.step.state_b[0] = t.gpu.step.state_b[1] = NULL;
    t.cpu.step.optim = LG_OPTIM_SGD;
    twin_run(&t, RIG_OP_UPDATE);
    twin_same(&t, RIG_W, "w");
    twin_same(&t, RIG_B, "b");
    twin_close(&t);
}
END_TEST

/* ---------------------------------------------------------------------------------- fusion --- */

/* One row, one feature that is 1: z = w + b, gw = dz, with no rounding but that of the kernels; a
 * learning rate of 1/2 may stand before a sum or behind it. */
static int open_exact(twin *t, int k, int s, int seed)
{
    const uint8_t pixel = 9;
    const float zero = 0.0f, one = 1.0f, weight = 0.7f;
    if (!twin_open(t, (rig_shape){.n = 1, .d = 1, .k = k, .s = s}, seed)) return 0;
    twin_tell(t, (problem_truth){.loss = (lg_loss)(seed % LG_LOSS_COUNT)});
    twin_give(t, RIG_WEIGHT, &weight);
    twin_give(t, RIG_PIXELS, &pixel);
    twin_give(t, RIG_SCALE, &zero);
    twin_give(t, RIG_SHIFT, &one);
    twin_fill(t, RIG_W, 83, -1, 1);
    twin_fill(t, RIG_B, 84, -1, 1);
    t->gpu.step.optim = t->cpu.step.optim = LG_OPTIM_SGD;
    return 1;
}

static void give_exact(twin *t, double momentum, double l2)
{
    lg_scalars scalars[3];
    for (int s = 0; s < t->cpu.shape.s; s++) {
        scalars[s] = rig_scalars();
        scalars[s].lr = 0.5;
        scalars[s].l2 = l2 * (1 + s);
        scalars[s].scale = 0.3;
        scalars[s].smoothing = 0.1 * s;
        scalars[s].momentum = momentum;
    }
    twin_give(t, RIG_SCALARS, scalars);
}

START_TEST(a_folded_gradient_carries_the_learning_rate) /* k x settings */
{
    static const int ks[] = {1, 10, 33, 300, 700, 8193};
    const int s = _i % 2 ? 3 : 1, k = ks[_i / 2];
    twin t;
    if (twin_skips(_i) || !open_exact(&t, k, s, _i)) return;
    give_exact(&t, 0.0, 0.01);
    double *w = problem_get(&t.cpu, RIG_W);
    twin_run(&t, RIG_OP_STEP);
    twin_same(&t, RIG_ROW_LOSS, "loss");
    twin_same(&t, RIG_B, "b");
    double *dz = problem_get(&t.cpu, RIG_GB);
    for (int64_t c = 0; c < rig_count(&t.cpu, RIG_GB); c++) {
        const float factor = (float)(1.0 - 0.5 * (0.01 * (1 + (double)(c / k))));
        dz[c] *= 0.5;
        w[c] = (double)(factor * (float)w[c] - (float)dz[c]);
    }
    twin_is(&t, RIG_Z, dz, "z");
    twin_is(&t, RIG_GB, dz, "gb");
    if (s > 1) twin_is(&t, RIG_W, w, "w"); /* one setting: beta, which BLAS rounds as it likes */
    twin_same_totals(&t, "totals");
    free(w);
    free(dz);
    twin_close(&t);
}
END_TEST

START_TEST(a_gradient_in_the_velocity_gives_the_same_weights) /* k */
{
    static const int ks[] = {1, 10, 300, 700};
    twin t;
    if (!open_exact(&t, ks[_i], 1, _i)) return;
    give_exact(&t, 0.75, 0.01);
    twin_run(&t, RIG_OP_STEP); /* from a velocity of zero: v = g + l2 w */
    static const rig_array results[] = {RIG_ROW_LOSS, RIG_GB,       RIG_B,
                                        RIG_W,        RIG_STATE_W0, RIG_STATE_B0};
    for (size_t a = 0; a < sizeof results / sizeof *results; a++)
        twin_same(&t, results[a], "velocity");
    double *dz = problem_get(&t.cpu, RIG_GB);
    twin_is(&t, RIG_Z, dz, "z");
    free(dz);
    twin_close(&t);
}
END_TEST

Suite *lg_suite_cuda_step(void)
{
    Suite *suite = suite_create("cuda_step");
    TCase *tc = tcase_create("bits");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    tcase_add_loop_test(tc, pixels_have_the_bits_of_the_cpu, 0, PICTURES * LG_ELEMENT_COUNT);
    tcase_add_loop_test(tc, sums_have_the_bits_of_the_cpu, 0, TABLES);
    tcase_add_loop_test(tc, the_first_bad_loss_is_latched, 0, 3);
    tcase_add_loop_test(tc, biases_are_added_once, 0, 5);
    tcase_add_loop_test(tc, weights_have_the_bits_of_the_cpu, 0, WEIGHTS * LG_OPTIM_COUNT);
    tcase_add_test(tc, no_momentum_needs_no_state);
    tcase_add_loop_test(tc, a_folded_gradient_carries_the_learning_rate, 0, 12);
    tcase_add_loop_test(tc, a_gradient_in_the_velocity_gives_the_same_weights, 0, 4);
    suite_add_tcase(suite, tc);
    return suite;
}
