/* first_samples.h -- a few training samples, as they are stored, to measure something on.
 *
 * Layer 2 (train).  The first ones of epoch 0's order: the same for every thread count, memory and
 * source. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FIRST_SAMPLES_H
#define LG_TRAIN_FIRST_SAMPLES_H

#include "data/loader.h"

typedef struct lg_first_samples {
    lg_element element;
    int64_t count;   /* those of weight 0 (bad ones) are passed over */
    size_t bytes;    /* of one */
    uint8_t *pixels; /* [count] of them */
    float *weight;   /* [count] */
} lg_first_samples;

/* At most `most` samples of `features` elements.  Starts an epoch of the loader, and leaves it.  To
 * be cleared also after a failure.  Errors: those of the loader; DATA if no sample is good; NOMEM.
 */
logit_status lg_first_samples_take(lg_first_samples *out, lg_loader *loader, int64_t features,
                                   int64_t most, logit_error *err);
void lg_first_samples_clear(lg_first_samples *samples);

#endif
