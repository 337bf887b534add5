/* test_grid_pick.c -- of many settings the validation part picks one, and it alone meets the test
 * part.
 *
 * Tests (suite grid_pick). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/trainer.h"

Suite *lg_suite_grid_pick(void);

/* A trainer as far as ranking looks: settings with the losses and accuracies given. */
static lg_setting ranked[6];
static lg_trainer judge(const char *metric, const double (*figures)[2])
{
    for (int s = 0; s < 6; s++)
        ranked[s] = (lg_setting){.val_loss = figures[s][0], .val_accuracy = figures[s][1]};
    return (lg_trainer){
        .setting = ranked, .settings = 6, .steps_per_epoch = 1, .options = {.metric = metric}};
}

START_TEST(settings_are_ranked_by_the_validation_part)
{
    static const double figures[6][2] = {{0.5, 0.7}, {NAN, NAN}, {0.2, 0.6},
                                         {0.3, 0.7}, {0.2, 0.9}, {0.1, 1.0}};
    static const int by_loss[] = {2, 4, 3, 0, 1, 5}, by_accuracy[] = {4, 3, 0, 2, 1, 5};
    const char *const metric = _i ? "accuracy" : "loss";
    int order[6];
    lg_trainer t = judge(metric, figures);
    ranked[5].stopped = 1; /* however good it was */
    lg_grid_rank(&t, order);
    ck_assert_mem_eq(order, _i ? by_accuracy : by_loss, sizeof order);
    ck_assert_int_eq(lg_grid_best(&t), order[0]);
    ranked[0].best_epoch = 1; /* a better epoch than the last */
    ranked[0].best_val_loss = 0.01;
    ranked[0].best_val_accuracy = 0.95;
    ck_assert_int_eq(lg_grid_best(&t), 0);
}
END_TEST

/* What the watch is told at the end. */
static logit_setting told[16];
static int told_count;

static void on_setting(void *user, const logit_setting *setting)
{
    (void)user;
    ck_assert_int_lt(told_count, 16);
    told[told_count++] = *setting;
}

/* The figures that the run prints are those of its model, evaluated by itself. */
static void check_figures(const logit_summary *summary)
{
    logit_error err;
    logit_score score;
    logit_model *model = open_model("grid");
    ck_assert_int_eq(logit_eval(model, small_set_path("idx"), "test", &options, NULL, &score, &err),
                     LOGIT_OK);
    ck_assert_int_eq(score.n, summary->test_count);
    ck_assert_double_eq(score.loss, summary->test_loss);
    ck_assert_double_eq(score.accuracy, summary->test_accuracy);
    logit_score_clear(&score);
    logit_model_close(model);
}

START_TEST(the_best_is_kept_and_tested)
{
    const logit_watch watch = {.setting = on_setting};
    logit_summary summary, solo;
    logit_error err;
    small_set_write_idx(small_set_path("idx"), "t10k", 90, 3);
    options.optimizer = "sgd";
    options.lr = (logit_list){3, {1e-6, 0.1, 1e30}};
    options.l2 = (logit_list){2, {0.01, 1.0}};
    options.out = small_set_path("grid");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, &summary, &err),
                     LOGIT_OK);
    ck_assert_int_eq(told_count, 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(told[i].rank, i);
        ck_assert_int_eq(told[i].kept, i == 0);
        ck_assert_int_eq(told[i].diverged_step > 0, told[i].lr == 1e30);
        ck_assert_str_eq(told[i].ended, told[i].lr == 1e30 ? "diverged" : "epochs");
        if (i > 0 && told[i].lr < 1e30) ck_assert(told[i].val_loss >= told[i - 1].val_loss);
    }
    ck_assert_int_eq(told[0].setting, summary.setting);
    ck_assert_int_eq(summary.setting, 1);
    ck_assert_double_eq(told[0].val_loss, summary.val_loss);
    ck_assert(same_files(MODEL("grid"), "grid/settings/01/model.safetensors"));
    check_figures(&summary);
    options.lr = (logit_list){1, {0.1}};
    options.l2 = (logit_list){1, {0.01}};
    solo = train("idx", "solo", LOGIT_OK, NULL);
    ck_assert_double_eq(summary.objective, solo.objective);
}
END_TEST

/* The lines of metrics.jsonl that hold a text. */
static int lines_with(const char *run, const char *text)
{
    char name[64];
    int64_t size;
    int count = 0;
    snprintf(name, sizeof name, "%s/metrics.jsonl", run);
    char *all = (char *)small_set_read(small_set_path(name), &size);
    all = realloc(all, (size_t)size + 1);
    all[size] = '\0';
    for (char *at = all; (at = strstr(at, text)) != NULL; at++) count++;
    free(all);
    return count;
}

START_TEST(the_record_holds_every_setting)
{
    options.optimizer = "sgd";
    options.lr = (logit_list){3, {0.1, 0.03, 1e30}};
    train("idx", "grid", LOGIT_OK, NULL);
    ck_assert_int_eq(lines_with("grid", "{\"type\":\"setting\""), 3);
    ck_assert_int_eq(lines_with("grid", "\"kept\":true"), 1);
    ck_assert_int_eq(lines_with("grid", "\"ended\":\"diverged\""), 1);
    ck_assert_int_eq(lines_with("grid", "{\"type\":\"epoch\""), 3 + 3 + 1); /* then it is frozen */
    options.lr = (logit_list){1, {0.1}};
    train("idx", "solo", LOGIT_OK, NULL);
    ck_assert_int_eq(lines_with("solo", "{\"type\":\"setting\""), 0);
}
END_TEST

START_TEST(a_grid_needs_a_validation_part)
{
    logit_error err;
    options.lr = (logit_list){2, {0.1, 0.03}};
    options.val_split = 0.0;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "2 combinations need a validation part"));
}
END_TEST

Suite *lg_suite_grid_pick(void)
{
    Suite *suite = suite_create("grid_pick");
    TCase *all = tcase_create("grid_pick");
    tcase_add_checked_fixture(all, begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, settings_are_ranked_by_the_validation_part, 0, 2);
    tcase_add_test(all, the_best_is_kept_and_tested);
    tcase_add_test(all, the_record_holds_every_setting);
    tcase_add_test(all, a_grid_needs_a_validation_part);
    suite_add_tcase(suite, all);
    return suite;
}
