/* lbfgs.h -- the smallest value of an objective, by its gradients: L-BFGS, and OWL-QN with an l1.
 *
 * Layer 2 (train).  Nothing is evaluated here.  The caller asks for the point to try, evaluates the
 * mean loss and its gradient there, and tells; so several problems share one pass over the data,
 * and a checkpoint can be taken after any evaluation.
 *
 *     lg_lbfgs_begin(l, start);
 *     do evaluate(lg_lbfgs_trial(l), &loss, lg_lbfgs_gradient(l));
 *     while (lg_lbfgs_tell(l, loss) != LG_LBFGS_ENDED);
 *
 * The point is weights and then biases.  J = loss + (l2/2) |W|^2 + l1 |W|_1; biases are free.
 * Points are float32, which is what a model is made of, so that what is evaluated is what is meant;
 * gradients, directions and sums are float64.
 *
 * Directions: the two-loop recursion (Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm
 * 7.4, scaled by 7.20).  How far: line_search.h.  With an l1 the gradient is the one of smallest
 * size among the subgradients, the direction is kept on its side, and a step ends where a weight
 * would change its sign, at exactly zero (OWL-QN: Andrew & Gao 2007, ICML 24, 33-40).
 *
 * Ends: at a point whose gradient (with l1: smallest subgradient) has no component above
 * `tolerance`, where the weights' are first divided by `unit`, the size of a feature; or where
 * float32 allows no better point.  Then, with l2 > 0, the biases alone are moved on until theirs
 * weigh nothing beside the others': J with its biases minimised out is strongly convex in W, and
 * |gradient|^2 / (2 l2) bounds how far it lies above its smallest value. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_LBFGS_H
#define LG_TRAIN_LBFGS_H

#include <stddef.h>
#include <stdint.h>

#include "train/vectors.h"

typedef struct lg_lbfgs lg_lbfgs;

typedef struct lg_lbfgs_shape {
    int64_t weights, biases;
    double l2, l1;
    double unit;      /* root mean square of a feature */
    double length;    /* root mean square of a sample's length */
    double tolerance; /* relative to unit */
} lg_lbfgs_shape;

typedef enum lg_lbfgs_answer {
    LG_LBFGS_SEARCHING, /* the trial is no better; there is another */
    LG_LBFGS_ACCEPTED,  /* the trial is the point now, and there is another trial */
    LG_LBFGS_ENDED      /* the point is final; figures say why */
} lg_lbfgs_answer;

typedef enum lg_lbfgs_end {
    LG_LBFGS_RUNNING,
    LG_LBFGS_CONVERGED, /* to the tolerance */
    LG_LBFGS_STALLED,   /* rounding leaves nothing to gain */
    LG_LBFGS_SEPARABLE, /* told from outside: there is no optimum */
    LG_LBFGS_NOT_FINITE /* where it began */
} lg_lbfgs_end;

/* Of the point, not of the trial. */
typedef struct lg_lbfgs_figures {
    lg_lbfgs_end end;
    int64_t evaluations, iterations; /* trials told; trials taken */
    double loss, objective;
    double largest;                /* component of the gradient, weights' over unit */
    double weight_norm, bias_norm; /* of the gradient's two parts */
    double gap;                    /* J is at most so far above its smallest value; NaN: l2 is 0
                                    * or the biases are not there yet */
    int64_t zeros;                 /* weights that are exactly 0 */
} lg_lbfgs_figures;

/* Borrows the vectors, which must serve weights + biases numbers.  Error: NOMEM. */
logit_status lg_lbfgs_create(lg_lbfgs **out, lg_vectors *vectors, const lg_lbfgs_shape *shape,
                             logit_error *err);
void lg_lbfgs_destroy(lg_lbfgs *l);

/* Begins anew at start[weights + biases], which is also the first trial. */
void lg_lbfgs_begin(lg_lbfgs *l, const float *start);
/* Begins anew at its own point, with other penalties, as a path over them does.  The steps that it
 * remembers go: brought up to the new l2 they cost more passes than they save (docs/optimum.md). */
void lg_lbfgs_go_on(lg_lbfgs *l, double l2, double l1);
/* The penalties that state was saved under, before lg_lbfgs_put_state. */
void lg_lbfgs_penalise(lg_lbfgs *l, double l2, double l1);

/* [weights + biases].  What is to be evaluated; where the loss's gradient there is put; the best
 * point so far. */
const float *lg_lbfgs_trial(const lg_lbfgs *l);
double *lg_lbfgs_gradient(lg_lbfgs *l);
const float *lg_lbfgs_point(const lg_lbfgs *l);

/* The loss at the trial, or NaN; its gradient lies in lg_lbfgs_gradient. */
lg_lbfgs_answer lg_lbfgs_tell(lg_lbfgs *l, double loss);
/* Ends it where it stands. */
void lg_lbfgs_end_here(lg_lbfgs *l, lg_lbfgs_end why);

const lg_lbfgs_figures *lg_lbfgs_describe(const lg_lbfgs *l);

/* All that it knows, as bytes; put takes what get gave for the same shape. */
size_t lg_lbfgs_state_bytes(const lg_lbfgs *l);
void lg_lbfgs_get_state(const lg_lbfgs *l, void *to);
void lg_lbfgs_put_state(lg_lbfgs *l, const void *from);

#endif
