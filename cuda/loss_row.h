/* loss_row.h -- loss and gradient of rows of logits: what a row is, and what a loss has to say.
 *
 * Layer 1 (cuda), included by loss_NAME.cu.  A row is one setting of one sample: the n*s rows of z
 * lie one after the other, k floats each, aligned to nothing.  Every row is summed by tree.h, its
 * largest logit taken first (never the online form, whose bits differ), so that whoever holds
 * which element, the bits are the CPU's.  Kernels by k, least memory first:
 *
 *   loss_few.h    k <= 512     1 to 16 lanes of a warp share a row and keep it in registers
 *   loss_many.h   above        a block per row: z is read once, and kept in shared memory where
 *                              the gradient needs the whole sum; past that it is read again
 *
 * A loss is a struct of device functions over one element:
 *
 *   enum { HAS_TOP, SUMS }     whether it needs the largest logit; sums over the row, 1 or 2
 *   enum { GRADIENT_WAITS }    whether the gradient needs the first sum
 *   element(z, top, target, is_top)          -> what it adds to the sums, and what is kept of z
 *   loss(first, second)                      -> loss of the row from the sums
 *   gradient(kept, first, target, is_top)    -> dl/dz of the element
 *
 * Roofline, float32 on an H200: an element is 4 bytes in and 4 out, 537 G of them a second at
 * 4.3 TB/s.  A softmax element takes some 70 instructions (exp 38, an IEEE quotient 10, two sums
 * and the maximum 12), 420 G elements a second at 132 x 128 lanes x 1.75 GHz: arithmetic and memory
 * are near each other, so that lanes without work, or the same number worked out by many lanes,
 * would be felt.  This is why small k puts a whole row on one lane. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_LOSS_ROW_H
#define LG_CUDA_LOSS_ROW_H

#include "core/tree.h"
#include "cuda/kernels.h"
#include "cuda/pack.h"

/* All rows, as the kernels are told. */
typedef struct lg_loss_rows {
    float *z, *row_loss;
    const float *bias;
    const lg_scalars *scalars;
    const int32_t *row, *label;
    const float *soft, *weight;
    int64_t count; /* n * s */
    int k, s;
    int is_binary;     /* one sigmoid for two classes */
    int is_number;     /* a numeric target, which is not smoothed */
    int fold_lr, keep; /* keep: z stays logits */
    int is_aligned;    /* z, to a quad */
} lg_loss_rows;

static inline lg_loss_rows lg_loss_rows_of(const lg_step *step, lg_loss_how how)
{
    const lg_batch *batch = &step->batch;
    lg_loss_rows rows;
    rows.z = (float *)step->z;
    rows.row_loss = (float *)step->row_loss;
    rows.bias = how.bias;
    rows.scalars = step->scalars;
    rows.row = batch->row;
    rows.label = batch->label;
    rows.soft = batch->label ? NULL : batch->target;
    rows.weight = batch->weight;
    rows.count = batch->count * step->settings;
    rows.k = step->outputs;
    rows.s = step->settings;
    rows.is_binary = step->loss == LG_LOSS_SIGMOID && step->outputs == 1;
    rows.is_number = step->loss == LG_LOSS_MSE && step->outputs == 1 && batch->target != NULL;
    rows.fold_lr = how.fold_lr;
    rows.keep = step->keep_logits;
    rows.is_aligned = lg_is_aligned(rows.z, sizeof(lg_quad));
    return rows;
}

/* Where row `at` lies in the batch: sample i, setting t.  Row after row by the same stride, so that
 * one division serves all; where the stride is a multiple of s, t stays as it is. */
typedef struct lg_loss_place {
    int64_t at, sample;
    int setting;
} lg_loss_place;

LG_DEVICE lg_loss_place lg_loss_place_of(int64_t at, int s)
{
    lg_loss_place place;
    place.at = at;
    place.sample = at / s;
    place.setting = (int)(at - place.sample * s);
    return place;
}

LG_DEVICE lg_loss_place lg_loss_place_next(lg_loss_place place, lg_loss_place stride, int s)
{
    place.at += stride.at;
    place.sample += stride.sample;
    place.setting += stride.setting;
    if (place.setting >= s) {
        place.setting -= s;
        place.sample++;
    }
    return place;
}

/* The largest multiple of s that `workers` reaches, so that a worker meets one setting alone, or
 * all of them where there are fewer workers than settings.  Workers past it have nothing to do. */
LG_DEVICE int lg_loss_workers(int workers, int s)
{
    return workers < s ? workers : workers - workers % s;
}

/* What a setting says about targets and slopes: doubles, rounded once. */
typedef struct lg_loss_setting {
    int number; /* of the setting */
    float on, off, keep;
    float scale, lr;
} lg_loss_setting;

LG_DEVICE lg_loss_setting lg_loss_setting_of(const lg_loss_rows &rows, int t)
{
    const lg_scalars *scalars = rows.scalars + t;
    const double e = rows.is_number ? 0.0 : scalars->smoothing;
    const double share = e / (rows.is_binary ? 2 : rows.k);
    lg_loss_setting setting;
    setting.number = t;
    setting.on = (float)(1.0 - e + share);
    setting.off = (float)share;
    setting.keep = (float)(1.0 - e);
    setting.scale = (float)scalars->scale;
    setting.lr = (float)scalars->lr;
    return setting;
}

/* What a row says about its elements. */
typedef struct lg_loss_sample {
    const float *soft; /* [k], or NULL: */
    int output;        /* that of the label; -1: none (class 0 of one sigmoid) */
    float on, off, keep, factor;
} lg_loss_sample;

LG_DEVICE lg_loss_sample lg_loss_sample_of(const lg_loss_rows &rows, lg_loss_place place,
                                           const lg_loss_setting &setting)
{
    const int64_t from = rows.row ? rows.row[place.sample] : place.sample;
    const float weight = rows.weight ? rows.weight[from] : 1.0f;
    const float factor = weight * setting.scale;
    lg_loss_sample sample;
    sample.soft = rows.soft ? rows.soft + from * rows.k : NULL;
    sample.output = rows.soft ? -1 : rows.label[from] - rows.is_binary;
    sample.on = setting.on;
    sample.off = setting.off;
    sample.keep = setting.keep;
    sample.factor = rows.fold_lr ? factor * setting.lr : factor;
    return sample;
}

LG_DEVICE float lg_loss_target(const lg_loss_sample &sample, int j)
{
    if (sample.soft) return lg_fma(sample.keep, sample.soft[j], sample.off);
    return j == sample.output ? sample.on : sample.off;
}

/* The largest logit and its lowest index.  NaNs are passed over: they come back in the sums. */
typedef struct lg_top {
    float max;
    int at;
} lg_top;

LG_DEVICE lg_top lg_top_none(void)
{
    lg_top none;
    none.max = -INFINITY;
    none.at = 0;
    return none;
}

/* z is of a later element than all that `top` has seen. */
LG_DEVICE void lg_top_take(lg_top *top, float z, int j)
{
    if (z > top->max) {
        top->max = z;
        top->at = j;
    }
}

/* Any two parts of a row. */
LG_DEVICE void lg_top_merge(lg_top *top, float max, int at)
{
    if (max > top->max || (max == top->max && at < top->at)) {
        top->max = max;
        top->at = at;
    }
}

/* Over groups of LANES neighbouring lanes: all of them know it then. */
template <int LANES> LG_DEVICE void lg_top_spread(lg_top *top)
{
    LG_UNROLL
    for (int by = LANES / 2; by > 0; by /= 2) {
        const float max = __shfl_xor_sync(LG_FULL_WARP, top->max, by);
        const int at = __shfl_xor_sync(LG_FULL_WARP, top->at, by);
        lg_top_merge(top, max, at);
    }
}

/* The last halvings of tree.h over chains in LANES neighbouring lanes.  Lane l + half adds the same
 * two numbers as lane l, so that all of them end with the sum. */
template <int LANES> LG_DEVICE float lg_tree_spread(float chain)
{
    LG_UNROLL
    for (int half = LANES / 2; half > 0; half /= 2)
        chain = chain + __shfl_xor_sync(LG_FULL_WARP, chain, half);
    return chain;
}

/* What an element gives. */
typedef struct lg_loss_element {
    float kept;          /* in the place of z, for the gradient */
    float first, second; /* to the sums */
} lg_loss_element;

#endif
