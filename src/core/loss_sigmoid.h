/* loss_sigmoid.h -- binary cross entropy of one logit.
 *
 * Layer 1 (core).  Shared by the CPU loops and the CUDA kernels.  Textbook form, target t:
 *
 *   loss = max(z, 0) - t z + log1p(exp(-|z|))         dz = 1 / (1 + exp(-z)) - t
 *
 * With e = exp(-|z|), q = e / (1 + e), the probability of the side z does not lean to, and
 * w = 1 - t for z >= 0, w = t for z < 0, what the target gives to that side, it reads
 *
 *   loss = |z| w + log1p(e)                           dz = w - q for z >= 0,  q - w for z < 0
 *
 * where nothing cancels at either end: for a label that z leans to, the loss is log1p(e) and the
 * gradient +-q, down to the smallest float.  K of them are added by the tree of tree.h. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LOSS_SIGMOID_H
#define LG_CORE_LOSS_SIGMOID_H

#include "core/fmath.h"

static inline LG_HD float lg_sigmoid_loss(float z, float target, float *gradient)
{
    const float e = lg_expf(-fabsf(z));
    const float against = z >= 0.0f ? 1.0f - target : target;
    const float excess = against - e / (1.0f + e);
    *gradient = z >= 0.0f ? excess : -excess;
    return lg_fma(fabsf(z), against, lg_log1pf(e));
}

#endif
