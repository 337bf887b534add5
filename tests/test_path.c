/* test_path.c -- a path over penalties: each point is the optimum that a cold start ends at, in
 * fewer passes, and the validation part picks one.
 *
 * Tests (suite path).  Optima by Newton's method in float64 (newton.h). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/newton.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/path.h"

Suite *lg_suite_path(void);

enum { COUNT = 120, CLASSES = 3, POINTS = 8 };

static void validate_on(const char *set)
{
    static char path[600];
    snprintf(path, sizeof path, "%s", small_set_path(set));
    options.val = path;
}

static void ready(void)
{
    begin();
    small_set_write_idx(small_set_path("set"), "train", COUNT, CLASSES);
    options.optimizer = "lbfgs";
    options.normalize = "unit";
    options.epochs = 0;
    options.path = "1:1e-5:8";
}

/* -------------------------------------------------------------------------------- refused --- */

START_TEST(what_does_not_go_with_a_path_is_refused)
{
    logit_error err;
    const logit_options before = options;
    for (int i = 0; i < 6; i++) {
        static const char *const says[] = {"lbfgs",    "side by side", "side by side",
                                           "both say", "both say",     "validation part"};
        options = before;
        if (i == 0) options.optimizer = "adam";
        if (i == 1) options.l1 = (logit_list){2, {0.0, 1e-3}};
        if (i == 2) options.label_smoothing = (logit_list){2, {0.0, 0.1}};
        if (i == 3) options.l2 = (logit_list){1, {0.1}};
        if (i == 4) options.path = "l1:1:0.1", options.l1 = (logit_list){1, {0.1}};
        if (i == 5) options.val_split = 0.0;
        train("idx", "run", LOGIT_E_USAGE, &err);
        ck_assert_msg(strstr(err.message, says[i]) != NULL, "%d: %s", i, err.message);
    }
}
END_TEST

/* ------------------------------------------------------------------------------ the optima --- */

/* What a run told of its settings, by number. */
static logit_setting told[64];
static int told_count;

static void on_setting(void *user, const logit_setting *setting)
{
    (void)user;
    told[setting->setting] = *setting;
    told_count++;
}

static logit_summary go(const char *set, const char *run)
{
    const logit_watch watch = {.setting = on_setting};
    logit_summary summary;
    logit_error err = {0};
    told_count = 0;
    memset(told, 0, sizeof told);
    options.out = small_set_path(run);
    const logit_status status = logit_train(small_set_path(set), &options, &watch, &summary, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return summary;
}

/* J at the model of setting s of a run, by the oracle. */
static double objective_of(const newton *p, const char *run, int s)
{
    char name[64];
    double w[CLASSES * SMALL_PIXELS], b[CLASSES];
    snprintf(name, sizeof name, "%s/settings/%02d", run, s);
    logit_model *model = open_model(name);
    const logit_model_info m = logit_model_describe(model);
    for (int i = 0; i < CLASSES * SMALL_PIXELS; i++) w[i] = (double)m.weight[i];
    for (int c = 0; c < CLASSES; c++) b[c] = (double)m.bias[c];
    const double value = newton_objective(p, w, b, NULL);
    logit_model_close(model);
    return value;
}

static int64_t all_passes(void)
{
    int64_t sum = 0;
    for (int s = 0; s < told_count; s++) sum += told[s].passes;
    return sum;
}

/* The same list without a path is as many cold starts, side by side. */
START_TEST(every_point_is_the_optimum_of_a_cold_start_in_fewer_passes) /* cpu, ref */
{
    newton p = newton_small_set(LG_LOSS_SOFTMAX, COUNT, CLASSES);
    logit_list l2;
    logit_error err;
    double w[CLASSES * SMALL_PIXELS], b[CLASSES];
    options.device = _i ? "ref" : "cpu";
    options.tolerance = _i ? 1e-8 : 1e-5;
    validate_on("idx");
    go("set", "warm");
    const int64_t warm = all_passes();
    ck_assert_int_eq(told_count, POINTS);
    logit_options taken = options;
    ck_assert_int_eq(lg_path_apply(&taken, &err), LOGIT_OK);
    l2 = taken.l2;
    double near[POINTS];
    for (int s = 0; s < POINTS; s++) {
        near[s] = _i ? 1e-9 : told[s].gap;
        ck_assert(told[s].l2 == l2.value[s]);
        ck_assert_str_eq(told[s].ended, "converged");
    }
    options.path = NULL;
    options.l2 = l2;
    go("set", "cold");
    const int64_t cold = all_passes();
    for (int s = 0; s < POINTS; s++) {
        p.l2 = l2.value[s];
        const double best = newton_minimise(&p, w, b), at = objective_of(&p, "warm", s),
                     other = objective_of(&p, "cold", s);
        if (!_i) near[s] = fmax(near[s], told[s].gap); /* as far as either may be off */
        ck_assert_msg(fabs(at - other) <= near[s] * (_i ? other : 1.0) + 1e-12,
                      "%d: %.12g, cold %.12g", s, at, other);
        ck_assert_msg(at - best <= near[s] * (_i ? best : 1.0) + 1e-12, "%d: %.3g above %.12g", s,
                      at - best, best);
    }
    ck_assert_msg(_i || (double)warm < 0.8 * (double)cold, "%d passes, cold %d", (int)warm,
                  (int)cold);
    newton_close(&p);
}
END_TEST

/* The bound that is printed holds, at every point. */
START_TEST(every_bound_holds)
{
    newton p = newton_small_set(LG_LOSS_SOFTMAX, COUNT, CLASSES);
    double w[CLASSES * SMALL_PIXELS], b[CLASSES];
    validate_on("idx");
    options.tolerance = 1e-3;
    go("set", "run");
    for (int s = 0; s < POINTS; s++) {
        p.l2 = told[s].l2;
        const double best = newton_minimise(&p, w, b), at = objective_of(&p, "run", s);
        ck_assert_msg(at - best <= told[s].gap * 1.001 + 1e-7, "%d: %.3g above, said %.3g", s,
                      at - best, told[s].gap);
        ck_assert_double_eq_tol(told[s].objective, at, 1e-6 * at);
    }
    newton_close(&p);
}
END_TEST

/* ----------------------------------------------------------------------------- what is kept --- */

START_TEST(the_validation_part_picks_the_model)
{
    options.val_split = 0.2;
    options.metric = _i ? "accuracy" : "loss";
    const logit_summary s = go("idx", "run");
    char kept[64];
    ck_assert_int_eq(told_count, POINTS);
    for (int i = 0; i < POINTS; i++) {
        ck_assert_int_eq(told[i].kept, i == s.setting);
        if (_i)
            ck_assert(told[i].val_accuracy <= s.val_accuracy);
        else
            ck_assert(told[i].val_loss >= s.val_loss);
        ck_assert((told[i].rank == 0) == told[i].kept);
    }
    ck_assert(told[0].val_loss > s.val_loss); /* it measures: the points differ */
    snprintf(kept, sizeof kept, "run/settings/%02d/model.safetensors", s.setting);
    ck_assert(same_files(MODEL("run"), kept));
}
END_TEST

/* The figures of each point are those of its model, evaluated by itself. */
START_TEST(the_figures_are_those_of_the_models)
{
    validate_on("idx");
    go("set", "run");
    for (int s = 0; s < POINTS; s++) {
        char name[64];
        logit_score score;
        logit_error err;
        snprintf(name, sizeof name, "run/settings/%02d", s);
        logit_model *model = open_model(name);
        ck_assert_int_eq(
            logit_eval(model, small_set_path("idx"), NULL, &options, NULL, &score, &err), LOGIT_OK);
        ck_assert_double_eq(score.loss, told[s].val_loss);
        ck_assert_double_eq(score.accuracy, told[s].val_accuracy);
        logit_score_clear(&score);
        logit_model_close(model);
    }
}
END_TEST

START_TEST(a_path_over_l1_sets_weights_free_one_by_one)
{
    int64_t before = (int64_t)CLASSES * SMALL_PIXELS + 1;
    options.path = "l1:0.5:1e-4:6";
    options.l2 = (logit_list){1, {_i ? 1e-3 : 0.0}};
    options.val_split = 0.2;
    go("idx", "run");
    ck_assert_int_eq(told_count, 6);
    for (int s = 0; s < 6; s++) {
        ck_assert_str_eq(told[s].ended, "converged");
        ck_assert(told[s].l2 == options.l2.value[0]);
        ck_assert_int_le(told[s].zeros, before);
        before = told[s].zeros;
    }
    ck_assert(told[0].l1 == 0.5 && told[0].zeros == (int64_t)CLASSES * SMALL_PIXELS);
    ck_assert_int_lt(told[5].zeros, told[0].zeros * 4 / 5);
}
END_TEST

START_TEST(passes_that_are_too_few_end_a_point_alone)
{
    options.val_split = 0.2;
    options.epochs = 4;
    go("idx", "run");
    ck_assert_int_eq(told_count, POINTS);
    for (int s = 0; s < POINTS; s++) {
        ck_assert_int_le(told[s].passes, 4);
        if (told[s].passes == 4 && isnan(told[s].gap)) ck_assert_str_eq(told[s].ended, "passes");
        ck_assert(isfinite(told[s].val_loss));
    }
    ck_assert_str_eq(told[POINTS - 1].ended, "passes");
}
END_TEST

/* -------------------------------------------------------------------------------- same bits --- */

START_TEST(threads_and_memory_change_nothing)
{
    options.val_split = 0.2;
    options.threads = 1;
    go("idx", "one");
    for (int threads = 2; threads <= 7; threads += 5) {
        options.threads = threads;
        options.memory = threads == 7; /* streamed */
        go("idx", "more");
        ck_assert_msg(same_files(MODEL("one"), MODEL("more")), "%d threads", threads);
        ck_assert(
            same_files("one/settings/07/model.safetensors", "more/settings/07/model.safetensors"));
    }
}
END_TEST

/* On a device with memory of its own, with folds around it. */
START_TEST(the_gpu_code_ends_at_the_same_optima)
{
    double objective[3], loss[3];
    if (!simt_is_built()) return;
    options.path = "1:1e-2:3";
    options.l1 = (logit_list){1, {_i ? 1e-3 : 0.0}};
    options.folds = 2;
    go("set", "cpu");
    for (int s = 0; s < 3; s++) {
        objective[s] = told[s].objective;
        loss[s] = told[s].val_loss;
    }
    options.device = "simt";
    go("set", "simt");
    for (int s = 0; s < 3; s++) {
        ck_assert_double_eq_tol(told[s].objective, objective[s], 1e-6);
        ck_assert_double_eq_tol(told[s].val_loss, loss[s], 1e-4);
    }
}
END_TEST

static int asked, stop_at;
static int on_stop(void *user)
{
    (void)user;
    return ++asked == stop_at;
}

/* Stopped at the middle of a pass, a few points into the path, and gone on with. */
START_TEST(who_is_stopped_goes_on_to_the_same_bits)
{
    const logit_watch stops = {.stop = on_stop};
    logit_error err;
    options.val_split = 0.2;
    go("idx", "straight");
    static const int places[] = {3, 40, 90, 170};
    asked = 0;
    stop_at = places[_i];
    options.out = small_set_path("halves");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &stops, NULL, &err),
                     LOGIT_E_STOPPED);
    options.force = 0;
    options.resume = 1;
    go("idx", "halves");
    for (int s = 0; s < POINTS; s++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "straight/settings/%02d/model.safetensors", s);
        snprintf(b, sizeof b, "halves/settings/%02d/model.safetensors", s);
        ck_assert_msg(same_files(a, b), "point %d", s);
    }
    ck_assert(same_files(MODEL("straight"), MODEL("halves")));
    const logit_summary again = go("idx", "halves"); /* nothing is left to do */
    ck_assert_int_eq(told_count, POINTS);
    ck_assert_int_gt(again.setting, -1);
}
END_TEST

START_TEST(the_report_draws_it)
{
    logit_report_options report;
    logit_error err;
    int64_t size;
    options.val_split = 0.2;
    if (_i) options.path = "l1:0.1,0.01,0";
    go("idx", "run");
    logit_report_options_default(&report);
    ck_assert_int_eq(logit_report(small_set_path("run"), &report, &err), LOGIT_OK);
    char *page = (char *)small_set_read(small_set_path("run/report.html"), &size);
    page = realloc(page, (size_t)size + 1);
    page[size] = '\0';
    ck_assert_ptr_nonnull(strstr(page, "The path</h2>"));
    ck_assert_ptr_nonnull(strstr(page, "Loss by penalty"));
    ck_assert((strstr(page, "Zeros by penalty") != NULL) == (_i == 1));
    ck_assert_ptr_null(strstr(page, "nan"));
    free(page);
}
END_TEST

Suite *lg_suite_path(void)
{
    Suite *suite = suite_create("path");
    TCase *all = tcase_create("path");
    tcase_add_checked_fixture(all, ready, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, what_does_not_go_with_a_path_is_refused);
    tcase_add_loop_test(all, every_point_is_the_optimum_of_a_cold_start_in_fewer_passes, 0, 2);
    tcase_add_test(all, every_bound_holds);
    tcase_add_loop_test(all, the_validation_part_picks_the_model, 0, 2);
    tcase_add_test(all, the_figures_are_those_of_the_models);
    tcase_add_loop_test(all, a_path_over_l1_sets_weights_free_one_by_one, 0, 2);
    tcase_add_test(all, passes_that_are_too_few_end_a_point_alone);
    tcase_add_test(all, threads_and_memory_change_nothing);
    tcase_add_loop_test(all, the_gpu_code_ends_at_the_same_optima, 0, 2);
    tcase_add_loop_test(all, the_report_draws_it, 0, 2);
    tcase_add_loop_test(all, who_is_stopped_goes_on_to_the_same_bits, 0, 4);
    suite_add_tcase(suite, all);
    return suite;
}
