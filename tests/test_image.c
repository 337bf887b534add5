/* test_image.c -- kinds and limits of the image decoder; PNM; one image after another. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_parts.h"
#include "tests/allocations.h"
#include "tests/image_make.h"

Suite *lg_suite_image(void);

/* --------------------------------------------------------------------------- IM10: the kind --- */

START_TEST(im10_other_kinds)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *class_name, *word;
    } cases[] = {{"", 0, "TRUNC", "empty"},
                 {"GIF89a\1\0\1\0", 10, "UNSUP", "GIF"},
                 {"RIFF\x24\0\0\0WEBPVP8 ", 16, "UNSUP", "WebP"},
                 {"\0\0\0\x18"
                  "ftypheic\0\0\0\0",
                  16, "UNSUP", "HEIC"},
                 {"II*\0\10\0\0\0", 8, "UNSUP", "TIFF"},
                 {"MM\0*\0\0\0\10", 8, "UNSUP", "TIFF"},
                 {"BM\x36\0\0\0\0\0", 8, "UNSUP", "BMP"},
                 {"<!DOCTYPE html><html>", 21, "UNSUP", "web page"},
                 {"<HTML><body>", 12, "UNSUP", "web page"},
                 {"P2\n1 1\n255\n0", 12, "UNSUP", "P5"},
                 {"some text", 9, "UNSUP", "not a JPEG"},
                 {"\xff", 1, "TRUNC", "ends"},
                 {"\x89PN", 3, "TRUNC", "ends"},
                 {"P", 1, "TRUNC", "ends"},
                 {"\xff\xd8\xff", 3, "TRUNC", "ends"}};
    lg_image_info info;
    logit_error err;
    char *copy = malloc(cases[_i].size ? cases[_i].size : 1);
    memcpy(copy, cases[_i].bytes, cases[_i].size);
    image_expect((const uint8_t *)copy, cases[_i].size, cases[_i].class_name);
    ck_assert_int_eq(lg_image_probe((const uint8_t *)copy, cases[_i].size, "x", &info, &err),
                     LOGIT_E_DATA);
    ck_assert_msg(strstr(err.message, cases[_i].word) != NULL, "%s", err.message);
    free(copy);
}
END_TEST

START_TEST(a_message_names_file_kind_place_and_class)
{
    lg_image_info info;
    logit_error err;
    image_bytes file = {0};
    image_jpeg_grey(&file, 16, 8);
    ck_assert_int_eq(lg_image_probe(file.data, 30, "cats/\n.jpg", &info, &err), LOGIT_E_DATA);
    ck_assert_str_eq(err.message, "cats/\\x0A.jpg: jpeg at byte 4: a segment of 67 bytes, 26 are "
                                  "left [TRUNC]");
    ck_assert_int_eq(lg_image_probe(file.data, 30, "x", &info, NULL), LOGIT_E_DATA);
    image_clear(&file);
}
END_TEST

START_TEST(no_such_target)
{
    static const lg_image_target targets[] = {{0, 5, 3}, {5, 0, 3},  {5, 5, 2},
                                              {5, 5, 0}, {-1, 5, 3}, {5, 16385, 1}};
    lg_decoder *decoder;
    uint8_t out[1];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, image_jpeg_colour, sizeof image_jpeg_colour, "x",
                                     targets[_i], out, NULL),
                     LOGIT_E_USAGE);
    lg_decoder_destroy(decoder);
    lg_decoder_destroy(NULL);
}
END_TEST

/* -------------------------------------------------------------------------------------- PNM --- */

START_TEST(pnm)
{
    static const struct {
        const char *text; /* followed by six pixels' bytes 0, 1, 2, .. */
        int bytes;
        const char *class_name;
    } cases[] = {{"P5\n3 2\n255\n", 6, NULL},
                 {"P6 3 2 255 ", 18, NULL},
                 {"P5 # a # comment\n3# and\n 2\n#\n255\n", 6, NULL},
                 {"P5\n3 2\n255\n", 5, "TRUNC"},
                 {"P5\n3 2\n255\n", 0, "TRUNC"},
                 {"P5\n3 2\n255", 0, "TRUNC"},
                 {"P5\n3 ", 0, "TRUNC"},
                 {"P5\n3 2\n255\n", 7, "TRAIL"},
                 {"P53 2\n255\n", 6, "FORMAT"},
                 {"P5\nx 2\n255\n", 6, "FORMAT"},
                 {"P5\n3 -2\n255\n", 6, "FORMAT"},
                 {"P5\n3 2\n255x", 6, "FORMAT"},
                 {"P5\n3 2\n65535\n", 12, "UNSUP"},
                 {"P5\n3 2\n15\n", 6, "UNSUP"},
                 {"P5\n0 5\n255\n", 6, "RANGE"},
                 {"P5\n5 0\n255\n", 6, "RANGE"},
                 {"P5\n1 16385\n255\n", 6, "LIMIT"},
                 {"P6\n9999 9999\n255\n", 6, "LIMIT"},
                 {"P5\n3 99999999999999999999\n255\n", 6, "LIMIT"}};
    image_bytes file = {0};
    image_put(&file, cases[_i].text, strlen(cases[_i].text));
    for (int i = 0; i < cases[_i].bytes; i++) image_put_byte(&file, i);
    image_expect_made(&file, cases[_i].class_name);
}
END_TEST

/* Values where each weight, one larger or smaller, would give another grey. */
START_TEST(pnm_channels)
{
    static const uint8_t colour[] = "P6 1 4 255 \xff\0\0\0\xff\0\0\0\xff\x0a\x14\x1e";
    static const uint8_t luma[4] = {76, 149, 28, 18};
    static const uint8_t grey[] = "P5 1 2 255 \x0a\xff";
    static const uint8_t same[6] = {10, 10, 10, 255, 255, 255};
    lg_decoder *decoder;
    uint8_t out[6];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    const lg_image_target one = {4, 1, 1}, three = {2, 1, 3};
    ck_assert_int_eq(lg_image_decode(decoder, colour, sizeof colour - 1, "x", one, out, NULL),
                     LOGIT_OK);
    ck_assert_mem_eq(out, luma, 4);
    ck_assert_int_eq(lg_image_decode(decoder, grey, sizeof grey - 1, "x", three, out, NULL),
                     LOGIT_OK);
    ck_assert_mem_eq(out, same, 6);
    lg_decoder_destroy(decoder);
}
END_TEST

/* ------------------------------------------------------------------------ one after another --- */

/* stb's decoder keeps state in memory that it does not clear: what it decodes could depend on
 * what came before.  Here it must not. */
START_TEST(an_image_does_not_remember_the_one_before)
{
    static const struct {
        const uint8_t *bytes;
        size_t size;
    } good[] = {{image_jpeg_colour, sizeof image_jpeg_colour},
                {image_jpeg_progressive, sizeof image_jpeg_progressive},
                {image_jpeg_restart, sizeof image_jpeg_restart}};
    const lg_image_target target = {9, 13, 3};
    uint8_t want[9 * 13 * 3], got[9 * 13 * 3], copy[600];
    lg_decoder *decoder;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(
        lg_image_decode(decoder, good[_i].bytes, good[_i].size, "x", target, want, NULL), LOGIT_OK);
    for (size_t i = 20; i < good[1].size; i += 3) {
        memcpy(copy, good[1].bytes, good[1].size); /* something that may or may not decode */
        copy[i] = (uint8_t)(copy[i] + 0x55);
        (void)lg_image_decode(decoder, copy, good[1].size, "x", target, got, NULL);
        ck_assert_int_eq(
            lg_image_decode(decoder, good[_i].bytes, good[_i].size, "x", target, got, NULL),
            LOGIT_OK);
        ck_assert_mem_eq(got, want, sizeof want);
    }
    lg_decoder_destroy(decoder);
}
END_TEST

START_TEST(the_second_image_allocates_nothing)
{
    const image_png_shape shape = {40, 30, 8, IMAGE_RGB, 1};
    const lg_image_target target = {9, 13, 3};
    uint8_t out[9 * 13 * 3];
    image_bytes png = {0};
    lg_decoder *decoder;
    image_png_make(&png, shape);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (int round = 0; round < 3; round++) {
        const int64_t before = allocations_count();
        const logit_status one =
            lg_image_decode(decoder, png.data, png.size, "x", target, out, NULL);
        const logit_status two = lg_image_decode(
            decoder, image_jpeg_progressive, sizeof image_jpeg_progressive, "x", target, out, NULL);
        const int64_t made = allocations_count() - before; /* before Check makes its own */
        ck_assert(one == LOGIT_OK && two == LOGIT_OK);
        if (round > 0) ck_assert_int_eq(made, 0);
    }
    lg_decoder_destroy(decoder);
    image_clear(&png);
}
END_TEST

#define THREADS 4

/* Good files and a broken one in turn; returns how often something else came out. */
static void *decode_in_thread(void *argument)
{
    const uint8_t *want = argument; /* of image_jpeg_colour, 9 x 13 x 3 */
    const lg_image_target target = {9, 13, 3};
    uint8_t got[9 * 13 * 3];
    intptr_t wrong = 0;
    lg_decoder *decoder;
    if (lg_decoder_create(&decoder, NULL) != LOGIT_OK) return (void *)1;
    for (int i = 0; i < 100; i++) {
        logit_status status = lg_image_decode(decoder, image_jpeg_colour, sizeof image_jpeg_colour,
                                              "x", target, got, NULL);
        wrong += status != LOGIT_OK || memcmp(got, want, sizeof got) != 0;
        status = lg_image_decode(decoder, image_jpeg_progressive,
                                 sizeof image_jpeg_progressive - (i % 2 ? 9 : 0), "x", target, got,
                                 NULL);
        wrong += status != (i % 2 ? LOGIT_E_DATA : LOGIT_OK);
    }
    lg_decoder_destroy(decoder);
    return (void *)wrong;
}

START_TEST(threads_do_not_meet)
{
    const lg_image_target target = {9, 13, 3};
    uint8_t want[9 * 13 * 3];
    pthread_t thread[THREADS];
    lg_decoder *decoder;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(decoder, image_jpeg_colour, sizeof image_jpeg_colour, "x",
                                     target, want, NULL),
                     LOGIT_OK);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, decode_in_thread, want), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    lg_decoder_destroy(decoder);
}
END_TEST

/* A large image's memory is not kept, nor is the decoder lost after one that is too large. */
START_TEST(large_and_small)
{
    image_bytes large = {0};
    const lg_image_target target = {3, 3, 3};
    uint8_t out[27];
    lg_decoder *decoder;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    image_jpeg_grey(&large, 8192, 4096);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(lg_image_decode(decoder, large.data, large.size, "x", target, out, NULL),
                         LOGIT_OK);
        for (int i = 0; i < 27; i++) ck_assert_int_eq(out[i], 128);
        ck_assert_int_eq(lg_image_decode(decoder, image_jpeg_colour, sizeof image_jpeg_colour, "x",
                                         target, out, NULL),
                         LOGIT_OK);
    }
    lg_decoder_destroy(decoder);
    image_clear(&large);
}
END_TEST

/* ------------------------------------------------------------------------------------ arena --- */

START_TEST(the_arena_is_zeroed_and_has_a_budget)
{
    lg_image_arena arena = {0};
    for (int round = 0; round < 2; round++) { /* the second finds what the first wrote */
        ck_assert_int_eq(lg_arena_begin(&arena, 1000, NULL), LOGIT_OK);
        uint8_t *one = lg_arena_take(&arena, 100), *two = lg_arena_take(&arena, 50);
        for (int i = 0; i < 100; i++) ck_assert_int_eq(one[i], 0);
        memset(one, 1, 100);
        memset(two, 2, 50);
        uint8_t *grown = lg_arena_grow(&arena, two, 50, 150); /* the last: in place */
        ck_assert_ptr_eq(grown, two);
        for (int i = 0; i < 150; i++) ck_assert_int_eq(two[i], i < 50 ? 2 : 0);
        memset(two, 2, 150);
        uint8_t *moved = lg_arena_grow(&arena, one, 100, 200); /* not the last: a copy */
        ck_assert_ptr_ne(moved, one);
        for (int i = 0; i < 200; i++) ck_assert_int_eq(moved[i], i < 100 ? 1 : 0);
        memset(moved, 3, 200);
        lg_arena_drop(&arena, one); /* not the last: nothing happens */
        lg_arena_drop(&arena, moved);
        lg_arena_drop(&arena, NULL);
        ck_assert_ptr_eq(lg_arena_take(&arena, 200), moved);
        ck_assert_int_eq(arena.refused, 0);
        ck_assert_ptr_null(lg_arena_take(&arena, 1000));
        ck_assert_ptr_null(lg_arena_grow(&arena, moved, 200, SIZE_MAX - 5));
        ck_assert_int_eq(arena.refused, 1);
    }
    lg_arena_clear(&arena);
}
END_TEST

Suite *lg_suite_image(void)
{
    Suite *suite = suite_create("image");
    TCase *kind = tcase_create("kind"), *order = tcase_create("order");
    tcase_set_timeout(order, 60);
    tcase_add_loop_test(kind, im10_other_kinds, 0, 15);
    tcase_add_test(kind, a_message_names_file_kind_place_and_class);
    tcase_add_loop_test(kind, no_such_target, 0, 6);
    tcase_add_loop_test(kind, pnm, 0, 19);
    tcase_add_test(kind, pnm_channels);
    tcase_add_loop_test(order, an_image_does_not_remember_the_one_before, 0, 3);
    tcase_add_test(order, the_second_image_allocates_nothing);
    tcase_add_test(order, threads_do_not_meet);
    tcase_add_test(order, large_and_small);
    tcase_add_test(order, the_arena_is_zeroed_and_has_a_budget);
    suite_add_tcase(suite, kind);
    suite_add_tcase(suite, order);
    return suite;
}
