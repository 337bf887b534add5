/* test_compare.c -- comparisons from outside: verdicts, faults, what is written.
 *
 * Tests (suite compare). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/compare_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_compare(void);

/* --------------------------------------------------------------------------------- verdicts --- */

static const char *const losses[] = {"softmax", "sigmoid", "mse"};
static const char *const optimizers[] = {"gd", "sgd", "adam"};
static const char *const modes[] = {"lockstep", "free"};
enum { TRAININGS = 3 * 3 * 2 * 2 };

START_TEST(processor_and_reference_agree_in_every_training)
{
    asked.train.loss = losses[_i % 3];
    asked.train.optimizer = optimizers[_i / 3 % 3];
    asked.mode = modes[_i / 9 % 2];
    asked.train.nesterov = _i / 18;
    asked.train.momentum = (logit_list){1, {_i / 18 ? 0.9 : 0.0}};
    asked.train.lr = (logit_list){1, {0.02}};
    asked.train.label_smoothing = (logit_list){1, {0.1}};
    asked.train.class_weight = "1=2,2=0.5";
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(answer.verdict, LOGIT_OK);
    ck_assert_str_eq(answer.mode, asked.mode);
    ck_assert_int_eq(answer.steps, 20);
    ck_assert_int_eq(answer.first.step, -1);
    ck_assert_ptr_nonnull(strstr(answer.device[0], "cpu"));
    ck_assert_str_eq(answer.device[1], "");
    ck_assert_ptr_nonnull(strstr(answer.device[2], "float64"));
    ck_assert_double_lt(answer.loss_end, answer.loss_start);
    ck_assert_double_eq_tol(answer.loss[0], answer.loss[2], 1e-5 * answer.loss[2]);
    ck_assert(isnan(answer.loss[1]));
    if (strcmp(asked.mode, "free") == 0) {
        ck_assert_int_eq(answer.drifts, 20);
        ck_assert_double_gt(answer.margin, 0.0);
        ck_assert_double_lt(answer.margin, 1.0);
    } else {
        ck_assert_int_ge(answer.differences, 5);
        for (int i = 0; i < answer.differences; i++) {
            ck_assert_int_gt(answer.difference[i].count, 0);
            ck_assert_int_eq(answer.difference[i].outside, 0);
            ck_assert_double_le(answer.difference[i].share, 1.0);
        }
    }
}
END_TEST

/* The processor beside itself: not a bit differs, in each stage and over a free run. */
START_TEST(a_device_equals_itself)
{
    asked.device[1] = "cpu";
    compare("idx", LOGIT_OK);
    int seen = 0;
    for (int i = 0; i < answer.differences; i++) {
        const logit_difference *d = &answer.difference[i];
        if (strcmp(d->b, "cpu") != 0) continue;
        ck_assert_int_eq(d->equal, d->count);
        seen++;
    }
    ck_assert_int_eq(seen, LOGIT_COMPARE_STAGES - 1); /* no features */
    ck_assert_double_eq(answer.loss[0], answer.loss[1]);

    asked.mode = "free";
    compare("idx", LOGIT_OK);
    for (int64_t i = 0; i < answer.drifts; i++) {
        const logit_drift *d = &answer.drift[i];
        ck_assert_double_eq(d->distance[2], 0.0);
        ck_assert_double_eq(d->distance[0], d->distance[1]);
        ck_assert_double_eq(d->loss[0], d->loss[1]);
    }
}
END_TEST

START_TEST(without_training_there_is_no_verdict)
{
    asked.mode = modes[_i];
    asked.train.lr = (logit_list){1, {0.0}};
    compare("idx", LOGIT_E_INCONCLUSIVE);
    ck_assert_int_eq(answer.verdict, LOGIT_E_INCONCLUSIVE);
    ck_assert_str_eq(answer.sentence, answer_error.message);
    ck_assert_ptr_nonnull(strstr(answer.sentence, "nothing was trained"));
    ck_assert_double_eq(answer.loss_start, answer.loss_end);
}
END_TEST

/* A grid is one stacked problem: all its settings are compared. */
START_TEST(a_grid_is_compared_in_whole)
{
    asked.mode = modes[_i];
    asked.train.lr = (logit_list){2, {0.01, 0.1}};
    asked.train.l2 = (logit_list){2, {0.0, 0.01}};
    compare("idx", LOGIT_OK);
    for (int i = 0; i < answer.differences; i++)
        if (strcmp(answer.difference[i].stage, "gradient") == 0)
            ck_assert_int_eq(answer.difference[i].count, 20 * 4 * 3 * SMALL_PIXELS);
}
END_TEST

START_TEST(steps_end_with_the_training)
{
    asked.train.epochs = 2;
    asked.train.lr = (logit_list){1, {0.1}};
    asked.steps = 1000;
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(answer.steps, 2 * 9); /* 270 of 300 to train on, 32 a step */
    ck_assert_int_eq(answer.samples, 2 * 270);
}
END_TEST

/* Threads, and the order in which devices are named, change nothing. */
START_TEST(the_figures_do_not_depend_on_threads_or_order)
{
    asked.mode = modes[_i];
    asked.train.threads = 1;
    compare("idx", LOGIT_OK);
    const logit_comparison one = answer;
    answer = (logit_comparison){0};
    asked.train.threads = 3;
    asked.device[0] = "ref";
    asked.device[1] = "cpu";
    compare("idx", LOGIT_OK);
    ck_assert_str_eq(one.sentence, answer.sentence);
    ck_assert_int_eq(one.differences, answer.differences);
    for (int i = 0; i < one.differences; i++) {
        ck_assert_int_eq(one.difference[i].equal, answer.difference[i].equal);
        ck_assert_double_eq(one.difference[i].absolute, answer.difference[i].absolute);
        ck_assert_double_eq(one.difference[i].share, answer.difference[i].share);
    }
    ck_assert_int_eq(one.drifts, answer.drifts);
    for (int64_t i = 0; i < one.drifts; i++) {
        ck_assert_double_eq(one.drift[i].distance[0], answer.drift[i].distance[0]);
        ck_assert_double_eq(one.drift[i].envelope, answer.drift[i].envelope);
    }
    free(one.drift);
}
END_TEST

/* ----------------------------------------------------------------------------------- faults --- */

START_TEST(a_fault_is_named_with_its_step_and_stage)
{
    static const struct {
        fault which;
        const char *stage;
    } cases[] = {{FAULT_TF32, "logits"},
                 {FAULT_LAST_TERM, "logits"},
                 {FAULT_LAST_ROW, "gradient"},
                 {FAULT_SCALE, "gradient"}};
    asked.train.lr = (logit_list){1, {0.05}};
    compare_spoiled(FAULT_NONE, 1, "idx", LOGIT_OK);
    compare_spoiled(cases[_i].which, 7, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 7);
    ck_assert_str_eq(answer.first.stage, cases[_i].stage);
    ck_assert_str_eq(answer.first.a, "cpu");
    ck_assert_str_eq(answer.first.b, "ref");
    ck_assert_str_ne(answer.first.of, "");
    ck_assert_double_gt(fabs(answer.first.got - answer.first.want), answer.first.bound);
    ck_assert_str_eq(answer.sentence, answer_error.message);
    ck_assert_ptr_nonnull(strstr(answer.sentence, "step 7, "));
}
END_TEST

/* ------------------------------------------------------------------------ what is written --- */

/* Lines of compare.jsonl of this type; each must parse, and hold the field. */
static int count_lines(char *text, const char *type, const char *field)
{
    int count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *json = cJSON_Parse(line);
        ck_assert_msg(json != NULL, "no JSON: %s", line);
        if (strcmp(cJSON_GetObjectItem(json, "type")->valuestring, type) == 0) {
            ck_assert_msg(cJSON_HasObjectItem(json, field), "no %s: %s", field, line);
            count++;
        }
        cJSON_Delete(json);
    }
    return count;
}

static int lines_of(const char *type, const char *field)
{
    int64_t size;
    char *text = (char *)small_set_read(small_set_path("out/deep/compare.jsonl"), &size);
    text = realloc(text, (size_t)size + 1);
    text[size] = '\0';
    const int count = count_lines(text, type, field);
    free(text);
    return count;
}

START_TEST(the_file_has_a_line_for_everything)
{
    char out[256];
    snprintf(out, sizeof out, "%s", small_set_path("out/deep"));
    asked.out = out;
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(lines_of("start", "device_a"), 1);
    ck_assert_int_eq(lines_of("stage", "signed_mean"), answer.differences);
    ck_assert_int_eq(lines_of("end", "sentence"), 1);
    asked.mode = "free";
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(lines_of("stage", "count"), 0);
    ck_assert_int_eq(lines_of("drift", "envelope"), 20);
    asked.train.lr = (logit_list){1, {0.0}};
    compare("idx", LOGIT_E_INCONCLUSIVE);
    ck_assert_int_eq(lines_of("end", "verdict"), 1);
}
END_TEST

/* Without a folder nothing is written, and no run folder is made. */
START_TEST(nothing_is_left_behind)
{
    struct stat info;
    char runs[256];
    snprintf(runs, sizeof runs, "%s", small_set_path("run"));
    asked.train.out = runs;
    compare("idx", LOGIT_OK);
    ck_assert_int_ne(stat(runs, &info), 0);
}
END_TEST

/* ------------------------------------------------------------------------------- real data --- */

START_TEST(mnist_agrees_and_an_lr_of_0_says_nothing)
{
    const char *data = getenv("LOGIT_TEST_DATA");
    char path[4096];
    if (!data) {
        puts("compare: MNIST was skipped, LOGIT_TEST_DATA is not set");
        return;
    }
    snprintf(path, sizeof path, "%s/mnist", data);
    logit_options_default(&asked.train);
    asked.train.threads = 2;
    asked.steps = 200;
    ck_assert_msg(logit_compare(path, NULL, &asked, NULL, &answer, &answer_error) == LOGIT_OK, "%s",
                  answer_error.message);
    ck_assert_int_eq(answer.steps, 200);
    asked.train.lr = (logit_list){1, {0.0}};
    asked.steps = 5;
    logit_comparison_clear(&answer);
    ck_assert_int_eq(logit_compare(path, NULL, &asked, NULL, &answer, &answer_error),
                     LOGIT_E_INCONCLUSIVE);
}
END_TEST

Suite *lg_suite_compare(void)
{
    Suite *suite = suite_create("compare");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, compare_begin, compare_end);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, processor_and_reference_agree_in_every_training, 0, TRAININGS);
    tcase_add_test(all, a_device_equals_itself);
    tcase_add_loop_test(all, without_training_there_is_no_verdict, 0, 2);
    tcase_add_loop_test(all, a_grid_is_compared_in_whole, 0, 2);
    tcase_add_test(all, steps_end_with_the_training);
    tcase_add_loop_test(all, the_figures_do_not_depend_on_threads_or_order, 0, 2);
    tcase_add_loop_test(all, a_fault_is_named_with_its_step_and_stage, 0, 4);
    tcase_add_test(all, the_file_has_a_line_for_everything);
    tcase_add_test(all, nothing_is_left_behind);
    tcase_add_test(all, mnist_agrees_and_an_lr_of_0_says_nothing);
    suite_add_tcase(suite, all);
    return suite;
}
