/* try_plain.cc -- kernels without barriers, for the tests of queues, memory and graphs.
 *
 * Tests (simt).  See try.h. */
/* SPDX-License-Identifier: MIT */
#include "cuda/device.h"

#include "tests/simt/try.h"

namespace
{

LG_DEVICE int place()
{
    return int(blockIdx.x * blockDim.x + threadIdx.x);
}

unsigned blocks_for(int count)
{
    return unsigned(count + TRY_THREADS - 1) / TRY_THREADS;
}

LG_KERNEL add_kernel(float *x, float add, int count)
{
    if (place() < count) x[place()] += add;
}

LG_KERNEL scale_kernel(float *x, float by, int count)
{
    if (place() < count) x[place()] *= by;
}

LG_KERNEL job_kernel(try_job job)
{
    if (place() < job.count) job.x[place()] += job.add;
}

LG_KERNEL write_kernel(float *x, int at)
{
    x[at] = 1.0f;
}

LG_KERNEL empty_kernel()
{
}

LG_KERNEL many_kernel(float *to, int barriers, int shuffles)
{
    float x = 1.0f;
    for (int i = 0; i < barriers; i++) __syncthreads();
    for (int i = 0; i < shuffles; i++) x = __shfl_xor_sync(LG_FULL_WARP, x, 1);
    to[place()] = x;
}

} // namespace

cudaError_t try_add(float *x, float add, int count, cudaStream_t stream)
{
    LG_LAUNCH(add_kernel, blocks_for(count), TRY_THREADS, 0, stream, x, add, count);
    return LG_LAUNCHED();
}

cudaError_t try_scale(float *x, float by, int count, cudaStream_t stream)
{
    LG_LAUNCH(scale_kernel, blocks_for(count), TRY_THREADS, 0, stream, x, by, count);
    return LG_LAUNCHED();
}

cudaError_t try_add_job(try_job job, cudaStream_t stream)
{
    LG_LAUNCH(job_kernel, blocks_for(job.count), TRY_THREADS, 0, stream, job);
    return LG_LAUNCHED();
}

cudaError_t try_write(float *x, int at, cudaStream_t stream)
{
    LG_LAUNCH(write_kernel, 1, 1, 0, stream, x, at);
    return LG_LAUNCHED();
}

cudaError_t try_shape(unsigned grid[3], unsigned block[3], cudaStream_t stream)
{
    LG_LAUNCH(empty_kernel, dim3(grid[0], grid[1], grid[2]), dim3(block[0], block[1], block[2]), 0,
              stream);
    return LG_LAUNCHED();
}

cudaError_t try_many(float *to, unsigned blocks, int barriers, int shuffles, cudaStream_t stream)
{
    LG_LAUNCH(many_kernel, blocks, TRY_THREADS, 0, stream, to, barriers, shuffles);
    return LG_LAUNCHED();
}
