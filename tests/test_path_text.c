/* test_path_text.c -- what --path may say, and the values that it means.
 *
 * Tests (suite path_text). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <string.h>

#include "train/path.h"

Suite *lg_suite_path_text(void);

static logit_options options;

static void ready(void)
{
    logit_options_default(&options);
    options.optimizer = "lbfgs";
}

/* ------------------------------------------------------------------------------- the values --- */

static const struct {
    const char *text;
    int over_l1, count;
    double first, second, last;
} paths[] = {
    {"1:0.01:3", 0, 3, 1.0, 0.1, 0.01},
    {"10:1e-5", 0, 20, 10.0, 4.832930, 1e-5},
    {"l2:8:2:2", 0, 2, 8.0, 2.0, 2.0},
    {"l1:1e-1:1e-3:3", 1, 3, 0.1, 0.01, 1e-3},
    {"4,3,0", 0, 3, 4.0, 3.0, 0.0},
    {"l1:0.5,.25", 1, 2, 0.5, 0.25, 0.25},
    {"1e300:1e-300:64", 0, 64, 1e300, 3e290, 1e-300},
};
enum { PATHS = sizeof paths / sizeof *paths };

START_TEST(a_path_is_its_values)
{
    logit_error err = {0};
    options.path = paths[_i].text;
    ck_assert_msg(lg_path_apply(&options, &err) == LOGIT_OK, "%s", err.message);
    const logit_list *list = paths[_i].over_l1 ? &options.l1 : &options.l2;
    ck_assert_int_eq(list->count, paths[_i].count);
    ck_assert_int_eq(paths[_i].over_l1 ? options.l2.count : options.l1.count, !paths[_i].over_l1);
    ck_assert(list->value[0] == paths[_i].first);
    ck_assert(list->value[list->count - 1] == paths[_i].last);
    ck_assert_double_eq_tol(log(list->value[1] / paths[_i].second), 0.0, 0.05);
    for (int i = 1; i < list->count; i++) ck_assert(list->value[i] < list->value[i - 1]);
    for (int i = 2; i < list->count && strchr(paths[_i].text + 3, ':'); i++) /* equal shares */
        ck_assert_double_eq_tol(log(list->value[i] / list->value[i - 1]),
                                log(list->value[1] / list->value[0]), 1e-9);
    ck_assert_int_eq(lg_path_apply(&options, &err), LOGIT_OK); /* as config.ini says it again */
}
END_TEST

static const struct {
    const char *text, *says;
} bad_paths[] = {
    {"", "no list"},         {"1", "one value"},       {"1,2", "do not fall"},
    {"1,1", "do not fall"},  {"1:2", "above TO"},      {"1:0", "TO above 0"},
    {"1:0.1:1", "from 2"},   {"1:0.1:65", "from 2"},   {"1:0.1:2.5", "whole"},
    {"1:0.1:3:4", "three"},  {"3,2:1", "no list"},     {"3,2,", "no list"},
    {"-1,-2", "no list"},    {"inf:1", "no list"},     {"nan,1", "no list"},
    {"l3:1:0.1", "no list"}, {"1 ,0.5", "no list"},    {"1e999:1", "no list"},
    {"l1:", "no list"},      {"1:0.1:1e99", "from 2"},
};
enum { BAD_PATHS = sizeof bad_paths / sizeof *bad_paths };

START_TEST(what_is_no_path_is_refused)
{
    logit_error err = {0};
    options.path = bad_paths[_i].text;
    ck_assert_int_eq(lg_path_apply(&options, &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, bad_paths[_i].says) != NULL, "%s", err.message);
}
END_TEST

Suite *lg_suite_path_text(void)
{
    Suite *suite = suite_create("path_text");
    TCase *all = tcase_create("path_text");
    tcase_add_checked_fixture(all, ready, NULL);
    tcase_add_loop_test(all, a_path_is_its_values, 0, PATHS);
    tcase_add_loop_test(all, what_is_no_path_is_refused, 0, BAD_PATHS);
    suite_add_tcase(suite, all);
    return suite;
}
