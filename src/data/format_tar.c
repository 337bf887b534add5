/* format_tar.c -- images in tar shards, read where they lie; nothing is ever extracted.
 *
 * Layer 1 (data).  Opening walks the headers once; reading a sample is one read of exactly its
 * bytes.  Samples stand in the order of the shards and of what lies in them, so that neighbours by
 * index lie side by side.  A shard that has changed since it was walked is an error. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "data/identity.h"
#include "data/tar_part.h"

enum {
    SHOWN = 400,
    MOST_OPEN = 128 /* shards that are kept open; of more each is opened for each sample */
};

/* What a set of this format owns. */
typedef struct tar_set {
    lg_tar_shard *shard; /* [shards] */
    int shards;
    lg_tar_sample *sample; /* [count] */
    int *fd;               /* [shards], or NULL: not kept open */
} tar_set;

/* ----------------------------------------------------------------------------- one sample --- */

static int is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static logit_status check_unchanged(const lg_tar_shard *shard, int fd, logit_error *err)
{
    struct stat now;
    char shown[SHOWN];
    if (fstat(fd, &now) == 0 && is_same(&now, &shard->info)) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_IO, "%s: has changed since it was opened (it had %lld bytes)",
            lg_text_escape(shown, sizeof shown, shard->path), (long long)shard->info.st_size);
}

/* A descriptor of the shard as it was walked.  Give it back with leave. */
static logit_status reach(const tar_set *own, const lg_tar_shard *shard, int *fd, logit_error *err)
{
    if (own->fd)
        *fd = own->fd[shard - own->shard];
    else
        LG_TRY(lg_file_open(fd, AT_FDCWD, shard->path, NULL, err));
    const logit_status status = check_unchanged(shard, *fd, err);
    if (status != LOGIT_OK && !own->fd) close(*fd);
    return status;
}

static void leave(const tar_set *own, int fd)
{
    if (!own->fd) close(fd);
}

static const char *tar_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    const tar_set *own = set->own;
    return lg_tar_sample_name(lg_tar_shard_of(own->shard, own->shards, i), &own->sample[i], i, out,
                              size);
}

/* Gives the descriptor back.  What could not be read of a shard that has changed meanwhile failed
 * for that; other errors get the member's name in front, which is made only then. */
static logit_status finish(logit_status status, const lg_set *set, int64_t i, int fd,
                           logit_error *err)
{
    const tar_set *own = set->own;
    char name[2 * SHOWN];
    const int failed = status == LOGIT_E_DATA || status == LOGIT_E_IO;
    const logit_status changed =
        failed ? check_unchanged(lg_tar_shard_of(own->shard, own->shards, i), fd, err) : LOGIT_OK;
    leave(own, fd);
    if (changed != LOGIT_OK) return changed;
    if (err && failed) lg_error_prefix(err, "%s", tar_name(set, i, name, sizeof name));
    return status;
}

static lg_image_span span_of(const lg_tar_sample *sample, int fd)
{
    return (lg_image_span){
        .fd = fd, .offset = (int64_t)sample->block * LG_TAR_BLOCK, .size = sample->size};
}

static logit_status tar_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                             logit_error *err)
{
    const tar_set *own = set->own;
    int fd;
    LG_TRY(reach(own, lg_tar_shard_of(own->shard, own->shards, i), &fd, err));
    const logit_status status =
        lg_image_decode_span(decoder, span_of(&own->sample[i], fd), "", set->shape, out, err);
    return finish(status, set, i, fd, err);
}

static logit_status tar_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                              logit_error *err)
{
    const tar_set *own = set->own;
    int fd;
    LG_TRY(reach(own, lg_tar_shard_of(own->shard, own->shards, i), &fd, err));
    *bytes = own->sample[i].size;
    const logit_status status = lg_image_probe_span(span_of(&own->sample[i], fd), "", info, err);
    return finish(status, set, i, fd, err);
}

static void tar_close(lg_set *set)
{
    tar_set *own = set->own;
    if (!own) return;
    for (int i = 0; i < own->shards; i++) {
        if (own->fd && own->fd[i] >= 0) close(own->fd[i]);
        free(own->shard[i].path);
    }
    free(own->fd);
    free(own->shard);
    free(own->sample);
    free(own);
}

/* The shards as they were walked, and where in them the samples lie. */
static logit_status tar_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    const tar_set *own = set->own;
    (void)err;
    for (int i = 0; i < own->shards; i++) {
        const char *slash = strrchr(own->shard[i].path, '/');
        const char *leaf = slash ? slash + 1 : own->shard[i].path;
        lg_identity_add(identity, leaf, strlen(leaf) + 1);
        lg_identity_add_file(identity, &own->shard[i].info);
        lg_identity_add(identity, &own->shard[i].first, sizeof own->shard[i].first);
    }
    for (int64_t i = 0; i < set->count; i++) {
        const uint32_t place[2] = {own->sample[i].block, own->sample[i].size};
        lg_identity_add(identity, place, sizeof place);
    }
    return LOGIT_OK;
}

static const lg_set_ops tar_ops = {.read = tar_read,
                                   .name = tar_name,
                                   .probe = tar_probe,
                                   .close = tar_close,
                                   .identify = tar_identify};

/* ------------------------------------------------------------------------------ the parts --- */

typedef struct tar_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    lg_tar_shards shards[LG_PART_COUNT];
    lg_tar_part part[LG_PART_COUNT];
    lg_name_table table[LG_PART_COUNT]; /* the parts' classes */
    lg_classes classes;
} tar_plan;

/* A class of val or test that train lacks could never be learnt. */
static logit_status refuse_class(const tar_plan *plan, int p, int32_t number, logit_error *err)
{
    char shown[SHOWN], wrong[SHOWN], list[SHOWN];
    const lg_tar_part *part = &plan->part[p];
    const lg_tar_shard *shard = &part->shard[plan->table[p].entry[number].place];
    LG_FAIL(err, LOGIT_E_DATA, "%s: class %s is not in the train part, which has %s [RANGE]",
            lg_text_escape(shown, sizeof shown, shard->path),
            lg_text_escape(wrong, sizeof wrong, lg_name_table_name(&plan->table[p], number)),
            lg_classes_brief(list, sizeof list, plan->classes.name, plan->classes.count));
}

/* Numbers become labels; samples of classes that are left out are dropped. */
static logit_status give_labels(tar_plan *plan, int p, logit_error *err)
{
    char shown[SHOWN];
    lg_tar_part *part = &plan->part[p];
    int32_t *label = malloc((size_t)plan->table[p].count * sizeof *label);
    if (!label) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", plan->table[p].count);
    const int32_t unknown = lg_name_table_labels(&plan->table[p], &plan->classes, label);
    if (unknown < 0) lg_tar_part_keep(part, label);
    free(label);
    if (unknown >= 0) return refuse_class(plan, p, unknown, err);
    if (part->count > 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: holds no image of the classes asked for (%s)",
            lg_text_escape(shown, sizeof shown, part->shard[0].path), plan->options->classes);
}

/* Opens the shards again, where there are few, and holds them against what was walked. */
static logit_status keep_open(tar_set *own, logit_error *err)
{
    if (own->shards > MOST_OPEN) return LOGIT_OK;
    own->fd = malloc((size_t)own->shards * sizeof *own->fd);
    if (!own->fd) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d shards", own->shards);
    for (int i = 0; i < own->shards; i++) own->fd[i] = -1;
    for (int i = 0; i < own->shards; i++) {
        LG_TRY(lg_file_open(&own->fd[i], AT_FDCWD, own->shard[i].path, NULL, err));
        LG_TRY(check_unchanged(&own->shard[i], own->fd[i], err));
    }
    return LOGIT_OK;
}

/* Gives back the room that growing left over. */
static void *fit(void *array, int64_t count, size_t size)
{
    void *fitting = realloc(array, (size_t)count * size);
    return fitting ? fitting : array;
}

/* Makes the set of a part; what was found moves there. */
static logit_status make_set(tar_plan *plan, int p, logit_error *err)
{
    lg_tar_part *part = &plan->part[p];
    LG_TRY(give_labels(plan, p, err));
    tar_set *own = calloc(1, sizeof *own);
    if (!own) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    const logit_status status =
        lg_set_create(&plan->dataset->part[p], (lg_part)p, part->count, err);
    if (status != LOGIT_OK) {
        free(own);
        return status;
    }
    lg_set *set = plan->dataset->part[p];
    set->ops = &tar_ops;
    set->own = own;
    set->as_it_lies = 1;
    set->decodes = 1;
    set->label = fit(part->number, part->count, sizeof *set->label);
    own->sample = fit(part->sample, part->count, sizeof *own->sample);
    own->shard = part->shard;
    own->shards = part->shards;
    *part = (lg_tar_part){0};
    return keep_open(own, err);
}

/* ----------------------------------------------------------------------------- the format --- */

static logit_status open_plan(tar_plan *plan, logit_error *err)
{
    lg_dataset *dataset = plan->dataset;
    LG_TRY(lg_tar_find(plan->shards, dataset, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        if (plan->shards[p].count == 0) continue;
        LG_TRY(
            lg_tar_part_read(&plan->part[p], &plan->shards[p], dataset, plan->options->watch, err));
        plan->table[p] = plan->part[p].classes;
        plan->part[p].classes = (lg_name_table){0};
    }
    LG_TRY(lg_name_tables_freeze(&plan->classes, plan->table, dataset->path, plan->options, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->shards[p].count > 0) LG_TRY(make_set(plan, p, err));
    lg_classes_give(&plan->classes, dataset);
    LG_TRY(lg_dataset_count_empty(dataset, plan->options, err));
    return lg_dataset_settle_shape(dataset, plan->options, err);
}

logit_status lg_format_tar_probe(const char *path, int *mine, logit_error *err)
{
    return lg_tar_is_named(path, mine, err);
}

logit_status lg_format_tar_open(lg_dataset *dataset, const lg_dataset_options *options,
                                logit_error *err)
{
    tar_plan plan = {.dataset = dataset, .options = options};
    const logit_status status = open_plan(&plan, err);
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_tar_shards_clear(&plan.shards[p]);
        lg_tar_part_clear(&plan.part[p]);
        lg_name_table_clear(&plan.table[p]);
    }
    lg_classes_clear(&plan.classes);
    return status;
}
