/* loader_spare.c -- samples that a device keeps are not read again; and a set in memory that is
 * handed out in slots.
 *
 * Which samples are spared is settled when an epoch starts, for every place of its order: the crew
 * never looks at the caller's bits, which may change meanwhile. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/status.h"
#include "data/loader_parts.h"

/* Weights for when all samples are held: some may turn out to be bad until then. */
static int allocate(lg_loader *loader)
{
    const size_t count = (size_t)loader->count + 1, all = (size_t)loader->set->count + 1;
    if (loader->ring) lg_loader_drop(loader); /* the crew may look at what follows */
    if (!loader->row) loader->row = malloc(count * sizeof *loader->row);
    if (!loader->share) loader->share = malloc(count * sizeof *loader->share);
    if (loader->options.skip_bad && !loader->weight)
        loader->weight = malloc(all * sizeof *loader->weight);
    lg_loader_weights_changed(loader);
    return loader->row && loader->share && (loader->weight || !loader->options.skip_bad);
}

logit_status lg_loader_spare(lg_loader *loader, const uint8_t *held, logit_error *err)
{
    loader->spared = NULL;
    if (!held || !lg_loader_uses_slots(loader)) return LOGIT_OK;
    if (!allocate(loader))
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the places of %lld samples",
                (long long)loader->count);
    loader->spared = held;
    return LOGIT_OK;
}

static lg_share share_of(const lg_loader *loader, int32_t sample)
{
    const uint8_t *held = loader->spared;
    if (!held || !(held[sample / 8] >> (sample % 8) & 1)) return LG_SHARE_READ;
    return lg_loader_is_bad(loader, sample) ? LG_SHARE_HELD_BAD : LG_SHARE_HELD;
}

void lg_loader_share_out(lg_loader *loader)
{
    const int64_t batch = loader->options.batch;
    if (!loader->row || !loader->share) return;
    for (int64_t begin = 0; begin < loader->count; begin += batch) {
        const int64_t end = begin + batch < loader->count ? begin + batch : loader->count;
        int32_t fresh = 0, next = 0;
        for (int64_t i = begin; i < end; i++) {
            loader->share[i] = (uint8_t)share_of(loader, loader->order[i]);
            fresh += loader->share[i] == LG_SHARE_READ;
        }
        for (int64_t i = begin; i < end; i++)
            loader->row[i] = loader->share[i] == LG_SHARE_READ ? next++ : fresh++;
    }
}

void lg_loader_leave(lg_loader *loader)
{
    lg_crew_stop(loader);
    lg_loader_weights_changed(loader);
    loader->failure.status = LOGIT_OK;
    loader->resident = loader->preloaded = 1;
    loader->streams = 0;
    loader->pixels = NULL;
    loader->next = loader->batches;
    loader->held = 0;
}

logit_status lg_loader_stream(lg_loader *loader, logit_error *err)
{
    if (lg_loader_uses_slots(loader)) return LOGIT_OK;
    lg_crew_stop(loader);
    loader->streams = 1;
    const logit_status status = lg_loader_make_slots(loader, err);
    if (status != LOGIT_OK) loader->streams = 0;
    return status;
}

const lg_set *lg_loader_set(const lg_loader *loader)
{
    return loader->set;
}

const int32_t *lg_loader_only(const lg_loader *loader)
{
    return loader->options.only;
}

const float *lg_loader_weight(const lg_loader *loader)
{
    return loader->weight ? loader->weight : loader->set->weight;
}
