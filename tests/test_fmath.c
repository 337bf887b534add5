/* test_fmath.c -- the element formulas of core/fmath.h against libm in long double.
 *
 * Tests (suite fmath).  The bounds are the largest errors over ALL floats, found by running through
 * them once (half a minute each; libm in double as the truth): exp 0.684 ulp at 5.2317, log1p 0.845
 * ulp at 0.27572.  Here every 4999th float is looked at. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>

#include "base/philox.h"
#include "core/fmath.h"

Suite *lg_suite_fmath(void);

enum { STRIDE = 4999 };
static const uint32_t infinity_bits = 0x7f800000u, sign_bit = 0x80000000u;

/* How many units in the last place of a float next to `want` lie between the two. */
static double ulps_off(float got, long double want)
{
    if (fabsl(want) > (long double)FLT_MAX)
        return isinf(got) && (got > 0) == (want > 0) ? 0.0 : 1e9;
    int exponent;
    frexpl(want, &exponent);
    if (exponent < FLT_MIN_EXP) exponent = FLT_MIN_EXP;
    return (double)(fabsl((long double)got - want) / ldexpl(1.0L, exponent - FLT_MANT_DIG));
}

START_TEST(exp_is_right_everywhere)
{
    double worst = 0.0;
    float where = 0.0f;
    for (uint64_t bits = 0; bits < 1ull << 32; bits += STRIDE) {
        const float x = lg_bits_float((uint32_t)bits);
        if (isnan(x)) continue;
        const double off = ulps_off(lg_expf(x), expl((long double)x));
        if (!(off <= worst)) worst = off, where = x;
    }
    ck_assert_msg(worst <= 0.69, "exp(%a): %g ulp off", (double)where, worst);
}
END_TEST

START_TEST(log1p_is_right_everywhere)
{
    double worst = 0.0;
    float where = 0.0f;
    for (uint32_t bits = 0; bits < infinity_bits; bits += STRIDE) {
        const float x = lg_bits_float(bits);
        const double off = ulps_off(lg_log1pf(x), log1pl((long double)x));
        if (!(off <= worst)) worst = off, where = x;
    }
    ck_assert_msg(worst <= 0.85, "log1p(%a): %g ulp off", (double)where, worst);
}
END_TEST

static const struct {
    float x;
    uint32_t exp_bits;
} known_exp[] = {
    {0.0f, 0x3f800000u},
    {-0.0f, 0x3f800000u},
    {1e-45f, 0x3f800000u},
    {-INFINITY, 0u},
    {INFINITY, infinity_bits},
    {1.0f, 0x402df854u},
    {-88.8f, 0x001d9fa5u},
    {-103.0f, 0x00000001u},
    {-104.5f, 0u},
    {-3e38f, 0u},
    {3e38f, infinity_bits},
    {0x1.62e42ep+6f, 0x7f7fff84u},
    {0x1.62e43p+6f, infinity_bits},
    {-87.33655f, 0x007fffe6u},
};

START_TEST(exp_at_its_ends)
{
    const float x = known_exp[_i].x;
    const uint32_t got = lg_float_bits(lg_expf(x));
    ck_assert_msg(got == known_exp[_i].exp_bits, "exp(%a) is %08x, want %08x", (double)x, got,
                  known_exp[_i].exp_bits);
}
END_TEST

START_TEST(log1p_at_its_ends)
{
    static const float same[] = {0.0f, 1e-45f, 1e-38f, 0x1p-126f, 0x1p-30f, INFINITY};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_assert_uint_eq(lg_float_bits(lg_log1pf(same[i])), lg_float_bits(same[i]));
    ck_assert_uint_eq(lg_float_bits(lg_log1pf(1.0f)), 0x3f317218u);
    ck_assert_uint_eq(lg_float_bits(lg_log1pf(FLT_MAX)), 0x42b17218u);
}
END_TEST

START_TEST(nan_stays_nan)
{
    for (uint32_t payload = 1; payload < 0x00800000u; payload = payload * 3 + 1) {
        const float nan = lg_bits_float(infinity_bits | payload);
        ck_assert(isnan(lg_expf(nan)) && isnan(lg_log1pf(nan)));
        ck_assert(isnan(lg_expf(lg_bits_float(sign_bit | infinity_bits | payload))));
    }
}
END_TEST

/* The loops are vector code, the calls through a pointer are not. */
START_TEST(vector_code_has_the_same_bits)
{
    enum { COUNT = 1000 };
    float (*volatile slow_exp)(float) = lg_expf;
    float (*volatile slow_log1p)(float) = lg_log1pf;
    static float x[COUNT], e[COUNT], l[COUNT];
    for (uint32_t start = 0; start < infinity_bits; start += 40000003u) {
        for (uint32_t i = 0; i < COUNT; i++) x[i] = lg_bits_float(start + 39119u * i);
        for (int i = 0; i < COUNT; i++) e[i] = lg_expf(-x[i]);
        for (int i = 0; i < COUNT; i++) l[i] = lg_log1pf(x[i]);
        for (int i = 0; i < COUNT; i++) {
            if (isnan(x[i])) continue;
            if (lg_float_bits(e[i]) != lg_float_bits(slow_exp(-x[i])) ||
                lg_float_bits(l[i]) != lg_float_bits(slow_log1p(x[i])))
                ck_abort_msg("%a", (double)x[i]);
        }
    }
}
END_TEST

/* Compiled without the instruction, lg_fma is its stand-in; libm is the judge. */
START_TEST(fma_is_rounded_once)
{
    static const uint32_t hard[] = {0u,          0x33800001u, 1u,          0x007fffffu,
                                    0x00800000u, 0x3f800000u, 0x3f800001u, 0x3f7ffffeu,
                                    0x33800000u, 0x7f7fffffu, 0x7f800000u};
    enum { HARD = sizeof hard / sizeof *hard, DRAWN = 300000 };
    for (uint32_t i = 0; i < 8 * HARD * HARD * HARD + DRAWN; i++) {
        uint32_t bits[3];
        const uint32_t h = i / 8;
        const lg_random4 drawn = lg_philox(0, lg_stream_id(LG_STREAM_TEST, 900), i);
        const uint32_t pick[3] = {h % HARD, h / HARD % HARD, h / HARD / HARD};
        for (int j = 0; j < 3; j++)
            bits[j] = pick[2] < HARD ? hard[pick[j]] ^ (i >> j & 1) << 31 : drawn.word[j];
        if (pick[2] >= HARD && i % 2) /* a product that nearly cancels */
            bits[2] = lg_float_bits(-lg_bits_float(bits[0]) * lg_bits_float(bits[1])) + i % 5;
        const float a = lg_bits_float(bits[0]), b = lg_bits_float(bits[1]);
        const float c = lg_bits_float(bits[2]), got = lg_fma(a, b, c), want = fmaf(a, b, c);
        if (isnan(want) ? !isnan(got) : lg_float_bits(got) != lg_float_bits(want))
            ck_abort_msg("fma(%a, %a, %a) is %a, want %a", (double)a, (double)b, (double)c,
                         (double)got, (double)want);
    }
}
END_TEST

START_TEST(pixel_is_rounded_once)
{
    for (int u = 0; u < 256; u++) {
        const float scale = 0.0123456f, shift = -1.7f;
        const double exact = (double)scale * u + (double)shift; /* fits in a double */
        ck_assert(lg_pixel((uint8_t)u, scale, shift) == (float)exact);
        ck_assert(lg_pixel((uint8_t)u, 1.0f, 0.0f) == (float)u);
    }
}
END_TEST

Suite *lg_suite_fmath(void)
{
    Suite *suite = suite_create("fmath");
    TCase *tests = tcase_create("formulas");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, exp_is_right_everywhere);
    tcase_add_test(tests, log1p_is_right_everywhere);
    tcase_add_loop_test(tests, exp_at_its_ends, 0, sizeof known_exp / sizeof *known_exp);
    tcase_add_test(tests, log1p_at_its_ends);
    tcase_add_test(tests, nan_stays_nan);
    tcase_add_test(tests, vector_code_has_the_same_bits);
    tcase_add_test(tests, fma_is_rounded_once);
    tcase_add_test(tests, pixel_is_rounded_once);
    suite_add_tcase(suite, tests);
    return suite;
}
