/* cpu_step.h -- what the files of the CPU backend share: its memory and its way to small and wide.
 *
 * Layer 1 (core).  backend_cpu.c opens, copies and dispatches; cpu_small.c and cpu_wide.c do the
 * operations for k up to LG_SMALL_OUTPUTS and above, cpu_lift.c feature maps; cpu_fused.c does a
 * whole step.
 *
 * Scratch memory grows when a shape is met for the first time and is kept: after the first batch
 * nothing is allocated. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_CPU_STEP_H
#define LG_CORE_CPU_STEP_H

#include <stdatomic.h>

#include "base/pool.h"
#include "core/backend_cpu.h"
#include "core/cpu_kernels.h"

typedef struct lg_cpu {
    lg_backend base;
    lg_pool *pool;
    int threads;
    int tiled; /* no BLAS: the kernels on tiles do wide products too */
    const lg_cpu_kernels *kernels;
    float *tiles; /* logits of the whole batch, [ceil(n/16)][s*k][16] */
    size_t tiles_size;
    float *scratch; /* [threads][scratch_each] */
    size_t scratch_size, scratch_each;
    float *filter; /* of a feature map over windows, packed */
    size_t filter_size;
    atomic_int *bad; /* [bad_size]: the setting has a loss that is not finite in this batch */
    int bad_size;
} lg_cpu;

/* One operation over a step, as the pool's threads see it; or a thread's own, over some of its
 * settings. */
typedef struct lg_cpu_job {
    lg_cpu *cpu;
    const lg_step *step;
    int first, settings;    /* settings first .. first + settings-1 */
    lg_cpu_product product; /* their columns */
    int64_t begin, end;     /* rows of this turn (cpu_fused.c) */
    int add, last;
} lg_cpu_job;

static inline int lg_cpu_is_small(const lg_step *step)
{
    return step->outputs <= LG_SMALL_OUTPUTS;
}

static inline int64_t lg_cpu_tiles(int64_t n)
{
    return (n + LG_TILE - 1) / LG_TILE;
}

static inline float *lg_cpu_scratch(const lg_cpu *cpu, int part)
{
    return cpu->scratch + cpu->scratch_each * (size_t)part;
}

/* Memory aligned to cache lines, in large pages where that helps.  NULL if there is none; free()
 * it. */
void *lg_cpu_alloc(size_t bytes);

/* Makes the scratch memory large enough for this step.  Error: NOMEM. */
logit_status lg_cpu_reserve(lg_cpu *cpu, const lg_step *step, logit_error *err);

/* Replaces *array by one of at least `count` zeros if it is smaller; the content is lost then.  The
 * second: `each` floats of scratch for every thread.  Error: NOMEM. */
logit_status lg_cpu_grow(float **array, size_t *size, size_t count, logit_error *err);
logit_status lg_cpu_grow_scratch(lg_cpu *cpu, size_t each, logit_error *err);

/* The step's arrays as the kernels want them; from pixels, or from step->x.  All settings of it, or
 * `settings` of a job's, from `first` on: then the tiles are theirs alone, too. */
lg_cpu_job lg_cpu_job_of(lg_cpu *cpu, const lg_step *step, int from_pixels);
lg_cpu_job lg_cpu_job_some(const lg_cpu_job *job, int first, int settings);

/* Target rule and factor of one setting. */
lg_cpu_target lg_cpu_target_of(const lg_step *step, int setting);
float lg_cpu_weight(const lg_step *step, int64_t i);

/* Loss of one tile for the job's settings, z in `tile` [columns][16]; dz in its place.  Fills
 * row_loss and marks settings that are not finite.  scratch: k * 16 floats. */
void lg_cpu_tile_loss_of(const lg_cpu_job *job, int64_t tile_index, float *tile, float *scratch);

/* Makes dz zero for the job's settings so marked; 1 if there are any. */
int lg_cpu_clear_bad(const lg_cpu_job *job);

/* Running totals of the job's settings. */
void lg_cpu_sum(const lg_cpu_job *job);

/* Column sums of dz from the tiles of the job's columns begin .. end-1; the update of features
 * d_begin .. d_end-1; of the bias. */
void lg_cpu_small_bias(const lg_cpu_job *job, int begin, int end);
void lg_cpu_update_part(const lg_cpu_job *job, int64_t d_begin, int64_t d_end);
void lg_cpu_update_bias(const lg_cpu_job *job);

/* Operations for small k, and for wide. */
void lg_cpu_small_logits(lg_cpu *cpu, const lg_step *step);
void lg_cpu_small_loss(lg_cpu *cpu, const lg_step *step);
void lg_cpu_small_gradient(lg_cpu *cpu, const lg_step *step);
void lg_cpu_wide_logits(lg_cpu *cpu, const lg_step *step);
void lg_cpu_wide_loss(lg_cpu *cpu, const lg_step *step);
void lg_cpu_wide_gradient(lg_cpu *cpu, const lg_step *step);
void lg_cpu_fused_step(lg_cpu *cpu, const lg_step *step);

/* x from u by step->lift (cpu_lift.c).  Error: NOMEM. */
logit_status lg_cpu_lift(lg_cpu *cpu, const lg_step *step, logit_error *err);

#endif
