/* ref_sigmoid.c -- logistic loss in float64: one output for two classes, or one versus rest.
 *
 * Layer 1 (core).  With q = 1 / (1 + exp(-z)), the chance that output j says yes:
 *
 *   loss = sum_j max(z_j,0) - t_j z_j + log1p(exp(-|z_j|))
 *        = sum_j (1 - t_j) max(z_j,0) + t_j max(-z_j,0) + log1p(exp(-|z_j|))
 *   dz_j = q_j - t_j = (1 - t_j) q_j - t_j (1 - q_j)
 *
 * The second lines are the first ones without a difference of large or of equal numbers. */
/* SPDX-License-Identifier: MIT */
#include "core/ref_loss.h"

#include <math.h>

/* One output stands for two classes, of which the second is y = 1: smoothing shares e between two,
 * not between k = 1. */
static double target(const lg_ref_truth *truth, int j, int k)
{
    if (k > 1) return lg_ref_target(truth, j, k);
    const double e = truth->smoothing;
    const double y = truth->soft ? (double)truth->soft[0] : (double)truth->label;
    return (1.0 - e) * y + e / 2.0;
}

/* q.  Where exp overflows to infinity, below -709, q is 0 to within 1e-308. */
static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

static double sigmoid_loss(const double *z, int k, const lg_ref_truth *truth)
{
    double loss = 0.0;
    for (int j = 0; j < k; j++) {
        const double t = target(truth, j, k);
        loss += (z[j] > 0.0 ? (1.0 - t) * z[j] : -t * z[j]) + log1p(exp(-fabs(z[j])));
    }
    return loss;
}

static void sigmoid_gradient(double *z, int k, const lg_ref_truth *truth)
{
    for (int j = 0; j < k; j++) {
        const double t = target(truth, j, k);
        z[j] = (1.0 - t) * sigmoid(z[j]) - t * sigmoid(-z[j]);
    }
}

const lg_ref_loss lg_ref_sigmoid = {sigmoid_loss, sigmoid_gradient};
