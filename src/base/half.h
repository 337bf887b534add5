/* half.h -- 16-bit floats (IEEE 754 binary16) as numbers.
 *
 * Layer 0 (base).  Every half is a float: nothing is rounded on the way up.  Compiled by cc and by
 * nvcc.  No branches, so that a loop over it becomes vector code. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_HALF_H
#define LG_BASE_HALF_H

#include <stdint.h>
#include <string.h>

#if defined(__CUDACC__)
#define LG_HALF_INLINE static inline __host__ __device__
#else
#define LG_HALF_INLINE static inline
#endif

/* The float of the same value.  Shifted into a float's place a half has the wrong exponent by 112;
 * the product puts that right, exactly, and for denormal halves too.  Infinities and NaN keep all
 * of their exponent's bits. */
LG_HALF_INLINE float lg_half_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = (uint32_t)(half & 0x7fffu) << 13;
    const uint32_t special = (half & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u;
    float value;
    uint32_t bits;
    memcpy(&value, &rest, sizeof value);
    value *= 0x1p112f;
    memcpy(&bits, &value, sizeof bits);
    bits |= sign | special;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 1, and *half, if the number is a half; 0 if it would have to be rounded, or is not finite. */
static inline int lg_half_of_float(float value, uint16_t *half)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const float small = value * 0x1p-112f; /* a half's bits stand where its own would */
    uint32_t placed;
    memcpy(&placed, &small, sizeof placed);
    *half = (uint16_t)((bits >> 16 & 0x8000u) | (placed >> 13 & 0x7fffu));
    const float back = lg_half_float(*half);
    return (*half & 0x7c00u) != 0x7c00u && memcmp(&back, &value, sizeof back) == 0;
}

#endif
