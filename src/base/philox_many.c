/* philox_many.c -- a block of random bits in each lane of a register.
 *
 * A lane has 64 bits and holds a word of 32 in its lower half; what stands above is never read: the
 * multiplication takes lower halves, a shift takes what it made of them, and xor mixes no lanes'
 * halves.  Functions for several instruction sets stand side by side by attribute, and are chosen
 * by what the processor says: an ifunc would run before the sanitizers are ready. */
/* SPDX-License-Identifier: MIT */
#include "base/philox_many.h"

#include <stddef.h>
#include <string.h>

#include "base/philox.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* Ten rounds over LANES blocks at once.  vec: a register of so many lanes; mul: the products of two
 * registers' lower halves. */
#define WAY(name, isa, lanes, vec, mul)                                                            \
    typedef uint64_t vec __attribute__((vector_size(8 * (lanes))));                                \
    __attribute__((target(isa))) static int64_t name(uint64_t seed, uint64_t stream,               \
                                                     uint64_t first, int64_t count, uint64_t *low, \
                                                     uint64_t *high)                               \
    {                                                                                              \
        const uint64_t lower = 0xffffffffu;                                                        \
        int64_t at = 0;                                                                            \
        vec lane = {0};                                                                            \
        for (int i = 0; i < (lanes); i++) lane[i] = (uint64_t)i;                                   \
        const vec zero = {0}, m0 = zero + 0xD2511F53u, m1 = zero + 0xCD9E8D57u;                    \
        for (; at + (lanes) <= count; at += (lanes)) {                                             \
            uint64_t k0 = seed & lower, k1 = seed >> 32;                                           \
            vec c0 = lane + (first + (uint64_t)at), c1 = c0 >> 32;                                 \
            vec c2 = zero + stream, c3 = zero + (stream >> 32);                                    \
            for (int round = 0; round < 10; round++) {                                             \
                const vec p0 = (vec)mul(m0, c0), p1 = (vec)mul(m1, c2);                            \
                c0 = (p1 >> 32) ^ c1 ^ k0;                                                         \
                c1 = p1;                                                                           \
                c2 = (p0 >> 32) ^ c3 ^ k1;                                                         \
                c3 = p0;                                                                           \
                k0 = (k0 + 0x9E3779B9u) & lower;                                                   \
                k1 = (k1 + 0xBB67AE85u) & lower;                                                   \
            }                                                                                      \
            c0 = c1 << 32 | (c0 & lower);                                                          \
            c2 = c3 << 32 | (c2 & lower);                                                          \
            memcpy(low + at, &c0, sizeof c0);                                                      \
            if (high) memcpy(high + at, &c2, sizeof c2);                                           \
        }                                                                                          \
        return at;                                                                                 \
    }

#define MUL2(a, b) _mm_mul_epu32((__m128i)(a), (__m128i)(b))
#define MUL4(a, b) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))
#define MUL8(a, b) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))
WAY(draw2, "sse2", 2, vec2, MUL2)
WAY(draw4, "avx2", 4, vec4, MUL4)
WAY(draw8, "avx512f", 8, vec8, MUL8)

lg_philox_draw *lg_philox_way(int i, int *usable)
{
    static lg_philox_draw *const ways[] = {draw8, draw4, draw2};
    *usable = i == 0   ? __builtin_cpu_supports("avx512f") != 0
              : i == 1 ? __builtin_cpu_supports("avx2") != 0
                       : 1;
    return i < 3 ? ways[i] : NULL;
}
#else
lg_philox_draw *lg_philox_way(int i, int *usable)
{
    (void)i;
    *usable = 0;
    return NULL;
}
#endif

void lg_philox_many(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, uint64_t *low,
                    uint64_t *high)
{
    lg_philox_draw *draw;
    int usable;
    int64_t done = 0;
    for (int i = 0; done == 0 && (draw = lg_philox_way(i, &usable)) != NULL; i++)
        if (usable) done = draw(seed, stream, first, count, low, high);
    for (; done < count; done++) {
        const lg_random4 r = lg_philox(seed, stream, first + (uint64_t)done);
        low[done] = (uint64_t)r.word[1] << 32 | r.word[0];
        if (high) high[done] = (uint64_t)r.word[3] << 32 | r.word[2];
    }
}
