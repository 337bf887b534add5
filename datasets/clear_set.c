/* clear_set.c -- looks before it draws, and removes only what draw has made. */
/* SPDX-License-Identifier: MIT */
#include "datasets/clear_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"
#include "datasets/draw.h"

enum { PATH_ROOM = 4096, NAME_ROOM = 600 };

/* Opens a folder; *out is NULL where there is none. */
static logit_status folder_open(DIR **out, const char *path, logit_error *err)
{
    char name[NAME_ROOM];
    *out = opendir(path);
    if (!*out && errno != ENOENT)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be read as a folder: %s",
                lg_text_escape(name, sizeof name, path), strerror(errno));
    return LOGIT_OK;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Six digits or more, then .png or .jpg: the names draw gives. */
static bool is_picture(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    return digits >= 6 &&
           (strcmp(name + digits, ".png") == 0 || strcmp(name + digits, ".jpg") == 0);
}

static logit_status clear_class(const char *path, logit_error *err)
{
    char name[NAME_ROOM];
    DIR *folder;
    LG_TRY(folder_open(&folder, path, err));
    if (!folder) return LOGIT_OK;
    logit_status status = LOGIT_OK;
    for (struct dirent *entry; status == LOGIT_OK && (entry = readdir(folder));) {
        if (!is_picture(entry->d_name)) continue;
        if (unlinkat(dirfd(folder), entry->d_name, 0) != 0)
            status =
                lg_fail(err, LOGIT_E_IO, __FILE__, __LINE__, "%s/%s: cannot be removed: %s",
                        lg_text_escape(name, sizeof name, path), entry->d_name, strerror(errno));
    }
    closedir(folder);
    rmdir(path); /* stays if something else is in it */
    return status;
}

/* *full is whether there is anything in the folder. */
static logit_status look_into(const char *path, bool *full, logit_error *err)
{
    DIR *folder;
    *full = false;
    LG_TRY(folder_open(&folder, path, err));
    if (!folder) return LOGIT_OK;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (!is_dots(entry->d_name)) *full = true;
    closedir(folder);
    return LOGIT_OK;
}

logit_status lg_set_clear(const char *folder, bool force, logit_error *err)
{
    char path[PATH_ROOM], name[NAME_ROOM];
    bool full;
    LG_TRY(look_into(folder, &full, err));
    if (!full) return LOGIT_OK;
    if (!force)
        LG_FAIL(err, LOGIT_E_USAGE,
                "%s: the folder is not empty; give another one, or --force to replace the "
                "pictures of an earlier drawing in it",
                lg_text_escape(name, sizeof name, folder));
    for (int p = 0; p < LG_SPLIT_COUNT; p++)
        for (int f = 0; f < LG_FAMILY_COUNT; f++)
            for (int c = 0; c < lg_families[f].class_count; c++) {
                snprintf(path, sizeof path, "%s/%s/%s", folder, lg_split_names[p],
                         lg_families[f].classes[c]);
                LG_TRY(clear_class(path, err));
            }
    return LOGIT_OK;
}
