/* compare_difference.h -- what two arrays differ by, over many arrays.
 *
 * Layer 2 (train).  A tally adds up one line of a comparison's table: a stage and a pair of
 * devices, over all arrays and steps.  Rules: a number that is NaN on both sides is equal, on one
 * side alone outside; the same infinity is equal; an infinite float32 is right where the number
 * beside it, its bound included, lies beyond the largest float32; +0 and -0 are equal. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_DIFFERENCE_H
#define LG_TRAIN_COMPARE_DIFFERENCE_H

#include <stdint.h>

#include "logit.h"

typedef struct lg_tally {
    logit_difference *out; /* good after every add, but for what lg_tally_end fills in */
    double sum, size;      /* of a - b and of |b|, where both are finite */
} lg_tally;

/* What is held beside what.  |a[i] - b[i]| may be factor * bound[i]; bound NULL: 0. */
typedef struct lg_sides {
    const double *a, *b, *bound;
    double factor;
    int64_t count;
} lg_sides;

/* Starts a line.  stage is static, the names are copied. */
void lg_tally_begin(lg_tally *tally, logit_difference *out, const char *stage, const char *a,
                    const char *b);

/* Adds arrays.  Returns the index of the first number outside its bound, or -1. */
int64_t lg_tally_add(lg_tally *tally, const lg_sides *sides);

/* Signed mean and sign test. */
void lg_tally_end(lg_tally *tally);

/* The distance from |x| to the next larger float32, |x| rounded to float32 before. */
double lg_float_ulp(double x);

#endif
