/* pack.h -- several neighbouring elements as one, for wide loads and stores; and how wide grids
 * are.
 *
 * Layer 1 (cuda), included by .cu files and their headers alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_PACK_H
#define LG_CUDA_PACK_H

#include "cuda/device.h"

/* N elements that lie at a multiple of their size: one load, one store. */
template <class T, int N> struct alignas(sizeof(T) * N) lg_pack {
    T at[N];
};

typedef lg_pack<float, 4> lg_quad;

/* Whether what starts there may be read as such. */
static inline int lg_is_aligned(const void *start, size_t bytes)
{
    return (uintptr_t)start % bytes == 0;
}

/* Blocks for `count` pieces of work, at most `most`; kernels stride over what is left.  132
 * multiprocessors (H200) hold 1056 blocks of 256 threads at once; a smaller card takes a few waves
 * of them, and neither has to be asked. */
enum { LG_BLOCKS = 1056 };

static inline unsigned lg_blocks(int64_t count, int64_t each, int64_t most)
{
    const int64_t blocks = (count + each - 1) / each;
    return (unsigned)(blocks < most ? blocks : most);
}

#endif
