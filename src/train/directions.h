/* directions.h -- k-means by direction: unit vectors gathered around unit vectors.
 *
 * Layer 2 (train).  Source: Dhillon, Modha 2001, "Concept decompositions for large sparse text data
 * using clustering", Machine Learning 42 (spherical k-means); for dictionaries of patches: Coates,
 * Ng 2012, "Learning feature representations with k-means", LNCS 7700. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_DIRECTIONS_H
#define LG_TRAIN_DIRECTIONS_H

#include <stdint.h>

#include "base/pool.h"
#include "logit.h"

typedef struct lg_directions {
    const float *z; /* [count][s], of length 1 or 0 */
    int64_t count, s;
    lg_pool *pool;
    const logit_watch *watch; /* may be NULL */
} lg_directions;

/* center [units][s] holds where to start, and is moved `rounds` times: each z goes to the center
 * that it has the largest product with (the first of several), each center to the mean of its z, at
 * length 1; one that nobody comes to stays.  The same bits for every number of threads.  Errors:
 * NOMEM, STOPPED. */
logit_status lg_directions_cluster(const lg_directions *all, float *center, int units, int rounds,
                                   logit_error *err);

#endif
