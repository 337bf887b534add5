/* test_packed.c -- packed files: what is put in comes out, whatever the order it is put in.
 *
 * Tests (suite packed). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/order.h"
#include "tests/packed_rig.h"
#include "tests/tree.h"

Suite *lg_suite_packed(void);

static tree in;
static char path[100];

static void setup(void)
{
    tree_open(&in);
    snprintf(path, sizeof path, "%s", tree_path(&in, "small.packed"));
}

static void teardown(void)
{
    tree_close(&in);
}

static lg_packed_file *open_small(void)
{
    lg_packed_file *file;
    logit_error err;
    ck_assert_msg(lg_packed_open(&file, path, &err) == LOGIT_OK, "%s", err.message);
    return file;
}

START_TEST(every_section_comes_back)
{
    packed_write_small(path, 0);
    lg_packed_file *file = open_small();
    const lg_packed_header *h = &file->header;
    ck_assert_uint_eq(h->classes, PACKED_CLASSES);
    ck_assert_uint_eq(h->flags, LG_PACKED_HAS_PARTS);
    ck_assert_uint_eq(h->part[LG_PART_TRAIN].count, PACKED_TRAIN);
    ck_assert_uint_eq(h->part[LG_PART_TRAIN].stride, 64);
    ck_assert_uint_eq(h->part[LG_PART_VAL].count, 0);
    ck_assert_uint_eq(h->part[LG_PART_TEST].count, PACKED_TEST);
    ck_assert_mem_eq(lg_packed_class_names(file), "cat\0dog\0emu", 12);
    ck_assert_mem_eq(file->map.bytes + h->source.offset, "{\"format\": \"test\"}", 18);
    const int32_t *label = lg_packed_section_of(file, LG_PART_TRAIN, LG_PACKED_LABELS);
    const float *weight = lg_packed_section_of(file, LG_PART_TRAIN, LG_PACKED_WEIGHT);
    for (int i = 0; i < PACKED_TRAIN; i++) {
        ck_assert_int_eq(label[i], packed_label(i));
        ck_assert_float_eq(weight[i], packed_weight(i));
    }
    ck_assert_ptr_null(lg_packed_section_of(file, LG_PART_TEST, LG_PACKED_WEIGHT));
    ck_assert_ptr_null(lg_packed_section_of(file, LG_PART_TEST, LG_PACKED_TABLE));
    lg_packed_close(file);
}
END_TEST

START_TEST(every_sample_comes_back_under_its_index)
{
    packed_write_small(path, 0);
    lg_packed_file *file = open_small();
    logit_error err;
    for (int p = 0; p < LG_PART_COUNT; p++)
        for (int64_t i = 0; i < (int64_t)file->header.part[p].count; i++) {
            uint8_t got[PACKED_PIXELS];
            if (p == LG_PART_TRAIN && i == PACKED_BAD) continue;
            ck_assert_msg(lg_packed_read(file, p, i, got, &err) == LOGIT_OK, "%s", err.message);
            for (size_t j = 0; j < PACKED_PIXELS; j++)
                ck_assert_msg(got[j] == packed_byte(p, i, j), "part %d sample %d", p, (int)i);
        }
    lg_packed_close(file);
}
END_TEST

START_TEST(a_sample_that_was_bad_reads_back_as_its_error)
{
    uint8_t out[4 * PACKED_PIXELS];
    int64_t good;
    logit_error err;
    packed_write_small(path, 0);
    lg_packed_file *file = open_small();
    ck_assert_int_eq(lg_packed_read(file, LG_PART_TRAIN, PACKED_BAD, out, &err), LOGIT_E_DATA);
    ck_assert_str_eq(err.message, packed_bad_reason);
    const int32_t sample[4] = {3, 20, PACKED_BAD, 5};
    ck_assert_int_eq(lg_packed_read_rows(file, LG_PART_TRAIN, sample, 4, out, &good, &err),
                     LOGIT_E_DATA);
    ck_assert_int_eq(good, 2);
    ck_assert_str_eq(err.message, packed_bad_reason);
    for (size_t j = 0; j < PACKED_PIXELS; j++)
        ck_assert_uint_eq(out[PACKED_PIXELS + j], packed_byte(0, 20, j));
    lg_packed_close(file);
}
END_TEST

START_TEST(names_are_those_of_the_source)
{
    char name[200], want[200];
    packed_write_small(path, 0);
    lg_packed_file *file = open_small();
    ck_assert_str_eq(lg_packed_name(file, LG_PART_TRAIN, 4, name, sizeof name), "set/e/4.png");
    ck_assert_str_eq(lg_packed_name(file, LG_PART_TRAIN, 36, name, sizeof name), "set/c/36.png");
    ck_assert_str_eq(lg_packed_name(file, LG_PART_TRAIN, 36, name, 6), "set/c");
    snprintf(want, sizeof want, "%s[3]", path);
    ck_assert_str_eq(lg_packed_name(file, LG_PART_TEST, 3, name, sizeof name), want);
    lg_packed_close(file);
}
END_TEST

START_TEST(the_bytes_do_not_depend_on_the_order_of_putting)
{
    packed_write_small(path, 0);
    lg_bytes forwards = packed_load(path);
    packed_write_small(path, 1);
    lg_bytes backwards = packed_load(path);
    ck_assert_uint_eq(forwards.size, backwards.size);
    ck_assert_mem_eq(forwards.data, backwards.data, forwards.size);
    lg_bytes_clear(&forwards);
    lg_bytes_clear(&backwards);
}
END_TEST

/* -------------------------------------------------------------------- elements and targets --- */

/* A file of vectors of four numbers, several blocks of it where `count` says so. */
static void write_vectors(int64_t count, lg_element element, int width, const float *target)
{
    lg_packed_writer *writer;
    logit_error err;
    int64_t bytes;
    lg_packed_plan plan = packed_plan(path, count, (lg_image_target){1, 4, 1}, element);
    plan.header.classes = width == 1 ? 0 : PACKED_CLASSES;
    plan.header.part[0].target_width = (uint32_t)width;
    ck_assert_msg(lg_packed_create(&writer, &plan, &err) == LOGIT_OK, "%s", err.message);
    for (int64_t i = 0; i < count; i++) {
        uint8_t row[16];
        for (size_t j = 0; j < sizeof row; j++) row[j] = packed_byte(0, i, j);
        ck_assert_int_eq(lg_packed_put(writer, 0, i, 1, row, &err), LOGIT_OK);
    }
    static char *names[] = {"cat", "dog", "emu"};
    lg_packed_rest rest = {.class_name = names, .source = "{}"};
    rest.part[0].target = target;
    ck_assert_msg(lg_packed_finish(writer, &rest, &bytes, &err) == LOGIT_OK, "%s", err.message);
    lg_packed_writer_destroy(writer, 0);
}

START_TEST(features_and_targets_come_back)
{
    enum { N = 6 };
    float target[N * PACKED_CLASSES];
    const lg_element element = (lg_element)(_i % LG_ELEMENT_COUNT);
    const int width = _i < LG_ELEMENT_COUNT ? 1 : PACKED_CLASSES;
    for (int i = 0; i < N * width; i++) target[i] = (float)(i % 8) / 8.0f;
    write_vectors(N, element, width, target);
    lg_dataset *dataset = tree_dataset(&in, "small.packed", NULL);
    const lg_set *set = dataset->part[LG_PART_TRAIN];
    ck_assert_int_eq(dataset->classes, width == 1 ? 0 : PACKED_CLASSES);
    ck_assert_int_eq(set->element, element);
    ck_assert_int_eq(set->target_width, width);
    ck_assert_ptr_null(set->label);
    ck_assert_mem_eq(set->target, target, sizeof(float) * (size_t)(N * width));
    const size_t bytes = 4 * lg_element_bytes(element);
    for (int64_t i = 0; i < N; i++) {
        uint8_t got[16];
        ck_assert_int_eq(set->ops->read(set, i, NULL, got, NULL), LOGIT_OK);
        for (size_t j = 0; j < bytes; j++) {
            /* rows were put from 16 bytes, of which the element takes `bytes` */
            ck_assert_uint_eq(got[j], packed_byte(0, i, j));
        }
    }
    lg_dataset_close(dataset);
}
END_TEST

START_TEST(a_set_of_several_blocks_is_checked_block_by_block)
{
    enum { N = 40000 }; /* rows of 64 bytes: 16384 to the block */
    float *target = calloc(N, sizeof *target);
    logit_error err;
    uint8_t got[16];
    write_vectors(N, LG_ELEMENT_F32, 1, target);
    free(target);
    lg_bytes bytes = packed_load(path);
    bytes.data[LG_PACKED_HEADER + 20000 * 64 + 3] ^= 1; /* in block 1 */
    packed_save(path, &bytes);
    lg_bytes_clear(&bytes);
    lg_packed_file *file = open_small();
    ck_assert_uint_eq(lg_packed_blocks(&file->header.part[0]), 3);
    ck_assert_int_eq(lg_packed_read(file, 0, 16383, got, &err), LOGIT_OK);
    ck_assert_int_eq(lg_packed_read(file, 0, 32768, got, &err), LOGIT_OK);
    for (int twice = 0; twice < 2; twice++) { /* found, and known from then on */
        ck_assert_int_eq(lg_packed_read(file, 0, 32767, got, &err), LOGIT_E_DATA);
        ck_assert_msg(strstr(err.message, "packed at byte 1052672: block 1 of the train part (rows "
                                          "16384 to 32767)") != NULL &&
                          strstr(err.message, "[CORRUPT]") != NULL,
                      "%s", err.message);
    }
    lg_packed_close(file);
}
END_TEST

/* --------------------------------------------------------------------------------- dataset --- */

START_TEST(the_kind_is_told_by_the_first_bytes)
{
    packed_write_small(path, 0);
    ck_assert_int_eq(rename(path, tree_path(&in, "whatever.jpg")), 0);
    lg_dataset *dataset = tree_dataset(&in, "whatever.jpg", NULL);
    ck_assert_str_eq(dataset->format, "packed");
    ck_assert_int_eq(dataset->has_parts, 1);
    ck_assert_ptr_null(dataset->part[LG_PART_VAL]);
    tree_assert_classes(dataset, (const char *const[]){"cat", "dog", "emu", NULL});
    lg_dataset_close(dataset);
}
END_TEST

START_TEST(classes_asked_for_leave_the_others_out)
{
    packed_write_small(path, 0);
    const lg_dataset_options how = {.classes = "emu,cat"};
    lg_dataset *dataset = tree_dataset(&in, "small.packed", &how);
    const lg_set *set = dataset->part[LG_PART_TRAIN];
    tree_assert_classes(dataset, (const char *const[]){"emu", "cat", NULL});
    int64_t kept = 0;
    int32_t all[PACKED_TRAIN];
    uint8_t got[PACKED_TRAIN * PACKED_PIXELS], one[PACKED_PIXELS];
    for (int64_t i = 0; i < PACKED_TRAIN; i++) {
        if (packed_label(i) == 1) continue;
        ck_assert_int_eq(set->label[kept], packed_label(i) == 0);
        ck_assert_float_eq(set->weight[kept], packed_weight(i));
        if (i != PACKED_BAD) {
            ck_assert_int_eq(set->ops->read(set, kept, NULL, one, NULL), LOGIT_OK);
            ck_assert_uint_eq(one[1], packed_byte(0, i, 1));
        }
        kept++;
    }
    ck_assert_int_eq(set->count, kept);
    int64_t good;
    for (int i = 0; i < (int)kept; i++) all[i] = (int32_t)kept - 1 - i;
    set->ops->ahead(set, all, kept);
    ck_assert_int_eq(set->ops->read_rows(set, all, 10, NULL, got, &good, NULL), LOGIT_OK);
    ck_assert_int_eq(good, 10);
    ck_assert_uint_eq(got[0], packed_byte(0, 36, 0));
    lg_dataset_close(dataset);
}
END_TEST

START_TEST(a_models_classes_number_the_labels)
{
    static char *known[] = {"ant", "dog", "emu", "cat"};
    static const int32_t number[] = {3, 1, 2};
    packed_write_small(path, 0);
    lg_dataset_options how = {.known_class = known, .known_classes = 4};
    lg_dataset *dataset = tree_dataset(&in, "small.packed", &how);
    for (int64_t i = 0; i < PACKED_TRAIN; i++)
        ck_assert_int_eq(dataset->part[0]->label[i], number[packed_label(i)]);
    lg_dataset_close(dataset);
    how.known_classes = 3;
    tree_refused(&in, "small.packed", &how, LOGIT_E_DATA,
                 (const char *const[]){"not known to the model: cat.", NULL});
}
END_TEST

START_TEST(pixels_are_resized_like_those_of_any_image)
{
    uint8_t got[10 * 10 * 3], want[10 * 10 * 3], pgm[64 + PACKED_PIXELS];
    lg_decoder *decoder;
    packed_write_small(path, 0);
    const lg_dataset_options how = {.shape = {10, 10, 3}};
    lg_dataset *dataset = tree_dataset(&in, "small.packed", &how);
    const lg_set *set = dataset->part[LG_PART_TRAIN];
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(set->ops->read(set, 8, decoder, got, NULL), LOGIT_OK);
    const int head = snprintf((char *)pgm, 64, "P5\n5 7\n255\n");
    for (size_t j = 0; j < PACKED_PIXELS; j++) pgm[(size_t)head + j] = packed_byte(0, 8, j);
    ck_assert_int_eq(
        lg_image_decode(decoder, pgm, (size_t)head + PACKED_PIXELS, "x", how.shape, want, NULL),
        LOGIT_OK);
    ck_assert_mem_eq(got, want, sizeof want);
    lg_decoder_destroy(decoder);
    lg_dataset_close(dataset);
}
END_TEST

Suite *lg_suite_packed(void)
{
    Suite *suite = suite_create("packed");
    TCase *tcase = tcase_create("packed");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_section_comes_back);
    tcase_add_test(tcase, every_sample_comes_back_under_its_index);
    tcase_add_test(tcase, a_sample_that_was_bad_reads_back_as_its_error);
    tcase_add_test(tcase, names_are_those_of_the_source);
    tcase_add_test(tcase, the_bytes_do_not_depend_on_the_order_of_putting);
    tcase_add_loop_test(tcase, features_and_targets_come_back, 0, 2 * LG_ELEMENT_COUNT);
    tcase_add_test(tcase, a_set_of_several_blocks_is_checked_block_by_block);
    tcase_add_test(tcase, the_kind_is_told_by_the_first_bytes);
    tcase_add_test(tcase, classes_asked_for_leave_the_others_out);
    tcase_add_test(tcase, a_models_classes_number_the_labels);
    tcase_add_test(tcase, pixels_are_resized_like_those_of_any_image);
    suite_add_tcase(suite, tcase);
    return suite;
}
