/* image_resize.c -- to the target's size: triangle filter, shorter side, centre crop.
 *
 * Layer 1 (data).  The source is scaled by s = num/den, the larger of the two ratios of sides, and
 * the target lies in the middle of the result.  In units of source pixels the centre of target
 * pixel i of n lies at
 *     c = size/2 + (i + 1/2 - n/2) / s,
 * and the source pixel whose centre is at distance d from c weighs max(0, 1 - d/r), where
 * r = max(1, 1/s): linear interpolation when it grows, an average over two target pixels' width
 * when it shrinks.  Beyond the border its last pixel goes on.  The weights of a pixel are scaled to
 * the sum 1.
 *
 * Places and weights are exact integers (multiplied by 2 num) until the one division that makes
 * a weight a float, sums are in one fixed order, and nothing is fused: the same bits everywhere.
 * First down the columns, along whole rows, then along the one row that is left. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <string.h>

#define STRIDE 16 /* floats that are summed side by side */

/* The source pixels that make one target pixel. */
typedef struct taps {
    int first, count;
    const float *weight; /* [count] */
} taps;

typedef struct scale {
    int64_t num, den;
} scale;

static scale scale_of(int height, int width, lg_image_target target)
{
    if ((int64_t)target.width * height >= (int64_t)target.height * width)
        return (scale){target.width, width};
    return (scale){target.height, height};
}

/* Most taps of a pixel, those beyond the border included. */
static int64_t taps_max(scale s)
{
    const int64_t reach = s.num > s.den ? s.num : s.den;
    return 2 * ((reach + s.num - 1) / s.num) + 1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Taps of target pixel i of n on `size` source pixels, all times 2 num. */
static taps make_taps(scale s, int size, int n, int i, float *weight)
{
    const int64_t centre = size * s.num + (2 * (int64_t)i + 1 - n) * s.den;
    const int64_t reach = 2 * (s.num > s.den ? s.num : s.den);
    /* pixel j weighs something if |(2 j + 1) num - centre| < reach */
    const int64_t begin = floor_div(centre - reach - s.num, 2 * s.num) + 1;
    const int64_t end = -floor_div(-(centre + reach - s.num), 2 * s.num);
    const int64_t first = clamp(begin, 0, size - 1), last = clamp(end - 1, 0, size - 1);
    int64_t total = 0;
    for (int64_t j = begin; j < end; j++) {
        const int64_t d = (2 * j + 1) * s.num - centre;
        total += reach - (d < 0 ? -d : d);
    }
    memset(weight, 0, (size_t)(last - first + 1) * sizeof *weight);
    int64_t sum = 0; /* of the source pixel at hand, with what lies beyond the border */
    for (int64_t j = begin; j < end; j++) {
        const int64_t d = (2 * j + 1) * s.num - centre, at = clamp(j, 0, size - 1);
        sum += reach - (d < 0 ? -d : d);
        weight[at - first] = (float)((double)sum / (double)total);
        if (at == j && j < size - 1) sum = 0;
    }
    return (taps){(int)first, (int)(last - first + 1), weight};
}

size_t lg_resize_bytes(int height, int width, lg_image_target target)
{
    if (height == target.height && width == target.width) return 0;
    const size_t pixels = (size_t)target.width + (size_t)target.height;
    const size_t most = (size_t)taps_max(scale_of(height, width, target));
    const size_t row = (size_t)width * (size_t)target.channels + STRIDE;
    return pixels * (sizeof(taps) + most * sizeof(float)) + row * sizeof(float) +
           4 * LG_ARENA_BLOCK;
}

/* The taps of all n target pixels of one side; NULL if the arena is full. */
static taps *make_side(lg_image_arena *arena, scale s, int size, int n)
{
    const size_t most = (size_t)taps_max(s);
    taps *side = lg_arena_take(arena, (size_t)n * sizeof *side);
    float *weight = lg_arena_take(arena, (size_t)n * most * sizeof *weight);
    if (!side || !weight) return NULL;
    for (int i = 0; i < n; i++) side[i] = make_taps(s, size, n, i, weight + (size_t)i * most);
    return side;
}

/* sum[0 .. n-1] += weight * from[0 .. n-1]; in fixed strides, which the compiler vectorises. */
static void add_row(float *restrict sum, const uint8_t *restrict from, size_t n, float weight)
{
    size_t i = 0;
    for (; i + STRIDE <= n; i += STRIDE)
        for (size_t k = 0; k < STRIDE; k++) sum[i + k] += weight * (float)from[i + k];
    for (; i < n; i++) sum[i] += weight * (float)from[i];
}

static uint8_t to_byte(float value)
{
    const int rounded = (int)(value + 0.5f);
    return (uint8_t)(rounded > 255 ? 255 : rounded);
}

/* One target row from the one source row (columns from `begin`) that is left. */
static void filter_row3(const float *row, int begin, const taps *side, int n, uint8_t *out)
{
    for (int i = 0; i < n; i++) {
        const float *from = row + 3 * (side[i].first - begin);
        float sum[4] = {
            0}; /* the fourth is the next pixel's red: four are added as fast as three */
        for (int j = 0; j < side[i].count; j++)
            for (int c = 0; c < 4; c++) sum[c] += side[i].weight[j] * from[3 * j + c];
        for (int c = 0; c < 3; c++) out[3 * i + c] = to_byte(sum[c]);
    }
}

static void filter_row1(const float *row, int begin, const taps *side, int n, uint8_t *out)
{
    for (int i = 0; i < n; i++) {
        const float *from = row + (side[i].first - begin);
        float sum = 0;
        for (int j = 0; j < side[i].count; j++) sum += side[i].weight[j] * from[j];
        out[i] = to_byte(sum);
    }
}

int lg_image_resize(lg_image_arena *arena, const uint8_t *pixels, int height, int width,
                    lg_image_target target, uint8_t *out)
{
    const size_t channels = (size_t)target.channels;
    const scale s = scale_of(height, width, target);
    const taps *across = make_side(arena, s, width, target.width);
    const taps *down = make_side(arena, s, height, target.height);
    if (!across || !down) return 0;
    /* Only the columns that the target sees. */
    const int begin = across[0].first;
    const int end = across[target.width - 1].first + across[target.width - 1].count;
    const size_t n = (size_t)(end - begin) * channels;
    float *row = lg_arena_take(arena, (n + STRIDE) * sizeof *row);
    if (!row) return 0;

    for (int y = 0; y < target.height; y++) {
        memset(row, 0, n * sizeof *row);
        for (int j = 0; j < down[y].count; j++) {
            const size_t from = (size_t)(down[y].first + j) * (size_t)width + (size_t)begin;
            add_row(row, pixels + from * channels, n, down[y].weight[j]);
        }
        uint8_t *to = out + (size_t)y * (size_t)target.width * channels;
        if (channels == 3)
            filter_row3(row, begin, across, target.width, to);
        else
            filter_row1(row, begin, across, target.width, to);
    }
    return 1;
}
