/* test_explain.c -- `logit explain`: terms that add up, training samples that are the weights.
 *
 * Tests (suite explain). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "logit.h"
#include "tests/command_rig.h"

Suite *lg_suite_explain(void);

enum { FEATURES = 8 * 8 * 3, SAMPLES = 48 };

static void setup(void)
{
    command_setup();
    expect(
        0,
        "set -e; cd \"$DIR\"\n"
        "\"$LOGIT\" train set -o optimum --optimizer lbfgs --tolerance 1e-9 --l2 0.5 --val-split 0 "
        "-q\n"
        "\"$LOGIT\" train set -o soft --loss softmax --optimizer lbfgs --tolerance 1e-9 --l2 0.5 "
        "--val-split 0 "
        "--label-smoothing 0.1 --class-weight dark=3 -q\n"
        "\"$LOGIT\" train set -o free --l2 0 --epochs 2 -q");
}

static const char *place(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", getenv("DIR"), name);
    return path;
}

static logit_model *model_of(const char *name)
{
    logit_model *model = NULL;
    ck_assert_int_eq(logit_model_open(&model, place(name), NULL), LOGIT_OK);
    return model;
}

static logit_options plain_options(void)
{
    logit_options options;
    logit_options_default(&options);
    options.device = "ref";
    options.val_split = 0.0;
    return options;
}

/* The score and log odds of class 1 of an image, as predict has them in float64. */
static logit_guess guess_of(logit_model *model, const char *file, int c)
{
    const logit_options options = plain_options();
    logit_guess guess[2];
    int count;
    ck_assert_int_eq(logit_predict_file(model, file, &options, guess, 2, &count, NULL), LOGIT_OK);
    return guess[guess[0].class_index == c ? 0 : 1];
}

static void explain(const char *name, const char *versus, int supports, logit_explanation *out)
{
    logit_options options = plain_options();
    logit_explain_options asked;
    char data[512], file[512];
    snprintf(data, sizeof data, "%s", place("set"));
    snprintf(file, sizeof file, "%s", place("set/test/dark/003.ppm"));
    logit_explain_options_default(&asked);
    asked.classes = versus ? NULL : "dark,light";
    asked.versus = versus;
    asked.supports = supports;
    asked.data = supports ? data : NULL;
    if (strcmp(name, "soft") == 0) options.class_weight = "dark=3";
    logit_model *model = model_of(name);
    logit_error err;
    const logit_status status = logit_explain(model, file, &asked, &options, NULL, out, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    logit_model_close(model);
}

/* Terms by the definition, added here from the last to the first. */
START_TEST(the_terms_are_the_score)
{
    const char *const names[] = {"run", "soft"};
    logit_explanation e;
    explain(names[_i], NULL, 0, &e);
    logit_model *model = model_of(names[_i]);
    const logit_model_info info = logit_model_describe(model);
    ck_assert_int_eq(e.count, 2);
    for (int c = 0; c < 2; c++) {
        const logit_explained *one = &e.of[c];
        const double sign = info.outputs == 1 && c == 0 ? -1 : 1;
        const float *w = info.weight + (info.outputs == 1 ? 0 : c) * FEATURES;
        double sum = 0;
        for (int j = FEATURES - 1; j >= 0; j--) {
            ck_assert(e.stored[j] == e.pixels[j]);
            ck_assert(one->weight[j] == sign * (double)w[j]);
            ck_assert(one->product[j] == one->weight[j] * e.x[j]);
            sum += one->product[j];
        }
        ck_assert_double_eq_tol(one->sum, sum, 1e-13);
        ck_assert_double_eq_tol(one->z, one->bias + sum, 1e-13);
        const logit_guess guess = guess_of(model, e.name, c);
        ck_assert_double_eq_tol(one->z, guess.score, 1e-13);
        ck_assert_double_eq_tol(one->predicted, guess.score, 1e-13);
        ck_assert_double_eq_tol(one->logit, guess.logit, 1e-13);
    }
    logit_explanation_clear(&e);
    logit_model_close(model);
}
END_TEST

/* A difference of two classes is their log odds, and has the difference of their terms. */
START_TEST(versus_is_a_difference)
{
    logit_explanation both, versus;
    explain("soft", NULL, 0, &both);
    explain("soft", "light", 0, &versus);
    ck_assert_int_eq(versus.count, 1);
    ck_assert_int_eq(versus.of[0].class_index, 0);
    ck_assert_double_eq_tol(versus.of[0].z, both.of[0].z - both.of[1].z, 1e-13);
    ck_assert_double_eq_tol(versus.of[0].logit, both.of[0].logit, 1e-12);
    for (int j = 0; j < FEATURES; j++)
        ck_assert_double_eq_tol(versus.of[0].product[j],
                                both.of[0].product[j] - both.of[1].product[j], 1e-15);
    logit_explanation_clear(&both);
    logit_explanation_clear(&versus);
}
END_TEST

/* With all samples named, their shares are the sum; each a_i is weight (t - p) / (l2 S), p from
 * predict; at the optimum next to nothing is left over: what rounding W to float32 leaves, 8.5e-7
 * of the sum at most, and the bound is 4 times that. */
START_TEST(the_training_samples_are_the_weights)
{
    const char *const names[] = {"optimum", "soft"};
    const double mass = _i ? 24 * 3 + 24 : SAMPLES, smoothing = _i ? 0.1 : 0.0;
    logit_explanation e;
    explain(names[_i], NULL, SAMPLES, &e);
    logit_model *model = model_of(names[_i]);
    ck_assert_int_eq(e.samples, SAMPLES);
    ck_assert_int_eq(e.trained, SAMPLES);
    ck_assert(e.l2 == 0.5);
    for (int c = 0; c < 2; c++) {
        const logit_explained *one = &e.of[c];
        double all = 0;
        ck_assert_int_eq(one->fors + one->againsts, SAMPLES);
        for (int i = 0; i < SAMPLES; i++) {
            const logit_support *s = &one->support[i];
            const double p = guess_of(model, s->name, c).probability;
            const double t = (1 - smoothing) * (s->label == c) + smoothing / 2;
            const double weight = _i && s->label == 0 ? 3 : 1;
            ck_assert_int_eq(s->label, strstr(s->name, "/light/") != NULL);
            ck_assert_double_eq_tol(s->alpha, weight * (t - p) / (0.5 * mass), 1e-12);
            ck_assert((s->share > 0) == (i < one->fors));
            all += s->share;
        }
        ck_assert_double_eq_tol(all, one->supported, 1e-12);
        ck_assert_double_eq_tol(one->residual, one->sum - one->supported, 1e-12);
        ck_assert_msg(fabs(one->residual) < 3.4e-6 * fabs(one->sum), "left over: %g of %g",
                      one->residual, one->sum);
        for (int i = 1; i < one->fors; i++)
            ck_assert(one->support[i - 1].share >= one->support[i].share);
    }
    logit_explanation_clear(&e);
    logit_model_close(model);
}
END_TEST

/* A short list holds the head of the long one; a model that is far off is said to be. */
START_TEST(a_model_off_the_optimum_is_said_to_be)
{
    logit_explanation all, few, far;
    explain("optimum", NULL, SAMPLES, &all);
    explain("optimum", NULL, 3, &few);
    const logit_explained *a = &all.of[1], *f = &few.of[1];
    ck_assert_int_eq(f->fors, a->fors < 3 ? a->fors : 3);
    ck_assert_int_eq(f->againsts, a->againsts < 3 ? a->againsts : 3);
    for (int i = 0; i < f->fors; i++) ck_assert_str_eq(f->support[i].name, a->support[i].name);
    for (int i = 0; i < f->againsts; i++)
        ck_assert_str_eq(f->support[f->fors + i].name, a->support[a->fors + i].name);
    explain("run", NULL, 3, &far);
    ck_assert(fabs(far.of[1].residual) > 0.01 * fabs(far.of[1].sum));
    ck_assert(far.of[1].gradient > 10 * all.of[1].gradient);
    logit_explanation_clear(&all);
    logit_explanation_clear(&few);
    logit_explanation_clear(&far);
    expect(0, "set -e; cd \"$DIR\"; i=set/test/dark/003.ppm\n"
              "\"$LOGIT\" explain optimum $i --data set --val-split 0 >near\n"
              "grep -q '^  At the optimum w = ' near; test ! -s err\n"
              "\"$LOGIT\" explain run $i --data set --val-split 0 | grep -q 'not at the optimum'\n"
              "grep -q 'was trained on 44 images, this training part has 48' err\n"
              "\"$LOGIT\" explain run $i --data set --config run/config.ini >/dev/null 2>quiet\n"
              "test ! -s quiet");
}
END_TEST

START_TEST(pictures_and_words)
{
    expect(0, "set -e; cd \"$DIR\"; i=set/test/dark/003.ppm\n"
              "\"$LOGIT\" explain run $i -o why.png >text; \"$LOGIT\" explain run $i -o why -q\n"
              "test \"$(ls why | tr '\\n' ' ')\" = '000-dark.png 001-light.png '\n"
              "grep -q '^dark: odds .* : 1 for dark (probability [01]\\.' text\n"
              "grep -q 'against light (probability' text\n"
              "! awk 'length > 80' text | grep .\n"
              "test \"$(grep -c '^  x [0-7], y [0-7], \\(red\\|green\\|blue\\) ' text)\" = 16\n"
              "\"$LOGIT\" explain run $i --class light --terms 2 --format json >json\n"
              "test \"$(tr '{' '\\n' <json | grep -c '\"stored\"')\" = 2");
    lg_bytes bytes = {0};
    ck_assert_int_eq(lg_file_read(AT_FDCWD, place("why.png"), 1 << 24, &bytes, NULL), LOGIT_OK);
    ck_assert(bytes.size > 100 && memcmp(bytes.data, "\x89PNG\r\n\x1a\n", 8) == 0);
    const int width = bytes.data[18] << 8 | bytes.data[19];
    const int height = bytes.data[22] << 8 | bytes.data[23];
    ck_assert_int_eq(width, 2 * 280 + 4 * 12 + 14);
    ck_assert_int_eq(height, 2 * 280 + 3 * 12);
    lg_bytes_clear(&bytes);
}
END_TEST

START_TEST(nonsense_is_refused)
{
    expect(2, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/003.ppm --class cat");
    expect(2, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/003.ppm --versus cat");
    expect(2, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/003.ppm --class dark "
              "--versus dark");
    expect(2, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/003.ppm --class dark,dark,dark");
    expect(2, "cd \"$DIR\"; \"$LOGIT\" explain free set/test/dark/003.ppm --data set");
    expect(5, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/none.ppm");
    expect(5, "cd \"$DIR\"; \"$LOGIT\" explain run set/test/dark/003.ppm -o none/why.png");
}
END_TEST

Suite *lg_suite_explain(void)
{
    Suite *suite = suite_create("explain");
    TCase *cases = tcase_create("explain");
    tcase_set_timeout(cases, 120);
    tcase_add_unchecked_fixture(cases, setup, command_teardown);
    tcase_add_loop_test(cases, the_terms_are_the_score, 0, 2);
    tcase_add_test(cases, versus_is_a_difference);
    tcase_add_loop_test(cases, the_training_samples_are_the_weights, 0, 2);
    tcase_add_test(cases, a_model_off_the_optimum_is_said_to_be);
    tcase_add_test(cases, pictures_and_words);
    tcase_add_test(cases, nonsense_is_refused);
    suite_add_tcase(suite, cases);
    return suite;
}
