/* lift_act.h -- the element formulas of the feature maps.
 *
 * Layer 1 (core).  Shared by the CPU loops and the CUDA kernels (fmath.h says what that asks for):
 * what becomes of a number once its sum is there.  lift.h has the maps, core/ref_lift.c the same in
 * double.  No branches: a loop over any of them becomes vector code.
 *
 * A NaN stays one through the cosine and the sigmoid; the step and the thresholds make 0 of it, as
 * their comparisons say. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LIFT_ACT_H
#define LG_CORE_LIFT_ACT_H

#include "core/fmath.h"
#include "core/lift.h"

/* cos a = (-1)^n cos r, |a| = n pi + r, n the integer nearest to |a| / pi.  pi is taken off in two
 * pieces: with the first every term is a multiple of 2^-23 and the rest below 2, so that nothing is
 * lost; the second is what a float loses of pi, and what its rounding loses goes into r^2.
 * cos r = 1 + r^2 p(r^2) for |r| <= pi/2: minimax in absolute error, 0.008 * 2^-24 off (sollya, as
 * in fmath.h).
 *
 * For |a| <= 10^4 at most 1.45 * 2^-24 from the truth, and never above 1 (all such floats were
 * looked at; tests/test_lift.c).  Up to 2^23 the error grows to 8 * 2^-24; beyond, where floats
 * are whole numbers, it is 1.  An infinity gives NaN. */
static inline LG_HD float lg_cosf(float a)
{
    a = fabsf(a);
    a = a > 0x1p23f ? a * 0.0f : a;
    const float shifted = lg_fma(a, 0x1.45f306p-2f, 0x1.8p23f); /* n in the low bits */
    const float n = shifted - 0x1.8p23f;
    const float r0 = lg_fma(n, -0x1.921fb6p+1f, a);
    const float r = lg_fma(n, 0x1.777a5cp-24f, r0);
    const float r_low = lg_fma(n, 0x1.777a5cp-24f, r0 - r);

    const float s = lg_fma(r, r, (r + r) * r_low);
    float p = -0x1.196adp-22f;
    p = lg_fma(p, s, 0x1.9f931cp-16f);
    p = lg_fma(p, s, -0x1.6c14b8p-10f);
    p = lg_fma(p, s, 0x1.55555p-5f);
    p = lg_fma(p, s, -0.5f);
    const float cosine = lg_fma(p, s, 1.0f);
    return lg_bits_float(lg_float_bits(cosine) ^ (lg_float_bits(shifted) << 31));
}

/* 1 / (1 + e^-a), of the power that cannot overflow: small results keep all their digits.  Over all
 * floats at most 2.5 ulp off. */
static inline LG_HD float lg_sigmoidf(float a)
{
    const float e = lg_expf(-fabsf(a));
    return (a >= 0.0f ? 1.0f : e) / (1.0f + e);
}

static inline LG_HD float lg_stepf(float a)
{
    return a > 0.0f ? 1.0f : 0.0f;
}

/* y of a unit of a LAYER, a = F u + o.  With a kind that is known to the compiler, one formula. */
static inline LG_HD float lg_lift_act(lg_lift_kind kind, float a)
{
    return kind == LG_LIFT_RFF ? lg_cosf(a) : kind == LG_LIFT_STEP ? lg_stepf(a) : lg_sigmoidf(a);
}

/* What a window is multiplied by: 1 / sd; squares = sum (v - m)^2 over its `numbers`. */
static inline LG_HD float lg_lift_inverse(float squares, int64_t numbers, float contrast)
{
    return 1.0f / sqrtf(squares / (float)numbers + contrast);
}

/* What a response adds to its cell: past the threshold upwards (sign 1), downwards (sign -1). */
static inline LG_HD float lg_lift_excess(float response, float sign, float threshold)
{
    const float excess =
        lg_fma(sign, response, -threshold); /* sign r is exact: r - t rounded once */
    return excess > 0.0f ? excess : 0.0f;
}

/* x of a feature. */
static inline LG_HD float lg_lift_scaled(float y, float scale, float shift)
{
    return lg_fma(scale, y, shift);
}

#endif
