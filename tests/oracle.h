/* oracle.h -- the definitions, in long double, for the reference to be judged by.
 *
 * Tests.  Written from DESIGN.md section 2 alone, with no line in common with any backend: no
 * maximum is looked for, no sum is shifted by one.  The probability of class j among k is taken
 * as it is defined, p_j = 1 / sum_i exp(z_i - z_j), and its loss as log1p of the other terms.
 * That is right wherever expl does not overflow: differences of logits below 11356.  Past that
 * the loss alone takes the shifted form, and says so where it does.
 *
 * k^2 exponentials a row: for small k, or few rows. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_ORACLE_H
#define LG_TESTS_ORACLE_H

#include "core/loss.h"
#include "core/optim.h"

/* The truth about one sample. */
typedef struct oracle_sample {
    lg_loss loss;
    int k;               /* outputs; 1 with the sigmoid loss means two classes */
    int label;           /* used where target is NULL */
    const float *target; /* [k] soft or numeric, or NULL */
    double smoothing;
} oracle_sample;

/* t_j of loss.h: what output j should say of this sample, smoothed. */
long double oracle_target(const oracle_sample *sample, int j);

/* Loss of one sample in nats, unweighted, for logits z[k]. */
long double oracle_loss(const oracle_sample *sample, const double *z);

/* dz[j] = d(loss) / d(z_j). */
void oracle_gradient(const oracle_sample *sample, const double *z, long double *dz);

/* One weight (or bias) and what the optimiser remembers about it. */
typedef struct oracle_weight {
    long double w;
    long double first, second; /* velocity, or the two moments */
} oracle_weight;

/* One step, number t = 1, 2, ..., of one weight, given d(mean loss)/dw.  A bias has neither l2
 * nor decay.  correct1 and correct2 are not read: they are worked out from t. */
void oracle_update(lg_optim optim, oracle_weight *weight, long double gradient, int t,
                   const lg_scalars *scalars, int nesterov, int is_bias);

#endif
