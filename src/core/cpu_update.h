/* cpu_update.h -- optimiser steps over a run of weights, and sums over rows.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  The formulas are in optim_NAME.h. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_UPDATE_H
#define LG_CORE_CPU_UPDATE_H

#include "core/cpu_kernels.h"
#include "core/optim_adam.h"
#include "core/optim_sgd.h"
#include "core/tree.h"

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

static void tree_fold(float *chain, int width, int lanes)
{
    for (int half = width / 2; half > 0; half /= 2)
        for (int l = 0; l < half * lanes; l++) chain[l] += chain[half * lanes + l];
}

static float tile_column_sum(const float *column, int64_t n, int64_t stride)
{
    float chain[LG_TREE_WIDE] = {0.0f};
    const int width = lg_tree_width(n);
    for (int64_t i = 0; i < n; i += LG_TILE, column += stride) {
        float *at = chain + i % width;
        for (int l = 0; l < LG_TILE; l++) at[l] += column[l]; /* lanes past the last row hold 0 */
    }
    tree_fold(chain, width, 1);
    return chain[0];
}

static void column_sums(const float *z, int64_t n, int64_t stride, int count, float *out)
{
    float chain[LG_TREE_WIDE * LG_TILE] = {0.0f};
    const int width = lg_tree_width(n);
    for (int64_t i = 0; i < n; i++, z += stride) {
        float *at = chain + i % width * LG_TILE;
        for (int c = 0; c < count; c++) at[c] += z[c];
    }
    tree_fold(chain, width, LG_TILE);
    for (int c = 0; c < count; c++) out[c] = chain[c];
}

#endif
