/* test_simt_queue.c -- the stand-in's streams: what only order and events promise.
 *
 * Tests (suite simt_queue).  A program that leaves out a wait has to give another result under some
 * seed, and one that has it the same under all; both early and late execution have to occur. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

Suite *lg_suite_simt_queue(void);

enum { COUNT = 300, MANY_SEEDS = 24 };

/* What two streams share. */
typedef struct pair {
    cudaStream_t first, second;
    cudaEvent_t event;
    float *device;
} pair;

static pair pair_open(uint64_t seed)
{
    sim.simt_seed(seed);
    pair p = {try_stream(), try_stream(), NULL, try_upload(NULL, COUNT * sizeof(float))};
    ck_cuda(sim.cudaEventCreateWithFlags(&p.event, cudaEventDisableTiming));
    ck_cuda(sim.cudaMemset(p.device, 0, COUNT * sizeof(float)));
    ck_cuda(sim.cudaDeviceSynchronize());
    return p;
}

static void pair_close(pair p)
{
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda(sim.cudaFree(p.device));
    ck_cuda(sim.cudaEventDestroy(p.event));
    ck_cuda(sim.cudaStreamDestroy(p.first));
    ck_cuda(sim.cudaStreamDestroy(p.second));
}

/* x = 0, then +1 on one stream and *3 on the other: 3 in order, 1 in the other. */
static float add_then_scale(uint64_t seed, int waits)
{
    float x[COUNT];
    pair p = pair_open(seed);
    ck_cuda(sim.try_add(p.device, 1.0f, COUNT, p.first));
    ck_cuda(sim.cudaEventRecord(p.event, p.first));
    if (waits) ck_cuda(sim.cudaStreamWaitEvent(p.second, p.event, 0));
    ck_cuda(sim.try_scale(p.device, 3.0f, COUNT, p.second));
    try_download(x, p.device, sizeof x);
    for (int i = 1; i < COUNT; i++) ck_assert_float_eq(x[i], x[0]);
    pair_close(p);
    return x[0];
}

START_TEST(an_event_orders_two_streams_and_without_it_nothing_does)
{
    int early = 0, late = 0;
    for (uint64_t seed = 0; seed < MANY_SEEDS; seed++) {
        ck_assert_float_eq(add_then_scale(seed, 1), 3.0f);
        if (try_has_tsan(NULL)) continue; /* it would be a race */
        const float got = add_then_scale(seed, 0);
        early += got == 1.0f;
        late += got == 3.0f;
    }
    if (try_has_tsan(NULL)) return;
    ck_assert_int_gt(early, 0);
    ck_assert_int_gt(late, 0);
    ck_assert_int_eq(early + late, MANY_SEEDS);
}
END_TEST

static void leave_out_the_wait(void)
{
    add_then_scale(0, 0);
}

START_TEST(thread_sanitizer_sees_a_missing_wait)
{
    static char words[TRY_WORDS];
    if (!try_has_tsan("a missing wait between streams")) return;
    try_survives(leave_out_the_wait, words);
    ck_assert_ptr_nonnull(strstr(words, "data race"));
}
END_TEST

/* A wait is for the record that stands when it is asked for, not for a later one. */
START_TEST(a_wait_is_for_the_last_record_before_it)
{
    for (uint64_t seed = 0; seed < MANY_SEEDS; seed++) {
        pair p = pair_open(seed);
        ck_cuda(sim.cudaEventRecord(p.event, p.first));
        ck_cuda(sim.cudaStreamWaitEvent(p.second, p.event, 0));
        ck_cuda(sim.cudaEventRecord(p.event, p.second)); /* which waits for the first record */
        ck_cuda(sim.cudaStreamWaitEvent(p.first, p.event, 0));
        ck_cuda(sim.cudaEventSynchronize(p.event));
        pair_close(p);
    }
}
END_TEST

/* The host reads the target of a copy before it has waited. */
START_TEST(a_copy_may_be_read_too_early)
{
    int old = 0, new = 0;
    float *host;
    if (try_has_tsan(NULL)) return;
    ck_cuda(sim.cudaMallocHost((void **)&host, sizeof *host));
    for (uint64_t seed = 0; seed < MANY_SEEDS; seed++) {
        pair p = pair_open(seed);
        *host = 7.0f;
        ck_cuda(sim.try_add(p.device, 1.0f, COUNT, p.first));
        ck_cuda(sim.cudaMemcpyAsync(host, p.device, sizeof *host, cudaMemcpyDeviceToHost, p.first));
        old += *host == 7.0f;
        new += *host == 1.0f;
        ck_cuda(sim.cudaStreamSynchronize(p.first));
        ck_assert_float_eq(*host, 1.0f);
        pair_close(p);
    }
    ck_cuda(sim.cudaFreeHost(host));
    ck_assert_int_gt(old, 0);
    ck_assert_int_gt(new, 0);
    ck_assert_int_eq(old + new, MANY_SEEDS);
}
END_TEST

/* The host fills the source of a copy again before the copy is done: what the device gets. */
static float refill_slot(uint64_t seed, int waits)
{
    float got, *slot;
    pair p = pair_open(seed);
    ck_cuda(sim.cudaMallocHost((void **)&slot, sizeof *slot));
    *slot = 1.0f;
    ck_cuda(sim.cudaMemcpyAsync(p.device, slot, sizeof *slot, cudaMemcpyHostToDevice, p.first));
    ck_cuda(sim.cudaEventRecord(p.event, p.first));
    if (waits) ck_cuda(sim.cudaEventSynchronize(p.event));
    *slot = 2.0f;
    try_download(&got, p.device, sizeof got);
    ck_cuda(sim.cudaFreeHost(slot));
    pair_close(p);
    return got;
}

START_TEST(a_slot_may_be_used_again_too_early)
{
    int wrong = 0;
    for (uint64_t seed = 0; seed < MANY_SEEDS; seed++) {
        ck_assert_float_eq(refill_slot(seed, 1), 1.0f);
        if (!try_has_tsan(NULL)) wrong += refill_slot(seed, 0) != 1.0f;
    }
    if (try_has_tsan(NULL)) return;
    ck_assert_int_gt(wrong, 0);
    ck_assert_int_lt(wrong, MANY_SEEDS);
}
END_TEST

/* cudaMemcpy waits for the default stream and those ordered with it, and for no other. */
START_TEST(a_copy_that_waits_does_not_wait_for_every_stream)
{
    int missed = 0;
    for (uint64_t seed = 0; seed < MANY_SEEDS; seed++) {
        float x;
        cudaStream_t ordered;
        pair p = pair_open(seed);
        ck_cuda(sim.cudaStreamCreateWithFlags(&ordered, cudaStreamDefault));
        ck_cuda(sim.try_add(p.device, 1.0f, COUNT, ordered));
        ck_cuda(sim.try_scale(p.device, 5.0f, COUNT, NULL));
        ck_cuda(sim.try_add(p.device, 1.0f, COUNT, ordered));
        ck_cuda(sim.cudaMemcpy(&x, p.device, sizeof x, cudaMemcpyDeviceToHost));
        ck_assert_float_eq(x, 6.0f);
        ck_cuda(sim.try_add(p.device, 2.0f, COUNT, ordered));
        ck_cuda(sim.cudaMemcpyAsync(&x, p.device, sizeof x, cudaMemcpyDeviceToHost, ordered));
        ck_cuda(sim.cudaStreamSynchronize(NULL)); /* as much as a copy that waits */
        ck_assert_float_eq(x, 8.0f);
        ck_cuda(sim.cudaStreamDestroy(ordered));
        if (!try_has_tsan(NULL)) {
            ck_cuda(sim.try_add(p.device, 1.0f, COUNT, p.first));
            ck_cuda(sim.cudaMemcpy(&x, p.device, sizeof x, cudaMemcpyDeviceToHost));
            missed += x == 8.0f;
        }
        pair_close(p);
    }
    ck_assert_int_ge(missed, try_has_tsan(NULL) ? 0 : 1);
}
END_TEST

START_TEST(questions_come_to_an_answer)
{
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        int asked = 0;
        pair p = pair_open(seed);
        ck_cuda(sim.cudaEventQuery(p.event)); /* never recorded: nothing to wait for */
        for (int i = 0; i < 5; i++) ck_cuda(sim.try_add(p.device, 1.0f, COUNT, p.first));
        ck_cuda(sim.cudaEventRecord(p.event, p.first));
        while (sim.cudaEventQuery(p.event) == cudaErrorNotReady) ck_assert_int_lt(++asked, 100);
        ck_cuda(sim.cudaStreamQuery(p.first));
        (void)sim.cudaGetLastError(); /* of the questions */
        pair_close(p);
    }
}
END_TEST

START_TEST(events_know_the_time)
{
    float ms = -1.0f;
    cudaEvent_t end;
    pair p = pair_open(0);
    ck_cuda(sim.cudaEventCreateWithFlags(&end, cudaEventDefault));
    ck_cuda(sim.cudaEventRecord(end, p.first));
    ck_cuda(sim.cudaEventSynchronize(end));
    ck_cuda(sim.cudaEventElapsedTime(&ms, end, end));
    ck_assert_float_eq(ms, 0.0f);
    ck_cuda(sim.cudaEventRecord(p.event, p.first));
    ck_cuda(sim.cudaEventSynchronize(p.event));
    ck_cuda_is(sim.cudaEventElapsedTime(&ms, end, p.event), cudaErrorInvalidResourceHandle);
    ck_cuda(sim.cudaEventDestroy(end));
    pair_close(p);
}
END_TEST

START_TEST(what_was_destroyed_is_not_taken)
{
    pair p = pair_open(0), gone = pair_open(1);
    for (int i = 0; i < 3; i++) ck_cuda(sim.try_add(p.device, 1.0f, COUNT, gone.first));
    ck_cuda(sim.cudaStreamDestroy(gone.first)); /* what is on it still runs */
    ck_cuda(sim.cudaEventDestroy(gone.event));
    ck_cuda_is(sim.try_add(p.device, 1.0f, COUNT, gone.first), cudaErrorInvalidResourceHandle);
    ck_cuda_is(sim.cudaStreamSynchronize(gone.first), cudaErrorInvalidResourceHandle);
    ck_cuda_is(sim.cudaStreamDestroy(gone.first), cudaErrorInvalidResourceHandle);
    ck_cuda_is(sim.cudaEventRecord(gone.event, p.first), cudaErrorInvalidResourceHandle);
    ck_cuda_is(sim.cudaEventSynchronize(gone.event), cudaErrorInvalidResourceHandle);
    ck_cuda_is(sim.cudaEventDestroy(gone.event), cudaErrorInvalidResourceHandle);
    (void)sim.cudaGetLastError();
    float x;
    try_download(&x, p.device, sizeof x);
    ck_assert_float_eq(x, 3.0f);
    ck_cuda(sim.cudaStreamDestroy(gone.second));
    ck_cuda(sim.cudaFree(gone.device));
    pair_close(p);
}
END_TEST

Suite *lg_suite_simt_queue(void)
{
    Suite *suite = suite_create("simt_queue");
    TCase *all = try_case(suite);
    tcase_add_test(all, an_event_orders_two_streams_and_without_it_nothing_does);
    tcase_add_test(all, thread_sanitizer_sees_a_missing_wait);
    tcase_add_test(all, a_wait_is_for_the_last_record_before_it);
    tcase_add_test(all, a_copy_may_be_read_too_early);
    tcase_add_test(all, a_slot_may_be_used_again_too_early);
    tcase_add_test(all, a_copy_that_waits_does_not_wait_for_every_stream);
    tcase_add_test(all, questions_come_to_an_answer);
    tcase_add_test(all, events_know_the_time);
    tcase_add_test(all, what_was_destroyed_is_not_taken);
    return suite;
}
