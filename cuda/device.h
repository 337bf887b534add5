/* device.h -- the language kernels are written in: CUDA under nvcc, fibers under the host compiler.
 *
 * Layer 1 (cuda), included by .cu files and their headers alone.  The same sources are compiled
 * twice: by nvcc for a GPU, and by a C++ compiler against the stand-in in tests/simt/, which runs
 * every thread of a block as a fiber and sees to it that the rules are kept.  What differs between
 * the two stands here; kernels use nothing of CUDA's but this:
 *
 *   threadIdx blockIdx blockDim gridDim (.x .y)      __syncthreads()  __syncwarp(mask)
 *   __shfl_sync __shfl_down_sync __shfl_xor_sync     __ballot_sync  __any_sync  __all_sync
 *   __threadfence()                                  atomicAdd on int (never on floats)
 *
 * Shared memory is declared by LG_SHARED, and holds nothing at the start of a block. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_DEVICE_H
#define LG_CUDA_DEVICE_H

#include <stdint.h>

#include "core/fmath.h"

#if defined(__CUDACC__)

#include <cuda_runtime.h>

#define LG_KERNEL static __global__ void
#define LG_DEVICE static __device__ __forceinline__
/* Between LG_KERNEL and the name: the most threads that a block of it is launched with, and how
 * many such blocks a multiprocessor shall have registers for. */
#define LG_THREADS(count, blocks) __launch_bounds__(count, blocks)
/* Before a loop whose arrays shall be registers. */
#define LG_UNROLL _Pragma("unroll")

/* Launches a kernel on a stream; an empty grid is skipped.  LG_LAUNCHED says whether the last
 * launches of this thread could be made. */
#define LG_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                                  \
    do {                                                                                           \
        const dim3 lg_grid_ = (grid);                                                              \
        if (lg_grid_.x > 0 && lg_grid_.y > 0)                                                      \
            kernel<<<lg_grid_, (block), (shared_bytes), (stream)>>>(__VA_ARGS__);                  \
    } while (0)
#define LG_LAUNCHED() cudaGetLastError()

/* An array of a block, and the one whose size the launch gives (at most one per kernel). */
#define LG_SHARED(type, name, count) __shared__ type name[count]
#define LG_DYNAMIC_SHARED(type, name)                                                              \
    extern __shared__ __align__(16) unsigned char lg_dynamic_[];                                   \
    type *const name = reinterpret_cast<type *>(lg_dynamic_)

#else

/* Defines all of the above, dim3, cudaStream_t and cudaError_t. */
#include "tests/simt/kernel.h"

#define LG_THREADS(count, blocks)
#define LG_UNROLL

#endif

enum { LG_WARP = 32 };
#define LG_FULL_WARP 0xffffffffu

/* bfloat16: the upper half of a float, rounded to nearest, ties to even; a NaN stays one. */
typedef struct lg_bf16 {
    uint16_t bits;
} lg_bf16;

static inline LG_HD lg_bf16 lg_to_bf16(float x)
{
    const uint32_t bits = lg_float_bits(x);
    const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const uint32_t quiet = bits | 0x00400000u;
    lg_bf16 to;
    to.bits = (uint16_t)((x == x ? rounded : quiet) >> 16);
    return to;
}

static inline LG_HD float lg_from_bf16(lg_bf16 x)
{
    return lg_bits_float((uint32_t)x.bits << 16);
}

/* Where a type is a template's parameter. */
static inline LG_HD void lg_store(float *to, float x)
{
    *to = x;
}
static inline LG_HD void lg_store(lg_bf16 *to, float x)
{
    *to = lg_to_bf16(x);
}

/* An element that is not finite has all exponent bits set; no comparison that a compiler folds. */
static inline LG_HD int lg_is_finite(float x)
{
    return (lg_float_bits(x) & 0x7f800000u) != 0x7f800000u;
}

#endif
