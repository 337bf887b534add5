/* test_features.c -- runs with a feature map: the same bits however they are run, and a model that
 * brings its map along.
 *
 * Tests (suite features).  What the maps compute is held against float64 in test_lift.c and
 * test_cpu_lift.c; here it is what a run makes of them. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "core/lift.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/feature_fit.h"
#include "train/model.h"
#include "train/whiten.h"

Suite *lg_suite_features(void);

/* One of each row of lift.def, for images of 6x5. */
static const char *const maps[] = {"square",
                                   "cross:40",
                                   "cross:400",
                                   "rff:70",
                                   "sigmoid:33",
                                   "step:20,standard=0",
                                   "patch:7,size=3,grid=2,stride=1",
                                   "patch:5,size=4,grid=1,rounds=0,standard=0"};
enum { MAPS = sizeof maps / sizeof *maps, SAMPLES = 300 };

static void ok(logit_status status, const logit_error *err)
{
    ck_assert_msg(status == LOGIT_OK, "%s", err->message);
}

static void choose(const char *map)
{
    options.features = map;
    options.epochs = 4;
    options.batch_size = 32;
}

/* ------------------------------------------------------------------------------ the same bits ---
 */

START_TEST(threads_and_memory_change_no_bit)
{
    static const struct {
        int threads;
        int64_t memory; /* 300 images of 30 bytes: kept, in memory, in slots */
    } ways[] = {{1, 1 << 30}, {3, 1 << 30}, {2, 12000}, {2, 1000}, {1, 1000}};
    logit_error err;
    choose(maps[_i]);
    options.optimizer = "adam";
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        options.threads = ways[w].threads;
        options.memory = ways[w].memory;
        train("folder", w == 0 ? "first" : "again", LOGIT_OK, &err);
        options.force = 1;
        if (w > 0) ck_assert_msg(same_files(MODEL("first"), MODEL("again")), "way %zu", w);
    }
}
END_TEST

/* A grid, on features that are kept and on those that are made anew. */
START_TEST(a_grid_sees_the_same_features)
{
    logit_error err;
    choose("patch:7,size=3,grid=2,stride=1");
    options.optimizer = "sgd";
    options.lr = (logit_list){2, {0.1, 0.02}};
    train("folder", "kept", LOGIT_OK, &err);
    options.memory = 1000;
    train("folder", "anew", LOGIT_OK, &err);
    ck_assert(
        same_files("kept/settings/00/model.safetensors", "anew/settings/00/model.safetensors"));
    ck_assert(
        same_files("kept/settings/01/model.safetensors", "anew/settings/01/model.safetensors"));
    options.lr = (logit_list){1, {0.02}};
    train("folder", "solo", LOGIT_OK, &err);
    logit_model *solo = open_model("solo"), *of_two = open_model("kept/settings/01");
    ck_assert_mem_eq(solo->weight, of_two->weight,
                     sizeof(float) * (size_t)(solo->outputs * solo->features));
    logit_model_close(solo);
    logit_model_close(of_two);
}
END_TEST

/* Another seed draws another map; the same seed the same. */
START_TEST(the_seed_draws_the_map)
{
    logit_error err;
    choose("rff:16");
    train("idx", "a", LOGIT_OK, &err);
    train("idx", "b", LOGIT_OK, &err);
    options.seed = 5;
    train("idx", "c", LOGIT_OK, &err);
    ck_assert(same_files(MODEL("a"), MODEL("b")));
    logit_model *a = open_model("a"), *c = open_model("c");
    ck_assert_mem_ne(a->map->filter, c->map->filter, 16 * 30 * sizeof(float));
    logit_model_close(a);
    logit_model_close(c);
}
END_TEST

/* --------------------------------------------------------------------------- what is learnt --- */

/* The product of two pixels decides: no line through pixels can tell, one through squares of their
 * sum and difference, or through their product, can. */
static void write_product(const char *folder)
{
    enum { N = 400 };
    char path[300];
    uint8_t head[16] = {0, 0, 8, 3, 0, 0, 1, 0x90, 0, 0, 0, 2, 0, 0, 0, 2};
    uint8_t label_head[8] = {0, 0, 8, 1, 0, 0, 1, 0x90};
    snprintf(path, sizeof path, "mkdir -p '%s'", small_set_path(folder));
    ck_assert_int_eq(system(path), 0);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", small_set_path(folder));
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", small_set_path(folder));
    FILE *labels = fopen(path, "wb");
    ck_assert(images && labels);
    fwrite(head, 1, sizeof head, images);
    fwrite(label_head, 1, sizeof label_head, labels);
    for (int i = 0; i < N; i++) {
        const int a = i & 1, b = i >> 1 & 1, noise = i * 37 % 31;
        const uint8_t pixel[4] = {(uint8_t)(a ? 200 + noise : 20 + noise),
                                  (uint8_t)(b ? 190 + noise : 40 - noise), (uint8_t)(i * 91),
                                  (uint8_t)(i * 57)};
        fwrite(pixel, 1, 4, images);
        fputc(a ^ b, labels);
    }
    fclose(images);
    fclose(labels);
}

START_TEST(products_tell_what_a_line_cannot)
{
    logit_error err;
    write_product("xor");
    options.epochs = 60;
    options.val_split = 0.25;
    options.lr = (logit_list){1, {0.02}};
    const logit_summary line = train("xor", "line", LOGIT_OK, &err);
    options.features = _i == 0 ? "cross:6" : _i == 1 ? "rff:200" : "sigmoid:200";
    const logit_summary bent = train("xor", "bent", LOGIT_OK, &err);
    ck_assert_double_lt(line.val_accuracy, 0.7);
    ck_assert_double_gt(bent.val_accuracy, 0.97);
}
END_TEST

/* Standardised features have mean 0 and a deviation of at most 1 over what they were measured on.
 */
START_TEST(features_are_standardised)
{
    logit_error err;
    const logit_model *model;
    choose(maps[_i]);
    options.val_split = 0.0;
    train("idx", "run", LOGIT_OK, &err);
    model = open_model("run");
    const int64_t d = model->features, in = model->inputs;
    ck_assert_int_eq(d, lg_feature_map_features(model->map));
    double *mean = calloc((size_t)d, sizeof *mean), *square = calloc((size_t)d, sizeof *square);
    double *u = malloc((size_t)in * sizeof *u), *x = malloc((size_t)d * sizeof *x);
    FILE *file = fopen(small_set_path("idx/train-images-idx3-ubyte"), "rb");
    fseek(file, 16, SEEK_SET);
    for (int i = 0; i < SAMPLES; i++) {
        for (int64_t j = 0; j < in; j++)
            u[j] = (fgetc(file) / 255.0 - model->mean[0]) / model->std[0];
        lg_lift_row_ref(&model->map->lift, u, x);
        for (int64_t j = 0; j < d; j++) {
            mean[j] += x[j] / SAMPLES;
            square[j] += x[j] * x[j] / SAMPLES;
        }
    }
    fclose(file);
    for (int64_t j = 0; j < d && !strstr(maps[_i], "standard=0"); j++) {
        ck_assert_double_lt(fabs(mean[j]), 1e-4);
        ck_assert_double_lt(square[j], 1.0 + 1e-4);
    }
    free(mean);
    free(square);
    free(u);
    free(x);
    logit_model_close((logit_model *)(uintptr_t)model);
}
END_TEST

/* ------------------------------------------------------------------------------- the model --- */

/* What evaluation and prediction make of a model is what training made of it; and the map is read
 * back as it was written. */
START_TEST(the_model_brings_its_map)
{
    logit_error err;
    logit_score score;
    choose(maps[_i]);
    small_set_write_idx(small_set_path("idx"), "t10k", 60, 3);
    const logit_summary summary = train("idx", "run", LOGIT_OK, &err);
    logit_model *model = open_model("run");
    ok(logit_eval(model, small_set_path("idx"), "test", &options, NULL, &score, &err), &err);
    ck_assert_double_eq(score.loss, summary.test_loss);
    ck_assert_double_eq(score.accuracy, summary.test_accuracy);
    logit_score_clear(&score);
    ok(lg_model_save(model, small_set_path("copy"), &err), &err);
    logit_model_close(model);
    ck_assert(same_files("copy", MODEL("run")));
}
END_TEST

/* Training goes on from a model with the model's map, and with no other. */
START_TEST(a_warm_start_keeps_the_map)
{
    logit_error err;
    choose("rff:16");
    train("idx", "run", LOGIT_OK, &err);
    char from[300];
    snprintf(from, sizeof from, "%s", small_set_path("run"));
    options.from = from;
    options.features = "rff:16,width=0.7";
    options.seed = 9;
    train("idx", "more", LOGIT_OK, &err);
    logit_model *one = open_model("run"), *two = open_model("more");
    ck_assert_str_eq(one->map->text, two->map->text);
    ck_assert_mem_eq(one->map->filter, two->map->filter, 16 * 30 * sizeof(float));
    ck_assert_mem_eq(one->map->scale, two->map->scale, 16 * sizeof(float));
    logit_model_close(one);
    logit_model_close(two);
    options.features = "rff:32";
    train("idx", "other", LOGIT_E_USAGE, &err);
    ck_assert_ptr_nonnull(strstr(err.message, "--from: that model has the feature map rff:16"));
}
END_TEST

/* ------------------------------------------------------------------------------------ plans --- */

START_TEST(plans_are_read_or_refused)
{
    static const struct {
        const char *text, *full, *fault;
    } cases[] = {
        {"square", "square,standard=1", NULL},
        {"rff:12,width=2", "rff:12,width=2,standard=1", NULL},
        {"rff:12,width=0.123456789012345678", "rff:12,width=0.12345678901234568,standard=1", NULL},
        {"step:5", "step:5,standard=1", NULL},
        {"patch:9,size=5,standard=0",
         "patch:9,size=5,stride=2,grid=4,threshold=0.25,contrast=0.01,whiten=0.3,rounds=10,"
         "standard=0",
         NULL},
        {"", NULL, "there is no map \"\""},
        {"fourier", NULL, "there is no map \"fourier\""},
        {"a-name-that-is-far-too-long-for-any-map", NULL, "there is no map"},
        {"rff:0", NULL, "units from 1"},
        {"rff:x", NULL, "units from 1"},
        {"rff:99999999999", NULL, "units from 1"},
        {"square:3", NULL, "it has no number of units"},
        {"rff,size=3", NULL, "its keys are width, standard"},
        {"rff,width", NULL, "expected KEY=NUMBER"},
        {"rff,width=0", NULL, "from 0.001"},
        {"rff,width=nan", NULL, "from 0.001"},
        {"rff,width=1x", NULL, "from 0.001"},
        {"rff,", NULL, "expected KEY=NUMBER"},
        {"patch,size=2.5", NULL, "a whole number from 2"},
        {"patch,standard=0.5", NULL, "expected 0 or 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[LG_MAP_TEXT];
        logit_error err;
        lg_feature_plan plan, again;
        const logit_status status = lg_feature_plan_read(&plan, cases[i].text, &err);
        if (cases[i].fault) {
            ck_assert_msg(status == LOGIT_E_USAGE, "\"%s\" was taken", cases[i].text);
            ck_assert_msg(strstr(err.message, cases[i].fault) != NULL, "%s", err.message);
            continue;
        }
        ok(status, &err);
        lg_feature_plan_write(&plan, text);
        ck_assert_str_eq(text, cases[i].full);
        ok(lg_feature_plan_read(&again, text, &err), &err);
        ck_assert_mem_eq(&again, &plan, sizeof plan);
    }
}
END_TEST

START_TEST(what_does_not_fit_the_samples_is_said)
{
    static const struct {
        const char *features, *fault;
    } cases[] = {{"patch,size=6", "the images have 6x5 pixels"},
                 {"patch,size=4,grid=3,stride=1", "there are 3 x 2 windows"},
                 {"cross:1000000000", "units from 1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        logit_error err;
        choose(cases[i].features);
        train("idx", "run", LOGIT_E_USAGE, &err);
        ck_assert_msg(strstr(err.message, cases[i].fault) != NULL, "%s", err.message);
    }
}
END_TEST

/* ------------------------------------------------------------------------------- the fit --- */

/* P C P = I where nothing is added to the eigenvalues, for a covariance of full rank. */
START_TEST(whitening_whitens)
{
    enum { N = 12 };
    double c[N * N] = {0.0}, kept[N * N], p[N * N], half[N * N], all[N * N];
    logit_error err;
    for (int s = 0; s < 40; s++) {
        double v[N];
        for (int i = 0; i < N; i++)
            v[i] = (1.0 + i) * (lg_random_unit(1, LG_STREAM_TEST, (uint64_t)(N * s + i)) - 0.5);
        for (int i = 0; i < N * N; i++) c[i] += v[i / N] * v[i % N] / 40.0;
    }
    memcpy(kept, c, sizeof c);
    ok(lg_whiten(p, c, N, 0.0, &err), &err);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            half[i * N + j] = 0.0;
            for (int t = 0; t < N; t++) half[i * N + j] += p[i * N + t] * kept[t * N + j];
        }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            all[i * N + j] = 0.0;
            for (int t = 0; t < N; t++) all[i * N + j] += half[i * N + t] * p[t * N + j];
            ck_assert_double_eq_tol(all[i * N + j], i == j, 1e-9);
            ck_assert_double_eq_tol(p[i * N + j], p[j * N + i], 1e-9);
        }
    memset(c, 0, sizeof c);
    ck_assert_int_eq(lg_whiten(p, c, N, 0.1, &err), LOGIT_E_DATA);
}
END_TEST

/* The products of two samples' features tend to the Gaussian kernel: 2/N sum cos cos. */
START_TEST(fourier_features_approach_the_kernel)
{
    enum { UNITS = 20000, IN = 5, COUNT = 24 };
    float u[COUNT * IN];
    double x[COUNT][IN];
    lg_feature_plan plan;
    lg_feature_map *map;
    logit_error err;
    for (int i = 0; i < COUNT * IN; i++) u[i] = (float)sin(2.3 * i + 0.1 * i * i);
    for (int i = 0; i < COUNT * IN; i++) x[i / IN][i % IN] = (double)u[i];
    ok(lg_feature_plan_read(&plan, "rff:20000,width=1,standard=0", &err), &err);
    ok(lg_feature_map_create(&map, &plan, (lg_image_target){1, IN, 1}, &err), &err);
    const lg_fit_samples samples = {u, COUNT, IN, 3, 1, NULL};
    ok(lg_fit_layer(map, &samples, &err), &err);
    double *y = malloc(2 * UNITS * sizeof *y), width = 0.0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 1; i < COUNT; i++) {
            double distance = 0.0, product = 0.0;
            for (int j = 0; j < IN; j++) distance += pow(x[i][j] - x[0][j], 2.0);
            lg_lift_row_ref(&map->lift, x[0], y);
            lg_lift_row_ref(&map->lift, x[i], y + UNITS);
            for (int k = 0; k < UNITS; k++) product += y[k] * y[UNITS + k];
            /* the width is found from the first pair; all others have to agree with it */
            if (pass == 0 && i == 1) width = -distance / (2.0 * log(product));
            if (pass == 1) ck_assert_double_eq_tol(product, exp(-distance / (2.0 * width)), 0.04);
        }
    free(y);
    lg_feature_map_destroy(map);
}
END_TEST

static void start(void)
{
    begin();
    small_set_write_folder(small_set_path("folder"), SAMPLES, 3);
}

Suite *lg_suite_features(void)
{
    Suite *suite = suite_create("features");
    TCase *runs = tcase_create("runs"), *plans = tcase_create("plans"),
          *fits = tcase_create("fits");
    tcase_add_checked_fixture(runs, start, small_set_end);
    tcase_set_timeout(runs, 120.0);
    tcase_add_loop_test(runs, threads_and_memory_change_no_bit, 0, MAPS);
    tcase_add_test(runs, a_grid_sees_the_same_features);
    tcase_add_test(runs, the_seed_draws_the_map);
    tcase_add_loop_test(runs, products_tell_what_a_line_cannot, 0, 3);
    tcase_add_loop_test(runs, features_are_standardised, 0, MAPS);
    tcase_add_loop_test(runs, the_model_brings_its_map, 0, MAPS);
    tcase_add_test(runs, a_warm_start_keeps_the_map);
    tcase_add_test(runs, what_does_not_fit_the_samples_is_said);
    tcase_add_test(plans, plans_are_read_or_refused);
    tcase_add_test(fits, whitening_whitens);
    tcase_add_test(fits, fourier_features_approach_the_kernel);
    suite_add_tcase(suite, runs);
    suite_add_tcase(suite, plans);
    suite_add_tcase(suite, fits);
    return suite;
}
