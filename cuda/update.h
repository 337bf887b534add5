/* update.h -- one step of an optimiser over all weights and biases, element by element.
 *
 * Layer 1 (cuda), included by optim_NAME.cu.  The weights of a setting lie together, k*d of them,
 * and so do its biases: a block works on one setting at a time, whose scalars its first thread
 * rounds (they are doubles, which most cards are slow at).  Four weights a thread and turn where
 * every setting starts at a multiple of 16 bytes; biases, which are few, one by one.  Both are one
 * launch.
 *
 * A method is a struct with
 *
 *   numbers                       what a setting's scalars are rounded to
 *   round(work, t, is_bias)       -> numbers of setting t
 *   go<WIDE>(work, share, o)      its rule on a share: lg_update_each<rule, WIDE>
 *
 * and a rule the step of one weight, with READS_SLOPE (g) and STATES (how many it has).
 *
 * Bytes a weight: sgd 12, momentum 20, adam 28.  784 x 10 weights are 0.2 MB: latency alone; 1024 x
 * 1000 by adam are 29 MB, 7 us at 4.3 TB/s. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_UPDATE_H
#define LG_CUDA_UPDATE_H

#include "cuda/kernels.h"
#include "cuda/pack.h"

enum { LG_UPDATE_THREADS = 256, LG_UPDATE_LAYERS = 65535 };

/* Weights or biases, of a setting or of all. */
typedef struct lg_update_run {
    float *w, *first, *second; /* states may be NULL where none is kept */
    const float *g;
    int64_t count; /* of each setting */
} lg_update_run;

/* A launch: blocks 0 .. weight_blocks-1 do the weights, the others the biases. */
typedef struct lg_update_work {
    lg_update_run weights, biases;
    const lg_scalars *scalars;
    const float *factor; /* [s], for lg_decay_cuda */
    int s, nesterov, summed, folded;
    unsigned weight_blocks;
} lg_update_work;

/* What a thread does of a setting: elements, or packs of them, begin, begin + stride, .. */
typedef struct lg_update_share {
    lg_update_run run;
    int64_t begin, stride;
    int is_bias;
} lg_update_share;

template <class Rule, int WIDE, class Numbers>
LG_DEVICE void lg_update_packs(const lg_update_share &share, int64_t end, const Numbers &o)
{
    typedef lg_pack<float, WIDE> pack;
    for (int64_t i = share.begin; i < end; i += share.stride) {
        pack w = reinterpret_cast<const pack *>(share.run.w)[i], g = {}, first = {}, second = {};
        if (Rule::READS_SLOPE) g = reinterpret_cast<const pack *>(share.run.g)[i];
        if (Rule::STATES > 0) first = reinterpret_cast<const pack *>(share.run.first)[i];
        if (Rule::STATES > 1) second = reinterpret_cast<const pack *>(share.run.second)[i];
        LG_UNROLL
        for (int c = 0; c < WIDE; c++)
            w.at[c] = Rule::step(w.at[c], g.at[c], &first.at[c], &second.at[c], o);
        reinterpret_cast<pack *>(share.run.w)[i] = w;
        if (Rule::STATES > 0) reinterpret_cast<pack *>(share.run.first)[i] = first;
        if (Rule::STATES > 1) reinterpret_cast<pack *>(share.run.second)[i] = second;
    }
}

template <class Rule, int WIDE, class Numbers>
LG_DEVICE void lg_update_each(lg_update_share share, const Numbers &o)
{
    const int64_t packs = share.run.count / WIDE;
    lg_update_packs<Rule, WIDE>(share, packs, o);
    if (WIDE == 1) return;
    share.begin += packs * WIDE; /* the last few */
    lg_update_packs<Rule, 1>(share, share.run.count, o);
}

LG_DEVICE lg_update_share lg_update_share_of(const lg_update_work &work, int t)
{
    const bool is_bias = blockIdx.x >= work.weight_blocks;
    const unsigned block = is_bias ? blockIdx.x - work.weight_blocks : blockIdx.x;
    const unsigned blocks = is_bias ? gridDim.x - work.weight_blocks : work.weight_blocks;
    lg_update_share share;
    share.run = is_bias ? work.biases : work.weights;
    share.run.w += t * share.run.count;
    if (share.run.g) share.run.g += t * share.run.count;
    if (share.run.first) share.run.first += t * share.run.count;
    if (share.run.second) share.run.second += t * share.run.count;
    share.begin = (int64_t)block * LG_UPDATE_THREADS + threadIdx.x;
    share.stride = (int64_t)blocks * LG_UPDATE_THREADS;
    share.is_bias = is_bias;
    return share;
}

template <class Method, int WIDE>
LG_KERNEL LG_THREADS(LG_UPDATE_THREADS, 3) lg_update_kernel(lg_update_work work)
{
    LG_SHARED(typename Method::numbers, numbers, 1);
    const bool is_bias = blockIdx.x >= work.weight_blocks;
    for (int t = (int)blockIdx.y; t < work.s; t += (int)gridDim.y) {
        if (threadIdx.x == 0) numbers[0] = Method::round(work, t, is_bias);
        __syncthreads();
        const lg_update_share share = lg_update_share_of(work, t);
        if (is_bias)
            Method::template go<1>(work, share, numbers[0]);
        else
            Method::template go<WIDE>(work, share, numbers[0]);
        __syncthreads(); /* before the next setting's numbers */
    }
}

/* ------------------------------------------------------------------------------- launches --- */

static inline lg_update_work lg_update_work_of(const lg_step *step, lg_update_how how)
{
    const int64_t k = how.weights || how.bias ? step->outputs : 0;
    lg_update_work work = {};
    work.weights = {(float *)step->w, (float *)step->state_w[0], (float *)step->state_w[1],
                    (const float *)step->gw, how.weights ? k * step->features : 0};
    work.biases = {(float *)step->b, (float *)step->state_b[0], (float *)step->state_b[1],
                   (const float *)step->gb, how.bias ? k : 0};
    work.scalars = step->scalars;
    work.s = step->settings;
    work.nesterov = step->nesterov;
    work.summed = how.summed;
    work.folded = how.folded;
    return work;
}

/* Whether every setting of the run starts, in each array, where four elements may be read as one.
 */
static inline int lg_update_is_wide(const lg_update_run &run, int s)
{
    const size_t bytes = sizeof(lg_quad);
    return (s == 1 || run.count % 4 == 0) && lg_is_aligned(run.w, bytes) &&
           lg_is_aligned(run.g, bytes) && lg_is_aligned(run.first, bytes) &&
           lg_is_aligned(run.second, bytes);
}

template <class Method>
static cudaError_t lg_update_launch(lg_update_work work, cudaStream_t stream)
{
    const int64_t rows = work.s > 0 ? work.s : 1, most = (4 * LG_BLOCKS + rows - 1) / rows;
    const int is_wide = lg_update_is_wide(work.weights, work.s);
    const unsigned layers = lg_blocks(work.s, 1, LG_UPDATE_LAYERS);
    work.weight_blocks = lg_blocks(work.weights.count, LG_UPDATE_THREADS * (is_wide ? 4 : 1), most);
    const dim3 grid(work.weight_blocks + lg_blocks(work.biases.count, LG_UPDATE_THREADS, most),
                    layers);
    if (is_wide)
        LG_LAUNCH((lg_update_kernel<Method, 4>), grid, dim3(LG_UPDATE_THREADS), 0, stream, work);
    else
        LG_LAUNCH((lg_update_kernel<Method, 1>), grid, dim3(LG_UPDATE_THREADS), 0, stream, work);
    return LG_LAUNCHED();
}

#endif
