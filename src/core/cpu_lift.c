/* cpu_lift.c -- feature maps on the CPU.
 *
 * Layer 1 (core).  The loops are those of cpu_lift.h and, for the sums of a layer, the logits of
 * cpu_matmul.h: no BLAS, so that the features of a row do not depend on the batch it is in, on the
 * number of threads or on the instruction set, to the last bit.  A set may be lifted once and kept,
 * or minibatch by minibatch: it trains the same model.
 *
 * PRODUCTS and WINDOWS are cut by rows.  A LAYER has many units: blocks of them whose part of F
 * stays in a second cache meet the tiles of a group of rows, one after the other. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "core/cpu_step.h"

enum { UNIT_BLOCK = 96, TILE_GROUP = 16 };

static int64_t blocks_of(int64_t count, int64_t block)
{
    return (count + block - 1) / block;
}

/* -------------------------------------------------------------------------------- products --- */

static void products_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const lg_step *step = job->step;
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        job->cpu->kernels->products(step->lift, (const float *)step->u + i * step->lift->in,
                                    (float *)step->x + i * step->features);
}

/* ----------------------------------------------------------------------------------- layer --- */

/* Floats of scratch for the logits of a block, and for the block itself. */
enum { BLOCK_SCRATCH = LG_PANEL + LG_CHAINS, LAYER_SCRATCH = BLOCK_SCRATCH + UNIT_BLOCK * LG_TILE };

/* Units from `unit` on, of tiles begin .. end-1 of rows. */
static void layer_block(const lg_cpu_job *job, int64_t unit, int64_t begin, int64_t end,
                        float *scratch)
{
    const lg_step *step = job->step;
    const lg_lift *lift = step->lift;
    const int64_t left = lift->units - unit;
    const int units = left < UNIT_BLOCK ? (int)left : UNIT_BLOCK;
    float *tile = scratch + BLOCK_SCRATCH;
    for (int64_t first = begin * LG_TILE; first < end * LG_TILE; first += LG_TILE) {
        const int64_t rows = step->batch.count - first;
        const lg_cpu_product product = {
            .rows = {.count = rows < LG_TILE ? rows : LG_TILE,
                     .features = lift->in,
                     .x = (const float *)step->u + first * lift->in},
            .columns = units,
            .w = lift->filter + unit * lift->in,
            .b = lift->offset + unit,
            .tiles = tile,
        };
        job->cpu->kernels->logits(&product, 0, 1, scratch);
        job->cpu->kernels->act(lift, unit, units, (int)product.rows.count, tile,
                               (float *)step->x + first * step->features);
    }
}

static void layer_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const int64_t tiles = lg_cpu_tiles(job->step->batch.count);
    const int64_t groups = blocks_of(tiles, TILE_GROUP);
    const int64_t blocks = blocks_of(job->step->lift->units, UNIT_BLOCK);
    for (int64_t i = part; i < groups * blocks; i += parts) {
        const int64_t begin = i / blocks * TILE_GROUP, end = begin + TILE_GROUP;
        layer_block(job, i % blocks * UNIT_BLOCK, begin, end < tiles ? end : tiles,
                    lg_cpu_scratch(job->cpu, part));
    }
}

/* --------------------------------------------------------------------------------- windows --- */

static void windows_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const lg_step *step = job->step;
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        job->cpu->kernels->windows(
            step->lift, job->cpu->filter, (const float *)step->u + i * step->lift->in,
            (float *)step->x + i * step->features, lg_cpu_scratch(job->cpu, part));
}

/* Room for the packed filter and for a thread's scratch, and the filter in it. */
static logit_status prepare_windows(lg_cpu *cpu, const lg_lift *lift, logit_error *err)
{
    const size_t lanes = (size_t)blocks_of(lift->units, LG_TILE) * LG_TILE;
    const size_t filter = ((size_t)lg_lift_window(lift) + 1) * lanes;
    LG_TRY(lg_cpu_grow(&cpu->filter, &cpu->filter_size, filter, err));
    LG_TRY(lg_cpu_grow_scratch(cpu, (size_t)cpu->kernels->windows_scratch(lift), err));
    cpu->kernels->pack_filter(lift, cpu->filter);
    return LOGIT_OK;
}

logit_status lg_cpu_lift(lg_cpu *cpu, const lg_step *step, logit_error *err)
{
    lg_cpu_job job = {.cpu = cpu, .step = step};
    lg_pool_fn *part = products_part;
    switch (lg_lifts[step->lift->kind].family) {
    case LG_LIFT_LAYER:
        LG_TRY(lg_cpu_grow_scratch(cpu, LAYER_SCRATCH, err));
        part = layer_part;
        break;
    case LG_LIFT_WINDOWS:
        LG_TRY(prepare_windows(cpu, step->lift, err));
        part = windows_part;
        break;
    default:
        break;
    }
    lg_pool_run(cpu->pool, part, &job);
    return LOGIT_OK;
}
