/* test_simt_graph.c -- the stand-in's graphs: a capture replayed equals the calls themselves.
 *
 * Tests (suite simt_graph).  What was captured has run only when a graph of it is launched, in any
 * order that events inside the capture allow; what a capture forbids spoils it. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

Suite *lg_suite_simt_graph(void);

enum { COUNT = 40 };

/* Two streams that fork and join, and a target. */
typedef struct fork_rig {
    cudaStream_t main, side;
    cudaEvent_t forked, joined;
    float *x, *y; /* [COUNT] */
} fork_rig;

static fork_rig fork_open(uint64_t seed)
{
    sim.simt_seed(seed);
    fork_rig r = {.main = try_stream(), .side = try_stream()};
    r.x = try_upload(NULL, COUNT * sizeof *r.x);
    r.y = try_upload(NULL, COUNT * sizeof *r.y);
    ck_cuda(sim.cudaMemset(r.x, 0, COUNT * sizeof *r.x));
    ck_cuda(sim.cudaMemset(r.y, 0, COUNT * sizeof *r.y));
    ck_cuda(sim.cudaEventCreateWithFlags(&r.forked, cudaEventDisableTiming));
    ck_cuda(sim.cudaEventCreateWithFlags(&r.joined, cudaEventDisableTiming));
    ck_cuda(sim.cudaDeviceSynchronize());
    return r;
}

static void fork_close(fork_rig r)
{
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda(sim.cudaFree(r.x));
    ck_cuda(sim.cudaFree(r.y));
    ck_cuda(sim.cudaEventDestroy(r.forked));
    ck_cuda(sim.cudaEventDestroy(r.joined));
    ck_cuda(sim.cudaStreamDestroy(r.main));
    ck_cuda(sim.cudaStreamDestroy(r.side));
}

/* x += 1; then on two streams x *= 3 and y += 5; then y is copied over the second half of x, and
 * x += 1.  `waits` 0 leaves out the join. */
static void work(const fork_rig *r, int waits)
{
    ck_cuda(sim.try_add(r->x, 1.0f, COUNT, r->main));
    ck_cuda(sim.cudaEventRecord(r->forked, r->main));
    ck_cuda(sim.cudaStreamWaitEvent(r->side, r->forked, 0));
    ck_cuda(sim.try_scale(r->x, 3.0f, COUNT, r->main));
    ck_cuda(sim.try_add(r->y, 5.0f, COUNT, r->side));
    ck_cuda(sim.cudaEventRecord(r->joined, r->side));
    if (waits) ck_cuda(sim.cudaStreamWaitEvent(r->main, r->joined, 0));
    ck_cuda(sim.cudaMemcpyAsync(r->x + COUNT / 2, r->y, COUNT / 2 * sizeof *r->x,
                                cudaMemcpyDeviceToDevice, r->main));
    ck_cuda(sim.try_add(r->x, 1.0f, COUNT, r->main));
}

static cudaGraphExec_t capture(const fork_rig *r)
{
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    enum cudaStreamCaptureStatus status;
    ck_cuda(sim.cudaStreamBeginCapture(r->main, cudaStreamCaptureModeThreadLocal));
    work(r, 1);
    ck_cuda(sim.cudaStreamIsCapturing(r->side, &status));
    ck_assert_int_eq(status, cudaStreamCaptureStatusActive);
    ck_cuda(sim.cudaStreamEndCapture(r->main, &graph));
    ck_cuda(sim.cudaStreamIsCapturing(r->side, &status));
    ck_assert_int_eq(status, cudaStreamCaptureStatusNone);
    ck_cuda(sim.cudaGraphInstantiate(&exec, graph, 0));
    ck_cuda(sim.cudaGraphDestroy(graph));
    return exec;
}

START_TEST(a_replay_equals_the_calls)
{
    enum { TURNS = 3 };
    float direct[COUNT], replayed[COUNT];
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        fork_rig r = fork_open(seed);
        for (int turn = 0; turn < TURNS; turn++) work(&r, 1);
        try_download(direct, r.x, sizeof direct);
        fork_close(r);

        r = fork_open(seed);
        cudaGraphExec_t exec = capture(&r);
        try_download(replayed, r.x, sizeof replayed);
        ck_assert_float_eq(replayed[0], 0.0f); /* nothing has run yet */
        for (int turn = 0; turn < TURNS; turn++) ck_cuda(sim.cudaGraphLaunch(exec, r.main));
        ck_cuda(sim.cudaGraphExecDestroy(exec)); /* what was launched still runs */
        try_download(replayed, r.x, sizeof replayed);
        ck_assert_mem_eq(replayed, direct, sizeof direct);
        ck_assert_float_eq(direct[0], ((3.0f + 1.0f + 1.0f) * 3.0f + 1.0f + 1.0f) * 3.0f + 1.0f);
        ck_assert_float_eq(direct[COUNT - 1], 16.0f);
        fork_close(r);
    }
}
END_TEST

/* The nodes of a launch and the work of another stream run in between each other. */
START_TEST(a_graph_is_ordered_with_its_stream_alone)
{
    int between = 0;
    if (try_has_tsan(NULL)) return; /* it would be a race */
    for (uint64_t seed = 0; seed < 4 * TRY_SEEDS; seed++) {
        float x[COUNT];
        fork_rig r = fork_open(seed);
        cudaStream_t other = try_stream();
        cudaGraphExec_t exec = capture(&r);
        ck_cuda(sim.cudaGraphLaunch(exec, r.main));
        ck_cuda(sim.try_add(r.x, 100.0f, COUNT, other));
        try_download(x, r.x, sizeof x);
        /* 304 before all, 304 after the first add, 104 at the end */
        ck_assert(x[0] == 304.0f || x[0] == 104.0f);
        between += x[0] == 304.0f;
        ck_cuda(sim.cudaGraphExecDestroy(exec));
        ck_cuda(sim.cudaStreamDestroy(other));
        fork_close(r);
    }
    ck_assert_int_gt(between, 0);
    ck_assert_int_lt(between, 4 * TRY_SEEDS);
}
END_TEST

/* Without the event inside the capture, the copy may run before what it copies. */
START_TEST(a_dependency_that_was_left_out_shows)
{
    int wrong = 0;
    for (uint64_t seed = 0; seed < 2 * TRY_SEEDS; seed++) {
        float x[COUNT];
        cudaGraph_t graph;
        cudaGraphExec_t exec;
        fork_rig r = fork_open(seed);
        ck_cuda(sim.cudaStreamBeginCapture(r.main, cudaStreamCaptureModeThreadLocal));
        work(&r, 0);
        ck_cuda(sim.cudaStreamWaitEvent(r.main, r.joined, 0)); /* joined, but too late */
        ck_cuda(sim.cudaStreamEndCapture(r.main, &graph));
        ck_cuda(sim.cudaGraphInstantiate(&exec, graph, 0));
        ck_cuda(sim.cudaGraphLaunch(exec, r.main));
        try_download(x, r.x, sizeof x);
        wrong += x[COUNT - 1] != 6.0f;
        ck_cuda(sim.cudaGraphExecDestroy(exec));
        ck_cuda(sim.cudaGraphDestroy(graph));
        fork_close(r);
    }
    ck_assert_int_gt(wrong, 0);
    ck_assert_int_lt(wrong, 2 * TRY_SEEDS);
}
END_TEST

/* What a program may not do while it captures. */
static cudaError_t forbidden(int what, const fork_rig *r)
{
    void *memory = r->x;
    switch (what) {
    case 0:
        return sim.cudaMalloc(&memory, 64);
    case 1:
        return sim.cudaFree(r->x);
    case 2:
        return sim.cudaStreamSynchronize(r->main);
    case 3:
        return sim.cudaDeviceSynchronize();
    case 4:
        return sim.cudaMemcpy(r->x, r->y, 4, cudaMemcpyDeviceToDevice);
    case 5:
        return sim.try_add(r->x, 1.0f, COUNT, NULL);
    case 6: /* recorded before the capture */
        return sim.cudaStreamWaitEvent(r->main, r->joined, 0);
    default:
        return sim.cudaStreamQuery(r->main);
    }
}

START_TEST(what_a_capture_forbids_spoils_it)
{
    static const cudaError_t gives[] = {
        cudaErrorStreamCaptureUnsupported, cudaErrorStreamCaptureUnsupported,
        cudaErrorStreamCaptureUnsupported, cudaErrorStreamCaptureUnsupported,
        cudaErrorStreamCaptureUnsupported, cudaErrorStreamCaptureImplicit,
        cudaErrorStreamCaptureIsolation,   cudaErrorStreamCaptureUnsupported,
    };
    for (int i = 0; i < (int)(sizeof gives / sizeof *gives); i++) {
        cudaGraph_t graph;
        fork_rig r = fork_open(0);
        ck_cuda(sim.cudaEventRecord(r.joined, r.side));
        ck_cuda(sim.cudaStreamBeginCapture(r.main, cudaStreamCaptureModeThreadLocal));
        ck_cuda(sim.try_add(r.x, 1.0f, COUNT, r.main));
        ck_assert_int_eq(forbidden(i, &r), gives[i]);
        ck_cuda_is(sim.try_add(r.x, 1.0f, COUNT, r.main), cudaErrorStreamCaptureInvalidated);
        ck_cuda_is(sim.cudaStreamEndCapture(r.main, &graph), cudaErrorStreamCaptureInvalidated);
        ck_assert_ptr_null(graph);
        (void)sim.cudaGetLastError();
        ck_cuda(sim.try_add(r.x, 1.0f, COUNT, r.main)); /* the stream is its own again */
        fork_close(r);
    }
}
END_TEST

START_TEST(a_capture_ends_where_it_began_and_with_all_its_streams)
{
    cudaGraph_t graph;
    fork_rig r = fork_open(0);
    ck_cuda_is(sim.cudaStreamEndCapture(r.main, &graph), cudaErrorIllegalState);
    ck_cuda(sim.cudaStreamBeginCapture(r.main, cudaStreamCaptureModeThreadLocal));
    ck_cuda_is(sim.cudaStreamBeginCapture(r.main, cudaStreamCaptureModeThreadLocal),
               cudaErrorIllegalState);
    ck_cuda_is(sim.cudaGetLastError(), cudaErrorIllegalState);
    work(&r, 0);
    ck_cuda_is(sim.cudaEventQuery(r.joined), cudaErrorCapturedEvent);
    ck_cuda_is(sim.cudaStreamEndCapture(r.side, &graph), cudaErrorStreamCaptureUnmatched);
    ck_cuda_is(sim.cudaStreamEndCapture(r.main, &graph), cudaErrorStreamCaptureUnjoined);
    ck_assert_ptr_null(graph);
    ck_cuda_is(sim.cudaStreamBeginCapture(NULL, cudaStreamCaptureModeThreadLocal),
               cudaErrorStreamCaptureUnsupported);
    (void)sim.cudaGetLastError();
    fork_close(r);
}
END_TEST

static void launch_on_freed_memory(void)
{
    fork_rig r = fork_open(0);
    cudaGraphExec_t exec = capture(&r);
    ck_cuda(sim.cudaFree(r.y));
    sim.cudaGraphLaunch(exec, r.main);
}

START_TEST(a_graph_on_freed_memory_ends_the_process)
{
    try_dies(launch_on_freed_memory, "kernel add_kernel runs with", "freed device memory");
}
END_TEST

Suite *lg_suite_simt_graph(void)
{
    Suite *suite = suite_create("simt_graph");
    TCase *all = try_case(suite);
    tcase_add_test(all, a_replay_equals_the_calls);
    tcase_add_test(all, a_graph_is_ordered_with_its_stream_alone);
    tcase_add_test(all, a_dependency_that_was_left_out_shows);
    tcase_add_test(all, what_a_capture_forbids_spoils_it);
    tcase_add_test(all, a_capture_ends_where_it_began_and_with_all_its_streams);
    tcase_add_test(all, a_graph_on_freed_memory_ends_the_process);
    return suite;
}
