/* cpu_wide.c -- the operations of a step for many outputs: matrix products by OpenBLAS.
 *
 * Layer 1 (core).  OpenBLAS gives other bits for other numbers of threads and other shapes, so it
 * is called single-threaded on blocks whose shapes follow from n, d and k alone; the blocks are
 * dealt to our own threads.  Each setting is a call of its own, with the shape it would have alone.
 *
 * Losses are taken row by row, in place, the bias' gradient by columns, both by tree.h. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "core/blas.h"
#include "core/cpu_step.h"

enum { COLUMN_BLOCK = 256, FEATURE_BLOCK = 256 };
enum { MOST_CALLERS = 64 }; /* OpenBLAS keeps at least this many work areas */

/* Rows of a block: enough of them for BLAS to be quick, and enough blocks for many threads. */
static int64_t row_block(int64_t n)
{
    return n >= 4096 ? 256 : n >= 1024 ? 128 : 64;
}

static int64_t blocks_of(int64_t count, int64_t block)
{
    return (count + block - 1) / block;
}

static int block_size(int64_t count, int64_t block, int64_t index)
{
    const int64_t left = count - index * block;
    return (int)(left < block ? left : block);
}

/* ---------------------------------------------------------------------------------- logits --- */

static void logits_block(const lg_step *step, int setting, int64_t row, int64_t column)
{
    const int k = step->outputs, columns = step->settings * k;
    const int64_t n = step->batch.count, d = step->features, rows = row_block(n);
    const int64_t first = setting * (int64_t)k + column * COLUMN_BLOCK;
    const int m = block_size(n, rows, row), width = block_size(k, COLUMN_BLOCK, column);
    float *z = (float *)step->z + row * rows * columns + first;
    const float *b = (const float *)step->b + first;
    const lg_gemm gemm = {
        .transpose_b = 1,
        .m = m,
        .n = width,
        .k = (int)d,
        .a = (const float *)step->x + row * rows * d,
        .b = (const float *)step->w + first * d,
        .c = z,
        .lda = (int)d,
        .ldb = (int)d,
        .ldc = columns,
    };
    lg_blas_gemm(&gemm);
    for (int i = 0; i < m; i++, z += columns)
        for (int j = 0; j < width; j++) z[j] += b[j];
}

static void logits_part(void *argument, int part, int parts)
{
    const lg_step *step = ((const lg_cpu_job *)argument)->step;
    const int64_t rows = blocks_of(step->batch.count, row_block(step->batch.count));
    const int64_t columns = blocks_of(step->outputs, COLUMN_BLOCK);
    const int callers = parts < MOST_CALLERS ? parts : MOST_CALLERS;
    for (int64_t i = part; part < callers && i < rows * columns * step->settings; i += callers)
        logits_block(step, (int)(i / columns / rows), i / columns % rows, i % columns);
}

void lg_cpu_wide_logits(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = {.cpu = cpu, .step = step};
    lg_pool_run(cpu->pool, logits_part, &job);
}

/* ------------------------------------------------------------------------------------ loss --- */

/* Row i of every setting.  scratch: 3k floats. */
static void row_losses(const lg_cpu_job *job, int64_t i, float *scratch)
{
    const lg_step *step = job->step;
    const lg_cpu_kernels *kernels = job->cpu->kernels;
    const int k = step->outputs, s = step->settings;
    float *targets = scratch, *term = scratch + k, *copy = scratch + 2 * (int64_t)k;
    const float weight = lg_cpu_weight(step, i);
    for (int t = 0; t < s; t++) {
        float *z = (float *)step->z + (i * s + t) * k;
        if (step->keep_logits) z = memcpy(copy, z, sizeof *z * (size_t)k);
        const lg_cpu_target target = lg_cpu_target_of(step, t);
        kernels->row_target(&target, i, k, targets);
        const float loss = kernels->row_loss[step->loss](
            z, targets, k, weight * (float)step->scalars[t].scale, term);
        ((float *)step->row_loss)[i * s + t] = loss;
        if (!isfinite(loss)) atomic_store_explicit(&job->cpu->bad[t], 1, memory_order_relaxed);
    }
}

static void loss_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(job->step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) row_losses(job, i, lg_cpu_scratch(job->cpu, part));
}

static void bias_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const lg_step *step = job->step;
    const int64_t columns = (int64_t)step->settings * step->outputs;
    float sums[LG_TILE], *gb = step->gb;
    int64_t begin, end;
    lg_pool_cut(columns, LG_TILE, part, parts, &begin, &end);
    for (int64_t c = begin; c < end; c += LG_TILE) {
        const int count = (int)(end - c < LG_TILE ? end - c : LG_TILE);
        job->cpu->kernels->column_sums((const float *)step->z + c, step->batch.count, columns,
                                       count, sums);
        for (int j = 0; j < count; j++)
            gb[c + j] = step->accumulate ? gb[c + j] + sums[j] : sums[j];
    }
}

static void clear_bad(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    const int k = step->outputs, s = step->settings;
    for (int t = 0; t < s; t++) {
        if (!atomic_load_explicit(&job->cpu->bad[t], memory_order_relaxed)) continue;
        for (int64_t i = 0; i < step->batch.count; i++)
            memset((float *)step->z + (i * s + t) * k, 0, sizeof(float) * (size_t)k);
    }
}

void lg_cpu_wide_loss(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 0);
    lg_pool_run(cpu->pool, loss_part, &job);
    if (step->keep_logits) return;
    clear_bad(&job);
    lg_pool_run(cpu->pool, bias_part, &job);
}

/* -------------------------------------------------------------------------------- gradient --- */

static void gradient_block(const lg_step *step, int setting, int64_t column, int64_t feature)
{
    const int k = step->outputs, columns = step->settings * k;
    const int64_t d = step->features;
    const int64_t first = setting * (int64_t)k + column * COLUMN_BLOCK;
    const lg_gemm gemm = {
        .transpose_a = 1,
        .m = block_size(k, COLUMN_BLOCK, column),
        .n = block_size(d, FEATURE_BLOCK, feature),
        .k = (int)step->batch.count,
        .a = (const float *)step->z + first,
        .b = (const float *)step->x + feature * FEATURE_BLOCK,
        .c = (float *)step->gw + first * d + feature * FEATURE_BLOCK,
        .lda = columns,
        .ldb = (int)d,
        .ldc = (int)d,
        .beta = step->accumulate ? 1.0f : 0.0f,
    };
    lg_blas_gemm(&gemm);
}

static void gradient_part(void *argument, int part, int parts)
{
    const lg_step *step = ((const lg_cpu_job *)argument)->step;
    const int64_t columns = blocks_of(step->outputs, COLUMN_BLOCK);
    const int64_t features = blocks_of(step->features, FEATURE_BLOCK);
    const int callers = parts < MOST_CALLERS ? parts : MOST_CALLERS;
    for (int64_t i = part; part < callers && i < columns * features * step->settings; i += callers)
        gradient_block(step, (int)(i / features / columns), i / features % columns, i % features);
}

void lg_cpu_wide_gradient(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = {.cpu = cpu, .step = step};
    lg_pool_run(cpu->pool, gradient_part, &job);
}
