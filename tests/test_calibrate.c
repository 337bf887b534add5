/* test_calibrate.c -- T is where the loss is least, and what is said of it holds. */
/* SPDX-License-Identifier: MIT */
#include "train/temperature.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/philox.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

enum { N = 400, MOST = 4 };

static const struct {
    lg_loss loss;
    int outputs, soft;
} cases[] = {{LG_LOSS_SOFTMAX, 4, 0},
             {LG_LOSS_SIGMOID, 1, 0},
             {LG_LOSS_SIGMOID, 3, 0},
             {LG_LOSS_SOFTMAX, 3, 1}};

static double z[N * MOST];
static int32_t label[N];
static float target[N * MOST];

static double draw(int i)
{
    return lg_random_unit(41, LG_STREAM_TEST, (uint64_t)i);
}

/* Logits that are `factor` times too far from 0, or too near. */
static lg_temperature_rows make_rows(int c, double factor)
{
    const int k = cases[c].outputs;
    for (int i = 0; i < N; i++) {
        double sum = 0.0;
        label[i] = (int32_t)(draw(100 * i) * (k == 1 ? 2 : k));
        for (int j = 0; j < k; j++) {
            const double own = k == 1 ? (label[i] ? 1.0 : -1.0) : (j == label[i]);
            z[i * k + j] = factor * (4.0 * draw(100 * i + 1 + j) - 2.0 + own);
            sum += target[i * k + j] = (float)(draw(100 * i + 20 + j) + 2.0 * (j == label[i]));
        }
        for (int j = 0; j < k; j++) target[i * k + j] /= (float)sum;
    }
    return (lg_temperature_rows){cases[c].loss, k, N, z, label, cases[c].soft ? target : NULL};
}

/* By plain exponentials. */
static long double plain_loss(const lg_temperature_rows *rows, long double t)
{
    const int k = rows->outputs;
    long double loss = 0.0L;
    for (int i = 0; i < N; i++) {
        long double sum = 0.0L;
        for (int j = 0; j < k; j++) sum += expl(z[i * k + j] / t);
        for (int j = 0; j < k; j++) {
            const long double p = expl(z[i * k + j] / t);
            const int own = k == 1 ? label[i] : j == label[i];
            if (rows->loss == LG_LOSS_SOFTMAX)
                loss -= (rows->target ? (long double)target[i * k + j] : own) * logl(p / sum);
            else
                loss += logl(1.0L + (own ? 1.0L / p : p));
        }
    }
    return loss;
}

/* Golden section (Kiefer 1953) over log T. */
static double best_temperature(const lg_temperature_rows *rows)
{
    const long double golden = (sqrtl(5.0L) - 1.0L) / 2.0L;
    long double least = logl(0.05L), most = logl(50.0L);
    for (int i = 0; i < 90; i++) {
        const long double a = most - golden * (most - least), b = least + golden * (most - least);
        if (plain_loss(rows, expl(a)) < plain_loss(rows, expl(b)))
            most = b;
        else
            least = a;
    }
    return (double)expl(0.5L * (least + most));
}

START_TEST(the_loss_is_least_there)
{
    static const double factors[] = {0.2, 1.0, 7.0};
    const lg_temperature_rows rows = make_rows(_i / 3, factors[_i % 3]);
    const double is = lg_temperature_fit(&rows), want = best_temperature(&rows);
    ck_assert_double_eq_tol(is, want, 1e-7 * want); /* a minimum is flat: half of the digits */
}
END_TEST

START_TEST(without_a_mistake_it_stays_in_its_bounds)
{
    const double far[] = {3.0, -2.0}, none[] = {NAN, 1.0};
    const int32_t right[] = {1, 0}, wrong[] = {0, 1};
    lg_temperature_rows rows = {LG_LOSS_SIGMOID, 1, 2, far, right, NULL};
    ck_assert_double_eq(lg_temperature_fit(&rows), LG_TEMPERATURE_LEAST);
    rows.label = wrong;
    ck_assert_double_eq(lg_temperature_fit(&rows), LG_TEMPERATURE_MOST);
    rows = (lg_temperature_rows){LG_LOSS_SOFTMAX, 2, 1, none, right, NULL};
    ck_assert_double_eq(lg_temperature_fit(&rows), 1.0);
}
END_TEST

static const struct {
    const char *text, *fault;
} texts[] = {{"1", NULL},         {"1.5000000000000002", NULL},
             {"1e1", NULL},       {"0.01", NULL},
             {"", "FORMAT"},      {"x", "FORMAT"},
             {"1.5x", "FORMAT"},  {" 1", "FORMAT"},
             {"0x10", "FORMAT"},  {"nan", "FORMAT"},
             {"inf", "FORMAT"},   {"1e", "FORMAT"},
             {"0", "RANGE"},      {"-1", "RANGE"},
             {"1e999", "RANGE"},  {"101", "RANGE"},
             {"1.2.3", "FORMAT"}, {"1e-9", "RANGE"}};

START_TEST(a_temperature_is_a_plain_number)
{
    double value = 0.0;
    const char *fault = lg_temperature_read(texts[_i].text, &value);
    if (!texts[_i].fault)
        ck_assert_ptr_null(fault);
    else
        ck_assert_str_eq(fault ? fault : "none", texts[_i].fault);
    if (!fault) ck_assert_double_eq(value, strtod(texts[_i].text, NULL));
}
END_TEST

/* ---------------------------------------------------------------------------------- whole runs */

/* A quarter of the labels say nothing: what is learnt by heart is overconfident. */
static void write_noisy(void)
{
    int64_t size;
    small_set_write_idx(small_set_path("idx"), "train", 120, 3);
    const char *path = small_set_path("idx/train-labels-idx1-ubyte");
    uint8_t *bytes = small_set_read(path, &size);
    for (int i = 0; i < 120; i++)
        if (draw(50000 + i) < 0.25) bytes[8 + i] = (uint8_t)((bytes[8 + i] + 1) % 3);
    const lg_piece piece = {bytes, (size_t)size};
    ck_assert_int_eq(lg_file_replace(path, &piece, 1, NULL), LOGIT_OK);
    free(bytes);
    options.val_split = 0.3;
    options.schedule = "const";
    options.lr = (logit_list){1, {0.05}};
    options.l2 = (logit_list){1, {0.0}};
    options.epochs = 60;
}

static double temperature_of(const char *run)
{
    logit_model *model = open_model(run);
    const double t = logit_model_describe(model).temperature;
    logit_model_close(model);
    return t;
}

/* A number of RUN/eval.json. */
static double figure(const char *run, const char *key)
{
    char name[100], quoted[60];
    int64_t size;
    snprintf(name, sizeof name, "%s/eval.json", run);
    snprintf(quoted, sizeof quoted, "\"%s\": ", key);
    char *text = (char *)small_set_read(small_set_path(name), &size);
    text[size - 1] = '\0';
    const double value = strtod(strstr(text, quoted) + strlen(quoted), NULL);
    free(text);
    return value;
}

START_TEST(an_overconfident_model_is_cooled_down)
{
    write_noisy();
    train("idx", "plain", LOGIT_OK, NULL);
    options.calibrate = 1;
    train("idx", "calibrated", LOGIT_OK, NULL);
    ck_assert_double_eq(temperature_of("plain"), 1.0);
    ck_assert_double_gt(temperature_of("calibrated"), 1.2);
    ck_assert_double_eq(figure("calibrated", "temperature"), temperature_of("calibrated"));
    ck_assert_double_lt(figure("calibrated", "ece"), figure("plain", "ece"));
    ck_assert_double_eq(figure("calibrated", "ece_uncalibrated"), figure("plain", "ece"));
    ck_assert_double_lt(figure("calibrated", "loss"), figure("plain", "loss"));
    ck_assert_double_eq(figure("calibrated", "accuracy"), figure("plain", "accuracy"));
}
END_TEST

static void guess(const char *run, const char *image, logit_guess *by_class)
{
    logit_guess found[3];
    logit_error err;
    int count;
    logit_model *model = open_model(run);
    ck_assert_msg(logit_predict_file(model, image, &options, found, 3, &count, &err) == LOGIT_OK,
                  "%s", err.message);
    for (int i = 0; i < count; i++) by_class[found[i].class_index] = found[i];
    logit_model_close(model);
}

START_TEST(predictions_are_of_scaled_logits)
{
    logit_guess plain[3], scaled[3];
    double sum = 0.0;
    uint8_t pixel[SMALL_PIXELS];
    char image[sizeof "P5 5 6 255\n" + SMALL_PIXELS];
    write_noisy();
    train("idx", "plain", LOGIT_OK, NULL);
    options.calibrate = 1;
    train("idx", "calibrated", LOGIT_OK, NULL);
    small_set_pixels(7, 3, pixel);
    const int head = snprintf(image, sizeof image, "P5 5 6 255\n");
    memcpy(image + head, pixel, SMALL_PIXELS);
    const lg_piece piece = {image, (size_t)head + SMALL_PIXELS};
    const char *path = small_set_path("a.pgm");
    ck_assert_int_eq(lg_file_replace(path, &piece, 1, NULL), LOGIT_OK);
    guess("plain", path, plain);
    guess("calibrated", path, scaled);
    const double t = temperature_of("calibrated");
    for (int c = 0; c < 3; c++) sum += exp(plain[c].score / t);
    for (int c = 0; c < 3; c++)
        ck_assert_double_eq_tol(scaled[c].probability, exp(plain[c].score / t) / sum, 1e-12);
}
END_TEST

START_TEST(a_run_that_goes_on_has_the_same_temperature)
{
    write_noisy();
    options.calibrate = 1;
    options.epochs = 6;
    train("idx", "straight", LOGIT_OK, NULL);
    options.epochs = 3;
    train("idx", "resumed", LOGIT_OK, NULL);
    options.epochs = 6;
    options.resume = 1;
    options.force = 0;
    train("idx", "resumed", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("straight"), MODEL("resumed")));
    ck_assert_double_ne(temperature_of("resumed"), 1.0);
}
END_TEST

START_TEST(there_must_be_something_to_fit_on)
{
    logit_error err;
    options.calibrate = 1;
    options.val_split = _i ? 0.1 : 0.0;
    if (_i) options.loss = "mse";
    train("idx", "run", LOGIT_E_USAGE, &err);
    ck_assert_msg(strstr(err.message, "--calibrate") != NULL, "%s", err.message);
}
END_TEST

Suite *lg_suite_calibrate(void);
Suite *lg_suite_calibrate(void)
{
    Suite *suite = suite_create("calibrate");
    TCase *rows = tcase_create("rows"), *runs = tcase_create("runs");
    tcase_add_loop_test(rows, the_loss_is_least_there, 0, 3 * (int)(sizeof cases / sizeof *cases));
    tcase_add_test(rows, without_a_mistake_it_stays_in_its_bounds);
    tcase_add_loop_test(rows, a_temperature_is_a_plain_number, 0, sizeof texts / sizeof *texts);
    suite_add_tcase(suite, rows);
    tcase_add_checked_fixture(runs, begin, small_set_end);
    tcase_add_test(runs, an_overconfident_model_is_cooled_down);
    tcase_add_test(runs, predictions_are_of_scaled_logits);
    tcase_add_test(runs, a_run_that_goes_on_has_the_same_temperature);
    tcase_add_loop_test(runs, there_must_be_something_to_fit_on, 0, 2);
    suite_add_tcase(suite, runs);
    return suite;
}
