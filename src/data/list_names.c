/* list_names.c -- looking at names, and at how a file begins. */
/* SPDX-License-Identifier: MIT */
#include "data/list_names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "data/folder_list.h"
#include "data/folder_scan.h"

enum { BEGINNING = 4096, SHOWN = 400 };

static const char header[] = "path,label";

/* Does what stands before a comma end as the name of an image?  Quotes are left aside. */
static int names_image(char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '"') length--;
    const char kept = text[length];
    text[length] = '\0';
    const int wants = lg_folder_list_wants(text);
    text[length] = kept;
    return wants;
}

static int begins_as_list(char *text)
{
    if (!strncmp(text, "\xEF\xBB\xBF", 3)) text += 3;
    text += strspn(text, "\r\n");
    if (!strncasecmp(text, header, sizeof header - 1)) return 1;
    const char *end = text + strcspn(text, "\n");
    for (char *comma = strchr(text, ','); comma && comma < end; comma = strchr(comma + 1, ','))
        if (names_image(text, (size_t)(comma - text))) return 1;
    return 0;
}

logit_status lg_list_looks_so(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    char text[BEGINNING + 1];
    int fd;
    int64_t bytes;
    *mine = 0;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return LOGIT_OK;
    LG_TRY(lg_file_open(&fd, AT_FDCWD, path, &bytes, err));
    const size_t size = bytes < BEGINNING ? (size_t)bytes : BEGINNING;
    const logit_status status = lg_file_read_at(fd, path, text, size, 0, err);
    close(fd);
    LG_TRY(status);
    text[size] = '\0';
    *mine = begins_as_list(text);
    return LOGIT_OK;
}

/* The part that a file of this name would be, or -1. */
static int part_of_list(const char *name)
{
    char stem[32];
    const char *dot = strrchr(name, '.');
    if (!dot || strcasecmp(dot, ".csv") || (size_t)(dot - name) >= sizeof stem) return -1;
    memcpy(stem, name, (size_t)(dot - name));
    stem[dot - name] = '\0';
    return lg_part_of_name(stem);
}

/* Takes the file if it is the list of a part. */
static logit_status take(char *list[LG_PART_COUNT], const char *folder, const char *name,
                         logit_error *err)
{
    char one[SHOWN], other[SHOWN];
    const int p = part_of_list(name);
    if (p < 0) return LOGIT_OK;
    char *path = lg_text_format("%s/%s", folder, name);
    if (!path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    int mine;
    logit_status status = lg_list_looks_so(path, &mine, err);
    if (status == LOGIT_OK && mine && list[p])
        status = lg_fail(err, LOGIT_E_DATA, __FILE__, __LINE__,
                         "%s and %s are both the list of the %s part; keep one",
                         lg_text_escape(one, sizeof one, list[p]),
                         lg_text_escape(other, sizeof other, path), lg_part_names[p]);
    if (status == LOGIT_OK && mine)
        list[p] = path;
    else
        free(path);
    return status;
}

logit_status lg_list_find(char *list[LG_PART_COUNT], lg_dataset *dataset, logit_error *err)
{
    struct stat info;
    lg_names names = {0};
    lg_scan scan = {0};
    int fd;
    if (stat(dataset->path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        list[LG_PART_TRAIN] = strdup(dataset->path);
        if (!list[LG_PART_TRAIN]) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
        return LOGIT_OK;
    }
    dataset->has_parts = 1;
    LG_TRY(lg_scan_open(&fd, AT_FDCWD, dataset->path, dataset->path, err));
    logit_status status = lg_scan_read(&scan, &names, fd, dataset->path, err);
    for (size_t i = 0; i < scan.count && status == LOGIT_OK; i++)
        if (scan.entry[i].kind == LG_ENTRY_FILE)
            status = take(list, dataset->path, names.data + scan.entry[i].name, err);
    lg_scan_clear(&scan);
    lg_names_clear(&names);
    return status;
}

logit_status lg_format_list_probe(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    lg_dataset folder = {.path = (char *)path};
    char *list[LG_PART_COUNT] = {0};
    *mine = 0;
    if (stat(path, &info) != 0) return LOGIT_OK;
    if (!S_ISDIR(info.st_mode)) return lg_list_looks_so(path, mine, err);
    const logit_status status = lg_list_find(list, &folder, err);
    *mine = list[LG_PART_TRAIN] || list[LG_PART_VAL] || list[LG_PART_TEST];
    for (int p = 0; p < LG_PART_COUNT; p++) free(list[p]);
    return status;
}
