/* fmath.h -- exp, log1p and elements to x: the element formulas that every float32 backend shares.
 *
 * Layer 1 (core).  Compiled by cc and by nvcc, with contraction off on both sides: each fused
 * multiply-add is written out (lg_fma), so that CPU and GPU agree to the last bit, and so do all
 * instruction sets of the CPU.  No branches (selects only), so that a loop over any of them
 * becomes vector code; denormal results, overflow, infinities and NaN come out right all the same.
 *
 * Polynomials: minimax in relative error with float32 coefficients (sollya's fpminimax; Brisebarre
 * & Chevillard 2007, doi:10.1109/ARITH.2007.17).  Argument reduction: Cody & Waite 1980; what the
 * rounding of a sum loses is carried along (fast two-sum: Dekker 1971, doi:10.1007/BF01397083). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_FMATH_H
#define LG_CORE_FMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__CUDACC__)
#define LG_HD __host__ __device__
#else
#define LG_HD
#endif

/* a b + c, rounded once.  Where the processor has no such instruction (x86-64 before 2013), in
 * double: the product is exact there, the sum is rounded to odd, so that rounding it to float is as
 * good as rounding once (Boldo & Melquiond 2008, doi:10.1109/TC.2007.70819); libm's way takes ten
 * times as long, and no vectors. */
static inline LG_HD float lg_fma(float a, float b, float c)
{
#if defined(__FMA__) || defined(__FP_FAST_FMAF) || defined(__aarch64__) || defined(__CUDACC__)
    return fmaf(a, b, c);
#else
    const double product = (double)a * (double)b, addend = (double)c;
    const double sum = product + addend, part = sum - product;
    const double lost = (product - (sum - part)) + (addend - part); /* two-sum: Knuth */
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    const uint64_t inexact = (lost > 0.0) | (lost < 0.0);
    const uint64_t inward = (lost < 0.0) ? sum > 0.0 : sum < 0.0;
    bits = (bits - (inexact & inward)) | inexact;
    double odd;
    memcpy(&odd, &bits, sizeof odd);
    return (float)odd;
#endif
}

static inline LG_HD uint32_t lg_float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline LG_HD float lg_bits_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^n for -126 <= n <= 127, n given modulo 2^32. */
static inline LG_HD float lg_power_of_two(uint32_t n)
{
    return lg_bits_float((n + 127u) << 23);
}

/* e^x = 2^n e^r, n the integer nearest to x / log 2, |r| <= log(2)/2.  Over all floats at most
 * 0.684 ulp off (libm in double as the truth; tests/test_fmath.c). */
static inline LG_HD float lg_expf(float x)
{
    const float low = -105.0f, high = 89.0f; /* beyond them the result is 0 or infinite */
    x = x < low ? low : x;                   /* a NaN stays */
    x = x > high ? high : x;

    /* Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits. */
    const float shifted = lg_fma(x, 0x1.715476p+0f, 0x1.8p23f);
    const float n = shifted - 0x1.8p23f;
    const float r0 = lg_fma(n, -0x1.62e43p-1f, x); /* exact */
    const float r = lg_fma(n, 0x1.05c61p-29f, r0);
    const float r_low = lg_fma(n, 0x1.05c61p-29f, r0 - r);

    float q = 0x1.694cbap-10f;
    q = lg_fma(q, r, 0x1.123984p-7f);
    q = lg_fma(q, r, 0x1.555a26p-5f);
    q = lg_fma(q, r, 0x1.555492p-3f);
    q = lg_fma(q, r, 0x1.fffffap-2f);

    /* 1 + r + (r_low + r^2 q), the first sum with its rounding error. */
    const float sum = 1.0f + r;
    const float tail = lg_fma(r * r, q, r_low) + ((1.0f - sum) + r);
    const float power = sum + tail;

    /* 2^n in two factors: n reaches from -151 to 128.  A denormal result takes the last rounding
     * with it, 2^n + 2^n (e^r - 1), or it would be rounded twice. */
    const uint32_t whole = lg_float_bits(shifted) - 0x4b400000u;
    const uint32_t half = (uint32_t)((int32_t)whole >> 1);
    const float scale1 = lg_power_of_two(half), scale2 = lg_power_of_two(whole - half);
    const float scale = scale1 * scale2;
    const float small = lg_fma((sum - 1.0f) + tail, scale, scale);
    const float result = power * scale1 * scale2;
    return result < 0x1p-126f && scale > 0.0f ? small : result;
}

/* log(1 + x) for x >= 0.  1 + x = 2^e (1 + t), 2/3 <= 1 + t < 4/3.  Over all such floats at most
 * 0.845 ulp off. */
static inline LG_HD float lg_log1pf(float x)
{
    /* The exponent of (1 + x) * 3/2, taken from the bits: 0x3f2aaaab is 2/3. */
    const uint32_t above = lg_float_bits(1.0f + x) - 0x3f2aaaabu;
    const uint32_t whole = (uint32_t)((int32_t)above >> 23);
    const uint32_t half = (uint32_t)((int32_t)whole >> 1);
    const float scale1 = lg_power_of_two(0u - half); /* 2^-e in two factors: e reaches 128 */
    const float scale2 = lg_power_of_two(half - whole);
    const float a = x * scale1 * scale2, b = lg_fma(scale1, scale2, -1.0f);
    const float t = a + b;
    const float t_low = (b - t) + a; /* not zero only for e = 0 (where t = x) and e = 1 */
    const float e = (float)(int32_t)whole;

    float p = -0x1.080c9ep-3f;
    p = lg_fma(p, t, 0x1.1e73ap-3f);
    p = lg_fma(p, t, -0x1.f30e36p-4f);
    p = lg_fma(p, t, 0x1.1ed424p-3f);
    p = lg_fma(p, t, -0x1.559de4p-3f);
    p = lg_fma(p, t, 0x1.99d05ep-3f);
    p = lg_fma(p, t, -0x1.fffefp-3f);
    p = lg_fma(p, t, 0x1.555506p-2f);
    const float square = t * t;

    /* e log 2 + t + (e (rest of log 2) - t^2/2 + t^3 p), the first sum with its rounding error, and
     * log(1 + t + t_low) - log(1 + t) = t_low / (1 + t), nearly (1 - t) t_low. */
    const float big = e * 0x1.62e4p-1f; /* 16 bits: exact */
    const float sum = big + t;
    const float lost = (big - sum) + t;
    const float tail = lg_fma(-0.5f, square, lg_fma(square * t, p, e * 0x1.7f7d1cp-20f));
    const float result = sum + (tail + (lost + lg_fma(-t, t_low, t_low)));
    return x <= 0x1.fffffep127f ? result : x; /* infinity and NaN pass through */
}

/* An element of a sample, normalised: (u/255 - mean) / std with scale = 1/(255 std), or
 * (v - mean) / std with scale = 1/std; shift = -mean/std.  What is stored is a float exactly. */
static inline LG_HD float lg_pixel(float stored, float scale, float shift)
{
    return lg_fma(scale, stored, shift);
}

#endif
