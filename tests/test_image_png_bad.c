/* test_image_png_bad.c -- PNG: nothing that is broken reads (rows IM6 to IM11). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/image_make.h"

Suite *lg_suite_image_png_bad(void);

static const image_png_shape small = {7, 5, 8, IMAGE_RGB, 0};

START_TEST(no_beginning_of_a_png_is_one)
{
    image_bytes file = {0};
    image_png_make(&file, small);
    for (size_t size = 0; size < file.size; size++) {
        /* behind IHDR and behind IDAT the chunks are whole: IEND is missing (IM7) */
        const int between = size == 8 + 25 || size == file.size - 12;
        uint8_t *copy = malloc(size ? size : 1); /* exact, so that ASan sees a step too far */
        memcpy(copy, file.data, size);
        image_expect(copy, size, between ? "FORMAT" : "TRUNC");
        free(copy);
    }
    image_clear(&file);
}
END_TEST

START_TEST(no_single_bit_can_change)
{
    const image_png_shape shape = {5, 4, 4, IMAGE_PALETTE, 0};
    image_bytes file = {0};
    lg_image_info info;
    uint8_t *pixels;
    image_png_make(&file, shape);
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_msg(!image_decode_whole(file.data, file.size, &info, &pixels),
                      "bit %zu of byte %zu", bit % 8, bit / 8);
        file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    image_clear(&file);
}
END_TEST

START_TEST(im6_idat_longer_than_the_file)
{
    static const uint32_t lengths[] = {0x7fffffff, 0xffffffff, 0x80000000, 24 << 10};
    image_bytes file = {0};
    image_png_begin(&file, small);
    image_put_be32(&file, lengths[_i]);
    image_put(&file, "IDAT", 4);
    image_fill(&file, 'x', 24 << 10);
    image_expect_made(&file, "TRUNC");
}
END_TEST

START_TEST(im7_checksums)
{
    static const char *const types[] = {"IHDR", "PLTE", "IDAT", "IEND"};
    const image_png_shape shape = {5, 4, 4, IMAGE_PALETTE, 0};
    image_bytes file = {0};
    image_png_make(&file, shape);
    for (size_t at = 8; at + 12 <= file.size;) {
        const size_t length = (size_t)file.data[at + 2] << 8 | file.data[at + 3];
        if (!memcmp(file.data + at + 4, types[_i], 4)) file.data[at + 8 + length] ^= 0x40;
        at += length + 12;
    }
    image_expect_made(&file, "CORRUPT");
}
END_TEST

START_TEST(im7_chunks_out_of_place)
{
    image_bytes file = {0};
    image_png_begin(&file, small); /* no end */
    image_png_data(&file, small);
    image_expect_made(&file, "FORMAT");
    image_png_begin(&file, small); /* two headers */
    image_png_header(&file, small);
    image_png_data(&file, small);
    image_png_end(&file);
    image_expect_made(&file, "FORMAT");
    image_png_begin(&file, small); /* data in two places */
    image_png_data(&file, small);
    image_png_chunk(&file, "tIME", "1234567", 7);
    image_png_data(&file, small);
    image_png_end(&file);
    image_expect_made(&file, "FORMAT");
    image_png_begin(&file, small); /* no data */
    image_png_end(&file);
    image_expect_made(&file, "FORMAT");
}
END_TEST

START_TEST(im7_palettes)
{
    static const struct {
        int before, colours, twice; /* tRNS before the palette; its colours; a second one */
        const char *class_name;
    } cases[] = {{0, 256, 0, NULL},   {0, 257, 0, "FORMAT"}, {1, 256, 0, "FORMAT"},
                 {0, 0, 0, "FORMAT"}, {0, 256, 1, "FORMAT"}, {0, 1, 0, NULL}};
    const image_png_shape indexed = {7, 5, 8, IMAGE_PALETTE, 0};
    image_bytes file = {0};
    image_png_begin(&file, indexed);
    if (cases[_i].before) image_png_chunk(&file, "tRNS", "\1", 1);
    if (cases[_i].colours) image_png_palette(&file, cases[_i].colours);
    if (cases[_i].twice) image_png_palette(&file, cases[_i].colours);
    if (!cases[_i].before) image_png_chunk(&file, "tRNS", "\1", 1);
    image_png_data(&file, indexed);
    image_png_end(&file);
    image_expect_made(&file, cases[_i].class_name);
}
END_TEST

START_TEST(what_is_critical_and_unknown)
{
    image_bytes file = {0};
    image_png_begin(&file, small);
    image_png_chunk(&file, "ABCD", "", 0);
    image_png_data(&file, small);
    image_png_end(&file);
    image_expect_made(&file, "UNSUP");
    image_put(&file, "\211PNG\r\n\032\n", 8); /* what iPhone apps hold */
    image_png_chunk(&file, "CgBI", "\x50\0\x20\6", 4);
    image_png_header(&file, small);
    image_expect_made(&file, "UNSUP");
}
END_TEST

/* A file whose rows are these, whatever the header says. */
static void put_file(image_bytes *file, image_png_shape shape, const image_bytes *rows)
{
    image_bytes data = {0};
    image_deflate(&data, rows);
    image_png_begin(file, shape);
    image_png_chunk(file, "IDAT", data.data, data.size);
    image_png_end(file);
    image_clear(&data);
}

START_TEST(im8_a_bomb_stops_at_twice_its_size)
{
    const image_png_shape shape = {64, 64, 8, IMAGE_RGB, 0};
    const size_t due = (64 * 3 + 1) * 64;
    const size_t lengths[] = {due, 2 * due, 2 * due + 4097, (size_t)200 << 20};
    image_bytes rows = {.size = lengths[_i], .room = lengths[_i]}, file = {0};
    rows.data = calloc(1, rows.size);
    ck_assert_ptr_nonnull(rows.data);
    put_file(&file, shape, &rows);
    image_clear(&rows);
    image_expect_made(&file, _i < 2 ? NULL : "LIMIT");
}
END_TEST

START_TEST(rows_that_do_not_fit)
{
    image_bytes rows = {0}, file = {0};
    image_png_rows(&rows, small);
    rows.size--;
    put_file(&file, small, &rows);
    image_expect_made(&file, "TRUNC");
    rows.size++;
    rows.data[0] = 5; /* no such filter */
    put_file(&file, small, &rows);
    image_expect_made(&file, "CORRUPT");
    image_clear(&rows);
}
END_TEST

/* The CRC of the chunk is right, what is in it is not. */
START_TEST(a_broken_zlib_stream)
{
    image_bytes rows = {0}, data = {0}, file = {0};
    image_png_rows(&rows, small);
    image_deflate(&data, &rows);
    static const struct {
        int from_end, cut;
        const char *class_name;
    } cases[] = {{1, 0, "CORRUPT"}, {0, 4, "TRUNC"}, {0, 1, "TRUNC"}, {0, 20, "TRUNC"}};
    if (cases[_i].from_end) data.data[data.size - 1] ^= 1; /* Adler-32 */
    data.size -= (size_t)cases[_i].cut;
    image_png_begin(&file, small);
    image_png_chunk(&file, "IDAT", data.data, data.size);
    image_png_end(&file);
    image_expect_made(&file, cases[_i].class_name);
    image_png_begin(&file, small);
    data.data[2] = 0x07; /* block type 3 */
    image_png_chunk(&file, "IDAT", data.data, data.size);
    image_png_end(&file);
    image_expect_made(&file, "CORRUPT");
    image_clear(&rows);
    image_clear(&data);
}
END_TEST

START_TEST(im9_sizes)
{
    static const struct {
        int width, height;
        const char *class_name;
    } cases[] = {{0, 5, "RANGE"},         {5, 0, "RANGE"},        {1, 16385, "LIMIT"},
                 {16385, 1, "LIMIT"},     {16384, 2049, "LIMIT"}, {-1, 5, "LIMIT"},
                 {0x7fffffff, 1, "LIMIT"}};
    image_bytes file = {0};
    const image_png_shape shape = {cases[_i].width, cases[_i].height, 8, IMAGE_RGB, 0};
    image_png_begin(&file, shape);
    image_png_data(&file, small);
    image_png_end(&file);
    image_expect_made(&file, cases[_i].class_name);
}
END_TEST

/* The kinds of damage in PngSuite's fourteen x*.png. */
START_TEST(im11_headers)
{
    static const struct {
        int depth, colour;
    } pairs[] = {{8, 1}, {8, 9}, {0, 2}, {3, 2}, {99, 2}, {4, 2}, {16, 3}, {4, 6}, {1, 4}};
    image_bytes file = {0};
    const image_png_shape shape = {7, 5, pairs[_i].depth, pairs[_i].colour, 0};
    image_png_begin(&file, shape);
    image_png_data(&file, small);
    image_png_end(&file);
    image_expect_made(&file, "FORMAT");
}
END_TEST

START_TEST(im11_signatures)
{
    static const char *const damaged[] = {
        "\011PNG\r\n\032\n", "\211png\r\n\032\n",     "\211PNG\n\n\032\n",
        "\211PNG\r\r\032\n", "\211PNG\r\r\n\032\r\n", "\211PNG\n\032\n",
        "\211QNG\r\n\032\n", "\211PNg\r\n\032\n",     "\211PNG\r\n \n"};
    image_bytes good = {0}, file = {0};
    image_png_make(&good, small);
    image_put(&file, damaged[_i], strlen(damaged[_i]));
    image_put(&file, good.data + 8, good.size - 8);
    image_clear(&good);
    image_expect_made(&file, "CORRUPT");
}
END_TEST

Suite *lg_suite_image_png_bad(void)
{
    Suite *suite = suite_create("image_png_bad");
    TCase *tests = tcase_create("broken");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, no_beginning_of_a_png_is_one);
    tcase_add_test(tests, no_single_bit_can_change);
    tcase_add_loop_test(tests, im6_idat_longer_than_the_file, 0, 4);
    tcase_add_loop_test(tests, im7_checksums, 0, 4);
    tcase_add_test(tests, im7_chunks_out_of_place);
    tcase_add_loop_test(tests, im7_palettes, 0, 6);
    tcase_add_test(tests, what_is_critical_and_unknown);
    tcase_add_loop_test(tests, im8_a_bomb_stops_at_twice_its_size, 0, 4);
    tcase_add_test(tests, rows_that_do_not_fit);
    tcase_add_loop_test(tests, a_broken_zlib_stream, 0, 4);
    tcase_add_loop_test(tests, im9_sizes, 0, 7);
    tcase_add_loop_test(tests, im11_headers, 0, 9);
    tcase_add_loop_test(tests, im11_signatures, 0, 9);
    suite_add_tcase(suite, tests);
    return suite;
}
