/* test_compare_features.c -- comparisons with a feature map between pixels and logits.
 *
 * Tests (suite compare_features).  The set is small_set.h's, 6x5 grey pixels.  Bounds are held
 * against a float32 backend, and against the map in double of other pixels. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin.h"
#include "tests/faulty.h"
#include "tests/lift_rig.h"
#include "tests/rig.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/compare_bound.h"
#include "train/model.h"
#include "train/settings.h"

Suite *lg_suite_compare_features(void);

/* One of each row of lift.def, for images of 6x5, and their features. */
static const struct map_kind {
    const char *text;
    int64_t features;
} maps[] = {{"square", 60},     {"cross:40", 70}, {"rff:70", 70},
            {"sigmoid:33", 33}, {"step:20", 20},  {"patch:7,size=3,grid=2,stride=1", 56}};
enum { MAPS = sizeof maps / sizeof *maps, STEPS = 4, BATCH = 32 };

static void begin_features(void)
{
    compare_begin();
    asked.steps = STEPS;
    asked.tolerance = 1e-6;
    asked.train.val_split = 0.0;
    asked.train.shuffle = "none";
}

/* The line of a stage, or NULL. */
static const logit_difference *line(const char *stage, const char *b)
{
    for (int i = 0; i < answer.differences; i++)
        if (strcmp(answer.difference[i].stage, stage) == 0 &&
            strcmp(answer.difference[i].b, b) == 0)
            return &answer.difference[i];
    return NULL;
}

static void expect_lines(const char *b, int64_t features)
{
    const logit_difference *pixels = line("pixels", b), *made = line("features", b);
    ck_assert_ptr_nonnull(pixels);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(pixels->count, STEPS * BATCH * SMALL_PIXELS);
    ck_assert_int_eq(made->count, STEPS * BATCH * features);
    for (int i = 0; i < answer.differences; i++) {
        ck_assert_int_eq(answer.difference[i].outside, 0);
        ck_assert_double_le(answer.difference[i].share, 1.0);
    }
}

/* ----------------------------------------------------------------------------------- equal --- */

START_TEST(devices_agree_with_every_map)
{
    asked.train.features = maps[_i].text;
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(answer.differences, LOGIT_COMPARE_STAGES);
    expect_lines("ref", maps[_i].features);
    ck_assert_double_gt(line("features", "ref")->share, 1e-4);
}
END_TEST

START_TEST(optimisers_that_see_the_whole_set_are_compared_too)
{
    asked.train.features = maps[_i].text;
    asked.train.optimizer = "gd";
    asked.train.lr = (logit_list){1, {0.05}};
    asked.stress = 1;
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(line("features", "ref")->outside, 0);
}
END_TEST

START_TEST(kernels_agree_with_every_map) /* those of CUDA, on the processor */
{
    if (!lg_plugin_is_there("simt")) {
        printf("compare_features: kernels skipped, there is no liblogit-simt.so\n");
        return;
    }
    asked.device[0] = "simt";
    asked.device[1] = "cpu";
    asked.train.features = maps[_i].text;
    compare("idx", LOGIT_OK);
    expect_lines("ref", maps[_i].features);
    expect_lines("cpu", maps[_i].features);
    if (_i < 2) ck_assert_int_eq(line("features", "cpu")->equal, line("features", "cpu")->count);
}
END_TEST

START_TEST(free_runs_are_inside)
{
    asked.train.features = maps[_i].text;
    asked.mode = "free";
    asked.train.lr = (logit_list){1, {0.02}};
    compare("idx", LOGIT_OK);
    ck_assert_double_gt(answer.margin, 0.0);
    ck_assert_double_lt(answer.margin, 1.0);
}
END_TEST

START_TEST(faults_in_features_are_sized)
{
    asked.train.features = maps[_i].text;
    asked.self_test = 1;
    compare("idx", LOGIT_OK);
    ck_assert_double_ge(answer.smallest_fault[LG_STAGE_FEATURES], 0x1p-24);
    ck_assert_double_lt(answer.smallest_fault[LG_STAGE_FEATURES], 0.01);
}
END_TEST

/* MNIST: more products than the reference works out.  The rows that it leaves out are A's. */
START_TEST(rows_are_sampled)
{
    static char mnist[600];
    const char *data = getenv("LOGIT_TEST_DATA");
    faulty_plan none = {.step = 0};
    if (!data) {
        fprintf(stderr, "compare features on MNIST: skipped, LOGIT_TEST_DATA is not set\n");
        return;
    }
    snprintf(mnist, sizeof mnist, "%s/mnist", data);
    asked.train.features = "step:700";
    asked.train.batch_size = 256;
    asked.steps = 1;
    faulty_compare(&none, 0, mnist, LOGIT_OK);
    ck_assert_ptr_nonnull(strstr(answer.reference_rows, "244 of 256 rows of a batch"));
    ck_assert_int_eq(line("features", "ref")->count, 244 * 700);
    ck_assert_int_gt(line("step", "ref")->count, 0);
}
END_TEST

/* ------------------------------------------------------------------------------- different --- */

/* What is wrong in the map of device A alone. */
typedef enum wrong { WRONG_FILTER, WRONG_OFFSET, WRONG_THRESHOLD, WRONG_SCALE, WRONG_PAIR } wrong;

static const struct wrong_kind {
    int map;
    wrong what;
    const char *of; /* what must be named */
} wrong_kinds[] = {{2, WRONG_FILTER, "unit 3"},
                   {3, WRONG_FILTER, "unit 3"},
                   {4, WRONG_OFFSET, "unit 3"},
                   {5, WRONG_FILTER, "unit 3 "},
                   {5, WRONG_THRESHOLD, ", cell "},
                   {0, WRONG_SCALE, "row 0, column 3"},
                   {5, WRONG_SCALE, "unit 1 below, cell 0,0"},
                   {1, WRONG_PAIR, " times "}};
enum { WRONG_KINDS = sizeof wrong_kinds / sizeof *wrong_kinds };

static wrong planted;

/* The processor's memory is the host's. */
static void spoil_map(lg_compare *c)
{
    lg_lift *lift = &c->party[LG_COMPARE_A]->problem->lift;
    float *const filter = (float *)(uintptr_t)lift->filter;
    int32_t *const pair = (int32_t *)(uintptr_t)lift->pair;
    switch (planted) {
    case WRONG_FILTER:
        filter[3 * lg_lift_filter_width(lift) + 4] += 0.01f;
        break;
    case WRONG_OFFSET:
        ((float *)(uintptr_t)lift->offset)[3] += 3.0f;
        break;
    case WRONG_THRESHOLD:
        lift->threshold += 1e-4f;
        break;
    case WRONG_SCALE:
        ((float *)(uintptr_t)lift->scale)[3] *= 1.0f + 0x1p-16f;
        break;
    case WRONG_PAIR:
        pair[11] = (pair[11] + 1) % (int32_t)lift->in;
        break;
    }
}

static void compare_wrong(const char *set, logit_model *model, logit_status want)
{
    char path[400];
    logit_error *err = &answer_error;
    snprintf(path, sizeof path, "%s", small_set_path(set));
    logit_comparison_clear(&answer);
    answer = (logit_comparison){.mode = model ? "model" : "lockstep", .first = {.step = -1}};
    lg_compare c = {.options = &asked, .out = &answer, .device = {"cpu"}, .opened = spoil_map};
    c.trainer = (lg_trainer){.path = path, .options = asked.train, .rehearsal = 1};
    logit_status status = lg_options_settle(&c.trainer.options, err);
    if (status == LOGIT_OK && model) status = lg_compare_model(&c, model, path, err);
    if (status == LOGIT_OK && !model) status = lg_compare_open_training(&c, err);
    if (status == LOGIT_OK && !model) status = lg_compare_lockstep(&c, err);
    answer.loss_start = 1.0; /* that it trained is not the question */
    answer.loss_end = 0.0;
    if (status == LOGIT_OK) status = lg_compare_judge(&c, err);
    lg_compare_close(&c);
    ck_assert_msg(status == want, "status %d: %s %s", status, answer.sentence, err->message);
}

START_TEST(a_wrong_map_is_found_and_named)
{
    const struct wrong_kind *kind = &wrong_kinds[_i];
    planted = kind->what;
    asked.train.features = maps[kind->map].text;
    compare_wrong("idx", NULL, LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 1);
    ck_assert_str_eq(answer.first.stage, "features");
    ck_assert_msg(strstr(answer.first.of, kind->of), "named %s", answer.first.of);
    ck_assert_str_ne(answer.first.sample, "");
    ck_assert_int_gt(line("features", "ref")->outside, 0);
    ck_assert_int_eq(line("pixels", "ref")->outside, 0); /* each stage alone */
    ck_assert_int_eq(line("logits", "ref")->outside, 0);
    ck_assert_int_eq(line("gradient", "ref")->outside, 0);
}
END_TEST

/* Right where it is asked alone and op by op, wrong where the step is taken at once. */
START_TEST(a_step_has_the_bits_of_its_ops)
{
    faulty_plan plan = {.stage = LG_STAGE_FEATURES,
                        .array = LG_ARRAY_X,
                        .index = 5,
                        .step = 2,
                        .skip = 2,
                        .ulps = 1000};
    asked.train.features = maps[_i].text;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(plan.spoiled, 1);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, "step");
    ck_assert_str_eq(answer.first.b, "cpu op by op");
}
END_TEST

/* Right where it is asked alone, of the reference's pixels; wrong whenever they are its own. */
START_TEST(features_of_own_pixels_are_judged_too)
{
    faulty_plan plan = {.stage = LG_STAGE_FEATURES,
                        .array = LG_ARRAY_X,
                        .index = 3 * maps[_i].features + 5,
                        .step = 2,
                        .skip = 1,
                        .value = 77.0f};
    asked.train.features = maps[_i].text;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(plan.spoiled, 2);
    ck_assert_str_eq(answer.first.stage, "step");
    ck_assert_str_eq(answer.first.b, "ref");
    ck_assert_double_eq(answer.first.got, 77.0);
    ck_assert_int_eq(line("step", "ref")->outside, 1); /* what came of it is not held against it */
}
END_TEST

/* One number of u, of x, and of a gradient: which stage, and what it is called. */
static const struct spot {
    lg_stage stage;
    lg_array array;
    int64_t index;
    const char *of;
} spots[] = {{LG_STAGE_PIXELS, LG_ARRAY_X, 7 * SMALL_PIXELS + 13, "row 2, column 3"},
             {LG_STAGE_FEATURES, LG_ARRAY_X, 2 * 56 + 28 + 9, "unit 4 below, cell 1,0"},
             {LG_STAGE_GRADIENT, LG_ARRAY_GW, 56 + 55, "class 1, unit 6 below, cell 1,1"}};

START_TEST(one_number_is_named)
{
    const struct spot *spot = &spots[_i];
    faulty_plan plan = {.stage = spot->stage,
                        .array = spot->array,
                        .index = spot->index,
                        .step = 2,
                        .value = 77.0f};
    asked.train.features = maps[5].text;
    faulty_compare(&plan, 0, "idx", LOGIT_E_CHECK);
    ck_assert_int_eq(answer.first.step, 2);
    ck_assert_str_eq(answer.first.stage, lg_stage_name[spot->stage]);
    ck_assert_str_eq(answer.first.of, spot->of);
    ck_assert_double_eq(answer.first.got, 77.0);
    ck_assert_int_eq(line("logits", "ref")->outside, 0);
}
END_TEST

/* --------------------------------------------------------------------------- models, records ---
 */

START_TEST(a_model_brings_its_map)
{
    small_set_write_idx(small_set_path("idx"), "t10k", 77, 3);
    options.features = maps[_i].text;
    options.lr = (logit_list){1, {0.02}};
    train("idx", "run", LOGIT_OK, NULL);
    logit_model *model = open_model("run");
    compare_model(model, "idx", LOGIT_OK);
    ck_assert_int_eq(answer.differences, 3);
    ck_assert_str_eq(answer.difference[0].stage, "features");
    ck_assert_int_eq(answer.difference[0].count, 77 * maps[_i].features);
    ck_assert_double_gt(answer.difference[0].share, 1e-4);
    planted = _i >= 2 && _i <= 4 ? WRONG_OFFSET : WRONG_SCALE;
    compare_wrong("idx", model, LOGIT_E_CHECK);
    ck_assert_str_eq(answer.first.stage, "features");
    ck_assert_int_eq(line("logits", "ref")->outside, 0); /* what it did to them is known */
    logit_model_close(model);
}
END_TEST

START_TEST(a_record_names_its_map)
{
    char record[400];
    snprintf(record, sizeof record, "%s", small_set_path("record.jsonl"));
    asked.device[1] = NULL;
    asked.train.features = maps[4].text;
    asked.record = record;
    compare("idx", LOGIT_OK);
    asked.record = NULL;
    asked.against = record;
    compare("idx", LOGIT_OK);
    ck_assert_int_eq(line("features", "record")->equal, line("features", "record")->count);
    ck_assert_int_eq(line("features", "record")->count, STEPS * BATCH * maps[4].features);
    asked.train.features = NULL;
    compare("idx", LOGIT_E_USAGE);
    ck_assert_ptr_nonnull(strstr(answer_error.message, "this run has none"));
}
END_TEST

/* ---------------------------------------------------------------------------------- bounds --- */

static double *doubles(int64_t count)
{
    double *out = calloc((size_t)count + 1, sizeof *out);
    ck_assert_ptr_nonnull(out);
    return out;
}

/* Pixels off by `own` of themselves, up or down, give features within the bound for that. */
START_TEST(bounds_hold_what_pixels_may_be_off)
{
    const int steps = lift_shapes[_i].kind == LG_LIFT_STEP; /* few numbers are near one */
    const double own = steps ? 0x1p-6 : 0x1p-12;
    lift_rig r;
    logit_error err;
    lg_pool *pool;
    double closest = 0.0;
    lift_open(&r, lift_shapes[_i], 900);
    ck_assert_int_eq(lg_pool_create(&pool, 2, &err), LOGIT_OK);
    double *u = doubles(r.n * r.lift.in), *x = doubles(r.n * r.d), *bound = doubles(r.n * r.d);
    double *moved = doubles(r.lift.in), *other = doubles(r.d);
    for (int64_t i = 0; i < r.n * r.lift.in; i++) u[i] = (double)r.u[i];
    for (int64_t i = 0; i < r.n; i++) lg_lift_row_ref(&r.lift, u + i * r.lift.in, x + i * r.d);
    const lg_bound_lifted of = {.lift = &r.lift, .u = u, .x = x, .rows = r.n, .own = own};
    lg_bound_features(pool, bound, &of);
    for (int64_t i = 0; i < r.n; i++) {
        for (int64_t j = 0; j < r.lift.in; j++) {
            const double way = rig_uniform(906, (uint64_t)(i * r.lift.in + j), -1.0, 1.0);
            moved[j] = u[i * r.lift.in + j] * (1.0 + (way > 0.0 ? own : -own));
        }
        lg_lift_row_ref(&r.lift, moved, other);
        for (int64_t j = 0; j < r.d; j++) {
            const double apart = fabs(other[j] - x[i * r.d + j]), most = bound[i * r.d + j];
            ck_assert_msg(apart <= most, "row %d, feature %d: %g apart, bound %g", (int)i, (int)j,
                          apart, most);
            closest = fmax(closest, apart / most);
        }
    }
    if (r.n * r.d > (steps ? 100 : 0)) ck_assert_double_gt(closest, 0.02); /* it is no guess */
    void *owned[] = {u, x, bound, moved, other};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    lg_pool_destroy(pool);
    lift_close(&r);
}
END_TEST

/* What the processor makes of given pixels is within the bound of given ones, and the bound is not
 * far from what the roundings can add up to (lift_rig.h, which counts the worst case). */
START_TEST(bounds_hold_what_is_rounded)
{
    lift_rig r;
    logit_error err;
    lg_pool *pool;
    lg_backend *cpu;
    const lg_backend_options how = {.threads = 1};
    lift_open(&r, lift_shapes[_i], 930);
    ck_assert_int_eq(lg_pool_create(&pool, 1, &err), LOGIT_OK);
    ck_assert_int_eq(lg_backend_open(&cpu, "cpu", &how, &err), LOGIT_OK);
    double *u = doubles(r.n * r.lift.in), *x = doubles(r.n * r.d), *bound = doubles(r.n * r.d);
    double *worst = doubles(r.n * r.d), *got = lift_run(&r, cpu, 0, r.n);
    for (int64_t i = 0; i < r.n * r.lift.in; i++) u[i] = (double)r.u[i];
    lift_truth(&r, (int)r.lift.in, x, worst);
    const lg_bound_lifted of = {.lift = &r.lift, .u = u, .x = x, .rows = r.n};
    lg_bound_features(pool, bound, &of);
    for (int64_t i = 0; i < r.n * r.d; i++) {
        ck_assert_double_le(fabs(got[i] - x[i]), bound[i]);
        ck_assert_double_lt(bound[i], 10.0 * worst[i] + 1e-12);
    }
    void *owned[] = {u, x, bound, worst, got};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    lg_backend_close(cpu);
    lg_pool_destroy(pool);
    lift_close(&r);
}
END_TEST

Suite *lg_suite_compare_features(void)
{
    Suite *suite = suite_create("compare_features");
    TCase *runs = tcase_create("runs"), *bounds = tcase_create("bounds");
    tcase_set_timeout(runs, 60);
    tcase_add_checked_fixture(runs, begin_features, compare_end);
    tcase_add_loop_test(runs, devices_agree_with_every_map, 0, MAPS);
    tcase_add_loop_test(runs, optimisers_that_see_the_whole_set_are_compared_too, 0, MAPS);
    tcase_add_loop_test(runs, kernels_agree_with_every_map, 0, MAPS);
    tcase_add_loop_test(runs, free_runs_are_inside, 0, MAPS);
    tcase_add_loop_test(runs, faults_in_features_are_sized, 0, MAPS);
    tcase_add_test(runs, rows_are_sampled);
    tcase_add_loop_test(runs, a_wrong_map_is_found_and_named, 0, WRONG_KINDS);
    tcase_add_loop_test(runs, one_number_is_named, 0, sizeof spots / sizeof *spots);
    tcase_add_loop_test(runs, features_of_own_pixels_are_judged_too, 0, MAPS);
    tcase_add_loop_test(runs, a_step_has_the_bits_of_its_ops, 2, MAPS);
    tcase_add_loop_test(runs, a_model_brings_its_map, 0, MAPS);
    tcase_add_test(runs, a_record_names_its_map);
    suite_add_tcase(suite, runs);
    tcase_add_loop_test(bounds, bounds_hold_what_pixels_may_be_off, 0, LIFT_SHAPES);
    tcase_add_loop_test(bounds, bounds_hold_what_is_rounded, 0, LIFT_SHAPES);
    suite_add_tcase(suite, bounds);
    return suite;
}
