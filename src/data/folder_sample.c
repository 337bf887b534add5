/* folder_sample.c -- the operations of a set of image files: each opens its file anew. */
/* SPDX-License-Identifier: MIT */
#include "data/folder_sample.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "base/text.h"
#include "data/folder_ahead.h"
#include "data/folder_list.h"
#include "data/identity.h"

enum { SHOWN = 400 }; /* bytes of a path inside a message */

/* Puts the folder in front of the path that an error begins with; of a path too long for one call
 * only the leaf stands there, and the beginning is shown too. */
static logit_status place(logit_status status, const lg_folder_list *list, const char *leaf,
                          const char *path, logit_error *err)
{
    enum { BEGINNING = 64 };
    char root[SHOWN], beginning[BEGINNING];
    if (status != LOGIT_E_DATA && status != LOGIT_E_IO) return status;
    lg_text_escape(root, sizeof root, list->root);
    if (leaf != path) lg_error_prefix(err, "%s/", lg_text_escape(beginning, BEGINNING, path));
    lg_error_prefix(err, "%s/", root);
    return status;
}

static logit_status folder_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                                logit_error *err)
{
    const lg_folder_list *list = set->own;
    char path[PATH_MAX];
    const char *leaf;
    int at;
    LG_TRY(lg_folder_list_reach(list, i, path, sizeof path, &at, &leaf, err));
    const logit_status status = lg_image_decode_file(decoder, at, leaf, set->shape, out, err);
    lg_folder_list_leave(list, at);
    return place(status, list, leaf, path, err);
}

static logit_status folder_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                                 logit_error *err)
{
    const lg_folder_list *list = set->own;
    char path[PATH_MAX];
    const char *leaf;
    int at;
    LG_TRY(lg_folder_list_reach(list, i, path, sizeof path, &at, &leaf, err));
    const logit_status status = lg_image_probe_file(at, leaf, info, bytes, err);
    lg_folder_list_leave(list, at);
    return place(status, list, leaf, path, err);
}

static logit_status folder_content(const lg_set *set, int64_t i, lg_content *content,
                                   logit_error *err)
{
    const lg_folder_list *list = set->own;
    char path[PATH_MAX];
    const char *leaf;
    int at;
    LG_TRY(lg_folder_list_reach(list, i, path, sizeof path, &at, &leaf, err));
    const logit_status status = lg_content_of_file(at, leaf, content, err);
    lg_folder_list_leave(list, at);
    return place(status, list, leaf, path, err);
}

static const char *folder_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    const lg_folder_list *list = set->own;
    char path[PATH_MAX];
    const int root = snprintf(path, sizeof path, "%s/", list->root);
    if (root >= 0 && (size_t)root < sizeof path)
        lg_folder_list_path(list, i, path + root, sizeof path - (size_t)root);
    return lg_text_escape(out, size, path);
}

static void folder_close(lg_set *set)
{
    if (set->own) lg_folder_list_close(set->own);
    free(set->own);
}

static void folder_ahead(const lg_set *set, const int32_t *sample, int64_t count)
{
    lg_folder_ahead(set->own, sample, count);
}

static logit_status folder_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    for (int64_t i = 0; i < set->count; i++) {
        struct stat info;
        LG_TRY(lg_folder_list_stat(set->own, i, &info, err));
        lg_identity_add_file(identity, &info);
    }
    return LOGIT_OK;
}

const lg_set_ops lg_folder_ops = {.read = folder_read,
                                  .name = folder_name,
                                  .probe = folder_probe,
                                  .close = folder_close,
                                  .ahead = folder_ahead,
                                  .content = folder_content,
                                  .identify = folder_identify};
