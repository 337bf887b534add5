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

/* The loops below are written once and compiled for each element: `element` is a constant there. */
LG_INLINE int64_t element_bytes(const lg_element element)
{
    return element == LG_ELEMENT_U8 ? 1 : element == LG_ELEMENT_F16 ? 2 : 4;
}

/* 16 elements as floats, from wherever they lie. */
LG_INLINE lg_v16 v16_from(const uint8_t *from, const lg_element element)
{
    if (element == LG_ELEMENT_U8) return v16_from_u8(from);
    if (element == LG_ELEMENT_F16) return v16_from_f16(from);
    return v16_load((const float *)(const void *)from);
}

/* Feature d of row i. */
LG_INLINE const uint8_t *pixel_at(const lg_cpu_rows *rows, int64_t i, int64_t d,
                                  const lg_element element)
{
    const int64_t r = rows->row ? rows->row[i] : i;
    return rows->pixels + (r * rows->features + d) * element_bytes(element);
}

/* Calls the line at feature d of rows i .. i+count-1 into the second cache, for later. */
LG_INLINE void fetch_rows(const lg_cpu_rows *rows, int64_t i, int count, int64_t d,
                          const lg_element element)
{
    for (int r = 0; r < count && i + r < rows->count; r++)
        __builtin_prefetch(pixel_at(rows, i + r, d, element), 0, 2);
}

/* A strip of a panel: `vectors` x 16 features of every row, scale and shift in registers.  The
 * lines that will be wanted next are fetched on the way: of row i + ahead, or this row's next. */
LG_INLINE void unpack_strip(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, float *to,
                            int64_t stride, int ahead, const int vectors, const lg_element element)
{
    const int64_t vector_bytes = 16 * element_bytes(element);
    const int lines = (int)(vectors * vector_bytes + 63) / 64;
    lg_v16 scale[4], shift[4];
    UNROLL(v, vectors) scale[v] = v16_load(rows->scale + d0 + v * 16);
    UNROLL(v, vectors) shift[v] = v16_load(rows->shift + d0 + v * 16);
    for (int r = 0; r < count; r++, to += stride) {
        const uint8_t *from = pixel_at(rows, i0 + r, d0, element);
        if (!ahead) {
            UNROLL(line, lines) __builtin_prefetch(from + (lines + line) * 64);
        } else if (i0 + r + ahead < rows->count) {
            const uint8_t *later = pixel_at(rows, i0 + r + ahead, d0, element);
            UNROLL(line, lines) __builtin_prefetch(later + line * 64, 0, 2);
        }
        UNROLL(v, vectors)
        {
            const lg_v16 stored = v16_from(from + v * vector_bytes, element);
            v16_store(to + v * 16, v16_fma(scale[v], stored, shift[v]));
        }
    }
}

/* The last features of a row, fewer than a vector of them. */
LG_INLINE void unpack_rest(const lg_cpu_rows *rows, int64_t i, int64_t d, int count, float *to,
                           const lg_element element)
{
    uint8_t lanes[64] = {0};
    float stored[16];
    memcpy(lanes, pixel_at(rows, i, d, element), (size_t)(count * element_bytes(element)));
    v16_store(stored, v16_from(lanes, element));
    for (int j = 0; j < count; j++)
        to[j] = lg_pixel(stored[j], rows->scale[d + j], rows->shift[d + j]);
}

LG_INLINE void unpack_elements(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0,
                               int width, float *panel, int64_t stride, int ahead,
                               const lg_element element)
{
    int j = 0;
    for (; j + 64 <= width; j += 64)
        unpack_strip(rows, i0, count, d0 + j, panel + j, stride, ahead, 4, element);
    for (; j + 16 <= width; j += 16)
        unpack_strip(rows, i0, count, d0 + j, panel + j, stride, ahead, 1, element);
    for (int r = 0; r < count && j < width; r++)
        unpack_rest(rows, i0 + r, d0 + j, width - j, panel + r * stride + j, element);
}

static void unpack_pixels(const lg_cpu_rows *rows, int64_t i0, int count, int64_t d0, int width,
                          float *panel, int64_t stride, int ahead)
{
    switch (rows->element) {
    case LG_ELEMENT_F16:
        unpack_elements(rows, i0, count, d0, width, panel, stride, ahead, LG_ELEMENT_F16);
        break;
    case LG_ELEMENT_F32:
        unpack_elements(rows, i0, count, d0, width, panel, stride, ahead, LG_ELEMENT_F32);
        break;
    default:
        unpack_elements(rows, i0, count, d0, width, panel, stride, ahead, LG_ELEMENT_U8);
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
