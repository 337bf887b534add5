/* compare_difference.c -- counting, the largest, and the signs. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_difference.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

void lg_tally_begin(lg_tally *tally, logit_difference *out, const char *stage, const char *a,
                    const char *b)
{
    *out = (logit_difference){.stage = stage, .worst_case = NAN};
    snprintf(out->a, sizeof out->a, "%s", a);
    snprintf(out->b, sizeof out->b, "%s", b);
    *tally = (lg_tally){.out = out};
}

double lg_float_ulp(double x)
{
    const double size = fabs(x);
    if (!(size <= (double)FLT_MAX)) return NAN;
    const int exponent = size < (double)FLT_MIN ? FLT_MIN_EXP - 1 : ilogb((double)(float)size);
    return ldexp(1.0, exponent - (FLT_MANT_DIG - 1));
}

/* Not finite on one side, or on both but not the same.  A float32 overflows where the other side,
 * a double, need not. */
static int is_equal_beyond(double a, double b, double bound)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    if (a == b) return 1;
    return isinf(a) && signbit(a) == signbit(b) && fabs(b) + bound > (double)FLT_MAX;
}

static void keep_largest(double *largest, double value)
{
    if (value > *largest) *largest = value;
}

/* Both finite.  Returns 1 if they are near enough. */
static int add_finite(lg_tally *tally, double a, double b, double bound)
{
    logit_difference *out = tally->out;
    const double difference = a - b, size = fabs(difference);
    tally->sum += difference;
    tally->size += fabs(b);
    if (size == 0.0) {
        out->equal++;
        return 1;
    }
    out->above += difference > 0.0;
    out->below += difference < 0.0;
    keep_largest(&out->absolute, size);
    if (b != 0.0) keep_largest(&out->relative, size / fabs(b));
    if (size * 0x1p24 > out->ulps * fabs(b)) /* an ulp is at least 2^-24 |b| */
        keep_largest(&out->ulps, size / lg_float_ulp(b));
    keep_largest(&out->share, size / bound);
    return size <= bound;
}

int64_t lg_tally_add(lg_tally *tally, const lg_sides *sides)
{
    logit_difference *out = tally->out;
    int64_t first = -1;
    for (int64_t i = 0; i < sides->count; i++) {
        const double a = sides->a[i], b = sides->b[i];
        const double bound = sides->bound ? sides->factor * sides->bound[i] : 0.0;
        int good;
        if (isfinite(a) && isfinite(b)) {
            good = add_finite(tally, a, b, bound);
        } else {
            good = is_equal_beyond(a, b, bound);
            out->equal += good;
        }
        out->outside += !good;
        if (!good && first < 0) first = i;
    }
    out->count += sides->count;
    return first;
}

void lg_tally_end(lg_tally *tally)
{
    logit_difference *out = tally->out;
    const double signs = (double)(out->above + out->below);
    out->signed_mean = tally->size > 0.0 ? tally->sum / tally->size : 0.0;
    out->bias = signs > 0.0 ? (double)(out->above - out->below) / sqrt(signs) : 0.0;
}
