/* test_cpu_lift.c -- feature maps on the CPU: right within their rounding, and the same bits
 * whatever the threads, the batch, the instruction set and the BLAS.
 *
 * Tests (suite cpu_lift).  lift_truth.c derives the bounds, lift_rig.h has the shapes. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu_isa.h"
#include "tests/allocations.h"
#include "tests/lift_rig.h"
#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu_lift(void);

/* The longest chain of additions in a layer's sum of `in` numbers: sixteen chains, then a tree. */
static int chain_of(int64_t in)
{
    return (int)((in + 15) / 16) + 4;
}

static lift_rig opened(int i)
{
    lift_rig r;
    lift_open(&r, lift_shapes[i], 7000 + 10 * (uint32_t)i);
    return r;
}

static double *run_with(const lift_rig *r, int threads)
{
    lg_backend *backend = problem_device("cpu", threads);
    double *x = lift_run(r, backend, 0, r->n);
    lg_backend_close(backend);
    return x;
}

static void assert_same(const double *got, const double *want, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(memcmp(&got[i], &want[i], sizeof *got) == 0, "%s: x[%lld] is %a, not %a",
                      what, (long long)i, got[i], want[i]);
}

/* ---------------------------------------------------------------------------------- values --- */

/* Judges x; few numbers of a step may be left out. */
static void assert_true(const lift_rig *r, const double *x, const char *what)
{
    const int64_t count = r->n * r->d;
    double *want = rig_doubles(count + 1), *bound = rig_doubles(count + 1);
    char message[NEAR_MESSAGE];
    const int64_t left_out = lift_truth(r, chain_of(r->lift.in), want, bound);
    ck_assert_msg(left_out <= count / 1000, "%lld numbers may fall on either side",
                  (long long)left_out);
    if (near_check(NEAR_PAIR(x, want, count), (near_bound){.each = bound}, message) != 0)
        ck_abort_msg("%s, %s: %s", lg_lifts[r->lift.kind].name, what, message);
    free(want);
    free(bound);
}

START_TEST(maps_are_right) /* shape */
{
    lift_rig r = opened(_i);
    double *x = run_with(&r, 2);
    assert_true(&r, x, "drawn");
    free(x);
    lift_close(&r);
}
END_TEST

/* Nothing but the contrast is left of the deviation: 1/4, exactly. */
START_TEST(flat_images_have_the_contrast_alone) /* shape */
{
    if (lift_shapes[_i].kind != LG_LIFT_PATCH) return;
    lift_rig r = opened(_i);
    for (int64_t i = 0; i < r.n * r.lift.in; i++) r.u[i] = i / r.lift.in % 2 ? 0.0f : 0.75f;
    double *x = run_with(&r, 1);
    assert_true(&r, x, "flat");
    free(x);
    lift_close(&r);
}
END_TEST

/* A window far from zero: the square of the mean is 2^20 times the variance. */
START_TEST(deviations_do_not_cancel) /* shape */
{
    if (lift_shapes[_i].kind != LG_LIFT_PATCH) return;
    lift_rig r = opened(_i);
    r.lift.contrast = 0x1p-20f;
    for (int64_t i = 0; i < r.n * r.lift.in; i++) r.u[i] = 1024.0f + r.u[i];
    double *x = run_with(&r, 1);
    assert_true(&r, x, "far from zero");
    free(x);
    lift_close(&r);
}
END_TEST

/* ------------------------------------------------------------------------------- same bits --- */

START_TEST(threads_change_nothing) /* shape */
{
    lift_rig r = opened(_i);
    double *one = run_with(&r, 1);
    for (int threads = 2; threads <= 4; threads++) {
        double *x = run_with(&r, threads);
        assert_same(x, one, r.n * r.d, "threads");
        free(x);
    }
    free(one);
    lift_close(&r);
}
END_TEST

START_TEST(rows_do_not_know_their_batch) /* shape */
{
    lift_rig r = opened(_i);
    lg_backend *backend = problem_device("cpu", 2);
    double *all = lift_run(&r, backend, 0, r.n);
    for (int64_t i = 0; i < r.n; i++) {
        double *x = lift_run(&r, backend, i, 1);
        assert_same(x, all + i * r.d, r.d, "alone");
        free(x);
    }
    free(all);
    lg_backend_close(backend);
    lift_close(&r);
}
END_TEST

/* In place of the numbers before: as a model's own would be after another model's. */
START_TEST(a_backend_remembers_no_map) /* shape */
{
    lg_backend *backend = problem_device("cpu", 2);
    lift_rig r = opened(_i), other = opened((_i + 7) % LIFT_SHAPES);
    double *alone = run_with(&r, 2);
    free(lift_run(&other, backend, 0, other.n));
    double *x = lift_run(&r, backend, 0, r.n);
    assert_same(x, alone, r.n * r.d, "after another map");
    free(x);
    free(alone);
    lg_backend_close(backend);
    lift_close(&r);
    lift_close(&other);
}
END_TEST

START_TEST(instruction_sets_and_blas_change_nothing) /* shape */
{
    lift_rig r = opened(_i);
    double *best = run_with(&r, 2);
    const lg_cpu_kernels *row;
    for (int i = 0, usable; (row = lg_cpu_isa_row(i, &usable)) != NULL; i++) {
        if (!usable) continue;
        setenv("LOGIT_ISA", row->name, 1);
        double *x = run_with(&r, 2);
        assert_same(x, best, r.n * r.d, row->name);
        free(x);
    }
    unsetenv("LOGIT_ISA");
    free(best);
    lift_close(&r);
}
END_TEST

/* Forked: BLAS is opened once in a process. */
START_TEST(maps_are_right_without_blas) /* shape */
{
    setenv("LOGIT_BLAS", "off", 1);
    lift_rig r = opened(_i);
    double *x = run_with(&r, 2);
    assert_true(&r, x, "LOGIT_BLAS=off");
    free(x);
    unsetenv("LOGIT_BLAS");
    lift_close(&r);
}
END_TEST

START_TEST(nothing_is_allocated_after_the_first_batch) /* shape */
{
    lift_rig r = opened(_i);
    lg_backend *backend = problem_device("cpu", 2);
    float *x = malloc((size_t)(r.n * r.d + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    const lg_step step = {.features = r.d,
                          .outputs = 1,
                          .settings = 1,
                          .batch = {.count = r.n},
                          .lift = &r.lift,
                          .u = r.u,
                          .x = x};
    for (int turn = 0; turn < 3; turn++) {
        const int64_t before = allocations_count();
        const logit_status status = backend->ops->features(backend, &step, NULL);
        const int64_t after = allocations_count(); /* assertions allocate */
        ck_assert_int_eq(status, LOGIT_OK);
        if (turn > 0) ck_assert_int_eq(after, before);
    }
    free(x);
    lg_backend_close(backend);
    lift_close(&r);
}
END_TEST

Suite *lg_suite_cpu_lift(void)
{
    Suite *suite = suite_create("cpu_lift");
    TCase *tests = tcase_create("maps");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, maps_are_right, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, flat_images_have_the_contrast_alone, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, deviations_do_not_cancel, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, threads_change_nothing, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, rows_do_not_know_their_batch, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, a_backend_remembers_no_map, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, instruction_sets_and_blas_change_nothing, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, maps_are_right_without_blas, 0, LIFT_SHAPES);
    tcase_add_loop_test(tests, nothing_is_allocated_after_the_first_batch, 0, LIFT_SHAPES);
    suite_add_tcase(suite, tests);
    return suite;
}
