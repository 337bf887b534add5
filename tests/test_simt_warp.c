/* test_simt_warp.c -- the stand-in's warps: shuffles, votes, masks, atomics and fences.
 *
 * Tests (suite simt_warp).  Results are held to the text of the CUDA C++ Programming Guide; what it
 * leaves undefined has to end the process. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

Suite *lg_suite_simt_warp(void);

enum { LANES = 32 };

/* ------------------------------------------------------------------------------- shuffles --- */

/* The lane that lane t reads, by the guide's own words. */
static int source(try_shuffle how, int t, int by, int width)
{
    const int start = t / width * width, end = start + width;
    switch (how) {
    case TRY_SHFL: /* "var held by srcLane modulo width", within the segment */
        return start + (by % width + width) % width;
    case TRY_UP: /* "the lower delta lanes will be unchanged" */
        return t - by < start ? t : t - by;
    case TRY_DOWN: /* "the ID number of the source lane will not wrap around" */
        return t + by >= end ? t : t + by;
    case TRY_XOR: /* "later groups" give the own value, earlier ones may be read */
        return (t ^ by) >= end ? t : t ^ by;
    }
    return t;
}

START_TEST(shuffles_read_the_lane_of_the_guide)
{
    static const int bys[] = {0, 1, 3, 8, 15, 16, 17, 31};
    float from[LANES], to[LANES];
    for (int t = 0; t < LANES; t++) from[t] = (float)(t * t);
    float *device = try_upload(from, sizeof from), *device_to = try_upload(NULL, sizeof to);
    for (int how = TRY_SHFL; how <= TRY_XOR; how++) {
        for (int width = 1; width <= LANES; width *= 2) {
            for (size_t i = 0; i < sizeof bys / sizeof *bys; i++) {
                ck_cuda(sim.try_shuffles(device_to, device, (try_shuffle)how, bys[i], width, NULL));
                try_download(to, device_to, sizeof to);
                for (int t = 0; t < LANES; t++)
                    ck_assert_float_eq(to[t], from[source((try_shuffle)how, t, bys[i], width)]);
            }
        }
    }
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFree(device_to));
}
END_TEST

START_TEST(shuffles_carry_eight_bytes)
{
    double from[2 * LANES], to[2 * LANES];
    for (int t = 0; t < 2 * LANES; t++) from[t] = 1e10 + t;
    double *device = try_upload(from, sizeof from);
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        sim.simt_seed(seed);
        double *device_to = try_upload(NULL, sizeof to);
        ck_cuda(sim.try_wide_shuffles(device_to, device, NULL));
        try_download(to, device_to, sizeof to);
        for (int t = 0; t < 2 * LANES; t++) /* sum of 32 consecutive numbers, exact */
            ck_assert_double_eq(to[t], LANES * 1e10 + (t < LANES ? 496 : 496 + 1024));
        ck_cuda(sim.cudaFree(device_to));
    }
    ck_cuda(sim.cudaFree(device));
}
END_TEST

/* ---------------------------------------------------------------------------------- votes --- */

START_TEST(votes_are_of_the_lanes_in_the_mask)
{
    enum { THREADS = 2 * LANES };
    int yes[THREADS];
    unsigned votes[3 * THREADS];
    for (int t = 0; t < THREADS; t++)
        yes[t] = t < 16 ? 0 : t < 32 ? 5 : t < 48 ? t % 3 == 0 : t == 50;
    int *device = try_upload(yes, sizeof yes);
    unsigned *device_votes = try_upload(NULL, sizeof votes);
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        sim.simt_seed(seed);
        ck_cuda(sim.try_votes(device_votes, device, NULL));
        try_download(votes, device_votes, sizeof votes);
        for (int t = 0; t < THREADS; t++) {
            unsigned ballot = 0;
            for (int i = t / 16 * 16; i < t / 16 * 16 + 16; i++)
                if (yes[i]) ballot |= 1u << i % LANES;
            ck_assert_uint_eq(votes[3 * t], ballot);
            ck_assert_uint_eq(votes[3 * t + 1], ballot != 0);
            ck_assert_uint_eq(votes[3 * t + 2], ballot == 0xffffu << t / 16 % 2 * 16);
        }
    }
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFree(device_votes));
}
END_TEST

/* ---------------------------------------------------------------------------------- masks --- */

static try_warp mask_breach;

static void break_masks(void)
{
    sim.try_masks(mask_breach, NULL);
}

START_TEST(masks_that_break_the_rules_end_the_process)
{
    static char words[TRY_WORDS];
    static const struct {
        try_warp breach;
        const char *says;
    } cases[] = {
        {TRY_NOT_IN_OWN_MASK, "which lacks the lane itself"},
        {TRY_FROM_OUTSIDE, "reads lane 4, which is outside the mask 0000000f"},
        {TRY_OTHER_MASKS, "while a lane of it waits in __syncwarp with mask"},
        {TRY_LANE_MISSING, "waits for ever at __"},
        {TRY_LANE_ENDED, "ended"},
        {TRY_SHORT_WARP, "in a warp that has the lanes 000000ff"},
        {TRY_OTHER_LINES, "while another lane of mask ffffffff is at __ballot_sync"},
        {TRY_ODD_WIDTH, "width 12, which is not a power of two"},
    };
    mask_breach = TRY_GOOD_MASKS;
    ck_assert_msg(try_survives(break_masks, words), "%s", words);
    for (uint64_t seed = 0; seed < 3; seed++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            sim.simt_seed(seed);
            mask_breach = cases[i].breach;
            try_dies(break_masks, cases[i].says, "kernel mask_kernel, block (0,0,0), thread");
        }
    }
}
END_TEST

/* --------------------------------------------------------------------------------- memory --- */

/* How many lanes found what their neighbour wrote, under a seed. */
static int wrong_swaps(uint64_t seed, int breach)
{
    float from[LANES], to[LANES];
    int wrong = 0;
    for (int t = 0; t < LANES; t++) from[t] = (float)t;
    sim.simt_seed(seed);
    float *device = try_upload(from, sizeof from), *device_to = try_upload(NULL, sizeof to);
    ck_cuda(sim.try_warp_swap(device_to, device, breach, NULL));
    try_download(to, device_to, sizeof to);
    for (int t = 0; t < LANES; t++) wrong += !(to[t] == from[t ^ 1]);
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFree(device_to));
    return wrong;
}

START_TEST(a_missing_syncwarp_shows)
{
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        ck_assert_int_eq(wrong_swaps(seed, 0), 0);
        if (!try_has_tsan(NULL)) ck_assert_int_gt(wrong_swaps(seed, 1), 0);
    }
}
END_TEST

static int swap_breach;

static void swap(void)
{
    wrong_swaps(0, swap_breach);
}

START_TEST(a_vote_orders_no_memory)
{
    static char words[TRY_WORDS];
    if (!try_has_tsan("a vote in the place of __syncwarp")) return;
    try_survives(swap, words);
    ck_assert_str_eq(words, "");
    for (swap_breach = 1; swap_breach <= 2; swap_breach++) {
        try_survives(swap, words);
        ck_assert_ptr_nonnull(strstr(words, "data race"));
    }
}
END_TEST

static int last_block_sum(int breach)
{
    enum { BLOCKS = 7 };
    int total;
    int *device = try_upload(NULL, (BLOCKS + 2) * sizeof *device);
    ck_cuda(sim.cudaMemset(device, 0, 2 * sizeof *device));
    ck_cuda(sim.try_last_block(device, device + 2, device + 1, BLOCKS, breach, NULL));
    try_download(&total, device, sizeof total);
    ck_cuda(sim.cudaFree(device));
    return total;
}

static void last_block_unfenced(void)
{
    last_block_sum(1);
}

START_TEST(the_last_block_sees_what_the_others_wrote_before_a_fence)
{
    static char words[TRY_WORDS];
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        sim.simt_seed(seed);
        ck_assert_int_eq(last_block_sum(0), 28);
    }
    if (!try_has_tsan("an atomicAdd without a fence")) return;
    try_survives(last_block_unfenced, words);
    ck_assert_ptr_nonnull(strstr(words, "data race"));
    ck_assert_ptr_nonnull(strstr(words, "last_block_kernel"));
}
END_TEST

Suite *lg_suite_simt_warp(void)
{
    Suite *suite = suite_create("simt_warp");
    TCase *all = try_case(suite);
    tcase_add_test(all, shuffles_read_the_lane_of_the_guide);
    tcase_add_test(all, shuffles_carry_eight_bytes);
    tcase_add_test(all, votes_are_of_the_lanes_in_the_mask);
    tcase_add_test(all, masks_that_break_the_rules_end_the_process);
    tcase_add_test(all, a_missing_syncwarp_shows);
    tcase_add_test(all, a_vote_orders_no_memory);
    tcase_add_test(all, the_last_block_sees_what_the_others_wrote_before_a_fence);
    return suite;
}
