/* loader_crew.c -- the loader's threads: claim a piece, read its samples, publish it. */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stall.h"
#include "base/status.h"

enum {
    COPIED_BYTES = 128 << 10, /* of a piece whose samples are copied, at least */
    COPIED_ROWS = 128,        /* copied between two looks whether anybody wants them */
    JOB_ROWS_OF_CALLER = 8    /* it looks at nothing else meanwhile, not even whether to stop */
};

/* A piece is a share of a batch small enough that all threads work on the first batch of an epoch,
 * and that the last one to finish holds up the others little; large enough that two locks of a
 * mutex are nothing beside it: of samples that are merely copied that is a batch or so. */
static int64_t piece_size(const lg_loader *loader, int64_t batch)
{
    const int64_t share = batch / (4 * (int64_t)loader->options.threads);
    const int64_t grain = share < 1 ? 1 : share > 64 ? 64 : share;
    const int64_t copied =
        loader->set->ops->read_rows ? COPIED_BYTES / (int64_t)loader->features : 0;
    return grain > copied ? grain : copied < batch ? copied : batch;
}

/* A sample could not be read: one that may be skipped becomes zeros and a note. */
static logit_status forgive(lg_loader *loader, lg_slot *slot, int64_t i, int32_t sample,
                            uint8_t *out, logit_status status, logit_error *err)
{
    const int is_bad = status == LOGIT_E_DATA || status == LOGIT_E_IO;
    if (!is_bad || !loader->options.skip_bad) {
        lg_error_prefix(err, "sample %d: ", (int)sample);
        return status;
    }
    memset(out, 0, loader->features);
    lg_loader_bad_note(loader, slot, i, sample, err->message);
    return LOGIT_OK;
}

/* Reads one sample to out. */
static logit_status read_sample(lg_crew_member *self, lg_slot *slot, int64_t i, int32_t sample,
                                uint8_t *out, logit_error *err)
{
    lg_loader *loader = self->loader;
    const lg_set *set = loader->set;
    const logit_status status = set->ops->read(set, sample, self->decoder, out, err);
    if (status == LOGIT_OK) return LOGIT_OK;
    return forgive(loader, slot, i, sample, out, status, err);
}

/* What a streamed sample brings along beside its pixels. */
static void copy_answer(const lg_loader *loader, lg_slot *slot, int64_t row, int32_t sample,
                        int is_bad)
{
    const lg_set *set = loader->set;
    if (set->label) slot->label[row] = set->label[sample];
    if (set->target) {
        const size_t width = (size_t)set->target_width;
        memcpy(slot->target + (size_t)row * width, set->target + (size_t)sample * width,
               width * sizeof *set->target);
    }
    slot->weight[row] = is_bad ? 0.0f : set->weight ? set->weight[sample] : 1.0f;
}

/* Puts a sample that was read, or is resident, into its row of the slot. */
static void deliver(const lg_loader *loader, int32_t sample, const uint8_t *pixels, uint8_t *row)
{
    const lg_loader_options *options = &loader->options;
    if (loader->moves) {
        const lg_view view =
            lg_augment_draw(&options->augment, options->seed, loader->epoch, sample);
        lg_view_apply(&view, loader->set->shape, pixels, row);
    } else if (pixels != row) {
        memcpy(row, pixels, loader->features);
    }
}

/* The pixels of a streamed sample, read or resident, into a row of its slot. */
static logit_status fill_row(lg_crew_member *self, lg_slot *slot, int64_t i, int32_t sample,
                             uint8_t *row, logit_error *err)
{
    const lg_loader *loader = self->loader;
    const uint8_t *pixels = loader->pixels + (size_t)sample * loader->features;
    if (!loader->preloaded) {
        uint8_t *out = loader->moves ? self->scratch : row;
        LG_TRY(read_sample(self, slot, i, sample, out, err));
        pixels = out;
    }
    deliver(loader, sample, pixels, row);
    return LOGIT_OK;
}

/* What it is at now: place `at` of the epoch, or -1. */
static void note(lg_crew_member *self, int64_t at)
{
    atomic_store_explicit(&self->at, at, memory_order_relaxed);
}

/* Sample i of a streamed batch, `at` in the epoch, into its slot. */
static logit_status stream_sample(lg_crew_member *self, lg_slot *slot, int64_t i, int64_t at,
                                  logit_error *err)
{
    const lg_loader *loader = self->loader;
    const int32_t sample = loader->order[at];
    note(self, at);
    const lg_share share = loader->share ? (lg_share)loader->share[at] : LG_SHARE_READ;
    const int64_t row = loader->row ? loader->row[at] : i;
    uint8_t *out = slot->pixels + (size_t)row * loader->features;
    if (slot->is_bad) slot->is_bad[i] = 0;
    if (share == LG_SHARE_READ) LG_TRY(fill_row(self, slot, i, sample, out, err));
    const int is_known = loader->preloaded && lg_loader_is_bad(loader, sample);
    copy_answer(loader, slot, row, sample,
                share == LG_SHARE_HELD_BAD || is_known || (slot->is_bad && slot->is_bad[i]));
    return LOGIT_OK;
}

/* Sample i of the batch, `at` in the order, for a job that is not streaming.  sums collects for the
 * piece. */
static logit_status do_sample(lg_crew_member *self, lg_slot *slot, int64_t i, int64_t at,
                              lg_sums *sums, logit_error *err)
{
    lg_loader *loader = self->loader;
    const int32_t sample = loader->order[at];
    const size_t row = (size_t)sample * loader->features;
    const uint8_t *pixels = loader->preloaded ? loader->pixels + row : NULL;
    note(self, at);
    if (slot->is_bad) slot->is_bad[i] = 0;
    if (!pixels) {
        uint8_t *out = loader->job == LG_JOB_PRELOAD ? loader->map + row
                                                     : slot->pixels + (size_t)i * loader->features;
        LG_TRY(read_sample(self, slot, i, sample, out, err));
        pixels = out;
    }
    const int is_bad = (slot->is_bad && slot->is_bad[i]) ||
                       (loader->preloaded && lg_loader_is_bad(loader, sample));
    if (loader->job == LG_JOB_SUM && !is_bad)
        lg_sums_add(sums, pixels, loader->features, loader->set->shape.channels);
    return LOGIT_OK;
}

/* How many batches before its turn the set hears of a sample: those in the slots, which may all be
 * read at once, and as many more as hold AHEAD_BYTES of decoded samples. */
static int64_t how_far_ahead(const lg_loader *loader, int64_t batch)
{
    enum { AHEAD_BYTES = 16 << 20, MOST = 64 };
    const int64_t rows = batch < loader->rows ? batch : loader->rows;
    const int64_t more = AHEAD_BYTES / (rows * (int64_t)loader->features);
    return loader->slots + (more < 1 ? 1 : more > MOST ? MOST : more);
}

/* Tells the set of order[begin .. end-1], without the samples that are spared. */
static void tell(const lg_loader *loader, int64_t begin, int64_t end)
{
    const int is_shared = loader->share && loader->job == LG_JOB_STREAM;
    while (begin < end) {
        int64_t stop = is_shared ? begin : end;
        while (stop < end && loader->share[stop] == LG_SHARE_READ) stop++;
        if (stop > begin) loader->set->ops->ahead(loader->set, loader->order + begin, stop - begin);
        begin = stop + is_shared;
    }
}

/* Tells the set what comes up to `ahead` batches after batch b.  The first piece of b calls this,
 * before it reads: a batch is begun only once all that lie as many slots before it are complete,
 * so it was told by then. */
static void tell_ahead(lg_loader *loader, int64_t b)
{
    const lg_set *set = loader->set;
    const lg_ring_plan *plan = &loader->plan;
    if (!set->ops->ahead || loader->preloaded) return;
    pthread_mutex_lock(&loader->told_mutex);
    const int64_t last = b + loader->ahead, whole = plan->samples / plan->batch;
    const int64_t end = last <= whole ? last * plan->batch : plan->samples;
    if (end > loader->told) {
        tell(loader, loader->told, end);
        loader->told = end;
    }
    pthread_mutex_unlock(&loader->told_mutex);
}

/* Samples from `at` in the epoch on that are read and lie one behind the other in their slot: at
 * most `most`, and none if the first is spared. */
static int64_t count_run(const lg_loader *loader, int64_t at, int64_t most)
{
    int64_t n = 0;
    if (!loader->share) return most;
    while (n < most && loader->share[at + n] == LG_SHARE_READ) n++;
    return n;
}

/* n samples from place i of their batch on, `first` + i in the epoch; *i is then the one behind
 * them, or the one that failed. */
static logit_status copy_run(lg_crew_member *self, lg_slot *slot, int64_t first, int64_t n,
                             int64_t *i, logit_error *err)
{
    lg_loader *loader = self->loader;
    const lg_set *set = loader->set;
    const int32_t *sample = loader->order + first + *i;
    note(self, first + *i);
    int64_t row = loader->row ? loader->row[first + *i] : *i, good = n;
    uint8_t *out = slot->pixels + (size_t)row * loader->features;
    if (slot->is_bad) memset(slot->is_bad + *i, 0, (size_t)n);
    for (int64_t j = 0; set->label && j < n; j++) /* wanted once the pixels are copied */
        __builtin_prefetch(&set->label[sample[j]], 0, 1);
    const logit_status status = set->ops->read_rows(set, sample, n, self->decoder, out, &good, err);
    for (int64_t j = 0; j < good; j++) copy_answer(loader, slot, row++, sample[j], 0);
    *i += good;
    if (status == LOGIT_OK) return LOGIT_OK;
    out += (size_t)good * loader->features;
    LG_TRY(forgive(loader, slot, *i, sample[good], out, status, err));
    copy_answer(loader, slot, row, sample[good], 1);
    ++*i;
    return LOGIT_OK;
}

/* A piece of a streamed batch whose samples are copied, many at a time.  *at is the sample that
 * failed. */
static logit_status copy_piece(lg_crew_member *self, const lg_ring_work *piece, int64_t *at,
                               logit_error *err)
{
    const lg_loader *loader = self->loader;
    const int64_t first = piece->batch * loader->plan.batch;
    lg_slot *slot = &loader->slot[piece->slot];
    for (*at = piece->begin; *at < piece->end && !lg_ring_abandoned(loader->ring);) {
        const int64_t left = piece->end - *at;
        const int64_t n = count_run(loader, first + *at, left < COPIED_ROWS ? left : COPIED_ROWS);
        if (n > 0) {
            LG_TRY(copy_run(self, slot, first, n, at, err));
            continue;
        }
        LG_TRY(stream_sample(self, slot, *at, first + *at, err));
        ++*at;
    }
    return LOGIT_OK;
}

/* *at is the sample that failed. */
static logit_status do_piece(lg_crew_member *self, const lg_ring_work *piece, int64_t *at,
                             logit_error *err)
{
    lg_loader *loader = self->loader;
    const int64_t first = piece->batch * loader->plan.batch;
    lg_slot *slot = &loader->slot[piece->slot];
    lg_sums sums = {0};
    note(self, first + piece->begin);
    if (piece->begin == 0) tell_ahead(loader, piece->batch);
    const int copies = loader->job == LG_JOB_STREAM && !loader->moves && !loader->preloaded;
    if (copies && loader->set->ops->read_rows) return copy_piece(self, piece, at, err);
    for (*at = piece->begin; *at < piece->end && !lg_ring_abandoned(loader->ring); ++*at)
        LG_TRY(loader->job == LG_JOB_STREAM ? stream_sample(self, slot, *at, first + *at, err)
                                            : do_sample(self, slot, *at, first + *at, &sums, err));
    if (loader->job == LG_JOB_SUM) {
        pthread_mutex_lock(&loader->mutex);
        lg_sums_merge(&loader->sums, &sums);
        pthread_mutex_unlock(&loader->mutex);
    }
    return LOGIT_OK;
}

static void do_and_publish(lg_crew_member *self, const lg_ring_work *piece)
{
    logit_error error;
    int64_t at;
    const logit_status status = do_piece(self, piece, &at, &error);
    note(self, -1);
    lg_ring_publish(self->loader->ring, piece, status, at, &error);
}

static void *work(void *argument)
{
    lg_crew_member *self = argument;
    lg_ring_work piece;
    while (lg_ring_claim(self->loader->ring, &piece)) do_and_publish(self, &piece);
    return NULL;
}

/* Most samples of a piece of the caller's: it must be free soon after its batch is there, and the
 * disk may be slow. */
static int64_t piece_of_caller(const lg_loader *loader)
{
    const int64_t copied = COPIED_BYTES / (int64_t)loader->features;
    const int64_t most =
        loader->job == LG_JOB_STREAM || copied < JOB_ROWS_OF_CALLER ? copied : JOB_ROWS_OF_CALLER;
    return most < 1 ? 1 : most;
}

/* The caller does pieces until its batch is there, none is left, or *patience is, from which the
 * time is taken. */
static logit_status help(lg_loader *loader, lg_ring_work *batch, double *patience, logit_error *err)
{
    const int64_t most = piece_of_caller(loader);
    const double since = lg_seconds();
    double spent = 0.0;
    logit_status status = LOGIT_OK;
    lg_ring_work piece;
    while (status == LOGIT_OK && batch->batch == LG_RING_LATER &&
           (*patience < 0.0 || spent < *patience) &&
           lg_ring_try_claim(loader->ring, most, &piece)) {
        const double before = spent;
        do_and_publish(&loader->crew[loader->options.threads], &piece);
        status = lg_ring_take(loader->ring, batch, 0.0, err);
        spent = lg_seconds() - since;
        if (spent - before >= lg_stall_seconds()) lg_loader_slept(loader, spent - before);
    }
    loader->helped += spent;
    if (*patience >= 0.0) *patience = spent < *patience ? *patience - spent : 0.0;
    return status;
}

logit_status lg_crew_take(lg_loader *loader, lg_ring_work *batch, double patience, logit_error *err)
{
    if (!loader->helps) return lg_ring_take(loader->ring, batch, patience, err);
    LG_TRY(lg_ring_take(loader->ring, batch, 0.0, err));
    if (batch->batch == LG_RING_LATER) LG_TRY(help(loader, batch, &patience, err));
    if (batch->batch != LG_RING_LATER) return LOGIT_OK;
    return lg_ring_take(loader->ring, batch, patience, err);
}

/* What a member needs beside its thread. */
static logit_status equip(lg_loader *loader, lg_crew_member *member, logit_error *err)
{
    member->loader = loader;
    atomic_init(&member->at, -1);
    if (lg_augment_is_on(&loader->options.augment)) {
        member->scratch = malloc(loader->features);
        if (!member->scratch) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a sample");
    }
    return loader->preloaded ? LOGIT_OK : lg_set_decoder(&member->decoder, loader->set, err);
}

static logit_status start_member(lg_loader *loader, lg_crew_member *member, logit_error *err)
{
    LG_TRY(equip(loader, member, err));
    if (pthread_create(&member->thread, NULL, work, member) == 0) return LOGIT_OK;
    const int threads = loader->started ? loader->started : 1;
    LG_FAIL(err, LOGIT_E_NOMEM, "only %d of %d decoder threads could be started; try --threads %d",
            loader->started, loader->options.threads, threads);
}

logit_status lg_crew_start(lg_loader *loader, logit_error *err)
{
    if (loader->ring) return LOGIT_OK;
    loader->helps = loader->preloaded || loader->set->ops->read_rows;
    const int members = loader->options.threads, own = members > 1 && loader->helps;
    LG_TRY(lg_ring_create(&loader->ring, loader->slots, err));
    loader->crew = calloc((size_t)members + 1, sizeof *loader->crew);
    logit_status status = LOGIT_OK;
    if (!loader->crew)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for %d threads",
                         members);
    if (status == LOGIT_OK && loader->helps) status = equip(loader, &loader->crew[members], err);
    while (status == LOGIT_OK && loader->started < members - own) {
        status = start_member(loader, &loader->crew[loader->started], err);
        if (status == LOGIT_OK) loader->started++;
    }
    if (status != LOGIT_OK) lg_crew_stop(loader);
    return status;
}

void lg_crew_stop(lg_loader *loader)
{
    if (!loader->ring) return;
    lg_ring_stop(loader->ring);
    lg_loader_drop(loader);
    /* without a crew none was started: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    for (int i = 0; i < loader->started; i++) pthread_join(loader->crew[i].thread, NULL);
    for (int i = 0; i <= loader->options.threads && loader->crew; i++) {
        lg_decoder_destroy(loader->crew[i].decoder);
        free(loader->crew[i].scratch);
    }
    free(loader->crew);
    lg_ring_destroy(loader->ring);
    loader->crew = NULL;
    loader->ring = NULL;
    loader->started = 0;
}

void lg_crew_begin(lg_loader *loader, lg_job job, int64_t samples, int64_t batch, int64_t first)
{
    for (int i = 0; i < loader->slots; i++) { /* notes of an epoch that was dropped */
        loader->slot[i].bad = 0;
        loader->slot[i].listed.count = 0;
    }
    loader->job = job;
    loader->plan = (lg_ring_plan){
        .samples = samples, .batch = batch, .grain = piece_size(loader, batch), .first = first};
    loader->told = first * batch;
    loader->ahead = how_far_ahead(loader, batch);
    loader->helped = 0.0;
    tell_ahead(loader, first);
    lg_ring_start(loader->ring, loader->plan);
}
