/* test_cpu_step.c -- whole steps on the CPU: the same bits, however they are taken.
 *
 * Tests (suite cpu_step).  Fused or in parts, on 1, 2, 3 or 8 threads, by any instruction set, in a
 * grid or alone: two steps end in the same weights, states, gradients, losses and totals, bit for
 * bit, whatever the elements.  Shapes are odd on purpose; 40000 features make a batch go in groups
 * of rows. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu_isa.h"
#include "tests/elements.h"
#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu_step(void);

enum { MOST_SETTINGS = 19 };

/* What a step is told beside its shape. */
typedef struct plan {
    rig_shape shape;
    lg_loss loss;
    lg_optim optim;
    int nesterov, momentum, soft, weighted, gather;
} plan;

/* A plan for every number: all kinds of truth, optimiser and gathering take turns. */
static plan plan_of(rig_shape shape, int turn)
{
    plan p = {
        .shape = shape,
        .loss = (lg_loss)(turn % LG_LOSS_COUNT),
        .optim = (lg_optim)(turn / 2 % LG_OPTIM_COUNT),
        .nesterov = turn / 3 % 2,
        .momentum = turn % 4 != 0,
        .soft = turn / 5 % 2,
        .weighted = turn / 2 % 2,
        .gather = turn % 3 != 1,
    };
    p.shape.element = (lg_element)((turn + turn / 3) % LG_ELEMENT_COUNT);
    return p;
}

/* The set has a third more rows than the batch; row i of the batch is one of them. */
static void give_rows(rig *r, const plan *p)
{
    const int64_t rows = r->shape.rows, d = r->shape.d;
    uint8_t *pixels = elements_make(r->shape.element, ELEMENTS_TAME, rows * d);
    int32_t *row = malloc((size_t)r->shape.n * sizeof *row);
    ck_assert_ptr_nonnull(row);
    for (int64_t i = 0; i < r->shape.n; i++) row[i] = (int32_t)((i * 7 + 3) % rows);
    rig_give(r, RIG_PIXELS, pixels);
    rig_give(r, RIG_ROW, p->gather ? row : NULL);
    free(pixels);
    free(row);
}

static void give_norm(rig *r)
{
    float *scale = malloc((size_t)r->shape.d * sizeof *scale);
    ck_assert_ptr_nonnull(scale);
    for (int64_t j = 0; j < r->shape.d; j++) scale[j] = 0.004f + 0.0001f * (float)(j % 13);
    rig_give(r, RIG_SCALE, scale);
    for (int64_t j = 0; j < r->shape.d; j++) scale[j] = -0.5f + 0.01f * (float)(j % 31);
    rig_give(r, RIG_SHIFT, scale);
    free(scale);
}

static void give_scalars(rig *r, const plan *p)
{
    lg_scalars scalars[MOST_SETTINGS];
    ck_assert_int_le(r->shape.s, MOST_SETTINGS);
    for (int t = 0; t < r->shape.s; t++) {
        scalars[t] = problem_scalars(t);
        scalars[t].scale = 1.0 / (double)r->shape.n;
        if (!p->momentum) scalars[t].momentum = 0.0;
    }
    rig_give(r, RIG_SCALARS, scalars);
}

static void open_plan(rig *r, const plan *p, int threads)
{
    rig_shape shape = p->shape;
    shape.rows = shape.n + shape.n / 3 + 1;
    rig_open(r, problem_device("cpu", threads), shape);
    give_rows(r, p);
    give_norm(r);
    problem_tell(r, (problem_truth){p->loss, p->soft, p->weighted});
    give_scalars(r, p);
    problem_fill(r, RIG_W, 700, -0.1, 0.1);
    problem_fill(r, RIG_B, 701, -0.1, 0.1);
    r->step.optim = p->optim;
    r->step.nesterov = p->nesterov;
}

static void take_steps(rig *r, int fused)
{
    for (int number = 0; number < 2; number++) {
        r->step.number = number;
        if (fused)
            rig_run(r, RIG_OP_STEP);
        else
            problem_step(r);
    }
}

static void assert_same(rig *got, rig *want, const plan *p, const char *what)
{
    static const rig_array results[] = {RIG_W,        RIG_B,        RIG_GW,
                                        RIG_GB,       RIG_ROW_LOSS, RIG_STATE_W0,
                                        RIG_STATE_W1, RIG_STATE_B0, RIG_STATE_B1};
    char message[NEAR_MESSAGE];
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        const int64_t count = rig_count(want, results[i]);
        double *a = problem_get(got, results[i]), *b = problem_get(want, results[i]);
        const near_pair pair = {"bits", a, b, sizeof *a, sizeof *b, count};
        if (near_check_ulps(pair, 0, message) != 0)
            ck_abort_msg("%s, n %lld d %lld k %d s %d, array %d: %s", what, (long long)p->shape.n,
                         (long long)p->shape.d, p->shape.k, p->shape.s, (int)results[i], message);
        free(a);
        free(b);
    }
    lg_total a[MOST_SETTINGS], b[MOST_SETTINGS];
    rig_get_totals(got, a);
    rig_get_totals(want, b);
    ck_assert_mem_eq(a, b, (size_t)p->shape.s * sizeof *a);
}

/* ---------------------------------------------------------------------- fused and in parts --- */

static void compare_fused(const plan *p, int threads)
{
    rig parts, fused;
    open_plan(&parts, p, 1);
    open_plan(&fused, p, threads);
    ck_assert(fused.backend->ops->fuses(fused.backend, &fused.step));
    take_steps(&parts, 0);
    take_steps(&fused, 1);
    assert_same(&fused, &parts, p, "fused");
    rig_close(&parts);
    rig_close(&fused);
}

static const int64_t features[] = {1, 15, 16, 17, 63, 65, 260, 784, 1000};
static const int64_t batches[] = {1, 2, 9, 16, 17, 31, 64, 100, 130};
static const int outputs[] = {1, 2, 3, 4, 6, 7, 10, 17, 33};
enum { SIZES = 9 };

START_TEST(fused_step_has_the_bits_of_its_parts) /* d; every d meets every n and every k */
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < 3; j++) {
            const rig_shape shape = {.n = batches[i],
                                     .d = features[_i],
                                     .k = outputs[(i + 4 * j + _i) % SIZES],
                                     .s = 1 + (i + j) % 3};
            const plan p = plan_of(shape, (_i * SIZES + i) * 3 + j);
            compare_fused(&p, 1 + (i + _i) % 3);
        }
}
END_TEST

START_TEST(groups_of_rows_change_nothing)
{
    const rig_shape shape = {.n = 75, .d = 40000, .k = 1 + _i, .s = 1};
    const plan p = plan_of(shape, 13 + _i);
    compare_fused(&p, 1);
    compare_fused(&p, 2);
}
END_TEST

/* Many settings, which threads deal out among themselves: evenly, unevenly, one too few; in groups
 * of rows; in chains of either width. */
START_TEST(settings_of_many_threads_change_nothing) /* shape */
{
    static const rig_shape many[] = {
        {.n = 33, .d = 111, .k = 3, .s = 4},    {.n = 100, .d = 784, .k = 10, .s = 9},
        {.n = 75, .d = 40000, .k = 10, .s = 2}, {.n = 600, .d = 9, .k = 33, .s = 5},
        {.n = 70, .d = 65, .k = 1, .s = 19},
    };
    static const int threads[] = {1, 2, 4, 5, 10};
    for (int i = 0; i < 5; i++) {
        const plan p = plan_of(many[_i], 5 * i + _i);
        compare_fused(&p, threads[i]);
    }
}
END_TEST

/* ----------------------------------------------------------------------- threads and lanes --- */

static const rig_shape shapes[] = {
    {.n = 70, .d = 111, .k = 3, .s = 2},    {.n = 37, .d = 530, .k = 10, .s = 1},
    {.n = 33, .d = 20, .k = 256, .s = 1},   {.n = 600, .d = 9, .k = 5, .s = 1},
    {.n = 150, .d = 300, .k = 300, .s = 2}, {.n = 1100, .d = 40, .k = 257, .s = 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, SMALL_SHAPES = 4 };

START_TEST(threads_change_nothing) /* shape x loss */
{
    static const int threads[] = {2, 3, 8};
    const plan p = plan_of(shapes[_i % SHAPES], _i / SHAPES + 6);
    rig one, many;
    open_plan(&one, &p, 1);
    take_steps(&one, 1);
    for (int i = 0; i < 3; i++) {
        open_plan(&many, &p, threads[i]);
        take_steps(&many, 1);
        assert_same(&many, &one, &p, "threads");
        rig_close(&many);
    }
    rig_close(&one);
}
END_TEST

START_TEST(instruction_sets_change_nothing) /* small shape x optimiser and loss */
{
    const plan p = plan_of(shapes[_i % SMALL_SHAPES], _i);
    const lg_cpu_kernels *row;
    rig best, other;
    open_plan(&best, &p, 1);
    take_steps(&best, 1);
    for (int i = 0, usable; (row = lg_cpu_isa_row(i, &usable)) != NULL; i++) {
        if (!usable) continue;
        setenv("LOGIT_ISA", row->name, 1);
        open_plan(&other, &p, 2);
        unsetenv("LOGIT_ISA");
        char text[200];
        other.backend->ops->describe(other.backend, text, sizeof text);
        ck_assert_msg(strstr(text, row->name) != NULL, "%s: %s", row->name, text);
        take_steps(&other, 1);
        assert_same(&other, &best, &p, row->name);
        rig_close(&other);
    }
    rig_close(&best);
}
END_TEST

/* Setting t of an array of all settings is the array of the setting alone. */
static void assert_part(rig *all, rig *solo, int t, rig_array array)
{
    const int64_t count = rig_count(solo, array);
    double *a = problem_get(all, array), *b = problem_get(solo, array);
    assert_ulps(a + t * count, b, count, 0);
    free(a);
    free(b);
}

START_TEST(setting_equals_its_solo_run) /* k, fused and by BLAS */
{
    enum { SETTINGS = 11 };
    static const int ks[] = {1, 4, 31, 300};
    const rig_shape grid = {.n = 90, .d = 270, .k = ks[_i], .s = SETTINGS};
    rig_shape one = grid;
    one.s = 1;
    const plan p2 = plan_of(grid, 7), p1 = plan_of(one, 7);
    lg_total totals[SETTINGS], total;
    rig all;
    open_plan(&all, &p2, 3);
    double *w = problem_get(&all, RIG_W), *b = problem_get(&all, RIG_B);
    take_steps(&all, 1);
    rig_get_totals(&all, totals);
    for (int t = 0; t < SETTINGS; t++) {
        rig solo;
        open_plan(&solo, &p1, 1);
        lg_scalars scalars = problem_scalars(t);
        scalars.scale = 1.0 / (double)grid.n;
        rig_give(&solo, RIG_SCALARS, &scalars);
        rig_put(&solo, RIG_W, w + t * rig_count(&solo, RIG_W));
        rig_put(&solo, RIG_B, b + t * rig_count(&solo, RIG_B));
        take_steps(&solo, 1);
        static const rig_array arrays[] = {RIG_W, RIG_B, RIG_GW, RIG_GB, RIG_STATE_W0};
        for (int a = 0; a < 5; a++) assert_part(&all, &solo, t, arrays[a]);
        rig_get_totals(&solo, &total);
        ck_assert_mem_eq(&total, &totals[t], sizeof total);
        rig_close(&solo);
    }
    free(w);
    free(b);
    rig_close(&all);
}
END_TEST

START_TEST(no_momentum_needs_no_state) /* gd, sgd */
{
    plan p = plan_of((rig_shape){.n = 20, .d = 37, .k = 3, .s = 1}, 4 * _i);
    p.optim = _i ? LG_OPTIM_SGD : LG_OPTIM_GD;
    p.momentum = 0;
    rig r;
    open_plan(&r, &p, 1);
    r.step.state_w[0] = r.step.state_w[1] = NULL;
    r.step.state_b[0] = r.step.state_b[1] = NULL;
    take_steps(&r, 0);
    take_steps(&r, 1);
    double *w = problem_get(&r, RIG_W);
    for (int64_t i = 0; i < rig_count(&r, RIG_W); i++) ck_assert(isfinite(w[i]));
    free(w);
    rig_close(&r);
}
END_TEST

/* ------------------------------------------------------------------------------ bad losses --- */

enum { BAD_FEATURE = 5, BAD_STEP = 41 };

/* One setting alone overflows, in one row: by a feature that is 0 everywhere else. */
typedef struct bad_plan {
    rig_shape shape;
    int threads, setting;
    int64_t row;
} bad_plan;

static void open_bad(rig *r, const bad_plan *bad)
{
    const plan p = {.shape = bad->shape, .loss = LG_LOSS_SIGMOID, .optim = LG_OPTIM_SGD};
    open_plan(r, &p, bad->threads);
    const int64_t d = r->shape.d, rows = r->shape.rows;
    uint8_t *pixels = calloc((size_t)rows, (size_t)d);
    double *w = calloc((size_t)(d * r->shape.s), sizeof *w);
    float *ones = malloc((size_t)d * sizeof *ones), *zeros = calloc((size_t)d, sizeof *zeros);
    ck_assert(pixels && w && ones && zeros);
    for (int64_t i = 0; i < rows * d; i++) pixels[i] = (uint8_t)(i % 200);
    for (int64_t i = 0; i < rows; i++) pixels[i * d + BAD_FEATURE] = i == bad->row ? 255 : 0;
    for (int64_t j = 0; j < d; j++) ones[j] = 1.0f;
    w[bad->setting * d + BAD_FEATURE] = 3e38;
    rig_give(r, RIG_PIXELS, pixels);
    rig_give(r, RIG_SCALE, ones);
    rig_give(r, RIG_SHIFT, zeros);
    rig_put(r, RIG_W, w);
    r->step.number = BAD_STEP;
    free(w);
    free(pixels);
    free(ones);
    free(zeros);
}

static void assert_stopped(rig *r, const bad_plan *bad)
{
    lg_total totals[MOST_SETTINGS];
    double *g = problem_get(r, RIG_GW);
    rig_get_totals(r, totals);
    for (int t = 0; t < r->shape.s; t++) {
        const int is_bad = t == bad->setting;
        double left = 0.0;
        for (int64_t j = 0; j < r->shape.d; j++) left += fabs(g[t * r->shape.d + j]);
        ck_assert(is_bad ? left == 0.0 : left > 0.0);
        ck_assert_int_eq(!isfinite(totals[t].loss), is_bad);
        ck_assert_int_eq(totals[t].bad_step, is_bad ? BAD_STEP : -1);
        if (is_bad) ck_assert_int_eq(totals[t].bad_row, bad->row);
    }
    free(g);
}

START_TEST(a_bad_loss_stops_its_setting_alone) /* plan x fused or in parts */
{
    static const bad_plan plans[] = {
        {{.n = 75, .d = 40000, .k = 1, .s = 2}, 1, 1, 50}, /* in a late group of rows */
        {{.n = 40, .d = 20, .k = 1, .s = 11}, 2, 4, 30},   /* of each thread's settings */
        {{.n = 40, .d = 20, .k = 1, .s = 11}, 2, 9, 30},
        {{.n = 75, .d = 20, .k = 1, .s = 19}, 1, 17, 30},
    };
    const bad_plan *bad = &plans[_i / 2];
    rig r;
    open_bad(&r, bad);
    if (_i % 2)
        rig_run(&r, RIG_OP_STEP);
    else
        problem_step(&r);
    assert_stopped(&r, bad);
    rig_close(&r);
}
END_TEST

Suite *lg_suite_cpu_step(void)
{
    Suite *suite = suite_create("cpu_step");
    TCase *tests = tcase_create("bits");
    tcase_set_timeout(tests, 180);
    tcase_add_loop_test(tests, fused_step_has_the_bits_of_its_parts, 0, SIZES);
    tcase_add_loop_test(tests, groups_of_rows_change_nothing, 0, 4);
    tcase_add_loop_test(tests, settings_of_many_threads_change_nothing, 0, 5);
    tcase_add_loop_test(tests, threads_change_nothing, 0, SHAPES * LG_LOSS_COUNT);
    tcase_add_loop_test(tests, instruction_sets_change_nothing, 0, SMALL_SHAPES * LG_LOSS_COUNT);
    tcase_add_loop_test(tests, setting_equals_its_solo_run, 0, 4);
    tcase_add_loop_test(tests, no_momentum_needs_no_state, 0, 2);
    tcase_add_loop_test(tests, a_bad_loss_stops_its_setting_alone, 0, 8);
    suite_add_tcase(suite, tests);
    return suite;
}
