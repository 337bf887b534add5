/* test_cuda_lift_step.c -- training steps of the kernels with a feature map in front.
 *
 * Tests (suite cuda_lift_step).  A whole step beside the float64 backend, and steps that were
 * recorded beside steps that were not: a recording may not allocate, so that what a map needs has
 * to be there once the backend was told of it. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/elements.h"
#include "tests/lift_rig.h"
#include "tests/near.h"
#include "tests/twin_rig.h"

Suite *lg_suite_cuda_lift_step(void);

/* kind, n, height, width, channels, units, size, stride, grid; in <= features.  Less than the rows
 * of a product and more, less than a chunk and more. */
static const lift_shape maps[] = {
    {LG_LIFT_SQUARE, 30, 3, 4, 3, 0, 0, 0, 0},   {LG_LIFT_CROSS, 33, 5, 5, 1, 60, 0, 0, 0},
    {LG_LIFT_RFF, 40, 5, 6, 1, 100, 0, 0, 0},    {LG_LIFT_RFF, 1100, 3, 3, 1, 12, 0, 0, 0},
    {LG_LIFT_SIGMOID, 17, 4, 4, 2, 64, 0, 0, 0}, {LG_LIFT_STEP, 25, 6, 6, 1, 50, 0, 0, 0},
    {LG_LIFT_PATCH, 20, 9, 10, 1, 24, 3, 1, 2},  {LG_LIFT_PATCH, 12, 40, 40, 1, 200, 3, 1, 2},
};
enum { MAPS = sizeof maps / sizeof *maps, OUTPUTS = 5, SETTINGS = 2, STEPS = 3, OWNED = 6 };

/* A step of a map on a backend, and its numbers there. */
typedef struct lifted {
    rig r;
    lg_lift lift;
    void *owned[OWNED];
} lifted;

/* Of losses and weights of 0.1 after STEPS steps of plain float32, four times what was off: 6.7e-7
 * (by far the most: the last map, 1600 features), 1.8e-8. */
static const double LOSS_TOLERANCE = 2.7e-6, WEIGHT_TOLERANCE = 7.2e-8;

static logit_error failure;

static void ok(logit_status status)
{
    if (status != LOGIT_OK) ck_abort_msg("%s", failure.message);
}

static void *put(lifted *of, int i, const void *from, int64_t words)
{
    lg_backend *const backend = of->r.backend;
    const size_t bytes = 4 * (size_t)words;
    ok(backend->ops->alloc(backend, &of->owned[i], bytes + 1, &failure));
    ok(backend->ops->upload(backend, LG_QUEUE_COMPUTE, of->owned[i], from, bytes, &failure));
    ok(backend->ops->sync(backend, &failure));
    return of->owned[i];
}

/* `map` laid out where the step is, u too. */
static void wire(lifted *of, const lift_rig *map)
{
    lg_backend *const backend = of->r.backend;
    const int64_t units = map->lift.units, width = lg_lift_filter_width(&map->lift);
    const size_t u_bytes = (size_t)(map->n * map->lift.in) * (size_t)backend->ops->real_bytes;
    of->lift = map->lift;
    of->lift.filter = put(of, 0, map->filter, units * width);
    of->lift.offset = put(of, 1, map->offset, units);
    of->lift.pair = put(of, 2, map->pair, 2 * units);
    of->lift.scale = put(of, 3, map->scale, map->d);
    of->lift.shift = put(of, 4, map->shift, map->d);
    ok(backend->ops->alloc(backend, &of->owned[5], u_bytes, &failure));
    of->r.step.lift = &of->lift;
    of->r.step.u = of->owned[5];
}

static void open_lifted(lifted *of, lg_backend *backend, const lift_rig *map)
{
    const rig_shape shape = {.n = map->n, .d = map->d, .k = OUTPUTS, .s = SETTINGS};
    uint8_t *const pixels =
        elements_make(LG_ELEMENT_U8, ELEMENTS_TAME, map->n * map->d); /* more than are read */
    float *const numbers = malloc((size_t)map->d * sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    *of = (lifted){.owned = {NULL}};
    rig_open(&of->r, backend, shape);
    wire(of, map);
    rig_give(&of->r, RIG_PIXELS, pixels);
    for (int64_t j = 0; j < map->d; j++) numbers[j] = 1.0f / 128;
    rig_give(&of->r, RIG_SCALE, numbers);
    for (int64_t j = 0; j < map->d; j++) numbers[j] = -1.0f;
    rig_give(&of->r, RIG_SHIFT, numbers);
    problem_tell(&of->r, (problem_truth){.loss = LG_LOSS_SOFTMAX, .weighted = 1});
    problem_give_scalars(&of->r, 4.0 / (double)(map->n * map->d));
    problem_fill(&of->r, RIG_W, 40, -0.1, 0.1);
    problem_fill(&of->r, RIG_B, 41, -0.1, 0.1);
    free(pixels);
    free(numbers);
}

static void close_lifted(lifted *of)
{
    for (int i = 0; i < OWNED; i++) of->r.backend->ops->free(of->r.backend, of->owned[i]);
    rig_close(&of->r);
}

/* 0 if there is no GPU. */
static int open_gpu(lifted *of, const lift_rig *map, lg_precision precision)
{
    const lg_backend_options how = {.threads = 1, .precision = precision};
    lg_backend *backend;
    if (!twin_device()) return 0;
    ok(lg_backend_open(&backend, twin_device(), &how, &failure));
    open_lifted(of, backend, map);
    return 1;
}

static lift_rig map_of(int i)
{
    lift_rig map;
    lift_open(&map, maps[i], 8000 + 10 * (uint32_t)i);
    return map;
}

/* ----------------------------------------------------------------------------------- steps --- */

static void compare(rig *gpu, rig *ref, rig_array array, double tolerance, const char *what)
{
    char message[NEAR_MESSAGE];
    const int64_t count = rig_count(gpu, array);
    double *got = problem_get(gpu, array), *want = problem_get(ref, array);
    const near_bound bound = {.absolute = tolerance};
    if (near_check(NEAR_PAIR(got, want, count), bound, message) != 0)
        ck_abort_msg("%s: %s", what, message);
    free(got);
    free(want);
}

START_TEST(a_step_is_that_of_the_reference) /* map */
{
    lifted gpu, ref;
    lift_rig map = map_of(_i);
    if (open_gpu(&gpu, &map, LG_PRECISION_F32)) {
        open_lifted(&ref, problem_device("ref", 1), &map);
        for (int step = 0; step < STEPS; step++) {
            rig_run(&gpu.r, RIG_OP_STEP);
            rig_run(&ref.r, RIG_OP_STEP);
        }
        compare(&gpu.r, &ref.r, RIG_ROW_LOSS, LOSS_TOLERANCE, "losses");
        compare(&gpu.r, &ref.r, RIG_W, WEIGHT_TOLERANCE, "W");
        compare(&gpu.r, &ref.r, RIG_B, WEIGHT_TOLERANCE, "b");
        close_lifted(&gpu);
        close_lifted(&ref);
    }
    lift_close(&map);
}
END_TEST

/* ------------------------------------------------------------------------------ recordings --- */

/* A map for which scratch grows, run while there is a recording. */
static void run_another_map(lg_backend *backend)
{
    lift_rig larger;
    lift_open(&larger, (lift_shape){LG_LIFT_PATCH, 2, 60, 60, 3, 300, 7, 1, 1}, 9000);
    free(lift_run(&larger, backend, 0, larger.n));
    lift_close(&larger);
    lift_open(&larger, (lift_shape){LG_LIFT_RFF, 2, 50, 50, 3, 1100, 0, 0, 0}, 9100);
    free(lift_run(&larger, backend, 0, larger.n));
    lift_close(&larger);
}

/* Nothing but `prepare` comes before the recording. */
static void record(lifted *of)
{
    lg_backend *const backend = of->r.backend;
    const lg_backend_ops *const ops = backend->ops;
    lg_graph *graph;
    ok(ops->prepare(backend, &of->r.step, &failure));
    ok(ops->graph_begin(backend, &failure));
    ok(lg_backend_train_step(backend, &of->r.step, &failure));
    ok(ops->graph_end(backend, &graph, &failure));
    for (int step = 0; step < STEPS; step++) {
        ok(ops->graph_replay(backend, graph, &failure));
        if (step == 0) run_another_map(backend);
    }
    ok(ops->sync(backend, &failure));
    ops->graph_destroy(backend, graph);
}

START_TEST(recorded_steps_are_the_steps) /* map x precision */
{
    lifted direct, recorded;
    lift_rig map = map_of(_i / LG_PRECISION_COUNT);
    const lg_precision precision = (lg_precision)(_i % LG_PRECISION_COUNT);
    if (!twin_skips(_i) && open_gpu(&direct, &map, precision)) {
        open_gpu(&recorded, &map, precision);
        for (int step = 0; step < STEPS; step++) rig_run(&direct.r, RIG_OP_STEP);
        record(&recorded);
        static const rig_array results[] = {RIG_ROW_LOSS, RIG_X, RIG_W, RIG_B};
        for (size_t a = 0; a < sizeof results / sizeof *results; a++) {
            double *got = problem_get(&recorded.r, results[a]);
            double *want = problem_get(&direct.r, results[a]);
            const size_t bytes = (size_t)rig_count(&direct.r, results[a]) * sizeof *got;
            ck_assert_msg(memcmp(got, want, bytes) == 0, "array %zu differs", a);
            free(got);
            free(want);
        }
        close_lifted(&direct);
        close_lifted(&recorded);
    }
    lift_close(&map);
}
END_TEST

Suite *lg_suite_cuda_lift_step(void)
{
    Suite *suite = suite_create("cuda_lift_step");
    TCase *tc = tcase_create("steps");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    tcase_add_loop_test(tc, a_step_is_that_of_the_reference, 0, MAPS);
    tcase_add_loop_test(tc, recorded_steps_are_the_steps, 0, MAPS * LG_PRECISION_COUNT);
    suite_add_tcase(suite, tc);
    return suite;
}
