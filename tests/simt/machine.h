/* machine.h -- what the parts of the stand-in share: the lock, the seed, planted failures, errors.
 *
 * Tests (simt).  One lock is held throughout every call, so that kernels of several host threads
 * never run at once.  The environment is read at the first call:
 *
 *   LOGIT_SIMT_SEED=n       orders of lanes, warps, blocks and queues (0)
 *   LOGIT_SIMT_FAIL=n       the n-th runtime or cuBLAS call fails, counted from 1, and all after
 * it, unless it was an allocation LOGIT_SIMT_FAULT=gemm:n:e   the largest element of the n-th
 * product is wrong by a factor 1 + e LOGIT_SIMT_MEMORY=n     bytes of device memory (4 GiB)
 *   LOGIT_SIMT_DEVICES=n    how many devices there are (1)
 *   LOGIT_SIMT_DRIVER=n     the driver's version (13000) */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_MACHINE_H
#define LG_SIMT_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include <cuda_runtime_api.h>

#include "tests/simt/dice.h"
#include "tests/simt/simt.h"

#if defined(__SANITIZE_THREAD__)
#error "the stand-in itself is built with -fno-sanitize=thread: only kernels are watched"
#endif

/* A variable of each host thread.  Not by dynamic storage, as in a library that is opened late: the
 * leak check of gcc 12 mistakes that for something else, and ends by a fault. */
#define LG_SIMT_OF_THREAD __attribute__((tls_model("initial-exec"))) thread_local

namespace simt
{

struct machine {
    uint64_t seed;
    int64_t calls;      /* runtime and cuBLAS calls so far */
    int64_t fail_at;    /* the one that fails; 0: none */
    cudaError_t broken; /* once a failure that stays has happened: what every call returns */
    int64_t gemms, fault_gemm;
    double fault_error;
    size_t memory_bytes, used_bytes;
    int devices, driver;
    uint64_t launches;        /* kernels begun since the seed was given */
    int64_t kernels, threads; /* that have run */
    dice queue_dice;
    int64_t live[SIMT_KINDS];
};

extern machine the;

enum class call_kind { plain, allocation };

/* The lock, for calls that neither count nor fail.  The first one reads the environment. */
class held
{
  public:
    held();
    ~held();
    held(const held &) = delete;
    held &operator=(const held &) = delete;
};

/* Held during every other call of the API, which counts it and may refuse it. */
class api_call : held
{
  public:
    explicit api_call(call_kind kind = call_kind::plain);

    /* What the call has to return at once, or cudaSuccess. */
    cudaError_t refusal;
};

/* What a call returns goes through here: it becomes the thread's last error. */
cudaError_t give(cudaError_t error);
cudaError_t last_error();
void clear_last_error();

} // namespace simt

#endif
