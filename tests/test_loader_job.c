/* test_loader_job.c -- passes that the caller waits for (preloading, mean and deviation), and that
 * a running loader allocates nothing. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/loader_parts.h"
#include "tests/allocations.h"
#include "tests/fake_set.h"

Suite *lg_suite_loader_job(void);

enum { TIMEOUT = 60, COUNT = 990, BATCH = 32 };

/* --- progress and stopping --- */

typedef struct watcher {
    pthread_t caller;
    int reports, asked, stop_at;
    logit_phase phase;
    int64_t done, total;
} watcher;

static void on_progress(void *user, const logit_progress *progress)
{
    watcher *w = user;
    ck_assert(pthread_equal(w->caller, pthread_self()));
    ck_assert_int_eq(progress->phase, w->phase);
    ck_assert_int_gt(progress->done, w->done);
    ck_assert(isnan(progress->loss));
    w->done = progress->done;
    w->total = progress->total;
    w->reports++;
}

static int on_stop(void *user)
{
    watcher *w = user;
    ck_assert(pthread_equal(w->caller, pthread_self()));
    return ++w->asked == w->stop_at;
}

/* _i: (preloading, sums over a stream, sums over a resident set) x (decoded, copied). */
START_TEST(long_passes_report_and_stop)
{
    fake f;
    logit_error err;
    double mean[3], std[3];
    watcher w = {.caller = pthread_self(), .stop_at = 2};
    const logit_watch watch = {.user = &w, .progress = on_progress, .stop = on_stop};
    fake_open(&f, COUNT, fake_shape);
    f.delay_us = 100;
    const int way = (_i / 3 * FAKE_THREADS + 2) * FAKE_BUDGETS, what = _i % 3;
    lg_loader_options options = fake_way(&f, BATCH, way + (what == 1 ? 1 : 2));
    lg_loader *loader = fake_loader(&options);
    if (what == 2) ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_OK);
    loader->options.watch = &watch;
    for (int round = 0; round < 2; round++) {
        w.phase = what ? LOGIT_PHASE_TUNE : LOGIT_PHASE_READ;
        w.done = 0;
        const logit_status status =
            what ? lg_loader_normal(loader, mean, std, &err) : lg_loader_preload(loader, &err);
        ck_assert_int_eq(status, round ? LOGIT_OK : LOGIT_E_STOPPED);
        if (!round) ck_assert_int_lt(w.done, COUNT);
    }
    ck_assert_int_ge(w.reports, 1);
    ck_assert_int_eq(w.done, COUNT);
    ck_assert_int_eq(w.total, COUNT);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* 256 samples of 10 ms each make the first batch of a pass; stopping does not wait for it, nor for
 * the quarter of it that a thread takes at a time.  _i: decoded, copied. */
START_TEST(stopping_does_not_wait_for_a_batch)
{
    fake f;
    watcher w = {.caller = pthread_self(), .stop_at = 2};
    const logit_watch watch = {.user = &w, .stop = on_stop};
    fake_open(&f, COUNT, fake_shape);
    f.delay_us = 20000;
    if (_i) fake_copy(&f);
    lg_loader_options options = fake_options(&f, BATCH);
    options.watch = &watch;
    options.threads = 1;
    lg_loader *loader = fake_loader(&options);
    const double since = lg_seconds();
    ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_E_STOPPED);
    ck_assert_double_lt(lg_seconds() - since, 0.4);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* --- mean and deviation --- */

static const struct {
    int64_t count;
    lg_image_target shape;
    uint8_t mask;
} normals[] = {
    {1, {1, 1, 1}, 0xFF},     {1, {1, 1, 3}, 0xFF},   {300, {5, 7, 3}, 0xFF},
    {300, {4, 12, 1}, 0xFF},  {300, {4, 4, 3}, 0xFF}, /* 48 bytes */
    {300, {7, 7, 1}, 0x0F},                           /* 49 */
    {200, {16, 17, 3}, 0xF0}, {50, {9, 9, 3}, 0x00},  /* nothing varies: 1 */
    {20000, {2, 2, 3}, 0xFF},                         /* more samples than are looked at */
};
enum { NORMALS = sizeof normals / sizeof *normals };

/* The definition: two passes, in double. */
static void plain_normal(const fake *f, const lg_loader_options *options, int skip, double *mean,
                         double *std)
{
    const int64_t most = LG_LOADER_NORMAL_SAMPLES;
    const int64_t samples = f->set.count < most ? f->set.count : most;
    const size_t channels = (size_t)f->set.shape.channels;
    int32_t *order = malloc((size_t)f->set.count * sizeof *order);
    fake_order(options, 0, order);
    for (size_t c = 0; c < channels; c++) {
        double n = 0.0, sum = 0.0, squares = 0.0;
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t i = 0; i < samples; i++) {
                if (skip && fake_is_bad(f, order[i])) continue;
                for (size_t j = c; j < f->features; j += channels) {
                    const double u = fake_pixel(f, order[i], j) / 255.0;
                    if (pass)
                        squares += (u - mean[c]) * (u - mean[c]);
                    else
                        sum += u, n += 1.0;
                }
            }
            if (!pass) mean[c] = sum / n;
        }
        std[c] = squares > 0.0 ? sqrt(squares / n) : 1.0;
    }
    free(order);
}

/* _i: shapes x ways. */
START_TEST(normal_is_the_plain_definition)
{
    fake f;
    double mean[3], std[3], want_mean[3], want_std[3];
    const int row = _i / FAKE_WAYS;
    fake_open(&f, normals[row].count, normals[row].shape);
    f.value_mask = normals[row].mask;
    f.bad_every = row == 2 ? 10 : 0;
    lg_loader_options options = fake_way(&f, BATCH, _i % FAKE_WAYS);
    options.skip_bad = row == 2;
    options.max_bad = 0.5;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_normal(loader, mean, std, NULL), LOGIT_OK);
    plain_normal(&f, &options, options.skip_bad, want_mean, want_std);
    for (int c = 0; c < f.set.shape.channels; c++) {
        ck_assert_double_eq_tol(mean[c], want_mean[c], 1e-12);
        ck_assert_double_eq_tol(std[c], want_std[c], 1e-12);
    }
    ck_assert_int_eq(lg_loader_bad(loader), f.bad_every ? f.set.count / f.bad_every : 0);
    fake_start(loader, 0, 0); /* and it trains as if nothing had been */
    ck_assert_int_eq(fake_next(loader)->number, 0);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(normal_of_nothing_is_an_error)
{
    fake f;
    double mean[3], std[3];
    logit_error err;
    fake_open(&f, 40, fake_shape);
    f.bad_every = 1;
    lg_loader_options options = fake_way(&f, BATCH, _i);
    options.skip_bad = 1;
    options.max_bad = 1.0;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_normal(loader, mean, std, &err), LOGIT_E_DATA);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* A row so long and so bright that 32 bits would overflow. */
START_TEST(sums_of_a_large_white_image_are_exact)
{
    const size_t bytes = (size_t)48 * 70000 + 30;
    uint8_t *row = malloc(bytes);
    lg_sums sums = {0};
    ck_assert_ptr_nonnull(row);
    memset(row, 255, bytes);
    lg_sums_add(&sums, row, bytes, 3);
    lg_sums_merge(&sums, &sums);
    ck_assert_uint_eq(sums.pixels, 2 * bytes / 3);
    for (int c = 0; c < 3; c++) {
        ck_assert_uint_eq(sums.sum[c], 2 * bytes / 3 * 255);
        ck_assert_uint_eq(sums.square[c], 2 * bytes / 3 * 65025);
    }
    free(row);
}
END_TEST

/* --- allocations --- */

START_TEST(nothing_is_allocated_after_the_first_batch)
{
    fake f;
    void *volatile probe;
    const int64_t before = allocations_count();
    free(probe = malloc(1));
    if (before < 0) {
        if (_i == 0) printf("skipped: allocations are not counted under a sanitizer\n");
        return;
    }
    ck_assert_int_eq(allocations_count(), before + 1);
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 9;
    lg_loader_options options = fake_way(&f, BATCH, _i);
    options.skip_bad = 1;
    options.max_bad = 1.0;
    lg_loader *loader = fake_loader(&options);
    fake_start(loader, 0, 0);
    lg_loader_release(loader, fake_next(loader));
    const int64_t after = allocations_count();
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        const lg_minibatch *batch;
        const logit_status status = lg_loader_start(loader, epoch, epoch, NULL);
        if (status != LOGIT_OK) ck_abort_msg("epoch %d", (int)epoch);
        while (lg_loader_next(loader, &batch, NULL) == LOGIT_OK && batch)
            lg_loader_release(loader, batch);
    }
    ck_assert_int_eq(allocations_count(), after);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Everything that a training run asks of a loader, or the first error. */
static logit_status use(const lg_loader_options *options, logit_error *err)
{
    lg_loader *loader;
    double mean[3], std[3];
    const lg_minibatch *batch = NULL;
    logit_status status = lg_loader_create(&loader, options, err);
    if (status == LOGIT_OK) status = lg_loader_normal(loader, mean, std, err);
    if (status == LOGIT_OK) status = lg_loader_start(loader, 0, 0, err);
    if (status == LOGIT_OK) status = lg_loader_next(loader, &batch, err);
    lg_loader_destroy(loader);
    return status;
}

/* Whichever allocation fails: NOMEM, and everything is given back; or, where many slots were
 * wanted, fewer do as well. */
START_TEST(every_allocation_may_fail)
{
    fake f;
    logit_error err;
    int failed = 0;
    logit_status status = LOGIT_E_NOMEM;
    if (allocations_count() < 0) return; /* the test above says so */
    fake_open(&f, 100, fake_shape);
    f.bad_every = 9;
    lg_loader_options options = fake_way(&f, BATCH, _i);
    options.skip_bad = 1;
    options.max_bad = 1.0;
    for (int n = 1; n <= 40; n++) {
        allocations_fail(n);
        status = use(&options, &err);
        allocations_fail(0);
        failed += status == LOGIT_E_NOMEM;
        ck_assert(status == LOGIT_OK || status == LOGIT_E_NOMEM);
    }
    ck_assert_int_eq(status, LOGIT_OK); /* there are fewer allocations than that */
    ck_assert_int_ge(failed, 6);        /* loader, order, slots, bits, ring, threads and more */
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_job(void)
{
    Suite *suite = suite_create("loader_job");
    TCase *tcase = tcase_create("loader_job");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, long_passes_report_and_stop, 0, 6);
    tcase_add_loop_test(tcase, stopping_does_not_wait_for_a_batch, 0, 2);
    tcase_add_loop_test(tcase, normal_is_the_plain_definition, 0, NORMALS * FAKE_WAYS);
    tcase_add_loop_test(tcase, normal_of_nothing_is_an_error, 0, FAKE_WAYS);
    tcase_add_test(tcase, sums_of_a_large_white_image_are_exact);
    tcase_add_loop_test(tcase, nothing_is_allocated_after_the_first_batch, 0, FAKE_WAYS);
    tcase_add_loop_test(tcase, every_allocation_may_fail, 0, FAKE_WAYS);
    suite_add_tcase(suite, tcase);
    return suite;
}
