/* test_ref_step.c -- the reference's training step: matmuls, objective, optimisers, sums.
 *
 * Tests (suite ref_step).  Small integers, where float is exact, are compared with ==; gradients
 * with differences of the objective; optimisers with the oracle over 100 steps.  Every op runs on
 * a rig, which sees to it that nothing else was written.  What holds for every backend, the
 * reference included (threads, settings, parts of a batch), is in test_laws.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/near.h"
#include "tests/oracle.h"
#include "tests/problem.h"

Suite *lg_suite_ref_step(void);

static void open_ref(rig *r, rig_shape shape, int threads)
{
    rig_open(r, problem_device("ref", threads), shape);
}

/* Weighted samples of all classes, x, W and b, and one setting with everything switched on. */
static void open_objective(rig *r, lg_loss loss)
{
    lg_scalars s = problem_scalars(1);
    s.scale = 1.0 / 16;
    open_ref(r, (rig_shape){.n = 12, .d = 5, .k = 3, .s = 1}, 1);
    problem_tell(r, (problem_truth){.loss = loss, .weighted = 1});
    problem_fill(r, RIG_X, 21, -1, 1);
    problem_fill(r, RIG_W, 22, -1, 1);
    problem_fill(r, RIG_B, 23, -1, 1);
    rig_give(r, RIG_SCALARS, &s);
}

/* ------------------------------------------------------------------------- the matmuls --- */

START_TEST(pixels_are_scaled_and_gathered)
{
    static const uint8_t pixels[4][3] = {{0, 1, 2}, {253, 254, 255}, {9, 9, 9}, {128, 0, 255}};
    static const int32_t rows[3] = {3, 0, 1};
    static const float mean[3] = {0.25f, 0.5f, 0.125f}, std[3] = {0.5f, 0.25f, 1.0f};
    float scale[3], shift[3];
    for (int j = 0; j < 3; j++) {
        scale[j] = 1.0f / (255.0f * std[j]);
        shift[j] = -mean[j] / std[j];
    }
    rig r;
    open_ref(&r, (rig_shape){.n = 3, .d = 3, .k = 1, .s = 1, .rows = 4}, 2);
    rig_give(&r, RIG_PIXELS, pixels);
    rig_give(&r, RIG_ROW, rows);
    rig_give(&r, RIG_SCALE, scale);
    rig_give(&r, RIG_SHIFT, shift);
    rig_run(&r, RIG_OP_PIXELS);
    double x[9], formula[9], normal[9];
    rig_get(&r, RIG_X, x);
    for (int i = 0; i < 9; i++) {
        const double u8 = pixels[rows[i / 3]][i % 3];
        formula[i] = (double)scale[i % 3] * u8 + (double)shift[i % 3];
        normal[i] = (u8 / 255 - mean[i % 3]) / std[i % 3];
    }
    assert_ulps(x, formula, 9, 0);
    assert_near(x, normal, 9, 4 * FLT_EPSILON, 0.0); /* scale and shift are rounded to float */
    rig_close(&r);
}
END_TEST

START_TEST(matmuls_of_small_integers_are_exact)
{
    enum { N = 5, D = 19, C = 6 };
    double x[N * D], w[C * D], b[C], dz[N * C], z[N * C], gw[C * D];
    rig r;
    open_ref(&r, (rig_shape){.n = N, .d = D, .k = 3, .s = 2}, _i + 1);
    for (int i = 0; i < N * D; i++) x[i] = i * 7 % 23 - 11;
    for (int i = 0; i < C * D; i++) w[i] = i * 5 % 17 - 8;
    for (int i = 0; i < C; i++) b[i] = 100 * i - 250;
    for (int i = 0; i < N * C; i++) dz[i] = i * 3 % 13 - 6;
    memset(gw, 0, sizeof gw);
    for (int i = 0; i < N; i++) {
        for (int c = 0; c < C; c++) {
            z[i * C + c] = b[c];
            for (int j = 0; j < D; j++) {
                z[i * C + c] += x[i * D + j] * w[c * D + j];
                gw[c * D + j] += dz[i * C + c] * x[i * D + j];
            }
        }
    }
    rig_put(&r, RIG_X, x);
    rig_put(&r, RIG_W, w);
    rig_put(&r, RIG_B, b);
    rig_run(&r, RIG_OP_LOGITS);
    double got[C * D];
    rig_get(&r, RIG_Z, got);
    assert_ulps(got, z, N * C, 0);
    rig_put(&r, RIG_Z, dz);
    rig_run(&r, RIG_OP_GRADIENT);
    rig_get(&r, RIG_GW, got);
    assert_ulps(got, gw, C * D, 0);
    r.step.accumulate = 1;
    rig_run(&r, RIG_OP_GRADIENT);
    rig_get(&r, RIG_GW, got);
    for (int i = 0; i < C * D; i++) gw[i] *= 2;
    assert_ulps(got, gw, C * D, 0);
    rig_close(&r);
}
END_TEST

/* --------------------------------------------------------------------- the objective --- */

/* J of setting 0 at w: (scale sum w_i l_i) + l2/2 |W|^2. */
static double objective(rig *r, const double *w, const double *b)
{
    const lg_total empty = {0.0, -1, -1};
    lg_total total;
    rig_put(r, RIG_W, w);
    rig_put(r, RIG_B, b);
    rig_give(r, RIG_TOTAL, &empty);
    rig_run(r, RIG_OP_LOGITS);
    rig_run(r, RIG_OP_LOSS);
    rig_run(r, RIG_OP_SUM);
    rig_get_totals(r, &total);
    double squares = 0.0;
    for (int64_t i = 0; i < rig_count(r, RIG_W); i++) squares += w[i] * w[i];
    return total.loss / 16 + problem_scalars(1).l2 / 2 * squares;
}

/* The step's gradient, weights, smoothing and l2 included, is the slope of J in W and in b. */
START_TEST(gradient_is_the_slope_of_the_objective)
{
    rig r;
    open_objective(&r, (lg_loss)_i);
    double *w = problem_get(&r, RIG_W), *b = problem_get(&r, RIG_B);
    problem_parts(&r);
    double *gw = problem_get(&r, RIG_GW), *gb = problem_get(&r, RIG_GB);
    const double h = 1e-5; /* error h^2 |J'''| / 6 + u |J| / h: about 1e-10 */
    for (int i = 0; i < 15 + 3; i++) {
        double *const place = i < 15 ? &w[i] : &b[i - 15];
        const double here = *place;
        *place = here + h;
        const double above = objective(&r, w, b);
        *place = here - h;
        const double slope = (above - objective(&r, w, b)) / (2 * h);
        *place = here;
        const double g = i < 15 ? gw[i] + problem_scalars(1).l2 * here : gb[i - 15];
        assert_near(&g, &slope, 1, 5e-8, 0.0);
    }
    free(w);
    free(b);
    free(gw);
    free(gb);
    rig_close(&r);
}
END_TEST

START_TEST(objective_is_convex_along_a_line)
{
    enum { POINTS = 21 };
    rig r;
    open_objective(&r, (lg_loss)_i);
    double from[18], to[18], at[18], j[POINTS];
    rig_fill(from, 18, 30, -4, 4);
    rig_fill(to, 18, 31, -4, 4);
    for (int p = 0; p < POINTS; p++) {
        for (int i = 0; i < 18; i++) at[i] = from[i] + (to[i] - from[i]) * p / (POINTS - 1);
        j[p] = objective(&r, at, at + 15);
    }
    for (int p = 1; p + 1 < POINTS; p++)
        ck_assert_double_lt(j[p], (j[p - 1] + j[p + 1]) / 2); /* strictly: l2 > 0 */
    rig_close(&r);
}
END_TEST

/* -------------------------------------------------------------------- the optimisers --- */

/* 100 steps of 6 weights and 3 biases on drawn gradients, beside the oracle. */
START_TEST(optimiser_follows_its_formula) /* optimiser x (plain, busy, busy with nesterov) */
{
    enum { WEIGHTS = 6, BIASES = 3, STEPS = 100 };
    rig r;
    open_ref(&r, (rig_shape){.n = 1, .d = 2, .k = BIASES, .s = 1}, 1);
    lg_scalars s = _i % 3 == 0 ? rig_scalars() : problem_scalars(0);
    r.step.optim = (lg_optim)(_i / 3);
    r.step.nesterov = _i % 3 == 2;
    oracle_weight want[WEIGHTS + BIASES] = {{0}};
    for (int i = 0; i < WEIGHTS + BIASES; i++)
        want[i].w = rig_uniform(i < WEIGHTS ? 22 : 23, (uint64_t)(i % WEIGHTS), -1, 1);
    problem_fill(&r, RIG_W, 22, -1, 1);
    problem_fill(&r, RIG_B, 23, -1, 1);
    for (int t = 1; t <= STEPS; t++) {
        double g[WEIGHTS + BIASES];
        rig_fill(g, WEIGHTS + BIASES, (uint32_t)(1000 + t), -0.5, 1);
        s.lr = 0.05 / t;
        s.correct1 = 1 / (1 - pow(s.beta1, t));
        s.correct2 = 1 / (1 - pow(s.beta2, t));
        rig_give(&r, RIG_SCALARS, &s);
        rig_put(&r, RIG_GW, g);
        rig_put(&r, RIG_GB, g + WEIGHTS);
        rig_run(&r, RIG_OP_UPDATE);
        for (int i = 0; i < WEIGHTS + BIASES; i++)
            oracle_update(r.step.optim, &want[i], g[i], t, &s, r.step.nesterov, i >= WEIGHTS);
    }
    double got[3][WEIGHTS + BIASES];
    static const rig_array of_w[3] = {RIG_W, RIG_STATE_W0, RIG_STATE_W1};
    static const rig_array of_b[3] = {RIG_B, RIG_STATE_B0, RIG_STATE_B1};
    for (int a = 0; a <= lg_optims[r.step.optim].states; a++) {
        rig_get(&r, of_w[a], got[a]);
        rig_get(&r, of_b[a], got[a] + WEIGHTS);
        for (int i = 0; i < WEIGHTS + BIASES; i++) {
            const long double truth = a == 0 ? want[i].w : a == 1 ? want[i].first : want[i].second;
            assert_near(&got[a][i], &truth, 1, 1e-14, 1e-14); /* measured: 1.1e-15 */
        }
    }
    rig_close(&r);
}
END_TEST

/* ------------------------------------------------------------------ sums and the latch --- */

START_TEST(sum_adds_weighted_losses_and_latches_the_first_bad_row)
{
    static const double losses[4 * 2] = {1, 2, 4, INFINITY, 8, NAN, 16, 32}; /* [row][setting] */
    static const int32_t rows[4] = {2, 0, 3, 1};
    static const float weight[4] = {0.5f, 1, 2, 4};
    lg_total total[2] = {{100, -1, -1}, {100, -1, -1}};
    rig r;
    open_ref(&r, (rig_shape){.n = 4, .d = 1, .k = 1, .s = 2}, 1);
    rig_put(&r, RIG_ROW_LOSS, losses);
    rig_give(&r, RIG_ROW, rows);
    rig_give(&r, RIG_WEIGHT, weight);
    rig_give(&r, RIG_TOTAL, total);
    r.step.number = 7;
    rig_run(&r, RIG_OP_SUM);
    rig_get_totals(&r, total);
    ck_assert(total[0].loss == 100 + 2 * 1 + 0.5 * 4 + 4 * 8 + 1 * 16);
    ck_assert_int_eq(total[0].bad_step, -1);
    ck_assert_int_eq(total[0].bad_row, -1);
    ck_assert(!isfinite(total[1].loss));
    ck_assert_int_eq(total[1].bad_step, 7);
    ck_assert_int_eq(total[1].bad_row, 1);

    const double later[4 * 2] = {INFINITY, NAN, 1, 1, 1, 1, 1, 1};
    rig_put(&r, RIG_ROW_LOSS, later);
    r.step.number = 8;
    rig_run(&r, RIG_OP_SUM);
    rig_get_totals(&r, total);
    ck_assert_int_eq(total[0].bad_step, 8); /* its own first */
    ck_assert_int_eq(total[0].bad_row, 0);
    ck_assert_int_eq(total[1].bad_step, 7); /* still the first */
    ck_assert_int_eq(total[1].bad_row, 1);
    rig_close(&r);
}
END_TEST

START_TEST(backend_says_what_it_is)
{
    lg_backend *backend = problem_device("ref", 3);
    const lg_backend_ops *ops = backend->ops;
    lg_event *event;
    logit_error err;
    char text[64];
    void *memory;
    ops->describe(backend, text, sizeof text);
    ck_assert_str_eq(text, "3 threads, float64 reference");
    ck_assert_str_eq(ops->name, "ref");
    ck_assert_ptr_null(ops->step);
    ck_assert_int_eq(ops->alloc(backend, &memory, 0, &err), LOGIT_OK);
    ck_assert_ptr_nonnull(memory);
    ops->free(backend, memory);
    ck_assert_int_eq(ops->alloc_host(backend, &memory, SIZE_MAX, &err), LOGIT_E_NOMEM);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(ops->event_create(backend, &event, &err), LOGIT_OK);
    ck_assert_int_eq(ops->event_record(backend, event, LG_QUEUE_COPY, &err), LOGIT_OK);
    ck_assert_int_eq(ops->event_wait(backend, event, LG_QUEUE_COMPUTE, &err), LOGIT_OK);
    ck_assert_int_eq(ops->event_sync(backend, event, &err), LOGIT_OK);
    ops->event_destroy(backend, event);
    ops->close(backend);
}
END_TEST

Suite *lg_suite_ref_step(void)
{
    Suite *suite = suite_create("ref_step");
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, pixels_are_scaled_and_gathered);
    tcase_add_loop_test(parts, matmuls_of_small_integers_are_exact, 0, 3);
    tcase_add_loop_test(parts, gradient_is_the_slope_of_the_objective, 0, LG_LOSS_COUNT);
    tcase_add_loop_test(parts, objective_is_convex_along_a_line, 0, LG_LOSS_COUNT);
    tcase_add_loop_test(parts, optimiser_follows_its_formula, 0, 3 * LG_OPTIM_COUNT);
    tcase_add_test(parts, sum_adds_weighted_losses_and_latches_the_first_bad_row);
    tcase_add_test(parts, backend_says_what_it_is);
    suite_add_tcase(suite, parts);
    return suite;
}
