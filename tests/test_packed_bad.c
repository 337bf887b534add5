/* test_packed_bad.c -- packed files that are cut, spoiled, or that change while they are read.
 *
 * Tests (suite packed_bad).  Rows PK1 to PK4: each file is made from a good one, by numbers. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/packed_rig.h"
#include "tests/tree.h"

Suite *lg_suite_packed_bad(void);

static tree in;
static char path[100];
static lg_bytes good;

static void setup(void)
{
    tree_open(&in);
    snprintf(path, sizeof path, "%s", tree_path(&in, "small.packed"));
    packed_write_small(path, 0);
    good = packed_load(path);
}

static void teardown(void)
{
    lg_bytes_clear(&good);
    tree_close(&in);
}

/* ---------------------------------------------------------------------------- PK1 and PK2 --- */

/* One number of the header page is replaced, and the page's checksum made right. */
static const struct {
    size_t at;
    int size;
    uint64_t value;
    const char *class_name, *text;
} pokes[] = {
    {0, 1, 0x92, "FORMAT", "does not begin"},                   /* PK1: magic */
    {8, 4, 2, "UNSUP", "version 2"},                            /* version */
    {8, 4, 0, "UNSUP", "version 0"},                            /* */
    {12, 4, 0x04030201, "UNSUP", "big-endian"},                 /* byte order */
    {12, 4, 0x01020305, "FORMAT", "byte-order mark"},           /* */
    {16, 8, 1 << 20, "TRUNC", "short"},                         /* PK2: sizes */
    {16, 8, 5000, "TRAIL", "behind the end"},                   /* */
    {24, 4, 0x80, "UNSUP", "flags 00000080"},                   /* */
    {28, 4, 0xFFFFFFFF, "RANGE", "classes"},                    /* */
    {28, 4, 4, "FORMAT", "class 3"},                            /* a name too few */
    {28, 4, 2, "MISMATCH", "more class names"},                 /* one too many */
    {28, 4, 0, "MISMATCH", "no classes"},                       /* */
    {96, 4, 2, "UNSUP", "decoder 2"},                           /* what decoded it */
    {96, 4, 0xFFFFFFFF, "UNSUP", "decoder 4294967295"},         /* */
    {128, 8, 38, "MISMATCH", "rows of the train part"},         /* one sample more */
    {128, 8, 0x7FFFFFFF, "MISMATCH", "rows of the train part"}, /* */
    {128, 8, 0x80000000, "LIMIT", "at most"},                   /* */
    {128, 8, UINT64_MAX, "LIMIT", "at most"},                   /* */
    {128, 8, 0, "UNSUP", "no meaning"},                         /* a part of 0 samples */
    {136, 4, 8, "MISMATCH", "the shape makes it"},              /* height */
    {136, 4, 0xFFFFFFFF, "RANGE", "cannot be"},                 /* */
    {136, 4, 0x7FFFFFFF, "RANGE", "cannot be"},                 /* */
    {148, 4, 1, "MISMATCH", "the shape makes it"},              /* f16 */
    {148, 4, 3, "UNSUP", "element type 3"},                     /* */
    {152, 8, UINT64_MAX, "MISMATCH", "the shape makes it"},     /* row bytes */
    {160, 8, 0, "MISMATCH", "stride"},                          /* */
    {160, 8, 128, "MISMATCH", "stride"},                        /* */
    {168, 4, 0, "MISMATCH", "blocks of 0 rows"},                /* */
    {172, 4, 7, "MISMATCH", "targets over 7 classes"},          /* */
    {172, 4, 3, "MISMATCH", "labels of the train part"},        /* */
    {176, 4, 2, "UNSUP", "flags 00000002"},                     /* */
    {184, 8, 8192, "RANGE", "should begin at byte 4096"},       /* rows moved */
    {184, 8, UINT64_MAX, "RANGE", "should begin at byte 4096"}, /* */
    {192, 8, UINT64_MAX, "MISMATCH", "rows of the train part"}, /* */
    {208 + 24, 8, 4096, "RANGE", "should begin at"},            /* labels over rows */
    {208 + 24, 8, 1 << 30, "RANGE", "should begin at"},         /* past the end */
    {304 + 8, 8, 4, "MISMATCH", "row table"},                   /* too short a table */
    {352 + 8, 8, 64, "MISMATCH", "names"},                      /* */
    {1000, 1, 1, "UNSUP", "no meaning"},                        /* spare bytes */
    {4087, 1, 255, "UNSUP", "no meaning"},                      /* */
};

START_TEST(a_wrong_number_in_the_header_is_named)
{
    packed_poke(&good, pokes[_i].at, pokes[_i].value, pokes[_i].size);
    packed_save(path, &good);
    packed_refused(path, pokes[_i].class_name, pokes[_i].text);
}
END_TEST

/* A section changed, its checksum made right. */
static void spoil(lg_packed_section_id id, size_t at, const void *bytes, size_t size)
{
    uint64_t offset;
    memcpy(&offset, good.data + packed_section_at(LG_PART_TRAIN, id), sizeof offset);
    memcpy(good.data + offset + at, bytes, size);
    packed_seal_section(&good, LG_PART_TRAIN, id);
    packed_save(path, &good);
}

START_TEST(sections_that_make_no_sense_are_refused)
{
    static const struct {
        lg_packed_section_id id;
        size_t at;
        uint64_t value;
        int size;
        const char *text;
    } cases[] = {
        {LG_PACKED_LABELS, 8, 3, 4, "the label of sample 2 is 3"},
        {LG_PACKED_LABELS, 8, 0xFFFFFFFF, 4, "the label of sample 2 is -1"},
        {LG_PACKED_WEIGHT, 4, 0x7FC00000, 4, "the weight of sample 1 is"},
        {LG_PACKED_WEIGHT, 4, 0xBF800000, 4, "the weight of sample 1 is -1"},
        {LG_PACKED_TABLE, 12, 37, 4, "sample 3 lies in row 37"},
        {LG_PACKED_TABLE, 12, 0xFFFFFFFF, 4, "sample 3 lies in row 4294967295"},
        {LG_PACKED_BAD, 0, 2, 4, "bad samples"},
        {LG_PACKED_BAD, 0, 0x10000001, 4, "bad samples"},
        {LG_PACKED_BAD, 8, 37, 4, "sample 37"},
        {LG_PACKED_BAD, 12, 0, 4, "status 0"},
        {LG_PACKED_BAD, 16, 0, 4, "at 0"},
        {LG_PACKED_BAD, 20, 1 << 20, 4, "text of 1048576 bytes"},
        {LG_PACKED_NAMES, 0, 0, 8, "sample 0 begins at 0"},
        {LG_PACKED_NAMES, 24, UINT64_MAX, 8, "sample 3 begins at"},
        {LG_PACKED_NAMES, 37 * 8, 8 * 38, 8, "sample 37 begins at"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lg_bytes_clear(&good);
        packed_write_small(path, 0);
        good = packed_load(path);
        spoil(cases[i].id, cases[i].at, &cases[i].value, (size_t)cases[i].size);
        packed_refused(path, "RANGE", cases[i].text);
    }
}
END_TEST

START_TEST(a_row_given_twice_is_refused)
{
    uint64_t offset;
    memcpy(&offset, good.data + packed_section_at(LG_PART_TRAIN, LG_PACKED_TABLE), sizeof offset);
    spoil(LG_PACKED_TABLE, 20, good.data + offset, 4);
    packed_refused(path, "RANGE", "sample 5 lies in row");
}
END_TEST

/* ------------------------------------------------------------------------------------ PK3 --- */

/* Opens the file and reads all of it; 1 if something is found to be wrong with it. */
static int is_found(void)
{
    lg_packed_file *file;
    uint8_t out[PACKED_PIXELS];
    logit_error err = {0};
    int found = 0;
    if (lg_packed_open(&file, path, &err) != LOGIT_OK) return err.status == LOGIT_E_DATA;
    for (int p = 0; p < LG_PART_COUNT; p++)
        for (int64_t i = 0; i < (int64_t)file->header.part[p].count; i++)
            if (lg_packed_read(file, p, i, out, &err) != LOGIT_OK)
                found |= strstr(err.message, "[CORRUPT]") != NULL;
    lg_packed_close(file);
    return found;
}

START_TEST(every_flipped_bit_is_found)
{
    const int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert(!is_found());
    for (size_t at = 0; at < good.size; at++) {
        const int used = at < 900 || (at >= LG_PACKED_HEADER - 8 && at < LG_PACKED_HEADER);
        for (int bit = used ? 0 : (int)(at % 8); bit < 8; bit += used ? 1 : 8) {
            const uint8_t byte = good.data[at], flipped = (uint8_t)(byte ^ 1 << bit);
            ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)at), 1);
            if (!is_found()) ck_abort_msg("bit %d of byte %zu", bit, at);
            ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
        }
    }
    ck_assert(!is_found());
    close(fd);
}
END_TEST

START_TEST(a_header_page_without_its_checksum_is_corrupt)
{
    good.data[300] ^= 4;
    packed_save(path, &good);
    packed_refused(path, "CORRUPT", "at byte 4088: the header page");
}
END_TEST

START_TEST(every_prefix_is_refused)
{
    lg_bytes longer = {0};
    ck_assert_int_eq(lg_bytes_reserve(&longer, good.size + 1, NULL), LOGIT_OK);
    memcpy(longer.data, good.data, good.size);
    longer.data[good.size] = 0;
    longer.size = good.size + 1;
    packed_save(path, &longer);
    packed_refused(path, "TRAIL", "1 bytes behind");
    lg_bytes_clear(&longer);
    for (off_t size = (off_t)good.size - 1; size >= 0; size--) {
        ck_assert_int_eq(truncate(path, size), 0);
        packed_refused(path, "TRUNC", "ends");
    }
}
END_TEST

/* ------------------------------------------------------------------------------------ PK4 --- */

/* Cut anywhere while it is open, also within a page: an error, in the end, and never a signal. */
START_TEST(a_file_that_shrinks_is_an_io_error)
{
    static const off_t lengths[] = {0, 4096, 4097, 8191};
    lg_packed_file *file;
    uint8_t out[64 * PACKED_PIXELS];
    int64_t read;
    logit_error err;
    const int32_t sample[2] = {0, 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        packed_write_small(path, 0);
        ck_assert_int_eq(lg_packed_open(&file, path, &err), LOGIT_OK);
        ck_assert_int_eq(lg_packed_read(file, LG_PART_TRAIN, 1, out, &err), LOGIT_OK);
        ck_assert_int_eq(truncate(path, lengths[i]), 0);
        const double began = lg_seconds();
        ck_assert_int_eq(lg_packed_read_rows(file, LG_PART_TRAIN, sample, 2, out, &read, &err),
                         LOGIT_E_IO);
        ck_assert_int_eq(read, 0);
        ck_assert_msg(strstr(err.message, "the file became shorter while it was read") != NULL,
                      "%s", err.message);
        ck_assert_int_eq(lg_packed_read(file, LG_PART_TEST, 0, out, &err), LOGIT_E_IO);
        ck_assert_double_lt(lg_seconds() - began, 5.0);
        lg_packed_close(file);
    }
}
END_TEST

/* Written over in place while it is open: numbers that lead nowhere are not followed. */
START_TEST(a_file_that_is_written_over_leads_nowhere)
{
    lg_packed_file *file;
    uint8_t out[PACKED_PIXELS];
    char name[100];
    logit_error err;
    ck_assert_int_eq(lg_packed_open(&file, path, &err), LOGIT_OK);
    memset(good.data, 0xFF, good.size);
    FILE *over = fopen(path, "r+b");
    ck_assert_uint_eq(fwrite(good.data, 1, good.size, over), good.size);
    fclose(over);
    for (int64_t i = 0; i < PACKED_TRAIN; i++) {
        ck_assert_int_eq(lg_packed_read(file, LG_PART_TRAIN, i, out, &err), LOGIT_E_DATA);
        lg_packed_name(file, LG_PART_TRAIN, i, name, sizeof name);
    }
    const int32_t sample[] = {0, 36, 7};
    lg_packed_ahead(file, LG_PART_TRAIN, sample, 3);
    lg_packed_close(file);
}
END_TEST

START_TEST(other_files_are_not_taken_for_packed_ones)
{
    tree_text(&in, "x.packed", "hello");
    tree_refused(&in, "x.packed", NULL, LOGIT_E_DATA,
                 (const char *const[]){"packed at byte 5", "[TRUNC]", NULL});
    tree_text(&in, "x.bin", "hello");
    tree_refused(&in, "x.bin", NULL, LOGIT_E_DATA, (const char *const[]){"no known kind", NULL});
    tree_file(&in, "y.packed", "", 0);
    tree_refused(&in, "y.packed", NULL, LOGIT_E_DATA, (const char *const[]){"[TRUNC]", NULL});
}
END_TEST

Suite *lg_suite_packed_bad(void)
{
    Suite *suite = suite_create("packed_bad");
    TCase *tcase = tcase_create("packed_bad");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_wrong_number_in_the_header_is_named, 0,
                        sizeof pokes / sizeof *pokes);
    tcase_add_test(tcase, sections_that_make_no_sense_are_refused);
    tcase_add_test(tcase, a_row_given_twice_is_refused);
    tcase_add_test(tcase, every_flipped_bit_is_found);
    tcase_add_test(tcase, a_header_page_without_its_checksum_is_corrupt);
    tcase_add_test(tcase, every_prefix_is_refused);
    tcase_add_test(tcase, a_file_that_shrinks_is_an_io_error);
    tcase_add_test(tcase, a_file_that_is_written_over_leads_nowhere);
    tcase_add_test(tcase, other_files_are_not_taken_for_packed_ones);
    suite_add_tcase(suite, tcase);
    return suite;
}
