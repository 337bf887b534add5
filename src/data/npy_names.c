/* npy_names.c -- taking names apart, and looking for what stands beside them. */
/* SPDX-License-Identifier: MIT */
#include "data/npy_names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "data/folder_scan.h"
#include "data/formats.h"

enum { SHOWN = 300 }; /* bytes of a path inside a message */

static int ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static const char *leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* ------------------------------------------------------------------------ labels, weights --- */

/* NAME.npy -> NAME + end, if there is such a file; NULL if not.  Error: NOMEM. */
static logit_status find_beside(char **out, const char *samples, const char *end, logit_error *err)
{
    const int stem = (int)(strlen(samples) - strlen(".npy"));
    *out = lg_text_format("%.*s%s", stem, samples, end);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    if (is_file(*out)) return LOGIT_OK;
    free(*out);
    *out = NULL;
    return LOGIT_OK;
}

/* 1 if a name is X, or begins with X_: then its labels' begins with y. */
static int is_x(const char *leaf)
{
    return (*leaf == 'X' || *leaf == 'x') && (leaf[1] == '.' || leaf[1] == '_');
}

static logit_status find_labels(lg_npy_files *files, logit_error *err)
{
    char shown[SHOWN], stem[SHOWN], name[SHOWN];
    const char *samples = files->samples, *leaf = leaf_of(samples);
    LG_TRY(find_beside(&files->labels, samples, ".labels.npy", err));
    if (files->labels) return LOGIT_OK;
    if (is_x(leaf)) {
        files->labels = lg_text_format("%.*sy%s", (int)(leaf - samples), samples, leaf + 1);
        if (!files->labels) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        if (is_file(files->labels)) return LOGIT_OK;
    }
    snprintf(name, sizeof name, "%.*s", (int)(strlen(leaf) - strlen(".npy")), leaf);
    lg_text_escape(stem, sizeof stem, name);
    LG_FAIL(err, LOGIT_E_DATA, "%s: no labels beside it, expected %s%s%s.labels.npy",
            lg_text_escape(shown, sizeof shown, samples), is_x(leaf) ? "y" : "",
            is_x(leaf) ? lg_text_escape(name, sizeof name, leaf + 1) : "",
            is_x(leaf) ? " or X" : stem);
}

static logit_status find_companions(lg_npy_files *files, logit_error *err)
{
    LG_TRY(find_labels(files, err));
    return find_beside(&files->weights, files->samples, ".weights.npy", err);
}

/* ------------------------------------------------------------------------------- a folder --- */

/* What a file of a folder is. */
typedef enum role { ROLE_NONE, ROLE_WHOLE, ROLE_PART } role;

/* X.npy is all there is; train.npy, X_train.npy a part. */
static role role_of(const char *name, int *part)
{
    char stem[64];
    *part = LG_PART_TRAIN;
    const char *at = is_x(name) && name[1] == '_' ? name + 2 : name;
    const size_t length = ends_with(at, ".npy") ? strlen(at) - strlen(".npy") : 0;
    if (length == 0 || length >= sizeof stem) return ROLE_NONE;
    memcpy(stem, at, length);
    stem[length] = '\0';
    if (!strcmp(stem, "X") || !strcmp(stem, "x")) return ROLE_WHOLE;
    *part = lg_part_of_name(stem);
    return *part >= 0 ? ROLE_PART : ROLE_NONE;
}

typedef struct npy_folder {
    const char *path;
    lg_names names;
    lg_scan scan;
} npy_folder;

static logit_status open_folder(npy_folder *folder, const char *path, logit_error *err)
{
    int fd;
    *folder = (npy_folder){.path = path};
    LG_TRY(lg_scan_open(&fd, AT_FDCWD, path, path, err));
    return lg_scan_read(&folder->scan, &folder->names, fd, path, err);
}

static void close_folder(npy_folder *folder)
{
    lg_names_clear(&folder->names);
    lg_scan_clear(&folder->scan);
}

static const char *entry_name(const npy_folder *folder, size_t i)
{
    const lg_entry *entry = &folder->scan.entry[i];
    return entry->kind == LG_ENTRY_FILE ? folder->names.data + entry->name : "";
}

static char *join(const npy_folder *folder, const char *name)
{
    const int root = !strcmp(folder->path, "/");
    return lg_text_format("%s/%s", root ? "" : folder->path, name);
}

/* Parts are taken where there are any, else X.npy. */
static role role_of_folder(const npy_folder *folder)
{
    role best = ROLE_NONE;
    for (size_t i = 0; i < folder->scan.count; i++) {
        int part;
        const role one = role_of(entry_name(folder, i), &part);
        if (one > best) best = one;
    }
    return best;
}

static logit_status take_file(lg_npy_files files[LG_PART_COUNT], const npy_folder *folder,
                              const char *name, int part, logit_error *err)
{
    char shown[SHOWN], one[SHOWN], other[SHOWN];
    char **samples = &files[part].samples;
    if (*samples)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds both %s and %s.  Keep one, or give a file's path",
                lg_text_escape(shown, sizeof shown, folder->path),
                lg_text_escape(one, sizeof one, leaf_of(*samples)),
                lg_text_escape(other, sizeof other, name));
    *samples = join(folder, name);
    if (!*samples) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    return find_companions(&files[part], err);
}

static int is_taken(const lg_npy_files files[LG_PART_COUNT], const char *name)
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const char *const path[] = {files[p].samples, files[p].labels, files[p].weights};
        for (int i = 0; i < 3; i++)
            if (path[i] && !strcmp(leaf_of(path[i]), name)) return 1;
    }
    return 0;
}

static logit_status find_in_folder(lg_npy_files files[LG_PART_COUNT], lg_dataset *dataset,
                                   const npy_folder *folder, logit_error *err)
{
    const role wanted = role_of_folder(folder);
    dataset->has_parts = wanted == ROLE_PART;
    dataset->hidden += folder->scan.hidden;
    for (size_t i = 0; i < folder->scan.count; i++) {
        int part;
        const char *name = entry_name(folder, i);
        if (role_of(name, &part) == wanted) LG_TRY(take_file(files, folder, name, part, err));
    }
    for (size_t i = 0; i < folder->scan.count; i++) {
        const char *name = folder->names.data + folder->scan.entry[i].name;
        if (is_taken(files, name)) continue;
        char *path = join(folder, name);
        if (!path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        lg_dataset_stray(dataset, path);
        free(path);
    }
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------------- all --- */

logit_status lg_npy_find(lg_npy_files files[LG_PART_COUNT], lg_dataset *dataset, logit_error *err)
{
    npy_folder folder;
    if (is_file(dataset->path)) {
        lg_npy_files *only = &files[LG_PART_TRAIN];
        only->samples = lg_text_format("%s", dataset->path);
        if (!only->samples) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        return find_companions(only, err);
    }
    logit_status status = open_folder(&folder, dataset->path, err);
    if (status == LOGIT_OK) status = find_in_folder(files, dataset, &folder, err);
    close_folder(&folder);
    return status;
}

void lg_npy_files_clear(lg_npy_files files[LG_PART_COUNT])
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        free(files[p].samples);
        free(files[p].labels);
        free(files[p].weights);
        files[p] = (lg_npy_files){0};
    }
}

logit_status lg_npy_is_named(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    npy_folder folder;
    *mine = 0;
    if (stat(path, &info) != 0) return LOGIT_OK;
    if (S_ISREG(info.st_mode)) *mine = ends_with(path, ".npy");
    if (!S_ISDIR(info.st_mode)) return LOGIT_OK;
    const logit_status status = open_folder(&folder, path, err);
    if (status == LOGIT_OK) *mine = role_of_folder(&folder) != ROLE_NONE;
    close_folder(&folder);
    return status;
}
