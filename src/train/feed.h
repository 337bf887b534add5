/* feed.h -- brings the loader's minibatches to where the backend computes.
 *
 * Layer 2 (train).  A backend that reads host memory gets pointers into the loader, and nothing is
 * copied.  On a device with memory of its own a placement (placement.h) says how much of the set
 * stays there:
 *   - all of it, and the host has it: it is uploaded when the first epoch starts, and each batch is
 * a piece of the epoch's order;
 *   - all of it, and the host has not: in the first epoch each batch comes through a slot, and its
 *     rows are kept on the way (backend.h: lg_rows); then it is as above, and the loader reads
 *     nothing any more;
 *   - a part of it: rows that are kept come into the slot from there, the loader reads the others;
 *   - nothing of it: each batch comes through a slot.
 * A slot is filled on the copy queue while the batch before computes.  Two events guard it:
 * `copied` tells the compute queue that it is full, and the host that its own memory is free again;
 * `used` tells the host that numbers for another batch may be written.  The host gives a minibatch
 * back to the loader one batch later, so that it waits for no copy that has just been queued.
 *
 * Same bytes, same order, same bits whatever the placement is. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEED_H
#define LG_TRAIN_FEED_H

#include <stdint.h>

#include "core/backend.h"
#include "data/loader.h"
#include "train/kept.h"
#include "train/placement.h"

typedef struct lg_feed lg_feed;

typedef struct lg_feed_shape {
    int64_t batch;    /* most samples of a batch */
    int64_t features; /* elements per sample */
    int settings;     /* lg_scalars that go with a batch */
    int passes;       /* how often the set is seen: 1, or more */
    size_t others;    /* as in lg_placement_need */
    size_t limit;     /* as there */
} lg_feed_shape;

/* Fills in what the device needs for this feed; all but free_bytes and total_bytes where the
 * backend cannot tell.  For a backend that is not unified. */
logit_status lg_feed_need(lg_backend *backend, const lg_loader *loader, const lg_feed_shape *shape,
                          lg_placement_need *need, logit_error *err);

/* Borrows both.  placement: not looked at where the backend is unified, and may be NULL there.
 * Errors: NOMEM, DEVICE. */
logit_status lg_feed_create(lg_feed **out, lg_backend *backend, lg_loader *loader,
                            const lg_feed_shape *shape, const lg_placement *placement,
                            logit_error *err);
void lg_feed_destroy(lg_feed *feed);

/* Chooses a placement and creates a feed by it; where memory is not there after all the next
 * smaller one is taken, and the watch is told.  text: what was taken and why, "" where memory is
 * shared. */
logit_status lg_feed_open(lg_feed **out, lg_backend *backend, lg_loader *loader,
                          const lg_feed_shape *shape, const logit_watch *watch, char *text,
                          size_t size, logit_error *err);

/* As lg_loader_start. */
logit_status lg_feed_start(lg_feed *feed, uint32_t epoch, int64_t first, logit_error *err);

/* Next minibatch: *mini as the host sees it (NULL after the last), *scalars[settings] to be filled
 * in by the caller before lg_feed_send. */
logit_status lg_feed_next(lg_feed *feed, const lg_minibatch **mini, lg_scalars **scalars,
                          logit_error *err);

/* Puts the batch and its scalars, as the device will see them, into *step. */
logit_status lg_feed_send(lg_feed *feed, lg_step *step, logit_error *err);

/* All work on the batch has been queued; its memory may be used again once that is done. */
logit_status lg_feed_done(lg_feed *feed, logit_error *err);

/* Bytes that it takes on the device. */
size_t lg_feed_bytes(const lg_feed *feed);

/* From the next start on the features of the set's samples are made once (lg_kept_fill, as soon as
 * the samples lie where that needs them) and steps are pointed at them.  Borrowed. */
void lg_feed_keep_features(lg_feed *feed, lg_kept *kept);
/* Samples that would have to be kept. */
int64_t lg_feed_kept_rows(const lg_feed *feed);

/* For steps that name their rows themselves.  Will the whole set lie on the device? */
int lg_feed_is_resident(const lg_feed *feed);
/* Does it, in the epoch that was started? */
int lg_feed_is_complete(const lg_feed *feed);
/* Then: points a step at the set as the device sees it (count and row are 0 and NULL) ... */
void lg_feed_point(const lg_feed *feed, lg_step *step);
/* ... and where the minibatch's samples lie in it, row[count]. */
void lg_feed_rows(const lg_feed *feed, const lg_minibatch *mini, int32_t *row);

#endif
