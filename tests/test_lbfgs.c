/* test_lbfgs.c -- runs that go to the optimum, beside Newton's method in float64. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/newton.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_lbfgs(void);

enum { COUNT = 120, CLASSES = 3 };

static void ready(void)
{
    begin();
    options.optimizer = "lbfgs";
    options.normalize = "unit";
    options.val_split = 0.0;
    options.epochs = 0;
}

/* A set of `count` images in `classes` classes. */
static void write_set(const char *name, int count, int classes)
{
    small_set_write_idx(small_set_path(name), "train", count, classes);
}

/* J at the model of a run, by the oracle. */
static double objective_of(const newton *p, const char *run)
{
    logit_model *model = open_model(run);
    const logit_model_info m = logit_model_describe(model);
    double w[8 * SMALL_PIXELS], b[8];
    ck_assert_int_eq(m.outputs, p->outputs);
    for (int i = 0; i < m.outputs * SMALL_PIXELS; i++) w[i] = (double)m.weight[i];
    for (int c = 0; c < m.outputs; c++) b[c] = (double)m.bias[c];
    const double value = newton_objective(p, w, b, NULL);
    logit_model_close(model);
    return value;
}

/* ---------------------------------------------------------------------------- the optimum --- */

static const struct {
    const char *loss;
    lg_loss id;
    int classes, weighted;
    double l2, smoothing;
} cases[] = {
    {"softmax", LG_LOSS_SOFTMAX, 3, 0, 1e-2, 0.0}, {"softmax", LG_LOSS_SOFTMAX, 3, 1, 1e-3, 0.1},
    {"sigmoid", LG_LOSS_SIGMOID, 2, 0, 1e-2, 0.0}, {"sigmoid", LG_LOSS_SIGMOID, 2, 1, 1e-3, 0.2},
    {"sigmoid", LG_LOSS_SIGMOID, 3, 0, 1e-2, 0.0}, {"sigmoid", LG_LOSS_SIGMOID, 3, 1, 1e-3, 0.1},
    {"mse", LG_LOSS_MSE, 3, 0, 1e-2, 0.0},         {"mse", LG_LOSS_MSE, 3, 1, 1e-3, 0.1},
};
enum { CASES = sizeof cases / sizeof *cases };

START_TEST(it_ends_at_the_optimum) /* case x device */
{
    static const char *const devices[] = {"cpu", "ref"};
    const int c = _i / 2;
    newton p = newton_small_set(cases[c].id, COUNT, cases[c].classes);
    p.l2 = cases[c].l2;
    p.smoothing = cases[c].smoothing;
    for (int i = 0; i < COUNT && cases[c].weighted; i++) p.weight[i] = p.label[i] == 1 ? 2.5 : 1.0;
    double w[8 * SMALL_PIXELS], b[8];
    const double best = newton_minimise(&p, w, b);
    write_set("set", COUNT, cases[c].classes);
    options.device = devices[_i % 2];
    options.loss = cases[c].loss;
    options.class_weight = cases[c].weighted ? "1=2.5" : NULL;
    options.l2 = (logit_list){1, {cases[c].l2}};
    options.label_smoothing = (logit_list){1, {cases[c].smoothing}};
    const logit_summary s = train("set", "run", LOGIT_OK, NULL);
    const double at = objective_of(&p, "run");
    ck_assert_msg(strncmp(s.ended, "converged", 9) == 0, "%s", s.ended);
    ck_assert_msg(at - best <= 1e-6 * best, "%.12g above %.12g", at - best, best);
    ck_assert_msg(at - best <= s.gap * 1.001 + 1e-13, "%.3g above, said %.3g", at - best, s.gap);
    ck_assert_double_lt(s.gap, 1e-5);
    ck_assert_double_le(fabs(s.objective - at), 1e-6 * at);
    newton_close(&p);
}
END_TEST

START_TEST(a_smaller_tolerance_comes_nearer)
{
    double gap[3];
    static const double tolerance[] = {1e-2, 1e-4, 1e-6};
    options.l2 = (logit_list){1, {1e-3}};
    for (int i = 0; i < 3; i++) {
        options.tolerance = tolerance[i];
        gap[i] = train("idx", "run", LOGIT_OK, NULL).gap;
    }
    ck_assert_double_lt(gap[1], gap[0] / 10.0);
    ck_assert_double_lt(gap[2], gap[1] / 10.0);
}
END_TEST

START_TEST(it_says_that_passes_were_too_few)
{
    options.l2 = (logit_list){1, {1e-4}};
    options.epochs = 5;
    const logit_summary s = train("idx", "run", LOGIT_OK, NULL);
    ck_assert_msg(strstr(s.ended, "--epochs") && strstr(s.ended, "5 passes"), "%s", s.ended);
    ck_assert(isnan(s.gap));
}
END_TEST

START_TEST(no_tolerance_ends_in_rounding)
{
    options.l2 = (logit_list){1, {1e-2}};
    options.tolerance = 0.0;
    const logit_summary s = train("idx", "run", LOGIT_OK, NULL);
    ck_assert_msg(strstr(s.ended, "nothing to gain") != NULL, "%s", s.ended);
    ck_assert_double_lt(s.gap, 1e-9);
}
END_TEST

/* From its own optimum there is one pass, and the weights stay. */
START_TEST(from_the_optimum_it_stays)
{
    options.l2 = (logit_list){1, {1e-2}};
    train("idx", "first", LOGIT_OK, NULL);
    static char from[600];
    snprintf(from, sizeof from, "%s", small_set_path("first"));
    options.from = from;
    const logit_summary s = train("idx", "again", LOGIT_OK, NULL);
    ck_assert_msg(strstr(s.ended, "after 1 passes") != NULL, "%s", s.ended);
    logit_model *a = open_model("first"), *b = open_model("again");
    ck_assert(memcmp(logit_model_describe(a).weight, logit_model_describe(b).weight,
                     sizeof(float) * CLASSES * SMALL_PIXELS) == 0);
    logit_model_close(a);
    logit_model_close(b);
}
END_TEST

/* --------------------------------------------------------------------------------- with l1 --- */

/* The KKT residual of J + l1 |W|_1 at the model of a run, by the oracle; and its zeros. */
static double residual_of(const newton *p, const char *run, double l1, int *zeros)
{
    logit_model *model = open_model(run);
    const logit_model_info m = logit_model_describe(model);
    const int row = SMALL_PIXELS + 1;
    double w[8 * SMALL_PIXELS], b[8], g[8 * (SMALL_PIXELS + 1)], most = 0.0;
    for (int i = 0; i < m.outputs * SMALL_PIXELS; i++) w[i] = (double)m.weight[i];
    for (int c = 0; c < m.outputs; c++) b[c] = (double)m.bias[c];
    newton_objective(p, w, b, g);
    *zeros = 0;
    for (int i = 0; i < m.outputs * row; i++) {
        const double at = i % row < SMALL_PIXELS ? w[i / row * SMALL_PIXELS + i % row] : 0.0;
        const int is_bias = i % row == SMALL_PIXELS;
        double slope = g[i];
        if (!is_bias && at != 0.0) slope += at > 0.0 ? l1 : -l1;
        if (!is_bias && at == 0.0) slope = fmax(fabs(g[i]) - l1, 0.0);
        *zeros += !is_bias && at == 0.0;
        most = fmax(most, fabs(slope));
    }
    logit_model_close(model);
    return most;
}

START_TEST(with_l1_the_kkt_conditions_hold) /* loss x l2 */
{
    static const double l1[] = {1e-3, 1e-2, 1.0};
    static const lg_loss losses[] = {LG_LOSS_SOFTMAX, LG_LOSS_SIGMOID, LG_LOSS_MSE};
    newton p = newton_small_set(losses[_i / 2], COUNT, CLASSES);
    p.l2 = _i % 2 ? 1e-2 : 0.0;
    write_set("set", COUNT, CLASSES);
    options.loss = lg_losses[losses[_i / 2]].name;
    options.l2 = (logit_list){1, {p.l2}};
    int before = -1;
    for (int i = 0; i < 3; i++) {
        int zeros;
        options.l1 = (logit_list){1, {l1[i]}};
        const logit_summary s = train("set", "run", LOGIT_OK, NULL);
        ck_assert_msg(strncmp(s.ended, "converged", 9) == 0, "%s", s.ended);
        if (i < 2) /* it measures */
            ck_assert_double_gt(residual_of(&p, "run", 1.1 * l1[i], &zeros), 5e-5);
        ck_assert_double_lt(residual_of(&p, "run", l1[i], &zeros), 2e-5);
        ck_assert_int_eq(zeros, (int)s.zeros);
        ck_assert_int_gt(zeros, before);
        before = zeros;
    }
    ck_assert_int_eq(before, p.outputs * SMALL_PIXELS); /* so strong that nothing is left */
    newton_close(&p);
}
END_TEST

START_TEST(l1_takes_lbfgs)
{
    static const char *const by[] = {"gd", "sgd", "adam"};
    logit_error err;
    options.optimizer = by[_i];
    options.l1 = (logit_list){1, {1e-3}};
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "lbfgs") != NULL, "%s", err.message);
}
END_TEST

/* ----------------------------------------------------------------------------- no optimum --- */

/* Tells warnings that speak of separation. */
static void take_warning(void *user, logit_level level, const char *text)
{
    if (level == LOGIT_LEVEL_WARNING && strstr(text, "can be separated")) ++*(int *)user;
}

static int warnings_of(const char *set, logit_summary *s)
{
    int warned = 0;
    logit_error err = {0};
    const logit_watch watch = {.user = &warned, .message = take_warning};
    options.out = small_set_path("run");
    const logit_status status = logit_train(small_set_path(set), &options, &watch, s, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return warned;
}

/* 20 images of 30 pixels lie on their sides of some plane; 600 do not. */
START_TEST(separated_classes_have_no_optimum) /* loss x optimizer */
{
    static const char *const by[] = {"lbfgs", "gd"};
    logit_summary s;
    write_set("few", 20, _i % 2 ? 3 : 2);
    options.loss = _i % 2 ? "softmax" : "sigmoid";
    options.optimizer = by[_i / 2 % 2];
    options.l2 = (logit_list){1, {0.0}};
    ck_assert_int_eq(warnings_of("few", &s), 1);
    if (_i / 2 == 0) ck_assert_msg(strstr(s.ended, "separated") != NULL, "%s", s.ended);
    options.l2 = (logit_list){1, {1e-4}};
    ck_assert_int_eq(warnings_of("few", &s), 0);
    if (_i / 2 == 0) ck_assert_msg(strstr(s.ended, "converged") != NULL, "%s", s.ended);
    options.l2 = (logit_list){1, {0.0}};
    options.label_smoothing = (logit_list){1, {0.1}};
    ck_assert_int_eq(warnings_of("few", &s), 0);
}
END_TEST

/* One image with a wrong label among the others: no plane separates it from its twin. */
START_TEST(mixed_classes_have_one)
{
    logit_summary s;
    small_set_write_mixed(small_set_path("mixed"), 40, 2);
    options.l2 = (logit_list){1, {0.0}};
    ck_assert_int_eq(warnings_of("mixed", &s), 0);
    ck_assert_msg(strstr(s.ended, "separated") == NULL, "%s", s.ended);
}
END_TEST

/* -------------------------------------------------------------------------------- same bits --- */

START_TEST(every_thread_count_and_batch_in_memory_writes_the_same_model)
{
    options.l2 = (logit_list){1, {1e-3}};
    options.threads = 1;
    train("idx", "one", LOGIT_OK, NULL);
    for (int threads = 2; threads <= 7; threads += 5) {
        options.threads = threads;
        options.memory = threads == 7; /* streamed */
        train("idx", "more", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("one"), MODEL("more")), "%d threads", threads);
    }
}
END_TEST

START_TEST(a_setting_of_a_grid_equals_its_run_alone)
{
    options.val_split = 0.2;
    options.l2 = (logit_list){3, {1e-4, 1e-2, 1.0}};
    options.label_smoothing = (logit_list){2, {0.0, 0.1}};
    train("idx", "grid", LOGIT_OK, NULL);
    for (int i = 0; i < 6; i++) {
        char stacked[64];
        static const double l2[] = {1e-4, 1e-2, 1.0};
        options.l2 = (logit_list){1, {l2[i / 2]}};
        options.label_smoothing = (logit_list){1, {i % 2 ? 0.1 : 0.0}};
        train("idx", "solo", LOGIT_OK, NULL);
        logit_model *solo = open_model("solo");
        snprintf(stacked, sizeof stacked, "grid/settings/%02d", i);
        logit_model *one = open_model(stacked);
        ck_assert_msg(memcmp(logit_model_describe(solo).weight, logit_model_describe(one).weight,
                             sizeof(float) * CLASSES * SMALL_PIXELS) == 0,
                      "setting %d", i);
        logit_model_close(solo);
        logit_model_close(one);
    }
}
END_TEST

/* ---------------------------------------------------------------------------------- options --- */

START_TEST(options_of_other_optimizers_are_refused)
{
    logit_error err;
    const logit_options before = options;
    for (int i = 0; i < 6; i++) {
        static const char *const name[] = {"--lr",           "--momentum", "--nesterov",
                                           "--weight-decay", "--flip",     "--shift"};
        options = before;
        if (i == 0) options.lr = (logit_list){1, {0.1}};
        if (i == 1) options.momentum = (logit_list){2, {0.0, 0.9}};
        if (i == 2) options.nesterov = 1;
        if (i == 3) options.weight_decay = 0.1;
        if (i == 4) options.flip = 1;
        if (i == 5) options.shift = 2;
        train("idx", "run", LOGIT_E_USAGE, &err);
        ck_assert_msg(strncmp(err.message, name[i], strlen(name[i])) == 0, "%s", err.message);
    }
    logit_comparison found;
    logit_compare_options asked;
    logit_compare_options_default(&asked);
    asked.train.optimizer = "lbfgs";
    ck_assert_int_eq(logit_compare(small_set_path("idx"), NULL, &asked, NULL, &found, &err),
                     LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "lbfgs") != NULL, "%s", err.message);
    logit_comparison_clear(&found);
}
END_TEST

/* -------------------------------------------------------------------------------- real data --- */

/* What scikit-learn 1.2.1 reaches in float64 with C = 1/(l2 N) and tol 1e-4. */
START_TEST(mnist_and_fashion_mnist_end_where_scikit_learn_does)
{
    static const struct {
        const char *name;
        double objective, accuracy;
    } sets[] = {{"mnist", 0.334611, 0.9208}, {"fashion-mnist", 0.452472, 0.8415}};
    const char *data = getenv("LOGIT_TEST_DATA");
    char path[1000];
    logit_summary s;
    logit_error err = {0};
    if (!data) {
        puts("lbfgs: MNIST was skipped, LOGIT_TEST_DATA is not set");
        return;
    }
    snprintf(path, sizeof path, "%s/%s", data, sets[_i].name);
    options.l2 = (logit_list){1, {1e-3}};
    options.out = small_set_path("run");
    ck_assert_msg(logit_train(path, &options, NULL, &s, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_double_le(fabs(s.objective - sets[_i].objective), 1e-5 * sets[_i].objective);
    ck_assert_double_le(fabs(s.test_accuracy - sets[_i].accuracy), 2.5e-4);
}
END_TEST

Suite *lg_suite_lbfgs(void)
{
    Suite *suite = suite_create("lbfgs");
    TCase *runs = tcase_create("runs");
    tcase_add_checked_fixture(runs, ready, small_set_end);
    tcase_set_timeout(runs, 120);
    tcase_add_loop_test(runs, it_ends_at_the_optimum, 0, 2 * CASES);
    tcase_add_test(runs, a_smaller_tolerance_comes_nearer);
    tcase_add_test(runs, it_says_that_passes_were_too_few);
    tcase_add_test(runs, no_tolerance_ends_in_rounding);
    tcase_add_test(runs, from_the_optimum_it_stays);
    tcase_add_loop_test(runs, with_l1_the_kkt_conditions_hold, 0, 6);
    tcase_add_loop_test(runs, l1_takes_lbfgs, 0, 3);
    tcase_add_loop_test(runs, separated_classes_have_no_optimum, 0, 4);
    tcase_add_test(runs, mixed_classes_have_one);
    tcase_add_test(runs, every_thread_count_and_batch_in_memory_writes_the_same_model);
    tcase_add_test(runs, a_setting_of_a_grid_equals_its_run_alone);
    tcase_add_test(runs, options_of_other_optimizers_are_refused);
    tcase_add_loop_test(runs, mnist_and_fashion_mnist_end_where_scikit_learn_does, 0, 2);
    suite_add_tcase(suite, runs);
    return suite;
}
