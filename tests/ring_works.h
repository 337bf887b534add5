/* ring_works.h -- a ring with producers at work, for trying it out under random delays.
 *
 * Tests.  Producers write a number that follows from (epoch, batch, sample) into the slot; the
 * consumer looks at every one of them when it takes a batch, and again before it gives it back, so
 * that a slot that is handed out too early shows.  Failures end the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_RING_WORKS_H
#define LG_TESTS_RING_WORKS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "data/ring.h"

enum {
    WORKS_SLOTS = 5,
    WORKS_MOST_THREADS = 8,
    WORKS_MOST_BATCH = 64,
    WORKS_THREADS = 4,
    WORKS_PLANS = 6,
    WORKS_TIMEOUT = 60 /* seconds: a deadlock ends there */
};

extern const int works_threads[WORKS_THREADS];      /* 1, 2, 3 and 8 */
extern const lg_ring_plan works_plans[WORKS_PLANS]; /* all kinds; number 1 is the odd one */

typedef struct works {
    lg_ring *ring;
    int slots, threads;
    pthread_t thread[WORKS_MOST_THREADS];
    int64_t memory[WORKS_SLOTS][WORKS_MOST_BATCH];
    /* of the epoch; written while the ring is dropped */
    int64_t epoch;
    lg_ring_plan plan;
    int64_t fail[2];   /* samples of the epoch that fail; -1: none */
    unsigned delay_us; /* at most, per piece */
    int stuck;         /* producers fill until they are told that it is in vain */
    atomic_int faults; /* what a producer saw and must not see */
} works;

void works_open(works *w, int slots, int threads);
void works_close(works *w); /* stop, join, destroy; looks for faults */

/* Drops what is left and begins an epoch.  Before other fields of w are written the ring has to be
 * dropped as well. */
void works_start(works *w, int64_t epoch, lg_ring_plan plan);

/* The next batch, which must be right. */
lg_ring_work works_take(works *w);
void works_assert_content(const works *w, const lg_ring_work *batch);

/* The epoch from `first` to its end, with up to `hold` batches held. */
void works_drain(works *w, int64_t first, int hold);

/* The next batch fails, with DATA and this message, and goes on failing. */
void works_assert_fails(works *w, const char *message);

#endif
