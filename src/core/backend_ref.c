/* backend_ref.c -- opens the reference backend; its memory, its queues and its table.
 *
 * Layer 1 (core).  The mathematics is in ref_step.c, ref_NAME.c and ref_optim.c.  "Device memory"
 * is host memory; calls are done when they return, so queues and events have nothing to do. */
/* SPDX-License-Identifier: MIT */
#include "core/backend_ref.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "core/ref_step.h"

/* ------------------------------------------------------------- memory, queues, events --- */

static logit_status ref_alloc(lg_backend *backend, void **out, size_t bytes, logit_error *err)
{
    (void)backend;
    size_t room;
    *out = NULL;
    if (lg_size_add(bytes, 64, &room)) *out = aligned_alloc(64, room / 64 * 64); /* never 0 */
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "ref: out of memory: %zu bytes wanted", bytes);
    return LOGIT_OK;
}

static void ref_free(lg_backend *backend, void *memory)
{
    (void)backend;
    free(memory);
}

static logit_status ref_copy(lg_backend *backend, lg_queue queue, void *to, const void *from,
                             size_t bytes, logit_error *err)
{
    (void)backend;
    (void)queue;
    (void)err;
    if (bytes > 0) memcpy(to, from, bytes);
    return LOGIT_OK;
}

static logit_status ref_zero(lg_backend *backend, lg_queue queue, void *device, size_t bytes,
                             logit_error *err)
{
    (void)backend;
    (void)queue;
    (void)err;
    if (bytes > 0) memset(device, 0, bytes);
    return LOGIT_OK;
}

static logit_status ref_event_create(lg_backend *backend, lg_event **out, logit_error *err)
{
    (void)err;
    *out = &((lg_ref_backend *)backend)->event;
    return LOGIT_OK;
}

static void ref_event_destroy(lg_backend *backend, lg_event *event)
{
    (void)backend;
    (void)event;
}

static logit_status ref_event_queue(lg_backend *backend, lg_event *event, lg_queue queue,
                                    logit_error *err)
{
    (void)backend;
    (void)event;
    (void)queue;
    (void)err;
    return LOGIT_OK;
}

static logit_status ref_event_sync(lg_backend *backend, lg_event *event, logit_error *err)
{
    (void)backend;
    (void)event;
    (void)err;
    return LOGIT_OK;
}

static logit_status ref_sync(lg_backend *backend, logit_error *err)
{
    (void)backend;
    (void)err;
    return LOGIT_OK;
}

/* -------------------------------------------------------------------- opening, closing --- */

static void ref_close(lg_backend *backend)
{
    lg_ref_backend *ref = (lg_ref_backend *)backend;
    if (!ref) return;
    lg_pool_destroy(ref->pool);
    free(ref);
}

static void ref_describe(const lg_backend *backend, char *text, size_t size)
{
    const int threads = lg_pool_threads(((const lg_ref_backend *)backend)->pool);
    snprintf(text, size, "%d thread%s, float64 reference", threads, threads == 1 ? "" : "s");
}

static const lg_backend_ops ref_ops = {
    .name = "ref",
    .real_bytes = sizeof(double),
    .unified = 1,
    .close = ref_close,
    .describe = ref_describe,
    .alloc = ref_alloc,
    .free = ref_free,
    .alloc_host = ref_alloc,
    .free_host = ref_free,
    .upload = ref_copy,
    .download = ref_copy,
    .zero = ref_zero,
    .event_create = ref_event_create,
    .event_destroy = ref_event_destroy,
    .event_record = ref_event_queue,
    .event_wait = ref_event_queue,
    .event_sync = ref_event_sync,
    .sync = ref_sync,
    .pixels = lg_ref_pixels,
    .features = lg_ref_features,
    .logits = lg_ref_logits,
    .loss = lg_ref_loss_rows,
    .gradient = lg_ref_gradient,
    .update = lg_ref_update,
    .sum = lg_ref_sum,
};

logit_status lg_backend_ref_open(lg_backend **out, const lg_backend_options *options,
                                 logit_error *err)
{
    *out = NULL;
    assert(options->threads >= 1);
    if (options->precision != LG_PRECISION_F32)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--precision %s: the reference computes in double precision alone; leave "
                "--precision out, or take a GPU by --device cuda",
                lg_precisions[options->precision].name);
    lg_ref_backend *ref = calloc(1, sizeof *ref);
    if (!ref) LG_FAIL(err, LOGIT_E_NOMEM, "ref: out of memory: backend");

    const logit_status status = lg_pool_create(&ref->pool, options->threads, err);
    if (status != LOGIT_OK) {
        ref_close(&ref->base);
        return status;
    }
    ref->base.ops = &ref_ops;
    *out = &ref->base;
    return LOGIT_OK;
}
