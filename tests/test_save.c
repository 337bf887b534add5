/* test_save.c -- a save that is asked for at any step: the run goes on to the same bits, and so
 * does one that goes on from what was saved.
 *
 * The watch asks, and when it hears that it was done it copies the run's folder: what a machine
 * that loses power at that moment has.  Signals to the command: tests/signal_test.sh. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/folds_rig.h"
#include "tests/same_run.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_save(void);

/* What is asked of the run, and what it says. */
typedef struct asker {
    int at; /* the look at which a save is asked for; 0: none */
    int looks, saves;
    int fails; /* the folder is closed before it is saved in */
    char said[300], gone_on[300];
} asker;

static int on_save(void *user)
{
    asker *a = user;
    const int now = ++a->looks == a->at;
    if (now && a->fails) ck_assert_int_eq(system("rm -rf \"$SAVE_RUN\""), 0);
    return now;
}

static int always(void *user)
{
    (void)user;
    return 1;
}

static void on_message(void *user, logit_level level, const char *text)
{
    asker *a = user;
    if (level == LOGIT_LEVEL_INFO) return;
    if (strncmp(text, "going on after", 14) == 0)
        snprintf(a->gone_on, sizeof a->gone_on, "%s", text);
    if (strncmp(text, "saved after", 11) != 0 && !strstr(text, "nothing to save")) return;
    ck_assert_int_eq(level, LOGIT_LEVEL_NOTICE);
    snprintf(a->said, sizeof a->said, "%s", text);
    a->saves++;
    ck_assert_int_eq(system("rm -rf \"$SAVE_CUT\" && cp -r \"$SAVE_RUN\" \"$SAVE_CUT\""), 0);
}

static logit_status go(const char *run, asker *a, int at, logit_error *err)
{
    a->at = at;
    a->looks = a->saves = 0;
    a->said[0] = a->gone_on[0] = '\0';
    const logit_watch watch = {.user = a, .message = on_message, .save = on_save};
    *err = (logit_error){0};
    options.out = small_set_path(run);
    return logit_train(small_set_path("idx"), &options, &watch, NULL, err);
}

static void must(logit_status got, const logit_error *err, int at)
{
    ck_assert_msg(got == LOGIT_OK, "save at look %d: %s", at, err->message);
}

static void begin_saves(void)
{
    begin();
    options.checkpoint_seconds = 1e9; /* nothing is saved that nobody asks for */
    setenv("SAVE_RUN", small_set_path("run"), 1);
    setenv("SAVE_CUT", small_set_path("cut"), 1);
}

/* Numbers that are no pattern: the generator of Park and Miller. */
static int draw(uint32_t *state, int most)
{
    *state = (uint32_t)((uint64_t)*state * 48271 % 2147483647);
    return (int)(*state % (uint32_t)most);
}

/* ------------------------------------------------------------------------------ every step --- */

static const struct {
    const char *what, *device, *optimizer;
    int64_t memory;
    int settings;
    const char *features;
    int is_whole; /* a step is an epoch */
} variants[] = {
    {"adam", "cpu", "adam", 0, 1, NULL, 0},
    {"streamed", "cpu", "sgd", 1, 1, NULL, 0},
    {"a grid", "cpu", "adam", 0, 3, NULL, 0},
    {"the whole set a step", "cpu", "gd", 0, 1, NULL, 1},
    {"lbfgs", "cpu", "lbfgs", 1, 1, NULL, 1},
    {"double precision", "ref", "adam", 0, 1, NULL, 0},
    {"patches", "cpu", "adam", 0, 1, "patch:5,size=3,grid=2,stride=1", 0},
    {"the kernels", "simt", "adam", 0, 1, NULL, 0},
};
enum { VARIANTS = sizeof variants / sizeof *variants, DRAWS = 8 };

static void choose(int i)
{
    options.device = variants[i].device;
    options.optimizer = variants[i].optimizer;
    options.features = variants[i].features;
    options.memory = variants[i].memory;
    options.log_steps = 2;
    if (variants[i].memory) options.height = options.width = 8; /* else the file is in memory */
    if (variants[i].settings == 3) options.lr = (logit_list){3, {0.01, 0.003, 0.02}};
    if (strcmp(variants[i].optimizer, "lbfgs") == 0) options.epochs = 30;
}

/* What was saved is gone on with from there, not from somewhere before. */
static void hold_words(const asker *asked, const asker *resumed, int at)
{
    long long saved = -1, gone_on = -2;
    ck_assert_msg(strstr(asked->said, " and going on: ") != NULL, "%s", asked->said);
    ck_assert_msg(sscanf(asked->said, "saved after step %lld of", &saved) == 1, "%s", asked->said);
    sscanf(resumed->gone_on, "going on after step %lld,", &gone_on);
    ck_assert_msg(saved == gone_on, "%s; %s", asked->said, resumed->gone_on);
    ck_assert_msg(saved >= 1 && saved <= at, "look %d: %s", at, asked->said);
}

START_TEST(a_save_at_any_step_changes_no_bit_and_can_be_gone_on_with)
{
    asker asked = {0}, resumed = {0};
    logit_error err;
    uint32_t state = 77 + (uint32_t)_i;
    int saves = 0;
    if (strcmp(variants[_i].device, "simt") == 0 && !simt_is_built()) return;
    choose(_i);
    must(go("straight", &asked, 0, &err), &err, 0);
    const int looks = asked.looks;
    ck_assert_int_gt(looks, 1);
    ck_assert_int_eq(asked.saves, 0);
    for (int i = 0; i < DRAWS; i++) {
        const int at = 1 + draw(&state, looks);
        options.resume = 0;
        must(go("run", &asked, at, &err), &err, at);
        same_run("straight", "run", at);
        ck_assert_int_le(asked.saves, 1);
        if (asked.saves == 0) continue; /* the whole set's last step: the run is over, and saved */
        options.resume = 1;
        must(go("cut", &resumed, 0, &err), &err, at);
        hold_words(&asked, &resumed, at);
        same_run("straight", "cut", at);
        saves++;
    }
    ck_assert_int_ge(saves, variants[_i].is_whole ? 2 : DRAWS);
}
END_TEST

/* ----------------------------------------------------------------------------------- folds --- */

static void begin_folds(void)
{
    folds_begin();
    options.checkpoint_seconds = 1e9;
    options.epochs = 2;
    setenv("SAVE_RUN", small_set_path("run"), 1);
    setenv("SAVE_CUT", small_set_path("cut"), 1);
}

/* In the first fold there is nothing yet; in the others what came before them is saved, and behind
 * the last the run as any other. */
START_TEST(of_folds_those_that_are_complete_are_saved)
{
    asker asked = {0}, resumed = {0};
    logit_error err;
    int nothing = 0, fold = 0, folds = 0, steps = 0;
    must(go("straight", &asked, 0, &err), &err, 0);
    const int looks = asked.looks;
    for (int at = 2; at <= looks; at += looks / 9) {
        options.resume = 0;
        must(go("run", &asked, at, &err), &err, at);
        same_run("straight", "run", at);
        ck_assert_int_eq(asked.saves, 1);
        const int is_fold = sscanf(asked.said, "saved after fold %d and going on: ", &fold) == 1;
        const int is_nothing = strstr(asked.said, "there is nothing to save yet") != NULL;
        options.resume = 1;
        must(go("cut", &resumed, 0, &err), &err, at);
        same_run("straight", "cut", at);
        char want[64];
        snprintf(want, sizeof want, "going on after fold %d of 3", fold);
        ck_assert_int_eq(is_fold, strstr(resumed.gone_on, want) != NULL);
        ck_assert_int_eq(is_nothing, resumed.gone_on[0] == '\0');
        nothing += is_nothing;
        folds += is_fold;
        steps += !is_nothing && !is_fold;
    }
    ck_assert_msg(nothing > 0 && folds > 1 && steps > 0, "%d %d %d", nothing, folds, steps);
}
END_TEST

/* ------------------------------------------------------------------------------- a failure --- */

/* The folder went away: the run ends as it does where a save by time fails. */
START_TEST(a_save_that_fails_ends_the_run)
{
    asker asked = {.fails = 1};
    logit_error err;
    const int in_folds = _i == 1;
    if (in_folds) options.folds = 3;
    must(go("straight", &(asker){0}, 0, &err), &err, 0);
    /* of folds: past the first */
    ck_assert_int_eq(go("run", &asked, in_folds ? 25 : 3, &err), LOGIT_E_IO);
    ck_assert_int_eq(asked.saves, 0);
    ck_assert_msg(strstr(err.message, "checkpoint") != NULL, "%s", err.message);
    ck_assert_int_eq(strncmp(err.message, "fold 2 of 3: ", 13) == 0, in_folds);
}
END_TEST

/* A library's caller may ask at every step. */
START_TEST(asking_at_every_step_is_saving_at_every_step)
{
    asker asked = {0};
    logit_error err;
    must(go("straight", &asked, 0, &err), &err, 0);
    const int looks = asked.looks;
    asker every = {0};
    const logit_watch watch = {.user = &every, .message = on_message, .save = always};
    options.out = small_set_path("run");
    must(logit_train(small_set_path("idx"), &options, &watch, NULL, &err), &err, 0);
    ck_assert_int_eq(every.saves, looks);
    same_run("straight", "run", 0);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, SFun set_up)
{
    TCase *tcase = tcase_create(name);
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, small_set_end);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *lg_suite_save(void)
{
    Suite *suite = suite_create("save");
    TCase *steps = add_case(suite, "steps", begin_saves);
    tcase_add_loop_test(steps, a_save_at_any_step_changes_no_bit_and_can_be_gone_on_with, 0,
                        VARIANTS);
    tcase_add_loop_test(steps, a_save_that_fails_ends_the_run, 0, 2);
    tcase_add_test(steps, asking_at_every_step_is_saving_at_every_step);
    TCase *folds = add_case(suite, "folds", begin_folds);
    tcase_add_test(folds, of_folds_those_that_are_complete_are_saved);
    return suite;
}
