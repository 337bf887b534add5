/* test_eval_page.c -- what an evaluation looks like: tests/golden/eval-*.txt.
 *
 * Tests (suite eval_page).  The figures are made up, and need not go together. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_eval_page.h"
#include "tests/cli_rig.h"

enum { MOST = 23 };

static logit_class_score class_score[MOST];
static int64_t confusion[MOST * MOST];
static logit_score score;
static const char *loss;
static int colour;

/* Class c is right in 10 + c of 40 and taken for the next one in the rest. */
static void fill_classes(int classes)
{
    static char name[MOST][40];
    memset(confusion, 0, sizeof confusion);
    for (int c = 0; c < classes; c++) {
        const double recall = (10.0 + c) / 40.0;
        snprintf(name[c], sizeof name[c], c == 1 ? "a name of more than 27 columns" : "c%02d", c);
        class_score[c] = (logit_class_score){.name = name[c],
                                             .count = 40,
                                             .predicted = 40,
                                             .correct = 10 + c,
                                             .precision = recall,
                                             .recall = recall,
                                             .f1 = c == 3 ? (double)NAN : recall,
                                             .auc = 0.9 + c / 1000.0};
        confusion[c * classes + c] = 10 + c;
        confusion[c * classes + (c + 1) % classes] = 30 - c;
    }
    score.classes = classes;
    score.class_score = classes ? class_score : NULL;
    score.confusion = classes ? confusion : NULL;
}

static void fill(int classes)
{
    const double none = (double)NAN;
    score = (logit_score){.n = 1200, .part = "test", .loss = 0.25, .temperature = 1.0};
    score.loss_interval = (logit_interval){0.2, 0.3};
    score.rmse = score.mae = score.r2 = score.target_entropy = score.kl = none;
    score.accuracy = 0.4;
    score.accuracy_interval = (logit_interval){0.37, 0.43};
    score.top_k = 5;
    score.top_k_accuracy = 0.875;
    score.balanced_accuracy = 0.41;
    score.balanced_accuracy_interval = (logit_interval){0.38, 0.44};
    score.macro_f1 = 0.42;
    score.matthews = 0.43;
    score.auc = 0.95;
    score.average_precision = 0.93;
    score.brier = 0.51;
    score.ece = score.ece_uncalibrated = 0.06;
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++)
        score.calibration[b] = (logit_calibration_bin){0, none, none};
    score.calibration[4] = (logit_calibration_bin){3, 0.31, 0.0};
    score.calibration[7] = (logit_calibration_bin){1000, 0.5, 0.5};
    score.calibration[11] = (logit_calibration_bin){90, 0.75, 0.5};
    score.calibration[13] = (logit_calibration_bin){7, 0.9, 1.0};
    fill_classes(classes);
    loss = "softmax";
    colour = 0;
}

static void print(FILE *out)
{
    char *argument[] = {"run", "photos"};
    lg_cli cli = {.out = out, .argument = argument, .arguments = 2, .out_colour = colour};
    lg_cli_settings_default(&cli.set);
    lg_cli_print_score(&cli, &score, loss);
}

START_TEST(pages_are_as_they_were)
{
    fill(2);
    score.temperature = 1.25;
    score.ece_uncalibrated = 0.12;
    compare_golden("eval-two.txt", page(print));
    fill(MOST);
    compare_golden("eval-many.txt", page(print));
    fill(3);
    score.unranked = "memory";
    score.auc = score.average_precision = (double)NAN;
    for (int c = 0; c < 3; c++) class_score[c].auc = (double)NAN;
    compare_golden("eval-unranked.txt", page(print));
}
END_TEST

/* No class, no probability, no interval where one sample is all there is. */
START_TEST(what_there_is_not_is_not_shown)
{
    const double none = (double)NAN;
    fill(0);
    score.accuracy = score.balanced_accuracy = score.macro_f1 = score.matthews = none;
    score.auc = score.average_precision = score.brier = score.ece = none;
    score.loss_interval.low = none;
    score.rmse = 0.5;
    score.mae = 0.4;
    score.r2 = 0.9;
    loss = "mse";
    compare_golden("eval-numbers.txt", page(print));
}
END_TEST

/* Colour adds escapes and nothing else; whatever the terminal's character set, and 80 columns. */
START_TEST(colour_changes_no_letter)
{
    fill(2 + _i * (MOST - 2));
    char *plain = page(print);
    colour = 1;
    char *coloured = page(print), *to = coloured;
    ck_assert_ptr_nonnull(strstr(coloured, "\033[31m-"));
    ck_assert_ptr_nonnull(strstr(coloured, "\033[32m+"));
    for (const char *from = coloured; *from;) {
        if (*from == '\033')
            from += strcspn(from, "m") + 1;
        else
            *to++ = *from++;
    }
    *to = '\0';
    ck_assert_str_eq(coloured, plain);
    for (const char *at = plain; *at; at++) ck_assert(*at == '\n' || (*at >= ' ' && *at <= '~'));
    char *rest = NULL;
    for (char *line = strtok_r(coloured, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        ck_assert_msg(strlen(line) <= LG_EVAL_COLUMNS, "%s", line);
    free(plain);
    free(coloured);
}
END_TEST

Suite *lg_suite_eval_page(void);
Suite *lg_suite_eval_page(void)
{
    Suite *suite = suite_create("eval_page");
    TCase *tests = tcase_create("eval_page");
    tcase_add_test(tests, pages_are_as_they_were);
    tcase_add_test(tests, what_there_is_not_is_not_shown);
    tcase_add_loop_test(tests, colour_changes_no_letter, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
