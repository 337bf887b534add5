/* feed.h -- brings the loader's minibatches to where the backend computes.
 *
 * Layer 2 (train).  Three ways, one interface:
 *   - a backend that reads host memory gets pointers into the loader, and nothing is copied;
 *   - a resident set is uploaded once, and each batch is a piece of the epoch's order array;
 *   - a streamed batch is copied into one of a few device slots on the copy queue, while the batch
 *     before it computes.  An event per slot says when it was copied, another when it was used.
 * Same bytes, same order, same bits in all three. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEED_H
#define LG_TRAIN_FEED_H

#include <stdint.h>

#include "core/backend.h"
#include "data/loader.h"

typedef struct lg_feed lg_feed;

typedef struct lg_feed_shape {
    int64_t batch;    /* most samples of a batch */
    int64_t rows;     /* of the loader's set */
    int64_t features; /* bytes per sample */
    int target_width; /* of the set: 0 with labels */
    int settings;     /* lg_scalars that go with a batch */
} lg_feed_shape;

/* Borrows both.  Errors: NOMEM, DEVICE. */
logit_status lg_feed_create(lg_feed **out, lg_backend *backend, lg_loader *loader,
                            const lg_feed_shape *shape, logit_error *err);
void lg_feed_destroy(lg_feed *feed);

/* As lg_loader_start. */
logit_status lg_feed_start(lg_feed *feed, uint32_t epoch, int64_t first, logit_error *err);

/* Next minibatch: *mini as the host sees it (NULL after the last), *scalars[settings] to be filled
 * in by the caller before lg_feed_send. */
logit_status lg_feed_next(lg_feed *feed, const lg_minibatch **mini, lg_scalars **scalars,
                          logit_error *err);

/* Puts the batch and its scalars, as the device will see them, into *step. */
logit_status lg_feed_send(lg_feed *feed, lg_step *step, logit_error *err);

/* The whole resident set as the device sees it (count and row are 0 and NULL), uploaded where that
 * has not been done: for steps that name their rows themselves.  mini: any minibatch of it. */
logit_status lg_feed_resident(lg_feed *feed, const lg_minibatch *mini, lg_batch *set,
                              logit_error *err);

/* All work on the batch has been queued; its memory may be used again once that is done. */
logit_status lg_feed_done(lg_feed *feed, logit_error *err);

#endif
