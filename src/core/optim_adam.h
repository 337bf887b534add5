/* optim_adam.h -- one weight's step of Adam, with decoupled weight decay beside it.
 *
 *   g <- g + l2 w          w <- w - lr decay w
 *   m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
 *   w <- w - lr m c1 / (sqrt(v c2) + eps),   c1 = 1/(1 - b1^t), c2 = 1/(1 - b2^t)
 *
 * Layer 1 (core).  Shared by the CPU loop and the CUDA kernel.  Sources: Kingma & Ba 2015,
 * arXiv:1412.6980, algorithm 1; Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_OPTIM_ADAM_H
#define LG_CORE_OPTIM_ADAM_H

#include "core/fmath.h"
#include "core/optim.h"

typedef struct lg_adam {
    float lr, l2, shrink; /* shrink = lr decay */
    float b1, a1, b2, a2; /* a = 1 - b */
    float c1, c2, eps;
} lg_adam;

/* Rounds the scalars once; a bias has neither l2 nor decay. */
static inline LG_HD lg_adam lg_adam_round(const lg_scalars *s, int bias)
{
    lg_adam o;
    o.lr = (float)s->lr;
    o.l2 = bias ? 0.0f : (float)s->l2;
    o.shrink = bias ? 0.0f : (float)(s->lr * s->decay);
    o.b1 = (float)s->beta1;
    o.a1 = (float)(1.0 - s->beta1);
    o.b2 = (float)s->beta2;
    o.a2 = (float)(1.0 - s->beta2);
    o.c1 = (float)s->correct1;
    o.c2 = (float)s->correct2;
    o.eps = (float)s->epsilon;
    return o;
}

static inline LG_HD float lg_adam_step(float w, float g, float *m, float *v, lg_adam o)
{
    g = lg_fma(o.l2, w, g);
    *m = lg_fma(o.b1, *m, o.a1 * g);
    *v = lg_fma(o.b2, *v, o.a2 * g * g);
    const float step = *m * o.c1 / (sqrtf(*v * o.c2) + o.eps);
    return lg_fma(-o.lr, step, lg_fma(-o.shrink, w, w));
}

#endif
