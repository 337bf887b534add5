/* element.h -- the number type of a stored sample: pixels are bytes, features may be floats.
 *
 * Layer 0 (base).  What a set holds and what travels to the device; the type that is computed with
 * is the backend's (core/backend.h, core/precision.h). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_ELEMENT_H
#define LG_BASE_ELEMENT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/half.h"

typedef enum lg_element {
    LG_ELEMENT_U8,  /* a pixel, 0 .. 255; stands for u / 255 */
    LG_ELEMENT_F16, /* IEEE 754 binary16, little endian; stands for itself */
    LG_ELEMENT_F32, /* IEEE 754 binary32, little endian; stands for itself */
    LG_ELEMENT_COUNT
} lg_element;

static inline size_t lg_element_bytes(lg_element element)
{
    static const size_t bytes[LG_ELEMENT_COUNT] = {1, 2, 4};
    return bytes[element];
}

/* 1 for features, 0 for pixels. */
static inline int lg_element_is_float(lg_element element)
{
    return element != LG_ELEMENT_U8;
}

/* "uint8", "float16", "float32" */
static inline const char *lg_element_name(lg_element element)
{
    static const char *const name[LG_ELEMENT_COUNT] = {"uint8", "float16", "float32"};
    return name[element];
}

/* Element j of a sample, as the number that is stored: a byte from 0 to 255, a float itself. */
static inline double lg_element_at(lg_element element, const uint8_t *sample, int64_t j)
{
    float wide;
    uint16_t half;
    switch (element) {
    case LG_ELEMENT_F16:
        memcpy(&half, sample + 2 * j, sizeof half);
        return (double)lg_half_float(half);
    case LG_ELEMENT_F32:
        memcpy(&wide, sample + 4 * j, sizeof wide);
        return (double)wide;
    default:
        return (double)sample[j];
    }
}

#endif
