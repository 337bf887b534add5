/* test_simt_place.c -- wherever a set lies, and whatever becomes of the device's memory: the same
 * bits.
 *
 * Tests (suite simt_place).  Trainings on the stand-in with the set on the device from the
 * beginning, kept there after the first pass, there in part, streamed through three slots and
 * through one; step by step and in bursts; each under 20 orders of the queues (4 under
 * AddressSanitizer), beside the streamed run.  Then devices of many sizes.  (Calls that fail:
 * test_simt_fail.c.)  Skipped where there is no plug-in. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_simt_place(void);

enum { SEEDS = 20, FEW_SEEDS = 4, MANY = 1200 };

static void make_sets(void)
{
    simt_make_sets();
    small_set_write_idx(small_set_path("many"), "train", MANY, 3);
}

static void expect(simt_job job, const char *run)
{
    simt_told told;
    job.run = run;
    const int code = simt_run(&job, &told);
    ck_assert_msg(code == 0, "way %d, seed %d: exit code %d: %s", (int)job.way, (int)job.seed, code,
                  told.error);
    ck_assert_msg(simt_is_way(job.way, told.plan), "way %d: %s", (int)job.way, told.plan);
    ck_assert_int_eq(told.smaller, 0);
    if (strcmp(run, "first") == 0) return;
    ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "way %d, seed %d: other bits",
                  (int)job.way, (int)job.seed);
}

/* Of a training in each way, under many seeds, the model is that of the streamed one. */
static void try_way(simt_job job, simt_way way, int seeds)
{
    if (!simt_is_built()) return;
    job.way = SIMT_STREAMED;
    expect(job, "first");
    if (simt_is_slow()) seeds = FEW_SEEDS;
    for (job.seed = 1; job.seed <= seeds; job.seed++) {
        job.way = way;
        expect(job, "other");
    }
}

static const simt_way all[] = {SIMT_STREAMED, SIMT_PARTLY, SIMT_KEPT, SIMT_RESIDENT};

/* 120 samples in 4 batches; weights and soft targets travel beside the pixels. */
START_TEST(single_steps_have_the_same_bits_in_every_way) /* way */
{
    try_way((simt_job){.variant = simt_find("smoothed and weighted"), .epochs = 3}, all[_i], SEEDS);
}
END_TEST

START_TEST(soft_targets_do_as_well) /* way */
{
    const simt_job job = {.variant = simt_find("soft targets"), .epochs = 3};
    const simt_way more[] = {SIMT_PARTLY, SIMT_KEPT};
    try_way(job, more[_i], FEW_SEEDS);
}
END_TEST

/* 120 batches of 1: an epoch is a burst and 56 steps; the second burst and the third are recorded.
 */
START_TEST(bursts_have_the_same_bits_in_every_way) /* way that has them */
{
    static const simt_way ways[] = {SIMT_KEPT, SIMT_RESIDENT};
    const simt_job job = {.variant = simt_find("softmax, adam"), .epochs = 4, .batch = 1};
    try_way(job, ways[_i], SEEDS);
}
END_TEST

/* A set in memory for which the device has no room. */
START_TEST(a_set_in_memory_may_be_streamed)
{
    static const simt_way ways[] = {SIMT_PARTLY_IN_MEMORY, SIMT_STREAMED_IN_MEMORY, SIMT_SQUEEZED};
    const simt_job job = {.variant = simt_find("softmax, sgd"), .set = "many", .epochs = 2};
    try_way(job, ways[_i], FEW_SEEDS);
}
END_TEST

/* From a device that does not hold the weights to one that holds everything: the run ends well with
 * the same bits, or says what was wanted.  33.6 MB are cuBLAS's workspace and the constants; a 64th
 * of that is left alone. */
START_TEST(every_size_of_device_ends_well) /* in memory, and not */
{
    const simt_way way = _i ? SIMT_RESIDENT : SIMT_KEPT;
    const int64_t least = ((int64_t)32 << 20) + 200;
    int seen[3] = {0}, refused = 0; /* resident, in part, streamed */
    simt_job job = {.variant = simt_find("softmax, sgd"), .set = "many", .epochs = 2, .way = way};
    if (!simt_is_built()) return;
    expect(job, "first");
    job.run = "other";
    for (int64_t more = 0; more < 880000; more += more < 640000 ? 80000 : 7000) {
        simt_told told;
        job.device_bytes = least + more;
        const int code = simt_run(&job, &told);
        ck_assert_msg(code == 0 || code == 6, "%d bytes more: exit code %d: %s", (int)more, code,
                      told.error);
        refused += code == 6;
        if (code == 6) {
            ck_assert_ptr_nonnull(strstr(told.error, "bytes wanted"));
            continue;
        }
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "%d bytes more: other bits",
                      (int)more);
        seen[0] += simt_is_way(way, told.plan);
        seen[1] += simt_is_way(SIMT_PARTLY, told.plan);
        seen[2] += simt_is_way(SIMT_STREAMED, told.plan);
    }
    ck_assert_msg(refused > 0 && seen[0] > 0 && seen[1] > 0 && seen[2] > 0,
                  "%d refused, %d resident, %d in part, %d streamed", refused, seen[0], seen[1],
                  seen[2]);
}
END_TEST

Suite *lg_suite_simt_place(void)
{
    Suite *suite = suite_create("simt_place");
    TCase *tc = tcase_create("places");
    tcase_set_timeout(tc, 300);
    tcase_add_unchecked_fixture(tc, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(tc, make_sets, small_set_end);
    tcase_add_loop_test(tc, single_steps_have_the_same_bits_in_every_way, 0, 4);
    tcase_add_loop_test(tc, soft_targets_do_as_well, 0, 2);
    tcase_add_loop_test(tc, bursts_have_the_same_bits_in_every_way, 0, 2);
    tcase_add_loop_test(tc, a_set_in_memory_may_be_streamed, 0, 3);
    tcase_add_loop_test(tc, every_size_of_device_ends_well, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
