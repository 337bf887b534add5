/* test_tar_members.c -- members of a tar that are evil, that do not fit together, or very many.
 *
 * Rows are named as in the list of malformed inputs. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "logit.h"
#include "tests/tar_bytes.h"

Suite *lg_suite_tar_members(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct {
    const char *name, *class_name; /* NULL: accepted, the class is `want` */
    const char *want;
} names[] = {
    {"../../etc/passwd", NULL, NULL},
    {"/etc/passwd", NULL, NULL},
    {"../../etc/1.ppm", "FORMAT", NULL},
    {"/etc/1.ppm", "FORMAT", NULL},
    {"/1.ppm", NULL, NULL},
    {"c/../1.ppm", "FORMAT", NULL},
    {"c//1.ppm", NULL, "c"},
    {"..../1.ppm", NULL, NULL},
    {"c\xFF/1.ppm", NULL, "c\xFF"},
    {"new\nline/1.ppm", NULL, "new\nline"},
};

START_TEST(evil_names_make_nothing) /* TA4 */
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_image(&tar, "a/1.ppm", 1);
    tar_image(&tar, "b/1.ppm", 1);
    tar_image(&tar, names[_i].name, 1);
    tar_end(&tar);
    tar_write(&t, "in/s.tar", &tar);
    if (names[_i].class_name) {
        tar_refused(&t, "in", names[_i].class_name, ".ppm");
    } else {
        lg_dataset *set = tree_dataset(&t, "in", NULL);
        ck_assert_int_eq(set->classes, names[_i].want ? 3 : 2);
        if (names[_i].want) ck_assert_str_eq(set->class_name[2], names[_i].want);
        ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), set->part[0]->count);
        lg_dataset_close(set);
    }
    int files = 0;
    DIR *folder = opendir(tree_path(&t, "in"));
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder)) files++;
    closedir(folder);
    ck_assert_int_eq(files, 3); /* with . and .. */
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------ keys and classes --- */

static const struct {
    const char *row, *class_name;
    const char *file[6]; /* a .cls holds what stands behind '=' */
} keys[] = {
    {"TA8 twice the image", "MISMATCH", {"a.ppm", "a.cls=1", "b.cls=0", "b.ppm", "a.ppm"}},
    {"TA8 twice the class", "MISMATCH", {"a.ppm", "a.cls=1", "b.cls=0", "b.ppm", "a.cls=1"}},
    {"TA8 two images of a key", "MISMATCH", {"a.ppm", "a.cls=1", "b.cls=0", "b.ppm", "a.png"}},
    {"TA8 no class", "MISMATCH", {"a.ppm", "a.cls=1", "b.ppm"}},
    {"TA8 12abc", "FORMAT", {"a.ppm", "a.cls=12abc"}},
    {"TA8 minus one", "RANGE", {"a.ppm", "a.cls=-1"}},
    {"TA8 empty", "FORMAT", {"a.ppm", "a.cls="}},
    {"TA8 a line break only", "FORMAT", {"a.ppm", "a.cls=\n"}},
    {"TA8 too large", "RANGE", {"a.ppm", "a.cls=1234567890"}},
    {"TA8 a fraction", "FORMAT", {"a.ppm", "a.cls=1.5"}},
    {"TA8 a space before", "FORMAT", {"a.ppm", "a.cls= 1"}},
    {"no class at all", "FORMAT", {"a.ppm", "b.ppm"}},
    {"parts inside", "FORMAT", {"s/train/a/1.ppm", "s/test/b/1.ppm"}},
};

START_TEST(keys_that_do_not_fit_are_refused)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    for (int i = 0; keys[_i].file[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", keys[_i].file[i]);
        char *equals = strchr(name, '=');
        if (equals) *equals = '\0';
        if (equals)
            tar_text(&tar, name, equals + 1);
        else
            tar_image(&tar, name, i);
    }
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    tar_refused(&t, "s.tar", keys[_i].class_name, "s.tar");
    tree_close(&t);
}
END_TEST

START_TEST(parts_must_have_one_layout_and_known_classes)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_good(&tar);
    tar_write(&t, "s/train-0.tar", &tar);
    tar_image(&tar, "c/1.ppm", 1);
    tar_end(&tar);
    tar_write(&t, "s/val-0.tar", &tar);
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("val-0.tar", "class c", "a, b", "[RANGE]"));
    tar_image(&tar, "x.ppm", 1);
    tar_text(&tar, "x.cls", "1");
    tar_end(&tar);
    tar_write(&t, "s/train-1.tar", &tar);
    tar_refused(&t, "s", "MISMATCH", "train-1.tar");
    tree_close(&t);
}
END_TEST

/* TA9.  Members that hold nothing and are nothing: linear in time, no memory for each. */
START_TEST(very_many_empty_members)
{
    enum { MEMBERS = 200000 };
    tree t;
    lg_bytes tar = {0};
    struct rusage before, after;
    tree_open(&t);
    tar_good(&tar);
    tar.size -= 2 * TAR_BLOCK;
    for (int i = 0; i < MEMBERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "m%07d", i);
        tar_header(&tar, name, '0', 0);
    }
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    getrusage(RUSAGE_SELF, &before);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_eq(set->stray, MEMBERS);
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 3);
    ck_assert_msg(after.ru_maxrss - before.ru_maxrss < 64 << 10, "%ld KiB",
                  after.ru_maxrss - before.ru_maxrss);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------- bad images in it --- */

START_TEST(bad_images_are_skipped_by_name)
{
    tree t;
    lg_bytes tar = {0};
    tree_open(&t);
    tar_image(&tar, "a/1.ppm", 1);
    tar_text(&tar, "a/2.ppm", "junk");
    tar_text(&tar, "b/3.ppm", "");
    tar_image(&tar, "b/4.ppm", 1);
    tar_text(&tar, "b/5.gif", "GIF89a..........");
    tar_end(&tar);
    tar_write(&t, "s.tar", &tar);
    lg_dataset *set = tree_dataset(&t, "s.tar", NULL);
    const lg_set *train_set = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(tree_count_good(train_set), 2);
    tree_assert_bad(train_set, 1, LOGIT_E_DATA, TEXTS("s.tar:a/2.ppm: image at byte 0", "[UNSUP]"));
    tree_assert_bad(train_set, 2, LOGIT_E_DATA, TEXTS("s.tar:b/3.ppm: image at byte 0", "[TRUNC]"));
    tree_assert_bad(train_set, 4, LOGIT_E_DATA, TEXTS("s.tar:b/5.gif: ", "a GIF", "[UNSUP]"));
    lg_dataset_close(set);
    logit_data_report report;
    logit_options how;
    logit_options_default(&how);
    ck_assert_int_eq(logit_data_describe(tree_path(&t, "s.tar"), &how, NULL, &report, NULL),
                     LOGIT_OK);
    ck_assert_int_eq(report.listed, 3);
    static const char *const bad[] = {"s.tar:a/2.ppm", "s.tar:b/3.ppm", "s.tar:b/5.gif"};
    for (int i = 0; i < 3; i++) ck_assert_str_eq(report.bad_sample[i].name, tree_path(&t, bad[i]));
    logit_data_report_clear(&report);
    how.out = tree_path(&t, "run");
    how.on_bad = "skip";
    how.max_bad = 0.9;
    how.epochs = 1;
    how.val_split = 0.0;
    logit_summary summary;
    logit_error err = {0};
    const logit_status status = logit_train(tree_path(&t, "s.tar"), &how, NULL, &summary, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    ck_assert_int_eq(summary.bad, 3);
    tree_close(&t);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *lg_suite_tar_members(void)
{
    Suite *suite = suite_create("tar_members");
    TCase *tests = tcase_create("tar_members");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, evil_names_make_nothing, 0, COUNT(names));
    tcase_add_loop_test(tests, keys_that_do_not_fit_are_refused, 0, COUNT(keys));
    tcase_add_test(tests, parts_must_have_one_layout_and_known_classes);
    tcase_add_test(tests, very_many_empty_members);
    tcase_add_test(tests, bad_images_are_skipped_by_name);
    suite_add_tcase(suite, tests);
    return suite;
}
