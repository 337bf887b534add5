/* test_idx_labels.c -- the labels of IDX sets: classes, a choice of them, numbers, soft targets. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "tests/idx_bytes.h"

Suite *lg_suite_idx_labels(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

START_TEST(chosen_labels_drop_the_others)
{
    tree t;
    lg_decoder *decoder;
    uint8_t out[IDX_PIXELS];
    tree_open(&t);
    idx_write(&t, "s", "train");
    for (int memory = 0; memory < 2; memory++) {
        const lg_dataset_options options = {.classes = "2,0", .memory = memory};
        lg_dataset *set = tree_dataset(&t, "s", &options);
        const lg_set *train = set->part[LG_PART_TRAIN];
        static const int rows[] = {0, 2, 4}, labels[] = {1, 0, 1};
        tree_assert_classes(set, TEXTS("2", "0"));
        ck_assert_int_eq(train->count, 3);
        ck_assert_str_eq(tree_sample(&t, train, 2), "s/train-images-idx3-ubyte[4]");
        ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(train->label[i], labels[i]);
            ck_assert_int_eq(train->ops->read(train, i, decoder, out, NULL), LOGIT_OK);
            for (int j = 0; j < IDX_PIXELS; j++) ck_assert_int_eq(out[j], 40 * rows[i] + j);
            if (memory == 0) ck_assert_mem_eq(out, train->resident + i * IDX_PIXELS, IDX_PIXELS);
        }
        lg_decoder_destroy(decoder);
        lg_dataset_close(set);
    }
    tree_close(&t);
}
END_TEST

START_TEST(labels_are_numbered_by_the_models_names)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "train");
    char *const known[] = {"9", "2", "1", "0"};
    const lg_dataset_options options = {.known_class = known, .known_classes = 4};
    lg_dataset *set = tree_dataset(&t, "s", &options);
    tree_assert_classes(set, TEXTS("9", "2", "1", "0"));
    static const int want[] = {3, 2, 1, 2, 3};
    for (int i = 0; i < IDX_COUNT; i++)
        ck_assert_int_eq(set->part[LG_PART_TRAIN]->label[i], want[i]);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

static void add_float(lg_bytes *to, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bytes_add_be32(to, bits);
}

START_TEST(floats_are_numbers_to_learn)
{
    static const float want[IDX_COUNT] = {1.5f, -2.25f, 0.0f, 3e38f, 1e-45f};
    tree t;
    lg_bytes labels = {0};
    tree_open(&t);
    idx_write(&t, "s", "train");
    ck_assert_int_eq(unlink(tree_path(&t, "s/train-labels-idx1-ubyte")), 0);
    idx_add_header(&labels, 0x0D, 1, (const uint32_t[]){IDX_COUNT});
    for (int i = 0; i < IDX_COUNT; i++) add_float(&labels, want[i]);
    if (_i) gzip_whole(&labels);
    idx_file(&t, _i ? "s/train-labels-idx1-float.gz" : "s/train-labels-idx1-float", &labels);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(set->classes, 0);
    ck_assert_ptr_null(train->label);
    ck_assert_int_eq(train->target_width, 1);
    for (int i = 0; i < IDX_COUNT; i++) ck_assert(train->target[i] == want[i]);
    idx_assert_small(set, LG_PART_TRAIN, 1);
    lg_dataset_close(set);
    char *const known[] = {"0", "1"};
    const lg_dataset_options options = {.known_class = known, .known_classes = 2};
    tree_refused(&t, "s", &options, LOGIT_E_DATA, TEXTS("numbers, not classes"));
    idx_write(&t, "s", "t10k");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("one part has numbers"));
    lg_bytes_clear(&labels);
    tree_close(&t);
}
END_TEST

START_TEST(rows_of_floats_are_soft_targets)
{
    static const float want[IDX_COUNT][3] = {
        {1, 0, 0}, {0.5f, 0.25f, 0.25f}, {0.33333f, 0.33333f, 0.33333f}, {0, 0, 1}, {0, 1, 0}};
    tree t;
    lg_bytes labels = {0};
    tree_open(&t);
    idx_write(&t, "s", "train");
    ck_assert_int_eq(unlink(tree_path(&t, "s/train-labels-idx1-ubyte")), 0);
    idx_add_header(&labels, 0x0D, 2, (const uint32_t[]){IDX_COUNT, 3});
    for (int i = 0; i < IDX_COUNT; i++)
        for (int j = 0; j < 3; j++) add_float(&labels, want[i][j]);
    idx_file(&t, "s/train-labels-idx2-float", &labels);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    tree_assert_classes(set, TEXTS("0", "1", "2"));
    ck_assert_int_eq(train->target_width, 3);
    ck_assert_ptr_null(train->label);
    ck_assert_mem_eq(train->target, want, sizeof want);
    lg_dataset_close(set);

    char *const known[] = {"2", "1", "x", "0"}; /* columns go where the model's classes are */
    lg_dataset_options options = {.known_class = known, .known_classes = 4};
    set = tree_dataset(&t, "s", &options);
    static const float row[] = {0.25f, 0.25f, 0.0f, 0.5f};
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->target_width, 4);
    ck_assert_mem_eq(set->part[LG_PART_TRAIN]->target + 4, row, sizeof row);
    lg_dataset_close(set);
    options.known_classes = 3;
    tree_refused(&t, "s", &options, LOGIT_E_DATA, TEXTS("over 3 classes", "2, 1, x", "[MISMATCH]"));
    lg_bytes_clear(&labels);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_idx_labels(void)
{
    Suite *suite = suite_create("idx_labels");
    TCase *tests = tcase_create("idx_labels");
    tcase_add_test(tests, chosen_labels_drop_the_others);
    tcase_add_test(tests, labels_are_numbered_by_the_models_names);
    tcase_add_loop_test(tests, floats_are_numbers_to_learn, 0, 2);
    tcase_add_test(tests, rows_of_floats_are_soft_targets);
    suite_add_tcase(suite, tests);
    return suite;
}
