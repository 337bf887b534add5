/* test_image_png.c -- PNG: every kind that there is reads exactly. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/image_make.h"

Suite *lg_suite_image_png(void);

/* Section 11.2.1: the legal pairs of colour type and depth. */
static const struct {
    int colour, depth;
} kinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
             {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

/* One pixel, less than a byte, passes without pixels, several bytes, more rows than filters. */
static const int sizes[][2] = {{1, 1}, {5, 1}, {1, 5}, {3, 5}, {8, 8}, {17, 9}, {33, 12}};
#define SIZES ((int)(sizeof sizes / sizeof sizes[0]))

static const image_png_shape small = {7, 5, 8, IMAGE_RGB, 0};

/* ------------------------------------------------------------------------------ whole files --- */

START_TEST(every_kind_reads_exactly)
{
    for (int s = 0; s < SIZES; s++)
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            const image_png_shape shape = {sizes[s][0], sizes[s][1], kinds[_i].depth,
                                           kinds[_i].colour, interlaced};
            image_bytes file = {0};
            lg_image_info info;
            uint8_t *pixels;
            image_png_make(&file, shape);
            ck_assert(image_decode_whole(file.data, file.size, &info, &pixels));
            ck_assert_int_eq(info.width, shape.width);
            ck_assert_int_eq(info.height, shape.height);
            ck_assert_int_eq(info.channels, shape.colour % 4 ? 3 : 1 + 2 * (shape.colour == 6));
            const uint8_t *p = pixels;
            for (int y = 0; y < shape.height; y++)
                for (int x = 0; x < shape.width; x++)
                    for (int c = 0; c < info.channels; c++, p++)
                        ck_assert_msg(*p == image_png_want(shape, x, y, c),
                                      "%d x %d, interlaced %d, at %d, %d, %d: got %d, want %d",
                                      shape.width, shape.height, interlaced, x, y, c, *p,
                                      image_png_want(shape, x, y, c));
            free(pixels);
            image_clear(&file);
        }
}
END_TEST

START_TEST(a_grey_png_has_three_equal_channels)
{
    const image_png_shape shape = {16, 12, 8, IMAGE_GREY, 0};
    image_bytes file = {0};
    lg_decoder *decoder;
    uint8_t out[16 * 12 * 3];
    image_png_make(&file, shape);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, file.data, file.size, "x",
                                     (lg_image_target){12, 16, 3}, out, NULL),
                     LOGIT_OK);
    for (int i = 0; i < 16 * 12 * 3; i++)
        ck_assert_int_eq(out[i], image_png_want(shape, i / 3 % 16, i / 48, 0));
    lg_decoder_destroy(decoder);
    image_clear(&file);
}
END_TEST

START_TEST(a_coloured_png_turns_to_luma)
{
    const image_png_shape shape = {16, 12, 8, IMAGE_RGBA, 1};
    image_bytes file = {0};
    lg_decoder *decoder;
    uint8_t out[16 * 12];
    image_png_make(&file, shape);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, file.data, file.size, "x",
                                     (lg_image_target){12, 16, 1}, out, NULL),
                     LOGIT_OK);
    for (int i = 0; i < 16 * 12; i++) {
        const int x = i % 16, y = i / 16;
        const int r = image_png_want(shape, x, y, 0), g = image_png_want(shape, x, y, 1);
        ck_assert_int_eq(out[i], (77 * r + 150 * g + 29 * image_png_want(shape, x, y, 2)) / 256);
    }
    lg_decoder_destroy(decoder);
    image_clear(&file);
}
END_TEST

START_TEST(what_is_optional_is_left_aside)
{
    image_bytes file = {0};
    image_png_begin(&file, small);
    image_png_chunk(&file, "gAMA", "\0\0\xb1\x8f", 4);
    image_png_palette(&file, 200); /* a suggestion in a colour image */
    image_png_chunk(&file, "tRNS", "\0\1\0\2\0\3", 6);
    image_png_chunk(&file, "acTL", "\0\0\0\1\0\0\0\0", 8);
    image_png_data(&file, small);
    image_png_chunk(&file, "tEXt", "a\0b", 3);
    image_png_end(&file);
    image_put(&file, "left over", 9);
    image_expect_made(&file, NULL);
}
END_TEST

START_TEST(idat_may_come_in_bytes)
{
    image_bytes rows = {0}, data = {0}, file = {0};
    image_png_rows(&rows, small);
    image_deflate(&data, &rows);
    image_png_begin(&file, small);
    for (size_t i = 0; i < data.size; i++) {
        image_png_chunk(&file, "IDAT", data.data + i, 1);
        image_png_chunk(&file, "IDAT", NULL, 0);
    }
    image_png_end(&file);
    image_clear(&rows);
    image_clear(&data);
    image_expect_made(&file, NULL);
}
END_TEST

/* stb would read what lies behind its palette. */
START_TEST(a_colour_outside_the_palette_is_black)
{
    const image_png_shape shape = {17, 9, 4, IMAGE_PALETTE, 0};
    image_bytes file = {0};
    lg_image_info info;
    uint8_t *pixels;
    int outside = 0;
    image_png_begin(&file, shape);
    image_png_palette(&file, 3);
    image_png_data(&file, shape);
    image_png_end(&file);
    ck_assert(image_decode_whole(file.data, file.size, &info, &pixels));
    for (int i = 0; i < 17 * 9; i++) {
        const image_png_shape as_grey = {17, 9, 4, IMAGE_GREY, 0};
        const int index = image_png_want(as_grey, i % 17, i / 17, 0) / 17;
        outside += index >= 3;
        for (int c = 0; c < 3; c++)
            ck_assert_int_eq(pixels[3 * i + c],
                             index < 3 ? image_png_want(shape, i % 17, i / 17, c) : 0);
    }
    ck_assert_int_gt(outside, 0);
    free(pixels);
    image_clear(&file);
}
END_TEST

Suite *lg_suite_image_png(void)
{
    Suite *suite = suite_create("image_png");
    TCase *tests = tcase_create("whole");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_kind_reads_exactly, 0, KINDS);
    tcase_add_test(tests, a_grey_png_has_three_equal_channels);
    tcase_add_test(tests, a_coloured_png_turns_to_luma);
    tcase_add_test(tests, what_is_optional_is_left_aside);
    tcase_add_test(tests, idat_may_come_in_bytes);
    tcase_add_test(tests, a_colour_outside_the_palette_is_black);
    suite_add_tcase(suite, tests);
    return suite;
}
