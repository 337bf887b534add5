/* tar_names.c -- braces are counted out, stars are looked up. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_names.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "data/folder_list.h"
#include "data/folder_scan.h"

enum { SHOWN = 400, MOST_SHARDS = 1 << 20, MOST_DIGITS = 9 };

/* ---------------------------------------------------------------------------------- names --- */

static int ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n > m && !strcasecmp(name + n - m, end);
}

static int is_tar(const char *name)
{
    return ends_in(name, ".tar");
}

static int is_compressed(const char *name)
{
    static const char *const ends[] = {".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst",
                                       ".txz",    ".tbz", ".tar.lz4", ".tar.Z"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_in(name, ends[i])) return 1;
    return 0;
}

static int is_pattern(const char *path)
{
    return is_tar(path) && strpbrk(path, "{*?[");
}

/* The part that a shard's name tells by its first word, or by the last one before the number; -1:
 * none. */
static int part_of_shard(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    char word[32];
    int part = -1;
    for (const char *at = name; at < dot;) {
        const size_t length = strcspn(at, "-_.");
        snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : 0), at);
        const int is_number = word[strspn(word, "0123456789")] == '\0';
        if (!is_number) part = lg_part_of_name(word);
        if (at == name && part >= 0) return part;
        at += length + 1;
    }
    return part;
}

/* --------------------------------------------------------------------------------- shards --- */

void lg_tar_shards_clear(lg_tar_shards *shards)
{
    for (size_t i = 0; i < shards->count; i++) free(shards->path[i]);
    free(shards->path);
    *shards = (lg_tar_shards){0};
}

/* Takes path, malloc'ed or NULL. */
static logit_status add(lg_tar_shards *shards, char *path, logit_error *err)
{
    if (path && shards->count == shards->room) {
        const size_t room = shards->room + shards->room / 2 + 16;
        char **more = realloc(shards->path, room * sizeof *more);
        if (more) {
            shards->path = more;
            shards->room = room;
        } else {
            free(path);
            path = NULL;
        }
    }
    if (!path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the paths of shards");
    shards->path[shards->count++] = path;
    return LOGIT_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. */
static void tidy(lg_tar_shards *shards)
{
    if (shards->count == 0) return;
    size_t kept = 1;
    qsort(shards->path, shards->count, sizeof *shards->path, compare);
    for (size_t i = 1; i < shards->count; i++) {
        if (strcmp(shards->path[kept - 1], shards->path[i]))
            shards->path[kept++] = shards->path[i];
        else
            free(shards->path[i]);
    }
    shards->count = kept;
}

/* ------------------------------------------------------------------------------- patterns --- */

/* {A..B}: *first and *last, and how many digits A is written with.  Returns what lies behind the
 * brace; NULL: there is no such brace at `at`. */
static const char *read_range(const char *at, long *first, long *last, int *digits)
{
    const size_t length = strspn(at + 1, "0123456789");
    if (*at != '{' || length == 0 || length > MOST_DIGITS) return NULL;
    *first = strtol(at + 1, NULL, 10);
    *digits = (int)length;
    at += 1 + length;
    const size_t other = strncmp(at, "..", 2) ? 0 : strspn(at + 2, "0123456789");
    if (other == 0 || other > MOST_DIGITS || at[2 + other] != '}') return NULL;
    *last = strtol(at + 2, NULL, 10);
    return at + 2 + other + 1;
}

/* What lies on the disk for a path that may hold stars. */
static logit_status look_up(lg_tar_shards *shards, const char *pattern, logit_error *err)
{
    char shown[SHOWN];
    glob_t found;
    struct stat info;
    if (!strpbrk(pattern, "*?[")) {
        if (stat(pattern, &info) != 0)
            LG_FAIL(err, LOGIT_E_IO, "%s: there is no such shard",
                    lg_text_escape(shown, sizeof shown, pattern));
        return add(shards, strdup(pattern), err);
    }
    const int got = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (got == GLOB_NOMATCH)
        LG_FAIL(err, LOGIT_E_IO, "%s: no shard has such a name",
                lg_text_escape(shown, sizeof shown, pattern));
    if (got != 0)
        LG_FAIL(err, got == GLOB_NOSPACE ? LOGIT_E_NOMEM : LOGIT_E_IO, "%s: cannot be looked up",
                lg_text_escape(shown, sizeof shown, pattern));
    logit_status status = LOGIT_OK;
    for (size_t i = 0; i < found.gl_pathc && status == LOGIT_OK; i++)
        status = add(shards, strdup(found.gl_pathv[i]), err);
    globfree(&found);
    return status;
}

/* Counts out the first brace and goes on with each result. */
static logit_status expand(lg_tar_shards *shards, const char *pattern, logit_error *err)
{
    long first, last;
    int digits;
    const char *brace = strchr(pattern, '{'), *rest = NULL;
    char shown[SHOWN];
    while (brace && !(rest = read_range(brace, &first, &last, &digits)))
        brace = strchr(brace + 1, '{');
    if (!brace) return look_up(shards, pattern, err);
    for (long i = first; i <= last; i++) {
        if (shards->count >= MOST_SHARDS)
            LG_FAIL(err, LOGIT_E_DATA, "%s: more than %d shards [LIMIT]",
                    lg_text_escape(shown, sizeof shown, pattern), MOST_SHARDS);
        char *one = lg_text_format("%.*s%0*ld%s", (int)(brace - pattern), pattern, digits, i, rest);
        if (!one) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the paths of shards");
        const logit_status status = expand(shards, one, err);
        free(one);
        LG_TRY(status);
    }
    if (first <= last) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: {%ld..%ld} counts down; write the smaller number first",
            lg_text_escape(shown, sizeof shown, pattern), first, last);
}

/* ---------------------------------------------------------------------------- the folders --- */

/* The tars of a folder; what else lies there is a stray. */
static logit_status list_folder(lg_tar_shards *shards, lg_dataset *dataset, logit_error *err)
{
    lg_names names = {0};
    lg_scan scan = {0};
    int fd;
    LG_TRY(lg_scan_open(&fd, AT_FDCWD, dataset->path, dataset->path, err));
    logit_status status = lg_scan_read(&scan, &names, fd, dataset->path, err);
    for (size_t i = 0; i < scan.count && status == LOGIT_OK; i++) {
        const char *name = names.data + scan.entry[i].name;
        char *path = lg_text_format("%s/%s", dataset->path, name);
        const int is_file = scan.entry[i].kind == LG_ENTRY_FILE;
        if (is_file && (is_tar(name) || is_compressed(name))) {
            status = add(shards, path, err);
            continue;
        }
        if (path) lg_dataset_stray(dataset, path);
        free(path);
    }
    dataset->hidden = scan.hidden;
    lg_scan_clear(&scan);
    lg_names_clear(&names);
    return status;
}

logit_status lg_tar_is_named(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    lg_tar_shards shards = {0};
    lg_dataset folder = {.path = (char *)path};
    const int there = stat(path, &info) == 0;
    *mine = !there && is_pattern(path);
    if (there && S_ISREG(info.st_mode)) *mine = is_tar(path) || is_compressed(path);
    if (!there || !S_ISDIR(info.st_mode)) return LOGIT_OK;
    const logit_status status = list_folder(&shards, &folder, err);
    *mine = shards.count > 0;
    lg_tar_shards_clear(&shards);
    return status;
}

/* -------------------------------------------------------------------------------- finding --- */

static logit_status refuse_compressed(const lg_tar_shards *shards, logit_error *err)
{
    char shown[SHOWN];
    for (size_t i = 0; i < shards->count; i++)
        if (is_compressed(shards->path[i]))
            LG_FAIL(err, LOGIT_E_DATA,
                    "%s: is compressed; decompress it, keeping the .tar: samples are read from any "
                    "place in it [UNSUP]",
                    lg_text_escape(shown, sizeof shown, shards->path[i]));
    return LOGIT_OK;
}

/* Parts, where all shards are named so or one is train; else one heap. */
static logit_status share_out(lg_tar_shards part[LG_PART_COUNT], lg_tar_shards *all,
                              lg_dataset *dataset, logit_error *err)
{
    size_t named = 0, train = 0;
    for (size_t i = 0; i < all->count; i++) {
        const int p = part_of_shard(all->path[i]);
        named += p >= 0;
        train += p == LG_PART_TRAIN;
    }
    dataset->has_parts = train > 0 || named == all->count;
    for (size_t i = 0; i < all->count; i++) {
        const int p = dataset->has_parts ? part_of_shard(all->path[i]) : LG_PART_TRAIN;
        if (p < 0) {
            lg_dataset_stray(dataset, all->path[i]);
            continue;
        }
        LG_TRY(add(&part[p], all->path[i], err));
        all->path[i] = NULL;
    }
    return LOGIT_OK;
}

logit_status lg_tar_find(lg_tar_shards part[LG_PART_COUNT], lg_dataset *dataset, logit_error *err)
{
    lg_tar_shards all = {0};
    struct stat info;
    const int there = stat(dataset->path, &info) == 0;
    logit_status status;
    if (!there)
        status = expand(&all, dataset->path, err);
    else if (S_ISDIR(info.st_mode))
        status = list_folder(&all, dataset, err);
    else
        status = add(&all, strdup(dataset->path), err);
    if (status == LOGIT_OK) status = refuse_compressed(&all, err);
    tidy(&all);
    if (status == LOGIT_OK && all.count == 1 && !S_ISDIR(there ? info.st_mode : S_IFREG)) {
        status = add(&part[LG_PART_TRAIN], all.path[0], err);
        all.path[0] = NULL;
    } else if (status == LOGIT_OK) {
        status = share_out(part, &all, dataset, err);
    }
    lg_tar_shards_clear(&all);
    return status;
}
