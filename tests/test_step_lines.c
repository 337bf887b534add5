/* test_step_lines.c -- the lines of metrics.jsonl within an epoch, and the curve drawn of them.
 *
 * Tests (suite step_lines).  That they are the same after a stop: test_resume.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_run.h"
#include "tests/same_run.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_step_lines(void);

enum { SAMPLES = 300, BATCH = 32, STEPS = 10, EPOCHS = 3 };

static void begin_steps(void)
{
    begin();
    options.optimizer = "sgd";
    options.lr = (logit_list){2, {0.1, 0.01}};
    options.folds = 0;
    options.val = small_set_path("idx");
    options.epochs = EPOCHS;
    options.batch_size = BATCH;
}

/* The lines of a type. */
static int lines_of(const char *type, cJSON **line, int most)
{
    int64_t size;
    int count = 0;
    char *text = (char *)small_set_read(small_set_path("run/metrics.jsonl"), &size);
    text = realloc(text, (size_t)size + 1);
    text[size] = '\0';
    for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
        cJSON *one = cJSON_Parse(at);
        ck_assert_ptr_nonnull(one);
        const int is = strcmp(lg_run_text(one, "type"), type) == 0;
        ck_assert(!is || count < most);
        if (is)
            line[count++] = one;
        else
            cJSON_Delete(one);
    }
    free(text);
    return count;
}

START_TEST(lines_stand_where_their_number_says)
{
    static const int every[] = {0, 1, 3, 7, 10, 30, 31, 1000};
    cJSON *line[200];
    options.log_steps = every[_i];
    train("idx", "run", LOGIT_OK, NULL);
    const int wanted = every[_i] ? EPOCHS * STEPS / every[_i] : 0;
    const int count = lines_of("step", line, 200);
    ck_assert_int_eq(count, 2 * wanted);
    for (int i = 0; i < count; i++) {
        const int step = (i / 2 + 1) * every[_i], in_epoch = (step - 1) % STEPS + 1;
        const double samples = in_epoch == STEPS ? SAMPLES : in_epoch * BATCH;
        ck_assert_double_eq(lg_run_number(line[i], "step"), step);
        ck_assert_double_eq(lg_run_number(line[i], "setting"), i % 2);
        ck_assert_double_eq(lg_run_number(line[i], "epoch"), (step - 1) / STEPS + 1);
        ck_assert_double_eq(lg_run_number(line[i], "samples"), samples);
        ck_assert_double_eq(lg_run_number(line[i], "weight"), samples);
        ck_assert_double_eq(lg_run_number(line[i], "rate"), i % 2 ? 0.01 : 0.1);
        cJSON_Delete(line[i]);
    }
}
END_TEST

/* The last step's mean is the epoch's; the first step sees the weights that training begins with,
 * whose loss is log 3 where three classes are as common and the biases are zero. */
START_TEST(means_are_those_of_the_epoch_so_far)
{
    cJSON *step[200], *epoch[20];
    options.log_steps = 1;
    options.init = "zero";
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(lines_of("step", step, 200), 2 * EPOCHS * STEPS);
    ck_assert_int_eq(lines_of("epoch", epoch, 20), 2 * EPOCHS);
    for (int e = 0; e < 2 * EPOCHS; e++) {
        const cJSON *last = step[(e / 2 + 1) * 2 * STEPS - 2 + e % 2];
        ck_assert_double_eq(lg_run_number(last, "train_loss"),
                            lg_run_number(epoch[e], "train_loss"));
    }
    ck_assert_double_eq_tol(lg_run_number(step[0], "train_loss"), log(3.0), 1e-6);
    ck_assert_double_lt(lg_run_number(step[2], "train_loss"), log(3.0));
    for (int i = 0; i < 2 * EPOCHS * STEPS; i++) cJSON_Delete(step[i]);
    for (int e = 0; e < 2 * EPOCHS; e++) cJSON_Delete(epoch[e]);
}
END_TEST

static int looks, stop_at;
static int on_stop(void *user)
{
    (void)user;
    return ++looks == stop_at;
}

static void go(const char *run, int at, int64_t memory, int resume, logit_status want)
{
    const logit_watch watch = {.stop = on_stop};
    logit_error err = {.message = ""};
    looks = 0;
    stop_at = at;
    options.out = small_set_path(run);
    options.memory = memory;
    options.resume = resume;
    const logit_status status = logit_train(small_set_path("idx"), &options, &watch, NULL, &err);
    ck_assert_msg(status == want, "stop at %d: status %d: %s", at, status, err.message);
}

/* On the stand-in for a GPU 300 steps of an epoch are four times 64 in one go, and 44; singly while
 * the set is read for the first time (memory 1), by a run that goes on, too. */
START_TEST(lines_stand_where_they_did_however_steps_are_taken)
{
    static const int stops[] = {30, 170, 290, 390}, stands[] = {128, 256, 300, 428, 556, 600};
    cJSON *line[20];
    if (!simt_is_built()) return;
    options.device = "simt";
    options.val = NULL;
    options.val_split = 0.0;
    options.height = options.width = 8; /* other than in the file, which would be in memory */
    options.batch_size = 1;
    options.epochs = 2;
    options.log_steps = 100;
    options.lr = (logit_list){1, {0.01}};
    go("run", 0, 0, 0, LOGIT_OK);
    ck_assert_int_eq(lines_of("step", line, 20), 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq(lg_run_number(line[i], "step"), stands[i]);
        cJSON_Delete(line[i]);
    }
    options.log_steps = 10;
    go("straight", 0, 0, 0, LOGIT_OK);
    go("run", 0, 1, 0, LOGIT_OK);
    same_run("straight", "run", 0);
    for (int i = 0; i < 8; i++) {
        go("run", stops[i / 2], 1, 0, LOGIT_E_STOPPED);
        go("run", 0, i % 2, 1, LOGIT_OK);
        same_run("straight", "run", stops[i / 2]);
    }
}
END_TEST

/* Steps that see the whole set are epochs. */
START_TEST(whole_steps_have_no_lines_of_their_own)
{
    cJSON *line[2];
    options.log_steps = 1;
    options.optimizer = _i ? "lbfgs" : "gd";
    options.lr.count = _i ? 0 : 2;
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(lines_of("step", line, 2), 0);
}
END_TEST

START_TEST(the_rate_follows_its_schedule)
{
    cJSON *line[200];
    options.log_steps = 1;
    options.lr.count = 1;
    options.schedule = "cosine";
    options.warmup = 0.5;
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(lines_of("step", line, 200), EPOCHS * STEPS);
    for (int i = 1; i < EPOCHS * STEPS; i++) {
        const double before = lg_run_number(line[i - 1], "rate");
        const double now = lg_run_number(line[i], "rate");
        ck_assert_msg(i < STEPS / 2 ? now > before : now <= before, "step %d: %g after %g", i + 1,
                      now, before);
    }
    for (int i = 0; i < EPOCHS * STEPS; i++) cJSON_Delete(line[i]);
}
END_TEST

/* Means between lines, each weighed by its samples, are the epoch's mean again. */
START_TEST(the_report_draws_them)
{
    logit_report_options report;
    lg_run run;
    logit_error err;
    int64_t size;
    options.log_steps = 3;
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(lg_run_read(&run, small_set_path("run"), &err), LOGIT_OK);
    for (int s = 0; s < 2; s++) {
        const lg_run_table *step = &run.setting[s].step;
        const double *x = step->column[LG_RUN_EPOCH], *y = step->column[LG_RUN_TRAIN_LOSS];
        ck_assert_int_eq((int)step->rows, EPOCHS * STEPS / 3);
        for (int i = 1; i < step->rows; i++) ck_assert_double_gt(x[i], x[i - 1]);
        ck_assert_double_eq_tol(x[0], 3.0 * BATCH / SAMPLES, 1e-12);
        ck_assert_double_eq_tol(x[step->rows - 1], EPOCHS, 1e-12); /* step 30 of 30 */
        /* steps 21 .. 30 are the third epoch: lines at 21 (one batch), 24, 27, 30 */
        const double weight[] = {BATCH, 3 * BATCH, 3 * BATCH, SAMPLES - 7 * BATCH};
        double sum = 0.0;
        for (int i = 0; i < 4; i++) sum += weight[i] * y[step->rows - 4 + i];
        ck_assert_double_eq_tol(sum / SAMPLES,
                                run.setting[s].epoch.column[LG_RUN_TRAIN_LOSS][EPOCHS - 1], 1e-12);
    }
    lg_run_clear(&run);
    logit_report_options_default(&report);
    ck_assert_int_eq(logit_report(small_set_path("run"), &report, &err), LOGIT_OK);
    char *page = (char *)small_set_read(small_set_path("run/report.html"), &size);
    page[size - 1] = '\0';
    ck_assert_ptr_nonnull(strstr(page, "key c0 faint\">train, within epochs<"));
    free(page);
}
END_TEST

/* What stands under the pictures of weights is in the record. */
START_TEST(the_end_has_the_biases_of_the_model)
{
    cJSON *line[2];
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info info = logit_model_describe(model);
    ck_assert_int_eq(lines_of("end", line, 2), 1);
    const cJSON *bias = cJSON_GetObjectItem(line[0], "bias");
    ck_assert_int_eq(cJSON_GetArraySize(bias), info.outputs);
    for (int k = 0; k < info.outputs; k++)
        ck_assert_double_eq(cJSON_GetArrayItem(bias, k)->valuedouble, (double)info.bias[k]);
    cJSON_Delete(line[0]);
    logit_model_close(model);
}
END_TEST

Suite *lg_suite_step_lines(void)
{
    Suite *suite = suite_create("step_lines");
    TCase *all = tcase_create("step_lines");
    tcase_add_checked_fixture(all, begin_steps, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, lines_stand_where_their_number_says, 0, 8);
    tcase_add_test(all, means_are_those_of_the_epoch_so_far);
    tcase_add_test(all, lines_stand_where_they_did_however_steps_are_taken);
    tcase_add_loop_test(all, whole_steps_have_no_lines_of_their_own, 0, 2);
    tcase_add_test(all, the_rate_follows_its_schedule);
    tcase_add_test(all, the_report_draws_them);
    tcase_add_test(all, the_end_has_the_biases_of_the_model);
    suite_add_tcase(suite, all);
    return suite;
}
