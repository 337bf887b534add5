/* lift.cu -- what stands beside the products of a feature map: windows, thresholds, means, pairs.
 *
 * Layer 1 (cuda).  Element formulas are those of core/lift_act.h, shapes those of core/lift.h; the
 * products lie in between (lift.c).  No sum depends on the batch that a row is in, nor on the chunk
 * that an image is in:
 *
 *   a window  mean, and squares about it: lane l adds up numbers l, l + 32, .. of the window, then
 *             the lanes add up in halves, by 16, 8, 4, 2, 1
 *   a cell    windows in the order of rows and columns: chain y adds up windows y, y + 16, ..,
 *             then the 16 chains add up in halves, by 8, 4, 2, 1
 *
 * Bytes, and floors at the 4.3 TB/s of an H200.  For photos of 64x64x3, windows of 6x6x3 at every
 * pixel, 256 units: 3481 windows of 108 numbers, a chunk is 4 images.  V and R of a chunk are 20 MB
 * and come out of the cache of 60 MB, so that these are upper ends.
 *
 *   windows   u in, V out: 6.2 MB, 1.5 us; u is read three times over, from the first-level cache
 *   pool      R in, x out: 14.3 MB, 3.3 us; the product between them takes 13 us at 60 TFLOP/s
 *   act       sums in, x out: 8192 x 1024 are 67 MB, 16 us, where the product before it takes
 *             220 us (in 784)
 *   products  u in, x out: 4096 rows of 784 numbers and 784 squares, 39 MB, 9 us; the pairs of a
 *             row are found in the first-level cache */
/* SPDX-License-Identifier: MIT */
#include "core/lift_act.h"
#include "cuda/kernels.h"
#include "cuda/pack.h"

namespace
{

enum {
    ACROSS = LG_WARP, /* threads of a block over columns */
    DOWN = 8,         /* and over rows, or windows */
    AT_ONCE = 4       /* rows that a thread has under way */
};

/* ------------------------------------------------------------------------------- products --- */

struct table {
    const float *from, *offset, *scale, *shift;
    const int32_t *pair;
    float *x;
    int64_t n, in, d;
};

/* A thread keeps a column: number a of u, times number b where it is a pair. */
LG_KERNEL LG_THREADS(ACROSS *DOWN, 4) products_kernel(table t)
{
    const int64_t column = (int64_t)blockIdx.x * ACROSS + threadIdx.x;
    const int64_t stride = (int64_t)gridDim.y * DOWN;
    if (column >= t.d) return;
    const bool is_pair = column >= t.in;
    const int64_t unit = is_pair ? column - t.in : 0;
    const int64_t a = is_pair ? t.pair[2 * unit] : column, b = is_pair ? t.pair[2 * unit + 1] : 0;
    const float scale = t.scale[column], shift = t.shift[column];
    for (int64_t i = (int64_t)blockIdx.y * DOWN + threadIdx.y; i < t.n; i += stride * AT_ONCE) {
        float left[AT_ONCE], right[AT_ONCE];
        LG_UNROLL
        for (int c = 0; c < AT_ONCE; c++) {
            const int64_t at = i + c * stride < t.n ? i + c * stride : i;
            left[c] = t.from[at * t.in + a];
            right[c] = is_pair ? t.from[at * t.in + b] : 1.0f;
        }
        LG_UNROLL
        for (int c = 0; c < AT_ONCE; c++) {
            const int64_t at = i + c * stride;
            if (at < t.n) t.x[at * t.d + column] = lg_lift_scaled(left[c] * right[c], scale, shift);
        }
    }
}

/* ---------------------------------------------------------------------------------- layer --- */

/* x = scale act(sum + offset) + shift; `from` may be x. */
template <lg_lift_kind KIND, int WIDE> LG_KERNEL LG_THREADS(ACROSS *DOWN, 4) act_kernel(table t)
{
    typedef lg_pack<float, WIDE> pack;
    const int64_t column = ((int64_t)blockIdx.x * ACROSS + threadIdx.x) * WIDE;
    if (column >= t.d) return;
    const pack offset = *reinterpret_cast<const pack *>(t.offset + column);
    const pack scale = *reinterpret_cast<const pack *>(t.scale + column);
    const pack shift = *reinterpret_cast<const pack *>(t.shift + column);
    for (int64_t i = (int64_t)blockIdx.y * DOWN + threadIdx.y; i < t.n; i += gridDim.y * DOWN) {
        pack x = *reinterpret_cast<const pack *>(t.from + i * t.d + column);
        LG_UNROLL
        for (int c = 0; c < WIDE; c++)
            x.at[c] =
                lg_lift_scaled(lg_lift_act(KIND, x.at[c] + offset.at[c]), scale.at[c], shift.at[c]);
        *reinterpret_cast<pack *>(t.x + i * t.d + column) = x;
    }
}

template <lg_lift_kind KIND> cudaError_t launch_act(const table &t, cudaStream_t stream)
{
    const int is_wide = t.d % 4 == 0 && lg_is_aligned(t.from, 16) && lg_is_aligned(t.x, 16) &&
                        lg_is_aligned(t.offset, 16) && lg_is_aligned(t.scale, 16) &&
                        lg_is_aligned(t.shift, 16);
    const int64_t wide = ACROSS * (is_wide ? 4 : 1), across = (t.d + wide - 1) / wide;
    const dim3 grid((unsigned)across, lg_blocks(t.n, DOWN, 4 * LG_BLOCKS / across + 1));
    if (is_wide)
        LG_LAUNCH((act_kernel<KIND, 4>), grid, dim3(ACROSS, DOWN), 0, stream, t);
    else
        LG_LAUNCH((act_kernel<KIND, 1>), grid, dim3(ACROSS, DOWN), 0, stream, t);
    return LG_LAUNCHED();
}

table table_of(const lg_step *step, const void *from)
{
    const lg_lift *lift = step->lift;
    table t;
    t.from = (const float *)from;
    t.offset = lift->offset;
    t.scale = lift->scale;
    t.shift = lift->shift;
    t.pair = lift->pair;
    t.x = (float *)step->x;
    t.n = step->batch.count;
    t.in = lift->in;
    t.d = step->features;
    return t;
}

/* -------------------------------------------------------------------------------- windows --- */

/* Which window of the chunk: of an image, `down` of them by `across`.  Like all arguments of
 * kernels here it has no holes, whose bytes would be anybody's. */
struct layout {
    int64_t count, in;        /* windows in the chunk; numbers of an image */
    unsigned windows, across; /* of an image; in a row of them */
    int numbers, line, pitch; /* of a window; of a row of its pixels; of a row of the image */
    int down_by, across_by;   /* numbers from a window to that below, to that beside it */
    float contrast;
};

layout layout_of(const lg_lift *lift, int64_t images)
{
    layout o;
    o.across = (unsigned)lg_lift_across(lift);
    o.windows = (unsigned)lg_lift_down(lift) * o.across;
    o.count = images * o.windows;
    o.in = lift->in;
    o.numbers = (int)lg_lift_window(lift);
    o.line = lift->size * lift->channels;
    o.pitch = lift->width * lift->channels;
    o.down_by = (int)((int64_t)lift->stride * o.pitch); /* past an int: there is one row */
    o.across_by = (int)((int64_t)lift->stride * lift->channels);
    o.contrast = lift->contrast;
    return o;
}

/* A lane's place in a window: it takes every 32nd number, and needs no division to find it. */
struct walk {
    int at, column; /* in the image, from the window's first number; in the line */
};

LG_DEVICE walk start_of(const layout &o, int t)
{
    walk w;
    w.column = t % o.line;
    w.at = t / o.line * o.pitch + w.column;
    return w;
}

LG_DEVICE walk next_of(const layout &o, walk w, walk by)
{
    w.column += by.column;
    w.at += by.at;
    if (w.column < o.line) return w;
    w.column -= o.line;
    w.at += o.pitch - o.line;
    return w;
}

LG_DEVICE float add_lanes(float sum)
{
    LG_UNROLL
    for (int by = LG_WARP / 2; by > 0; by /= 2) sum = sum + __shfl_xor_sync(LG_FULL_WARP, sum, by);
    return sum;
}

/* A warp takes a window at a time: sum, squares, and then it is written out. */
LG_KERNEL LG_THREADS(LG_WARP *DOWN, 4) windows_kernel(float *to, const float *u, layout o)
{
    const int lane = (int)threadIdx.x;
    const walk first = start_of(o, lane), by = start_of(o, LG_WARP);
    for (int64_t w = (int64_t)blockIdx.x * DOWN + threadIdx.y; w < o.count;
         w += (int64_t)gridDim.x * DOWN) {
        const unsigned image = (unsigned)w / o.windows, rest = (unsigned)w - image * o.windows;
        const unsigned i = rest / o.across, j = rest - i * o.across;
        const float *const v = u + image * o.in + (int64_t)i * o.down_by + (int64_t)j * o.across_by;
        float sum = 0.0f, squares = 0.0f;
        walk p = first;
        for (int t = lane; t < o.numbers; t += LG_WARP, p = next_of(o, p, by)) sum = sum + v[p.at];
        const float mean = add_lanes(sum) / (float)o.numbers;
        p = first;
        for (int t = lane; t < o.numbers; t += LG_WARP, p = next_of(o, p, by)) {
            const float off = v[p.at] - mean;
            squares = lg_fma(off, off, squares);
        }
        const float inverse = lg_lift_inverse(add_lanes(squares), o.numbers, o.contrast);
        p = first;
        for (int t = lane; t < o.numbers; t += LG_WARP, p = next_of(o, p, by))
            to[w * o.numbers + t] = v[p.at] * inverse;
    }
}

/* ----------------------------------------------------------------------------------- pool --- */

enum { CHAINS = 16, UNDER_WAY = 8 };

struct pooling {
    float *x;               /* of the chunk */
    const float *responses; /* of the chunk */
    const float *offset, *scale, *shift;
    int64_t units;
    unsigned tiles, cells; /* of 32 units; of an image */
    int down, across;      /* windows */
    int grid;
    float threshold;
};

/* The windows of a cell, as one of the chains goes through them. */
struct cell {
    int top, left, wide, count; /* in windows */
};

LG_DEVICE cell cell_of(const pooling &p, int number)
{
    const int row = number / p.grid, column = number - row * p.grid;
    cell c;
    c.top = lg_lift_cell_begin(row, p.grid, p.down);
    c.left = lg_lift_cell_begin(column, p.grid, p.across);
    c.wide = lg_lift_cell_begin(column + 1, p.grid, p.across) - c.left;
    c.count = (lg_lift_cell_begin(row + 1, p.grid, p.down) - c.top) * c.wide;
    return c;
}

struct both {
    float up, down;
};

/* Sums of what goes past the threshold, over the windows of chain `first`. */
LG_DEVICE both chain_of(const pooling &p, const cell &c, int first, const float *unit, float offset)
{
    const int rows = CHAINS / c.wide, columns = CHAINS - rows * c.wide;
    int i = first / c.wide, j = first - i * c.wide;
    both sum = {0.0f, 0.0f};
    for (int w = first; w < c.count; w += UNDER_WAY * CHAINS) {
        float r[UNDER_WAY];
        LG_UNROLL
        for (int b = 0; b < UNDER_WAY; b++) {
            const int64_t window = (int64_t)(c.top + i) * p.across + c.left + j;
            r[b] = w + b * CHAINS < c.count ? unit[window * p.units] + offset : 0.0f;
            i += rows;
            j += columns;
            const int over = j >= c.wide;
            i += over;
            j -= over * c.wide;
        }
        LG_UNROLL
        for (int b = 0; b < UNDER_WAY; b++) {
            if (w + b * CHAINS >= c.count) continue;
            sum.up = sum.up + lg_lift_excess(r[b], 1.0f, p.threshold);
            sum.down = sum.down + lg_lift_excess(r[b], -1.0f, p.threshold);
        }
    }
    return sum;
}

/* A block has a cell of an image, and 32 units: a lane for each. */
LG_KERNEL LG_THREADS(LG_WARP *CHAINS, 2) pool_kernel(pooling p)
{
    LG_SHARED(both, chains, CHAINS * LG_WARP);
    const unsigned block = blockIdx.x / p.tiles, image = block / p.cells;
    const unsigned number = block - image * p.cells;
    const int64_t unit = (int64_t)(blockIdx.x - block * p.tiles) * LG_WARP + threadIdx.x;
    const cell c = cell_of(p, (int)number);
    const bool is_unit = unit < p.units;
    both *const mine = chains + threadIdx.y * LG_WARP + threadIdx.x;
    if (is_unit) {
        const float *const first = p.responses + (int64_t)image * p.down * p.across * p.units;
        *mine = chain_of(p, c, (int)threadIdx.y, first + unit, p.offset[unit]);
    }
    for (unsigned half = CHAINS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (!is_unit || threadIdx.y >= half) continue;
        mine->up = mine->up + mine[half * LG_WARP].up;
        mine->down = mine->down + mine[half * LG_WARP].down;
    }
    if (!is_unit || threadIdx.y > 0) return;
    const int64_t feature = 2 * (number * p.units + unit);
    float *const to = p.x + 2 * image * (int64_t)p.cells * p.units + feature;
    const float count = (float)c.count;
    to[0] = lg_lift_scaled(mine->up / count, p.scale[feature], p.shift[feature]);
    to[1] = lg_lift_scaled(mine->down / count, p.scale[feature + 1], p.shift[feature + 1]);
}

} // namespace

cudaError_t lg_lift_products_cuda(const lg_step *step, cudaStream_t stream)
{
    const table t = table_of(step, step->u);
    if (t.n == 0 || t.d == 0) return cudaSuccess;
    const int64_t across = (t.d + ACROSS - 1) / ACROSS;
    const dim3 grid((unsigned)across, lg_blocks(t.n, DOWN, 4 * LG_BLOCKS / across + 1));
    LG_LAUNCH(products_kernel, grid, dim3(ACROSS, DOWN), 0, stream, t);
    return LG_LAUNCHED();
}

cudaError_t lg_lift_act_cuda(const lg_step *step, const float *sums, cudaStream_t stream)
{
    const table t = table_of(step, sums);
    if (t.n == 0 || t.d == 0) return cudaSuccess;
    switch (step->lift->kind) {
    case LG_LIFT_RFF:
        return launch_act<LG_LIFT_RFF>(t, stream);
    case LG_LIFT_STEP:
        return launch_act<LG_LIFT_STEP>(t, stream);
    default:
        return launch_act<LG_LIFT_SIGMOID>(t, stream);
    }
}

cudaError_t lg_lift_windows_cuda(const lg_step *step, lg_lift_chunk chunk, cudaStream_t stream)
{
    const lg_lift *lift = step->lift;
    const layout o = layout_of(lift, chunk.count);
    const float *const u = (const float *)step->u + chunk.first * lift->in;
    LG_LAUNCH(windows_kernel, dim3(lg_blocks(o.count, DOWN, 2 * LG_BLOCKS)), dim3(LG_WARP, DOWN), 0,
              stream, chunk.windows, u, o);
    return LG_LAUNCHED();
}

cudaError_t lg_lift_pool_cuda(const lg_step *step, lg_lift_chunk chunk, cudaStream_t stream)
{
    const lg_lift *lift = step->lift;
    pooling p;
    p.x = (float *)step->x + chunk.first * step->features;
    p.responses = chunk.responses;
    p.offset = lift->offset;
    p.scale = lift->scale;
    p.shift = lift->shift;
    p.units = lift->units;
    p.tiles = (unsigned)((lift->units + LG_WARP - 1) / LG_WARP);
    p.cells = (unsigned)(lift->grid * lift->grid);
    p.down = lg_lift_down(lift);
    p.across = lg_lift_across(lift);
    p.grid = lift->grid;
    p.threshold = lift->threshold;
    LG_LAUNCH(pool_kernel, dim3((unsigned)(chunk.count * p.cells * p.tiles)), dim3(LG_WARP, CHAINS),
              0, stream, p);
    return LG_LAUNCHED();
}
