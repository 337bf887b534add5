/* finish.cu -- what follows the loss: column sums, totals, numbers for a folded update; and biases.
 *
 * Layer 1 (cuda).  One launch; what a block does follows from its number:
 *
 *   columns  a block has 8 columns of z (32 where there are so many that this fills the device: a
 *            warp then reads lines, not sectors) and all rows.  It looks at the losses of their
 *            settings, all of them, makes the columns of a bad one zero, and adds up the others by
 *            tree.h: thread (x, y) takes chains y, y + 64, .. of column x, 16 rows under way at
 *            once, and the halvings follow in shared memory.
 *   totals   a block has a setting: 256 threads are the 256 chains, in double.
 *   numbers  one block: factor and mu.
 *
 * No block waits for another, and none leaves a mark that the next step would have to wipe.  Bytes:
 * z and the losses once.  8192 x 1000: 33 MB by 125 blocks, 10 us; 8192 x 10: two blocks, each
 * thread 64 rows of each of its chains, four times 16 loads one after the other: 3 us. */
/* SPDX-License-Identifier: MIT */
#include "core/tree.h"
#include "cuda/kernels.h"
#include "cuda/pack.h"

namespace
{

enum { THREADS = 512, NARROW = 8, BROAD = 32, BROAD_FROM = 4096, BATCH = 16 };

struct finish {
    float *z, *gb;
    const float *row_loss, *weight;
    const int32_t *row;
    const lg_scalars *scalars;
    lg_total *total;
    float *factor, *mu;
    int64_t n, number;
    const int64_t *before;
    int k, s, accumulate;
    unsigned column_blocks, total_blocks;
};

/* -------------------------------------------------------------------------------- columns --- */

/* One block's columns, and a thread's place among them. */
struct tile {
    int first, count; /* of columns */
    int x, y, down;   /* column first + x; chains or rows y, y + down, .. */
};

/* bad[x], of the block, counts threads that met a loss that is not finite in column x's setting;
 * where all columns are of one setting, bad[0] serves them all. */
template <int WIDE> LG_DEVICE bool column_is_bad(const finish &f, const tile &t, int *bad)
{
    const int setting = (t.first + (t.x < t.count ? t.x : 0)) / f.k;
    const bool is_one = t.first / f.k == (t.first + t.count - 1) / f.k;
    const int64_t begin = is_one ? threadIdx.x : t.y, stride = is_one ? THREADS : t.down;
    bool is_bad = false;
    if (threadIdx.x < WIDE) bad[threadIdx.x] = 0;
    __syncthreads();
    for (int64_t i = begin; i < f.n; i += stride)
        is_bad |= !lg_is_finite(f.row_loss[i * f.s + setting]);
    if (is_bad) atomicAdd(&bad[is_one ? 0 : t.x], 1);
    __syncthreads();
    return bad[is_one ? 0 : t.x] > 0;
}

/* One chain of tree.h.  Past the last row +0 is added: no chain is ever -0. */
LG_DEVICE float column_chain(const float *column, int64_t stride, int64_t count)
{
    float sum = 0.0f;
    for (int64_t i = 0; i < count; i += BATCH) {
        float x[BATCH];
        LG_UNROLL
        for (int u = 0; u < BATCH; u++) x[u] = i + u < count ? column[(i + u) * stride] : 0.0f;
        LG_UNROLL
        for (int u = 0; u < BATCH; u++) sum = sum + x[u];
    }
    return sum;
}

template <int WIDE>
LG_DEVICE void sum_columns(const finish &f, const tile &t, bool is_bad, float *chains)
{
    const int64_t width = lg_tree_width(f.n), columns = (int64_t)f.s * f.k;
    const bool is_column = t.x < t.count;
    float *const column = f.z + t.first + t.x;
    for (int64_t i = t.y; is_column && is_bad && i < f.n; i += t.down) column[i * columns] = 0.0f;
    for (int64_t c = t.y; c < width; c += t.down) {
        const int64_t count = is_column && !is_bad ? (f.n - c + width - 1) / width : 0;
        chains[c * WIDE + t.x] = column_chain(column + c * columns, width * columns, count);
    }
    for (int half = (int)width / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int l = (int)threadIdx.x; l < half * WIDE; l += THREADS)
            chains[l] = chains[l] + chains[l + half * WIDE];
    }
    if (!is_column || t.y > 0) return; /* threads 0 .. WIDE-1 wrote the sums themselves */
    float *const gb = f.gb + t.first + t.x;
    *gb = f.accumulate ? *gb + chains[t.x] : chains[t.x];
}

template <int WIDE> LG_DEVICE void do_columns(const finish &f, int *bad, float *chains)
{
    tile t;
    t.first = (int)blockIdx.x * WIDE;
    t.count = f.s * f.k - t.first < WIDE ? f.s * f.k - t.first : WIDE;
    t.x = (int)threadIdx.x % WIDE;
    t.y = (int)threadIdx.x / WIDE;
    t.down = THREADS / WIDE;
    const bool is_bad = column_is_bad<WIDE>(f, t, bad);
    sum_columns<WIDE>(f, t, is_bad, chains);
}

/* --------------------------------------------------------------------------------- totals --- */

/* A chain of weighted losses, and its first row that is not finite (n: none). */
struct loss_chain {
    double sum;
    int64_t bad_row;
};

LG_DEVICE loss_chain chain_of_losses(const finish &f, int t, int64_t first, int64_t width)
{
    loss_chain chain = {0.0, f.n};
    for (int64_t i = first; i < f.n; i += BATCH / 2 * width) {
        float loss[BATCH / 2], weight[BATCH / 2];
        LG_UNROLL
        for (int u = 0; u < BATCH / 2; u++) {
            const int64_t at = i + u * width;
            const bool has = at < f.n;
            loss[u] = has ? f.row_loss[at * f.s + t] : 0.0f;
            weight[u] = has && f.weight ? f.weight[f.row ? f.row[at] : at] : 1.0f;
        }
        LG_UNROLL
        for (int u = 0; u < BATCH / 2; u++) {
            const int64_t at = i + u * width;
            chain.sum = chain.sum + (double)weight[u] * (double)loss[u];
            if (!lg_is_finite(loss[u]) && at < chain.bad_row) chain.bad_row = at;
        }
    }
    return chain;
}

/* chains: [256], of the block. */
LG_DEVICE void do_totals(const finish &f, int t, loss_chain *chains)
{
    const int width = lg_tree_width(f.n), thread = (int)threadIdx.x;
    if (thread < width) chains[thread] = chain_of_losses(f, t, thread, width);
    for (int half = width / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread >= half) continue;
        const int64_t bad_row = chains[thread + half].bad_row;
        chains[thread].sum = chains[thread].sum + chains[thread + half].sum;
        if (bad_row < chains[thread].bad_row) chains[thread].bad_row = bad_row;
    }
    if (thread > 0) return;
    lg_total *const total = f.total + t;
    const int64_t number = f.number + (f.before ? *f.before : 0);
    const bool is_latched = total->bad_step >= 0 && total->bad_step <= number;
    total->loss = total->loss + chains[0].sum;
    if (chains[0].bad_row == f.n || is_latched) return;
    total->bad_step = number;
    total->bad_row = chains[0].bad_row;
}

/* ------------------------------------------------------------------------------ everything --- */

LG_DEVICE void do_numbers(const finish &f)
{
    for (int t = (int)threadIdx.x; t < f.s; t += THREADS) {
        const lg_scalars *const o = f.scalars + t;
        if (f.factor) f.factor[t] = (float)(1.0 - o->lr * o->decay - o->lr * o->l2);
        if (f.mu) f.mu[t] = (float)o->momentum;
    }
}

template <int WIDE> LG_KERNEL LG_THREADS(THREADS, 2) finish_kernel(finish f)
{
    LG_SHARED(float, chains, LG_TREE_WIDE *WIDE);
    LG_SHARED(loss_chain, losses, LG_TREE_WIDE);
    LG_SHARED(int, bad, WIDE);
    if (blockIdx.x < f.column_blocks)
        do_columns<WIDE>(f, bad, chains);
    else if (blockIdx.x < f.column_blocks + f.total_blocks)
        do_totals(f, (int)(blockIdx.x - f.column_blocks), losses);
    else
        do_numbers(f);
}

/* ---------------------------------------------------------------------------------- biases --- */

enum { ACROSS = 32, DOWN = 8 };

template <int WIDE>
LG_KERNEL LG_THREADS(ACROSS *DOWN, 4)
    bias_kernel(float *z, const float *b, int64_t n, int64_t columns)
{
    typedef lg_pack<float, WIDE> pack;
    const int64_t column = ((int64_t)blockIdx.x * ACROSS + threadIdx.x) * WIDE;
    if (column >= columns) return;
    const pack bias = *reinterpret_cast<const pack *>(b + column);
    for (int64_t i = (int64_t)blockIdx.y * DOWN + threadIdx.y; i < n; i += gridDim.y * DOWN) {
        pack *const at = reinterpret_cast<pack *>(z + i * columns + column);
        pack x = *at;
        LG_UNROLL
        for (int c = 0; c < WIDE; c++) x.at[c] = x.at[c] + bias.at[c];
        *at = x;
    }
}

} // namespace

cudaError_t lg_bias_cuda(const lg_step *step, cudaStream_t stream)
{
    const int64_t columns = (int64_t)step->settings * step->outputs, n = step->batch.count;
    float *const z = (float *)step->z;
    const float *const b = (const float *)step->b;
    if (n == 0 || columns == 0) return cudaSuccess;
    const int is_wide = columns % 4 == 0 && lg_is_aligned(z, 16) && lg_is_aligned(b, 16);
    const int64_t wide = ACROSS * (is_wide ? 4 : 1), across = (columns + wide - 1) / wide;
    const dim3 grid((unsigned)across, lg_blocks(n, DOWN, 4 * LG_BLOCKS / across + 1));
    if (is_wide)
        LG_LAUNCH(bias_kernel<4>, grid, dim3(ACROSS, DOWN), 0, stream, z, b, n, columns);
    else
        LG_LAUNCH(bias_kernel<1>, grid, dim3(ACROSS, DOWN), 0, stream, z, b, n, columns);
    return LG_LAUNCHED();
}

cudaError_t lg_finish_cuda(const lg_step *step, lg_finish what, cudaStream_t stream)
{
    const lg_batch *batch = &step->batch;
    const int64_t columns = what.columns ? (int64_t)step->settings * step->outputs : 0;
    const bool is_broad = columns >= BROAD_FROM;
    finish f;
    f.z = (float *)step->z;
    f.gb = (float *)step->gb;
    f.row_loss = (const float *)step->row_loss;
    f.weight = batch->weight;
    f.row = batch->row;
    f.scalars = step->scalars;
    f.total = step->total;
    f.factor = what.factor;
    f.mu = what.mu;
    f.n = batch->count;
    f.number = step->number;
    f.before = step->before;
    f.k = step->outputs;
    f.s = step->settings;
    f.accumulate = step->accumulate;
    f.column_blocks = lg_blocks(columns, is_broad ? BROAD : NARROW, INT32_MAX);
    f.total_blocks = what.totals ? (unsigned)step->settings : 0;
    const dim3 grid(f.column_blocks + f.total_blocks + (what.factor || what.mu ? 1 : 0));
    if (is_broad)
        LG_LAUNCH(finish_kernel<BROAD>, grid, dim3(THREADS), 0, stream, f);
    else
        LG_LAUNCH(finish_kernel<NARROW>, grid, dim3(THREADS), 0, stream, f);
    return LG_LAUNCHED();
}
