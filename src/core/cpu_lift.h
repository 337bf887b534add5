/* cpu_lift.h -- the inner loops of the feature maps: products, acts of a layer, windows.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.
 *
 * A layer's sums are the logits of cpu_matmul.h.  Windows have their own product, since one of them
 * has few numbers (36 for 6 x 6 pixels) and its responses are wanted for a threshold and a mean
 * alone.  Lanes are units: for up to LG_TILE_WIDE windows side by side and LG_TILE_TALL vectors of
 * units, each number of a window meets its row of F^T (packed, so that it is read from one end to
 * the other), straight from the image; the responses are in registers when they are cut at the
 * threshold and added to their cell, and are never written.
 *
 * Each response is one chain of fma over the window's numbers in order, each cell one chain over
 * its windows; the grouping changes nothing. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_LIFT_H
#define LG_CORE_CPU_LIFT_H

#include "core/cpu_kernels.h"
#include "core/cpu_matmul.h"
#include "core/cpu_simd.h"
#include "core/lift_act.h"

/* ------------------------------------------------------------------------ products, layers --- */

/* x of one row. */
static void products(const lg_lift *lift, const float *u, float *x)
{
    const int64_t in = lift->in;
    const float *scale = lift->scale, *shift = lift->shift;
    for (int64_t j = 0; j < in; j++) x[j] = lg_lift_scaled(u[j], scale[j], shift[j]);
    x += in, scale += in, shift += in;
    for (int64_t t = 0; t < lift->units; t++) {
        const float y = u[lift->pair[2 * t]] * u[lift->pair[2 * t + 1]];
        x[t] = lg_lift_scaled(y, scale[t], shift[t]);
    }
}

LG_INLINE void act_on(float *z, int64_t count, const lg_lift_kind kind)
{
    for (int64_t i = 0; i < count; i++) z[i] = lg_lift_act(kind, z[i]);
}

static void act(const lg_lift *lift, int64_t unit, int units, int rows, float *z, float *x)
{
    const int64_t count = (int64_t)units * LG_TILE;
    const float *scale = lift->scale + unit, *shift = lift->shift + unit;
    switch (lift->kind) {
    case LG_LIFT_RFF:
        act_on(z, count, LG_LIFT_RFF);
        break;
    case LG_LIFT_STEP:
        act_on(z, count, LG_LIFT_STEP);
        break;
    default:
        act_on(z, count, LG_LIFT_SIGMOID);
    }
    x += unit;
    for (int r = 0; r < rows; r++, x += lift->units)
        for (int c = 0; c < units; c++)
            x[c] = lg_lift_scaled(z[c * LG_TILE + r], scale[c], shift[c]);
}

/* ------------------------------------------------------------------------------ deviations --- */

/* Rows of an image, each cut into `step` phases: number p of a row is number p / step of phase
 * p % step, so that the numbers t of neighbouring windows, `step` apart, lie side by side. */
typedef struct phases {
    int step, line; /* from a window to the next, numbers of its line */
    int64_t width;  /* of a phase, a multiple of 16 */
    int64_t across; /* windows of a row, rounded up to 16 */
    float *numbers; /* [height][step][width] */
} phases;

static void cut_into_phases(const lg_lift *lift, const phases *p, const float *u)
{
    const int64_t row = (int64_t)lift->width * lift->channels;
    float *to = p->numbers;
    for (int y = 0; y < lift->height; y++, u += row)
        for (int phase = 0; phase < p->step; phase++, to += p->width)
            for (int64_t i = 0, from = phase; i < p->width; i++, from += p->step)
                to[i] = from < row ? u[from] : 0.0f;
}

/* Sixteen windows beside one another: the sum of (v - mean)^power over each. */
LG_INLINE lg_v16 sixteen_sums(const lg_lift *lift, const phases *p, const float *first, lg_v16 mean,
                              const int power)
{
    static const float plus = 1.0f, minus = -1.0f;
    const lg_v16 one = v16_spread(&plus), less = v16_spread(&minus);
    lg_v16 sum = v16_zero();
    for (int y = 0; y < lift->size; y++, first += p->step * p->width) {
        const float *at = first;
        for (int t = 0, phase = 0; t < p->line; t++, at += p->width) {
            if (phase++ == p->step) phase = 1, at += 1 - p->step * p->width;
            const lg_v16 v = v16_load(at), off = power == 2 ? v16_fma(mean, less, v) : v;
            sum = v16_fma(power == 2 ? off : one, off, sum);
        }
    }
    return sum;
}

/* 1 / sd of the windows of a row, `first` the first row of pixels under it. */
static void row_inverses(const lg_lift *lift, const phases *p, const float *first, float *inverse)
{
    const int64_t s = lg_lift_window(lift), across = p->across;
    const float numbers = (float)s, contrast = lift->contrast;
    for (int64_t j = 0; j < across; j += 16)
        v16_store(inverse + j, sixteen_sums(lift, p, first + j, v16_zero(), 1));
    for (int64_t j = 0; j < across; j++) inverse[j] /= numbers; /* the mean, for now */
    for (int64_t j = 0; j < across; j += 16)
        v16_store(inverse + j, sixteen_sums(lift, p, first + j, v16_load(inverse + j), 2));
    for (int64_t j = 0; j < across; j++) inverse[j] = lg_lift_inverse(inverse[j], s, contrast);
}

static phases phases_of(const lg_lift *lift, float *numbers)
{
    const int across = lg_lift_across(lift), line = lift->size * lift->channels;
    const int step = across > 1 ? lift->stride * lift->channels : line;
    const int64_t lanes = ((int64_t)across + 15) / 16 * 16;
    return (phases){.step = step,
                    .line = line,
                    .across = lanes,
                    .width = (lanes + line / step + 16) / 16 * 16,
                    .numbers = numbers};
}

static int64_t windows_scratch(const lg_lift *lift)
{
    const phases p = phases_of(lift, NULL);
    return p.across * lg_lift_down(lift) + p.width * p.step * lift->height;
}

/* ------------------------------------------------------------------------------- responses --- */

/* The windows of an image against a block of units, `lanes` of them. */
typedef struct window_run {
    const lg_lift *lift;
    int64_t row;         /* numbers of a row of the image */
    int step, line;      /* as in phases */
    const float *filter; /* [s][lanes] */
    const float *offset; /* [lanes] */
    float *up, *down;    /* [lanes]: the sums of a cell */
} window_run;

/* Adds what the responses of `wide` windows have beyond the threshold.  dot [wide][lanes]. */
LG_INLINE void add_excess(const window_run *run, const float *restrict dot,
                          const float *restrict inverse, float *restrict up, float *restrict down,
                          const int lanes, const int wide)
{
    const float *restrict offset = run->offset;
    const float threshold = run->lift->threshold;
    for (int l = 0; l < lanes; l++) {
        float above = up[l], below = down[l];
        UNROLL(w, wide)
        {
            const float r = lg_fma(dot[w * lanes + l], inverse[w], offset[l]);
            above += lg_lift_excess(r, 1.0f, threshold);
            below += lg_lift_excess(r, -1.0f, threshold);
        }
        up[l] = above;
        down[l] = below;
    }
}

/* `wide` windows, the first at `at`, against tall * 16 units. */
LG_INLINE void window_tile(const window_run *run, const float *at, const float *inverse,
                           const int tall, const int wide)
{
    const int step = run->step, line = run->line;
    const float *filter = run->filter;
    lg_v16 sum[8 * 6], f[8];
    float dot[8 * 6 * 16];
    UNROLL(i, wide * tall) sum[i] = v16_zero();
    for (int y = 0; y < run->lift->size; y++, at += run->row) {
        for (int t = 0; t < line; t++, filter += 16 * tall) {
            UNROLL(v, tall) f[v] = v16_load(filter + 16 * v);
            UNROLL(w, wide)
            {
                const lg_v16 number = v16_spread(at + w * step + t);
                UNROLL(v, tall) sum[w * tall + v] = v16_fma(number, f[v], sum[w * tall + v]);
            }
        }
    }
    UNROLL(i, wide * tall) v16_store(dot + 16 * i, sum[i]);
    add_excess(run, dot, inverse, run->up, run->down, 16 * tall, wide);
}

typedef void window_fn(const window_run *run, const float *at, const float *inverse);

#define WINDOW(wide)                                                                               \
    static void window_tall_##wide(const window_run *run, const float *at, const float *inverse)   \
    {                                                                                              \
        window_tile(run, at, inverse, LG_TILE_TALL, wide);                                         \
    }                                                                                              \
    static void window_one_##wide(const window_run *run, const float *at, const float *inverse)    \
    {                                                                                              \
        window_tile(run, at, inverse, 1, wide);                                                    \
    }
WINDOW(1)
WINDOW(2)
WINDOW(3)
WINDOW(4)
WINDOW(5)
WINDOW(6)
#undef WINDOW

static window_fn *const window_tall[] = {NULL,          window_tall_1, window_tall_2, window_tall_3,
                                         window_tall_4, window_tall_5, window_tall_6};
static window_fn *const window_one[] = {NULL,         window_one_1, window_one_2, window_one_3,
                                        window_one_4, window_one_5, window_one_6};

/* ----------------------------------------------------------------------------------- cells --- */

/* Units of the next block: as many vectors as there are registers for, then one by one. */
static inline int next_units(int64_t lanes_left)
{
    return lanes_left >= 16 * LG_TILE_TALL ? 16 * LG_TILE_TALL : 16;
}

static inline int64_t filter_lanes(const lg_lift *lift)
{
    return ((int64_t)lift->units + 15) / 16 * 16;
}

/* F and o, the units rounded up to 16 by zeros: by block of units [s][lanes], then [all lanes]. */
static void pack_filter(const lg_lift *lift, float *to)
{
    const int64_t s = lg_lift_window(lift), all = filter_lanes(lift);
    for (int64_t unit = 0, lanes; unit < all; unit += lanes) {
        lanes = next_units(all - unit);
        for (int64_t t = 0; t < s; t++)
            for (int64_t l = unit; l < unit + lanes; l++)
                *to++ = l < lift->units ? lift->filter[l * s + t] : 0.0f;
    }
    for (int64_t l = 0; l < all; l++) *to++ = l < lift->units ? lift->offset[l] : 0.0f;
}

/* The rows and columns of windows in a cell. */
typedef struct window_cell {
    int top, bottom, left, right;
} window_cell;

static window_cell cell_of(const lg_lift *lift, int cell)
{
    const int grid = lift->grid, down = lg_lift_down(lift), across = lg_lift_across(lift);
    return (window_cell){.top = lg_lift_cell_begin(cell / grid, grid, down),
                         .bottom = lg_lift_cell_begin(cell / grid + 1, grid, down),
                         .left = lg_lift_cell_begin(cell % grid, grid, across),
                         .right = lg_lift_cell_begin(cell % grid + 1, grid, across)};
}

static void run_cell(const window_run *run, window_cell c, const phases *p, const float *u,
                     const float *inverse, int lanes)
{
    window_fn *const *tile = lanes == 16 ? window_one : window_tall;
    for (int l = 0; l < lanes; l++) run->up[l] = run->down[l] = 0.0f;
    for (int i = c.top; i < c.bottom; i++) {
        const float *first = u + (int64_t)i * run->lift->stride * run->row;
        for (int j = c.left, wide; j < c.right; j += wide) {
            wide = next_group(c.right - j);
            tile[wide](run, first + (int64_t)j * run->step, inverse + i * p->across + j);
        }
    }
}

/* The means of a cell, as features of units unit .. */
static void write_cell(const window_run *run, window_cell c, int cell, int64_t unit, int lanes,
                       float *x)
{
    const lg_lift *lift = run->lift;
    const int64_t first = 2 * ((int64_t)cell * lift->units + unit);
    const float *scale = lift->scale + first, *shift = lift->shift + first;
    const float count = (float)((int64_t)(c.bottom - c.top) * (c.right - c.left));
    const int units = smaller(lift->units - unit, lanes);
    x += first;
    for (int l = 0; l < units; l++) {
        x[2 * l] = lg_lift_scaled(run->up[l] / count, scale[2 * l], shift[2 * l]);
        x[2 * l + 1] = lg_lift_scaled(run->down[l] / count, scale[2 * l + 1], shift[2 * l + 1]);
    }
}

static void windows(const lg_lift *lift, const float *filter, const float *u, float *x,
                    float *scratch)
{
    const int64_t all = filter_lanes(lift), s = lg_lift_window(lift);
    const int down = lg_lift_down(lift);
    float up[16 * LG_TILE_TALL], below[16 * LG_TILE_TALL], *inverse = scratch;
    const phases p = phases_of(lift, scratch + phases_of(lift, NULL).across * down);
    window_run run = {.lift = lift,
                      .row = (int64_t)lift->width * lift->channels,
                      .step = p.step,
                      .line = p.line,
                      .up = up,
                      .down = below};
    cut_into_phases(lift, &p, u);
    for (int i = 0; i < down; i++)
        row_inverses(lift, &p, p.numbers + (int64_t)i * lift->stride * p.step * p.width,
                     inverse + i * p.across);
    for (int cell = 0; cell < lift->grid * lift->grid; cell++) {
        const window_cell c = cell_of(lift, cell);
        for (int64_t unit = 0, lanes; unit < all; unit += lanes) {
            lanes = next_units(all - unit);
            run.filter = filter + unit * s;
            run.offset = filter + all * s + unit;
            run_cell(&run, c, &p, u, inverse, (int)lanes);
            write_cell(&run, c, cell, unit, (int)lanes, x);
        }
    }
}

#endif
