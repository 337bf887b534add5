/* try_warps.cc -- kernels of shuffles, votes and atomics, some of which break the rules.
 *
 * Tests (simt).  See try.h. */
/* SPDX-License-Identifier: MIT */
#include "cuda/device.h"

#include "tests/simt/try.h"

namespace
{

LG_KERNEL shuffle_kernel(float *to, const float *from, try_shuffle how, int by, int width)
{
    const unsigned t = threadIdx.x;
    float x = from[t];
    if (how == TRY_SHFL) x = __shfl_sync(LG_FULL_WARP, x, by, width);
    if (how == TRY_UP) x = __shfl_up_sync(LG_FULL_WARP, x, unsigned(by), width);
    if (how == TRY_DOWN) x = __shfl_down_sync(LG_FULL_WARP, x, unsigned(by), width);
    if (how == TRY_XOR) x = __shfl_xor_sync(LG_FULL_WARP, x, by, width);
    to[t] = x;
}

LG_KERNEL wide_kernel(double *to, const double *from)
{
    double x = from[threadIdx.x];
    for (int by = 1; by < LG_WARP; by *= 2) {
        if (by % 3 == 1)
            x += __shfl_xor_sync(LG_FULL_WARP, x, by);
        else
            x += double(__shfl_xor_sync(LG_FULL_WARP, (long long)x, by));
    }
    to[threadIdx.x] = x;
}

LG_KERNEL vote_kernel(unsigned *votes, const int *yes)
{
    const unsigned t = threadIdx.x, mask = t % LG_WARP < 16 ? 0x0000ffffu : 0xffff0000u;
    votes[3 * t] = __ballot_sync(mask, yes[t]);
    votes[3 * t + 1] = unsigned(__any_sync(mask, yes[t]));
    votes[3 * t + 2] = unsigned(__all_sync(mask, yes[t]));
}

LG_KERNEL mask_kernel(try_warp breach)
{
    const int t = int(threadIdx.x);
    if (breach == TRY_NOT_IN_OWN_MASK && t == 7) __syncwarp(0xffffff7fu);
    if (breach == TRY_FROM_OUTSIDE && t < 4) (void)__shfl_sync(0xfu, t, 4);
    if (breach == TRY_OTHER_MASKS) {
        __syncwarp(t == 0 ? 0xffffu : LG_FULL_WARP);
        return;
    }
    if (breach == TRY_LANE_MISSING && t < 8 && t != 5) (void)__any_sync(0xffu, 1);
    if (breach == TRY_LANE_MISSING && t == 5) __syncthreads();
    if (breach == TRY_LANE_ENDED && t == 5) return;
    if (breach == TRY_OTHER_LINES && t < 16) (void)__ballot_sync(LG_FULL_WARP, 1);
    if (breach == TRY_ODD_WIDTH) (void)__shfl_sync(LG_FULL_WARP, t, 0, 12);
    (void)__ballot_sync(LG_FULL_WARP, 1);
}

/* Masks that overlap one after the other are no error: lanes 0 and 1, then 1 and 2, then all. */
LG_KERNEL chain_kernel()
{
    const unsigned t = threadIdx.x;
    if (t < 2) __syncwarp(0x3u);
    if (t == 1 || t == 2) __syncwarp(0x6u);
    __syncwarp();
}

LG_KERNEL swap_kernel(float *to, const float *from, int breach)
{
    LG_SHARED(float, part, LG_WARP);
    const unsigned t = threadIdx.x;
    part[t] = from[t];
    if (breach == 0) __syncwarp();
    if (breach == 2) (void)__any_sync(LG_FULL_WARP, 1);
    to[t] = part[t ^ 1];
}

LG_KERNEL last_block_kernel(int *total, int *part, int *counter, int breach)
{
    if (threadIdx.x > 0) return;
    part[blockIdx.x] = int(blockIdx.x) + 1;
    if (!breach) __threadfence();
    if (atomicAdd(counter, 1) < int(gridDim.x) - 1) return;
    int sum = 0;
    for (unsigned i = 0; i < gridDim.x; i++) sum += part[i];
    total[0] = sum;
}

} // namespace

cudaError_t try_shuffles(float *to, const float *from, try_shuffle how, int by, int width,
                         cudaStream_t stream)
{
    LG_LAUNCH(shuffle_kernel, 1, LG_WARP, 0, stream, to, from, how, by, width);
    return LG_LAUNCHED();
}

cudaError_t try_wide_shuffles(double *to, const double *from, cudaStream_t stream)
{
    LG_LAUNCH(wide_kernel, 1, 64, 0, stream, to, from);
    return LG_LAUNCHED();
}

cudaError_t try_votes(unsigned *votes, const int *yes, cudaStream_t stream)
{
    LG_LAUNCH(vote_kernel, 1, 64, 0, stream, votes, yes);
    return LG_LAUNCHED();
}

cudaError_t try_masks(try_warp breach, cudaStream_t stream)
{
    if (breach == TRY_GOOD_MASKS) LG_LAUNCH(chain_kernel, 1, 64, 0, stream);
    const unsigned threads = breach == TRY_SHORT_WARP ? 40 : breach == TRY_LANE_MISSING ? 32 : 64;
    LG_LAUNCH(mask_kernel, 1, threads, 0, stream, breach);
    return LG_LAUNCHED();
}

cudaError_t try_warp_swap(float *to, const float *from, int breach, cudaStream_t stream)
{
    LG_LAUNCH(swap_kernel, 1, LG_WARP, 0, stream, to, from, breach);
    return LG_LAUNCHED();
}

cudaError_t try_last_block(int *total, int *part, int *counter, unsigned blocks, int breach,
                           cudaStream_t stream)
{
    LG_LAUNCH(last_block_kernel, blocks, 32, 0, stream, total, part, counter, breach);
    return LG_LAUNCHED();
}
