/* try_blocks.cc -- kernels that keep the rules of a block, and ones that break them.
 *
 * Tests (simt).  See try.h. */
/* SPDX-License-Identifier: MIT */
#include "cuda/device.h"

#include "tests/simt/try.h"

namespace
{

enum { SPLIT = 40 };

template <int WITH_BARRIER> LG_KERNEL sum_kernel(float *sum, const float *x)
{
    LG_SHARED(float, part, TRY_THREADS);
    const unsigned t = threadIdx.x;
    part[t] = x[blockIdx.x * TRY_THREADS + t];
    for (unsigned half = TRY_THREADS / 2; half > 0; half /= 2) {
        if (WITH_BARRIER) __syncthreads();
        if (t < half) part[t] += part[t + half];
    }
    if (t == 0) sum[blockIdx.x] = part[0];
}

template <int WITH_BARRIER> LG_KERNEL shift_kernel(float *to, const float *x)
{
    LG_SHARED(float, part, TRY_THREADS);
    const unsigned t = threadIdx.x, i = blockIdx.x * TRY_THREADS + t;
    part[t] = x[i];
    if (WITH_BARRIER) __syncthreads();
    to[i] = t > 0 ? part[t - 1] : 0.0f;
}

LG_KERNEL barrier_kernel(try_barrier breach)
{
    const bool is_low = threadIdx.x < SPLIT;
    if (breach == TRY_SOME_END_FIRST && is_low) return;
    if (breach == TRY_WARP_AND_BLOCK && threadIdx.x == 3) __syncwarp();
    if (breach == TRY_TWO_LINES && is_low) {
        __syncthreads();
        return;
    }
    if (breach != TRY_SOME_SKIP || !is_low) __syncthreads();
    __syncthreads();
}

LG_KERNEL fresh_kernel(float *seen)
{
    LG_SHARED(float, declared, 64);
    LG_DYNAMIC_SHARED(float, dynamic);
    const unsigned t = threadIdx.x;
    seen[blockIdx.x * 128 + t] = declared[t];
    seen[blockIdx.x * 128 + 64 + t] = dynamic[t];
    declared[t] = dynamic[t] = 1.0f;
}

LG_KERNEL overrun_kernel(int at, int is_dynamic)
{
    LG_SHARED(float, declared, 8);
    LG_DYNAMIC_SHARED(float, dynamic);
    (is_dynamic ? dynamic : declared)[at] = 1.0f;
}

LG_KERNEL dynamic_kernel(float *to, size_t bytes)
{
    LG_DYNAMIC_SHARED(unsigned char, room);
    room[0] = 1;
    room[bytes - 1] = 2;
    to[0] = float(room[0] + room[bytes - 1]);
}

LG_KERNEL large_kernel()
{
    LG_SHARED(float, first, 8 * 1024);
    LG_SHARED(float, second, 8 * 1024);
    first[0] = second[0] = 1.0f;
}

LG_KERNEL ticket_kernel(int *ticket, int *counter, int wait)
{
    if (wait == 1) __syncwarp();
    if (wait == 2) __syncthreads();
    ticket[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(counter, 1);
}

LG_KERNEL index_kernel(int *xyz)
{
    const unsigned threads = blockDim.x * blockDim.y * blockDim.z;
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    xyz[block * threads + thread] =
        int(threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z + 1000 * blockIdx.x +
            10000 * blockIdx.y + 100000 * blockIdx.z);
}

} // namespace

cudaError_t try_sum(float *sum, const float *x, unsigned blocks, int breach, cudaStream_t stream)
{
    if (breach)
        LG_LAUNCH(sum_kernel<0>, blocks, TRY_THREADS, 0, stream, sum, x);
    else
        LG_LAUNCH(sum_kernel<1>, blocks, TRY_THREADS, 0, stream, sum, x);
    return LG_LAUNCHED();
}

cudaError_t try_shift(float *to, const float *x, unsigned blocks, int breach, cudaStream_t stream)
{
    if (breach)
        LG_LAUNCH(shift_kernel<0>, blocks, TRY_THREADS, 0, stream, to, x);
    else
        LG_LAUNCH(shift_kernel<1>, blocks, TRY_THREADS, 0, stream, to, x);
    return LG_LAUNCHED();
}

cudaError_t try_barriers(try_barrier breach, cudaStream_t stream)
{
    LG_LAUNCH(barrier_kernel, 1, 96, 0, stream, breach);
    return LG_LAUNCHED();
}

cudaError_t try_fresh_shared(float *seen, unsigned blocks, cudaStream_t stream)
{
    LG_LAUNCH(fresh_kernel, blocks, 64, 64 * sizeof(float), stream, seen);
    return LG_LAUNCHED();
}

cudaError_t try_shared_overrun(int at, int dynamic, cudaStream_t stream)
{
    LG_LAUNCH(overrun_kernel, 1, 1, 8 * sizeof(float), stream, at, dynamic);
    return LG_LAUNCHED();
}

cudaError_t try_dynamic(float *to, size_t bytes, int allowed, cudaStream_t stream)
{
    if (allowed >= 0) {
        const cudaError_t error = cudaFuncSetAttribute(
            dynamic_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, allowed);
        if (error != cudaSuccess) return error;
    }
    LG_LAUNCH(dynamic_kernel, 1, 1, bytes, stream, to, bytes);
    return LG_LAUNCHED();
}

cudaError_t try_too_much_declared(cudaStream_t stream)
{
    LG_LAUNCH(large_kernel, 1, 1, 0, stream);
    return LG_LAUNCHED();
}

cudaError_t try_tickets(int *ticket, int *counter, unsigned blocks, int wait, cudaStream_t stream)
{
    LG_LAUNCH(ticket_kernel, blocks, 64, 0, stream, ticket, counter, wait);
    return LG_LAUNCHED();
}

cudaError_t try_indices(int *xyz, cudaStream_t stream)
{
    LG_LAUNCH(index_kernel, dim3(2, 3, 4), dim3(5, 6, 7), 0, stream, xyz);
    return LG_LAUNCHED();
}
