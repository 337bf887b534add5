/* feed_set.c -- the samples that stay on the device.
 *
 * Uploaded before the first batch, through page-locked memory, where the host has them all; else
 * kept as they come by: the same launch that brings rows into a slot takes others out of it. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/feed_parts.h"

static const size_t STAGE_BYTES = (size_t)4 << 20; /* 80 us of a bus, 1 ms of a core's memcpy */

/* ----------------------------------------------------------------------------------- memory --- */

static logit_status list_places(lg_feed *feed, logit_error *err)
{
    const int32_t *only = lg_loader_only(feed->loader);
    if (!only) return LOGIT_OK;
    feed->place = malloc((size_t)feed->set->count * sizeof *feed->place);
    if (!feed->place) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the places of samples");
    for (int64_t i = 0; i < feed->set->count; i++) feed->place[i] = -1;
    for (int64_t i = 0; i < feed->placement.rows; i++) feed->place[only[i]] = (int32_t)i;
    return LOGIT_OK;
}

/* One array's worth of a stage: some rows, and at least one. */
static size_t stage_bytes(const lg_feed *feed)
{
    const size_t row =
        feed->pixel_bytes > feed->target_bytes ? feed->pixel_bytes : feed->target_bytes;
    const size_t all = (row + sizeof(float)) * (size_t)feed->placement.rows;
    const size_t some = all < STAGE_BYTES ? all : STAGE_BYTES;
    return row + sizeof(float) > some ? row + sizeof(float) : some;
}

static logit_status open_staging(lg_feed *feed, logit_error *err)
{
    lg_backend *backend = feed->backend;
    feed->staging.bytes = stage_bytes(feed);
    for (int i = 0; i < LG_STAGES; i++) {
        LG_TRY(
            backend->ops->alloc_host(backend, &feed->staging.memory[i], feed->staging.bytes, err));
        LG_TRY(backend->ops->event_create(backend, &feed->staging.copied[i], err));
    }
    return LOGIT_OK;
}

static void close_staging(lg_feed *feed)
{
    lg_backend *backend = feed->backend;
    for (int i = 0; i < LG_STAGES; i++) {
        if (feed->staging.memory[i]) backend->ops->free_host(backend, feed->staging.memory[i]);
        if (feed->staging.copied[i]) backend->ops->event_destroy(backend, feed->staging.copied[i]);
    }
    feed->staging = (lg_staging){0};
}

/* Arrays for what stays, labels and weights where that is everything. */
static logit_status open_arrays(lg_feed *feed, logit_error *err)
{
    lg_backend *backend = feed->backend;
    const size_t rows = (size_t)feed->placement.rows;
    LG_TRY(backend->ops->alloc(backend, &feed->pixels, rows * feed->pixel_bytes, err));
    if (!lg_feed_is_resident(feed)) return LOGIT_OK;
    LG_TRY(backend->ops->alloc(backend, &feed->weight, rows * sizeof(float), err));
    if (feed->set->target)
        LG_TRY(backend->ops->alloc(backend, &feed->target, rows * feed->target_bytes, err));
    else
        LG_TRY(backend->ops->alloc(backend, &feed->label, rows * sizeof(int32_t), err));
    return open_staging(feed, err);
}

logit_status lg_feed_open_set(lg_feed *feed, logit_error *err)
{
    const int is_uploaded = lg_feed_is_resident(feed) && lg_loader_is_resident(feed->loader);
    if (!is_uploaded) LG_TRY(lg_loader_stream(feed->loader, err));
    if (!is_uploaded && feed->placement.rows > 0) {
        feed->held = calloc((size_t)feed->set->count / 8 + 1, 1);
        if (!feed->held) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the places of samples");
        LG_TRY(lg_loader_spare(feed->loader, feed->held, err));
    }
    if (feed->placement.rows == 0) return LOGIT_OK;
    LG_TRY(list_places(feed, err));
    return open_arrays(feed, err);
}

void lg_feed_close_set(lg_feed *feed)
{
    lg_backend *backend = feed->backend;
    void *memory[] = {feed->pixels, feed->label, feed->target, feed->weight};
    if (feed->held) lg_loader_spare(feed->loader, NULL, NULL);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i]) backend->ops->free(backend, memory[i]);
    close_staging(feed);
    free(feed->place);
    free(feed->held);
}

/* ------------------------------------------------------------------------------------ upload ---
 */

/* Rows of `bytes` each, of the samples that stay, to their places; nothing if host is NULL. */
static logit_status upload(lg_feed *feed, void *device, const void *host, size_t bytes,
                           logit_error *err)
{
    lg_backend *backend = feed->backend;
    const lg_backend_ops *ops = backend->ops;
    lg_staging *staging = &feed->staging;
    const int32_t *only = lg_loader_only(feed->loader);
    const int64_t rows = feed->placement.rows, each = (int64_t)(staging->bytes / bytes);
    for (int64_t begin = 0; host && begin < rows; begin += each) {
        const int64_t count = rows - begin < each ? rows - begin : each;
        const int half = (int)(staging->pieces % LG_STAGES);
        char *to = staging->memory[half];
        if (staging->pieces >= LG_STAGES)
            LG_TRY(ops->event_sync(backend, staging->copied[half], err));
        for (int64_t i = 0; i < count && only; i++)
            memcpy(to + (size_t)i * bytes, (const char *)host + (size_t)only[begin + i] * bytes,
                   bytes);
        if (!only) memcpy(to, (const char *)host + (size_t)begin * bytes, (size_t)count * bytes);
        LG_TRY(ops->upload(backend, LG_QUEUE_COPY, (char *)device + (size_t)begin * bytes, to,
                           (size_t)count * bytes, err));
        LG_TRY(ops->event_record(backend, staging->copied[half], LG_QUEUE_COPY, err));
        staging->pieces++;
    }
    return LOGIT_OK;
}

/* What belongs to the pixels, and the end of the staging memory. */
static logit_status finish(lg_feed *feed, logit_error *err)
{
    LG_TRY(upload(feed, feed->label, feed->set->target ? NULL : feed->set->label, sizeof(int32_t),
                  err));
    if (feed->set->target)
        LG_TRY(upload(feed, feed->target, feed->set->target, feed->target_bytes, err));
    LG_TRY(upload(feed, feed->weight, lg_loader_weight(feed->loader), sizeof(float), err));
    LG_TRY(feed->backend->ops->sync(feed->backend, err));
    close_staging(feed);
    feed->complete = 1;
    return LOGIT_OK;
}

logit_status lg_feed_fill_set(lg_feed *feed, logit_error *err)
{
    if (lg_feed_is_unified(feed) || feed->complete || !lg_feed_is_resident_from_start(feed))
        return LOGIT_OK;
    LG_TRY(upload(feed, feed->pixels, lg_loader_resident_pixels(feed->loader), feed->pixel_bytes,
                  err));
    return finish(feed, err);
}

logit_status lg_feed_complete_set(lg_feed *feed, logit_error *err)
{
    if (!feed->held || feed->complete || !lg_feed_is_resident(feed) ||
        feed->held_count < feed->placement.rows)
        return LOGIT_OK;
    lg_loader_leave(feed->loader);
    return finish(feed, err);
}

/* ---------------------------------------------------------------------------------- exchange ---
 */

/* A sample that is drawn twice (balance.h) is kept once: all places of a launch are different. */
int32_t lg_feed_keep(lg_feed *feed, int32_t sample)
{
    const int32_t place = lg_feed_place(feed, sample);
    const uint8_t bit = (uint8_t)(1u << (sample % 8));
    if (place < 0 || !feed->held) return place;
    if (feed->held[sample / 8] & bit) return -1;
    feed->held[sample / 8] |= bit;
    feed->held_count++;
    return place;
}

logit_status lg_feed_exchange(lg_feed *feed, const lg_feed_slot *at, const lg_notes *notes,
                              logit_error *err)
{
    if (!feed->held) return LOGIT_OK;
    const lg_rows rows = {.slot = at->pixels,
                          .kept = feed->pixels,
                          .place = notes->place,
                          .fresh = feed->mini->fresh,
                          .count = feed->mini->count,
                          .bytes = feed->pixel_bytes};
    return feed->backend->ops->rows(feed->backend, &rows, err);
}

/* ----------------------------------------------------------------------------- what it tells ---
 */

int lg_feed_is_resident(const lg_feed *feed)
{
    return !lg_feed_is_unified(feed) && feed->placement.place == LG_PLACE_RESIDENT;
}

int lg_feed_is_complete(const lg_feed *feed)
{
    return feed->complete;
}

lg_batch lg_feed_set(const lg_feed *feed)
{
    const int has_weights = lg_loader_weight(feed->loader) != NULL;
    return (lg_batch){.element = lg_loader_element(feed->loader),
                      .pixels = feed->pixels,
                      .label = feed->label,
                      .target = feed->target,
                      .weight = has_weights ? feed->weight : NULL};
}

void lg_feed_rows(const lg_feed *feed, const lg_minibatch *mini, int32_t *row)
{
    for (int64_t i = 0; i < mini->count; i++) row[i] = lg_feed_place(feed, mini->sample[i]);
}

/* -------------------------------------------------------------------------------- features --- */

void lg_feed_point(const lg_feed *feed, lg_step *step)
{
    step->batch = lg_feed_set(feed);
    if (feed->kept) lg_kept_point(feed->kept, lg_kept_is_filled(feed->kept), step);
}

void lg_feed_keep_features(lg_feed *feed, lg_kept *kept)
{
    feed->kept = kept;
}

int64_t lg_feed_kept_rows(const lg_feed *feed)
{
    return lg_feed_is_unified(feed) ? feed->set->count : lg_loader_count(feed->loader);
}

logit_status lg_feed_fill_kept(lg_feed *feed, logit_error *err)
{
    const int64_t count = lg_loader_count(feed->loader);
    if (!feed->kept || lg_kept_is_filled(feed->kept)) return LOGIT_OK;
    if (!lg_feed_is_unified(feed)) {
        const lg_batch set = lg_feed_set(feed);
        return feed->complete ? lg_kept_fill(feed->kept, &set, NULL, count, err) : LOGIT_OK;
    }
    const lg_batch set = {.element = lg_loader_element(feed->loader),
                          .pixels = lg_loader_resident_pixels(feed->loader)};
    if (!set.pixels) return LOGIT_OK;
    return lg_kept_fill(feed->kept, &set, lg_loader_only(feed->loader), count, err);
}
