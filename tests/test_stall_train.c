/* test_stall_train.c -- a training that takes long somewhere says where.
 *
 * Tests (suite stall_train).  The loader's waits, one by one: tests/test_stall.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/stall.h"
#include "data/sandbox.h"
#include "tests/planted_work.h"
#include "tests/same_run.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "tests/tree.h"

Suite *lg_suite_stall_train(void);

/* What the run warned of, and how often. */
static struct {
    int steps, saves, samples, others;
    char step[600], save[600], sample[600];
} heard;

static int begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static void on_message(void *user, logit_level level, const char *text)
{
    (void)user;
    if (level != LOGIT_LEVEL_WARNING) return;
    if (begins_with(text, "step ")) {
        heard.steps++;
        snprintf(heard.step, sizeof heard.step, "%s", text);
    } else if (begins_with(text, "saving a checkpoint")) {
        heard.saves++;
        snprintf(heard.save, sizeof heard.save, "%s", text);
    } else if (strstr(text, "no sample for ")) {
        heard.samples++;
        snprintf(heard.sample, sizeof heard.sample, "%s", text);
    } else {
        heard.others++;
    }
}

static void on_slow_progress(void *user, const logit_progress *progress)
{
    int *left = user;
    if (progress->phase == LOGIT_PHASE_TRAIN && (*left)-- == 1) usleep(300000);
}

static logit_status go(const char *set, const char *run, logit_watch watch, logit_error *err)
{
    memset(&heard, 0, sizeof heard);
    *err = (logit_error){0};
    options.out = small_set_path(run);
    watch.message = on_message;
    return logit_train(set, &options, &watch, NULL, err);
}

static void begin_stall(void)
{
    begin();
    options.checkpoint_seconds = 1e9;
}

static void end_stall(void)
{
    lg_stall_set(30.0);
    small_set_end();
}

START_TEST(a_quick_run_says_nothing)
{
    logit_error err;
    options.memory = 1;
    options.height = options.width = 8;
    options.checkpoint_steps = 3;
    ck_assert_int_eq(go(small_set_path("idx"), "run", (logit_watch){0}, &err), LOGIT_OK);
    ck_assert_int_eq(heard.steps + heard.saves + heard.samples + heard.others, 0);
}
END_TEST

/* Something between two looks takes 0.3 s once: said once, and the bits are the same. */
START_TEST(a_step_that_took_long_is_told_of)
{
    logit_error err;
    double took = 0.0;
    int step = 0, left = 1;
    options.epochs = 300;
    ck_assert_int_eq(go(small_set_path("idx"), "straight", (logit_watch){0}, &err), LOGIT_OK);
    lg_stall_set(0.25);
    const logit_watch watch = {.user = &left, .progress = on_slow_progress};
    ck_assert_int_eq(go(small_set_path("idx"), "run", watch, &err), LOGIT_OK);
    ck_assert_msg(left <= 0, "no progress was told of");
    ck_assert_int_eq(heard.steps, 1);
    ck_assert_msg(sscanf(heard.step, "step %d of 2700 took %lf s, ", &step, &took) == 2, "%s",
                  heard.step);
    ck_assert_msg(took >= 0.29 && took < 10.0 && step > 0, "%s", heard.step);
    ck_assert_msg(strstr(heard.step, "went by on cpu: ") != NULL, "%s", heard.step);
    same_run("straight", "run", step);
}
END_TEST

START_TEST(a_checkpoint_that_took_long_is_told_of)
{
    logit_error err;
    lg_stall_set(1e-9);
    options.epochs = 1;
    ck_assert_int_eq(go(small_set_path("idx"), "run", (logit_watch){0}, &err), LOGIT_OK);
    ck_assert_int_eq(heard.saves, 1); /* the one at the end */
    ck_assert_msg(strstr(heard.save, "/run took ") != NULL, "%s", heard.save);
}
END_TEST

/* A decoder that does not come to an end for two seconds of processor time, in a fold: said while
 * it lasts, by the run's own watch. */
START_TEST(a_sample_that_takes_long_is_named)
{
    tree folder;
    logit_error err;
    if (lg_sandbox_start(planted_work, &err) != LOGIT_OK) return; /* not in this build */
    tree_open(&folder);
    for (int i = 0; i < 12; i++) {
        char path[64];
        image_bytes file = planted_file(i == 7 ? PLANTED_LOOP : PLANTED_NOTHING);
        if (i != 7) image_put(&file, "12345678901", (size_t)i); /* no two are the same */
        snprintf(path, sizeof path, "set/%c/%02d.jpg", 'a' + i % 2, i);
        tree_file(&folder, path, file.data, file.size);
        image_clear(&file);
    }
    lg_stall_set(0.4);
    options.untrusted = 1;
    options.on_bad = "skip";
    options.max_bad = 0.5;
    options.val_split = 0.0;
    options.cache = "off";
    options.memory = 1; /* in each pass anew */
    options.epochs = 1;
    const logit_status status = go(tree_path(&folder, "set"), "run", (logit_watch){0}, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    ck_assert_int_ge(heard.samples, 2); /* after 0.4 s and 0.8 s of its two */
    ck_assert_msg(strstr(heard.sample, " decodes ") && strstr(heard.sample, "/b/07.jpg"), "%s",
                  heard.sample);
    ck_assert_int_eq(heard.steps, 0); /* the step that waited is not told of once more */
    logit_sandbox_stop();
    tree_close(&folder);
}
END_TEST

Suite *lg_suite_stall_train(void)
{
    Suite *suite = suite_create("stall_train");
    TCase *tests = tcase_create("stall_train");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, begin_stall, end_stall);
    tcase_add_test(tests, a_quick_run_says_nothing);
    tcase_add_test(tests, a_step_that_took_long_is_told_of);
    tcase_add_test(tests, a_checkpoint_that_took_long_is_told_of);
    tcase_add_test(tests, a_sample_that_takes_long_is_named);
    suite_add_tcase(suite, tests);
    return suite;
}
