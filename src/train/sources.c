/* sources.c -- parts of sets. */
/* SPDX-License-Identifier: MIT */
#include "train/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/cache.h"
#include "train/settings.h"
#include "train/trainer.h"

/* Threads that open a set.  Most of the time they wait for a disk that serves many at once: the
 * headers of a million files, from a cold cache, take 63 s with 2 threads and 28 s with 8, on two
 * processors.  What they find does not depend on it. */
static int opening_threads(const logit_options *options)
{
    enum { PER_THREAD = 4, MOST = 64 };
    const int threads = PER_THREAD * options->threads;
    return threads < MOST ? threads : options->threads > MOST ? options->threads : MOST;
}

/* A packed file was decoded when it was made: by another library than the one asked for, or than
 * the model's images, perhaps. */
static void tell_decoding(const lg_dataset *data, lg_decoding wanted, const logit_watch *watch)
{
    char name[600];
    if (strcmp(data->format, "packed") != 0 || data->decoding == wanted) return;
    lg_report_message(watch, LOGIT_LEVEL_NOTICE,
                      "%s was packed with the decoder %s: its pixels stay as they are, and are not "
                      "those of %s",
                      lg_text_escape(name, sizeof name, data->path),
                      lg_decoding_name(data->decoding), lg_decoding_name(wanted));
}

/* Classes and shape are those of a set, or of a model; either may be NULL. */
static void follow(lg_dataset_options *how, const lg_dataset *like, const logit_model *model)
{
    if (like) {
        how->classes = NULL;
        how->known_class = like->class_name;
        how->known_by = model ? NULL : "the training set";
        how->known_classes = like->classes;
        how->shape = like->part[LG_PART_TRAIN]->shape;
        how->element = &like->part[LG_PART_TRAIN]->element;
    }
    if (model) {
        how->known_class = model->class_name;
        how->known_classes = model->classes;
        how->shape = model->shape;
        how->element = lg_model_element(model);
    }
}

/* Opens the set at path; its classes and shape are those of `like` or `model` where given.
 * identity: text, may be NULL. */
static logit_status open_set(lg_dataset **out, char *identity, const char *path,
                             const logit_options *options, const lg_dataset *like,
                             const logit_model *model, const logit_watch *watch, logit_error *err)
{
    uint8_t bytes[LG_IDENTITY_BYTES];
    lg_pool *pool;
    lg_decoding decoding;
    LG_TRY(lg_decoder_choose(&decoding, options, model, like ? NULL : watch, err));
    LG_TRY(lg_pool_create(&pool, opening_threads(options), err));
    lg_dataset_options how = {.decoding = decoding,
                              .untrusted = options->untrusted,
                              .classes = options->classes,
                              .labels = (lg_label_kind)lg_label_find(options->labels),
                              .memory = options->memory,
                              .shape = {options->height, options->width, options->channels},
                              .pool = pool,
                              .unreadable_ends = strcmp(options->on_bad, "skip") != 0,
                              .watch = watch};
    follow(&how, like, model);
    lg_cache cache;
    lg_cache_prepare(&cache, &how, options, watch);
    logit_status status = lg_dataset_open(out, path, &how, err);
    lg_pool_destroy(pool);
    if (status == LOGIT_OK && identity) {
        status = lg_dataset_identity(*out, lg_decoding_name((*out)->decoding), bytes, err);
        lg_identity_write(identity, bytes);
    }
    if (status == LOGIT_OK && (model || strcmp(options->decoder, "auto") != 0))
        tell_decoding(*out, decoding, watch);
    if (status == LOGIT_OK) status = lg_cache_apply(&cache, out, err);
    if (status == LOGIT_OK) return LOGIT_OK;
    lg_dataset_close(*out);
    *out = NULL;
    return status;
}

/* The part of a set that somebody means who gives a path for validation or test: the part of that
 * name, else the last there is, as in an evaluation. */
static const lg_set *meant(const lg_dataset *data, lg_part part)
{
    for (int i = LG_PART_COUNT - 1; !data->part[part] && i >= 0; i--)
        if (data->part[i]) return data->part[i];
    return data->part[part];
}

static logit_status use_other(lg_sources *sources, lg_part part, const char *path,
                              const logit_options *options, const logit_model *model,
                              const logit_watch *watch, logit_error *err)
{
    lg_source *source = &sources->part[part];
    LG_TRY(open_set(&source->owned, source->identity, path, options, sources->data, model, watch,
                    err));
    source->set = meant(source->owned, part);
    source->count = source->set->count;
    return LOGIT_OK;
}

static void use_own(lg_sources *sources, lg_part part)
{
    sources->part[part].set = sources->data->part[part];
    if (sources->part[part].set) sources->part[part].count = sources->part[part].set->count;
}

static logit_status hold_out(lg_sources *sources, const logit_options *options, logit_error *err)
{
    lg_source *train = &sources->part[LG_PART_TRAIN], *val = &sources->part[LG_PART_VAL];
    const lg_set *set = train->set;
    LG_TRY(lg_order_split(set->label, set->count, sources->data->classes, options->val_split,
                          options->seed, &train->only, &train->count, &val->only, &val->count,
                          err));
    if (val->count == 0) return LOGIT_OK;
    val->set = set;
    snprintf(sources->note, sizeof sources->note,
             "%lld %s held out of the training part (%g, stratified, seed %llu)",
             (long long)val->count, lg_element_is_float(set->element) ? "samples" : "images",
             options->val_split, (unsigned long long)options->seed);
    return LOGIT_OK;
}

static logit_status open_parts(lg_sources *out, const char *path, const logit_options *options,
                               const logit_model *model, const logit_watch *watch, logit_error *err)
{
    char name[600];
    LG_TRY(open_set(&out->data, out->identity, path, options, NULL, model, watch, err));
    use_own(out, LG_PART_TRAIN);
    if (!out->part[LG_PART_TRAIN].set)
        LG_FAIL(err, LOGIT_E_DATA, "%s: has no training part",
                lg_text_escape(name, sizeof name, path));
    if (options->test)
        LG_TRY(use_other(out, LG_PART_TEST, options->test, options, model, watch, err));
    else
        use_own(out, LG_PART_TEST);
    if (options->folds > 0) {
        snprintf(out->note, sizeof out->note, "%d folds of the training part (seed %llu)%s",
                 options->folds, (unsigned long long)options->seed,
                 out->data->part[LG_PART_VAL] ? "; the set's own val part is left aside" : "");
        return LOGIT_OK;
    }
    if (options->val)
        LG_TRY(use_other(out, LG_PART_VAL, options->val, options, model, watch, err));
    else
        use_own(out, LG_PART_VAL);
    if (out->part[LG_PART_VAL].set)
        snprintf(out->note, sizeof out->note, "%s",
                 options->val ? "from --val" : "the set's own val part");
    else if (options->val_split > 0.0)
        return hold_out(out, options, err);
    return LOGIT_OK;
}

logit_status lg_sources_open(lg_sources *out, const char *path, const logit_options *options,
                             const logit_model *model, const logit_watch *watch, logit_error *err)
{
    memset(out, 0, sizeof *out);
    const logit_status status = open_parts(out, path, options, model, watch, err);
    if (status != LOGIT_OK) lg_sources_close(out);
    return status;
}

/* Which part of a set an evaluation takes: the one named, or the last there is. */
static logit_status choose_part(const lg_dataset *data, const char *path, const char *part,
                                lg_part *chosen, logit_error *err)
{
    char name[600];
    for (int i = LG_PART_COUNT - 1; i >= 0; i--) {
        *chosen = (lg_part)i;
        const int wanted = !part || strcmp(part, lg_part_names[i]) == 0;
        if (wanted && data->part[i]) return LOGIT_OK;
    }
    LG_FAIL(err, LOGIT_E_DATA, "%s: has no part \"%s\"", lg_text_escape(name, sizeof name, path),
            part ? part : "test");
}

logit_status lg_sources_open_for_eval(lg_sources *out, const char *path, const char *part,
                                      const logit_options *options, const logit_model *model,
                                      const logit_watch *watch, const char **name, logit_error *err)
{
    memset(out, 0, sizeof *out);
    lg_part chosen = LG_PART_TRAIN;
    logit_status status = open_set(&out->data, NULL, path, options, NULL, model, watch, err);
    if (status == LOGIT_OK) status = choose_part(out->data, path, part, &chosen, err);
    if (status != LOGIT_OK) {
        lg_sources_close(out);
        return status;
    }
    out->part[LG_PART_TEST].set = out->data->part[chosen];
    out->part[LG_PART_TEST].count = out->data->part[chosen]->count;
    *name = out->data->has_parts ? lg_part_names[chosen] : "all";
    return LOGIT_OK;
}

static void *alloc_host(void *user, size_t bytes)
{
    lg_backend *backend = user;
    void *memory;
    return backend->ops->alloc_host(backend, &memory, bytes, NULL) == LOGIT_OK ? memory : NULL;
}

static void free_host(void *user, void *memory)
{
    lg_backend *backend = user;
    backend->ops->free_host(backend, memory);
}

logit_status lg_source_load(lg_source *source, const logit_options *options, int classes,
                            int64_t batch, lg_shuffle shuffle, int64_t memory,
                            const logit_watch *watch, logit_error *err)
{
    const lg_loader_options how = {.set = source->set,
                                   .only = source->only,
                                   .only_count = source->count,
                                   .classes = classes,
                                   .batch = batch,
                                   .shuffle = shuffle,
                                   .seed = options->seed,
                                   .balanced = source->balanced,
                                   .augment = source->augment,
                                   .threads = options->threads,
                                   .memory = memory,
                                   .skip_bad = strcmp(options->on_bad, "skip") == 0,
                                   .max_bad = options->max_bad,
                                   .alloc_host = source->far ? alloc_host : NULL,
                                   .free_host = free_host,
                                   .alloc_user = source->far,
                                   .watch = watch};
    return lg_loader_create(&source->loader, &how, err);
}

void lg_sources_close(lg_sources *sources)
{
    for (int i = 0; i < LG_PART_COUNT; i++) {
        lg_source *source = &sources->part[i];
        lg_loader_destroy(source->loader);
        lg_dataset_close(source->owned);
        free(source->only);
    }
    lg_dataset_close(sources->data);
    memset(sources, 0, sizeof *sources);
}
