/* folder_scan.c -- readdir, the kinds without a stat where the disk tells them, and a sort. */
/* SPDX-License-Identifier: MIT */
#include "data/folder_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"

enum { PATH_SHOWN = 600 }; /* bytes of a path inside a message */

void lg_names_clear(lg_names *names)
{
    free(names->data);
    *names = (lg_names){0};
}

void lg_scan_clear(lg_scan *scan)
{
    free(scan->entry);
    *scan = (lg_scan){0};
}

logit_status lg_names_add(lg_names *names, const char *name, size_t length, logit_error *err)
{
    if (names->room - names->size < length + 1) {
        const size_t room = names->room + names->room / 2 + length + 4096;
        char *data = realloc(names->data, room);
        if (!data) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of names", room);
        names->data = data;
        names->room = room;
    }
    memcpy(names->data + names->size, name, length);
    names->data[names->size + length] = '\0';
    names->size += length + 1;
    return LOGIT_OK;
}

static logit_status add_entry(lg_scan *scan, uint64_t name, lg_entry_kind kind, logit_error *err)
{
    if (scan->count == scan->room) {
        const size_t room = scan->room + scan->room / 2 + 64;
        lg_entry *entry = realloc(scan->entry, room * sizeof *entry);
        if (!entry) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory to list %zu files", room);
        scan->entry = entry;
        scan->room = room;
    }
    scan->entry[scan->count++] = (lg_entry){.name = name, .kind = kind};
    return LOGIT_OK;
}

static lg_entry_kind kind_of(int fd, const struct dirent *found)
{
    struct stat info;
    if (found->d_type == DT_REG) return LG_ENTRY_FILE;
    if (found->d_type == DT_DIR) return LG_ENTRY_FOLDER;
    if (found->d_type != DT_LNK && found->d_type != DT_UNKNOWN) return LG_ENTRY_OTHER;
    if (fstatat(fd, found->d_name, &info, 0) != 0 || S_ISREG(info.st_mode)) return LG_ENTRY_FILE;
    return S_ISDIR(info.st_mode) ? LG_ENTRY_FOLDER : LG_ENTRY_OTHER;
}

/* Two names of one folder are never equal, and none holds a '/'. */
static int compare_entries(const void *a, const void *b, void *names)
{
    const lg_entry *one = a, *other = b;
    const unsigned char *p = (const unsigned char *)names + one->name;
    const unsigned char *q = (const unsigned char *)names + other->name;
    while (*p == *q && *p) p++, q++;
    const int x = *p ? *p : one->kind == LG_ENTRY_FOLDER ? '/' : 0;
    const int y = *q ? *q : other->kind == LG_ENTRY_FOLDER ? '/' : 0;
    return x - y;
}

logit_status lg_scan_open(int *fd, int at, const char *name, const char *path, logit_error *err)
{
    char shown[PATH_SHOWN];
    do *fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    while (*fd < 0 && errno == EINTR);
    if (*fd < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be opened: %s",
                lg_text_escape(shown, sizeof shown, path), strerror(errno));
    return LOGIT_OK;
}

static logit_status read_entries(lg_scan *scan, lg_names *names, DIR *folder, const char *path,
                                 logit_error *err)
{
    char shown[PATH_SHOWN];
    for (;;) {
        const uint64_t at = names->size;
        errno = 0;
        const struct dirent *found = readdir(folder);
        if (!found && errno)
            LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be read: %s",
                    lg_text_escape(shown, sizeof shown, path), strerror(errno));
        if (!found) return LOGIT_OK;
        if (found->d_name[0] == '.') {
            scan->hidden += strcmp(found->d_name, ".") && strcmp(found->d_name, "..");
            continue;
        }
        LG_TRY(lg_names_add(names, found->d_name, strlen(found->d_name), err));
        LG_TRY(add_entry(scan, at, kind_of(dirfd(folder), found), err));
    }
}

logit_status lg_scan_read(lg_scan *scan, lg_names *names, int fd, const char *path,
                          logit_error *err)
{
    char shown[PATH_SHOWN];
    struct stat info;
    DIR *folder = fstat(fd, &info) == 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        const int why = errno;
        close(fd);
        LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be read: %s",
                lg_text_escape(shown, sizeof shown, path), strerror(why));
    }
    scan->device = info.st_dev;
    scan->inode = info.st_ino;
    const logit_status status = read_entries(scan, names, folder, path, err);
    closedir(folder);
    if (status == LOGIT_OK && scan->count > 1)
        qsort_r(scan->entry, scan->count, sizeof *scan->entry, compare_entries, names->data);
    return status;
}
