/* stored_image.c -- a PNM header in front of pixels. */
/* SPDX-License-Identifier: MIT */
#include "data/stored_image.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"

int lg_stored_fits(const lg_image_info *stored, const lg_image_target *shape)
{
    return stored->height == shape->height && stored->width == shape->width &&
           stored->channels == shape->channels;
}

logit_status lg_stored_begin(lg_stored_image *image, const lg_image_info *stored, logit_error *err)
{
    enum { HEADER = 32 };
    const size_t pixels = (size_t)stored->height * (size_t)stored->width * (size_t)stored->channels;
    image->bytes = image->at_hand;
    if (HEADER + pixels > sizeof image->at_hand) image->bytes = malloc(HEADER + pixels);
    if (!image->bytes) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an image");
    const int header = snprintf((char *)image->bytes, HEADER, "P%d\n%d %d\n255\n",
                                stored->channels == 3 ? 6 : 5, stored->width, stored->height);
    image->pixels = image->bytes + header;
    image->size = (size_t)header + pixels;
    return LOGIT_OK;
}

logit_status lg_stored_decode(const lg_stored_image *image, lg_decoder *decoder, const char *name,
                              lg_image_target target, uint8_t *out, logit_error *err)
{
    return lg_image_decode(decoder, image->bytes, image->size, name, target, out, err);
}

void lg_stored_end(lg_stored_image *image)
{
    if (image->bytes != image->at_hand) free(image->bytes);
}
