/* augment.h -- other views of an image: mirrored, moved by a few pixels.
 *
 * Layer 1 (data).  What happens to a sample is a function of (seed, epoch, sample) alone, so it is
 * the same for every thread, memory, source and device. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_AUGMENT_H
#define LG_DATA_AUGMENT_H

#include <stdint.h>

#include "data/image.h"

/* What may happen; all 0: nothing. */
typedef struct lg_augment {
    int flip;  /* 1: left and right change places, with probability 1/2 */
    int shift; /* by up to so many pixels up or down, and left or right, each as likely */
} lg_augment;

/* What happens to one sample: first it is mirrored, then moved. */
typedef struct lg_view {
    int flip;
    int down, right; /* pixels; negative: up, left */
} lg_view;

static inline int lg_augment_is_on(const lg_augment *augment)
{
    return augment->flip || augment->shift > 0;
}

/* One block r of Philox(seed, stream of the epoch, sample), stream LG_STREAM_AUGMENT: flip is the
 * highest bit of r[0]; down is r[1] (2 shift + 1) / 2^32 - shift, rounded down, right is r[2]'s. */
lg_view lg_augment_draw(const lg_augment *augment, uint64_t seed, uint32_t epoch, int64_t sample);

/* Pixel (y, x) of `to` is pixel (y - down, x - right) of `from`, which was mirrored before; what
 * lies outside is the nearest pixel of the edge.  Both are u8 [h][w][c], and do not overlap. */
void lg_view_apply(const lg_view *view, lg_image_target shape, const uint8_t *from, uint8_t *to);

#endif
