/* test_tar_bad.c -- malformed tars: each is refused with its class, or passed over as its row says.
 *
 * Rows are named as in the list of malformed inputs.  A row spoils one good tar, whose three
 * members lie at bytes 0, 1024 and 2048. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/tar_bytes.h"

Suite *lg_suite_tar_bad(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { SIZE_AT = 124 };

/* ------------------------------------------------------------------------- spoilt headers --- */

static const struct {
    const char *row, *class_name, *text;
    int at, count; /* bytes written over the header of a member */
    const char *bytes;
} spoils[] = {
    {"TA1 8 GB in a small tar", "TRUNC", "ends here", SIZE_AT, 12, "77777777777"},
    {"TA1 base 256 of 2^63", "OVERFLOW", "2^63", SIZE_AT, 12, "\x80\0\0\0\x80\0\0\0\0\0\0\0"},
    {"TA1 base 256 of 2^63-1", "OVERFLOW", "", SIZE_AT, 12,
     "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"},
    {"TA1 base 256 of 2^40", "TRUNC", "", SIZE_AT, 12, "\x80\0\0\0\0\0\x01\0\0\0\0\0"},
    {"TA1 negative base 256", "RANGE", "negative", SIZE_AT, 12,
     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"},
    {"TA2 not octal", "FORMAT", "octal", SIZE_AT, 12, "99999999999"},
    {"TA2 spaces only", "FORMAT", "octal", SIZE_AT, 12, "            "},
    {"TA2 nothing", "FORMAT", "octal", SIZE_AT, 12, "\0\0\0\0\0\0\0\0\0\0\0\0"},
    {"TA2 a minus sign", "FORMAT", "octal", SIZE_AT, 12, "-0000000001"},
};

START_TEST(spoilt_header_is_refused)
{
    const int row = _i / 3, member = _i % 3;
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_good(&tar);
    const size_t at = (size_t)member * 2 * TAR_BLOCK;
    memcpy(tar.data + at + spoils[row].at, spoils[row].bytes, (size_t)spoils[row].count);
    tar_sum(&tar, at);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", spoils[row].class_name, spoils[row].text);
    tree_close(&t);
}
END_TEST

START_TEST(wrong_checksum_is_refused) /* TA3: every byte of a header */
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    char where[64];
    for (int byte = 0; byte < TAR_BLOCK; byte += 7) {
        tar_good(&tar);
        const size_t at = (size_t)_i * 2 * TAR_BLOCK;
        tar.data[at + (size_t)byte] ^= 0x10;
        tar_write(&t, "s.tar", &tar);
        snprintf(where, sizeof where, "tar at byte %zu: ", at);
        tar_refused(&t, "s.tar", "CORRUPT", where);
    }
    tree_close(&t);
}
END_TEST

/* TA7.  On the boundary of a member, or behind a block of zeros, a tar may end. */
START_TEST(every_prefix_is_refused_or_whole)
{
    tree t;
    lg_bytes whole = {0};
    tree_open(&t);
    tar_good(&whole);
    for (size_t size = whole.size; size-- > 0;) {
        lg_dataset *set;
        logit_error err = {0};
        tree_file(&t, "s.tar", whole.data, size);
        const logit_status status =
            lg_dataset_open(&set, tree_path(&t, "s.tar"), &(lg_dataset_options){0}, &err);
        if (size >= 7 * TAR_BLOCK || size == 6 * TAR_BLOCK || size == 4 * TAR_BLOCK) {
            ck_assert_msg(status == LOGIT_OK, "%zu: %s", size, err.message);
            lg_dataset_close(set);
        } else if (size != 2 * TAR_BLOCK) { /* there one class only is left */
            ck_assert_msg(status == LOGIT_E_DATA && strstr(err.message, "[TRUNC]"), "%zu: %s", size,
                          err.message);
        }
    }
    lg_bytes_clear(&whole);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------- headers before headers --- */

static const struct {
    const char *row, *class_name, *body;
    int size; /* of the body; 0: its length */
} paxes[] = {
    {"TA6 length 0", "FORMAT", "0 path=a\n", 0},
    {"TA6 longer than the header", "FORMAT", "99 path=a/1.ppm\n", 0},
    {"TA6 shorter than the record", "FORMAT", "5 path=a/1.ppm\n", 0},
    {"TA6 no length", "FORMAT", "path=a/1.ppm\n", 0},
    {"TA6 length beyond 2^63", "FORMAT", "99999999999999999999 path=a\n", 0},
    {"TA6 no equals sign", "FORMAT", "9 path-a\n", 0},
    {"TA6 negative size", "FORMAT", "11 size=-5\n", 0},
    {"TA6 size that is no number", "FORMAT", "11 size=0x\n", 0},
    {"TA6 size of 2^63", "FORMAT", "28 size=9223372036854775808\n", 0},
    {"TA6 size beyond the file", "TRUNC", "18 size=99999999\n", 17},
    {"TA4 NUL in a name", "FORMAT", "16 path=a\0b.ppm\n", 16},
};

START_TEST(spoilt_pax_header_is_refused)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    if (_i % 2) tar_image(&tar, "b/0.ppm", 1);
    const char *body = paxes[_i / 2].body;
    char fitted[64];
    size_t size = paxes[_i / 2].size ? (size_t)paxes[_i / 2].size : strlen(body);
    if (!strcmp(paxes[_i / 2].class_name, "TRUNC")) { /* the record's length is right here */
        size = (size_t)snprintf(fitted, sizeof fitted, "17 size=99999999\n");
        body = fitted;
    }
    tar_pax(&tar, body, size);
    tar_good(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", paxes[_i / 2].class_name, "s.tar");
    tree_close(&t);
}
END_TEST

START_TEST(huge_and_endless_headers_are_refused)
{
    static const char types[] = "xgLK";
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_header(&tar, "big", types[_i], 1LL << 30);
    tar_good(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", "LIMIT", "1073741824");
    tar_header(&tar, "cut", types[_i], 8000);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", "TRUNC", "");
    for (int i = 0; i < 100; i++) tar_header(&tar, "none", types[_i], 0);
    tar_good(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", "LIMIT", "");
    tree_close(&t);
}
END_TEST

/* A sparse map that is none must not lead back into what was read. */
START_TEST(spoilt_sparse_map_ends)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_image(&tar, "a/1.ppm", 1);
    tar_pax(&tar, "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n", 44);
    tar_good(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", "TRUNC", "s.tar");
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------ the whole --- */

START_TEST(what_is_no_tar_is_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *class_name, *text;
    } files[] = {
        {"", 0, "TRUNC", "empty"},
        {"\x1f\x8b\x08", 3, "UNSUP", "gunzip"},
        {"BZh9", 4, "UNSUP", "bunzip2"},
        {"\xfd"
         "7zXZ\0",
         6, "UNSUP", "unxz"},
        {"\x28\xb5\x2f\xfd", 4, "UNSUP", "unzstd"},
        {"hello", 5, "TRUNC", "header"},
    };
    tree t;
    tree_open(&t);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tree_file(&t, "s.tar", files[i].bytes, files[i].size);
        tar_refused(&t, "s.tar", files[i].class_name, files[i].text);
    }
    char block[2048];
    memset(block, 'x', sizeof block);
    tree_file(&t, "s.tar", block, sizeof block);
    tar_refused(&t, "s.tar", "CORRUPT", "checksum");
    memset(block, 0, sizeof block);
    tree_file(&t, "s.tar", block, sizeof block);
    tar_refused(&t, "s.tar", "RANGE", "no image");
    tree_text(&t, "z.tar.gz", "x");
    tree_refused(&t, "z.tar.gz", NULL, LOGIT_E_DATA, TEXTS("decompress", "[UNSUP]"));
    tree_close(&t);
}
END_TEST

START_TEST(joined_tars_are_refused)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_good(&tar);
    tar_good(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", "TRAIL", "joined");
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_tar_bad(void)
{
    Suite *suite = suite_create("tar_bad");
    TCase *tests = tcase_create("tar_bad");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, spoilt_header_is_refused, 0, 3 * COUNT(spoils));
    tcase_add_loop_test(tests, wrong_checksum_is_refused, 0, 3);
    tcase_add_test(tests, every_prefix_is_refused_or_whole);
    tcase_add_loop_test(tests, spoilt_pax_header_is_refused, 0, 2 * COUNT(paxes));
    tcase_add_loop_test(tests, huge_and_endless_headers_are_refused, 0, 4);
    tcase_add_test(tests, spoilt_sparse_map_ends);
    tcase_add_test(tests, what_is_no_tar_is_refused);
    tcase_add_test(tests, joined_tars_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
