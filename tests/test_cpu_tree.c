/* test_cpu_tree.c -- sums on the CPU follow the tree of core/tree.h, to the last bit.
 *
 * Tests (suite cpu_tree).  The GPU will have to give the same bits, so the order is a contract: it
 * is written here a second time, from the words of tree.h, and compared with ==.  Counts stand on
 * either side of a chain's width (16, 256) and of the switch (512). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>

#include "core/fmath.h"
#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu_tree(void);

/* value[0], value[step], ... added as tree.h says, in float or in double. */
static float tree_float(const double *value, int64_t count, int64_t step)
{
    float chain[256] = {0};
    const int64_t width = count <= 512 ? 16 : 256;
    for (int64_t j = 0; j < count; j++) chain[j % width] += (float)value[j * step];
    for (int64_t half = width / 2; half >= 1; half /= 2)
        for (int64_t l = 0; l < half; l++) chain[l] += chain[l + half];
    return chain[0];
}

static double tree_double(const double *value, int64_t count, int64_t step)
{
    double chain[256] = {0};
    const int64_t width = count <= 512 ? 16 : 256;
    for (int64_t j = 0; j < count; j++) chain[j % width] += value[j * step];
    for (int64_t half = width / 2; half >= 1; half /= 2)
        for (int64_t l = 0; l < half; l++) chain[l] += chain[l + half];
    return chain[0];
}

static const int64_t counts[] = {1, 7, 15, 16, 17, 33, 255, 257, 511, 512, 513, 700, 1024, 1300};
enum { COUNTS = sizeof counts / sizeof *counts };

static void open_rows(rig *r, rig_shape shape, lg_loss loss)
{
    rig_open(r, problem_device("cpu", 3), shape);
    problem_tell(r, (problem_truth){.loss = loss, .weighted = 1});
    problem_give_scalars(r, 1.0 / 64);
    problem_fill(r, RIG_Z, 900, -2, 2);
}

START_TEST(rows_of_a_column) /* n; k small and wide: gb, and gb added to what is there */
{
    static const int ks[] = {3, 300};
    for (int i = 0; i < 2; i++) {
        rig r;
        open_rows(&r, (rig_shape){.n = counts[_i], .d = 1, .k = ks[i], .s = 2}, LG_LOSS_SOFTMAX);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            const int64_t columns = 2 * ks[i];
            problem_fill(&r, RIG_GB, 901, -1, 1);
            double *before = problem_get(&r, RIG_GB);
            r.step.accumulate = accumulate;
            rig_run(&r, RIG_OP_LOSS);
            double *dz = problem_get(&r, RIG_Z), *gb = problem_get(&r, RIG_GB);
            for (int64_t c = 0; c < columns; c++) {
                const float sum = tree_float(dz + c, counts[_i], columns);
                before[c] = (double)(accumulate ? (float)before[c] + sum : sum);
            }
            assert_ulps(gb, before, columns, 0);
            free(before);
            free(dz);
            free(gb);
        }
        rig_close(&r);
    }
}
END_TEST

/* Squares of z - t are rounded once each, so that the sum alone is in question. */
START_TEST(classes_of_a_row) /* k */
{
    enum { N = 21 };
    const int k = (int)counts[_i];
    rig r;
    open_rows(&r, (rig_shape){.n = N, .d = 1, .k = k, .s = 1}, LG_LOSS_MSE);
    rig_give(&r, RIG_WEIGHT, NULL);
    const lg_scalars plain = rig_scalars(); /* scale 1: dz is z - t */
    rig_give(&r, RIG_SCALARS, &plain);
    rig_run(&r, RIG_OP_LOSS);
    double *dz = problem_get(&r, RIG_Z), *loss = problem_get(&r, RIG_ROW_LOSS), want[N];
    for (int64_t i = 0; i < (int64_t)N * k; i++) dz[i] = (double)(float)(dz[i] * dz[i]);
    for (int64_t i = 0; i < N; i++) want[i] = 0.5 * (double)tree_float(dz + i * k, k, 1);
    assert_ulps(loss, want, N, 0);
    free(dz);
    free(loss);
    rig_close(&r);
}
END_TEST

/* The loss of a softmax from core/loss_softmax.h's words and core/fmath.h's exp and log1p, for rows
 * in which the largest logit stands three times where there is room: the first of them is left
 * out. */
static float softmax_in_words(const double *z, int k, int label)
{
    int top = 0;
    for (int j = 1; j < k; j++)
        if (z[j] > z[top]) top = j;
    double *power = rig_doubles(k);
    for (int j = 0; j < k; j++)
        power[j] = j == top ? 0.0 : (double)lg_expf((float)z[j] - (float)z[top]);
    const float rest = tree_float(power, k, 1);
    free(power);
    return lg_log1pf(rest) + ((float)z[top] - (float)z[label]);
}

START_TEST(softmax_of_a_row) /* k */
{
    enum { N = 33 };
    const int k = (int)counts[_i];
    rig r;
    open_rows(&r, (rig_shape){.n = N, .d = 1, .k = k, .s = 1}, LG_LOSS_SOFTMAX);
    const lg_scalars plain = rig_scalars();
    rig_give(&r, RIG_SCALARS, &plain);
    double *z = problem_get(&r, RIG_Z), want[N];
    for (int64_t i = 0; i < N; i++)
        for (int copy = 0; copy < 3; copy++) z[i * k + (i * 5 + copy * 11) % k] = 2.0;
    rig_put(&r, RIG_Z, z);
    for (int64_t i = 0; i < N; i++)
        want[i] = (double)softmax_in_words(z + i * k, k, r.step.batch.label[i]);
    rig_run(&r, RIG_OP_LOSS);
    double *loss = problem_get(&r, RIG_ROW_LOSS);
    assert_ulps(loss, want, N, 0);
    free(loss);
    free(z);
    rig_close(&r);
}
END_TEST

START_TEST(losses_of_a_batch) /* n */
{
    rig r;
    open_rows(&r, (rig_shape){.n = counts[_i], .d = 1, .k = 2, .s = 2}, LG_LOSS_SOFTMAX);
    rig_run(&r, RIG_OP_LOSS);
    lg_total before[2] = {{.loss = 3.25, .bad_step = -1}, {.loss = -1.5, .bad_step = -1}}, after[2];
    rig_give(&r, RIG_TOTAL, before);
    rig_run(&r, RIG_OP_SUM);
    rig_get_totals(&r, after);
    double *loss = problem_get(&r, RIG_ROW_LOSS);
    for (int64_t i = 0; i < counts[_i]; i++)
        for (int t = 0; t < 2; t++)
            loss[2 * i + t] *= (double)r.step.batch.weight[i]; /* exact; the CPU's memory is ours */
    for (int t = 0; t < 2; t++)
        ck_assert(after[t].loss == before[t].loss + tree_double(loss + t, counts[_i], 2));
    free(loss);
    rig_close(&r);
}
END_TEST

Suite *lg_suite_cpu_tree(void)
{
    Suite *suite = suite_create("cpu_tree");
    TCase *tests = tcase_create("tree");
    tcase_add_loop_test(tests, rows_of_a_column, 0, COUNTS);
    tcase_add_loop_test(tests, classes_of_a_row, 0, COUNTS);
    tcase_add_loop_test(tests, softmax_of_a_row, 0, COUNTS);
    tcase_add_loop_test(tests, losses_of_a_batch, 0, COUNTS);
    suite_add_tcase(suite, tests);
    return suite;
}
