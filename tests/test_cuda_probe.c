/* test_cuda_probe.c -- what a device is measured by does what it says; recordings keep what they
 * read; and the environment does not change a precision.
 *
 * Tests (suite cuda_probe).  On the stand-in "simt", or the device that LOGIT_TEST_GPU names. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plugin.h"
#include "core/probe.h"
#include "tests/twin_rig.h"
#include "train/problem.h"

Suite *lg_suite_cuda_probe(void);

enum { D = 37, K = 5, ROWS = 24, FEW = 4 };

/* A problem of ROWS rows, of which FEW are a batch. */
typedef struct bench_rig {
    lg_backend *backend;
    const lg_backend_ops *ops;
    lg_problem *problem;
    void *pixels, *label, *scalars;
} bench_rig;

static logit_error failure;

static void ok(logit_status status)
{
    ck_assert_msg(status == LOGIT_OK, "%s", failure.message);
}

static void *put(bench_rig *r, const void *from, size_t bytes)
{
    void *device;
    ok(r->ops->alloc(r->backend, &device, bytes, &failure));
    ok(r->ops->upload(r->backend, LG_QUEUE_COMPUTE, device, from, bytes, &failure));
    ok(r->ops->sync(r->backend, &failure));
    return device;
}

static void take(bench_rig *r, void *to, const void *device, size_t bytes)
{
    ok(r->ops->download(r->backend, LG_QUEUE_COMPUTE, to, device, bytes, &failure));
    ok(r->ops->sync(r->backend, &failure));
}

static void fill_inputs(bench_rig *r)
{
    uint8_t pixels[ROWS * D];
    int32_t label[ROWS];
    float w[K * D], b[K] = {0.0f};
    const lg_scalars scalars = {.lr = 0.01, .l2 = 0.1, .scale = 1.0 / FEW};
    for (int i = 0; i < ROWS * D; i++) pixels[i] = (uint8_t)(rig_uniform(1, (uint64_t)i, 0, 256));
    for (int i = 0; i < ROWS; i++) label[i] = i % K;
    for (int i = 0; i < K * D; i++) w[i] = (float)rig_uniform(2, (uint64_t)i, -1, 1);
    r->pixels = put(r, pixels, sizeof pixels);
    r->label = put(r, label, sizeof label);
    r->scalars = put(r, &scalars, sizeof scalars);
    ok(lg_problem_put(r->problem, 0, w, b, &failure));
}

/* NULL if there is none. */
static const char *device_name(void)
{
    const char *name = getenv("LOGIT_TEST_GPU");
    if (!name || !*name) name = "simt";
    return strcmp(name, "simt") != 0 || lg_plugin_is_there("simt") ? name : NULL;
}

/* 0 if there is no device. */
static int open_rig(bench_rig *r, lg_precision precision)
{
    const char *const name = device_name();
    const double mean = 0.5, std = 1.0 / 255.0; /* x = u8 - 127.5 */
    if (!name) return 0;
    const lg_backend_options how = {.threads = 1, .precision = precision};
    const lg_problem_shape shape = {.features = D,
                                    .batch = ROWS,
                                    .outputs = K,
                                    .settings = 1,
                                    .loss = LG_LOSS_SOFTMAX,
                                    .optim = LG_OPTIM_SGD};
    *r = (bench_rig){0};
    ok(lg_backend_open(&r->backend, name, &how, &failure));
    r->ops = r->backend->ops;
    ok(lg_problem_create(&r->problem, r->backend, &shape, &failure));
    const lg_normal normal = {.channels = 1, .mean = &mean, .std = &std};
    ok(lg_problem_set_normal(r->problem, &normal, &failure));
    fill_inputs(r);
    r->problem->step.scalars = r->scalars;
    r->problem->step.batch = (lg_batch){.count = FEW, .pixels = r->pixels, .label = r->label};
    return 1;
}

static void close_rig(bench_rig *r)
{
    lg_problem_destroy(r->problem);
    r->ops->free(r->backend, r->pixels);
    r->ops->free(r->backend, r->label);
    r->ops->free(r->backend, r->scalars);
    lg_backend_close(r->backend);
}

START_TEST(copy_copies_and_no_more)
{
    enum { BYTES = 1000, COPIED = 700 };
    uint8_t from[BYTES], to[BYTES], got[BYTES];
    bench_rig r;
    if (!open_rig(&r, LG_PRECISION_F32)) return;
    for (int i = 0; i < BYTES; i++) from[i] = (uint8_t)(i * 7 + 1), to[i] = (uint8_t)(i * 3 + 2);
    void *const a = put(&r, from, BYTES), *const b = put(&r, to, BYTES);
    ok(r.ops->probe->copy(r.backend, (char *)b + 100, a, COPIED, &failure));
    take(&r, got, b, BYTES);
    memcpy(to + 100, from, COPIED);
    ck_assert_mem_eq(got, to, BYTES);
    r.ops->free(r.backend, a);
    r.ops->free(r.backend, b);
    close_rig(&r);
}
END_TEST

/* A chain of them, as it is and recorded, changes nothing and ends. */
START_TEST(launch_does_nothing)
{
    bench_rig r;
    float before[K * D], after[K * D];
    lg_graph *graph;
    if (!open_rig(&r, LG_PRECISION_F32)) return;
    take(&r, before, r.problem->step.w, sizeof before);
    ok(r.ops->graph_begin(r.backend, &failure));
    for (int i = 0; i < 10; i++) ok(r.ops->probe->launch(r.backend, &failure));
    ok(r.ops->graph_end(r.backend, &graph, &failure));
    ok(r.ops->probe->launch(r.backend, &failure));
    ok(r.ops->graph_replay(r.backend, graph, &failure));
    take(&r, after, r.problem->step.w, sizeof after);
    ck_assert_mem_eq(after, before, sizeof before);
    r.ops->graph_destroy(r.backend, graph);
    close_rig(&r);
}
END_TEST

/* With a bias of zero the op `logits` is the product; the op `gradient` is the other. */
START_TEST(products_have_the_bits_of_the_ops) /* precision */
{
    bench_rig r;
    float want[K * D], got[K * D], other[K * D];
    if (!open_rig(&r, (lg_precision)_i)) return;
    const lg_step *step = &r.problem->step;
    const lg_probe_ops *probe = r.ops->probe;
    const size_t z_bytes = FEW * K * sizeof(float);
    ok(r.ops->pixels(r.backend, step, &failure));
    ok(r.ops->logits(r.backend, step, &failure));
    take(&r, want, step->z, z_bytes);
    ok(r.ops->zero(r.backend, LG_QUEUE_COMPUTE, step->z, z_bytes, &failure));
    ok(probe->product(r.backend, step, LG_PRODUCT_LOGITS, 1, &failure));
    take(&r, got, step->z, z_bytes);
    ck_assert_mem_eq(got, want, z_bytes);

    /* Other weights are seen at once where there is no copy, else when they are converted. */
    for (int i = 0; i < K * D; i++) other[i] = (float)rig_uniform(3, (uint64_t)i, -1, 1);
    ok(lg_backend_put(r.backend, step->w, other, K * D, &failure));
    ok(probe->product(r.backend, step, LG_PRODUCT_LOGITS, 0, &failure));
    take(&r, got, step->z, z_bytes);
    ck_assert_int_eq(memcmp(got, want, z_bytes) == 0, _i == LG_PRECISION_BF16);
    ok(probe->product(r.backend, step, LG_PRODUCT_LOGITS, 1, &failure));
    take(&r, got, step->z, z_bytes);
    ck_assert_int_ne(memcmp(got, want, z_bytes), 0);

    ok(r.ops->gradient(r.backend, step, &failure));
    take(&r, want, step->gw, sizeof want);
    ok(r.ops->zero(r.backend, LG_QUEUE_COMPUTE, step->gw, sizeof want, &failure));
    ok(probe->product(r.backend, step, LG_PRODUCT_GRADIENT, 1, &failure));
    take(&r, got, step->gw, sizeof want);
    ck_assert_mem_eq(got, want, sizeof want);
    close_rig(&r);
}
END_TEST

START_TEST(loss_alone_writes_slopes_and_no_sums)
{
    bench_rig r;
    float z[FEW * K], want[FEW * K], got[FEW * K], gb[K];
    if (!open_rig(&r, LG_PRECISION_F32)) return;
    const lg_step *step = &r.problem->step;
    ok(r.ops->pixels(r.backend, step, &failure));
    ok(r.ops->logits(r.backend, step, &failure));
    take(&r, z, step->z, sizeof z);
    ok(r.ops->loss(r.backend, step, &failure));
    take(&r, want, step->z, sizeof want);
    ok(lg_backend_put(r.backend, step->z, z, FEW * K, &failure));
    ok(r.ops->zero(r.backend, LG_QUEUE_COMPUTE, step->gb, sizeof gb, &failure));
    ok(r.ops->probe->loss(r.backend, step, &failure));
    take(&r, got, step->z, sizeof got);
    take(&r, gb, step->gb, sizeof gb);
    ck_assert_mem_eq(got, want, sizeof want);
    for (int c = 0; c < K; c++) ck_assert(gb[c] == 0.0f);
    close_rig(&r);
}
END_TEST

/* ------------------------------------------------------------------------------ recordings --- */

enum { BLOCKS = 8, HALF_BYTES = FEW * D * 2 };

/* Two steps, of which the second is recorded; then an evaluation of more rows, for which scratch
 * memory grows; then the recording again.  Memory that is asked for meanwhile stays as it is. */
static void train_around(bench_rig *r, int evaluates, float *w)
{
    lg_step *step = &r->problem->step;
    uint8_t mark[HALF_BYTES], seen[HALF_BYTES];
    void *block[BLOCKS];
    lg_graph *graph;
    memset(mark, 0xa5, sizeof mark);
    ok(lg_backend_train_step(r->backend, step, &failure));
    ok(r->ops->graph_begin(r->backend, &failure));
    ok(lg_backend_train_step(r->backend, step, &failure));
    ok(r->ops->graph_end(r->backend, &graph, &failure));
    ok(r->ops->graph_replay(r->backend, graph, &failure));
    step->batch.count = ROWS;
    if (evaluates) ok(r->ops->pixels(r->backend, step, &failure));
    if (evaluates) ok(r->ops->logits(r->backend, step, &failure));
    step->batch.count = FEW;
    for (int i = 0; i < BLOCKS; i++) block[i] = put(r, mark, sizeof mark);
    ok(r->ops->graph_replay(r->backend, graph, &failure));
    ok(r->ops->sync(r->backend, &failure));
    for (int i = 0; i < BLOCKS; i++) {
        take(r, seen, block[i], sizeof seen);
        ck_assert_msg(memcmp(seen, mark, sizeof mark) == 0, "the recording wrote in block %d", i);
        r->ops->free(r->backend, block[i]);
    }
    r->ops->graph_destroy(r->backend, graph);
    take(r, w, step->w, K * D * sizeof *w);
}

START_TEST(a_recording_outlives_scratch_that_grows) /* precision */
{
    float alone[K * D], beside[K * D];
    for (int evaluates = 0; evaluates < 2; evaluates++) {
        bench_rig r;
        if (!open_rig(&r, (lg_precision)_i)) return;
        train_around(&r, evaluates, evaluates ? beside : alone);
        close_rig(&r);
    }
    ck_assert_mem_eq(beside, alone, sizeof alone);
}
END_TEST

/* ----------------------------------------------------------------------------- environment --- */

static const struct {
    const char *variable, *value;
    int is_open[LG_PRECISION_COUNT]; /* f32, tf32, bf16 */
} surroundings[] = {
    {"NVIDIA_TF32_OVERRIDE", "1", {0, 1, 1}},
    {"NVIDIA_TF32_OVERRIDE", "0", {1, 0, 1}},
    {"NVIDIA_TF32_OVERRIDE", "", {1, 1, 1}},
    {"CUBLAS_EMULATE_SINGLE_PRECISION", "1", {0, 1, 1}},
    {"CUBLAS_EMULATE_SINGLE_PRECISION", "0", {1, 1, 1}},
};

START_TEST(a_precision_that_the_environment_changes_is_refused) /* surroundings */
{
    for (int p = 0; p < LG_PRECISION_COUNT; p++) {
        const lg_backend_options how = {.threads = 1, .precision = (lg_precision)p};
        lg_backend *backend;
        if (!device_name()) return;
        setenv(surroundings[_i].variable, surroundings[_i].value, 1);
        const logit_status status = lg_backend_open(&backend, device_name(), &how, &failure);
        unsetenv(surroundings[_i].variable);
        ck_assert_int_eq(status, surroundings[_i].is_open[p] ? LOGIT_OK : LOGIT_E_USAGE);
        if (status != LOGIT_OK)
            ck_assert_ptr_nonnull(strstr(failure.message, surroundings[_i].variable));
        lg_backend_close(backend);
    }
}
END_TEST

Suite *lg_suite_cuda_probe(void)
{
    Suite *suite = suite_create("cuda_probe");
    TCase *tc = tcase_create("probe");
    tcase_add_unchecked_fixture(tc, twin_look, NULL);
    tcase_add_test(tc, copy_copies_and_no_more);
    tcase_add_test(tc, launch_does_nothing);
    tcase_add_loop_test(tc, products_have_the_bits_of_the_ops, 0, LG_PRECISION_COUNT);
    tcase_add_test(tc, loss_alone_writes_slopes_and_no_sums);
    tcase_add_loop_test(tc, a_recording_outlives_scratch_that_grows, 0, LG_PRECISION_COUNT);
    tcase_add_loop_test(tc, a_precision_that_the_environment_changes_is_refused, 0,
                        sizeof surroundings / sizeof *surroundings);
    suite_add_tcase(suite, tc);
    return suite;
}
