/* test_describe.c -- what is said of a set: planted copies, bad files, classes of unequal size. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "logit.h"
#include "tests/small_set.h"
#include "tests/tree.h"

Suite *lg_suite_describe(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static logit_data_report describe_path(const char *path)
{
    logit_options options;
    logit_data_report report;
    logit_error err = {.message = ""};
    logit_options_default(&options);
    options.threads = 3;
    const logit_status status = logit_data_describe(path, &options, NULL, &report, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return report;
}

/* An image that is the same for the same number. */
static void image(const tree *t, const char *path, int number)
{
    tree_image(t, path, (tree_size){4, 5, 1}, number);
}

/* ----------------------------------------------------------------------------- duplicates --- */

/* Train: a 1 2 3, b 4 5; the same number is the same image.  What is planted comes last. */
static void plant(tree *t)
{
    tree_open(t);
    image(t, "s/train/a/1.pgm", 1);
    image(t, "s/train/a/2.pgm", 2);
    image(t, "s/train/a/3.pgm", 3);
    image(t, "s/train/b/4.pgm", 4);
    image(t, "s/train/b/5.pgm", 5);
    image(t, "s/test/a/6.pgm", 6);
    image(t, "s/test/b/7.pgm", 7);
}

static void assert_twin(const tree *t, const logit_data_report *report, int i, const char *name,
                        const char *first, int other_class)
{
    const logit_duplicate_sample *twin = &report->duplicate_sample[i];
    ck_assert_int_lt(i, report->duplicates_listed);
    ck_assert_str_eq(twin->name, tree_path(t, name));
    ck_assert_str_eq(twin->first, tree_path(t, first));
    ck_assert_int_eq(twin->other_class, other_class);
    ck_assert_str_eq(report->part[twin->part].part, strstr(name, "test") ? "test" : "train");
    ck_assert_str_eq(report->part[twin->first_part].part, strstr(first, "test") ? "test" : "train");
}

START_TEST(a_set_without_copies_has_none)
{
    tree t;
    plant(&t);
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_int_eq(report.duplicates, 0);
    ck_assert_int_eq(report.other_class, 0);
    ck_assert_int_eq(report.duplicates_listed, 0);
    for (int p = 0; p < 3; p++)
        for (int q = 0; q < 3; q++) ck_assert_int_eq(report.repeats[p][q], 0);
    logit_data_report_clear(&report);
    tree_close(&t);
}
END_TEST

START_TEST(copies_within_a_part_and_across_are_told_apart)
{
    tree t;
    plant(&t);
    image(&t, "s/train/a/9.pgm", 1); /* within train */
    image(&t, "s/train/b/9.pgm", 1); /* the same once more, with another label */
    image(&t, "s/test/a/1.pgm", 1);  /* the same in test, */
    image(&t, "s/test/b/8.pgm", 1);  /* twice, once with another label */
    image(&t, "s/test/b/9.pgm", 7);  /* within test alone */
    image(&t, "s/test/b/4.pgm", 4);  /* in test, with the right label */
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_int_eq(report.parts, 2);
    ck_assert_int_eq(report.duplicates, 6);
    ck_assert_int_eq(report.other_class, 2);
    ck_assert_int_eq(report.repeats[0][0], 2);
    ck_assert_int_eq(report.repeats[1][0], 3);
    ck_assert_int_eq(report.repeats[1][1], 2);
    ck_assert_int_eq(report.repeats[0][1] + report.repeats[2][2], 0);
    assert_twin(&t, &report, 0, "s/train/a/9.pgm", "s/train/a/1.pgm", 0);
    assert_twin(&t, &report, 1, "s/train/b/9.pgm", "s/train/a/1.pgm", 1);
    assert_twin(&t, &report, 2, "s/test/a/1.pgm", "s/train/a/1.pgm", 0);
    assert_twin(&t, &report, 3, "s/test/b/8.pgm", "s/train/a/1.pgm", 1);
    assert_twin(&t, &report, 4, "s/test/b/4.pgm", "s/train/b/4.pgm", 0);
    assert_twin(&t, &report, 5, "s/test/b/9.pgm", "s/test/b/7.pgm", 0);
    ck_assert_int_eq(report.duplicates_listed, 6);
    logit_data_report_clear(&report);
    tree_close(&t);
}
END_TEST

/* Files of one size that differ in a byte; and one image stored in two ways, which is not the same
 * file.  Bad files are never copies of one another. */
START_TEST(files_are_compared_byte_for_byte)
{
    tree t;
    plant(&t);
    tree_text(&t, "s/train/a/x.pgm", "P5\n5 1\n255\nABCDE");
    tree_text(&t, "s/train/a/y.pgm", "P5\n5 1\n255\nABCDF");
    tree_text(&t, "s/train/a/z.pgm", "P5\n# x\n5 1\n255\nABCDE");
    tree_text(&t, "s/train/a/bad1.pgm", "P5\n5 1\n255\nABC");
    tree_text(&t, "s/train/a/bad2.pgm", "P5\n5 1\n255\nABC");
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_int_eq(report.bad, 2);
    ck_assert_int_eq(report.duplicates, 0);
    logit_data_report_clear(&report);
    tree_close(&t);
}
END_TEST

/* IDX samples have no files of their own: the elements are compared. */
START_TEST(elements_are_compared_where_there_are_no_files)
{
    enum { COUNT = 60, SIZE = SMALL_PIXELS, HEADER = 16 };
    small_set_begin();
    small_set_write_idx(small_set_path("idx"), "train", COUNT, 3);
    small_set_write_idx(small_set_path("idx"), "t10k", COUNT, 3); /* the same ones */
    char path[200];
    snprintf(path, sizeof path, "%s", small_set_path("idx/t10k-images-idx3-ubyte"));
    FILE *file = fopen(path, "r+b");
    ck_assert_ptr_nonnull(file);
    for (long i = 0; i < COUNT; i++) { /* all but number 31 become others */
        fseek(file, HEADER + i * SIZE + 3, SEEK_SET);
        if (i != 31) fputc(1, file);
    }
    fclose(file);
    logit_data_report report = describe_path(small_set_path("idx"));
    ck_assert_int_eq(report.duplicates, 1);
    ck_assert_int_eq(report.repeats[1][0], 1);
    ck_assert_ptr_nonnull(strstr(report.duplicate_sample[0].name, "[31]"));
    ck_assert_ptr_nonnull(strstr(report.duplicate_sample[0].first, "[31]"));
    logit_data_report_clear(&report);
    small_set_end();
}
END_TEST

/* ------------------------------------------------------------------------------ imbalance --- */

START_TEST(imbalance_is_of_the_first_part)
{
    tree t;
    plant(&t);
    tree_folder(&t, "s/train/empty");
    for (int i = 0; i < 20; i++) {
        char path[64];
        snprintf(path, sizeof path, "s/test/b/more%d.pgm", i);
        image(&t, path, 100 + i);
    }
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_double_eq(report.imbalance, 1.5);
    ck_assert_str_eq(report.class_name[report.largest_class], "a");
    ck_assert_str_eq(report.class_name[report.smallest_class], "b");
    logit_data_report_clear(&report);
    tree_close(&t);
    small_set_begin();
    small_set_write_targets(small_set_path("numbers"), 20, 1);
    report = describe_path(small_set_path("numbers"));
    ck_assert_int_eq(report.largest_class, -1);
    ck_assert(isnan(report.imbalance));
    logit_data_report_clear(&report);
    small_set_end();
}
END_TEST

/* A row of soft targets counts under its likeliest class, the first of equals. */
START_TEST(soft_targets_are_counted_by_their_likeliest_class)
{
    enum { ROWS = 30, K = 3 };
    int64_t want[K] = {0};
    small_set_begin();
    small_set_write_targets(small_set_path("soft"), ROWS, K);
    lg_dataset *set;
    const lg_dataset_options how = {0};
    ck_assert_int_eq(lg_dataset_open(&set, small_set_path("soft"), &how, NULL), LOGIT_OK);
    for (int i = 0; i < ROWS; i++) {
        const float *t = set->part[LG_PART_TRAIN]->target + (ptrdiff_t)i * K;
        want[t[0] >= t[1] && t[0] >= t[2] ? 0 : t[1] >= t[2] ? 1 : 2]++;
    }
    lg_dataset_close(set);
    logit_data_report report = describe_path(small_set_path("soft"));
    for (int c = 0; c < K; c++) ck_assert_int_eq(report.part[0].class_count[c], want[c]);
    ck_assert_int_ge(report.largest_class, 0);
    logit_data_report_clear(&report);
    small_set_end();
}
END_TEST

/* ----------------------------------------------------------------------------------- bad --- */

START_TEST(bad_files_are_listed_with_their_byte)
{
    tree t;
    plant(&t);
    tree_text(&t, "s/train/a/a.pgm", "P5\n5 1\n255\nABC");
    tree_text(&t, "s/train/a/b.jpg", "");
    tree_text(&t, "s/train/a/c at byte 7: x.jpg", "hello, this is not an image");
    tree_link(&t, "s/train/a/d.jpg", "nowhere");
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_int_eq(report.bad, 4);
    ck_assert_int_eq(report.listed, 4);
    static const struct {
        const char *name;
        int64_t byte;
        const char *reason;
    } want[] = {{"s/train/a/a.pgm", 14, "[TRUNC]"},
                {"s/train/a/b.jpg", 0, "empty"},
                {"s/train/a/c at byte 7: x.jpg", 0, "[UNSUP]"},
                {"s/train/a/d.jpg", -1, "cannot be opened"}};
    for (int i = 0; i < 4; i++) {
        const logit_bad_sample *bad = &report.bad_sample[i];
        ck_assert_str_eq(bad->name, tree_path(&t, want[i].name));
        ck_assert_msg(bad->byte == want[i].byte, "byte %d of %s", (int)bad->byte, bad->reason);
        ck_assert_ptr_nonnull(strstr(bad->reason, want[i].reason));
    }
    logit_data_report_clear(&report);
    tree_close(&t);
}
END_TEST

/* Lists end where they would grow without bound; the counts go on. */
START_TEST(lists_have_an_end)
{
    enum { MORE = 7 };
    tree t;
    plant(&t);
    for (int i = 0; i < LOGIT_DATA_LISTED + MORE; i++) {
        char path[64];
        snprintf(path, sizeof path, "s/train/a/bad%05d.pgm", i);
        tree_file(&t, path, "", 0);
        snprintf(path, sizeof path, "s/train/b/twin%05d.pgm", i);
        image(&t, path, 4);
    }
    logit_data_report report = describe_path(tree_path(&t, "s"));
    ck_assert_int_eq(report.bad, LOGIT_DATA_LISTED + MORE);
    ck_assert_int_eq(report.listed, LOGIT_DATA_LISTED);
    ck_assert_str_eq(report.bad_sample[LOGIT_DATA_LISTED - 1].name,
                     tree_path(&t, "s/train/a/bad09999.pgm"));
    ck_assert_int_eq(report.duplicates, LOGIT_DATA_LISTED + MORE);
    ck_assert_int_eq(report.duplicates_listed, LOGIT_DATA_LISTED);
    logit_data_report_clear(&report);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_describe(void)
{
    Suite *suite = suite_create("describe");
    TCase *tcase = tcase_create("describe");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_set_without_copies_has_none);
    tcase_add_test(tcase, copies_within_a_part_and_across_are_told_apart);
    tcase_add_test(tcase, files_are_compared_byte_for_byte);
    tcase_add_test(tcase, elements_are_compared_where_there_are_no_files);
    tcase_add_test(tcase, imbalance_is_of_the_first_part);
    tcase_add_test(tcase, soft_targets_are_counted_by_their_likeliest_class);
    tcase_add_test(tcase, bad_files_are_listed_with_their_byte);
    tcase_add_test(tcase, lists_have_an_end);
    suite_add_tcase(suite, tcase);
    return suite;
}
