/* cpu_update.h -- optimiser steps over a run of weights.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  The formulas are in optim_NAME.h. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_UPDATE_H
#define LG_CORE_CPU_UPDATE_H

#include "core/cpu_kernels.h"
#include "core/optim_adam.h"
#include "core/optim_sgd.h"

static void sgd_update(const lg_cpu_weights *weights, const lg_scalars *scalars, int nesterov,
                       int bias)
{
    const lg_sgd o = lg_sgd_round(scalars, bias);
    float *restrict w = weights->w, *restrict v = weights->s0;
    const float *restrict g = weights->g;
    const int64_t count = weights->count;
    if (o.mu == 0.0f)
        for (int64_t i = 0; i < count; i++) w[i] = lg_sgd_plain(w[i], g[i], o);
    else if (nesterov)
        for (int64_t i = 0; i < count; i++) w[i] = lg_sgd_nesterov(w[i], g[i], &v[i], o);
    else
        for (int64_t i = 0; i < count; i++) w[i] = lg_sgd_momentum(w[i], g[i], &v[i], o);
}

static void adam_update(const lg_cpu_weights *weights, const lg_scalars *scalars, int nesterov,
                        int bias)
{
    (void)nesterov;
    const lg_adam o = lg_adam_round(scalars, bias);
    float *restrict w = weights->w, *restrict m = weights->s0, *restrict v = weights->s1;
    const float *restrict g = weights->g;
    const int64_t count = weights->count;
    for (int64_t i = 0; i < count; i++) w[i] = lg_adam_step(w[i], g[i], &m[i], &v[i], o);
}

#endif
