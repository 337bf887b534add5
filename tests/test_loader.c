/* test_loader.c -- minibatches: the same bytes, labels and order whatever the threads, the slots
 * and the place where the images live.
 *
 * The set is fake_set.c's; every batch is judged byte by byte.  What the loader
 * refuses and where it lives: test_loader_plan.c; preloading, sums, bad samples: test_loader_job.c.
 */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader(void);

enum { MOST = 2000, TIMEOUT = 60, SLOTS = 16 };

/* What an epoch should hold. */
typedef struct wanted {
    const fake *f;
    int64_t batch, count, batches;
    int32_t order[MOST];
} wanted;

static wanted want(const fake *f, const lg_loader_options *options, uint32_t epoch)
{
    wanted w = {.f = f, .batch = options->batch};
    w.count = options->only ? options->only_count : f->set.count;
    w.batches = (w.count + w.batch - 1) / w.batch;
    ck_assert_int_le(w.count, MOST);
    lg_order_fill(w.order, options->only, w.count, options->shuffle, options->seed, epoch);
    return w;
}

static void assert_batch(const wanted *w, const lg_minibatch *batch, int64_t number)
{
    const int64_t begin = number * w->batch, left = w->count - begin;
    ck_assert_ptr_nonnull(batch);
    ck_assert_int_eq(batch->number, number);
    fake_assert_batch(w->f, batch, w->order + begin, left < w->batch ? left : w->batch, 0);
}

/* The epoch that was started, from batch `first`, to its end. */
static void assert_epoch(lg_loader *loader, const wanted *w, int64_t first)
{
    ck_assert_int_eq(lg_loader_batches(loader), w->batches);
    ck_assert_int_eq(lg_loader_count(loader), w->count);
    ck_assert_mem_eq(lg_loader_order(loader), w->order, (size_t)w->count * sizeof(int32_t));
    for (int64_t b = first; b < w->batches; b++) {
        const lg_minibatch *batch = fake_next(loader);
        assert_batch(w, batch, b);
        lg_loader_release(loader, batch);
    }
    ck_assert_ptr_null(fake_next(loader));
    ck_assert_ptr_null(fake_next(loader));
}

static void assert_epochs(const fake *f, const lg_loader_options *options, uint32_t epochs)
{
    lg_loader *loader = fake_loader(options);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        const wanted w = want(f, options, epoch);
        fake_start(loader, epoch, 0);
        assert_epoch(loader, &w, 0);
    }
    lg_loader_destroy(loader);
}

/* --- the same, whatever --- */

static const int thread_counts[] = {1, 2, 3, 8};
enum { THREADS = sizeof thread_counts / sizeof *thread_counts };
/* Budgets in bytes: none (two slots), some slots, more than enough for slots, all resident. */
static const int64_t budgets[] = {0, 20000, 30000, 64000, FAKE_PLENTY};
static const int slots_wanted[] = {2, 5, 8, 16, 16};
enum { BUDGETS = sizeof budgets / sizeof *budgets };

/* _i: (decoded, copied) x threads x budgets.  32 samples of 105 bytes make a slot of 3.7 kB, the
 * set 104 kB. */
START_TEST(batches_do_not_depend_on_threads_slots_or_place)
{
    fake f;
    fake_open(&f, 990, fake_shape);
    f.delay_us = 40;
    lg_loader_options options = fake_options(&f, 32);
    if (_i >= THREADS * BUDGETS) fake_copy(&f);
    options.threads = thread_counts[_i / BUDGETS % THREADS];
    options.memory = budgets[_i % BUDGETS];
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_slots(loader), slots_wanted[_i % BUDGETS]);
    ck_assert_int_eq(lg_loader_is_resident(loader), budgets[_i % BUDGETS] == FAKE_PLENTY);
    lg_loader_destroy(loader);
    assert_epochs(&f, &options, 2);
    fake_close(&f);
}
END_TEST

/* Shapes of an epoch. */
static const struct {
    int64_t count, batch;
} cuts[] = {
    {64, 32},  /* even */
    {65, 32},  /* one left over */
    {63, 32},  /* one short */
    {10, 100}, /* the batch is larger than the set */
    {1, 1},    {1, 128}, {50, 1}, {1000, 999},
};
enum { CUTS = sizeof cuts / sizeof *cuts };

/* _i: cuts x (streamed, resident). */
START_TEST(every_cut_of_an_epoch)
{
    fake f;
    fake_open(&f, cuts[_i / 2].count, fake_shape);
    lg_loader_options options = fake_options(&f, cuts[_i / 2].batch);
    options.memory = _i % 2 ? FAKE_PLENTY : 0;
    assert_epochs(&f, &options, 2);
    options.shuffle = LG_SHUFFLE_NONE;
    assert_epochs(&f, &options, 1);
    fake_close(&f);
}
END_TEST

START_TEST(an_empty_set_has_no_batches)
{
    fake f;
    fake_open(&f, 0, fake_shape);
    lg_loader_options options = fake_options(&f, 4);
    options.memory = _i ? FAKE_PLENTY : 0;
    assert_epochs(&f, &options, 1);
    fake_close(&f);
}
END_TEST

/* _i: bit 0 resident, bit 1 weights, bit 2 targets, bit 3 held by the format. */
START_TEST(answers_and_weights_come_along)
{
    fake f;
    fake_open(&f, 300, fake_shape);
    if (_i & 2) fake_add_weights(&f);
    if (_i & 4) fake_use_targets(&f);
    if (_i & 8) fake_hold(&f);
    lg_loader_options options = fake_options(&f, 40);
    options.memory = _i & 1 ? FAKE_PLENTY : 0;
    assert_epochs(&f, &options, 1);
    fake_close(&f);
}
END_TEST

START_TEST(only_some_samples)
{
    fake f;
    int32_t only[100];
    fake_open(&f, 1000, fake_shape);
    for (int32_t i = 0; i < 100; i++) only[i] = 999 - 9 * i;
    lg_loader_options options = fake_options(&f, 30);
    options.only = only;
    options.only_count = 100;
    options.memory = _i ? 100 * (int64_t)f.features : 100 * (int64_t)f.features - 1;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_is_resident(loader), _i);
    lg_loader_destroy(loader);
    assert_epochs(&f, &options, 2);
    if (_i) ck_assert_int_eq(atomic_load(&f.reads), 100); /* once, and nothing else */
    fake_close(&f);
}
END_TEST

START_TEST(what_the_format_holds_is_neither_read_nor_copied)
{
    fake f;
    fake_open(&f, 100, fake_shape);
    fake_hold(&f);
    lg_loader_options options = fake_options(&f, 10);
    options.memory = 0;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_is_resident(loader), 1);
    ck_assert_ptr_eq(lg_loader_resident_pixels(loader), f.set.resident);
    fake_start(loader, 0, 0);
    const lg_minibatch *batch = fake_next(loader);
    ck_assert_ptr_eq(batch->pixels, f.set.resident);
    ck_assert_ptr_eq(batch->label, f.set.label);
    lg_loader_destroy(loader);
    ck_assert_int_eq(atomic_load(&f.reads), 0);
    fake_close(&f);
}
END_TEST

/* --- starting, holding, leaving --- */

/* _i: bit 0 resident, bit 1 copied. */
START_TEST(an_epoch_may_begin_anywhere_and_be_left_anywhere)
{
    fake f;
    fake_open(&f, 333, fake_shape);
    lg_loader_options options = fake_options(&f, 20);
    options.threads = 3;
    options.memory = _i % 2 ? FAKE_PLENTY : 10000;
    if (_i / 2) fake_copy(&f);
    lg_loader *loader = fake_loader(&options);
    ck_assert_ptr_null(fake_next(loader)); /* nothing before the first start */
    for (uint32_t epoch = 0; epoch < 18; epoch++) {
        const wanted w = want(&f, &options, epoch);
        fake_start(loader, epoch, epoch); /* 17 batches: the last one begins at the end */
        assert_epoch(loader, &w, epoch);
        fake_start(loader, epoch, 0);
        for (int64_t b = 0; b < epoch; b++) {
            const lg_minibatch *batch = fake_next(loader);
            assert_batch(&w, batch, b);
            if (b % 3 != 2 || epoch > 2) lg_loader_release(loader, batch); /* some stay held */
        }
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* _i: (decoded, copied) x budgets. */
START_TEST(several_batches_can_be_held)
{
    fake f;
    const lg_minibatch *held[SLOTS];
    fake_open(&f, 990, fake_shape);
    lg_loader_options options = fake_options(&f, 20);
    options.memory = budgets[_i % BUDGETS];
    if (_i >= BUDGETS) fake_copy(&f);
    lg_loader *loader = fake_loader(&options);
    const int most = lg_loader_slots(loader) - 1;
    const wanted w = want(&f, &options, 5);
    fake_start(loader, 5, 0);
    for (int64_t b = 0; b < w.batches; b++) {
        held[b % SLOTS] = fake_next(loader);
        if (b < most - 1) continue;
        usleep(200); /* time to overwrite what must not be overwritten */
        for (int64_t h = b - most + 1; h <= b; h++) assert_batch(&w, held[h % SLOTS], h);
        lg_loader_release(loader, held[(b - most + 1) % SLOTS]);
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* _i: bit 0 resident, bit 1 copied. */
START_TEST(holding_too_many_is_an_error_that_passes)
{
    fake f;
    const lg_minibatch *first, *batch;
    logit_error err;
    fake_open(&f, 990, fake_shape);
    lg_loader_options options = fake_options(&f, 20);
    options.memory = _i % 2 ? FAKE_PLENTY : 0;
    if (_i / 2) fake_copy(&f);
    lg_loader *loader = fake_loader(&options);
    const wanted w = want(&f, &options, 0);
    fake_start(loader, 0, 0);
    first = fake_next(loader);
    for (int i = 1; i < lg_loader_slots(loader); i++) fake_next(loader);
    ck_assert_int_eq(lg_loader_next(loader, &batch, &err), LOGIT_E_USAGE);
    ck_assert_ptr_null(batch);
    lg_loader_release(loader, first);
    assert_batch(&w, fake_next(loader), lg_loader_slots(loader));
    fake_start(loader, 0, 0); /* which drops them all */
    for (int i = 0; i < lg_loader_slots(loader); i++) assert_batch(&w, fake_next(loader), i);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* _i: bit 0 resident, bit 1 copied; the rest is how far it got. */
START_TEST(a_loader_can_be_destroyed_in_every_state)
{
    fake f;
    double mean[3], std[3];
    fake_open(&f, 200, fake_shape);
    f.delay_us = 200;
    lg_loader_options options = fake_options(&f, 20);
    options.memory = _i % 2 ? FAKE_PLENTY : 0;
    if (_i / 2 % 2) fake_copy(&f);
    lg_loader *loader = fake_loader(&options);
    const int state = _i / 4;
    if (state == 1) ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_OK);
    if (state == 2) ck_assert_int_eq(lg_loader_normal(loader, mean, std, NULL), LOGIT_OK);
    if (state >= 3) fake_start(loader, 0, 0);
    if (state >= 4) fake_next(loader);
    if (state == 5) ck_assert_int_eq(lg_loader_normal(loader, mean, std, NULL), LOGIT_OK);
    if (state == 5) ck_assert_ptr_null(fake_next(loader));
    lg_loader_destroy(loader);
    lg_loader_destroy(NULL);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader(void)
{
    Suite *suite = suite_create("loader");
    TCase *tcase = tcase_create("loader");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, batches_do_not_depend_on_threads_slots_or_place, 0,
                        2 * THREADS * BUDGETS);
    tcase_add_loop_test(tcase, every_cut_of_an_epoch, 0, CUTS * 2);
    tcase_add_loop_test(tcase, an_empty_set_has_no_batches, 0, 2);
    tcase_add_loop_test(tcase, answers_and_weights_come_along, 0, 16);
    tcase_add_loop_test(tcase, only_some_samples, 0, 2);
    tcase_add_test(tcase, what_the_format_holds_is_neither_read_nor_copied);
    tcase_add_loop_test(tcase, an_epoch_may_begin_anywhere_and_be_left_anywhere, 0, 4);
    tcase_add_loop_test(tcase, several_batches_can_be_held, 0, 2 * BUDGETS);
    tcase_add_loop_test(tcase, holding_too_many_is_an_error_that_passes, 0, 4);
    tcase_add_loop_test(tcase, a_loader_can_be_destroyed_in_every_state, 0, 24);
    suite_add_tcase(suite, tcase);
    return suite;
}
