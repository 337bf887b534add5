/* test_idx.c -- IDX sets that are good: every name, every form, and the real MNIST. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/idx_bytes.h"

Suite *lg_suite_idx(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --------------------------------------------------------------------------- names, forms --- */

static const struct {
    const char *images, *labels;
} names[] = {
    {"s/train-images-idx3-ubyte", "s/train-labels-idx1-ubyte"},
    {"s/train-images-idx3-ubyte.gz", "s/train-labels-idx1-ubyte.gz"},
    {"s/train-images-idx3-ubyte", "s/train-labels-idx1-ubyte.gz"},
    {"s/train-images.idx3-ubyte", "s/train-labels.idx1-ubyte"},
    {"s/train-images.idx3-ubyte.gz", "s/train-labels-idx1-ubyte"},
    {"s/train-images-idx3", "s/train-labels-idx1"},
    {"s/emnist-letters-train-images-idx3-ubyte.gz", "s/emnist-letters-train-labels-idx1-ubyte.gz"},
};

static int ends_with_gz(const char *path)
{
    return !strcmp(path + strlen(path) - 3, ".gz");
}

START_TEST(set_is_found_under_all_its_names)
{
    tree t;
    lg_bytes images = {0}, labels = {0};
    tree_open(&t);
    idx_images(&images);
    idx_labels(&labels);
    if (ends_with_gz(names[_i].images)) gzip_whole(&images);
    if (ends_with_gz(names[_i].labels)) gzip_whole(&labels);
    idx_file(&t, names[_i].images, &images);
    idx_file(&t, names[_i].labels, &labels);
    const char *const path[] = {"s", names[_i].images}; /* the folder, or the file of images */
    for (int i = 0; i < 2; i++) {
        lg_dataset *set = tree_dataset(&t, path[i], NULL);
        ck_assert_str_eq(set->format, "idx");
        ck_assert_int_eq(set->has_parts, i == 0);
        ck_assert_int_eq(set->stray, 0);
        tree_assert_classes(set, TEXTS("0", "1", "2"));
        idx_assert_small(set, LG_PART_TRAIN, 1);
        lg_dataset_close(set);
    }
    tree_refused(&t, names[_i].labels, NULL, LOGIT_E_DATA, TEXTS("a file of labels"));
    lg_bytes_clear(&images);
    lg_bytes_clear(&labels);
    tree_close(&t);
}
END_TEST

START_TEST(parts_have_their_own_files)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "train");
    idx_write(&t, "s", "val");
    idx_write(&t, "s", "t10k");
    tree_text(&t, "s/README", "words");
    tree_text(&t, "s/.hidden", "words");
    tree_folder(&t, "s/train-images-idx3-ubyte.unpacked");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    for (int p = 0; p < LG_PART_COUNT; p++) idx_assert_small(set, (lg_part)p, 1);
    ck_assert_str_eq(tree_sample(&t, set->part[LG_PART_TEST], 3), "s/t10k-images-idx3-ubyte[3]");
    ck_assert_int_eq(set->hidden, 1);
    ck_assert_int_eq(set->stray, 2);
    ck_assert_str_eq(set->stray_example, tree_path(&t, "s/README"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(file_without_its_own_part_can_be_named)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "mine");
    lg_dataset *set = tree_dataset(&t, "s/mine-images-idx3-ubyte", NULL);
    idx_assert_small(set, LG_PART_TRAIN, 1);
    lg_dataset_close(set);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("no data set"));
    tree_close(&t);
}
END_TEST

START_TEST(plain_file_is_taken_before_its_twin)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "train");
    tree_text(&t, "s/train-images-idx3-ubyte.gz", "never looked at");
    tree_text(&t, "s/train-labels-idx1-ubyte.gz", "nor this");
    for (int i = 0; i < 2; i++) {
        lg_dataset *set = tree_dataset(&t, "s", NULL);
        idx_assert_small(set, LG_PART_TRAIN, 1);
        ck_assert_int_eq(set->stray, 0);
        lg_dataset_close(set);
        if (i == 0) /* whose name now comes after the twin's */
            ck_assert_int_eq(rename(tree_path(&t, "s/train-images-idx3-ubyte"),
                                    tree_path(&t, "s/train-images.idx3-ubyte")),
                             0);
    }
    tree_close(&t);
}
END_TEST

START_TEST(two_sets_in_one_folder_are_told)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "emnist-letters-train");
    idx_write(&t, "s", "emnist-digits-train");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA,
                 TEXTS("both emnist-digits-train-images", "emnist-letters-train-images"));
    lg_dataset_close(tree_dataset(&t, "s/emnist-letters-train-images-idx3-ubyte", NULL));
    ck_assert_int_eq(unlink(tree_path(&t, "s/emnist-letters-train-images-idx3-ubyte")), 0);
    ck_assert_int_eq(unlink(tree_path(&t, "s/emnist-digits-train-labels-idx1-ubyte")), 0);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA,
                 TEXTS("no labels beside it", "emnist-digits-train-labels-idx1-ubyte"));
    tree_close(&t);
}
END_TEST

/* A browser may keep the .gz off the name of what it did not unpack. */
START_TEST(gzip_is_known_by_its_bytes_too)
{
    tree t;
    lg_bytes images = {0};
    tree_open(&t);
    idx_write(&t, "s", "train");
    idx_images(&images);
    gzip_whole(&images);
    idx_file(&t, "s/train-images-idx3-ubyte", &images);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    idx_assert_small(set, LG_PART_TRAIN, 1);
    lg_dataset_close(set);
    lg_bytes_clear(&images);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------- images, memory --- */

START_TEST(fourth_dimension_is_channels)
{
    static const uint32_t channels[] = {1, 3};
    tree t;
    lg_bytes images = {0};
    lg_decoder *decoder;
    const uint32_t c = channels[_i], dim[] = {IDX_COUNT, 1, 2, c};
    tree_open(&t);
    idx_write(&t, "s", "train");
    idx_add_header(&images, 0x08, 4, dim);
    for (uint32_t i = 0; i < IDX_COUNT * 2 * c; i++) bytes_add(&images, &(uint8_t){(uint8_t)i}, 1);
    idx_file(&t, "s/train-images-idx3-ubyte", &images);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->shape.height, 1);
    ck_assert_int_eq(train->shape.width, 2);
    ck_assert_int_eq(train->shape.channels, (int)c);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (uint32_t i = 0; i < IDX_COUNT; i++) {
        uint8_t out[6];
        ck_assert_int_eq(train->ops->read(train, i, decoder, out, NULL), LOGIT_OK);
        ck_assert_mem_eq(out, images.data + 20 + i * 2 * c, 2 * c);
    }
    lg_decoder_destroy(decoder);
    lg_dataset_close(set);
    lg_bytes_clear(&images);
    tree_close(&t);
}
END_TEST

/* Held in memory or not, resized like any other image: here 2 x 3 to 4 x 4, and to colour. */
START_TEST(another_shape_is_made_by_the_decoder)
{
    static const lg_image_target shapes[] = {{4, 4, 1}, {2, 3, 3}, {5, 2, 3}};
    const lg_image_target shape = shapes[_i % 3];
    tree t;
    lg_decoder *decoder;
    uint8_t pnm[64], want[64], out[64];
    tree_open(&t);
    idx_write(&t, "s", "train");
    const lg_dataset_options options = {.shape = shape, .memory = _i < 3 ? 0 : 1};
    lg_dataset *set = tree_dataset(&t, "s", &options);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_ptr_null(train->resident);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    for (int i = 0; i < IDX_COUNT; i++) {
        const int header = snprintf((char *)pnm, sizeof pnm, "P5 3 2 255\n");
        for (int j = 0; j < IDX_PIXELS; j++) pnm[header + j] = (uint8_t)(40 * i + j);
        const size_t bytes = (size_t)(shape.height * shape.width * shape.channels);
        ck_assert_int_eq(
            lg_image_decode(decoder, pnm, (size_t)header + IDX_PIXELS, "", shape, want, NULL),
            LOGIT_OK);
        ck_assert_int_eq(train->ops->read(train, i, decoder, out, NULL), LOGIT_OK);
        ck_assert_mem_eq(out, want, bytes);
    }
    lg_decoder_destroy(decoder);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(plain_file_over_the_budget_is_read_row_by_row)
{
    tree t;
    tree_open(&t);
    idx_write(&t, "s", "train");
    idx_write(&t, "s", "t10k");
    const lg_dataset_options options = {.memory = 59}; /* 30 pixels of one part, not of both */
    lg_dataset *set = tree_dataset(&t, "s", &options);
    idx_assert_small(set, LG_PART_TRAIN, 1);
    idx_assert_small(set, LG_PART_TEST, 0);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(gzipped_file_over_the_budget_is_refused_with_advice)
{
    tree t;
    lg_bytes images = {0};
    tree_open(&t);
    idx_write(&t, "s", "train");
    idx_images(&images);
    gzip_whole(&images);
    idx_file(&t, "s/train-images-idx3-ubyte", &images);
    lg_dataset_options options = {.memory = 29};
    tree_refused(&t, "s", &options, LOGIT_E_NOMEM, TEXTS("30 bytes", "--memory", "gunzip"));
    options.memory = 30;
    lg_dataset_close(tree_dataset(&t, "s", &options));
    lg_bytes_clear(&images);
    tree_close(&t);
}
END_TEST

START_TEST(file_that_shrinks_is_an_error_not_a_signal)
{
    tree t;
    lg_decoder *decoder;
    logit_error err;
    uint8_t out[IDX_PIXELS];
    tree_open(&t);
    idx_write(&t, "s", "train");
    const lg_dataset_options options = {.memory = 1};
    lg_dataset *set = tree_dataset(&t, "s", &options);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(truncate(tree_path(&t, "s/train-images-idx3-ubyte"), 30), 0);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    ck_assert_int_eq(train->ops->read(train, 1, decoder, out, &err), LOGIT_OK);
    ck_assert_int_eq(train->ops->read(train, 2, decoder, out, &err), LOGIT_E_IO);
    ck_assert_msg(strstr(err.message, "train-images-idx3-ubyte: has become shorter"), "%s",
                  err.message);
    lg_decoder_destroy(decoder);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* --------------------------------------------------------------------------- the real one --- */

START_TEST(mnist_has_its_known_counts)
{
    static const int64_t want[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    const char *data = getenv("LOGIT_TEST_DATA");
    if (!data) {
        fprintf(stderr, "skipped: MNIST (LOGIT_TEST_DATA is not set)\n");
        return;
    }
    char path[4096];
    lg_dataset *set;
    logit_error err;
    const lg_dataset_options options = {0};
    int64_t count[10] = {0};
    snprintf(path, sizeof path, "%s/mnist", data);
    if (lg_dataset_open(&set, path, &options, &err) != LOGIT_OK) ck_abort_msg("%s", err.message);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->count, 60000);
    ck_assert_int_eq(set->part[LG_PART_TEST]->count, 10000);
    ck_assert_int_eq(set->classes, 10);
    ck_assert_int_eq(train->shape.height, 28);
    ck_assert_int_eq(train->shape.width, 28);
    ck_assert_int_eq(train->shape.channels, 1);
    for (int64_t i = 0; i < train->count; i++) count[train->label[i]]++;
    for (int k = 0; k < 10; k++) ck_assert_int_eq(count[k], want[k]);
    lg_dataset_close(set);
}
END_TEST

Suite *lg_suite_idx(void)
{
    Suite *suite = suite_create("idx");
    TCase *tests = tcase_create("idx");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, set_is_found_under_all_its_names, 0,
                        (int)(sizeof names / sizeof *names));
    tcase_add_test(tests, parts_have_their_own_files);
    tcase_add_test(tests, file_without_its_own_part_can_be_named);
    tcase_add_test(tests, plain_file_is_taken_before_its_twin);
    tcase_add_test(tests, two_sets_in_one_folder_are_told);
    tcase_add_test(tests, gzip_is_known_by_its_bytes_too);
    tcase_add_loop_test(tests, fourth_dimension_is_channels, 0, 2);
    tcase_add_loop_test(tests, another_shape_is_made_by_the_decoder, 0, 6);
    tcase_add_test(tests, plain_file_over_the_budget_is_read_row_by_row);
    tcase_add_test(tests, gzipped_file_over_the_budget_is_refused_with_advice);
    tcase_add_test(tests, file_that_shrinks_is_an_error_not_a_signal);
    tcase_add_test(tests, mnist_has_its_known_counts);
    suite_add_tcase(suite, tests);
    return suite;
}
