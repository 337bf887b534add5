/* test_compare_difference.c -- counting differences, where every figure can be told by hand.
 *
 * Tests (suite compare_difference). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>

#include "train/compare_difference.h"

Suite *lg_suite_compare_difference(void);

static logit_difference line;
static lg_tally tally;

static void begin_line(void)
{
    lg_tally_begin(&tally, &line, "logits", "cuda:1", "ref");
}

static int64_t add(const double *a, const double *b, const double *bound, int64_t count)
{
    const lg_sides sides = {a, b, bound, 1.0, count};
    return lg_tally_add(&tally, &sides);
}

START_TEST(figures_are_those_of_hand)
{
    const double a[] = {1.0, 2.5, -4.0, 8.0, 3.0}, b[] = {1.0, 2.0, -4.0, 16.0, 2.0};
    const double bound[] = {0.0, 1.0, 0.0, 16.0, 2.0};
    ck_assert_int_eq(add(a, b, bound, 5), -1);
    lg_tally_end(&tally);
    ck_assert_str_eq(line.stage, "logits");
    ck_assert_str_eq(line.a, "cuda:1");
    ck_assert_str_eq(line.b, "ref");
    ck_assert_int_eq(line.count, 5);
    ck_assert_int_eq(line.equal, 2);
    ck_assert_int_eq(line.outside, 0);
    ck_assert_double_eq(line.absolute, 8.0);
    ck_assert_double_eq(line.relative, 0.5);
    ck_assert_double_eq(line.share, 0.5);
    ck_assert_double_eq(line.ulps, 0.5 * 0x1p23);       /* 1 of 2, whose ulp is 2^-22; 8 of 16 */
    ck_assert_double_eq(line.signed_mean, -6.5 / 25.0); /* (0.5 - 8 + 1) / sum |b| */
    ck_assert_int_eq(line.above, 2);
    ck_assert_int_eq(line.below, 1);
    ck_assert_double_eq_tol(line.bias, 1.0 / sqrt(3.0), 1e-15);
    ck_assert_double_nan(line.worst_case);
}
END_TEST

START_TEST(arrays_add_up)
{
    const double a[] = {1.0, 1.0}, b[] = {1.0, 2.0}, wide[] = {1.0, 1.0}, tight[] = {1.0, 0.5};
    ck_assert_int_eq(add(a, b, wide, 2), -1);
    ck_assert_int_eq(add(a, b, tight, 2), 1);
    ck_assert_int_eq(add(a, b, tight, 1), -1);
    ck_assert_int_eq(line.count, 5);
    ck_assert_int_eq(line.outside, 1);
    ck_assert_double_eq(line.share, 2.0);
}
END_TEST

START_TEST(a_bound_is_multiplied)
{
    const double a = 3.0, b = 0.0, bound = 1.0;
    const lg_sides three = {&a, &b, &bound, 3.0, 1}, two = {&a, &b, &bound, 2.0, 1};
    ck_assert_int_eq(lg_tally_add(&tally, &three), -1);
    ck_assert_int_eq(lg_tally_add(&tally, &two), 0);
}
END_TEST

START_TEST(without_a_bound_all_bits_count)
{
    const double one = 1.0, more = 1.0 + 0x1p-23, zero = 0.0, minus = -0.0;
    ck_assert_int_eq(add(&one, &one, NULL, 1), -1);
    ck_assert_int_eq(add(&zero, &minus, NULL, 1), -1);
    ck_assert_int_eq(add(&more, &one, NULL, 1), 0);
    ck_assert_double_eq(line.ulps, 1.0);
    ck_assert(isinf(line.share));
    ck_assert_int_eq(line.equal, 2);
}
END_TEST

/* What is not a number, or beyond all numbers. */
static const struct odd {
    double a, b, bound;
    int outside, equal;
} odd[] = {
    {NAN, NAN, 0.0, 0, 1},
    {NAN, 1.0, 1e300, 1, 0},
    {1.0, NAN, 1e300, 1, 0},
    {INFINITY, INFINITY, 0.0, 0, 1},
    {INFINITY, -INFINITY, 1.0, 1, 0},
    {INFINITY, 1e38, 1.0, 1, 0},
    {INFINITY, 1e39, 0.0, 0, 1}, /* 1e39 is infinite as a float */
    {-INFINITY, -1e39, 0.0, 0, 1},
    {-INFINITY, 1e39, 0.0, 1, 0},
    {INFINITY, 3e38, 1e38, 0, 1}, /* may be, with that bound */
    {1e38, INFINITY, 1e38, 1, 0},
    {1.0, 2.0, NAN, 1, 0}, /* no bound is no excuse */
};
enum { ODD = sizeof odd / sizeof *odd };

START_TEST(what_is_no_number_is_outside_unless_both_are)
{
    const struct odd *o = &odd[_i];
    ck_assert_int_eq(add(&o->a, &o->b, &o->bound, 1), o->outside - 1);
    ck_assert_int_eq(line.outside, o->outside);
    ck_assert_int_eq(line.equal, o->equal);
    lg_tally_end(&tally);
    ck_assert(isfinite(line.signed_mean));
    ck_assert(isfinite(line.bias));
}
END_TEST

/* A million numbers that lean by a millionth: no bound sees it, the signs do. */
START_TEST(a_small_bias_shows_in_the_signs)
{
    enum { COUNT = 1000 };
    double a[COUNT], b[COUNT], bound[COUNT];
    for (int i = 0; i < COUNT; i++) {
        b[i] = 1.0 + i;
        bound[i] = 1e-3 * b[i];
        a[i] = b[i] * (1.0 + ((i * 7 % 10) < 6 ? 1e-6 : -1e-6));
    }
    ck_assert_int_eq(add(a, b, bound, COUNT), -1);
    lg_tally_end(&tally);
    ck_assert_double_eq_tol(line.bias, 200.0 / sqrt(1000.0), 1e-9);
    ck_assert_double_gt(line.signed_mean, 1e-7);
    ck_assert_double_lt(line.signed_mean, 3e-7);
}
END_TEST

START_TEST(an_ulp_is_a_float_s)
{
    ck_assert_double_eq(lg_float_ulp(1.0), 0x1p-23);
    ck_assert_double_eq(lg_float_ulp(-1.5), 0x1p-23);
    ck_assert_double_eq(lg_float_ulp(2.0), 0x1p-22);
    ck_assert_double_eq(lg_float_ulp(1.0 - 0x1p-30), 0x1p-23); /* rounds to 1 */
    ck_assert_double_eq(lg_float_ulp(0.0), 0x1p-149);
    ck_assert_double_eq(lg_float_ulp(1e-40), 0x1p-149);
    ck_assert_double_eq(lg_float_ulp((double)FLT_MIN), 0x1p-149);
    ck_assert_double_eq(lg_float_ulp((double)FLT_MAX), 0x1p104);
    ck_assert_double_nan(lg_float_ulp(INFINITY));
}
END_TEST

Suite *lg_suite_compare_difference(void)
{
    Suite *suite = suite_create("compare_difference");
    TCase *tc = tcase_create("compare_difference");
    tcase_add_checked_fixture(tc, begin_line, NULL);
    tcase_add_test(tc, figures_are_those_of_hand);
    tcase_add_test(tc, arrays_add_up);
    tcase_add_test(tc, a_bound_is_multiplied);
    tcase_add_test(tc, without_a_bound_all_bits_count);
    tcase_add_loop_test(tc, what_is_no_number_is_outside_unless_both_are, 0, ODD);
    tcase_add_test(tc, a_small_bias_shows_in_the_signs);
    tcase_add_test(tc, an_ulp_is_a_float_s);
    suite_add_tcase(suite, tc);
    return suite;
}
