/* test_folds_resume.c -- a cross-validation that was stopped goes on with the fold it was in, and
 * ends with the bits, the figures and the pick of one that was not.
 *
 * Tests (suite folds_resume).  Killed by a signal: tests/kill_test.sh. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/folds_rig.h"
#include "tests/same_run.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/checkpoint_file.h"
#include "train/folds_parts.h"

Suite *lg_suite_folds_resume(void);

/* What the watch of the last run heard, and at which look for a signal it stops it; 0: at none. */
typedef struct listener {
    int stop_at, looks, folds, settings;
    logit_setting figure[MOST_FOLDS][MOST], told[MOST];
    char said[2000];
} listener;

static int on_stop(void *user)
{
    listener *l = user;
    return ++l->looks == l->stop_at;
}

static void on_fold(void *user, const logit_fold *f)
{
    listener *l = user;
    l->figure[f->fold - 1][f->setting->setting] = *f->setting;
    l->folds++;
}

static void on_setting(void *user, const logit_setting *setting)
{
    listener *l = user;
    l->told[setting->setting] = *setting;
    l->settings++;
}

static void on_message(void *user, logit_level level, const char *text)
{
    listener *l = user;
    const size_t used = strlen(l->said);
    if (level != LOGIT_LEVEL_INFO) snprintf(l->said + used, sizeof l->said - used, "%s\n", text);
}

static logit_status go(const char *run, int stop_at, listener *l, logit_summary *summary,
                       logit_error *err)
{
    *l = (listener){.stop_at = stop_at};
    const logit_watch watch = {
        .user = l, .stop = on_stop, .fold = on_fold, .setting = on_setting, .message = on_message};
    *err = (logit_error){0};
    options.out = small_set_path(run);
    return logit_train(small_set_path("idx"), &options, &watch, summary, err);
}

static void same_number(double a, double b, const char *what, int at)
{
    ck_assert_msg(memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)),
                  "stop at %d: %s: %.17g and %.17g", at, what, a, b);
}

static void same_setting(const logit_setting *a, const logit_setting *b, int at)
{
    same_number(a->lr, b->lr, "lr", at);
    same_number(a->l2, b->l2, "l2", at);
    same_number(a->train_loss, b->train_loss, "training loss", at);
    same_number(a->val_loss, b->val_loss, "validation loss", at);
    same_number(a->val_accuracy, b->val_accuracy, "accuracy", at);
    same_number(a->val_loss_error, b->val_loss_error, "error of the loss", at);
    same_number(a->objective, b->objective, "objective", at);
    same_number(a->gap, b->gap, "gap", at);
    ck_assert_str_eq(a->ended, b->ended);
    ck_assert_int_eq((int)a->passes, (int)b->passes);
    ck_assert_int_eq((int)a->zeros, (int)b->zeros);
    ck_assert_int_eq((int)a->diverged_step, (int)b->diverged_step);
    ck_assert_int_eq(a->setting, b->setting);
    ck_assert_int_eq(a->epochs, b->epochs);
    ck_assert_int_eq(a->epoch, b->epoch);
    ck_assert_int_eq(a->rank, b->rank);
    ck_assert_int_eq(a->kept, b->kept);
}

static void same_figures(const listener *a, const listener *b, int at)
{
    ck_assert_int_eq(a->folds, b->folds);
    ck_assert_int_eq(a->settings, b->settings);
    for (int i = 0; i < a->folds; i++)
        same_setting(&a->figure[i / a->settings][i % a->settings],
                     &b->figure[i / a->settings][i % a->settings], at);
    for (int s = 0; s < a->settings; s++) same_setting(&a->told[s], &b->told[s], at);
}

static void expect(logit_status got, logit_status want, const logit_error *err, int at)
{
    ck_assert_msg(got == want, "stop at %d: status %d, want %d: %s", at, got, want, err->message);
}

/* ---------------------------------------------------------------------------- the same bits --- */

static const struct {
    const char *optimizer, *path, *pick;
    double lr[2], l2[2];
    int epochs;
} variants[] = {{"adam", NULL, "best", {0.01, 0.003}, {0}, 2},
                {"sgd", NULL, "1se", {1e30, 0.1}, {0}, 2},
                {"lbfgs", NULL, "1se", {0}, {1e-3, 1e-1}, 20},
                {"lbfgs", "1:0.01:3", "best", {0}, {0}, 20},
                {"sgd", NULL, "best", {0}, {1e-3, 1e-1}, 2}}; /* its rate is looked for */
enum { VARIANTS = sizeof variants / sizeof *variants };

static void choose(int i)
{
    const double *lr = variants[i].lr, *l2 = variants[i].l2;
    options.optimizer = variants[i].optimizer;
    options.path = variants[i].path;
    options.pick = variants[i].pick;
    options.epochs = variants[i].epochs;
    options.lr = (logit_list){lr[0] != 0.0 ? 2 : 0, {lr[0], lr[1]}};
    options.l2 = (logit_list){l2[0] != 0.0 ? 2 : 0, {l2[0], l2[1]}};
}

/* Stopped at every third look for a signal: in whatever fold, behind the last before the training
 * begins, or in that. */
START_TEST(a_cross_validation_stopped_anywhere_goes_on_to_the_same_bits)
{
    listener *straight = calloc(1, sizeof *straight), *now = calloc(1, sizeof *now);
    logit_summary a, b;
    logit_error err;
    int stopped = 0, kept_folds = 0, began_anew = 0, behind = 0;
    choose(_i);
    expect(go("straight", 0, straight, &a, &err), LOGIT_OK, &err, 0);
    for (int at = 3; at < straight->looks; at += 3) {
        options.resume = 0;
        options.force = 1;
        const logit_status status = go("run", at, now, &b, &err);
        if (status == LOGIT_OK) continue; /* past the last look that counts */
        expect(status, LOGIT_E_STOPPED, &err, at);
        const int keeps = access(small_set_path("run/checkpoint.0"), F_OK) == 0 ||
                          access(small_set_path("run/checkpoint.1"), F_OK) == 0;
        const int is_behind = strstr(err.message, "stopped behind fold 3 of 3") != NULL;
        const int in_fold = strstr(err.message, "goes on with that fold") != NULL;
        const int says = strstr(err.message, small_set_path("run")) != NULL &&
                         strstr(err.message, "--resume goes on") != NULL;
        ck_assert_msg(keeps == says, "%d: %s", at, err.message);
        options.resume = 1;
        options.force = 0;
        expect(go("run", 0, now, &b, &err), LOGIT_OK, &err, at);
        ck_assert_int_eq(in_fold || is_behind, strstr(now->said, "going on after fold") != NULL);
        same_run("straight", "run", at);
        same_figures(straight, now, at);
        same_number(a.val_loss, b.val_loss, "the run's validation loss", at);
        ck_assert_int_eq(a.setting, b.setting);
        stopped++;
        kept_folds += in_fold;
        began_anew += !keeps;
        behind += is_behind;
    }
    ck_assert_msg(stopped > 3 && kept_folds > 1 && began_anew > 0 && behind > 0, "%d %d %d %d",
                  stopped, kept_folds, began_anew, behind);
    free(straight);
    free(now);
}
END_TEST

/* Again and again, each time a little further: with a save behind each fold. */
START_TEST(a_cross_validation_stopped_many_times_goes_on_to_the_same_bits)
{
    listener *straight = calloc(1, sizeof *straight), *now = calloc(1, sizeof *now);
    logit_summary a, b;
    logit_error err;
    int stops = 0, fold = 0, after = 0, began = 0;
    options.folds = 5;
    options.checkpoint_steps = 1;
    expect(go("straight", 0, straight, &a, &err), LOGIT_OK, &err, 0);
    const int far = straight->looks / 4;
    options.resume = 1;
    while (go("run", far, now, &b, &err) == LOGIT_E_STOPPED) {
        const char *on = strstr(now->said, "going on after fold ");
        if (fold > 1) { /* where it was stopped: the newest of the two files */
            ck_assert_msg(on && sscanf(on, "going on after fold %d", &after) == 1, "%s", now->said);
            ck_assert_int_eq(after, fold - 1);
            began++;
        }
        if (sscanf(err.message, "stopped in fold %d", &fold) != 1) fold = 0;
        ck_assert_int_lt(++stops, 20);
    }
    ck_assert_int_gt(began, 1);
    expect(err.status, LOGIT_OK, &err, far);
    ck_assert_int_gt(stops, 2);
    same_run("straight", "run", far);
    same_figures(straight, now, far);
    expect(go("run", 0, now, &b, &err), LOGIT_OK, &err, 0); /* finished: told once more */
    ck_assert(strstr(now->said, "nothing is left to do") != NULL);
    same_figures(straight, now, 0);
    same_number(a.val_loss, b.val_loss, "the run's validation loss", 0);
    same_number(a.val_accuracy, b.val_accuracy, "the run's accuracy", 0);
    free(straight);
    free(now);
}
END_TEST

/* --------------------------------------------------------------------------------- refused --- */

/* Stops a run of three folds in its last one. */
static void stop_late(listener *l)
{
    logit_error err;
    logit_summary summary;
    expect(go("straight", 0, l, &summary, &err), LOGIT_OK, &err, 0);
    const int looks = l->looks;
    int at = looks;
    do {
        at -= 2;
        options.force = 1;
        ck_assert_int_gt(at, 0);
        go("run", at, l, &summary, &err);
    } while (!strstr(err.message, "goes on with that fold"));
    options.force = 0;
    options.resume = 1;
}

START_TEST(folds_of_another_run_are_refused)
{
    listener *l = calloc(1, sizeof *l);
    logit_error err;
    stop_late(l);
    options.epochs++;
    expect(go("run", 0, l, NULL, &err), LOGIT_E_USAGE, &err, 0);
    ck_assert_msg(strstr(err.message, "the folds were trained for") != NULL, "%s", err.message);
    options.epochs--;
    options.folds++;
    expect(go("run", 0, l, NULL, &err), LOGIT_E_USAGE, &err, 0);
    ck_assert_msg(strstr(err.message, "folds") != NULL, "%s", err.message);
    options.folds--;
    expect(go("run", 0, l, NULL, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 0);
    free(l);
}
END_TEST

/* By lbfgs, which ends by itself however many there may be. */
START_TEST(epochs_that_were_not_given_are_named_so)
{
    listener *l = calloc(1, sizeof *l);
    logit_error err;
    options.optimizer = "lbfgs";
    options.l2 = (logit_list){1, {0.1}};
    options.epochs = 0;
    stop_late(l);
    options.epochs = 5;
    expect(go("run", 0, l, NULL, &err), LOGIT_E_USAGE, &err, 0);
    ck_assert_msg(strstr(err.message, "was not given and is 5 now") != NULL, "%s", err.message);
    free(l);
}
END_TEST

/* Who gives --resume alone goes on as it was planned: the folds that are left, too. */
START_TEST(epochs_that_are_not_given_again_are_those_of_the_folds)
{
    listener *straight = calloc(1, sizeof *straight), *now = calloc(1, sizeof *now);
    logit_error err;
    options.epochs = 2;
    stop_late(now);
    options.resume = 0;
    expect(go("again", 0, straight, NULL, &err), LOGIT_OK, &err, 0);
    options.resume = 1;
    options.epochs = 0;
    expect(go("run", 0, now, NULL, &err), LOGIT_OK, &err, 0);
    same_run("straight", "run", 0);
    same_figures(straight, now, 0);
    free(straight);
    free(now);
}
END_TEST

/* Whole by its checksum, and yet not what a fold comes to: a later layout, or another program. */
START_TEST(a_state_that_is_none_of_folds_is_refused)
{
    listener *l = calloc(1, sizeof *l);
    lg_checkpoint_file file;
    logit_error err;
    stop_late(l);
    const char *name =
        small_set_path(access(small_set_path("run/checkpoint.0"), F_OK) == 0 ? "run/checkpoint.0"
                                                                             : "run/checkpoint.1");
    char *path = strdup(name);
    ck_assert_int_eq(lg_checkpoint_file_read(path, &file, &err), LOGIT_OK);
    char *head_text = cJSON_PrintUnformatted(file.head);
    lg_text head = {0};
    lg_text_add(&head, "%s", head_text);
    for (int i = 0; i < 3; i++) {
        uint8_t *state = malloc(file.state_bytes);
        memcpy(state, file.state, file.state_bytes);
        const double wrong = i == 0 ? 99.0 : 0.5; /* a word that is not there; half an epoch */
        memcpy(state + (i == 0 ? 16 : 15) * sizeof wrong, &wrong, sizeof wrong);
        const size_t bytes = file.state_bytes - (i == 2 ? sizeof wrong : 0);
        ck_assert_int_eq(
            lg_checkpoint_file_write(path, &head, i == 2 ? file.state : state, bytes, &err),
            LOGIT_OK);
        expect(go("run", 0, l, NULL, &err), LOGIT_E_DATA, &err, i);
        ck_assert_msg(strstr(err.message, "does not fit this run") != NULL, "%s", err.message);
        free(state);
    }
    ck_assert_int_eq(lg_checkpoint_file_write(path, &head, file.state, file.state_bytes, &err),
                     LOGIT_OK);
    expect(go("run", 0, l, NULL, &err), LOGIT_OK, &err, 3);
    same_run("straight", "run", 3);
    lg_checkpoint_file_clear(&file);
    lg_text_clear(&head);
    free(head_text);
    free(path);
    free(l);
}
END_TEST

Suite *lg_suite_folds_resume(void)
{
    Suite *suite = suite_create("folds_resume");
    TCase *all = tcase_create("folds_resume");
    tcase_add_checked_fixture(all, folds_begin, small_set_end);
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, a_cross_validation_stopped_anywhere_goes_on_to_the_same_bits, 0,
                        VARIANTS);
    tcase_add_test(all, a_cross_validation_stopped_many_times_goes_on_to_the_same_bits);
    tcase_add_test(all, epochs_that_are_not_given_again_are_those_of_the_folds);
    tcase_add_test(all, epochs_that_were_not_given_are_named_so);
    tcase_add_test(all, folds_of_another_run_are_refused);
    tcase_add_test(all, a_state_that_is_none_of_folds_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}
