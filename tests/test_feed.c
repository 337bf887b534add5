/* test_feed.c -- every way of a minibatch to the device gives the same bits.
 *
 * The device "far" is a real backend that says it cannot read host memory: everything must then
 * come through uploads into memory that the backend gave out. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend.h"
#include "tests/fake_set.h"
#include "train/feed.h"
#include "train/problem.h"

Suite *lg_suite_feed(void);

enum { COUNT = 300, BATCH = 32, EPOCHS = 3, OUTPUTS = 10, HALF = 140 };

/* How the set comes to the device. */
typedef struct way {
    const char *name;
    int far;
    int64_t memory; /* of the loader */
    lg_placement placement;
} way;

/* lg_rows as it is defined. */
static logit_status move_rows(lg_backend *backend, const lg_rows *rows, logit_error *err)
{
    (void)backend;
    (void)err;
    for (int64_t i = 0; i < rows->count; i++) {
        uint8_t *slot = (uint8_t *)rows->slot + (size_t)i * rows->bytes;
        if (rows->place[i] < 0) continue;
        uint8_t *kept = (uint8_t *)rows->kept + (size_t)rows->place[i] * rows->bytes;
        memcpy(i < rows->fresh ? kept : slot, i < rows->fresh ? slot : kept, rows->bytes);
    }
    return LOGIT_OK;
}

static void train(lg_feed *feed, lg_problem *problem, int far)
{
    const lg_minibatch *mini;
    lg_scalars *scalars;
    logit_error err;
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        ck_assert_int_eq(lg_feed_start(feed, epoch, 0, &err), LOGIT_OK);
        for (;;) {
            ck_assert_int_eq(lg_feed_next(feed, &mini, &scalars, &err), LOGIT_OK);
            if (!mini) break;
            scalars[0] = (lg_scalars){.lr = 1e-5, .scale = 1.0 / (double)mini->count};
            ck_assert_int_eq(lg_feed_send(feed, &problem->step, &err), LOGIT_OK);
            ck_assert_int_eq(problem->step.batch.pixels != mini->pixels, far);
            ck_assert_int_eq(lg_backend_train_step(problem->backend, &problem->step, &err),
                             LOGIT_OK);
            ck_assert_int_eq(lg_feed_done(feed, &err), LOGIT_OK);
        }
    }
}

/* Trains `loss` on the set over a loader with so much memory; weights go to w and b. */
static void run(fake *f, const way *is, lg_loss loss, int outputs, float *w, float *b)
{
    static int32_t only[COUNT];
    const lg_backend_options how = {.threads = 2};
    lg_loader_options options = fake_options(f, BATCH);
    lg_backend_ops ops;
    lg_backend *backend;
    lg_loader *loader;
    lg_problem *problem;
    lg_feed *feed;
    logit_error err;
    const int64_t d = (int64_t)f->features;
    for (int32_t i = 0; i < COUNT - 7; i++) only[i] = i + (i > 20) + 3 * (i > 200);
    options.only = only; /* as where some are held out */
    options.only_count = COUNT - 7;
    options.memory = is->memory;
    options.skip_bad = 1;
    options.max_bad = 1.0;
    ck_assert_int_eq(lg_backend_open(&backend, "cpu", &how, &err), LOGIT_OK);
    ops = *backend->ops;
    ops.unified = !is->far;
    ops.rows = move_rows;
    backend->ops = &ops;
    ck_assert_int_eq(lg_loader_create(&loader, &options, &err), LOGIT_OK);
    const lg_problem_shape shape = {.features = d,
                                    .batch = BATCH,
                                    .outputs = outputs,
                                    .settings = 1,
                                    .loss = loss,
                                    .optim = LG_OPTIM_SGD};
    const lg_feed_shape fed = {.batch = BATCH, .features = d, .settings = 1, .passes = EPOCHS};
    ck_assert_int_eq(lg_problem_create(&problem, backend, &shape, &err), LOGIT_OK);
    ck_assert_int_eq(lg_feed_create(&feed, backend, loader, &fed, &is->placement, &err), LOGIT_OK);
    train(feed, problem, is->far);
    ck_assert_int_eq(lg_problem_get(problem, 0, w, b, &err), LOGIT_OK);
    lg_feed_destroy(feed);
    lg_problem_destroy(problem);
    lg_loader_destroy(loader);
    lg_backend_close(backend);
}

static const way near = {"pointers into a resident set", 0, FAKE_PLENTY, {0}};
static const way ways[] = {
    {"pointers into slots", 0, 1, {0}},
    {"an uploaded set", 1, FAKE_PLENTY, {LG_PLACE_RESIDENT, COUNT - 7, 3}},
    {"device slots", 1, 1, {LG_PLACE_STREAMED, 0, 3}},
    {"device slots, more of the host", 1, 100000, {LG_PLACE_STREAMED, 0, 2}},
    {"one device slot", 1, 100000, {LG_PLACE_STREAMED, 0, 1}},
    {"device slots, from memory", 1, FAKE_PLENTY, {LG_PLACE_STREAMED, 0, 3}},
    {"a set that is kept", 1, 1, {LG_PLACE_RESIDENT, COUNT - 7, 3}},
    {"half of a set", 1, 100000, {LG_PLACE_PARTIAL, HALF, 3}},
    {"half of a set, from memory", 1, FAKE_PLENTY, {LG_PLACE_PARTIAL, HALF, 1}},
    {"one sample of a set", 1, 1, {LG_PLACE_PARTIAL, 1, 2}},
    {"all but one", 1, 1, {LG_PLACE_PARTIAL, COUNT - 8, 2}},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* weights: every sample its own, and some samples bad.  targets: soft ones instead of labels. */
static void compare(const way *is, int weights, int targets)
{
    fake f;
    const int outputs = targets ? FAKE_TARGETS : OUTPUTS;
    const lg_loss loss = targets ? LG_LOSS_MSE : LG_LOSS_SOFTMAX;
    fake_open(&f, COUNT, fake_shape);
    if (weights) {
        fake_add_weights(&f);
        f.bad_every = 17;
        f.bad_at = 3;
    }
    if (targets) fake_use_targets(&f);
    const size_t bytes = (size_t)outputs * f.features * sizeof(float);
    float *w = malloc(bytes), *other = malloc(bytes), b[OUTPUTS], c[OUTPUTS];
    run(&f, &near, loss, outputs, w, b);
    run(&f, is, loss, outputs, other, c);
    ck_assert_msg(memcmp(w, other, bytes) == 0, "%s", is->name);
    ck_assert_mem_eq(b, c, (size_t)outputs * sizeof(float));
    float moved = 0.0f;
    for (size_t i = 0; i < bytes / sizeof(float); i++) moved += w[i] * w[i];
    ck_assert_float_gt(moved, 0.0f);
    free(w);
    free(other);
    fake_close(&f);
}

START_TEST(every_way_gives_the_same_bits) /* way x weights x targets */
{
    compare(&ways[_i / 4], _i % 2, _i / 2 % 2);
}
END_TEST

Suite *lg_suite_feed(void)
{
    Suite *suite = suite_create("feed");
    TCase *all = tcase_create("ways");
    tcase_add_loop_test(all, every_way_gives_the_same_bits, 0, 4 * WAYS);
    suite_add_tcase(suite, all);
    return suite;
}
