/* test_loader_block.c -- the loader where it shuffles in blocks: batches, and what mean and
 * deviation are taken from.  The order itself: test_order_block.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader_block(void);

enum { BATCH = 37, TIMEOUT = 60 };

/* The samples of an epoch in blocks; to be freed. */
static int32_t *want(const lg_loader_options *options, int64_t count, uint32_t epoch)
{
    const lg_set *set = options->set;
    int32_t *place, *order = malloc((size_t)count * sizeof *order);
    ck_assert_ptr_nonnull(order);
    ck_assert_int_eq(lg_order_places(&place, set->count, set->as_it_lies, options->only,
                                     options->only_count, NULL),
                     LOGIT_OK);
    lg_order_fill(order, place, count, LG_SHUFFLE_BLOCK, options->seed, epoch);
    free(place);
    return order;
}

static void assert_epoch(const fake *f, const lg_loader_options *options, lg_loader *loader,
                         uint32_t epoch)
{
    const int64_t count = lg_loader_count(loader);
    int32_t *order = want(options, count, epoch);
    fake_start(loader, epoch, 0);
    for (int64_t at = 0; at < count; at += options->batch) {
        const lg_minibatch *batch = fake_next(loader);
        const int64_t left = count - at;
        fake_assert_batch(f, batch, order + at, left < options->batch ? left : options->batch, 0);
        lg_loader_release(loader, batch);
    }
    ck_assert_ptr_null(fake_next(loader));
    free(order);
}

/* _i: ways x (mixed, as it lies) x (all, all but every third). */
START_TEST(batches_come_in_blocks)
{
    enum { COUNT = 3000 };
    fake f;
    int32_t only[COUNT];
    int64_t kept = 0;
    for (int32_t i = 0; i < COUNT; i++)
        if (i % 3) only[kept++] = i;
    fake_open(&f, COUNT, (lg_image_target){2, 3, 1});
    f.set.as_it_lies = _i / 2 % 2;
    lg_loader_options options = fake_way(&f, BATCH, _i / 4);
    options.shuffle = LG_SHUFFLE_BLOCK;
    if (_i % 2) {
        options.only = only;
        options.only_count = kept;
    }
    lg_loader *loader = fake_loader(&options);
    for (uint32_t epoch = 0; epoch < 3; epoch++) assert_epoch(&f, &options, loader, epoch);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* More samples than are looked at: those that come first in epoch 0 count.  _i: as it lies. */
START_TEST(mean_and_deviation_are_of_what_comes_first)
{
    enum { COUNT = LG_LOADER_NORMAL_SAMPLES + 5000, PIXELS = 4 };
    fake f;
    double mean, std, sum = 0.0, square = 0.0;
    const double n = (double)LG_LOADER_NORMAL_SAMPLES * PIXELS;
    fake_open(&f, COUNT, (lg_image_target){2, 2, 1});
    f.set.as_it_lies = _i;
    lg_loader_options options = fake_options(&f, BATCH);
    options.shuffle = LG_SHUFFLE_BLOCK;
    int32_t *order = want(&options, COUNT, 0);
    for (int i = 0; i < LG_LOADER_NORMAL_SAMPLES; i++)
        for (size_t j = 0; j < PIXELS; j++) {
            const double x = fake_pixel(&f, order[i], j) / 255.0;
            sum += x;
            square += x * x;
        }
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_normal(loader, &mean, &std, NULL), LOGIT_OK);
    /* another choice of samples moves the mean by 1e-3 */
    ck_assert_double_eq_tol(mean, sum / n, 1e-9);
    ck_assert_double_eq_tol(std, sqrt(square / n - sum / n * sum / n), 1e-9);
    lg_loader_destroy(loader);
    free(order);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_block(void)
{
    Suite *suite = suite_create("loader_block");
    TCase *tcase = tcase_create("loader_block");
    tcase_set_timeout(tcase, TIMEOUT);
    tcase_add_loop_test(tcase, batches_come_in_blocks, 0, 4 * FAKE_WAYS);
    tcase_add_loop_test(tcase, mean_and_deviation_are_of_what_comes_first, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
