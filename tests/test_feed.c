/* test_feed.c -- the three ways of a minibatch to the device give the same bits.
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

enum { COUNT = 300, BATCH = 32, EPOCHS = 2, OUTPUTS = 10 };

/* Trains `loss` on the set over a loader with so much memory; weights go to w and b. */
static void run(fake *f, int far, int64_t memory, lg_loss loss, int outputs, float *w, float *b)
{
    const lg_backend_options how = {.threads = 2};
    lg_loader_options options = fake_options(f, BATCH);
    lg_backend_ops ops;
    lg_backend *backend;
    lg_loader *loader;
    lg_problem *problem;
    lg_feed *feed;
    const lg_minibatch *mini;
    lg_scalars *scalars;
    logit_error err;
    const int64_t d = (int64_t)f->features;
    options.memory = memory;
    options.skip_bad = 1;
    options.max_bad = 1.0;
    ck_assert_int_eq(lg_backend_open(&backend, "cpu", &how, &err), LOGIT_OK);
    ops = *backend->ops;
    ops.unified = !far;
    backend->ops = &ops;
    ck_assert_int_eq(lg_loader_create(&loader, &options, &err), LOGIT_OK);
    const lg_problem_shape shape = {d, BATCH, outputs, 1, loss, LG_OPTIM_SGD, 0, 0};
    const lg_feed_shape fed = {BATCH, f->set.count, d, f->set.target_width, 1};
    ck_assert_int_eq(lg_problem_create(&problem, backend, &shape, &err), LOGIT_OK);
    ck_assert_int_eq(lg_feed_create(&feed, backend, loader, &fed, &err), LOGIT_OK);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        ck_assert_int_eq(lg_feed_start(feed, epoch, 0, &err), LOGIT_OK);
        for (;;) {
            ck_assert_int_eq(lg_feed_next(feed, &mini, &scalars, &err), LOGIT_OK);
            if (!mini) break;
            scalars[0] = (lg_scalars){.lr = 1e-5, .scale = 1.0 / (double)mini->count};
            ck_assert_int_eq(lg_feed_send(feed, &problem->step, &err), LOGIT_OK);
            ck_assert_int_eq(problem->step.batch.pixels != mini->pixels, far);
            ck_assert_int_eq(lg_backend_train_step(backend, &problem->step, &err), LOGIT_OK);
            ck_assert_int_eq(lg_feed_done(feed, &err), LOGIT_OK);
        }
    }
    ck_assert_int_eq(lg_problem_get(problem, 0, w, b, &err), LOGIT_OK);
    lg_feed_destroy(feed);
    lg_problem_destroy(problem);
    lg_loader_destroy(loader);
    lg_backend_close(backend);
}

static const struct {
    const char *name;
    int far;
    int64_t memory;
} ways[] = {
    {"pointers into slots", 0, 1},
    {"an uploaded set", 1, FAKE_PLENTY},
    {"device slots", 1, 1},
};

/* weights: every sample its own, and some samples bad.  targets: soft ones instead of labels. */
static void compare(int way, int weights, int targets)
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
    run(&f, 0, FAKE_PLENTY, loss, outputs, w, b); /* pointers into a resident set */
    run(&f, ways[way].far, ways[way].memory, loss, outputs, other, c);
    ck_assert_msg(memcmp(w, other, bytes) == 0, "%s", ways[way].name);
    ck_assert_mem_eq(b, c, (size_t)outputs * sizeof(float));
    float moved = 0.0f;
    for (size_t i = 0; i < bytes / sizeof(float); i++) moved += w[i] * w[i];
    ck_assert_float_gt(moved, 0.0f);
    free(w);
    free(other);
    fake_close(&f);
}

START_TEST(every_way_gives_the_same_bits)
{
    compare(_i % 3, _i / 3 % 2, _i / 6);
}
END_TEST

Suite *lg_suite_feed(void)
{
    Suite *suite = suite_create("feed");
    TCase *all = tcase_create("ways");
    tcase_add_loop_test(all, every_way_gives_the_same_bits, 0, 12);
    suite_add_tcase(suite, all);
    return suite;
}
