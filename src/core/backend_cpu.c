/* backend_cpu.c -- the CPU backend's table of operations: opening, memory, copies, dispatch.
 *
 * Layer 1 (core).  There are no queues: every call is done when it returns, events are there for
 * the callers' sake.  Device memory is host memory.  What an operation does is in cpu_small.c and
 * cpu_wide.c, feature maps in cpu_lift.c, whole steps in cpu_fused.c. */
/* SPDX-License-Identifier: MIT */
#include "core/backend_cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "core/blas.h"
#include "core/cpu_isa.h"
#include "core/cpu_step.h"

enum { SPIN_MICROSECONDS = 200 };

struct lg_event {
    char nothing; /* all work is done before it could be recorded */
};

static lg_cpu *cpu_of(lg_backend *backend)
{
    return (lg_cpu *)backend;
}

/* ----------------------------------------------------------------------- open and describe --- */

static void cpu_close(lg_backend *backend)
{
    lg_cpu *cpu = cpu_of(backend);
    lg_pool_destroy(cpu->pool);
    free(cpu->tiles);
    free(cpu->scratch);
    free(cpu->filter);
    free(cpu->bad);
    free(cpu);
}

static void cpu_describe(const lg_backend *backend, char *text, size_t size)
{
    const lg_cpu *cpu = (const lg_cpu *)backend;
    snprintf(text, size, "%d thread%s, %s, %s%s", cpu->threads, cpu->threads == 1 ? "" : "s",
             cpu->kernels->name, lg_blas_describe(), cpu->tiled ? ": own loops, slower" : "");
}

/* ----------------------------------------------------------------------- memory and copies --- */

static logit_status cpu_alloc(lg_backend *backend, void **out, size_t bytes, logit_error *err)
{
    (void)backend;
    *out = lg_cpu_alloc(bytes);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes", bytes);
    return LOGIT_OK;
}

static void cpu_free(lg_backend *backend, void *memory)
{
    (void)backend;
    free(memory);
}

static logit_status cpu_copy(lg_backend *backend, lg_queue queue, void *to, const void *from,
                             size_t bytes, logit_error *err)
{
    (void)backend, (void)queue, (void)err;
    if (bytes) memcpy(to, from, bytes);
    return LOGIT_OK;
}

static logit_status cpu_zero(lg_backend *backend, lg_queue queue, void *device, size_t bytes,
                             logit_error *err)
{
    (void)backend, (void)queue, (void)err;
    if (bytes) memset(device, 0, bytes);
    return LOGIT_OK;
}

static logit_status cpu_event_create(lg_backend *backend, lg_event **out, logit_error *err)
{
    (void)backend;
    *out = calloc(1, sizeof **out);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an event");
    return LOGIT_OK;
}

static void cpu_event_destroy(lg_backend *backend, lg_event *event)
{
    (void)backend;
    free(event);
}

static logit_status cpu_event_queue(lg_backend *backend, lg_event *event, lg_queue queue,
                                    logit_error *err)
{
    (void)backend, (void)event, (void)queue, (void)err;
    return LOGIT_OK;
}

static logit_status cpu_event_sync(lg_backend *backend, lg_event *event, logit_error *err)
{
    (void)backend, (void)event, (void)err;
    return LOGIT_OK;
}

static logit_status cpu_sync(lg_backend *backend, logit_error *err)
{
    (void)backend, (void)err;
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------ operations --- */

static int takes_blas(const lg_cpu *cpu, const lg_step *step)
{
    return !cpu->tiled && !lg_cpu_is_small(step);
}

static void pixels_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(job->step->batch.count, LG_TILE, part, parts, &begin, &end);
    job->cpu->kernels->pixels(&job->product.rows, begin, end,
                              (float *)job->step->x + begin * job->step->features);
}

static logit_status cpu_pixels(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 1);
    lg_pool_run(cpu->pool, pixels_part, &job);
    return LOGIT_OK;
}

static logit_status cpu_features(lg_backend *backend, const lg_step *step, logit_error *err)
{
    return lg_cpu_lift(cpu_of(backend), step, err);
}

static logit_status cpu_logits(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    (takes_blas(cpu, step) ? lg_cpu_wide_logits : lg_cpu_small_logits)(cpu, step);
    return LOGIT_OK;
}

static logit_status cpu_loss(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    (lg_cpu_is_small(step) ? lg_cpu_small_loss : lg_cpu_wide_loss)(cpu, step);
    return LOGIT_OK;
}

static logit_status cpu_gradient(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    (takes_blas(cpu, step) ? lg_cpu_wide_gradient : lg_cpu_small_gradient)(cpu, step);
    return LOGIT_OK;
}

static void update_part(void *argument, int part, int parts)
{
    const lg_cpu_job *job = argument;
    int64_t begin, end;
    lg_pool_cut(job->step->features, LG_TILE, part, parts, &begin, &end);
    lg_cpu_update_part(job, begin, end);
}

static logit_status cpu_update(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    lg_cpu_job job = lg_cpu_job_of(cpu, step, 0);
    lg_pool_run(cpu->pool, update_part, &job);
    lg_cpu_update_bias(&job);
    return LOGIT_OK;
}

static logit_status cpu_sum(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    const lg_cpu_job job = {.cpu = cpu_of(backend), .step = step, .settings = step->settings};
    lg_cpu_sum(&job);
    return LOGIT_OK;
}

static int cpu_fuses(const lg_backend *backend, const lg_step *step)
{
    (void)backend;
    return lg_cpu_is_small(step) && (!step->accumulate || step->gradient_only) &&
           !step->keep_logits && step->batch.pixels != NULL;
}

static logit_status cpu_step(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cpu *cpu = cpu_of(backend);
    LG_TRY(lg_cpu_reserve(cpu, step, err));
    lg_cpu_fused_step(cpu, step);
    return LOGIT_OK;
}

static const lg_backend_ops cpu_ops = {
    .name = "cpu",
    .real_bytes = sizeof(float),
    .unified = 1,
    .close = cpu_close,
    .describe = cpu_describe,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .alloc_host = cpu_alloc,
    .free_host = cpu_free,
    .upload = cpu_copy,
    .download = cpu_copy,
    .zero = cpu_zero,
    .event_create = cpu_event_create,
    .event_destroy = cpu_event_destroy,
    .event_record = cpu_event_queue,
    .event_wait = cpu_event_queue,
    .event_sync = cpu_event_sync,
    .sync = cpu_sync,
    .pixels = cpu_pixels,
    .features = cpu_features,
    .logits = cpu_logits,
    .loss = cpu_loss,
    .gradient = cpu_gradient,
    .update = cpu_update,
    .sum = cpu_sum,
    .fuses = cpu_fuses,
    .step = cpu_step,
};

static logit_status set_up(lg_cpu *cpu, const lg_backend_options *options, logit_error *err)
{
    LG_TRY(lg_cpu_isa_choose(&cpu->kernels, err));
    LG_TRY(lg_pool_create(&cpu->pool, options->threads, err));
    if (options->spin) lg_pool_spin(cpu->pool, SPIN_MICROSECONDS);
    cpu->threads = lg_pool_threads(cpu->pool);
    cpu->tiled = !lg_blas_open(cpu->kernels->name);
    return LOGIT_OK;
}

logit_status lg_backend_cpu_open(lg_backend **out, const lg_backend_options *options,
                                 logit_error *err)
{
    *out = NULL;
    if (options->precision != LG_PRECISION_F32)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--precision %s: the processor computes in f32 alone; take --precision f32, or a "
                "GPU by --device cuda",
                lg_precisions[options->precision].name);
    lg_cpu *cpu = calloc(1, sizeof *cpu);
    if (!cpu) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the CPU backend");
    cpu->base.ops = &cpu_ops;
    const logit_status status = set_up(cpu, options, err);
    if (status != LOGIT_OK) {
        cpu_close(&cpu->base); /* closes whatever was reached */
        return status;
    }
    *out = &cpu->base;
    return LOGIT_OK;
}
