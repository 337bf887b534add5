/* test_loader_ahead.c -- what a set is told before it is read: every sample once, in order, in
 * time. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader_ahead(void);

enum { COUNT = 3000, BATCH = 16, TIMEOUT = 60 };

/* What the set heard.  Check gives each test a process of its own. */
static struct {
    lg_set_ops ops; /* the fake's, with these two before them */
    const lg_set_ops *below;
    int32_t sample[COUNT];
    atomic_int count, calls, inside, together, unheard;
    atomic_char is_told[COUNT];
    int least; /* told when the first sample was read; -1 before */
    atomic_int reads;
} heard;

static void hear(const lg_set *set, const int32_t *sample, int64_t count)
{
    (void)set;
    if (atomic_fetch_add(&heard.inside, 1) > 0) heard.together++;
    ck_assert_int_le(heard.count + count, COUNT);
    for (int64_t i = 0; i < count; i++) {
        heard.sample[heard.count + i] = sample[i];
        heard.is_told[sample[i]] = 1;
    }
    if (heard.calls % 5 == 4) usleep(300); /* others come by */
    heard.count += (int)count;
    heard.calls++;
    atomic_fetch_sub(&heard.inside, 1);
}

static logit_status read_after(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                               logit_error *err)
{
    if (atomic_fetch_add(&heard.reads, 1) == 0) heard.least = heard.count;
    if (!heard.is_told[i]) heard.unheard++;
    return heard.below->read(set, i, decoder, out, err);
}

static void forget(void)
{
    heard.count = heard.calls = heard.reads = 0;
    for (int i = 0; i < COUNT; i++) heard.is_told[i] = 0;
}

static void listen(fake *f, int64_t count)
{
    fake_open(f, count, (lg_image_target){4, 5, 1});
    heard.below = f->set.ops;
    heard.ops = *f->set.ops;
    heard.ops.ahead = hear;
    heard.ops.read = read_after;
    f->set.ops = &heard.ops;
    forget();
}

static void assert_heard(const int32_t *want, int count)
{
    ck_assert_int_eq(heard.count, count);
    ck_assert_mem_eq(heard.sample, want, (size_t)count * sizeof *want);
    ck_assert_int_eq(heard.unheard, 0);
    ck_assert_int_eq(heard.together, 0);
}

static void drain(lg_loader *loader)
{
    const lg_minibatch *batch;
    while ((batch = fake_next(loader))) lg_loader_release(loader, batch);
}

/* _i: ways x (from the start, from batch 7, from the last one). */
START_TEST(every_sample_is_told_once_in_order_before_it_is_read)
{
    static const int64_t firsts[] = {0, 7, (COUNT - 1) / BATCH};
    const int64_t first = firsts[_i % 3];
    fake f;
    listen(&f, COUNT);
    f.delay_us = 20;
    lg_loader_options options = fake_way(&f, BATCH, _i / 3);
    if (options.memory == FAKE_PLENTY) options.memory = 5000; /* slots, but not all of 16 */
    lg_loader *loader = fake_loader(&options);
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        forget();
        fake_start(loader, epoch, first);
        drain(loader);
        const int32_t *order = lg_loader_order(loader) + first * BATCH;
        assert_heard(order, COUNT - (int)first * BATCH);
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* The slots, and more than a batch behind them: of 20 bytes a sample 64 batches. */
START_TEST(the_distance_is_more_than_the_slots)
{
    fake f;
    listen(&f, COUNT);
    lg_loader_options options = fake_options(&f, BATCH);
    options.memory = 5000;
    lg_loader *loader = fake_loader(&options);
    const int slots = lg_loader_slots(loader);
    fake_start(loader, 0, 0);
    fake_next(loader);
    ck_assert_int_eq(heard.least, (slots + 64) * BATCH);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Once it runs, a call per batch; fewer where threads come together. */
START_TEST(calls_are_one_per_batch)
{
    enum { BATCHES = (COUNT + BATCH - 1) / BATCH };
    fake f;
    listen(&f, COUNT);
    lg_loader_options options = fake_options(&f, BATCH);
    options.memory = 5000;
    options.threads = 1;
    lg_loader *loader = fake_loader(&options);
    fake_start(loader, 0, 0);
    drain(loader);
    ck_assert_int_eq(heard.calls, 1 + BATCHES - (lg_loader_slots(loader) + 64));
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(an_epoch_that_is_dropped_is_told_anew)
{
    fake f;
    listen(&f, COUNT);
    lg_loader_options options = fake_options(&f, BATCH);
    options.memory = 5000;
    options.threads = 4;
    lg_loader *loader = fake_loader(&options);
    for (uint32_t epoch = 0; epoch < 5; epoch++) {
        fake_start(loader, 0, lg_loader_batches(loader)); /* nobody reads any more */
        forget();
        fake_start(loader, epoch, 0);
        for (int b = 0; b < 3 && epoch < 4; b++) lg_loader_release(loader, fake_next(loader));
    }
    drain(loader);
    assert_heard(lg_loader_order(loader), COUNT);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* A set that is decoded once is told once, and then never. */
START_TEST(a_set_in_memory_is_told_while_it_is_read)
{
    int32_t only[COUNT / 2];
    double mean, std;
    fake f;
    listen(&f, COUNT);
    for (int32_t i = 0; i < COUNT / 2; i++) only[i] = 2 * i + 1;
    lg_loader_options options = fake_options(&f, BATCH);
    options.only = only;
    options.only_count = COUNT / 2;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_OK);
    assert_heard(only, COUNT / 2);
    ck_assert_int_eq(lg_loader_normal(loader, &mean, &std, NULL), LOGIT_OK);
    fake_start(loader, 0, 0);
    drain(loader);
    ck_assert_int_eq(heard.count, COUNT / 2);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(mean_and_deviation_are_told_too)
{
    double mean, std;
    fake f;
    listen(&f, COUNT);
    lg_loader_options options = fake_options(&f, BATCH);
    options.memory = 0;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_normal(loader, &mean, &std, NULL), LOGIT_OK);
    assert_heard(lg_loader_order(loader), COUNT);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* No batch of the loader's holds as many samples; sizes must not run over. */
START_TEST(one_batch_that_is_larger_than_the_set)
{
    fake f;
    listen(&f, 40);
    lg_loader_options options = fake_options(&f, (int64_t)1 << 61);
    options.memory = 0;
    lg_loader *loader = fake_loader(&options);
    fake_start(loader, 0, 0);
    drain(loader);
    assert_heard(lg_loader_order(loader), 40);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_ahead(void)
{
    Suite *suite = suite_create("loader_ahead");
    TCase *tcase = tcase_create("loader_ahead");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, every_sample_is_told_once_in_order_before_it_is_read, 0,
                        3 * FAKE_WAYS);
    tcase_add_test(tcase, the_distance_is_more_than_the_slots);
    tcase_add_test(tcase, calls_are_one_per_batch);
    tcase_add_test(tcase, an_epoch_that_is_dropped_is_told_anew);
    tcase_add_test(tcase, a_set_in_memory_is_told_while_it_is_read);
    tcase_add_test(tcase, mean_and_deviation_are_told_too);
    tcase_add_test(tcase, one_batch_that_is_larger_than_the_set);
    suite_add_tcase(suite, tcase);
    return suite;
}
