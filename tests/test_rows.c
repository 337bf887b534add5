/* test_rows.c -- properties of a loss over a million random rows of logits.
 *
 * Tests (suite rows).  RELIABILITY's line P, on every device of the table that opens here: losses
 * are never negative, chances lie in 0 .. 1 and sum to one, a higher score for the right class is
 * never a higher loss, and softmax over (0, z) is the sigmoid of z.  Rows go from calm to hopeless:
 * row i has logits within 2^(i mod 10 - 2).  (Shifts and single rows: test_laws.c.) */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_rows(void);

enum { ROWS = 125000, BLOCKS = 8, CLASSES = 5 };

static double spread(int64_t row)
{
    return ldexp(1.0, (int)(row % 10) - 2);
}

/* Logits of block b, [ROWS][k]. */
static double *draw_logits(int block, int k)
{
    double *z = rig_doubles((int64_t)ROWS * k);
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = i * k; j < (i + 1) * k; j++)
            z[j] = rig_uniform((uint32_t)(200 + block), (uint64_t)j, -spread(i), spread(i));
    return z;
}

static int32_t *draw_labels(int classes)
{
    int32_t *label = malloc(ROWS * sizeof *label);
    ck_assert_ptr_nonnull(label);
    for (int i = 0; i < ROWS; i++) label[i] = (i / 10 + i / 3) % classes;
    return label;
}

static double unit_of(const rig *r)
{
    return r->backend->ops->real_bytes == 8 ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
}

/* Losses and slopes for these logits, for free(). */
static void loss_of(rig *r, const double *z, double **loss, double **dz)
{
    rig_put(r, RIG_Z, z);
    rig_run(r, RIG_OP_LOSS);
    *loss = problem_get(r, RIG_ROW_LOSS);
    *dz = problem_get(r, RIG_Z);
}

/* |sum of a row's slopes| <= K u, each chance p = dz + [j = y] in 0 .. 1, the loss >= 0.  (No
 * ck_assert: one for each of a million rows takes longer than the rows.) */
static int row_is_sane(const double *dz, int y, double loss, double u)
{
    double sum = 0.0;
    for (int j = 0; j < CLASSES; j++) {
        const double p = dz[j] + (j == y);
        if (!(p >= 0.0 && p <= 1.0)) return 0;
        sum += dz[j];
    }
    return fabs(sum) <= CLASSES * u && loss >= 0.0;
}

START_TEST(softmax_rows_are_sane)
{
    double *z = draw_logits(_i, CLASSES);
    int32_t *label = draw_labels(CLASSES);
    for (int row = 0;;) {
        rig r;
        double *loss, *dz, *less, *unused;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&r, backend, (rig_shape){.n = ROWS, .d = 1, .k = CLASSES, .s = 1});
        r.step.loss = LG_LOSS_SOFTMAX;
        rig_give(&r, RIG_LABEL, label);
        loss_of(&r, z, &loss, &dz);
        for (int64_t i = 0; i < ROWS; i++)
            if (!row_is_sane(dz + i * CLASSES, label[i], loss[i], unit_of(&r)))
                ck_abort_msg("%s: row %lld: loss %g, slopes %g %g %g %g %g", r.backend->ops->name,
                             (long long)i, loss[i], dz[i * CLASSES], dz[i * CLASSES + 1],
                             dz[i * CLASSES + 2], dz[i * CLASSES + 3], dz[i * CLASSES + 4]);
        /* A quarter of the row's spread more for the right class. */
        for (int64_t i = 0; i < ROWS; i++) z[i * CLASSES + label[i]] += spread(i) / 4;
        loss_of(&r, z, &less, &unused);
        for (int64_t i = 0; i < ROWS; i++)
            if (!(less[i] <= loss[i]))
                ck_abort_msg("%s: row %lld: loss %g, more for a better score: %g",
                             r.backend->ops->name, (long long)i, loss[i], less[i]);
        for (int64_t i = 0; i < ROWS; i++) z[i * CLASSES + label[i]] -= spread(i) / 4;
        free(loss);
        free(dz);
        free(less);
        free(unused);
        rig_close(&r);
    }
    free(z);
    free(label);
}
END_TEST

START_TEST(softmax_of_two_is_the_sigmoid) /* 4 ulp */
{
    double *z = draw_logits(_i, 1), *pair = rig_doubles(2 * ROWS);
    int32_t *label = draw_labels(2);
    for (int64_t i = 0; i < ROWS; i++) {
        pair[2 * i] = 0.0;
        pair[2 * i + 1] = z[i];
    }
    for (int row = 0;;) {
        rig one, two;
        double *loss_one, *dz_one, *loss_two, *dz_two;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&one, backend, (rig_shape){.n = ROWS, .d = 1, .k = 1, .s = 1});
        rig_open(&two, problem_device(backend->ops->name, 1),
                 (rig_shape){.n = ROWS, .d = 1, .k = 2, .s = 1});
        one.step.loss = LG_LOSS_SIGMOID;
        two.step.loss = LG_LOSS_SOFTMAX;
        rig_give(&one, RIG_LABEL, label);
        rig_give(&two, RIG_LABEL, label);
        loss_of(&one, z, &loss_one, &dz_one);
        loss_of(&two, pair, &loss_two, &dz_two);
        for (int64_t i = 0; i < ROWS; i++) dz_two[i] = dz_two[2 * i + 1];
        const double u = unit_of(&one), tiny = 4 * 0x1p-149;
        assert_near(loss_one, loss_two, ROWS, tiny, 8 * u);
        assert_near(dz_one, dz_two, ROWS, fmax(2 * u, tiny), 8 * u);
        free(loss_one);
        free(dz_one);
        free(loss_two);
        free(dz_two);
        rig_close(&one);
        rig_close(&two);
    }
    free(z);
    free(pair);
    free(label);
}
END_TEST

Suite *lg_suite_rows(void)
{
    Suite *suite = suite_create("rows");
    TCase *tc = tcase_create("rows");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, softmax_rows_are_sane, 0, BLOCKS);
    tcase_add_loop_test(tc, softmax_of_two_is_the_sigmoid, 0, BLOCKS);
    suite_add_tcase(suite, tc);
    return suite;
}
