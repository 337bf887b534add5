/* ref_softmax.c -- softmax cross entropy in float64.
 *
 * Layer 1 (core).  With m = max z, reached first at index top, and T = sum_j t_j (1, but for the
 * rounding of soft targets):
 *
 *   rest = sum over j != top of exp(z_j - m)
 *   loss = -sum_j t_j log p_j = sum_j t_j (m - z_j) + T log1p(rest)
 *   p_j  = exp(z_j - m) / (1 + rest),     p_top = 1 / (1 + rest)
 *   dz_j = T p_j - t_j = (T - t_j) p_j - t_j (1 - p_j)
 *
 * Every term of the loss is >= 0, so nothing cancels.  The gradient's second form keeps the digits
 * that p_y - 1 would lose: 1 - p_j is rest / (1 + rest) at the top, and everywhere else p_j <= 1/2,
 * where the difference is exact enough as it stands.
 *
 * Source of the log1p form: Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4). */
/* SPDX-License-Identifier: MIT */
#include "core/ref_loss.h"

#include <math.h>

static int argmax(const double *z, int k)
{
    int top = 0;
    for (int j = 1; j < k; j++)
        if (z[j] > z[top]) top = j;
    return top;
}

static double sum_but_top(const double *z, int k, int top)
{
    double rest = 0.0;
    for (int j = 0; j < k; j++)
        if (j != top) rest += exp(z[j] - z[top]);
    return rest;
}

/* T = (1-e) sum_j y_j + e */
static double target_sum(const lg_ref_truth *truth, int k)
{
    double y = truth->soft ? 0.0 : 1.0;
    if (truth->soft)
        for (int j = 0; j < k; j++) y += (double)truth->soft[j];
    return (1.0 - truth->smoothing) * y + truth->smoothing;
}

static double softmax_loss(const double *z, int k, const lg_ref_truth *truth)
{
    const int top = argmax(z, k);
    double loss = target_sum(truth, k) * log1p(sum_but_top(z, k, top));
    for (int j = 0; j < k; j++) {
        const double t = lg_ref_target(truth, j, k);
        if (t != 0.0) loss += t * (z[top] - z[j]); /* a class that cannot be may have z = -inf */
    }
    return loss;
}

static void softmax_gradient(double *z, int k, const lg_ref_truth *truth)
{
    const int top = argmax(z, k);
    const double m = z[top], rest = sum_but_top(z, k, top);
    const double sum = target_sum(truth, k);
    for (int j = 0; j < k; j++) {
        const double t = lg_ref_target(truth, j, k);
        const double p = exp(z[j] - m) / (1.0 + rest);
        const double other = j == top ? rest / (1.0 + rest) : 1.0 - p;
        z[j] = (sum - t) * p - t * other;
    }
}

const lg_ref_loss lg_ref_softmax = {softmax_loss, softmax_gradient};
