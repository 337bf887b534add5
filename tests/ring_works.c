/* ring_works.c -- producers with delays, failures and a memory. */
/* SPDX-License-Identifier: MIT */
#include "tests/ring_works.h"

#include <check.h>
#include <unistd.h>

#include "base/philox.h"
#include "base/status.h"

const int works_threads[WORKS_THREADS] = {1, 2, 3, 8};
const lg_ring_plan works_plans[WORKS_PLANS] = {
    {.samples = 640, .batch = 16, .grain = 4},  /* even */
    {.samples = 333, .batch = 10, .grain = 3},  /* odd in every way */
    {.samples = 100, .batch = 7, .grain = 100}, /* a piece is a batch */
    {.samples = 90, .batch = 1, .grain = 1},    /* a batch is a sample */
    {.samples = 5, .batch = 64, .grain = 2},    /* all is one batch */
    {.samples = 300, .batch = 64, .grain = 1, .first = 2},
};

static int64_t value(int64_t epoch, int64_t sample)
{
    return (int64_t)(lg_philox((uint64_t)epoch, LG_STREAM_TEST, (uint64_t)sample).word[0]);
}

static void sleep_up_to(unsigned delay_us, uint64_t stream, uint64_t index)
{
    if (delay_us == 0) return;
    const uint64_t us = lg_random_below(stream, LG_STREAM_TEST, index, 2 * (uint64_t)delay_us);
    if (us > delay_us) usleep((useconds_t)(us - delay_us)); /* half of them do not sleep */
}

static int64_t size_of(const works *w, int64_t batch)
{
    const int64_t left = w->plan.samples - batch * w->plan.batch;
    return left < w->plan.batch ? left : w->plan.batch;
}

static int is_sound(const works *w, const lg_ring_work *piece)
{
    return piece->batch >= w->plan.first && piece->slot == piece->batch % w->slots &&
           piece->begin >= 0 && piece->begin < piece->end &&
           piece->end - piece->begin <= w->plan.grain && piece->end <= size_of(w, piece->batch);
}

static logit_status fill(works *w, const lg_ring_work *piece, int64_t *at, logit_error *err)
{
    while (w->stuck && !lg_ring_abandoned(w->ring)) usleep(100);
    for (*at = piece->begin; *at < piece->end && !lg_ring_abandoned(w->ring); ++*at) {
        const int64_t sample = piece->batch * w->plan.batch + *at;
        /* the higher failure comes first */
        if (sample == w->fail[0]) usleep(2000);
        if (sample == w->fail[0] || sample == w->fail[1])
            LG_FAIL(err, LOGIT_E_DATA, "sample %d", (int)sample);
        w->memory[piece->slot][*at] = value(w->epoch, sample);
    }
    return LOGIT_OK;
}

static void *produce(void *argument)
{
    works *w = argument;
    lg_ring_work piece;
    while (lg_ring_claim(w->ring, &piece)) {
        logit_error error;
        int64_t at;
        if (!is_sound(w, &piece)) atomic_fetch_add(&w->faults, 1);
        sleep_up_to(w->delay_us, 1, (uint64_t)(piece.batch * w->plan.batch + piece.begin));
        const logit_status status = fill(w, &piece, &at, &error);
        lg_ring_publish(w->ring, &piece, status, at, &error);
    }
    return NULL;
}

void works_open(works *w, int slots, int threads)
{
    *w = (works){.slots = slots, .threads = threads, .fail = {-1, -1}};
    ck_assert_int_eq(lg_ring_create(&w->ring, slots, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_ring_slots(w->ring), slots);
    for (int i = 0; i < threads; i++)
        ck_assert_int_eq(pthread_create(&w->thread[i], NULL, produce, w), 0);
}

void works_close(works *w)
{
    lg_ring_stop(w->ring);
    for (int i = 0; i < w->threads; i++) pthread_join(w->thread[i], NULL);
    lg_ring_destroy(w->ring);
    ck_assert_int_eq(atomic_load(&w->faults), 0);
}

void works_start(works *w, int64_t epoch, lg_ring_plan plan)
{
    lg_ring_drop(w->ring);
    w->epoch = epoch;
    w->plan = plan;
    lg_ring_start(w->ring, plan);
}

void works_assert_content(const works *w, const lg_ring_work *batch)
{
    ck_assert_int_eq(batch->slot, batch->batch % w->slots);
    ck_assert_int_eq(batch->begin, 0);
    ck_assert_int_eq(batch->end, size_of(w, batch->batch));
    for (int64_t i = 0; i < batch->end; i++)
        if (w->memory[batch->slot][i] != value(w->epoch, batch->batch * w->plan.batch + i))
            ck_abort_msg("batch %d, sample %d", (int)batch->batch, (int)i);
}

lg_ring_work works_take(works *w)
{
    lg_ring_work batch;
    logit_error err = {.message = ""};
    const logit_status status = lg_ring_take(w->ring, &batch, LG_RING_FOREVER, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    if (batch.batch >= 0) works_assert_content(w, &batch);
    return batch;
}

void works_assert_fails(works *w, const char *message)
{
    lg_ring_work batch;
    logit_error err;
    ck_assert_int_eq(lg_ring_take(w->ring, &batch, LG_RING_FOREVER, &err), LOGIT_E_DATA);
    ck_assert_str_eq(err.message, message);
    ck_assert_int_lt(batch.batch, 0);
    ck_assert_int_eq(lg_ring_take(w->ring, &batch, LG_RING_FOREVER, NULL), LOGIT_E_DATA);
}

void works_drain(works *w, int64_t first, int hold)
{
    lg_ring_work held[WORKS_SLOTS];
    int64_t taken = first, released = first;
    for (;;) {
        const lg_ring_work batch = works_take(w);
        if (batch.batch < 0) break;
        ck_assert_int_eq(batch.batch, taken);
        held[taken++ % WORKS_SLOTS] = batch;
        sleep_up_to(w->delay_us, 2, (uint64_t)taken);
        if (taken - released < hold) continue;
        works_assert_content(w, &held[released++ % WORKS_SLOTS]);
        lg_ring_release(w->ring);
    }
    for (; released < taken; released++) {
        works_assert_content(w, &held[released % WORKS_SLOTS]);
        lg_ring_release(w->ring);
    }
    ck_assert_int_eq(taken, (w->plan.samples + w->plan.batch - 1) / w->plan.batch);
    ck_assert_int_lt(works_take(w).batch, 0); /* and so it stays */
}
