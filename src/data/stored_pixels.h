/* stored_pixels.h -- pixels that lie there plainly, made to fit another shape.
 *
 * Layer 1 (data), for the formats whose files hold pixels (IDX, packed). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_STORED_PIXELS_H
#define LG_DATA_STORED_PIXELS_H

#include "data/image.h"

/* To the target by the decoder's own rule: the pixels behind a PNM header are an image.  pixels:
 * [height][width][channels] of *stored.  name is only for messages.  Errors: as lg_image_decode. */
logit_status lg_pixels_fit(lg_decoder *decoder, const uint8_t *pixels, const lg_image_info *stored,
                           const char *name, lg_image_target target, uint8_t *out,
                           logit_error *err);

#endif
