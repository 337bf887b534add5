/* raw_image.c -- pixels behind a PNM header are an image for the decoder. */
/* SPDX-License-Identifier: MIT */
#include "data/raw_image.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"

int lg_raw_image_fits(const lg_image_info *stored, const lg_image_target *shape)
{
    return stored->height == shape->height && stored->width == shape->width &&
           stored->channels == shape->channels;
}

logit_status lg_raw_image_resize(const lg_raw_image *image, lg_image_target shape,
                                 lg_decoder *decoder, uint8_t *out, logit_error *err)
{
    enum { HEADER = 32, AT_HAND = 1 << 15 };
    const lg_image_info *stored = &image->stored;
    const size_t bytes = (size_t)stored->height * (size_t)stored->width * (size_t)stored->channels;
    uint8_t small[AT_HAND], *pnm = small;
    if (HEADER + bytes > sizeof small) pnm = malloc(HEADER + bytes);
    if (!pnm) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an image");
    const int header = snprintf((char *)pnm, HEADER, "P%d\n%d %d\n255\n",
                                stored->channels == 3 ? 6 : 5, stored->width, stored->height);
    logit_status status = image->take(image->from, image->i, pnm + header, err);
    if (status == LOGIT_OK)
        status =
            lg_image_decode(decoder, pnm, (size_t)header + bytes, image->name, shape, out, err);
    if (pnm != small) free(pnm);
    return status;
}
