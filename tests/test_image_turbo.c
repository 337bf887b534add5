/* test_image_turbo.c -- JPEGs by libjpeg-turbo: nearly stb's pixels, the same refusals.
 *
 * libjpeg-turbo's own bits are its business; that it is asked as documented (slow integer
 * transform, triangular upsampling, no scaling) is seen by how near its pixels are to stb's. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/philox.h"
#include "tests/image_make.h"
#include "train/model.h"
#include "train/settings.h"

Suite *lg_suite_image_turbo(void);

static const struct {
    const uint8_t *bytes;
    size_t size;
    int height, width;
} files[] = {{image_jpeg_colour, sizeof image_jpeg_colour, 11, 17},
             {image_jpeg_progressive, sizeof image_jpeg_progressive, 11, 17},
             {image_jpeg_restart, sizeof image_jpeg_restart, 16, 24}};
#define FILES ((int)(sizeof files / sizeof files[0]))

static lg_decoder *open_decoder(lg_decoding decoding)
{
    lg_decoder *decoder;
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    lg_decoder_use(decoder, decoding);
    return decoder;
}

START_TEST(pixels_are_nearly_those_of_stb)
{
    lg_decoder *stb = open_decoder(LG_DECODING_STB), *turbo = open_decoder(LG_DECODING_TURBO);
    for (int channels = 1; channels <= 3; channels += 2) {
        uint8_t got[24 * 16 * 3], want[24 * 16 * 3];
        const lg_image_target target = {files[_i].height, files[_i].width, channels};
        const int n = target.height * target.width * channels;
        logit_error err;
        ck_assert_int_eq(
            lg_image_decode(stb, files[_i].bytes, files[_i].size, "a", target, want, &err),
            LOGIT_OK);
        ck_assert_msg(lg_image_decode(turbo, files[_i].bytes, files[_i].size, "a", target, got,
                                      &err) == LOGIT_OK,
                      "%s", err.message);
        int total = 0;
        for (int i = 0; i < n; i++) {
            ck_assert_int_le(abs(got[i] - want[i]), 4);
            total += abs(got[i] - want[i]);
        }
        ck_assert_int_lt(total, n); /* a mean of less than one step */
    }
    lg_decoder_destroy(stb);
    lg_decoder_destroy(turbo);
}
END_TEST

/* Padding and comments between segments, bytes after the end: as stb reads them. */
START_TEST(what_is_forgiven_is_forgiven)
{
    image_bytes file = {0};
    uint8_t out[11 * 17 * 3], want[11 * 17 * 3];
    const lg_image_target target = {11, 17, 3};
    logit_error err;
    image_put_be16(&file, 0xffd8);
    image_jpeg_segment(&file, 0xe1, image_jpeg_colour, sizeof image_jpeg_colour);
    image_fill(&file, 0, 3);
    image_put(&file, image_jpeg_colour + 2, sizeof image_jpeg_colour - 2);
    image_fill(&file, 7, 1000);
    lg_decoder *turbo = open_decoder(LG_DECODING_TURBO);
    ck_assert_msg(lg_image_decode(turbo, file.data, file.size, "a", target, out, &err) == LOGIT_OK,
                  "%s", err.message);
    ck_assert_int_eq(lg_image_decode(turbo, image_jpeg_colour, sizeof image_jpeg_colour, "a",
                                     target, want, NULL),
                     LOGIT_OK);
    ck_assert_mem_eq(out, want, sizeof out);
    lg_decoder_destroy(turbo);
    image_clear(&file);
}
END_TEST

/* The check before decoding is the same; nothing that is cut off is ever an image. */
START_TEST(a_cut_file_is_refused)
{
    uint8_t out[24 * 16 * 3];
    const lg_image_target target = {files[_i].height, files[_i].width, 3};
    logit_error err;
    lg_decoder *turbo = open_decoder(LG_DECODING_TURBO);
    for (size_t size = 0; size < files[_i].size; size++) {
        ck_assert_int_eq(lg_image_decode(turbo, files[_i].bytes, size, "a", target, out, &err),
                         LOGIT_E_DATA);
        ck_assert_ptr_nonnull(strrchr(err.message, '['));
    }
    lg_decoder_destroy(turbo);
}
END_TEST

/* Scan data removed so that the least that blocks need is still there: stb reads a picture,
 * libjpeg warns of the missing rest, and a warning is an error. */
START_TEST(a_warning_is_an_error)
{
    image_bytes file = {0};
    uint8_t out[11 * 17 * 3];
    const lg_image_target target = {11, 17, 3};
    logit_error err;
    const size_t whole = sizeof image_jpeg_colour;
    image_put(&file, image_jpeg_colour, whole - 22); /* 20 of 50 bytes of scan data go */
    image_put_be16(&file, 0xffd9);
    lg_decoder *stb = open_decoder(LG_DECODING_STB), *turbo = open_decoder(LG_DECODING_TURBO);
    ck_assert_int_eq(lg_image_decode(stb, file.data, file.size, "a", target, out, &err), LOGIT_OK);
    ck_assert_int_eq(lg_image_decode(turbo, file.data, file.size, "a.jpg", target, out, &err),
                     LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "a.jpg: jpeg at byte "));
    ck_assert_ptr_nonnull(strstr(err.message, "[CORRUPT]"));
    lg_decoder_destroy(stb);
    lg_decoder_destroy(turbo);
    image_clear(&file);
}
END_TEST

START_TEST(flipped_bits_do_no_harm)
{
    lg_decoder *turbo = open_decoder(LG_DECODING_TURBO);
    logit_error err;
    uint8_t copy[600], out[16 * 12 * 3], again[16 * 12 * 3];
    int read = 0, refused = 0;
    const lg_image_target target = {12, 16, 3};
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t stream = lg_stream_id(LG_STREAM_TEST, (uint32_t)_i);
        memcpy(copy, files[_i].bytes, files[_i].size);
        for (uint64_t k = 0; k < 1 + i % 8; k++) {
            const uint64_t bit =
                lg_random_below(2, stream, 8 * i + k, 8 * (uint64_t)files[_i].size);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        const logit_status status =
            lg_image_decode(turbo, copy, files[_i].size, "x.jpg", target, out, &err);
        ck_assert(status == LOGIT_OK || (status == LOGIT_E_DATA && strrchr(err.message, '[')));
        read += status == LOGIT_OK;
        refused += status == LOGIT_E_DATA;
        if (status != LOGIT_OK) continue;
        ck_assert_int_eq(lg_image_decode(turbo, copy, files[_i].size, "x.jpg", target, again, NULL),
                         LOGIT_OK);
        ck_assert_mem_eq(out, again, sizeof out);
    }
    ck_assert_int_gt(read, 100);
    ck_assert_int_gt(refused, 1000);
    lg_decoder_destroy(turbo);
}
END_TEST

/* In a build without it the name is known, and asking for it is a mistake. */
START_TEST(names_are_known_in_every_build)
{
    logit_options options;
    logit_error err;
    uint8_t out[11 * 17];
    ck_assert_int_eq(lg_decoding_find("turbo"), LG_DECODING_TURBO);
    ck_assert_int_eq(lg_decoding_find("none"), LG_DECODING_COUNT);
    ck_assert_str_eq(logit_decoder_name(0), "stb");
    ck_assert(lg_decoding_is_built(LG_DECODING_TURBO) == (logit_decoder_name(1) != NULL));
    if (lg_decoding_is_built(LG_DECODING_TURBO)) return;
    lg_decoder *turbo = open_decoder(LG_DECODING_TURBO);
    ck_assert_int_eq(lg_image_decode(turbo, image_jpeg_colour, sizeof image_jpeg_colour, "a",
                                     (lg_image_target){11, 17, 1}, out, &err),
                     LOGIT_E_USAGE);
    lg_decoder_destroy(turbo);
    logit_data_report report;
    logit_options_default(&options);
    options.decoder = "turbo";
    ck_assert_int_eq(logit_data_describe("tests", &options, NULL, &report, &err), LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "libjpeg62-turbo-dev"));
}
END_TEST

/* The model file says it where it was not stb, and nothing where it was. */
START_TEST(a_model_remembers_its_decoder)
{
    char *classes[] = {"a", "b"};
    char path[] = "/tmp/logit-decoder-XXXXXX", bytes[1024] = "";
    logit_model *model, *back;
    logit_options options;
    lg_decoding chosen;
    const lg_decoding decoding = _i ? LG_DECODING_TURBO : LG_DECODING_STB;
    close(mkstemp(path));
    ck_assert_int_eq(
        lg_model_create(&model, LG_LOSS_SOFTMAX, 2, classes, (lg_image_target){1, 1, 1}, NULL),
        LOGIT_OK);
    model->decoding = decoding;
    ck_assert_int_eq(lg_model_save(model, path, NULL), LOGIT_OK);
    FILE *file = fopen(path, "rb");
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert((memmem(bytes, size, "\"decoder\":\"turbo\"", 17) != NULL) == _i);
    ck_assert((memmem(bytes, size, "decoder", 7) != NULL) == _i);
    ck_assert_int_eq(lg_model_load(&back, path, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(back->decoding, decoding);
    logit_options_default(&options);
    ck_assert_int_eq(lg_decoder_choose(&chosen, &options, back, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(chosen, lg_decoding_is_built(decoding) ? decoding : LG_DECODING_STB);
    options.decoder = "stb";
    ck_assert_int_eq(lg_decoder_choose(&chosen, &options, back, NULL, NULL), LOGIT_OK);
    ck_assert_int_eq(chosen, LG_DECODING_STB);
    lg_model_destroy(model);
    lg_model_destroy(back);
    unlink(path);
}
END_TEST

Suite *lg_suite_image_turbo(void)
{
    Suite *suite = suite_create("image_turbo");
    TCase *tests = tcase_create("turbo");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, names_are_known_in_every_build);
    tcase_add_loop_test(tests, a_model_remembers_its_decoder, 0, 2);
    if (lg_decoding_is_built(LG_DECODING_TURBO)) {
        tcase_add_loop_test(tests, pixels_are_nearly_those_of_stb, 0, FILES);
        tcase_add_test(tests, what_is_forgiven_is_forgiven);
        tcase_add_loop_test(tests, a_cut_file_is_refused, 0, FILES);
        tcase_add_test(tests, a_warning_is_an_error);
        tcase_add_loop_test(tests, flipped_bits_do_no_harm, 0, FILES);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
