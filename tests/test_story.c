/* test_story.c -- `logit loss`: the printed stable column against the losses of sixty digits, and
 * the likelihood of a set against a product that is multiplied out here.
 *
 * Tests (suite story). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logit.h"
#include "tests/command_rig.h"
#include "tests/page_rig.h"

Suite *lg_suite_story(void);

/* RELIABILITY vectors S1 .. S30: logits, label, smoothing; the loss to all digits of a double. */
static const struct {
    const char *logits;
    int label;
    double smoothing, loss;
} vectors[] = {
    {"0,0", 0, 0, 0.69314718055994531},
    {"1,2,3,4", 0, 0, 3.4401896985611953},
    {"1,2,3,4", 3, 0, 0.44018969856119533},
    {"1000,0,0,0", 0, 0, 0.0},
    {"1000,0,0,0", 1, 0, 1000.0},
    {"-1000,0,0,0", 0, 0, 1001.0986122886681},
    {"1000,1000", 0, 0, 0.69314718055994531},
    {"88.8,0", 0, 0, 2.7204996954839134e-39},
    {"88.8,0", 1, 0, 88.800003051757813},
    {"-25,0,25,50", 0, 0, 75.000000000013888},
    {"1,325,749,750", 2, 0, 1.3132616875182228},
    {"1,325,749,750", 0, 0, 749.31326168751822},
    {"3e38,-3e38", 0, 0, 0.0},
    {"3e38,-3e38", 1, 0, INFINITY}, /* 6e38: not a float32 */
    {"16,0", 0, 0, 1.1253516838717682e-7},
    {"17,0", 0, 0, 4.1399376330897474e-8},
    {"50,0", 0, 0, 1.9287498479639178e-22},
    {"103,0", 0, 0, 1.401298464324817e-45},
    {"104.5,0", 0, 0, 0.0},
    {"0*1000", 7, 0, 6.9077552789821371},
    {"0*100000", 7, 0, 11.512925464970228},
    {"16777216,16777215", 1, 0, 1.3132616875182228},
    {"1e-45,0", 0, 0, 0.69314718055994531},
    {"1,2,3,4", 0, 0.1, 3.2901896985611953},
    {"1000,0,0,0", 0, 0.1, 75.000000000000004},
    {"1,2,3,4", 0, 1, 1.9401896985611953},
    {"5", 0, 0, 0.0},
    {"-87.5*3", 2, 0, 1.0986122886681097},
    {"10,-10*999", 0, 0, 2.0590903488881318e-6},
    {"0,-40", 0, 0, 4.248354255291589e-18},
};

/* The number behind `mark` in text. */
static double number_after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    ck_assert_msg(at != NULL, "\"%s\" is not in: %s", mark, text);
    return strtod(at + strlen(mark), NULL);
}

static void run_vector(int i, const char *format)
{
    char line[400];
    snprintf(line, sizeof line,
             "\"$LOGIT\" loss --logits %s --label %d --smoothing %g --format %s --device cpu",
             vectors[i].logits, vectors[i].label, vectors[i].smoothing, format);
    expect(0, line);
}

/* 8 u where the loss is at least 0.1, 128 u below; a denormal has its own last place. */
START_TEST(the_stable_column_is_right)
{
    const double want = vectors[_i].loss, u = 0x1p-24;
    run_vector(_i, "text");
    char *text = text_of("out");
    const double got = number_after(text, "<- logit");
    if (isinf(want)) {
        ck_assert(isinf(got) && got > 0);
        ck_assert_ptr_nonnull(strstr(text, "exit\n  code 7"));
    } else {
        const double room = fmax(want * (want >= 0.1 ? 8 : 128) * u, want > 0 ? 0x1p-149 : 0.0);
        ck_assert_msg(fabs(got - want) <= room, "%s: got %.17g, want %.17g", vectors[_i].logits,
                      got, want);
        ck_assert_msg(want < 0x1p-149 || want == 0 || got > 0, "%s: lost", vectors[_i].logits);
    }
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        ck_assert_msg(strcspn(at, "\n") <= 80, "over 80 columns: %.100s", at);
    }
    free(text);
}
END_TEST

/* The same bits for programs; the truth to the last digits, of which K additions take some. */
START_TEST(json_holds_the_same)
{
    run_vector(_i, "text");
    char *text = text_of("out");
    run_vector(_i, "json");
    char *json = text_of("out");
    if (isfinite(vectors[_i].loss)) {
        const double stable = number_after(json, "\"stable\": ");
        const double truth = number_after(json, "\"truth\": ");
        ck_assert((float)stable == (float)number_after(text, "<- logit"));
        const double room = (4 + count_of(json, "\"class\": ")) * 0x1p-53 * truth;
        ck_assert_msg(fabs(truth - vectors[_i].loss) <= room ||
                          fabs(truth - vectors[_i].loss) <= 0.51 * 0x1p-149,
                      "%s: truth %.17g", vectors[_i].logits, truth);
    } else {
        ck_assert_ptr_nonnull(strstr(json, "\"stable\": null"));
    }
    free(text);
    free(json);
}
END_TEST

/* What the textbook loses is seen to be lost: S15, S16, S5, S6. */
START_TEST(the_textbook_is_told_as_it_is)
{
    logit_loss_sample s;
    const double ahead[] = {17, 0}, far[] = {1000, 0, 0, 0}, near[] = {16, 0};
    ck_assert_int_eq(logit_loss_of_logits(ahead, 2, 0, 0, -1, NULL, &s, NULL), LOGIT_OK);
    for (int way = 0; way < LOGIT_NAIVE_WAYS; way++) ck_assert(s.naive[way] == 0.0);
    ck_assert(s.stable > 4e-8);
    logit_loss_sample_clear(&s);
    ck_assert_int_eq(logit_loss_of_logits(near, 2, 0, 0, -1, NULL, &s, NULL), LOGIT_OK);
    ck_assert(s.naive[LOGIT_NAIVE_LSE_SHIFTED] == 0.0);
    logit_loss_sample_clear(&s);
    ck_assert_int_eq(logit_loss_of_logits(far, 4, 1, 0, -1, NULL, &s, NULL), LOGIT_OK);
    ck_assert(!isfinite(s.naive[LOGIT_NAIVE_P]) && !isfinite(s.naive[LOGIT_NAIVE_LSE]));
    ck_assert(isinf(s.naive[LOGIT_NAIVE_P_SHIFTED]));
    ck_assert(s.naive[LOGIT_NAIVE_LSE_SHIFTED] == 1000.0 && s.stable == 1000.0);
    logit_loss_sample_clear(&s);
}
END_TEST

/* Two classes: the softmax of (0, z) is a sigmoid, probability and loss; any K: K-1 rows. */
START_TEST(two_classes_are_a_sigmoid_and_a_reference_changes_nothing)
{
    const double z[] = {0.5, -1.25, 3.0, 2.0}, pair[] = {0.0, _i - 4.0};
    logit_loss_sample s;
    ck_assert_int_eq(logit_loss_of_logits(pair, 2, 1, 0.05 * _i, -1, NULL, &s, NULL), LOGIT_OK);
    ck_assert_double_eq_tol(s.sigmoid_probability, 1 / (1 + exp(-pair[1])), 1e-15);
    ck_assert_double_eq_tol(s.sigmoid_probability, s.of[1].probability, 1e-15);
    ck_assert_double_eq_tol(s.sigmoid_loss, s.truth, 4e-7 * s.truth);
    logit_loss_sample_clear(&s);
    ck_assert_int_eq(logit_loss_of_logits(z, 4, 1, 0, _i % 4, NULL, &s, NULL), LOGIT_OK);
    double sum = 0, gradients = 0;
    for (int c = 0; c < 4; c++) {
        ck_assert_double_eq_tol(s.of[c].against_probability, s.of[c].probability, 2e-16);
        ck_assert_double_eq_tol(s.of[c].against,
                                log(s.of[c].probability / s.of[_i % 4].probability), 1e-14);
        ck_assert_double_eq_tol(s.of[c].gradient, s.of[c].probability - (c == 1), 2e-7);
        sum += s.of[c].probability;
        gradients += s.of[c].gradient;
    }
    ck_assert_double_eq_tol(sum, 1, 1e-15);
    ck_assert_double_eq_tol(gradients, 0, 4 * 0x1p-24);
    logit_loss_sample_clear(&s);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    expect(2, "\"$LOGIT\" loss");
    expect(2, "\"$LOGIT\" loss --logits 1,2");
    expect(2, "\"$LOGIT\" loss --logits 1,2 --label 2");
    expect(2, "\"$LOGIT\" loss --logits 1,2 --label -1");
    expect(2, "\"$LOGIT\" loss --logits 1,2 --label 0 --reference 2");
    expect(2, "\"$LOGIT\" loss --logits 1,2 --label 0 --smoothing 1.5");
    expect(2, "\"$LOGIT\" loss --logits 1,,2 --label 0");
    expect(2, "\"$LOGIT\" loss --logits 1,nan --label 0");
    expect(2, "\"$LOGIT\" loss --logits 1,inf --label 0");
    expect(2, "\"$LOGIT\" loss --logits 1,2*0 --label 0");
    expect(2, "\"$LOGIT\" loss --logits 1,2*9999999 --label 0");
    expect(2, "\"$LOGIT\" loss --logits 1,2 --label 0 a b");
    expect(2, "\"$LOGIT\" loss \"$DIR/run\" \"$DIR/set\" --label 0");
    expect(2, "\"$LOGIT\" loss \"$DIR/run\" \"$DIR/set\" --reference dark");
    expect(0, "\"$LOGIT\" loss --logits 0,-inf --label 0 | grep -q '<- logit *0  exact'");
}
END_TEST

/* After how many factors a product is 0, multiplied out. */
static int vanishes32(float q)
{
    int n = 0;
    for (float product = 1.0f; product > 0.0f; n++) product *= q;
    return n;
}

static int vanishes64(double q)
{
    int n = 0;
    for (double product = 1.0; product > 0.0; n++) product *= q;
    return n;
}

/* A model that has not learnt: each of ten digits has q = 1/10. */
START_TEST(the_product_vanishes_where_it_must)
{
    expect(0, "set -e; \"$LOGIT_DRAW\" digits -o \"$DIR/digits\" -n 600; cd \"$DIR\"\n"
              "\"$LOGIT\" train digits -o flat -q --init zero --lr 1e-30 --epochs 1 --val-split 0\n"
              "\"$LOGIT\" loss flat digits --part train --reference 4 --format json --device cpu");
    char *json = text_of("out");
    const double n = number_after(json, "\"n\": ");
    ck_assert(n == 480);
    ck_assert(number_after(json, "\"zero_float32\": ") == vanishes32(0.1f));
    ck_assert(number_after(json, "\"zero_float64\": ") == vanishes64(0.1));
    ck_assert_double_eq_tol(number_after(json, "\"log_sum\": "), -n * log(10), 1e-7 * n);
    ck_assert_double_eq_tol(number_after(json, "\"loss\": "), log(10), 1e-7);
    ck_assert_double_eq_tol(number_after(json, "\"reference_gap\": "), 0, 1e-15);
    free(json);
    expect(0, "cd \"$DIR\"; \"$LOGIT\" loss flat digits --part train --device cpu |\n"
              "grep -qx '  product in float32     0, from sample 46 on'");
}
END_TEST

/* The mean is what eval says, for one sigmoid as for a softmax. */
START_TEST(the_mean_is_the_loss_of_eval)
{
    expect(0, "\"$LOGIT\" loss \"$DIR/run\" \"$DIR/set\" --format json --device cpu");
    char *json = text_of("out");
    expect(0, "\"$LOGIT\" eval \"$DIR/run\" \"$DIR/set\" --format json --device cpu");
    char *eval = text_of("out");
    ck_assert(number_after(json, "\"loss\": ") == number_after(eval, "\"loss\": "));
    ck_assert_double_eq_tol(number_after(json, "\"truth\": "), number_after(eval, "\"loss\": "),
                            1e-7);
    ck_assert_double_eq_tol(number_after(json, "\"product_float64\": "),
                            exp(number_after(json, "\"log_sum\": ")),
                            1e-12 * number_after(json, "\"product_float64\": "));
    free(json);
    free(eval);
}
END_TEST

Suite *lg_suite_story(void)
{
    enum { VECTORS = sizeof vectors / sizeof *vectors };
    Suite *suite = suite_create("story");
    TCase *cases = tcase_create("story");
    tcase_set_timeout(cases, 120);
    tcase_add_unchecked_fixture(cases, command_setup, command_teardown);
    tcase_add_loop_test(cases, the_stable_column_is_right, 0, VECTORS);
    tcase_add_loop_test(cases, json_holds_the_same, 0, VECTORS);
    tcase_add_test(cases, the_textbook_is_told_as_it_is);
    tcase_add_loop_test(cases, two_classes_are_a_sigmoid_and_a_reference_changes_nothing, 0, 9);
    tcase_add_test(cases, nonsense_is_refused);
    tcase_add_test(cases, the_product_vanishes_where_it_must);
    tcase_add_test(cases, the_mean_is_the_loss_of_eval);
    suite_add_tcase(suite, cases);
    return suite;
}
