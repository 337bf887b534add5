/* test_trainer_eval.c -- the eval.json of a run is what `logit eval` of its model says. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

/* The text of RUN/eval.json, cut off before what a clock says; to be freed. */
static char *written(const char *run)
{
    char name[200];
    int64_t size;
    snprintf(name, sizeof name, "%s/eval.json", run);
    char *text = (char *)small_set_read(small_set_path(name), &size);
    ck_assert_int_eq(text[size - 1], '\n');
    text[size - 1] = '\0';
    char *clock = strstr(text, ", \"seconds\"");
    ck_assert_ptr_nonnull(clock);
    *clock = '\0';
    return text;
}

/* The same of the run's model, by an evaluation of its own. */
static char *evaluated(const char *run, const char *set)
{
    logit_score score;
    logit_error err;
    logit_model *model = open_model(run);
    const logit_status status =
        logit_eval(model, small_set_path(set), NULL, &options, NULL, &score, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    char *text = logit_score_json(&score);
    *strstr(text, ", \"seconds\"") = '\0';
    logit_score_clear(&score);
    logit_model_close(model);
    return text;
}

static int is_there(const char *name)
{
    return access(small_set_path(name), F_OK) == 0;
}

/* Of a grid, too: the kept setting's, and no other's. */
START_TEST(the_test_part_is_told_as_eval_tells_it)
{
    small_set_write_idx(small_set_path("idx"), "t10k", 101, 3);
    if (_i) options.lr = (logit_list){3, {1e-6, 1e-2, 1e-4}};
    const logit_summary summary = train("idx", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(summary.setting, _i);
    ck_assert_int_eq(summary.test_count, 101);
    char *is = written("run"), *want = evaluated("run", "idx");
    ck_assert_str_eq(is, want);
    ck_assert_ptr_nonnull(strstr(is, "{\"part\": \"test\", \"n\": 101,"));
    ck_assert_ptr_nonnull(strstr(is, "\"confusion\": [["));
    free(is);
    free(want);
}
END_TEST

START_TEST(without_a_test_part_validation_is_told)
{
    const logit_summary summary = train("idx", "run", LOGIT_OK, NULL);
    char accuracy[80];
    char *is = written("run");
    ck_assert_int_eq(summary.test_count, 0);
    ck_assert_ptr_nonnull(strstr(is, "{\"part\": \"val\", \"n\": 30,"));
    snprintf(accuracy, sizeof accuracy, "\"accuracy\": %.17g,", summary.val_accuracy);
    ck_assert_msg(strstr(is, accuracy) != NULL, "%s in %s", accuracy, is);
    free(is);
}
END_TEST

START_TEST(without_both_nothing_is_told)
{
    options.val_split = 0.0;
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert(is_there(MODEL("run")) && !is_there("run/eval.json"));
}
END_TEST

Suite *lg_suite_trainer_eval(void);
Suite *lg_suite_trainer_eval(void)
{
    Suite *suite = suite_create("trainer_eval");
    TCase *tests = tcase_create("eval.json");
    tcase_add_checked_fixture(tests, begin, small_set_end);
    tcase_add_loop_test(tests, the_test_part_is_told_as_eval_tells_it, 0, 2);
    tcase_add_test(tests, without_a_test_part_validation_is_told);
    tcase_add_test(tests, without_both_nothing_is_told);
    suite_add_tcase(suite, tests);
    return suite;
}
