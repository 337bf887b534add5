/* test_lift.c -- feature maps: their shapes, their element formulas, and what every device makes of
 * them.
 *
 * Tests (suite lift).  Numbers worked out by hand, then lift_truth.c, which shares no line with the
 * reference.  The reference is held to 1e-12, float32 to the bounds derived there, with the chain
 * of a layer's sums as long as it could be. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/lift_act.h"
#include "tests/lift_rig.h"
#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_lift(void);

/* ---------------------------------------------------------------------------------- shapes --- */

START_TEST(maps_are_found_by_name)
{
    for (int i = 0; i < LG_LIFT_COUNT; i++) ck_assert_int_eq(lg_lift_find(lg_lifts[i].name), i);
    ck_assert_int_eq(lg_lift_find("patches"), LG_LIFT_COUNT);
    ck_assert_int_eq(lg_lift_find(""), LG_LIFT_COUNT);
}
END_TEST

/* Two ways to say where a window falls. */
START_TEST(cells_hold_the_windows_that_fall_into_them)
{
    for (int count = 1; count <= 60; count++)
        for (int grid = 1; grid <= count; grid++) {
            ck_assert_int_eq(lg_lift_cell_begin(0, grid, count), 0);
            ck_assert_int_eq(lg_lift_cell_begin(grid, grid, count), count);
            for (int i = 0; i < count; i++) {
                const int cell = i * grid / count;
                ck_assert_int_le(lg_lift_cell_begin(cell, grid, count), i);
                ck_assert_int_gt(lg_lift_cell_begin(cell + 1, grid, count), i);
            }
        }
    ck_assert_int_eq(lg_lift_cell_begin(40000, 65535, 65535), 40000); /* their product is large */
}
END_TEST

START_TEST(shapes_are_counted)
{
    const lg_lift patch = {.kind = LG_LIFT_PATCH,
                           .in = 10 * 17 * 3,
                           .units = 7,
                           .height = 10,
                           .width = 17,
                           .channels = 3,
                           .size = 4,
                           .stride = 3,
                           .grid = 2};
    ck_assert_int_eq(lg_lift_down(&patch), 3);   /* 0, 3, 6 */
    ck_assert_int_eq(lg_lift_across(&patch), 5); /* .. 12 */
    ck_assert_int_eq(lg_lift_window(&patch), 48);
    ck_assert_int_eq(lg_lift_filter_width(&patch), 48);
    ck_assert_int_eq(lg_lift_features(&patch), 56);
    ck_assert(lg_lift_work(&patch) == 2.0 * 7 * 48 * 15);
    const lg_lift layer = {.kind = LG_LIFT_STEP, .in = 100000, .units = 40000};
    ck_assert_int_eq(lg_lift_filter_width(&layer), 100000);
    ck_assert_int_eq(lg_lift_features(&layer), 40000);
    ck_assert(lg_lift_work(&layer) == 8e9);
    const lg_lift cross = {.kind = LG_LIFT_CROSS, .in = 10, .units = 45};
    ck_assert_int_eq(lg_lift_filter_width(&cross), 0);
    ck_assert_int_eq(lg_lift_features(&cross), 55);
    ck_assert(lg_lift_work(&cross) == 45.0);
}
END_TEST

/* -------------------------------------------------------------------------------- formulas --- */

/* Every 499th float up to 10^4; all of them were looked at once: 1.44907 at 0x1.208646p+5. */
START_TEST(cosine_is_right)
{
    double worst = 0.0;
    float where = 0.0f;
    for (uint32_t bits = 0; lg_bits_float(bits) <= 1e4f; bits += 499) {
        const float a = lg_bits_float(bits), got = lg_cosf(a);
        const double off = fabs((double)got - cos((double)a));
        ck_assert_msg(fabsf(got) <= 1.0f && lg_cosf(-a) == got, "cos(%a) is %a", (double)a,
                      (double)got);
        if (!(off <= worst)) worst = off, where = a;
    }
    ck_assert_msg(worst <= 1.45 * 0x1p-24, "cos(%a) is %g * 2^-24 off", (double)where,
                  worst * 0x1p24);
}
END_TEST

START_TEST(cosine_of_huge_numbers)
{
    for (uint32_t bits = lg_float_bits(1e4f); bits < 0x7f800000u; bits += 1009) {
        const float a = lg_bits_float(bits), got = lg_cosf(a);
        ck_assert_msg(fabsf(got) <= 1.0f, "cos(%a) is %a", (double)a, (double)got);
        if (a <= 0x1p23f) ck_assert(fabs((double)got - cos((double)a)) <= 8 * 0x1p-24);
        if (a > 0x1p23f) ck_assert(got == 1.0f);
    }
    ck_assert(isnan(lg_cosf(INFINITY)) && isnan(lg_cosf(-INFINITY)) && isnan(lg_cosf(NAN)));
}
END_TEST

START_TEST(sigmoid_is_right)
{
    double worst = 0.0;
    float where = 0.0f;
    for (uint64_t bits = 0; bits < 1ull << 32; bits += 1499) {
        const float a = lg_bits_float((uint32_t)bits);
        if (isnan(a)) continue;
        const double want = 1.0 / (1.0 + exp(-(double)a));
        int exponent;
        frexp(want, &exponent);
        const double off = fabs((double)lg_sigmoidf(a) - want) /
                           ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
        if (!(off <= worst)) worst = off, where = a;
    }
    ck_assert_msg(worst <= 2.5, "sigmoid(%a): %g ulp off", (double)where, worst);
    ck_assert(lg_sigmoidf(0.0f) == 0.5f && lg_sigmoidf(INFINITY) == 1.0f);
    ck_assert(lg_sigmoidf(-INFINITY) == 0.0f && isnan(lg_sigmoidf(NAN)));
}
END_TEST

START_TEST(thresholds_have_two_sides)
{
    ck_assert(lg_stepf(0.0f) == 0.0f && lg_stepf(-0.0f) == 0.0f && lg_stepf(1e-45f) == 1.0f);
    ck_assert(lg_stepf(-1e-45f) == 0.0f && lg_stepf(NAN) == 0.0f);
    ck_assert(lg_lift_excess(2.0f, 1.0f, 0.5f) == 1.5f &&
              lg_lift_excess(2.0f, -1.0f, 0.5f) == 0.0f);
    ck_assert(lg_lift_excess(-2.0f, -1.0f, 0.5f) == 1.5f);
    ck_assert(lg_lift_excess(0.5f, 1.0f, 0.5f) == 0.0f && lg_lift_excess(NAN, 1.0f, 0.5f) == 0.0f);
}
END_TEST

/* ------------------------------------------------------------------------------- by hand --- */

/* Maps of one unit, or one pair, without scale and shift. */
typedef struct hand_case {
    lg_lift_kind kind;
    int height, width, size, grid;
    float contrast, threshold, offset, filter[4], u[6];
    int32_t pair[2];
    int d;
    double x[8];
} hand_case;

static const hand_case by_hand[] = {
    {.kind = LG_LIFT_CROSS,
     .height = 1,
     .width = 2,
     .u = {2, -3},
     .pair = {0, 1},
     .d = 3,
     .x = {2, -3, -6}},
    {.kind = LG_LIFT_CROSS,
     .height = 1,
     .width = 2,
     .u = {2, -3},
     .pair = {1, 1},
     .d = 3,
     .x = {2, -3, 9}},
    {.kind = LG_LIFT_RFF,
     .height = 1,
     .width = 2,
     .filter = {0.5f, 0.25f},
     .u = {1, 2},
     .offset = -1,
     .d = 1,
     .x = {1}},
    {.kind = LG_LIFT_RFF,
     .height = 1,
     .width = 1,
     .filter = {2},
     .u = {1},
     .offset = 1,
     .d = 1,
     .x = {-0.98999249660044542}}, /* cos 3 */
    {.kind = LG_LIFT_SIGMOID,
     .height = 1,
     .width = 2,
     .filter = {1, -1},
     .u = {3, 2},
     .offset = -1,
     .d = 1,
     .x = {0.5}},
    {.kind = LG_LIFT_SIGMOID,
     .height = 1,
     .width = 1,
     .filter = {-2},
     .u = {1},
     .d = 1,
     .x = {0.11920292202211755}}, /* 1 / (1 + e^2) */
    {.kind = LG_LIFT_STEP,
     .height = 1,
     .width = 2,
     .filter = {1, 1},
     .u = {3, -3},
     .d = 1,
     .x = {0}},
    {.kind = LG_LIFT_STEP,
     .height = 1,
     .width = 2,
     .filter = {1, 1},
     .u = {3, -3},
     .offset = 0.5f,
     .d = 1,
     .x = {1}},
    /* one pixel: no variance, sd = 1/2; r = 2, -2, 1, 0 */
    {.kind = LG_LIFT_PATCH,
     .height = 2,
     .width = 2,
     .size = 1,
     .grid = 1,
     .contrast = 0.25f,
     .threshold = 0.5f,
     .filter = {1},
     .u = {1, -1, 0.5f, 0},
     .d = 2,
     .x = {0.5, 0.375}},
    /* the same, a cell for each */
    {.kind = LG_LIFT_PATCH,
     .height = 2,
     .width = 2,
     .size = 1,
     .grid = 2,
     .contrast = 0.25f,
     .threshold = 0.5f,
     .filter = {1},
     .u = {1, -1, 0.5f, 0},
     .d = 8,
     .x = {1.5, 0, 0, 1.5, 0.5, 0, 0, 0}},
    /* mean 4, variance 5, sd 3: r = 8 / 3 - 1 */
    {.kind = LG_LIFT_PATCH,
     .height = 2,
     .width = 2,
     .size = 2,
     .grid = 1,
     .contrast = 4,
     .filter = {-1, -1, 1, 1},
     .offset = -1,
     .u = {1, 3, 5, 7},
     .d = 2,
     .x = {5.0 / 3, 0}},
    /* two windows, one above the other, in one cell: sd 1, r = -2 */
    {.kind = LG_LIFT_PATCH,
     .height = 3,
     .width = 2,
     .size = 2,
     .grid = 1,
     .contrast = 1,
     .threshold = 1,
     .filter = {0, 0, 0, 1},
     .u = {-2, -2, -2, -2, -2, -2},
     .d = 2,
     .x = {0, 1}},
};

START_TEST(worked_out_by_hand) /* case */
{
    const hand_case *c = &by_hand[_i];
    lg_backend *backend;
    for (int row = 0; (backend = problem_next_device(&row, 2)) != NULL;) {
        if (backend->ops->features) {
            lift_rig r;
            lift_open(&r, (lift_shape){c->kind, 1, c->height, c->width, 1, 1, c->size, 1, c->grid},
                      7500);
            ck_assert_int_eq(r.d, c->d);
            memcpy(r.u, c->u, sizeof *r.u * (size_t)r.lift.in);
            memcpy(r.filter, c->filter, sizeof *r.filter * (size_t)lg_lift_filter_width(&r.lift));
            memcpy(r.pair, c->pair, sizeof c->pair);
            r.offset[0] = c->offset;
            r.lift.contrast = c->contrast;
            r.lift.threshold = c->threshold;
            for (int64_t j = 0; j < r.d; j++) r.scale[j] = 1.0f, r.shift[j] = 0.0f;
            double *x = lift_run(&r, backend, 0, 1);
            assert_near(x, c->x, r.d, 2e-7, 2e-7); /* a few roundings of float */
            free(x);
            lift_close(&r);
        }
        lg_backend_close(backend);
    }
}
END_TEST

/* ------------------------------------------------------------------------------ every device ---
 */

static void compare(const lift_rig *r, lg_backend *backend)
{
    const int64_t count = r->n * r->d;
    const int exact = backend->ops->real_bytes == sizeof(double);
    double *x = lift_run(r, backend, 0, r->n), *want = rig_doubles(count + 1);
    double *bound = rig_doubles(count + 1);
    char message[NEAR_MESSAGE];
    const int64_t left_out = lift_truth(r, (int)r->lift.in, want, bound);
    for (int64_t i = 0; i < count && exact; i++) bound[i] = isinf(bound[i]) ? bound[i] : 1e-12;
    ck_assert_msg(left_out <= count / 1000, "%lld numbers are left out", (long long)left_out);
    if (near_check(NEAR_PAIR(x, want, count), (near_bound){.each = bound}, message) != 0)
        ck_abort_msg("%s, %s: %s", backend->ops->name, lg_lifts[r->lift.kind].name, message);
    free(x);
    free(want);
    free(bound);
}

START_TEST(every_device_agrees) /* shape */
{
    lg_backend *backend;
    lift_rig r;
    lift_open(&r, lift_shapes[_i], 7600 + 10 * (uint32_t)_i);
    for (int row = 0; (backend = problem_next_device(&row, 2)) != NULL;) {
        if (backend->ops->features) compare(&r, backend);
        lg_backend_close(backend);
    }
    lift_close(&r);
}
END_TEST

Suite *lg_suite_lift(void)
{
    Suite *suite = suite_create("lift");
    TCase *tests = tcase_create("maps");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, maps_are_found_by_name);
    tcase_add_test(tests, cells_hold_the_windows_that_fall_into_them);
    tcase_add_test(tests, shapes_are_counted);
    tcase_add_test(tests, cosine_is_right);
    tcase_add_test(tests, cosine_of_huge_numbers);
    tcase_add_test(tests, sigmoid_is_right);
    tcase_add_test(tests, thresholds_have_two_sides);
    tcase_add_loop_test(tests, worked_out_by_hand, 0, sizeof by_hand / sizeof *by_hand);
    tcase_add_loop_test(tests, every_device_agrees, 0, LIFT_SHAPES);
    suite_add_tcase(suite, tests);
    return suite;
}
