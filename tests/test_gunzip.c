/* test_gunzip.c -- malformed gzip files: each ends as DATA with its class, and a bomb costs little.
 *
 * Rows are named as in the list of malformed inputs.  A row spoils one good set. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "tests/idx_bytes.h"

Suite *lg_suite_gunzip(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { GZIP_HEADER = 10, GZIP_TRAILER = 8 };

static const idx_spoil gzip_spoils[] = {
    {"GZ1 magic, first byte", "FORMAT", 0, 0, 1, {0x1e}, 0},
    {"GZ1 magic, second byte", "FORMAT", 0, 1, 1, {0x8c}, 0},
    {"GZ1 method", "FORMAT", 0, 2, 1, {7}, 0},
    {"GZ1 reserved flag 20", "FORMAT", 0, 3, 1, {0x20}, 0},
    {"GZ1 reserved flag 40", "FORMAT", 0, 3, 1, {0x40}, 0},
    {"GZ1 reserved flag 80", "FORMAT", 0, 3, 1, {0x80}, 0},
    {"GZ1 header checksum", "FORMAT|CORRUPT", 0, 3, 1, {0x02}, 0},
    {"GZ2 checksum", "CORRUPT", 0, -8, 1, {0}, 0},
    {"GZ2 checksum, last byte", "CORRUPT", 0, -5, 1, {0}, 0},
    {"GZ2 size", "CORRUPT", 0, -4, 1, {0}, 0},
    {"GZ2 size, last byte", "CORRUPT", 0, -1, 1, {1}, 0},
    {"GZ3 block type 3", "CORRUPT", 0, GZIP_HEADER, 1, {0x07}, 0},
    {"GZ3 distance too far", "CORRUPT", 0, GZIP_HEADER, 3, {0x03, 0x02, 0x00}, 0},
    {"GZ5 garbage behind", "TRAIL", 0, 0, 0, {0}, 1},
    {"GZ5 much garbage behind", "TRAIL", 0, 0, 0, {0}, 1000},
};

START_TEST(spoilt_gzip_is_refused)
{
    const idx_spoil *how = &gzip_spoils[_i];
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    gzip_whole(&pair.images);
    gzip_whole(&pair.labels);
    lg_bytes *bytes = &pair.images;
    const size_t at = how->at < 0 ? bytes->size - (size_t)-how->at : (size_t)how->at;
    for (int i = 0; i < how->count; i++) {
        if (how->at < 0)
            bytes->data[at] ^= 0x10;
        else
            bytes->data[at + (size_t)i] = how->byte[i];
    }
    for (int i = 0; i < how->more; i++) bytes_add(bytes, "x", 1);
    idx_pair_write(&t, &pair, 1);
    idx_assert_refused(&t, NULL, how->classes);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("train-images-idx3-ubyte.gz: gzip at byte "));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

START_TEST(header_name_that_never_ends_is_refused)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    gzip_whole(&pair.images);
    gzip_whole(&pair.labels);
    pair.images.data[3] = 0x08; /* FNAME */
    pair.images.size = GZIP_HEADER;
    for (int i = 0; i < 300; i++) bytes_add(&pair.images, "n", 1);
    idx_pair_write(&t, &pair, 1);
    idx_assert_refused(&t, NULL, "TRUNC"); /* GZ1 */
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

START_TEST(plain_file_named_gz_is_explained)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    idx_pair_write(&t, &pair, 1);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("gzip at byte", "without .gz", "[FORMAT]"));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

/* GZ5: members that follow each other are one stream, wherever they are cut. */
START_TEST(members_are_one_stream)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    for (size_t cut = 0; cut <= IDX_HEADER + IDX_COUNT * IDX_PIXELS; cut++) {
        lg_bytes packed = {0};
        idx_pair_make(&pair);
        gzip_add(&packed, pair.images.data, cut);
        gzip_add(&packed, "", 0);
        gzip_add(&packed, pair.images.data + cut, pair.images.size - cut);
        lg_bytes_clear(&pair.images);
        pair.images = packed;
        gzip_whole(&pair.labels);
        idx_pair_write(&t, &pair, 1);
        lg_dataset *set = tree_dataset(&t, "s", NULL);
        idx_assert_small(set, LG_PART_TRAIN, 1);
        lg_dataset_close(set);
        gzip_add(&pair.images, "x", 1);
        idx_pair_write(&t, &pair, 1);
        idx_assert_refused(&t, NULL, "TRAIL");
        idx_pair_clear(&pair);
    }
    tree_close(&t);
}
END_TEST

START_TEST(gzip_inside_gzip_is_refused)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    gzip_whole(&pair.images);
    gzip_whole(&pair.images);
    gzip_whole(&pair.labels);
    idx_pair_write(&t, &pair, 1);
    idx_assert_refused(&t, NULL, "FORMAT"); /* GZ6 */
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("gzip inside gzip"));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

/* Any single bit turned over: refused, or (time stamp and the like in the header) the same data. */
START_TEST(no_bit_flip_changes_the_data)
{
    tree t;
    idx_pair pair;
    lg_dataset *set;
    int refused = 0;
    const lg_dataset_options options = {0};
    tree_open(&t);
    idx_pair_make(&pair);
    gzip_whole(&pair.images);
    gzip_whole(&pair.labels);
    const size_t bits = 8 * pair.images.size;
    for (size_t bit = 0; bit < bits; bit++) {
        pair.images.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        idx_pair_write(&t, &pair, 1);
        if (lg_dataset_open(&set, tree_path(&t, "s"), &options, NULL) == LOGIT_OK)
            idx_assert_small(set, LG_PART_TRAIN, 1);
        else
            refused++;
        lg_dataset_close(set);
        pair.images.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    /* 6 bytes of time, extra flags and system, and FTEXT, mean nothing */
    ck_assert_int_ge(refused, (int)bits - 8 * 6 - 1);
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------- the bomb --- */

/* Appends a gzip header and deflate blocks that begin with `start` and go on with `pieces` times
 * 16 MiB of zeros; each piece is the same few bytes again. */
static void make_bomb(lg_bytes *to, const lg_bytes *start, int pieces)
{
    enum { PIECE = 16 << 20, PACKED = 1 << 16 };
    static const uint8_t header[GZIP_HEADER] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    static uint8_t zeros[PIECE], packed[PACKED];
    z_stream z = {0};
    bytes_add(to, header, sizeof header);
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int i = 0; i < 2; i++) {
        z.next_in = i ? zeros : start->data;
        z.avail_in = i ? PIECE : (uInt)start->size;
        z.next_out = packed;
        z.avail_out = PACKED;
        ck_assert_int_eq(deflate(&z, Z_FULL_FLUSH), Z_OK);
        ck_assert_uint_eq(z.avail_in, 0);
        for (int n = 0; n < (i ? pieces : 1); n++) bytes_add(to, packed, PACKED - z.avail_out);
    }
    deflateEnd(&z);
}

START_TEST(bomb_costs_no_more_than_its_header_says)
{
    enum { COUNT = 60000, SIDE = 28, PIECES = 64 };
    tree t;
    idx_pair pair = {0};
    lg_bytes start = {0};
    struct rusage before, after;
    tree_open(&t);
    idx_add_header(&start, 0x08, 3, (const uint32_t[]){COUNT, SIDE, SIDE});
    make_bomb(&pair.images, &start, PIECES);
    ck_assert_uint_lt(pair.images.size, 2u << 20);
    idx_add_header(&pair.labels, 0x08, 1, (const uint32_t[]){COUNT});
    for (int i = 0; i < COUNT; i++) bytes_add(&pair.labels, &(uint8_t){(uint8_t)(i % 10)}, 1);
    gzip_whole(&pair.labels);
    idx_pair_write(&t, &pair, 1);
    getrusage(RUSAGE_SELF, &before);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("idx at byte 47040016: ", "[TRAIL]")); /* GZ4 */
    getrusage(RUSAGE_SELF, &after);
    const long grown = after.ru_maxrss - before.ru_maxrss;
    ck_assert_msg(grown < 64 << 10, "%ld KiB", grown);
    idx_pair_clear(&pair);
    lg_bytes_clear(&start);
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_gunzip(void)
{
    Suite *suite = suite_create("gunzip");
    TCase *tests = tcase_create("gunzip");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, spoilt_gzip_is_refused, 0, COUNT(gzip_spoils));
    tcase_add_test(tests, header_name_that_never_ends_is_refused);
    tcase_add_test(tests, plain_file_named_gz_is_explained);
    tcase_add_test(tests, members_are_one_stream);
    tcase_add_test(tests, gzip_inside_gzip_is_refused);
    tcase_add_test(tests, no_bit_flip_changes_the_data);
    tcase_add_test(tests, bomb_costs_no_more_than_its_header_says);
    suite_add_tcase(suite, tests);
    return suite;
}
