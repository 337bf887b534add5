/* test_train_npy.c -- whole runs on features: the same bits in 16 and in 32 of them, streamed or
 * not; what normalisation, evaluation, prediction and comparison make of them.
 *
 * Tests (suite train_npy).  The set is that of npy_bytes.h. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/faulty.h"
#include "tests/npy_bytes.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_train_npy(void);

static tree here; /* the temporary folder of small_set.h */

/* Sets f16, f32 and u8 of the same values beside "idx". */
static void begin_npy(void)
{
    compare_begin();
    snprintf(here.root, sizeof here.root, "%s", small_set_path("."));
    npy_write(&here, "f16/X", LG_ELEMENT_F16, NPY_COUNT);
    npy_write(&here, "f32/X", LG_ELEMENT_F32, NPY_COUNT);
    npy_write(&here, "u8/X", LG_ELEMENT_U8, NPY_COUNT);
}

static const char *const widths[] = {"f16", "f32"};

/* ------------------------------------------------------------------------------- same bits --- */

/* normalize x optimizer, with few columns and with many. */
START_TEST(sixteen_and_thirty_two_bits_train_the_same_model)
{
    options.normalize = _i % 2 ? "unit" : "standard";
    options.optimizer = _i / 2 % 2 ? "sgd" : "adam";
    options.loss = _i / 4 ? "softmax" : "sigmoid";
    train("f16", "narrow", LOGIT_OK, NULL);
    train("f32", "wide", LOGIT_OK, NULL);
    ck_assert(same_files(MODEL("narrow"), MODEL("wide")));
}
END_TEST

START_TEST(threads_and_memory_change_nothing) /* f16, f32 x cpu, ref, simt */
{
    static const char *const devices[] = {"cpu", "ref", "simt"};
    const char *set = widths[_i % 2];
    options.device = devices[_i / 2];
    if (_i / 2 == 2 && !simt_is_built()) return;
    options.threads = 1;
    train(set, "one", LOGIT_OK, NULL);
    for (int threads = 1; threads <= 3; threads++) {
        options.threads = threads;
        options.memory = threads % 2 ? 1 : (int64_t)1 << 30;
        train(set, "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("one"), MODEL("other")), "%d threads", threads);
        options.memory = threads % 2 ? (int64_t)1 << 30 : 1;
        train(set, "other", LOGIT_OK, NULL);
        ck_assert_msg(same_files(MODEL("one"), MODEL("other")), "%d threads", threads);
    }
}
END_TEST

/* --------------------------------------------------------------------------- normalisation --- */

/* Mean and deviation of feature j, in long double and two passes. */
static void moments(int j, long double *mean, long double *std)
{
    long double sum = 0.0L, squares = 0.0L;
    for (int i = 0; i < NPY_COUNT; i++) sum += (long double)npy_value(i, j);
    *mean = sum / NPY_COUNT;
    for (int i = 0; i < NPY_COUNT; i++) squares += powl((long double)npy_value(i, j) - *mean, 2.0L);
    *std = sqrtl(squares / NPY_COUNT);
}

START_TEST(model_keeps_mean_and_deviation_of_every_feature) /* f16, f32 */
{
    options.val_split = 0.0;
    train(widths[_i], "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info info = logit_model_describe(model);
    ck_assert(info.floats);
    ck_assert_int_eq(info.features, NPY_WIDTH);
    for (int j = 0; j < NPY_WIDTH; j++) {
        long double mean, std;
        moments(j, &mean, &std);
        if (j == 4) std = 1.0L; /* it never varies */
        ck_assert_double_eq_tol((double)info.feature_mean[j], (double)mean, 3e-7);
        ck_assert_double_eq_tol((double)info.feature_std[j], (double)std, 3e-7);
    }
    ck_assert(info.feature_mean[4] == 3.0f && info.feature_std[4] == 1.0f);
    logit_model_close(model);
}
END_TEST

/* z of sample i by the definition, in double, from what the model file says. */
static int scores(const logit_model_info *m, int i, double z[NPY_CLASSES])
{
    int best = 0;
    for (int c = 0; c < NPY_CLASSES; c++) {
        z[c] = (double)m->bias[c];
        for (int j = 0; j < NPY_WIDTH; j++) {
            const double mean = m->feature_mean ? (double)m->feature_mean[j] : 0.0;
            const double std = m->feature_std ? (double)m->feature_std[j] : 1.0;
            z[c] += (double)m->weight[c * NPY_WIDTH + j] * (npy_value(i, j) - mean) / std;
        }
        if (z[c] > z[best]) best = c;
    }
    return best;
}

START_TEST(evaluation_is_what_the_model_file_says) /* normalize x set */
{
    logit_score score, other;
    logit_error err = {0};
    double loss = 0.0, z[NPY_CLASSES];
    options.normalize = _i % 2 ? "unit" : "standard";
    options.loss = "softmax";
    options.epochs = 30;
    train(widths[_i / 2], "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info info = logit_model_describe(model);
    ck_assert((info.feature_mean == NULL) == (_i % 2));
    int64_t right = 0;
    for (int i = 0; i < NPY_COUNT; i++) {
        right += scores(&info, i, z) == npy_class(i);
        double sum = 0.0;
        for (int c = 0; c < NPY_CLASSES; c++) sum += exp(z[c] - z[npy_class(i)]);
        loss += log(sum) / NPY_COUNT;
    }
    const char *path = small_set_path(widths[_i / 2]);
    ck_assert_int_eq(logit_eval(model, path, NULL, &options, NULL, &score, &err), LOGIT_OK);
    ck_assert_int_eq(score.n, NPY_COUNT);
    ck_assert_double_eq_tol(score.loss, loss, 1e-6);
    ck_assert_double_eq_tol(score.accuracy, (double)right / NPY_COUNT, 1e-12);
    ck_assert_double_gt(score.accuracy, 0.6);
    path = small_set_path(widths[1 - _i / 2]); /* the same numbers in the other width */
    ck_assert_int_eq(logit_eval(model, path, NULL, &options, NULL, &other, &err), LOGIT_OK);
    ck_assert(other.loss == score.loss);
    logit_score_clear(&score);
    logit_score_clear(&other);
    logit_model_close(model);
}
END_TEST

/* Values that were changed in place: the file has another time. */
START_TEST(a_run_does_not_go_on_with_other_features)
{
    logit_error err;
    FILE *file;
    struct stat info;
    options.lr = (logit_list){1, {0.01}};
    options.force = 0;
    train("f32", "run", LOGIT_OK, NULL);
    options.resume = 1;
    options.epochs++;
    train("f32", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(stat(small_set_path("f32/X.npy"), &info), 0);
    file = fopen(small_set_path("f32/X.npy"), "r+b");
    fseek(file, -1, SEEK_END);
    fputc(0x40, file);
    fclose(file);
    const struct timespec times[2] = {info.st_atim, {info.st_mtim.tv_sec + 1, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, small_set_path("f32/X.npy"), times, 0), 0);
    options.epochs++;
    train("f32", "run", LOGIT_E_DATA, &err);
    ck_assert_msg(strstr(err.message, "is not the set") != NULL, "%s", err.message);
}
END_TEST

START_TEST(training_goes_on_from_a_model_of_features)
{
    options.normalize = _i ? "unit" : "standard";
    train("f16", "run", LOGIT_OK, NULL);
    options.from = small_set_path("run");
    options.normalize = _i ? "standard" : "unit"; /* the model's is taken */
    options.lr = (logit_list){1, {1e-30}};
    options.l2 = (logit_list){1, {0.0}};
    train("f32", "on", LOGIT_OK, NULL);
    logit_model *one = open_model("run"), *two = open_model("on");
    const logit_model_info a = logit_model_describe(one), b = logit_model_describe(two);
    ck_assert_mem_eq(a.weight, b.weight, sizeof(float) * (size_t)a.outputs * NPY_WIDTH);
    ck_assert_int_eq(a.feature_mean == NULL, _i);
    ck_assert_int_eq(b.feature_mean == NULL, _i);
    if (!_i) ck_assert_mem_eq(a.feature_std, b.feature_std, sizeof(float) * NPY_WIDTH);
    logit_model_close(one);
    logit_model_close(two);
}
END_TEST

/* ------------------------------------------------------------------------------ prediction --- */

typedef struct told {
    const logit_model_info *info;
    int rows, errors;
} told;

static logit_status on_row(void *user, const logit_prediction *one, logit_error *err)
{
    told *t = user;
    char name[32];
    double z[NPY_CLASSES];
    (void)err;
    snprintf(name, sizeof name, "X.npy[%d]", t->rows);
    ck_assert_msg(strstr(one->name, name) != NULL, "%s", one->name);
    if (one->error) {
        ck_assert_int_eq(one->count, 0);
        t->errors++;
    } else {
        ck_assert_int_eq(one->guess[0].class_index, scores(t->info, t->rows, z));
        for (int i = 0; i < one->count; i++)
            ck_assert_double_eq_tol(one->guess[i].score, z[one->guess[i].class_index], 1e-5);
    }
    t->rows++;
    return t->rows == 250 ? LOGIT_E_STOPPED : LOGIT_OK;
}

START_TEST(every_row_is_predicted) /* f16, f32 */
{
    logit_error err = {0};
    options.loss = "softmax";
    train("f32", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    const logit_model_info info = logit_model_describe(model);
    told t = {.info = &info};
    char path[300];
    snprintf(path, sizeof path, "%s/X.npy", small_set_path(widths[_i]));
    const logit_status status = logit_predict_samples(model, path, &options, 3, on_row, &t, &err);
    ck_assert_int_eq(status, LOGIT_E_STOPPED); /* what the caller said */
    ck_assert_int_eq(t.rows, 250);
    ck_assert_int_eq(t.errors, 0);
    logit_model_close(model);
}
END_TEST

static logit_status never(void *user, const logit_prediction *one, logit_error *err)
{
    (void)user, (void)one, (void)err;
    ck_abort_msg("nothing to predict");
    return LOGIT_OK;
}

START_TEST(features_and_images_are_not_mixed)
{
    logit_error err = {0};
    logit_score score;
    char row[300];
    train("f16", "features", LOGIT_OK, NULL);
    train("u8", "pixels", LOGIT_OK, NULL);
    logit_model *features = open_model("features"), *pixels = open_model("pixels");
    ck_assert_int_eq(logit_eval(features, small_set_path("u8"), NULL, &options, NULL, &score, &err),
                     LOGIT_E_DATA);
    ck_assert_ptr_nonnull(
        strstr(err.message, "holds images (bytes), but the model is of features"));
    ck_assert_int_eq(logit_eval(pixels, small_set_path("f16"), NULL, &options, NULL, &score, &err),
                     LOGIT_E_DATA);
    ck_assert_ptr_nonnull(
        strstr(err.message, "holds features (floats), but the model is of images"));
    ck_assert_int_eq(
        logit_eval(features, small_set_path("idx"), NULL, &options, NULL, &score, &err),
        LOGIT_E_DATA);
    snprintf(row, sizeof row, "%s/X.npy", small_set_path("u8"));
    ck_assert_int_eq(logit_predict_samples(features, row, &options, 1, never, NULL, &err),
                     LOGIT_E_DATA);
    small_set_write_folder(small_set_path("folder"), 3, 3);
    snprintf(row, sizeof row, "%s/c0/00000.pgm", small_set_path("folder"));
    ck_assert_int_eq(logit_predict_samples(features, row, &options, 1, never, NULL, &err),
                     LOGIT_E_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "give it a .npy file"));
    options.val = small_set_path("u8");
    train("f16", "mixed", LOGIT_E_DATA, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "but the training set is of features"));
    logit_model_close(features);
    logit_model_close(pixels);
}
END_TEST

/* -------------------------------------------------------------------------------- bad rows --- */

START_TEST(row_with_a_nan_ends_the_run_or_is_left_out) /* resident, streamed */
{
    logit_error err;
    lg_bytes bytes = {0};
    const float none = (float)NAN;
    char shape[40];
    snprintf(shape, sizeof shape, "(%d, %d)", NPY_COUNT, NPY_WIDTH);
    npy_array(&bytes, "<f4", shape);
    npy_samples(&bytes, LG_ELEMENT_F32, NPY_COUNT);
    memcpy(bytes.data + 128 + (57 * NPY_WIDTH + 3) * sizeof none, &none, sizeof none);
    npy_file(&here, "f32/X.npy", &bytes);
    if (_i) options.memory = 1;
    options.val_split = 0.0;
    train("f32", "run", LOGIT_E_DATA, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "row 57, column 3 is not a number"));
    options.on_bad = "skip";
    options.max_bad = 0.01;
    const logit_summary summary = train("f32", "run", LOGIT_OK, NULL);
    ck_assert_int_eq(summary.bad, 1);
    ck_assert(isfinite(summary.objective));
}
END_TEST

/* ------------------------------------------------------------------------------ comparison --- */

START_TEST(devices_agree_on_features) /* f16, f32 x lockstep, free x ref, simt */
{
    if (_i / 4 && !simt_is_built()) return;
    asked.device[1] = _i / 4 ? "simt" : "ref";
    asked.mode = _i / 2 % 2 ? "free" : "lockstep";
    compare(widths[_i % 2], LOGIT_OK);
}
END_TEST

START_TEST(model_of_features_is_compared)
{
    options.epochs = 10;
    train("f16", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    compare_model(model, widths[_i], LOGIT_OK);
    logit_model_close(model);
}
END_TEST

START_TEST(record_of_features_is_held_against)
{
    const char *record = small_set_path("record.jsonl");
    asked.device[1] = NULL;
    asked.record = record;
    compare(widths[_i], LOGIT_OK);
    asked.record = NULL;
    asked.against = record;
    compare(widths[_i], LOGIT_OK);
    compare(widths[1 - _i], LOGIT_E_USAGE); /* other bytes: another set */
}
END_TEST

START_TEST(step_on_features_is_replayed) /* f16, f32 */
{
    static char file[1024];
    faulty_plan plan = {
        .stage = LG_STAGE_PIXELS, .array = LG_ARRAY_X, .index = 40, .step = 3, .value = 77.0f};
    asked.out = small_set_path("found");
    mkdir(asked.out, 0777);
    faulty_compare(&plan, 0, widths[_i], LOGIT_E_CHECK);
    ck_assert_ptr_nonnull(strstr(answer.first.of, "feature 19")); /* 40 - NPY_WIDTH */
    snprintf(file, sizeof file, "%s", answer.replay);
    const logit_divergence first = answer.first;
    asked.replay = file;
    faulty_compare(&plan, 0, NULL, LOGIT_E_CHECK);
    ck_assert_double_eq(answer.first.want, first.want); /* the same numbers, to the last bit */
    ck_assert_str_eq(answer.first.sample, first.sample);
    ck_assert_str_eq(answer.first.of, first.of);
    plan.step = 0;
    faulty_compare(&plan, 0, NULL, LOGIT_OK);
    ck_assert_int_eq(answer.difference[0].outside, 0);
}
END_TEST

Suite *lg_suite_train_npy(void)
{
    Suite *suite = suite_create("train_npy");
    TCase *tests = tcase_create("train_npy");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, begin_npy, compare_end);
    tcase_add_loop_test(tests, sixteen_and_thirty_two_bits_train_the_same_model, 0, 8);
    tcase_add_loop_test(tests, threads_and_memory_change_nothing, 0, 6);
    tcase_add_loop_test(tests, model_keeps_mean_and_deviation_of_every_feature, 0, 2);
    tcase_add_loop_test(tests, evaluation_is_what_the_model_file_says, 0, 4);
    tcase_add_test(tests, a_run_does_not_go_on_with_other_features);
    tcase_add_loop_test(tests, training_goes_on_from_a_model_of_features, 0, 2);
    tcase_add_loop_test(tests, every_row_is_predicted, 0, 2);
    tcase_add_test(tests, features_and_images_are_not_mixed);
    tcase_add_loop_test(tests, row_with_a_nan_ends_the_run_or_is_left_out, 0, 2);
    tcase_add_loop_test(tests, devices_agree_on_features, 0, 8);
    tcase_add_loop_test(tests, model_of_features_is_compared, 0, 2);
    tcase_add_loop_test(tests, record_of_features_is_held_against, 0, 2);
    tcase_add_loop_test(tests, step_on_features_is_replayed, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
