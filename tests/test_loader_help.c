/* test_loader_help.c -- a caller that has to wait for samples that are merely copied copies some
 * itself, and nothing else changes.
 *
 * Tests (suite loader_help). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader_help(void);

enum {
    COUNT = 3000,
    BATCH = 16,
    MEMORY = 100000, /* more slots than threads, so that some are left for the caller */
    NAP_US = 2000,
    PATIENCE_US = 5000000
};

static pthread_t caller;
static atomic_int by_caller, by_crew; /* rows */
static int64_t most_of_caller;        /* rows at once */

static void wait_for(atomic_int *rows)
{
    for (int us = 0; atomic_load(rows) == 0 && us < PATIENCE_US; us += 100) usleep(100);
}

/* Whoever comes first, crew or caller, stands still until the other has come too; the caller's
 * first row takes NAP_US at least. */
static void meet(void)
{
    if (!pthread_equal(pthread_self(), caller)) {
        atomic_fetch_add(&by_crew, 1);
        wait_for(&by_caller);
    } else if (atomic_fetch_add(&by_caller, 1) == 0) {
        usleep(NAP_US);
        wait_for(&by_crew);
    }
}

static logit_status read_rows(const lg_set *set, const int32_t *sample, int64_t n,
                              lg_decoder *decoder, uint8_t *out, int64_t *good, logit_error *err)
{
    const fake *f = set->own;
    if (pthread_equal(pthread_self(), caller) && n > most_of_caller) most_of_caller = n;
    for (*good = 0; *good < n; ++*good) {
        meet();
        const logit_status status =
            set->ops->read(set, sample[*good], decoder, out + (size_t)*good * f->features, err);
        if (status != LOGIT_OK) return status;
    }
    return LOGIT_OK;
}

static logit_status read_one(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                             logit_error *err)
{
    fake *f = set->own;
    (void)decoder;
    (void)err;
    atomic_fetch_add(pthread_equal(pthread_self(), caller) ? &by_caller : &by_crew, 1);
    for (size_t j = 0; j < f->features; j++) out[j] = fake_pixel(f, i, j);
    return LOGIT_OK;
}

static void begin(void)
{
    caller = pthread_self();
    by_caller = by_crew = 0;
    most_of_caller = 0;
}

static void walk(const fake *f, lg_loader *loader, const lg_loader_options *options)
{
    int32_t order[COUNT];
    const lg_minibatch *mini;
    int64_t seen = 0;
    fake_order(options, 0, order);
    fake_start(loader, 0, 0);
    while ((mini = fake_next(loader)) != NULL) {
        fake_assert_batch(f, mini, order + seen, mini->count, options->skip_bad);
        seen += mini->count;
        lg_loader_release(loader, mini);
    }
    ck_assert_int_eq(seen, COUNT);
}

/* _i: threads x without and with bad samples. */
START_TEST(a_caller_that_waits_copies)
{
    fake f;
    fake_open(&f, COUNT, fake_shape);
    lg_set_ops ops = *f.set.ops;
    ops.read_rows = read_rows;
    f.set.ops = &ops;
    lg_loader_options options = fake_way(&f, BATCH, _i / 2 * FAKE_BUDGETS);
    options.memory = MEMORY;
    if (_i % 2) {
        f.bad_every = 7;
        options.skip_bad = 1;
        options.max_bad = 1.0;
    }
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_gt(lg_loader_slots(loader), options.threads);
    walk(&f, loader, &options);
    ck_assert_int_gt(by_caller, 0);
    ck_assert_int_gt(by_crew, 0);
    ck_assert_int_eq(by_caller + by_crew, COUNT);
    ck_assert_double_ge(lg_loader_waited(loader), 1e-6 * NAP_US); /* to copy is to wait */
    if (_i % 2) ck_assert_int_eq(lg_loader_bad(loader), (COUNT + 6) / 7);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* 64 rows of 4 kB are a thread's piece, half as many the caller's, which may be wanted elsewhere.
 */
START_TEST(a_caller_takes_little_at_a_time)
{
    fake f;
    fake_open(&f, COUNT, (lg_image_target){64, 64, 1});
    lg_set_ops ops = *f.set.ops;
    ops.read_rows = read_rows;
    f.set.ops = &ops;
    lg_loader_options options = fake_way(&f, 16 * BATCH, 0);
    lg_loader *loader = fake_loader(&options);
    walk(&f, loader, &options);
    ck_assert_int_gt(most_of_caller, 0);
    ck_assert_int_le(most_of_caller, 32);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* A file may take long to decode; whoever waits must be free when its batch is there. */
START_TEST(what_is_decoded_is_the_crews)
{
    fake f;
    fake_open(&f, COUNT, fake_shape);
    lg_set_ops ops = *f.set.ops;
    ops.read = read_one;
    f.set.ops = &ops;
    const lg_loader_options options = fake_way(&f, BATCH, _i * FAKE_BUDGETS);
    lg_loader *loader = fake_loader(&options);
    walk(&f, loader, &options);
    ck_assert_int_eq(by_caller, 0);
    ck_assert_int_eq(by_crew, COUNT);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_help(void)
{
    Suite *suite = suite_create("loader_help");
    TCase *tcase = tcase_create("loader_help");
    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_caller_that_waits_copies, 0, 2 * FAKE_THREADS);
    tcase_add_test(tcase, a_caller_takes_little_at_a_time);
    tcase_add_loop_test(tcase, what_is_decoded_is_the_crews, 0, FAKE_THREADS);
    suite_add_tcase(suite, tcase);
    return suite;
}
