/* test_simt.c -- the stand-in's blocks: barriers, shared memory, orders, and what is caught.
 *
 * Tests (suite simt).  The stand-in is the only place where kernels run without a GPU, so it has to
 * find what a GPU may punish: each way to break a rule has a kernel (tests/simt/try.h) that does.
 */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

#include <math.h>

Suite *lg_suite_simt(void);

enum { BLOCKS = 5, COUNT = BLOCKS * TRY_THREADS };

static void fill(float *x, int count)
{
    for (int i = 0; i < count; i++) x[i] = (float)(i % 23 - 7);
}

/* How many of the sums of blocks are wrong under a seed. */
static int wrong_sums(uint64_t seed, int breach)
{
    float x[COUNT], sum[BLOCKS];
    fill(x, COUNT);
    sim.simt_seed(seed);
    float *device_x = try_upload(x, sizeof x), *device_sum = try_upload(NULL, sizeof sum);
    ck_cuda(sim.try_sum(device_sum, device_x, BLOCKS, breach, NULL));
    try_download(sum, device_sum, sizeof sum);
    ck_cuda(sim.cudaFree(device_x));
    ck_cuda(sim.cudaFree(device_sum));
    int wrong = 0;
    for (int b = 0; b < BLOCKS; b++) {
        float want = 0;
        for (int i = 0; i < TRY_THREADS; i++) want += x[b * TRY_THREADS + i];
        wrong += !(sum[b] == want);
    }
    return wrong;
}

static int wrong_shifts(uint64_t seed, int breach)
{
    float x[COUNT], to[COUNT];
    fill(x, COUNT);
    sim.simt_seed(seed);
    float *device_x = try_upload(x, sizeof x), *device_to = try_upload(NULL, sizeof to);
    ck_cuda(sim.try_shift(device_to, device_x, BLOCKS, breach, NULL));
    try_download(to, device_to, sizeof to);
    ck_cuda(sim.cudaFree(device_x));
    ck_cuda(sim.cudaFree(device_to));
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) wrong += !(to[i] == (i % TRY_THREADS ? x[i - 1] : 0.0f));
    return wrong;
}

START_TEST(sums_by_barriers_are_right_under_every_seed)
{
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        ck_assert_int_eq(wrong_sums(seed, 0), 0);
        ck_assert_int_eq(wrong_shifts(seed, 0), 0);
    }
}
END_TEST

/* Run thread by thread from the lowest, the shift is right without its barrier: each thread finds
 * what the one before it has written. */
START_TEST(a_missing_barrier_shows_though_ascending_order_would_hide_it)
{
    int seen = 0;
    if (try_has_tsan(NULL)) return; /* it would be a race */
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) seen += wrong_shifts(seed, 1) > 0;
    ck_assert_int_eq(seen, TRY_SEEDS);
    ck_assert_int_gt(wrong_sums(0, 1), 0);
}
END_TEST

static void sum_without_barrier(void)
{
    wrong_sums(0, 1);
}

static void sum_with_barriers(void)
{
    wrong_sums(0, 0);
    wrong_shifts(0, 0);
}

START_TEST(thread_sanitizer_sees_a_missing_barrier_and_no_other_race)
{
    static char words[TRY_WORDS];
    if (!try_has_tsan("a missing barrier as a race")) return;
    try_survives(sum_without_barrier, words);
    ck_assert_ptr_nonnull(strstr(words, "data race"));
    ck_assert_ptr_nonnull(strstr(words, "sum_kernel<0>"));
    ck_assert_int_eq(try_survives(sum_with_barriers, words), 1);
    ck_assert_str_eq(words, "");
}
END_TEST

static try_barrier barrier_breach;

static void break_barrier(void)
{
    sim.try_barriers(barrier_breach, NULL);
}

START_TEST(a_barrier_that_not_all_reach_ends_the_process)
{
    static char words[TRY_WORDS];
    static const struct {
        try_barrier breach;
        const char *says;
    } cases[] = {
        {TRY_SOME_END_FIRST, "ended"},
        {TRY_SOME_SKIP, "__syncthreads"},
        {TRY_TWO_LINES, "others to another one"},
        {TRY_WARP_AND_BLOCK, "waits for ever at __sync"},
    };
    barrier_breach = TRY_ALL_COME;
    ck_assert_msg(try_survives(break_barrier, words), "%s", words);
    for (uint64_t seed = 0; seed < 4; seed++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            sim.simt_seed(seed);
            barrier_breach = cases[i].breach;
            try_dies(break_barrier, cases[i].says, "kernel barrier_kernel, block (0,0,0), thread");
        }
    }
}
END_TEST

START_TEST(shared_memory_is_fresh_and_nan_in_every_block)
{
    enum { FLOATS = 3 * 128 };
    float seen[FLOATS];
    float *device = try_upload(NULL, sizeof seen);
    for (int turn = 0; turn < 2; turn++) {
        ck_cuda(sim.try_fresh_shared(device, 3, NULL));
        try_download(seen, device, sizeof seen);
        for (int i = 0; i < FLOATS; i++) ck_assert_msg(isnan(seen[i]), "float %d", i);
    }
    ck_cuda(sim.cudaFree(device));
}
END_TEST

static int overrun_is_dynamic, overrun_at;

static void overrun_shared(void)
{
    sim.try_shared_overrun(overrun_at, overrun_is_dynamic, NULL);
}

START_TEST(an_overrun_of_shared_memory_is_seen)
{
    static char words[TRY_WORDS];
    if (!try_has_asan("an overrun of shared memory")) return;
    for (overrun_is_dynamic = 0; overrun_is_dynamic < 2; overrun_is_dynamic++) {
        overrun_at = 7;
        ck_assert_msg(try_survives(overrun_shared, words), "%s", words);
        overrun_at = 8;
        try_dies(overrun_shared, "heap-buffer-overflow", "overrun_kernel");
        overrun_at = -1;
        try_dies(overrun_shared, "heap-buffer-overflow", "overrun_kernel");
    }
}
END_TEST

START_TEST(dynamic_shared_memory_has_the_limits_of_a_device)
{
    const int most = 227 * 1024;
    float seen;
    float *device = try_upload(NULL, sizeof seen);
    ck_cuda(sim.try_dynamic(device, 48 * 1024, -1, NULL));
    ck_cuda_is(sim.try_dynamic(device, 48 * 1024 + 1, -1, NULL), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaGetLastError(), cudaSuccess); /* LG_LAUNCHED has taken it */
    ck_cuda_is(sim.try_dynamic(device, 1, most + 1, NULL), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaGetLastError(), cudaErrorInvalidValue);
    ck_cuda(sim.try_dynamic(device, (size_t)most, most, NULL));
    try_download(&seen, device, sizeof seen);
    ck_assert_float_eq(seen, 3.0f);
    ck_cuda(sim.cudaFree(device));
}
END_TEST

static void declare_too_much(void)
{
    sim.try_too_much_declared(NULL);
}

START_TEST(declared_shared_memory_beyond_48_kb_ends_the_process)
{
    try_dies(declare_too_much, "kernel large_kernel", "declares 65536 bytes");
}
END_TEST

START_TEST(a_launch_has_the_limits_of_a_device)
{
    static const struct {
        unsigned grid[3], block[3];
        cudaError_t gives;
    } cases[] = {
        {{1, 1, 1}, {1024, 1, 1}, cudaSuccess},
        {{1, 2, 3}, {16, 8, 8}, cudaSuccess},
        {{0, 1, 1}, {2000, 1, 1}, cudaSuccess}, /* skipped */
        {{1, 1, 0}, {1, 1, 1}, cudaErrorInvalidConfiguration},
        {{1, 65536, 1}, {1, 1, 1}, cudaErrorInvalidConfiguration},
        {{1, 1, 1}, {1025, 1, 1}, cudaErrorInvalidConfiguration},
        {{1, 1, 1}, {32, 33, 1}, cudaErrorInvalidConfiguration},
        {{1, 1, 1}, {1, 1, 65}, cudaErrorInvalidConfiguration},
        {{1, 1, 1}, {0, 1, 1}, cudaErrorInvalidConfiguration},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned grid[3], block[3];
        memcpy(grid, cases[i].grid, sizeof grid);
        memcpy(block, cases[i].block, sizeof block);
        ck_assert_int_eq(sim.try_shape(grid, block, NULL), cases[i].gives);
    }
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_assert_int_eq(sim.simt_kernels(), 2);
    ck_assert_int_eq(sim.simt_threads(), 1024 + 6 * 1024);
}
END_TEST

START_TEST(every_thread_of_a_grid_runs_once_with_its_own_index)
{
    enum { THREADS = 5 * 6 * 7, ALL = 2 * 3 * 4 * THREADS };
    static int seen[ALL];
    int *device = try_upload(NULL, sizeof seen);
    ck_cuda(sim.try_indices(device, NULL));
    try_download(seen, device, sizeof seen);
    for (int i = 0; i < ALL; i++) {
        const int t = i % THREADS, b = i / THREADS;
        const int want = t % 5 + 10 * (t / 5 % 6) + 100 * (t / 30) + 1000 * (b % 2) +
                         10000 * (b / 2 % 3) + 100000 * (b / 6);
        ck_assert_int_eq(seen[i], want);
    }
    ck_cuda(sim.cudaFree(device));
}
END_TEST

enum { TICKETS = 4 * 64 };

static void draw_tickets(int *ticket, int wait)
{
    int *device = try_upload(NULL, (TICKETS + 1) * sizeof *device);
    ck_cuda(sim.cudaMemset(device, 0, (TICKETS + 1) * sizeof *device));
    ck_cuda(sim.try_tickets(device, device + TICKETS, 4, wait, NULL));
    try_download(ticket, device, TICKETS * sizeof *ticket);
    ck_cuda(sim.cudaFree(device));
}

START_TEST(orders_are_drawn_from_the_seed_anew_for_every_launch)
{
    int first[TICKETS], second[TICKETS], again[TICKETS], other[TICKETS], present[TICKETS] = {0};
    sim.simt_seed(5);
    draw_tickets(first, 0);
    draw_tickets(second, 0);
    sim.simt_seed(5);
    draw_tickets(again, 0);
    sim.simt_seed(6);
    draw_tickets(other, 0);
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_mem_ne(first, second, sizeof first);
    ck_assert_mem_ne(first, other, sizeof first);
    for (int i = 0; i < TICKETS; i++) ck_assert_int_eq(present[first[i]]++, 0);
}
END_TEST

/* Is the ticket of thread `step` later always the higher one, from thread `start` on? */
static int ascends(const int *ticket, int start, int step, int count)
{
    for (int i = 1; i < count; i++)
        if (ticket[start + i * step] < ticket[start + (i - 1) * step]) return 0;
    return 1;
}

/* Lanes in ascending order have a chance of 1 in 16384, two warps of 1 in 2, four blocks of 1 in
 * 24. */
START_TEST(lanes_warps_and_blocks_are_all_reordered) /* at the start, behind a meeting, a barrier */
{
    int warps = 0, blocks = 0;
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        int ticket[TICKETS];
        sim.simt_seed(seed);
        draw_tickets(ticket, _i);
        for (int warp = 0; warp < TICKETS / 32; warp++)
            ck_assert(!ascends(ticket, 32 * warp, 1, 32));
        for (int block = 0; block < 4; block++) warps += ascends(ticket, 64 * block, 32, 2);
        blocks += ascends(ticket, 0, 64, 4);
    }
    ck_assert_int_gt(warps, TRY_SEEDS); /* of 4 a seed */
    ck_assert_int_lt(warps, 3 * TRY_SEEDS);
    ck_assert_int_lt(blocks, TRY_SEEDS / 2);
}
END_TEST

Suite *lg_suite_simt(void)
{
    Suite *suite = suite_create("simt");
    TCase *all = try_case(suite);
    tcase_add_test(all, sums_by_barriers_are_right_under_every_seed);
    tcase_add_test(all, a_missing_barrier_shows_though_ascending_order_would_hide_it);
    tcase_add_test(all, thread_sanitizer_sees_a_missing_barrier_and_no_other_race);
    tcase_add_test(all, a_barrier_that_not_all_reach_ends_the_process);
    tcase_add_test(all, shared_memory_is_fresh_and_nan_in_every_block);
    tcase_add_test(all, an_overrun_of_shared_memory_is_seen);
    tcase_add_test(all, dynamic_shared_memory_has_the_limits_of_a_device);
    tcase_add_test(all, declared_shared_memory_beyond_48_kb_ends_the_process);
    tcase_add_test(all, a_launch_has_the_limits_of_a_device);
    tcase_add_test(all, every_thread_of_a_grid_runs_once_with_its_own_index);
    tcase_add_test(all, orders_are_drawn_from_the_seed_anew_for_every_launch);
    tcase_add_loop_test(all, lanes_warps_and_blocks_are_all_reordered, 0, 3);
    return suite;
}
