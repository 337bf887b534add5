/* test_train_order.c -- --shuffle: what auto takes, what is told, and the same bits whatever else.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "data/dataset.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_train_order(void);

/* ------------------------------------------------------------------------------ same bits --- */

START_TEST(a_run_in_blocks_is_the_same_whatever_the_machine)
{
    static const struct {
        int threads;
        int64_t memory;
    } machines[] = {{1, 0}, {2, 1}, {7, 1}, {3, 40000}};
    small_set_write_folder(small_set_path("folder"), 200, 3);
    options.shuffle = "block";
    train("folder", "first", LOGIT_OK, NULL);
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        options.threads = machines[i].threads;
        options.memory = machines[i].memory;
        train("folder", "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("first"), MODEL("other")), "machine %d", (int)i);
    }
}
END_TEST

START_TEST(every_order_is_another_run)
{
    static const char *const orders[] = {"full", "block", "none"};
    options.shuffle = "auto";
    train("idx", "auto", LOGIT_OK, NULL);
    for (int i = 0; i < 3; i++) {
        options.shuffle = orders[i];
        train("idx", orders[i], LOGIT_OK, NULL);
    }
    ck_assert(same_files(MODEL("auto"), MODEL("full")));
    ck_assert(!same_files(MODEL("full"), MODEL("block")));
    ck_assert(!same_files(MODEL("block"), MODEL("none")));
    ck_assert(!same_files(MODEL("none"), MODEL("full")));
}
END_TEST

/* ----------------------------------------------------------------------------- what is told --- */

typedef struct told {
    char shuffle[16], plan[400];
} told;

static void hear(void *user, const logit_run *run)
{
    told *t = user;
    snprintf(t->shuffle, sizeof t->shuffle, "%s", run->options->shuffle);
    snprintf(t->plan, sizeof t->plan, "%s", run->plan);
}

static const struct {
    const char *given, *taken, *plan;
} words[] = {{"auto", "full", "; shuffled in full"},
             {"full", "full", "; shuffled in full"},
             {"block", "block", "; shuffled in blocks"},
             {"none", "none", "; not shuffled"}};

START_TEST(what_was_taken_is_told)
{
    told t = {"", ""};
    const logit_watch watch = {.user = &t, .start = hear};
    options.shuffle = words[_i].given;
    options.out = small_set_path("run");
    options.epochs = 1;
    ck_assert_int_eq(logit_train(small_set_path("idx"), &options, &watch, NULL, NULL), LOGIT_OK);
    ck_assert_str_eq(t.shuffle, words[_i].taken);
    ck_assert_msg(strstr(t.plan, words[_i].plan) != NULL, "%s", t.plan);
}
END_TEST

START_TEST(another_word_is_refused)
{
    logit_error err;
    options.shuffle = "blocks";
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_str_eq(err.message, "--shuffle \"blocks\": expected auto, full, block or none");
}
END_TEST

/* ------------------------------------------------------------------------------------- auto --- */

/* 2 GiB is 2^21 rows of 1 kB. */
static const struct {
    const char *format;
    int64_t count;
    lg_element element;
    int as_it_lies;
    lg_shuffle want;
} rules[] = {
    {"folder", 1 << 21, LG_ELEMENT_U8, 0, LG_SHUFFLE_FULL},
    {"folder", 1 << 30, LG_ELEMENT_U8, 0, LG_SHUFFLE_FULL},
    {"tar", 10, LG_ELEMENT_U8, 1, LG_SHUFFLE_BLOCK},
    {"packed", 10, LG_ELEMENT_U8, 0, LG_SHUFFLE_FULL},
    {"packed", 1 << 22, LG_ELEMENT_U8, 0, LG_SHUFFLE_FULL}, /* 4 GiB, not over it */
    {"packed", (1 << 22) + 1, LG_ELEMENT_U8, 0, LG_SHUFFLE_BLOCK},
    {"packed", (1 << 20) + 1, LG_ELEMENT_F32, 0, LG_SHUFFLE_BLOCK},
    {"packed", 1 << 20, LG_ELEMENT_F32, 0, LG_SHUFFLE_FULL},
    {"packed", (1 << 21) + 1, LG_ELEMENT_F16, 0, LG_SHUFFLE_BLOCK},
    {"packed", INT32_MAX, LG_ELEMENT_F32, 0, LG_SHUFFLE_BLOCK},
};
enum { RULES = sizeof rules / sizeof *rules };

START_TEST(auto_follows_the_set)
{
    lg_set set = {.count = rules[_i].count,
                  .shape = {32, 32, 1},
                  .element = rules[_i].element,
                  .as_it_lies = rules[_i].as_it_lies};
    const lg_dataset dataset = {.format = rules[_i].format, .part = {&set}};
    ck_assert_int_eq(lg_dataset_shuffle(&dataset, LG_PART_TRAIN), rules[_i].want);
    set.shape = (lg_image_target){16384, 16384, 3}; /* more bytes than a number holds, perhaps */
    if (set.count == INT32_MAX)
        ck_assert_int_eq(lg_dataset_shuffle(&dataset, LG_PART_TRAIN), rules[_i].want);
}
END_TEST

Suite *lg_suite_train_order(void)
{
    Suite *suite = suite_create("train_order");
    TCase *tcase = tcase_create("train_order");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, begin, small_set_end);
    tcase_add_test(tcase, a_run_in_blocks_is_the_same_whatever_the_machine);
    tcase_add_test(tcase, every_order_is_another_run);
    tcase_add_loop_test(tcase, what_was_taken_is_told, 0, 4);
    tcase_add_test(tcase, another_word_is_refused);
    tcase_add_loop_test(tcase, auto_follows_the_set, 0, RULES);
    suite_add_tcase(suite, tcase);
    return suite;
}
