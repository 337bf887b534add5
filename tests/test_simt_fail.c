/* test_simt_fail.c -- whichever call of CUDA or cuBLAS fails, a training ends well.
 *
 * Tests (suite simt_fail).  One training in each way that a set may go to the device, and in each
 * the n-th call fails, for every n.  (Under AddressSanitizer, for a third of them.)  Where that was
 * an allocation a smaller plan may do, and then the model has the same bits; else it is exit code 6
 * with a sentence.  Nothing is left behind, in the run folder, on the device or, under
 * AddressSanitizer, in memory.  Skipped where there is no plug-in. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_simt_fail(void);

/* Steps one by one, and bursts (120 batches of 1: the second burst is recorded).  A set that is
 * kept streams in its first epoch and is resident in the second. */
static const struct {
    const char *variant;
    simt_way way;
    int epochs;
    int64_t batch, each; /* which calls: all, or one in so many once all kinds have been */
} of[] = {
    {"two penalties", SIMT_RESIDENT, 1, 64, 1},    {"softmax, adam", SIMT_KEPT, 2, 120, 1},
    {"softmax, momentum", SIMT_PARTLY, 2, 120, 1}, {"softmax, sgd", SIMT_STREAMED, 1, 64, 1},
    {"softmax, sgd", SIMT_KEPT, 3, 1, 199},
};
enum { TRAININGS = sizeof of / sizeof *of };

/* A model that is there is the whole one: a call may fail after it was written. */
static void look_at_folder(int64_t n, int code)
{
    const int is_there = access(small_set_path(MODEL("failing")), F_OK) == 0;
    ck_assert_msg(code != 0 || is_there, "call %d: no model was written", (int)n);
    if (is_there)
        ck_assert_msg(same_files(MODEL("whole"), MODEL("failing")), "call %d: other bits", (int)n);
    unlink(small_set_path(MODEL("failing")));
}

START_TEST(every_call_may_fail) /* training */
{
    simt_told told;
    int smaller = 0;
    simt_job job = {.variant = simt_find(of[_i].variant),
                    .run = "whole",
                    .way = of[_i].way,
                    .epochs = of[_i].epochs,
                    .batch = of[_i].batch};
    if (!simt_is_built()) return;
    ck_assert_int_eq(simt_run(&job, &told), 0);
    const int64_t calls = told.calls, trained = told.trained;
    ck_assert_int_gt(trained, 100);
    job.run = "failing";
    const int64_t step = simt_is_slow() && of[_i].each == 1 ? 3 : of[_i].each;
    for (int64_t n = 1; n <= calls; n += n < trained ? step : 17 * step) {
        job.fail = n;
        const int code = simt_run(&job, &told);
        ck_assert_msg(code == 0 || code == 6, "call %d: exit code %d: %s", (int)n, code,
                      told.error);
        ck_assert_msg(code == 0 || strlen(told.error) > 20, "call %d: \"%s\"", (int)n, told.error);
        look_at_folder(n, code);
        smaller += told.smaller > 0 && code == 0;
    }
    if (step > 1) return;
    ck_assert_int_ge(smaller, 3); /* of the allocations of the set and its slots */
}
END_TEST

Suite *lg_suite_simt_fail(void)
{
    Suite *suite = suite_create("simt_fail");
    TCase *tc = tcase_create("failures");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(tc, simt_make_sets, small_set_end);
    tcase_add_loop_test(tc, every_call_may_fail, 0, TRAININGS);
    suite_add_tcase(suite, tc);
    return suite;
}
