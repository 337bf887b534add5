/* raw_image.h -- an image whose pixels lie in a file as they are, brought to another shape.
 *
 * Layer 1 (data).  For formats that hold plain pixels (IDX, npy, CIFAR, packed): the decoder's own
 * rule, so that an image gives the same bits from whatever file it comes. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_RAW_IMAGE_H
#define LG_DATA_RAW_IMAGE_H

#include "data/dataset.h"

typedef struct lg_raw_image {
    lg_image_info stored; /* its channels are 1 or 3 */
    const char *name;     /* for messages */
    /* Brings its pixels [height][width][channels] to `to`. */
    logit_status (*take)(const void *from, int64_t i, uint8_t *to, logit_error *err);
    const void *from;
    int64_t i;
} lg_raw_image;

/* 1 if nothing has to be done. */
int lg_raw_image_fits(const lg_image_info *stored, const lg_image_target *shape);

/* Takes the pixels and resizes them to out.  Errors: take's; DATA, NOMEM. */
logit_status lg_raw_image_resize(const lg_raw_image *image, lg_image_target shape,
                                 lg_decoder *decoder, uint8_t *out, logit_error *err);

#endif
