/* loss_few.h -- rows of up to 512 elements, in registers: 1, 2, 4, 8 or 16 lanes to a row.
 *
 * Layer 1 (cuda), included by loss_NAME.cu; loss_row.h says what a loss is.
 *
 * With L lanes to a row, lane l holds elements l, l + L, l + 2L, .. and chains l, l + L, .. of the
 * 16 of tree.h: an element's chain is in the lane that holds it.  L is the smallest for which 16
 * elements a lane are enough, so that lanes are full and the loss of a row is worked out by as few
 * of them as can be.  How many elements a lane holds is known to the compiler (EACH, the next one
 * of a short list); all but the last few (from FULL on) are there for every k that takes it.
 *
 * Lanes that read z where it lies would be k floats apart, a line of memory each.  So a warp brings
 * its rows, which lie together, through shared memory of its own (at most 512 floats: two lines a
 * load, no barrier of the block), and takes them back the same way.  Four floats of padding in
 * every 132 leave at most 4 lanes on one bank (k = 8, 16, 32), which is hidden behind an element's
 * 70 instructions.  With 16 lanes to a row the loads are 64 bytes wide as they are.
 *
 * Bytes at 1M x 10: 40 MB in, 40 MB out, 4 MB of labels and 4 MB of losses, 20.5 us at 4.3 TB/s;
 * 700 instructions a row on one lane, 24 us when every issue slot is taken. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_LOSS_FEW_H
#define LG_CUDA_LOSS_FEW_H

#include "cuda/loss_row.h"

enum {
    LG_FEW_THREADS = 128,
    LG_FEW_WARPS = LG_FEW_THREADS / LG_WARP,
    LG_STAGE_QUADS = 128 / 32 * 33 /* 512 floats and their padding */
};

/* Quad q, and float f, of a warp's stage; padding: all bits, or none. */
LG_DEVICE unsigned lg_stage_quad(unsigned q, unsigned padding)
{
    return q + (q / 32 & padding);
}

LG_DEVICE unsigned lg_stage_float(unsigned f, unsigned padding)
{
    return f + 4 * (f / 128 & padding);
}

/* Rows that a warp works on at once. */
typedef struct lg_few_span {
    float *z;        /* the first */
    unsigned floats; /* of all of them */
    unsigned quads;  /* of these, where they may be read as such */
    unsigned padding;
} lg_few_span;

LG_DEVICE void lg_stage_in(lg_quad *stage, lg_few_span span, unsigned lane)
{
    float *const single = reinterpret_cast<float *>(stage);
    const lg_quad *const z = reinterpret_cast<const lg_quad *>(span.z);
    LG_UNROLL
    for (unsigned round = 0; round < 4; round++) {
        const unsigned q = lane + round * LG_WARP;
        if (q < span.quads) stage[lg_stage_quad(q, span.padding)] = z[q];
    }
    for (unsigned f = 4 * span.quads + lane; f < span.floats; f += LG_WARP)
        single[lg_stage_float(f, span.padding)] = span.z[f];
}

LG_DEVICE void lg_stage_out(const lg_quad *stage, lg_few_span span, unsigned lane)
{
    const float *const single = reinterpret_cast<const float *>(stage);
    lg_quad *const z = reinterpret_cast<lg_quad *>(span.z);
    LG_UNROLL
    for (unsigned round = 0; round < 4; round++) {
        const unsigned q = lane + round * LG_WARP;
        if (q < span.quads) z[q] = stage[lg_stage_quad(q, span.padding)];
    }
    for (unsigned f = 4 * span.quads + lane; f < span.floats; f += LG_WARP)
        span.z[f] = single[lg_stage_float(f, span.padding)];
}

/* The part of a row that a lane holds: element e is number LANES e from its first. */
template <int OF_ROW, int OF_LANE, int SURE> struct lg_few_part {
    enum { LANES = OF_ROW, EACH = OF_LANE, FULL = SURE };
    enum { CHAINS_OF_LANE = LG_TREE_NARROW / LANES };
    enum { CHAINS = (int)EACH < (int)CHAINS_OF_LANE ? (int)EACH : (int)CHAINS_OF_LANE };
    enum { BLOCKS = EACH > 24 ? 3 : EACH > 13 ? 4 : EACH > 7 ? 6 : 8 };
    int lane; /* of the row's: its first element */
    int left; /* elements of the row from there on */
    float *z; /* in memory or on the stage, and so on: all from its first element on */
    const float *bias, *soft;
    float v[EACH], target[EACH];
};

template <class Part> LG_DEVICE bool lg_few_has(const Part &part, int e)
{
    return e < Part::FULL || Part::LANES * e < part.left;
}

template <class Part> LG_DEVICE void lg_few_get(Part &part, bool is_row)
{
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        part.v[e] = is_row && lg_few_has(part, e) ? part.z[Part::LANES * e] : 0.0f;
}

template <class Part> LG_DEVICE void lg_few_put(const Part &part)
{
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        if (lg_few_has(part, e)) part.z[Part::LANES * e] = part.v[e];
}

template <class Part> LG_DEVICE void lg_few_add_bias(Part &part)
{
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        if (lg_few_has(part, e)) part.v[e] = part.v[e] + part.bias[Part::LANES * e];
}

template <class Part> LG_DEVICE void lg_few_aim(Part &part, const lg_loss_sample &sample)
{
    const int output = sample.output - part.lane;
    if (part.soft) {
        LG_UNROLL
        for (int e = 0; e < Part::EACH; e++) {
            const float soft = lg_few_has(part, e) ? part.soft[Part::LANES * e] : 0.0f;
            part.target[e] = lg_fma(sample.keep, soft, sample.off);
        }
        return;
    }
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        part.target[e] = output == Part::LANES * e ? sample.on : sample.off;
}

template <class Part> LG_DEVICE lg_top lg_few_top(const Part &part)
{
    lg_top top = lg_top_none();
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        if (lg_few_has(part, e)) lg_top_take(&top, part.v[e], Part::LANES * e);
    top.at += top.max > -INFINITY ? part.lane : 0;
    lg_top_spread<Part::LANES>(&top);
    return top;
}

/* The halvings of tree.h within the lane, HALF first, then across lanes. */
template <class Part, int HALF> LG_DEVICE float lg_few_fold(float *chain)
{
    if constexpr (HALF == 0) {
        return lg_tree_spread<Part::LANES>(chain[0]);
    } else {
        LG_UNROLL
        for (int c = 0; c < HALF && c + HALF < Part::CHAINS; c++)
            chain[c] = chain[c] + chain[c + HALF];
        return lg_few_fold<Part, HALF / 2>(chain);
    }
}

/* Loss of the row; v becomes the gradient, without its factor. */
template <class Loss, class Part> LG_DEVICE float lg_few_turn(Part &part)
{
    enum { HALF = Part::CHAINS_OF_LANE / 2 };
    float first[Part::CHAINS], second[Part::CHAINS];
    lg_top top = lg_top_none();
    if (Loss::HAS_TOP) top = lg_few_top(part);
    top.at -= part.lane;
    LG_UNROLL
    for (int c = 0; c < Part::CHAINS; c++) first[c] = second[c] = 0.0f;
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++) {
        const lg_loss_element element =
            Loss::element(part.v[e], top.max, part.target[e], top.at == Part::LANES * e);
        const bool has = lg_few_has(part, e); /* or it adds +0: no chain is ever -0 */
        const int c = e % Part::CHAINS_OF_LANE;
        part.v[e] = element.kept;
        first[c] = first[c] + (has ? element.first : 0.0f);
        if (Loss::SUMS > 1) second[c] = second[c] + (has ? element.second : 0.0f);
    }
    const float one = lg_few_fold<Part, HALF>(first);
    const float two = Loss::SUMS > 1 ? lg_few_fold<Part, HALF>(second) : 0.0f;
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++)
        part.v[e] = Loss::gradient(part.v[e], one, part.target[e], top.at == Part::LANES * e);
    return Loss::loss(one, two);
}

/* One row, or none: its loss, and what z shall hold. */
template <class Loss, class Part>
LG_DEVICE void lg_few_do(Part &part, const lg_loss_rows &rows, lg_loss_place place,
                         const lg_loss_setting &setting)
{
    lg_loss_sample sample = {NULL, -1, 0.0f, 0.0f, 0.0f, 0.0f};
    const bool is_row = place.at < rows.count;
    if (is_row) sample = lg_loss_sample_of(rows, place, setting);
    part.soft = sample.soft ? sample.soft + part.lane : NULL;
    lg_few_get(part, is_row);
    if (is_row && rows.bias) {
        part.bias = rows.bias + (int64_t)place.setting * rows.k + part.lane;
        lg_few_add_bias(part);
        if (rows.keep) lg_few_put(part);
    }
    lg_few_aim(part, sample);
    const float loss = lg_few_turn<Loss>(part);
    if (is_row && part.lane == 0) rows.row_loss[place.at] = loss;
    if (rows.keep || !is_row) return;
    LG_UNROLL
    for (int e = 0; e < Part::EACH; e++) part.v[e] = sample.factor * part.v[e];
    lg_few_put(part);
}

LG_DEVICE lg_few_span lg_few_span_of(const lg_loss_rows &rows, int64_t at, int most)
{
    const int here = rows.count - at < most ? (int)(rows.count - at) : most;
    lg_few_span span;
    span.z = rows.z + at * rows.k;
    span.floats = (unsigned)(here * rows.k);
    span.quads = rows.is_aligned ? span.floats / 4 : 0;
    span.padding = (rows.k & (rows.k - 1)) == 0 ? ~0u : 0u;
    return span;
}

template <class Loss, class Part>
LG_KERNEL LG_THREADS(LG_FEW_THREADS, Part::BLOCKS) lg_few_kernel(lg_loss_rows rows)
{
    enum { ROWS = LG_WARP / Part::LANES, IS_STAGED = Part::LANES < 16 };
    LG_SHARED(lg_quad, stages, IS_STAGED ? LG_FEW_WARPS * LG_STAGE_QUADS : 1);
    const int lane = (int)threadIdx.x % LG_WARP, warp = (int)threadIdx.x / LG_WARP;
    const int row = lane / Part::LANES; /* among those of the warp */
    const int workers = lg_loss_workers((int)gridDim.x * LG_FEW_WARPS, rows.s);
    const int worker = (int)blockIdx.x * LG_FEW_WARPS + warp;
    if (worker >= workers) return;

    lg_quad *const stage = stages + (IS_STAGED ? warp * LG_STAGE_QUADS : 0);
    const lg_loss_place stride = lg_loss_place_of((int64_t)workers * ROWS, rows.s);
    lg_loss_place place = lg_loss_place_of((int64_t)worker * ROWS + row, rows.s);
    lg_loss_setting setting = lg_loss_setting_of(rows, place.setting);
    Part part;
    part.lane = lane % Part::LANES;
    part.left = rows.k - part.lane;
    for (int64_t at = (int64_t)worker * ROWS; at < rows.count; at += stride.at) {
        const lg_few_span span = lg_few_span_of(rows, at, ROWS);
        if (IS_STAGED) {
            const unsigned first = lg_stage_float((unsigned)(row * rows.k), span.padding);
            lg_stage_in(stage, span, (unsigned)lane);
            part.z = reinterpret_cast<float *>(stage) + first + part.lane;
            __syncwarp(LG_FULL_WARP);
        } else {
            part.z = rows.z + place.at * rows.k + part.lane;
        }
        lg_few_do<Loss>(part, rows, place, setting);
        if (IS_STAGED) {
            __syncwarp(LG_FULL_WARP);
            if (!rows.keep || rows.bias) lg_stage_out(stage, span, (unsigned)lane);
            __syncwarp(LG_FULL_WARP); /* before the next rows come in */
        }
        place = lg_loss_place_next(place, stride, rows.s);
        if (setting.number != place.setting) setting = lg_loss_setting_of(rows, place.setting);
    }
}

/* ------------------------------------------------------------------------------- launches --- */

enum { LG_FEW_MOST = LG_TREE_SWITCH, LG_FEW_HURRY = 4096 };

template <class Loss, int LANES, int EACH, int FULL>
static cudaError_t lg_few_launch(const lg_loss_rows &rows, cudaStream_t stream)
{
    enum { ROWS = LG_WARP / LANES };
    const unsigned blocks = lg_blocks(rows.count, LG_FEW_WARPS * ROWS, 2 * LG_BLOCKS);
    LG_LAUNCH((lg_few_kernel<Loss, lg_few_part<LANES, EACH, FULL>>), dim3(blocks),
              dim3(LG_FEW_THREADS), 0, stream, rows);
    return LG_LAUNCHED();
}

template <class Loss> static cudaError_t lg_few_one(const lg_loss_rows &rows, cudaStream_t stream)
{
    if (rows.k == 1) return lg_few_launch<Loss, 1, 1, 1>(rows, stream);
    if (rows.k == 2) return lg_few_launch<Loss, 1, 2, 2>(rows, stream);
    if (rows.k <= 4) return lg_few_launch<Loss, 1, 4, 3>(rows, stream);
    /* Few rows: time is that of one of them, which more lanes shorten. */
    if (rows.count <= LG_FEW_HURRY) return lg_few_launch<Loss, 16, 1, 0>(rows, stream);
    if (rows.k <= 7) return lg_few_launch<Loss, 1, 7, 5>(rows, stream);
    if (rows.k <= 10) return lg_few_launch<Loss, 1, 10, 8>(rows, stream);
    if (rows.k <= 13) return lg_few_launch<Loss, 1, 13, 11>(rows, stream);
    return lg_few_launch<Loss, 1, 16, 14>(rows, stream);
}

/* k <= 512. */
template <class Loss> static cudaError_t lg_few(const lg_loss_rows &rows, cudaStream_t stream)
{
    const int k = rows.k;
    if (k <= 16) return lg_few_one<Loss>(rows, stream);
    if (k <= 24) return lg_few_launch<Loss, 2, 12, 8>(rows, stream);
    if (k <= 32) return lg_few_launch<Loss, 2, 16, 12>(rows, stream);
    if (k <= 48) return lg_few_launch<Loss, 4, 12, 8>(rows, stream);
    if (k <= 64) return lg_few_launch<Loss, 4, 16, 12>(rows, stream);
    if (k <= 96) return lg_few_launch<Loss, 8, 12, 8>(rows, stream);
    if (k <= 128) return lg_few_launch<Loss, 8, 16, 12>(rows, stream);
    if (k <= 192) return lg_few_launch<Loss, 16, 12, 8>(rows, stream);
    if (k <= 256) return lg_few_launch<Loss, 16, 16, 12>(rows, stream);
    if (k <= 384) return lg_few_launch<Loss, 16, 24, 16>(rows, stream);
    return lg_few_launch<Loss, 16, 32, 24>(rows, stream);
}

#endif
