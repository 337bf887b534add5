/* loss_mse.h -- half the squared error of one output: l = (z - t)^2 / 2, dz = z - t.
 *
 * Layer 1 (core).  Shared by the CPU loops and the CUDA kernels.  The squares of a row are added
 * by the tree of tree.h and halved at the end. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LOSS_MSE_H
#define LG_CORE_LOSS_MSE_H

#include "core/fmath.h"

static inline LG_HD float lg_mse_square(float z, float target, float *gradient)
{
    *gradient = z - target;
    return *gradient * *gradient;
}

#endif
