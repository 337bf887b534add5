/* test_image_jpeg_bad.c -- JPEG: nothing that is broken or strange reads (rows IM1 to IM5, IM9). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/image_make.h"

Suite *lg_suite_image_jpeg_bad(void);

static const struct {
    const uint8_t *bytes;
    size_t size;
} files[] = {{image_jpeg_colour, sizeof image_jpeg_colour},
             {image_jpeg_progressive, sizeof image_jpeg_progressive},
             {image_jpeg_restart, sizeof image_jpeg_restart}};
#define FILES ((int)(sizeof files / sizeof files[0]))

/* Where the i-th marker (0xff, m) of a file stands. */
static size_t find(const uint8_t *bytes, size_t size, int m, int i)
{
    for (size_t at = 0; at + 1 < size; at++)
        if (bytes[at] == 0xff && bytes[at + 1] == m && i-- == 0) return at;
    ck_abort_msg("no marker 0x%02x", m);
    return 0;
}

/* --------------------------------------------------------------------------- IM1: structure --- */

/* A grey 16 x 8 JPEG with one change. */
enum change {
    NOTHING,
    DHT_257,
    DHT_4080,
    DHT_ID_4,
    DHT_ID_15,
    DHT_CLASS_2,
    DHT_NO_CODE,
    DHT_SHORT,
    DQT_ID_4,
    DQT_WIDTH_2,
    DQT_SHORT,
    NO_DC,
    NO_AC,
    NO_DQT,
    TWO_FRAMES,
    FRAME_AFTER_SCAN,
    SCAN_FIRST,
    SCAN_TWICE,
    SCAN_ID,
    SCAN_TABLE,
    DRI_SHORT,
    RST_OUTSIDE,
    SOI_AGAIN,
    LENGTH_1,
    CHANGES
};

static void put_huffman(image_bytes *file, int id, int each, int symbols)
{
    uint8_t table[17 + 4080] = {(uint8_t)id};
    memset(table + 1, each, 16);
    if (each == 0) table[16] = 1, table[15] = 255, table[14] = 1; /* 257 codes */
    image_jpeg_segment(file, 0xc4, table, 17 + (size_t)symbols);
}

static void put_tables(image_bytes *file, enum change change)
{
    uint8_t quant[65] = {(uint8_t)(change == DQT_ID_4 ? 4 : change == DQT_WIDTH_2 ? 0x20 : 0)};
    const uint8_t dc[18] = {0x00, 1}, ac[18] = {0x10, 1};
    const uint8_t no_code[20] = {0x00, 3}; /* three codes of one bit */
    memset(quant + 1, 1, 64);
    if (change != NO_DQT) image_jpeg_segment(file, 0xdb, quant, change == DQT_SHORT ? 60 : 65);
    if (change != NO_DC) image_jpeg_segment(file, 0xc4, dc, sizeof dc);
    if (change != NO_AC) image_jpeg_segment(file, 0xc4, ac, sizeof ac);
    if (change == DHT_257) put_huffman(file, 0x00, 0, 257);
    if (change == DHT_4080) put_huffman(file, 0x10, 255, 4080);
    if (change == DHT_ID_4) put_huffman(file, 0x04, 1, 16);
    if (change == DHT_ID_15) put_huffman(file, 0x1f, 1, 16);
    if (change == DHT_CLASS_2) put_huffman(file, 0x20, 1, 16);
    if (change == DHT_NO_CODE) image_jpeg_segment(file, 0xc4, no_code, sizeof no_code);
    if (change == DHT_SHORT) put_huffman(file, 0x11, 2, 7);
    if (change == DRI_SHORT) image_jpeg_segment(file, 0xdd, "\0", 1);
    if (change == RST_OUTSIDE) image_put_be16(file, 0xffd0);
    if (change == SOI_AGAIN) image_put_be16(file, 0xffd8);
    if (change == LENGTH_1) image_put(file, "\xff\xe0\0\1", 4);
}

START_TEST(im1_structure)
{
    const enum change change = (enum change)_i;
    image_bytes file = {0};
    image_put_be16(&file, 0xffd8);
    put_tables(&file, change);
    if (change == SCAN_FIRST) {
        image_jpeg_scan(&file, 1, 0, 63, 0, 0);
        image_put_byte(&file, 0);
    }
    image_jpeg_frame(&file, 0xc0, 16, 8, 1);
    if (change == TWO_FRAMES) image_jpeg_frame(&file, 0xc0, 16, 8, 1);
    image_jpeg_scan(&file, 1, 0, 63, 0, 0);
    if (change == SCAN_ID) file.data[file.size - 5] = 9;
    if (change == SCAN_TABLE) file.data[file.size - 4] = 0x40;
    image_put_byte(&file, 0);
    if (change == FRAME_AFTER_SCAN) image_jpeg_frame(&file, 0xc0, 16, 8, 1);
    if (change == SCAN_TWICE) {
        image_jpeg_scan(&file, 1, 0, 63, 0, 0);
        image_put_byte(&file, 0);
    }
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, change == NOTHING ? NULL : "FORMAT");
}
END_TEST

/* A progressive scan that looks up a table which was never defined: in stb it reads the table of
 * the image before, or what malloc left. */
START_TEST(im1_progressive_scans)
{
    static const struct {
        int start, end, high, low;
        int with_ac;
        const char *class_name;
    } cases[] = {{0, 0, 0, 0, 0, NULL},       {1, 63, 0, 0, 0, "FORMAT"}, {1, 63, 0, 0, 1, NULL},
                 {1, 63, 0, 14, 1, "FORMAT"}, {0, 5, 0, 0, 1, "FORMAT"},  {9, 5, 0, 0, 1, "FORMAT"},
                 {1, 64, 0, 0, 1, "FORMAT"},  {1, 63, 3, 1, 1, "FORMAT"}, {0, 0, 1, 0, 0, NULL}};
    const uint8_t dc[18] = {0x00, 1}, ac[18] = {0x10, 1}; /* AC code 0: end of band, run 1 */
    uint8_t quant[65] = {0};
    image_bytes file = {0};
    image_put_be16(&file, 0xffd8);
    image_jpeg_segment(&file, 0xdb, quant, 65);
    image_jpeg_segment(&file, 0xc4, dc, sizeof dc);
    if (cases[_i].with_ac) image_jpeg_segment(&file, 0xc4, ac, sizeof ac);
    image_jpeg_frame(&file, 0xc2, 16, 8, 1);
    image_jpeg_scan(&file, 1, 0, 0, 0, 1);
    image_put_byte(&file, 0);
    image_jpeg_scan(&file, 1, cases[_i].start, cases[_i].end, cases[_i].high, cases[_i].low);
    image_put_byte(&file, 0);
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, cases[_i].class_name);
}
END_TEST

/* -------------------------------------------------------------------------- IM2 to IM5, IM9 --- */

START_TEST(im2_kinds_that_are_not_read)
{
    static const struct {
        int marker, precision, components;
    } cases[] = {{0xc0, 12, 1}, {0xc1, 12, 3}, {0xc9, 8, 3}, {0xca, 8, 1}, {0xc3, 8, 3},
                 {0xc5, 8, 1},  {0xcf, 8, 1},  {0xc0, 8, 4}, {0xc2, 8, 4}, {0xc0, 8, 2}};
    image_bytes file = {0};
    image_put_be16(&file, 0xffd8);
    image_jpeg_tables(&file);
    const size_t frame = file.size;
    image_jpeg_frame(&file, cases[_i].marker, 16, 8, cases[_i].components);
    file.data[frame + 4] = (uint8_t)cases[_i].precision;
    image_jpeg_scan(&file, cases[_i].components, 0, 63, 0, 0);
    image_fill(&file, 0, 10);
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, "UNSUP");
}
END_TEST

START_TEST(im3_no_beginning_of_a_jpeg_is_one)
{
    for (size_t size = 0; size < files[_i].size; size++) {
        uint8_t *copy = malloc(size ? size : 1); /* exact, so that ASan sees a step too far */
        memcpy(copy, files[_i].bytes, size);
        image_expect(copy, size, "TRUNC");
        free(copy);
    }
}
END_TEST

START_TEST(im3_scan_data_removed)
{
    image_bytes file = {0};
    const size_t scan = find(files[_i].bytes, files[_i].size, 0xda, 0);
    const size_t length = (size_t)files[_i].bytes[scan + 2] << 8 | files[_i].bytes[scan + 3];
    image_put(&file, files[_i].bytes, scan + 2 + length);
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, "TRUNC");
    image_put(&file, files[_i].bytes, scan); /* the scan's header as well */
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, "TRUNC");
}
END_TEST

/* The least that the blocks of a scan can take, to the byte: 64 blocks. */
START_TEST(im3_one_byte_too_few)
{
    for (int progressive = 0; progressive < 2; progressive++)
        for (int missing = 0; missing < 2; missing++) {
            image_bytes file = {0};
            image_put_be16(&file, 0xffd8);
            image_jpeg_tables(&file);
            image_jpeg_frame(&file, progressive ? 0xc2 : 0xc0, 64, 64, 1);
            image_jpeg_scan(&file, 1, 0, progressive ? 0 : 63, 0, 0);
            image_fill(&file, 0, (size_t)((progressive ? 64 : 128) / 8 - missing));
            image_put_be16(&file, 0xffd9);
            image_expect_made(&file, missing ? "TRUNC" : NULL);
        }
}
END_TEST

START_TEST(im3_restart_markers)
{
    const uint8_t *bytes = image_jpeg_restart;
    const size_t size = sizeof image_jpeg_restart;
    const size_t first = find(bytes, size, 0xd0, 0), second = find(bytes, size, 0xd1, 0);
    image_bytes file = {0};
    image_put(&file, bytes, size); /* two have changed places */
    file.data[first + 1] = 0xd1;
    file.data[second + 1] = 0xd0;
    image_expect_made(&file, "CORRUPT");
    image_put(&file, bytes, second); /* one is gone, with its data */
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, "TRUNC");
    image_put(&file, bytes, size - 2); /* too many */
    image_put(&file, "\xff\xd2\0\xff\xd3\0\xff\xd9", 8);
    image_expect_made(&file, "CORRUPT");
}
END_TEST

START_TEST(im4_bombs)
{
    static const struct {
        int width, height;
        const char *class_name;
    } cases[] = {{16000, 16000, "LIMIT"}, {65500, 65500, "LIMIT"}, {16000, 2000, "TRUNC"},
                 {0, 5, "RANGE"},         {5, 0, "RANGE"},         {1, 16385, "LIMIT"},
                 {16384, 2049, "LIMIT"}};
    image_bytes file = {0};
    image_put_be16(&file, 0xffd8);
    image_jpeg_tables(&file);
    image_jpeg_frame(&file, 0xc0, cases[_i].width, cases[_i].height, 1);
    image_jpeg_scan(&file, 1, 0, 63, 0, 0);
    image_fill(&file, 0, 797 - file.size);
    image_put_be16(&file, 0xffd9);
    ck_assert_int_eq((int)file.size, 799);
    image_expect_made(&file, cases[_i].class_name);
}
END_TEST

START_TEST(im5_five_hundred_scans)
{
    image_bytes file = {0};
    image_put_be16(&file, 0xffd8);
    image_jpeg_tables(&file);
    image_jpeg_frame(&file, 0xc2, 4000, 4000, 1);
    image_jpeg_scan(&file, 1, 0, 0, 0, 0);
    image_fill(&file, 0, 500 * 500 / 8 + 1);
    for (int i = 1; i < 500; i++) {
        image_jpeg_scan(&file, 1, 1, 63, 0, 0);
        image_fill(&file, 0, 20);
    }
    image_put_be16(&file, 0xffd9);
    image_expect_made(&file, "LIMIT");
}
END_TEST

Suite *lg_suite_image_jpeg_bad(void)
{
    Suite *suite = suite_create("image_jpeg_bad");
    TCase *tests = tcase_create("broken");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, im1_structure, 0, CHANGES);
    tcase_add_loop_test(tests, im1_progressive_scans, 0, 9);
    tcase_add_loop_test(tests, im2_kinds_that_are_not_read, 0, 10);
    tcase_add_loop_test(tests, im3_no_beginning_of_a_jpeg_is_one, 0, FILES);
    tcase_add_test(tests, im3_one_byte_too_few);
    tcase_add_loop_test(tests, im3_scan_data_removed, 0, FILES);
    tcase_add_test(tests, im3_restart_markers);
    tcase_add_loop_test(tests, im4_bombs, 0, 7);
    tcase_add_test(tests, im5_five_hundred_scans);
    suite_add_tcase(suite, tests);
    return suite;
}
