/* idx_names.c -- taking names apart and pairing them. */
/* SPDX-License-Identifier: MIT */
#include "data/idx_names.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "data/folder_scan.h"
#include "data/formats.h"

enum { SHOWN = 300 }; /* bytes of a path inside a message */

typedef enum idx_role { ROLE_NONE, ROLE_IMAGES, ROLE_LABELS } idx_role;

/* A name taken apart; borrows it. */
typedef struct idx_name {
    const char *name;
    idx_role role;
    size_t stem; /* its length */
    int part;    /* lg_part or -1 */
    int gzip, real;
} idx_name;

/* Takes `word` off the front of *text, with '-' or '.' before it. */
static int take_word(const char **text, const char *word)
{
    const size_t length = strlen(word);
    if ((**text != '-' && **text != '.') || strncmp(*text + 1, word, length)) return 0;
    *text += 1 + length;
    return 1;
}

static int part_of_stem(const char *stem, size_t length)
{
    char word[32];
    size_t begin = length;
    while (begin > 0 && !strchr("-_.", stem[begin - 1])) begin--;
    if (length - begin >= sizeof word) return -1;
    memcpy(word, stem + begin, length - begin);
    word[length - begin] = '\0';
    return lg_part_of_name(word);
}

/* The last "-images" or "-labels" of a name; *role says which. */
static const char *find_role(const char *name, idx_role *role)
{
    const char *found = NULL;
    for (const char *at = strchr(name, '-'); at; at = strchr(at + 1, '-')) {
        const int images = !strncmp(at, "-images", 7);
        if (!images && strncmp(at, "-labels", 7)) continue;
        *role = images ? ROLE_IMAGES : ROLE_LABELS;
        found = at;
    }
    return found;
}

static idx_name take_apart(const char *name)
{
    idx_name out = {.name = name, .part = -1};
    idx_role role = ROLE_NONE;
    const char *rest = find_role(name, &role);
    if (!rest) return out;
    out.stem = (size_t)(rest - name);
    rest += strlen("-images");
    if (!take_word(&rest, "idx")) return out;
    rest += strspn(rest, "0123456789");
    if (!take_word(&rest, "ubyte")) out.real = take_word(&rest, "float");
    out.gzip = take_word(&rest, "gz");
    if (*rest) return out;
    out.role = role;
    out.part = part_of_stem(name, out.stem);
    return out;
}

/* ----------------------------------------------------------------------- a folder's files --- */

typedef struct idx_folder {
    const char *path;
    lg_names names;
    lg_scan scan;
} idx_folder;

static void close_folder(idx_folder *folder)
{
    lg_names_clear(&folder->names);
    lg_scan_clear(&folder->scan);
}

static logit_status open_folder(idx_folder *folder, const char *path, logit_error *err)
{
    int fd;
    *folder = (idx_folder){.path = path};
    LG_TRY(lg_scan_open(&fd, AT_FDCWD, path, path, err));
    return lg_scan_read(&folder->scan, &folder->names, fd, path, err);
}

/* Entry i taken apart; ROLE_NONE where it is not a file. */
static idx_name entry_name(const idx_folder *folder, size_t i)
{
    const lg_entry *entry = &folder->scan.entry[i];
    if (entry->kind != LG_ENTRY_FILE) return (idx_name){.part = -1};
    return take_apart(folder->names.data + entry->name);
}

static logit_status join(char **out, const char *folder, const char *name, logit_error *err)
{
    *out =
        !strcmp(folder, "/") ? lg_text_format("/%s", name) : lg_text_format("%s/%s", folder, name);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    return LOGIT_OK;
}

static int same_stem(const idx_name *a, const idx_name *b)
{
    return a->stem == b->stem && !memcmp(a->name, b->name, a->stem);
}

/* Of two files for one purpose: both of another set or kind is an error, else the plain one. */
static logit_status prefer(idx_name *best, const idx_name *more, const char *path, logit_error *err)
{
    char shown[SHOWN], one[SHOWN], other[SHOWN];
    if (best->role == ROLE_NONE) {
        *best = *more;
        return LOGIT_OK;
    }
    if (!same_stem(best, more) || best->real != more->real)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: holds both %s and %s.  Keep one, or give the path of the images' file",
                lg_text_escape(shown, sizeof shown, path),
                lg_text_escape(one, sizeof one, best->name),
                lg_text_escape(other, sizeof other, more->name));
    if (best->gzip && !more->gzip) *best = *more;
    return LOGIT_OK;
}

/* The labels for a file of images. */
static logit_status find_labels(char **labels, const idx_folder *folder, const idx_name *images,
                                logit_error *err)
{
    char shown[SHOWN], name[SHOWN], stem[SHOWN];
    idx_name best = {.role = ROLE_NONE};
    for (size_t i = 0; i < folder->scan.count; i++) {
        const idx_name more = entry_name(folder, i);
        if (more.role == ROLE_LABELS && same_stem(&more, images))
            LG_TRY(prefer(&best, &more, folder->path, err));
    }
    if (best.role == ROLE_LABELS) return join(labels, folder->path, best.name, err);
    snprintf(name, sizeof name, "%.*s", (int)images->stem, images->name);
    lg_text_escape(stem, sizeof stem, name);
    LG_FAIL(err, LOGIT_E_DATA, "%s/%s: no labels beside it, expected %s-labels-idx1-ubyte",
            lg_text_escape(shown, sizeof shown, folder->path),
            lg_text_escape(name, sizeof name, images->name), stem);
}

static logit_status find_pair(lg_idx_pair *pair, const idx_folder *folder, int part,
                              logit_error *err)
{
    idx_name best = {.role = ROLE_NONE};
    for (size_t i = 0; i < folder->scan.count; i++) {
        const idx_name more = entry_name(folder, i);
        if (more.role == ROLE_IMAGES && more.part == part)
            LG_TRY(prefer(&best, &more, folder->path, err));
    }
    if (best.role == ROLE_NONE) return LOGIT_OK;
    LG_TRY(join(&pair->images, folder->path, best.name, err));
    return find_labels(&pair->labels, folder, &best, err);
}

static logit_status find_in_folder(lg_idx_pair pair[LG_PART_COUNT], lg_dataset *dataset,
                                   const idx_folder *folder, logit_error *err)
{
    for (int part = 0; part < LG_PART_COUNT; part++)
        LG_TRY(find_pair(&pair[part], folder, part, err));
    dataset->has_parts = 1;
    dataset->hidden += folder->scan.hidden;
    for (size_t i = 0; i < folder->scan.count; i++) {
        char *path;
        if (entry_name(folder, i).part >= 0) continue;
        LG_TRY(join(&path, folder->path, folder->names.data + folder->scan.entry[i].name, err));
        lg_dataset_stray(dataset, path);
        free(path);
    }
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- one file --- */

static const char *leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The folder a path lies in, as a path in out; malloc'ed. */
static char *folder_of(const char *path)
{
    const size_t length = (size_t)(leaf_of(path) - path);
    if (length == 0) return strdup(".");
    return strndup(path, length > 1 ? length - 1 : 1);
}

static logit_status find_beside(lg_idx_pair *pair, const char *path, logit_error *err)
{
    char shown[SHOWN];
    const idx_name images = take_apart(leaf_of(path));
    if (images.role != ROLE_IMAGES)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: a file of labels.  Give the file of images, or the folder of both",
                lg_text_escape(shown, sizeof shown, path));
    pair->images = strdup(path);
    char *folder_path = folder_of(path);
    idx_folder folder = {0};
    logit_status status = LOGIT_OK;
    if (!pair->images || !folder_path)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a path");
    if (status == LOGIT_OK) status = open_folder(&folder, folder_path, err);
    if (status == LOGIT_OK) status = find_labels(&pair->labels, &folder, &images, err);
    close_folder(&folder);
    free(folder_path);
    return status;
}

logit_status lg_idx_find(lg_idx_pair pair[LG_PART_COUNT], lg_dataset *dataset, logit_error *err)
{
    struct stat info;
    idx_folder folder;
    if (stat(dataset->path, &info) == 0 && !S_ISDIR(info.st_mode))
        return find_beside(&pair[LG_PART_TRAIN], dataset->path, err);
    logit_status status = open_folder(&folder, dataset->path, err);
    if (status == LOGIT_OK) status = find_in_folder(pair, dataset, &folder, err);
    close_folder(&folder);
    return status;
}

void lg_idx_pairs_clear(lg_idx_pair pair[LG_PART_COUNT])
{
    for (int part = 0; part < LG_PART_COUNT; part++) {
        free(pair[part].images);
        free(pair[part].labels);
        pair[part] = (lg_idx_pair){0};
    }
}

logit_status lg_idx_is_named(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    idx_folder folder;
    *mine = 0;
    if (stat(path, &info) != 0) return LOGIT_OK;
    if (S_ISREG(info.st_mode)) *mine = take_apart(leaf_of(path)).role != ROLE_NONE;
    if (!S_ISDIR(info.st_mode)) return LOGIT_OK;
    const logit_status status = open_folder(&folder, path, err);
    for (size_t i = 0; status == LOGIT_OK && i < folder.scan.count && !*mine; i++) {
        const idx_name name = entry_name(&folder, i);
        *mine = name.role == ROLE_IMAGES && name.part >= 0;
    }
    close_folder(&folder);
    return status;
}
