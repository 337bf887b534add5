/* lift.h -- a feature map as a backend sees it: fixed numbers between u and x.
 *
 * Layer 1 (core).  u [n][in] are the normalised elements of the batch, x [n][d] what W meets.  With
 * y the map's own output, feature j of every row is x_j = scale_j y_j + shift_j.  By family:
 *
 *   PRODUCTS  y = (u, u_a u_b of each pair): d = in + units.  square has the pairs (j, j)
 *   LAYER     y = act(F u + o): d = units, F [units][in]; act is cos, the sigmoid, the step
 *   WINDOWS   u is an image [height][width][channels].  A window v is size x size pixels of it,
 *             [size][size][channels]; they start at every stride-th pixel, down() x across() of
 *             them.  With m the mean of its s = size^2 channels numbers and
 *                 sd = sqrt(sum (v - m)^2 / s + contrast),   r = F v / sd + o,   F [units][s],
 *             the windows fall into grid x grid cells: window (i, j) into cell
 *             (i grid / down, j grid / across), rounded down.  Feature ((cell units) + unit) 2 is
 *             the mean over the cell's windows of max(0, r - threshold), the one behind it that of
 *             max(0, -r - threshold): d = 2 grid^2 units.  Rows of F sum to zero (the fit sees to
 *             it), so that m need not be taken off v.
 *
 * The pointers are device memory, float32 on every backend. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LIFT_H
#define LG_CORE_LIFT_H

#include <stdint.h>

#include "core/fmath.h"

typedef enum lg_lift_family { LG_LIFT_PRODUCTS, LG_LIFT_LAYER, LG_LIFT_WINDOWS } lg_lift_family;

typedef enum lg_lift_kind {
#define LIFT(id, name, family, formula) LG_LIFT_##id,
#include "core/lift.def"
#undef LIFT
    LG_LIFT_COUNT
} lg_lift_kind;

typedef struct lg_lift_row {
    const char *name;
    lg_lift_family family;
    const char *formula; /* of y, for the printed objective */
} lg_lift_row;

extern const lg_lift_row lg_lifts[LG_LIFT_COUNT];

/* The row with this name, or LG_LIFT_COUNT. */
lg_lift_kind lg_lift_find(const char *name);

typedef struct lg_lift {
    lg_lift_kind kind;
    int64_t in;                  /* numbers of u */
    int units;                   /* rows of F, or pairs */
    int height, width, channels; /* of u; 1 x in x 1 for vectors */
    int size, stride, grid;      /* WINDOWS */
    float contrast, threshold;   /* WINDOWS */
    const float *filter;         /* F: LAYER, WINDOWS */
    const float *offset;         /* [units]: the same */
    const int32_t *pair;         /* [units][2]: PRODUCTS */
    const float *scale, *shift;  /* [d] */
} lg_lift;

/* Windows from top to bottom, from left to right; numbers of one. */
static inline LG_HD int lg_lift_down(const lg_lift *lift)
{
    return (lift->height - lift->size) / lift->stride + 1;
}
static inline LG_HD int lg_lift_across(const lg_lift *lift)
{
    return (lift->width - lift->size) / lift->stride + 1;
}
static inline LG_HD int64_t lg_lift_window(const lg_lift *lift)
{
    return (int64_t)lift->size * lift->size * lift->channels;
}

/* The first of `count` windows in a row that falls into cell number `cell` of `grid`; of cell
 * `grid` it is count. */
static inline LG_HD int lg_lift_cell_begin(int cell, int grid, int count)
{
    return (int)(((int64_t)cell * count + grid - 1) / grid);
}

/* Numbers of a row of F. */
int64_t lg_lift_filter_width(const lg_lift *lift);
/* d.  Both depend on the shapes alone. */
int64_t lg_lift_features(const lg_lift *lift);
/* x [d] of one sample from its u [in], in float64 loops; the map's arrays in host memory.  What all
 * backends are held against, and what `ref` does. */
void lg_lift_row_ref(const lg_lift *lift, const double *u, double *x);
/* WINDOWS: sd of the window at pixel (top, left) of u, and r of one unit there; the same loops. */
double lg_lift_deviation_ref(const lg_lift *lift, const double *u, int top, int left);
double lg_lift_answer_ref(const lg_lift *lift, const double *u, int top, int left, double deviation,
                          int unit);
/* Floating-point operations of one sample, a multiplication and an addition each as one. */
double lg_lift_work(const lg_lift *lift);

#endif
