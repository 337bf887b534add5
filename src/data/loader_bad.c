/* loader_bad.c -- bad samples that are skipped: noted by any thread, counted in order.
 *
 * Threads run ahead of the consumer, so what they met by now depends on timing.  They only write
 * notes into their slot; the consumer counts them when it takes the batch.  Thus the count, the
 * kept reasons and the moment at which there are too many follow from the batches alone. */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void lg_bad_list_add(lg_bad_list *list, int32_t sample, const char *reason)
{
    int at = list->count;
    while (at > 0 && list->entry[at - 1].sample >= sample) at--;
    if (at < list->count && list->entry[at].sample == sample) return;
    if (at == list->room) return;
    if (list->count == list->room) list->count--;
    memmove(&list->entry[at + 1], &list->entry[at],
            (size_t)(list->count - at) * sizeof *list->entry);
    list->entry[at].sample = sample;
    snprintf(list->entry[at].reason, sizeof list->entry[at].reason, "%s", reason);
    list->count++;
}

int lg_loader_bad_init(lg_loader *loader)
{
    if (!loader->options.skip_bad) return 1;
    const int room = loader->rows < LG_LOADER_KEPT_BAD ? (int)loader->rows : LG_LOADER_KEPT_BAD;
    const size_t entries = LG_LOADER_KEPT_BAD + LG_LOADER_MAX_SLOTS * (size_t)room;
    loader->bad_bits = calloc((size_t)loader->set->count / 8 + 1, 1);
    loader->bad_entries = calloc(entries, sizeof *loader->bad_entries); /* untouched: no pages */
    if (!loader->bad_bits || !loader->bad_entries) return 0;
    lg_bad *free_entry = loader->bad_entries;
    loader->kept = (lg_bad_list){.room = LG_LOADER_KEPT_BAD, .entry = free_entry};
    free_entry += LG_LOADER_KEPT_BAD;
    for (int i = 0; i < LG_LOADER_MAX_SLOTS; i++, free_entry += room)
        loader->slot[i].listed = (lg_bad_list){.room = room, .entry = free_entry};
    return 1;
}

void lg_loader_bad_clear(lg_loader *loader)
{
    free(loader->bad_bits);
    free(loader->bad_entries);
}

void lg_loader_bad_note(lg_loader *loader, lg_slot *slot, int64_t i, int32_t sample,
                        const char *reason)
{
    slot->is_bad[i] = 1;
    pthread_mutex_lock(&loader->mutex);
    slot->bad++;
    lg_bad_list_add(&slot->listed, sample, reason);
    pthread_mutex_unlock(&loader->mutex);
}

int lg_loader_is_bad(const lg_loader *loader, int32_t sample)
{
    return loader->bad_bits && (loader->bad_bits[sample / 8] >> (sample % 8) & 1);
}

static logit_status too_many(const lg_loader *loader, logit_error *err)
{
    LG_FAIL(err, LOGIT_E_DATA,
            "%lld of %lld samples are bad, more than the %g %% that may be skipped; the first is "
            "sample %d: %s.  Mend or remove them, or raise --max-bad",
            (long long)loader->bad, (long long)loader->count, 100.0 * loader->options.max_bad,
            (int)loader->kept.entry[0].sample, loader->kept.entry[0].reason);
}

logit_status lg_loader_bad_count(lg_loader *loader, const lg_ring_work *batch, logit_error *err)
{
    lg_slot *slot = &loader->slot[batch->slot];
    if (slot->bad == 0) return LOGIT_OK;
    const int32_t *sample = loader->order + batch->batch * loader->plan.batch;
    for (int64_t i = 0; i < batch->end; i++) {
        if (!slot->is_bad[i] || lg_loader_is_bad(loader, sample[i])) continue;
        loader->bad_bits[sample[i] / 8] |= (uint8_t)(1u << (sample[i] % 8));
        loader->bad++;
    }
    for (int i = 0; i < slot->listed.count; i++)
        lg_bad_list_add(&loader->kept, slot->listed.entry[i].sample, slot->listed.entry[i].reason);
    slot->listed.count = 0;
    slot->bad = 0;
    if ((double)loader->bad > loader->options.max_bad * (double)loader->count)
        return too_many(loader, err);
    return LOGIT_OK;
}

int64_t lg_loader_bad(const lg_loader *loader)
{
    return loader->bad;
}

int64_t lg_loader_bad_sample(const lg_loader *loader, int64_t i, const char **reason)
{
    if (i < 0 || i >= loader->kept.count) return -1;
    *reason = loader->kept.entry[i].reason;
    return loader->kept.entry[i].sample;
}
