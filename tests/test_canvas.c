/* test_canvas.c -- shapes, paint and noise, against what geometry and statistics say. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/canvas.h"

/* Not square, and no multiple of anything. */
enum { WIDTH = 53, HEIGHT = 37, PIXELS = WIDTH * HEIGHT };

static lg_canvas *canvas;
static const lg_paint white = {.a = {1.0f, 1.0f, 1.0f}, .b = {1.0f, 1.0f, 1.0f}, .opacity = 1.0f};

static void setup(void)
{
    logit_error err;
    ck_assert_msg(lg_canvas_create(&canvas, WIDTH, HEIGHT, &err) == LOGIT_OK, "%s", err.message);
    /* Units are pixels from the middle. */
    lg_canvas_place(canvas, lg_affine_scale(2.0f / WIDTH, 2.0f / HEIGHT));
}

static void teardown(void)
{
    lg_canvas_destroy(canvas);
    canvas = NULL;
}

/* Sum of one channel. */
static double ink(int channel)
{
    double sum = 0.0;
    for (int i = 0; i < PIXELS; i++) sum += (double)canvas->colour[3 * i + channel];
    return sum;
}

static lg_outline box(float x0, float y0, float x1, float y1)
{
    return (lg_outline){.count = 4, .point = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}};
}

START_TEST(a_filled_shape_covers_its_area)
{
    /* Heights are multiples of a quarter pixel, where four thin rows per pixel are exact. */
    const lg_outline upright = box(-10.3f, -7.25f, 11.9f, 5.5f);
    lg_outline reversed = upright;
    for (int i = 0; i < 4; i++) reversed.point[i] = upright.point[3 - i];
    lg_canvas_fill(canvas, _i ? &reversed : &upright, &white);
    ck_assert_double_eq_tol(ink(0), 22.2 * 12.75, 1e-3);
    ck_assert_double_eq(ink(1), ink(0));
}
END_TEST

START_TEST(an_ellipse_covers_its_area_wherever_it_is_turned)
{
    const lg_outline ellipse = lg_outline_ellipse(1.0f, -2.0f, 11.0f, 6.0f);
    const lg_affine pixels = lg_affine_scale(2.0f / WIDTH, 2.0f / HEIGHT);
    lg_canvas_place(canvas, lg_affine_after(pixels, lg_affine_turn(0.3f * (float)_i)));
    lg_canvas_fill(canvas, &ellipse, &white);
    /* Its 64 sides lie up to 0.17 % of the radius inside: 0.34 % of the area. */
    ck_assert_double_eq_tol(ink(0), 3.14159265 * 66.0, 0.0034 * 3.14159265 * 66.0);
}
END_TEST

START_TEST(coverage_is_right_pixel_by_pixel)
{
    const lg_outline half = box(-3.0f, -2.5f, 0.25f, 1.5f); /* the middle pixel is (26, 18) */
    lg_canvas_place(canvas, lg_affine_scale(2.0f / WIDTH, 2.0f / HEIGHT));
    lg_canvas_fill(canvas, &half, &white);
    const float *row = canvas->colour + (size_t)3 * 18 * WIDTH;
    ck_assert_float_eq_tol(row[3 * 22], 0.0f, 1e-6f);
    ck_assert_float_eq_tol(row[3 * 23], 0.5f, 1e-5f); /* 23.5 .. 26.75 */
    ck_assert_float_eq_tol(row[3 * 24], 1.0f, 1e-5f);
    ck_assert_float_eq_tol(row[3 * 26], 0.75f, 1e-5f);
    ck_assert_float_eq_tol(row[3 * 27], 0.0f, 1e-5f);
}
END_TEST

START_TEST(a_stroke_is_as_long_and_wide_as_it_says)
{
    const lg_outline line = {.count = 2, .point = {{-12.0f, -4.0f}, {12.0f, 5.0f}}};
    lg_canvas_stroke(canvas, &line, 6.0f, 6.0f, &white);
    const double length = sqrt(24.0 * 24.0 + 9.0 * 9.0);
    ck_assert_double_eq_tol(ink(2), length * 6.0 + 3.14159265 * 9.0, 2.0);
}
END_TEST

START_TEST(what_lies_outside_harms_nothing)
{
    static const float far[] = {-1e6f, -200.0f, 200.0f, 1e6f};
    const lg_outline shape = box(far[_i], far[_i], far[_i] + 20.0f, far[_i] + 20.0f);
    lg_canvas_fill(canvas, &shape, &white);
    lg_canvas_stroke(canvas, &shape, 3.0f, 1.0f, &white);
    lg_canvas_glow(canvas, shape.point[0], (lg_point){9.0f, 9.0f}, white.a, 1.0f);
    ck_assert_double_eq(ink(0), 0.0);

    const lg_outline everything = box(-1e5f, -1e5f, 1e5f, 1e5f);
    lg_canvas_fill(canvas, &everything, &white);
    ck_assert_double_eq_tol(ink(0), PIXELS, 1e-3);
}
END_TEST

START_TEST(a_clip_keeps_paint_inside)
{
    const lg_outline inside = box(-5.0f, -4.5f, 5.0f, 4.5f),
                     all = box(-99.0f, -99.0f, 99.0f, 99.0f);
    lg_canvas_clip(canvas, &inside);
    lg_canvas_fill(canvas, &all, &white);
    ck_assert_double_eq_tol(ink(0), 90.0, 1e-3);
    lg_canvas_unclip(canvas);
    lg_canvas_fill(canvas, &all, &white);
    ck_assert_double_eq_tol(ink(0), PIXELS, 1e-3);
}
END_TEST

START_TEST(a_gradient_runs_from_one_colour_to_the_other)
{
    const lg_outline all = box(-99.0f, -99.0f, 99.0f, 99.0f);
    const lg_paint paint = {.kind = LG_PAINT_LINEAR,
                            .a = {1.0f, 0.0f, 0.5f},
                            .b = {0.0f, 1.0f, 0.5f},
                            .from = {-20.0f, 0.0f},
                            .to = {20.0f, 0.0f},
                            .opacity = 1.0f};
    lg_canvas_fill(canvas, &all, &paint);
    const float *row = canvas->colour + (size_t)3 * 20 * WIDTH;
    ck_assert_float_eq_tol(row[0], 1.0f, 1e-6f);
    ck_assert_float_eq_tol(row[3 * 26], 0.5f, 1e-5f); /* the middle */
    ck_assert_float_eq_tol(row[3 * 52 + 1], 1.0f, 1e-6f);
    for (int x = 1; x < WIDTH; x++) ck_assert(row[3 * x] <= row[3 * x - 3]);
    for (int x = 0; x < WIDTH; x++) ck_assert_float_eq_tol(row[3 * x + 2], 0.5f, 1e-6f);
}
END_TEST

START_TEST(a_blur_moves_light_and_makes_none)
{
    const lg_outline shape = box(-5.0f, -4.0f, 6.0f, 3.0f);
    lg_canvas_fill(canvas, &shape, &white);
    const double before = ink(0);
    const float peak = canvas->colour[3 * (18 * WIDTH + 22)];
    lg_canvas_blur(canvas, 0.25f);
    ck_assert_double_eq_tol(ink(0), before, 1e-3);
    ck_assert(canvas->colour[3 * (18 * WIDTH + 22)] < peak);
}
END_TEST

START_TEST(noise_has_no_mean_and_the_deviation_asked_for)
{
    lg_chance chance = lg_chance_of(5, 9, 1234, 7);
    lg_canvas_noise(canvas, 0.1f, &chance);
    double sum = 0.0, square = 0.0;
    for (int i = 0; i < 3 * PIXELS; i++) {
        const double value = (double)canvas->colour[i];
        sum += value;
        square += value * value;
    }
    const double n = 3.0 * PIXELS; /* 5883 values: five standard errors */
    ck_assert_double_eq_tol(sum / n, 0.0, 5.0 * 0.1 / sqrt(n));
    ck_assert_double_eq_tol(sqrt(square / n), 0.1, 5.0 * 0.1 / sqrt(2.0 * n));
}
END_TEST

START_TEST(bytes_are_rounded_and_cut)
{
    static const float in[] = {-1.0f,           0.0f, 0.4f / 255.0f, 0.6f / 255.0f, 0.5f,
                               254.6f / 255.0f, 1.0f, 9.0f};
    static const uint8_t want[] = {0, 0, 0, 1, 128, 255, 255, 255};
    uint8_t out[3 * PIXELS + 16];
    memset(out, 0xA5, sizeof out);
    for (int i = 0; i < 8; i++) canvas->colour[i] = in[i];
    lg_canvas_bytes(canvas, 3, out);
    ck_assert_mem_eq(out, want, 8);
    for (int i = 0; i < 16; i++) ck_assert_uint_eq(out[3 * PIXELS + i], 0xA5);

    memset(out, 0xA5, sizeof out);
    lg_canvas_bytes(canvas, 1, out);
    ck_assert_uint_eq(out[1], 128); /* (0.6 + 127.5 + 254.6) / 3 = 127.6 */
    for (int i = 0; i < 16; i++) ck_assert_uint_eq(out[PIXELS + i], 0xA5);
}
END_TEST

START_TEST(transforms_turn_compose_and_come_back)
{
    const float angle = 0.37f * (float)(_i - 12);
    const lg_affine turn = lg_affine_turn(angle);
    ck_assert_float_eq_tol(turn.xx, cosf(angle), 2e-7f);
    ck_assert_float_eq_tol(turn.yx, sinf(angle), 2e-7f);

    const lg_affine scale = lg_affine_after(lg_affine_slant(0.3f), lg_affine_scale(-2.0f, 0.5f));
    const lg_affine all =
        lg_affine_after(lg_affine_move(3.0f, -1.0f), lg_affine_after(turn, scale));
    const lg_point p = {0.7f, -0.2f};
    const lg_point back = lg_affine_apply(lg_affine_inverse(all), lg_affine_apply(all, p));
    ck_assert_float_eq_tol(back.x, p.x, 1e-5f);
    ck_assert_float_eq_tol(back.y, p.y, 1e-5f);
    ck_assert_float_eq_tol(lg_affine_growth(all), 1.0f, 1e-5f);
}
END_TEST

START_TEST(a_spline_goes_through_its_points)
{
    static const lg_point point[] = {{0.0f, -1.0f}, {0.7f, 0.1f}, {0.3f, 0.8f}, {0.0f, 1.0f}};
    const lg_outline open = lg_outline_smooth(point, 4, 5, false);
    ck_assert_int_eq(open.count, 16);
    for (int i = 0; i < 4; i++) ck_assert_mem_eq(&open.point[5 * i], &point[i], sizeof point[i]);

    const lg_outline both = lg_outline_mirrored(point, 4, 5);
    ck_assert_int_eq(both.count, 30);
    for (int i = 1; i < both.count; i++) {
        ck_assert_float_eq_tol(both.point[i].x, -both.point[30 - i].x, 1e-6f);
        ck_assert_float_eq_tol(both.point[i].y, both.point[30 - i].y, 1e-6f);
    }
}
END_TEST

START_TEST(chance_depends_on_every_part_of_its_name)
{
    lg_chance first = lg_chance_of(1, 2, 3, 4), again = lg_chance_of(1, 2, 3, 4);
    lg_chance other[] = {lg_chance_of(2, 2, 3, 4), lg_chance_of(1, 3, 3, 4),
                         lg_chance_of(1, 2, 4, 4), lg_chance_of(1, 2, 3, 5)};
    const uint32_t word = lg_chance_word(&first);
    ck_assert_uint_eq(lg_chance_word(&again), word);
    for (int i = 0; i < 4; i++) ck_assert_uint_ne(lg_chance_word(&other[i]), word);
    for (int i = 0; i < 1000; i++) {
        const float range = lg_chance_range(&first, -2.0f, 3.0f), bell = lg_chance_bell(&first);
        const int below = lg_chance_below(&first, 7);
        ck_assert(range >= -2.0f && range < 3.0f && bell > -1.0f && bell < 1.0f);
        ck_assert(below >= 0 && below < 7);
    }
}
END_TEST

Suite *lg_suite_canvas(void);
Suite *lg_suite_canvas(void)
{
    Suite *suite = suite_create("canvas");
    TCase *tcase = tcase_create("canvas");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_filled_shape_covers_its_area, 0, 2);
    tcase_add_loop_test(tcase, an_ellipse_covers_its_area_wherever_it_is_turned, 0, 8);
    tcase_add_test(tcase, coverage_is_right_pixel_by_pixel);
    tcase_add_test(tcase, a_stroke_is_as_long_and_wide_as_it_says);
    tcase_add_loop_test(tcase, what_lies_outside_harms_nothing, 0, 4);
    tcase_add_test(tcase, a_clip_keeps_paint_inside);
    tcase_add_test(tcase, a_gradient_runs_from_one_colour_to_the_other);
    tcase_add_test(tcase, a_blur_moves_light_and_makes_none);
    tcase_add_test(tcase, noise_has_no_mean_and_the_deviation_asked_for);
    tcase_add_test(tcase, bytes_are_rounded_and_cut);
    tcase_add_loop_test(tcase, transforms_turn_compose_and_come_back, 0, 25);
    tcase_add_test(tcase, a_spline_goes_through_its_points);
    tcase_add_test(tcase, chance_depends_on_every_part_of_its_name);
    suite_add_tcase(suite, tcase);
    return suite;
}
