/* augment.c -- a row at a time: an edge, a stretch that is copied or reversed, another edge. */
/* SPDX-License-Identifier: MIT */
#include "data/augment.h"

#include <string.h>

#include "base/philox.h"

static int around_zero(uint32_t bits, int most)
{
    return (int)((uint64_t)bits * (2 * (uint64_t)most + 1) >> 32) - most;
}

lg_view lg_augment_draw(const lg_augment *augment, uint64_t seed, uint32_t epoch, int64_t sample)
{
    const lg_random4 r = lg_philox(seed, lg_stream_id(LG_STREAM_AUGMENT, epoch), (uint64_t)sample);
    return (lg_view){.flip = augment->flip && r.word[0] >> 31,
                     .down = around_zero(r.word[1], augment->shift),
                     .right = around_zero(r.word[2], augment->shift)};
}

/* `count` pixels, all the one at `from`. */
static void fill(uint8_t *to, const uint8_t *from, int count, int channels)
{
    for (int i = 0; i < count; i++)
        for (int c = 0; c < channels; c++) to[i * channels + c] = from[c];
}

/* Pixels of three bytes are moved as four: the fourth is overwritten by the next pixel.  The first
 * has none behind it that may be read, the last none that may be written. */
static void reverse_colour(uint8_t *restrict to, const uint8_t *restrict from, int count)
{
    const uint8_t *last = from + 3 * (count - 1);
    memcpy(to, last, 3);
    for (int k = 1; k < count - 1; k++) memcpy(to + 3 * k, last - 3 * k, 4);
    memcpy(to + 3 * (count - 1), from, 3);
}

static void reverse(uint8_t *restrict to, const uint8_t *restrict from, int count, int channels)
{
    if (channels == 3 && count > 0) {
        reverse_colour(to, from, count);
        return;
    }
    if (channels == 1) { /* a loop that the compiler makes vectors of */
        for (int k = 0; k < count; k++) to[k] = from[count - 1 - k];
        return;
    }
    for (int k = 0; k < count; k++)
        for (int c = 0; c < channels; c++)
            to[k * channels + c] = from[(count - 1 - k) * channels + c];
}

/* A row of `width` pixels, mirrored and moved. */
static void move_row(const lg_view *view, int width, int channels, const uint8_t *from, uint8_t *to)
{
    const int most = view->right < -width ? -width : view->right > width ? width : view->right;
    const int left = most > 0 ? most : 0, right = most < 0 ? -most : 0; /* pixels of the edges */
    const int inner = width - left - right;
    const uint8_t *first = from, *last = from + (width - 1) * channels;
    fill(to, view->flip ? last : first, left, channels);
    if (view->flip)
        reverse(to + left * channels, from + left * channels, inner, channels);
    else
        memcpy(to + left * channels, from + right * channels, (size_t)(inner * channels));
    fill(to + (left + inner) * channels, view->flip ? first : last, right, channels);
}

void lg_view_apply(const lg_view *view, lg_image_target shape, const uint8_t *from, uint8_t *to)
{
    const size_t row = (size_t)shape.width * (size_t)shape.channels;
    for (int y = 0; y < shape.height; y++) {
        const int wanted = y - view->down, bottom = shape.height - 1;
        const int source = wanted < 0 ? 0 : wanted > bottom ? bottom : wanted;
        move_row(view, shape.width, shape.channels, from + (size_t)source * row,
                 to + (size_t)y * row);
    }
}
