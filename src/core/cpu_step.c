/* cpu_step.c -- what the operations of the CPU backend have in common.
 *
 * Layer 1 (core): scratch memory, targets and weights of a batch, updates, running totals. */
/* SPDX-License-Identifier: MIT */
#include "core/cpu_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"
#include "base/status.h"

/* ---------------------------------------------------------------------------------- memory --- */

enum { CACHE_LINE = 64, LARGE_PAGE = 2 << 20 };

void *lg_cpu_alloc(size_t bytes)
{
    const size_t grain = bytes >= 2 * (size_t)LARGE_PAGE ? LARGE_PAGE : CACHE_LINE;
    if (bytes > SIZE_MAX - grain) return NULL;
    const size_t room = (bytes + grain - 1) / grain * grain;
    void *memory = aligned_alloc(grain, room ? room : grain);
    if (memory && grain == LARGE_PAGE)
        madvise(memory, room, MADV_HUGEPAGE); /* a hint: gathered rows miss the TLB less */
    return memory;
}

logit_status lg_cpu_grow(float **array, size_t *size, size_t count, logit_error *err)
{
    size_t bytes;
    if (count <= *size) return LOGIT_OK;
    free(*array);
    *size = 0;
    *array = lg_size_mul(count, sizeof **array, &bytes) ? lg_cpu_alloc(bytes) : NULL;
    if (!*array)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu numbers of scratch; try a smaller batch",
                count);
    memset(*array, 0, bytes); /* lanes past the last row are computed, and never used */
    *size = count;
    return LOGIT_OK;
}

/* Floats of scratch that one thread needs. */
static size_t scratch_needed(const lg_step *step)
{
    const size_t columns = (size_t)step->settings * (size_t)step->outputs;
    const size_t chains = columns * LG_TILE * LG_TILE;
    const size_t small = LG_PANEL + (chains > LG_CHAINS ? chains : LG_CHAINS);
    const size_t wide = 3 * (size_t)step->outputs;
    return small > wide ? small : wide;
}

logit_status lg_cpu_grow_scratch(lg_cpu *cpu, size_t each, logit_error *err)
{
    size_t all;
    each = (each + 2 * LG_TILE - 1) / LG_TILE * LG_TILE; /* whole lines, one apart */
    if (each <= cpu->scratch_each) return LOGIT_OK;
    cpu->scratch_each = 0;
    if (!lg_size_mul(each, (size_t)cpu->threads, &all))
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu numbers of scratch a thread", each);
    LG_TRY(lg_cpu_grow(&cpu->scratch, &cpu->scratch_size, all, err));
    cpu->scratch_each = each;
    return LOGIT_OK;
}

logit_status lg_cpu_reserve(lg_cpu *cpu, const lg_step *step, logit_error *err)
{
    const size_t columns = (size_t)step->settings * (size_t)step->outputs;
    const size_t rows = (size_t)lg_cpu_tiles(step->batch.count) * LG_TILE;
    if (cpu->tiled || lg_cpu_is_small(step))
        LG_TRY(lg_cpu_grow(&cpu->tiles, &cpu->tiles_size, columns * rows, err));
    LG_TRY(lg_cpu_grow_scratch(cpu, scratch_needed(step), err));
    if (step->settings > cpu->bad_size) {
        free(cpu->bad);
        cpu->bad_size = 0;
        cpu->bad = calloc((size_t)step->settings, sizeof *cpu->bad);
        if (!cpu->bad) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d settings", step->settings);
        cpu->bad_size = step->settings;
    }
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------- the step's own --- */

lg_cpu_job lg_cpu_job_of(lg_cpu *cpu, const lg_step *step, int from_pixels)
{
    const lg_batch *batch = &step->batch;
    lg_cpu_job job = {.cpu = cpu, .step = step, .settings = step->settings};
    job.product = (lg_cpu_product){
        .rows = {.count = batch->count,
                 .features = step->features,
                 .x = from_pixels ? NULL : step->x,
                 .element = batch->element,
                 .pixels = batch->pixels,
                 .row = batch->row,
                 .scale = step->scale,
                 .shift = step->shift},
        .columns = step->settings * step->outputs,
        .w = step->w,
        .b = step->b,
        .tiles = cpu->tiles,
        .gw = step->gw,
    };
    for (int t = 0; t < step->settings; t++)
        atomic_store_explicit(&cpu->bad[t], 0, memory_order_relaxed);
    return job;
}

lg_cpu_job lg_cpu_job_some(const lg_cpu_job *job, int first, int settings)
{
    lg_cpu_job some = *job;
    lg_cpu_product *product = &some.product;
    const int64_t column = (int64_t)first * job->step->outputs;
    some.first = job->first + first;
    some.settings = settings;
    product->columns = settings * job->step->outputs;
    product->w += column * product->rows.features;
    product->b += column;
    product->gw += column * product->rows.features;
    product->tiles += column * LG_TILE * lg_cpu_tiles(product->rows.count);
    return some;
}

lg_cpu_target lg_cpu_target_of(const lg_step *step, int setting)
{
    const int k = step->outputs;
    const int binary = step->loss == LG_LOSS_SIGMOID && k == 1; /* one output, two classes */
    const int number = step->loss == LG_LOSS_MSE && k == 1 && step->batch.target != NULL;
    const double e = number ? 0.0 : step->scalars[setting].smoothing;
    const double share = e / (binary ? 2 : k);
    return (lg_cpu_target){
        .label = step->batch.label,
        .soft = step->batch.target,
        .row = step->batch.row,
        .first = binary,
        .on = (float)(1.0 - e + share),
        .off = (float)share,
        .keep = (float)(1.0 - e),
    };
}

float lg_cpu_weight(const lg_step *step, int64_t i)
{
    const lg_batch *batch = &step->batch;
    if (!batch->weight) return 1.0f;
    return batch->weight[batch->row ? batch->row[i] : i];
}

/* ----------------------------------------------------------------------- update and totals --- */

static float *at(void *array, int64_t offset)
{
    return array ? (float *)array + offset : NULL;
}

void lg_cpu_update_part(const lg_cpu_job *job, int64_t d_begin, int64_t d_end)
{
    const lg_step *step = job->step;
    const int first = job->first * step->outputs, end = first + job->product.columns;
    for (int c = first; c < end; c++) {
        const int64_t offset = c * step->features + d_begin;
        const lg_cpu_weights weights = {
            .w = at(step->w, offset),
            .g = at(step->gw, offset),
            .s0 = at(step->state_w[0], offset),
            .s1 = at(step->state_w[1], offset),
            .count = d_end - d_begin,
        };
        job->cpu->kernels->update[step->optim](&weights, &step->scalars[c / step->outputs],
                                               step->nesterov, 0);
    }
}

void lg_cpu_update_bias(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    for (int t = job->first; t < job->first + job->settings; t++) {
        const int64_t offset = (int64_t)t * step->outputs;
        const lg_cpu_weights weights = {
            .w = at(step->b, offset),
            .g = at(step->gb, offset),
            .s0 = at(step->state_b[0], offset),
            .s1 = at(step->state_b[1], offset),
            .count = step->outputs,
        };
        job->cpu->kernels->update[step->optim](&weights, &step->scalars[t], step->nesterov, 1);
    }
}

/* A loss that is not finite, whatever its weight, has a sum that is not: latches the first. */
static void latch_bad(const lg_step *step, int t)
{
    const float *loss = (const float *)step->row_loss + t;
    lg_total *total = &step->total[t];
    if (total->bad_step >= 0 && total->bad_step <= lg_step_number(step)) return;
    for (int64_t i = 0; i < step->batch.count; i++, loss += step->settings) {
        if (isfinite(*loss)) continue;
        total->bad_step = lg_step_number(step);
        total->bad_row = i;
        return;
    }
}

void lg_cpu_sum(const lg_cpu_job *job)
{
    const lg_step *step = job->step;
    const int end = job->first + job->settings;
    double sums[LG_LOSS_SUMS];
    for (int first = job->first; first < end; first += LG_LOSS_SUMS) {
        const int count = end - first < LG_LOSS_SUMS ? end - first : LG_LOSS_SUMS;
        const lg_cpu_losses losses = {
            .loss = (const float *)step->row_loss + first,
            .stride = step->settings,
            .weight = step->batch.weight,
            .row = step->batch.row,
        };
        job->cpu->kernels->loss_sums(&losses, step->batch.count, count, sums);
        for (int t = 0; t < count; t++) {
            step->total[first + t].loss += sums[t];
            if (!isfinite(sums[t])) latch_bad(step, first + t);
        }
    }
}
