/* test_simt_burst.c -- steps that are recorded and queued 64 at a time: the same bits as one by
 * one.
 *
 * Tests (suite simt_burst).  480 samples in batches of 1: an epoch is seven bursts and 32 steps.
 * The first burst runs as it is, the next two are recorded (a recording for each slot), and all but
 * the first are replayed.  A streamed run has no bursts.  Skipped where there is no plug-in. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simt/simt.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_simt_burst(void);

enum { EPOCHS = 2, EARLY = 30, SLOTS = 2, WRONG_GRAPHS = 97, LEFT_OVER };

/* As simt_make_sets, four times as long. */
static void make_sets(void)
{
    simt_make_sets();
    small_set_write_idx(small_set_path("three"), "train", 600, 3);
    small_set_write_idx(small_set_path("two"), "train", 600, 2);
}

/* Recordings that are held, in this process. */
static int64_t graphs(void)
{
    int64_t (*live)(simt_kind) = NULL;
    char path[1000];
    snprintf(path, sizeof path, "%s/liblogit-simt.so", getenv("LOGIT_PLUGIN_DIR"));
    void *plugin = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (plugin) *(void **)&live = dlsym(plugin, "simt_live");
    return live ? live(SIMT_GRAPH_EXEC) : -1;
}

static void look_at_graphs(void *user, const logit_epoch *epoch)
{
    const int streamed = *(const int *)user;
    if (epoch->epoch < EPOCHS || graphs() == (streamed ? 0 : SLOTS)) return;
    fprintf(stderr, "%s: %d recordings\n", streamed ? "streamed" : "resident", (int)graphs());
    _exit(WRONG_GRAPHS);
}

/* In a process of its own, since the stand-in reads its seed once.  Returns its exit code; what the
 * error said goes to the file "said". */
static int run_apart(const simt_variant *v, const char *seed, double lr, const char *run)
{
    int streamed = strcmp(run, "single") == 0;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const logit_watch watch = {.user = &streamed, .epoch = look_at_graphs};
        logit_error err = {.message = ""};
        setenv("LOGIT_SIMT_SEED", seed, 1);
        simt_choose(v, EPOCHS);
        simt_choose_way(streamed ? SIMT_STREAMED : SIMT_RESIDENT, v);
        options.batch_size = 1;
        options.device = "simt";
        options.out = small_set_path(run);
        if (lr > 0.0) options.lr = (logit_list){1, {lr}};
        const logit_status status =
            logit_train(small_set_path(v->set), &options, &watch, NULL, &err);
        FILE *said = fopen(small_set_path("said"), "w");
        if (said) fputs(err.message, said);
        if (said) fclose(said);
        _exit(simt_left_over() != 0 ? LEFT_OVER : logit_exit_code(status));
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "%s: status %d", v->what, status);
    simt_count();
    return WEXITSTATUS(status);
}

/* All kinds of steps: folded, for one setting and for two; into the velocity; composed; weights. */
static const char *const chosen[] = {"softmax, sgd", "two penalties", "softmax, momentum",
                                     "softmax, adam", "smoothed and weighted"};
enum { CHOSEN = sizeof chosen / sizeof *chosen };

/* In some orders of the queues the host is far ahead of the device, in others it waits. */
static const char *const seeds[] = {"11", "12", "13"};
enum { SEEDS = sizeof seeds / sizeof *seeds };

START_TEST(bursts_have_the_bits_of_single_steps) /* chosen variant */
{
    const simt_variant *v = simt_find(chosen[_i]);
    if (!simt_is_built()) return;
    ck_assert_int_eq(run_apart(v, "3", 0.0, "single"), 0);
    for (int i = 0; i < SEEDS; i++) {
        ck_assert_int_eq(run_apart(v, seeds[i], 0.0, "burst"), 0);
        ck_assert_msg(same_files(MODEL("single"), MODEL("burst")), "%s: other bits", v->what);
    }
}
END_TEST

/* Step and sample of a loss that is not finite do not depend on how steps are queued.  At this rate
 * squared errors double at about every step. */
START_TEST(a_burst_names_the_step_that_diverged)
{
    static const char *const runs[] = {"single", "burst"};
    const simt_variant *v = simt_find("mse, sgd");
    char said[2][1200];
    int step = 0;
    if (!simt_is_built()) return;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(run_apart(v, "5", 0.08, runs[i]), 7);
        FILE *file = fopen(small_set_path("said"), "r");
        ck_assert_ptr_nonnull(file);
        ck_assert_ptr_nonnull(fgets(said[i], sizeof said[i], file));
        fclose(file);
    }
    ck_assert_int_eq(sscanf(said[0], "the loss is not finite in step %d", &step), 1);
    ck_assert_msg(step > 64, "step %d is in the first burst already", step);
    ck_assert_str_eq(said[0], said[1]);
}
END_TEST

/* Calls of CUDA and cuBLAS are made while slots are opened (the first 60), while steps are recorded
 * and while they are replayed: one fails, and so do all after it. */
START_TEST(a_call_that_fails_ends_the_run) /* which: early ones, then one in 211 */
{
    const simt_variant *v = simt_find("softmax, adam");
    char call[20];
    if (!simt_is_built()) return;
    snprintf(call, sizeof call, "%d", _i < EARLY ? 40 + _i : (_i - EARLY + 1) * 211);
    setenv("LOGIT_SIMT_FAIL", call, 1);
    const int code = run_apart(v, "2", 0.0, "failed");
    unsetenv("LOGIT_SIMT_FAIL");
    ck_assert_msg(code == 6, "call %s: exit code %d", call, code);
}
END_TEST

Suite *lg_suite_simt_burst(void)
{
    Suite *suite = suite_create("simt_burst");
    TCase *tc = tcase_create("bursts");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(tc, make_sets, small_set_end);
    tcase_add_loop_test(tc, bursts_have_the_bits_of_single_steps, 0, CHOSEN);
    tcase_add_loop_test(tc, a_call_that_fails_ends_the_run, 0, EARLY + 12);
    tcase_add_test(tc, a_burst_names_the_step_that_diverged);
    suite_add_tcase(suite, tc);
    return suite;
}
