/* try_rig.h -- the stand-in under test, with the kernels of try_*.cc.
 *
 * Tests.  They live in libtry.so beside the test program; a test opens it in its own process and
 * calls CUDA's functions, cuBLAS's, the kernels and the stand-in's own hooks through `sim`. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_TRY_RIG_H
#define LG_SIMT_TRY_RIG_H

#include <check.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simt/include/cublas_v2.h"
#include "tests/simt/simt.h"
#include "tests/simt/try.h"

#if defined(__has_feature)
#define TRY_HAS(feature) __has_feature(feature)
#else
#define TRY_HAS(feature) 0
#endif

#define TRY_FUNCTIONS(F)                                                                           \
    F(cudaGetDeviceCount)                                                                          \
    F(cudaSetDevice)                                                                               \
    F(cudaDeviceGetAttribute)                                                                      \
    F(cudaGetDeviceProperties)                                                                     \
    F(cudaDriverGetVersion)                                                                        \
    F(cudaRuntimeGetVersion)                                                                       \
    F(cudaGetLastError)                                                                            \
    F(cudaPeekAtLastError)                                                                         \
    F(cudaGetErrorName)                                                                            \
    F(cudaMalloc)                                                                                  \
    F(cudaFree)                                                                                    \
    F(cudaMallocHost)                                                                              \
    F(cudaHostAlloc)                                                                               \
    F(cudaFreeHost)                                                                                \
    F(cudaMemGetInfo)                                                                              \
    F(cudaMemcpy)                                                                                  \
    F(cudaMemcpyAsync)                                                                             \
    F(cudaMemset)                                                                                  \
    F(cudaMemsetAsync)                                                                             \
    F(cudaStreamCreateWithFlags)                                                                   \
    F(cudaStreamDestroy)                                                                           \
    F(cudaStreamSynchronize)                                                                       \
    F(cudaStreamQuery)                                                                             \
    F(cudaStreamWaitEvent)                                                                         \
    F(cudaDeviceSynchronize)                                                                       \
    F(cudaEventCreateWithFlags)                                                                    \
    F(cudaEventRecord)                                                                             \
    F(cudaEventQuery)                                                                              \
    F(cudaEventSynchronize)                                                                        \
    F(cudaEventElapsedTime)                                                                        \
    F(cudaEventDestroy)                                                                            \
    F(cudaStreamBeginCapture)                                                                      \
    F(cudaStreamEndCapture)                                                                        \
    F(cudaStreamIsCapturing)                                                                       \
    F(cudaGraphInstantiate)                                                                        \
    F(cudaGraphLaunch)                                                                             \
    F(cudaGraphExecDestroy)                                                                        \
    F(cudaGraphDestroy)                                                                            \
    F(cublasCreate_v2)                                                                             \
    F(cublasDestroy_v2)                                                                            \
    F(cublasSetStream_v2)                                                                          \
    F(cublasSetWorkspace_v2)                                                                       \
    F(cublasSetPointerMode_v2)                                                                     \
    F(cublasGetVersion_v2)                                                                         \
    F(cublasGemmEx)                                                                                \
    F(simt_live)                                                                                   \
    F(simt_live_all)                                                                               \
    F(simt_seed)                                                                                   \
    F(simt_calls)                                                                                  \
    F(simt_fail)                                                                                   \
    F(simt_fault)                                                                                  \
    F(simt_kernels)                                                                                \
    F(simt_threads)                                                                                \
    F(try_sum)                                                                                     \
    F(try_shift)                                                                                   \
    F(try_barriers)                                                                                \
    F(try_fresh_shared)                                                                            \
    F(try_shared_overrun)                                                                          \
    F(try_dynamic)                                                                                 \
    F(try_too_much_declared)                                                                       \
    F(try_tickets)                                                                                 \
    F(try_indices)                                                                                 \
    F(try_shuffles)                                                                                \
    F(try_wide_shuffles)                                                                           \
    F(try_votes)                                                                                   \
    F(try_masks)                                                                                   \
    F(try_warp_swap)                                                                               \
    F(try_last_block)                                                                              \
    F(try_add)                                                                                     \
    F(try_scale)                                                                                   \
    F(try_add_job)                                                                                 \
    F(try_write)                                                                                   \
    F(try_shape)                                                                                   \
    F(try_many)

typedef struct try_table {
#define TRY_MEMBER(name) __typeof__(&name) name;
    TRY_FUNCTIONS(TRY_MEMBER)
#undef TRY_MEMBER
} try_table;

static try_table sim;

/* How many seeds a test runs under when something has to hold in all of them, or show in one. */
enum { TRY_SEEDS = 12 };

#define ck_cuda(call) ck_assert_str_eq(sim.cudaGetErrorName(call), "cudaSuccess")
#define ck_cuda_is(call, error) ck_assert_str_eq(sim.cudaGetErrorName(call), #error)

static inline void try_find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (!symbol) ck_abort_msg("libtry.so has no %s", name);
    memcpy(function, &symbol, sizeof symbol);
}

/* Opens the library: a checked fixture of every case. */
static inline void try_open(void)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 16);
    ck_assert_int_gt(length, 0);
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, "libtry.so");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) ck_abort_msg("%s", dlerror());
#define FIND(name) try_find(library, #name, &sim.name);
    TRY_FUNCTIONS(FIND)
#undef FIND
}

/* Its end: no test leaves anything behind. */
static inline void try_close(void)
{
    ck_assert_int_eq(sim.simt_live_all(), 0);
}

/* The one case of a suite, which tests are added to. */
static inline TCase *try_case(Suite *suite)
{
    TCase *of = tcase_create("all");
    tcase_add_checked_fixture(of, try_open, try_close);
    tcase_set_timeout(of, 120);
    suite_add_tcase(suite, of);
    return of;
}

/* Device memory with a copy of bytes (NULL: as it comes); and back, when all is done. */
static inline void *try_upload(const void *from, size_t bytes)
{
    void *device;
    ck_cuda(sim.cudaMalloc(&device, bytes));
    if (from) ck_cuda(sim.cudaMemcpy(device, from, bytes, cudaMemcpyHostToDevice));
    return device;
}

static inline void try_download(void *to, const void *device, size_t bytes)
{
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda(sim.cudaMemcpy(to, device, bytes, cudaMemcpyDeviceToHost));
}

/* A stream that does not wait for the default one. */
static inline cudaStream_t try_stream(void)
{
    cudaStream_t stream;
    ck_cuda(sim.cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return stream;
}

/* The child: only stderr is kept. */
static inline void try_alone(void (*body)(void), int words)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(words, STDERR_FILENO);
    body();
    sim.cudaDeviceSynchronize();
    _exit(0);
}

/* Runs `body` in a process of its own.  What it wrote on stderr, and whether it ended by itself. */
enum { TRY_WORDS = 16 * 1024 };
static inline int try_survives(void (*body)(void), char words[TRY_WORDS])
{
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) try_alone(body, ends[1]);
    close(ends[1]);
    size_t used = 0;
    char rest[512];
    for (;;) {
        const int is_full = used == TRY_WORDS - 1;
        const ssize_t got = read(ends[0], is_full ? rest : words + used,
                                 is_full ? sizeof rest : TRY_WORDS - 1 - used);
        if (got <= 0) break;
        if (!is_full) used += (size_t)got;
    }
    words[used] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Fails unless `body` ends its process with words in which both are found. */
static inline void try_dies(void (*body)(void), const char *first, const char *second)
{
    static char words[TRY_WORDS];
    if (try_survives(body, words)) ck_abort_msg("lived on; stderr: %s", words);
    if (!strstr(words, first)) ck_abort_msg("no \"%s\" in: %s", first, words);
    if (!strstr(words, second)) ck_abort_msg("no \"%s\" in: %s", second, words);
}

/* Whether this build has a sanitizer; says that a test is skipped where it has not (test NULL: says
 * nothing). */
static inline int try_has_asan(const char *test)
{
#if defined(__SANITIZE_ADDRESS__) || TRY_HAS(address_sanitizer)
    (void)test;
    return 1;
#else
    printf("%s: skipped, this is not a build with AddressSanitizer\n", test);
    return 0;
#endif
}

static inline int try_has_tsan(const char *test)
{
#if defined(__SANITIZE_THREAD__) || TRY_HAS(thread_sanitizer)
    (void)test;
    return 1;
#else
    if (test) printf("%s: skipped, this is not a build with ThreadSanitizer\n", test);
    return 0;
#endif
}

#endif
