/* loader.c -- the loader as the trainer sees it: start, next, release, and what it can tell.
 *
 * Batch b of an epoch is order[b * batch ..] in both modes.  Resident: pointers into the set and
 * into order.  Streamed: the slot that the ring gives out. */
/* SPDX-License-Identifier: MIT */
#include "data/loader.h"

#include <stdio.h>

#include "base/status.h"
#include "base/text.h"
#include "data/loader_parts.h"

static void permute(lg_loader *loader, uint32_t epoch)
{
    const lg_loader_options *options = &loader->options;
    lg_order_fill(loader->order, loader->places ? loader->places : options->only, loader->count,
                  options->shuffle, options->seed, epoch);
}

void lg_loader_order_epoch(lg_loader *loader, uint32_t epoch)
{
    if (loader->options.balanced)
        lg_balance_draw(&loader->balance, loader->order, loader->count, loader->options.seed,
                        epoch);
    else
        permute(loader, epoch);
}

void lg_loader_order_once(lg_loader *loader)
{
    permute(loader, 0);
}

static logit_status start_stream(lg_loader *loader, uint32_t epoch, int64_t first, logit_error *err)
{
    LG_TRY(lg_crew_start(loader, err));
    lg_loader_drop(loader); /* from here on nobody reads order */
    lg_loader_order_epoch(loader, epoch);
    loader->epoch = epoch;
    loader->moves = loader->augments && lg_augment_is_on(&loader->options.augment);
    lg_loader_share_out(loader);
    lg_crew_begin(loader, LG_JOB_STREAM, loader->count, loader->options.batch, first);
    return LOGIT_OK;
}

logit_status lg_loader_start(lg_loader *loader, uint32_t epoch, int64_t first, logit_error *err)
{
    if (first < 0 || first > loader->batches)
        LG_FAIL(err, LOGIT_E_USAGE, "an epoch has batches 0 to %lld; it cannot begin with %lld",
                (long long)loader->batches - 1, (long long)first);
    loader->failure.status = LOGIT_OK;
    LG_TRY(lg_loader_preload(loader, err));
    if (lg_loader_uses_slots(loader)) return start_stream(loader, epoch, first, err);
    lg_loader_order_epoch(loader, epoch);
    loader->next = first;
    loader->held = 0;
    return LOGIT_OK;
}

static logit_status next_resident(lg_loader *loader, const lg_minibatch **batch, logit_error *err)
{
    const lg_set *set = loader->set;
    const int64_t number = loader->next, begin = number * loader->options.batch;
    const int64_t left = loader->count - begin;
    if (number >= loader->batches) return LOGIT_OK;
    if (loader->held == loader->slots)
        LG_FAIL(err, LOGIT_E_USAGE, "all %d batches are held: release one first", loader->slots);
    lg_minibatch *mini = &loader->slot[number % loader->slots].batch;
    *mini = (lg_minibatch){
        .number = number,
        .count = left < loader->options.batch ? left : loader->options.batch,
        .fresh = left < loader->options.batch ? left : loader->options.batch,
        .row = loader->order + begin,
        .element = set->element,
        .pixels = loader->pixels,
        .label = set->label,
        .target = set->target,
        .weight = lg_loader_weight(loader),
        .sample = loader->order + begin,
        .slot = -1,
    };
    loader->next++;
    loader->held++;
    *batch = mini;
    return LOGIT_OK;
}

/* Rows of a batch that have their pixels. */
static int64_t count_fresh(const lg_loader *loader, int64_t begin, int64_t count)
{
    int64_t fresh = 0;
    if (!loader->share) return count;
    for (int64_t i = 0; i < count; i++) fresh += loader->share[begin + i] == LG_SHARE_READ;
    return fresh;
}

static logit_status next_streamed(lg_loader *loader, const lg_minibatch **batch, logit_error *err)
{
    lg_ring_work work;
    if (!loader->ring || loader->job != LG_JOB_STREAM) return LOGIT_OK;
    LG_TRY(lg_loader_await(loader, &work, err));
    if (work.batch < 0) return LOGIT_OK;
    lg_slot *slot = &loader->slot[work.slot];
    const int64_t begin = work.batch * loader->options.batch;
    const int is_known = loader->share || loader->preloaded; /* a bad one may not be read again */
    const int has_weights = loader->set->weight || slot->bad > 0 || (is_known && loader->bad > 0);
    LG_TRY(lg_loader_bad_count(loader, &work, err));
    slot->batch = (lg_minibatch){
        .number = work.batch,
        .count = work.end,
        .fresh = count_fresh(loader, begin, work.end),
        .row = loader->row ? loader->row + begin : NULL,
        .element = loader->set->element,
        .pixels = slot->pixels,
        .label = slot->label,
        .target = slot->target,
        .weight = has_weights ? slot->weight : NULL,
        .sample = loader->order + begin,
        .slot = work.slot,
    };
    *batch = &slot->batch;
    return LOGIT_OK;
}

logit_status lg_loader_next(lg_loader *loader, const lg_minibatch **batch, logit_error *err)
{
    *batch = NULL;
    if (!lg_loader_uses_slots(loader)) return next_resident(loader, batch, err);
    if (loader->failure.status == LOGIT_OK) {
        logit_error error;
        const logit_status status = next_streamed(loader, batch, &error);
        if (status == LOGIT_OK) return LOGIT_OK;
        if (status != LOGIT_E_USAGE) loader->failure = error;
        if (err) *err = error;
        return status;
    }
    if (err) *err = loader->failure;
    return loader->failure.status;
}

void lg_loader_release(lg_loader *loader, const lg_minibatch *batch)
{
    if (!batch) return;
    if (lg_loader_uses_slots(loader))
        lg_ring_release(loader->ring);
    else if (loader->held > 0)
        loader->held--;
}

/* --- what it can tell --- */

int lg_loader_is_resident(const lg_loader *loader)
{
    return loader->resident;
}

int lg_loader_has_slots(const lg_loader *loader)
{
    return lg_loader_uses_slots(loader);
}

void lg_loader_augment(lg_loader *loader, int on)
{
    loader->augments = on;
}

void lg_loader_describe(const lg_loader *loader, char *text, size_t size)
{
    const double slots = (double)loader->slot_bytes * loader->slots;
    const double all = (double)loader->features * (double)loader->count;
    const int floats = lg_element_is_float(loader->set->element);
    const char *what = floats ? "samples" : "images";
    const char *got = floats || loader->set->ops->read_rows ? "read" : "decoded";
    char takes[LG_TEXT_BYTES], budget[LG_TEXT_BYTES];
    lg_text_bytes(takes, loader->resident ? all : slots);
    lg_text_bytes(budget, (double)loader->options.memory);
    if (loader->set->resident)
        snprintf(text, size, "%lld %s in memory, %s", (long long)loader->count, what, takes);
    else if (loader->resident)
        snprintf(text, size, "%lld %s in memory, %s, %s once", (long long)loader->count, what,
                 takes, got);
    else if (slots <= (double)loader->options.memory)
        snprintf(text, size, "%d slots of %lld %s, %s, %s anew each epoch", loader->slots,
                 (long long)loader->rows, what, takes, got);
    else
        snprintf(text, size, "%d slots of %lld %s, %s (over the budget of %s), %s anew each epoch",
                 loader->slots, (long long)loader->rows, what, takes, budget, got);
}

int lg_loader_moves(const lg_loader *loader)
{
    return lg_augment_is_on(&loader->options.augment);
}

int lg_loader_slots(const lg_loader *loader)
{
    return loader->slots;
}

int64_t lg_loader_batches(const lg_loader *loader)
{
    return loader->batches;
}

int64_t lg_loader_count(const lg_loader *loader)
{
    return loader->count;
}

lg_element lg_loader_element(const lg_loader *loader)
{
    return loader->set->element;
}

double lg_loader_waited(const lg_loader *loader)
{
    return loader->ring ? lg_ring_waited(loader->ring) + loader->helped : 0.0;
}

const uint8_t *lg_loader_resident_pixels(const lg_loader *loader)
{
    return loader->preloaded ? loader->pixels : NULL;
}

const int32_t *lg_loader_order(const lg_loader *loader)
{
    return loader->order;
}
