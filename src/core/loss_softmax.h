/* loss_softmax.h -- softmax cross entropy of one row of logits, element by element.
 *
 * Layer 1 (core).  Shared by the CPU loops and the CUDA kernels, which differ only in who holds
 * which element.  With m = max z, top its lowest index, t the (smoothed) target:
 *
 *   rest = sum over j != top of exp(z_j - m)                     by the tree of tree.h
 *   loss = log1p(rest) + sum_j t_j (m - z_j)                     by the tree of tree.h
 *   dz_j = exp(z_j - m) / (1 + rest) - t_j
 *   dz_j = (1 - t_j) - rest / (1 + rest)            for j = top where t_j > 1/2: the same number
 *
 * Never -log(p): p underflows once the label trails by 104 nats.  Never log sum exp - z_y: where
 * the label wins clearly all digits cancel.  Here both terms of the loss are >= 0, and so is what
 * is left of a right winner's gradient: the probability of all others, not 1 - p.  A class that is
 * ruled out (z_j = -inf, t_j = 0) adds nothing.
 *
 * Source: Blanchard, Higham & Higham 2021, IMA J. Numer. Anal. 41(4), doi:10.1093/imanum/draa038;
 * log sum_j exp(z_j) = m + log1p(rest). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LOSS_SOFTMAX_H
#define LG_CORE_LOSS_SOFTMAX_H

#include "core/fmath.h"

/* What class j adds to rest. */
static inline LG_HD float lg_softmax_power(float z, float max, int is_top)
{
    const float power = lg_expf(z - max);
    return is_top ? 0.0f : power;
}

/* What class j adds to the second sum of the loss. */
static inline LG_HD float lg_softmax_gap(float z, float max, float target)
{
    const float gap = target * (max - z);
    return target == 0.0f ? 0.0f : gap;
}

static inline LG_HD float lg_softmax_loss(float rest, float gaps)
{
    return lg_log1pf(rest) + gaps;
}

/* power: what lg_softmax_power gave. */
static inline LG_HD float lg_softmax_gradient(float power, float rest, float target, int is_top)
{
    const int others = is_top && target > 0.5f; /* 1 - p from the others, without cancellation */
    const float mine = is_top ? 1.0f : power;
    const float p = (others ? rest : mine) / (1.0f + rest);
    return others ? (1.0f - target) - p : p - target;
}

#endif
