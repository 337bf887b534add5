/* test_image_jpeg.c -- JPEG: whole files read as stb reads them, random damage does no harm. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/image_make.h"

Suite *lg_suite_image_jpeg(void);

static const struct {
    const uint8_t *bytes;
    size_t size;
} files[] = {{image_jpeg_colour, sizeof image_jpeg_colour},
             {image_jpeg_progressive, sizeof image_jpeg_progressive},
             {image_jpeg_restart, sizeof image_jpeg_restart}};
#define FILES ((int)(sizeof files / sizeof files[0]))

/* ------------------------------------------------------------------------------ whole files --- */

START_TEST(pixels_are_those_of_stb)
{
    for (int channels = 1; channels <= 3; channels += 2) {
        lg_decoder *decoder;
        uint8_t out[24 * 16 * 3];
        int width, height;
        uint8_t *want =
            image_stock_decode(files[_i].bytes, files[_i].size, channels, &width, &height);
        ck_assert_ptr_nonnull(want);
        ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
        const lg_image_target target = {height, width, channels};
        ck_assert_int_eq(
            lg_image_decode(decoder, files[_i].bytes, files[_i].size, "x", target, out, NULL),
            LOGIT_OK);
        ck_assert_mem_eq(out, want, (size_t)(width * height * channels));
        lg_decoder_destroy(decoder);
        free(want);
    }
}
END_TEST

START_TEST(middle_grey_is_128)
{
    static const int sizes[][2] = {{1, 1}, {8, 8}, {9, 1}, {1, 9}, {33, 17}, {256, 3}};
    image_bytes file = {0};
    lg_image_info info;
    uint8_t *pixels;
    image_jpeg_grey(&file, sizes[_i][0], sizes[_i][1]);
    ck_assert(image_decode_whole(file.data, file.size, &info, &pixels));
    ck_assert_int_eq(info.width, sizes[_i][0]);
    ck_assert_int_eq(info.height, sizes[_i][1]);
    ck_assert_int_eq(info.channels, 1);
    for (int i = 0; i < info.width * info.height; i++) ck_assert_int_eq(pixels[i], 128);
    free(pixels);
    image_clear(&file);
}
END_TEST

/* Comments and cameras: anything between the segments, and after the end. */
START_TEST(what_is_not_the_picture_is_left_aside)
{
    image_bytes file = {0};
    uint8_t *rubbish = calloc(1, 65000);
    memcpy(rubbish, image_jpeg_colour, sizeof image_jpeg_colour); /* a thumbnail */
    image_put_be16(&file, 0xffd8);
    image_jpeg_segment(&file, 0xe1, rubbish, 65000);
    image_fill(&file, 0, 3); /* a camera's padding */
    image_jpeg_segment(&file, 0xfe, rubbish, 300);
    image_fill(&file, 0xff, 5); /* fill bytes before a marker */
    image_put(&file, image_jpeg_colour + 2, sizeof image_jpeg_colour - 2);
    image_put(&file, rubbish, 1000);
    free(rubbish);
    image_expect_made(&file, NULL);
}
END_TEST

/* ------------------------------------------------------------------------- damage at random --- */

/* No checksum: a changed bit may give another picture, but never more than that. */
START_TEST(flipped_bits_do_no_harm)
{
    lg_decoder *decoder;
    logit_error err;
    uint8_t copy[600], out[16 * 12 * 3];
    int read = 0, refused = 0;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t stream = lg_stream_id(LG_STREAM_TEST, (uint32_t)_i);
        memcpy(copy, files[_i].bytes, files[_i].size);
        const int flips = 1 + (int)(i % 8);
        for (int k = 0; k < flips; k++) {
            const uint64_t bit =
                lg_random_below(1, stream, 8 * i + (uint64_t)k, 8 * (uint64_t)files[_i].size);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        const lg_image_target target = {12, 16, 3};
        const logit_status status =
            lg_image_decode(decoder, copy, files[_i].size, "x.jpg", target, out, &err);
        read += status == LOGIT_OK;
        refused += status == LOGIT_E_DATA;
        ck_assert(status == LOGIT_OK || (status == LOGIT_E_DATA && strrchr(err.message, '[')));
    }
    ck_assert_int_eq(read + refused, 20000);
    ck_assert_int_gt(read, 100);
    ck_assert_int_gt(refused, 1000);
    lg_decoder_destroy(decoder);
}
END_TEST

/* The bits of a pattern of '0' and '1', over and over, `count` in all, as scan data. */
static void put_bits(image_bytes *file, const char *pattern, size_t count)
{
    const size_t length = strlen(pattern);
    for (size_t at = 0; at < count; at += 8) {
        int byte = 0;
        for (size_t bit = at; bit < at + 8; bit++)
            byte = byte << 1 | (bit < count && pattern[bit % length] == '1');
        image_put_byte(file, byte);
        if (byte == 0xff) image_put_byte(file, 0);
    }
}

/* Two JPEGs that make stb do what C leaves undefined, found by hand: a sum of DC differences
 * beyond 32 bits, and an empty bit buffer shifted by more than its width.  See stb_image.c. */
START_TEST(what_c_leaves_undefined)
{
    image_bytes file = {0};
    uint8_t quant[129];
    memset(quant, 0xff, sizeof quant);
    quant[0] = 0x10;                                    /* table 0, 16 bits */
    const uint8_t dc[18] = {0x00, 1, [17] = 15};        /* code 0: a difference of 15 bits */
    const uint8_t ac[18] = {0x10, [16] = 1, [17] = 15}; /* 16 zeros: a coefficient of 15 bits */
    const uint8_t end[18] = {0x10, 1};
    image_put_be16(&file, 0xffd8);
    image_jpeg_segment(&file, 0xdb, quant, sizeof quant);
    image_jpeg_segment(&file, 0xc4, dc, sizeof dc);
    image_jpeg_segment(&file, 0xc4, _i ? ac : end, 18);
    image_jpeg_frame(&file, 0xc1, 64, 8, 1);
    image_jpeg_scan(&file, 1, 0, 63, 0, 0);
    if (_i == 0) /* 8 blocks, each 32767 above the one before */
        put_bits(&file, "01111111111111110", 8 * 17);
    else /* a code of 16 bits that ends with the data, and 15 bits more are asked for */
        put_bits(&file, "00101010101010100000000000000000", 32);
    image_put_be16(&file, 0xffd9);
    lg_image_info info;
    uint8_t *first, *second;
    const int read = image_decode_whole(file.data, file.size, &info, &first);
    ck_assert_int_eq(image_decode_whole(file.data, file.size, &info, &second), read);
    if (read) ck_assert_mem_eq(first, second, 64 * 8);
    free(first);
    free(second);
    image_clear(&file);
}
END_TEST

Suite *lg_suite_image_jpeg(void)
{
    Suite *suite = suite_create("image_jpeg");
    TCase *tests = tcase_create("jpeg");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, pixels_are_those_of_stb, 0, FILES);
    tcase_add_loop_test(tests, middle_grey_is_128, 0, 6);
    tcase_add_test(tests, what_is_not_the_picture_is_left_aside);
    tcase_add_loop_test(tests, flipped_bits_do_no_harm, 0, FILES);
    tcase_add_loop_test(tests, what_c_leaves_undefined, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
