/* ref_mse.c -- squared error in float64: the linear regression underneath.
 *
 * Layer 1 (core).     loss = 1/2 sum_j (z_j - t_j)^2,     dz_j = z_j - t_j.
 * t is the smoothed onehot of the class or a smoothed distribution; or, with one output, a number
 * to regress on, which is taken as it is. */
/* SPDX-License-Identifier: MIT */
#include "core/ref_loss.h"

static double target(const lg_ref_truth *truth, int j, int k)
{
    const int number = k == 1 && truth->soft;
    return number ? (double)truth->soft[0] : lg_ref_target(truth, j, k);
}

static double mse_loss(const double *z, int k, const lg_ref_truth *truth)
{
    double loss = 0.0;
    for (int j = 0; j < k; j++) {
        const double miss = z[j] - target(truth, j, k);
        loss += 0.5 * miss * miss;
    }
    return loss;
}

static void mse_gradient(double *z, int k, const lg_ref_truth *truth)
{
    for (int j = 0; j < k; j++) z[j] -= target(truth, j, k);
}

const lg_ref_loss lg_ref_mse = {mse_loss, mse_gradient};
