/* try.h -- kernels for the stand-in's own tests, behind plain C functions.
 *
 * Tests (simt).  Each puts one kernel on a stream and returns what the launch gave.  All pointers
 * are device memory.  `breach` picks a way to break the rules; 0 breaks none. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_TRY_H
#define LG_SIMT_TRY_H

#include "tests/simt/include/cuda_runtime_api.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { TRY_THREADS = 256 };

/* ------------------------------------------------------------------------ try_blocks.cc --- */

/* sum[b] = sum of x[256 b ..], by halves.  Breach 1: no barrier. */
cudaError_t try_sum(float *sum, const float *x, unsigned blocks, int breach, cudaStream_t stream);

/* to[i] = x[i - 1] within each block of 256, 0 for its first.  Breach 1: no barrier, which no run
 * in ascending order would notice. */
cudaError_t try_shift(float *to, const float *x, unsigned blocks, int breach, cudaStream_t stream);

typedef enum try_barrier {
    TRY_ALL_COME,
    TRY_SOME_END_FIRST, /* threads below 40 end, the others wait */
    TRY_SOME_SKIP,      /* threads below 40 go past the barrier and end */
    TRY_TWO_LINES,      /* threads below 40 wait at another barrier */
    TRY_WARP_AND_BLOCK  /* thread 3 waits for its warp, all others for the block */
} try_barrier;
cudaError_t try_barriers(try_barrier breach, cudaStream_t stream);

/* seen[i], 64 floats of declared and then 64 of dynamic shared memory per block, as they are found;
 * then all are overwritten. */
cudaError_t try_fresh_shared(float *seen, unsigned blocks, cudaStream_t stream);

/* Writes element `at` of a shared array of 8 floats, and of a dynamic one of 8. */
cudaError_t try_shared_overrun(int at, int dynamic, cudaStream_t stream);

/* `bytes` of dynamic shared memory: writes first and last byte, to[0] = their sum (3).  First asks
 * cudaFuncSetAttribute for `allowed`, where it is not negative. */
cudaError_t try_dynamic(float *to, size_t bytes, int allowed, cudaStream_t stream);

/* Two declared arrays of 32 KB each. */
cudaError_t try_too_much_declared(cudaStream_t stream);

/* ticket[i] = when thread i of the grid came, from 0; counter[0] is to be 0.  Before that they
 * meet: 0 nobody, 1 the warp, 2 the block (of 64). */
cudaError_t try_tickets(int *ticket, int *counter, unsigned blocks, int wait, cudaStream_t stream);

/* xyz[thread] = threadIdx and blockIdx as a number in base 100. */
cudaError_t try_indices(int *xyz, cudaStream_t stream);

/* ------------------------------------------------------------------------- try_warps.cc --- */

typedef enum try_shuffle { TRY_SHFL, TRY_UP, TRY_DOWN, TRY_XOR } try_shuffle;
/* to[t] = the value that lane t of a warp gets of from[32], by `by` in segments of `width`. */
cudaError_t try_shuffles(float *to, const float *from, try_shuffle how, int by, int width,
                         cudaStream_t stream);

/* to[t] of 64 threads = the sum of its warp of from[64], by doubles and long long in turn. */
cudaError_t try_wide_shuffles(double *to, const double *from, cudaStream_t stream);

/* votes[3 t ..] = ballot, any and all of yes[t] among the lanes of thread t's half warp. */
cudaError_t try_votes(unsigned *votes, const int *yes, cudaStream_t stream);

typedef enum try_warp {
    TRY_GOOD_MASKS,
    TRY_NOT_IN_OWN_MASK,
    TRY_FROM_OUTSIDE, /* of the mask */
    TRY_OTHER_MASKS,  /* lane 0 names 0..15, lane 1 names all */
    TRY_LANE_MISSING, /* lane 5 waits for the block instead */
    TRY_LANE_ENDED,
    TRY_SHORT_WARP, /* the full mask in a warp of 8 lanes */
    TRY_OTHER_LINES,
    TRY_ODD_WIDTH
} try_warp;
cudaError_t try_masks(try_warp breach, cudaStream_t stream);

/* to[t] = from[t ^ 1] through shared memory and __syncwarp.  Breach 1: none; 2: a vote instead,
 * which does not order memory. */
cudaError_t try_warp_swap(float *to, const float *from, int breach, cudaStream_t stream);

/* total[0] = sum over blocks of blockIdx.x + 1, by the block that comes last; counter[0] is to be
 * 0. part[b] is room.  Breach 1: no fence. */
cudaError_t try_last_block(int *total, int *part, int *counter, unsigned blocks, int breach,
                           cudaStream_t stream);

/* ------------------------------------------------------------------------- try_plain.cc --- */

/* x[i] += add, i < count. */
cudaError_t try_add(float *x, float add, int count, cudaStream_t stream);
/* x[i] *= by. */
cudaError_t try_scale(float *x, float by, int count, cudaStream_t stream);

/* The same with everything in a struct. */
typedef struct try_job {
    int count;
    float add;
    float *x;
    const void *more; /* not used */
} try_job;
cudaError_t try_add_job(try_job job, cudaStream_t stream);

/* x[at] = 1. */
cudaError_t try_write(float *x, int at, cudaStream_t stream);

/* An empty kernel of any shape. */
cudaError_t try_shape(unsigned grid[3], unsigned block[3], cudaStream_t stream);

/* As many barriers, or shuffles, as is said, in blocks of 256: for measuring. */
cudaError_t try_many(float *to, unsigned blocks, int barriers, int shuffles, cudaStream_t stream);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
