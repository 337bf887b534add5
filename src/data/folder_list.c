/* folder_list.c -- a walk down a tree with a stack of its own, so that depth costs memory only. */
/* SPDX-License-Identifier: MIT */
#include "data/folder_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"
#include "data/formats.h"

enum {
    PATH_SHOWN = 600,     /* bytes of a path inside a message */
    PROGRESS_FILES = 4096 /* between two looks at the watch */
};

/* What can be decoded, then what is a picture too and must not vanish in silence. */
static const char *const extensions[] = {
    "jpg", "png", "jpeg", "ppm",  "pgm",  "pnm",  "jpe", "jfif", "gif", "webp",
    "bmp", "tif", "tiff", "heic", "heif", "avif", "jp2", "jxl",  "pbm", "pam",
};

int lg_folder_list_wants(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot) return 0;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (!strcasecmp(dot + 1, extensions[i])) return 1;
    return 0;
}

static const char *name_of(const lg_folder_list *list, uint64_t name)
{
    return list->names.data + name;
}

/* Copies text to out[at ..], as far as it fits before a final NUL. */
static void put(char *out, size_t size, size_t at, const char *text, size_t length)
{
    if (at + 1 >= size) return;
    memcpy(out + at, text, length < size - 1 - at ? length : size - 1 - at);
}

/* Path below the root of `name` in a folder, built from its end; returns its whole length. */
static size_t path_of(const lg_folder_list *list, uint32_t folder, uint64_t name, char *out,
                      size_t size)
{
    size_t length = strlen(name_of(list, name));
    for (uint32_t f = folder; f != 0; f = list->folder[f].parent)
        length += strlen(name_of(list, list->folder[f].name)) + 1;
    size_t at = length - strlen(name_of(list, name));
    put(out, size, at, name_of(list, name), length - at);
    for (uint32_t f = folder; f != 0; f = list->folder[f].parent) {
        const size_t part = strlen(name_of(list, list->folder[f].name));
        put(out, size, at - 1, "/", 1);
        at -= part + 1;
        put(out, size, at, name_of(list, list->folder[f].name), part);
    }
    out[length < size ? length : size - 1] = '\0';
    return length;
}

size_t lg_folder_list_path(const lg_folder_list *list, int64_t i, char *out, size_t size)
{
    return path_of(list, list->file_folder[i], list->file_name[i], out, size);
}

/* "ROOT/a/b" of a folder for a message, cut to PATH_SHOWN.  Returns out. */
static const char *show_folder(const lg_folder_list *list, uint32_t folder, char out[PATH_SHOWN])
{
    const int root = snprintf(out, PATH_SHOWN, "%s%s", list->root, folder ? "/" : "");
    if (folder && root < PATH_SHOWN - 1)
        path_of(list, list->folder[folder].parent, list->folder[folder].name, out + root,
                (size_t)(PATH_SHOWN - root));
    return out;
}

void lg_folder_list_stray(lg_folder_list *list, uint32_t folder, uint64_t name)
{
    char path[PATH_SHOWN];
    if (list->stray++ > 0) return;
    const int root = snprintf(path, sizeof path, "%s/", list->root);
    if (root < PATH_SHOWN - 1)
        path_of(list, folder, name, path + root, (size_t)(PATH_SHOWN - root));
    lg_text_escape(list->stray_example, sizeof list->stray_example, path);
}

/* Opens a folder whose path is too long for one call, one step after the other. */
static logit_status open_steps(const lg_folder_list *list, uint32_t folder, int *fd,
                               logit_error *err)
{
    char shown[PATH_SHOWN];
    size_t depth = 0;
    for (uint32_t f = folder; f != 0; f = list->folder[f].parent) depth++;
    uint32_t *step = calloc(depth + 1, sizeof *step);
    if (!step) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path of %zu folders", depth);
    size_t last = depth;
    for (uint32_t f = folder; f != 0; f = list->folder[f].parent) step[--last] = f;

    logit_status status = LOGIT_OK;
    int at = list->fd;
    for (size_t i = 0; i < depth && status == LOGIT_OK; i++) {
        int next;
        status = lg_scan_open(&next, at, name_of(list, list->folder[step[i]].name),
                              show_folder(list, step[i], shown), err);
        if (at != list->fd) close(at);
        at = next;
    }
    free(step);
    *fd = at;
    return status;
}

static logit_status open_folder(const lg_folder_list *list, uint32_t folder, int *fd,
                                logit_error *err)
{
    char path[PATH_MAX], shown[PATH_SHOWN];
    const lg_list_folder *f = &list->folder[folder];
    if (path_of(list, f->parent, f->name, path, sizeof path) >= sizeof path)
        return open_steps(list, folder, fd, err);
    return lg_scan_open(fd, list->fd, path, show_folder(list, folder, shown), err);
}

logit_status lg_folder_list_reach(const lg_folder_list *list, int64_t i, char *room, size_t size,
                                  int *at, const char **leaf, logit_error *err)
{
    *at = list->fd;
    *leaf = room;
    const size_t length = lg_folder_list_path(list, i, room, size);
    if (length < size && length < PATH_MAX) return LOGIT_OK;
    *leaf = name_of(list, list->file_name[i]);
    return open_steps(list, list->file_folder[i], at, err);
}

void lg_folder_list_leave(const lg_folder_list *list, int at)
{
    if (at >= 0 && at != list->fd) close(at);
}

logit_status lg_folder_list_stat(const lg_folder_list *list, int64_t i, struct stat *info,
                                 logit_error *err)
{
    enum { SHOWN_PATH = 600 };
    char path[PATH_MAX], root[SHOWN_PATH], shown[SHOWN_PATH];
    const char *leaf;
    int at;
    LG_TRY(lg_folder_list_reach(list, i, path, sizeof path, &at, &leaf, err));
    const int failed = fstatat(at, leaf, info, 0), why = errno;
    lg_folder_list_leave(list, at);
    if (!failed) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_IO, "%s/%s: cannot be looked at: %s",
            lg_text_escape(root, sizeof root, list->root),
            lg_text_escape(shown, sizeof shown, leaf), strerror(why));
}

static logit_status add_folder(lg_folder_list *list, uint32_t parent, uint64_t name,
                               logit_error *err)
{
    if (list->folders == list->folder_room) {
        const uint32_t room = list->folder_room + list->folder_room / 2 + 64;
        lg_list_folder *folder =
            room > list->folders ? realloc(list->folder, room * sizeof *folder) : NULL;
        if (!folder) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %u folders", room);
        list->folder = folder;
        list->folder_room = room;
    }
    list->folder[list->folders++] = (lg_list_folder){.name = name, .parent = parent};
    return LOGIT_OK;
}

/* Sets the room of both file arrays. */
static logit_status set_file_room(lg_folder_list *list, int64_t room, logit_error *err)
{
    uint64_t *name = realloc(list->file_name, (size_t)room * sizeof *name);
    if (name) list->file_name = name;
    uint32_t *folder = realloc(list->file_folder, (size_t)room * sizeof *folder);
    if (folder) list->file_folder = folder;
    if (!name || !folder)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to list %lld files", (long long)room);
    list->file_room = room;
    return LOGIT_OK;
}

static logit_status add_file(lg_folder_list *list, uint32_t folder, uint64_t name, logit_error *err)
{
    char shown[PATH_SHOWN];
    if (list->files == INT32_MAX)
        LG_FAIL(err, LOGIT_E_DATA, "%s: more than %d images [LIMIT]",
                lg_text_escape(shown, sizeof shown, list->root), INT32_MAX);
    if (list->files == list->file_room)
        LG_TRY(set_file_room(list, list->file_room + list->file_room / 2 + 1024, err));
    list->file_name[list->files] = name;
    list->file_folder[list->files++] = folder;
    if (list->files % PROGRESS_FILES) return LOGIT_OK;
    return lg_dataset_progress(list->watch, list->files, 0, err);
}

/* A folder on the way down: what is in it, and how far the walk has come. */
typedef struct level {
    lg_scan scan;
    size_t next;
    uint32_t folder;
} level;

typedef struct walk {
    level *level;
    size_t depth, room;
} walk;

static logit_status push_level(walk *way, uint32_t folder, logit_error *err)
{
    if (way->depth == way->room) {
        const size_t room = way->room + way->room / 2 + 8;
        level *more = realloc(way->level, room * sizeof *more);
        if (!more) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu nested folders", room);
        way->level = more;
        way->room = room;
    }
    way->level[way->depth++] = (level){.folder = folder};
    return LOGIT_OK;
}

static void pop_level(walk *way)
{
    lg_scan_clear(&way->level[--way->depth].scan);
}

/* Goes down into a folder, unless it was entered before. */
static logit_status enter(lg_folder_list *list, walk *way, uint32_t parent, uint64_t name,
                          logit_error *err)
{
    char shown[PATH_SHOWN];
    int fd;
    const uint32_t folder = list->folders;
    LG_TRY(add_folder(list, parent, name, err));
    LG_TRY(open_folder(list, folder, &fd, err));
    const logit_status pushed = push_level(way, folder, err);
    if (pushed != LOGIT_OK) {
        close(fd);
        return pushed;
    }
    lg_scan *scan = &way->level[way->depth - 1].scan;
    LG_TRY(lg_scan_read(scan, &list->names, fd, show_folder(list, folder, shown), err));
    const int is_new = lg_seen_add(&list->seen, scan->device, scan->inode);
    if (is_new < 0) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the folders that were seen");
    if (!is_new) {
        pop_level(way);
        return LOGIT_OK;
    }
    list->hidden += scan->hidden;
    return lg_dataset_progress(list->watch, list->files, 0, err);
}

/* Takes the next entry of the lowest level, or goes up. */
static logit_status step(lg_folder_list *list, walk *way, logit_error *err)
{
    level *here = &way->level[way->depth - 1];
    if (here->next == here->scan.count) {
        pop_level(way);
        return LOGIT_OK;
    }
    const lg_entry entry = here->scan.entry[here->next++];
    const uint32_t folder = here->folder;
    if (entry.kind == LG_ENTRY_FOLDER) return enter(list, way, folder, entry.name, err);
    if (entry.kind == LG_ENTRY_FILE && lg_folder_list_wants(name_of(list, entry.name)))
        return add_file(list, folder, entry.name, err);
    lg_folder_list_stray(list, folder, entry.name);
    return LOGIT_OK;
}

logit_status lg_folder_list_add(lg_folder_list *list, uint64_t name, logit_error *err)
{
    walk way = {0};
    lg_seen_empty(&list->seen);
    if (lg_seen_add(&list->seen, list->device, list->inode) < 0)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the folders that were seen");
    logit_status status = enter(list, &way, 0, name, err);
    while (status == LOGIT_OK && way.depth > 0) status = step(list, &way, err);
    while (way.depth > 0) pop_level(&way);
    free(way.level);
    return status;
}

logit_status lg_folder_list_open(lg_folder_list *list, const char *path, lg_scan *top,
                                 const logit_watch *watch, logit_error *err)
{
    int fd;
    *list = (lg_folder_list){.fd = -1, .watch = watch};
    list->root = strdup(path);
    if (!list->root) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    LG_TRY(lg_scan_open(&list->fd, AT_FDCWD, path, path, err));
    LG_TRY(add_folder(list, 0, 0, err));
    LG_TRY(lg_scan_open(&fd, list->fd, ".", path, err));
    LG_TRY(lg_scan_read(top, &list->names, fd, path, err));
    list->device = top->device;
    list->inode = top->inode;
    list->hidden = top->hidden;
    return LOGIT_OK;
}

void lg_folder_list_finish(lg_folder_list *list)
{
    lg_seen_clear(&list->seen);
    list->watch = NULL;
    char *names = list->names.size ? realloc(list->names.data, list->names.size) : NULL;
    if (names) {
        list->names.data = names;
        list->names.room = list->names.size;
    }
    if (list->files > 0) set_file_room(list, list->files, NULL);
}

void lg_folder_list_close(lg_folder_list *list)
{
    lg_seen_clear(&list->seen);
    lg_names_clear(&list->names);
    free(list->folder);
    free(list->file_name);
    free(list->file_folder);
    if (list->root && list->fd >= 0) close(list->fd);
    free(list->root);
    *list = (lg_folder_list){.fd = -1};
}
