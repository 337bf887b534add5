/* test_normal_feature.c -- mean and deviation of features beside long double, on numbers that
 * cancel.
 *
 * Tests (suite normal_feature).  The oracle makes two passes over the samples that count. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"
#include "data/loader.h"
#include "tests/elements.h"

Suite *lg_suite_normal_feature(void);

enum { FEATURES = 6, COUNT = 20000, BAD_EVERY = 97 };

static int with_bad;

/* Feature j of sample i: small; far from 0; far, and hardly varying; constant; one outlier, in
 * sample 0 or later; of float32's whole range. */
static float value_at(lg_element element, int64_t i, int j)
{
    const uint64_t stream = lg_stream_id(LG_STREAM_TEST, 300 + (uint32_t)j);
    const int steps = (int)lg_random_below(3, stream, (uint64_t)i, 33) - 16;
    static const float base[FEATURES] = {0.0f, 1000.0f, 1e6f, -3.5f, 0.0f, 0.0f};
    static const float step[FEATURES] = {0.125f, 0.5f, 0.0625f, 0.0f, 0.25f, 1e30f};
    if (element == LG_ELEMENT_F16)
        return (j < 2 ? base[j] : -3.5f) + (j == 3 ? 0.0f : 0.5f) * (float)steps;
    if (j == 4 && i % 10000 == 0) return 1e9f;
    return base[j] + step[j] * (float)steps;
}

static logit_status read_sample(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                                logit_error *err)
{
    (void)decoder;
    if (with_bad && i % BAD_EVERY == 5) LG_FAIL(err, LOGIT_E_DATA, "sample is bad");
    for (int j = 0; j < FEATURES; j++) {
        const float value = value_at(set->element, i, j);
        uint16_t half = 0;
        if (set->element == LG_ELEMENT_F16) {
            static _Thread_local uint16_t
                known[8192]; /* finding a half is slow: by its value in halves of 1 */
            uint16_t *kept = &known[(int)(2.0f * value) & 8191];
            if (!*kept) ck_assert(elements_find_half((double)value, kept));
            half = *kept;
            memcpy(out + 2 * j, &half, sizeof half);
        } else {
            memcpy(out + 4 * j, &value, sizeof value);
        }
    }
    return LOGIT_OK;
}

static const lg_set_ops ops = {.read = read_sample};

static void measure(lg_element element, int threads, int64_t memory, double *mean, double *std)
{
    const lg_set set = {.ops = &ops, .count = COUNT, .shape = {1, FEATURES, 1}, .element = element};
    const lg_loader_options options = {.set = &set,
                                       .batch = 33,
                                       .seed = 5,
                                       .threads = threads,
                                       .memory = memory,
                                       .skip_bad = with_bad,
                                       .max_bad = 1.0};
    lg_loader *loader;
    logit_error err = {0};
    ck_assert_int_eq(lg_loader_create(&loader, &options, &err), LOGIT_OK);
    const logit_status status = lg_loader_normal_features(loader, mean, std, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    lg_loader_destroy(loader);
}

/* Over the first samples of epoch 0's order. */
static void oracle(lg_element element, int j, long double *mean, long double *std)
{
    static int32_t order[COUNT];
    long double sum = 0.0L, squares = 0.0L;
    int64_t n = 0;
    lg_order_fill(order, NULL, COUNT, LG_SHUFFLE_FULL, 5, 0);
    for (int pass = 0; pass < 2; pass++) {
        n = 0;
        for (int i = 0; i < LG_LOADER_NORMAL_SAMPLES; i++) {
            if (with_bad && order[i] % BAD_EVERY == 5) continue;
            const long double v = (long double)value_at(element, order[i], j);
            sum += pass ? 0.0L : v;
            squares += pass ? (v - *mean) * (v - *mean) : 0.0L;
            n++;
        }
        *mean = sum / (long double)n;
    }
    *std = sqrtl(squares / (long double)n);
}

START_TEST(features_have_the_moments_of_long_double) /* f16, f32 x bad ones */
{
    const lg_element element = _i % 2 ? LG_ELEMENT_F32 : LG_ELEMENT_F16;
    double mean[FEATURES], std[FEATURES];
    with_bad = _i / 2;
    measure(element, 2, 1 << 30, mean, std);
    for (int j = 0; j < FEATURES; j++) {
        long double m, s;
        oracle(element, j, &m, &s);
        ck_assert_msg(fabsl(mean[j] - m) <= 1e-13L * (fabsl(m) + s), "mean %d: %.17g, want %.17Lg",
                      j, mean[j], m);
        ck_assert_msg(fabsl(std[j] - s) <= 1e-12L * s, "std %d: %.17g, want %.17Lg", j, std[j], s);
    }
    ck_assert(mean[3] == -3.5 && std[3] == 0.0);
}
END_TEST

START_TEST(no_bit_depends_on_threads_or_memory) /* f16, f32 x bad ones */
{
    const lg_element element = _i % 2 ? LG_ELEMENT_F32 : LG_ELEMENT_F16;
    double want[2][FEATURES], got[2][FEATURES];
    with_bad = _i / 2;
    measure(element, 1, 1 << 30, want[0], want[1]);
    for (int way = 0; way < 6; way++) {
        measure(element, 1 + way % 3, way / 3 ? 1 : 1 << 30, got[0], got[1]);
        ck_assert_mem_eq(got, want, sizeof want);
    }
}
END_TEST

Suite *lg_suite_normal_feature(void)
{
    Suite *suite = suite_create("normal_feature");
    TCase *tests = tcase_create("normal_feature");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, features_have_the_moments_of_long_double, 0, 4);
    tcase_add_loop_test(tests, no_bit_depends_on_threads_or_memory, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
