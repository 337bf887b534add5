/* lift_rig.h -- a feature map of drawn numbers, run on any backend, and what should come of it.
 *
 * Tests.  Everything drawn is exact in float, a function of the stream and of its index alone: u, F
 * and o in [-1, 1) (F of a LAYER so that F u + o is a few units wide), scales in [1/2, 3/2), shifts
 * in [-1, 1).  lift_run puts 256 bytes of NaN on either side of x, and NaN into x; what the map may
 * not write must be as it was, or the test fails.
 *
 * lift_truth follows lift.h in double, window by window, and shares no line with core/ref_lift.c;
 * beside each number it says how far a float32 backend may be off it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_LIFT_RIG_H
#define LG_TESTS_LIFT_RIG_H

#include <stdint.h>

#include "core/backend.h"

typedef struct lift_shape {
    lg_lift_kind kind;
    int64_t n;
    int height, width, channels, units;
    int size, stride, grid; /* WINDOWS */
} lift_shape;

/* Every map.  1 to 3 channels; windows that overlap, touch, leave pixels out, are all of the image;
 * grids that do and do not divide; more units than the registers hold at once, and fewer; sums
 * longer than the rows that the CPU meets whole (1024); batches of none, one, more than a tile. */
enum { LIFT_SHAPES = 23 };
extern const lift_shape lift_shapes[LIFT_SHAPES];

typedef struct lift_rig {
    lg_lift lift; /* the pointers are host memory, for the test to change */
    int64_t n, d;
    float *u; /* [n][in] */
    float *filter, *offset, *scale, *shift;
    int32_t *pair;
} lift_rig;

void lift_open(lift_rig *r, lift_shape shape, uint32_t stream);
void lift_close(lift_rig *r);

/* x [count][d] of rows first .. first+count-1, for free(). */
double *lift_run(const lift_rig *r, lg_backend *backend, int64_t first, int64_t count);

/* x and bounds, [n][d].  Numbers of a step that may fall on either side have an infinite bound;
 * returns how many.  chain: the longest chain of additions of a LAYER's sums, of `in` terms. */
int64_t lift_truth(const lift_rig *r, int chain, double *x, double *bound);

#endif
