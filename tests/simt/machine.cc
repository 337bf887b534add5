/* machine.cc -- see machine.h and simt.h.  Tests (simt). */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/machine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/simt/words.h"

namespace simt
{

machine the;

namespace
{

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
bool is_configured;
LG_SIMT_OF_THREAD cudaError_t thread_error;

const size_t default_memory = size_t(4) << 30;
const int toolkit = CUDART_VERSION;

/* A variable as a number; what is not one is an error of the test that set it. */
int64_t number_of(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    char *end;
    const int64_t number = strtoll(text, &end, 10);
    if (*end || number < 0) stop("%s=%s is not a number", name, text);
    return number;
}

void read_fault()
{
    const char *text = getenv("LOGIT_SIMT_FAULT");
    if (!text || !*text) return;
    long long gemm;
    double error;
    if (sscanf(text, "gemm:%lld:%lf", &gemm, &error) != 2 || gemm < 1)
        stop("LOGIT_SIMT_FAULT=%s is not gemm:NUMBER:ERROR", text);
    the.fault_gemm = gemm;
    the.fault_error = error;
}

void take_seed(uint64_t seed)
{
    the.seed = seed;
    the.launches = 0;
    the.queue_dice = dice(seed, 0);
}

void configure()
{
    take_seed(uint64_t(number_of("LOGIT_SIMT_SEED", 0)));
    the.fail_at = number_of("LOGIT_SIMT_FAIL", 0);
    the.memory_bytes = size_t(number_of("LOGIT_SIMT_MEMORY", int64_t(default_memory)));
    the.devices = int(number_of("LOGIT_SIMT_DEVICES", 1));
    the.driver = int(number_of("LOGIT_SIMT_DRIVER", toolkit));
    read_fault();
    is_configured = true;
}

/* The call that fails, and whether all after it do. */
cudaError_t planted(call_kind kind)
{
    if (the.broken != cudaSuccess) return the.broken;
    if (++the.calls != the.fail_at) return cudaSuccess;
    if (kind == call_kind::allocation) return cudaErrorMemoryAllocation;
    return the.broken = cudaErrorUnknown;
}

} // namespace

held::held()
{
    pthread_mutex_lock(&lock);
    if (!is_configured) configure();
}

held::~held()
{
    pthread_mutex_unlock(&lock);
}

api_call::api_call(call_kind kind)
{
    refusal = cudaSuccess;
    if (the.driver / 1000 < toolkit / 1000) refusal = cudaErrorInsufficientDriver;
    if (the.devices == 0) refusal = cudaErrorNoDevice;
    if (refusal == cudaSuccess) refusal = planted(kind);
    if (refusal != cudaSuccess) thread_error = refusal;
}

cudaError_t give(cudaError_t error)
{
    if (error != cudaSuccess) thread_error = error;
    return error;
}

cudaError_t last_error()
{
    return thread_error;
}

/* A failure that stays cannot be taken back. */
void clear_last_error()
{
    thread_error = the.broken;
}

} // namespace simt

using simt::the;

extern "C" int64_t simt_live(simt_kind kind)
{
    const simt::held lock;
    return the.live[kind];
}

extern "C" int64_t simt_live_all(void)
{
    const simt::held lock;
    int64_t all = 0;
    for (int64_t count : the.live) all += count;
    return all;
}

extern "C" void simt_seed(uint64_t seed)
{
    const simt::held lock;
    simt::take_seed(seed);
}

extern "C" int64_t simt_calls(void)
{
    const simt::held lock;
    return the.calls;
}

extern "C" void simt_fail(int64_t call)
{
    const simt::held lock;
    the.broken = cudaSuccess;
    the.fail_at = call > 0 ? the.calls + call : 0;
    simt::clear_last_error();
}

extern "C" void simt_fault(int64_t gemm, double error)
{
    const simt::held lock;
    the.fault_gemm = gemm > 0 ? the.gemms + gemm : 0;
    the.fault_error = error;
}

extern "C" int64_t simt_kernels(void)
{
    const simt::held lock;
    return the.kernels;
}

extern "C" int64_t simt_threads(void)
{
    const simt::held lock;
    return the.threads;
}
