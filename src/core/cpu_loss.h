/* cpu_loss.h -- loss and logit gradient on the CPU: 16 rows at once where k is small, else one.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  The formulas are in loss_NAME.h, the order of
 * sums in tree.h.  Plain loops over 16 lanes (rows of a tile) or over the classes of a row, without
 * branches, so that the compiler turns them into vector code for each instruction set. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_LOSS_H
#define LG_CORE_CPU_LOSS_H

#include "core/cpu_kernels.h"
#include "core/loss_mse.h"
#include "core/loss_sigmoid.h"
#include "core/loss_softmax.h"
#include "core/tree.h"

#define EACH_LANE(r) _Pragma("GCC unroll 1") for (int r = 0; r < LG_TILE; r++)

/* --------------------------------------------------------------------------------- targets --- */

static inline int64_t target_row(const lg_cpu_target *target, int64_t i)
{
    return target->row ? target->row[i] : i;
}

static void tile_target(const lg_cpu_target *target, int64_t i0, int count, int k,
                        float *restrict out)
{
    const float on = target->on, off = target->off, keep = target->keep;
    if (target->label) {
        int32_t output[LG_TILE]; /* -1: none, in lanes past the last row */
        EACH_LANE(r)
        {
            output[r] = r < count ? target->label[target_row(target, i0 + r)] - target->first : -1;
        }
        for (int j = 0; j < k; j++, out += LG_TILE) EACH_LANE(r) out[r] = output[r] == j ? on : off;
        return;
    }
    for (int r = 0; r < LG_TILE; r++) {
        const int64_t row = target_row(target, i0 + (r < count ? r : 0));
        const float *soft = target->soft + row * k;
        for (int j = 0; j < k; j++) out[j * LG_TILE + r] = lg_fma(keep, soft[j], off);
    }
}

static void row_target(const lg_cpu_target *target, int64_t i, int k, float *out)
{
    const int64_t row = target_row(target, i);
    if (target->label) {
        for (int j = 0; j < k; j++) out[j] = target->off;
        const int output = target->label[row] - target->first;
        if (output >= 0) out[output] = target->on;
        return;
    }
    const float *soft = target->soft + row * k;
    for (int j = 0; j < k; j++) out[j] = lg_fma(target->keep, soft[j], target->off);
}

/* ----------------------------------------------------------------------- sixteen rows of k --- */

/* Sums of k values in each of 16 rows: one chain per class (k <= 512: 16 chains).  Chains that
 * stay empty are neither cleared nor added. */
typedef struct tile_sum {
    float chain[LG_TREE_NARROW][LG_TILE];
} tile_sum;

static inline void tile_sum_add(tile_sum *sum, int j, const float *value)
{
    float *chain = sum->chain[j % LG_TREE_NARROW];
    if (j < LG_TREE_NARROW)
        EACH_LANE(r) chain[r] = 0.0f + value[r];
    else
        EACH_LANE(r) chain[r] += value[r];
}

static inline void tile_sum_end(tile_sum *sum, int k, float *out)
{
    const int used = k < LG_TREE_NARROW ? k : LG_TREE_NARROW;
    for (int half = LG_TREE_NARROW / 2; half > 0; half /= 2)
        for (int l = 0; l < half && l + half < used; l++)
            EACH_LANE(r) sum->chain[l][r] += sum->chain[l + half][r];
    EACH_LANE(r) out[r] = sum->chain[0][r];
}

static void softmax_tile(float *restrict z, const float *restrict target, int k,
                         const float *restrict factor, float *restrict loss)
{
    float max[LG_TILE], rest[LG_TILE], gaps[LG_TILE], value[LG_TILE];
    int32_t top[LG_TILE] = {0};
    EACH_LANE(r) max[r] = z[r];
    for (int j = 1; j < k; j++) {
        const float *zj = z + j * LG_TILE;
        EACH_LANE(r)
        {
            const int above = zj[r] > max[r];
            top[r] = above ? j : top[r];
            max[r] = above ? zj[r] : max[r];
        }
    }
    tile_sum powers, gap;
    for (int j = 0; j < k; j++) {
        float *zj = z + j * LG_TILE;
        const float *tj = target + j * LG_TILE;
        EACH_LANE(r) value[r] = lg_softmax_gap(zj[r], max[r], tj[r]);
        tile_sum_add(&gap, j, value);
        EACH_LANE(r) zj[r] = lg_softmax_power(zj[r], max[r], top[r] == j);
        tile_sum_add(&powers, j, zj);
    }
    tile_sum_end(&powers, k, rest);
    tile_sum_end(&gap, k, gaps);
    EACH_LANE(r) loss[r] = lg_softmax_loss(rest[r], gaps[r]);
    for (int j = 0; j < k; j++) {
        float *zj = z + j * LG_TILE;
        const float *tj = target + j * LG_TILE;
        EACH_LANE(r) zj[r] = factor[r] * lg_softmax_gradient(zj[r], rest[r], tj[r], top[r] == j);
    }
}

static void sigmoid_tile(float *restrict z, const float *restrict target, int k,
                         const float *restrict factor, float *restrict loss)
{
    float value[LG_TILE], slope[LG_TILE];
    tile_sum sum;
    for (int j = 0; j < k; j++) {
        float *zj = z + j * LG_TILE;
        const float *tj = target + j * LG_TILE;
        EACH_LANE(r) value[r] = lg_sigmoid_loss(zj[r], tj[r], &slope[r]);
        EACH_LANE(r) zj[r] = factor[r] * slope[r];
        tile_sum_add(&sum, j, value);
    }
    tile_sum_end(&sum, k, loss);
}

static void mse_tile(float *restrict z, const float *restrict target, int k,
                     const float *restrict factor, float *restrict loss)
{
    float value[LG_TILE], slope[LG_TILE];
    tile_sum sum;
    for (int j = 0; j < k; j++) {
        float *zj = z + j * LG_TILE;
        const float *tj = target + j * LG_TILE;
        EACH_LANE(r) value[r] = lg_mse_square(zj[r], tj[r], &slope[r]);
        EACH_LANE(r) zj[r] = factor[r] * slope[r];
        tile_sum_add(&sum, j, value);
    }
    tile_sum_end(&sum, k, loss);
    EACH_LANE(r) loss[r] *= 0.5f;
}

/* ---------------------------------------------------------------------------- one row of k --- */

static float tree_sum(const float *value, int64_t count)
{
    float chain[LG_TREE_WIDE] = {0.0f};
    const int width = lg_tree_width(count);
    int64_t j = 0;
    if (width == LG_TREE_NARROW) {
        for (; j + LG_TREE_NARROW <= count; j += LG_TREE_NARROW)
            for (int l = 0; l < LG_TREE_NARROW; l++) chain[l] += value[j + l];
    } else {
        for (; j + LG_TREE_WIDE <= count; j += LG_TREE_WIDE)
            for (int l = 0; l < LG_TREE_WIDE; l++) chain[l] += value[j + l];
    }
    for (int l = 0; l < (int)(count - j); l++) chain[l] += value[j + l];
    for (int half = width / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++) chain[l] += chain[l + half];
    return chain[0];
}

/* The largest of z and its lowest index; NaNs are passed over (they come back in the sums). */
static float row_max(const float *z, int k, int *top)
{
    float max[LG_TILE];
    int32_t at[LG_TILE] = {0};
    EACH_LANE(l) max[l] = -INFINITY;
    int j = 0;
    for (; j + LG_TILE <= k; j += LG_TILE) {
        EACH_LANE(l) at[l] = z[j + l] > max[l] ? j + l : at[l];
        EACH_LANE(l) max[l] = z[j + l] > max[l] ? z[j + l] : max[l];
    }
    for (int l = 0; j + l < k; l++) {
        at[l] = z[j + l] > max[l] ? j + l : at[l];
        max[l] = z[j + l] > max[l] ? z[j + l] : max[l];
    }
    int best = 0;
    for (int l = 1; l < LG_TILE; l++) {
        const int tie = max[l] == max[best] && at[l] < at[best];
        if (max[l] > max[best] || tie) best = l;
    }
    *top = at[best];
    return max[best];
}

static float softmax_row(float *restrict z, const float *restrict target, int k, float factor,
                         float *restrict term)
{
    int top;
    const float max = row_max(z, k, &top);
    for (int j = 0; j < k; j++) term[j] = lg_softmax_gap(z[j], max, target[j]);
    const float gaps = tree_sum(term, k);
    for (int j = 0; j < k; j++) z[j] = lg_softmax_power(z[j], max, j == top);
    const float rest = tree_sum(z, k);
    for (int j = 0; j < k; j++)
        z[j] = factor * lg_softmax_gradient(z[j], rest, target[j], j == top);
    return lg_softmax_loss(rest, gaps);
}

static float sigmoid_row(float *restrict z, const float *restrict target, int k, float factor,
                         float *restrict term)
{
    for (int j = 0; j < k; j++) {
        float slope;
        term[j] = lg_sigmoid_loss(z[j], target[j], &slope);
        z[j] = factor * slope;
    }
    return tree_sum(term, k);
}

static float mse_row(float *restrict z, const float *restrict target, int k, float factor,
                     float *restrict term)
{
    for (int j = 0; j < k; j++) {
        float slope;
        term[j] = lg_mse_square(z[j], target[j], &slope);
        z[j] = factor * slope;
    }
    return 0.5f * tree_sum(term, k);
}

#endif
