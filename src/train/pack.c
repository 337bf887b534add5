/* pack.c -- logit_pack: every sample of a set, decoded once, into one file.
 *
 * The loader decodes, in the order of the rows, with all threads; this thread writes what comes
 * out.  A bad sample keeps its row (zeros) and its place, so that nothing moves. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "base/text.h"
#include "data/identity.h"
#include "data/loader.h"
#include "data/packed_write.h"
#include "train/pack.h"
#include "train/settings.h"

enum {
    MOST_ROWS = 256,       /* of a minibatch */
    BATCH_BYTES = 4 << 20, /* of a minibatch, about */
    SLOTS = 16
};

static const double keep_every = 2.0; /* seconds between two states of the journal */

/* The rule by which images are decoded. */

typedef struct packing {
    const logit_pack_options *options; /* settled */
    const logit_watch *watch;
    lg_dataset *data;
    lg_packed_writer *writer;
    lg_packed_header header;
    int32_t *place[LG_PART_COUNT]; /* [count] row p holds sample place[p]; NULL: p */
    int64_t total, before, done;
    double began, kept;
} packing;

/* The rows of a part that are still to be decoded, and what that takes. */
typedef struct stretch {
    packing *all;
    const lg_set *set;
    int part;
    int64_t count;
    int32_t *row, *sample; /* [count] */
    lg_loader *loader;
    lg_decoder *decoder;
    uint8_t *pixels; /* one row */
} stretch;

void logit_pack_options_default(logit_pack_options *options)
{
    *options = (logit_pack_options){.order = "random"};
    logit_options_default(&options->data);
}

/* ------------------------------------------------------------------------------ one batch --- */

/* A sample that the loader could not read is read again, for its reason; if it can be read by now,
 * so much the better. */
static logit_status put_bad(stretch *s, int64_t row, int32_t sample, logit_error *err)
{
    logit_error why;
    const logit_status status = s->set->ops->read(s->set, sample, s->decoder, s->pixels, &why);
    if (status == LOGIT_OK) return lg_packed_put(s->all->writer, s->part, row, 1, s->pixels, err);
    if (status == LOGIT_E_DATA || status == LOGIT_E_IO)
        return lg_packed_put_bad(s->all->writer, s->part, sample, &why, err);
    if (err) *err = why;
    return status;
}

static logit_status check_share(const stretch *s, logit_error *err)
{
    const double most = s->all->options->data.max_bad;
    const int64_t bad = lg_packed_bads(s->all->writer, s->part);
    if ((double)bad <= most * (double)s->set->count) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%lld of the %lld samples of the %s part are bad, more than the %g %% that may be "
            "skipped; logit data lists them.  Mend or remove them, or raise --max-bad",
            (long long)bad, (long long)s->set->count, lg_part_names[s->part], 100.0 * most);
}

/* Rows that follow one another are written at once. */
static logit_status put_batch(stretch *s, const lg_minibatch *mini, const int32_t *row,
                              logit_error *err)
{
    const size_t bytes = s->all->header.part[s->part].row_bytes;
    for (int64_t i = 0, run; i < mini->count; i += run) {
        const int64_t at = mini->row ? mini->row[i] : i;
        for (run = 1; i + run < mini->count; run++)
            if (row[i + run] != row[i] + run || (mini->row && mini->row[i + run] != at + run))
                break;
        LG_TRY(lg_packed_put(s->all->writer, s->part, row[i], run,
                             mini->pixels + (size_t)at * bytes, err));
    }
    int bad = 0;
    for (int64_t i = 0; i < mini->count; i++) {
        if (!lg_loader_is_bad(s->loader, mini->sample[i])) continue;
        bad = 1;
        LG_TRY(put_bad(s, row[i], mini->sample[i], err));
    }
    return bad ? check_share(s, err) : LOGIT_OK;
}

static logit_status report(packing *all, logit_error *err)
{
    const logit_watch *watch = all->watch;
    const double now = lg_seconds(), spent = now - all->began;
    if (now - all->kept >= keep_every) {
        LG_TRY(lg_packed_keep(all->writer, err));
        all->kept = lg_seconds();
    }
    const double rate = spent > 0.0 ? (double)(all->done - all->before) / spent : 0.0;
    const logit_progress progress = {
        .phase = LOGIT_PHASE_PACK,
        .done = all->done,
        .total = all->total,
        .loss = NAN,
        .samples_per_second = rate,
        .seconds_left = rate > 0.0 && spent > 1.0 ? (double)(all->total - all->done) / rate : NAN};
    if (watch && watch->progress) watch->progress(watch->user, &progress);
    if (watch && watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED,
                "stopped after %lld of %lld samples; the same command goes on from there",
                (long long)all->done, (long long)all->total);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- one part --- */

static logit_status pack_batches(stretch *s, logit_error *err)
{
    const lg_minibatch *mini;
    int64_t at = 0;
    LG_TRY(lg_loader_start(s->loader, 0, 0, err));
    for (;;) {
        LG_TRY(lg_loader_next(s->loader, &mini, err));
        if (!mini) return LOGIT_OK;
        const logit_status status = put_batch(s, mini, s->row + at, err);
        at += mini->count;
        s->all->done += mini->count;
        lg_loader_release(s->loader, mini);
        LG_TRY(status);
        LG_TRY(report(s->all, err));
    }
}

/* The rows that no earlier call has written, and their samples. */
static logit_status list_rows(stretch *s, logit_error *err)
{
    const packing *all = s->all;
    const int32_t *place = all->place[s->part];
    const int64_t left = s->set->count - lg_packed_done(all->writer, s->part);
    s->row = malloc((size_t)(left + 1) * sizeof *s->row);
    s->sample = malloc((size_t)(left + 1) * sizeof *s->sample);
    if (!s->row || !s->sample)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %lld rows", (long long)left);
    for (int64_t row = 0; row < s->set->count; row++) {
        if (lg_packed_has(all->writer, s->part, row)) continue;
        s->row[s->count] = (int32_t)row;
        s->sample[s->count++] = place ? place[row] : (int32_t)row;
    }
    return LOGIT_OK;
}

/* A loader that streams, through a few slots, however small the set is: what is decoded is to be
 * written soon. */
static logit_status open_loader(stretch *s, logit_error *err)
{
    const logit_options *options = &s->all->options->data;
    const int64_t bytes = (int64_t)s->all->header.part[s->part].row_bytes;
    int64_t batch = BATCH_BYTES / bytes;
    if (batch < 1) batch = 1;
    if (batch > MOST_ROWS) batch = MOST_ROWS;
    int64_t memory = SLOTS * batch * (bytes + (int64_t)sizeof(double));
    if (memory >= s->count * bytes) memory = s->count * bytes - 1;
    const lg_loader_options how = {.set = s->set,
                                   .only = s->sample,
                                   .only_count = s->count,
                                   .batch = batch,
                                   .shuffle = LG_SHUFFLE_NONE,
                                   .threads = options->threads,
                                   .memory = memory,
                                   .skip_bad = strcmp(options->on_bad, "skip") == 0,
                                   .max_bad = 1.0,
                                   .watch = s->all->watch};
    LG_TRY(lg_set_decoder(&s->decoder, s->set, err));
    s->pixels = malloc((size_t)bytes);
    if (!s->pixels) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a sample");
    return lg_loader_create(&s->loader, &how, err);
}

static logit_status pack_part(packing *all, int part, logit_error *err)
{
    stretch s = {.all = all, .set = all->data->part[part], .part = part};
    logit_status status = list_rows(&s, err);
    if (status == LOGIT_OK && s.count > 0) status = open_loader(&s, err);
    if (status == LOGIT_OK && s.count > 0) status = pack_batches(&s, err);
    lg_loader_destroy(s.loader);
    lg_decoder_destroy(s.decoder);
    free(s.pixels);
    free(s.row);
    free(s.sample);
    return status;
}

/* --------------------------------------------------------------------------- the whole set --- */

static void plan_part(packing *all, int p)
{
    const lg_set *set = all->data->part[p];
    lg_packed_part *part = &all->header.part[p];
    part->count = (uint64_t)set->count;
    part->shape = set->shape;
    part->element = set->element;
    part->target_width = set->label ? 0 : (uint32_t)set->target_width;
    part->flags = set->as_it_lies ? LG_PACKED_AS_IT_LIES : 0;
    lg_packed_measure(part);
    all->total += set->count;
}

/* A set whose order is its own (a tar) keeps it: its blocks are what --shuffle block draws. */
static logit_status order_part(packing *all, int p, logit_error *err)
{
    const lg_set *set = all->data->part[p];
    if (set->as_it_lies || strcmp(all->options->order, "index") == 0) return LOGIT_OK;
    all->place[p] = malloc((size_t)set->count * sizeof *all->place[p]);
    if (!all->place[p])
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the order of %lld rows",
                (long long)set->count);
    lg_order_mix(all->place[p], set->count);
    return LOGIT_OK;
}

static logit_status open_data(lg_dataset **out, const char *path, const logit_options *options,
                              const logit_watch *watch, logit_error *err)
{
    lg_pool *pool;
    LG_TRY(lg_pool_create(&pool, options->threads, err));
    lg_dataset_options how = {.classes = options->classes,
                              .labels = (lg_label_kind)lg_label_find(options->labels),
                              .untrusted = options->untrusted,
                              .memory = options->memory,
                              .shape = {options->height, options->width, options->channels},
                              .pool = pool,
                              .unreadable_ends = strcmp(options->on_bad, "skip") != 0,
                              .watch = watch};
    logit_status status = lg_decoder_choose(&how.decoding, options, NULL, watch, err);
    if (status == LOGIT_OK) status = lg_dataset_open(out, path, &how, err);
    lg_pool_destroy(pool);
    return status;
}

static logit_status open_writer(packing *all, logit_error *err)
{
    char how[64];
    lg_packed_plan plan = {
        .path = all->options->file, .replace = all->options->data.force, .resume = 1};
    all->header.flags = all->data->has_parts ? LG_PACKED_HAS_PARTS : 0;
    all->header.classes = (uint32_t)all->data->classes;
    all->header.decoding = all->data->decoding;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (!all->data->part[p]) continue;
        plan_part(all, p);
        LG_TRY(order_part(all, p, err));
    }
    snprintf(how, sizeof how, "%s, order %s", lg_decoding_name(all->data->decoding),
             all->options->order);
    LG_TRY(lg_dataset_identity(all->data, how, plan.key, err));
    plan.header = all->header;
    LG_TRY(lg_packed_create(&all->writer, &plan, err));
    for (int p = 0; p < LG_PART_COUNT; p++) all->before += lg_packed_done(all->writer, p);
    all->done = all->before;
    return LOGIT_OK;
}

static logit_status finish(packing *all, int64_t *bytes, logit_error *err)
{
    lg_packed_rest rest = {.class_name = all->data->class_name};
    lg_text source = {0};
    lg_text_add(&source, "{\"format\": ");
    lg_text_add_json(&source, all->data->format);
    lg_text_add(&source, ", \"decoder\": \"%s\", \"resize\": \"%s\", \"version\": \"%s\"}",
                lg_decoding_name(all->data->decoding), LG_IMAGE_RESIZE_RULE, LOGIT_VERSION);
    if (source.failed) {
        lg_text_clear(&source);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a line of text");
    }
    rest.source = source.data;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = all->data->part[p];
        if (!set) continue;
        rest.part[p].label = set->label;
        rest.part[p].target = set->target;
        rest.part[p].weight = set->weight;
        rest.part[p].place = all->place[p];
        rest.part[p].named = set;
    }
    const logit_status status = lg_packed_finish(all->writer, &rest, bytes, err);
    lg_text_clear(&source);
    return status;
}

static logit_status pack(packing *all, int64_t *bytes, logit_error *err)
{
    LG_TRY(open_writer(all, err));
    all->began = lg_seconds(); /* the first batch is kept at once: kept is 0 */
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (all->data->part[p]) LG_TRY(pack_part(all, p, err));
    return finish(all, bytes, err);
}

static void summarise(const packing *all, int64_t bytes, double began, logit_pack_summary *out)
{
    *out = (logit_pack_summary){.count = all->total,
                                .before = all->before,
                                .classes = all->data->classes,
                                .bytes = bytes,
                                .seconds = lg_seconds() - began};
    for (int p = LG_PART_COUNT - 1; p >= 0; p--) {
        const lg_set *set = all->data->part[p];
        if (!set) continue;
        out->height = set->shape.height;
        out->width = set->shape.width;
        out->channels = set->shape.channels;
        out->bad += lg_packed_bads(all->writer, p);
    }
}

static logit_status check_options(const logit_pack_options *options, logit_error *err)
{
    if (!options->file || !*options->file)
        LG_FAIL(err, LOGIT_E_USAGE, "where to? give the file with -o FILE");
    if (strcmp(options->order, "random") != 0 && strcmp(options->order, "index") != 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--order \"%s\": expected random or index", options->order);
    return LOGIT_OK;
}

logit_status logit_pack(const char *data, const logit_pack_options *given, const logit_watch *watch,
                        logit_pack_summary *summary, logit_error *err)
{
    logit_pack_options options = *given;
    lg_dataset *set;
    const double began = lg_seconds();
    if (summary) *summary = (logit_pack_summary){0};
    LG_TRY(check_options(&options, err));
    LG_TRY(lg_options_settle(&options.data, err));
    LG_TRY(open_data(&set, data, &options.data, watch, err));
    const logit_status status = lg_pack_dataset(set, &options, watch, summary, err);
    if (status == LOGIT_OK && summary) summary->seconds = lg_seconds() - began;
    lg_dataset_close(set);
    return status;
}

logit_status lg_pack_dataset(lg_dataset *data, const logit_pack_options *options,
                             const logit_watch *watch, logit_pack_summary *summary,
                             logit_error *err)
{
    packing all = {.options = options, .watch = watch, .data = data};
    const double began = lg_seconds();
    int64_t bytes = 0;
    const logit_status status = pack(&all, &bytes, err);
    if (status == LOGIT_OK && summary) summarise(&all, bytes, began, summary);
    /* What is decoded is kept for the next call; if that fails too there is nothing left to say. */
    if (status != LOGIT_OK && all.writer && all.done > all.before) lg_packed_keep(all.writer, NULL);
    lg_packed_writer_destroy(all.writer, 1);
    for (int p = 0; p < LG_PART_COUNT; p++) free(all.place[p]);
    return status;
}
