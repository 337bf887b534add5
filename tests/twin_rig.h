/* twin_rig.h -- a GPU and the CPU backend, given the same numbers: the same bits are wanted.
 *
 * Tests.  The GPU is the stand-in "simt", or the device that LOGIT_TEST_GPU names ("cuda"; then
 * with CK_FORK=no).  Results are compared as bits: +0 is not -0; a NaN is any other NaN. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_TWIN_RIG_H
#define LG_TESTS_TWIN_RIG_H

#include "tests/problem.h"

/* Sanitizers take their time: with them one case in so many is run. */
#if defined(__has_feature)
#define TWIN_HAS(what) __has_feature(what)
#else
#define TWIN_HAS(what) 0
#endif
#if defined(__SANITIZE_THREAD__) || TWIN_HAS(thread_sanitizer)
enum { TWIN_EVERY = 14 };
#elif defined(__SANITIZE_ADDRESS__) || TWIN_HAS(address_sanitizer)
enum { TWIN_EVERY = 4 };
#else
enum { TWIN_EVERY = 1 };
#endif

typedef struct twin {
    rig gpu, cpu;
} twin;

/* Unchecked fixture: says in one line if there is no GPU to test. */
void twin_look(void);

/* The name of the GPU, or NULL if there is none. */
const char *twin_device(void);

/* Is case i of a row of cases left out? */
int twin_skips(int i);

/* 0 if there is none.  seed: of the stand-in's order of lanes, warps and blocks, for this process.
 */
int twin_open(twin *t, rig_shape shape, int seed);
void twin_close(twin *t);

void twin_fill(twin *t, rig_array array, uint32_t stream, double low, double high);
void twin_put(twin *t, rig_array array, const double *values);
void twin_give(twin *t, rig_array array, const void *data);
void twin_tell(twin *t, problem_truth truth);
void twin_scalars(twin *t, double scale); /* problem_scalars */
void twin_run(twin *t, rig_op op);

/* Fails the test where a number of the GPU's is not that of the CPU, or of `want`. */
void twin_same(twin *t, rig_array array, const char *what);
void twin_is(twin *t, rig_array array, const double *want, const char *what);
void twin_same_totals(twin *t, const char *what);

#endif
