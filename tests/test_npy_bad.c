/* test_npy_bad.c -- malformed .npy files: each ends as DATA with its class, place and reason, at
 * once.
 *
 * Tests (suite npy_bad).  Rows are named as in the list of malformed inputs. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/npy_bytes.h"

Suite *lg_suite_npy_bad(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The set at X.npy is refused in less than a tenth of a second, as file s/LEAF says. */
static void assert_refused(const tree *t, const char *row, const char *leaf, const char *class_name)
{
    const lg_dataset_options options = {0};
    lg_dataset *set;
    logit_error err = {0};
    char class[32];
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    const clock_t begin = clock();
    const logit_status status = lg_dataset_open(&set, tree_path(t, "s/X.npy"), &options, &err);
    const clock_t took = clock() - begin;
    getrusage(RUSAGE_SELF, &after);
    ck_assert_msg(status == LOGIT_E_DATA, "%s: status %d: %s", row, status, err.message);
    ck_assert_msg(took < CLOCKS_PER_SEC / 10, "%s: took %ld us", row, (long)took);
    ck_assert_msg(after.ru_maxrss - before.ru_maxrss < 4096, "%s: %ld KiB", row,
                  after.ru_maxrss - before.ru_maxrss);
    const char *file = tree_path(t, leaf);
    ck_assert_msg(!strncmp(err.message, file, strlen(file)) &&
                      !strncmp(err.message + strlen(file), ": npy at byte ", 14),
                  "%s: %s", row, err.message);
    const char *last = strrchr(err.message, '[');
    ck_assert_msg(last && sscanf(last, "[%30[A-Z]]", class) == 1 && !strcmp(class_name, class),
                  "%s: expected [%s]: %s", row, class_name, err.message);
}

/* ------------------------------------------------------------------------------- headers --- */

#define DICT(descr, order, shape)                                                                  \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"
#define SHAPE(shape) DICT("'<f4'", "False", shape)

static const struct {
    const char *row, *class_name, *dictionary;
} headers[] = {
    {"NP5 no closing brace", "FORMAT", "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4)"},
    {"NP5 no opening brace", "FORMAT", "'descr': '<f4', 'fortran_order': False, 'shape': (5, 4)}"},
    {"NP5 empty", "FORMAT", ""},
    {"NP5 words behind", "FORMAT", SHAPE("(5, 4)") " + 1"},
    {"NP5 a line break inside", "FORMAT", "{'descr': '<f4',\n 'fortran_order': False}"},
    {"NP6 code for a shape", "FORMAT", SHAPE("__import__('os').system('x')")},
    {"NP6 code in a shape", "FORMAT", SHAPE("(5, f(4))")},
    {"NP6 a sum", "FORMAT", SHAPE("(5, 2+2)")},
    {"NP6 a float", "FORMAT", SHAPE("(5, 4.0)")},
    {"NP6 code for a type", "FORMAT", DICT("f()", "False", "(5, 4)")},
    {"NP6 an escape", "FORMAT", DICT("'\\x3cf4'", "False", "(5, 4)")},
    {"NP6 a string that does not end", "FORMAT", "{'descr': '<f4, }"},
    {"NP6 a list for a shape", "FORMAT", SHAPE("[5, 4]")},
    {"NP6 no comma behind one size", "FORMAT", SHAPE("(5)")},
    {"NP6 order is 1", "FORMAT", DICT("'<f4'", "1", "(5, 4)")},
    {"NP7 objects", "UNSUP", DICT("'|O'", "False", "(5, 4)")},
    {"NP7 raw", "UNSUP", DICT("'|V8'", "False", "(5, 4)")},
    {"NP7 records", "UNSUP", DICT("[('a', '<f4'), ('b', '<i4')]", "False", "(5, 4)")},
    {"NP7 big endian", "UNSUP", DICT("'>f4'", "False", "(5, 4)")},
    {"NP7 doubles", "UNSUP", DICT("'<f8'", "False", "(5, 4)")},
    {"NP7 integers for samples", "UNSUP", DICT("'<i8'", "False", "(5, 4)")},
    {"NP7 text", "UNSUP", DICT("'<U5'", "False", "(5, 4)")},
    {"NP8 columns", "UNSUP", DICT("'<f4'", "True", "(5, 4)")},
    {"NP9 negative", "RANGE", SHAPE("(-1, 784)")},
    {"NP9 2^62 rows", "OVERFLOW", SHAPE("(4611686018427387904, 8)")},
    {"NP9 2^64 rows", "OVERFLOW", SHAPE("(18446744073709551616, 8)")},
    {"NP9 65536 to the fourth", "OVERFLOW", SHAPE("(65536, 65536, 65536, 65536, 2)")},
    {"NP9 2^31 rows", "LIMIT", SHAPE("(2147483648, 1)")},
    {"NP9 2^31 - 1 rows", "TRUNC", SHAPE("(2147483647, 4)")},
    {"NP9 2^24 + 1 numbers", "LIMIT", SHAPE("(5, 16777217)")},
    {"NP9 4096 cubed", "LIMIT", SHAPE("(5, 4096, 4096, 4096)")},
    {"NP9 33 dimensions", "LIMIT",
     SHAPE("(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)")},
    {"NP10 no dimension", "MISMATCH", SHAPE("()")},
    {"NP10 one dimension", "MISMATCH", SHAPE("(5,)")},
    {"NP10 five dimensions", "MISMATCH", SHAPE("(5, 1, 1, 1, 4)")},
    {"NP10 no rows", "RANGE", SHAPE("(0, 784)")},
    {"NP10 no columns", "RANGE", SHAPE("(5, 0)")},
    {"NP10 images of two channels", "RANGE", DICT("'|u1'", "False", "(5, 2, 2, 2)")},
    {"NP10 an image too wide", "LIMIT", DICT("'|u1'", "False", "(5, 1, 16385)")},
    {"NP11 no descr", "FORMAT", "{'fortran_order': False, 'shape': (5, 4), }"},
    {"NP11 no order", "FORMAT", "{'descr': '<f4', 'shape': (5, 4), }"},
    {"NP11 no shape", "FORMAT", "{'descr': '<f4', 'fortran_order': False, }"},
    {"NP11 one more key", "FORMAT",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4), 'x': 1, }"},
    {"NP11 a key twice", "FORMAT",
     "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4), 'shape': (5, 4), }"},
};

START_TEST(spoilt_header_is_refused)
{
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    npy_header(&bytes, headers[_i].dictionary);
    for (int i = 0; i < 80; i++) npy_add(&bytes, "", 1);
    npy_file(&t, "s/X.npy", &bytes);
    assert_refused(&t, headers[_i].row, "s/X.npy", headers[_i].class_name);
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------------- bytes --- */

/* What a good file of 5 x NPY_WIDTH float32 becomes: bytes overwritten, then cut or grown. */
static const struct {
    const char *row, *class_name;
    size_t at, count;
    uint8_t byte[16];
    int64_t size; /* of the file; 0: as it was; below 0: so much less */
} spoils[] = {
    {"NP1 other magic", "FORMAT", 0, 6, {0x93, 'N', 'U', 'M', 'P', 'X'}, 0},
    {"NP1 a PNG", "FORMAT", 0, 8, {0x89, 'P', 'N', 'G', 13, 10, 26, 10}, 0},
    {"NP2 version 0.0", "UNSUP", 6, 2, {0, 0}, 0},
    {"NP2 version 4.0", "UNSUP", 6, 2, {4, 0}, 0},
    {"NP2 version 1.1", "UNSUP", 6, 2, {1, 1}, 0},
    {"NP2 version 255.255", "UNSUP", 6, 2, {255, 255}, 0},
    {"NP3 4 GB of header", "TRUNC", 6, 6, {2, 0, 0xF0, 0xFF, 0xFF, 0xFF}, 12},
    {"NP3 version 2 in 11 bytes", "TRUNC", 6, 2, {2, 0}, 11},
    {"NP4 header longer than the file", "TRUNC", 8, 2, {0xFF, 0xFF}, 0},
    {"NP5 no newline", "FORMAT", 127, 1, {' '}, 0},
    {"NP5 a NUL inside", "FORMAT", 20, 1, {0}, 0},
    {"NP12 one byte short", "TRUNC", 0, 0, {0}, -1},
    {"NP12 one byte long", "TRAIL", 0, 0, {0}, 128 + 5 * NPY_WIDTH * 4 + 1},
};

START_TEST(spoilt_bytes_are_refused)
{
    tree t;
    lg_bytes bytes = {0};
    char shape[40];
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    snprintf(shape, sizeof shape, "(5, %d)", NPY_WIDTH);
    npy_array(&bytes, "<f4", shape);
    npy_samples(&bytes, LG_ELEMENT_F32, 5);
    memcpy(bytes.data + spoils[_i].at, spoils[_i].byte, spoils[_i].count);
    while ((int64_t)bytes.size < spoils[_i].size) npy_add(&bytes, "", 1);
    if (spoils[_i].size > 0) bytes.size = (size_t)spoils[_i].size;
    if (spoils[_i].size < 0) bytes.size -= (size_t)-spoils[_i].size;
    npy_file(&t, "s/X.npy", &bytes);
    assert_refused(&t, spoils[_i].row, "s/X.npy", spoils[_i].class_name);
    tree_close(&t);
}
END_TEST

START_TEST(every_prefix_is_refused) /* samples, labels */
{
    tree t;
    const char *leaf = _i ? "s/X.labels.npy" : "s/X.npy";
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F16, 5);
    lg_dataset_close(tree_dataset(&t, "s/X.npy", NULL));
    ck_assert_int_eq(lg_file_read(-100, tree_path(&t, leaf), 1 << 20, &bytes, NULL), LOGIT_OK);
    while (bytes.size > 0) {
        bytes.size--;
        tree_file(&t, leaf, bytes.data, bytes.size);
        assert_refused(&t, "NP1 NP4 NP12 prefix", leaf, "TRUNC");
    }
    lg_bytes_clear(&bytes);
    tree_close(&t);
}
END_TEST

START_TEST(long_header_is_refused) /* 10000 bytes are read, 10001 are not */
{
    const int size = 10000 + _i;
    tree t;
    lg_bytes bytes = {0};
    char text[200];
    const uint8_t start[10] = {0x93, 'N', 'U', 'M',           'P',
                               'Y',  1,   0,   (uint8_t)size, (uint8_t)(size >> 8)};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    npy_add(&bytes, start, sizeof start);
    snprintf(text, sizeof text, DICT("'<f4'", "False", "(5, %d)"), NPY_WIDTH);
    npy_add(&bytes, text, strlen(text));
    while (bytes.size < 10 + (size_t)size - 1) npy_add(&bytes, " ", 1);
    npy_add(&bytes, "\n", 1);
    npy_samples(&bytes, LG_ELEMENT_F32, 5);
    npy_file(&t, "s/X.npy", &bytes);
    if (_i)
        assert_refused(&t, "NP5 10001 bytes of header", "s/X.npy", "LIMIT");
    else
        lg_dataset_close(tree_dataset(&t, "s/X.npy", NULL));
    tree_close(&t);
}
END_TEST

/* -------------------------------------------------------------------------------- labels --- */

static const struct {
    const char *row, *class_name, *text, *descr, *shape;
    size_t size;
    union {
        int64_t integer[10];
        float real[10];
    } data;
} labels[] = {
    {"NP13 one label fewer", "MISMATCH", "4 labels", "<i8", "(4,)", 32, {{0}}},
    {"NP13 one label more", "MISMATCH", "6 labels", "<i8", "(6,)", 48, {{0}}},
    {"labels without a dimension", "MISMATCH", "()", "<i8", "()", 8, {{0}}},
    {"labels of three", "MISMATCH", "(5, 1, 1)", "<i8", "(5, 1, 1)", 40, {{0}}},
    {"a negative class", "RANGE", "sample 3 is -1", "<i8", "(5,)", 40, {{0, 1, 2, -1, 0}}},
    {"a class of 2^63", "RANGE", "sample 1", "<u8", "(5,)", 40, {{0, INT64_MIN, 2, 1, 0}}},
    {"a class too large", "RANGE", "1048576", "<i8", "(5,)", 40, {{0, 1, 2, 1 << 20, 0}}},
    {"a truth of 2", "RANGE", "sample 0 is 2", "|b1", "(5,)", 5, {{2}}},
    {"classes by column", "MISMATCH", "(5, 2)", "<i8", "(5, 2)", 80, {{0}}},
    {"not a number", "RANGE", "sample 2", "<f4", "(5,)", 20, {.real = {0, 1, (float)NAN, 3, 4}}},
    {"a sum of 0.9",
     "RANGE",
     "sample 1 sum to 0.9",
     "<f4",
     "(5, 2)",
     40,
     {.real = {1, 0, 0.5f, 0.4f, 1, 0, 1, 0, 1, 0}}},
    {"a sum of 1.002",
     "RANGE",
     "sample 4 sum to 1.002",
     "<f4",
     "(5, 2)",
     40,
     {.real = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0.002f}}},
    {"a negative chance",
     "RANGE",
     "sample 0, class 1 is negative",
     "<f4",
     "(5, 2)",
     40,
     {.real = {1.5f, -0.5f, 1, 0, 1, 0, 1, 0, 1, 0}}},
    {"2^21 classes", "TRUNC", "ends here", "<f4", "(5, 2097152)", 4, {{0}}},
};

START_TEST(spoilt_labels_are_refused)
{
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    npy_array(&bytes, labels[_i].descr, labels[_i].shape);
    npy_add(&bytes, &labels[_i].data, labels[_i].size);
    npy_file(&t, "s/X.labels.npy", &bytes);
    assert_refused(&t, labels[_i].row, "s/X.labels.npy", labels[_i].class_name);
    tree_refused(&t, "s/X.npy", NULL, LOGIT_E_DATA, TEXTS(labels[_i].text));
    tree_close(&t);
}
END_TEST

START_TEST(weights_must_be_weights)
{
    static const float bad[][5] = {{1, 2, -1, 3, 4}, {1, 2, (float)NAN, 3, 4}};
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    for (int i = 0; i < 2; i++) {
        lg_bytes bytes = {0};
        npy_array(&bytes, "<f4", "(5,)");
        npy_add(&bytes, bad[i], sizeof bad[i]);
        npy_file(&t, "s/X.weights.npy", &bytes);
        assert_refused(&t, "weight", "s/X.weights.npy", "RANGE");
        tree_refused(&t, "s/X.npy", NULL, LOGIT_E_DATA, TEXTS("weight of sample 2"));
    }
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_npy_bad(void)
{
    Suite *suite = suite_create("npy_bad");
    TCase *tests = tcase_create("npy_bad");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, spoilt_header_is_refused, 0, COUNT(headers));
    tcase_add_loop_test(tests, spoilt_bytes_are_refused, 0, COUNT(spoils));
    tcase_add_loop_test(tests, every_prefix_is_refused, 0, 2);
    tcase_add_loop_test(tests, long_header_is_refused, 0, 2);
    tcase_add_loop_test(tests, spoilt_labels_are_refused, 0, COUNT(labels));
    tcase_add_test(tests, weights_must_be_weights);
    suite_add_tcase(suite, tests);
    return suite;
}
