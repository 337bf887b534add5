/* loader_job.c -- passes that the caller waits for: the crew works, the caller watches. */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/stall.h"
#include "base/status.h"

static const double tick = 0.05; /* seconds between two looks at stop(), or two reports */

typedef struct watcher {
    const logit_watch *watch; /* may be NULL */
    logit_progress progress;
    double began, reported;
    double moved;    /* when there last was a batch */
    double patience; /* how long there may be none before that is said */
} watcher;

static void report(watcher *w)
{
    const double now = lg_seconds();
    const int is_end = w->progress.done == w->progress.total;
    if (!w->watch || !w->watch->progress || (now - w->reported < tick && !is_end)) return;
    const double spent = now - w->began;
    w->reported = now;
    w->progress.samples_per_second = spent > 0.0 ? (double)w->progress.done / spent : 0.0;
    w->watch->progress(w->watch->user, &w->progress);
}

static logit_status ask_stop(const watcher *w, logit_error *err)
{
    if (!w->watch || !w->watch->stop || !w->watch->stop(w->watch->user)) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_STOPPED, "stopped after %lld of %lld samples were read",
            (long long)w->progress.done, (long long)w->progress.total);
}

/* There is no batch yet.  Says so once it has taken long, and again after twice as long. */
static void look_for_stall(const lg_loader *loader, watcher *w)
{
    const double waited = lg_seconds() - w->moved;
    if (waited < w->patience) return;
    lg_loader_stalled(loader, "no sample", waited);
    w->patience *= 2.0;
}

/* Batch after batch in order, until the last one, an error or a stop. */
static logit_status drain(lg_loader *loader, watcher *w, logit_error *err)
{
    for (;;) {
        lg_ring_work batch;
        LG_TRY(ask_stop(w, err));
        LG_TRY(lg_crew_take(loader, &batch, tick, err));
        if (batch.batch == LG_RING_END) return LOGIT_OK;
        if (batch.batch == LG_RING_LATER) {
            look_for_stall(loader, w);
            continue;
        }
        w->moved = lg_seconds();
        w->patience = lg_stall_seconds();
        LG_TRY(lg_loader_bad_count(loader, &batch, err));
        if (loader->job == LG_JOB_VISIT) lg_loader_visit(loader, &batch);
        lg_ring_release(loader->ring);
        w->progress.done += batch.end;
        report(w);
    }
}

logit_status lg_loader_do(lg_loader *loader, lg_job job, int64_t samples, logit_phase phase,
                          logit_error *err)
{
    watcher w = {.watch = loader->options.watch, .began = lg_seconds()};
    w.reported = w.moved = w.began;
    w.patience = lg_stall_seconds();
    w.progress = (logit_progress){
        .phase = phase, .total = samples, .loss = NAN, .waiting = 1.0, .seconds_left = NAN};
    lg_crew_begin(loader, job, samples, loader->rows < LG_JOB_ROWS ? loader->rows : LG_JOB_ROWS, 0);
    const logit_status status = drain(loader, &w, err);
    lg_loader_drop(loader);
    return status;
}

/* --- preloading --- */

/* Rows for the whole set, of which only those in `only` will take memory: untouched pages are not
 * there.  Where all will be touched large pages make gathering rows cheaper. */
static logit_status map_set(lg_loader *loader, logit_error *err)
{
    void *map = mmap(NULL, loader->map_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED)
        LG_FAIL(err, LOGIT_E_NOMEM,
                "no address space for %lld decoded samples of %zu bytes; lower --memory to stream",
                (long long)loader->set->count, loader->features);
    if (!loader->options.only) madvise(map, loader->map_bytes, MADV_HUGEPAGE); /* may be refused */
    loader->map = map;
    return LOGIT_OK;
}

/* A bad sample weighs nothing; that takes a weight for every sample of the set. */
static logit_status weigh(lg_loader *loader, logit_error *err)
{
    const lg_set *set = loader->set;
    if (loader->bad == 0 || loader->weight) return LOGIT_OK;
    loader->weight = malloc((size_t)set->count * sizeof *loader->weight);
    if (!loader->weight)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the weights of %lld samples",
                (long long)set->count);
    lg_loader_weights_changed(loader);
    return LOGIT_OK;
}

void lg_loader_weights_changed(lg_loader *loader)
{
    const lg_set *set = loader->set;
    for (int64_t i = 0; loader->weight && i < set->count; i++) {
        const float weight = set->weight ? set->weight[i] : 1.0f;
        loader->weight[i] = lg_loader_is_bad(loader, (int32_t)i) ? 0.0f : weight;
    }
}

logit_status lg_loader_find_bad(lg_loader *loader, const logit_watch *watch, logit_error *err)
{
    const lg_minibatch *batch;
    int64_t done = 0;
    if (lg_loader_is_resident(loader)) return LOGIT_OK;
    LG_TRY(lg_loader_start(loader, 0, 0, err));
    for (;;) {
        LG_TRY(lg_loader_next(loader, &batch, err));
        if (!batch) return LOGIT_OK;
        done += batch->count;
        lg_loader_release(loader, batch);
        if (watch && watch->stop && watch->stop(watch->user))
            LG_FAIL(err, LOGIT_E_STOPPED, "stopped while looking for bad images");
        const logit_progress progress = {
            .phase = LOGIT_PHASE_READ, .done = done, .total = lg_loader_count(loader)};
        if (watch && watch->progress) watch->progress(watch->user, &progress);
    }
}

static logit_status read_set(lg_loader *loader, logit_error *err)
{
    LG_TRY(map_set(loader, err));
    LG_TRY(lg_crew_start(loader, err));
    lg_order_fill(loader->order, loader->options.only, loader->count, LG_SHUFFLE_NONE, 0, 0);
    LG_TRY(lg_loader_do(loader, LG_JOB_PRELOAD, loader->count, LOGIT_PHASE_READ, err));
    return weigh(loader, err);
}

logit_status lg_loader_preload(lg_loader *loader, logit_error *err)
{
    if (!loader->resident || loader->preloaded) return LOGIT_OK;
    const logit_status status = read_set(loader, err);
    lg_crew_stop(loader); /* nothing is left to decode */
    if (status != LOGIT_OK) {
        if (loader->map) munmap(loader->map, loader->map_bytes);
        loader->map = NULL;
        return status;
    }
    loader->pixels = loader->map;
    loader->preloaded = 1;
    return LOGIT_OK;
}
