/* test_temperature.c -- logits over T: which numbers move, and which do not.
 *
 * Tests (suite temperature). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "logit.h"
#include "tests/command_rig.h"

Suite *lg_suite_temperature(void);

static void setup(void)
{
    command_setup();
    expect(0, "set -e; cd \"$DIR\"\n"
              "\"$LOGIT\" train set -o soft --loss softmax -q\n"
              "\"$LOGIT\" train set -o line --loss mse -q --epochs 2");
}

/* What the model says of one image, by class. */
static logit_status guess(const char *name, double temperature, const char *prior,
                          logit_guess by_class[2], logit_error *err)
{
    char path[256], image[256];
    logit_model *model;
    logit_options options;
    logit_guess found[2];
    int count;
    snprintf(path, sizeof path, "%s/%s", getenv("DIR"), name);
    snprintf(image, sizeof image, "%s/set/test/dark/001.ppm", getenv("DIR"));
    logit_options_default(&options);
    options.device = "cpu";
    options.temperature = temperature;
    options.prior = prior;
    ck_assert_int_eq(logit_model_open(&model, path, NULL), LOGIT_OK);
    const logit_status status = logit_predict_file(model, image, &options, found, 2, &count, err);
    for (int i = 0; i < 2 && status == LOGIT_OK; i++) by_class[found[i].class_index] = found[i];
    logit_model_close(model);
    return status;
}

/* softmax(z / T) and its log odds, by their definitions. */
START_TEST(the_logits_are_divided)
{
    static const double temperatures[] = {0.25, 0.5, 2.0, 3.7, 1000.0};
    const double T = temperatures[_i];
    logit_guess one[2], other[2];
    ck_assert_int_eq(guess("soft", 1.0, NULL, one, NULL), LOGIT_OK);
    ck_assert_int_eq(guess("soft", T, NULL, other, NULL), LOGIT_OK);
    const double gap = (one[1].score - one[0].score) / T;
    ck_assert(fabs(gap) > 1e-4);
    for (int c = 0; c < 2; c++) {
        const double logit = c ? gap : -gap;
        ck_assert_double_eq_tol(other[c].score, one[c].score / T, 1e-15 * fabs(other[c].score));
        ck_assert_double_eq_tol(other[c].logit, logit, 1e-14 * (1 + fabs(logit)));
        ck_assert_double_eq_tol(other[c].probability, 1 / (1 + exp(-logit)), 1e-14);
    }
    ck_assert_int_eq(guess("run", 1.0, NULL, one, NULL), LOGIT_OK);
    ck_assert_int_eq(guess("run", T, NULL, other, NULL), LOGIT_OK);
    ck_assert_double_eq_tol(other[1].logit, one[1].logit / T, 1e-15 * fabs(other[1].logit));
}
END_TEST

/* Bayes works on what the tempered model says: z / T + log(new / old). */
START_TEST(the_prior_is_added_after_it)
{
    logit_guess cool[2], both[2];
    ck_assert_int_eq(guess("run", 4.0, NULL, cool, NULL), LOGIT_OK);
    ck_assert_int_eq(guess("run", 4.0, "light=0.8,dark=0.2", both, NULL), LOGIT_OK);
    ck_assert_double_eq_tol(both[1].logit - cool[1].logit, log(4.0), 1e-6); /* from 1 : 1 */
}
END_TEST

START_TEST(nonsense_is_refused_and_json_says_which)
{
    logit_guess found[2];
    logit_error err;
    ck_assert_int_eq(guess("run", 0.0, NULL, found, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(guess("run", -1.0, NULL, found, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(guess("run", NAN, NULL, found, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(guess("run", INFINITY, NULL, found, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(guess("line", 2.0, NULL, found, &err), LOGIT_E_USAGE);
    ck_assert_int_eq(guess("line", 1.0, NULL, found, &err), LOGIT_OK);
    expect(2, "\"$LOGIT\" predict \"$DIR/run\" \"$DIR/set/test/dark/001.ppm\" --temperature 0");
    expect(0, "set -e; cd \"$DIR\"\n"
              "\"$LOGIT\" predict run set/test/dark/001.ppm --temperature 2.5 --format json |\n"
              "    grep -q '\"temperature\": 2.5, '\n"
              "\"$LOGIT\" predict run set/test/dark/001.ppm --format json |\n"
              "    grep -q '\"temperature\": 1, '");
}
END_TEST

Suite *lg_suite_temperature(void)
{
    Suite *suite = suite_create("temperature");
    TCase *cases = tcase_create("temperature");
    tcase_add_unchecked_fixture(cases, setup, command_teardown);
    tcase_add_loop_test(cases, the_logits_are_divided, 0, 5);
    tcase_add_test(cases, the_prior_is_added_after_it);
    tcase_add_test(cases, nonsense_is_refused_and_json_says_which);
    suite_add_tcase(suite, cases);
    return suite;
}
