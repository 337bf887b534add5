/* cifar_files.c -- names that are fixed, sizes that must divide. */
/* SPDX-License-Identifier: MIT */
#include "data/cifar_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "data/folder_scan.h"

enum { SHOWN = 300, MOST_NAME_BYTES = 1 << 16 };

static const lg_cifar_kind kinds[] = {
    {"CIFAR-10", 1, {{10, "label", "batches.meta.txt"}}},
    {"CIFAR-100",
     2,
     {{20, "coarse label", "coarse_label_names.txt"}, {100, "fine label", "fine_label_names.txt"}}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What lies in such a folder and holds no sample. */
static const char *const beside[] = {"batches.meta.txt", "fine_label_names.txt",
                                     "coarse_label_names.txt", "readme.html"};

static const char *const usual_folders[] = {"cifar-10-batches-bin", "cifar-100-binary"};

/* ---------------------------------------------------------------------------------- names --- */

/* A name taken apart: kind NULL where it is none of ours; batch 0 where it has no number. */
typedef struct cifar_name {
    const lg_cifar_kind *kind;
    lg_part part;
    int batch;
} cifar_name;

static cifar_name take_apart(const char *name)
{
    static const char batch[] = "data_batch_";
    cifar_name out = {.kind = &kinds[0]};
    if (!strcmp(name, "test_batch.bin")) {
        out.part = LG_PART_TEST;
        return out;
    }
    if (!strncmp(name, batch, sizeof batch - 1)) {
        const char *digits = name + sizeof batch - 1;
        const size_t length = strspn(digits, "0123456789");
        if (length > 0 && length < 7 && digits[0] != '0' && !strcmp(digits + length, ".bin")) {
            out.batch = atoi(digits);
            return out;
        }
    }
    out.kind = &kinds[1];
    out.part = strcmp(name, "test.bin") ? LG_PART_TRAIN : LG_PART_TEST;
    if (strcmp(name, "train.bin") && strcmp(name, "test.bin")) out.kind = NULL;
    return out;
}

static const char *leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int64_t record_bytes(const lg_cifar_kind *kind)
{
    return kind->labels + LG_CIFAR_PIXELS;
}

/* The kind of a single file, by its name, else by its size. */
static const lg_cifar_kind *kind_of_file(const char *path, int64_t bytes)
{
    const char *name = leaf_of(path);
    const size_t length = strlen(name);
    const cifar_name known = take_apart(name);
    if (known.kind) return known.kind;
    if (length < 4 || strcmp(name + length - 4, ".bin") || bytes == 0) return NULL;
    for (int i = 0; i < KINDS; i++)
        if (bytes % record_bytes(&kinds[i]) == 0) return &kinds[i];
    return NULL;
}

/* ---------------------------------------------------------------------------- the folders --- */

typedef struct cifar_folder {
    const char *path;
    lg_names names;
    lg_scan scan;
} cifar_folder;

static void close_folder(cifar_folder *folder)
{
    lg_names_clear(&folder->names);
    lg_scan_clear(&folder->scan);
}

static logit_status open_folder(cifar_folder *folder, const char *path, logit_error *err)
{
    int fd;
    *folder = (cifar_folder){.path = path};
    LG_TRY(lg_scan_open(&fd, AT_FDCWD, path, path, err));
    return lg_scan_read(&folder->scan, &folder->names, fd, path, err);
}

static const char *entry_name(const cifar_folder *folder, size_t i)
{
    return folder->names.data + folder->scan.entry[i].name;
}

static cifar_name entry_apart(const cifar_folder *folder, size_t i)
{
    if (folder->scan.entry[i].kind != LG_ENTRY_FILE) return (cifar_name){0};
    return take_apart(entry_name(folder, i));
}

/* train.bin says little: beside folders it is taken only where the class names lie with it. */
static int holds_set(const cifar_folder *folder)
{
    int plain = 0, folders = 0, names = 0;
    for (size_t i = 0; i < folder->scan.count; i++) {
        const lg_cifar_kind *kind = entry_apart(folder, i).kind;
        if (kind == &kinds[0]) return 1;
        plain |= kind != NULL;
        folders |= folder->scan.entry[i].kind == LG_ENTRY_FOLDER;
        for (int j = 0; j < kinds[1].labels; j++)
            names |= !strcmp(entry_name(folder, i), kinds[1].label[j].names);
    }
    return plain && (names || !folders);
}

/* The usual folder among the entries, or -1; -2: both are there. */
static int usual_folder(const cifar_folder *folder)
{
    int found = -1;
    for (size_t i = 0; i < folder->scan.count; i++)
        for (int j = 0; j < KINDS; j++)
            if (folder->scan.entry[i].kind == LG_ENTRY_FOLDER &&
                !strcmp(entry_name(folder, i), usual_folders[j]))
                found = found == -1 ? j : -2;
    return found;
}

logit_status lg_cifar_is_named(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    cifar_folder folder;
    *mine = 0;
    if (stat(path, &info) != 0) return LOGIT_OK;
    if (S_ISREG(info.st_mode)) *mine = kind_of_file(path, info.st_size) != NULL;
    if (!S_ISDIR(info.st_mode)) return LOGIT_OK;
    const logit_status status = open_folder(&folder, path, err);
    *mine = status == LOGIT_OK && (holds_set(&folder) || usual_folder(&folder) != -1);
    close_folder(&folder);
    return status;
}

/* -------------------------------------------------------------------------------- finding --- */

static logit_status join(char **out, const char *folder, const char *name, logit_error *err)
{
    *out =
        !strcmp(folder, "/") ? lg_text_format("/%s", name) : lg_text_format("%s/%s", folder, name);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    return LOGIT_OK;
}

/* Chooses the label, once the kind is known, and finds its names in the folder. */
static logit_status find_names(lg_cifar_files *files, const char *folder, logit_error *err)
{
    struct stat info;
    if (!files->kind) return LOGIT_OK;
    if (files->asked != LG_LABEL_AUTO && files->kind->labels == 1)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--labels %s: a sample of %s has one label; those of CIFAR-100 "
                "have a coarse and a fine one",
                lg_label_names[files->asked], files->kind->name);
    files->label = files->asked == LG_LABEL_COARSE ? 0 : files->kind->labels - 1;
    LG_TRY(join(&files->names, folder, files->kind->label[files->label].names, err));
    if (stat(files->names, &info) == 0) return LOGIT_OK;
    free(files->names);
    files->names = NULL;
    return LOGIT_OK;
}

/* One more file of a part, at place `at` of room for `room`. */
static logit_status add_file(lg_cifar_files *files, lg_part part, int at, size_t room,
                             const char *folder, const char *name, logit_error *err)
{
    if (!files->path[part]) files->path[part] = calloc(room, sizeof *files->path[part]);
    if (!files->path[part]) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu paths", room);
    if (at >= files->count[part]) files->count[part] = at + 1;
    return join(&files->path[part][at], folder, name, err);
}

/* Batches are in order of their numbers, none missing; the names stand in bytewise order. */
static logit_status check_batches(const cifar_folder *folder, int *batches, logit_error *err)
{
    char shown[SHOWN];
    int most = 0;
    *batches = 0;
    for (size_t i = 0; i < folder->scan.count; i++) {
        const int batch = entry_apart(folder, i).batch;
        *batches += batch > 0;
        if (batch > most) most = batch;
    }
    if (*batches == most) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: holds data_batch_%d.bin but only %d of the batches up to it; bring the others, "
            "or name one file",
            lg_text_escape(shown, sizeof shown, folder->path), most, *batches);
}

static logit_status take_entries(lg_cifar_files *files, lg_dataset *dataset,
                                 const cifar_folder *folder, logit_error *err)
{
    char shown[SHOWN], *path;
    int batches;
    LG_TRY(check_batches(folder, &batches, err));
    for (size_t i = 0; i < folder->scan.count; i++) {
        const char *name = entry_name(folder, i);
        const cifar_name apart = entry_apart(folder, i);
        int known = 0;
        for (size_t j = 0; j < sizeof beside / sizeof *beside; j++)
            known |= !strcmp(name, beside[j]);
        if (apart.kind) {
            if (files->kind && files->kind != apart.kind)
                LG_FAIL(err, LOGIT_E_DATA,
                        "%s: holds files of CIFAR-10 and of CIFAR-100; keep one set, or name one "
                        "file",
                        lg_text_escape(shown, sizeof shown, folder->path));
            files->kind = apart.kind;
            LG_TRY(add_file(files, apart.part, apart.batch ? apart.batch - 1 : 0,
                            (size_t)batches + 1, folder->path, name, err));
        } else if (!known) {
            LG_TRY(join(&path, folder->path, name, err));
            lg_dataset_stray(dataset, path);
            free(path);
        }
    }
    dataset->hidden += folder->scan.hidden;
    return find_names(files, folder->path, err);
}

/* The usual folder inside this one. */
static logit_status find_below(lg_cifar_files *files, lg_dataset *dataset,
                               const cifar_folder *folder, logit_error *err)
{
    char shown[SHOWN], *path;
    cifar_folder below;
    const int usual = usual_folder(folder);
    if (usual < 0)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds %s and %s; name one of them",
                lg_text_escape(shown, sizeof shown, folder->path), usual_folders[0],
                usual_folders[1]);
    LG_TRY(join(&path, folder->path, usual_folders[usual], err));
    logit_status status = open_folder(&below, path, err);
    if (status == LOGIT_OK) status = take_entries(files, dataset, &below, err);
    close_folder(&below);
    if (status == LOGIT_OK && !files->kind)
        status = lg_fail(err, LOGIT_E_DATA, __FILE__, __LINE__,
                         "%s: holds no data_batch_1.bin, test_batch.bin, train.bin or test.bin",
                         lg_text_escape(shown, sizeof shown, path));
    free(path);
    return status;
}

static logit_status find_single(lg_cifar_files *files, const char *path, int64_t bytes,
                                logit_error *err)
{
    files->kind = kind_of_file(path, bytes);
    files->path[LG_PART_TRAIN] = calloc(1, sizeof *files->path[LG_PART_TRAIN]);
    char *folder = leaf_of(path) == path
                       ? strdup(".")
                       : lg_text_format("%.*s", (int)(leaf_of(path) - path), path);
    logit_status status = LOGIT_OK;
    if (folder && files->path[LG_PART_TRAIN]) {
        files->count[LG_PART_TRAIN] = 1;
        files->path[LG_PART_TRAIN][0] = strdup(path);
        status = find_names(files, folder, err);
    }
    free(folder);
    if (status == LOGIT_OK && (files->count[LG_PART_TRAIN] == 0 || !files->path[LG_PART_TRAIN][0]))
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    return status;
}

logit_status lg_cifar_find(lg_cifar_files *files, lg_dataset *dataset, lg_label_kind labels,
                           logit_error *err)
{
    struct stat info;
    cifar_folder folder;
    files->asked = labels;
    if (stat(dataset->path, &info) == 0 && !S_ISDIR(info.st_mode))
        return find_single(files, dataset->path, info.st_size, err);
    dataset->has_parts = 1;
    logit_status status = open_folder(&folder, dataset->path, err);
    if (status == LOGIT_OK)
        status = holds_set(&folder) ? take_entries(files, dataset, &folder, err)
                                    : find_below(files, dataset, &folder, err);
    close_folder(&folder);
    return status;
}

void lg_cifar_files_clear(lg_cifar_files *files)
{
    for (int p = 0; p < LG_PART_COUNT; p++) {
        for (int i = 0; i < files->count[p]; i++) free(files->path[p][i]);
        free(files->path[p]);
    }
    free(files->names);
    *files = (lg_cifar_files){0};
}

/* ------------------------------------------------------------------------ the class names --- */

/* Copies the lines that are not empty; *lines counts them all. */
static logit_status take_lines(char **name, int room, char *text, int *lines, logit_error *err)
{
    *lines = 0;
    char *next;
    for (char *line = strtok_r(text, "\r\n", &next); line; line = strtok_r(NULL, "\r\n", &next)) {
        if (*lines < room && !(name[*lines] = strdup(line)))
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class names");
        ++*lines;
    }
    return LOGIT_OK;
}

static logit_status check_lines(const lg_cifar_files *files, char *const *name, int lines,
                                logit_error *err)
{
    char shown[SHOWN];
    const int classes = lg_cifar_classes(files);
    if (lines != classes)
        return lg_place_fail(err, LG_PLACE(files->names, "cifar", 0), "MISMATCH",
                             "%d names, %s has %d classes", lines, files->kind->name, classes);
    for (int i = 1; i < classes; i++)
        for (int j = 0; j < i; j++)
            if (!strcmp(name[i], name[j]))
                return lg_place_fail(err, LG_PLACE(files->names, "cifar", 0), "FORMAT",
                                     "the name %s is there twice",
                                     lg_text_escape(shown, sizeof shown, name[i]));
    return LOGIT_OK;
}

static logit_status read_names(const lg_cifar_files *files, char **name, logit_error *err)
{
    lg_bytes text = {0};
    int lines = 0;
    logit_status status = lg_file_read(AT_FDCWD, files->names, MOST_NAME_BYTES, &text, err);
    if (status == LOGIT_OK) status = lg_bytes_reserve(&text, text.size + 1, err);
    if (status == LOGIT_OK) {
        text.data[text.size] = '\0';
        status = take_lines(name, lg_cifar_classes(files), (char *)text.data, &lines, err);
    }
    lg_bytes_clear(&text);
    return status == LOGIT_OK ? check_lines(files, name, lines, err) : status;
}

logit_status lg_cifar_names(const lg_cifar_files *files, char ***name, logit_error *err)
{
    const int classes = lg_cifar_classes(files);
    *name = calloc((size_t)classes, sizeof **name);
    if (!*name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class names");
    if (files->names) return read_names(files, *name, err);
    for (int i = 0; i < classes; i++)
        if (!((*name)[i] = lg_text_format("%d", i)))
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class names");
    return LOGIT_OK;
}
