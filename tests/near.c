/* near.c -- see near.h.
 *
 * Tests.  The comparison is written as "passes if diff <= tolerance", never as "fails if diff >
 * tolerance": a NaN on either side makes the first false, and the second too. */
/* SPDX-License-Identifier: MIT */
#include "tests/near.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static long double element(const void *array, size_t bytes, int64_t i)
{
    if (bytes == sizeof(float)) return ((const float *)array)[i];
    if (bytes == sizeof(double)) return ((const double *)array)[i];
    return ((const long double *)array)[i];
}

/* |got - want| in units of the tolerance: passes if it is <= 1.  NaN where nothing can be said. */
static double excess(const near_pair *pair, const near_bound *bound, int64_t i)
{
    const long double got = element(pair->got, pair->got_bytes, i);
    const long double want = element(pair->want, pair->want_bytes, i);
    if (isnan(got) || isnan(want)) return NAN;
    if (isinf(got) || isinf(want)) return got == want ? 0.0 : INFINITY;

    const double each = bound->each ? bound->each[i] : 0.0;
    if (isnan(bound->absolute) || isnan(bound->relative) || isnan(each)) return NAN;
    long double tolerance = fmaxl(bound->absolute, bound->relative * fabsl(want));
    tolerance = fmaxl(tolerance, each);

    const long double diff = fabsl(got - want);
    if (diff == 0.0L) return 0.0;
    return tolerance > 0.0L ? (double)(diff / tolerance) : INFINITY;
}

/* NaN is the worst there is. */
static int worse(double a, double b)
{
    return isnan(a) ? !isnan(b) : a > b;
}

/* Enough digits to tell neighbours of got's type apart. */
static int digits(const near_pair *pair)
{
    return pair->got_bytes == sizeof(float) ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
}

/* "loss[3]: got inf, want 236.6 (".  Returns the characters written. */
static int name_element(const near_pair *pair, int64_t i, char *message)
{
    return snprintf(message, NEAR_MESSAGE, "%.80s[%lld]: got %.*Lg, want %.*Lg (", pair->name,
                    (long long)i, digits(pair), element(pair->got, pair->got_bytes, i),
                    digits(pair), element(pair->want, pair->want_bytes, i));
}

static void finish(char *message, int at, int64_t outside, int64_t count)
{
    if (outside > 1)
        snprintf(message + at, (size_t)(NEAR_MESSAGE - at), "; %lld of %lld outside",
                 (long long)outside, (long long)count);
}

int64_t near_check(near_pair pair, near_bound bound, char *message)
{
    int64_t outside = 0, where = -1;
    double most = 0.0;
    for (int64_t i = 0; i < pair.count; i++) {
        const double e = excess(&pair, &bound, i);
        if (e <= 1.0) continue;
        outside++;
        if (where < 0 || worse(e, most)) {
            most = e;
            where = i;
        }
    }
    message[0] = '\0';
    if (where < 0) return 0;
    int at = name_element(&pair, where, message);
    if (isnan(most))
        at += snprintf(message + at, (size_t)(NEAR_MESSAGE - at), "NaN never passes)");
    else
        at += snprintf(message + at, (size_t)(NEAR_MESSAGE - at), "%.3g x tolerance)", most);
    finish(message, at, outside, pair.count);
    return outside;
}

double near_worst(near_pair pair, near_bound bound)
{
    double most = 0.0;
    for (int64_t i = 0; i < pair.count; i++) {
        const double e = excess(&pair, &bound, i);
        if (worse(e, most)) most = e;
    }
    return most;
}

/* Bit patterns of floats, read as sign and magnitude, are ordered like the floats: counting them
 * from zero makes the distance a difference. */
uint64_t near_ulps_float(float a, float b)
{
    if (isnan(a) || isnan(b)) return UINT64_MAX;
    uint32_t bits_a, bits_b;
    memcpy(&bits_a, &a, sizeof a);
    memcpy(&bits_b, &b, sizeof b);
    const uint64_t from_zero_a = bits_a & INT32_MAX, from_zero_b = bits_b & INT32_MAX;
    if ((bits_a ^ bits_b) >> 31) return from_zero_a + from_zero_b;
    return from_zero_a > from_zero_b ? from_zero_a - from_zero_b : from_zero_b - from_zero_a;
}

uint64_t near_ulps_double(double a, double b)
{
    if (isnan(a) || isnan(b)) return UINT64_MAX;
    uint64_t bits_a, bits_b;
    memcpy(&bits_a, &a, sizeof a);
    memcpy(&bits_b, &b, sizeof b);
    const uint64_t from_zero_a = bits_a & INT64_MAX, from_zero_b = bits_b & INT64_MAX;
    if ((bits_a ^ bits_b) >> 63) return from_zero_a + from_zero_b;
    return from_zero_a > from_zero_b ? from_zero_a - from_zero_b : from_zero_b - from_zero_a;
}

int64_t near_check_ulps(near_pair pair, uint64_t ulps, char *message)
{
    int64_t outside = 0, where = -1;
    uint64_t most = 0;
    for (int64_t i = 0; i < pair.count; i++) {
        const long double got = element(pair.got, pair.got_bytes, i);
        const long double want = element(pair.want, pair.want_bytes, i);
        const uint64_t apart = pair.got_bytes == sizeof(float)
                                   ? near_ulps_float((float)got, (float)want)
                                   : near_ulps_double((double)got, (double)want);
        if (apart != UINT64_MAX && apart <= ulps) continue;
        outside++;
        if (where < 0 || apart > most) {
            most = apart;
            where = i;
        }
    }
    message[0] = '\0';
    if (where < 0) return 0;
    int at = name_element(&pair, where, message);
    if (most == UINT64_MAX)
        at += snprintf(message + at, (size_t)(NEAR_MESSAGE - at), "NaN never passes)");
    else
        at += snprintf(message + at, (size_t)(NEAR_MESSAGE - at), "%llu ulp, %llu allowed)",
                       (unsigned long long)most, (unsigned long long)ulps);
    finish(message, at, outside, pair.count);
    return outside;
}
