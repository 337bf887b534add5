/* test_list.c -- CSV lists of images: their forms, their order, and what is refused. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "tests/tree.h"

Suite *lg_suite_list(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define WANTS(...) ((const tree_want[]){__VA_ARGS__, {NULL, 0}})
#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static void make_images(const tree *t)
{
    tree_images(t, TEXTS("a/1.ppm", "a/2.ppm", "b/1.ppm", "b/with, comma.ppm", "b/\xFF\n\".ppm"));
}

/* ----------------------------------------------------------------------------- good lists --- */

static const char *const forms[] = {
    "a/1.ppm,x\nb/1.ppm,y\n",
    "a/1.ppm,x\nb/1.ppm,y",
    "a/1.ppm,x\r\nb/1.ppm,y\r\n",
    "path,label\na/1.ppm,x\nb/1.ppm,y\n",
    "\xEF\xBB\xBFPath,Label,Weight\r\na/1.ppm,x,1\r\nb/1.ppm,y,2.5e0\r\n\r\n",
    "\"a/1.ppm\",\"x\"\n\n\"b/1.ppm\",\"y\"\n",
    "\"b/1.ppm\",y\r\n\"a/1.ppm\",x",
    "b/1.ppm,y,0\na/1.ppm,x,.5\n",
};

START_TEST(list_is_read_in_all_its_forms)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    static const char *const names[] = {"list.csv", "images.txt"};
    for (int i = 0; i < 2; i++) {
        tree_text(&t, names[i], forms[_i]);
        lg_dataset *set = tree_dataset(&t, names[i], NULL);
        ck_assert_str_eq(set->format, "list");
        ck_assert_int_eq(set->has_parts, 0);
        tree_assert_classes(set, TEXTS("x", "y"));
        tree_assert_samples(&t, set->part[LG_PART_TRAIN], WANTS({"a/1.ppm", 0}, {"b/1.ppm", 1}));
        ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 2);
        lg_dataset_close(set);
    }
    tree_close(&t);
}
END_TEST

START_TEST(names_of_any_bytes_are_quoted)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_text(&t, "l.csv",
              "\"b/with, comma.ppm\",\"y \"\"z\"\"\"\n\"b/\xFF\n\"\".ppm\",x\na/1.ppm,x\n");
    lg_dataset *set = tree_dataset(&t, "l.csv", NULL);
    tree_assert_classes(set, TEXTS("x", "y \"z\""));
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        WANTS({"a/1.ppm", 0}, {"b/\\xFF\\x0A\".ppm", 0}, {"b/with, comma.ppm", 1}));
    ck_assert_int_eq(tree_count_good(set->part[LG_PART_TRAIN]), 3);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(order_is_by_class_and_path_whatever_the_list_says)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_text(&t, "l.csv", "b/1.ppm,10,3\na/2.ppm,9,2\na/1.ppm,10,5\nb/1.ppm,10,4\na/1.ppm,9,1\n");
    lg_dataset *set = tree_dataset(&t, "l.csv", NULL);
    const lg_set *train_set = set->part[LG_PART_TRAIN];
    tree_assert_classes(set, TEXTS("9", "10"));
    tree_assert_samples(
        &t, train_set,
        WANTS({"a/1.ppm", 0}, {"a/2.ppm", 0}, {"a/1.ppm", 1}, {"b/1.ppm", 1}, {"b/1.ppm", 1}));
    static const float weight[] = {1, 2, 5, 3, 4}; /* equal paths stay as they stand in the list */
    for (int i = 0; i < 5; i++) ck_assert(train_set->weight[i] == weight[i]);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(parts_have_their_lists_in_one_folder)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_text(&t, "train.csv", "a/1.ppm,x\nb/1.ppm,y\n");
    tree_text(&t, "validation.csv", "path,label\na/2.ppm,x\n");
    tree_text(&t, "test.csv", "a/2.ppm,y\n");
    tree_text(&t, "notes.csv", "a/2.ppm,z\n");
    lg_dataset *set = tree_dataset(&t, "", NULL);
    ck_assert_str_eq(set->format, "list");
    ck_assert_int_eq(set->has_parts, 1);
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 2);
    tree_assert_samples(&t, set->part[LG_PART_VAL], WANTS({"a/2.ppm", 0}));
    tree_assert_samples(&t, set->part[LG_PART_TEST], WANTS({"a/2.ppm", 1}));
    lg_dataset_close(set);
    tree_text(&t, "val.csv", "a/1.ppm,x\n");
    tree_refused(&t, "", NULL, LOGIT_E_DATA, TEXTS("val.csv", "validation.csv", "keep one"));
    unlink(tree_path(&t, "val.csv"));
    tree_text(&t, "test.csv", "a/1.ppm,x\n\n\"a/2.ppm\",new\n");
    tree_refused(&t, "", NULL, LOGIT_E_DATA, TEXTS("test.csv: line 3: class new", "x, y"));
    tree_close(&t);
}
END_TEST

START_TEST(other_files_are_no_lists)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_text(&t, "features.csv", "1.5,2.5,cat\n");
    tree_text(&t, "train.csv", "id,label\n1,2\n");
    tree_text(&t, "no-comma.csv", "a/1.ppm\n");
    tree_refused(&t, "features.csv", NULL, LOGIT_E_DATA, TEXTS("a single file", "list, npy"));
    tree_refused(&t, "no-comma.csv", NULL, LOGIT_E_DATA, TEXTS("a single file"));
    lg_dataset *set = tree_dataset(&t, "", NULL); /* a folder with a stray */
    ck_assert_str_eq(set->format, "folder");
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(missing_and_strange_files_are_bad_samples)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_folder(&t, "dir.ppm");
    ck_assert_int_eq(mkfifo(tree_path(&t, "fifo.ppm"), 0600), 0);
    tree_text(&t, "junk.ppm", "junk");
    char text[600];
    snprintf(text, sizeof text,
             "a/1.ppm,x\nmissing.ppm,y\ndir.ppm,y\nfifo.ppm,y\njunk.ppm,y\n%s,x\n",
             tree_path(&t, "b/1.ppm"));
    tree_text(&t, "l.csv", text);
    lg_dataset *set = tree_dataset(&t, "l.csv", NULL);
    const lg_set *part = set->part[LG_PART_TRAIN];
    tree_assert_samples(&t, part,
                        WANTS({"b/1.ppm", 0}, {"a/1.ppm", 0}, {"dir.ppm", 1}, {"fifo.ppm", 1},
                              {"junk.ppm", 1}, {"missing.ppm", 1}));
    ck_assert_int_eq(tree_count_good(part), 2);
    tree_assert_bad(part, 2, LOGIT_E_IO, TEXTS(tree_path(&t, "dir.ppm"), "a folder"));
    tree_assert_bad(part, 3, LOGIT_E_IO, TEXTS(tree_path(&t, "fifo.ppm")));
    tree_assert_bad(part, 4, LOGIT_E_DATA, TEXTS(tree_path(&t, "junk.ppm"), "[UNSUP]"));
    tree_assert_bad(part, 5, LOGIT_E_IO, TEXTS(tree_path(&t, "missing.ppm"), "No such file"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(classes_left_out_and_of_a_model)
{
    tree t;
    tree_open(&t);
    make_images(&t);
    tree_text(&t, "l.csv", "a/1.ppm,x\nb/1.ppm,y,2\na/2.ppm,z\n");
    lg_dataset *set = tree_dataset(&t, "l.csv", &(lg_dataset_options){.classes = "z,y"});
    tree_assert_samples(&t, set->part[LG_PART_TRAIN], WANTS({"a/2.ppm", 0}, {"b/1.ppm", 1}));
    ck_assert(set->part[LG_PART_TRAIN]->weight[1] == 2.0f);
    lg_dataset_close(set);
    char *const known[] = {"x", "y"};
    tree_refused(&t, "l.csv", &(lg_dataset_options){.known_class = known, .known_classes = 2},
                 LOGIT_E_DATA, TEXTS("not known to the model: z.", "Known are x, y."));
    tree_close(&t);
}
END_TEST

/* -------------------------------------------------------------------------- spoilt lists --- */

#define GOOD "a/1.ppm,x\nb/1.ppm,y\n" /* 20 bytes, 2 lines */

static const struct {
    const char *text;
    int size; /* 0: its length */
    const char *class_name, *place;
} spoils[] = {
    {GOOD "\"a/2.ppm,x\n", 0, "FORMAT", "byte 20: line 3: a quote that is not closed"},
    {GOOD "a/2.ppm\n", 0, "FORMAT", "byte 20: line 3: no label"},
    {GOOD "a/2.ppm,\n", 0, "FORMAT", "byte 28: line 3: an empty label"},
    {GOOD ",x\n", 0, "FORMAT", "byte 20: line 3: an empty path"},
    {GOOD "a/2.ppm,x,1,2\n", 0, "FORMAT", "byte 32: line 3: more than 3 fields"},
    {GOOD "a/2\0.ppm,x\n", 31, "FORMAT", "byte 23: line 3: a NUL"},
    {GOOD "\"a/2\0.ppm\",x\n", 33, "FORMAT", "byte 24: line 3: a NUL"},
    {GOOD "a/\"2\".ppm,x\n", 0, "FORMAT", "byte 22: line 3: a quote inside"},
    {GOOD "\"a/2.ppm\"x,x\n", 0, "FORMAT", "byte 29: line 3: a field goes on"},
    {GOOD "\"a/2.ppm\"\r,x\n", 0, "FORMAT", "line 3: a field goes on"},
    {GOOD "a/2.ppm,x,abc\n", 0, "FORMAT", "byte 30: line 3: the weight \"abc\""},
    {GOOD "a/2.ppm,x,\n", 0, "FORMAT", "line 3: the weight \"\""},
    {GOOD "a/2.ppm,x,0x10\n", 0, "FORMAT", "line 3: the weight"},
    {GOOD "a/2.ppm,x,1 \n", 0, "FORMAT", "line 3: the weight"},
    {GOOD "a/2.ppm,x,nan\n", 0, "FORMAT", "line 3: the weight"},
    {GOOD "a/2.ppm,x,inf\n", 0, "FORMAT", "line 3: the weight"},
    {GOOD "a/2.ppm,x,-1\n", 0, "RANGE", "byte 30: line 3: the weight -1"},
    {GOOD "a/2.ppm,x,1e39\n", 0, "RANGE", "line 3: the weight 1e39"},
    {GOOD "a/2.ppm,x,1e999\n", 0, "RANGE", "line 3: the weight 1e999"},
    {"a/1.ppm,x,0\nb/1.ppm,y,0\n", 0, "RANGE", "all weights are 0"},
    {"path,label\n", 0, "RANGE", "names no image"},
};

START_TEST(spoilt_list_is_refused_with_line_and_byte)
{
    tree t;
    char in_brackets[32];
    tree_open(&t);
    make_images(&t);
    const size_t size = spoils[_i].size ? (size_t)spoils[_i].size : strlen(spoils[_i].text);
    tree_file(&t, "l.csv", spoils[_i].text, size);
    snprintf(in_brackets, sizeof in_brackets, "[%s]", spoils[_i].class_name);
    const clock_t begin = clock();
    tree_refused(&t, "l.csv", NULL, LOGIT_E_DATA,
                 TEXTS("l.csv: list at byte ", spoils[_i].place, in_brackets));
    ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 0.1);
    tree_close(&t);
}
END_TEST

START_TEST(record_of_more_than_64_kib_is_refused)
{
    tree t;
    enum { LONG = 70000 };
    char *text = malloc(LONG + 64);
    tree_open(&t);
    make_images(&t);
    for (int quoted = 0; quoted < 2; quoted++) {
        const int begin = sprintf(text, GOOD "%s", quoted ? "\"" : "");
        memset(text + begin, 'p', LONG);
        strcpy(text + begin + LONG, quoted ? "\",x\n" : ",x\n");
        tree_text(&t, "l.csv", text);
        tree_refused(&t, "l.csv", NULL, LOGIT_E_DATA, TEXTS("line 3", "[LIMIT]"));
    }
    /* Records that lie across the reader's windows. */
    char *end = text + sprintf(text, "%s", GOOD);
    for (int i = 0; end - text < LONG - 200; i++) end += sprintf(end, "gone-%d.ppm,\"x\"\r\n", i);
    tree_text(&t, "l.csv", text);
    lg_dataset *set = tree_dataset(&t, "l.csv", NULL);
    ck_assert_int_gt(set->part[LG_PART_TRAIN]->count, 3000);
    tree_assert_classes(set, TEXTS("x", "y"));
    lg_dataset_close(set);
    free(text);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------- training --- */

START_TEST(missing_images_end_a_run_or_are_skipped)
{
    char command[600];
    small_set_write_folder(small_set_path("folder"), 120, 3);
    snprintf(command, sizeof command,
             "cd '%s' && find folder -name '*.pgm' | sort -R --random-source=/dev/zero | "
             "sed 's|folder/\\(.*\\)/.*|&,\\1|;s|^folder|gone|' >gone.csv && mv folder gone && rm "
             "gone/c1/00001.pgm gone/c2/00005.pgm",
             small_set_path(""));
    ck_assert_int_eq(system(command), 0);
    options.val_split = 0.0;
    train("gone.csv", "bad.run", LOGIT_E_IO, NULL);
    options.on_bad = "skip";
    options.max_bad = 0.1;
    ck_assert_int_eq(train("gone.csv", "bad.run", LOGIT_OK, NULL).bad, 2);
}
END_TEST

/* A sample of weight 2 counts as the sample named twice. */
START_TEST(weights_weigh)
{
    char command[600];
    small_set_write_folder(small_set_path("folder"), 90, 3);
    snprintf(command, sizeof command,
             "cd '%s' && find folder -name '*.pgm' | LC_ALL=C sort | "
             "sed 's|folder/\\(.*\\)/.*|&,\\1|' >s.csv && "
             "sed '1,40s|$|,2|' s.csv >weight.csv && (head -n 40 s.csv; cat s.csv) >twice.csv",
             small_set_path(""));
    ck_assert_int_eq(system(command), 0);
    options.optimizer = "gd";
    options.lr = (logit_list){1, {0.5}};
    options.normalize = "unit"; /* no mean, no prior: they count images, not weights */
    options.init = "zero";
    options.val_split = 0.0;
    options.epochs = 20;
    const double weighed = train("weight.csv", "weight", LOGIT_OK, NULL).objective;
    const double twice = train("twice.csv", "twice", LOGIT_OK, NULL).objective;
    const double once = train("s.csv", "once", LOGIT_OK, NULL).objective;
    ck_assert_double_eq_tol(weighed, twice, 1e-5 * weighed);
    ck_assert_double_gt(weighed, 0.0);
    ck_assert(weighed != once);
}
END_TEST

Suite *lg_suite_list(void)
{
    Suite *suite = suite_create("list");
    TCase *tests = tcase_create("list"), *runs = tcase_create("runs");
    tcase_set_timeout(tests, 60);
    tcase_set_timeout(runs, 60);
    tcase_add_loop_test(tests, list_is_read_in_all_its_forms, 0, COUNT(forms));
    tcase_add_test(tests, names_of_any_bytes_are_quoted);
    tcase_add_test(tests, order_is_by_class_and_path_whatever_the_list_says);
    tcase_add_test(tests, parts_have_their_lists_in_one_folder);
    tcase_add_test(tests, other_files_are_no_lists);
    tcase_add_test(tests, missing_and_strange_files_are_bad_samples);
    tcase_add_test(tests, classes_left_out_and_of_a_model);
    tcase_add_loop_test(tests, spoilt_list_is_refused_with_line_and_byte, 0, COUNT(spoils));
    tcase_add_test(tests, record_of_more_than_64_kib_is_refused);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_test(runs, missing_images_end_a_run_or_are_skipped);
    tcase_add_test(runs, weights_weigh);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, runs);
    return suite;
}
