/* image_turn.c -- a picture the right way up.  Layer 1 (data).
 *
 * With stored rows and columns counted from 0, pixel (y, x) of the turned picture is
 *
 *   2  mirrored left to right     (y, W-1-x)      5  mirrored at the main diagonal  (x, y)
 *   3  turned by half a turn  (H-1-y, W-1-x)      6  turned right by a quarter      (H-1-x, y)
 *   4  mirrored top to bottom (H-1-y, x)          7  mirrored at the other diagonal (H-1-x, W-1-y)
 *                                                 8  turned left by a quarter       (x, W-1-y)
 *
 * of the stored one, H x W pixels.  Source: Exif 2.32, section 4.6.4 A, Orientation. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

/* Where a stored pixel is found: first + y down + x across. */
typedef struct walk {
    int64_t first, down, across; /* in pixels */
} walk;

static walk walk_of(int orientation, int64_t height, int64_t width)
{
    const int64_t last_row = (height - 1) * width, last_column = width - 1;
    switch (orientation) {
    case 2:
        return (walk){last_column, width, -1};
    case 3:
        return (walk){last_row + last_column, -width, -1};
    case 4:
        return (walk){last_row, -width, 1};
    case 5:
        return (walk){0, 1, width};
    case 6:
        return (walk){last_row, 1, -width};
    case 7:
        return (walk){last_row + last_column, -1, -width};
    case 8:
        return (walk){last_column, -1, width};
    default:
        return (walk){0, width, 1};
    }
}

const uint8_t *lg_image_turn(lg_image_arena *arena, const uint8_t *pixels, lg_image_info stored,
                             int channels)
{
    const lg_image_info turned = lg_image_turned(stored);
    const walk w = walk_of(stored.orientation, stored.height, stored.width);
    const size_t row = (size_t)turned.width * (size_t)channels;
    uint8_t *out = lg_arena_take(arena, (size_t)turned.height * row), *to = out;
    if (!out) return NULL;
    for (int y = 0; y < turned.height; y++) {
        int64_t at = w.first + y * w.down;
        for (int x = 0; x < turned.width; x++, at += w.across)
            for (int c = 0; c < channels; c++) *to++ = pixels[at * channels + c];
    }
    return out;
}
