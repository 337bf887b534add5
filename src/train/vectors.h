/* vectors.h -- sums over long vectors that are the same for every number of threads.
 *
 * Layer 2 (train).  A vector is cut into blocks of fixed length; each block is summed from its
 * first number to its last by one thread, and the blocks' sums are added in order.  Vectors of a
 * few blocks are not worth waking threads for; the bits are the same. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_VECTORS_H
#define LG_TRAIN_VECTORS_H

#include "base/pool.h"

typedef struct lg_vectors lg_vectors;

/* For vectors of at most `most` numbers.  Error: NOMEM. */
logit_status lg_vectors_create(lg_vectors **out, int threads, int64_t most, logit_error *err);
void lg_vectors_destroy(lg_vectors *vectors);

/* Works on numbers begin .. end-1 and returns their part of a sum. */
typedef double lg_vectors_fn(const void *job, int64_t begin, int64_t end);

/* fn over 0 .. count-1, block by block; the sum of what it returned. */
double lg_vectors_run(lg_vectors *vectors, int64_t count, lg_vectors_fn *fn, const void *job);

double lg_vectors_dot(lg_vectors *vectors, const double *a, const double *b, int64_t count);
/* a single precision vector times a double precision one */
double lg_vectors_dot_mixed(lg_vectors *vectors, const float *a, const double *b, int64_t count);
/* to += factor * from */
void lg_vectors_add(lg_vectors *vectors, double *to, double factor, const float *from,
                    int64_t count);
/* to *= factor */
void lg_vectors_scale(lg_vectors *vectors, double *to, double factor, int64_t count);

#endif
