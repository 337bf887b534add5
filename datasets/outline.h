/* outline.h -- points, their transforms, and lines through them: what a shape is made of.
 *
 * Part of the drawing program; knows chance.h.  Only additions, multiplications, divisions and
 * square roots are used (no sine of the C library), so that every machine with IEEE arithmetic
 * draws the same bits.  y points down. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_OUTLINE_H
#define LG_DATASETS_OUTLINE_H

#include <stdbool.h>

#include "datasets/chance.h"

typedef struct lg_point {
    float x, y;
} lg_point;

/* (x, y) -> (xx x + xy y + x0, yx x + yy y + y0) */
typedef struct lg_affine {
    float xx, xy, yx, yy, x0, y0;
} lg_affine;

lg_affine lg_affine_identity(void);
lg_affine lg_affine_move(float x, float y);
lg_affine lg_affine_scale(float x, float y);
lg_affine lg_affine_turn(float radians);
lg_affine lg_affine_slant(float x_per_y);
/* First `inner`, then `outer`. */
lg_affine lg_affine_after(lg_affine outer, lg_affine inner);
/* Undefined for a transform that flattens the plane. */
lg_affine lg_affine_inverse(lg_affine a);
static inline lg_point lg_affine_apply(lg_affine a, lg_point p)
{
    return (lg_point){a.xx * p.x + a.xy * p.y + a.x0, a.yx * p.x + a.yy * p.y + a.y0};
}
/* How much longer lengths become, in the mean over directions. */
float lg_affine_growth(lg_affine a);

enum { LG_OUTLINE_ROOM = 512 };

/* A line from point to point; closed where it is filled. */
typedef struct lg_outline {
    int count;
    lg_point point[LG_OUTLINE_ROOM];
} lg_outline;

/* A smooth line through the points (Catmull-Rom spline), `steps` pieces between two of them.
 * Closed: the last is joined to the first.  (count + 1) * steps < LG_OUTLINE_ROOM. */
lg_outline lg_outline_smooth(const lg_point *point, int count, int steps, bool closed);
/* The same, closed, for a shape with a left-right symmetry: the points run down its right half,
 * the first and last lie on the axis x = 0. */
lg_outline lg_outline_mirrored(const lg_point *half, int count, int steps);
lg_outline lg_outline_ellipse(float x, float y, float rx, float ry);

void lg_outline_transform(lg_outline *outline, lg_affine a);
/* Moves every point out or in by up to `depth`: the edge of a fur. */
void lg_outline_ruffle(lg_outline *outline, float depth, lg_chance *chance);

#endif
