/* test_half.c -- 16-bit floats as numbers: all 65536 of them, on every way to a float.
 *
 * Tests (suite half).  The oracle reads the bits and calls ldexp. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "core/cpu_isa.h"
#include "tests/elements.h"

Suite *lg_suite_half(void);

enum { HALVES = 65536 };

static int is_same(double got, double want)
{
    return isnan(want) ? isnan(got) : got == want && signbit(got) == signbit(want);
}

START_TEST(every_half_is_a_float)
{
    for (uint32_t i = 0; i < HALVES; i++) {
        const double got = (double)lg_half_float((uint16_t)i), want = elements_half((uint16_t)i);
        if (!is_same(got, want)) ck_abort_msg("%04x: got %a, want %a", i, got, want);
    }
}
END_TEST

START_TEST(a_float_that_is_a_half_is_found_and_no_other)
{
    static const float none[] = {0x1.004p0f,   0x1.002p0f, 65536.0f, 65505.0f, 0x1p-25f,
                                 0x1.8p-24f,   1e30f,      -1e30f,   1e-40f,   0x1.001p-14f,
                                 0x1.ffep-15f, INFINITY,   -INFINITY};
    uint16_t half;
    for (uint32_t i = 0; i < HALVES; i++) {
        const double value = elements_half((uint16_t)i);
        const int found = lg_half_of_float((float)value, &half);
        ck_assert_int_eq(found, isfinite(value) != 0);
        if (found && half != i) ck_abort_msg("%04x: came back as %04x", i, half);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint16_t bits;
        const int is_half = isfinite(none[i]) && elements_find_half((double)none[i], &bits);
        ck_assert_msg(lg_half_of_float(none[i], &half) == is_half, "%a", (double)none[i]);
    }
    ck_assert(!lg_half_of_float(NAN, &half));
}
END_TEST

START_TEST(every_instruction_set_reads_every_half) /* instruction set */
{
    enum { D = 4096 + 5, ROWS = HALVES / D + 1 };
    int usable = 0;
    const lg_cpu_kernels *kernels = lg_cpu_isa_row(_i, &usable);
    if (!kernels || !usable) return;
    uint16_t *halves = calloc(ROWS * D, sizeof *halves);
    float *x = calloc(ROWS * D, sizeof *x), scale[D], shift[D] = {0.0f};
    ck_assert(halves && x);
    for (int j = 0; j < D; j++) scale[j] = 1.0f;
    for (uint32_t i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
    const lg_cpu_rows rows = {.count = ROWS,
                              .features = D,
                              .element = LG_ELEMENT_F16,
                              .pixels = (const uint8_t *)halves,
                              .scale = scale,
                              .shift = shift};
    kernels->pixels(&rows, 0, ROWS, x);
    for (uint32_t i = 0; i < HALVES; i++) {
        const double want = elements_half((uint16_t)i) + 0.0; /* -0 + 0 is 0 */
        if (!is_same((double)x[i], want))
            ck_abort_msg("%s, %04x: got %a, want %a", kernels->name, i, (double)x[i], want);
    }
    free(halves);
    free(x);
}
END_TEST

Suite *lg_suite_half(void)
{
    Suite *suite = suite_create("half");
    TCase *tc = tcase_create("half");
    tcase_add_test(tc, every_half_is_a_float);
    tcase_add_test(tc, a_float_that_is_a_half_is_found_and_no_other);
    tcase_add_loop_test(tc, every_instruction_set_reads_every_half, 0, 3);
    suite_add_tcase(suite, tc);
    return suite;
}
