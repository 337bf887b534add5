/* ring.c -- one mutex, two conditions, and three counters that say it all:
 *
 *   released <= taken <= claimed,   claimed - released <= count
 *
 * Every number below `released` is a free slot again; released .. taken-1 are held by the
 * consumer; taken .. claimed-1 are filled or being filled; of batch claimed-1 the samples below
 * `offset` are handed out.
 *
 * Waking a thread costs as much as copying a hundred small images.  So a producer that fell asleep
 * because the ring was full sleeps on until half of it is free or the consumer has to wait, one is
 * woken at a time, and each that finds more work than its own wakes the next. */
/* SPDX-License-Identifier: MIT */
#include "data/ring.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/status.h"

typedef struct ring_slot {
    int64_t filled;      /* samples published */
    logit_status status; /* of the lowest sample that failed */
    int64_t failed_at;
    logit_error error;
} ring_slot;

struct lg_ring {
    pthread_mutex_t mutex;
    pthread_cond_t work;  /* for producers: there is something to claim, or the end */
    pthread_cond_t ready; /* for the consumer: batch `taken` is complete, or nobody is busy */
    /* all below under the mutex, but what only the consumer writes it reads without */
    lg_ring_plan plan;
    int64_t batches; /* of the epoch */
    int64_t released, taken, claimed;
    int64_t offset;
    int open;    /* an epoch is under way */
    int stopped; /* for good */
    int busy;    /* producers between claim and publish */
    int idle;    /* producers asleep */
    int waiting; /* the consumer is asleep */
    double waited;
    atomic_int abandoned; /* !open || stopped, to be read without the mutex */
    int count;
    ring_slot slot[];
};

logit_status lg_ring_create(lg_ring **out, int slots, logit_error *err)
{
    assert(slots >= 1);
    *out = NULL;
    lg_ring *ring = calloc(1, sizeof *ring + (size_t)slots * sizeof *ring->slot);
    if (!ring) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a ring of %d slots", slots);
    pthread_mutex_init(&ring->mutex, NULL);
    pthread_cond_init(&ring->work, NULL);
    pthread_condattr_t clock; /* the one of lg_seconds */
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&ring->ready, &clock);
    pthread_condattr_destroy(&clock);
    atomic_init(&ring->abandoned, 1);
    ring->count = slots;
    *out = ring;
    return LOGIT_OK;
}

void lg_ring_destroy(lg_ring *ring)
{
    if (!ring) return;
    assert(ring->busy == 0 && ring->idle == 0);
    pthread_cond_destroy(&ring->ready);
    pthread_cond_destroy(&ring->work);
    pthread_mutex_destroy(&ring->mutex);
    free(ring);
}

/* --- what the counters mean; the mutex is held --- */

static int64_t batch_size(const lg_ring *ring, int64_t batch)
{
    const int64_t left = ring->plan.samples - batch * ring->plan.batch;
    return left < ring->plan.batch ? left : ring->plan.batch;
}

static ring_slot *slot_of(lg_ring *ring, int64_t batch)
{
    return &ring->slot[batch % ring->count];
}

/* 1 while the newest batch has samples that nobody has claimed. */
static int newest_is_open(const lg_ring *ring)
{
    return ring->claimed > ring->plan.first && ring->offset < batch_size(ring, ring->claimed - 1);
}

static int has_work(const lg_ring *ring)
{
    if (!ring->open) return 0;
    return newest_is_open(ring) ||
           (ring->claimed < ring->batches && ring->claimed - ring->released < ring->count);
}

static int is_complete(lg_ring *ring, int64_t batch)
{
    return batch < ring->claimed && slot_of(ring, batch)->filled == batch_size(ring, batch);
}

static void wake_producer(lg_ring *ring)
{
    if (ring->idle && has_work(ring)) pthread_cond_signal(&ring->work);
}

/* --- producers --- */

static void next_piece(lg_ring *ring, int64_t most, lg_ring_work *piece)
{
    if (!newest_is_open(ring)) {
        ring_slot *slot = slot_of(ring, ring->claimed++);
        slot->filled = 0;
        slot->status = LOGIT_OK;
        ring->offset = 0;
    }
    const int64_t batch = ring->claimed - 1, size = batch_size(ring, batch);
    const int64_t left = size - ring->offset;
    piece->batch = batch;
    piece->slot = (int)(batch % ring->count);
    piece->begin = ring->offset;
    ring->offset += left < most ? left : most;
    piece->end = ring->offset;
}

/* With the mutex held, and if there is work. */
static void claim(lg_ring *ring, int64_t most, lg_ring_work *piece)
{
    next_piece(ring, most, piece);
    ring->busy++;
    wake_producer(ring);
}

int lg_ring_claim(lg_ring *ring, lg_ring_work *piece)
{
    pthread_mutex_lock(&ring->mutex);
    while (!ring->stopped && !has_work(ring)) {
        ring->idle++;
        pthread_cond_wait(&ring->work, &ring->mutex);
        ring->idle--;
    }
    const int go_on = !ring->stopped;
    if (go_on) claim(ring, ring->plan.grain, piece);
    pthread_mutex_unlock(&ring->mutex);
    return go_on;
}

int lg_ring_try_claim(lg_ring *ring, int64_t most, lg_ring_work *piece)
{
    pthread_mutex_lock(&ring->mutex);
    const int64_t grain = ring->plan.grain;
    const int go_on = !ring->stopped && has_work(ring);
    if (go_on) claim(ring, most < grain ? most : grain, piece);
    pthread_mutex_unlock(&ring->mutex);
    return go_on;
}

int lg_ring_abandoned(const lg_ring *ring)
{
    return atomic_load_explicit(&ring->abandoned, memory_order_relaxed);
}

void lg_ring_publish(lg_ring *ring, const lg_ring_work *piece, logit_status status, int64_t at,
                     const logit_error *failure)
{
    pthread_mutex_lock(&ring->mutex);
    ring_slot *slot = &ring->slot[piece->slot];
    if (status != LOGIT_OK && (slot->status == LOGIT_OK || at < slot->failed_at)) {
        slot->status = status;
        slot->failed_at = at;
        slot->error = *failure;
    }
    slot->filled += piece->end - piece->begin;
    ring->busy--;
    if (ring->waiting && (ring->open ? is_complete(ring, ring->taken) : ring->busy == 0))
        pthread_cond_signal(&ring->ready);
    pthread_mutex_unlock(&ring->mutex);
}

/* --- the consumer --- */

/* Until somebody signals, or until the moment `end` of lg_seconds (below 0: never). */
static void wait_ready(lg_ring *ring, double end)
{
    ring->waiting = 1;
    if (end < 0.0) {
        pthread_cond_wait(&ring->ready, &ring->mutex);
    } else {
        const double whole = floor(end);
        const struct timespec moment = {.tv_sec = (time_t)whole,
                                        .tv_nsec = (long)(1e9 * (end - whole))};
        pthread_cond_timedwait(&ring->ready, &ring->mutex, &moment);
    }
    ring->waiting = 0;
}

/* 1 once nobody is busy, 0 where that is not so at the moment `end` (below 0: never). */
static int close_epoch(lg_ring *ring, double end)
{
    ring->open = 0;
    atomic_store(&ring->abandoned, 1);
    while (ring->busy > 0 && (end < 0.0 || lg_seconds() < end)) wait_ready(ring, end);
    return ring->busy == 0;
}

int lg_ring_drop_within(lg_ring *ring, double patience)
{
    const double end = patience < 0.0 ? LG_RING_FOREVER : lg_seconds() + patience;
    pthread_mutex_lock(&ring->mutex);
    const int is_done = close_epoch(ring, end);
    pthread_mutex_unlock(&ring->mutex);
    return is_done;
}

void lg_ring_drop(lg_ring *ring)
{
    (void)lg_ring_drop_within(ring, LG_RING_FOREVER);
}

void lg_ring_start(lg_ring *ring, lg_ring_plan plan)
{
    assert(plan.samples >= 0 && plan.batch >= 1 && plan.grain >= 1 && plan.first >= 0);
    pthread_mutex_lock(&ring->mutex);
    close_epoch(ring, LG_RING_FOREVER);
    ring->plan = plan;
    ring->batches = (plan.samples + plan.batch - 1) / plan.batch;
    ring->released = ring->taken = ring->claimed = plan.first;
    ring->offset = 0;
    ring->waited = 0.0;
    ring->open = 1;
    atomic_store(&ring->abandoned, ring->stopped);
    wake_producer(ring);
    pthread_mutex_unlock(&ring->mutex);
}

void lg_ring_stop(lg_ring *ring)
{
    pthread_mutex_lock(&ring->mutex);
    ring->stopped = 1;
    atomic_store(&ring->abandoned, 1);
    pthread_cond_broadcast(&ring->work);
    pthread_cond_broadcast(&ring->ready);
    pthread_mutex_unlock(&ring->mutex);
}

static int is_decided(lg_ring *ring)
{
    return ring->stopped || is_complete(ring, ring->taken);
}

/* Until batch `taken` is complete, the ring is stopped or patience is at its end. */
static void wait_for_batch(lg_ring *ring, double patience)
{
    if (is_decided(ring)) return;
    const double since = lg_seconds(), end = patience < 0.0 ? LG_RING_FOREVER : since + patience;
    double now = since;
    wake_producer(ring);
    while (!is_decided(ring) && (end < 0.0 || now < end)) {
        wait_ready(ring, end);
        now = lg_seconds();
    }
    ring->waited += now - since;
}

static logit_status take(lg_ring *ring, lg_ring_work *batch, double patience, logit_error *err)
{
    *batch = (lg_ring_work){.batch = LG_RING_END, .slot = -1};
    if (!ring->open || ring->taken >= ring->batches) return LOGIT_OK;
    if (ring->taken - ring->released == ring->count)
        LG_FAIL(err, LOGIT_E_USAGE, "all %d slots of the ring are held: release a batch first",
                ring->count);
    wait_for_batch(ring, patience);
    if (ring->stopped) LG_FAIL(err, LOGIT_E_STOPPED, "the ring of minibatches was stopped");
    if (!is_complete(ring, ring->taken)) {
        batch->batch = LG_RING_LATER;
        return LOGIT_OK;
    }
    const ring_slot *slot = slot_of(ring, ring->taken);
    if (slot->status != LOGIT_OK) {
        if (err) *err = slot->error;
        return slot->status;
    }
    batch->batch = ring->taken++;
    batch->slot = (int)(batch->batch % ring->count);
    batch->end = batch_size(ring, batch->batch);
    return LOGIT_OK;
}

logit_status lg_ring_take(lg_ring *ring, lg_ring_work *batch, double patience, logit_error *err)
{
    pthread_mutex_lock(&ring->mutex);
    const logit_status status = take(ring, batch, patience, err);
    pthread_mutex_unlock(&ring->mutex);
    return status;
}

void lg_ring_release(lg_ring *ring)
{
    pthread_mutex_lock(&ring->mutex);
    if (ring->released < ring->taken) {
        ring->released++;
        const int64_t free_slots = ring->count - (ring->claimed - ring->released);
        if (free_slots >= (ring->count + 1) / 2) wake_producer(ring);
    }
    pthread_mutex_unlock(&ring->mutex);
}

int lg_ring_slots(const lg_ring *ring)
{
    return ring->count;
}

double lg_ring_waited(const lg_ring *ring)
{
    return ring->waited;
}
