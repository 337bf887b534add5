/* test_ring.c -- what comes out of the ring, under random delays: everything, once, in order, and
 * each error with its batch.  How it ends: test_ring_end.c. */
/* SPDX-License-Identifier: MIT */
#include <check.h>

#include "tests/ring_works.h"

Suite *lg_suite_ring(void);

/* _i: threads x slots 1..5. */
START_TEST(batches_come_in_order)
{
    works w;
    works_open(&w, 1 + _i % WORKS_SLOTS, works_threads[_i / WORKS_SLOTS]);
    for (int p = 0; p < WORKS_PLANS; p++) {
        w.delay_us = p % 2 ? 50 : 0;
        works_start(&w, p, works_plans[p]);
        works_drain(&w, works_plans[p].first, 1);
    }
    works_close(&w);
}
END_TEST

/* _i: threads x slots 2..5. */
START_TEST(batches_can_be_held)
{
    works w;
    const int slots = 2 + _i % (WORKS_SLOTS - 1);
    works_open(&w, slots, works_threads[_i / (WORKS_SLOTS - 1)]);
    for (int hold = 1; hold <= slots; hold++) {
        w.delay_us = 30;
        works_start(&w, hold, works_plans[1]);
        works_drain(&w, 0, hold);
    }
    works_close(&w);
}
END_TEST

START_TEST(holding_every_slot_and_asking_for_more_is_an_error)
{
    works w;
    lg_ring_work batch;
    logit_error err;
    works_open(&w, 3, 2);
    works_start(&w, 0, works_plans[0]);
    for (int i = 0; i < 3; i++) ck_assert_int_eq(works_take(&w).batch, i);
    ck_assert_int_eq(lg_ring_take(w.ring, &batch, LG_RING_FOREVER, &err), LOGIT_E_USAGE);
    ck_assert_int_lt(batch.batch, 0);
    lg_ring_release(w.ring);
    ck_assert_int_eq(works_take(&w).batch, 3);
    works_close(&w);
}
END_TEST

static int64_t taken(lg_ring *ring)
{
    lg_ring_work batch;
    ck_assert_int_eq(lg_ring_take(ring, &batch, 0.0, NULL), LOGIT_OK);
    return batch.batch;
}

/* Without a single producer the consumer fills the ring itself, piece by piece, and then no more.
 */
START_TEST(a_consumer_may_fill_pieces)
{
    static const struct {
        int most, batch, begin, end;
    } want[] = {{3, 0, 0, 3}, {9, 0, 3, 4}, {9, 1, 0, 3}, {2, 1, 3, 4}, {1, 2, 0, 1}, {2, 2, 1, 2}};
    lg_ring *ring;
    lg_ring_work piece;
    ck_assert_int_eq(lg_ring_create(&ring, 2, NULL), LOGIT_OK);
    ck_assert(!lg_ring_try_claim(ring, 3, &piece)); /* not started */
    lg_ring_start(ring, (lg_ring_plan){.samples = 10, .batch = 4, .grain = 3});
    for (int i = 0; i < 6; i++) {
        if (i == 4) { /* both slots are full */
            ck_assert(!lg_ring_try_claim(ring, 3, &piece));
            ck_assert_int_eq(taken(ring), 0);
            lg_ring_release(ring);
        }
        ck_assert(lg_ring_try_claim(ring, want[i].most, &piece));
        ck_assert_int_eq(piece.batch, want[i].batch);
        ck_assert_int_eq(piece.begin, want[i].begin);
        ck_assert_int_eq(piece.end, want[i].end);
        if (i < 2) ck_assert_int_eq(taken(ring), LG_RING_LATER);
        lg_ring_publish(ring, &piece, LOGIT_OK, 0, NULL);
    }
    ck_assert(!lg_ring_try_claim(ring, 3, &piece));
    ck_assert_int_eq(taken(ring), 1);
    ck_assert_int_eq(taken(ring), 2);
    ck_assert_int_eq(taken(ring), LG_RING_END);
    lg_ring_stop(ring);
    ck_assert(!lg_ring_try_claim(ring, 3, &piece));
    lg_ring_destroy(ring);
}
END_TEST

START_TEST(an_epoch_may_be_empty)
{
    works w;
    works_open(&w, 2, 2);
    ck_assert_int_lt(works_take(&w).batch, 0); /* not even started */
    works_start(&w, 0, (lg_ring_plan){.samples = 0, .batch = 4, .grain = 1});
    ck_assert_int_lt(works_take(&w).batch, 0);
    works_start(&w, 0, (lg_ring_plan){.samples = 8, .batch = 4, .grain = 1, .first = 2});
    ck_assert_int_lt(works_take(&w).batch, 0);
    works_start(&w, 0, works_plans[0]);
    works_drain(&w, 0, 1);
    works_close(&w);
}
END_TEST

/* --- errors --- */

/* Samples 83 and 87 are both in batch 8; 83 fails last, and is the one that is told. */
START_TEST(an_error_comes_with_its_batch)
{
    works w;
    works_open(&w, 1 + _i % WORKS_SLOTS, works_threads[_i / WORKS_SLOTS]);
    for (int round = 0; round < 3; round++) {
        lg_ring_drop(w.ring);
        w.fail[0] = 83;
        w.fail[1] = 87;
        w.delay_us = round ? 40 : 0;
        works_start(&w, round, works_plans[1]);
        for (int64_t b = 0; b < 8; b++) {
            ck_assert_int_eq(works_take(&w).batch, b);
            lg_ring_release(w.ring);
        }
        works_assert_fails(&w, "sample 83");
        lg_ring_drop(w.ring);
        w.fail[0] = w.fail[1] = -1;
        works_start(&w, round, works_plans[1]); /* it goes on as if nothing had been */
        works_drain(&w, 0, 1);
    }
    works_close(&w);
}
END_TEST

Suite *lg_suite_ring(void)
{
    Suite *suite = suite_create("ring");
    TCase *tcase = tcase_create("ring");
    tcase_set_timeout(tcase, WORKS_TIMEOUT);
    tcase_add_loop_test(tcase, batches_come_in_order, 0, WORKS_THREADS * WORKS_SLOTS);
    tcase_add_loop_test(tcase, batches_can_be_held, 0, WORKS_THREADS * (WORKS_SLOTS - 1));
    tcase_add_test(tcase, holding_every_slot_and_asking_for_more_is_an_error);
    tcase_add_test(tcase, a_consumer_may_fill_pieces);
    tcase_add_test(tcase, an_epoch_may_be_empty);
    tcase_add_loop_test(tcase, an_error_comes_with_its_batch, 0, WORKS_THREADS * WORKS_SLOTS);
    suite_add_tcase(suite, tcase);
    return suite;
}
