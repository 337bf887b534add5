/* test_checkpoint_file.c -- a checkpoint is whole or it is not read: every prefix, every bit. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/model_file.h"
#include "train/checkpoint_file.h"

Suite *lg_suite_checkpoint_file(void);

enum { STATE = 700 };
static const char HEAD[] = "{\"step\":12,\"settings\":[[0,-1,0.5,null,null]]}";

static model_folder in;
static uint8_t state[STATE];

static void begin(void)
{
    model_folder_open(&in);
    for (int i = 0; i < STATE; i++) state[i] = (uint8_t)(i * 37 + 11);
}

static void end(void)
{
    model_folder_close(&in);
}

static void write_with(const char *head, size_t state_bytes)
{
    lg_text text = {0};
    logit_error err = {0};
    lg_text_add(&text, "%s", head);
    ck_assert_msg(lg_checkpoint_file_write(in.path, &text, state, state_bytes, &err) == LOGIT_OK,
                  "%s", err.message);
    lg_text_clear(&text);
}

/* The file is refused, with this class in the message. */
static void assert_refused(const char *class_name, const char *what, int64_t number)
{
    lg_checkpoint_file file;
    logit_error err = {0};
    const logit_status status = lg_checkpoint_file_read(in.path, &file, &err);
    ck_assert_msg(status == LOGIT_E_DATA, "%s %lld: status %d", what, (long long)number, status);
    ck_assert_ptr_null(file.head);
    ck_assert_ptr_null(file.bytes.data);
    if (class_name)
        ck_assert_msg(strstr(err.message, class_name) != NULL, "%s %lld: %s", what,
                      (long long)number, err.message);
}

static uint8_t *take_file(size_t *size)
{
    FILE *file = fopen(in.path, "rb");
    uint8_t *bytes = malloc(1 << 16);
    *size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return bytes;
}

static void put_file(const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(in.path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

START_TEST(what_is_written_is_read)
{
    static const size_t sizes[] = {0, 1, 8, STATE};
    lg_checkpoint_file file;
    logit_error err = {0};
    write_with(HEAD, sizes[_i]);
    ck_assert_msg(lg_checkpoint_file_read(in.path, &file, &err) == LOGIT_OK, "%s", err.message);
    ck_assert_uint_eq(file.state_bytes, sizes[_i]);
    ck_assert_mem_eq(file.state, state, sizes[_i]);
    ck_assert_double_eq(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(file.head, "step")),
                        12.0);
    lg_checkpoint_file_clear(&file);
}
END_TEST

START_TEST(no_prefix_is_read)
{
    size_t size;
    write_with(HEAD, STATE);
    uint8_t *bytes = take_file(&size);
    for (size_t length = 0; length < size; length++) {
        put_file(bytes, length);
        assert_refused("[TRUNC]", "prefix", (int64_t)length);
    }
    free(bytes);
}
END_TEST

START_TEST(no_single_bit_is_missed)
{
    size_t size;
    write_with(HEAD, STATE);
    uint8_t *bytes = take_file(&size);
    const int fd = open(in.path, O_WRONLY);
    for (size_t bit = 0; bit < size * 8; bit++) {
        const uint8_t flipped = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        assert_refused(bit / 8 >= 24 ? "[CORRUPT]" : NULL, "bit", (int64_t)bit);
        ck_assert_int_eq(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    close(fd);
    free(bytes);
}
END_TEST

START_TEST(bytes_behind_the_end_are_refused)
{
    size_t size;
    write_with(HEAD, STATE);
    uint8_t *bytes = take_file(&size);
    bytes[size] = 0;
    put_file(bytes, size + 1);
    assert_refused("[TRAIL]", "one byte more", 0);
    free(bytes);
}
END_TEST

/* Fronts that promise what is not there. */
static const struct {
    const char *what, *class_name;
    size_t at, length;
    uint8_t byte;
} fronts[] = {
    {"another magic", "[FORMAT]", 0, 1, 'L'},    {"version 2", "[UNSUP]", 8, 1, 2},
    {"no head", "[FORMAT]", 12, 4, 0},           {"a head of 3 bytes", "[FORMAT]", 12, 1, 3},
    {"a head of 4 GB", "[FORMAT]", 12, 4, 0xF8}, {"a state of 2^64 - 1", "[TRUNC]", 16, 8, 0xFF},
    {"a state of 2^63", "[TRUNC]", 23, 1, 0x80},
};

START_TEST(a_front_that_makes_no_sense_is_refused)
{
    size_t size;
    write_with(HEAD, STATE);
    uint8_t *bytes = take_file(&size);
    memset(bytes + fronts[_i].at, fronts[_i].byte, fronts[_i].length);
    put_file(bytes, size);
    assert_refused(fronts[_i].class_name, fronts[_i].what, _i);
    free(bytes);
}
END_TEST

START_TEST(a_head_that_is_no_object_is_refused)
{
    static const char *const heads[] = {"[1]", "{\"a\":1", "{\"a\":1,\"a\":2}",
                                        "{\"a\":\"\\u0000\"}"};
    write_with(heads[_i], STATE);
    assert_refused("[FORMAT]", heads[_i], _i);
}
END_TEST

START_TEST(a_folder_is_no_checkpoint)
{
    lg_checkpoint_file file;
    logit_error err = {0};
    ck_assert_int_eq(lg_checkpoint_file_read(in.folder, &file, &err), LOGIT_E_IO);
    ck_assert_ptr_null(file.head);
}
END_TEST

Suite *lg_suite_checkpoint_file(void)
{
    Suite *suite = suite_create("checkpoint_file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, what_is_written_is_read, 0, 4);
    tcase_add_test(tcase, no_prefix_is_read);
    tcase_add_test(tcase, no_single_bit_is_missed);
    tcase_add_test(tcase, bytes_behind_the_end_are_refused);
    tcase_add_loop_test(tcase, a_front_that_makes_no_sense_is_refused, 0,
                        sizeof fronts / sizeof *fronts);
    tcase_add_loop_test(tcase, a_head_that_is_no_object_is_refused, 0, 4);
    tcase_add_test(tcase, a_folder_is_no_checkpoint);
    suite_add_tcase(suite, tcase);
    return suite;
}
