/* feed.c -- pointers where memory is shared, slots and events where it is not. */
/* SPDX-License-Identifier: MIT */
#include "train/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { SLOTS = 2 };

/* Where one batch lies on the device while it is worked on. */
typedef struct slot {
    void *pixels, *label, *target, *weight, *row, *scalars; /* device */
    lg_scalars *host_scalars;                               /* page-locked */
    lg_event *copied, *used;
    int busy; /* `used` was recorded and not yet waited for */
} slot;

struct lg_feed {
    lg_backend *backend;
    lg_loader *loader;
    lg_feed_shape shape;
    const lg_minibatch *mini; /* taken and not yet done */
    int64_t taken;
    slot slots[SLOTS];
    /* a resident set on a device of its own */
    void *pixels, *label, *target, *weight;
    int uploaded;
};

static int is_unified(const lg_feed *feed)
{
    return feed->backend->ops->unified;
}

static logit_status device_alloc(lg_feed *feed, void **out, int64_t count, size_t bytes,
                                 logit_error *err)
{
    return feed->backend->ops->alloc(feed->backend, out, (size_t)count * bytes, err);
}

static logit_status open_slot(lg_feed *feed, slot *at, logit_error *err)
{
    const lg_backend_ops *ops = feed->backend->ops;
    const int64_t n = feed->shape.batch;
    void *host;
    LG_TRY(ops->alloc_host(feed->backend, &host, (size_t)feed->shape.settings * sizeof(lg_scalars),
                           err));
    at->host_scalars = host;
    if (is_unified(feed)) return LOGIT_OK;
    LG_TRY(device_alloc(feed, &at->scalars, feed->shape.settings, sizeof(lg_scalars), err));
    LG_TRY(ops->event_create(feed->backend, &at->copied, err));
    LG_TRY(ops->event_create(feed->backend, &at->used, err));
    LG_TRY(device_alloc(feed, &at->row, n, sizeof(int32_t), err));
    if (!lg_loader_has_slots(feed->loader)) return LOGIT_OK;
    LG_TRY(device_alloc(feed, &at->pixels, n * feed->shape.features, 1, err));
    LG_TRY(device_alloc(feed, &at->weight, n, sizeof(float), err));
    if (feed->shape.target_width > 0)
        return device_alloc(feed, &at->target, n * feed->shape.target_width, sizeof(float), err);
    return device_alloc(feed, &at->label, n, sizeof(int32_t), err);
}

logit_status lg_feed_create(lg_feed **out, lg_backend *backend, lg_loader *loader,
                            const lg_feed_shape *shape, logit_error *err)
{
    *out = NULL;
    lg_feed *feed = calloc(1, sizeof *feed);
    if (!feed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the feed");
    feed->backend = backend;
    feed->loader = loader;
    feed->shape = *shape;
    logit_status status = LOGIT_OK;
    for (int i = 0; i < SLOTS && status == LOGIT_OK; i++)
        status = open_slot(feed, &feed->slots[i], err);
    if (status != LOGIT_OK) {
        lg_feed_destroy(feed);
        return status;
    }
    *out = feed;
    return LOGIT_OK;
}

void lg_feed_destroy(lg_feed *feed)
{
    if (!feed) return;
    const lg_backend_ops *ops = feed->backend->ops;
    ops->sync(feed->backend, NULL);
    if (feed->mini) lg_loader_release(feed->loader, feed->mini);
    for (int i = 0; i < SLOTS; i++) {
        slot *at = &feed->slots[i];
        void *memory[] = {at->pixels, at->label, at->target, at->weight, at->row, at->scalars};
        for (size_t j = 0; j < sizeof memory / sizeof *memory; j++)
            if (memory[j]) ops->free(feed->backend, memory[j]);
        if (at->host_scalars) ops->free_host(feed->backend, at->host_scalars);
        if (at->copied) ops->event_destroy(feed->backend, at->copied);
        if (at->used) ops->event_destroy(feed->backend, at->used);
    }
    void *resident[] = {feed->pixels, feed->label, feed->target, feed->weight};
    for (size_t j = 0; j < sizeof resident / sizeof *resident; j++)
        if (resident[j]) ops->free(feed->backend, resident[j]);
    free(feed);
}

/* Uploads host[count] of `bytes` each to fresh device memory; nothing if host is NULL. */
static logit_status upload_new(lg_feed *feed, void **out, const void *host, int64_t count,
                               size_t bytes, logit_error *err)
{
    if (!host) return LOGIT_OK;
    LG_TRY(device_alloc(feed, out, count, bytes, err));
    return feed->backend->ops->upload(feed->backend, LG_QUEUE_COMPUTE, *out, host,
                                      (size_t)count * bytes, err);
}

/* The whole resident set, once. */
static logit_status upload_set(lg_feed *feed, const lg_minibatch *mini, logit_error *err)
{
    const int64_t rows = feed->shape.rows;
    LG_TRY(upload_new(feed, &feed->pixels, mini->pixels, rows * feed->shape.features, 1, err));
    LG_TRY(upload_new(feed, &feed->label, mini->label, rows, sizeof(int32_t), err));
    LG_TRY(upload_new(feed, &feed->target, mini->target, rows * feed->shape.target_width,
                      sizeof(float), err));
    LG_TRY(upload_new(feed, &feed->weight, mini->weight, rows, sizeof(float), err));
    feed->uploaded = 1;
    return LOGIT_OK;
}

logit_status lg_feed_resident(lg_feed *feed, const lg_minibatch *mini, lg_batch *set,
                              logit_error *err)
{
    if (!feed->uploaded) LG_TRY(upload_set(feed, mini, err));
    *set = (lg_batch){0, NULL, feed->pixels, feed->label, feed->target, feed->weight};
    return LOGIT_OK;
}

logit_status lg_feed_start(lg_feed *feed, uint32_t epoch, int64_t first, logit_error *err)
{
    if (feed->mini) lg_loader_release(feed->loader, feed->mini);
    feed->mini = NULL;
    return lg_loader_start(feed->loader, epoch, first, err);
}

logit_status lg_feed_next(lg_feed *feed, const lg_minibatch **mini, lg_scalars **scalars,
                          logit_error *err)
{
    slot *at = &feed->slots[feed->taken % SLOTS];
    LG_TRY(lg_loader_next(feed->loader, mini, err));
    feed->mini = *mini;
    if (!*mini) return LOGIT_OK;
    if (at->busy) LG_TRY(feed->backend->ops->event_sync(feed->backend, at->used, err));
    at->busy = 0;
    *scalars = at->host_scalars;
    return LOGIT_OK;
}

/* Queues the copy of host[count] to the slot's memory; nothing if host is NULL. */
static logit_status copy(lg_feed *feed, void *device, const void *host, int64_t count, size_t bytes,
                         logit_error *err)
{
    if (!host) return LOGIT_OK;
    return feed->backend->ops->upload(feed->backend, LG_QUEUE_COPY, device, host,
                                      (size_t)count * bytes, err);
}

static logit_status fill_slot(lg_feed *feed, slot *at, logit_error *err)
{
    const lg_minibatch *mini = feed->mini;
    const lg_backend_ops *ops = feed->backend->ops;
    const int64_t n = mini->count;
    LG_TRY(
        copy(feed, at->scalars, at->host_scalars, feed->shape.settings, sizeof(lg_scalars), err));
    LG_TRY(copy(feed, at->row, mini->row, n, sizeof(int32_t), err));
    if (!mini->row) {
        LG_TRY(copy(feed, at->pixels, mini->pixels, n * feed->shape.features, 1, err));
        LG_TRY(copy(feed, at->label, mini->label, n, sizeof(int32_t), err));
        LG_TRY(
            copy(feed, at->target, mini->target, n * feed->shape.target_width, sizeof(float), err));
        LG_TRY(copy(feed, at->weight, mini->weight, n, sizeof(float), err));
    }
    LG_TRY(ops->event_record(feed->backend, at->copied, LG_QUEUE_COPY, err));
    return ops->event_wait(feed->backend, at->copied, LG_QUEUE_COMPUTE, err);
}

logit_status lg_feed_send(lg_feed *feed, lg_step *step, logit_error *err)
{
    const lg_minibatch *mini = feed->mini;
    slot *at = &feed->slots[feed->taken % SLOTS];
    lg_batch *batch = &step->batch;
    if (is_unified(feed)) {
        step->scalars = at->host_scalars;
        *batch = (lg_batch){mini->count, mini->row,    mini->pixels,
                            mini->label, mini->target, mini->weight};
        return LOGIT_OK;
    }
    if (mini->row && !feed->uploaded) LG_TRY(upload_set(feed, mini, err));
    LG_TRY(fill_slot(feed, at, err));
    step->scalars = at->scalars;
    *batch = mini->row ? (lg_batch){mini->count, at->row,      feed->pixels,
                                    feed->label, feed->target, feed->weight}
                       : (lg_batch){mini->count,
                                    NULL,
                                    at->pixels,
                                    mini->label ? at->label : NULL,
                                    mini->target ? at->target : NULL,
                                    mini->weight ? at->weight : NULL};
    return LOGIT_OK;
}

logit_status lg_feed_done(lg_feed *feed, logit_error *err)
{
    slot *at = &feed->slots[feed->taken % SLOTS];
    const lg_backend_ops *ops = feed->backend->ops;
    if (!is_unified(feed)) {
        LG_TRY(ops->event_record(feed->backend, at->used, LG_QUEUE_COMPUTE, err));
        LG_TRY(ops->event_sync(feed->backend, at->copied, err)); /* the host slot is free again */
        at->busy = 1;
    }
    lg_loader_release(feed->loader, feed->mini);
    feed->mini = NULL;
    feed->taken++;
    return LOGIT_OK;
}
