/* newton.h -- the optimum itself, in float64, by the definition of the losses.
 *
 * Tests.  Newton's method on all weights and biases of J (DESIGN.md section 2) with dense algebra;
 * losses and their gradients are the oracle's, curvatures are differences of those.  For tens of
 * weights. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_NEWTON_H
#define LG_TESTS_NEWTON_H

#include <stdint.h>

#include "core/loss.h"

typedef struct newton {
    lg_loss loss;
    int count, features, outputs;
    double *x;      /* [count][features] */
    int *label;     /* [count] */
    double *weight; /* [count]; all 1 at first */
    double l2, smoothing;
} newton;

/* The first `count` images of small_set.h, their pixels from 0 to 1.  newton_close frees it. */
newton newton_small_set(lg_loss loss, int count, int classes);
void newton_close(newton *problem);

/* J at w[outputs][features], b[outputs]; its gradient into g[outputs][features + 1] (biases last in
 * their row), unless that is NULL. */
double newton_objective(const newton *problem, const double *w, const double *b, double *g);

/* The smallest J; w and b are where. */
double newton_minimise(const newton *problem, double *w, double *b);

#endif
