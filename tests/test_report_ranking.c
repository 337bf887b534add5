/* test_report_ranking.c -- the page shows the intervals, curves and figures of eval.json. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tests/page_rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

/* The section "roc" of a page alone; the page is freed. */
static char *section_of(char *page)
{
    char *from = strstr(page, "<section id=\"roc\"");
    ck_assert_ptr_nonnull(from);
    char *section = strndup(from, (size_t)(strstr(from, "</section>") - from));
    free(page);
    return section;
}

START_TEST(the_points_are_drawn)
{
    static const char eval[] =
        "{\"part\": \"test\", \"roc\": [{\"class\": \"<c>\", \"fpr\": [0, 0.5, 1], "
        "\"tpr\": [0, 1, 1], \"recall\": [0, 1], \"precision\": [1, 0.5]}, {\"class\": 3}]}";
    train("idx", "run", LOGIT_OK, NULL);
    page_write("run/eval.json", eval, sizeof eval - 1);
    char *page = page_of("run");
    ck_assert_ptr_nonnull(strstr(page, "d=\"M0.0 1000.0L500.0 0.0L1000.0 0.0\""));
    ck_assert_ptr_nonnull(strstr(page, "d=\"M0.0 0.0L1000.0 500.0\""));
    ck_assert_ptr_null(strstr(page, "<c>"));
    free(page);
}
END_TEST

/* What train wrote is what the page reads: names agree. */
START_TEST(what_eval_says_is_shown)
{
    char words[100];
    small_set_write_idx(small_set_path("many"), "train", 400, 12);
    small_set_write_idx(small_set_path("many"), "t10k", 240, 12);
    options.epochs = 2;
    train("many", "run", LOGIT_OK, NULL);
    char *page = page_of("run"), *eval = page_text("run/eval.json");
    const double auc = strtod(strstr(eval, "\"auc\": ") + 7, NULL);
    const double low = strtod(strstr(eval, "\"intervals\": {\"accuracy\": [") + 27, NULL);
    ck_assert(auc > 0.5 && auc < 1.0 && low > 0.0);
    snprintf(words, sizeof words, "<small><span class=\"whole\">%.4f to ", low);
    ck_assert_msg(strstr(page, words) != NULL, "no %s", words);
    snprintf(words, sizeof words, "<p>Area under ROC %.4f; average precision 0.", auc);
    ck_assert_msg(strstr(page, words) != NULL, "no %s", words);
    ck_assert_ptr_nonnull(
        strstr(page, "<th scope=\"col\">AUC</th><th scope=\"col\"><abbr title=\"average "
                     "precision\">AP</abbr></th></tr>"));
    page = section_of(page);
    ck_assert_int_eq(count_of(page, "<path class=\"line c"), 16); /* 8 in each */
    ck_assert_int_eq(count_of(page, "<path class=\"line faint c6\""), 8);
    ck_assert_int_eq(count_of(page, "<span class=\"key"), 16);
    ck_assert_int_eq(count_of(page, "<circle"), 0); /* which points were kept says nothing */
    ck_assert_ptr_nonnull(strstr(page, "In colour: the 8 of 12 classes with the least average"));
    ck_assert_ptr_null(strstr(page, "are drawn"));
    free(page);
    free(eval);
}
END_TEST

/* 120 classes, the last of which are told worst: those have a colour, and the first are not drawn.
 */
START_TEST(of_many_the_worst_are_shown)
{
    lg_text eval = {0};
    train("idx", "run", LOGIT_OK, NULL);
    lg_text_add(&eval, "{\"part\": \"test\", \"unranked\": null, \"per_class\": [");
    for (int c = 0; c < 120; c++)
        lg_text_add(&eval, "%s{\"class\": \"n%d\", \"average_precision\": %s}", c ? ", " : "", c,
                    c == 50    ? "null"
                    : c == 118 ? "0.001"
                               : (const char *[]){"0.9", "0.8", "0.2"}[(c >= 10) + (c >= 112)]);
    lg_text_add(&eval, "], \"roc\": [");
    for (int c = 0; c < 120; c++)
        lg_text_add(&eval,
                    "%s{\"class\": \"n%d\", \"fpr\": [0, 1], \"tpr\": [0, 1], \"recall\": [0, 1], "
                    "\"precision\": [1, 0.5]}",
                    c ? ", " : "", c);
    lg_text_add(&eval, "]}");
    page_write("run/eval.json", eval.data, eval.size);
    lg_text_clear(&eval);
    char *page = section_of(page_of("run"));
    ck_assert_int_eq(count_of(page, "<path class=\"line faint"), 2 * 92);
    ck_assert_int_eq(count_of(page, "<span class=\"key"), 16);
    ck_assert_ptr_nonnull(strstr(page, "c0\">n118</span> <span class=\"key c1\">n112</span>"));
    ck_assert_ptr_nonnull(strstr(page, "Only the 100 with the least are drawn."));
    free(page);
}
END_TEST

START_TEST(what_is_left_out_is_said)
{
    static const char *const eval[] = {"{\"unranked\": \"memory\", \"roc\": null}",
                                       "{\"unranked\": \"not finite\", \"roc\": null}"};
    train("idx", "run", LOGIT_OK, NULL);
    page_write("run/eval.json", eval[_i], strlen(eval[_i]));
    char *page = section_of(page_of("run"));
    ck_assert_ptr_nonnull(strstr(page, _i ? "are not finite." : "more than half of --memory."));
    ck_assert_ptr_null(strstr(page, "<svg"));
    free(page);
}
END_TEST

Suite *lg_suite_report_ranking(void);
Suite *lg_suite_report_ranking(void)
{
    Suite *suite = suite_create("report_ranking");
    TCase *tests = tcase_create("report");
    tcase_add_checked_fixture(tests, begin, small_set_end);
    tcase_add_test(tests, the_points_are_drawn);
    tcase_add_test(tests, what_eval_says_is_shown);
    tcase_add_test(tests, of_many_the_worst_are_shown);
    tcase_add_loop_test(tests, what_is_left_out_is_said, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
