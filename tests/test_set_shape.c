/* test_set_shape.c -- headers that cannot be read are not taken for bad ones.
 *
 * Tests (suite set_shape).  The set answers by number: nothing is read from a disk. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "data/formats.h"

Suite *lg_suite_set_shape(void);

enum { COUNT = 1000 };

/* What the headers say: all 5 x 7 grey, but for these samples. */
static struct {
    int64_t unread, second, bad, colour; /* -1: none */
    logit_status why;
} says;

static logit_status answer(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                           logit_error *err)
{
    (void)set;
    *bytes = 35;
    *info = (lg_image_info){.height = 5, .width = 7, .channels = i == says.colour ? 3 : 1};
    if (i == says.unread || i == says.second)
        LG_FAIL(err, says.why, "sample %lld: Input/output error", (long long)i);
    if (i == says.bad) LG_FAIL(err, LOGIT_E_DATA, "sample %lld: no image [FORMAT]", (long long)i);
    return LOGIT_OK;
}

static const lg_set_ops ops = {.probe = answer};
static lg_set set;
static lg_dataset dataset;

static void begin(void)
{
    says.unread = says.second = says.bad = says.colour = -1;
    says.why = LOGIT_E_IO;
    set = (lg_set){.ops = &ops, .count = COUNT};
    dataset = (lg_dataset){.part = {&set}};
}

/* With this many threads; 0: without a pool. */
static logit_status settle(int threads, int unreadable_ends, logit_error *err)
{
    lg_dataset_options options = {.unreadable_ends = unreadable_ends};
    if (threads > 0) ck_assert_int_eq(lg_pool_create(&options.pool, threads, err), LOGIT_OK);
    const logit_status status = lg_dataset_settle_shape(&dataset, &options, err);
    lg_pool_destroy(options.pool);
    return status;
}

static const int thread_counts[] = {0, 1, 2, 3, 8};
enum { THREAD_COUNTS = sizeof thread_counts / sizeof *thread_counts };

START_TEST(an_unread_header_ends_it_and_is_named)
{
    static const logit_status statuses[] = {LOGIT_E_IO, LOGIT_E_NOMEM};
    logit_error err = {0};
    says.why = statuses[_i % 2];
    says.unread = 700;
    says.second = 130;
    ck_assert_int_eq(settle(thread_counts[_i / 2], 1, &err), says.why);
    ck_assert_int_eq(err.status, says.why);
    ck_assert_msg(strstr(err.message, "sample 130: Input/output error") != NULL, "%s", err.message);
}
END_TEST

START_TEST(with_skip_it_is_left_to_whoever_reads_it)
{
    logit_error err = {0};
    says.unread = 0;
    ck_assert_int_eq(settle(thread_counts[_i], 0, &err), LOGIT_OK);
    ck_assert_int_eq(set.shape.height, 5);
    ck_assert_int_eq(set.shape.width, 7);
    ck_assert_int_eq(set.shape.channels, 1);
}
END_TEST

START_TEST(a_bad_header_does_not_take_part)
{
    logit_error err = {0};
    says.bad = 0;
    says.colour = COUNT - 1;
    ck_assert_int_eq(settle(thread_counts[_i], 1, &err), LOGIT_OK);
    ck_assert_int_eq(set.shape.height, 5);
    ck_assert_int_eq(set.shape.channels, 3);
}
END_TEST

START_TEST(without_an_error_to_fill_it_ends_all_the_same)
{
    says.unread = COUNT - 1;
    ck_assert_int_eq(settle(thread_counts[_i], 1, NULL), LOGIT_E_IO);
}
END_TEST

Suite *lg_suite_set_shape(void)
{
    Suite *suite = suite_create("set_shape");
    TCase *cases = tcase_create("headers");
    tcase_add_checked_fixture(cases, begin, NULL);
    tcase_add_loop_test(cases, an_unread_header_ends_it_and_is_named, 0, 2 * THREAD_COUNTS);
    tcase_add_loop_test(cases, with_skip_it_is_left_to_whoever_reads_it, 0, THREAD_COUNTS);
    tcase_add_loop_test(cases, a_bad_header_does_not_take_part, 0, THREAD_COUNTS);
    tcase_add_loop_test(cases, without_an_error_to_fill_it_ends_all_the_same, 0, THREAD_COUNTS);
    suite_add_tcase(suite, cases);
    return suite;
}
