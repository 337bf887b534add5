/* test_line_search.c -- steps that meet the Wolfe conditions, on functions of one number. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>

#include "train/line_search.h"

Suite *lg_suite_line_search(void);

/* Functions that fall at first, by their value and slope. */
static void at_quadratic(double a, double *value, double *slope)
{
    *value = 0.5 * (a - 3.0) * (a - 3.0);
    *slope = a - 3.0;
}

static void at_far(double a, double *value, double *slope) /* smallest at 1e4 */
{
    *value = cosh((a - 1e4) / 1e4);
    *slope = sinh((a - 1e4) / 1e4) / 1e4;
}

static void at_wall(double a, double *value, double *slope) /* not finite from 0.01 on */
{
    *value = a < 0.01 ? -log(0.01 - a) - 150.0 * a : INFINITY;
    *slope = a < 0.01 ? 1.0 / (0.01 - a) - 150.0 : NAN;
}

/* Its values have no digits left, its slopes have. */
static void at_noise(double a, double *value, double *slope)
{
    *value = 1.0 + 3e-12 * sin(1e9 * a);
    *slope = 1e-7 * (a - 0.7);
}

START_TEST(a_line_search_meets_its_conditions)
{
    static void (*const functions[])(double, double *, double *) = {at_quadratic, at_far, at_wall,
                                                                    at_noise};
    lg_line line;
    double value, slope, f0, s0;
    functions[_i](0.0, &f0, &s0);
    ck_assert_double_lt(s0, 0.0);
    lg_line_begin(&line, f0, s0, 1e-11 * fabs(f0), 1.0);
    lg_line_answer answer = LG_LINE_TRY;
    int tries = 0;
    for (; answer == LG_LINE_TRY; tries++) {
        functions[_i](line.step, &value, &slope);
        answer = lg_line_tell(&line, value, slope);
    }
    ck_assert_int_eq(answer, LG_LINE_TAKE);
    ck_assert_double_le(fabs(slope), 0.9 * fabs(s0));
    ck_assert_double_le(value, f0 + 1e-11 * fabs(f0));
    ck_assert_int_le(tries, 12);
}
END_TEST

START_TEST(a_line_that_never_falls_is_given_up)
{
    lg_line line;
    lg_line_answer answer = LG_LINE_TRY;
    lg_line_begin(&line, 1.0, -1.0, 0.0, 1.0);
    for (int i = 0; i < 1000 && answer == LG_LINE_TRY; i++) answer = lg_line_tell(&line, NAN, NAN);
    ck_assert_int_eq(answer, LG_LINE_GIVE_UP);
}
END_TEST

Suite *lg_suite_line_search(void)
{
    Suite *suite = suite_create("line_search");
    TCase *line = tcase_create("lines");
    tcase_add_loop_test(line, a_line_search_meets_its_conditions, 0, 4);
    tcase_add_test(line, a_line_that_never_falls_is_given_up);
    suite_add_tcase(suite, line);
    return suite;
}
