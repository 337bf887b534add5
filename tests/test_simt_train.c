/* test_simt_train.c -- whole trainings on the stand-in for a GPU, beside the float64 reference.
 *
 * Tests (suite simt_train).  logit_train with device "simt": the backend, its streams, its fused
 * step and every kernel as a GPU would run them, from files to a model.  (Steps op by op:
 * test_twins.c and test_twins_train.c, which take the stand-in as one more device; what goes wrong
 * on the way: test_simt_care.c.) */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/near.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_simt_train(void);

/* ----------------------------------------------------------------------- beside the truth --- */

enum { EPOCHS = 3, MOST_FIGURES = 16 };

/* Losses of every epoch and setting, training then validation. */
typedef struct record {
    int count;
    double loss[MOST_FIGURES][2];
} record;

static void on_epoch(void *user, const logit_epoch *epoch)
{
    record *r = user;
    ck_assert_int_lt(r->count, MOST_FIGURES);
    r->loss[r->count][0] = epoch->train_loss;
    r->loss[r->count++][1] = epoch->val_loss;
}

/* Trains with the options as they are. */
static void run_on(const char *device, const char *set, const char *run, record *heard)
{
    const logit_watch watch = {.user = heard, .epoch = heard ? on_epoch : NULL};
    logit_error err = {.message = ""};
    options.device = device;
    options.out = small_set_path(run);
    const logit_status status = logit_train(small_set_path(set), &options, &watch, NULL, &err);
    ck_assert_msg(status == LOGIT_OK, "%s on %s: %s", run, device, err.message);
    if (strcmp(device, "simt") == 0) simt_count();
}

/* Plain float32, the processor in the place of simt, drifts by at most 5.4e-6 of the largest weight
 * and 4.8e-7 of the loss over these runs; 4 times that. */
static const double weight_drift = 4 * 5.4e-6, loss_drift = 4 * 4.8e-7;

static void compare_models(const char *what, int epochs)
{
    logit_model *a = open_model("simt"), *b = open_model("ref");
    const logit_model_info got = logit_model_describe(a), want = logit_model_describe(b);
    const int64_t count = want.outputs * want.features;
    double most = 0.0;
    char name[80];
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs((double)want.weight[i]));
    snprintf(name, sizeof name, "%s, W after epoch %d", what, epochs);
    const near_bound bound = {weight_drift * most, 0.0, NULL};
    const near_pair w = {name, got.weight, want.weight, sizeof(float), sizeof(float), count};
    NEAR_REPORT(near_check(w, bound, near_message_));
    snprintf(name, sizeof name, "%s, b after epoch %d", what, epochs);
    const near_pair bias = {name, got.bias, want.bias, sizeof(float), sizeof(float), want.outputs};
    NEAR_REPORT(near_check(bias, bound, near_message_));
    logit_model_close(a);
    logit_model_close(b);
}

static void compare_losses(const char *what, const record *got, const record *want)
{
    ck_assert_int_eq(got->count, want->count);
    const near_pair loss = {what,           got->loss,      want->loss,
                            sizeof(double), sizeof(double), 2 * want->count};
    const near_bound bound = {0.0, loss_drift, NULL};
    NEAR_REPORT(near_check(loss, bound, near_message_));
}

START_TEST(training_agrees_with_the_reference) /* variant */
{
    const simt_variant *v = &simt_variants[_i];
    if (!simt_is_built()) return;
    for (int epochs = 1; epochs <= EPOCHS; epochs++) {
        record got = {0}, want = {0};
        simt_choose(v, epochs);
        run_on("ref", v->set, "ref", &want);
        run_on("simt", v->set, "simt", &got);
        compare_losses(v->what, &got, &want);
        compare_models(v->what, epochs);
    }
}
END_TEST

/* --------------------------------------------------------------------------- the same bits --- */

/* How a run may differ and still give the same model, byte for byte.  (All ways under many seeds:
 * test_simt_place.c.) */
typedef struct way {
    const char *what;
    const char *seed; /* LOGIT_SIMT_SEED: in which order blocks, warps, lanes and queues go on */
    simt_way way;
} way;

static const way ways[] = {
    {"again", "0", SIMT_RESIDENT},
    {"another order", "1", SIMT_RESIDENT},
    {"and another", "20231", SIMT_RESIDENT},
    {"streamed", "0", SIMT_STREAMED},
    {"streamed, reordered", "7", SIMT_STREAMED},
    {"kept", "8", SIMT_KEPT},
    {"in part", "9", SIMT_PARTLY},
    {"streamed from memory", "10", SIMT_STREAMED_IN_MEMORY},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Those that are most unlike: folded, for one setting and for two; into the velocity; composed; the
 * whole set at once; with weights; with soft targets. */
static const char *const chosen[] = {"softmax, sgd",  "two penalties", "softmax, momentum",
                                     "softmax, adam", "whole set",     "smoothed and weighted",
                                     "soft targets"};
enum { CHOSEN = sizeof chosen / sizeof *chosen };

/* The plan says where the images live. */
static void look_at_plan(void *user, const logit_run *run)
{
    const way *is = user;
    if (simt_is_way(is->way, run->plan)) return;
    fprintf(stderr, "%s: %s\n", is->what, run->plan);
    _exit(96);
}

/* In a process of its own, since the stand-in reads its seed once. */
static void run_apart(const simt_variant *v, way is, const char *run)
{
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const logit_watch watch = {.user = &is, .start = look_at_plan};
        logit_error err = {.message = ""};
        setenv("LOGIT_SIMT_SEED", is.seed, 1);
        simt_choose(v, 2);
        simt_choose_way(is.way, v);
        options.device = "simt";
        options.out = small_set_path(run);
        const logit_status status =
            logit_train(small_set_path(v->set), &options, &watch, NULL, &err);
        if (status != LOGIT_OK) fprintf(stderr, "%s: %s\n", is.what, err.message);
        _exit(logit_exit_code(status));
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s, %s: status %d", v->what,
                  is.what, status);
    simt_count();
}

START_TEST(bits_depend_on_nothing_but_what_is_asked) /* chosen variant */
{
    const simt_variant *v = simt_find(chosen[_i]);
    if (!simt_is_built()) return;
    run_apart(v, (way){"first", "0", SIMT_RESIDENT}, "first");
    for (int w = 0; w < WAYS; w++) {
        run_apart(v, ways[w], "other");
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "%s: %s gives other bits",
                      v->what, ways[w].what);
    }
}
END_TEST

Suite *lg_suite_simt_train(void)
{
    Suite *suite = suite_create("simt_train");
    TCase *tc = tcase_create("trainings");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(tc, simt_make_sets, small_set_end);
    tcase_add_loop_test(tc, training_agrees_with_the_reference, 0, simt_variant_count);
    tcase_add_loop_test(tc, bits_depend_on_nothing_but_what_is_asked, 0, CHOSEN);
    suite_add_tcase(suite, tc);
    return suite;
}
