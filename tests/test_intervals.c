/* test_intervals.c -- bootstrap intervals: exact where there is one answer, near the normal
 * approximation and the binomial law where n is large. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/philox.h"
#include "tests/near.h"
#include "train/intervals.h"

static double draw(int64_t i)
{
    return lg_random_unit(31, LG_STREAM_TEST, (uint64_t)i);
}

/* n samples of three classes: class c is right with probability 0.5 + 0.2 c. */
static logit_score run(int n, int classes)
{
    logit_class_score table[3] = {{0}};
    logit_score s = {.n = n, .classes = classes, .class_score = classes ? table : NULL};
    lg_intervals *intervals = lg_intervals_create(classes, n % 2 ? n : 0);
    double sum = 0.0, squares = 0.0, right = 0.0;
    ck_assert(intervals != NULL);
    for (int i = 0; i < n; i++) {
        const int truth = classes ? i % 3 : 0, is = draw(2 * i) < 0.5 + 0.2 * truth;
        const double loss = 3.0 * draw(2 * i + 1);
        sum += loss;
        squares += loss * loss;
        right += is;
        table[truth].count++;
        table[truth].correct += is;
        lg_intervals_add(intervals, loss, truth, is);
    }
    s.loss = sum / n;
    s.loss_stderr = sqrt((squares / n - s.loss * s.loss) / (n - 1));
    s.accuracy = right / n;
    s.balanced_accuracy = 0.0;
    for (int c = 0; c < 3; c++) {
        table[c].recall = (double)table[c].correct / (double)table[c].count;
        s.balanced_accuracy += table[c].recall / 3;
    }
    ck_assert(lg_intervals_finish(intervals, &s, NULL) == LOGIT_OK);
    lg_intervals_destroy(intervals);
    s.class_score = NULL;
    return s;
}

/* The bootstrap with 1000 resamples knows an end to about 6 % of the half width (the standard error
 * of a 2.5 % quantile of 1000 normal numbers is 0.083 sigma = 4.2 % of 1.96 sigma): 4 x that. */
static void close_to(logit_interval got, double middle, double reach)
{
    const double low = middle - reach, high = middle + reach;
    assert_near(&got.low, &low, 1, 0.17 * reach, 0.0);
    assert_near(&got.high, &high, 1, 0.17 * reach, 0.0);
}

START_TEST(the_bootstrap_agrees_with_the_normal_law)
{
    static const int sizes[] = {3000, 30000, 100000, 100001};
    const int n = sizes[_i];
    const logit_score s = run(n, 3);
    double variance = 0.0;
    for (int c = 0; c < 3; c++) variance += (0.5 + 0.2 * c) * (0.5 - 0.2 * c) / (n / 3.0) / 9.0;
    close_to(s.loss_interval, s.loss, 1.96 * s.loss_stderr);
    close_to(s.accuracy_interval, s.accuracy, 1.96 * sqrt(s.accuracy * (1 - s.accuracy) / n));
    close_to(s.balanced_accuracy_interval, s.balanced_accuracy, 1.96 * sqrt(variance));
}
END_TEST

/* One sample can only be drawn again and again; of two, the ends are the two of them. */
START_TEST(small_cases_are_exact)
{
    lg_intervals *intervals = lg_intervals_create(2, 0);
    logit_score s = {.n = 1, .loss = 0.25, .classes = 2};
    lg_intervals_add(intervals, 0.25, 1, 1);
    ck_assert(lg_intervals_finish(intervals, &s, NULL) == LOGIT_OK);
    ck_assert(s.loss_interval.low == 0.25 && s.loss_interval.high == 0.25);
    ck_assert(s.accuracy_interval.low == 1.0 && s.accuracy_interval.high == 1.0);
    ck_assert(s.balanced_accuracy_interval.low == 1.0);
    lg_intervals_add(intervals, 0.75, 0, 0);
    s.loss = 0.5;
    ck_assert(lg_intervals_finish(intervals, &s, NULL) == LOGIT_OK);
    ck_assert(s.loss_interval.low == 0.25 && s.loss_interval.high == 0.75);
    ck_assert(s.accuracy_interval.low == 0.0 && s.accuracy_interval.high == 1.0);
    lg_intervals_destroy(intervals);
}
END_TEST

START_TEST(what_has_no_figure_has_no_interval)
{
    lg_intervals *intervals = lg_intervals_create(2, 0);
    logit_score s = {.classes = 2};
    ck_assert(lg_intervals_finish(intervals, &s, NULL) == LOGIT_OK);
    ck_assert(isnan(s.loss_interval.low) && isnan(s.accuracy_interval.high));
    lg_intervals_add(intervals, NAN, 0, 1);
    s.loss = NAN;
    ck_assert(lg_intervals_finish(intervals, &s, NULL) == LOGIT_OK);
    ck_assert(isnan(s.loss_interval.low) && s.accuracy_interval.low == 1.0);
    lg_intervals_destroy(intervals);
    s = run(500, 0); /* numeric targets */
    ck_assert(isnan(s.accuracy_interval.low) && isnan(s.balanced_accuracy_interval.low));
    ck_assert(s.loss_interval.low < s.loss && s.loss < s.loss_interval.high);
}
END_TEST

START_TEST(the_same_samples_give_the_same_bits)
{
    const logit_score a = run(777, 3), b = run(777, 3);
    ck_assert(memcmp(&a.loss_interval, &b.loss_interval, sizeof a.loss_interval) == 0);
    ck_assert(memcmp(&a.accuracy_interval, &b.accuracy_interval, sizeof a.loss_interval) == 0);
}
END_TEST

Suite *lg_suite_intervals(void);
Suite *lg_suite_intervals(void)
{
    Suite *suite = suite_create("intervals");
    TCase *tests = tcase_create("intervals");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, the_bootstrap_agrees_with_the_normal_law, 0, 4);
    tcase_add_test(tests, small_cases_are_exact);
    tcase_add_test(tests, what_has_no_figure_has_no_interval);
    tcase_add_test(tests, the_same_samples_give_the_same_bits);
    suite_add_tcase(suite, tests);
    return suite;
}
