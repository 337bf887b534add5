/* test_decoder.c -- what decoded the images stays known: packed file, cache, model, prediction.
 *
 * Tests (suite decoder).  Most hold in every build: a packed file names its decoder by a number of
 * the header page, and nothing of it is decoded again. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/decoding.h"
#include "tests/command_rig.h"
#include "tests/image_make.h"
#include "tests/packed_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/model.h"

Suite *lg_suite_decoder(void);

static char said[4000];

static void on_message(void *user, logit_level level, const char *text)
{
    const size_t used = strlen(said);
    (void)user;
    if (level != LOGIT_LEVEL_INFO) snprintf(said + used, sizeof said - used, "%s\n", text);
}

static const logit_watch watch = {.message = on_message};

/* Two classes of JPEGs, "a" and "b". */
static void write_jpegs(const char *set)
{
    char path[400];
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof path, "%s/%s", small_set_path(set), i % 2 ? "a" : "b");
        ck_assert_int_eq(lg_folder_make(path, NULL), LOGIT_OK);
        snprintf(path + strlen(path), sizeof path - strlen(path), "/%d.jpg", i);
        FILE *file = fopen(path, "wb");
        ck_assert_ptr_nonnull(file);
        if (i % 2)
            fwrite(image_jpeg_colour, 1, sizeof image_jpeg_colour, file);
        else
            fwrite(image_jpeg_restart, 1, sizeof image_jpeg_restart, file);
        ck_assert_int_eq(fclose(file), 0);
    }
}

static void setup(void)
{
    begin();
    write_jpegs("jpegs");
    options.height = options.width = 12;
    options.channels = 3;
    options.epochs = 2;
    options.cache = "off";
    said[0] = '\0';
}

static void pack(const char *set, const char *file, const char *decoder)
{
    logit_pack_options how;
    logit_error err;
    char to[300];
    snprintf(to, sizeof to, "%s", small_set_path(file));
    logit_pack_options_default(&how);
    how.data = options;
    how.data.decoder = decoder;
    how.file = to;
    ck_assert_msg(logit_pack(small_set_path(set), &how, NULL, NULL, &err) == LOGIT_OK, "%s",
                  err.message);
}

static unsigned decoder_in(const char *file)
{
    lg_bytes bytes = packed_load(small_set_path(file));
    const unsigned number = lg_packed_get32(bytes.data + LG_PACKED_AT_DECODING);
    lg_bytes_clear(&bytes);
    return number;
}

static const char *decoder_of(const char *run)
{
    logit_model *model = open_model(run);
    const char *name = logit_model_describe(model).decoder;
    logit_model_close(model);
    return name;
}

/* ------------------------------------------------------------------------- from set to model ---
 */

/* As if turbo had decoded it: pixels are what they are. */
START_TEST(a_model_takes_the_decoder_from_the_packed_file)
{
    pack("jpegs", "jpegs.packed", "stb");
    ck_assert_uint_eq(decoder_in("jpegs.packed"), LG_DECODING_STB);
    train("jpegs.packed", "stb", LOGIT_OK, NULL);
    ck_assert_str_eq(decoder_of("stb"), "stb");
    lg_bytes bytes = packed_load(small_set_path("jpegs.packed"));
    packed_poke(&bytes, LG_PACKED_AT_DECODING, LG_DECODING_TURBO, 4);
    packed_save(small_set_path("jpegs.packed"), &bytes);
    lg_bytes_clear(&bytes);
    train("jpegs.packed", "turbo", LOGIT_OK, NULL);
    ck_assert_str_eq(decoder_of("turbo"), "turbo");
    options.decoder = "stb"; /* there is nothing left for it to decode */
    train("jpegs.packed", "asked", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("turbo"), MODEL("asked")));
    pack("jpegs.packed", "again.packed", "stb");
    ck_assert_uint_eq(decoder_in("again.packed"), LG_DECODING_TURBO);
}
END_TEST

START_TEST(an_evaluation_says_that_a_file_was_packed_otherwise)
{
    logit_score score;
    pack("jpegs", "jpegs.packed", "stb");
    train("jpegs.packed", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    for (int other = 0; other < 2; other++) {
        lg_bytes bytes = packed_load(small_set_path("jpegs.packed"));
        packed_poke(&bytes, LG_PACKED_AT_DECODING, other ? LG_DECODING_TURBO : LG_DECODING_STB, 4);
        packed_save(small_set_path("jpegs.packed"), &bytes);
        lg_bytes_clear(&bytes);
        ck_assert_int_eq(
            logit_eval(model, small_set_path("jpegs.packed"), NULL, &options, &watch, &score, NULL),
            LOGIT_OK);
        logit_score_clear(&score);
        ck_assert_int_eq(strstr(said, "packed with the decoder turbo") != NULL, other);
    }
    logit_model_close(model);
}
END_TEST

START_TEST(a_decoder_that_is_not_known_is_refused)
{
    logit_error err;
    pack("jpegs", "jpegs.packed", "stb");
    lg_bytes bytes = packed_load(small_set_path("jpegs.packed"));
    packed_poke(&bytes, LG_PACKED_AT_DECODING, LG_DECODING_COUNT, 4);
    packed_save(small_set_path("jpegs.packed"), &bytes);
    lg_bytes_clear(&bytes);
    train("jpegs.packed", "run", LOGIT_E_DATA, &err);
    ck_assert_msg(strstr(err.message, "packed at byte 96: decoder ") != NULL, "%s", err.message);
    ck_assert_msg(strstr(err.message, "[UNSUP]") != NULL, "%s", err.message);
}
END_TEST

/* Folder, packed file and cache: one model, which says turbo. */
START_TEST(turbo_goes_all_the_way)
{
    char folder[300], file[600];
    train("jpegs", "stb", LOGIT_OK, NULL);
    pack("jpegs", "jpegs.packed", "turbo");
    ck_assert_uint_eq(decoder_in("jpegs.packed"), LG_DECODING_TURBO);
    train("jpegs.packed", "packed", LOGIT_OK, NULL);
    options.decoder = "turbo";
    train("jpegs", "folder", LOGIT_OK, NULL);
    ck_assert_str_eq(decoder_of("folder"), "turbo");
    ck_assert(!same_files(MODEL("stb"), MODEL("folder")));
    ck_assert(same_files(MODEL("folder"), MODEL("packed")));
    snprintf(folder, sizeof folder, "%s", small_set_path("cache"));
    options.cache = folder;
    options.memory = 1;
    for (int i = 0; i < 2; i++) { /* writes it, reads it */
        train("jpegs", "cached", LOGIT_OK, NULL);
        ck_assert(same_files(MODEL("folder"), MODEL("cached")));
    }
    DIR *cache = opendir(folder);
    int files = 0;
    for (const struct dirent *at; (at = readdir(cache)) != NULL;) {
        if (at->d_name[0] == '.') continue;
        files++;
        snprintf(file, sizeof file, "cache/%s", at->d_name);
        ck_assert_uint_eq(decoder_in(file), LG_DECODING_TURBO);
    }
    closedir(cache);
    ck_assert_int_eq(files, 1);
}
END_TEST

/* -------------------------------------------------------------------------- from model to user ---
 */

/* A model for the images of the command's set that says it learnt from turbo's pixels. */
static void write_turbo_model(void)
{
    char path[300], *classes[] = {"dark", "light"};
    logit_model *model;
    ck_assert_int_eq(
        lg_model_create(&model, LG_LOSS_SOFTMAX, 2, classes, (lg_image_target){8, 8, 3}, NULL),
        LOGIT_OK);
    for (int c = 0; c < 3; c++) model->std[c] = 1.0f;
    model->decoding = LG_DECODING_TURBO;
    snprintf(path, sizeof path, "%s/turbo.safetensors", getenv("DIR"));
    ck_assert_int_eq(lg_model_save(model, path, NULL), LOGIT_OK);
    lg_model_destroy(model);
}

static void check_said(const char *line, int wanted)
{
    expect(0, line);
    char *text = text_of("err");
    const int names_both = strstr(text, "that turbo decoded") && strstr(text, "stb decodes them");
    ck_assert_msg(names_both == wanted, "%s\n%s", line, text);
    ck_assert_int_eq(strstr(text, "warning") != NULL, wanted);
    free(text);
}

START_TEST(nothing_falls_back_in_silence)
{
    const int built = lg_decoding_is_built(LG_DECODING_TURBO);
    write_turbo_model();
    check_said("cd $DIR && $LOGIT predict turbo.safetensors set/test/*/000.ppm", !built);
    check_said("cd $DIR && $LOGIT eval turbo.safetensors set", !built);
    check_said("cd $DIR && $LOGIT predict turbo.safetensors set/test/*/000.ppm --decoder stb", 0);
    check_said("cd $DIR && $LOGIT eval turbo.safetensors set --decoder stb", 0);
    expect(built ? 0 : 2,
           "cd $DIR && $LOGIT predict turbo.safetensors set/test/*/000.ppm --decoder turbo");
    expect(built ? 0 : 2, "cd $DIR && $LOGIT eval turbo.safetensors set --decoder turbo");
}
END_TEST

Suite *lg_suite_decoder(void)
{
    Suite *suite = suite_create("decoder");
    TCase *record = tcase_create("record"), *command = tcase_create("command");
    tcase_set_timeout(record, 60);
    tcase_set_timeout(command, 60);
    tcase_add_checked_fixture(record, setup, small_set_end);
    tcase_add_test(record, a_model_takes_the_decoder_from_the_packed_file);
    tcase_add_test(record, an_evaluation_says_that_a_file_was_packed_otherwise);
    tcase_add_test(record, a_decoder_that_is_not_known_is_refused);
    if (lg_decoding_is_built(LG_DECODING_TURBO)) tcase_add_test(record, turbo_goes_all_the_way);
    tcase_add_unchecked_fixture(command, command_setup, command_teardown);
    tcase_add_test(command, nothing_falls_back_in_silence);
    suite_add_tcase(suite, record);
    suite_add_tcase(suite, command);
    return suite;
}
