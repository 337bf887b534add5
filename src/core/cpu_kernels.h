/* cpu_kernels.h -- the inner loops of the CPU backend: one table per instruction set.
 *
 * Layer 1 (core).  cpu_kernels.c is compiled once per instruction set and exports one table each
 * time; cpu_isa.c picks one.  All tables give the same bits.
 *
 * Tiles.  Where k is small, logits and their gradients live in tiles of 16 rows, column by column:
 * tile t of z is [columns][16], lane r of it row 16 t + r of the batch, columns = s*k.  So a row's
 * loss is computed for 16 rows at once without a shuffle, and the gradient finds its factors side
 * by side.  Lanes past the last row hold 0.
 *
 * No kernel allocates, waits or fails.  Scratch belongs to the calling thread. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_KERNELS_H
#define LG_CORE_CPU_KERNELS_H

#include <stdint.h>

#include "base/element.h"
#include "core/lift.h"
#include "core/loss.h"
#include "core/optim.h"

enum {
    LG_TILE = 16,           /* rows of a tile, and lanes of everything */
    LG_PANEL = 4096,        /* floats of x that are unpacked at once: a third of a first cache */
    LG_LOGITS_CHUNK = 256,  /* features of a panel of 16 rows */
    LG_GRADIENT_CHUNK = 64, /* features of a panel of 64 rows */
    LG_CHAINS = 1 << 17, /* floats of chains kept while W streams by: a quarter of a second cache */
    LG_WHOLE_FEATURES =
        1024,             /* d up to which 16 rows of x lie near enough to be met as a whole, ... */
    LG_WHOLE_COLUMNS = 4, /* ... by this many columns or more */
    LG_NEAR_BYTES = 1 << 20, /* of W, up to which it stays in a second cache */
    LG_SMALL_OUTPUTS = 256,  /* k up to this takes the kernels on tiles, above it BLAS */
    LG_LOSS_SUMS = 8         /* settings whose losses are added up at once */
};

/* The rows of x: floats that lie there, or elements that are gathered and normalised on the way. */
typedef struct lg_cpu_rows {
    int64_t count, features; /* n, d */
    const float *x;          /* [n][d], or NULL: from pixels */
    lg_element element;      /* of pixels */
    const uint8_t *pixels;   /* [*][d] elements */
    const int32_t *row;      /* [n] or NULL: row i of pixels */
    const float *scale, *shift;
} lg_cpu_rows;

/* The two products of a step over tiles: z = x W^T + b, gw = dz^T x. */
typedef struct lg_cpu_product {
    lg_cpu_rows rows;
    int columns; /* s*k */
    const float *w, *b;
    float *tiles; /* [ceil(n/16)][columns][16]: logits, then their gradients */
    float *gw;    /* [columns][d] */
} lg_cpu_product;

/* Targets of one setting, smoothing applied: `on` for the label's output and `off` for the others,
 * or keep * soft + off. */
typedef struct lg_cpu_target {
    const int32_t *label; /* [*] or NULL */
    const float *soft;    /* [*][k] */
    const int32_t *row;   /* [n] or NULL */
    int first;            /* class of output 0: 1 for the one output of a sigmoid, else 0 */
    float on, off, keep;
} lg_cpu_target;

/* Loss and gradient of the 16 rows of a tile.  z [k][16]: in logits, out factor * gradient.
 * target [k][16], factor [16], loss [16] out. */
typedef void lg_cpu_tile_loss(float *z, const float *target, int k, const float *factor,
                              float *loss);

/* The same for one row, z and target [k]; term [k] is scratch.  Returns the loss. */
typedef float lg_cpu_row_loss(float *z, const float *target, int k, float factor, float *term);

/* Losses of settings that lie side by side, rows `stride` apart, and what a row weighs. */
typedef struct lg_cpu_losses {
    const float *loss;
    int64_t stride;
    const float *weight; /* [*] or NULL: all 1 */
    const int32_t *row;  /* [n] or NULL: row i of weight */
} lg_cpu_losses;

/* A run of weights: g is their gradient, s0 and s1 their state (not touched where it is not
 * needed: a momentum of 0 keeps none). */
typedef struct lg_cpu_weights {
    float *w;
    const float *g;
    float *s0, *s1;
    int64_t count;
} lg_cpu_weights;
typedef void lg_cpu_update(const lg_cpu_weights *weights, const lg_scalars *scalars, int nesterov,
                           int bias); /* bias: no l2, no decay */

typedef struct lg_cpu_kernels {
    const char *name;

    /* x [end - begin][d]: rows begin .. end-1. */
    void (*pixels)(const lg_cpu_rows *rows, int64_t begin, int64_t end, float *x);

    /* Logits of tiles begin .. end-1.
     * scratch: LG_PANEL + max(LG_CHAINS, columns * 256) floats. */
    void (*logits)(const lg_cpu_product *product, int64_t begin, int64_t end, float *scratch);

    /* Columns d[0] .. d[1]-1 of gw, from rows rows[0] .. rows[1]-1 (the first a multiple of 16).
     * add: go on from what gw holds.  scratch: LG_PANEL floats. */
    void (*gradient)(const lg_cpu_product *product, const int64_t rows[2], const int64_t d[2],
                     int add, float *scratch);

    /* Targets of rows i0 .. i0+count-1 as a tile [k][16]; of row i as [k]. */
    void (*tile_target)(const lg_cpu_target *target, int64_t i0, int count, int k, float *out);
    void (*row_target)(const lg_cpu_target *target, int64_t i, int k, float *out);
    lg_cpu_tile_loss *tile_loss[LG_LOSS_COUNT];
    lg_cpu_row_loss *row_loss[LG_LOSS_COUNT];

    /* Sums over n rows by tree.h: of `count` <= 16 columns of tiles, which lie side by side, tiles
     * `stride` apart; of `count` <= 16 columns of a matrix with rows `stride` apart; of the losses
     * of `count` <= LG_LOSS_SUMS settings, in double. */
    void (*tile_column_sums)(const float *column, int64_t n, int64_t stride, int count, float *out);
    void (*column_sums)(const float *z, int64_t n, int64_t stride, int count, float *out);
    void (*loss_sums)(const lg_cpu_losses *losses, int64_t n, int count, double *out);

    lg_cpu_update *update[LG_OPTIM_COUNT];

    /* Feature maps (lift.h), u and x of one row.  PRODUCTS in full. */
    void (*products)(const lg_lift *lift, const float *u, float *x);
    /* LAYER: x [rows][all units], of units unit .. unit+units-1, from a tile [units][16] of F u + o
     * that is lost. */
    void (*act)(const lg_lift *lift, int64_t unit, int units, int rows, float *tile, float *x);
    /* WINDOWS: F and o packed, (s + 1) * LG_TILE * ceil(units / LG_TILE) floats; with them, x of an
     * image.  scratch: windows_scratch floats. */
    void (*pack_filter)(const lg_lift *lift, float *filter);
    int64_t (*windows_scratch)(const lg_lift *lift);
    void (*windows)(const lg_lift *lift, const float *filter, const float *u, float *x,
                    float *scratch);
} lg_cpu_kernels;

#endif
