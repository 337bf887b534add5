/* image_write.h -- pixels to the bytes of a PNG or JPEG file.
 *
 * Layer 1 (data).  Encodes into memory; writing, and noticing a full
 * disk, is the caller's. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IMAGE_WRITE_H
#define LG_DATA_IMAGE_WRITE_H

#include <stdint.h>

#include "base/file.h"

typedef enum lg_file_kind { LG_FILE_PNG, LG_FILE_JPG } lg_file_kind;

/* pixel[height][width][channels], channels 1 or 3; borrowed. */
typedef struct lg_pixels {
    const uint8_t *pixel;
    int width, height, channels;
} lg_pixels;

/* Replaces what is in *bytes.  quality: of a JPEG, 1 .. 100.  Error: NOMEM. */
logit_status lg_pixels_encode(const lg_pixels *pixels, lg_file_kind kind, int quality,
                              lg_bytes *bytes, logit_error *err);

#endif
