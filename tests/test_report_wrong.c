/* test_report_wrong.c -- the page shows the pixels of the samples that eval.json names. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report_picture.h"
#include "tests/page_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

enum { COUNT = 120 };

/* A test part in which the labels of samples 0, 1, 21, 22, .. are those of each other. */
static void write_swapped(void)
{
    int64_t size;
    small_set_write_idx(small_set_path("idx"), "t10k", COUNT, 3);
    uint8_t *bytes = small_set_read(small_set_path("idx/t10k-labels-idx1-ubyte"), &size);
    for (int i = 0; i < COUNT; i++)
        if (i % 21 < 2) bytes[8 + i] ^= 1;
    page_write("idx/t10k-labels-idx1-ubyte", (const char *)bytes, (size_t)size);
    free(bytes);
}

/* How often the page shows the pixels of sample i, made anew. */
static int shown(const char *page, int i)
{
    uint8_t pixel[SMALL_PIXELS];
    lg_text text = {0};
    small_set_pixels(i, 3, pixel);
    const lg_pixels pixels = {pixel, SMALL_WIDTH, SMALL_HEIGHT, 1};
    ck_assert_int_eq(lg_picture_add(&text, &pixels, "", NULL), LOGIT_OK);
    const int count = count_of(page, strstr(text.data, "src="));
    lg_text_clear(&text);
    return count;
}

static void train_on_swapped(void)
{
    write_swapped();
    options.epochs = 30;
    train("idx", "run", LOGIT_OK, NULL);
}

START_TEST(swapped_samples_are_shown)
{
    int found = 0;
    train_on_swapped();
    char *page = page_of("run");
    for (int i = 0; i < COUNT; i++) {
        const int times = shown(page, i);
        ck_assert_msg(i % 21 < 2 ? times >= 1 && times <= 2 : times <= 1, "%d: %d", i, times);
        found += times;
    }
    ck_assert_int_ge(found, 22);
    ck_assert_int_eq(count_of(page, "<img "), found + 3); /* and three rows of W */
    ck_assert_int_eq(count_of(page, "taken for <b>"), found);
    ck_assert_ptr_null(strstr(page, "Without pictures"));
    ck_assert_ptr_nonnull(strstr(page, "<section id=\"calibration\""));
    free(page);
}
END_TEST

/* The test part lies in a set of its own, and of the run's set only some classes are used: what the
 * run was given says where the pictures are. */
START_TEST(pictures_come_from_where_the_samples_did)
{
    char test[300];
    int found = 0;
    write_swapped();
    small_set_write_idx(small_set_path("only"), "train", 200, 3);
    snprintf(test, sizeof test, "%s", small_set_path("idx"));
    options.test = test;
    options.epochs = 30;
    train("only", "run", LOGIT_OK, NULL);
    char *page = page_of("run");
    for (int i = 0; i < COUNT; i++) found += shown(page, i);
    ck_assert_int_ge(found, 22);
    ck_assert_ptr_null(strstr(page, "Without pictures"));
    free(page);
}
END_TEST

START_TEST(pictures_of_some_classes)
{
    small_set_write_folder(small_set_path("photos"), 90, 3);
    options.classes = "c2,c0";
    options.epochs = 1;
    train("photos", "run", LOGIT_OK, NULL);
    char *page = page_of("run");
    ck_assert_ptr_null(strstr(page, "Without pictures"));
    free(page);
}
END_TEST

/* Each sample's name is that of another number now; 1 if there were any. */
static int rename_samples(const char *name)
{
    int64_t size;
    char *text = (char *)small_set_read(small_set_path(name), &size);
    int found = 0;
    for (int64_t i = 6; i < size; i++)
        if (memcmp(text + i - 6, "-ubyte[", 7) == 0) {
            text[i + 1] = text[i + 1] == '9' ? '8' : '9';
            found = 1;
        }
    page_write(name, text, (size_t)size);
    free(text);
    return found;
}

/* Gone, or another under the same path: no picture is better than a wrong one. */
START_TEST(without_the_data_there_is_a_list)
{
    train_on_swapped();
    if (_i == 2) {
        ck_assert_int_eq(rename_samples("run/eval.json"), 1);
    } else if (_i) {
        ck_assert_int_eq(rename(small_set_path("idx"), small_set_path("gone")), 0);
    } else {
        unlink(small_set_path("idx/t10k-images-idx3-ubyte"));
        unlink(small_set_path("idx/t10k-labels-idx1-ubyte"));
    }
    char *page = page_of("run");
    ck_assert_int_eq(count_of(page, "<img "), 3);
    ck_assert_int_eq(count_of(page, "Without pictures"), 2);
    ck_assert_int_ge(count_of(page, "t10k-images-idx3-ubyte["), 20);
    free(page);
}
END_TEST

Suite *lg_suite_report_wrong(void);
Suite *lg_suite_report_wrong(void)
{
    Suite *suite = suite_create("report_wrong");
    TCase *tests = tcase_create("report");
    tcase_add_checked_fixture(tests, begin, small_set_end);
    tcase_add_test(tests, swapped_samples_are_shown);
    tcase_add_test(tests, pictures_come_from_where_the_samples_did);
    tcase_add_test(tests, pictures_of_some_classes);
    tcase_add_loop_test(tests, without_the_data_there_is_a_list, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
