/* test_twins_train.c -- short trainings on every backend beside the float64 reference.
 *
 * Tests (suite twins_train).  Every loss with every optimiser, on drawn images that have something
 * to teach, for 50 steps: each side keeps its own weights, so that what the ops are off by may grow
 * or cancel.  And the step as a whole, fused where a backend says so, against its parts. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/pair.h"

Suite *lg_suite_twins_train(void);

enum { ROWS = 96, BATCH = 150 }; /* samples in the set; in a batch, at most */

/* Images of `classes` classes: noise, and in every place a shade that the class prefers. */
static void draw_images(rig_shape shape, int classes, uint8_t *pixels, int32_t *label)
{
    for (int64_t i = 0; i < ROWS; i++) {
        label[i] = (int32_t)(i * 7 % classes);
        for (int64_t j = 0; j < shape.d; j++) {
            const uint64_t place = (uint64_t)(label[i] * shape.d + j);
            const double noise = rig_uniform(300, (uint64_t)(i * shape.d + j), 0, 200);
            pixels[i * shape.d + j] = (uint8_t)(noise + rig_uniform(301, place, 0, 55));
        }
    }
}

/* The set, standardised with mean 0.45 and deviation 0.25, its samples weighted; W and b are 0. */
static void give_set(rig *r, lg_loss loss)
{
    const rig_shape shape = r->shape;
    uint8_t *pixels = malloc((size_t)(ROWS * shape.d));
    float *scale = malloc((size_t)shape.d * 2 * sizeof *scale), *shift = scale + shape.d;
    int32_t label[ROWS];
    float weight[ROWS];
    ck_assert_ptr_nonnull(pixels);
    ck_assert_ptr_nonnull(scale);
    draw_images(shape, problem_classes(loss, shape.k), pixels, label);
    for (int i = 0; i < ROWS; i++) weight[i] = (float)rig_uniform(302, (uint64_t)i, 0.5, 1.5);
    for (int64_t j = 0; j < shape.d; j++) {
        scale[j] = 1.0f / (255.0f * 0.25f);
        shift[j] = -0.45f / 0.25f;
    }
    r->step.loss = loss;
    rig_give(r, RIG_PIXELS, pixels);
    rig_give(r, RIG_LABEL, label);
    rig_give(r, RIG_WEIGHT, weight);
    rig_give(r, RIG_SCALE, scale);
    rig_give(r, RIG_SHIFT, shift);
    problem_fill(r, RIG_W, 0, 0, 0);
    problem_fill(r, RIG_B, 0, 0, 0);
    free(pixels);
    free(scale);
}

/* Step number t = 1, 2, ...: its rows, and its numbers for each setting.  Adam's epsilon is 1e-4,
 * not 1e-8: it moves a weight whose gradient happens to be near zero by lr sign(g), which turns a
 * rounding error into a step; that would be a test of luck. */
static void give_step(rig *r, int t)
{
    const int64_t n = r->shape.n;
    int32_t row[BATCH];
    lg_scalars scalars[3];
    for (int64_t i = 0; i < n; i++) row[i] = (int32_t)(((t - 1) * n + i) * 5 % ROWS);
    for (int s = 0; s < r->shape.s; s++) {
        scalars[s] = problem_scalars(s);
        scalars[s].lr = 0.01 / (s + 1);
        scalars[s].scale = 1.0 / (double)n;
        scalars[s].epsilon = 1e-4;
        scalars[s].correct1 = 1 / (1 - pow(scalars[s].beta1, t));
        scalars[s].correct2 = 1 / (1 - pow(scalars[s].beta2, t));
    }
    r->step.number = t - 1;
    rig_give(r, RIG_ROW, row);
    rig_give(r, RIG_SCALARS, scalars);
}

/* --------------------------------------------------------------------------- trainings --- */

/* Of the largest weight, and of the sum of losses.  Plain float32 (the loops of ref_step.c with
 * float for double) drifts by at most 1.8e-6 and 5.2e-7 over these cases; 4 times that. */
static const double weight_drift = 7.2e-6, loss_drift = 2.1e-6;

static double largest(const double *values, int64_t count)
{
    double most = 0.0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
    return most;
}

static void compare_drift(pair *p, rig_array array, const char *what)
{
    const int64_t count = rig_count(&p->ref, array);
    double *bound = problem_get(&p->ref, array);
    const double most = weight_drift * largest(bound, count);
    for (int64_t i = 0; i < count; i++) bound[i] = most;
    pair_compare(p, array, bound, what);
    free(bound);
}

/* One output, a few outputs, more than a vector of them, enough for a BLAS. */
static const rig_shape shapes[] = {{.n = 32, .d = 48, .k = 1, .s = 1, .rows = ROWS},
                                   {.n = 31, .d = 75, .k = 5, .s = 3, .rows = ROWS},
                                   {.n = 24, .d = 33, .k = 40, .s = 2, .rows = ROWS},
                                   {.n = 24, .d = 33, .k = 300, .s = 2, .rows = ROWS}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void compare_losses(pair *p, const char *what)
{
    lg_total got[3], want[3];
    rig_get_totals(&p->device, got);
    rig_get_totals(&p->ref, want);
    for (int t = 0; t < p->ref.shape.s; t++) {
        ck_assert_msg(want[t].bad_step == -1 && got[t].bad_step == -1, "%s diverged", what);
        assert_near(&got[t].loss, &want[t].loss, 1, 0.0, loss_drift);
    }
}

/* Softmax of one output has nothing to learn: its weights stay zero. */
START_TEST(trainings_agree) /* loss x optimiser x shape */
{
    const lg_loss loss = (lg_loss)(_i / (LG_OPTIM_COUNT * SHAPES));
    const lg_optim optim = (lg_optim)(_i / SHAPES % LG_OPTIM_COUNT);
    char what[80];
    snprintf(what, sizeof what, "%s by %s", lg_losses[loss].name, lg_optims[optim].name);
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shapes[_i % SHAPES]); pair_close(&p)) {
        p.device.step.optim = p.ref.step.optim = optim;
        p.device.step.nesterov = p.ref.step.nesterov = _i % 2;
        give_set(&p.device, loss);
        give_set(&p.ref, loss);
        for (int t = 1; t <= 50; t++) {
            give_step(&p.device, t);
            give_step(&p.ref, t);
            pair_run(&p, RIG_OP_STEP);
        }
        compare_drift(&p, RIG_W, what);
        compare_drift(&p, RIG_B, what);
        compare_losses(&p, what);
    }
}
END_TEST

/* ------------------------------------------------------------------------ the whole step --- */

/* Shapes a backend may fuse: MNIST, two classes, photos, a ragged one, more rows and features than
 * a block; and one it will not. */
static const rig_shape steps[] = {{.n = 32, .d = 784, .k = 10, .s = 1, .rows = ROWS},
                                  {.n = 32, .d = 784, .k = 1, .s = 1, .rows = ROWS},
                                  {.n = 8, .d = 30000, .k = 1, .s = 1, .rows = ROWS},
                                  {.n = 29, .d = 37, .k = 3, .s = 3, .rows = ROWS},
                                  {.n = BATCH, .d = 299, .k = 5, .s = 2, .rows = ROWS},
                                  {.n = 32, .d = 37, .k = 300, .s = 1, .rows = ROWS}};
enum { STEPS = sizeof steps / sizeof *steps, RAGGED = 3 };

/* The whole step on two threads, its parts on one. */
typedef struct both {
    rig whole, parts;
} both;

static int open_both(both *two, int *row, rig_shape shape, lg_loss loss, lg_optim optim)
{
    lg_backend *backend = problem_next_device(row, 2);
    if (!backend) return 0;
    rig_open(&two->whole, backend, shape);
    rig_open(&two->parts, problem_device(backend->ops->name, 1), shape);
    two->whole.step.optim = two->parts.step.optim = optim;
    give_set(&two->whole, loss);
    give_set(&two->parts, loss);
    if (backend->ops->unified && backend->ops->fuses &&
        backend->ops->fuses(backend, &two->whole.step))
        two->whole.step.x = NULL;
    return 1;
}

static void close_both(both *two)
{
    rig_close(&two->whole);
    rig_close(&two->parts);
}

static void run_both(both *two, int t)
{
    give_step(&two->whole, t);
    give_step(&two->parts, t);
    rig_run(&two->whole, RIG_OP_STEP);
    problem_step(&two->parts);
}

/* 1 if the whole step rounds otherwise than its parts do: a gradient that is folded. */
static int is_folded(const both *two)
{
    const lg_backend *backend = two->whole.backend;
    const lg_backend_ops *ops = backend->ops;
    return ops->folds && ops->fuses(backend, &two->whole.step) &&
           ops->folds(backend, &two->whole.step) != LG_FOLD_NONE;
}

/* The same bits; or, folded, no further apart than two float32 trainings may be. */
static void compare_both(both *two)
{
    static const rig_array kept[] = {RIG_W,        RIG_B,        RIG_STATE_W0,
                                     RIG_STATE_B0, RIG_STATE_W1, RIG_STATE_B1};
    lg_total got[3], want[3];
    const int folded = is_folded(two);
    for (int a = 0; a < 2 + 2 * lg_optims[two->whole.step.optim].states; a++) {
        double *one = problem_get(&two->whole, kept[a]), *other = problem_get(&two->parts, kept[a]);
        const int64_t count = rig_count(&two->parts, kept[a]);
        if (folded)
            assert_near(one, other, count, weight_drift * largest(other, count), 0.0);
        else
            assert_ulps(one, other, count, 0);
        free(one);
        free(other);
    }
    rig_get_totals(&two->whole, got);
    rig_get_totals(&two->parts, want);
    for (int t = 0; t < two->whole.shape.s; t++) {
        if (isfinite(want[t].loss))
            assert_near(&got[t].loss, &want[t].loss, 1, 0.0, folded ? loss_drift : 0.0);
        ck_assert_int_eq(got[t].bad_step, want[t].bad_step);
        ck_assert_int_eq(got[t].bad_row, want[t].bad_row);
    }
}

START_TEST(step_has_the_bits_of_its_parts) /* loss x optimiser x shape */
{
    const lg_loss loss = (lg_loss)(_i / STEPS / LG_OPTIM_COUNT);
    const lg_optim optim = (lg_optim)(_i / STEPS % LG_OPTIM_COUNT);
    both two;
    for (int row = 0; open_both(&two, &row, steps[_i % STEPS], loss, optim); close_both(&two)) {
        for (int t = 1; t <= 3; t++) run_both(&two, t);
        compare_both(&two);
    }
}
END_TEST

/* Setting 1 of three starts with weights so large that its logits overflow: it is latched at the
 * first step, takes no gradient, and stays finite; its neighbours learn. */
START_TEST(step_latches_as_its_parts_do) /* loss x optimiser */
{
    const lg_loss loss = (lg_loss)(_i / LG_OPTIM_COUNT);
    both two;
    for (int row = 0; open_both(&two, &row, steps[RAGGED], loss, (lg_optim)(_i % LG_OPTIM_COUNT));
         close_both(&two)) {
        double *w = problem_get(&two.whole, RIG_W);
        const int64_t count = rig_count(&two.whole, RIG_W);
        const double huge = two.whole.backend->ops->real_bytes == 8 ? DBL_MAX : (double)FLT_MAX;
        for (int64_t i = count / 3; i < 2 * (count / 3); i++) w[i] = i % 2 ? huge : -huge;
        rig_put(&two.whole, RIG_W, w);
        rig_put(&two.parts, RIG_W, w);
        free(w);
        for (int t = 1; t <= 2; t++) run_both(&two, t);
        compare_both(&two);
        lg_total total[3];
        rig_get_totals(&two.whole, total);
        for (int t = 0; t < 3; t++) ck_assert_int_eq(total[t].bad_step, t == 1 ? 0 : -1);
        w = problem_get(&two.whole, RIG_W);
        for (int64_t i = 0; i < count; i++) ck_assert(isfinite(w[i]));
        free(w);
    }
}
END_TEST

Suite *lg_suite_twins_train(void)
{
    Suite *suite = suite_create("twins_train");
    TCase *tc = tcase_create("trainings");
    enum { PAIRS = LG_LOSS_COUNT * LG_OPTIM_COUNT };
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, trainings_agree, 0, PAIRS * SHAPES);
    tcase_add_loop_test(tc, step_has_the_bits_of_its_parts, 0, PAIRS * STEPS);
    tcase_add_loop_test(tc, step_latches_as_its_parts_do, 0, PAIRS);
    suite_add_tcase(suite, tc);
    return suite;
}
