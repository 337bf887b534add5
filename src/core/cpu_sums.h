/* cpu_sums.h -- sums over the rows of a batch: gradients of the bias, and losses.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  Every sum follows tree.h by itself; sixteen of
 * them are taken side by side, so that a chain of many settings is a vector. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_SUMS_H
#define LG_CORE_CPU_SUMS_H

#include "core/cpu_kernels.h"
#include "core/cpu_simd.h"
#include "core/tree.h"

/* The tree of one column of tiles down to 16 chains.  Lanes past the last row hold 0. */
static inline void tile_chains(const float *column, int64_t n, int64_t stride, float *out)
{
    enum { MOST = LG_TREE_WIDE / LG_TILE };
    const int vectors = lg_tree_width(n) / LG_TILE;
    lg_v16 sum = v16_zero(), chain[MOST];
    if (vectors == 1) {
        for (int64_t i = 0; i < n; i += LG_TILE, column += stride)
            sum = v16_add(sum, v16_load(column));
        v16_store(out, sum);
        return;
    }
    UNROLL(v, MOST) chain[v] = sum;
    for (int64_t i = 0; i < n; i += LG_TILE, column += stride) {
        const int v = (int)(i / LG_TILE % MOST);
        chain[v] = v16_add(chain[v], v16_load(column));
    }
    for (int half = MOST / 2; half > 0; half /= 2)
        for (int v = 0; v < half; v++) chain[v] = v16_add(chain[v], chain[v + half]);
    v16_store(out, chain[0]);
}

static void tile_column_sums(const float *column, int64_t n, int64_t stride, int count, float *out)
{
    float chains[LG_TILE][LG_TILE], sums[LG_TILE];
    for (int c = 0; c < LG_TILE; c++)
        if (c < count)
            tile_chains(column + (int64_t)c * LG_TILE, n, stride, chains[c]);
        else
            v16_store(chains[c], v16_zero());
    v16_sum16((const float(*)[16])chains, sums);
    memcpy(out, sums, sizeof *sums * (size_t)count);
}

static void column_sums(const float *z, int64_t n, int64_t stride, int count, float *out)
{
    float chain[LG_TREE_WIDE * LG_TILE] = {0.0f};
    const int width = lg_tree_width(n);
    for (int64_t i = 0; i < n; i++, z += stride) {
        float *at = chain + i % width * LG_TILE;
        for (int c = 0; c < count; c++) at[c] += z[c];
    }
    for (int half = width / 2; half > 0; half /= 2)
        for (int l = 0; l < half * LG_TILE; l++) chain[l] += chain[half * LG_TILE + l];
    for (int c = 0; c < count; c++) out[c] = chain[c];
}

static void loss_sums(const lg_cpu_losses *losses, int64_t n, int count, double *out)
{
    double chain[LG_TREE_WIDE * LG_LOSS_SUMS];
    const int width = lg_tree_width(n);
    const float *loss = losses->loss;
    memset(chain, 0, sizeof *chain * (size_t)(width * count));
    for (int64_t i = 0; i < n; i++, loss += losses->stride) {
        const int64_t row = losses->row ? losses->row[i] : i;
        const double weight = losses->weight ? (double)losses->weight[row] : 1.0;
        double *at = chain + (i & (width - 1)) * count;
        for (int t = 0; t < count; t++) at[t] += weight * (double)loss[t];
    }
    for (int half = width / 2; half > 0; half /= 2)
        for (int l = 0; l < half * count; l++) chain[l] += chain[half * count + l];
    memcpy(out, chain, sizeof *out * (size_t)count);
}

#endif
