/* test_laws_batch.c -- what a batch and its parts have to do with each other, on every backend.
 *
 * Tests (suite laws_batch).  On every device of the table that opens here, the reference included:
 * rows know nothing of each other, halves add up, an empty batch is nothing, and evaluating gives
 * the losses of training. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_laws_batch(void);

static void prepare(rig *r, lg_loss loss)
{
    problem_prepare(r, (problem_truth){.loss = loss, .weighted = 1});
}

/* Rows first .. first+n-1 of `whole`, as a batch that gathers them from the same set. */
static void open_part(rig *part, const rig *whole, int64_t first, int64_t n)
{
    rig_shape shape = whole->shape;
    shape.rows = shape.n;
    shape.n = n;
    rig_open(part, problem_device(whole->backend->ops->name, 1), shape);
    prepare(part, whole->step.loss);
    double *x = rig_doubles(shape.rows * shape.d);
    int32_t *row = malloc((size_t)n * sizeof *row);
    ck_assert_ptr_nonnull(row);
    rig_fill(x, shape.rows * shape.d, 21, -1, 1);
    for (int64_t i = 0; i < n; i++) row[i] = (int32_t)(first + i);
    rig_put(part, RIG_X, x + first * shape.d);
    rig_give(part, RIG_ROW, row);
    free(x);
    free(row);
}

/* Losses and slopes given the logits; on a processor logits too where outputs are few.  (Where they
 * are many, a BLAS takes another kernel for a ragged block of rows; a GPU does so always.) */
START_TEST(row_of_a_batch_is_the_batch_of_that_row) /* shape x loss */
{
    for (int row = 0;;) {
        rig whole, one;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&whole, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        prepare(&whole, (lg_loss)(_i / PROBLEM_SHAPES));
        const int64_t n = whole.shape.n, width = whole.shape.s * whole.shape.k;
        rig_run(&whole, RIG_OP_LOGITS);
        double *z = problem_get(&whole, RIG_Z);
        rig_run(&whole, RIG_OP_LOSS);
        double *dz = problem_get(&whole, RIG_Z), *loss = problem_get(&whole, RIG_ROW_LOSS);
        double *own = rig_doubles(width);
        for (int64_t i = 0; i < n; i += n / 3) {
            open_part(&one, &whole, i, 1);
            rig_run(&one, RIG_OP_LOGITS);
            rig_get(&one, RIG_Z, own);
            if (whole.shape.k < 100 && one.backend->ops->unified)
                assert_ulps(own, z + i * width, width, 0);
            rig_put(&one, RIG_Z, z + i * width);
            rig_run(&one, RIG_OP_LOSS);
            rig_get(&one, RIG_Z, own);
            assert_ulps(own, dz + i * width, width, 0);
            rig_get(&one, RIG_ROW_LOSS, own);
            assert_ulps(own, loss + i * whole.shape.s, whole.shape.s, 0);
            rig_close(&one);
        }
        free(z);
        free(dz);
        free(loss);
        free(own);
        rig_close(&whole);
    }
}
END_TEST

/* Loss and gradient of the two halves of a batch, added up. */
static void accumulate_halves(rig *half, const rig *whole, double *gw, double *gb)
{
    const int64_t n = whole->shape.n, at[3] = {0, n / 2, n};
    for (int part = 0; part < 2; part++) {
        open_part(half, whole, at[part], at[part + 1] - at[part]);
        if (part == 1) {
            rig_put(half, RIG_GW, gw);
            rig_put(half, RIG_GB, gb);
            half->step.accumulate = 1;
        }
        rig_run(half, RIG_OP_LOGITS);
        rig_run(half, RIG_OP_LOSS);
        rig_run(half, RIG_OP_GRADIENT);
        rig_get(half, RIG_GW, gw);
        rig_get(half, RIG_GB, gb);
        rig_close(half);
    }
}

/* The same terms in another order: 8 sqrt(n) u of the sum of their sizes, |x| <= 1. */
static double order_bound(rig *r)
{
    const int64_t width = r->shape.s * r->shape.k;
    double *dz = problem_get(r, RIG_Z), largest = 0.0;
    for (int64_t c = 0; c < width; c++) {
        double sum = 0.0;
        for (int64_t i = 0; i < r->shape.n; i++) sum += fabs(dz[i * width + c]);
        largest = fmax(largest, sum);
    }
    free(dz);
    const double u = r->backend->ops->real_bytes == 8 ? DBL_EPSILON / 2 : FLT_EPSILON / 2;
    return 8 * u * sqrt((double)r->shape.n) * largest;
}

START_TEST(two_halves_accumulate_to_the_whole) /* shape x loss */
{
    for (int row = 0;;) {
        rig whole, half;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&whole, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        prepare(&whole, (lg_loss)(_i / PROBLEM_SHAPES));
        problem_parts(&whole);
        double *want = problem_get(&whole, RIG_GW), *want_b = problem_get(&whole, RIG_GB);
        double *gw = problem_get(&whole, RIG_GW), *gb = problem_get(&whole, RIG_GB);
        accumulate_halves(&half, &whole, gw, gb);
        const double bound = order_bound(&whole);
        assert_near(gw, want, rig_count(&whole, RIG_GW), bound, 0.0);
        assert_near(gb, want_b, rig_count(&whole, RIG_GB), bound, 0.0);
        free(want);
        free(want_b);
        free(gw);
        free(gb);
        rig_close(&whole);
    }
}
END_TEST

START_TEST(keep_logits_gives_the_losses_alone) /* that z and gb stay is the rig's to see */
{
    for (int row = 0;;) {
        rig r;
        lg_backend *backend = problem_next_device(&row, 1);
        if (!backend) break;
        rig_open(&r, backend, problem_shapes[_i % PROBLEM_SHAPES]);
        prepare(&r, (lg_loss)(_i / PROBLEM_SHAPES));
        rig_run(&r, RIG_OP_LOGITS);
        r.step.keep_logits = 1;
        rig_run(&r, RIG_OP_LOSS);
        double *kept = problem_get(&r, RIG_ROW_LOSS);
        r.step.keep_logits = 0;
        rig_run(&r, RIG_OP_LOSS);
        double *loss = problem_get(&r, RIG_ROW_LOSS);
        assert_ulps(kept, loss, rig_count(&r, RIG_ROW_LOSS), 0);
        free(kept);
        free(loss);
        rig_close(&r);
    }
}
END_TEST

START_TEST(empty_batch_is_nothing) /* shape x loss */
{
    for (int row = 0;;) {
        rig r;
        rig_shape shape = problem_shapes[_i % PROBLEM_SHAPES];
        shape.rows = shape.n;
        shape.n = 0;
        lg_backend *backend = problem_next_device(&row, 2);
        if (!backend) break;
        rig_open(&r, backend, shape);
        prepare(&r, (lg_loss)(_i / PROBLEM_SHAPES));
        problem_parts(&r);
        double *gw = problem_get(&r, RIG_GW), *gb = problem_get(&r, RIG_GB);
        for (int64_t i = 0; i < rig_count(&r, RIG_GW); i++) ck_assert(gw[i] == 0.0);
        for (int64_t i = 0; i < rig_count(&r, RIG_GB); i++) ck_assert(gb[i] == 0.0);
        free(gw);
        free(gb);
        rig_close(&r);
    }
}
END_TEST

Suite *lg_suite_laws_batch(void)
{
    Suite *suite = suite_create("laws_batch");
    TCase *tc = tcase_create("batches");
    enum { ALL = PROBLEM_SHAPES * LG_LOSS_COUNT };
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, row_of_a_batch_is_the_batch_of_that_row, 0, ALL);
    tcase_add_loop_test(tc, two_halves_accumulate_to_the_whole, 0, ALL);
    tcase_add_loop_test(tc, keep_logits_gives_the_losses_alone, 0, ALL);
    tcase_add_loop_test(tc, empty_batch_is_nothing, 0, ALL);
    suite_add_tcase(suite, tc);
    return suite;
}
