/* stored_pixels.c -- a PNM header in front of pixels makes them an image. */
/* SPDX-License-Identifier: MIT */
#include "data/stored_pixels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

logit_status lg_pixels_fit(lg_decoder *decoder, const uint8_t *pixels, const lg_image_info *stored,
                           const char *name, lg_image_target target, uint8_t *out, logit_error *err)
{
    enum { HEADER = 32, AT_HAND = 1 << 15 };
    uint8_t small[AT_HAND], *image = small;
    const size_t bytes = (size_t)stored->height * (size_t)stored->width * (size_t)stored->channels;
    if (HEADER + bytes > sizeof small) image = malloc(HEADER + bytes);
    if (!image) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an image");
    const int header = snprintf((char *)image, HEADER, "P%d\n%d %d\n255\n",
                                stored->channels == 3 ? 6 : 5, stored->width, stored->height);
    memcpy(image + header, pixels, bytes);
    const logit_status status =
        lg_image_decode(decoder, image, (size_t)header + bytes, name, target, out, err);
    if (image != small) free(image);
    return status;
}
