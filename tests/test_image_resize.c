/* test_image_resize.c -- the resize rule: exact where it can be, else within half a level.
 *
 * Pictures go in as PNM, which needs no decoder. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/image_make.h"

Suite *lg_suite_image_resize(void);

/* `pixels` [h][w][channels] through a PNM file to the target. */
static void resize(const uint8_t *pixels, int height, int width, lg_image_target target,
                   uint8_t *out)
{
    image_bytes file = {0};
    lg_decoder *decoder;
    logit_error err;
    char header[64];
    const int n = snprintf(header, sizeof header, "P%d\n%d %d\n255\n", target.channels == 1 ? 5 : 6,
                           width, height);
    image_put(&file, header, (size_t)n);
    image_put(&file, pixels, (size_t)height * (size_t)width * (size_t)target.channels);
    ck_assert_int_eq(lg_decoder_create(&decoder, &err), LOGIT_OK);
    ck_assert_msg(lg_image_decode(decoder, file.data, file.size, "x", target, out, &err) ==
                      LOGIT_OK,
                  "%s", err.message);
    lg_decoder_destroy(decoder);
    image_clear(&file);
}

static uint8_t *noise(int height, int width, int channels)
{
    const size_t n = (size_t)height * (size_t)width * (size_t)channels;
    uint8_t *pixels = malloc(n);
    ck_assert_ptr_nonnull(pixels);
    for (size_t i = 0; i < n; i++)
        pixels[i] = (uint8_t)lg_random_below(2, lg_stream_id(LG_STREAM_TEST, 7), i, 256);
    return pixels;
}

/* The definition in long double: target pixel (x, y) of one channel. */
static long double tent(long double d, long double r)
{
    return fabsl(d) < r ? 1 - fabsl(d) / r : 0;
}

static long double definition(const uint8_t *pixels, int height, int width, lg_image_target target,
                              int x, int y, int c)
{
    const long double sx = (long double)target.width / width;
    const long double sy = (long double)target.height / height;
    const long double s = sx > sy ? sx : sy, r = s < 1 ? 1 / s : 1;
    const long double cx = width / 2.0L + (x + 0.5L - target.width / 2.0L) / s;
    const long double cy = height / 2.0L + (y + 0.5L - target.height / 2.0L) / s;
    long double sum = 0, total = 0;
    for (int j = (int)floorl(cy - r) - 1; j <= cy + r + 1; j++)
        for (int i = (int)floorl(cx - r) - 1; i <= cx + r + 1; i++) {
            const long double w = tent(j + 0.5L - cy, r) * tent(i + 0.5L - cx, r);
            const int jj = j < 0 ? 0 : j >= height ? height - 1 : j;
            const int ii = i < 0 ? 0 : i >= width ? width - 1 : i;
            sum += w * pixels[((size_t)jj * (size_t)width + (size_t)ii) * (size_t)target.channels +
                              (size_t)c];
            total += w;
        }
    return sum / total;
}

/* Shrinking mildly, much, by whole and broken factors; growing; tall, wide, one pixel. */
static const int cases[][5] = {
    /* from h, w; to h, w; channels */
    {20, 30, 10, 10, 3},     {20, 30, 19, 19, 3}, {30, 20, 7, 9, 1}, {9, 9, 8, 8, 1},
    {100, 37, 10, 10, 3},    {1, 1, 5, 5, 3},     {1, 9, 4, 4, 1},   {2, 3, 16, 12, 3},
    {5, 7, 6, 7, 3},         {64, 3, 3, 64, 1},   {40, 40, 1, 1, 3}, {31, 17, 30, 16, 3},
    {300, 200, 100, 100, 3}, {12, 17, 12, 16, 1}, {200, 2, 1, 1, 1}};
#define CASES ((int)(sizeof cases / sizeof cases[0]))

START_TEST(it_is_what_the_definition_says)
{
    const int h = cases[_i][0], w = cases[_i][1];
    const lg_image_target target = {cases[_i][2], cases[_i][3], cases[_i][4]};
    uint8_t *pixels = noise(h, w, target.channels);
    uint8_t *out = malloc((size_t)target.height * (size_t)target.width * 3);
    resize(pixels, h, w, target, out);
    for (int y = 0; y < target.height; y++)
        for (int x = 0; x < target.width; x++)
            for (int c = 0; c < target.channels; c++) {
                const int got = out[(y * target.width + x) * target.channels + c];
                const long double want = definition(pixels, h, w, target, x, y, c);
                /* float sums of n weights err by n 2^-24 of 255 at most: 0.01 for n = 600 */
                ck_assert_msg(fabsl(got - want) <= 0.51L, "%d, %d, %d: got %d, want %Lf", x, y, c,
                              got, want);
            }
    free(out);
    free(pixels);
}
END_TEST

START_TEST(it_agrees_with_stb_image_resize)
{
    const int h = cases[_i][0], w = cases[_i][1];
    const lg_image_target target = {cases[_i][2], cases[_i][3], cases[_i][4]};
    uint8_t *pixels = noise(h, w, target.channels);
    const size_t n = (size_t)(target.height * target.width * target.channels);
    uint8_t *out = malloc(n), *want = malloc(n);
    resize(pixels, h, w, target, out);
    image_stock_resize(pixels, h, w, target, want);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(abs(out[i] - want[i]) <= 1, "%zu: got %d, stb says %d", i, out[i], want[i]);
    free(out);
    free(want);
    free(pixels);
}
END_TEST

START_TEST(a_constant_stays_what_it_is)
{
    static const int values[] = {0, 1, 127, 128, 254, 255};
    for (int i = 0; i < CASES; i++) {
        const int h = cases[i][0], w = cases[i][1];
        const lg_image_target target = {cases[i][2], cases[i][3], cases[i][4]};
        uint8_t *pixels = noise(h, w, target.channels);
        memset(pixels, values[_i], (size_t)(h * w * target.channels));
        uint8_t *out = malloc((size_t)target.height * (size_t)target.width * 3);
        resize(pixels, h, w, target, out);
        for (int k = 0; k < target.height * target.width * target.channels; k++)
            ck_assert_int_eq(out[k], values[_i]);
        free(out);
        free(pixels);
    }
}
END_TEST

/* By half: weights 1 3 3 1 over 8, and beyond the border the last pixel again. */
START_TEST(a_ramp_by_half)
{
    uint8_t ramp[2 * 8], out[4];
    for (int i = 0; i < 16; i++) ramp[i] = (uint8_t)(16 * (i % 8));
    resize(ramp, 2, 8, (lg_image_target){1, 4, 1}, out);
    /* middle: the mean of the two pixels under it; ends: (16 a + .. clamped) */
    ck_assert_int_eq(out[0], (3 * 0 + 3 * 16 + 1 * 32 + 1 * 0) / 8);
    ck_assert_int_eq(out[1], 40);
    ck_assert_int_eq(out[2], 72);
    ck_assert_int_eq(out[3], (1 * 80 + 3 * 96 + 3 * 112 + 1 * 112) / 8);
}
END_TEST

START_TEST(twice_as_large_is_linear)
{
    const uint8_t two[2] = {0, 100};
    uint8_t out[8];
    resize(two, 1, 2, (lg_image_target){2, 4, 1}, out);
    static const uint8_t want[8] = {0, 25, 75, 100, 0, 25, 75, 100};
    ck_assert_mem_eq(out, want, 8);
}
END_TEST

START_TEST(the_crop_is_in_the_middle)
{
    const uint8_t wide[12] = {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};
    uint8_t out[4];
    resize(wide, 2, 6, (lg_image_target){2, 2, 1}, out);
    static const uint8_t want[4] = {3, 4, 13, 14};
    ck_assert_mem_eq(out, want, 4);
    resize(wide, 6, 2, (lg_image_target){2, 2, 1}, out); /* rows 2 and 3 */
    static const uint8_t tall[4] = {5, 6, 11, 12};
    ck_assert_mem_eq(out, tall, 4);
}
END_TEST

static void mirror(uint8_t *pixels, int height, int width)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width / 2; x++) {
            uint8_t *a = pixels + y * width + x, *b = pixels + y * width + width - 1 - x;
            const uint8_t t = *a;
            *a = *b;
            *b = t;
        }
}

/* Left and right are treated alike.  Sums run from left to right, so that a tie may round the
 * other way: at most one level. */
START_TEST(a_mirrored_picture_gives_the_mirrored_one)
{
    for (int i = 0; i < CASES; i++) {
        const int h = cases[i][0], w = cases[i][1];
        const lg_image_target target = {cases[i][2], cases[i][3], 1};
        uint8_t *pixels = noise(h, w, 1);
        const size_t n = (size_t)(target.height * target.width);
        uint8_t *one = malloc(n), *two = malloc(n);
        resize(pixels, h, w, target, one);
        mirror(pixels, h, w);
        resize(pixels, h, w, target, two);
        mirror(two, target.height, target.width);
        for (size_t k = 0; k < n; k++) ck_assert_int_le(abs(one[k] - two[k]), 1);
        free(one);
        free(two);
        free(pixels);
    }
}
END_TEST

/* Whether a column lies in the picture's middle or at the border of what the target sees, its
 * neighbours outside the crop count: nothing begins or ends there. */
START_TEST(the_crop_comes_after_the_filter)
{
    uint8_t *pixels = noise(20, 60, 1);
    uint8_t cropped[10 * 10], whole[10 * 30];
    resize(pixels, 20, 60, (lg_image_target){10, 10, 1}, cropped);
    resize(pixels, 20, 60, (lg_image_target){10, 30, 1}, whole);
    for (int y = 0; y < 10; y++) ck_assert_mem_eq(cropped + 10 * y, whole + 30 * y + 10, 10);
    free(pixels);
}
END_TEST

START_TEST(very_long_sides)
{
    static const int sizes[][2] = {{1, 16384}, {16384, 1}, {2, 16383}, {16384, 2048}};
    const int h = sizes[_i][0], w = sizes[_i][1];
    const lg_image_target target = {3, 5, 1};
    uint8_t *pixels = malloc((size_t)h * (size_t)w), out[15];
    ck_assert_ptr_nonnull(pixels);
    memset(pixels, 77, (size_t)h * (size_t)w);
    resize(pixels, h, w, target, out);
    for (int i = 0; i < 15; i++) ck_assert_int_eq(out[i], 77);
    free(pixels);
}
END_TEST

Suite *lg_suite_image_resize(void)
{
    Suite *suite = suite_create("image_resize");
    TCase *cases_ = tcase_create("resize");
    tcase_set_timeout(cases_, 60);
    tcase_add_loop_test(cases_, it_is_what_the_definition_says, 0, CASES);
    tcase_add_loop_test(cases_, it_agrees_with_stb_image_resize, 0, CASES);
    tcase_add_loop_test(cases_, a_constant_stays_what_it_is, 0, 6);
    tcase_add_test(cases_, a_ramp_by_half);
    tcase_add_test(cases_, twice_as_large_is_linear);
    tcase_add_test(cases_, the_crop_is_in_the_middle);
    tcase_add_test(cases_, a_mirrored_picture_gives_the_mirrored_one);
    tcase_add_test(cases_, the_crop_comes_after_the_filter);
    tcase_add_loop_test(cases_, very_long_sides, 0, 4);
    suite_add_tcase(suite, cases_);
    return suite;
}
