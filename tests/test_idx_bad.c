/* test_idx_bad.c -- malformed IDX files, plain and gzipped: each ends as DATA with its class.
 *
 * Rows are named as in the list of malformed inputs.  A row spoils one good set. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/idx_bytes.h"

Suite *lg_suite_idx_bad(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ----------------------------------------------------------------- IDX, plain and gzipped --- */

#define BE(n) 0, 0, 0, (n)
#define FF 255, 255, 255, 255

static const idx_spoil spoils[] = {
    {"IX1 labels given as images", "FORMAT", 0, 2, 2, {8, 1}, 0},
    {"IX1 not an IDX file", "FORMAT", 0, 0, 1, {1}, 0},
    {"IX1 second byte", "FORMAT", 0, 1, 1, {1}, 0},
    {"IX1 no such type", "FORMAT", 0, 2, 1, {0x0A}, 0},
    {"IX1 type 0", "FORMAT", 0, 2, 1, {0}, 0},
    {"IX1 type 0f", "FORMAT", 0, 2, 1, {0x0F}, 0},
    {"IX1 shorts", "UNSUP", 0, 2, 1, {0x0B}, 0},
    {"IX1 doubles", "UNSUP", 0, 2, 1, {0x0E}, 0},
    {"IX1 float images", "UNSUP", 0, 2, 1, {0x0D}, 0},
    {"IX1 images given as labels", "FORMAT", 1, 3, 10, {3, BE(5), BE(1), 0}, 3},
    {"IX1 labels of ints", "UNSUP", 1, 2, 1, {0x0C}, 0},
    {"IX1 floats of 3 dimensions", "FORMAT", 1, 2, 2, {0x0D, 3}, 0},
    {"IX2 no dimension", "RANGE", 0, 3, 1, {0}, 0},
    {"IX2 255 dimensions", "RANGE", 0, 3, 1, {255}, 0},
    {"IX2 5 dimensions", "RANGE", 0, 3, 1, {5}, 0},
    {"IX2 2 dimensions", "FORMAT", 0, 3, 9, {2, BE(5), BE(6)}, 0},
    {"IX3 2^32-1 images", "LIMIT", 0, 4, 4, {FF}, 0},
    {"IX3 65536 cubed", "LIMIT", 0, 4, 12, {0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}, 0},
    {"IX3 four times 2^32-1", "OVERFLOW", 0, 3, 17, {4, FF, FF, FF, FF}, 0},
    {"IX3 2^31 - 1 of 16384^2", "LIMIT", 0, 4, 12, {127, 255, 255, 255, 0, 0, 64, 0, 0, 0, 64}, 0},
    {"IX3 2^31 - 1 of 4096^2", "TRUNC", 0, 4, 12, {127, 255, 255, 255, 0, 0, 16, 0, 0, 0, 16}, 0},
    {"IX3 no images", "RANGE", 0, 4, 4, {BE(0)}, 0},
    {"IX3 no height", "RANGE", 0, 8, 4, {BE(0)}, 0},
    {"IX3 no width", "RANGE", 0, 12, 4, {BE(0)}, 0},
    {"IX3 two channels", "RANGE", 0, 3, 17, {4, BE(5), BE(1), BE(2), BE(2)}, -6},
    {"IX4 one label fewer", "MISMATCH", 1, 4, 4, {BE(4)}, -1},
    {"IX4 one label more", "MISMATCH", 1, 4, 4, {BE(6)}, 1},
    {"IX6 images one byte short", "TRUNC", 0, 0, 0, {0}, -1},
    {"IX6 images one byte extra", "TRAIL", 0, 0, 0, {0}, 1},
    {"IX6 labels one byte short", "TRUNC", 1, 0, 0, {0}, -1},
    {"IX6 labels one byte extra", "TRAIL", 1, 0, 0, {0}, 1},
};

START_TEST(spoilt_file_is_refused)
{
    const idx_spoil *how = &spoils[_i / 2];
    const int gzip = _i % 2;
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    lg_bytes *bytes = how->labels ? &pair.labels : &pair.images;
    for (int i = 0; i < how->more; i++) bytes_add(bytes, "", 1);
    if (how->more < 0) bytes->size -= (size_t)-how->more;
    ck_assert_uint_le((size_t)(how->at + how->count), bytes->size);
    memcpy(bytes->data + how->at, how->byte, (size_t)how->count);
    if (gzip) gzip_whole(&pair.images);
    if (gzip) gzip_whole(&pair.labels);
    idx_pair_write(&t, &pair, gzip);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    idx_assert_refused(&t, NULL, how->classes);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_msg(after.ru_maxrss - before.ru_maxrss < 4096, "%s: %ld KiB", how->row,
                  after.ru_maxrss - before.ru_maxrss);
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

START_TEST(label_that_the_model_does_not_know_names_the_index)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "train");
    char *const known[] = {"0", "1"};
    const lg_dataset_options options = {.known_class = known, .known_classes = 2};
    idx_assert_refused(&t, &options, "RANGE"); /* IX5 */
    tree_refused(&t, "s", &options, LOGIT_E_DATA,
                 TEXTS("train-labels-idx1-ubyte: idx at byte 10: ", "sample 2 is 2", "0, 1"));
    tree_close(&t);
}
END_TEST

START_TEST(label_that_train_lacks_names_the_index)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    idx_write(&t, "s", "train");
    pair.labels.data[8 + 3] = 3;
    idx_file(&t, "s/t10k-images-idx3-ubyte", &pair.images);
    idx_file(&t, "s/t10k-labels-idx1-ubyte", &pair.labels);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA,
                 TEXTS("t10k-labels-idx1-ubyte: idx at byte 11: ", "sample 3 is 3", "[RANGE]"));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

START_TEST(set_of_one_class_is_refused)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    memset(pair.labels.data + 8, 0, IDX_COUNT);
    idx_pair_write(&t, &pair, 0);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("one class only (0)"));
    memset(pair.labels.data + 8, 7, IDX_COUNT);
    idx_pair_write(&t, &pair, 0);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("one class only has samples (7)", "7 are"));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

/* Every prefix of every file of a set, plain and gzipped. */
START_TEST(every_prefix_is_refused)
{
    const int gzip = _i & 1, labels = _i & 2;
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    if (gzip) gzip_whole(&pair.images);
    if (gzip) gzip_whole(&pair.labels);
    idx_pair_write(&t, &pair, gzip);
    lg_dataset_close(tree_dataset(&t, "s", NULL));
    lg_bytes *bytes = labels ? &pair.labels : &pair.images;
    while (bytes->size > 0) {
        bytes->size--;
        idx_pair_write(&t, &pair, gzip);
        idx_assert_refused(&t, NULL, "TRUNC");
    }
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------- float labels --- */

static const struct {
    const char *row, *classes, *text;
    int rows, columns; /* columns 0: numbers */
    float value[10];
} floats[] = {
    {"NaN", "RANGE", "sample 3", 5, 0, {0, 1, 2, NAN, 4}},
    {"infinity", "RANGE", "sample 4", 5, 0, {0, 1, 2, 3, INFINITY}},
    {"minus infinity", "RANGE", "sample 0", 5, 0, {-INFINITY, 1, 2, 3, 4}},
    {"another count", "MISMATCH", "4 labels", 4, 0, {0, 1, 2, 3}},
    {"sum below 1", "RANGE", "sample 1 sum to 0.9", 5, 2, {1, 0, 0.5f, 0.4f, 1, 0, 1, 0, 1, 0}},
    {"sum above 1", "RANGE", "sample 4 sum to 1.0002", 5, 2, {1, 0, 1, 0, 1, 0, 1, 0, 1, 0.0002f}},
    {"negative",
     "RANGE",
     "sample 2, class 1 is negative",
     5,
     2,
     {1, 0, 1, 0, 1.5f, -0.5f, 1, 0, 1, 0}},
    {"NaN in a row", "RANGE", "sample 4", 5, 2, {1, 0, 1, 0, 1, 0, 1, 0, 1, NAN}},
    {"one column", "RANGE", "one class", 5, 1, {1, 1, 1, 1, 1}},
};

START_TEST(spoilt_floats_are_refused)
{
    tree t;
    idx_pair pair;
    tree_open(&t);
    idx_pair_make(&pair);
    const uint32_t dim[] = {(uint32_t)floats[_i].rows, (uint32_t)floats[_i].columns};
    const int dims = floats[_i].columns ? 2 : 1;
    pair.labels.size = 0;
    idx_add_header(&pair.labels, 0x0D, dims, dim);
    for (int i = 0; i < floats[_i].rows * (dims == 2 ? floats[_i].columns : 1); i++) {
        uint32_t bits;
        memcpy(&bits, &floats[_i].value[i], sizeof bits);
        bytes_add_be32(&pair.labels, bits);
    }
    idx_pair_write(&t, &pair, 0);
    idx_assert_refused(&t, NULL, floats[_i].classes);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS(floats[_i].text));
    idx_pair_clear(&pair);
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_idx_bad(void)
{
    Suite *suite = suite_create("idx_bad");
    TCase *tests = tcase_create("idx_bad");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, spoilt_file_is_refused, 0, 2 * COUNT(spoils));
    tcase_add_test(tests, label_that_the_model_does_not_know_names_the_index);
    tcase_add_test(tests, label_that_train_lacks_names_the_index);
    tcase_add_test(tests, set_of_one_class_is_refused);
    tcase_add_loop_test(tests, every_prefix_is_refused, 0, 4);
    tcase_add_loop_test(tests, spoilt_floats_are_refused, 0, COUNT(floats));
    suite_add_tcase(suite, tests);
    return suite;
}
