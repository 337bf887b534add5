/* test_folder.c -- image folders: order, classes, parts, and what is left aside. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "data/folder_list.h"
#include "tests/tree.h"

Suite *lg_suite_folder(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WANT(...) ((const tree_want[]){__VA_ARGS__, {NULL, 0}})

static const tree_size small = {2, 3, 1};

/* -------------------------------------------------------------------------------- samples --- */

/* Bytewise by path: '-' and '.' come before '/', '0' after it. */
START_TEST(samples_come_in_order_of_class_and_path)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/b/x.pgm", "s/a/m0.pgm", "s/a/m/2.pgm", "s/a/m/10.pgm", "s/a/m.pgm",
                          "s/a/m-1/1.pgm", "s/a/z.pgm", "s/a/Z.pgm", "s/a/m/k/1.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_str_eq(set->format, "folder");
    ck_assert_int_eq(set->has_parts, 0);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANT({"s/a/Z.pgm", 0}, {"s/a/m-1/1.pgm", 0}, {"s/a/m.pgm", 0},
                             {"s/a/m/10.pgm", 0}, {"s/a/m/2.pgm", 0}, {"s/a/m/k/1.pgm", 0},
                             {"s/a/m0.pgm", 0}, {"s/a/z.pgm", 0}, {"s/b/x.pgm", 1}));
    ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 9);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* The same files made in three orders: what readdir says must not matter. */
START_TEST(order_does_not_depend_on_the_disk)
{
    enum { FILES = 200 };
    static const int strides[] = {1, 7, 199};
    tree t;
    char path[64], before[64] = "";
    tree_open(&t);
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "s/%d/%03d.pgm", i % 2, (i * strides[_i]) % FILES);
        tree_image(&t, path, small, 0);
        snprintf(path, sizeof path, "s/%d/%03d.pgm", (i + 1) % 2, (i * strides[_i]) % FILES);
        tree_image(&t, path, small, 0);
    }
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->count, 2 * FILES);
    for (int64_t i = 0; i < train->count; i++) {
        const char *name = tree_sample(&t, train, i);
        ck_assert_msg(strcmp(before, name) < 0, "%s before %s", before, name);
        snprintf(before, sizeof before, "%s", name);
        ck_assert_int_eq(train->label[i], i / FILES);
    }
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(hidden_and_stray_files_are_counted)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/b/1.pgm", "s/a/.2.pgm", "s/.git/3.pgm", "s/b/.x/4.pgm"));
    tree_text(&t, "s/README", "words");
    tree_text(&t, "s/a/Thumbs.db", "db");
    tree_text(&t, "s/b/deep/notes.txt", "words");
    tree_text(&t, "s/b/noextension", "words");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN], WANT({"s/a/1.pgm", 0}, {"s/b/1.pgm", 1}));
    ck_assert_int_eq(set->hidden, 3);
    ck_assert_int_eq(set->stray, 4);
    ck_assert_str_eq(set->stray_example, tree_path(&t, "s/README"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(other_pictures_are_bad_samples_not_strays)
{
    static const struct {
        const char *name;
        int wanted;
    } cases[] = {
        {"a.jpg", 1},  {"a.JPEG", 1},    {"a.Png", 1},  {"a.pnm", 1},   {"a.pgm", 1},
        {"a.ppm", 1},  {"a.gif", 1},     {"a.webp", 1}, {"a.bmp", 1},   {"a.tif", 1},
        {"a.TIFF", 1}, {"a.heic", 1},    {"a.txt", 0},  {"a", 0},       {"jpg", 0},
        {"a.jpg~", 0}, {"a.jpg.txt", 0}, {"a.", 0},     {"a.b.jpg", 1}, {"-.jpg", 1},
        {"a.json", 0}, {"a.csv", 0},     {"a.mp4", 0},  {"a.zip", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(lg_folder_list_wants(cases[i].name) == cases[i].wanted, "%s", cases[i].name);

    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/a/1.pgm", "s/b/1.pgm"));
    tree_text(&t, "s/a/2.gif", "GIF89a\x01\x01");
    tree_text(&t, "s/a/3.jpg", "RIFF\x10\x10\x10\x10WEBPVP8 ");
    tree_text(&t, "s/a/4.jpg", "<!DOCTYPE html>");
    tree_text(&t, "s/a/5.jpg", "");
    tree_image(&t, "s/a/6.jpg", small, 9); /* by its bytes a PNM: taken as one */
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->count, 7);
    ck_assert_int_eq(set->stray, 0);
    ck_assert_int_eq(train->shape.width, small.width);
    tree_assert_bad(train, 1, LOGIT_E_DATA, TEXTS("s/a/2.gif: ", "[UNSUP]"));
    tree_assert_bad(train, 2, LOGIT_E_DATA, TEXTS("s/a/3.jpg: ", "[UNSUP]"));
    tree_assert_bad(train, 3, LOGIT_E_DATA, TEXTS("s/a/4.jpg: ", "[UNSUP]"));
    tree_assert_bad(train, 4, LOGIT_E_DATA, TEXTS(tree_path(&t, "s/a/5.jpg"), "[TRUNC]"));
    ck_assert_int_eq(tree_count_good(train), 3);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(headers_are_told_as_stored)
{
    tree t;
    lg_image_info info;
    int64_t bytes = 0;
    tree_open(&t);
    tree_image(&t, "s/a/1.ppm", (tree_size){5, 7, 3}, 1);
    tree_image(&t, "s/b/1.pgm", small, 1);
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->ops->probe(train, 0, &info, &bytes, NULL), LOGIT_OK);
    ck_assert_int_eq(info.height, 5);
    ck_assert_int_eq(info.width, 7);
    ck_assert_int_eq(info.channels, 3);
    ck_assert_int_eq(bytes, 5 * 7 * 3 + (int)strlen("P6\n7 5\n255\n"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* ---------------------------------------------------------------------------------- parts --- */

START_TEST(parts_are_found_under_their_usual_names)
{
    static const char *const val[] = {"val", "valid", "validation", "Val", "dev"};
    tree t;
    char path[64];
    tree_open(&t);
    tree_images(&t, TEXTS("s/train/a/1.pgm", "s/train/b/1.pgm", "s/test/b/2.pgm"));
    snprintf(path, sizeof path, "s/%s/a/3.pgm", val[_i]);
    tree_image(&t, path, small, 0);
    tree_text(&t, "s/README.md", "words");
    tree_text(&t, "s/train/list.txt", "words");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->has_parts, 1);
    tree_assert_classes(set, TEXTS("a", "b"));
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANT({"s/train/a/1.pgm", 0}, {"s/train/b/1.pgm", 1}));
    tree_assert_samples(&t, set->part[LG_PART_VAL], WANT({path, 0}));
    tree_assert_samples(&t, set->part[LG_PART_TEST], WANT({"s/test/b/2.pgm", 1}));
    for (int p = 0; p < LG_PART_COUNT; p++) ck_assert_int_eq((int)set->part[p]->part, p);
    ck_assert_int_eq(set->stray, 2);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(folders_beside_the_parts_are_strays)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/train/a/1.pgm", "s/train/b/1.pgm", "s/old/a/2.pgm"));
    tree_text(&t, "s/test/1.pgm", "unlabelled");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->has_parts, 1);
    ck_assert_ptr_null(set->part[LG_PART_VAL]);
    ck_assert_ptr_null(set->part[LG_PART_TEST]); /* no class folders: nothing to judge by */
    ck_assert_int_eq(set->stray, 2);
    ck_assert_str_eq(set->stray_example, tree_path(&t, "s/old"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(class_named_train_is_a_class)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/car/1.pgm", "s/plane/1.pgm", "s/train/1.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->has_parts, 0);
    tree_assert_classes(set, TEXTS("car", "plane", "train"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(set_may_have_a_test_part_alone)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/test/b/1.pgm", "s/test/a/1.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->has_parts, 1);
    ck_assert_ptr_null(set->part[LG_PART_TRAIN]);
    tree_assert_samples(&t, set->part[LG_PART_TEST],
                        WANT({"s/test/a/1.pgm", 0}, {"s/test/b/1.pgm", 1}));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(later_parts_are_held_against_train)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/train/a/1.pgm", "s/train/b/1.pgm", "s/val/a/1.pgm", "s/val/c/1.pgm"));
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("s/val: class c", "train", "a, b"));
    const lg_dataset_options options = {.classes = "b,a"};
    lg_dataset *set = tree_dataset(&t, "s", &options);
    tree_assert_samples(&t, set->part[LG_PART_VAL], WANT({"s/val/a/1.pgm", 1}));
    lg_dataset_close(set);
    char *const known[] = {"a", "b"};
    const lg_dataset_options with_model = {.known_class = known, .known_classes = 2};
    tree_refused(&t, "s", &with_model, LOGIT_E_DATA,
                 TEXTS("1 of its 3 classes is not known to the model: c.", "Known are a, b."));
    tree_close(&t);
}
END_TEST

START_TEST(layouts_that_are_no_set_are_explained)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("flat/1.pgm", "flat/2.pgm", "kaggle/train/cat.1.pgm", "kaggle/test/1.pgm",
                          "twice/val/a/1.pgm", "twice/train/a/1.pgm", "twice/valid/a/1.pgm",
                          "hollow/train/a/1.pgm", "hollow/train/b/1.pgm"));
    tree_refused(&t, "flat", NULL, LOGIT_E_DATA, TEXTS("no class folders", "flat/cats"));
    tree_refused(&t, "kaggle", NULL, LOGIT_E_DATA, TEXTS("kaggle/train", "no class folders"));
    tree_refused(&t, "twice", NULL, LOGIT_E_DATA, TEXTS("/val ", "valid", "keep one"));
    tree_folder(&t, "empty/a");
    tree_folder(&t, "empty/b");
    tree_refused(&t, "empty", NULL, LOGIT_E_DATA, TEXTS("no images"));
    tree_text(&t, "empty/b/data.csv", "1,2");
    tree_refused(&t, "empty", NULL, LOGIT_E_DATA, TEXTS("no images", "b/data.csv", ".jpg"));
    tree_folder(&t, "hollow/val/a");
    tree_refused(&t, "hollow", NULL, LOGIT_E_DATA, TEXTS("hollow/val: no images"));
    tree_close(&t);
}
END_TEST

START_TEST(empty_classes_are_reported)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/train/a/1.pgm", "s/train/c/1.pgm", "s/val/b/1.pgm"));
    tree_folder(&t, "s/train/b");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_classes(set, TEXTS("a", "b", "c"));
    ck_assert_int_eq(set->empty_classes, 1);
    tree_assert_samples(&t, set->part[LG_PART_VAL], WANT({"s/val/b/1.pgm", 1}));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_folder(void)
{
    Suite *suite = suite_create("folder");
    TCase *tests = tcase_create("folder");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, samples_come_in_order_of_class_and_path);
    tcase_add_loop_test(tests, order_does_not_depend_on_the_disk, 0, 3);
    tcase_add_test(tests, hidden_and_stray_files_are_counted);
    tcase_add_test(tests, other_pictures_are_bad_samples_not_strays);
    tcase_add_test(tests, headers_are_told_as_stored);
    tcase_add_loop_test(tests, parts_are_found_under_their_usual_names, 0, 5);
    tcase_add_test(tests, folders_beside_the_parts_are_strays);
    tcase_add_test(tests, class_named_train_is_a_class);
    tcase_add_test(tests, set_may_have_a_test_part_alone);
    tcase_add_test(tests, later_parts_are_held_against_train);
    tcase_add_test(tests, layouts_that_are_no_set_are_explained);
    tcase_add_test(tests, empty_classes_are_reported);
    suite_add_tcase(suite, tests);
    return suite;
}
