/* cpu_matmul.h -- the two products of a step for small k, over tiles of 16 rows.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.
 *
 * Logits: 16 chains along the features, chain l takes d = l mod 16, each step one fma; then the
 * halving tree of tree.h, then + b.  Gradient: for each weight one chain of fma over the rows in
 * ascending order.  Neither depends on how rows, columns or features are grouped, so blocks,
 * threads, settings and instruction sets cannot change a bit.
 *
 * Both first unpack a panel of x (bytes to normalised floats, or a copy) that stays in the first
 * cache, then run over it with as many accumulators as there are registers: unpacking costs three
 * vector operations where a row of x meets k of them. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_MATMUL_H
#define LG_CORE_CPU_MATMUL_H

#include "core/cpu_direct.h"
#include "core/cpu_kernels.h"
#include "core/cpu_simd.h"
#include "core/cpu_unpack.h"

/* ---------------------------------------------------------------------------------- logits --- */

/* chains[c][r] += x_r w_c over `width` features, for tall rows and wide columns at once. */
LG_INLINE void dot_tile(const float *x, int64_t x_stride, const float *w, int64_t w_stride,
                        int width, float (*chains)[16], int fresh, const int tall, const int wide)
{
    lg_v16 sum[8 * 6], xr[8];
    UNROLL(i, wide * tall)
    {
        sum[i] = fresh ? v16_zero() : v16_load(chains[i / tall * 16 + i % tall]);
    }
    int j = 0;
    for (; j + 16 <= width; j += 16) {
        UNROLL(r, tall) xr[r] = v16_load(x + r * x_stride + j);
        UNROLL(c, wide)
        {
            const lg_v16 wc = v16_load(w + c * w_stride + j);
            UNROLL(r, tall) sum[c * tall + r] = v16_fma(xr[r], wc, sum[c * tall + r]);
        }
    }
    if (j < width) {
        UNROLL(r, tall) xr[r] = v16_load(x + r * x_stride + j);
        UNROLL(c, wide)
        {
            const lg_v16 wc = v16_load_part(w + c * w_stride + j, width - j);
            UNROLL(r, tall) sum[c * tall + r] = v16_fma(xr[r], wc, sum[c * tall + r]);
        }
    }
    UNROLL(i, wide * tall) v16_store(chains[i / tall * 16 + i % tall], sum[i]);
}

typedef void dot_fn(const float *x, int64_t x_stride, const float *w, int64_t w_stride, int width,
                    float (*chains)[16], int fresh, int rows);

#define DOT(wide, tall)                                                                            \
    static void dot_##wide(const float *x, int64_t x_stride, const float *w, int64_t w_stride,     \
                           int width, float(*chains)[16], int fresh, int rows)                     \
    {                                                                                              \
        for (int r = 0; r < rows; r += tall)                                                       \
            dot_tile(x + r * x_stride, x_stride, w, w_stride, width, chains + r, fresh, tall,      \
                     wide);                                                                        \
    }
DOT(1, LG_TILE_SLIM)
DOT(2, LG_TILE_SLIM)
DOT(3, LG_TILE_SLIM)
DOT(4, LG_TILE_TALL)
DOT(5, LG_TILE_TALL)
DOT(6, LG_TILE_TALL)
#undef DOT

/* Width of the next group of columns: groups of at most LG_TILE_WIDE, as even as can be. */
static inline int next_group(int left)
{
    const int groups = (left + LG_TILE_WIDE - 1) / LG_TILE_WIDE;
    return (left + groups - 1) / groups;
}

/* Adds up the chains of columns begin .. end-1 of a tile, and the bias. */
static void finish_columns(const lg_cpu_product *p, int64_t tile, int begin, int end,
                           float (*chains)[16])
{
    const int rows = smaller(p->rows.count - tile * LG_TILE, LG_TILE);
    float *z = p->tiles + (tile * p->columns + begin) * LG_TILE;
    for (int c = begin; c < end; c++, z += LG_TILE, chains += LG_TILE) {
        v16_sum16((const float(*)[16])chains, z);
        v16_store(z, v16_add(v16_load(z), v16_spread(p->b + c)));
        for (int r = rows; r < LG_TILE; r++) z[r] = 0.0f;
    }
}

static void finish_tile(const lg_cpu_product *p, int64_t tile, float (*chains)[16])
{
    finish_columns(p, tile, 0, p->columns, chains);
}

/* Many columns, and few enough features that 16 rows of x stay near: a group of columns meets whole
 * rows, so that its chains never leave the first cache. */
static void logits_whole(const lg_cpu_product *p, int64_t tile, float *scratch)
{
    static dot_fn *const dot[] = {NULL, dot_1, dot_2, dot_3, dot_4, dot_5, dot_6};
    const int64_t d = p->rows.features, i0 = tile * LG_TILE;
    const int64_t stride = (d + LG_TILE - 1) / LG_TILE * LG_TILE;
    const int rows = smaller(p->rows.count - i0, LG_TILE);
    float *panel = scratch, (*chains)[16] = (float(*)[16])(scratch + stride * LG_TILE);
    unpack(&p->rows, i0, rows, 0, (int)d, panel, stride, LG_TILE);
    for (int c = 0, wide; c < p->columns; c += wide) {
        wide = next_group(p->columns - c);
        dot[wide](panel, stride, p->w + c * d, d, (int)d, chains, 1, rows);
        finish_columns(p, tile, c, c + wide, chains);
    }
}

/* A group of tiles meets each chunk of W in turn. */
static void logits_group(const lg_cpu_product *p, int64_t begin, int64_t end, float *scratch)
{
    static dot_fn *const dot[] = {NULL, dot_1, dot_2, dot_3, dot_4, dot_5, dot_6};
    const int64_t d = p->rows.features, stride = (int64_t)p->columns * LG_TILE;
    float *panel = scratch, (*chains)[16] = (float(*)[16])(scratch + LG_PANEL);

    for (int64_t d0 = 0; d0 < d; d0 += LG_LOGITS_CHUNK) {
        const int width = smaller(d - d0, LG_LOGITS_CHUNK);
        for (int64_t tile = begin; tile < end; tile++) {
            const int64_t i0 = tile * LG_TILE;
            const int rows = smaller(p->rows.count - i0, LG_TILE);
            float(*at)[16] = chains + (tile - begin) * stride;
            unpack(&p->rows, i0, rows, d0, width, panel, LG_LOGITS_CHUNK, LG_TILE);
            for (int c = 0, wide; c < p->columns; c += wide, at += wide * LG_TILE) {
                wide = next_group(p->columns - c);
                dot[wide](panel, LG_LOGITS_CHUNK, p->w + c * d + d0, d, width, at, d0 == 0, rows);
            }
        }
    }
    for (int64_t tile = begin; tile < end; tile++)
        finish_tile(p, tile, chains + (tile - begin) * stride);
}

/* One tile after the other while W fits in the second cache; beyond, as many as chains fit in it,
 * so that W comes from far away less often. */
static void logits(const lg_cpu_product *p, int64_t begin, int64_t end, float *scratch)
{
    if (p->columns <= LG_DIRECT_COLUMNS) {
        float(*chains)[16] = (float(*)[16])scratch;
        for (int64_t tile = begin; tile < end; tile++) {
            direct_logits(p, tile, chains);
            finish_tile(p, tile, chains);
        }
        return;
    }
    if (p->columns >= LG_WHOLE_COLUMNS && p->rows.features <= LG_WHOLE_FEATURES) {
        for (int64_t tile = begin; tile < end; tile++) logits_whole(p, tile, scratch);
        return;
    }
    const int64_t w_bytes = p->columns * p->rows.features * (int64_t)sizeof(float);
    const int most = LG_CHAINS / (p->columns * LG_TILE * LG_TILE);
    const int group = w_bytes <= LG_NEAR_BYTES || most < 1 ? 1 : most;
    for (int64_t tile = begin; tile < end; tile += group)
        logits_group(p, tile, tile + smaller(end - tile, group), scratch);
}

/* -------------------------------------------------------------------------------- gradient --- */

/* g[c][tall * 16] += sum over rows of dz_rc x_r.  part: lanes of the last vector, or 0 for all. */
LG_INLINE void outer_tile(const float *x, const float *dz, int columns, int rows, float *g,
                          int64_t g_stride, int part, int fresh, const int tall, const int wide)
{
    lg_v16 sum[8 * 6], xv[8];
    UNROLL(i, wide * tall)
    {
        const float *at = g + i / tall * g_stride + i % tall * 16;
        sum[i] = fresh ? v16_zero() : part ? v16_load_part(at, part) : v16_load(at);
    }
    for (int i = 0; i < rows; i += LG_TILE, dz += (int64_t)columns * LG_TILE) {
        const int count = smaller(rows - i, LG_TILE);
        for (int r = 0; r < count; r++, x += LG_GRADIENT_CHUNK) {
            UNROLL(v, tall) xv[v] = v16_load(x + v * 16);
            UNROLL(c, wide)
            {
                const lg_v16 factor = v16_spread(dz + c * LG_TILE + r);
                UNROLL(v, tall) sum[c * tall + v] = v16_fma(factor, xv[v], sum[c * tall + v]);
            }
        }
    }
    UNROLL(i, wide * tall)
    {
        float *at = g + i / tall * g_stride + i % tall * 16;
        if (part)
            v16_store_part(at, sum[i], part);
        else
            v16_store(at, sum[i]);
    }
}

/* A panel of `width` features against `wide` columns: as many vectors at once as there are
 * registers for, then one by one, the last one in part. */
typedef void outer_fn(const float *x, const float *dz, int columns, int rows, float *g,
                      int64_t g_stride, int width, int fresh);

#define OUTER(wide, tall)                                                                          \
    static void outer_##wide(const float *x, const float *dz, int columns, int rows, float *g,     \
                             int64_t g_stride, int width, int fresh)                               \
    {                                                                                              \
        int j = 0;                                                                                 \
        for (; j + 16 * tall <= width; j += 16 * tall)                                             \
            outer_tile(x + j, dz, columns, rows, g + j, g_stride, 0, fresh, tall, wide);           \
        for (; j + 16 <= width; j += 16)                                                           \
            outer_tile(x + j, dz, columns, rows, g + j, g_stride, 0, fresh, 1, wide);              \
        if (j < width)                                                                             \
            outer_tile(x + j, dz, columns, rows, g + j, g_stride, width - j, fresh, 1, wide);      \
    }
OUTER(1, LG_TILE_TALL)
OUTER(2, LG_TILE_TALL)
OUTER(3, LG_TILE_TALL)
OUTER(4, LG_TILE_TALL)
OUTER(5, LG_TILE_TALL)
OUTER(6, LG_TILE_TALL)
#undef OUTER

static void gradient_panel(const lg_cpu_product *p, const int64_t rows[2], int64_t d0, int width,
                           int fresh, const float *panel)
{
    static outer_fn *const outer[] = {NULL, outer_1, outer_2, outer_3, outer_4, outer_5, outer_6};
    const int64_t d = p->rows.features;
    const float *dz = p->tiles + rows[0] * p->columns;
    for (int c = 0, wide; c < p->columns; c += wide) {
        wide = next_group(p->columns - c);
        outer[wide](panel, dz + (int64_t)c * LG_TILE, p->columns, (int)(rows[1] - rows[0]),
                    p->gw + c * d + d0, d, width, fresh);
    }
}

static void gradient(const lg_cpu_product *p, const int64_t rows[2], const int64_t d[2], int add,
                     float *scratch)
{
    if (p->columns <= LG_DIRECT_COLUMNS) {
        direct_gradient(p, rows, d, add);
        return;
    }
    for (int64_t d0 = d[0]; d0 < d[1]; d0 += LG_GRADIENT_CHUNK) {
        const int width = smaller(d[1] - d0, LG_GRADIENT_CHUNK);
        int64_t part[2] = {rows[0], rows[0]};
        do { /* once at least: no rows have a gradient, too */
            part[1] = part[0] + smaller(rows[1] - part[0], LG_PANEL / LG_GRADIENT_CHUNK);
            unpack(&p->rows, part[0], (int)(part[1] - part[0]), d0, width, scratch,
                   LG_GRADIENT_CHUNK, 0);
            gradient_panel(p, part, d0, width, part[0] == rows[0] && !add, scratch);
            part[0] = part[1];
        } while (part[0] < rows[1]);
    }
}

#endif
