/* cpu_fused.c -- a whole training step for small k, straight from the samples.
 *
 * Layer 1 (core).  The same kernels as the single operations, in the same order for every number,
 * so the same bits.  x and z never lie in memory as a whole and are not written; row losses, gw,
 * gb, weights, states and totals are.
 *
 *   turn 1, cut over tiles of rows:  elements -> x -> logits -> loss and dz, all in the first
 * caches turn 2, cut over features:       elements -> x -> gradient -> update;  bias and totals
 * beside it
 *
 * Where a batch is larger than the second caches (3x100x100 photos) it is taken in groups of rows:
 * turns 1 and 2 alternate, so that turn 2 finds its bytes still near, and the chain of each
 * weight's gradient simply goes on.
 *
 * Many settings are cut once for the whole step, each thread taking some of them through both
 * turns: x is unpacked by every thread, but W, dz and gw stay in the caches of the one that wrote
 * them, where the other way every thread reads what the others wrote. */
/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/cpu_step.h"

enum { GROUP_BYTES_PER_THREAD = 512 * 1024 }; /* of x, beside W, in a second cache of 1 to 2 MB */

/* Rows of a group for threads that share its bytes. */
static int64_t rows_per_group(const lg_step *step, int threads)
{
    const int64_t bytes = (int64_t)GROUP_BYTES_PER_THREAD * threads;
    const int64_t row = step->features * (int64_t)lg_element_bytes(step->batch.element);
    const int64_t tiles = bytes / row / LG_TILE;
    const int64_t least = threads; /* a tile for everyone */
    return (tiles > least ? tiles : least) * LG_TILE;
}

/* The next group of rows of a job, `rows` of them where there are so many; 0 once there is none.
 * No rows at all are a group, too. */
static int next_rows(lg_cpu_job *job, int64_t rows)
{
    const int64_t n = job->step->batch.count;
    if (job->last) return 0;
    job->begin = job->end;
    job->end = job->begin + rows < n ? job->begin + rows : n;
    job->add = job->begin > 0 || job->step->accumulate;
    job->last = job->end == n;
    return 1;
}

/* Logits, loss and dz of some tiles. */
static void tiles_turn(const lg_cpu_job *job, int64_t begin, int64_t end, float *scratch)
{
    job->cpu->kernels->logits(&job->product, begin, end, scratch);
    for (int64_t tile = begin; tile < end; tile++)
        lg_cpu_tile_loss_of(job, tile, job->product.tiles + tile * job->product.columns * LG_TILE,
                            scratch);
}

/* Gradient and update of some features. */
static void features_turn(const lg_cpu_job *job, const int64_t d[2], float *scratch)
{
    const int64_t rows[2] = {job->begin, job->end};
    job->cpu->kernels->gradient(&job->product, rows, d, job->add, scratch);
    if (job->last && !job->step->gradient_only) lg_cpu_update_part(job, d[0], d[1]);
}

static void bias_and_totals(const lg_cpu_job *job)
{
    lg_cpu_small_bias(job, 0, job->product.columns);
    if (!job->step->gradient_only) lg_cpu_update_bias(job);
    lg_cpu_sum(job);
}

/* A setting whose loss is not finite has no gradient in this batch, also not in earlier groups
 * (what was added up before the batch goes with it). */
static void clear_bad(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    const size_t bytes = sizeof(float) * (size_t)step->outputs * (size_t)step->features;
    if (!lg_cpu_clear_bad(job)) return;
    for (int t = job->first; t < job->first + job->settings; t++)
        if (atomic_load_explicit(&job->cpu->bad[t], memory_order_relaxed))
            memset((float *)step->gw + (int64_t)t * step->outputs * step->features, 0, bytes);
}

/* ------------------------------------------------------------- cut over rows, then features --- */

static void rows_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    const int64_t first = job->begin / LG_TILE;
    int64_t begin, end;
    lg_pool_cut(lg_cpu_tiles(job->end) - first, 1, part, parts, &begin, &end);
    tiles_turn(job, first + begin, first + end, lg_cpu_scratch(job->cpu, part));
}

/* The share of part 0 is never the largest: it takes the rest, too. */
static void features_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t d[2];
    lg_pool_cut(job->step->features, LG_TILE, part, parts, &d[0], &d[1]);
    features_turn(job, d, lg_cpu_scratch(job->cpu, part));
    if (job->last && part == 0) bias_and_totals(job);
}

static void step_by_rows(lg_cpu_job *job)
{
    const int64_t rows = rows_per_group(job->step, job->cpu->threads);
    while (next_rows(job, rows)) {
        lg_pool_run(job->cpu->pool, rows_part, job);
        if (job->last) clear_bad(job);
        lg_pool_run(job->cpu->pool, features_part, job);
    }
}

/* ----------------------------------------------------------------------- cut over settings --- */

/* Worth it where no thread waits long for another's settings, and where reading all weights that
 * others wrote would take longer than unpacking all rows. */
static int cuts_settings(const lg_cpu *cpu, const lg_step *step)
{
    const int64_t threads = cpu->threads, settings = step->settings;
    const int64_t most = (settings + threads - 1) / threads; /* of a thread */
    return 5 * settings >= 4 * most * threads && step->batch.count <= 4 * settings * step->outputs;
}

static void settings_part(void *argument, int part, int parts)
{
    const lg_cpu_job *all = argument;
    float *scratch = lg_cpu_scratch(all->cpu, part);
    const int64_t rows = rows_per_group(all->step, 1), d[2] = {0, all->step->features};
    int64_t begin, end;
    lg_pool_cut(all->settings, 1, part, parts, &begin, &end);
    if (begin == end) return; /* more threads than settings */
    lg_cpu_job job = lg_cpu_job_some(all, (int)begin, (int)(end - begin));
    while (next_rows(&job, rows)) {
        tiles_turn(&job, job.begin / LG_TILE, lg_cpu_tiles(job.end), scratch);
        if (job.last) clear_bad(&job);
        features_turn(&job, d, scratch);
    }
    bias_and_totals(&job);
}

void lg_cpu_fused_step(lg_cpu *cpu, const lg_step *step)
{
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 1);
    if (cuts_settings(cpu, step))
        lg_pool_run(cpu->pool, settings_part, &job);
    else
        step_by_rows(&job);
}
