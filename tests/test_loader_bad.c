/* test_loader_bad.c -- bad samples: the error that ends a run, or the place that is kept, counted
 * in order whatever the threads.  Ways of reading a set are fake_set.c's. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "data/loader_parts.h"
#include "tests/allocations.h"
#include "tests/fake_set.h"

Suite *lg_suite_loader_bad(void);

enum { TIMEOUT = 60, COUNT = 990, BATCH = 32, BATCHES = (COUNT + BATCH - 1) / BATCH };

/* --- bad samples that end the run --- */

static int64_t first_bad(const fake *f, const int32_t *order)
{
    int64_t i = 0;
    while (!fake_is_bad(f, order[i])) i++;
    return i;
}

static void assert_fails(lg_loader *loader, logit_status want, const char *message)
{
    const lg_minibatch *batch;
    logit_error err = {.message = ""};
    ck_assert_int_eq(lg_loader_next(loader, &batch, &err), want);
    ck_assert_ptr_null(batch);
    ck_assert_str_eq(err.message, message);
}

/* Streamed: the batches before the first bad one are there, then comes its error, again and
 * again, and after a restart the same.  Of the bad ones in a batch the first is told. */
START_TEST(an_error_comes_with_its_batch)
{
    fake f;
    int32_t order[COUNT];
    char want[80];
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 12;
    f.bad_at = _i / 4;
    f.delay_us = 60;
    const int threads = _i % 2 ? 3 : 1, copied = _i / 2 % 2 * FAKE_THREADS; /* 8 or 2 */
    lg_loader_options options = fake_way(&f, BATCH, (copied + threads) * FAKE_BUDGETS + 1);
    lg_loader *loader = fake_loader(&options);
    for (uint32_t epoch = 0; epoch < 4; epoch++) {
        fake_order(&options, epoch, order);
        const int64_t at = first_bad(&f, order);
        const int sample = order[at];
        fake_start(loader, epoch, 0);
        for (int64_t b = 0; b < at / BATCH; b++) lg_loader_release(loader, fake_next(loader));
        snprintf(want, sizeof want, "sample %d: img%d.png: broken", sample, sample);
        assert_fails(loader, sample % 2 ? LOGIT_E_IO : LOGIT_E_DATA, want);
        assert_fails(loader, sample % 2 ? LOGIT_E_IO : LOGIT_E_DATA, want);
    }
    ck_assert_int_eq(lg_loader_bad(loader), 0);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(preloading_tells_the_first_bad_sample_of_the_set)
{
    fake f;
    logit_error err;
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 3;
    f.bad_at = 2;
    f.delay_us = 60;
    const lg_loader_options options = fake_way(&f, BATCH, _i * FAKE_BUDGETS + 2);
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_preload(loader, &err), LOGIT_E_DATA);
    ck_assert_str_eq(err.message, "sample 2: img2.png: broken");
    ck_assert_ptr_null(lg_loader_resident_pixels(loader));
    ck_assert_int_eq(lg_loader_start(loader, 0, 0, &err), LOGIT_E_DATA);
    f.bad_every = 0; /* mended meanwhile */
    fake_start(loader, 0, 0);
    ck_assert_ptr_nonnull(fake_next(loader));
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Pages of address space. */
static long mapped_pages(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld", &pages) != 1) pages = 0;
    fclose(file);
    return pages;
}

/* The set takes 26 pages; a sanitizer's memory grows by itself. */
START_TEST(preloading_that_failed_gives_its_memory_back)
{
    fake f;
    long before = 0;
    if (allocations_count() < 0) return;
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 3;
    const lg_loader_options options = fake_options(&f, BATCH);
    lg_loader *loader = fake_loader(&options);
    for (int round = 0; round < 52; round++) {
        ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_E_DATA);
        if (round == 1) before = mapped_pages();
    }
    ck_assert_int_lt(mapped_pages() - before, 25 * 26);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

START_TEST(running_out_of_memory_is_never_skipped)
{
    fake f;
    logit_error err = {.message = ""};
    const lg_minibatch *batch;
    fake_open(&f, COUNT, fake_shape);
    f.no_memory_at = 500;
    lg_loader_options options = fake_way(&f, BATCH, _i);
    options.skip_bad = 1;
    options.max_bad = 1.0;
    lg_loader *loader = fake_loader(&options);
    logit_status status = lg_loader_start(loader, 0, 0, &err);
    while (status == LOGIT_OK) {
        status = lg_loader_next(loader, &batch, &err);
        ck_assert(status != LOGIT_OK || batch);
        lg_loader_release(loader, batch);
    }
    ck_assert_int_eq(status, LOGIT_E_NOMEM);
    ck_assert_str_eq(err.message, "sample 500: out of memory for an image");
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* --- bad samples that are skipped --- */

static void assert_kept(const fake *f, const lg_loader *loader)
{
    const char *reason;
    char want[80];
    int64_t i = 0;
    for (int sample = 0; sample < f->set.count && i < LG_LOADER_KEPT_BAD; sample++) {
        if (!fake_is_bad(f, sample)) continue;
        ck_assert_int_eq(lg_loader_bad_sample(loader, i++, &reason), sample);
        snprintf(want, sizeof want, "img%d.png: broken", sample);
        ck_assert_str_eq(reason, want);
    }
    ck_assert_int_eq(lg_loader_bad_sample(loader, i, &reason), -1);
    ck_assert_int_eq(lg_loader_bad_sample(loader, -1, &reason), -1);
}

/* _i: ways x (some bad, many bad) x (without and with weights).  The count after each batch does
 * not run ahead, and no sample counts twice. */
START_TEST(bad_samples_keep_their_place_and_weigh_nothing)
{
    fake f;
    int32_t order[COUNT];
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = _i / FAKE_WAYS % 2 ? 3 : 45; /* 330 or 22 of 990 */
    f.bad_at = 2;
    if (_i / FAKE_WAYS >= 2) fake_add_weights(&f);
    lg_loader_options options = fake_way(&f, BATCH, _i % FAKE_WAYS);
    options.skip_bad = 1;
    options.max_bad = 0.4;
    lg_loader *loader = fake_loader(&options);
    int64_t bad = 0;
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        fake_order(&options, epoch, order);
        fake_start(loader, epoch, 0);
        for (int64_t b = 0; b < BATCHES; b++) {
            const int64_t begin = b * BATCH, left = COUNT - begin;
            const lg_minibatch *batch = fake_next(loader);
            fake_assert_batch(&f, batch, order + begin, left < BATCH ? left : BATCH, 1);
            for (int64_t i = 0; i < batch->count && !epoch; i++)
                bad += fake_is_bad(&f, order[begin + i]);
            if (!lg_loader_is_resident(loader)) ck_assert_int_eq(lg_loader_bad(loader), bad);
            lg_loader_release(loader, batch);
        }
        ck_assert_int_eq(lg_loader_bad(loader), COUNT / f.bad_every);
        assert_kept(&f, loader);
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Samples 40 and 170 are bad, in batches 1 and 5.  With two slots both have slot 1, as has batch 3.
 * Batch 1 is read and never taken: nothing of it may show. */
START_TEST(batches_that_were_dropped_count_nothing)
{
    fake f;
    const char *reason;
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 130;
    f.bad_at = 40;
    lg_loader_options options = fake_way(&f, BATCH, _i * FAKE_BUDGETS);
    options.skip_bad = 1;
    options.max_bad = 1.0;
    options.shuffle = LG_SHUFFLE_NONE;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_slots(loader), 2);
    for (int first = 3; first <= 5; first += 2) {
        const int before = atomic_load(&f.reads);
        fake_start(loader, 0, 0);
        while (atomic_load(&f.reads) < before + 2 * BATCH) usleep(100);
        fake_start(loader, 0, first);
        ck_assert_int_eq(fake_next(loader)->weight != NULL, first == 5);
        ck_assert_int_eq(lg_loader_bad(loader), first == 5);
        ck_assert_int_eq(lg_loader_bad_sample(loader, 0, &reason), first == 5 ? 170 : -1);
        ck_assert_int_eq(lg_loader_bad_sample(loader, 1, &reason), -1);
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* 1 % of 990 may be bad, 22 are.  Streamed: the error comes with the batch that holds the tenth;
 * preloaded: with a chunk of the set in its own order. */
START_TEST(too_many_bad_samples_are_an_error)
{
    fake f;
    logit_error err = {.message = ""};
    const lg_minibatch *batch;
    char want[200];
    int32_t order[COUNT];
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 45;
    f.bad_at = 2;
    f.delay_us = 50;
    lg_loader_options options = fake_way(&f, BATCH, _i);
    options.skip_bad = 1;
    options.max_bad = 0.01;
    lg_loader *loader = fake_loader(&options);
    const int resident = lg_loader_is_resident(loader);
    lg_order_fill(order, NULL, COUNT, resident ? LG_SHUFFLE_NONE : LG_SHUFFLE_FULL, FAKE_SEED, 0);
    const int chunk = resident ? LG_JOB_ROWS : BATCH;
    int bad = 0, lowest = COUNT;
    for (int64_t i = 0; i < COUNT && (bad < 10 || i % chunk); i++) {
        if (!fake_is_bad(&f, order[i])) continue;
        bad++;
        if (order[i] < lowest) lowest = order[i];
    }
    logit_status status = lg_loader_start(loader, 0, 0, &err);
    while (status == LOGIT_OK) {
        status = lg_loader_next(loader, &batch, &err);
        lg_loader_release(loader, batch);
    }
    snprintf(want, sizeof want,
             "%d of 990 samples are bad, more than the 1 %% that may be skipped; the first is "
             "sample %d: img%d.png: broken.  Mend or remove them, or raise --max-bad",
             bad, lowest, lowest);
    ck_assert_int_eq(status, LOGIT_E_DATA);
    ck_assert_str_eq(err.message, want);
    if (!resident) assert_fails(loader, LOGIT_E_DATA, want); /* and no batch after it */
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_bad(void)
{
    Suite *suite = suite_create("loader_bad");
    TCase *tcase = tcase_create("loader_bad");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, an_error_comes_with_its_batch, 0, 48);
    tcase_add_loop_test(tcase, preloading_tells_the_first_bad_sample_of_the_set, 0,
                        2 * FAKE_THREADS);
    tcase_add_test(tcase, preloading_that_failed_gives_its_memory_back);
    tcase_add_loop_test(tcase, running_out_of_memory_is_never_skipped, 0, FAKE_WAYS);
    tcase_add_loop_test(tcase, bad_samples_keep_their_place_and_weigh_nothing, 0, 4 * FAKE_WAYS);
    tcase_add_loop_test(tcase, batches_that_were_dropped_count_nothing, 0, 2 * FAKE_THREADS);
    tcase_add_loop_test(tcase, too_many_bad_samples_are_an_error, 0, FAKE_WAYS);
    suite_add_tcase(suite, tcase);
    return suite;
}
