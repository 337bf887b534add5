/* test_folds_care.c -- cross-validation at its edges: small classes, bad samples, settings that
 * diverge; the same bits from everywhere; what is refused, and what is recorded.
 *
 * Tests (suite folds_care). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/order.h"
#include "tests/folds_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_folds_care(void);

/* ------------------------------------------------------------------------------- same bits --- */

START_TEST(threads_memory_and_source_change_nothing)
{
    double loss[3][2];
    options.lr = (logit_list){2, {0.1, 0.01}};
    options.flip = 1;
    small_set_write_folder(small_set_path("folder"), COUNT, CLASSES);
    options.threads = 1;
    folds_go("folder", "one");
    for (int f = 0; f < 3; f++)
        for (int s = 0; s < 2; s++) loss[f][s] = folds_figure[f][s].val_loss;
    for (int i = 0; i < 4; i++) {
        options.threads = 1 + i;
        options.memory = i % 2 ? 1 : (int64_t)1 << 30; /* streamed, or decoded once */
        options.on_bad = i < 2 ? "fail" : "skip";
        folds_go("folder", "other");
        for (int f = 0; f < 3; f++)
            for (int s = 0; s < 2; s++) ck_assert(loss[f][s] == folds_figure[f][s].val_loss);
        ck_assert(same_files(MODEL("one"), MODEL("other")));
    }
    logit_pack_options pack;
    logit_error err;
    logit_pack_options_default(&pack);
    pack.file = small_set_path("set.packed");
    ck_assert_int_eq(logit_pack(small_set_path("folder"), &pack, NULL, NULL, &err), LOGIT_OK);
    folds_go("set.packed", "other");
    for (int f = 0; f < 3; f++)
        for (int s = 0; s < 2; s++) ck_assert(loss[f][s] == folds_figure[f][s].val_loss);
    ck_assert(same_files(MODEL("one"), MODEL("other")));
}
END_TEST

/* A list of images with weights: all, or those whose fold is, or is not, f. */
static void write_list(const char *name, const int32_t *fold, int f, int inside)
{
    FILE *file = fopen(small_set_path(name), "w");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < COUNT; i++)
        if (!fold || (fold[i] == f) == inside)
            fprintf(file, "folder/c%d/%05d.pgm,c%d,%g\n", i % CLASSES, i, i % CLASSES,
                    0.5 + i % 7 * 0.25);
    fclose(file);
}

/* Weights of samples times those of their classes, which each fold works out for itself. */
START_TEST(weights_of_a_fold_are_its_own)
{
    int32_t label[COUNT], *fold;
    double loss[3];
    static char held[600];
    for (int i = 0; i < COUNT; i++) label[i] = i % CLASSES;
    ck_assert_int_eq(lg_order_folds(&fold, label, COUNT, CLASSES, 3, 7, NULL), LOGIT_OK);
    small_set_write_folder(small_set_path("folder"), COUNT, CLASSES);
    write_list("all.csv", NULL, 0, 0);
    options.class_weight = _i ? "balanced" : "c1=3";
    folds_go("all.csv", "cross");
    for (int f = 0; f < 3; f++) loss[f] = folds_figure[f][0].val_loss;
    options.folds = 0;
    options.val_split = 0.0;
    train("all.csv", "alone", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("cross"), MODEL("alone")));
    snprintf(held, sizeof held, "%s", small_set_path("held.csv"));
    options.val = held;
    for (int f = 0; f < 3; f++) {
        write_list("others.csv", fold, f, 0);
        write_list("held.csv", fold, f, 1);
        ck_assert(train("others.csv", "alone", LOGIT_OK, NULL).val_loss == loss[f]);
    }
    free(fold);
}
END_TEST

/* A bad sample keeps its fold, and counts in none. */
START_TEST(bad_samples_are_left_out_of_every_fold)
{
    small_set_write_folder(small_set_path("folder"), COUNT, CLASSES);
    FILE *file = fopen(small_set_path("folder/c1/00004.pgm"), "wb");
    fputs("P5\n5 6\n255\nshort", file);
    fclose(file);
    options.on_bad = "skip";
    options.max_bad = 0.1;
    options.memory = _i;
    const logit_summary s = folds_go("folder", "run");
    ck_assert_int_eq((int)s.bad, 1);
    ck_assert_int_eq((int)(folds_held_out[0] + folds_held_out[1] + folds_held_out[2]), COUNT);
    for (int f = 0; f < 3; f++) ck_assert(isfinite(folds_figure[f][0].val_loss));
    options.on_bad = "fail";
    train("folder", "run", LOGIT_E_DATA, NULL);
}
END_TEST

/* ------------------------------------------------------------------------------- refused --- */

START_TEST(what_does_not_go_with_folds_is_refused)
{
    logit_error err;
    const logit_options before = options;
    for (int i = 0; i < 9; i++) {
        static const char *const says[] = {"--val:",      "--val-split:", "--patience",
                                           "--calibrate", "at least 2",   "at most 100",
                                           "--pick",      "--pick 1se",   "at most 300"};
        options = before;
        if (i == 0) options.val = small_set_path("idx");
        if (i == 1) options.val_split = 0.2;
        if (i == 2) options.patience = 3;
        if (i == 3) options.calibrate = 1;
        if (i == 4) options.folds = 1;
        if (i == 5) options.folds = 101;
        if (i == 6) options.pick = "worst";
        if (i == 7) options.pick = "1se", options.folds = 0;
        if (i == 8) options.folds = 1000000000;
        train("idx", "run", LOGIT_E_USAGE, &err);
        ck_assert_msg(strstr(err.message, says[i]) != NULL, "%d: %s", i, err.message);
    }
}
END_TEST

START_TEST(a_class_that_is_too_small_is_named)
{
    logit_error err;
    small_set_write_folder(small_set_path("folder"), 30, CLASSES);
    for (int i = 0; i < 8; i++) { /* of its ten images two stay, or one */
        char name[64];
        snprintf(name, sizeof name, "folder/c2/%05d.pgm", 3 * i + 2);
        unlink(small_set_path(name));
    }
    train("folder", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "\"c2\" has 2 training samples") != NULL, "%s", err.message);
    options.folds = 2;
    train("folder", "run", LOGIT_OK, NULL);
    unlink(small_set_path("folder/c2/00026.pgm"));
    train("folder", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "\"c2\" has 1 training sample,") != NULL, "%s", err.message);
}
END_TEST

/* Leave one out: as many folds as there are numbers, and one more is refused. */
START_TEST(as_many_folds_as_samples)
{
    logit_error err;
    small_set_write_targets(small_set_path("numbers"), 20, 1);
    options.optimizer = "lbfgs";
    options.l2 = (logit_list){2, {1e-2, 1.0}};
    options.epochs = 0;
    options.folds = 20;
    folds_go("numbers", "run");
    ck_assert_int_eq(folds_figures, 40);
    for (int f = 0; f < 20; f++) {
        ck_assert_int_eq((int)folds_held_out[f], 1);
        ck_assert(isfinite(folds_figure[f][0].val_loss) && isnan(folds_figure[f][0].val_accuracy));
    }
    options.folds = 21;
    train("numbers", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "give at most 20") != NULL, "%s", err.message);
}
END_TEST

START_TEST(a_setting_that_diverges_in_a_fold_is_not_picked)
{
    logit_error err;
    options.optimizer = "sgd";
    options.lr = (logit_list){2, {1e30, 0.1}};
    const logit_summary s = folds_go("idx", "run");
    ck_assert_int_eq(s.setting, 1);
    ck_assert_str_eq(folds_told[0].ended, "diverged");
    ck_assert(isnan(folds_told[0].val_loss) && folds_told[0].rank == 1);
    options.lr = (logit_list){1, {1e30}};
    train("idx", "run", LOGIT_E_DIVERGED, &err);
    ck_assert_msg(strncmp(err.message, "fold 1 of 3: ", 13) == 0, "%s", err.message);
}
END_TEST

/* How often a text stands in a file; in metrics.jsonl. */
static int times_in(const char *file, const char *text)
{
    int64_t size;
    int count = 0;
    char *all = (char *)small_set_read(small_set_path(file), &size);
    all = realloc(all, (size_t)size + 1);
    all[size] = '\0';
    for (char *at = all; (at = strstr(at, text)) != NULL; at++) count++;
    free(all);
    return count;
}

static int lines_with(const char *text)
{
    return times_in("run/metrics.jsonl", text);
}

START_TEST(the_record_holds_every_fold)
{
    logit_report_options report;
    logit_error err;
    options.lr = (logit_list){2, {0.1, 0.01}};
    folds_go("idx", "run");
    ck_assert_int_eq(lines_with("{\"type\":\"start\""), 1);
    ck_assert_int_eq(lines_with("\"folds\":3"), 3);
    ck_assert_int_eq(lines_with("{\"type\":\"fold\""), 6);
    ck_assert_int_eq(lines_with("{\"type\":\"setting\""), 2);
    ck_assert_int_eq(lines_with("\"val_loss_error\""), 2);
    ck_assert_int_eq(lines_with("{\"type\":\"epoch\""), 3);
    logit_report_options_default(&report);
    ck_assert_int_eq(logit_report(small_set_path("run"), &report, &err), LOGIT_OK);
    ck_assert_int_eq(times_in("run/report.html", "Cross-validation</h2>"), 1);
    ck_assert_int_eq(times_in("run/report.html", " &#177; "), 4); /* loss and accuracy of two */
    ck_assert_int_eq(times_in("run/report.html", "Loss by penalty"), 0);
}
END_TEST

Suite *lg_suite_folds_care(void)
{
    Suite *suite = suite_create("folds_care");
    TCase *all = tcase_create("folds_care");
    tcase_add_checked_fixture(all, folds_begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, threads_memory_and_source_change_nothing);
    tcase_add_loop_test(all, weights_of_a_fold_are_its_own, 0, 2);
    tcase_add_loop_test(all, bad_samples_are_left_out_of_every_fold, 0, 2);
    tcase_add_test(all, what_does_not_go_with_folds_is_refused);
    tcase_add_test(all, a_class_that_is_too_small_is_named);
    tcase_add_test(all, as_many_folds_as_samples);
    tcase_add_test(all, a_setting_that_diverges_in_a_fold_is_not_picked);
    tcase_add_test(all, the_record_holds_every_fold);
    suite_add_tcase(suite, all);
    return suite;
}
