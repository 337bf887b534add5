/* test_laws.c -- what must hold on every backend, whatever it computes in.
 *
 * Tests (suite laws).  Each law runs on every device of the table that opens here, the reference
 * included: threads, settings, logits that are not finite, exact shifts.  Laws of bits are compared
 * as such.  What a batch and its parts have to do with each other is in test_laws_batch.c; how far
 * the numbers themselves may be off is test_twins.c's question. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_laws(void);

static const rig_array results[] = {RIG_Z, RIG_ROW_LOSS, RIG_GW,       RIG_GB,
                                    RIG_W, RIG_B,        RIG_STATE_W0, RIG_STATE_B0};
enum { RESULTS = sizeof results / sizeof *results };

static void prepare(rig *r, lg_loss loss)
{
    problem_prepare(r, (problem_truth){.loss = loss, .weighted = 1});
}

static void assert_same(rig *got, rig *want, rig_array array)
{
    double *a = problem_get(got, array), *b = problem_get(want, array);
    assert_ulps(a, b, rig_count(want, array), 0);
    free(a);
    free(b);
}

START_TEST(bits_do_not_depend_on_threads) /* shape x loss */
{
    static const int threads[] = {1, 2, 3, 8}; /* 1: a second run gives the same bits */
    for (int row = 0;;) {
        rig one, many;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&one, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        prepare(&one, (lg_loss)(_i / PROBLEM_SHAPES));
        problem_parts(&one);
        for (int c = 0; c < 4; c++) {
            backend = problem_device(one.backend->ops->name, threads[c]);
            rig_open(&many, backend, problem_shapes[_i % PROBLEM_SHAPES]);
            prepare(&many, (lg_loss)(_i / PROBLEM_SHAPES));
            problem_parts(&many);
            for (int a = 0; a < RESULTS; a++) assert_same(&many, &one, results[a]);
            rig_close(&many);
        }
        rig_close(&one);
    }
}
END_TEST

/* The one setting of a run of its own, given what setting t of `all` was given. */
static void open_solo(rig *solo, const rig *all, int t)
{
    const rig_shape *shape = &all->shape;
    const int64_t weights = shape->k * shape->d;
    lg_scalars s = problem_scalars(t);
    s.scale = 1.0 / 16;
    rig_open(solo, problem_device(all->backend->ops->name, 1),
             (rig_shape){.n = shape->n, .d = shape->d, .k = shape->k, .s = 1});
    problem_prepare(solo, (problem_truth){all->step.loss, all->step.batch.target != NULL, 1});
    rig_give(solo, RIG_SCALARS, &s);
    double *w = rig_doubles(shape->s * weights), *b = rig_doubles(shape->s * shape->k);
    rig_fill(w, shape->s * weights, 22, -1, 1);
    rig_fill(b, shape->s * shape->k, 23, -1, 1);
    rig_put(solo, RIG_W, w + t * weights);
    rig_put(solo, RIG_B, b + t * shape->k);
    free(w);
    free(b);
}

/* How far a setting may be from its solo run.  On a processor: nothing.  A device of its own serves
 * all settings by one stacked product, which adds in an order of its own.  A logit of m = d + 1
 * terms may then be off by 8 sqrt(m) u sum |x w|, with x and w within 1 and 1/4 the mean of |x w|.
 * Slopes follow it at most one to one, times weight 2 and scale 1/16; a gradient adds n of those,
 * and its own 8 sqrt(n) u sum |x dz|; a weight within 1 moves by 0.05 of that, and is rounded.  A
 * loss moves by the sum of its k slopes, each at most 2, or |z - t| < m for mse. */
typedef struct solo_bound {
    double loss, weight;
} solo_bound;

static solo_bound bound_of(rig *all)
{
    const rig_shape *shape = &all->shape;
    if (all->backend->ops->unified) return (solo_bound){0.0, 0.0};
    const double u = FLT_EPSILON / 2, m = (double)shape->d + 1, n = (double)shape->n;
    const double logit = 8 * sqrt(m) * u * m / 4;
    const double slope = all->step.loss == LG_LOSS_MSE ? m : 2.0;
    double *dz = problem_get(all, RIG_Z), steepest = 0.0;
    for (int64_t i = 0; i < rig_count(all, RIG_Z); i++) steepest = fmax(steepest, fabs(dz[i]));
    free(dz);
    const double gradient = n * logit * 2 / 16 + 8 * sqrt(n) * u * n * steepest;
    return (solo_bound){.loss = shape->k * slope * logit, .weight = 0.05 * gradient + 4 * u};
}

/* Part t of an array of all settings is the array of the solo run. */
static void assert_setting(rig *solo, rig *all, rig_array array, int t)
{
    const int64_t count = rig_count(solo, array);
    double *own = problem_get(solo, array), *shared = problem_get(all, array);
    assert_near(own, shared + t * count, count, bound_of(all).weight, 0.0);
    free(own);
    free(shared);
}

START_TEST(setting_equals_its_solo_run) /* (class, soft) x shape x loss */
{
    const problem_truth truth = {(lg_loss)(_i / PROBLEM_SHAPES % LG_LOSS_COUNT),
                                 _i / PROBLEM_SHAPES / LG_LOSS_COUNT, 1};
    for (int row = 0;;) {
        rig all, solo;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&all, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        problem_prepare(&all, truth);
        problem_parts(&all);
        double *loss = problem_get(&all, RIG_ROW_LOSS);
        for (int t = 0; t < all.shape.s; t++) {
            open_solo(&solo, &all, t);
            problem_parts(&solo);
            assert_setting(&solo, &all, RIG_W, t);
            assert_setting(&solo, &all, RIG_B, t);
            double *own = problem_get(&solo, RIG_ROW_LOSS);
            for (int64_t i = 0; i < all.shape.n; i++)
                assert_near(&own[i], &loss[i * all.shape.s + t], 1, bound_of(&all).loss, 0.0);
            free(own);
            rig_close(&solo);
        }
        free(loss);
        rig_close(&all);
    }
}
END_TEST

/* Losses and slopes of the inputs of `prepare`, with column c of row 4 set to poison where c
 * belongs to setting 1 (none, where poison is 0). */
static void poisoned(rig *r, double poison, double **loss, double **dz)
{
    const int k = r->shape.k, width = r->shape.s * k;
    rig_run(r, RIG_OP_LOGITS);
    double *z = problem_get(r, RIG_Z);
    for (int c = k; c < 2 * k && poison != 0.0; c++) z[4 * width + c] = poison;
    rig_put(r, RIG_Z, z);
    rig_run(r, RIG_OP_LOSS);
    *loss = problem_get(r, RIG_ROW_LOSS);
    *dz = problem_get(r, RIG_Z);
    free(z);
}

/* The loss of that row and setting alone is not finite; no other loss changes.  That setting gets
 * no gradient (its weights stay what they are until the latch is read), the others theirs. */
START_TEST(bad_logits_stay_where_they_are) /* (NaN, inf, -inf) x shape x loss */
{
    static const double poison[] = {NAN, INFINITY, -INFINITY};
    for (int row = 0;;) {
        rig r;
        double *want, *want_dz, *loss, *dz;
        lg_total total[3];
        lg_backend *backend = problem_next_device(&row, 2);
        if (!backend) break;
        rig_open(&r, backend, problem_shapes[_i / 3 % PROBLEM_SHAPES]);
        prepare(&r, (lg_loss)(_i / 3 / PROBLEM_SHAPES));
        poisoned(&r, 0.0, &want, &want_dz);
        poisoned(&r, poison[_i % 3], &loss, &dz);
        const int k = r.shape.k, s = r.shape.s;
        ck_assert(!isfinite(loss[4 * s + 1]));
        loss[4 * s + 1] = want[4 * s + 1];
        assert_ulps(loss, want, rig_count(&r, RIG_ROW_LOSS), 0);
        for (int64_t i = 0; i < rig_count(&r, RIG_Z); i++)
            if (i / k % s == 1) want_dz[i] = 0.0;
        assert_ulps(dz, want_dz, rig_count(&r, RIG_Z), 0);
        rig_run(&r, RIG_OP_SUM);
        rig_get_totals(&r, total);
        for (int t = 0; t < s; t++) ck_assert_int_eq(total[t].bad_row, t == 1 ? 4 : -1);
        free(want);
        free(want_dz);
        free(loss);
        free(dz);
        rig_close(&r);
    }
}
END_TEST

START_TEST(sample_of_no_weight_has_no_slope) /* loss */
{
    for (int row = 0;;) {
        rig r;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&r, backend, problem_shapes[0]);
        prepare(&r, (lg_loss)_i);
        float weight[22] = {[3] = 2.0f, [21] = 1.0f};
        rig_give(&r, RIG_WEIGHT, weight);
        rig_run(&r, RIG_OP_LOGITS);
        rig_run(&r, RIG_OP_LOSS);
        const int64_t width = r.shape.s * r.shape.k;
        double *dz = problem_get(&r, RIG_Z);
        for (int64_t i = 0; i < rig_count(&r, RIG_Z); i++)
            ck_assert((dz[i] == 0.0) == (weight[i / width] == 0.0f));
        free(dz);
        rig_close(&r);
    }
}
END_TEST

/* Logits are multiples of 2^-7 below 2^8, so that sums with 2^15 are exact in float. */
START_TEST(softmax_ignores_an_exact_shift)
{
    static const double shift[] = {-32768, -1024, 0.5, 1024, 32768};
    for (int row = 0;;) {
        rig r;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&r, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        prepare(&r, LG_LOSS_SOFTMAX);
        const int64_t count = rig_count(&r, RIG_Z);
        double *z = rig_doubles(count);
        for (int64_t i = 0; i < count; i++)
            z[i] = floor(rig_uniform(40, (uint64_t)i, -1000, 1000)) / 128;
        rig_put(&r, RIG_Z, z);
        rig_run(&r, RIG_OP_LOSS);
        double *want = problem_get(&r, RIG_ROW_LOSS), *want_dz = problem_get(&r, RIG_Z);
        for (int64_t i = 0; i < count; i++) z[i] += shift[_i / PROBLEM_SHAPES];
        rig_put(&r, RIG_Z, z);
        rig_run(&r, RIG_OP_LOSS);
        double *loss = problem_get(&r, RIG_ROW_LOSS), *dz = problem_get(&r, RIG_Z);
        assert_ulps(loss, want, rig_count(&r, RIG_ROW_LOSS), 0);
        assert_ulps(dz, want_dz, count, 0);
        free(z);
        free(want);
        free(want_dz);
        free(loss);
        free(dz);
        rig_close(&r);
    }
}
END_TEST

Suite *lg_suite_laws(void)
{
    Suite *suite = suite_create("laws");
    TCase *tc = tcase_create("laws");
    enum { ALL = PROBLEM_SHAPES * LG_LOSS_COUNT };
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, bits_do_not_depend_on_threads, 0, ALL);
    tcase_add_loop_test(tc, setting_equals_its_solo_run, 0, 2 * ALL);
    tcase_add_loop_test(tc, bad_logits_stay_where_they_are, 0, 3 * ALL);
    tcase_add_loop_test(tc, sample_of_no_weight_has_no_slope, 0, LG_LOSS_COUNT);
    tcase_add_loop_test(tc, softmax_ignores_an_exact_shift, 0, 5 * PROBLEM_SHAPES);
    suite_add_tcase(suite, tc);
    return suite;
}
