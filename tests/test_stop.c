/* test_stop.c -- whoever asks a run to stop, whenever that is, finds what was done saved.
 *
 * A signal stays: from some moment on, every look at it says stop.  tests/test_resume.c asks once,
 * tests/signal_test.sh sends signals to the command. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_stop(void);

/* Says stop from its call number `from` on, counted from when training began; 0: never. */
typedef struct signal_kept {
    int from, asked, started;
} signal_kept;

static void on_start(void *user, const logit_run *run)
{
    (void)run;
    ((signal_kept *)user)->started = 1;
}

static int on_stop(void *user)
{
    signal_kept *s = user;
    return s->started && ++s->asked >= s->from && s->from > 0;
}

static logit_status go(const char *run, int from, logit_error *err)
{
    signal_kept s = {.from = from};
    const logit_watch watch = {.user = &s, .start = on_start, .stop = on_stop};
    *err = (logit_error){0};
    options.out = small_set_path(run);
    return logit_train(small_set_path("set"), &options, &watch, NULL, err);
}

/* Parts for training, validation and test, each read when it is first needed. */
static void begin_with_parts(void)
{
    begin();
    ck_assert_int_eq(mkdir(small_set_path("set"), 0777), 0);
    small_set_write_folder(small_set_path("set/train"), 96, 3);
    small_set_write_folder(small_set_path("set/val"), 30, 3);
    small_set_write_folder(small_set_path("set/test"), 30, 3);
}

/* How a run is read and stepped; memory 1: streamed. */
static const struct {
    int64_t memory;
    const char *optimizer;
} ways[] = {{0, "adam"}, {1, "adam"}, {0, "gd"}};

START_TEST(a_stop_at_any_look_saves_what_was_done)
{
    logit_error err;
    logit_status status = LOGIT_E_STOPPED;
    int from;
    options.memory = ways[_i].memory;
    options.optimizer = ways[_i].optimizer;
    ck_assert_int_eq(go("straight", 0, &err), LOGIT_OK);
    for (from = 1; status == LOGIT_E_STOPPED; from++) {
        int step = 0;
        options.resume = 0;
        status = go("run", from, &err);
        ck_assert_msg(status == LOGIT_OK || status == LOGIT_E_STOPPED, "%s", err.message);
        if (status == LOGIT_OK) break;
        ck_assert_msg(sscanf(err.message, "stopped after step %d of", &step) == 1 &&
                          (step > 0 || ways[_i].optimizer[0] == 'g'),
                      "stop %d: %s", from, err.message);
        ck_assert_int_eq(access(small_set_path("run/checkpoint.0"), R_OK), 0);
        options.resume = 1;
        status = go("run", 0, &err);
        ck_assert_msg(status == LOGIT_OK, "stop %d: %s", from, err.message);
        ck_assert_msg(same_files(MODEL("straight"), MODEL("run")), "stop %d: another model", from);
        status = LOGIT_E_STOPPED;
    }
    ck_assert_int_gt(from, 9); /* a look per batch of three epochs, and those between them */
}
END_TEST

Suite *lg_suite_stop(void)
{
    Suite *suite = suite_create("stop");
    TCase *tests = tcase_create("stop");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, begin_with_parts, small_set_end);
    tcase_add_loop_test(tests, a_stop_at_any_look_saves_what_was_done, 0,
                        sizeof ways / sizeof *ways);
    suite_add_tcase(suite, tests);
    return suite;
}
