/* philox.h -- counter-based random numbers: a pure function of (seed, stream, index).
 *
 * Layer 0 (base).  No state, no order of calls: any thread may ask for any index at any time
 * and gets the same bits, which is what makes a run repeatable for every thread count.
 * Streams keep users apart (shuffle of epoch 3, validation split, ...): see lg_stream.
 *
 * Philox4x32-10.  Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
 * as 1, 2, 3", SC'11, doi:10.1145/2063384.2063405. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_PHILOX_H
#define LG_BASE_PHILOX_H

#include <stdint.h>

/* Who draws.  The upper 32 bits of a stream; the lower 32 are the user's own (an epoch, say). */
typedef enum lg_stream {
    LG_STREAM_SHUFFLE = 1,    /* lower bits: epoch */
    LG_STREAM_SPLIT = 2,      /* validation part */
    LG_STREAM_POWER = 3,      /* start vector and sample of the power iteration */
    LG_STREAM_DRAW = 4,       /* datasets/draw */
    LG_STREAM_TEST = 5,       /* tests and benchmarks */
    LG_STREAM_NOISE = 6,      /* compare: noise of one ulp; lower bits: minibatch of the run */
    LG_STREAM_SAMPLE = 7,     /* compare: what a record keeps; lower bits: stage and array */
    LG_STREAM_MIX = 8,        /* order of the rows in a packed file; seed 0, lower bits 0 */
    LG_STREAM_AUGMENT = 9,    /* flips and shifts; lower bits: epoch */
    LG_STREAM_BALANCE = 10,   /* classes drawn equally often; lower bits: epoch */
    LG_STREAM_BOOTSTRAP = 11, /* intervals of an evaluation; seed 0, lower bits: resample */
    LG_STREAM_FEATURES = 12,  /* feature maps; lower bits: what is drawn */
    LG_STREAM_FOLD = 13       /* cross-validation; lower bits: class */
} lg_stream;

typedef struct lg_random4 {
    uint32_t word[4];
} lg_random4;

static inline uint64_t lg_stream_id(lg_stream user, uint32_t lower)
{
    return (uint64_t)user << 32 | lower;
}

/* One block of 128 random bits. */
static inline lg_random4 lg_philox(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    lg_random4 c = {
        {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c.word[0];
        const uint64_t p1 = (uint64_t)0xCD9E8D57u * c.word[2];
        c = (lg_random4){{(uint32_t)(p1 >> 32) ^ c.word[1] ^ k0, (uint32_t)p1,
                          (uint32_t)(p0 >> 32) ^ c.word[3] ^ k1, (uint32_t)p0}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

/* 64 random bits as an integer in [0, n), n > 0: the product method, whose bias is below n / 2^64.
 */
static inline uint64_t lg_bits_below(uint64_t bits, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)bits * n) >> 64);
}

/* Uniform integer in [0, n), n > 0. */
static inline uint64_t lg_random_below(uint64_t seed, uint64_t stream, uint64_t index, uint64_t n)
{
    const lg_random4 r = lg_philox(seed, stream, index);
    return lg_bits_below((uint64_t)r.word[1] << 32 | r.word[0], n);
}

/* Uniform in [0, 1), 53 bits. */
static inline double lg_random_unit(uint64_t seed, uint64_t stream, uint64_t index)
{
    const lg_random4 r = lg_philox(seed, stream, index);
    return (double)(((uint64_t)r.word[1] << 32 | r.word[0]) >> 11) * 0x1p-53;
}

#endif
