/* test_ref.c -- the losses of the float64 reference: known values, the definitions, the slopes.
 *
 * Tests (suite ref).  The reference judges all other backends, so it is judged here by what does
 * not depend on it: values worked out to 60 digits, the long double oracle, differences of its own
 * loss.  The whole step (matmuls, optimisers, sums) is in test_ref_step.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/near.h"
#include "tests/oracle.h"
#include "tests/problem.h"
#include "tests/rig.h"
#include "tests/vectors.h"

Suite *lg_suite_ref(void);

enum { MOST = 1000 }; /* outputs in this file's tests */

/* Loss and gradient of one row, as the backend gives them with weight 1 and scale 1. */
static double row(const oracle_sample *sample, const double *z, double *dz)
{
    rig r;
    rig_open(&r, problem_device("ref", 1), (rig_shape){.n = 1, .d = 1, .k = sample->k, .s = 1});
    r.step.loss = sample->loss;
    rig_give(&r, sample->target ? RIG_TARGET : RIG_LABEL,
             sample->target ? (const void *)sample->target : &sample->label);
    lg_scalars scalars = rig_scalars();
    scalars.smoothing = sample->smoothing;
    rig_give(&r, RIG_SCALARS, &scalars);
    rig_put(&r, RIG_Z, z);
    rig_run(&r, RIG_OP_LOSS);
    double loss;
    rig_get(&r, RIG_ROW_LOSS, &loss);
    rig_get(&r, RIG_Z, dz);
    rig_close(&r);
    return loss;
}

/* --------------------------------------------------------------------- known values --- */

START_TEST(known_losses)
{
    const vector *v = &vectors[_i];
    const oracle_sample sample = {
        .loss = v->loss, .k = v->k, .label = v->label, .smoothing = v->smoothing};
    double dz[4];
    const double loss = row(&sample, v->z, dz);
    char message[NEAR_MESSAGE];
    if (near_check(NEAR_PAIR(&loss, &v->want, 1), (near_bound){.relative = 2 * DBL_EPSILON},
                   message))
        ck_abort_msg("%s: %s", v->id, message);
    for (int j = 0; j < sample.k; j++) ck_assert_msg(isfinite(dz[j]), "%s", v->id);
}
END_TEST

START_TEST(known_probabilities) /* S2 and S10: the gradient, one added at the class */
{
    static const double z[2][4] = {{1, 2, 3, 4}, {-25, 0, 25, 50}};
    static const double want[2][4] = {
        {0.03205860328008499, 0.08714431874203257, 0.23688281808991013, 0.64391425988797231},
        {2.678636961770877e-33, 1.9287498479371314e-22, 1.3887943864771146e-11,
         0.99999999998611206}};
    for (int y = 0; y < 4; y++) {
        const oracle_sample sample = {.loss = LG_LOSS_SOFTMAX, .k = 4, .label = y};
        double dz[4];
        row(&sample, z[_i], dz);
        for (int j = 0; j < 4; j++) {
            if (j == y) dz[j] += 1.0; /* exact enough: this entry is compared absolutely */
            assert_near(&dz[j], &want[_i][j], 1, j == y ? DBL_EPSILON : 0.0, 3 * DBL_EPSILON);
        }
    }
}
END_TEST

/* The slope at the class itself is -(1 - p), which p - 1 would give no digit of. */
START_TEST(slope_of_the_certain_class_keeps_its_digits)
{
    const oracle_sample softmax = {.loss = LG_LOSS_SOFTMAX, .k = 2, .label = 0};
    const oracle_sample sigmoid = {.loss = LG_LOSS_SIGMOID, .k = 1, .label = 1};
    const double z[2] = {50, 0}, want[2] = {-1.9287498479639178e-22, 1.9287498479639178e-22};
    double dz[2];
    row(&softmax, z, dz);
    assert_near(dz, want, 2, 0.0, 2 * DBL_EPSILON);
    row(&sigmoid, z, dz);
    assert_near(dz, want, 1, 0.0, 2 * DBL_EPSILON);
}
END_TEST

START_TEST(many_equal_logits) /* S20, and S21 with as many classes as a row of it has */
{
    static const int classes[2] = {1000, 100000};
    static const double losses[2] = {6.9077552789821371, 11.512925464970228};
    const int k = classes[_i];
    const oracle_sample sample = {.loss = LG_LOSS_SOFTMAX, .k = k, .label = 7};
    double *z = rig_doubles(k), *dz = rig_doubles(k), *want = rig_doubles(k);
    for (int j = 0; j < k; j++) {
        z[j] = 0.0;
        want[j] = 1.0 / k - (j == 7);
    }
    const double loss = row(&sample, z, dz);
    assert_near(&loss, &losses[_i], 1, 0.0, DBL_EPSILON);
    assert_near(dz, want, k, 0.0, 2 * DBL_EPSILON);
    free(z);
    free(dz);
    free(want);
}
END_TEST

START_TEST(one_clear_winner_among_a_thousand) /* S29 */
{
    const oracle_sample sample = {.loss = LG_LOSS_SOFTMAX, .k = 1000, .label = 0};
    const double want = 2.0590903488881318e-6;
    double z[1000], dz[1000];
    for (int j = 0; j < 1000; j++) z[j] = j == 0 ? 10 : -10;
    const double loss = row(&sample, z, dz);
    assert_near(&loss, &want, 1, 0.0, 999 * DBL_EPSILON / 2); /* terms added one by one */
}
END_TEST

START_TEST(stable_where_pytorch_was_not) /* B11: one versus rest, z = [0, -120], y = [0, 1] */
{
    const float y[2] = {0, 1};
    const oracle_sample sample = {.loss = LG_LOSS_SIGMOID, .k = 2, .target = y};
    const double z[2] = {0, -120}, want = 120.69314718055994531, slope[2] = {0.5, -1};
    double dz[2];
    const double loss = row(&sample, z, dz);
    assert_near(&loss, &want, 1, 0.0, DBL_EPSILON);
    assert_near(dz, slope, 2, 0.0, DBL_EPSILON);
}
END_TEST

START_TEST(logits_that_are_not_finite_show) /* N1 */
{
    static const double z[][2] = {
        {NAN, 0}, {0, NAN}, {INFINITY, 0}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}};
    static const lg_loss losses[] = {LG_LOSS_SOFTMAX, LG_LOSS_MSE};
    for (int l = 0; l < 2; l++) {
        for (int y = 0; y < 2; y++) {
            const oracle_sample sample = {.loss = losses[l], .k = 2, .label = y};
            double dz[2];
            ck_assert_msg(!isfinite(row(&sample, z[_i], dz)), "%s, class %d",
                          lg_losses[losses[l]].name, y);
        }
    }
    const oracle_sample sigmoid = {.loss = LG_LOSS_SIGMOID, .k = 2, .label = 0};
    double dz[2];
    if (isnan(z[_i][0] + z[_i][1])) ck_assert(!isfinite(row(&sigmoid, z[_i], dz)));
}
END_TEST

START_TEST(masked_class_has_no_slope) /* N2 */
{
    const oracle_sample sample = {.loss = LG_LOSS_SOFTMAX, .k = 2, .label = 0};
    const double z[2] = {0, -INFINITY}, none[2] = {0, 0};
    double dz[2];
    row(&sample, z, dz);
    assert_near(dz, none, 2, 0.0, 0.0);
}
END_TEST

/* ------------------------------------------------------------------ the definitions --- */

/* One output, two, a few, many; calm logits, hard ones, and ones where exp would overflow. */
static const struct {
    int k;
    double spread;
} rows[] = {{1, 3}, {2, 1}, {2, 40}, {3, 5}, {10, 1}, {10, 30}, {33, 10}, {7, 800}, {10, 6000}};
enum { ROWS = sizeof rows / sizeof *rows };
static const double smoothings[] = {0.0, 0.1, 1.0};

/* Sample `number` of a case: its logits, and its truth as a class or as k soft targets. */
static oracle_sample draw(lg_loss loss, int c, int smooth, int soft, uint64_t number, double *z,
                          float *target)
{
    const int k = rows[c].k;
    const uint32_t stream = (uint32_t)(100 + c);
    double sum = 0.0;
    for (int j = 0; j < k; j++) {
        const uint64_t index = number * MOST + (uint64_t)j;
        z[j] = rig_uniform(stream, index, -rows[c].spread, rows[c].spread);
        target[j] = (float)rig_uniform(stream + 50, index, 0, 1);
        sum += target[j];
    }
    for (int j = 0; j < k && k > 1; j++) target[j] = (float)(target[j] / sum);
    const int classes = loss == LG_LOSS_SIGMOID && k == 1 ? 2 : k;
    return (oracle_sample){.loss = loss,
                           .k = k,
                           .label = (int)(number % (uint64_t)classes),
                           .target = soft ? target : NULL,
                           .smoothing = smoothings[smooth]};
}

/* In units of u = DBL_EPSILON / 2.  exp, log1p, each product and each sum are worth about one; the
 * most comes from 1 - t, whose rounding error counts against t = 0.95 twentyfold.  Measured over
 * these cases: 6.3 u for a loss, 2.5 u for a slope; 4 times that is allowed. */
static const double loss_bound = 26 * DBL_EPSILON / 2, slope_bound = 10 * DBL_EPSILON / 2;

START_TEST(loss_and_slope_are_as_defined) /* loss x smoothing x (class, soft) */
{
    const lg_loss loss = (lg_loss)(_i / 6);
    const int smooth = _i / 2 % 3, soft = _i % 2;
    for (int c = 0; c < ROWS; c++) {
        for (uint64_t number = 0; number < 8; number++) {
            double z[MOST], dz[MOST];
            float target[MOST];
            long double slope[MOST];
            const oracle_sample sample = draw(loss, c, smooth, soft, number, z, target);
            const long double want = oracle_loss(&sample, z);
            oracle_gradient(&sample, z, slope);
            const double got = row(&sample, z, dz);
            assert_near(&got, &want, 1, 0.0, loss_bound);
            assert_near(dz, slope, sample.k, slope_bound, slope_bound);
        }
    }
}
END_TEST

START_TEST(slope_is_the_slope_of_the_loss) /* central differences: no formula but the loss's own */
{
    const lg_loss loss = (lg_loss)(_i / 6);
    const int smooth = _i / 2 % 3, soft = _i % 2;
    const double h = 1e-5; /* error h^2 |l'''| / 6 + u |l| / h, about 2e-11 for |l| near 2 */
    for (int c = 0; c < ROWS && rows[c].spread <= 5; c++) {
        double z[MOST], dz[MOST], scratch[MOST], want[MOST];
        float target[MOST];
        const oracle_sample sample = draw(loss, c, smooth, soft, 3, z, target);
        row(&sample, z, dz);
        for (int j = 0; j < sample.k; j++) {
            const double here = z[j];
            z[j] = here + h;
            const double above = row(&sample, z, scratch);
            z[j] = here - h;
            want[j] = (above - row(&sample, z, scratch)) / (2 * h);
            z[j] = here;
        }
        assert_near(dz, want, sample.k, 5e-8, 0.0);
    }
}
END_TEST

/* ------------------------------------------------------------------------ properties --- */

START_TEST(softmax_ignores_a_common_shift) /* all sums here are exact in double: same bits */
{
    static const double shift[] = {-32768, -1024, 1024, 32768};
    const oracle_sample sample = {.loss = LG_LOSS_SOFTMAX, .k = 5, .label = 2, .smoothing = 0.25};
    const double z[5] = {1, 2.5, 4, -3.75, 0};
    double shifted[5], dz[5], dz_shifted[5];
    for (int j = 0; j < 5; j++) shifted[j] = z[j] + shift[_i];
    const double loss = row(&sample, z, dz), same = row(&sample, shifted, dz_shifted);
    assert_ulps(&same, &loss, 1, 0);
    assert_ulps(dz_shifted, dz, 5, 0);
}
END_TEST

START_TEST(slopes_of_a_softmax_row_sum_to_zero)
{
    const double none = 0.0;
    for (int c = 0; c < ROWS; c++) {
        double z[MOST], dz[MOST], sum = 0.0;
        float target[MOST];
        const oracle_sample sample = draw(LG_LOSS_SOFTMAX, c, 1, 0, 5, z, target);
        row(&sample, z, dz);
        for (int j = 0; j < sample.k; j++) sum += dz[j];
        assert_near(&sum, &none, 1, sample.k * DBL_EPSILON / 2, 0.0);
    }
}
END_TEST

START_TEST(softmax_over_zero_and_z_is_sigmoid)
{
    static const double points[] = {-800, -40, -1, -1e-9, 0, 0.5, 3, 17, 745};
    for (int y = 0; y < 2; y++) {
        const double pair[2] = {0, points[_i]};
        const oracle_sample two = {.loss = LG_LOSS_SOFTMAX, .k = 2, .label = y, .smoothing = 0.2};
        const oracle_sample one = {.loss = LG_LOSS_SIGMOID, .k = 1, .label = y, .smoothing = 0.2};
        double dz_two[2], dz_one;
        const double softmax = row(&two, pair, dz_two), sigmoid = row(&one, pair + 1, &dz_one);
        assert_near(&sigmoid, &softmax, 1, 0.0, 4 * DBL_EPSILON);
        assert_near(&dz_one, &dz_two[1], 1, DBL_EPSILON, 4 * DBL_EPSILON);
    }
}
END_TEST

Suite *lg_suite_ref(void)
{
    Suite *suite = suite_create("ref");
    TCase *known = tcase_create("known values");
    tcase_add_loop_test(known, known_losses, 0, VECTORS);
    tcase_add_loop_test(known, known_probabilities, 0, 2);
    tcase_add_test(known, slope_of_the_certain_class_keeps_its_digits);
    tcase_add_loop_test(known, many_equal_logits, 0, 2);
    tcase_add_test(known, one_clear_winner_among_a_thousand);
    tcase_add_test(known, stable_where_pytorch_was_not);
    tcase_add_loop_test(known, logits_that_are_not_finite_show, 0, 5);
    tcase_add_test(known, masked_class_has_no_slope);
    suite_add_tcase(suite, known);
    TCase *defined = tcase_create("definitions");
    tcase_add_loop_test(defined, loss_and_slope_are_as_defined, 0, 6 * LG_LOSS_COUNT);
    tcase_add_loop_test(defined, slope_is_the_slope_of_the_loss, 0, 6 * LG_LOSS_COUNT);
    suite_add_tcase(suite, defined);
    TCase *properties = tcase_create("properties");
    tcase_add_loop_test(properties, softmax_ignores_a_common_shift, 0, 4);
    tcase_add_test(properties, slopes_of_a_softmax_row_sum_to_zero);
    tcase_add_loop_test(properties, softmax_over_zero_and_z_is_sigmoid, 0, 9);
    suite_add_tcase(suite, properties);
    return suite;
}
