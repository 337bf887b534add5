/* pair.h -- a device and the float64 reference, given the same numbers.
 *
 * Tests.  What a test fills in is drawn once, exact in float, and goes to both.  The device's
 * results are judged by bounds in units of u = 2^-24, the unit roundoff of float. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PAIR_H
#define LG_TESTS_PAIR_H

#include "tests/near.h"
#include "tests/problem.h"

static const double pair_u = 0x1p-24;     /* unit roundoff of float */
static const double pair_tiny = 0x1p-149; /* its smallest step near zero */

typedef struct pair {
    rig device, ref;
} pair;

/* Opens a pair for the next device other than the reference; 0 at the end of the table.  Start
 * with *row = 0.  A table with no such device fails the test. */
int pair_open_next(pair *p, int *row, rig_shape shape);
void pair_close(pair *p);

void pair_fill(pair *p, rig_array array, uint32_t stream, double low, double high);
void pair_put(pair *p, rig_array array, const double *values);
void pair_give(pair *p, rig_array array, const void *data);
void pair_tell(pair *p, problem_truth truth);
void pair_run(pair *p, rig_op op);

/* Compares an array: |device - ref| <= bound[i].  what: of the test's case, for the message. */
void pair_compare(pair *p, rig_array array, const double *bound, const char *what);

#endif
