/* pool.h -- a few threads that do one job together, then wait for the next.
 *
 * Layer 0 (base).  A job is cut into parts by number; part p of P always does the same work, so
 * that results do not depend on which thread took it, nor on how many there are, as long as the
 * function cuts its work so that no sum crosses a part. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_POOL_H
#define LG_BASE_POOL_H

#include <stdint.h>

#include "logit.h"

typedef struct lg_pool lg_pool;

/* Does part `part` of `parts` of a job. */
typedef void lg_pool_fn(void *argument, int part, int parts);

/* threads >= 1 counts the caller's own; threads - 1 are started.  *out is NULL on failure. */
logit_status lg_pool_create(lg_pool **out, int threads, logit_error *err);
void lg_pool_destroy(lg_pool *pool);
int lg_pool_threads(const lg_pool *pool);

/* How long idle threads spin before they sleep.  Spinning makes a job's start cheap (about a
 * microsecond) and costs a core; the default is 0 (sleep at once). */
void lg_pool_spin(lg_pool *pool, int microseconds);

/* Runs fn(argument, p, threads) for every p = 0 .. threads - 1, each once, on whichever threads are
 * awake (the caller's among them), and returns when all are done.
 * Must not be called from inside a job, nor from two threads at once. */
void lg_pool_run(lg_pool *pool, lg_pool_fn *fn, void *argument);

/* Part `part` of `parts` of 0 .. count-1, cut at multiples of `grain`: [*begin, *end). */
void lg_pool_cut(int64_t count, int64_t grain, int part, int parts, int64_t *begin, int64_t *end);

#endif
