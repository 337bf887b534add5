/* test_cifar_labels.c -- --labels: the coarse or the fine labels of CIFAR-100, and of nothing else.
 *
 * Tests (suite cifar_labels). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/identity.h"
#include "tests/command_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "tests/tree.h"

Suite *lg_suite_cifar_labels(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { PIXELS = 3072, MOST = 60 };

/* Record i has the fine label 99 - i and the coarse label 3 i % 20: neither follows from the other
 * as in the real set, so that whatever is mixed up shows. */
static int fine_of(int i)
{
    return 99 - i;
}

static int coarse_of(int i)
{
    return 3 * i % 20;
}

static void write_batch(const tree *t, const char *path, int count)
{
    static uint8_t bytes[MOST * (2 + PIXELS)];
    uint8_t *to = bytes;
    for (int i = 0; i < count; i++) {
        *to++ = (uint8_t)coarse_of(i);
        *to++ = (uint8_t)fine_of(i);
        for (int at = 0; at < PIXELS; at++) *to++ = (uint8_t)(coarse_of(i) * 12 + at % 7);
    }
    tree_file(t, path, bytes, (size_t)(to - bytes));
}

static void write_names(const tree *t, const char *path, const char *stem, int count)
{
    char text[2000] = "";
    for (int i = 0; i < count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%02d\n", stem, i);
    tree_text(t, path, text);
}

static void write_hundred(const tree *t, const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/train.bin", folder);
    write_batch(t, path, MOST);
    snprintf(path, sizeof path, "%s/test.bin", folder);
    write_batch(t, path, 20);
    snprintf(path, sizeof path, "%s/fine_label_names.txt", folder);
    write_names(t, path, "fine", 100);
    snprintf(path, sizeof path, "%s/coarse_label_names.txt", folder);
    write_names(t, path, "coarse", 20);
}

/* Class names are sorted as they are numbered here, so that labels are the bytes. */
START_TEST(either_label_is_taken)
{
    tree t;
    tree_open(&t);
    write_hundred(&t, "s");
    for (int l = LG_LABEL_AUTO; l < LG_LABEL_COUNT; l++) {
        const lg_dataset_options how = {.labels = (lg_label_kind)l};
        lg_dataset *set = tree_dataset(&t, "s", &how);
        const int coarse = l == LG_LABEL_COARSE;
        ck_assert_int_eq(set->classes, coarse ? 20 : 100);
        ck_assert_str_eq(set->class_name[7], coarse ? "coarse07" : "fine07");
        ck_assert_int_eq(set->stray, 0);
        for (int i = 0; i < MOST; i++)
            ck_assert_int_eq(set->part[LG_PART_TRAIN]->label[i],
                             coarse ? coarse_of(i) : fine_of(i));
        lg_dataset_close(set);
    }
    tree_close(&t);
}
END_TEST

START_TEST(classes_are_chosen_among_the_coarse_ones)
{
    const lg_dataset_options how = {.labels = LG_LABEL_COARSE, .classes = "coarse06,coarse03"};
    tree t;
    tree_open(&t);
    write_hundred(&t, "s");
    lg_dataset *set = tree_dataset(&t, "s", &how);
    const lg_set *part = set->part[LG_PART_TRAIN];
    ck_assert_int_eq(part->count, 6); /* records 1, 2, 21, 22, 41, 42 */
    for (int i = 0; i < 6; i++) ck_assert_int_eq(part->label[i], i % 2 == 0);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

/* Both labels are checked, whichever is taken. */
START_TEST(the_other_label_is_checked_too)
{
    static uint8_t bytes[2 * (2 + PIXELS)];
    const lg_dataset_options how = {.labels = _i < 2 ? LG_LABEL_COARSE : LG_LABEL_FINE};
    tree t;
    tree_open(&t);
    bytes[2 + PIXELS + _i % 2] = _i % 2 ? 100 : 20;
    tree_file(&t, "train.bin", bytes, sizeof bytes);
    tree_refused(&t, "train.bin", &how, LOGIT_E_DATA,
                 TEXTS(_i % 2 ? "cifar at byte 3075: the fine label of record 1 is 100"
                              : "cifar at byte 3074: the coarse label of record 1 is 20",
                       "[RANGE]"));
    tree_close(&t);
}
END_TEST

START_TEST(the_names_of_the_label_are_checked)
{
    const lg_dataset_options how = {.labels = LG_LABEL_COARSE};
    tree t;
    tree_open(&t);
    write_hundred(&t, "s");
    write_names(&t, "s/coarse_label_names.txt", "c", 19);
    tree_refused(&t, "s", &how, LOGIT_E_DATA,
                 TEXTS("coarse_label_names.txt", "19 names", "20 classes", "[MISMATCH]"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(two_labels_are_two_sets)
{
    uint8_t identity[2][LG_IDENTITY_BYTES];
    tree t;
    tree_open(&t);
    write_batch(&t, "train.bin", 20); /* no names: both are called by numbers */
    for (int fine = 0; fine < 2; fine++) {
        const lg_dataset_options how = {.labels = fine ? LG_LABEL_FINE : LG_LABEL_COARSE};
        lg_dataset *set = tree_dataset(&t, "train.bin", &how);
        ck_assert_int_eq(lg_dataset_identity(set, "stb", identity[fine], NULL), LOGIT_OK);
        lg_dataset_close(set);
    }
    ck_assert_mem_ne(identity[0], identity[1], LG_IDENTITY_BYTES);
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------- other formats --- */

START_TEST(other_sets_have_one_label)
{
    static uint8_t record[1 + PIXELS];
    const lg_dataset_options how = {.labels = _i ? LG_LABEL_FINE : LG_LABEL_COARSE};
    const char *asked = _i ? "--labels fine" : "--labels coarse";
    tree t;
    tree_open(&t);
    tree_file(&t, "ten/data_batch_1.bin", record, sizeof record);
    tree_refused(&t, "ten", &how, LOGIT_E_USAGE, TEXTS(asked, "CIFAR-10 has one", "CIFAR-100"));
    tree_refused(&t, "ten/data_batch_1.bin", &how, LOGIT_E_USAGE, TEXTS(asked, "CIFAR-10 has one"));
    small_set_write_folder(tree_path(&t, "folder"), 4, 2);
    tree_refused(&t, "folder", &how, LOGIT_E_USAGE, TEXTS(asked, "the format folder", "CIFAR-100"));
    tree_close(&t);
}
END_TEST

/* Found beside the option: a usual folder with nothing in it. */
START_TEST(an_empty_usual_folder_is_said)
{
    tree t;
    tree_open(&t);
    tree_text(&t, "s/cifar-100-binary/notes.txt", "nothing else");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("cifar-100-binary", "holds no", "train.bin"));
    tree_close(&t);
}
END_TEST

/* ------------------------------------------------------------------------------- training --- */

static logit_status run(const tree *t, const char *set, const char *to, logit_error *err)
{
    options.out = small_set_path(to);
    return logit_train(tree_path(t, set), &options, NULL, NULL, err);
}

/* Packed sets hold what was asked for. */
START_TEST(a_run_learns_what_was_asked_for)
{
    tree t;
    logit_error err = {.message = ""};
    tree_open(&t);
    write_hundred(&t, "s");
    options.val_split = 0.0;
    options.labels = "coarse";
    options.epochs = 2;
    ck_assert_msg(run(&t, "s", "run", &err) == LOGIT_OK, "%s", err.message);
    logit_model *model = open_model("run");
    ck_assert_int_eq(logit_model_describe(model).classes, 20);
    ck_assert_str_eq(logit_model_describe(model).class_name[19], "coarse19");
    logit_score score;
    ck_assert_int_eq(logit_eval(model, tree_path(&t, "s"), NULL, &options, NULL, &score, &err),
                     LOGIT_OK);
    ck_assert_int_eq(score.n, 20);
    logit_score_clear(&score);
    logit_model_close(model);

    logit_pack_options how;
    logit_pack_options_default(&how);
    how.data = options;
    how.file = tree_path(&t, "set.packed");
    ck_assert_msg(logit_pack(tree_path(&t, "s"), &how, NULL, NULL, &err) == LOGIT_OK, "%s",
                  err.message);
    ck_assert_int_eq(run(&t, "set.packed", "packed", &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "the format packed") != NULL, "%s", err.message);
    options.labels = "auto";
    ck_assert_msg(run(&t, "set.packed", "packed", &err) == LOGIT_OK, "%s", err.message);
    ck_assert(same_files(MODEL("run"), MODEL("packed")));
    options.labels = "superfine";
    ck_assert_int_eq(run(&t, "s", "none", &err), LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "expected auto, coarse or fine"));
    tree_close(&t);
}
END_TEST

/* The option is recorded in the run, and wrong without such labels. */
START_TEST(the_command_takes_it)
{
    tree t;
    char line[600];
    tree_open(&t);
    write_hundred(&t, "s");
    snprintf(line, sizeof line,
             "$LOGIT train %s --labels coarse --epochs 1 -o $DIR/coarse && "
             "grep -q '^labels *= *coarse$' $DIR/coarse/config.ini",
             tree_path(&t, "s"));
    expect(0, line);
    snprintf(line, sizeof line, "$LOGIT data %s --labels coarse", tree_path(&t, "s"));
    expect(0, line);
    char *out = text_of("out");
    ck_assert_msg(strstr(out, "20 classes") != NULL, "%s", out);
    free(out);
    expect(2, "$LOGIT train $DIR/set --labels coarse -o $DIR/none");
    char *text = text_of("err");
    ck_assert_msg(strstr(text, "the format folder") != NULL, "%s", text);
    free(text);
    expect(2, "$LOGIT eval $DIR/run $DIR/set --labels fine");
    tree_close(&t);
}
END_TEST

Suite *lg_suite_cifar_labels(void)
{
    Suite *suite = suite_create("cifar_labels");
    TCase *tests = tcase_create("labels"), *runs = tcase_create("runs");
    tcase_set_timeout(runs, 60);
    tcase_add_test(tests, either_label_is_taken);
    tcase_add_test(tests, classes_are_chosen_among_the_coarse_ones);
    tcase_add_loop_test(tests, the_other_label_is_checked_too, 0, 4);
    tcase_add_test(tests, the_names_of_the_label_are_checked);
    tcase_add_test(tests, two_labels_are_two_sets);
    tcase_add_loop_test(tests, other_sets_have_one_label, 0, 2);
    tcase_add_test(tests, an_empty_usual_folder_is_said);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_test(runs, a_run_learns_what_was_asked_for);
    TCase *command = tcase_create("command");
    tcase_set_timeout(command, 60);
    tcase_add_unchecked_fixture(command, command_setup, command_teardown);
    tcase_add_test(command, the_command_takes_it);
    suite_add_tcase(suite, command);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, runs);
    return suite;
}
