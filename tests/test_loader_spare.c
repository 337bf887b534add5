/* test_loader_spare.c -- samples that a device keeps are not read, and nothing else changes.
 *
 * Tests (suite loader_spare). */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <string.h>

#include "tests/fake_set.h"

Suite *lg_suite_loader_spare(void);

enum { COUNT = 200, BATCH = 16 };

static int is_held(const uint8_t *held, int32_t sample)
{
    return held[sample / 8] >> (sample % 8) & 1;
}

/* Rows are a permutation of the batch, fresh ones first, in order; all but held pixels are right.
 */
static void look_at_batch(const fake *f, const lg_minibatch *mini, const uint8_t *held)
{
    int32_t fresh = 0, other = (int32_t)mini->fresh;
    for (int64_t i = 0; i < mini->count; i++) {
        const int32_t sample = mini->sample[i], row = mini->row[i];
        const int is_bad = fake_is_bad(f, sample);
        ck_assert_int_eq(row, is_held(held, sample) ? other++ : fresh++);
        ck_assert_int_eq(mini->label[row], f->set.label[sample]);
        const float weight = is_bad ? 0.0f : f->set.weight ? f->set.weight[sample] : 1.0f;
        ck_assert_float_eq(mini->weight ? mini->weight[row] : 1.0f, weight);
        for (size_t j = 0; j < f->features && !is_held(held, sample); j++)
            ck_assert_int_eq(mini->pixels[(size_t)row * f->features + j],
                             is_bad ? 0 : fake_pixel(f, sample, j));
    }
    ck_assert_int_eq(fresh, mini->fresh);
    ck_assert_int_eq(other, mini->count);
}

static int32_t walk(const fake *f, lg_loader *loader, uint32_t epoch, const uint8_t *held,
                    const int32_t *order)
{
    const lg_minibatch *mini;
    int32_t seen = 0;
    fake_start(loader, epoch, 0);
    while ((mini = fake_next(loader)) != NULL) {
        for (int64_t i = 0; i < mini->count; i++) ck_assert_int_eq(mini->sample[i], order[seen++]);
        look_at_batch(f, mini, held);
        lg_loader_release(loader, mini);
    }
    return seen;
}

START_TEST(what_is_held_is_not_read) /* threads x bad and weights x one or many at a time */
{
    fake f;
    int32_t order[COUNT];
    uint8_t held[COUNT / 8 + 1] = {0};
    fake_open(&f, COUNT, fake_shape);
    lg_loader_options options = fake_way(&f, BATCH, _i / 4 * FAKE_BUDGETS);
    if (_i / 2 % 2) fake_copy(&f);
    if (_i % 2) {
        fake_add_weights(&f);
        f.bad_every = 13;
        f.bad_at = 5;
        options.skip_bad = 1;
        options.max_bad = 1.0;
    }
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_spare(loader, held, NULL), LOGIT_OK);
    for (uint32_t epoch = 0; epoch < 5; epoch++) {
        int spared = 0;
        for (int i = 0; i < COUNT; i++) spared += is_held(held, i);
        fake_order(&options, epoch, order);
        const int before = f.reads;
        ck_assert_int_eq(walk(&f, loader, epoch, held, order), COUNT);
        ck_assert_int_eq(f.reads - before, COUNT - spared);
        for (int i = 0; i < COUNT; i++) /* after the first epoch some, in the end all */
            if (epoch == 3 || i % 5 < (int)epoch + 1) held[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Rows and weights as of a set in memory, without pixels, and without a read. */
START_TEST(who_has_all_leaves)
{
    fake f;
    int32_t order[COUNT];
    fake_open(&f, COUNT, fake_shape);
    f.bad_every = 13;
    lg_loader_options options = fake_way(&f, BATCH, 0);
    uint8_t held[COUNT / 8 + 1] = {0};
    options.skip_bad = 1;
    options.max_bad = 1.0;
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_spare(loader, held, NULL), LOGIT_OK);
    fake_order(&options, 0, order);
    walk(&f, loader, 0, held, order);
    lg_loader_leave(loader);
    const int before = f.reads;
    fake_order(&options, 1, order);
    fake_start(loader, 1, 0);
    const lg_minibatch *mini;
    int seen = 0;
    while ((mini = fake_next(loader)) != NULL) {
        ck_assert_ptr_null(mini->pixels);
        for (int64_t i = 0; i < mini->count; i++) {
            const int32_t sample = mini->row[i];
            ck_assert_int_eq(sample, order[seen++]);
            ck_assert_float_eq(mini->weight[sample], fake_is_bad(&f, sample) ? 0.0f : 1.0f);
        }
        lg_loader_release(loader, mini);
    }
    ck_assert_int_eq(seen, COUNT);
    ck_assert_int_eq(f.reads, before);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

/* Batches of a set in memory, in slots: the same bytes, read once. */
START_TEST(a_set_in_memory_comes_in_slots) /* threads x preloaded before or not */
{
    fake f;
    int32_t order[COUNT];
    fake_open(&f, COUNT, fake_shape);
    lg_loader_options options = fake_way(&f, BATCH, _i / 2 * FAKE_BUDGETS + FAKE_BUDGETS - 1);
    lg_loader *loader = fake_loader(&options);
    ck_assert_int_eq(lg_loader_is_resident(loader), 1);
    if (_i % 2) ck_assert_int_eq(lg_loader_preload(loader, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_loader_stream(loader, NULL), LOGIT_OK);
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        const lg_minibatch *mini;
        int64_t seen = 0;
        fake_order(&options, epoch, order);
        fake_start(loader, epoch, 0);
        while ((mini = fake_next(loader)) != NULL) {
            ck_assert_int_ge(mini->slot, 0);
            fake_assert_batch(&f, mini, order + seen, mini->count, 0);
            seen += mini->count;
            lg_loader_release(loader, mini);
        }
        ck_assert_int_eq(seen, COUNT);
    }
    ck_assert_int_eq(f.reads, COUNT);
    lg_loader_destroy(loader);
    fake_close(&f);
}
END_TEST

Suite *lg_suite_loader_spare(void)
{
    Suite *suite = suite_create("loader_spare");
    TCase *tc = tcase_create("spare");
    tcase_add_loop_test(tc, what_is_held_is_not_read, 0, 4 * FAKE_THREADS);
    tcase_add_test(tc, who_has_all_leaves);
    tcase_add_loop_test(tc, a_set_in_memory_comes_in_slots, 0, 2 * FAKE_THREADS);
    suite_add_tcase(suite, tc);
    return suite;
}
