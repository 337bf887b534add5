/* cpu_unpack.h -- from the rows of a batch to panels of floats.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  A panel is a small block of x, rows by
 * features, that stays in the first cache while it is used against many columns of W. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_UNPACK_H
#define LG_CORE_CPU_UNPACK_H

#include "core/cpu_kernels.h"
#include "core/cpu_simd.h"

static inline int smaller(int64_t a, int b)
{
    return a < b ? (int)a : b;
}

LG_INLINE const uint8_t *pixel_row(const lg_cpu_rows *rows, int64_t i)
{
    const int64_t r = rows->row ? rows->row[i] : i;
    return rows->pixels + r * rows->features;
}

/* Calls the line at feature d of rows i .. i+count-1 into the second cache, for later. */
LG_INLINE void fetch_rows(const lg_cpu_rows *rows, int64_t i, int count, int64_t d)
{
    for (int r = 0; r < count && i + r < rows->count; r++)
        __builtin_prefetch(pixel_row(rows, i + r) + d, 0, 2);
}

/* A strip of a panel: `vectors` x 16 features of every row, scale and shift in registers.  The
 * line that will be wanted next is fetched on the way: of row i + ahead, or this row's next. */
LG_INLINE void unpack_strip(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, float *to,
                            int64_t stride, int ahead, const int vectors)
{
    lg_v16 scale[4], shift[4];
    UNROLL(v, vectors) scale[v] = v16_load(rows->scale + d0 + v * 16);
    UNROLL(v, vectors) shift[v] = v16_load(rows->shift + d0 + v * 16);
    for (int r = 0; r < count; r++, to += stride) {
        const uint8_t *from = pixel_row(rows, i0 + r) + d0;
        if (!ahead)
            __builtin_prefetch(from + 64);
        else if (i0 + r + ahead < rows->count)
            __builtin_prefetch(pixel_row(rows, i0 + r + ahead) + d0, 0, 2);
        UNROLL(v, vectors)
        v16_store(to + v * 16, v16_fma(scale[v], v16_from_u8(from + v * 16), shift[v]));
    }
}

static void unpack_pixels(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, int width,
                          float *panel, int64_t stride, int ahead)
{
    int j = 0;
    for (; j + 64 <= width; j += 64)
        unpack_strip(rows, i0, count, d0 + j, panel + j, stride, ahead, 4);
    for (; j + 16 <= width; j += 16)
        unpack_strip(rows, i0, count, d0 + j, panel + j, stride, ahead, 1);
    for (int r = 0; r < count && j < width; r++) {
        const uint8_t *from = pixel_row(rows, i0 + r) + d0;
        for (int i = j; i < width; i++)
            panel[r * stride + i] = lg_pixel(from[i], rows->scale[d0 + i], rows->shift[d0 + i]);
    }
}

/* x of rows begin .. end-1, in full. */
static void pixels(const lg_cpu_rows *rows, int64_t begin, int64_t end, float *x)
{
    const int64_t d = rows->features;
    const int width_at_once = 1 << 20;
    for (int64_t i = begin; i < end; i += LG_TILE, x += LG_TILE * d)
        for (int64_t d0 = 0; d0 < d; d0 += width_at_once)
            unpack_pixels(rows, i, smaller(end - i, LG_TILE), d0, smaller(d - d0, width_at_once),
                          x + d0, d, LG_TILE);
}

static void copy_floats(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, int width,
                        float *panel, int64_t stride, int ahead)
{
    const int64_t next = ahead ? ahead * rows->features : width;
    const float *from = rows->x + i0 * rows->features + d0;
    for (int r = 0; r < count; r++, from += rows->features, panel += stride) {
        int j = 0;
        for (; j + 16 <= width; j += 16) {
            __builtin_prefetch(from + next + j, 0, 2);
            v16_store(panel + j, v16_load(from + j));
        }
        if (j < width) v16_store(panel + j, v16_load_part(from + j, width - j));
    }
}

/* A panel: rows i0 .. i0+count-1, features d0 .. d0+width-1; row r starts at r * stride and is
 * filled up with zeros to a multiple of 16. */
static void unpack(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, int width,
                   float *panel, int64_t stride, int ahead)
{
    if (rows->x) {
        copy_floats(rows, i0, count, d0, width, panel, stride, ahead);
        return;
    }
    unpack_pixels(rows, i0, count, d0, width, panel, stride, ahead);
    if (width & 15)
        for (int r = 0; r < count; r++)
            for (int j = width; j & 15; j++) panel[r * stride + j] = 0.0f;
}

#endif
