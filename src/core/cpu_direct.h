/* cpu_direct.h -- the two products of a step for one to three columns, without a panel.
 *
 * Layer 1 (core), included by cpu_kernels.c alone.  The order of every sum is that of cpu_matmul.h,
 * so are the bits.  With so few columns each number of x is used once or twice, and writing it to a
 * panel first would cost as much as using it: elements are turned into x in registers. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_DIRECT_H
#define LG_CORE_CPU_DIRECT_H

#include "core/cpu_kernels.h"
#include "core/cpu_simd.h"
#include "core/cpu_unpack.h"

enum { LG_DIRECT_COLUMNS = 3 };

/* Where x comes from, a constant in every loop: elements of a kind, or floats that are x. */
enum { LG_DIRECT_X = LG_ELEMENT_COUNT, LG_DIRECT_KINDS };

static inline int direct_kind(const lg_cpu_rows *rows)
{
    return rows->x ? LG_DIRECT_X : (int)rows->element;
}

LG_INLINE int64_t direct_bytes(const int kind)
{
    return kind == LG_DIRECT_X ? (int64_t)sizeof(float) : element_bytes((lg_element)kind);
}

/* scale and shift of 16 features, or of the last `part`. */
typedef struct direct_norm {
    lg_v16 scale, shift;
} direct_norm;

LG_INLINE direct_norm direct_norm_at(const lg_cpu_rows *rows, int64_t d, int part, const int kind)
{
    if (kind == LG_DIRECT_X) return (direct_norm){v16_zero(), v16_zero()};
    if (part)
        return (direct_norm){v16_load_part(rows->scale + d, part),
                             v16_load_part(rows->shift + d, part)};
    return (direct_norm){v16_load(rows->scale + d), v16_load(rows->shift + d)};
}

/* 16 features of a row that starts at `from`; part > 0: that many, and zeros. */
LG_INLINE lg_v16 direct_x(const void *from, int64_t d, int part, direct_norm norm, const int kind)
{
    if (kind == LG_DIRECT_X) {
        const float *x = (const float *)from + d;
        return part ? v16_load_part(x, part) : v16_load(x);
    }
    const uint8_t *e = (const uint8_t *)from + d * direct_bytes(kind);
    uint8_t lanes[64] = {0};
    if (part) e = memcpy(lanes, e, (size_t)(part * direct_bytes(kind)));
    return v16_fma(norm.scale, v16_from(e, (lg_element)kind), norm.shift);
}

LG_INLINE const void *direct_row(const lg_cpu_rows *rows, int64_t i, const int kind)
{
    if (kind == LG_DIRECT_X) return rows->x + i * rows->features;
    return pixel_at(rows, i, 0, (lg_element)kind);
}

/* ---------------------------------------------------------------------------------- logits --- */

LG_INLINE void direct_dot_step(const lg_cpu_product *p, const void *const *from, int64_t d,
                               int part, lg_v16 *sum, const int kind, const int tall,
                               const int wide)
{
    const direct_norm norm = direct_norm_at(&p->rows, d, part, kind);
    lg_v16 w[LG_DIRECT_COLUMNS];
    UNROLL(c, wide)
    {
        const float *wc = p->w + c * p->rows.features + d;
        w[c] = part ? v16_load_part(wc, part) : v16_load(wc);
    }
    UNROLL(r, tall)
    {
        const lg_v16 x = direct_x(from[r], d, part, norm, kind);
        UNROLL(c, wide) sum[c * tall + r] = v16_fma(x, w[c], sum[c * tall + r]);
    }
}

/* Chains of `tall` rows from row i on, over all features.  Rows past the last repeat it. */
LG_INLINE void direct_dot(const lg_cpu_product *p, int64_t i, float (*chains)[16], const int kind,
                          const int tall, const int wide)
{
    const int64_t d = p->rows.features, last = p->rows.count - 1;
    const void *from[8];
    lg_v16 sum[8 * LG_DIRECT_COLUMNS];
    UNROLL(r, tall)
    {
        from[r] = direct_row(&p->rows, i + r < last ? i + r : last, kind);
    }
    UNROLL(c, wide * tall) sum[c] = v16_zero();

    int64_t j = 0;
    for (; j + 16 <= d; j += 16) {
        if (kind != LG_DIRECT_X && (j * direct_bytes(kind) & 63) == 0)
            fetch_rows(&p->rows, i + LG_TILE, tall, j, (lg_element)kind);
        direct_dot_step(p, from, j, 0, sum, kind, tall, wide);
    }
    if (j < d) direct_dot_step(p, from, j, (int)(d - j), sum, kind, tall, wide);
    UNROLL(c, wide * tall) v16_store(chains[c / tall * 16 + c % tall], sum[c]);
}

typedef void direct_dot_fn(const lg_cpu_product *p, int64_t tile, float (*chains)[16]);

#define DIRECT_DOT(kind, name, wide)                                                               \
    static void direct_dot_##name##_##wide(const lg_cpu_product *p, int64_t tile,                  \
                                           float(*chains)[16])                                     \
    {                                                                                              \
        const int64_t begin = tile * LG_TILE;                                                      \
        for (int64_t i = begin; i < begin + LG_TILE && i < p->rows.count; i += LG_TILE_SLIM)       \
            direct_dot(p, i, chains + (i - begin), kind, LG_TILE_SLIM, wide);                      \
    }
#define DIRECT_DOTS(kind, name)                                                                    \
    DIRECT_DOT(kind, name, 1) DIRECT_DOT(kind, name, 2) DIRECT_DOT(kind, name, 3)
DIRECT_DOTS(LG_ELEMENT_U8, u8)
DIRECT_DOTS(LG_ELEMENT_F16, f16)
DIRECT_DOTS(LG_ELEMENT_F32, f32)
DIRECT_DOTS(LG_DIRECT_X, x)
#undef DIRECT_DOTS
#undef DIRECT_DOT

static void direct_logits(const lg_cpu_product *p, int64_t tile, float (*chains)[16])
{
    static direct_dot_fn *const dot[LG_DIRECT_KINDS][LG_DIRECT_COLUMNS] = {
        [LG_ELEMENT_U8] = {direct_dot_u8_1, direct_dot_u8_2, direct_dot_u8_3},
        [LG_ELEMENT_F16] = {direct_dot_f16_1, direct_dot_f16_2, direct_dot_f16_3},
        [LG_ELEMENT_F32] = {direct_dot_f32_1, direct_dot_f32_2, direct_dot_f32_3},
        [LG_DIRECT_X] = {direct_dot_x_1, direct_dot_x_2, direct_dot_x_3},
    };
    dot[direct_kind(&p->rows)][p->columns - 1](p, tile, chains);
}

/* -------------------------------------------------------------------------------- gradient --- */

/* gw of `tall` x 16 features from d on (part > 0: the last few), over a range of rows. */
LG_INLINE void direct_outer(const lg_cpu_product *p, const int64_t rows[2], int64_t d, int part,
                            int add, const int kind, const int tall, const int wide)
{
    lg_v16 sum[8 * LG_DIRECT_COLUMNS], factor[LG_DIRECT_COLUMNS];
    direct_norm norm[8];
    float *g = p->gw + d;
    UNROLL(c, wide * tall)
    {
        const float *at = g + c / tall * p->rows.features + c % tall * 16;
        sum[c] = !add ? v16_zero() : part ? v16_load_part(at, part) : v16_load(at);
    }
    UNROLL(v, tall) norm[v] = direct_norm_at(&p->rows, d + v * 16, part, kind);

    for (int64_t i = rows[0]; i < rows[1]; i++) {
        const void *from = direct_row(&p->rows, i, kind);
        const float *dz = p->tiles + (i / LG_TILE * wide) * LG_TILE + i % LG_TILE;
        if (kind != LG_DIRECT_X)
            __builtin_prefetch((const uint8_t *)from + (d + tall * 16) * direct_bytes(kind));
        UNROLL(c, wide) factor[c] = v16_spread(dz + c * LG_TILE);
        UNROLL(v, tall)
        {
            const lg_v16 x = direct_x(from, d + v * 16, part, norm[v], kind);
            UNROLL(c, wide) sum[c * tall + v] = v16_fma(factor[c], x, sum[c * tall + v]);
        }
    }
    UNROLL(c, wide * tall)
    {
        float *at = g + c / tall * p->rows.features + c % tall * 16;
        if (part)
            v16_store_part(at, sum[c], part);
        else
            v16_store(at, sum[c]);
    }
}

LG_INLINE void direct_outer_range(const lg_cpu_product *p, const int64_t rows[2],
                                  const int64_t d[2], int add, const int kind, const int wide)
{
    const int tall = LG_TILE_TALL;
    int64_t j = d[0];
    for (; j + 16 * tall <= d[1]; j += 16 * tall)
        direct_outer(p, rows, j, 0, add, kind, tall, wide);
    for (; j + 16 <= d[1]; j += 16) direct_outer(p, rows, j, 0, add, kind, 1, wide);
    if (j < d[1]) direct_outer(p, rows, j, (int)(d[1] - j), add, kind, 1, wide);
}

typedef void direct_outer_fn(const lg_cpu_product *p, const int64_t rows[2], const int64_t d[2],
                             int add);

#define DIRECT_OUTER(kind, name, wide)                                                             \
    static void direct_outer_##name##_##wide(const lg_cpu_product *p, const int64_t rows[2],       \
                                             const int64_t d[2], int add)                          \
    {                                                                                              \
        direct_outer_range(p, rows, d, add, kind, wide);                                           \
    }
#define DIRECT_OUTERS(kind, name)                                                                  \
    DIRECT_OUTER(kind, name, 1) DIRECT_OUTER(kind, name, 2) DIRECT_OUTER(kind, name, 3)
DIRECT_OUTERS(LG_ELEMENT_U8, u8)
DIRECT_OUTERS(LG_ELEMENT_F16, f16)
DIRECT_OUTERS(LG_ELEMENT_F32, f32)
DIRECT_OUTERS(LG_DIRECT_X, x)
#undef DIRECT_OUTERS
#undef DIRECT_OUTER

static void direct_gradient(const lg_cpu_product *p, const int64_t rows[2], const int64_t d[2],
                            int add)
{
    static direct_outer_fn *const outer[LG_DIRECT_KINDS][LG_DIRECT_COLUMNS] = {
        [LG_ELEMENT_U8] = {direct_outer_u8_1, direct_outer_u8_2, direct_outer_u8_3},
        [LG_ELEMENT_F16] = {direct_outer_f16_1, direct_outer_f16_2, direct_outer_f16_3},
        [LG_ELEMENT_F32] = {direct_outer_f32_1, direct_outer_f32_2, direct_outer_f32_3},
        [LG_DIRECT_X] = {direct_outer_x_1, direct_outer_x_2, direct_outer_x_3},
    };
    outer[direct_kind(&p->rows)][p->columns - 1](p, rows, d, add);
}

#endif
