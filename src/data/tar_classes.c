/* tar_classes.c -- folder paths, cut at the depth where they part. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_classes.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SHOWN = 400 };

/* Behind "./" at the beginning of a path. */
static const char *begin_of(const char *path)
{
    while (path[0] == '.' && (path[1] == '/' || !path[1])) path += path[1] ? 2 : 1;
    return path;
}

/* Folder number `depth` of a path, *length bytes of it; 0: the path is not so deep. */
static int folder_at(const char *path, int depth, const char **folder, size_t *length)
{
    path = begin_of(path);
    for (; *path && depth > 0; depth--) {
        path += strcspn(path, "/");
        path += *path == '/';
    }
    *folder = path;
    *length = strcspn(path, "/");
    return *path != '\0';
}

static const char *folder_path(const lg_tar_part *part, int32_t number)
{
    return lg_name_table_name(&part->folders, number);
}

/* At which byte of which shard the first image of a folder lies: for messages. */
static logit_status refuse(const lg_tar_part *part, int32_t number, const char *reason,
                           logit_error *err)
{
    char shown[4 * SHOWN];
    const int64_t i = part->folders.entry[number].place;
    const lg_tar_shard *shard = lg_tar_shard_of(part->shard, part->shards, i);
    const lg_tar_sample *sample = &part->sample[i];
    const int64_t at = ((int64_t)sample->block - sample->header_blocks) * LG_TAR_BLOCK;
    const char *name = lg_tar_sample_name(shard, sample, i, shown, sizeof shown);
    return lg_place_fail(err, LG_PLACE(name, "tar", at), "FORMAT", "%s", reason);
}

/* Folders named "", "." or ".." are no classes. */
static logit_status check_folders(const lg_tar_part *part, logit_error *err)
{
    for (int32_t i = 0; i < part->folders.count; i++) {
        const char *path = begin_of(folder_path(part, i));
        if (path[0] == '/' || (!path[0] && folder_path(part, i)[0] == '/'))
            return refuse(part, i, "a path from the root cannot name a class", err);
        while (*path) {
            const size_t length = strcspn(path, "/");
            if (length == 0 || (length <= 2 && strspn(path, ".") == length))
                return refuse(part, i, "such a folder cannot be a class", err);
            path += length + (path[length] == '/');
        }
    }
    return LOGIT_OK;
}

/* How many folders all paths begin with; of a single path all but the last. */
static int shared_depth(const lg_tar_part *part)
{
    const char *first, *other;
    size_t length, more;
    int depth = 0;
    for (; folder_at(folder_path(part, 0), depth, &first, &length); depth++) {
        for (int32_t i = 1; i < part->folders.count; i++)
            if (!folder_at(folder_path(part, i), depth, &other, &more) || more != length ||
                memcmp(first, other, length))
                return depth;
    }
    return depth > 0 ? depth - 1 : 0;
}

/* Numbers each folder by its class, and says whether all classes are named like parts, with
 * folders below them. */
static logit_status name_classes(lg_tar_part *part, int32_t *number, int *parts, logit_error *err)
{
    const int depth = shared_depth(part);
    *parts = 1;
    for (int32_t i = 0; i < part->folders.count; i++) {
        const char *folder, *below;
        size_t length, more;
        number[i] = LG_TAR_NONE;
        if (!folder_at(folder_path(part, i), depth, &folder, &length)) continue;
        const int64_t place = part->folders.entry[i].place;
        const int64_t shard = lg_tar_shard_of(part->shard, part->shards, place) - part->shard;
        LG_TRY(lg_name_table_add(&part->classes, folder, length, shard, &number[i], err));
        *parts &= folder_at(folder_path(part, i), depth + 1, &below, &more) &&
                  lg_part_of_name(lg_name_table_name(&part->classes, number[i])) >= 0;
    }
    return LOGIT_OK;
}

static logit_status use_classes(lg_tar_part *part, int32_t *number, logit_error *err)
{
    int parts;
    LG_TRY(name_classes(part, number, &parts, err));
    if (part->classes.count == 0)
        return refuse(part, 0, "no class: neither a .cls file of its key nor a folder", err);
    if (parts)
        return refuse(part, 0,
                      "the folders are parts; put each into a tar of its own, train.tar,"
                      " val.tar, test.tar",
                      err);
    for (int64_t i = 0; i < part->count; i++)
        if (number[part->number[i]] == LG_TAR_NONE)
            lg_dataset_stray(part->dataset, lg_tar_shard_of(part->shard, part->shards, i)->path);
    lg_tar_part_keep(part, number);
    return LOGIT_OK;
}

logit_status lg_tar_classes_find(lg_tar_part *part, logit_error *err)
{
    LG_TRY(check_folders(part, err));
    int32_t *number = malloc((size_t)part->folders.count * sizeof *number);
    if (!number) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d folders", part->folders.count);
    const logit_status status = use_classes(part, number, err);
    free(number);
    return status;
}
