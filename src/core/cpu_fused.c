/* cpu_fused.c -- a whole training step for small k, straight from the samples.
 *
 * Layer 1 (core).  The same kernels as the single operations, in the same order for every number,
 * so the same bits.  x and z never lie in memory as a whole and are not written; row losses, gw,
 * gb, weights, states and totals are.
 *
 *   turn 1, cut over tiles of rows:   elements -> x -> logits -> loss and dz, all in the first
 * caches turn 2, cut over features:        elements -> x -> gradient -> update;  bias and totals
 * beside it
 *
 * Where a batch is larger than the second caches (3x100x100 photos) it is taken in groups of rows:
 * turns 1 and 2 alternate, so that turn 2 finds its bytes still near, and the chain of each
 * weight's gradient simply goes on. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/cpu_step.h"

enum { GROUP_BYTES_PER_THREAD = 512 * 1024 }; /* of x, beside W, in a second cache of 1 to 2 MB */

static int64_t rows_per_group(const lg_cpu *cpu, const lg_step *step)
{
    const int64_t bytes = (int64_t)GROUP_BYTES_PER_THREAD * cpu->threads;
    const int64_t row = step->features * (int64_t)lg_element_bytes(step->batch.element);
    const int64_t tiles = bytes / row / LG_TILE;
    const int64_t least = cpu->threads; /* a tile for everyone */
    return (tiles > least ? tiles : least) * LG_TILE;
}

static void rows_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const int64_t first = job->begin / LG_TILE;
    float *scratch = lg_cpu_scratch(job->cpu, part);
    int64_t begin, end;
    lg_pool_cut(lg_cpu_tiles(job->end) - first, 1, part, parts, &begin, &end);
    job->cpu->kernels->logits(&job->product, first + begin, first + end, scratch);
    for (int64_t tile = first + begin; tile < first + end; tile++)
        lg_cpu_tile_loss_of(job, tile, job->product.tiles + tile * job->product.columns * LG_TILE,
                            scratch);
}

static void features_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const int64_t rows[2] = {job->begin, job->end};
    int64_t d[2];
    lg_pool_cut(job->step->features, LG_TILE, part, parts, &d[0], &d[1]);
    job->cpu->kernels->gradient(&job->product, rows, d, job->add, lg_cpu_scratch(job->cpu, part));
    if (!job->last) return;

    const int updates = !job->step->gradient_only;
    if (updates) lg_cpu_update_part(job, d[0], d[1]);
    if (part < parts - 1) return; /* the last part's share of the features is never the largest */
    lg_cpu_small_bias(job, 0, job->product.columns);
    if (updates) lg_cpu_update_bias(job);
    lg_cpu_sum(job->step);
}

/* A setting whose loss is not finite has no gradient in this batch, also not in earlier groups
 * (what was added up before the batch goes with it). */
static void clear_bad(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    const size_t bytes = sizeof(float) * (size_t)step->outputs * (size_t)step->features;
    if (!lg_cpu_clear_bad(job)) return;
    for (int t = 0; t < step->settings; t++)
        if (atomic_load_explicit(&job->cpu->bad[t], memory_order_relaxed))
            memset((float *)step->gw + (int64_t)t * step->outputs * step->features, 0, bytes);
}

void lg_cpu_fused_step(lg_cpu *cpu, const lg_step *step)
{
    const int64_t n = step->batch.count, group = rows_per_group(cpu, step);
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 1);
    for (job.begin = 0; job.begin == 0 || job.begin < n; job.begin += group) {
        job.end = job.begin + group < n ? job.begin + group : n;
        job.add = job.begin > 0 || step->accumulate;
        job.last = job.end == n;
        lg_pool_run(cpu->pool, rows_part, &job);
        if (job.last) clear_bad(&job);
        lg_pool_run(cpu->pool, features_part, &job);
    }
}
