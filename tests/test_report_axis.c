/* test_report_axis.c -- the round numbers beside a chart, of ranges of every size. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "report/report_axis.h"

static lg_axis axis_of(double one, double other)
{
    const double value[] = {one, other};
    lg_axis axis = {.least = NAN, .most = NAN};
    ck_assert_int_eq(lg_axis_widen(&axis, value, 2), 2);
    lg_axis_settle(&axis, NULL, 0.05);
    lg_axis_mark(&axis, 1000);
    return axis;
}

static void holds(const lg_axis *axis, double value)
{
    const double at = lg_axis_place(axis, value);
    ck_assert_msg(at >= -1e-6 && at <= 1000.0 + 1e-6, "%.17g at %g", value, at);
}

/* Losses of a run at rest differ by their rounding: counting in steps of less than that would never
 * come to an end. */
START_TEST(numbers_that_differ_by_rounding_have_an_axis)
{
    static const double sizes[] = {0.69314718055994529, -2.302585092994046, 1e-300, 1e30};
    const double size = sizes[_i];
    for (double wide = 0.0; wide < 1.0; wide = wide == 0.0 ? 0x1p-52 : 2.0 * wide) {
        const lg_axis axis = axis_of(size, size + wide * size);
        ck_assert_int_ge(axis.ticks, 1);
        ck_assert_int_le(axis.ticks, LG_AXIS_TICKS);
        for (int i = 0; i < axis.ticks; i++) holds(&axis, axis.tick[i]);
        for (int i = 1; i < axis.ticks; i++) ck_assert_double_gt(axis.tick[i], axis.tick[i - 1]);
        holds(&axis, size);
        holds(&axis, size + wide * size);
    }
}
END_TEST

/* From end to end of what a double holds is no double. */
START_TEST(the_largest_numbers_have_an_axis)
{
    const lg_axis axis = axis_of(-1.7e308, 1.7e308);
    ck_assert(isfinite(axis.most - axis.least));
    ck_assert_int_ge(axis.ticks, 2);
    for (int i = 0; i < axis.ticks; i++) holds(&axis, axis.tick[i]);
    ck_assert(isfinite(lg_axis_place(&axis, 1.7e308)));
}
END_TEST

START_TEST(what_is_no_number_has_no_place)
{
    const lg_axis axis = axis_of(0.0, 1e6);
    ck_assert(!isfinite(lg_axis_place(&axis, NAN)));
    ck_assert(!isfinite(lg_axis_place(&axis, INFINITY)));
    ck_assert(!isfinite(lg_axis_place(&axis, -INFINITY)));
}
END_TEST

START_TEST(round_numbers_stand_at_their_places)
{
    const lg_axis axis = axis_of(0.0, 4.0);
    ck_assert_int_eq(axis.ticks, 5);
    for (int i = 0; i < axis.ticks; i++) {
        ck_assert_double_eq(axis.tick[i], i);
        ck_assert_double_eq(atof(axis.label[i]), i);
    }
    ck_assert_double_eq_tol(lg_axis_place(&axis, 2.0), 500.0, 1e-9);
}
END_TEST

Suite *lg_suite_report_axis(void)
{
    Suite *suite = suite_create("report_axis");
    TCase *tests = tcase_create("axis");
    tcase_add_loop_test(tests, numbers_that_differ_by_rounding_have_an_axis, 0, 4);
    tcase_add_test(tests, the_largest_numbers_have_an_axis);
    tcase_add_test(tests, what_is_no_number_has_no_place);
    tcase_add_test(tests, round_numbers_stand_at_their_places);
    suite_add_tcase(suite, tests);
    return suite;
}
