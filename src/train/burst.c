/* burst.c -- two slots, each with rows, numbers, and a recording of the steps that read them. */
/* SPDX-License-Identifier: MIT */
#include "train/burst.h"

#include <stdlib.h>

#include "base/status.h"

enum { SLOTS = 2 };

typedef struct slot {
    void *block, *host_block; /* device, page-locked: the fill, one array after the other */
    lg_event *copied, *used;
    lg_graph *graph;
    int busy; /* `used` was recorded and not yet waited for */
} slot;

struct lg_burst {
    lg_backend *backend;
    int64_t batch;
    int settings;
    int64_t runs;   /* bursts so far */
    int unrecorded; /* there was no memory for a recording */
    slot slots[SLOTS];
};

int lg_burst_is_offered(const lg_backend *backend)
{
    return !backend->ops->unified && backend->ops->graph_begin != NULL;
}

/* Arrays in a block: numbers first, whose alignment is the largest. */
static lg_burst_fill fill_at(int settings, void *block)
{
    lg_burst_fill fill;
    fill.scalars = block;
    fill.before = (int64_t *)(fill.scalars + (size_t)settings * LG_BURST_STEPS);
    fill.row = (int32_t *)(fill.before + 1);
    return fill;
}

static size_t block_bytes(int64_t batch, int settings)
{
    return (size_t)settings * LG_BURST_STEPS * sizeof(lg_scalars) + sizeof(int64_t) +
           (size_t)batch * LG_BURST_STEPS * sizeof(int32_t);
}

size_t lg_burst_bytes(int64_t batch, int settings)
{
    return SLOTS * block_bytes(batch, settings);
}

static logit_status open_slot(lg_burst *burst, slot *at, logit_error *err)
{
    lg_backend *backend = burst->backend;
    const lg_backend_ops *ops = backend->ops;
    const size_t bytes = block_bytes(burst->batch, burst->settings);
    LG_TRY(ops->alloc(backend, &at->block, bytes, err));
    LG_TRY(ops->alloc_host(backend, &at->host_block, bytes, err));
    LG_TRY(ops->event_create(backend, &at->copied, err));
    return ops->event_create(backend, &at->used, err);
}

static void close_slot(lg_burst *burst, slot *at)
{
    lg_backend *backend = burst->backend;
    const lg_backend_ops *ops = backend->ops;
    if (at->graph) ops->graph_destroy(backend, at->graph);
    if (at->block) ops->free(backend, at->block);
    if (at->host_block) ops->free_host(backend, at->host_block);
    if (at->copied) ops->event_destroy(backend, at->copied);
    if (at->used) ops->event_destroy(backend, at->used);
}

logit_status lg_burst_create(lg_burst **out, lg_backend *backend, int64_t batch, int settings,
                             logit_error *err)
{
    *out = NULL;
    lg_burst *burst = calloc(1, sizeof *burst);
    if (!burst) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for bursts of steps");
    *burst = (lg_burst){.backend = backend, .batch = batch, .settings = settings};
    logit_status status = LOGIT_OK;
    for (int i = 0; i < SLOTS && status == LOGIT_OK; i++)
        status = open_slot(burst, &burst->slots[i], err);
    if (status != LOGIT_OK) {
        lg_burst_destroy(burst);
        return status;
    }
    *out = burst;
    return LOGIT_OK;
}

void lg_burst_destroy(lg_burst *burst)
{
    if (!burst) return;
    burst->backend->ops->sync(burst->backend, NULL);
    for (int i = 0; i < SLOTS; i++) close_slot(burst, &burst->slots[i]);
    free(burst);
}

logit_status lg_burst_begin(lg_burst *burst, lg_burst_fill *fill, logit_error *err)
{
    slot *at = &burst->slots[burst->runs % SLOTS];
    if (at->busy) LG_TRY(burst->backend->ops->event_sync(burst->backend, at->used, err));
    at->busy = 0;
    *fill = fill_at(burst->settings, at->host_block);
    return LOGIT_OK;
}

/* Rows and numbers to the device, on the copy queue; the steps wait for them. */
static logit_status send(lg_burst *burst, slot *at, logit_error *err)
{
    lg_backend *backend = burst->backend;
    const lg_backend_ops *ops = backend->ops;
    const size_t bytes = block_bytes(burst->batch, burst->settings);
    const lg_queue queue = LG_QUEUE_COPY;
    LG_TRY(ops->upload(backend, queue, at->block, at->host_block, bytes, err));
    LG_TRY(ops->event_record(backend, at->copied, queue, err));
    return ops->event_wait(backend, at->copied, LG_QUEUE_COMPUTE, err);
}

static logit_status queue_steps(lg_burst *burst, const slot *at, const lg_step *like,
                                logit_error *err)
{
    const lg_burst_fill there = fill_at(burst->settings, at->block);
    lg_step step = *like;
    step.before = there.before;
    step.batch.count = burst->batch;
    for (int64_t i = 0; i < LG_BURST_STEPS; i++) {
        step.number = i;
        step.batch.row = there.row + i * burst->batch;
        step.scalars = there.scalars + i * burst->settings;
        LG_TRY(lg_backend_train_step(burst->backend, &step, err));
    }
    return LOGIT_OK;
}

static logit_status record(lg_burst *burst, slot *at, const lg_step *step, logit_error *err)
{
    lg_backend *backend = burst->backend;
    lg_graph *graph;
    LG_TRY(backend->ops->graph_begin(backend, err));
    const logit_status status = queue_steps(burst, at, step, err);
    const logit_status ended =
        backend->ops->graph_end(backend, &graph, status == LOGIT_OK ? err : NULL);
    if (status == LOGIT_OK && ended == LOGIT_OK)
        at->graph = graph;
    else
        backend->ops->graph_destroy(backend, graph);
    return status != LOGIT_OK ? status : ended;
}

/* A device without memory for a recording takes the steps as they are. */
static logit_status try_record(lg_burst *burst, slot *at, const lg_step *step, logit_error *err)
{
    logit_error error;
    const logit_status status = record(burst, at, step, &error);
    burst->unrecorded = status == LOGIT_E_NOMEM;
    if (status == LOGIT_OK || status == LOGIT_E_NOMEM) return LOGIT_OK;
    if (err) *err = error;
    return status;
}

logit_status lg_burst_run(lg_burst *burst, const lg_step *step, logit_error *err)
{
    slot *at = &burst->slots[burst->runs % SLOTS];
    lg_backend *backend = burst->backend;
    LG_TRY(send(burst, at, err));
    if (burst->runs > 0 && !at->graph && !burst->unrecorded)
        LG_TRY(try_record(burst, at, step, err));
    if (at->graph)
        LG_TRY(backend->ops->graph_replay(backend, at->graph, err));
    else
        LG_TRY(queue_steps(burst, at, step, err));
    at->busy = 1;
    burst->runs++;
    return backend->ops->event_record(backend, at->used, LG_QUEUE_COMPUTE, err);
}
