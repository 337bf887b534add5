/* stored_image.h -- pixels that a file holds plainly, brought to another shape.
 *
 * Layer 1 (data).  By the decoder's own rule, so that a set gives the same pixels from whatever
 * form it is stored in: the pixels are put behind a PNM header, which makes them an image. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_STORED_IMAGE_H
#define LG_DATA_STORED_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "data/image.h"

typedef struct lg_stored_image {
    uint8_t at_hand[1 << 15];
    uint8_t *bytes;  /* at_hand, or malloc'ed where that is too small */
    uint8_t *pixels; /* [height][width][channels], to be filled */
    size_t size;     /* of all bytes */
} lg_stored_image;

/* 1: a stored image needs no change to have this shape. */
int lg_stored_fits(const lg_image_info *stored, const lg_image_target *shape);

/* Error: NOMEM. */
logit_status lg_stored_begin(lg_stored_image *image, const lg_image_info *stored, logit_error *err);
/* Decodes it when its pixels were filled.  Errors: as lg_image_decode. */
logit_status lg_stored_decode(const lg_stored_image *image, lg_decoder *decoder, const char *name,
                              lg_image_target target, uint8_t *out, logit_error *err);
void lg_stored_end(lg_stored_image *image);

#endif
