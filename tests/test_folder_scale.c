/* test_folder_scale.c -- 20,000 files: memory per file, by what is asked of malloc, and their
 * order.
 *
 * A million: tests/bench/million. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/philox.h"
#include "tests/allocations.h"
#include "tests/tree.h"

Suite *lg_suite_folder_scale(void);

enum { CLASSES = 20, PER_CLASS = 1000, FILES = CLASSES * PER_CLASS, NAME = 13 };

/* "class07/img000123.jpg", made in an order that is none. */
static void make(const tree *t)
{
    int number[PER_CLASS];
    for (int i = 0; i < PER_CLASS; i++) {
        const int j = (int)lg_random_below(3, LG_STREAM_TEST, (uint64_t)i, (uint64_t)i + 1);
        number[i] = number[j];
        number[j] = i;
    }
    for (int c = CLASSES - 1; c >= 0; c--)
        for (int i = 0; i < PER_CLASS; i++) {
            char path[64];
            snprintf(path, sizeof path, "s/class%02d/img%06d.jpg", c, number[i]);
            tree_file(t, path, "", 0);
        }
}

/* At most 100 bytes per file and its name while it is listed, blocks that are enlarged counted
 * twice; 24 and its name afterwards (an offset, a folder and a label are 16). */
START_TEST(a_file_takes_few_bytes)
{
    tree t;
    lg_dataset *set;
    const lg_dataset_options options = {.shape = {4, 4, 1}};
    tree_open(&t);
    make(&t);
    char path[128];
    snprintf(path, sizeof path, "%s", tree_path(&t, "s"));
    const int64_t before = allocations_bytes();
    allocations_mark();
    const logit_status status = lg_dataset_open(&set, path, &options, NULL);
    const int64_t peak = allocations_peak() - before, kept = allocations_bytes() - before;
    const int64_t files = status == LOGIT_OK ? set->part[LG_PART_TRAIN]->count : 0;
    lg_dataset_close(set);
    const int64_t left = allocations_bytes() - before;
    ck_assert_int_eq(files, FILES);
    if (before >= 0) {
        ck_assert_int_gt(kept, FILES * (int64_t)(NAME + 1)); /* it does count */
        ck_assert_int_le(kept, FILES * (int64_t)(NAME + 24));
        ck_assert_int_le(peak, FILES * (int64_t)(NAME + 100));
    }
    ck_assert_int_le(left,
                     0); /* what the C library copied (strdup) is freed, but was not counted */
    tree_close(&t);
}
END_TEST

START_TEST(files_come_in_the_order_of_their_names)
{
    tree t;
    const lg_dataset_options options = {.shape = {4, 4, 1}};
    tree_open(&t);
    make(&t);
    lg_dataset *set = tree_dataset(&t, "s", &options);
    const lg_set *train = set->part[LG_PART_TRAIN];
    for (int i = 0; i < FILES; i++) {
        char want[64];
        snprintf(want, sizeof want, "s/class%02d/img%06d.jpg", i / PER_CLASS, i % PER_CLASS);
        if (strcmp(tree_sample(&t, train, i), want) != 0 || train->label[i] != i / PER_CLASS)
            ck_abort_msg("file %d: %s, class %d", i, tree_sample(&t, train, i), train->label[i]);
    }
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

Suite *lg_suite_folder_scale(void)
{
    Suite *suite = suite_create("folder_scale");
    TCase *tcase = tcase_create("folder_scale");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_file_takes_few_bytes);
    tcase_add_test(tcase, files_come_in_the_order_of_their_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
