/* compare_bound.h -- how far a float32 result may lie from the truth, number by number.
 *
 * Layer 2 (train).  Everything is worked out in double on the host, from the inputs that all
 * parties of a comparison were given; nothing here runs on a device.  u = 2^-24 is the unit
 * roundoff of float32.  The derivations stand beside the code: matmuls and pixels in
 * compare_bound.c, feature maps in compare_bound_features.c, losses in compare_bound_loss.c,
 * optimisers in compare_bound_update.c.
 *
 * Pointers are borrowed; loops over n d k are cut among the threads of a pool. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_BOUND_H
#define LG_TRAIN_COMPARE_BOUND_H

#include <stdint.h>

#include "base/pool.h"
#include "core/backend.h"

#define LG_UNIT 0x1p-24  /* u */
#define LG_TINY 0x1p-149 /* the smallest float32: no rounding of a denormal number errs by more */

/* Additions on the longest path of a sum of `count` numbers by core/tree.h. */
int lg_bound_depth(int64_t count);

/* ---------------------------------------------------------------------- pixels and matmuls --- */

/* x [count] of the reference -> bound [count].  shift: the largest |shift| (what the reference's
 * own rounding in double may be, where scale u8 and shift cancel). */
void lg_bound_pixels(double *bound, const double *x, int64_t count, double shift);

/* sizes [rows][columns]: sum_j |x_ij scale w_cj| + |b_c|, x [rows][d], w [columns][d]; b NULL: 0.
 */
typedef struct lg_bound_product {
    const double *x, *w, *b;
    double scale;
    int64_t rows, columns, d;
} lg_bound_product;
void lg_bound_logits(lg_pool *pool, double *sizes, const lg_bound_product *product);

/* sizes [columns][d]: sum_i |dz_ic x_ij| + |g_cj|, of the columns c in column[columns] (NULL: all)
 * of dz [rows][width]; x [rows][d]; g [width][d] what the sums start from, or NULL: nothing. */
typedef struct lg_bound_gradient {
    const double *x, *dz, *g;
    const int32_t *column;
    int64_t rows, columns, width, d;
} lg_bound_gradient;
void lg_bound_gradients(lg_pool *pool, double *sizes, const lg_bound_gradient *gradient);

/* scale [columns], at least 1: by how much more than chance the roundings of a sum over the rows of
 * dz [rows][width] may add up, since the same numbers come again (compare_bound.c). */
void lg_bound_repeats(lg_pool *pool, double *scale, const lg_bound_gradient *gradient);

/* What the sizes of a matmul with inner length n are multiplied with, and the worst case instead
 * (gamma_n).  The same in words, "8 sqrt(784) u sum |x w|". */
double lg_bound_factor(int64_t n, lg_precision precision);
double lg_bound_worst(int64_t n, lg_precision precision);
void lg_bound_words(char *out, size_t size, int64_t n, lg_precision precision, const char *terms);

/* ---------------------------------------------------------------------------- feature maps --- */

/* What a map made of rows of u.  The map's arrays are host memory. */
typedef struct lg_bound_lifted {
    const lg_lift *lift;
    const double *u, *x; /* [rows][in], and the reference's features of it [rows][d] */
    int64_t rows;
    double own; /* what u may be off by, relative: 0 where the device was given it */
} lg_bound_lifted;

/* -> bound [rows][d]. */
void lg_bound_features(lg_pool *pool, double *bound, const lg_bound_lifted *lifted);

/* ---------------------------------------------------------------------------------- losses --- */

/* One row of one setting. */
typedef struct lg_bound_row {
    lg_loss loss;
    int k;
    const double *z;     /* [k] logits */
    const double *away;  /* [k] how far the device's logits may lie from z, or NULL: nowhere */
    const float *target; /* [k] soft or numeric, or NULL */
    int label;
    double smoothing;
    double factor; /* weight * scale: what the gradient is multiplied with */
} lg_bound_row;

/* -> bounds of the row's loss and of the gradient of each logit, dz [k].  Returns the former (that
 * of a loss at z itself: `away` counts for dz alone). */
double lg_bound_loss(const lg_bound_row *row, double *dz);

/* -------------------------------------------------------------------------------- updates --- */

/* How the weights of a run are updated: one setting, W or b. */
typedef struct lg_bound_rule {
    lg_optim optim;
    int nesterov, bias;
    lg_fold fold; /* where a fused step adds the gradient of W */
    const lg_scalars *scalars;
} lg_bound_rule;

/* Whether the optimiser keeps its states with these scalars: a momentum of 0 keeps no velocity. */
int lg_bound_keeps(lg_optim optim, const lg_scalars *scalars);

/* One weight before its update: its gradient, how far the device's gradient may lie from it, and
 * its states. */
typedef struct lg_bound_weight {
    double w, g, away, state[LG_OPTIM_STATES];
} lg_bound_weight;

/* -> bounds of the new weight and states: of [0] and [1 ..]. */
void lg_bound_update(const lg_bound_rule *rule, const lg_bound_weight *weight,
                     double bound[1 + LG_OPTIM_STATES]);

#endif
