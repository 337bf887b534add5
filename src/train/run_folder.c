/* run_folder.c -- one folder, one owner. */
/* SPDX-License-Identifier: MIT */
#include "train/run_folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/status.h"
#include "train/run_before.h"

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

/* Adds the parts of `rest`, folders that are not there yet, to the real path in full. */
static int append_parts(char *full, const char *rest)
{
    while (*rest) {
        const size_t length = strcspn(rest, "/"), used = strlen(full);
        char *slash = strrchr(full, '/');
        if (length == 2 && strncmp(rest, "..", 2) == 0)
            slash[slash == full] = '\0';
        else if (length > 0 && !(length == 1 && *rest == '.')) {
            if (used + length + 2 > PATH_ROOM) return 0;
            snprintf(full + used, PATH_ROOM - used, "%s%.*s", used > 1 ? "/" : "", (int)length,
                     rest);
        }
        rest += length + (rest[length] == '/');
    }
    return 1;
}

/* The real path that path would have if it were made, in full[PATH_ROOM]; 0 if it has none. */
static int real_path_to_be(const char *path, char *full)
{
    char there[PATH_ROOM];
    if ((size_t)snprintf(there, sizeof there, "%s", path) >= sizeof there) return 0;
    size_t length = strlen(there);
    while (length > 0 && !realpath(there, full)) {
        if (errno != ENOENT) return 0;
        while (length > 0 && there[length - 1] == '/') length--;
        while (length > 0 && there[length - 1] != '/') length--;
        there[length] = '\0';
    }
    if (length == 0 && !realpath(".", full)) return 0;
    return append_parts(full, path + length);
}

/* A run below the data would be a class of the next run, unless it is hidden from it. */
static logit_status refuse_inside(const char *path, const char *data, logit_error *err)
{
    char root[PATH_ROOM], place[PATH_ROOM], name[NAME_ROOM], shown[NAME_ROOM];
    struct stat info;
    if (stat(data, &info) != 0 || !S_ISDIR(info.st_mode)) return LOGIT_OK;
    if (!realpath(data, root) || !real_path_to_be(path ? path : "runs", place)) return LOGIT_OK;
    const size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(place, root, length) != 0 || (place[length] != '/' && place[length] != '\0') ||
        strstr(place + length, "/."))
        return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "%s: the results would lie inside the data set %s; give -o a folder outside of it",
            lg_text_escape(name, sizeof name, place), lg_text_escape(shown, sizeof shown, data));
}

static logit_status refuse_locked(const char *path, const char *owner, logit_error *err)
{
    char name[NAME_ROOM];
    LG_FAIL(err, LOGIT_E_LOCKED, "%s: another run%s%s%s is writing there",
            lg_text_escape(name, sizeof name, path), *owner ? " (process " : "", owner,
            *owner ? ")" : "");
}

/* The process that holds a lock file.  It writes its number just behind taking the lock: until then
 * there is nothing, or the number of a dead one, so that a tenth of a second is waited for it. */
static void read_owner(int lock, char *owner, size_t size)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int tries = 0; tries < 50; tries++, nanosleep(&pause, NULL)) {
        const ssize_t got = pread(lock, owner, size - 1, 0);
        owner[got > 0 ? got : 0] = '\0';
        owner[strspn(owner, "0123456789")] = '\0';
        if (*owner && (kill((pid_t)strtol(owner, NULL, 10), 0) == 0 || errno == EPERM)) return;
    }
}

/* LOCKED while somebody holds RUN/lock; a lock file that a dead run left is nothing. */
static logit_status check_lock(const char *path, logit_error *err)
{
    char file[PATH_ROOM + 8], owner[32];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(file, sizeof file, "%s/lock", path);
    const int lock = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (lock < 0) return LOGIT_OK;
    const int held = fcntl(lock, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (held) read_owner(lock, owner, sizeof owner);
    close(lock);
    return held ? refuse_locked(path, owner, err) : LOGIT_OK;
}

logit_status lg_run_folder_check(const char *path, const char *data, int force, logit_error *err)
{
    char name[NAME_ROOM];
    struct stat info;
    if (path && strlen(path) + 64 > PATH_ROOM)
        LG_FAIL(err, LOGIT_E_USAGE, "-o: the path is too long");
    LG_TRY(refuse_inside(path, data, err));
    if (!path || stat(path, &info) != 0) return LOGIT_OK;
    if (!S_ISDIR(info.st_mode))
        LG_FAIL(err, LOGIT_E_USAGE, "%s: is a file; -o wants a folder",
                lg_text_escape(name, sizeof name, path));
    LG_TRY(check_lock(path, err));
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
        if (mkdir(path, 0777) == 0) return lg_file_sync_name(path, err);
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

/* On failure folder->lock is -1 unless the lock is ours. */
static logit_status take_lock(lg_run_folder *folder, logit_error *err)
{
    char file[PATH_ROOM + 8], owner[32] = "", name[NAME_ROOM];
    snprintf(file, sizeof file, "%s/lock", folder->path);
    int why = open_locked(&folder->lock, file);
    const int is_other = folder->lock >= 0 && why == EAGAIN;
    if (is_other) read_owner(folder->lock, owner, sizeof owner);
    if (why != 0 && folder->lock >= 0) {
        close(folder->lock);
        folder->lock = -1;
    }
    if (is_other) return refuse_locked(folder->path, owner, err);
    const int length = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    if (why == 0 && ftruncate(folder->lock, 0) != 0) why = errno;
    if (why != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s",
                lg_text_escape(name, sizeof name, file), strerror(why));
    return lg_file_write_all(folder->lock, file, owner, (size_t)length, err);
}

static logit_status refuse_metrics(const lg_run_folder *folder, logit_error *err)
{
    char file[PATH_ROOM + 16], name[NAME_ROOM];
    const int why = errno;
    snprintf(file, sizeof file, "%s/metrics.jsonl", folder->path);
    LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s", lg_text_escape(name, sizeof name, file),
            strerror(why));
}

static logit_status open_metrics(lg_run_folder *folder, int empty, logit_error *err)
{
    char file[PATH_ROOM + 16];
    snprintf(file, sizeof file, "%s/metrics.jsonl", folder->path);
    folder->metrics =
        open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (empty ? O_TRUNC : 0), 0666);
    return folder->metrics < 0 ? refuse_metrics(folder, err) : LOGIT_OK;
}

logit_status lg_run_folder_open(lg_run_folder **out, const char *path, const char *data,
                                lg_run_before before, logit_error *err)
{
    *out = NULL;
    LG_TRY(lg_run_folder_check(path, data, before != LG_RUN_BEFORE_REFUSE, err));
    lg_run_folder *folder = calloc(1, sizeof *folder);
    if (!folder) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the run folder");
    folder->lock = folder->metrics = -1;
    if (path) snprintf(folder->path, sizeof folder->path, "%s", path);
    logit_status status = path ? lg_folder_make(path, err) : make_numbered(folder->path, data, err);
    if (status == LOGIT_OK) status = take_lock(folder, err);
    if (status == LOGIT_OK) lg_run_before_sweep(folder->path);
    if (status == LOGIT_OK && before == LG_RUN_BEFORE_REMOVE)
        status = lg_run_before_remove(folder->path, err);
    if (status == LOGIT_OK) status = open_metrics(folder, before != LG_RUN_BEFORE_GO_ON, err);
    if (status != LOGIT_OK) {
        lg_run_folder_close(folder, 0);
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
    if (folder->lock >= 0) { /* else the folder is another's */
        char file[PATH_ROOM + 16];
        snprintf(file, sizeof file, "%s/lock", folder->path);
        if (keep)
            unlink(file);
        else
            remove_empty(folder);
        close(folder->lock);
    }
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

int64_t lg_run_folder_metrics_bytes(const lg_run_folder *folder)
{
    struct stat info;
    return fstat(folder->metrics, &info) == 0 ? (int64_t)info.st_size : 0;
}

logit_status lg_run_folder_cut_metrics(lg_run_folder *folder, int64_t bytes, logit_error *err)
{
    char name[NAME_ROOM];
    if (lg_run_folder_metrics_bytes(folder) < bytes)
        LG_FAIL(err, LOGIT_E_IO, "%s/metrics.jsonl: is shorter than when the run was saved",
                lg_text_escape(name, sizeof name, folder->path));
    return ftruncate(folder->metrics, (off_t)bytes) != 0 ? refuse_metrics(folder, err) : LOGIT_OK;
}

logit_status lg_run_folder_sync(lg_run_folder *folder, logit_error *err)
{
    return fsync(folder->metrics) != 0 ? refuse_metrics(folder, err) : LOGIT_OK;
}

logit_status lg_run_folder_add_line(lg_run_folder *folder, const lg_text *line, logit_error *err)
{
    char file[PATH_ROOM + 16];
    if (line->failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a line of metrics.jsonl");
    lg_run_folder_file(folder, "metrics.jsonl", file, sizeof file);
    LG_TRY(lg_file_write_all(folder->metrics, file, line->data, line->size, err));
    return lg_file_write_all(folder->metrics, file, "\n", 1, err);
}
