/* burst.h -- many steps in one go, recorded once: no host between them.
 *
 * Layer 2 (train).  For a set that lies on a device with memory of its own that can record (a CUDA
 * graph).  A burst is LG_BURST_STEPS whole batches that follow one another in the epoch's order.
 * Their rows, their numbers (learning rates change per step) and the number of the first step go to
 * a slot on the device in one copy; the steps, which read all of it there, are then one call.
 * There are two slots, each with a recording of its own: one is filled while the other computes.
 * The first burst is not recorded, so that scratch memory grows outside a recording; where there is
 * no memory for a recording none is.  Steps of a set that is streamed, or the first epoch of one
 * that is kept as it comes by, stay single: the host has a part in each of them anyway.
 *
 * The same kernels on the same numbers as step by step, hence the same bits. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_BURST_H
#define LG_TRAIN_BURST_H

#include "core/backend.h"

enum { LG_BURST_STEPS = 64 };

typedef struct lg_burst lg_burst;

/* What is to be filled in for the coming burst. */
typedef struct lg_burst_fill {
    int32_t *row;        /* [LG_BURST_STEPS][batch] */
    lg_scalars *scalars; /* [LG_BURST_STEPS][settings] */
    int64_t *before;     /* number of the first step */
} lg_burst_fill;

/* Bytes that bursts take on the device. */
size_t lg_burst_bytes(int64_t batch, int settings);

/* 1 if the backend can. */
int lg_burst_is_offered(const lg_backend *backend);

/* Borrows the backend.  Errors: NOMEM, DEVICE. */
logit_status lg_burst_create(lg_burst **out, lg_backend *backend, int64_t batch, int settings,
                             logit_error *err);
void lg_burst_destroy(lg_burst *burst);

/* Where to fill in; waits until the slot's last burst is done. */
logit_status lg_burst_begin(lg_burst *burst, lg_burst_fill *fill, logit_error *err);

/* Queues the steps.  step: as for lg_backend_train_step, its batch the whole resident set (row and
 * count are filled in here, and number, before and scalars); left as it was. */
logit_status lg_burst_run(lg_burst *burst, const lg_step *step, logit_error *err);

#endif
