/* loss_many.h -- rows of more than 512 elements: a block to a row.
 *
 * Layer 1 (cuda), included by loss_NAME.cu; loss_row.h says what a loss is.
 *
 * The 256 chains of tree.h belong to 256 threads, or to 512 (PARTS = 2: lanes 2c and 2c + 1 take
 * turns at the elements of chain c, and add both in their order).  Element after element of a chain
 * is 256 further, so that a warp reads 128 bytes that lie together (2 x 64), whatever k is and
 * wherever the row starts: nothing depends on alignment.  A thread meets the same elements in every
 * pass; shared memory is only where it keeps them, and costs no barrier.  Passes:
 *
 *   gradient waits for the sum (softmax)
 *     IS_KEPT     z -> shared, maximum | powers, sums | gradient -> z: 4 bytes in, 4 out
 *     otherwise   the row is longer than shared memory: z is read in each of the three passes, and
 *                 the powers are worked out twice: 12 bytes in (8 of them mostly from L2), 4 out
 *   it does not   one pass: 4 bytes in, 4 out, for every k
 *
 * Two barriers a row.  Batches of four steps are worked out side by side: with two blocks of 512 on
 * a multiprocessor (k = 21841: 86 KB of 227) that is enough to fill its pipelines. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_LOSS_MANY_H
#define LG_CUDA_LOSS_MANY_H

#include "cuda/loss_row.h"

enum {
    LG_MANY_CHAINS = LG_TREE_WIDE,
    LG_MANY_WARPS = 2 * LG_MANY_CHAINS / LG_WARP, /* at most */
    LG_MANY_BATCH = 4
};

/* One thread's share of a row. */
template <int OF_CHAIN, bool KEEPS> struct lg_many_part {
    enum { PARTS = OF_CHAIN, IS_KEPT = KEEPS, THREADS = LG_MANY_CHAINS * PARTS };
    float *z;
    const float *bias;
    float *kept; /* of the block, where IS_KEPT */
    unsigned k;
    bool stays; /* z shall hold logits, not slopes */
    int steps;  /* in which some thread of the block has an element */
    int thread;
};

/* The element of step m, which may be past the end; unsigned, so that it cannot overflow. */
template <class Part> LG_DEVICE unsigned lg_many_index(const Part &part, int m)
{
    const unsigned thread = (unsigned)part.thread, parts = Part::PARTS;
    return ((unsigned)m * parts + thread % parts) * LG_MANY_CHAINS + thread / parts;
}

/* Logits of a batch of steps, from memory; 0 past the end. */
template <class Part> LG_DEVICE void lg_many_read(const Part &part, int m, float *x)
{
    LG_UNROLL
    for (int u = 0; u < LG_MANY_BATCH; u++) {
        const unsigned j = lg_many_index(part, m + u);
        x[u] = j < part.k ? part.z[j] : 0.0f;
    }
    if (!part.bias) return;
    LG_UNROLL
    for (int u = 0; u < LG_MANY_BATCH; u++) {
        const unsigned j = lg_many_index(part, m + u);
        if (j < part.k) x[u] = x[u] + part.bias[j];
    }
}

/* The same from where they are kept, or from memory. */
template <class Part> LG_DEVICE void lg_many_get(const Part &part, int m, float *x)
{
    if constexpr (!Part::IS_KEPT) {
        lg_many_read(part, m, x);
    } else {
        LG_UNROLL
        for (int u = 0; u < LG_MANY_BATCH; u++) {
            const bool has = lg_many_index(part, m + u) < part.k;
            x[u] = has ? part.kept[(m + u) * Part::THREADS + part.thread] : 0.0f;
        }
    }
}

template <class Part> LG_DEVICE void lg_many_keep(const Part &part, int m, const float *x)
{
    LG_UNROLL
    for (int u = 0; u < LG_MANY_BATCH; u++)
        if (lg_many_index(part, m + u) < part.k)
            part.kept[(m + u) * Part::THREADS + part.thread] = x[u];
}

template <class Part> LG_DEVICE void lg_many_write(const Part &part, int m, const float *x)
{
    LG_UNROLL
    for (int u = 0; u < LG_MANY_BATCH; u++) {
        const unsigned j = lg_many_index(part, m + u);
        if (j < part.k) part.z[j] = x[u];
    }
}

/* The maximum of the row.  of_warp: one per warp, of the block. */
template <class Part> LG_DEVICE lg_top lg_many_top(const Part &part, lg_top *of_warp)
{
    enum { WARPS = Part::THREADS / LG_WARP };
    lg_top top = lg_top_none();
    for (int m = 0; m < part.steps; m += LG_MANY_BATCH) {
        float x[LG_MANY_BATCH];
        lg_many_read(part, m, x);
        LG_UNROLL
        for (int u = 0; u < LG_MANY_BATCH; u++) {
            const unsigned j = lg_many_index(part, m + u);
            if (j < part.k) lg_top_take(&top, x[u], (int)j);
        }
        if (!Part::IS_KEPT) continue;
        lg_many_keep(part, m, x);
        if (part.stays && part.bias) lg_many_write(part, m, x);
    }
    lg_top_spread<LG_WARP>(&top);
    if (part.thread % LG_WARP == 0) of_warp[part.thread / LG_WARP] = top;
    __syncthreads();
    top = of_warp[part.thread % WARPS];
    lg_top_spread<WARPS>(&top);
    return top;
}

/* What a chain's threads found in one step, added in the order of the elements. */
template <class Part> LG_DEVICE float lg_many_add(float chain, float x)
{
    if constexpr (Part::PARTS == 1) {
        return chain + x;
    } else {
        LG_UNROLL
        for (int p = 0; p < Part::PARTS; p++)
            chain = chain + __shfl_sync(LG_FULL_WARP, x, p, Part::PARTS);
        return chain;
    }
}

/* The halvings of tree.h; every warp does them all. */
LG_DEVICE float lg_many_fold(const float *chains, int thread)
{
    enum { EACH = LG_MANY_CHAINS / LG_WARP };
    float chain[EACH];
    LG_UNROLL
    for (int q = 0; q < EACH; q++) chain[q] = chains[thread % LG_WARP + q * LG_WARP];
    LG_UNROLL
    for (int half = EACH / 2; half > 0; half /= 2) {
        LG_UNROLL
        for (int q = 0; q < half; q++) chain[q] = chain[q] + chain[q + half];
    }
    return lg_tree_spread<LG_WARP>(chain[0]);
}

/* An element of a batch, and its slope. */
template <class Loss>
LG_DEVICE lg_loss_element lg_many_element(const lg_loss_sample &sample, lg_top top, unsigned j,
                                          float z)
{
    return Loss::element(z, top.max, lg_loss_target(sample, (int)j), (int)j == top.at);
}

template <class Loss>
LG_DEVICE float lg_many_slope(const lg_loss_sample &sample, lg_top top, unsigned j, float kept,
                              float first)
{
    const float target = lg_loss_target(sample, (int)j);
    return sample.factor * Loss::gradient(kept, first, target, (int)j == top.at);
}

/* The chains of the row; where the gradient does not wait for them, it is written. */
template <class Loss, class Part>
LG_DEVICE void lg_many_chains(const Part &part, const lg_loss_sample &sample, lg_top top,
                              float *chains)
{
    float one = 0.0f, two = 0.0f;
    for (int m = 0; m < part.steps; m += LG_MANY_BATCH) {
        float x[LG_MANY_BATCH], first[LG_MANY_BATCH], second[LG_MANY_BATCH];
        lg_many_get(part, m, x);
        if (!Loss::GRADIENT_WAITS && part.stays && part.bias) lg_many_write(part, m, x);
        LG_UNROLL
        for (int u = 0; u < LG_MANY_BATCH; u++) {
            const unsigned j = lg_many_index(part, m + u);
            first[u] = second[u] = 0.0f; /* past the end: adds nothing, as no chain is ever -0 */
            if (j >= part.k) continue;
            const lg_loss_element element = lg_many_element<Loss>(sample, top, j, x[u]);
            first[u] = element.first;
            second[u] = element.second;
            x[u] = element.kept;
            if (!Loss::GRADIENT_WAITS)
                x[u] = lg_many_slope<Loss>(sample, top, j, element.kept, 0.0f);
        }
        if (Part::IS_KEPT) lg_many_keep(part, m, x);
        if (!Loss::GRADIENT_WAITS && !part.stays) lg_many_write(part, m, x);
        LG_UNROLL
        for (int u = 0; u < LG_MANY_BATCH; u++) {
            one = lg_many_add<Part>(one, first[u]);
            if (Loss::SUMS > 1) two = lg_many_add<Part>(two, second[u]);
        }
    }
    if (part.thread % Part::PARTS != 0) return;
    chains[part.thread / Part::PARTS] = one;
    if (Loss::SUMS > 1) chains[LG_MANY_CHAINS + part.thread / Part::PARTS] = two;
}

/* The gradient, given the sum. */
template <class Loss, class Part>
LG_DEVICE void lg_many_gradient(const Part &part, const lg_loss_sample &sample, lg_top top,
                                float first)
{
    for (int m = 0; m < part.steps; m += LG_MANY_BATCH) {
        float x[LG_MANY_BATCH];
        lg_many_get(part, m, x);
        LG_UNROLL
        for (int u = 0; u < LG_MANY_BATCH && !part.stays; u++) {
            const unsigned j = lg_many_index(part, m + u);
            if (j >= part.k) continue;
            if (!Part::IS_KEPT) x[u] = lg_many_element<Loss>(sample, top, j, x[u]).kept;
            x[u] = lg_many_slope<Loss>(sample, top, j, x[u], first);
        }
        lg_many_write(part, m, x);
    }
}

/* One row, by the whole block. */
template <class Loss, class Part>
LG_DEVICE void lg_many_do(const Part &part, const lg_loss_sample &sample, lg_top *tops,
                          float *chains, float *loss)
{
    lg_top top = lg_top_none();
    if (Loss::HAS_TOP) top = lg_many_top(part, tops);
    lg_many_chains<Loss>(part, sample, top, chains);
    __syncthreads();
    const float first = lg_many_fold(chains, part.thread);
    const float second = Loss::SUMS > 1 ? lg_many_fold(chains + LG_MANY_CHAINS, part.thread) : 0.0f;
    if (part.thread == 0) *loss = Loss::loss(first, second);
    const bool is_written = !part.stays || (!Part::IS_KEPT && part.bias);
    if (Loss::GRADIENT_WAITS && is_written) lg_many_gradient<Loss>(part, sample, top, first);
    if (!Loss::HAS_TOP) __syncthreads(); /* before the next row's chains are written */
}

template <class Loss, class Part>
LG_KERNEL LG_THREADS(Part::THREADS, 4 / Part::PARTS) lg_many_kernel(lg_loss_rows rows)
{
    LG_DYNAMIC_SHARED(float, kept);
    LG_SHARED(lg_top, tops, LG_MANY_WARPS);
    LG_SHARED(float, chains, 2 * LG_MANY_CHAINS);
    const int workers = lg_loss_workers((int)gridDim.x, rows.s), worker = (int)blockIdx.x;
    if (worker >= workers) return;

    const lg_loss_place stride = lg_loss_place_of(workers, rows.s);
    lg_loss_place place = lg_loss_place_of(worker, rows.s);
    lg_loss_setting setting = lg_loss_setting_of(rows, place.setting);
    Part part;
    part.kept = kept;
    part.k = (unsigned)rows.k;
    part.stays = rows.keep;
    part.steps = (int)((part.k + Part::THREADS - 1) / Part::THREADS);
    part.thread = (int)threadIdx.x;
    while (place.at < rows.count) {
        part.z = rows.z + place.at * rows.k;
        part.bias = rows.bias ? rows.bias + (int64_t)place.setting * rows.k : NULL;
        lg_many_do<Loss>(part, lg_loss_sample_of(rows, place, setting), tops, chains,
                         rows.row_loss + place.at);
        place = lg_loss_place_next(place, stride, rows.s);
        if (setting.number != place.setting) setting = lg_loss_setting_of(rows, place.setting);
    }
}

/* ------------------------------------------------------------------------------- launches --- */

enum {
    LG_MANY_TWO = 8192,       /* k from which two threads share a chain */
    LG_MANY_GIVEN = 48 << 10, /* shared memory that a block has without asking */
    LG_MANY_OWN = 4 << 10,    /* what the kernel declares, and some reserve */
    LG_MANY_DEVICES = 64
};

/* Bytes of shared memory that a row may take on this device: 60 KB on sm_75, 159 KB on sm_80, 95 KB
 * on sm_86 and sm_89, 223 KB on sm_90.  Asked once per device. */
static inline cudaError_t lg_many_room(int *room)
{
    static int known[LG_MANY_DEVICES];
    int device = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error != cudaSuccess) return error;
    int *const place = device < LG_MANY_DEVICES ? &known[device] : NULL;
    *room = place ? __atomic_load_n(place, __ATOMIC_RELAXED) : 0;
    if (*room > 0) return cudaSuccess;
    error = cudaDeviceGetAttribute(room, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    if (error != cudaSuccess) return error;
    *room -= LG_MANY_OWN;
    if (place) __atomic_store_n(place, *room, __ATOMIC_RELAXED);
    return cudaSuccess;
}

template <class Loss, class Part>
static cudaError_t lg_many_launch(const lg_loss_rows &rows, int room, cudaStream_t stream)
{
    const size_t steps = ((size_t)rows.k + Part::THREADS - 1) / Part::THREADS;
    const size_t bytes = Part::IS_KEPT ? steps * Part::THREADS * sizeof(float) : 0;
    if (bytes + LG_MANY_OWN > LG_MANY_GIVEN) {
        const cudaError_t error = cudaFuncSetAttribute(
            lg_many_kernel<Loss, Part>, cudaFuncAttributeMaxDynamicSharedMemorySize, room);
        if (error != cudaSuccess) return error;
    }
    LG_LAUNCH((lg_many_kernel<Loss, Part>), dim3(lg_blocks(rows.count, 1, LG_BLOCKS)),
              dim3(Part::THREADS), bytes, stream, rows);
    return LG_LAUNCHED();
}

template <class Loss, bool KEEPS>
static cudaError_t lg_many_by_size(const lg_loss_rows &rows, int room, cudaStream_t stream)
{
    if (rows.k <= LG_MANY_TWO)
        return lg_many_launch<Loss, lg_many_part<1, KEEPS>>(rows, room, stream);
    return lg_many_launch<Loss, lg_many_part<2, KEEPS>>(rows, room, stream);
}

/* k > 512. */
template <class Loss> static cudaError_t lg_many(const lg_loss_rows &rows, cudaStream_t stream)
{
    int room = 0;
    if (!Loss::GRADIENT_WAITS) return lg_many_by_size<Loss, false>(rows, 0, stream);
    const cudaError_t error = lg_many_room(&room);
    if (error != cudaSuccess) return error;
    if ((int64_t)rows.k + 2 * LG_MANY_CHAINS <= room / (int64_t)sizeof(float))
        return lg_many_by_size<Loss, true>(rows, room, stream);
    return lg_many_by_size<Loss, false>(rows, 0, stream);
}

#endif
