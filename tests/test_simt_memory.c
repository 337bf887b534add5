/* test_simt_memory.c -- the stand-in's two memories, and failures that are planted.
 *
 * Tests (suite simt_memory).  Device memory is apart from the host's: who takes one for the other,
 * or goes beyond the end, is told. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

#include <math.h>

Suite *lg_suite_simt_memory(void);

enum { COUNT = 100 };

START_TEST(fresh_memory_is_nan_and_of_no_other_use)
{
    float x[COUNT];
    double as_double;
    for (int turn = 0; turn < 3; turn++) {
        float *device = try_upload(NULL, sizeof x);
        try_download(x, device, sizeof x);
        for (int i = 0; i < COUNT; i++) ck_assert(isnan(x[i]));
        memcpy(&as_double, x, sizeof as_double);
        ck_assert(isnan(as_double));
        ck_assert_uint_eq((uintptr_t)device % 256, 0);
        ck_cuda(sim.cudaMemset(device, 0, sizeof x));
        ck_cuda(sim.cudaFree(device));
    }
}
END_TEST

START_TEST(copies_have_to_name_the_right_memory)
{
    float host[COUNT] = {0}, *device = try_upload(NULL, sizeof host), *pinned;
    ck_cuda(sim.cudaHostAlloc((void **)&pinned, sizeof host, cudaHostAllocDefault));
    const struct {
        void *to, *from;
        size_t bytes;
        enum cudaMemcpyKind kind;
        cudaError_t gives;
    } cases[] = {
        {device, host, sizeof host, cudaMemcpyHostToDevice, cudaSuccess},
        {device, pinned, sizeof host, cudaMemcpyDefault, cudaSuccess},
        {host, device, sizeof host, cudaMemcpyDefault, cudaSuccess},
        {pinned, device + 1, sizeof host - 4, cudaMemcpyDeviceToHost, cudaSuccess},
        {device, device + 50, 200, cudaMemcpyDeviceToDevice, cudaSuccess},
        {pinned, host, sizeof host, cudaMemcpyHostToHost, cudaSuccess},
        {device, host, 0, cudaMemcpyHostToDevice, cudaSuccess},
        {device, host, sizeof host, cudaMemcpyDeviceToHost, cudaErrorInvalidValue},
        {host, device, sizeof host, cudaMemcpyHostToDevice, cudaErrorInvalidValue},
        {pinned, host, sizeof host, cudaMemcpyHostToDevice, cudaErrorInvalidValue},
        {device, pinned, sizeof host, cudaMemcpyDeviceToDevice, cudaErrorInvalidValue},
        {device, host, sizeof host + 1, cudaMemcpyHostToDevice, cudaErrorInvalidValue},
        {device + 1, host, sizeof host, cudaMemcpyHostToDevice, cudaErrorInvalidValue},
        {host, device + 1, sizeof host, cudaMemcpyDeviceToHost, cudaErrorInvalidValue},
        {device, device + 49, 200, cudaMemcpyDeviceToDevice, cudaErrorInvalidValue},
        {NULL, device, 4, cudaMemcpyDeviceToHost, cudaErrorInvalidValue},
        {device, host, 4, (enum cudaMemcpyKind)7, cudaErrorInvalidMemcpyDirection},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(
            sim.cudaMemcpyAsync(cases[i].to, cases[i].from, cases[i].bytes, cases[i].kind, NULL),
            cases[i].gives);
        ck_assert_int_eq(sim.cudaGetLastError(), cases[i].gives);
    }
    ck_cuda_is(sim.cudaMemsetAsync(device, 0, sizeof host + 1, NULL), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaMemset(host, 0, 4), cudaErrorInvalidValue);
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFreeHost(pinned));
}
END_TEST

START_TEST(a_kernel_takes_no_host_pointer)
{
    enum { LARGE = 1 << 20, INSIDE = 20000 };
    float on_stack = 0, *device = try_upload(NULL, 4), *gone = try_upload(NULL, LARGE), *pinned;
    float *heap = malloc(LARGE);
    ck_cuda(sim.cudaMallocHost((void **)&pinned, LARGE));
    ck_cuda(sim.cudaMemset(device, 0, 4));
    ck_cuda(sim.cudaFree(gone));
    float *const wrong[] = {&on_stack, heap + INSIDE, pinned + INSIDE, gone + INSIDE, (float *)16};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_cuda_is(sim.try_add(wrong[i], 1.0f, 1, NULL), cudaErrorInvalidValue);
        if (i == 4) continue; /* as good as a number, in a struct */
        const try_job job = {1, 1.0f, device, wrong[i]};
        ck_cuda_is(sim.try_add_job(job, NULL), cudaErrorInvalidValue);
    }
    ck_cuda(sim.try_add(NULL, 1.0f, 0, NULL));
    ck_cuda(sim.try_add(device + 1, 1.0f, 0, NULL)); /* the end is no error: nothing is there */
    const try_job job = {1, 1.0f, device, NULL};
    ck_cuda(sim.try_add_job(job, NULL));
    try_download(&on_stack, device, 4);
    ck_assert_float_eq(on_stack, 1.0f);
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFreeHost(pinned));
    free(heap);
}
END_TEST

static int write_at;

static void write_beyond(void)
{
    float *device = try_upload(NULL, COUNT * sizeof(float));
    sim.try_write(device, write_at, NULL);
    sim.cudaDeviceSynchronize();
    sim.cudaFree(device);
}

START_TEST(an_overrun_of_device_memory_is_seen)
{
    static char words[TRY_WORDS];
    const int exact = try_has_asan("the place of an overrun of device memory");
    write_at = COUNT - 1;
    ck_assert_msg(try_survives(write_beyond, words), "%s", words);
    write_at = COUNT;
    try_dies(write_beyond, exact ? "heap-buffer-overflow" : "wrote behind the end", "write_kernel");
    write_at = -1;
    try_dies(write_beyond, exact ? "heap-buffer-overflow" : "wrote before the start",
             "write_kernel");
}
END_TEST

static void read_from_host(void)
{
    const volatile float *device = try_upload(NULL, COUNT * sizeof(float));
    fprintf(stderr, "%g\n", (double)device[3]);
}

START_TEST(the_host_does_not_read_device_memory)
{
    if (!try_has_asan("device memory read by the host")) return;
    try_dies(read_from_host, "use-after-poison", "read_from_host");
}
END_TEST

START_TEST(memory_is_freed_once)
{
    void *device = try_upload(NULL, 64), *pinned;
    ck_cuda(sim.cudaMallocHost(&pinned, 64));
    ck_assert_int_eq(sim.simt_live(SIMT_DEVICE_MEMORY), 1);
    ck_assert_int_eq(sim.simt_live(SIMT_HOST_MEMORY), 1);
    ck_cuda_is(sim.cudaFree((char *)device + 1), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaFree(pinned), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaFreeHost(device), cudaErrorInvalidValue);
    ck_cuda(sim.cudaFree(device));
    ck_cuda_is(sim.cudaFree(device), cudaErrorInvalidValue);
    ck_cuda_is(sim.cudaMemset(device, 0, 64), cudaErrorInvalidValue);
    ck_cuda(sim.cudaFreeHost(pinned));
    ck_cuda_is(sim.cudaFreeHost(pinned), cudaErrorInvalidValue);
    ck_cuda(sim.cudaFree(NULL));
    ck_cuda(sim.cudaFreeHost(NULL));
    ck_assert_int_eq(sim.simt_live_all(), 0);
}
END_TEST

/* Work that waits still has its memory: cudaFree waits for it. */
START_TEST(cuda_free_waits)
{
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        float host[COUNT] = {0};
        sim.simt_seed(seed);
        cudaStream_t stream = try_stream();
        float *device = try_upload(host, sizeof host);
        ck_cuda(sim.try_add(device, 1.0f, COUNT, stream));
        ck_cuda(sim.cudaMemcpyAsync(host, device, sizeof host, cudaMemcpyDeviceToHost, stream));
        ck_cuda(sim.cudaFree(device));
        ck_assert_float_eq(host[COUNT - 1], 1.0f);
        ck_cuda(sim.cudaStreamDestroy(stream));
    }
}
END_TEST

/* ---------------------------------------------------------------------------- environment --- */

START_TEST(memory_runs_out)
{
    size_t free_bytes, all;
    void *first, *second;
    setenv("LOGIT_SIMT_MEMORY", "1000", 1);
    ck_cuda(sim.cudaMalloc(&first, 600));
    ck_cuda_is(sim.cudaMalloc(&second, 401), cudaErrorMemoryAllocation);
    ck_assert_ptr_null(second);
    ck_cuda(sim.cudaMalloc(&second, 400)); /* it is not final */
    ck_cuda(sim.cudaFree(first));
    ck_cuda(sim.cudaMemGetInfo(&free_bytes, &all));
    ck_assert_uint_eq(free_bytes, 600);
    ck_assert_uint_eq(all, 1000);
    ck_cuda(sim.cudaFree(second));
}
END_TEST

START_TEST(there_may_be_no_device)
{
    int count = 7;
    void *memory;
    setenv("LOGIT_SIMT_DEVICES", "0", 1);
    ck_cuda_is(sim.cudaGetDeviceCount(&count), cudaErrorNoDevice);
    ck_assert_int_eq(count, 0);
    ck_cuda_is(sim.cudaMalloc(&memory, 4), cudaErrorNoDevice);
}
END_TEST

START_TEST(the_driver_may_be_old)
{
    int count, version;
    setenv("LOGIT_SIMT_DRIVER", "12080", 1);
    ck_cuda_is(sim.cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    ck_cuda(sim.cudaDriverGetVersion(&version));
    ck_assert_int_eq(version, 12080);
    ck_cuda(sim.cudaRuntimeGetVersion(&version));
    ck_assert_int_eq(version, CUDART_VERSION);
}
END_TEST

START_TEST(devices_are_counted)
{
    int count, value;
    struct cudaDeviceProp properties;
    setenv("LOGIT_SIMT_DEVICES", "2", 1);
    ck_cuda(sim.cudaGetDeviceCount(&count));
    ck_assert_int_eq(count, 2);
    ck_cuda(sim.cudaSetDevice(1));
    ck_cuda_is(sim.cudaSetDevice(2), cudaErrorInvalidDevice);
    ck_cuda_is(sim.cudaGetLastError(), cudaErrorInvalidDevice);
    ck_cuda(sim.cudaGetDeviceProperties(&properties, 1));
    ck_assert_str_eq(properties.name, "SIMT stand-in");
    ck_cuda(sim.cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, 0));
    ck_assert_int_eq(value, 9);
    ck_cuda(sim.cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    ck_assert_int_eq(value, 227 * 1024);
}
END_TEST

/* ------------------------------------------------------------------------------- failures --- */

START_TEST(a_failure_stays_unless_it_was_an_allocation)
{
    void *memory = NULL, *more;
    setenv("LOGIT_SIMT_FAIL", "2", 1);
    ck_cuda(sim.cudaMalloc(&memory, 4));
    ck_cuda_is(sim.cudaMalloc(&more, 4), cudaErrorMemoryAllocation);
    ck_cuda_is(sim.cudaGetLastError(), cudaErrorMemoryAllocation);
    ck_cuda(sim.cudaMemset(memory, 0, 4));
    ck_cuda_is(sim.cudaGetLastError(), cudaSuccess);

    sim.simt_fail(2);
    ck_cuda(sim.cudaMemset(memory, 0, 4));
    ck_cuda_is(sim.try_add(memory, 1.0f, 1, NULL), cudaErrorUnknown);
    for (int i = 0; i < 2; i++) ck_cuda_is(sim.cudaGetLastError(), cudaErrorUnknown);
    ck_cuda_is(sim.cudaMalloc(&more, 4), cudaErrorUnknown);
    ck_cuda_is(sim.cudaDeviceSynchronize(), cudaErrorUnknown);
    ck_cuda_is(sim.cudaFree(memory), cudaErrorUnknown);
    ck_assert_int_eq(sim.simt_live_all(), 0); /* but it is freed: only a program's leaks count */

    sim.simt_fail(0);
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda_is(sim.cudaGetLastError(), cudaSuccess);
}
END_TEST

START_TEST(every_call_that_can_fail_is_counted)
{
    float *device;
    const int64_t before = sim.simt_calls();
    ck_cuda(sim.cudaMalloc((void **)&device, 4));
    ck_cuda(sim.try_write(device, 0, NULL)); /* the launch; asking for its error does not count */
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda(sim.cudaFree(device));
    ck_assert_int_eq(sim.simt_calls() - before, 4);
}
END_TEST

Suite *lg_suite_simt_memory(void)
{
    Suite *suite = suite_create("simt_memory");
    TCase *all = try_case(suite);
    tcase_add_test(all, fresh_memory_is_nan_and_of_no_other_use);
    tcase_add_test(all, copies_have_to_name_the_right_memory);
    tcase_add_test(all, a_kernel_takes_no_host_pointer);
    tcase_add_test(all, an_overrun_of_device_memory_is_seen);
    tcase_add_test(all, the_host_does_not_read_device_memory);
    tcase_add_test(all, memory_is_freed_once);
    tcase_add_test(all, cuda_free_waits);
    tcase_add_test(all, memory_runs_out);
    tcase_add_test(all, there_may_be_no_device);
    tcase_add_test(all, the_driver_may_be_old);
    tcase_add_test(all, devices_are_counted);
    tcase_add_test(all, a_failure_stays_unless_it_was_an_allocation);
    tcase_add_test(all, every_call_that_can_fail_is_counted);
    return suite;
}
