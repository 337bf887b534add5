/* test_ring_end.c -- a ring that is dropped, stopped or destroyed, at any moment.  A deadlock ends
 * in Check's timeout. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <pthread.h>
#include <unistd.h>

#include "base/philox.h"
#include "tests/ring_works.h"

Suite *lg_suite_ring_end(void);

START_TEST(an_epoch_can_be_left_anywhere)
{
    works w;
    works_open(&w, 3, works_threads[_i]);
    for (int64_t take_count = 0; take_count < 34; take_count++) {
        lg_ring_drop(w.ring);
        w.delay_us = take_count % 3 ? 30 : 0;
        works_start(&w, take_count, works_plans[1]);
        for (int64_t b = 0; b < take_count; b++) {
            ck_assert_int_eq(works_take(&w).batch, b);
            if (b + 3 < take_count)
                lg_ring_release(w.ring);
            else if (b + 3 == take_count)
                break; /* and some are left held */
        }
        if (take_count % 2) lg_ring_drop(w.ring);
        lg_ring_release(w.ring); /* nothing to give back, after a drop: does nothing */
    }
    works_start(&w, 1, works_plans[0]);
    works_drain(&w, 0, 2);
    works_close(&w);
}
END_TEST

/* Random moments, random plans: 300 epochs of which most are left in the middle. */
START_TEST(nothing_gets_lost_in_many_epochs)
{
    works w;
    works_open(&w, 1 + _i, 2 + _i);
    for (uint64_t e = 0; e < 300; e++) {
        const lg_random4 r = lg_philox((uint64_t)_i, LG_STREAM_TEST, e);
        lg_ring_plan plan = works_plans[r.word[0] % WORKS_PLANS];
        plan.first = r.word[1] % 4;
        lg_ring_drop(w.ring);
        w.delay_us = r.word[2] % 20;
        works_start(&w, (int64_t)e, plan);
        if (e % 10 == 0 && plan.first < 1) works_drain(&w, plan.first, 1);
        for (uint32_t b = 0; b < r.word[3] % 6; b++)
            if (works_take(&w).batch >= 0) lg_ring_release(w.ring);
    }
    works_close(&w);
}
END_TEST

static void *stop_soon(void *argument)
{
    usleep(20000);
    lg_ring_stop(((works *)argument)->ring);
    return NULL;
}

/* Producers that will never be done, and a consumer that waits for them. */
START_TEST(stop_wakes_everybody)
{
    works w;
    pthread_t stopper;
    lg_ring_work batch;
    logit_error err;
    works_open(&w, 2, works_threads[_i]);
    lg_ring_drop(w.ring);
    w.stuck = 1;
    works_start(&w, 0, works_plans[0]);
    ck_assert_int_eq(pthread_create(&stopper, NULL, stop_soon, &w), 0);
    ck_assert_int_eq(lg_ring_take(w.ring, &batch, LG_RING_FOREVER, &err), LOGIT_E_STOPPED);
    pthread_join(stopper, NULL);
    ck_assert_int_eq(lg_ring_claim(w.ring, &batch), 0);
    lg_ring_start(w.ring, works_plans[0]); /* it stays stopped */
    ck_assert_int_eq(lg_ring_take(w.ring, &batch, LG_RING_FOREVER, NULL), LOGIT_E_STOPPED);
    ck_assert_int_eq(lg_ring_abandoned(w.ring), 1);
    works_close(&w);
}
END_TEST

START_TEST(patience_has_an_end)
{
    works w;
    lg_ring_work batch;
    works_open(&w, 2, 2);
    lg_ring_drop(w.ring);
    w.stuck = 1;
    works_start(&w, 0, works_plans[0]);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(lg_ring_take(w.ring, &batch, 0.002 * i, NULL), LOGIT_OK);
        ck_assert_int_eq(batch.batch, LG_RING_LATER);
    }
    ck_assert_double_ge(lg_ring_waited(w.ring), 0.006);
    lg_ring_drop(w.ring);
    w.stuck = 0;
    works_start(&w, 1, works_plans[0]);
    do ck_assert_int_eq(lg_ring_take(w.ring, &batch, 0.0001, NULL), LOGIT_OK);
    while (batch.batch == LG_RING_LATER);
    works_assert_content(&w, &batch);
    works_close(&w);
}
END_TEST

START_TEST(dropping_interrupts_what_is_being_filled)
{
    works w;
    works_open(&w, 2, 3);
    lg_ring_drop(w.ring);
    w.stuck = 1;
    works_start(&w, 0, works_plans[0]);
    usleep(2000);
    lg_ring_drop(w.ring); /* returns, though the pieces would never be done */
    w.stuck = 0;
    works_start(&w, 1, works_plans[0]);
    works_drain(&w, 0, 1);
    works_close(&w);
}
END_TEST

/* _i: how far it got. */
START_TEST(a_ring_can_be_destroyed_in_every_state)
{
    works w;
    works_open(&w, 2, _i == 0 ? 0 : 3);
    if (_i >= 2) {
        lg_ring_drop(w.ring);
        w.fail[0] = _i == 7 ? 12 : -1;
        w.delay_us = 100;
        works_start(&w, 0, works_plans[1]);
    }
    if (_i >= 3) works_take(&w);
    if (_i >= 4 && _i < 7) lg_ring_release(w.ring);
    if (_i == 5) lg_ring_drop(w.ring);
    if (_i == 6)
        while (works_take(&w).batch >= 0) lg_ring_release(w.ring);
    if (_i == 7) works_assert_fails(&w, "sample 12");
    works_close(&w);
    lg_ring_destroy(NULL);
}
END_TEST

START_TEST(waiting_is_measured)
{
    works w;
    works_open(&w, 2, 1);
    works_start(&w, 0, works_plans[0]);
    usleep(100000); /* both slots are full long since */
    works_take(&w);
    ck_assert_double_lt(lg_ring_waited(w.ring), 0.05);
    lg_ring_drop(w.ring);
    w.fail[0] = 1; /* takes 2 ms */
    works_start(&w, 0, works_plans[0]);
    works_assert_fails(&w, "sample 1");
    ck_assert_double_gt(lg_ring_waited(w.ring), 0.001);
    works_close(&w);
}
END_TEST

Suite *lg_suite_ring_end(void)
{
    Suite *suite = suite_create("ring_end");
    TCase *tcase = tcase_create("ring_end");
    tcase_set_timeout(tcase, WORKS_TIMEOUT);
    tcase_add_loop_test(tcase, an_epoch_can_be_left_anywhere, 0, WORKS_THREADS);
    tcase_add_loop_test(tcase, nothing_gets_lost_in_many_epochs, 0, WORKS_SLOTS);
    tcase_add_loop_test(tcase, stop_wakes_everybody, 0, WORKS_THREADS);
    tcase_add_test(tcase, patience_has_an_end);
    tcase_add_test(tcase, dropping_interrupts_what_is_being_filled);
    tcase_add_loop_test(tcase, a_ring_can_be_destroyed_in_every_state, 0, 8);
    tcase_add_test(tcase, waiting_is_measured);
    suite_add_tcase(suite, tcase);
    return suite;
}
