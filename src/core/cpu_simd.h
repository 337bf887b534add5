/* cpu_simd.h -- sixteen float32 lanes, whatever the registers are.
 *
 * Layer 1 (core), included by cpu_kernels.c alone, which is compiled once per instruction set.
 * One zmm, two ymm, four NEON registers or a plain array: the lanes compute the same bits.
 *
 *   load_part, store_part   the first `count` lanes, 1..15; the others load as 0
 *   spread                  one number in all lanes
 *   fma(a, b, c)            a b + c, rounded once
 *   from_u8, from_f16       sixteen bytes, sixteen 16-bit floats, as floats: exact
 *   sum16                   out[i] = the sum of v[i]'s lanes by the tree of tree.h, i = 0..15
 *
 * LG_TILE_TALL and LG_TILE_WIDE: how many accumulators fit in the registers as tall x wide, wide
 * being columns of W; LG_TILE_SLIM is "tall" where there are at most three columns. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_SIMD_H
#define LG_CORE_CPU_SIMD_H

#include <stdint.h>
#include <string.h>

#include "base/half.h"
#include "core/fmath.h"

#define LG_INLINE static inline __attribute__((always_inline))
/* Loops of a few turns, known to the compiler, whose arrays shall be registers. */
#if defined(__clang__)
#define UNROLL(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)
#else
#define UNROLL(i, count) _Pragma("GCC unroll 32") for (int i = 0; i < (count); i++)
#endif

#if defined(__AVX512F__) && defined(__FMA__)

#include <immintrin.h>

enum { LG_TILE_TALL = 4, LG_TILE_SLIM = 8, LG_TILE_WIDE = 6 };

typedef __m512 lg_v16;

static inline lg_v16 v16_zero(void)
{
    return _mm512_setzero_ps();
}

static inline lg_v16 v16_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline lg_v16 v16_load_part(const float *from, int count)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
}

static inline void v16_store(float *to, lg_v16 v)
{
    _mm512_storeu_ps(to, v);
}

static inline void v16_store_part(float *to, lg_v16 v, int count)
{
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), v);
}

static inline lg_v16 v16_spread(const float *from)
{
    return _mm512_set1_ps(*from);
}

static inline lg_v16 v16_fma(lg_v16 a, lg_v16 b, lg_v16 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline lg_v16 v16_from_u8(const uint8_t *from)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

static inline lg_v16 v16_from_f16(const uint8_t *from)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)from));
}

static inline lg_v16 v16_add(lg_v16 a, lg_v16 b)
{
    return _mm512_add_ps(a, b);
}

/* One level of the tree for two vectors at once: the lanes of `mask` belong to b, the others to a;
 * `other` holds for each lane the one that is added to it. */
#define V16_MERGE(mask, a, b, other) _mm512_add_ps(_mm512_mask_blend_ps(mask, a, b), other)

static inline void v16_sum16(const float v[16][16], float out[16])
{
    const __m512i swap4 =
        _mm512_setr_epi32(4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 24, 25, 26, 27);
    const __m512i swap1 =
        _mm512_setr_epi32(1, 16, 3, 18, 5, 20, 7, 22, 9, 24, 11, 26, 13, 28, 15, 30);
    lg_v16 s[8];
    UNROLL(i, 8)
    {
        const lg_v16 a = v16_load(v[i]), b = v16_load(v[i + 8]);
        s[i] = V16_MERGE(0xFF00, a, b, _mm512_shuffle_f32x4(a, b, 0x4E)); /* lanes l + 8 */
    }
    UNROLL(i, 4)
    s[i] = V16_MERGE(0xF0F0, s[i], s[i + 4],
                     _mm512_permutex2var_ps(s[i], swap4, s[i + 4])); /* l + 4 */
    UNROLL(i, 2)
    s[i] = V16_MERGE(0xCCCC, s[i], s[i + 2], _mm512_shuffle_ps(s[i], s[i + 2], 0x4E)); /* l + 2 */
    v16_store(out,
              V16_MERGE(0xAAAA, s[0], s[1], _mm512_permutex2var_ps(s[0], swap1, s[1]))); /* l + 1 */
}
#undef V16_MERGE

#elif defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

enum { LG_TILE_TALL = 1, LG_TILE_SLIM = 2, LG_TILE_WIDE = 6 };

typedef struct lg_v16 {
    __m256 low, high;
} lg_v16;

static inline lg_v16 v16_zero(void)
{
    return (lg_v16){_mm256_setzero_ps(), _mm256_setzero_ps()};
}

static inline lg_v16 v16_load(const float *from)
{
    return (lg_v16){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}

/* Lanes 0 .. count-1 of eight. */
static inline __m256i v16_mask8(int count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane);
}

static inline lg_v16 v16_load_part(const float *from, int count)
{
    return (lg_v16){_mm256_maskload_ps(from, v16_mask8(count)),
                    _mm256_maskload_ps(from + 8, v16_mask8(count - 8))};
}

static inline void v16_store(float *to, lg_v16 v)
{
    _mm256_storeu_ps(to, v.low);
    _mm256_storeu_ps(to + 8, v.high);
}

static inline void v16_store_part(float *to, lg_v16 v, int count)
{
    _mm256_maskstore_ps(to, v16_mask8(count), v.low);
    _mm256_maskstore_ps(to + 8, v16_mask8(count - 8), v.high);
}

static inline lg_v16 v16_spread(const float *from)
{
    const __m256 all = _mm256_broadcast_ss(from);
    return (lg_v16){all, all};
}

static inline lg_v16 v16_fma(lg_v16 a, lg_v16 b, lg_v16 c)
{
    return (lg_v16){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}

static inline lg_v16 v16_from_u8(const uint8_t *from)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
    return (lg_v16){_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
                    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
}

static inline lg_v16 v16_from_f16(const uint8_t *from)
{
    const __m128i *halves = (const __m128i *)(const void *)from;
    return (lg_v16){_mm256_cvtph_ps(_mm_loadu_si128(halves)),
                    _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}

static inline lg_v16 v16_add(lg_v16 a, lg_v16 b)
{
    return (lg_v16){_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}

static inline __m256 v16_sum_halves(const float v[16])
{
    return _mm256_add_ps(_mm256_loadu_ps(v), _mm256_loadu_ps(v + 8)); /* lanes l + 8 */
}

static inline void v16_sum4(const float v[4][16], float out[4])
{
    const __m256 a = v16_sum_halves(v[0]), b = v16_sum_halves(v[1]);
    const __m256 c = v16_sum_halves(v[2]), d = v16_sum_halves(v[3]);
    /* lanes l + 4: a c side by side, b d side by side */
    const __m256 ac =
        _mm256_add_ps(_mm256_permute2f128_ps(a, c, 0x20), _mm256_permute2f128_ps(a, c, 0x31));
    const __m256 bd =
        _mm256_add_ps(_mm256_permute2f128_ps(b, d, 0x20), _mm256_permute2f128_ps(b, d, 0x31));
    /* l + 2: a a b b | c c d d;  l + 1 */
    const __m256 pairs =
        _mm256_add_ps(_mm256_shuffle_ps(ac, bd, 0x44), _mm256_shuffle_ps(ac, bd, 0xEE));
    const __m256 sums = _mm256_add_ps(pairs, _mm256_permute_ps(pairs, 0xF5));
    const __m128 ab = _mm256_castps256_ps128(sums), cd_ = _mm256_extractf128_ps(sums, 1);
    _mm_storeu_ps(out, _mm_shuffle_ps(ab, cd_, 0x88));
}

static inline void v16_sum16(const float v[16][16], float out[16])
{
    for (int i = 0; i < 16; i += 4) v16_sum4(v + i, out + i);
}

#else

#if defined(__aarch64__)

#include <arm_neon.h>

enum { LG_TILE_TALL = 1, LG_TILE_SLIM = 2, LG_TILE_WIDE = 5 };

typedef float32x4_t lg_v4;

static inline lg_v4 v4_load(const float *from)
{
    return vld1q_f32(from);
}

static inline void v4_store(float *to, lg_v4 v)
{
    vst1q_f32(to, v);
}

static inline lg_v4 v4_fma(lg_v4 a, lg_v4 b, lg_v4 c)
{
    return vfmaq_f32(c, a, b);
}

static inline lg_v4 v4_from_u8(const uint8_t *from)
{
    uint32_t four;
    memcpy(&four, from, sizeof four);
    const uint16x8_t words = vmovl_u8(vcreate_u8(four));
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
}

#else

enum { LG_TILE_TALL = 1, LG_TILE_SLIM = 1, LG_TILE_WIDE = 4 };

typedef float lg_v4 __attribute__((vector_size(16)));

static inline lg_v4 v4_load(const float *from)
{
    lg_v4 v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void v4_store(float *to, lg_v4 v)
{
    memcpy(to, &v, sizeof v);
}

static inline lg_v4 v4_fma(lg_v4 a, lg_v4 b, lg_v4 c)
{
    for (int l = 0; l < 4; l++) c[l] = lg_fma(a[l], b[l], c[l]);
    return c;
}

static inline lg_v4 v4_from_u8(const uint8_t *from)
{
    return (lg_v4){(float)from[0], (float)from[1], (float)from[2], (float)from[3]};
}

#endif

typedef struct lg_v16 {
    lg_v4 part[4];
} lg_v16;

static inline lg_v16 v16_load(const float *from)
{
    return (lg_v16){{v4_load(from), v4_load(from + 4), v4_load(from + 8), v4_load(from + 12)}};
}

static inline void v16_store(float *to, lg_v16 v)
{
    for (int i = 0; i < 4; i++) v4_store(to + 4 * i, v.part[i]);
}

static inline lg_v16 v16_zero(void)
{
    const lg_v4 zero = {0.0f, 0.0f, 0.0f, 0.0f};
    return (lg_v16){{zero, zero, zero, zero}};
}

static inline lg_v16 v16_load_part(const float *from, int count)
{
    float lanes[16] = {0.0f};
    for (int l = 0; l < count; l++) lanes[l] = from[l];
    return v16_load(lanes);
}

static inline void v16_store_part(float *to, lg_v16 v, int count)
{
    float lanes[16];
    v16_store(lanes, v);
    for (int l = 0; l < count; l++) to[l] = lanes[l];
}

static inline lg_v16 v16_spread(const float *from)
{
    const lg_v4 all = {*from, *from, *from, *from};
    return (lg_v16){{all, all, all, all}};
}

static inline lg_v16 v16_fma(lg_v16 a, lg_v16 b, lg_v16 c)
{
    return (lg_v16){
        {v4_fma(a.part[0], b.part[0], c.part[0]), v4_fma(a.part[1], b.part[1], c.part[1]),
         v4_fma(a.part[2], b.part[2], c.part[2]), v4_fma(a.part[3], b.part[3], c.part[3])}};
}

static inline lg_v16 v16_from_u8(const uint8_t *from)
{
    return (lg_v16){
        {v4_from_u8(from), v4_from_u8(from + 4), v4_from_u8(from + 8), v4_from_u8(from + 12)}};
}

static inline lg_v16 v16_from_f16(const uint8_t *from)
{
    uint16_t half[16];
    float lanes[16];
    memcpy(half, from, sizeof half);
    for (int l = 0; l < 16; l++) lanes[l] = lg_half_float(half[l]);
    return v16_load(lanes);
}

static inline lg_v16 v16_add(lg_v16 a, lg_v16 b)
{
    return (lg_v16){{a.part[0] + b.part[0], a.part[1] + b.part[1], a.part[2] + b.part[2],
                     a.part[3] + b.part[3]}};
}

static inline void v16_sum16(const float v[16][16], float out[16])
{
    for (int i = 0; i < 16; i++) {
        const lg_v16 a = v16_load(v[i]);
        const lg_v4 eight0 = a.part[0] + a.part[2], eight1 = a.part[1] + a.part[3]; /* l + 8 */
        const lg_v4 four = eight0 + eight1;                                         /* l + 4 */
        out[i] = (four[0] + four[2]) + (four[1] + four[3]); /* l + 2, l + 1 */
    }
}

#endif

#endif
