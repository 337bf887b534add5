/* test_train.c -- whole runs through the public interface, on sets small enough for a moment. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/optim.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_train(void);

/* ------------------------------------------------------------------------------ same bits --- */

START_TEST(every_thread_count_writes_the_same_model)
{
    options.optimizer = logit_optimizer_name(_i);
    options.threads = 1;
    train("idx", "one", LOGIT_OK, NULL);
    static const int counts[] = {2, 3, 8};
    for (int i = 0; i < 3; i++) {
        options.threads = counts[i];
        train("idx", "more", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("one"), MODEL("more")), "%d threads", counts[i]);
    }
    options.seed = 1;
    train("idx", "more", LOGIT_OK, NULL);
    if (_i < LG_OPTIM_COUNT && !lg_optims[_i].whole)
        ck_assert(!same_files(MODEL("one"), MODEL("more")));
}
END_TEST

START_TEST(streamed_and_resident_write_the_same_model)
{
    small_set_write_folder(small_set_path("folder"), 200, 3);
    train("folder", "resident", LOGIT_OK, NULL);
    options.memory = 1; /* nothing fits: every image is decoded in every epoch */
    train("folder", "streamed", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("resident"), MODEL("streamed")));
    options.threads = 7;
    train("folder", "streamed", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("resident"), MODEL("streamed")));
}
END_TEST

START_TEST(a_setting_of_a_grid_equals_its_run_alone)
{
    static const double rates[] = {1e-3, 1e-2, 1e-1};
    options.optimizer = logit_optimizer_name(_i);
    options.lr = (logit_list){3, {rates[0], rates[1], rates[2]}};
    options.l2 = (logit_list){2, {0.0, 0.01}};
    train("idx", "grid", LOGIT_OK, NULL);
    for (int i = 0; i < 6; i++) {
        char solo[64], stacked[64];
        options.lr = (logit_list){1, {rates[i % 3]}};
        options.l2 = (logit_list){1, {i / 3 ? 0.01 : 0.0}};
        snprintf(solo, sizeof solo, "solo%d", i);
        train("idx", solo, LOGIT_OK, NULL);
        snprintf(solo, sizeof solo, "solo%d/model.safetensors", i);
        snprintf(stacked, sizeof stacked, "grid/settings/%02d/model.safetensors", i);
        ck_assert_msg(same_files(solo, stacked), "setting %d", i);
    }
}
END_TEST

/* ------------------------------------------------------------------------------ the right loss */

/* Gradient of J at a softmax model, in double, from the definition. */
static double gradient_norm(const logit_model_info *m, int count, double l2)
{
    double g[3][SMALL_PIXELS + 1] = {{0}}, norm = 0.0;
    for (int i = 0; i < count; i++) {
        uint8_t pixels[SMALL_PIXELS];
        double z[3], sum = 0.0;
        small_set_pixels(i, 3, pixels);
        for (int c = 0; c < 3; c++) {
            z[c] = m->bias[c];
            for (int p = 0; p < SMALL_PIXELS; p++)
                z[c] += (double)m->weight[c * SMALL_PIXELS + p] * pixels[p] / 255.0;
            sum += exp(z[c]);
        }
        for (int c = 0; c < 3; c++) {
            const double dz = exp(z[c]) / sum - (c == i % 3);
            g[c][SMALL_PIXELS] += dz / count;
            for (int p = 0; p < SMALL_PIXELS; p++) g[c][p] += dz / count * pixels[p] / 255.0;
        }
    }
    for (int c = 0; c < 3; c++)
        for (int p = 0; p <= SMALL_PIXELS; p++) {
            const double w = p < SMALL_PIXELS ? m->weight[c * SMALL_PIXELS + p] : 0.0;
            norm += pow(g[c][p] + l2 * w, 2);
        }
    return sqrt(norm);
}

START_TEST(gradient_descent_with_its_own_lr_reaches_the_optimum)
{
    options.optimizer = "gd";
    options.normalize = "unit";
    options.schedule = "const";
    options.val_split = 0.0;
    options.epochs = 4000;
    options.l2 = (logit_list){1, {0.1}};
    const logit_summary summary = train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info m = logit_model_describe(model);
    ck_assert_double_lt(gradient_norm(&m, 300, 0.1), 1e-5);
    ck_assert_double_gt(gradient_norm(&m, 300, 0.2), 1e-3); /* the yardstick measures */
    ck_assert_double_lt(summary.objective, log(3.0));
    logit_model_close(model);
}
END_TEST

/* Collects the training loss of every epoch. */
static void take_loss(void *user, const logit_epoch *epoch)
{
    ((double *)user)[epoch->epoch - 1] = epoch->train_loss;
}

START_TEST(gradient_descent_never_climbs)
{
    double loss[50];
    const logit_watch watch = {.user = loss, .epoch = take_loss};
    options.optimizer = "gd";
    options.loss = logit_loss_name(_i);
    options.epochs = 50;
    options.out = small_set_path("run");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, NULL), LOGIT_OK);
    for (int e = 1; e < 50; e++) ck_assert_double_le(loss[e], loss[e - 1] * (1.0 + 1e-7));
    ck_assert_double_lt(loss[49], 0.9 * loss[0]);
}
END_TEST

START_TEST(numbers_are_learnt_by_linear_regression)
{
    small_set_write_targets(small_set_path("numbers"), 400, 1);
    options.optimizer = "gd";
    options.momentum = (logit_list){1, {0.9}};
    options.lr = (logit_list){1, {0.05}};
    options.epochs = 3000;
    options.val_split = 0.0;
    options.normalize = "unit";
    train("numbers", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info m = logit_model_describe(model);
    logit_score score;
    logit_error err;
    ck_assert_str_eq(m.loss, "mse");
    ck_assert_int_eq(m.classes, 0);
    ck_assert_double_eq_tol(m.weight[0], 2.0, 0.01); /* y = 0.5 + 2 x_0 - x_7, no noise */
    ck_assert_double_eq_tol(m.weight[7], -1.0, 0.01);
    ck_assert_int_eq(
        logit_eval(model, small_set_path("numbers"), NULL, &options, NULL, &score, &err), LOGIT_OK);
    ck_assert_double_gt(score.r2, 0.9999);
    ck_assert_double_lt(score.rmse, 0.01);
    ck_assert(isnan(score.accuracy));
    logit_score_clear(&score);
    logit_model_close(model);
}
END_TEST

START_TEST(one_hot_soft_targets_learn_what_labels_do)
{
    small_set_write_targets(small_set_path("soft"), 300, 3);
    options.loss = logit_loss_name(_i);
    options.val_split = 0.0;
    const logit_summary hard = train("idx", "hard", LOGIT_OK, NULL);
    const logit_summary soft = train("soft", "soft-run", LOGIT_OK, NULL);
    ck_assert_double_eq_tol(soft.objective, hard.objective, 1e-5 * hard.objective);
}
END_TEST

START_TEST(two_soft_classes_train_one_sigmoid)
{
    small_set_write_targets(small_set_path("soft"), 300, 2);
    train("soft", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    ck_assert_int_eq(logit_model_describe(model).outputs, 1);
    logit_model_close(model);
}
END_TEST

START_TEST(a_run_starts_at_the_log_prior)
{
    options.epochs = 1;
    options.lr = (logit_list){1, {1e-30}}; /* steps that no bias feels */
    options.val_split = 0.0;
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info m = logit_model_describe(model);
    for (int c = 0; c < 3; c++)
        ck_assert_double_eq_tol(m.bias[c], log(101.0 / 303.0), 1e-6); /* (n_c + 1) / (N + K) */
    logit_model_close(model);
}
END_TEST

START_TEST(training_goes_on_from_a_model)
{
    train("idx", "first", LOGIT_OK, NULL);
    options.from = small_set_path("first");
    options.lr = (logit_list){1, {1e-30}};
    train("idx", "second", LOGIT_OK, NULL);
    logit_model *a = open_model("first"), *b = open_model("second");
    const logit_model_info x = logit_model_describe(a), y = logit_model_describe(b);
    ck_assert_mem_eq(x.weight, y.weight, sizeof(float) * 3 * SMALL_PIXELS);
    ck_assert_mem_eq(x.bias, y.bias, sizeof(float) * 3);
    logit_model_close(a);
    logit_model_close(b);
}
END_TEST

START_TEST(weights_of_classes_move_the_bias)
{
    options.epochs = 1;
    options.lr = (logit_list){1, {1e-30}};
    options.val_split = 0.0;
    options.class_weight = "0=3";
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info m = logit_model_describe(model);
    ck_assert_double_eq_tol(m.bias[0], log(301.0 / 503.0), 1e-6);
    ck_assert_double_eq_tol(m.bias[1], log(101.0 / 503.0), 1e-6);
    logit_model_close(model);
    logit_error err;
    options.class_weight = "nobody=3";
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "nobody"));
}
END_TEST

static void add_runs(TCase *runs)
{
    int optims = 0, losses = 0;
    while (logit_optimizer_name(optims)) optims++;
    while (logit_loss_name(losses)) losses++;
    tcase_add_loop_test(runs, every_thread_count_writes_the_same_model, 0, optims);
    tcase_add_test(runs, streamed_and_resident_write_the_same_model);
    tcase_add_loop_test(runs, a_setting_of_a_grid_equals_its_run_alone, 0, LG_OPTIM_COUNT);
    tcase_add_test(runs, gradient_descent_with_its_own_lr_reaches_the_optimum);
    tcase_add_loop_test(runs, gradient_descent_never_climbs, 0, losses);
    tcase_add_test(runs, numbers_are_learnt_by_linear_regression);
    tcase_add_loop_test(runs, one_hot_soft_targets_learn_what_labels_do, 0, losses);
    tcase_add_test(runs, two_soft_classes_train_one_sigmoid);
    tcase_add_test(runs, a_run_starts_at_the_log_prior);
    tcase_add_test(runs, training_goes_on_from_a_model);
    tcase_add_test(runs, weights_of_classes_move_the_bias);
}

Suite *lg_suite_train(void)
{
    Suite *suite = suite_create("train");
    TCase *runs = tcase_create("runs");
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_set_timeout(runs, 120);
    add_runs(runs);
    suite_add_tcase(suite, runs);
    return suite;
}
