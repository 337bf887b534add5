/* test_patience.c -- runs that stop once they get no better: when, and with which weights.
 *
 * Tests (suite patience). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_patience(void);

enum { EPOCHS = 30 };

/* Gives two images of five another class: there is something to learn, and something to learn by
 * heart. */
static void mislabel(int count)
{
    FILE *file = fopen(small_set_path("idx/train-labels-idx1-ubyte"), "r+b");
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < count; i++) {
        fseek(file, 8 + i, SEEK_SET);
        if (i * 7 % 5 < 2) fputc((i / 3 + i / 7) % 3, file);
    }
    fclose(file);
}

/* Few images, long steps: the validation loss turns within a few epochs. */
static void choose(int patience, const char *metric)
{
    small_set_write_idx(small_set_path("idx"), "train", 90, 3);
    mislabel(90);
    options.optimizer = "sgd";
    options.lr = (logit_list){1, {3.0}};
    options.l2 = (logit_list){1, {0.0}};
    options.val_split = 0.4;
    options.batch_size = 16;
    options.epochs = EPOCHS;
    options.patience = patience;
    options.metric = metric;
}

/* The figures of each epoch, as the watch is told. */
typedef struct curve {
    int epochs;
    double loss[EPOCHS], accuracy[EPOCHS];
} curve;

static void on_epoch(void *user, const logit_epoch *epoch)
{
    curve *c = user;
    c->loss[c->epochs] = epoch->val_loss;
    c->accuracy[c->epochs++] = epoch->val_accuracy;
}

static logit_summary run_curve(const char *run, curve *c)
{
    const logit_watch watch = {.user = c, .epoch = on_epoch};
    logit_summary summary;
    logit_error err = {0};
    *c = (curve){0};
    options.out = small_set_path(run);
    ck_assert_msg(logit_train(small_set_path("idx"), &options, &watch, &summary, &err) == LOGIT_OK,
                  "%s", err.message);
    return summary;
}

static void assert_same_weights(const char *a, const char *b)
{
    logit_model *x = open_model(a), *y = open_model(b);
    ck_assert_mem_eq(logit_model_describe(x).weight, logit_model_describe(y).weight,
                     sizeof(float) * 3 * SMALL_PIXELS);
    ck_assert_mem_eq(logit_model_describe(x).bias, logit_model_describe(y).bias, sizeof(float) * 3);
    logit_model_close(x);
    logit_model_close(y);
}

/* The rule, on the curve of a run without patience: the epochs that are run, and the one kept. */
static int stops_after(const double *figure, int smaller, int patience, int *kept)
{
    int best = 0;
    for (int e = 1; e < EPOCHS; e++) {
        if (smaller ? figure[e] < figure[best] : figure[e] > figure[best]) best = e;
        *kept = best + 1;
        if (e - best == patience) return e + 1;
    }
    return EPOCHS;
}

START_TEST(the_best_epoch_is_the_model) /* patience - 1, by loss and by accuracy */
{
    const int patience = _i / 2 + 1, by_loss = _i % 2;
    curve whole, stopped;
    int kept;
    choose(0, "loss");
    const logit_summary last = run_curve("whole", &whole);
    ck_assert_int_eq(last.epoch, EPOCHS);
    ck_assert_int_eq(last.out_of_patience, 0);
    const int epochs = stops_after(by_loss ? whole.loss : whole.accuracy, by_loss, patience, &kept);
    ck_assert_int_lt(epochs, EPOCHS); /* else the test shows nothing */
    choose(patience, by_loss ? "loss" : "accuracy");
    const logit_summary best = run_curve("stopped", &stopped);
    ck_assert_int_eq(stopped.epochs, epochs);
    ck_assert_int_eq(best.epochs, epochs);
    ck_assert_int_eq(best.epoch, kept);
    ck_assert_int_eq(best.out_of_patience, 1);
    ck_assert_double_eq(best.val_loss, whole.loss[kept - 1]);
    ck_assert_double_eq(best.val_accuracy, whole.accuracy[kept - 1]);
    choose(0, "loss");
    options.epochs = kept;
    const logit_summary straight = run_curve("straight", &whole);
    assert_same_weights("stopped", "straight");
    ck_assert_double_eq(best.objective, straight.objective);
    ck_assert_double_eq(best.train_loss, straight.train_loss);
}
END_TEST

/* The best of all epochs, where there is patience enough; who is given more goes on from the last
 * epoch, not from the best. */
START_TEST(epochs_may_grow)
{
    curve c;
    choose(4, "loss");
    const logit_summary straight = run_curve("straight", &c);
    ck_assert_int_gt(straight.epochs, 4);
    options.epochs = straight.epochs - 2; /* the best is behind it */
    const logit_summary before = run_curve("run", &c);
    ck_assert_int_eq(before.out_of_patience, 0);
    ck_assert_int_eq(before.epoch, straight.epoch);
    options.epochs = EPOCHS;
    options.resume = 1;
    const logit_summary after = run_curve("run", &c);
    ck_assert_int_eq(c.epochs, 2);
    ck_assert_int_eq(after.epochs, straight.epochs);
    ck_assert_int_eq(after.epoch, straight.epoch);
    ck_assert(same_files(MODEL("straight"), MODEL("run")));
    options.epochs = EPOCHS + 10; /* out of patience is the end */
    const logit_summary again = run_curve("run", &c);
    ck_assert_int_eq(c.epochs, 0);
    ck_assert_int_eq(again.epoch, straight.epoch);
    ck_assert_int_eq(again.out_of_patience, 1);
    ck_assert_double_eq(again.val_loss, straight.val_loss);
}
END_TEST

static int steps_left;

static int stop_later(void *user)
{
    (void)user;
    return --steps_left == 0;
}

/* Stopped at any step: the model is the best so far, and what comes after is the same. */
START_TEST(a_stopped_run_keeps_its_best) /* device x steps */
{
    const logit_watch watch = {.stop = stop_later};
    static const char *const devices[] = {"cpu", "ref"};
    curve c;
    logit_error err;
    logit_summary summary;
    choose(2, "loss");
    options.device = devices[_i % 2];
    const logit_summary straight = run_curve("straight", &c);
    options.out = small_set_path("run");
    steps_left = 2 + 3 * (_i / 2);
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, &summary, &err),
                     LOGIT_E_STOPPED);
    options.resume = 1;
    const logit_summary resumed = run_curve("run", &c);
    ck_assert(same_files(MODEL("straight"), MODEL("run")));
    ck_assert_int_eq(resumed.epoch, straight.epoch);
    ck_assert_double_eq(resumed.objective, straight.objective);
}
END_TEST

/* One setting is out of patience long before another, and is frozen: its model is its best epoch's
 * (test_grid.c compares it with its own run), and nothing is said of it any more. */
typedef struct rows {
    int count[2], training[EPOCHS + 1];
} rows;

static void on_row(void *user, const logit_epoch *epoch)
{
    rows *r = user;
    r->count[epoch->setting]++;
    r->training[epoch->epoch] = epoch->training;
}

START_TEST(settings_rest_one_by_one)
{
    rows r = {0};
    const logit_watch watch = {.user = &r, .epoch = on_row};
    logit_summary summary;
    logit_error err;
    choose(2, "loss");
    options.lr = (logit_list){2, {3.0, 0.01}};
    options.out = small_set_path("grid");
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, &summary, &err),
                     LOGIT_OK);
    ck_assert_int_lt(r.count[0], r.count[1]);
    ck_assert_int_eq(r.training[r.count[0] - 1], 2);
    ck_assert_int_eq(r.training[r.count[0]], 1);
    ck_assert_int_eq(summary.epochs, r.count[1]);
}
END_TEST

START_TEST(patience_needs_something_to_go_by)
{
    logit_error err;
    options.patience = 3;
    options.val_split = 0.0;
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--patience 3 needs a validation part"));
    options.val_split = 0.1;
    options.metric = "accuracy";
    small_set_write_targets(small_set_path("numbers"), 90, 1);
    train("numbers", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--metric accuracy: the targets are numbers"));
    options.metric = "f1";
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--metric \"f1\""));
}
END_TEST

Suite *lg_suite_patience(void)
{
    Suite *suite = suite_create("patience");
    TCase *all = tcase_create("patience");
    tcase_add_checked_fixture(all, begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, the_best_epoch_is_the_model, 0, 6);
    tcase_add_test(all, epochs_may_grow);
    tcase_add_loop_test(all, a_stopped_run_keeps_its_best, 0, 20);
    tcase_add_test(all, settings_rest_one_by_one);
    tcase_add_test(all, patience_needs_something_to_go_by);
    suite_add_tcase(suite, all);
    return suite;
}
