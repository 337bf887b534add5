/* feed.c -- pointers where memory is shared, slots and events where it is not. */
/* SPDX-License-Identifier: MIT */
#include "train/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/feed_parts.h"

/* ------------------------------------------------------------------------------------ slots --- */

static lg_notes notes_at(const lg_feed *feed, void *block)
{
    lg_scalars *scalars = block;
    int32_t *row = (int32_t *)(scalars + feed->shape.settings);
    return (lg_notes){scalars, row, row + feed->shape.batch};
}

static size_t note_bytes(const lg_feed_shape *shape)
{
    return (size_t)shape->settings * sizeof(lg_scalars) +
           2 * (size_t)shape->batch * sizeof(int32_t);
}

/* Bytes of a sample, as it lies in the set. */
static size_t sample_bytes(const lg_loader *loader, const lg_feed_shape *shape)
{
    return (size_t)shape->features * lg_element_bytes(lg_loader_element(loader));
}

static logit_status device_alloc(lg_feed *feed, void **out, int64_t count, size_t bytes,
                                 logit_error *err)
{
    return feed->backend->ops->alloc(feed->backend, out, (size_t)count * bytes, err);
}

static logit_status open_slot(lg_feed *feed, lg_feed_slot *at, logit_error *err)
{
    lg_backend *backend = feed->backend;
    const lg_backend_ops *ops = backend->ops;
    const int64_t n = feed->shape.batch;
    LG_TRY(ops->alloc_host(backend, &at->host_notes, note_bytes(&feed->shape), err));
    if (lg_feed_is_unified(feed)) return LOGIT_OK;
    LG_TRY(ops->alloc(backend, &at->notes, note_bytes(&feed->shape), err));
    LG_TRY(ops->event_create(backend, &at->copied, err));
    LG_TRY(ops->event_create(backend, &at->used, err));
    if (lg_feed_is_resident_from_start(feed)) return LOGIT_OK;
    LG_TRY(device_alloc(feed, &at->pixels, n, feed->pixel_bytes, err));
    LG_TRY(device_alloc(feed, &at->weight, n, sizeof(float), err));
    if (feed->set->target) return device_alloc(feed, &at->target, n, feed->target_bytes, err);
    return device_alloc(feed, &at->label, n, sizeof(int32_t), err);
}

static void close_slot(lg_feed *feed, lg_feed_slot *at)
{
    lg_backend *backend = feed->backend;
    const lg_backend_ops *ops = backend->ops;
    void *memory[] = {at->pixels, at->label, at->target, at->weight, at->notes};
    for (size_t j = 0; j < sizeof memory / sizeof *memory; j++)
        if (memory[j]) ops->free(backend, memory[j]);
    if (at->host_notes) ops->free_host(backend, at->host_notes);
    if (at->copied) ops->event_destroy(backend, at->copied);
    if (at->used) ops->event_destroy(backend, at->used);
}

logit_status lg_feed_need(lg_backend *backend, const lg_loader *loader, const lg_feed_shape *shape,
                          lg_placement_need *need, logit_error *err)
{
    const lg_set *set = lg_loader_set(loader);
    const int stays = !lg_loader_moves(loader);
    const size_t target = set->target ? (size_t)set->target_width * sizeof(float) : 0;
    *need = (lg_placement_need){.samples = lg_loader_count(loader),
                                .pixel_bytes = sample_bytes(loader, shape),
                                .answer_bytes = (target ? target : sizeof(int32_t)) + sizeof(float),
                                .batch = shape->batch,
                                .note_bytes = note_bytes(shape),
                                .in_memory = stays && lg_loader_is_resident(loader),
                                .passes = shape->passes,
                                .keeps = stays && backend->ops->rows != NULL,
                                .others = shape->others,
                                .free_bytes = SIZE_MAX,
                                .limit = shape->limit};
    if (!backend->ops->memory) return LOGIT_OK;
    return backend->ops->memory(backend, &need->free_bytes, &need->total_bytes, err);
}

logit_status lg_feed_create(lg_feed **out, lg_backend *backend, lg_loader *loader,
                            const lg_feed_shape *shape, const lg_placement *placement,
                            logit_error *err)
{
    *out = NULL;
    lg_feed *feed = calloc(1, sizeof *feed);
    if (!feed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the feed");
    feed->backend = backend;
    feed->loader = loader;
    feed->set = lg_loader_set(loader);
    feed->shape = *shape;
    feed->placement = backend->ops->unified ? (lg_placement){.slots = 2} : *placement;
    feed->pixel_bytes = sample_bytes(loader, shape);
    feed->target_bytes = (size_t)feed->set->target_width * sizeof(float);
    logit_status status = lg_feed_is_unified(feed) ? LOGIT_OK : lg_feed_open_set(feed, err);
    for (int i = 0; i < feed->placement.slots && status == LOGIT_OK; i++)
        status = open_slot(feed, &feed->slots[i], err);
    if (status != LOGIT_OK) {
        lg_feed_destroy(feed);
        return status;
    }
    *out = feed;
    return LOGIT_OK;
}

/* Gives back what is held, once no copy reads it any more. */
static void give_back(lg_feed *feed)
{
    if (feed->last || feed->mini) feed->backend->ops->sync(feed->backend, NULL);
    if (feed->last) lg_loader_release(feed->loader, feed->last);
    if (feed->mini) lg_loader_release(feed->loader, feed->mini);
    feed->last = feed->mini = NULL;
}

void lg_feed_destroy(lg_feed *feed)
{
    if (!feed) return;
    feed->backend->ops->sync(feed->backend, NULL);
    give_back(feed);
    for (int i = 0; i < LG_PLACEMENT_SLOTS; i++) close_slot(feed, &feed->slots[i]);
    lg_feed_close_set(feed);
    free(feed);
}

size_t lg_feed_bytes(const lg_feed *feed)
{
    const int64_t n = feed->shape.batch, rows = feed->placement.rows;
    const size_t answer =
        (feed->set->target ? feed->target_bytes : sizeof(int32_t)) + sizeof(float);
    const size_t kept = feed->pixel_bytes + (lg_feed_is_resident(feed) ? answer : 0);
    const size_t slot =
        lg_feed_is_resident_from_start(feed) ? 0 : (size_t)n * (feed->pixel_bytes + answer);
    if (lg_feed_is_unified(feed)) return 0;
    return (size_t)rows * kept + (size_t)feed->placement.slots * (slot + note_bytes(&feed->shape));
}

/* ---------------------------------------------------------------------------------- batches --- */

static lg_feed_slot *slot_of(lg_feed *feed, int64_t batch)
{
    return &feed->slots[batch % feed->placement.slots];
}

logit_status lg_feed_start(lg_feed *feed, uint32_t epoch, int64_t first, logit_error *err)
{
    give_back(feed);
    LG_TRY(lg_feed_complete_set(feed, err));
    LG_TRY(lg_loader_start(feed->loader, epoch, first, err));
    LG_TRY(lg_feed_fill_set(feed, err));
    return lg_feed_fill_kept(feed, err);
}

logit_status lg_feed_next(lg_feed *feed, const lg_minibatch **mini, lg_scalars **scalars,
                          logit_error *err)
{
    lg_feed_slot *at = slot_of(feed, feed->taken);
    LG_TRY(lg_loader_next(feed->loader, mini, err));
    feed->mini = *mini;
    if (!*mini) return LOGIT_OK;
    if (at->busy) LG_TRY(feed->backend->ops->event_sync(feed->backend, at->used, err));
    at->busy = 0;
    *scalars = notes_at(feed, at->host_notes).scalars;
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

/* Everything up to `end` of the notes; and the compute queue waits for all that was copied. */
static logit_status send_notes(lg_feed *feed, lg_feed_slot *at, const void *end, logit_error *err)
{
    const lg_backend_ops *ops = feed->backend->ops;
    const size_t bytes = (size_t)((const char *)end - (const char *)at->host_notes);
    LG_TRY(copy(feed, at->notes, at->host_notes, 1, bytes, err));
    LG_TRY(ops->event_record(feed->backend, at->copied, LG_QUEUE_COPY, err));
    return ops->event_wait(feed->backend, at->copied, LG_QUEUE_COMPUTE, err);
}

/* A batch of a set that lies on the device: its rows there. */
static logit_status send_rows(lg_feed *feed, lg_feed_slot *at, lg_batch *batch, logit_error *err)
{
    const lg_minibatch *mini = feed->mini;
    const lg_notes notes = notes_at(feed, at->host_notes);
    lg_feed_rows(feed, mini, notes.row);
    LG_TRY(send_notes(feed, at, notes.row + mini->count, err));
    *batch = lg_feed_set(feed);
    batch->count = mini->count;
    batch->row = notes_at(feed, at->notes).row;
    return LOGIT_OK;
}

/* A batch that comes in a slot, but for the rows that stay on the device. */
static logit_status send_slot(lg_feed *feed, lg_feed_slot *at, lg_batch *batch, logit_error *err)
{
    const lg_minibatch *mini = feed->mini;
    const lg_notes notes = notes_at(feed, at->host_notes);
    const int64_t n = mini->count;
    for (int64_t i = 0; i < n; i++) {
        const int32_t row = mini->row ? mini->row[i] : (int32_t)i;
        notes.row[i] = row;
        notes.place[row] = row < mini->fresh ? lg_feed_keep(feed, mini->sample[i])
                                             : lg_feed_place(feed, mini->sample[i]);
    }
    LG_TRY(copy(feed, at->pixels, mini->pixels, mini->fresh, feed->pixel_bytes, err));
    LG_TRY(copy(feed, at->label, mini->label, n, sizeof(int32_t), err));
    LG_TRY(copy(feed, at->target, mini->target, n, feed->target_bytes, err));
    LG_TRY(copy(feed, at->weight, mini->weight, n, sizeof(float), err));
    LG_TRY(send_notes(feed, at, notes.place + n, err));
    const lg_notes there = notes_at(feed, at->notes);
    LG_TRY(lg_feed_exchange(feed, at, &there, err));
    *batch = (lg_batch){.count = n,
                        .row = mini->row ? there.row : NULL,
                        .element = mini->element,
                        .pixels = at->pixels,
                        .label = mini->label ? at->label : NULL,
                        .target = mini->target ? at->target : NULL,
                        .weight = mini->weight ? at->weight : NULL};
    return LOGIT_OK;
}

/* is_row: the batch's samples are rows of the whole set. */
static void point_at_features(const lg_feed *feed, int is_row, lg_step *step)
{
    if (feed->kept) lg_kept_point(feed->kept, is_row && lg_kept_is_filled(feed->kept), step);
}

logit_status lg_feed_send(lg_feed *feed, lg_step *step, logit_error *err)
{
    const lg_minibatch *mini = feed->mini;
    lg_feed_slot *at = slot_of(feed, feed->taken);
    if (lg_feed_is_unified(feed)) {
        step->scalars = at->host_notes;
        step->batch = (lg_batch){.count = mini->count,
                                 .row = mini->row,
                                 .element = mini->element,
                                 .pixels = mini->pixels,
                                 .label = mini->label,
                                 .target = mini->target,
                                 .weight = mini->weight};
        point_at_features(feed, mini->slot < 0, step);
        return LOGIT_OK;
    }
    step->scalars = at->notes;
    LG_TRY(feed->complete ? send_rows(feed, at, &step->batch, err)
                          : send_slot(feed, at, &step->batch, err));
    point_at_features(feed, feed->complete, step);
    return LOGIT_OK;
}

/* The minibatch that is done is kept one batch longer, so that its copy is over by then; where the
 * loader has but two slots it would wait for this one, and gets it back at once. */
static logit_status give_back_before(lg_feed *feed, logit_error *err)
{
    const lg_backend_ops *ops = feed->backend->ops;
    const int may_wait = lg_loader_slots(feed->loader) > 2;
    if (feed->last) {
        LG_TRY(ops->event_sync(feed->backend, slot_of(feed, feed->taken - 1)->copied, err));
        lg_loader_release(feed->loader, feed->last);
        feed->last = NULL;
    }
    if (may_wait && feed->placement.slots > 1) {
        feed->last = feed->mini;
        return LOGIT_OK;
    }
    LG_TRY(ops->event_sync(feed->backend, slot_of(feed, feed->taken)->copied, err));
    lg_loader_release(feed->loader, feed->mini);
    return LOGIT_OK;
}

logit_status lg_feed_done(lg_feed *feed, logit_error *err)
{
    lg_feed_slot *at = slot_of(feed, feed->taken);
    if (!lg_feed_is_unified(feed)) {
        LG_TRY(feed->backend->ops->event_record(feed->backend, at->used, LG_QUEUE_COMPUTE, err));
        at->busy = 1;
    }
    if (lg_feed_is_unified(feed) || feed->complete)
        lg_loader_release(feed->loader, feed->mini); /* no copy reads it */
    else
        LG_TRY(give_back_before(feed, err));
    feed->mini = NULL;
    feed->taken++;
    return LOGIT_OK;
}
