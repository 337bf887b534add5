/* test_weights.c -- what --class-weight may say. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "train/weights.h"

Suite *lg_suite_weights(void);

enum { CLASSES = 4 };

static char *const names[CLASSES] = {"a", "a=1", "b,c", "d"};

/* The weights of one sample per class after `spec`, if it is taken. */
static logit_status apply(const char *spec, int classes, float *weight, logit_error *err)
{
    int32_t label[CLASSES] = {0, 1, 2, 3};
    lg_set set = {.count = CLASSES, .label = classes > 0 ? label : NULL};
    *err = (logit_error){0};
    const logit_status status = lg_weights_apply(&set, NULL, CLASSES, classes, names, spec, err);
    for (int c = 0; c < CLASSES && status == LOGIT_OK; c++)
        weight[c] = set.weight ? set.weight[c] : 1.0f;
    free(set.weight);
    return status;
}

static const struct {
    const char *spec;
    float weight[CLASSES];
} right[] = {
    {"", {1, 1, 1, 1}},
    {"balanced", {1, 1, 1, 1}},
    {"d=3", {1, 1, 1, 3}},
    {"a=2,d=0.5", {2, 1, 1, 0.5f}},
    {"a=1=5", {1, 5, 1, 1}}, /* the longest name */
    {"b,c=4,a=7,a=1=8", {7, 8, 4, 1}},
    {"a=1e-30,d=1e30", {1e-30f, 1, 1, 1e30f}},
};

START_TEST(weights_are_read_by_the_longest_name)
{
    float weight[CLASSES];
    logit_error err;
    const logit_status status = apply(right[_i].spec, CLASSES, weight, &err);
    ck_assert_msg(status == LOGIT_OK, "%s: %s", right[_i].spec, err.message);
    ck_assert_mem_eq(weight, right[_i].weight, sizeof weight);
}
END_TEST

static const struct {
    const char *spec, *says;
} wrong[] = {
    {"d=1,a=2,d=3", "\"d\" is there twice"}, {"d=1e-31", "between 1e-30 and 1e+30"},
    {"d=1e31", "between 1e-30 and 1e+30"},   {"d=inf", "between 1e-30 and 1e+30"},
    {"d=nan", "between 1e-30 and 1e+30"},    {"d=0", "between 1e-30 and 1e+30"},
    {"d=-1", "between 1e-30 and 1e+30"},     {"d=", "the weight of \"d\""},
    {"d=2x", "the weight of \"d\""},         {"d=1,", "ends in a comma"},
    {"d=1,nobody=3", "no class \"nobody\""}, {"even", "\"even\" is neither"},
};

START_TEST(wrong_weights_are_named)
{
    float weight[CLASSES];
    logit_error err;
    ck_assert_int_eq(apply(wrong[_i].spec, CLASSES, weight, &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, wrong[_i].says) != NULL, "%s: %s", wrong[_i].spec,
                  err.message);
}
END_TEST

START_TEST(numbers_have_no_classes_to_weigh)
{
    float weight[CLASSES];
    logit_error err;
    ck_assert_int_eq(apply("balanced", 0, weight, &err), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "targets are numbers") != NULL, "%s", err.message);
}
END_TEST

Suite *lg_suite_weights(void)
{
    Suite *suite = suite_create("weights");
    TCase *all = tcase_create("weights");
    tcase_add_loop_test(all, weights_are_read_by_the_longest_name, 0,
                        (int)(sizeof right / sizeof *right));
    tcase_add_loop_test(all, wrong_weights_are_named, 0, (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(all, numbers_have_no_classes_to_weigh);
    suite_add_tcase(suite, all);
    return suite;
}
