/* missing.c -- see missing.h. */
/* SPDX-License-Identifier: MIT */
#include "data/missing.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum { SHOWN = 400 }; /* bytes of a path inside a message */

/* A path in two: where it would be, and its last name. */
typedef struct split_path {
    char folder[PATH_MAX], leaf[NAME_MAX + 1];
    int is_here; /* the path names no folder */
} split_path;

/* 0 where there is no last name, or the path is longer than one can be.  "runs/lates/" is
 * runs/lates: a shell that completes names adds the slash. */
static int split(split_path *out, const char *path)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/') end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') begin--;
    const size_t folder = begin > 1 ? begin - 1 : begin; /* without its slash, but for "/" */
    if (begin == end || end - begin > NAME_MAX || folder >= sizeof out->folder) return 0;
    memcpy(out->leaf, path + begin, end - begin);
    out->leaf[end - begin] = '\0';
    memcpy(out->folder, path, folder);
    out->folder[folder] = '\0';
    out->is_here = begin == 0;
    if (out->is_here) memcpy(out->folder, ".", 2);
    return 1;
}

/* The name in the folder that is nearest to the leaf, in near[size]; "" if none is near. */
static void find_near(const split_path *at, DIR *folder, char *near, size_t size)
{
    int least = (int)strlen(at->leaf) / 3 + 2;
    near[0] = '\0';
    for (const struct dirent *found; (found = readdir(folder));) {
        if (found->d_name[0] == '.') continue;
        const int distance = lg_text_distance(at->leaf, found->d_name);
        const int order = near[0] ? strcmp(found->d_name, near) : -1;
        if (distance > least || (distance == least && order >= 0)) continue;
        if (strlen(found->d_name) >= size) continue;
        least = distance;
        memcpy(near, found->d_name, strlen(found->d_name) + 1);
    }
}

logit_status lg_missing_fail(const char *path, int why, logit_error *err)
{
    char shown[SHOWN], folder_shown[SHOWN], near[NAME_MAX + 1] = "", near_shown[SHOWN];
    split_path at;
    lg_text_escape(shown, sizeof shown, path);
    if (!*path) LG_FAIL(err, LOGIT_E_IO, "\"\": the name of a file or folder is empty");
    if (why != ENOENT || !split(&at, path))
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be opened: %s", shown, strerror(why));
    lg_text_escape(folder_shown, sizeof folder_shown, at.folder);
    DIR *folder = opendir(at.folder);
    if (!folder)
        LG_FAIL(err, LOGIT_E_IO, "%s: there is no such file or folder, nor a folder %s", shown,
                folder_shown);
    find_near(&at, folder, near, sizeof near);
    closedir(folder);
    if (!near[0]) LG_FAIL(err, LOGIT_E_IO, "%s: there is no such file or folder", shown);
    lg_text_escape(near_shown, sizeof near_shown, near);
    LG_FAIL(err, LOGIT_E_IO, "%s: there is no such file or folder; did you mean %s%s%s?", shown,
            at.is_here ? "" : folder_shown, at.is_here || !strcmp(at.folder, "/") ? "" : "/",
            near_shown);
}
