/* test_bench_lift.c -- the lines of feature maps: that they are there, and held against the
 * product.
 *
 * Tests (suite bench_lift).  What they say of the speed is not looked at. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/problem.h"
#include "train/bench.h"

Suite *lg_suite_bench_lift(void);

enum { MOST = 8 };
static logit_measure line[MOST];
static int lines;

static void keep(void *user, const logit_measure *found)
{
    (void)user;
    ck_assert_int_lt(lines, MOST);
    line[lines++] = *found;
}

static const logit_watch keeper = {.measure = keep};

static void is_line(int i, const char *name, const char *shape, const char *unit)
{
    ck_assert_str_eq(line[i].name, name);
    ck_assert_str_eq(line[i].shape, shape);
    ck_assert_str_eq(line[i].unit, unit);
    ck_assert(line[i].value > 0.0 && isfinite(line[i].value));
}

static const lg_bench_map patch = {"patch", LG_LIFT_PATCH, {7, 6, 3}, 3, 4, 2};
static const lg_bench_map rff = {"rff", LG_LIFT_RFF, {3, 3, 1}, 0, 8, 5};
/* 4 units, 27 numbers, 5 x 4 windows; 8 units, 9 numbers */
static const double patch_work = 2.0 * 4 * 27 * 20, rff_work = 144.0;

START_TEST(maps_are_held_against_the_product)
{
    lg_bench bench = {.seconds = 1e-9, .watch = &keeper};
    lg_backend *backend = problem_device("cpu", 2);
    ck_assert_int_eq(lg_bench_matmul(&bench, backend, 5, NULL), LOGIT_OK);
    is_line(0, "ceiling: matmul", "5 x 5 x 5", "GFLOP/s");
    ck_assert(fabs(line[0].value * 1e9 / (2.0 * bench.matmul) - 1.0) < 1e-12);
    bench.matmul = 1e6;
    ck_assert_int_eq(lg_bench_map_lines(&bench, backend, &patch, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_bench_map_lines(&bench, backend, &rff, NULL), LOGIT_OK);
    ck_assert_int_eq(lines, 5);
    is_line(1, "lift, patch", "7x6x3, 4 of 3x3, batch 2", "images/s");
    is_line(2, "lift, patch, rate", "7x6x3, 4 of 3x3, batch 2", "GFLOP/s");
    is_line(3, "lift, rff", "9 to 8, batch 5", "images/s");
    is_line(4, "lift, rff, rate", "9 to 8, batch 5", "GFLOP/s");
    const double work[] = {0.0, patch_work, 0.0, rff_work, 0.0};
    for (int i = 1; i < 5; i += 2) {
        ck_assert(fabs(line[i].floor * work[i] / 2e6 - 1.0) < 1e-12); /* 10^6 fma a second */
        ck_assert(fabs(line[i + 1].floor / 2e-3 - 1.0) < 1e-12);
        ck_assert(fabs(line[i].value * work[i] / 1e9 / line[i + 1].value - 1.0) < 1e-12);
        ck_assert_str_eq(line[i].bound, "matmul");
    }
    lg_backend_close(backend);
}
END_TEST

START_TEST(maps_that_are_not_asked_for_are_left_out)
{
    lg_bench bench = {.seconds = 1e-9, .watch = &keeper, .only = "lift, patch, rate"};
    lg_backend *backend = problem_device("cpu", 1);
    ck_assert_int_eq(lg_bench_map_lines(&bench, backend, &patch, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_bench_map_lines(&bench, backend, &rff, NULL), LOGIT_OK);
    ck_assert_int_eq(lines, 1);
    is_line(0, "lift, patch, rate", "7x6x3, 4 of 3x3, batch 2", "GFLOP/s");
    bench.only = "nothing of the kind";
    ck_assert_int_eq(lg_bench_maps(&bench, backend, NULL), LOGIT_OK);
    ck_assert_int_eq(lines, 1);
    lg_backend_close(backend);
}
END_TEST

static void start(void)
{
    lines = 0;
}

Suite *lg_suite_bench_lift(void)
{
    Suite *suite = suite_create("bench_lift");
    TCase *tests = tcase_create("lines");
    tcase_add_checked_fixture(tests, start, NULL);
    tcase_add_test(tests, maps_are_held_against_the_product);
    tcase_add_test(tests, maps_that_are_not_asked_for_are_left_out);
    suite_add_tcase(suite, tests);
    return suite;
}
