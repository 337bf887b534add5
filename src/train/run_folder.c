/* run_folder.c -- one folder, one owner. */
/* SPDX-License-Identifier: MIT */
#include "train/run_folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"

enum { PATH_ROOM = 4096, NAME_ROOM = 600 };

struct lg_run_folder {
    char path[PATH_ROOM];
    int lock;    /* descriptor, or -1 */
    int metrics; /* descriptor, or -1 */
};

/* 1 if the folder is there and holds anything but a lock. */
static int holds_files(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return 0;
    int found = 0;
    for (struct dirent *entry = readdir(folder); entry && !found; entry = readdir(folder))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                strcmp(entry->d_name, "lock") != 0;
    closedir(folder);
    return found;
}

logit_status lg_run_folder_check(const char *path, int force, logit_error *err)
{
    char name[NAME_ROOM];
    struct stat info;
    if (!path) return LOGIT_OK;
    if (strlen(path) + 64 > PATH_ROOM) LG_FAIL(err, LOGIT_E_USAGE, "-o: the path is too long");
    if (stat(path, &info) != 0) return LOGIT_OK;
    if (!S_ISDIR(info.st_mode))
        LG_FAIL(err, LOGIT_E_USAGE, "%s: is a file; -o wants a folder",
                lg_text_escape(name, sizeof name, path));
    if (!force && holds_files(path))
        LG_FAIL(err, LOGIT_E_USAGE,
                "%s: holds files already; choose another -o, or --force to write over them",
                lg_text_escape(name, sizeof name, path));
    return LOGIT_OK;
}

/* NAME of runs/NAME-N: the last part of the data's path, plain characters only. */
static void name_of(const char *data, char *out, size_t size)
{
    char full[PATH_ROOM];
    size_t used = 0;
    if (!realpath(data, full)) snprintf(full, sizeof full, "%s", data);
    const char *slash = strrchr(full, '/');
    for (const char *c = slash ? slash + 1 : full; *c && used + 1 < size; c++)
        out[used++] = isalnum((unsigned char)*c) || strchr("._-", *c) ? *c : '_';
    if (used == 0) out[used++] = 'x';
    out[used] = '\0';
}

/* Makes runs/NAME-N for the first N that nobody has. */
static logit_status make_numbered(char *path, const char *data, logit_error *err)
{
    char name[80];
    name_of(data, name, sizeof name);
    LG_TRY(lg_folder_make("runs", err));
    for (int number = 1; number < 1000000; number++) {
        snprintf(path, PATH_ROOM, "runs/%s-%d", name, number);
        if (mkdir(path, 0777) == 0) return LOGIT_OK;
        if (errno != EEXIST) break;
    }
    LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be made: %s", path, strerror(errno));
}

/* runs/latest -> NAME-N.  A convenience: its failure is not the run's. */
static void point_latest(const char *path)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, "runs/.latest.%ld", (long)getpid());
    unlink(temporary);
    if (symlink(path + strlen("runs/"), temporary) != 0) return;
    if (rename(temporary, "runs/latest") != 0) unlink(temporary);
}

/* Opens RUN/lock and locks it.  Whoever ends removes the file while it holds the lock, so a lock
 * that was taken on a file which is no longer there is none: try again.  0, or errno. */
static int open_locked(int *lock, const char *file)
{
    for (;;) {
        struct stat mine, there;
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        *lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (*lock < 0 || fcntl(*lock, F_OFD_SETLK, &whole) != 0) return errno;
        if (fstat(*lock, &mine) == 0 && stat(file, &there) == 0 && mine.st_ino == there.st_ino)
            return 0;
        close(*lock);
    }
}

static logit_status take_lock(lg_run_folder *folder, logit_error *err)
{
    char file[PATH_ROOM + 8], owner[32] = "";
    char name[NAME_ROOM];
    snprintf(file, sizeof file, "%s/lock", folder->path);
    const int why = open_locked(&folder->lock, file);
    if (why == EAGAIN || why == EACCES) {
        const ssize_t got = folder->lock >= 0 ? pread(folder->lock, owner, sizeof owner - 1, 0) : 0;
        owner[got > 0 ? got : 0] = '\0';
        owner[strcspn(owner, "\n")] = '\0';
    }
    if (folder->lock >= 0 && why != 0 && owner[0])
        LG_FAIL(err, LOGIT_E_LOCKED, "%s: another run (process %s) is writing there",
                lg_text_escape(name, sizeof name, folder->path), owner);
    const int length = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    if (why != 0 || ftruncate(folder->lock, 0) != 0 ||
        pwrite(folder->lock, owner, (size_t)length, 0) != length)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s",
                lg_text_escape(name, sizeof name, file), strerror(why ? why : errno));
    return LOGIT_OK;
}

static logit_status open_metrics(lg_run_folder *folder, logit_error *err)
{
    char file[PATH_ROOM + 16], name[NAME_ROOM];
    snprintf(file, sizeof file, "%s/metrics.jsonl", folder->path);
    folder->metrics = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (folder->metrics < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s",
                lg_text_escape(name, sizeof name, file), strerror(errno));
    return LOGIT_OK;
}

logit_status lg_run_folder_open(lg_run_folder **out, const char *path, const char *data, int force,
                                logit_error *err)
{
    *out = NULL;
    LG_TRY(lg_run_folder_check(path, force, err));
    lg_run_folder *folder = calloc(1, sizeof *folder);
    if (!folder) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the run folder");
    folder->lock = folder->metrics = -1;
    if (path) snprintf(folder->path, sizeof folder->path, "%s", path);
    logit_status status = path ? lg_folder_make(path, err) : make_numbered(folder->path, data, err);
    if (status == LOGIT_OK) status = take_lock(folder, err);
    if (status == LOGIT_OK) status = open_metrics(folder, err);
    if (status != LOGIT_OK) {
        if (folder->lock >= 0) close(folder->lock);
        free(folder);
        return status;
    }
    if (!path) point_latest(folder->path);
    *out = folder;
    return LOGIT_OK;
}

/* Removes what open made, if the run wrote nothing. */
static void remove_empty(const lg_run_folder *folder)
{
    char file[PATH_ROOM + 16];
    struct stat info;
    snprintf(file, sizeof file, "%s/metrics.jsonl", folder->path);
    if (stat(file, &info) == 0 && info.st_size == 0) unlink(file);
    snprintf(file, sizeof file, "%s/lock", folder->path);
    unlink(file);
    rmdir(folder->path); /* fails, rightly, if anything else is there */
}

void lg_run_folder_close(lg_run_folder *folder, int keep)
{
    if (!folder) return;
    if (folder->metrics >= 0) close(folder->metrics);
    if (!keep) remove_empty(folder);
    if (keep) {
        char file[PATH_ROOM + 16];
        snprintf(file, sizeof file, "%s/lock", folder->path);
        unlink(file);
    }
    if (folder->lock >= 0) close(folder->lock);
    free(folder);
}

const char *lg_run_folder_path(const lg_run_folder *folder)
{
    return folder->path;
}

int lg_run_folder_file(const lg_run_folder *folder, const char *name, char *out, size_t size)
{
    const int length = snprintf(out, size, "%s/%s", folder->path, name);
    return length >= 0 && (size_t)length < size;
}

logit_status lg_run_folder_add_line(lg_run_folder *folder, const lg_text *line, logit_error *err)
{
    if (line->failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a line of metrics.jsonl");
    LG_TRY(lg_file_write_all(folder->metrics, "metrics.jsonl", line->data, line->size, err));
    return lg_file_write_all(folder->metrics, "metrics.jsonl", "\n", 1, err);
}
