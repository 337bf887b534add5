/* test_explain_map.c -- `logit explain` of models with a feature map: the terms back in pixels.
 *
 * Tests (suite explain_map). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/command_rig.h"
#include "train/feature_map.h"
#include "train/model.h"

Suite *lg_suite_explain_map(void);

enum { SIDE = 8, CHANNELS = 3, ELEMENTS = SIDE * SIDE * CHANNELS };

static logit_error err;

static const char *const trained[] = {"patch:7,size=3,stride=1,grid=3", "patch:5,size=4,grid=2",
                                      "patch:6,size=8,grid=1,standard=0", "square", "cross:40"};
enum { TRAINED = sizeof trained / sizeof *trained };

static void setup(void)
{
    command_setup();
    for (int i = 0; i < TRAINED; i++) {
        char line[300];
        snprintf(line, sizeof line,
                 "cd \"$DIR\"; \"$LOGIT\" train set -o map%d --features %s --epochs 3 "
                 "--loss %s -q",
                 i, trained[i], i % 2 ? "softmax" : "sigmoid");
        expect(0, line);
    }
}

static const char *place(const char *name)
{
    static char path[2][512];
    static int turn;
    char *out = path[turn++ % 2];
    snprintf(out, sizeof path[0], "%s/%s", getenv("DIR"), name);
    return out;
}

static logit_model *model_of(int i)
{
    char name[20];
    logit_model *model = NULL;
    snprintf(name, sizeof name, "map%d", i);
    ck_assert_int_eq(logit_model_open(&model, place(name), NULL), LOGIT_OK);
    return model;
}

static logit_status ask(logit_model *model, const char *versus, const char *data,
                        logit_explanation *out)
{
    logit_options options;
    logit_explain_options asked;
    logit_options_default(&options);
    logit_explain_options_default(&asked);
    if (!versus) asked.classes = "dark,light";
    asked.versus = versus;
    asked.data = data;
    return logit_explain(model, place("set/test/dark/003.ppm"), &asked, &options, NULL, out, &err);
}

static void explain(logit_model *model, const char *versus, logit_explanation *out)
{
    ck_assert_msg(ask(model, versus, NULL, out) == LOGIT_OK, "%s", err.message);
}

/* x of the sample by the definition of u, and the map in float64. */
static double *columns_of(const logit_model *model, const logit_explanation *e)
{
    double u[ELEMENTS], *x = calloc((size_t)model->features, sizeof *x);
    for (int i = 0; i < ELEMENTS; i++) {
        const int c = i % CHANNELS;
        u[i] = (e->pixels[i] / 255.0 - model->mean[c]) / model->std[c];
    }
    lg_lift_row_ref(&model->map->lift, u, x);
    return x;
}

/* ------------------------------------------------------------------------------ they add up ---
 */

/* The heat is z without what no sample changes, to the last digits; its parts are the model's. */
START_TEST(the_heat_is_the_score)
{
    logit_model *model = model_of(_i);
    logit_explanation e;
    explain(model, NULL, &e);
    const lg_lift *lift = &model->map->lift;
    double *x = columns_of(model, &e);
    ck_assert_int_eq(e.features, ELEMENTS);
    ck_assert_int_eq(e.columns, model->features);
    ck_assert_str_eq(e.map, model->map->text);
    for (int c = 0; c < 2; c++) {
        const logit_explained *one = &e.of[c];
        const double sign = model->outputs == 1 && c == 0 ? -1 : 1;
        const int row = model->outputs == 1 ? 0 : c;
        const float *w = model->weight + row * model->features;
        double heat = 0, terms = 0, bias = sign * (double)model->bias[row], z = bias;
        for (int i = ELEMENTS - 1; i >= 0; i--) heat += one->product[i];
        for (int64_t j = 0; j < model->features; j++) {
            const double wj = sign * (double)w[j], shift = (double)lift->shift[j];
            ck_assert(one->weight[j] == wj);
            ck_assert_double_eq_tol(e.y[j], x[j] - shift, 1e-5); /* u is float64 here */
            terms += one->term[j];
            bias += wj * shift;
            z += wj * x[j];
        }
        ck_assert_double_gt(fabs(heat), 1e-4); /* far above what is allowed below */
        ck_assert_double_eq_tol(one->bias, bias, 1e-12);
        ck_assert_double_eq_tol(one->sum, heat, 1e-12);
        ck_assert_double_eq_tol(heat, terms, 1e-12);
        ck_assert_double_eq_tol(one->z, one->predicted, 1e-9);
        ck_assert_double_eq_tol(heat, one->predicted - bias, 1e-9);
        ck_assert_double_eq_tol(one->z, z, 1e-4);
    }
    free(x);
    logit_explanation_clear(&e);
    logit_model_close(model);
}
END_TEST

START_TEST(versus_is_a_difference)
{
    logit_model *model = model_of(_i);
    logit_explanation both, versus;
    explain(model, NULL, &both);
    explain(model, "light", &versus);
    const double by = model->outputs == 1 ? 0.5 : 1; /* of a sigmoid -z and z */
    ck_assert_int_eq(versus.count, 1);
    for (int i = 0; i < ELEMENTS; i++)
        ck_assert_double_eq_tol(versus.of[0].product[i],
                                by * (both.of[0].product[i] - both.of[1].product[i]), 1e-14);
    ck_assert_double_eq_tol(versus.of[0].z, by * (both.of[0].z - both.of[1].z), 1e-12);
    logit_explanation_clear(&both);
    logit_explanation_clear(&versus);
    logit_model_close(model);
}
END_TEST

/* ---------------------------------------------------------------------------- where they are ---
 */

/* A model of one unit and 8x8 grey pixels whose answers are F v / sd; cut into 2x2 cells of one
 * window of 4x4 each. */
static logit_model *one_unit(void)
{
    static char a[] = "dark", b[] = "light";
    char *names[] = {a, b};
    const lg_image_target shape = {.height = SIDE, .width = SIDE, .channels = CHANNELS};
    logit_model *model = NULL;
    lg_feature_map *map = NULL;
    lg_feature_plan plan;
    ck_assert_int_eq(lg_feature_plan_read(&plan, "patch:1,size=4,stride=4,grid=2", &err), LOGIT_OK);
    ck_assert_int_eq(lg_feature_map_create(&map, &plan, shape, &err), LOGIT_OK);
    for (int t = 0; t < 4 * 4 * CHANNELS; t++) map->filter[t] = t % 2 ? 1.0f : -1.0f;
    map->offset[0] = 1.0f;
    ck_assert_int_eq(lg_model_create(&model, LG_LOSS_SOFTMAX, 2, names, shape, &err), LOGIT_OK);
    ck_assert_int_eq(lg_model_set_map(model, map, &err), LOGIT_OK);
    lg_feature_map_destroy(map);
    return model;
}

/* Only the cell in the lower left has a weight: the heat is all of it there, the same everywhere
 * in its window, and nothing elsewhere. */
START_TEST(a_window_is_where_it_is)
{
    logit_model *model = one_unit();
    logit_explanation e;
    const int cell = 2; /* row 1, column 0 */
    model->weight[2 * cell] = model->weight[2 * cell + 1] = 3.0f;
    explain(model, NULL, &e);
    const double all = e.of[0].sum, share = all / (4 * 4 * CHANNELS);
    ck_assert_double_gt(all, 1e-6);
    for (int i = 0; i < ELEMENTS; i++) {
        const int x = i / CHANNELS % SIDE, y = i / CHANNELS / SIDE;
        ck_assert_double_eq_tol(e.of[0].product[i], y >= 4 && x < 4 ? share : 0.0, 1e-15);
        ck_assert(e.of[1].product[i] == 0.0);
    }
    ck_assert_double_eq_tol(e.of[0].term[2 * cell] + e.of[0].term[2 * cell + 1], all, 1e-14);
    logit_explanation_clear(&e);
    logit_model_close(model);
}
END_TEST

/* w u_a u_b is halved between a and b, and nobody else has any of it. */
START_TEST(a_product_is_halved)
{
    logit_model *model = model_of(4);
    logit_explanation e;
    const int32_t *pair = model->map->pair + 2 * 5;
    const int64_t column = ELEMENTS + 5;
    memset(model->weight, 0, sizeof(float) * (size_t)(model->outputs * model->features));
    model->weight[column] = 2.0f;
    explain(model, NULL, &e);
    const logit_explained *light = &e.of[1];
    const double want = 2.0 * (double)model->map->scale[column] * e.x[pair[0]] * e.x[pair[1]];
    ck_assert(pair[0] != pair[1] && fabs(want) > 1e-9);
    ck_assert_int_eq(model->outputs, 1);
    for (int i = 0; i < ELEMENTS; i++)
        ck_assert_double_eq_tol(light->product[i], i == pair[0] || i == pair[1] ? want / 2 : 0,
                                1e-14 * fabs(want));
    logit_explanation_clear(&e);
    logit_model_close(model);
}
END_TEST

/* ------------------------------------------------------------------------------- in words --- */

START_TEST(columns_have_names)
{
    static const struct {
        int model;
        int64_t column;
        const char *name;
    } names[] = {
        {0, 0, "unit 0 above, cell 0,0"},
        {0, 2 * 7 + 1, "unit 0 below, cell 0,1"}, /* 7 units, 3x3 cells */
        {0, 2 * (7 * 5 + 6), "unit 6 above, cell 1,2"},
        {3, 26, "x 0, y 1, blue"},
        {3, ELEMENTS + 26, "x 0, y 1, blue by x 0, y 1, blue"},
    };
    char text[100];
    logit_model *model = model_of(names[_i].model);
    ck_assert_str_eq(logit_model_column_name(model, names[_i].column, text, sizeof text),
                     names[_i].name);
    char tight[5]; /* cut, and ended */
    logit_model_column_name(model, names[_i].column, tight, sizeof tight);
    ck_assert_int_eq((int)strlen(tight), 4);
    logit_model_close(model);
}
END_TEST

START_TEST(the_command_tells_of_them)
{
    expect(0,
           "set -e; cd \"$DIR\"; i=set/test/dark/003.ppm\n"
           "\"$LOGIT\" explain map0 $i -o why.png --terms 4 >text; test -s why.png\n"
           "! awk 'length > 80' text | grep .\n"
           "grep -q 'over 126 features (patch:7)' text\n"
           "test \"$(grep -c '^  unit [0-6] \\(above\\|below\\), cell [0-2],[0-2] ' text)\" = 8\n"
           "\"$LOGIT\" explain map0 $i --terms 4 --format json >json\n"
           "test \"$(tr '{' '\\n' <json | grep -c '\"name\": \"unit ')\" = 8\n"
           "grep -q '\"map\": \"patch:7,' json\n"
           "\"$LOGIT\" explain map4 $i >text; ! awk 'length > 80' text | grep .");
    expect(0,
           "set -e; cd \"$DIR\"; \"$LOGIT\" info map0 >text\n"
           "tr -s ' \\n' ' ' <text | grep -q '8x8 pixels x 3 channels (standard) -> 126 "
           "features (patch:7) -> 1 output: 127 numbers'\n"
           "tr -d ' \\n' <text | grep -q 'patch:7,size=3,stride=1,grid=3,.*rounds=10'\n"
           "\"$LOGIT\" info map0 --format json | grep -q '\"features\": 126, \"outputs\": 1, "
           "\"numbers\": 127'\n"
           "\"$LOGIT\" info run | grep -q '8x8 pixels x 3 channels (standard) -> 1 output: 193'\n"
           "\"$LOGIT\" train set --features square --epochs 1 -o lines >text\n"
           "grep -q ' -> 384 features (square)' text");
    expect(5, "\"$LOGIT\" info \"$DIR/none\"");
}
END_TEST

/* A picture of each unit, in the page that train has written; of another map none. */
START_TEST(the_page_shows_the_dictionary)
{
    expect(0, "set -e; cd \"$DIR\"\n"
              "grep -q 'What it looks with' map0/report.html\n"
              "test \"$(grep -c '<figure title=\"unit [0-6]\"><img width=\"3\" height=\"3\"' "
              "map0/report.html)\" = 7\n"
              "grep -q '192 numbers of each become 126 features (patch:7)' map0/report.html\n"
              "grep -q 'W and b are 127 numbers' map0/report.html\n"
              "! grep 'What it looks with' map3/report.html run/report.html\n"
              "\"$LOGIT\" train set --features patch:300,size=4,grid=1 --size 16x16 --channels 1 "
              "--epochs 1 -o many -q\n"
              "test \"$(grep -c '<figure title=\"unit ' many/report.html)\" = 256\n"
              "grep -q 'The first 256 of 300 units' many/report.html\n"
              "test \"$(wc -c <many/report.html)\" -lt 2000000");
}
END_TEST

START_TEST(what_has_no_place_is_refused)
{
    logit_explanation e;
    logit_model *model = model_of(0);
    ck_assert_int_eq(ask(model, NULL, place("set"), &e), LOGIT_E_USAGE);
    ck_assert_msg(strstr(err.message, "--data") != NULL, "%s", err.message);
    logit_model_close(model);
    expect(2, "set -e; cd \"$DIR\"; \"$LOGIT\" train set -o wave --features rff:20 --epochs 1 -q\n"
              "\"$LOGIT\" explain wave set/test/dark/003.ppm");
    char *said = text_of("err");
    ck_assert_msg(strstr(said, "belong to no place") != NULL, "%s", said);
    free(said);
}
END_TEST

Suite *lg_suite_explain_map(void)
{
    Suite *suite = suite_create("explain_map");
    TCase *cases = tcase_create("explain_map");
    tcase_set_timeout(cases, 120);
    tcase_add_unchecked_fixture(cases, setup, command_teardown);
    tcase_add_loop_test(cases, the_heat_is_the_score, 0, TRAINED);
    tcase_add_loop_test(cases, versus_is_a_difference, 0, TRAINED);
    tcase_add_test(cases, a_window_is_where_it_is);
    tcase_add_test(cases, a_product_is_halved);
    tcase_add_loop_test(cases, columns_have_names, 0, 5);
    tcase_add_test(cases, the_command_tells_of_them);
    tcase_add_test(cases, the_page_shows_the_dictionary);
    tcase_add_test(cases, what_has_no_place_is_refused);
    suite_add_tcase(suite, cases);
    return suite;
}
