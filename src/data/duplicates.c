/* duplicates.c -- one array, sorted by size, by content and by place. */
/* SPDX-License-Identifier: MIT */
#include "data/duplicates.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"

enum { CHUNK = 4096 }; /* files read between two looks at the watch */

static const lg_sample_place GONE = UINT64_MAX;

logit_status lg_duplicates_open(lg_duplicates *all, const lg_dataset *data, logit_error *err)
{
    *all = (lg_duplicates){.data = data};
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (data->part[p]) all->room += data->part[p]->count;
    all->entry = malloc(((size_t)all->room + 1) * sizeof *all->entry);
    if (!all->entry)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the contents of %lld samples",
                (long long)all->room);
    return LOGIT_OK;
}

void lg_duplicates_close(lg_duplicates *all)
{
    free(all->entry);
    *all = (lg_duplicates){0};
}

static const lg_set *set_of(const lg_duplicates *all, lg_sample_place place)
{
    return all->data->part[lg_place_part(place)];
}

void lg_duplicates_add(lg_duplicates *all, lg_sample_place place, int64_t bytes,
                       lg_content elements)
{
    if (all->count == all->room) return;
    if (set_of(all, place)->ops->content) elements = (lg_content){(uint64_t)bytes, 0};
    all->entry[all->count++] = (lg_duplicate){elements.low, elements.high, place};
}

/* --- sorting: by heap, since it takes no memory and no time grows with the square --- */

static int is_less(const lg_duplicate *a, const lg_duplicate *b)
{
    if (a->low != b->low) return a->low < b->low;
    if (a->high != b->high) return a->high < b->high;
    return a->place < b->place;
}

static void sift_down(lg_duplicate *entry, int64_t at, int64_t count)
{
    const lg_duplicate sunk = entry[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && is_less(&entry[child], &entry[child + 1]);
        if (!is_less(&sunk, &entry[child])) break;
        entry[at] = entry[child];
    }
    entry[at] = sunk;
}

static void sort(lg_duplicates *all)
{
    lg_duplicate *entry = all->entry;
    for (int64_t i = all->count / 2 - 1; i >= 0; i--) sift_down(entry, i, all->count);
    for (int64_t left = all->count - 1; left > 0; left--) {
        const lg_duplicate most = entry[0];
        entry[0] = entry[left];
        entry[left] = most;
        sift_down(entry, 0, left);
    }
}

/* --- groups --- */

static int is_same(const lg_duplicate *a, const lg_duplicate *b)
{
    return a->low == b->low && a->high == b->high;
}

/* End of the group that begins at entry i of the sorted list. */
static int64_t group_end(const lg_duplicates *all, int64_t i)
{
    int64_t end = i + 1;
    while (end < all->count && is_same(&all->entry[i], &all->entry[end])) end++;
    return end;
}

/* Drops groups of one.  With to_first what made them a group gives way to the place of the first.
 */
static void keep_groups(lg_duplicates *all, int to_first)
{
    int64_t kept = 0;
    for (int64_t i = 0, end; i < all->count; i = end) {
        end = group_end(all, i);
        const lg_sample_place first = all->entry[i].place;
        for (int64_t j = i; j < end && end - i > 1; j++) {
            lg_duplicate entry = all->entry[j];
            if (to_first) entry = (lg_duplicate){first, entry.place, entry.place};
            all->entry[kept++] = entry;
        }
    }
    all->count = kept;
}

/* --- contents of what is stored --- */

typedef struct hash_job {
    lg_duplicates *all;
    int64_t begin, end;
} hash_job;

static void hash_part(void *argument, int part, int parts)
{
    const hash_job *job = argument;
    for (int64_t i = job->begin + part; i < job->end; i += parts) {
        lg_duplicate *entry = &job->all->entry[i];
        const lg_set *set = set_of(job->all, entry->place);
        lg_content content;
        if (!set->ops->content) continue;
        if (set->ops->content(set, lg_place_sample(entry->place), &content, NULL) == LOGIT_OK) {
            entry->low = content.low;
            entry->high = content.high;
        } else {
            entry->place = GONE;
        }
    }
}

static logit_status hash_all(lg_duplicates *all, lg_pool *pool, const logit_watch *watch,
                             logit_error *err)
{
    for (int64_t i = 0; i < all->count; i += CHUNK) {
        hash_job job = {all, i, all->count - i < CHUNK ? all->count : i + CHUNK};
        lg_pool_run(pool, hash_part, &job);
        if (watch && watch->stop && watch->stop(watch->user))
            LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld of %lld contents", (long long)job.end,
                    (long long)all->count);
        const logit_progress progress = {.phase = LOGIT_PHASE_READ,
                                         .done = job.end,
                                         .total = all->count,
                                         .loss = NAN,
                                         .samples_per_second = NAN,
                                         .seconds_left = NAN};
        if (watch && watch->progress) watch->progress(watch->user, &progress);
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < all->count; i++)
        if (all->entry[i].place != GONE) all->entry[kept++] = all->entry[i];
    all->count = kept;
    return LOGIT_OK;
}

static int any_stored(const lg_dataset *data)
{
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (data->part[p] && data->part[p]->ops->content) return 1;
    return 0;
}

logit_status lg_duplicates_find(lg_duplicates *all, lg_pool *pool, const logit_watch *watch,
                                logit_error *err)
{
    if (any_stored(all->data)) { /* so far they are told by their size */
        sort(all);
        keep_groups(all, 0);
        LG_TRY(hash_all(all, pool, watch, err));
    }
    sort(all);
    keep_groups(all, 1);
    sort(all);
    return LOGIT_OK;
}
