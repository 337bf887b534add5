/* test_npy.c -- good .npy sets: where they are found, what their samples and labels are.
 *
 * Tests (suite npy). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/elements.h"
#include "tests/npy_bytes.h"

Suite *lg_suite_npy(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Sample i, as numbers, is row `row` of the set of npy_bytes.h. */
static void assert_row(const lg_set *set, int64_t i, int row)
{
    uint8_t out[NPY_WIDTH * 4];
    lg_decoder *decoder;
    logit_error err = {0};
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    const logit_status status = set->ops->read(set, i, decoder, out, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    for (int j = 0; j < NPY_WIDTH; j++) {
        const double want = set->element == LG_ELEMENT_U8 ? floor(8.0 * npy_value(row, j) + 64.0)
                                                          : npy_value(row, j);
        ck_assert_double_eq(elements_value(set->element, out, j), want);
    }
    lg_decoder_destroy(decoder);
}

START_TEST(rows_are_read_as_they_are) /* element */
{
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", (lg_element)_i, NPY_COUNT);
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    const lg_set *set = data->part[LG_PART_TRAIN];
    ck_assert_str_eq(data->format, "npy");
    ck_assert(!data->has_parts);
    tree_assert_classes(data, TEXTS("0", "1", "2"));
    ck_assert_int_eq(set->element, _i);
    ck_assert_int_eq(set->count, NPY_COUNT);
    ck_assert_int_eq(set->shape.height, 1);
    ck_assert_int_eq(set->shape.width, NPY_WIDTH);
    ck_assert_int_eq(set->shape.channels, 1);
    ck_assert_str_eq(tree_sample(&t, set, 17), "s/X.npy[17]");
    for (int i = 0; i < NPY_COUNT; i += 13) {
        ck_assert_int_eq(set->label[i], npy_class(i));
        assert_row(set, i, i);
    }
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

/* ----------------------------------------------------------------------------------- names --- */

static const struct {
    const char *stem, *move[2], *path; /* written as stem, labels moved, opened by path */
    int parts[LG_PART_COUNT];
} places[] = {
    {"s/X", {NULL}, "s/X.npy", {1, 0, 0}},
    {"s/X", {"s/X.labels.npy", "s/y.npy"}, "s/X.npy", {1, 0, 0}},
    {"s/X", {"s/X.labels.npy", "s/y.npy"}, "s", {1, 0, 0}},
    {"s/X_val", {"s/X_val.labels.npy", "s/y_val.npy"}, "s/X_val.npy", {1, 0, 0}},
    {"s/clip", {NULL}, "s/clip.npy", {1, 0, 0}},
    {"s/train", {NULL}, "s", {1, 0, 0}},
    {"s/X_train", {"s/X_train.labels.npy", "s/y_train.npy"}, "s", {1, 0, 0}},
    {"s/test", {NULL}, "s", {0, 0, 1}},
    {"s/X_validation", {"s/X_validation.labels.npy", "s/y_validation.npy"}, "s", {0, 1, 0}},
};

START_TEST(sets_are_found_by_their_names)
{
    tree t;
    tree_open(&t);
    npy_write(&t, places[_i].stem, LG_ELEMENT_F16, 9);
    if (places[_i].move[0]) {
        const char *from = tree_path(&t, places[_i].move[0]);
        ck_assert_int_eq(rename(from, tree_path(&t, places[_i].move[1])), 0);
    }
    lg_dataset *data = tree_dataset(&t, places[_i].path, NULL);
    for (int p = 0; p < LG_PART_COUNT; p++)
        ck_assert_int_eq(data->part[p] != NULL, places[_i].parts[p]);
    ck_assert_int_eq(data->stray, 0);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

START_TEST(parts_come_before_the_whole_and_two_for_one_are_refused)
{
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 9);
    npy_write(&t, "s/train", LG_ELEMENT_F32, 12);
    npy_write(&t, "s/val", LG_ELEMENT_F16, 6); /* another width of floats is fine */
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    ck_assert(data->has_parts);
    ck_assert_int_eq(data->part[LG_PART_TRAIN]->count, 12);
    ck_assert_int_eq(data->part[LG_PART_VAL]->element, LG_ELEMENT_F16);
    ck_assert_int_eq(data->stray, 2);
    lg_dataset_close(data);
    npy_write(&t, "s/X_train", LG_ELEMENT_F32, 12);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("X_train.npy", "train.npy", "Keep one"));
    tree_close(&t);
}
END_TEST

START_TEST(samples_without_labels_say_what_is_missing)
{
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 9);
    npy_write(&t, "s/f", LG_ELEMENT_F32, 9);
    unlink(tree_path(&t, "s/X.labels.npy"));
    unlink(tree_path(&t, "s/f.labels.npy"));
    tree_refused(&t, "s/X.npy", NULL, LOGIT_E_DATA, TEXTS("expected y.npy or X.labels.npy"));
    tree_refused(&t, "s/f.npy", NULL, LOGIT_E_DATA, TEXTS("expected f.labels.npy"));
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------------- shapes --- */

/* 12 numbers a sample in these shapes, asked for as that: 0 where it is refused. */
static const struct {
    const char *shape;
    lg_element element;
    lg_image_target asked, got;
} shapes[] = {
    {"(4, 12)", LG_ELEMENT_F32, {0, 0, 0}, {1, 12, 1}},
    {"(4, 12)", LG_ELEMENT_F32, {3, 4, 0}, {3, 4, 1}},
    {"(4, 12)", LG_ELEMENT_F16, {2, 2, 0}, {2, 2, 3}},
    {"(4, 12)", LG_ELEMENT_U8, {2, 2, 3}, {2, 2, 3}},
    {"(4, 12)", LG_ELEMENT_U8, {5, 5, 0}, {0, 0, 0}},
    {"(4, 12)", LG_ELEMENT_F32, {0, 0, 3}, {0, 0, 0}},
    {"(4, 3, 4)", LG_ELEMENT_F32, {0, 0, 0}, {3, 4, 1}},
    {"(4, 3, 4)", LG_ELEMENT_F16, {1, 12, 1}, {1, 12, 1}},
    {"(4, 3, 4)", LG_ELEMENT_U8, {0, 0, 0}, {3, 4, 1}},
    {"(4, 3, 4)", LG_ELEMENT_U8, {5, 5, 3}, {5, 5, 3}},
    {"(4, 2, 2, 3)", LG_ELEMENT_U8, {0, 0, 0}, {2, 2, 3}},
    {"(4, 2, 2, 3)", LG_ELEMENT_F32, {0, 0, 0}, {2, 2, 3}},
    {"(4, 1, 2, 6)", LG_ELEMENT_F32, {0, 0, 0}, {1, 12, 1}},
    {"(4, 3, 4, 1)", LG_ELEMENT_U8, {0, 0, 1}, {3, 4, 1}},
    {"(4, 3, 4)", LG_ELEMENT_F32, {4, 4, 0}, {0, 0, 0}},
};

START_TEST(shapes_are_taken_or_refused)
{
    static const uint8_t label[] = {0, 1, 0, 1};
    const lg_dataset_options options = {.shape = shapes[_i].asked};
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_array(&bytes, npy_descr(shapes[_i].element), shapes[_i].shape);
    uint8_t *data = elements_make(shapes[_i].element, ELEMENTS_TAME, 48);
    npy_add(&bytes, data, 48 * lg_element_bytes(shapes[_i].element));
    free(data);
    npy_file(&t, "s/X.npy", &bytes);
    npy_array(&bytes, "|u1", "(4,)");
    npy_add(&bytes, label, sizeof label);
    npy_file(&t, "s/y.npy", &bytes);
    if (shapes[_i].got.height == 0) {
        tree_refused(&t, "s", &options, LOGIT_E_DATA, TEXTS("X.npy: npy at byte", "[MISMATCH]"));
    } else {
        lg_dataset *set = tree_dataset(&t, "s", &options);
        const lg_image_target got = set->part[LG_PART_TRAIN]->shape;
        ck_assert_mem_eq(&got, &shapes[_i].got, sizeof got);
        ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 4);
        lg_dataset_close(set);
    }
    tree_close(&t);
}
END_TEST

START_TEST(element_must_be_the_models) /* of the set, of the model */
{
    static const lg_element elements[] = {LG_ELEMENT_U8, LG_ELEMENT_F16, LG_ELEMENT_F32};
    const lg_element mine = elements[_i % 3], wanted = elements[_i / 3];
    const lg_dataset_options options = {.element = &wanted};
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", mine, 9);
    if ((mine == LG_ELEMENT_U8) == (wanted == LG_ELEMENT_U8))
        lg_dataset_close(tree_dataset(&t, "s", &options));
    else
        tree_refused(&t, "s", &options, LOGIT_E_DATA, TEXTS("but the model is of", "features"));
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------------- labels --- */

START_TEST(integers_of_any_width_are_classes)
{
    static const struct {
        const char *descr;
        size_t bytes;
    } types[] = {{"|i1", 1}, {"|u1", 1}, {"<i2", 2}, {"<u2", 2},
                 {"<i4", 4}, {"<u4", 4}, {"<i8", 8}, {"<u8", 8}};
    static const int want[] = {0, 2, 1, 2, 0};
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 5);
    npy_array(&bytes, types[_i].descr, _i % 2 ? "(5,)" : "(5, 1)");
    for (int i = 0; i < 5; i++) {
        const uint64_t class = (uint64_t)want[i]; /* little endian: its first bytes */
        npy_add(&bytes, &class, types[_i].bytes);
    }
    npy_file(&t, "s/X.labels.npy", &bytes);
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    for (int i = 0; i < 5; i++) ck_assert_int_eq(data->part[LG_PART_TRAIN]->label[i], want[i]);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

START_TEST(floats_are_targets) /* [N], [N][1], [N][2]; as 16, 32, 64 bits */
{
    static const char *const descr[] = {"<f2", "<f4", "<f8"}, *const shape[] = {"(4,)", "(4, 1)",
                                                                                "(4, 2)"};
    static const double value[] = {0.25, 0.75, 1.0, 0.0, 0.5, 0.5, 0.125, 0.875};
    const int width = _i % 3 == 2 ? 2 : 1;
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 4);
    npy_array(&bytes, descr[_i / 3], shape[_i % 3]);
    for (int i = 0; i < 4 * width; i++) {
        uint16_t half;
        const float single = (float)value[i];
        ck_assert(elements_find_half(value[i], &half));
        npy_add(&bytes,
                _i / 3 == 0   ? (const void *)&half
                : _i / 3 == 1 ? (const void *)&single
                              : (const void *)&value[i],
                (size_t)2 << _i / 3);
    }
    npy_file(&t, "s/X.labels.npy", &bytes);
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    const lg_set *set = data->part[LG_PART_TRAIN];
    ck_assert_ptr_null(set->label);
    ck_assert_int_eq(set->target_width, width);
    ck_assert_int_eq(data->classes, width == 2 ? 2 : 0);
    for (int i = 0; i < 4 * width; i++) ck_assert_double_eq((double)set->target[i], value[i]);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

START_TEST(weights_go_with_their_rows_and_chosen_classes)
{
    const lg_dataset_options options = {.classes = "2,0"};
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 20);
    npy_array(&bytes, "<f4", "(20,)");
    for (int i = 0; i < 20; i++) npy_add(&bytes, &(float){0.5f + (float)i}, sizeof(float));
    npy_file(&t, "s/X.weights.npy", &bytes);
    lg_dataset *data = tree_dataset(&t, "s", &options);
    const lg_set *set = data->part[LG_PART_TRAIN];
    int64_t kept = 0;
    for (int i = 0; i < 20; i++) {
        if (npy_class(i) == 1) continue;
        ck_assert_int_eq(set->label[kept], npy_class(i) == 0);
        ck_assert_float_eq(set->weight[kept], 0.5f + (float)i);
        assert_row(set, kept++, i);
    }
    ck_assert_int_eq(set->count, kept);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------ bad rows --- */

START_TEST(rows_that_hold_no_numbers_are_bad) /* float16, float32 x NaN, inf, -inf */
{
    static const uint16_t halves[] = {0x7e00, 0x7c00, 0xfc00};
    static const float floats[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    static const char *const says[] = {"row 3, column 7 is not a number",
                                       "row 3, column 7 is infinity",
                                       "row 3, column 7 is -infinity"};
    const lg_element element = _i / 3 ? LG_ELEMENT_F32 : LG_ELEMENT_F16;
    const size_t each = lg_element_bytes(element);
    char shape[40];
    tree t;
    lg_bytes bytes = {0};
    tree_open(&t);
    npy_write(&t, "s/X", element, 5);
    snprintf(shape, sizeof shape, "(5, %d)", NPY_WIDTH);
    npy_array(&bytes, npy_descr(element), shape);
    npy_samples(&bytes, element, 5);
    memcpy(bytes.data + 128 + (3 * NPY_WIDTH + 7) * each,
           _i / 3 ? (const void *)&floats[_i % 3] : (const void *)&halves[_i % 3], each);
    npy_file(&t, "s/X.npy", &bytes);
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    const lg_set *set = data->part[LG_PART_TRAIN];
    snprintf(shape, sizeof shape, "at byte %zu", 128 + (3 * NPY_WIDTH + 7) * each);
    tree_assert_bad(set, 3, LOGIT_E_DATA, TEXTS("X.npy: npy", shape, says[_i % 3], "[RANGE]"));
    ck_assert_int_eq(tree_count_good(set), 4);
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

START_TEST(file_that_shrinks_is_an_io_error)
{
    tree t;
    tree_open(&t);
    npy_write(&t, "s/X", LG_ELEMENT_F32, 100);
    lg_dataset *data = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(truncate(tree_path(&t, "s/X.npy"), 128 + 50 * NPY_WIDTH * 4 + 3), 0);
    assert_row(data->part[LG_PART_TRAIN], 49, 49);
    tree_assert_bad(data->part[LG_PART_TRAIN], 50, LOGIT_E_IO, TEXTS("X.npy", "become shorter"));
    tree_assert_bad(data->part[LG_PART_TRAIN], 99, LOGIT_E_IO, TEXTS("X.npy", "become shorter"));
    lg_dataset_close(data);
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_npy(void)
{
    Suite *suite = suite_create("npy");
    TCase *tests = tcase_create("npy");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, rows_are_read_as_they_are, 0, LG_ELEMENT_COUNT);
    tcase_add_loop_test(tests, sets_are_found_by_their_names, 0, COUNT(places));
    tcase_add_test(tests, parts_come_before_the_whole_and_two_for_one_are_refused);
    tcase_add_test(tests, samples_without_labels_say_what_is_missing);
    tcase_add_loop_test(tests, shapes_are_taken_or_refused, 0, COUNT(shapes));
    tcase_add_loop_test(tests, element_must_be_the_models, 0, 9);
    tcase_add_loop_test(tests, integers_of_any_width_are_classes, 0, 8);
    tcase_add_loop_test(tests, floats_are_targets, 0, 9);
    tcase_add_test(tests, weights_go_with_their_rows_and_chosen_classes);
    tcase_add_loop_test(tests, rows_that_hold_no_numbers_are_bad, 0, 6);
    tcase_add_test(tests, file_that_shrinks_is_an_io_error);
    suite_add_tcase(suite, tests);
    return suite;
}
