/* file.c -- system calls that are allowed to be interrupted, cut short or refused. */
/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "base/status.h"
#include "base/text.h"

enum { NAME_ROOM = 600 }; /* of a path inside a message */

void lg_bytes_clear(lg_bytes *bytes)
{
    free(bytes->data);
    *bytes = (lg_bytes){0};
}

logit_status lg_bytes_reserve(lg_bytes *bytes, size_t size, logit_error *err)
{
    if (size <= bytes->room) return LOGIT_OK;
    size_t room = bytes->room + bytes->room / 2;
    if (room < size) room = size;
    uint8_t *data = realloc(bytes->data, room);
    if (!data) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a buffer of %zu bytes", room);
    bytes->data = data;
    bytes->room = room;
    return LOGIT_OK;
}

logit_status lg_file_open(int *fd, int folder, const char *path, int64_t *size, logit_error *err)
{
    char name[NAME_ROOM];
    struct stat info = {0};
    *fd = -1;
    int opened;
    do opened = openat(folder, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    while (opened < 0 && errno == EINTR);
    if (opened < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be opened: %s",
                lg_text_escape(name, sizeof name, path), strerror(errno));
    if (fstat(opened, &info) != 0 || !S_ISREG(info.st_mode)) {
        const char *kind = S_ISDIR(info.st_mode) ? "a folder" : "not a regular file";
        close(opened);
        LG_FAIL(err, LOGIT_E_IO, "%s: is %s, expected a file",
                lg_text_escape(name, sizeof name, path), kind);
    }
    if (size) *size = (int64_t)info.st_size;
    *fd = opened;
    return LOGIT_OK;
}

logit_status lg_file_read_at(int fd, const char *path, void *to, size_t size, int64_t offset,
                             logit_error *err)
{
    char name[NAME_ROOM];
    uint8_t *at = to;
    size_t left = size;
    while (left > 0) {
        const ssize_t got = pread(fd, at, left, (off_t)(offset + (int64_t)(size - left)));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            LG_FAIL(err, LOGIT_E_IO, "%s: reading %zu bytes at byte %lld: %s",
                    lg_text_escape(name, sizeof name, path), size, (long long)offset,
                    strerror(errno));
        if (got == 0)
            LG_FAIL(err, LOGIT_E_DATA, "%s: ends at byte %lld, %zu bytes short [TRUNC]",
                    lg_text_escape(name, sizeof name, path),
                    (long long)(offset + (int64_t)(size - left)), left);
        at += got;
        left -= (size_t)got;
    }
    return LOGIT_OK;
}

logit_status lg_file_read(int folder, const char *path, size_t limit, lg_bytes *bytes,
                          logit_error *err)
{
    char name[NAME_ROOM];
    int fd;
    int64_t size;
    bytes->size = 0;
    LG_TRY(lg_file_open(&fd, folder, path, &size, err));
    logit_status status;
    if ((uint64_t)size > limit)
        status = lg_fail(err, LOGIT_E_DATA, __FILE__, __LINE__,
                         "%s: holds %lld bytes, at most %zu are read [LIMIT]",
                         lg_text_escape(name, sizeof name, path), (long long)size, limit);
    else
        status = lg_bytes_reserve(bytes, (size_t)size, err);
    if (status == LOGIT_OK) status = lg_file_read_at(fd, path, bytes->data, (size_t)size, 0, err);
    if (status == LOGIT_OK) bytes->size = (size_t)size;
    close(fd);
    return status;
}

logit_status lg_file_write_all(int fd, const char *path, const void *from, size_t size,
                               logit_error *err)
{
    char name[NAME_ROOM];
    const uint8_t *at = from;
    size_t left = size;
    while (left > 0) {
        const ssize_t put = write(fd, at, left);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0)
            LG_FAIL(err, LOGIT_E_IO, "%s: writing failed with %zu of %zu bytes left: %s",
                    lg_text_escape(name, sizeof name, path), left, size, strerror(errno));
        at += put;
        left -= (size_t)put;
    }
    return LOGIT_OK;
}

logit_status lg_file_write_at(int fd, const char *path, const void *from, size_t size,
                              int64_t offset, logit_error *err)
{
    char name[NAME_ROOM];
    const uint8_t *at = from;
    size_t left = size;
    while (left > 0) {
        const ssize_t put = pwrite(fd, at, left, (off_t)(offset + (int64_t)(size - left)));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0)
            LG_FAIL(err, LOGIT_E_IO,
                    "%s: writing at byte %lld failed with %zu of %zu bytes left: %s",
                    lg_text_escape(name, sizeof name, path),
                    (long long)(offset + (int64_t)(size - left)), left, size, strerror(errno));
        at += put;
        left -= (size_t)put;
    }
    return LOGIT_OK;
}

/* The folder a path lies in, as a path of its own in out[size]; 0 if it does not fit. */
static int folder_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    const size_t length = slash ? (size_t)(slash - path) : 0;
    if (length + 2 > size) return 0;
    if (!slash)
        memcpy(out, ".", 2);
    else if (length == 0)
        memcpy(out, "/", 2);
    else {
        memcpy(out, path, length);
        out[length] = '\0';
    }
    return 1;
}

logit_status lg_file_sync_name(const char *path, logit_error *err)
{
    char folder[4096], name[NAME_ROOM];
    if (!folder_of(path, folder, sizeof folder)) LG_FAIL(err, LOGIT_E_IO, "path is too long");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) return LOGIT_OK;
    const int failed = fd < 0 || (fsync(fd) != 0 && errno != EINVAL);
    const int why = errno;
    if (fd >= 0) close(fd);
    if (failed)
        LG_FAIL(err, LOGIT_E_IO, "%s: its folder cannot be synced: %s",
                lg_text_escape(name, sizeof name, path), strerror(why));
    return LOGIT_OK;
}

logit_status lg_file_rename(const char *from, const char *to, logit_error *err)
{
    char name[NAME_ROOM];
    if (rename(from, to) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: rename: %s", lg_text_escape(name, sizeof name, to),
                strerror(errno));
    return lg_file_sync_name(to, err);
}

static logit_status write_pieces(int fd, const char *path, const lg_piece *piece, int pieces,
                                 logit_error *err)
{
    char name[NAME_ROOM];
    for (int i = 0; i < pieces; i++)
        LG_TRY(lg_file_write_all(fd, path, piece[i].data, piece[i].size, err));
    if (fsync(fd) != 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: fsync: %s", lg_text_escape(name, sizeof name, path),
                strerror(errno));
    return LOGIT_OK;
}

logit_status lg_file_replace(const char *path, const lg_piece *piece, int pieces, logit_error *err)
{
    char name[NAME_ROOM], temporary[4096];
    const int length = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary)
        LG_FAIL(err, LOGIT_E_IO, "%s: path is too long", lg_text_escape(name, sizeof name, path));
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s",
                lg_text_escape(name, sizeof name, path), strerror(errno));
    logit_status status = write_pieces(fd, path, piece, pieces, err);
    if (close(fd) != 0 && status == LOGIT_OK)
        status = lg_fail(err, LOGIT_E_IO, __FILE__, __LINE__, "%s: close: %s",
                         lg_text_escape(name, sizeof name, path), strerror(errno));
    if (status == LOGIT_OK && rename(temporary, path) != 0)
        status = lg_fail(err, LOGIT_E_IO, __FILE__, __LINE__, "%s: rename: %s",
                         lg_text_escape(name, sizeof name, path), strerror(errno));
    if (status != LOGIT_OK) {
        unlink(temporary);
        return status;
    }
    return lg_file_sync_name(path, err);
}

void lg_file_sweep(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const size_t length = strlen(name);
    DIR *list = folder_of(path, folder, sizeof folder) ? opendir(folder) : NULL;
    if (!list) return;
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 || *rest++ != '.') continue;
        const size_t digits = strspn(rest, "0123456789");
        if (digits > 0 && strcmp(rest + digits, ".tmp") == 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

logit_status lg_folder_make(const char *path, logit_error *err)
{
    char name[NAME_ROOM], part[4096];
    const size_t length = strlen(path);
    if (length >= sizeof part)
        LG_FAIL(err, LOGIT_E_IO, "%s: path is too long", lg_text_escape(name, sizeof name, path));
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        const char kept = part[i];
        part[i] = '\0';
        struct stat info;
        const int made = mkdir(part, 0777) == 0;
        if (made) LG_TRY(lg_file_sync_name(part, err));
        if (!made && (errno != EEXIST || stat(part, &info) != 0 || !S_ISDIR(info.st_mode)))
            LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be made: %s",
                    lg_text_escape(name, sizeof name, part),
                    errno == EEXIST ? "a file is in the way" : strerror(errno));
        part[i] = kept;
    }
    return LOGIT_OK;
}
