/* cpu_small.c -- the operations of a step for small k, over tiles of 16 rows.
 *
 * Layer 1 (core).  Logits and losses are cut over tiles of rows, gradients and updates over
 * features, so that no sum crosses a thread.  The arrays between operations are row-major [n][s*k]
 * (backend.h); here they are turned into tiles and back, which costs little beside d products for
 * each number. */
/* SPDX-License-Identifier: MIT */
#include "core/cpu_step.h"

#include <math.h>
#include <string.h>

#include "core/tree.h"

/* ------------------------------------------------------------------ rows to tiles and back --- */

static int rows_of_tile(const lg_step *step, int64_t tile)
{
    const int64_t left = step->batch.count - tile * LG_TILE;
    return left < LG_TILE ? (int)left : LG_TILE;
}

static float *tile_at(const lg_cpu_job *job, int64_t tile)
{
    return job->product.tiles + tile * job->product.columns * LG_TILE;
}

static void pack_tile(const lg_cpu_job *job, int64_t tile)
{
    const int columns = job->product.columns, rows = rows_of_tile(job->step, tile);
    const float *z = (const float *)job->step->z + tile * LG_TILE * columns;
    float *to = tile_at(job, tile);
    memset(to, 0, sizeof *to * LG_TILE * (size_t)columns);
    for (int r = 0; r < rows; r++, z += columns)
        for (int c = 0; c < columns; c++) to[(int64_t)c * LG_TILE + r] = z[c];
}

static void unpack_tile(const lg_cpu_job *job, int64_t tile)
{
    const int columns = job->product.columns, rows = rows_of_tile(job->step, tile);
    float *z = (float *)job->step->z + tile * LG_TILE * columns;
    const float *from = tile_at(job, tile);
    for (int r = 0; r < rows; r++, z += columns)
        for (int c = 0; c < columns; c++) z[c] = from[(int64_t)c * LG_TILE + r];
}

/* ---------------------------------------------------------------------------------- logits --- */

static void logits_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(lg_cpu_tiles(job->step->batch.count), 1, part, parts, &begin, &end);
    job->cpu->kernels->logits(&job->product, begin, end, lg_cpu_scratch(job->cpu, part));
    for (int64_t tile = begin; tile < end; tile++) unpack_tile(job, tile);
}

void lg_cpu_small_logits(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 0);
    lg_pool_run(cpu->pool, logits_part, &job);
}

/* ------------------------------------------------------------------------------------ loss --- */

void lg_cpu_tile_loss_of(const lg_cpu_job *job, int64_t index, float *tile, float *scratch)
{
    const lg_step *step = job->step;
    const lg_cpu_kernels *kernels = job->cpu->kernels;
    const int k = step->outputs, s = step->settings, rows = rows_of_tile(step, index);
    const int64_t i0 = index * LG_TILE;
    float weight[LG_TILE] = {0.0f}, factor[LG_TILE], loss[LG_TILE];
    float *row_loss = (float *)step->row_loss + i0 * s;

    for (int r = 0; r < rows; r++) weight[r] = lg_cpu_weight(step, i0 + r);
    for (int t = job->first; t < job->first + job->settings; t++, tile += (int64_t)k * LG_TILE) {
        const float scale = (float)step->scalars[t].scale;
        for (int r = 0; r < LG_TILE; r++) factor[r] = weight[r] * scale;
        if (t == job->first || step->scalars[t].smoothing != step->scalars[t - 1].smoothing) {
            const lg_cpu_target target = lg_cpu_target_of(step, t);
            kernels->tile_target(&target, i0, rows, k, scratch);
        }
        kernels->tile_loss[step->loss](tile, scratch, k, factor, loss);
        int bad = 0;
        for (int r = 0; r < rows; r++) {
            row_loss[(int64_t)r * s + t] = loss[r];
            bad |= !isfinite(loss[r]);
        }
        if (bad) atomic_store_explicit(&job->cpu->bad[t], 1, memory_order_relaxed);
    }
}

static void loss_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(lg_cpu_tiles(job->step->batch.count), 1, part, parts, &begin, &end);
    for (int64_t tile = begin; tile < end; tile++) {
        pack_tile(job, tile);
        lg_cpu_tile_loss_of(job, tile, tile_at(job, tile), lg_cpu_scratch(job->cpu, part));
        if (!job->step->keep_logits) unpack_tile(job, tile);
    }
}

void lg_cpu_small_bias(const lg_cpu_job *job, int begin, int end)
{
    const lg_step *step = job->step;
    const int64_t stride = (int64_t)job->product.columns * LG_TILE;
    float *gb = (float *)step->gb + job->first * step->outputs, sums[LG_TILE];
    for (int c = begin; c < end; c += LG_TILE) {
        const int count = end - c < LG_TILE ? end - c : LG_TILE;
        job->cpu->kernels->tile_column_sums(job->product.tiles + (int64_t)c * LG_TILE,
                                            step->batch.count, stride, count, sums);
        for (int j = 0; j < count; j++)
            gb[c + j] = step->accumulate ? gb[c + j] + sums[j] : sums[j];
    }
}

static void bias_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(job->product.columns, LG_TILE, part, parts, &begin, &end);
    lg_cpu_small_bias(job, (int)begin, (int)end);
}

void lg_cpu_small_loss(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 0);
    lg_pool_run(cpu->pool, loss_part, &job);
    if (step->keep_logits) return;
    if (lg_cpu_clear_bad(&job))
        for (int64_t tile = 0; tile < lg_cpu_tiles(step->batch.count); tile++)
            unpack_tile(&job, tile);
    lg_pool_run(cpu->pool, bias_part, &job);
}

int lg_cpu_clear_bad(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    const size_t bytes = sizeof(float) * LG_TILE * (size_t)step->outputs;
    int cleared = 0;
    for (int t = 0; t < job->settings; t++) {
        if (!atomic_load_explicit(&job->cpu->bad[job->first + t], memory_order_relaxed)) continue;
        for (int64_t tile = 0; tile < lg_cpu_tiles(step->batch.count); tile++)
            memset(tile_at(job, tile) + (int64_t)t * step->outputs * LG_TILE, 0, bytes);
        cleared = 1;
    }
    return cleared;
}

/* -------------------------------------------------------------------------------- gradient --- */

static void pack_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(lg_cpu_tiles(job->step->batch.count), 1, part, parts, &begin, &end);
    for (int64_t tile = begin; tile < end; tile++) pack_tile(job, tile);
}

static void gradient_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const int64_t rows[2] = {0, job->step->batch.count};
    int64_t d[2];
    lg_pool_cut(job->step->features, LG_TILE, part, parts, &d[0], &d[1]);
    job->cpu->kernels->gradient(&job->product, rows, d, job->step->accumulate,
                                lg_cpu_scratch(job->cpu, part));
}

void lg_cpu_small_gradient(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 0);
    lg_pool_run(cpu->pool, pack_part, &job);
    lg_pool_run(cpu->pool, gradient_part, &job);
}
