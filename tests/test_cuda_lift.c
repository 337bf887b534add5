/* test_cuda_lift.c -- feature maps of the kernels: right within their rounding, and the same bits
 * whatever the batch, the chunk, the precision and the order of lanes and blocks.
 *
 * Tests (suite cuda_lift).  lift_truth.c derives the bounds; the float64 backend is held to the
 * same ones.  Shapes by regime: units around a warp and a quad; windows of one number, of less and
 * more than a warp, of all of the image; cells with fewer windows than chains, and with more than
 * are under way; images for less than a chunk, a chunk (16384 windows), more; batches of none, of
 * one, of less than a product's rows (1024, where there are few units), of as many, of one more. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lift_rig.h"
#include "tests/near.h"
#include "tests/twin_rig.h"

Suite *lg_suite_cuda_lift(void);

/* kind, n, height, width, channels, units, size, stride, grid */
static const lift_shape shapes[] = {
    {LG_LIFT_SQUARE, 5, 3, 7, 1, 0, 0, 0, 0},     {LG_LIFT_SQUARE, 1, 1, 1, 1, 0, 0, 0, 0},
    {LG_LIFT_SQUARE, 70, 4, 11, 3, 0, 0, 0, 0},   {LG_LIFT_CROSS, 19, 4, 5, 3, 37, 0, 0, 0},
    {LG_LIFT_CROSS, 0, 2, 2, 1, 3, 0, 0, 0},      {LG_LIFT_CROSS, 2, 1, 9, 1, 0, 0, 0, 0},
    {LG_LIFT_CROSS, 3000, 1, 3, 1, 1, 0, 0, 0},   {LG_LIFT_RFF, 37, 8, 9, 1, 300, 0, 0, 0},
    {LG_LIFT_RFF, 1, 1, 5, 1, 1, 0, 0, 0},        {LG_LIFT_RFF, 0, 1, 5, 1, 4, 0, 0, 0},
    {LG_LIFT_RFF, 1024, 1, 4, 1, 31, 0, 0, 0},    {LG_LIFT_RFF, 1025, 1, 4, 1, 32, 0, 0, 0},
    {LG_LIFT_RFF, 66, 1, 3, 1, 8193, 0, 0, 0},    {LG_LIFT_RFF, 2500, 3, 3, 1, 5, 0, 0, 0},
    {LG_LIFT_SIGMOID, 33, 6, 6, 2, 96, 0, 0, 0},  {LG_LIFT_SIGMOID, 7, 1, 3, 1, 2, 0, 0, 0},
    {LG_LIFT_SIGMOID, 1100, 1, 5, 3, 9, 0, 0, 0}, {LG_LIFT_STEP, 33, 6, 6, 2, 200, 0, 0, 0},
    {LG_LIFT_STEP, 16, 1, 1, 1, 1, 0, 0, 0},      {LG_LIFT_STEP, 1200, 2, 2, 2, 12, 0, 0, 0},
    {LG_LIFT_PATCH, 3, 12, 11, 1, 70, 4, 1, 2},   {LG_LIFT_PATCH, 2, 9, 14, 3, 33, 3, 2, 3},
    {LG_LIFT_PATCH, 5, 10, 10, 2, 1, 5, 1, 1},    {LG_LIFT_PATCH, 1, 7, 7, 3, 5, 7, 1, 1},
    {LG_LIFT_PATCH, 3, 6, 5, 1, 17, 1, 1, 4},     {LG_LIFT_PATCH, 2, 17, 9, 1, 64, 2, 5, 2},
    {LG_LIFT_PATCH, 1, 5, 40, 1, 20, 4, 3, 1},    {LG_LIFT_PATCH, 2, 30, 26, 3, 130, 6, 1, 3},
    {LG_LIFT_PATCH, 0, 6, 6, 1, 4, 3, 1, 2},      {LG_LIFT_PATCH, 2, 28, 28, 1, 32, 6, 1, 1},
    {LG_LIFT_PATCH, 23, 28, 28, 1, 2, 2, 1, 2},   {LG_LIFT_PATCH, 48, 20, 20, 1, 3, 3, 1, 4},
    {LG_LIFT_PATCH, 3, 40, 41, 3, 31, 6, 2, 5},   {LG_LIFT_PATCH, 1, 132, 132, 1, 2, 3, 1, 2},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, RANDOM = 40 };

/* Each number from low to high. */
static int draw(uint32_t stream, uint64_t index, int low, int high)
{
    return (int)rig_uniform(stream, index, low, high + 1);
}

static lift_shape drawn_windows(uint32_t stream)
{
    lift_shape s = {.kind = LG_LIFT_PATCH, .n = draw(stream, 0, 1, 5)};
    s.size = draw(stream, 1, 1, 7);
    s.stride = draw(stream, 2, 1, 4);
    s.height = s.size + draw(stream, 3, 0, 15);
    s.width = s.size + draw(stream, 4, 0, 15);
    s.channels = draw(stream, 5, 1, 3);
    s.units = draw(stream, 6, 1, 40);
    const int down = (s.height - s.size) / s.stride + 1, across = (s.width - s.size) / s.stride + 1;
    s.grid = draw(stream, 7, 1, down < across ? down : across);
    return s;
}

static lift_shape drawn_shape(uint32_t stream)
{
    const lg_lift_kind kind = (lg_lift_kind)draw(stream, 8, 0, LG_LIFT_COUNT - 1);
    if (draw(stream, 9, 0, 1) || kind == LG_LIFT_PATCH) return drawn_windows(stream);
    return (lift_shape){.kind = kind,
                        .n = draw(stream, 0, 1, 40),
                        .height = draw(stream, 3, 1, 9),
                        .width = draw(stream, 4, 1, 9),
                        .channels = draw(stream, 5, 1, 3),
                        .units = draw(stream, 6, 1, 150)};
}

static lift_rig opened(int i)
{
    lift_rig r;
    const uint32_t stream = 7000 + 10 * (uint32_t)i;
    lift_open(&r, i < SHAPES ? shapes[i] : drawn_shape(stream + 9), stream);
    return r;
}

/* NULL if there is no GPU.  seed: see twin_open. */
static lg_backend *gpu(int seed)
{
    char text[16];
    if (!twin_device()) return NULL;
    snprintf(text, sizeof text, "%d", seed);
    setenv("LOGIT_SIMT_SEED", text, 1);
    return problem_device(twin_device(), 1);
}

static void assert_same(const double *got, const double *want, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(memcmp(&got[i], &want[i], sizeof *got) == 0, "%s: x[%lld] is %a, not %a",
                      what, (long long)i, got[i], want[i]);
}

/* ---------------------------------------------------------------------------------- values --- */

/* Judges x by lift.h, and the float64 backend along with it.  A product's chain of additions may
 * be as long as its sum.  Few numbers of a step may be left out. */
static void assert_true(const lift_rig *r, const double *x, const char *what)
{
    const int64_t count = r->n * r->d;
    lg_backend *const ref = problem_device("ref", 1);
    double *want = rig_doubles(count + 1), *bound = rig_doubles(count + 1);
    double *exact = lift_run(r, ref, 0, r->n);
    char message[NEAR_MESSAGE];
    const int64_t left_out = lift_truth(r, (int)r->lift.in + 1, want, bound);
    ck_assert_msg(left_out <= count / 500, "%lld numbers may fall on either side",
                  (long long)left_out);
    if (near_check(NEAR_PAIR(exact, want, count), (near_bound){.each = bound}, message) != 0)
        ck_abort_msg("%s, %s: %s", lg_lifts[r->lift.kind].name, what, message);
    if (near_check(NEAR_PAIR(x, exact, count), (near_bound){.each = bound}, message) != 0)
        ck_abort_msg("%s, %s: %s", lg_lifts[r->lift.kind].name, what, message);
    free(want);
    free(bound);
    free(exact);
    lg_backend_close(ref);
}

START_TEST(maps_are_right) /* shape */
{
    lg_backend *const backend = twin_skips(_i) ? NULL : gpu(_i);
    if (!backend) return;
    lift_rig r = opened(_i);
    double *x = lift_run(&r, backend, 0, r.n);
    assert_true(&r, x, "drawn");
    free(x);
    lift_close(&r);
    lg_backend_close(backend);
}
END_TEST

/* Nothing but the contrast is left of the deviation; and a window far from zero, where the square
 * of the mean is 2^20 times the variance. */
START_TEST(deviations_hold_at_their_ends) /* shape */
{
    if (twin_skips(_i) || shapes[_i].kind != LG_LIFT_PATCH) return;
    lg_backend *const backend = gpu(_i);
    if (!backend) return;
    lift_rig r = opened(_i);
    const int64_t count = r.n * r.lift.in;
    float *const far = malloc((size_t)(count + 1) * sizeof *far);
    ck_assert_ptr_nonnull(far);
    for (int64_t i = 0; i < count; i++) {
        far[i] = 1024.0f + r.u[i];
        r.u[i] = i / r.lift.in % 2 ? 0.0f : 0.75f;
    }
    double *x = lift_run(&r, backend, 0, r.n);
    assert_true(&r, x, "flat");
    free(x);
    memcpy(r.u, far, (size_t)count * sizeof *far);
    r.lift.contrast = 0x1p-20f;
    x = lift_run(&r, backend, 0, r.n);
    assert_true(&r, x, "far from zero");
    free(x);
    free(far);
    lift_close(&r);
    lg_backend_close(backend);
}
END_TEST

/* ------------------------------------------------------------------------------- same bits --- */

/* Alone, in pairs, in the rest of the batch from there on: first, last, and a few between. */
START_TEST(rows_do_not_know_their_batch) /* shape */
{
    lg_backend *const backend = twin_skips(_i) ? NULL : gpu(_i);
    if (!backend) return;
    lift_rig r = opened(_i);
    double *all = lift_run(&r, backend, 0, r.n);
    const int64_t by = r.n / 3 + 1;
    for (int64_t first = 0; first < r.n; first += by) {
        const int64_t counts[] = {1, r.n - first < 2 ? 1 : 2, r.n - first};
        for (int c = 0; c < 3; c++) {
            double *x = lift_run(&r, backend, first, counts[c]);
            assert_same(x, all + first * r.d, counts[c] * r.d, "in another batch");
            free(x);
        }
    }
    free(all);
    lift_close(&r);
    lg_backend_close(backend);
}
END_TEST

/* What another map left in scratch, and tensor cores for the other products, change nothing. */
START_TEST(no_other_map_and_no_precision_shows) /* shape */
{
    const lg_backend_options how = {.threads = 1,
                                    .precision = (lg_precision)(_i % LG_PRECISION_COUNT)};
    lg_backend *const alone = twin_skips(_i) ? NULL : gpu(_i);
    lg_backend *backend;
    if (!alone) return;
    lift_rig r = opened(_i), other = opened((_i + 7) % SHAPES);
    ck_assert_int_eq(lg_backend_open(&backend, twin_device(), &how, NULL), LOGIT_OK);
    double *want = lift_run(&r, alone, 0, r.n);
    free(lift_run(&other, backend, 0, other.n));
    double *x = lift_run(&r, backend, 0, r.n);
    assert_same(x, want, r.n * r.d, lg_precisions[how.precision].name);
    free(x);
    free(want);
    lift_close(&r);
    lift_close(&other);
    lg_backend_close(backend);
    lg_backend_close(alone);
}
END_TEST

Suite *lg_suite_cuda_lift(void)
{
    Suite *suite = suite_create("cuda_lift");
    TCase *tc = tcase_create("maps");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    tcase_add_loop_test(tc, maps_are_right, 0, SHAPES + RANDOM);
    tcase_add_loop_test(tc, deviations_hold_at_their_ends, 0, SHAPES);
    tcase_add_loop_test(tc, rows_do_not_know_their_batch, 0, SHAPES + RANDOM);
    tcase_add_loop_test(tc, no_other_map_and_no_precision_shows, 0, SHAPES);
    suite_add_tcase(suite, tc);
    return suite;
}
