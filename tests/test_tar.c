/* test_tar.c -- tar shards that are good: layouts, names, parts, order. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tar_bytes.h"

Suite *lg_suite_tar(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_pixels(const lg_set *set, int64_t i, int value)
{
    lg_decoder *decoder;
    uint8_t out[6];
    logit_error err = {0};
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    const logit_status status = set->ops->read(set, i, decoder, out, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    for (int j = 0; j < 6; j++) ck_assert_int_eq(out[j], value);
    lg_decoder_destroy(decoder);
}

/* ---------------------------------------------------------------------------- the layouts --- */

START_TEST(images_and_cls_files_meet_by_their_keys)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_text(&tar, "b.cls", "10\n"); /* before its image */
    tar_image(&tar, "b.jpg", 11);    /* the name does not tell the kind */
    tar_image(&tar, "a.pgm", 22);
    tar_image(&tar, "x/a.pgm", 33); /* another key */
    tar_text(&tar, "x/a.cls", "9");
    tar_text(&tar, "a.json", "{}");
    tar_text(&tar, "a.cls", "0009 \r\n");
    tar_text(&tar, "._a.jpg", "resource fork");
    tar_text(&tar, "lonely.cls", "9");
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    ck_assert_str_eq(set->format, "tar");
    ck_assert_int_eq(set->has_parts, 0);
    ck_assert_int_eq(set->stray, 2);
    ck_assert_int_eq(set->hidden, 1);
    tree_assert_classes(set, TEXTS("9", "10"));
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->as_it_lies, 1);
    tree_assert_samples(
        &t, train,
        (tree_want[]){{"s.tar:b.jpg", 1}, {"s.tar:a.pgm", 0}, {"s.tar:x/a.pgm", 0}, {NULL, 0}});
    for (int i = 0; i < 3; i++) assert_pixels(train, i, 11 * (i + 1));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(folders_are_classes_where_there_is_no_cls)
{
    static const char *const roots[] = {"", "./", "pets/", "a/b/"};
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    char name[64];
    const char *const file[] = {"dogs/1.b.ppm", "cats/old/1.ppm", "dogs/1.c.ppm", "cats/1.ppm"};
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", roots[_i], file[i]);
        tar_image(&tar, name, i);
    }
    snprintf(name, sizeof name, "%sloose.ppm", roots[_i]);
    tar_image(&tar, name, 9);
    snprintf(name, sizeof name, "%sdogs/", roots[_i]);
    tar_header(&tar, name, '5', 0);
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    tree_assert_classes(set, TEXTS("cats", "dogs"));
    const lg_set *train = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(train->count, 4);
    ck_assert_int_eq(set->stray, 1);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(train->label[i], i % 2 == 0);
        assert_pixels(train, i, i);
    }
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(long_names_and_any_bytes_are_kept)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    char path[6000], body[6100];
    memset(path, 'd', sizeof path);
    memcpy(path + 5000, "/1.ppm", 7); /* a class of 5000 letters, by pax */
    const int length = 4 + 1 + 5 + (int)strlen(path) + 1;
    ck_assert_int_eq(snprintf(body, sizeof body, "%d path=%s\n", length, path), length);
    tar_pax(&tar, body, (size_t)length);
    tar_image(&tar, "short.ppm", 1);
    tar_header(&tar, "././@LongLink", 'L', 207); /* GNU's way, not UTF-8 */
    memset(path, 0xE9, 200);
    memcpy(path + 200, "/2.ppm", 7);
    tar_data(&tar, path, 207);
    tar_image(&tar, "cut.ppm", 2);
    tar_pax(&tar, "17 path=\xC3\xA9/3.ppm\n", 17); /* UTF-8 in the C locale */
    ck_assert_int_eq(tar.size % TAR_BLOCK, 0);
    tar_image(&tar, "e.ppm", 3);
    tar_image(&tar, "k/4.ppm", 4);
    memcpy(tar.data + tar.size - 2 * TAR_BLOCK + 345, "pre/fix", 7); /* ustar's prefix */
    tar_sum(&tar, tar.size - 2 * TAR_BLOCK);
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    ck_assert_int_eq(set->classes, 4);
    ck_assert_uint_eq(strlen(set->class_name[0]), 5000);
    ck_assert_str_eq(set->class_name[1], "pre");
    ck_assert_str_eq(set->class_name[2], "\xC3\xA9");
    ck_assert_uint_eq(strlen(set->class_name[3]), 200);
    for (int i = 0; i < 4; i++) assert_pixels(set->part[LG_PART_TRAIN], i, i + 1);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* Links, devices and sparse files are left aside, counted. */
START_TEST(what_is_no_plain_file_is_counted)
{
    static const char types[] = "12346MSN";
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_image(&tar, "a/1.ppm", 1);
    for (size_t i = 0; i < sizeof types - 1; i++) {
        tar_header(&tar, "a/odd.ppm", types[i], 0);
        if (strchr("12", types[i])) memcpy(tar.data + tar.size - TAR_BLOCK + 157, "a/1.ppm", 7);
        tar_sum(&tar, tar.size - TAR_BLOCK);
    }
    tar_pax(&tar, "23 GNU.sparse.map=0,17\n", 23);
    tar_image(&tar, "b/sparse.ppm", 1);
    tar_image(&tar, "b/2.ppm", 2);
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    ck_assert_int_eq(set->stray, (int64_t)sizeof types);
    ck_assert_str_eq(set->stray_example, tree_path(&t, "s.tar:a/odd.ppm"));
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 2);
    assert_pixels(set->part[LG_PART_TRAIN], 1, 2);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* -------------------------------------------------------------------- shards and patterns --- */

static void write_shard(const tree *t, const char *path, int value)
{
    lg_bytes tar = {0};
    tar_image(&tar, "a/1.ppm", value);
    tar_image(&tar, "b/1.ppm", value);
    tar_end(&tar);
    tar_write(t, path, &tar);
}

START_TEST(shards_are_parts_by_their_names_and_sorted)
{
    tree t;
    tree_open(&t);
    write_shard(&t, "s/train-001.tar", 1);
    write_shard(&t, "s/train-000.tar", 0);
    write_shard(&t, "s/imagenet-val-000.tar", 2);
    write_shard(&t, "s/test.tar", 3);
    write_shard(&t, "s/other.tar", 4);
    tree_text(&t, "s/README", "words");
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->has_parts, 1);
    ck_assert_int_eq(set->stray, 2);
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 4);
    assert_pixels(set->part[LG_PART_TRAIN], 1, 0);
    assert_pixels(set->part[LG_PART_TRAIN], 2, 1);
    assert_pixels(set->part[LG_PART_VAL], 0, 2);
    assert_pixels(set->part[LG_PART_TEST], 1, 3);
    ck_assert_str_eq(tree_sample(&t, set->part[LG_PART_TRAIN], 3), "s/train-001.tar:b/1.ppm");
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

static const struct {
    const char *pattern;
    int count;
} patterns[] = {
    {"s/x-{000..002}.tar", 6},
    {"s/x-{0..1}00.tar", 0},
    {"s/x-*.tar", 6},
    {"s/x-00?.tar", 6},
    {"s/x-00[01].tar", 4},
    {"s/x-{001..001}.tar", 2},
    {"s/x-{00..00}{1..2}.tar", 4},
    {"s/x-{001..003}.tar", 0},
    {"s/x-{002..000}.tar", -1},
    {"s/y-*.tar", 0},
};

START_TEST(patterns_name_shards)
{
    tree t;
    tree_open(&t);
    write_shard(&t, "s/x-000.tar", 0);
    write_shard(&t, "s/x-001.tar", 1);
    write_shard(&t, "s/x-002.tar", 2);
    if (patterns[_i].count > 0) {
        lg_dataset *set = tree_dataset(&t, patterns[_i].pattern, NULL);
        ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, patterns[_i].count);
        lg_dataset_close(set);
    } else {
        tree_refused(&t, patterns[_i].pattern, NULL,
                     patterns[_i].count < 0 ? LOGIT_E_DATA : LOGIT_E_IO, TEXTS("s/"));
    }
    tree_close(&t);
}
END_TEST

/* More shards than are kept open. */
START_TEST(very_many_shards)
{
    tree t;
    char name[64];
    tree_open(&t);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "s/x-%03d.tar", i);
        write_shard(&t, name, i % 256);
    }
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 600);
    for (int i = 0; i < 600; i++) assert_pixels(set->part[LG_PART_TRAIN], i, i / 2 % 256);
    write_shard(&t, "s/x-150.tar", 0);
    tree_assert_bad(set->part[LG_PART_TRAIN], 300, LOGIT_E_IO, TEXTS("x-150.tar", "has changed"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(shard_that_changes_is_told)
{
    tree t;
    tree_open(&t);
    write_shard(&t, "s.tar", 0);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    if (_i == 0) ck_assert_int_eq(truncate(tree_path(&t, "s.tar"), 600), 0);
    if (_i == 1) ck_assert_int_eq(utimensat(AT_FDCWD, tree_path(&t, "s.tar"), times, 0), 0);
    tree_assert_bad(set->part[LG_PART_TRAIN], 1, LOGIT_E_IO, TEXTS("s.tar", "has changed"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(classes_of_a_model_and_classes_left_out)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    char name[32];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "%c/%d.ppm", 'a' + i % 3, i);
        tar_image(&tar, name, i);
    }
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", &(lg_dataset_options){.classes = "c,a"});
    tree_assert_classes(set, TEXTS("c", "a"));
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 6);
    assert_pixels(set->part[LG_PART_TRAIN], 1, 2);
    ck_assert_str_eq(tree_sample(&t, set->part[LG_PART_TRAIN], 1), "s.tar:c/2.ppm");
    lg_dataset_close(set);
    char *const known[] = {"c", "b"};
    tree_refused(&t, "s.tar", &(lg_dataset_options){.known_class = known, .known_classes = 2},
                 LOGIT_E_DATA, TEXTS("not known to the model: a.", "not known"));
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_tar(void)
{
    Suite *suite = suite_create("tar");
    TCase *tests = tcase_create("tar");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, images_and_cls_files_meet_by_their_keys);
    tcase_add_loop_test(tests, folders_are_classes_where_there_is_no_cls, 0, 4);
    tcase_add_test(tests, long_names_and_any_bytes_are_kept);
    tcase_add_test(tests, what_is_no_plain_file_is_counted);
    tcase_add_test(tests, shards_are_parts_by_their_names_and_sorted);
    tcase_add_loop_test(tests, patterns_name_shards, 0, COUNT(patterns));
    tcase_add_test(tests, very_many_shards);
    tcase_add_loop_test(tests, shard_that_changes_is_told, 0, 2);
    tcase_add_test(tests, classes_of_a_model_and_classes_left_out);
    suite_add_tcase(suite, tests);
    return suite;
}
