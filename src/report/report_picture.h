/* report_picture.h -- pictures inside the page: PNGs as data URIs, and the colours of signed
 * numbers.
 *
 * Layer 3 (report). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_PICTURE_H
#define LG_REPORT_PICTURE_H

#include "base/text.h"
#include "data/image_write.h"

/* <img> of the pixels, shown with its pixels as squares.  alt: what it shows.  Error: NOMEM. */
logit_status lg_picture_add(lg_text *page, const lg_pixels *pixels, const char *alt,
                            logit_error *err);

/* A colour for a number from -1 to 1: blue below, near white at 0, red above.  NaN is black. */
void lg_picture_signed(double value, uint8_t rgb[3]);

/* The side that each of `count` square pictures may have: from `least` to `most`, and of `pixels`
 * together wherever that is possible. */
int lg_picture_side(int count, int most, int least, int pixels);

/* Signed numbers [height][width][channels], summed over the channels, over the largest of them;
 * shrunk by whole factors until no side is longer than `most`.  Error: NOMEM. */
logit_status lg_picture_add_signed(lg_text *page, const float *value, int height, int width,
                                   int channels, int most, const char *alt, logit_error *err);

/* Signed numbers [height][width][3] as colours: 0 is the middle grey, the largest of them full;
 * shrunk likewise.  Error: NOMEM. */
logit_status lg_picture_add_colour(lg_text *page, const float *value, int height, int width,
                                   int most, const char *alt, logit_error *err);

#endif
