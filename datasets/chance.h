/* chance.h -- the luck of one picture: a stream of random numbers that depends on nothing else.
 *
 * Part of the drawing program; knows base.  A chance is named by (seed, family, image, part):
 * whoever asks first, in whatever order, gets the same numbers, so that image i is the same
 * however many are drawn.  Parts (pose, coat, light, ...) are streams of their own: a number more
 * in one leaves the others as they were.
 *
 * At most one draw to an expression: C does not say in which order arguments, or the values of an
 * initialiser, are worked out, and two compilers would draw two different pictures. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_CHANCE_H
#define LG_DATASETS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/philox.h"

typedef struct lg_chance {
    uint64_t seed, stream, next;
    lg_random4 block;
    int left; /* words of block that were not given out yet */
} lg_chance;

/* An image may use 2^24 blocks: enough for the noise of 2048 x 2048 pixels in colour. */
static inline lg_chance lg_chance_of(uint64_t seed, int family, int64_t image, int part)
{
    const uint32_t lower = (uint32_t)family << 8 | (uint32_t)part;
    return (lg_chance){
        .seed = seed, .stream = lg_stream_id(LG_STREAM_DRAW, lower), .next = (uint64_t)image << 24};
}

static inline uint32_t lg_chance_word(lg_chance *chance)
{
    if (chance->left == 0) {
        chance->block = lg_philox(chance->seed, chance->stream, chance->next++);
        chance->left = 4;
    }
    return chance->block.word[--chance->left];
}

/* Uniform in [low, high); 24 bits, so that the quotient is exact in float32. */
static inline float lg_chance_range(lg_chance *chance, float low, float high)
{
    const float unit = (float)(lg_chance_word(chance) >> 8) * 0x1p-24f;
    return low + (high - low) * unit;
}

/* Bell-shaped in (-1, 1), standard deviation 1/3: the mean of three uniform numbers. */
static inline float lg_chance_bell(lg_chance *chance)
{
    const float a = lg_chance_range(chance, -1.0f, 1.0f);
    const float b = lg_chance_range(chance, -1.0f, 1.0f);
    const float c = lg_chance_range(chance, -1.0f, 1.0f);
    return (a + b + c) * (1.0f / 3.0f);
}

static inline bool lg_chance_odds(lg_chance *chance, float probability)
{
    return lg_chance_range(chance, 0.0f, 1.0f) < probability;
}

/* Uniform in 0 .. count-1. */
static inline int lg_chance_below(lg_chance *chance, int count)
{
    return (int)(((uint64_t)lg_chance_word(chance) * (uint64_t)count) >> 32);
}

#endif
