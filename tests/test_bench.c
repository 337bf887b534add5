/* test_bench.c -- floors from ceilings, which lines are asked for, and every line of a GPU's bench
 * on the stand-in: that it is there, not what it says.
 *
 * Tests (suite bench). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin.h"
#include "tests/twin_rig.h"
#include "train/bench.h"
#include "train/open_device.h"
#include "train/settings.h"

Suite *lg_suite_bench(void);

static logit_error failure;

static void ok(logit_status status)
{
    ck_assert_msg(status == LOGIT_OK, "%s", failure.message);
}

/* What was reported. */
enum { MOST = 40 };
static logit_measure line[MOST];
static int lines;

static void keep(void *user, const logit_measure *found)
{
    (void)user;
    ck_assert_int_lt(lines, MOST);
    line[lines++] = *found;
}

static const logit_watch keeper = {.measure = keep};

static void start(void)
{
    lines = 0;
}

/* The line, which must be there once. */
static const logit_measure *said(const char *name, const char *shape)
{
    const logit_measure *found = NULL;
    for (int i = 0; i < lines; i++) {
        if (strcmp(line[i].name, name) != 0 || strcmp(line[i].shape, shape) != 0) continue;
        ck_assert_msg(!found, "%s, %s: twice", name, shape);
        found = &line[i];
    }
    ck_assert_msg(found != NULL, "%s, %s: is not there", name, shape);
    return found;
}

static void is_near(double got, double want)
{
    ck_assert_msg(got == want || fabs(got - want) <= 1e-12 * fabs(want), "%.17g, want %.17g", got,
                  want);
}

/* ---------------------------------------------------------------------------------- floors --- */

/* Round numbers: 100 B/s and 10 B/s, 1000 and 50 fma/s. */
static const lg_ceiling processor = {
    .threads = 2, .read_one = 10, .read_all = 100, .fma_one = 50, .fma_all = 1000};

static const struct {
    lg_work work;
    double rate; /* a second; infinite: there is no floor */
    const char *bound;
} on_processor[] = {
    {{.bytes = 20}, 5.0, "memory"},
    {{.multiply_adds = 4000}, 0.25, "arithmetic"},
    {{.bytes = 20, .multiply_adds = 4000}, 0.25, "arithmetic"},
    {{.bytes = 900, .multiply_adds = 4000}, 1.0 / 9.0, "memory"},
    {{.bytes = 20, .multiply_adds = 50, .threads_one = 1}, 0.5, "memory"},
    {{.bytes = 1, .multiply_adds = 500, .threads_one = 1}, 0.1, "arithmetic"},
    {{.bytes = 20, .products = 4000}, 0.1, "matmul"},
    {{.bytes = 0}, INFINITY, ""},
};

START_TEST(floors_of_a_processor)
{
    const lg_bench bench = {.ceiling = processor, .matmul = 400};
    const char *bound;
    is_near(lg_bench_floor(&bench, &on_processor[_i].work, &bound), on_processor[_i].rate);
    ck_assert_str_eq(bound, on_processor[_i].bound);
}
END_TEST

static const lg_device_ceiling device = {
    .copy = 4e12, .pinned = 5e10, .fma = {2e13, 1e14, 4e14}, .launch = 4e-6, .node = 1e-6};

static const struct {
    lg_precision precision;
    lg_work work;
    double seconds;
    const char *bound;
} on_device[] = {
    {LG_PRECISION_F32, {.bytes = 4e9}, 1e-3, "memory"},
    {LG_PRECISION_F32, {.bytes = 4e9, .multiply_adds = 4e10}, 2e-3, "arithmetic"},
    {LG_PRECISION_TF32, {.bytes = 4e6, .multiply_adds = 4e10}, 4e-4, "tensor"},
    {LG_PRECISION_BF16, {.bytes = 4e6, .multiply_adds = 4e10}, 1e-4, "tensor"},
    {LG_PRECISION_BF16, {.bytes = 4e6, .products = 4e10}, 1e-4, "matmul"},
    {LG_PRECISION_BF16, {.bytes = 4e6, .multiply_adds = 4e6, .nodes = 3}, 3e-6, "latency"},
    {LG_PRECISION_BF16, {.bytes = 4e6, .multiply_adds = 4e6, .launches = 3}, 12e-6, "latency"},
    {LG_PRECISION_BF16, {.nodes = 2, .launches = 3}, 14e-6, "latency"},
    {LG_PRECISION_F32, {.bytes = 5e7, .streamed = 5e7, .nodes = 3}, 1e-3, "bus"},
};

/* The processor's ceilings do not count there. */
START_TEST(floors_of_a_device)
{
    const lg_bench bench = {
        .ceiling = processor, .device = device, .precision = on_device[_i].precision};
    const char *bound;
    is_near(1.0 / lg_bench_floor(&bench, &on_device[_i].work, &bound), on_device[_i].seconds);
    ck_assert_str_eq(bound, on_device[_i].bound);
}
END_TEST

START_TEST(times_are_in_their_unit)
{
    const lg_bench bench = {.device = device, .watch = &keeper};
    const lg_work work = {.bytes = 4e9};
    lg_bench_report_time(&bench, "a", "us", "us", 2e-3, &work);
    lg_bench_report_time(&bench, "a", "ms", "ms", 2e-3, &work);
    lg_bench_report_time(&bench, "a", "none", "ms", 2e-3, NULL);
    is_near(said("a", "us")->value, 2000.0);
    is_near(said("a", "us")->floor, 1000.0);
    is_near(said("a", "ms")->value, 2.0);
    is_near(said("a", "ms")->floor, 1.0);
    ck_assert(isnan(said("a", "none")->floor));
    ck_assert_str_eq(said("a", "none")->bound, "");
}
END_TEST

START_TEST(lines_are_picked_by_name_and_shape)
{
    lg_bench bench = {.watch = &keeper};
    ck_assert(lg_bench_wants(&bench, "loss kernel", "8192 x 10"));
    bench.only = "kernel, 8192";
    ck_assert(lg_bench_wants(&bench, "loss kernel", "8192 x 10"));
    ck_assert(!lg_bench_wants(&bench, "loss kernel", "128 x 10"));
    lg_bench_report(&bench, "loss", "128", "us", 1.0, NULL);
    ck_assert_int_eq(lines, 0);
}
END_TEST

START_TEST(what_has_no_room_is_left_out_and_said)
{
    const lg_bench bench = {.watch = &keeper};
    ck_assert_int_eq(lg_bench_leave_out(&bench, "a", "b", LOGIT_E_NOMEM), LOGIT_OK);
    ck_assert(isnan(said("a", "b")->value) && isnan(said("a", "b")->floor));
    ck_assert_str_eq(said("a", "b")->bound, "there is no room");
    ck_assert_int_eq(lg_bench_leave_out(&bench, "a", "c", LOGIT_E_DEVICE), LOGIT_E_DEVICE);
    ck_assert_int_eq(lines, 1);
}
END_TEST

static int asked;

static int stop_from_the_third(void *user)
{
    (void)user;
    return ++asked >= 3;
}

static logit_status count_call(void *argument, logit_error *err)
{
    (void)err;
    ++*(int *)argument;
    return LOGIT_OK;
}

/* Between two calls, not after an hour; a line that is not finished is not told. */
START_TEST(whoever_watches_can_stop_it)
{
    static const logit_watch watch = {.measure = keep, .stop = stop_from_the_third};
    const lg_bench patient = {.watch = &watch, .seconds = 3600.0};
    lg_ceiling ceiling;
    double rate;
    int calls = 0;
    asked = 0;
    ck_assert_int_eq(lg_bench_time(&patient, count_call, &calls, &rate, &failure), LOGIT_E_STOPPED);
    ck_assert_int_eq(calls, 4); /* one to warm up */
    asked = 0;
    ck_assert_int_eq(lg_ceiling_measure(&ceiling, 1, 3600.0, &watch, &failure), LOGIT_E_STOPPED);
    ck_assert_int_eq(lines, 0);
}
END_TEST

/* ----------------------------------------------------------------------- lines of a device --- */

static logit_options options;
static lg_bench bench;

/* The device of the kernels' tests; NULL if there is none.  Rates of its copies and products are
 * those above, so that lines have floors. */
static lg_backend *open_device(const char *precision)
{
    lg_backend *backend;
    const char *name = getenv("LOGIT_TEST_GPU");
    if (!name || !*name) name = "simt";
    if (strcmp(name, "simt") == 0 && !lg_plugin_is_there("simt")) return NULL;
    logit_options_default(&options);
    options.device = name;
    options.precision = precision;
    ok(lg_options_settle(&options, &failure));
    bench = (lg_bench){.options = &options,
                       .seconds = 1e-9,
                       .precision = lg_precision_find(precision),
                       .device = device,
                       .watch = &keeper};
    ok(lg_open_device(&backend, &options, 0, NULL, &failure));
    return backend;
}

static void is_measured(const char *name, const char *shape, const char *unit)
{
    const logit_measure *found = said(name, shape);
    ck_assert_str_eq(found->unit, unit);
    ck_assert_msg(found->value > 0.0 && isfinite(found->value), "%s, %s: %g", name, shape,
                  found->value);
}

START_TEST(ceilings_are_measured) /* precision */
{
    static const lg_device_sizes small = {
        .copy = {4000, 2000000}, .host = 2000, .matmul = {3, 4}, .chain = 5};
    lg_backend *backend = open_device(lg_precisions[_i].name);
    char name[64];
    if (!backend) return;
    memset(&bench.device, 0, sizeof bench.device);
    ok(lg_device_ceiling_measure(&bench, backend, &small, &failure));
    is_measured("ceiling: device copy", "4.00 KB, read and written", "GB/s");
    is_measured("ceiling: device copy", "2.00 MB, read and written", "GB/s");
    is_measured("ceiling: host copy", "2.00 KB, page-locked", "GB/s");
    is_measured("ceiling: host copy", "2.00 KB, pageable", "GB/s");
    is_measured("ceiling: launch", "5 empty kernels", "us");
    is_measured("ceiling: graph node", "5 empty kernels", "us");
    for (int p = 0; p < LG_PRECISION_COUNT; p++) {
        snprintf(name, sizeof name, "ceiling: matmul %s", lg_precisions[p].name);
        is_measured(name, "3 x 3 x 3", "TFLOP/s");
        is_measured(name, "4 x 4 x 4", "TFLOP/s");
        ck_assert(bench.device.fma[p] > 0.0);
    }
    const lg_device_ceiling *c = &bench.device;
    ck_assert(c->copy > 0 && c->pinned > 0 && c->pageable > 0 && c->launch > 0 && c->node > 0);
    lg_backend_close(backend);
}
END_TEST

/* Without the lines the figures are there all the same: floors are made of them. */
START_TEST(ceilings_that_floors_need_are_measured_in_any_case)
{
    static const lg_device_sizes small = {
        .copy = {4000, 4000}, .host = 2000, .matmul = {3, 4}, .chain = 5};
    lg_backend *backend = open_device("tf32");
    if (!backend) return;
    memset(&bench.device, 0, sizeof bench.device);
    bench.only = "nothing of the kind";
    ok(lg_device_ceiling_measure(&bench, backend, &small, &failure));
    const lg_device_ceiling *c = &bench.device;
    ck_assert(c->copy > 0 && c->pinned > 0 && c->launch > 0 && c->node > 0);
    ck_assert(c->fma[LG_PRECISION_TF32] > 0.0);
    ck_assert_int_eq(lines, 0);
    lg_backend_close(backend);
}
END_TEST

START_TEST(parts_and_steps_are_measured) /* loss */
{
    static const char *const parts[] = {"pixels",      "logits",           "loss",
                                        "gradient",    "update",           "step, op by op",
                                        "step, fused", "step, burst of 64"};
    const lg_bench_shape shape = {"small", 5, 4, 20, 2, (lg_loss)_i, LG_BENCH_GPU};
    lg_backend *backend = open_device("f32");
    if (!backend) return;
    ok(lg_bench_steps(&bench, backend, &shape, &failure));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) is_measured(parts[i], "small", "us");
    ck_assert_int_eq(lines, sizeof parts / sizeof *parts);
    is_near(said("step, burst of 64", "small")->floor, 3.0); /* nodes of 1 us */
    is_near(said("step, fused", "small")->floor, 12.0);      /* launches of 4 us */
    ck_assert_str_eq(said("update", "small")->bound, "latency");
    bench.only = "update, small";
    ok(lg_bench_steps(&bench, backend, &shape, &failure));
    ck_assert_int_eq(lines, 1 + sizeof parts / sizeof *parts);
    lg_backend_close(backend);
}
END_TEST

START_TEST(products_are_measured) /* precision */
{
    lg_backend *backend = open_device(lg_precisions[_i].name);
    if (!backend) return;
    ok(lg_bench_products(&bench, backend, 4, 7, 3, &failure));
    is_measured("product, logits", "4 x 7 x 3", "us");
    is_measured("product, gradient", "4 x 7 x 3", "us");
    ck_assert_int_eq(lines, 2);
    lg_backend_close(backend);
}
END_TEST

/* Three matrices of logits, gone round. */
START_TEST(loss_kernels_are_measured)
{
    lg_backend *backend = open_device("f32");
    if (!backend) return;
    bench.device.copy = 1e6; /* it binds: 8 bytes an element */
    ok(lg_bench_loss(&bench, backend, 40, 30, 3 * 40 * 30 * 4, &failure));
    is_measured("loss kernel", "40 x 30", "us");
    is_near(said("loss kernel", "40 x 30")->floor, 40 * 30 * 8);
    ck_assert_str_eq(said("loss kernel", "40 x 30")->bound, "memory");
    lg_backend_close(backend);
}
END_TEST

static const lg_bench_course courses[] = {
    {"small", {3, 2, 1}, 130, 1, 3, 1, 0, LG_BENCH_GPU},
    {"small", {3, 2, 3}, 50, 16, 2, 1, 1, LG_BENCH_GPU},
    {"small", {3, 2, 1}, 50, 16, 3, 4, 0, LG_BENCH_GPU},
};
static const struct {
    const char *name;
    double floor; /* ms */
} epochs[] = {
    {"epoch, resident", 130 * 3 * 1e-3}, /* nodes of 1 us */
    {"epoch, streamed", 4 * 3 * 4e-3},   /* launches of 4 us */
    {"epoch, grid of 4", 4 * 3 * 1e-3},
};

START_TEST(epochs_are_measured) /* course */
{
    lg_backend *backend = open_device("f32");
    if (!backend) return;
    lg_backend_close(backend); /* the trainer has its own */
    ok(lg_bench_epoch(&bench, &courses[_i], &failure));
    is_measured(epochs[_i].name, "small", "ms");
    is_near(said(epochs[_i].name, "small")->floor, epochs[_i].floor);
    ck_assert_int_eq(lines, 1);
}
END_TEST

START_TEST(epochs_of_the_processor_are_measured)
{
    logit_options_default(&options);
    options.device = "cpu";
    ok(lg_options_settle(&options, &failure));
    bench = (lg_bench){.options = &options, .ceiling = processor, .watch = &keeper};
    ok(lg_bench_epoch(&bench, &courses[1], &failure));
    is_measured("epoch, streamed", "small", "ms");
    is_near(said("epoch, streamed", "small")->floor, 50 * 18 / 100.0 * 1e3); /* its bytes */
}
END_TEST

START_TEST(a_grid_is_measured_beside_its_runs)
{
    static const lg_bench_course four = {"small", {3, 2, 1}, 50, 16, 3, 4, 0, LG_BENCH_CPU};
    logit_options_default(&options);
    options.device = "cpu";
    ok(lg_options_settle(&options, &failure));
    bench = (lg_bench){.options = &options, .ceiling = processor, .watch = &keeper};
    ok(lg_bench_grid(&bench, &four, &failure));
    is_measured("grid, 4 settings", "small", "ms");
    is_measured("grid, 4 runs", "small", "ms");
    is_near(said("grid, share", "small")->value,
            said("grid, 4 settings", "small")->value / said("grid, 4 runs", "small")->value);
    bench.only = "something else";
    ok(lg_bench_grid(&bench, &four, &failure));
    ck_assert_int_eq(lines, 3);
}
END_TEST

/* ------------------------------------------------------------------------------------ sets --- */

START_TEST(sets_hand_out_the_bytes_they_hold) /* lies in memory or not */
{
    lg_dataset *data;
    uint8_t sample[15];
    int seen[4] = {0};
    ok(lg_bench_set(&data, 101, (lg_image_target){5, 1, 3}, 4, _i, &failure));
    const lg_set *set = data->part[LG_PART_TRAIN];
    ck_assert_int_eq(set->resident != NULL, _i);
    for (int64_t i = 0; i < set->count; i++) {
        ok(set->ops->read(set, i, NULL, sample, &failure));
        ck_assert_mem_eq(sample, lg_bench_set_pixels(set) + i * 15, sizeof sample);
        ck_assert(set->label[i] >= 0 && set->label[i] < 4);
        seen[set->label[i]]++;
    }
    for (int c = 0; c < 4; c++) ck_assert_int_gt(seen[c], 0);
    lg_dataset_close(data);
}
END_TEST

Suite *lg_suite_bench(void)
{
    Suite *suite = suite_create("bench");
    TCase *tc = tcase_create("bench");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    tcase_add_checked_fixture(tc, start, NULL);
    tcase_add_loop_test(tc, floors_of_a_processor, 0, sizeof on_processor / sizeof *on_processor);
    tcase_add_loop_test(tc, floors_of_a_device, 0, sizeof on_device / sizeof *on_device);
    tcase_add_test(tc, whoever_watches_can_stop_it);
    tcase_add_test(tc, times_are_in_their_unit);
    tcase_add_test(tc, lines_are_picked_by_name_and_shape);
    tcase_add_test(tc, what_has_no_room_is_left_out_and_said);
    tcase_add_loop_test(tc, ceilings_are_measured, 0, LG_PRECISION_COUNT);
    tcase_add_test(tc, ceilings_that_floors_need_are_measured_in_any_case);
    tcase_add_loop_test(tc, parts_and_steps_are_measured, 0, LG_LOSS_COUNT);
    tcase_add_loop_test(tc, products_are_measured, 0, LG_PRECISION_COUNT);
    tcase_add_test(tc, loss_kernels_are_measured);
    tcase_add_test(tc, a_grid_is_measured_beside_its_runs);
    tcase_add_loop_test(tc, epochs_are_measured, 0, sizeof courses / sizeof *courses);
    tcase_add_test(tc, epochs_of_the_processor_are_measured);
    tcase_add_loop_test(tc, sets_hand_out_the_bytes_they_hold, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
