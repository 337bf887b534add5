/* optim_sgd.h -- one weight's step of gradient descent with momentum (gd and sgd alike).
 *
 *   g <- g + l2 w          w <- w - lr decay w          v <- mu v + g
 *   w <- w - lr v,  or with Nesterov's look ahead  w <- w - lr (mu v + g)
 *
 * Layer 1 (core).  Shared by the CPU loop and the CUDA kernel: each weight is independent, so
 * there is no parallel algorithm to get wrong, only this formula to get right.
 * Source: Sutskever, Martens, Dahl & Hinton 2013, ICML 28(3), in the form in which lr stands
 * outside v. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_OPTIM_SGD_H
#define LG_CORE_OPTIM_SGD_H

#include "core/fmath.h"
#include "core/optim.h"

typedef struct lg_sgd {
    float lr, l2, shrink, mu; /* shrink = lr decay */
} lg_sgd;

/* Rounds the scalars once; a bias has neither l2 nor decay. */
static inline LG_HD lg_sgd lg_sgd_round(const lg_scalars *s, int bias)
{
    lg_sgd o;
    o.lr = (float)s->lr;
    o.l2 = bias ? 0.0f : (float)s->l2;
    o.shrink = bias ? 0.0f : (float)(s->lr * s->decay);
    o.mu = (float)s->momentum;
    return o;
}

/* Without momentum: v is g, and need not be kept. */
static inline LG_HD float lg_sgd_plain(float w, float g, lg_sgd o)
{
    const float v = lg_fma(o.l2, w, g);
    return lg_fma(-o.lr, v, lg_fma(-o.shrink, w, w));
}

static inline LG_HD float lg_sgd_momentum(float w, float g, float *v, lg_sgd o)
{
    *v = lg_fma(o.mu, *v, lg_fma(o.l2, w, g));
    return lg_fma(-o.lr, *v, lg_fma(-o.shrink, w, w));
}

static inline LG_HD float lg_sgd_nesterov(float w, float g, float *v, lg_sgd o)
{
    g = lg_fma(o.l2, w, g);
    *v = lg_fma(o.mu, *v, g);
    return lg_fma(-o.lr, lg_fma(o.mu, *v, g), lg_fma(-o.shrink, w, w));
}

#endif
