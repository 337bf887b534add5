/* ring.h -- a bounded ring of minibatches, filled by many threads, drained in order.
 *
 * Layer 1 (data).  Batch b always lives in slot b % slots.  A batch is handed out in pieces of
 * `grain` samples, so that one batch is filled by several producers and the first is there soon.
 * A producer claims the next piece, fills it with no lock held, and publishes it; the consumer
 * takes batch 0, 1, 2, ... and gives each back.  What it sees depends on the batch's number,
 * never on timing.
 *
 * The ring knows numbers only: the slots' memory is the loader's.  Producers call claim and
 * publish; take, release, start and drop belong to one consumer thread; stop to any. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_RING_H
#define LG_DATA_RING_H

#include <stdint.h>

#include "logit.h"

typedef struct lg_ring lg_ring;

/* Samples begin .. end-1 of a batch: a producer's piece, or all of it for the consumer. */
typedef struct lg_ring_work {
    int64_t batch;
    int slot;
    int64_t begin, end;
} lg_ring_work;

/* Numbers of no batch. */
enum { LG_RING_END = -1, LG_RING_LATER = -2 };

#define LG_RING_FOREVER (-1.0)

/* How an epoch is cut.  Batch b holds samples b*batch .. min((b+1)*batch, samples) - 1. */
typedef struct lg_ring_plan {
    int64_t samples; /* of the epoch */
    int64_t batch;   /* samples per batch, >= 1 */
    int64_t grain;   /* samples per piece, >= 1 */
    int64_t first;   /* batch to begin with */
} lg_ring_plan;

/* A ring over `slots` slots, >= 1.  Nothing is handed out before lg_ring_start.  *out is NULL on
 * failure.  Error: NOMEM. */
logit_status lg_ring_create(lg_ring **out, int slots, logit_error *err);
/* No thread may be inside any more: stop, join, destroy. */
void lg_ring_destroy(lg_ring *ring);

/* Drops what is left of the epoch, batches held included.  Blocks until no producer is at work;
 * from then until lg_ring_start nobody but the caller touches the slots. */
void lg_ring_drop(lg_ring *ring);
/* The same, but blocks no longer than `patience` seconds (LG_RING_FOREVER): 0 if a producer is at
 * work even then, and it has to be called again. */
int lg_ring_drop_within(lg_ring *ring, double patience);
/* Begins an epoch; drops the one before, if that was not done. */
void lg_ring_start(lg_ring *ring, lg_ring_plan plan);
/* For good: wakes everybody.  claim returns 0 and take STOPPED from now on. */
void lg_ring_stop(lg_ring *ring);

/* Producer: next piece to fill; 0 once the ring is stopped.  Blocks while there is no work. */
int lg_ring_claim(lg_ring *ring, lg_ring_work *piece);
/* The same, of `most` samples (>= 1) if that is less than a grain, and 0 while there is no work.
 * Never blocks; for a consumer that fills a piece itself while it has to wait. */
int lg_ring_try_claim(lg_ring *ring, int64_t most, lg_ring_work *piece);
/* Producer: 1 if nobody will look at what is being filled (dropped or stopped): a piece may then
 * be published as it is.  Cheap; asked between samples. */
int lg_ring_abandoned(const lg_ring *ring);
/* Producer: the piece is filled, or failed at sample `at` of its batch.  Of several failures in a
 * batch the one with the lowest `at` stays, whoever comes first.  failure is read only if status
 * is not OK. */
void lg_ring_publish(lg_ring *ring, const lg_ring_work *piece, logit_status status, int64_t at,
                     const logit_error *failure);

/* Consumer: the next batch, complete; batch->batch is LG_RING_END after the last one.  Blocks, but
 * no longer than `patience` seconds (LG_RING_FOREVER), after which it is LG_RING_LATER.  A failed
 * batch is not taken: its error comes again at every call until lg_ring_start.  Errors: the
 * batch's; USAGE if all slots are held; STOPPED. */
logit_status lg_ring_take(lg_ring *ring, lg_ring_work *batch, double patience, logit_error *err);
/* Consumer: the oldest batch that is held may be overwritten.  Nothing happens if none is held,
 * as after lg_ring_drop. */
void lg_ring_release(lg_ring *ring);

int lg_ring_slots(const lg_ring *ring);
/* Consumer: seconds that it was blocked in take since lg_ring_start. */
double lg_ring_waited(const lg_ring *ring);

#endif
