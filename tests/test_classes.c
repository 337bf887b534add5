/* test_classes.c -- the classes of a set: order, choice, and a model's against a set's. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "data/classes.h"
#include "tests/tree.h"

Suite *lg_suite_classes(void);

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void make_pets(const tree *t)
{
    tree_images(t, TEXTS("pets/dog/1.pgm", "pets/cat/1.pgm", "pets/cat/2.pgm", "pets/emu/1.pgm"));
}

START_TEST(classes_are_sorted_bytewise)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/b/1.pgm", "s/a/1.pgm", "s/B/1.pgm", "s/10/1.pgm", "s/9/1.pgm",
                          "s/\xc3\xa9/1.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_classes(set, TEXTS("10", "9", "B", "a", "b", "\xc3\xa9"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(classes_of_digits_are_sorted_by_value)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/10/1.pgm", "s/9/1.pgm", "s/010/1.pgm", "s/2/1.pgm", "s/0/1.pgm",
                          "s/184467440737095516160/1.pgm", "s/100/1.pgm"));
    lg_dataset *set = tree_dataset(&t, "s", NULL);
    tree_assert_classes(set, TEXTS("0", "2", "9", "010", "10", "100", "184467440737095516160"));
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(chosen_classes_keep_their_order)
{
    tree t;
    tree_open(&t);
    make_pets(&t);
    lg_dataset_options options = {.classes = "emu,cat"};
    lg_dataset *set = tree_dataset(&t, "pets", &options);
    tree_assert_classes(set, TEXTS("emu", "cat"));
    tree_assert_samples(
        &t, set->part[LG_PART_TRAIN],
        (tree_want[]){{"pets/emu/1.pgm", 0}, {"pets/cat/1.pgm", 1}, {"pets/cat/2.pgm", 1}, {0}});
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

static const struct {
    const char *classes;
    logit_status status;
    const char *text;
} bad_choices[] = {
    {"cat,dgo", LOGIT_E_USAGE, "did you mean dog?"}, {"cat,dog,cat", LOGIT_E_USAGE, "cat twice"},
    {"cat,,dog", LOGIT_E_USAGE, "empty name"},       {"", LOGIT_E_USAGE, "empty name"},
    {"cat,dog,", LOGIT_E_USAGE, "empty name"},       {"cat", LOGIT_E_DATA, "needs two"},
    {"cat,whale", LOGIT_E_USAGE, "(cat, dog, emu)"},
};

START_TEST(chosen_classes_must_be_there)
{
    tree t;
    tree_open(&t);
    make_pets(&t);
    const lg_dataset_options options = {.classes = bad_choices[_i].classes};
    tree_refused(&t, "pets", &options, bad_choices[_i].status, TEXTS(bad_choices[_i].text));
    tree_close(&t);
}
END_TEST

START_TEST(labels_are_numbered_as_in_the_model)
{
    tree t;
    tree_open(&t);
    make_pets(&t);
    char *const known[] = {"zebra", "emu", "dog", "cat"};
    lg_dataset_options options = {.known_class = known, .known_classes = 4};
    lg_dataset *set = tree_dataset(&t, "pets", &options);
    tree_assert_classes(set, TEXTS("zebra", "emu", "dog", "cat"));
    ck_assert_int_eq(set->empty_classes, 0);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN],
                        (tree_want[]){{"pets/emu/1.pgm", 1},
                                      {"pets/dog/1.pgm", 2},
                                      {"pets/cat/1.pgm", 3},
                                      {"pets/cat/2.pgm", 3},
                                      {0}});
    lg_dataset_close(set);
    options.classes = "dog";
    set = tree_dataset(&t, "pets", &options);
    tree_assert_samples(&t, set->part[LG_PART_TRAIN], (tree_want[]){{"pets/dog/1.pgm", 2}, {0}});
    lg_dataset_close(set);
    tree_close(&t);
}
END_TEST

START_TEST(classes_that_the_model_does_not_know_are_all_named)
{
    tree t;
    tree_open(&t);
    make_pets(&t);
    char *const known[] = {"cat", "dog", "horse"};
    lg_dataset_options options = {.known_class = known, .known_classes = 3};
    tree_refused(&t, "pets", &options, LOGIT_E_DATA,
                 TEXTS("1 of its 3 classes is not known to the model: emu.",
                       "Known are cat, dog, horse.", "rename or leave out"));
    options.known_by = "the training set";
    tree_refused(&t, "pets", &options, LOGIT_E_DATA,
                 TEXTS("1 of its 3 classes is not known to the training set: emu."));
    options.known_classes = 1;
    tree_refused(
        &t, "pets", &options, LOGIT_E_DATA,
        TEXTS("2 of its 3 classes are not known to the training set: dog, emu.", "Known are cat."));
    tree_close(&t);
}
END_TEST

START_TEST(one_class_is_fine_for_a_model_but_not_to_learn_from)
{
    tree t;
    tree_open(&t);
    tree_images(&t, TEXTS("s/cat/1.pgm", "s/cat/2.pgm"));
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("one class only (cat)", "right folder?"));
    char *const known[] = {"cat", "dog"};
    const lg_dataset_options options = {.known_class = known, .known_classes = 2};
    lg_dataset *set = tree_dataset(&t, "s", &options);
    ck_assert_int_eq(set->part[LG_PART_TRAIN]->count, 2);
    lg_dataset_close(set);
    tree_folder(&t, "s/dog");
    tree_refused(&t, "s", NULL, LOGIT_E_DATA, TEXTS("one class only has samples (cat)"));
    tree_close(&t);
}
END_TEST

START_TEST(long_lists_of_classes_are_cut)
{
    char text[64], *name[100], space[100][24];
    for (int i = 0; i < 100; i++) {
        snprintf(space[i], sizeof space[i], "class%02d", i);
        name[i] = space[i];
    }
    ck_assert_str_eq(lg_classes_brief(text, sizeof text, name, 3), "class00, class01, class02");
    lg_classes_brief(text, sizeof text, name, 100);
    ck_assert_msg(strstr(text, "class00, class01, class02, ") && strstr(text, ".. (100 in all)"),
                  "%s", text);
}
END_TEST

Suite *lg_suite_classes(void)
{
    Suite *suite = suite_create("classes");
    TCase *tests = tcase_create("classes");
    tcase_add_test(tests, classes_are_sorted_bytewise);
    tcase_add_test(tests, classes_of_digits_are_sorted_by_value);
    tcase_add_test(tests, chosen_classes_keep_their_order);
    tcase_add_loop_test(tests, chosen_classes_must_be_there, 0,
                        (int)(sizeof bad_choices / sizeof *bad_choices));
    tcase_add_test(tests, labels_are_numbered_as_in_the_model);
    tcase_add_test(tests, classes_that_the_model_does_not_know_are_all_named);
    tcase_add_test(tests, one_class_is_fine_for_a_model_but_not_to_learn_from);
    tcase_add_test(tests, long_lists_of_classes_are_cut);
    suite_add_tcase(suite, tests);
    return suite;
}
