/* run_before.c -- files of ours, in the run folder and in settings/NN. */
/* SPDX-License-Identifier: MIT */
#include "train/run_before.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"

enum { NAME_ROOM = 600 };

static const char *const names[] = {"checkpoint.0", "checkpoint.1",  "model.safetensors",
                                    "config.ini",   "metrics.jsonl", "eval.json",
                                    "report.html"};
enum { NAMES = sizeof names / sizeof *names };

/* What is done with a folder, open at fd: RUN itself, or one in it. */
typedef logit_status visit(int fd, const char *path, logit_error *err);

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Visits settings/NN of the run folder, and removes those that are empty then. */
static logit_status visit_settings(int run, const char *path, visit *each, logit_error *err)
{
    const int settings = open_folder(run, "settings");
    DIR *list = settings >= 0 ? fdopendir(settings) : NULL;
    logit_status status = LOGIT_OK;
    if (!list && settings >= 0) close(settings);
    for (const struct dirent *entry; list && status == LOGIT_OK && (entry = readdir(list));) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")]) continue;
        const int one = open_folder(settings, entry->d_name);
        if (one < 0) continue;
        status = each(one, path, err);
        close(one);
        unlinkat(settings, entry->d_name, AT_REMOVEDIR); /* fails, rightly, if not empty */
    }
    if (list) closedir(list);
    unlinkat(run, "settings", AT_REMOVEDIR);
    return status;
}

/* Visits the run folder and all of settings/NN. */
static logit_status visit_all(const char *path, visit *each, logit_error *err)
{
    char shown[NAME_ROOM];
    const int run = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: folder cannot be opened: %s",
                lg_text_escape(shown, sizeof shown, path), strerror(errno));
    logit_status status = each(run, path, err);
    if (status == LOGIT_OK) status = visit_settings(run, path, each, err);
    close(run);
    return status;
}

/* --------------------------------------------------------------------- what is half written --- */

/* 1 for NAME.PID.tmp, as lg_file_replace names what it has not finished, of a file of ours. */
static int is_unfinished(const char *name)
{
    for (size_t i = 0; i < NAMES; i++) {
        const size_t length = strlen(names[i]);
        if (strncmp(name, names[i], length) != 0 || name[length] != '.') continue;
        const char *number = name + length + 1;
        const size_t digits = strspn(number, "0123456789");
        if (digits > 0 && strcmp(number + digits, ".tmp") == 0) return 1;
    }
    return 0;
}

static logit_status sweep_folder(int fd, const char *path, logit_error *err)
{
    const int again = open_folder(fd, "."); /* the list closes its own */
    DIR *list = again >= 0 ? fdopendir(again) : NULL;
    (void)path;
    (void)err;
    if (!list && again >= 0) close(again);
    for (const struct dirent *entry; list && (entry = readdir(list));)
        if (is_unfinished(entry->d_name)) unlinkat(fd, entry->d_name, 0);
    if (list) closedir(list);
    return LOGIT_OK;
}

void lg_run_before_sweep(const char *folder)
{
    visit_all(folder, sweep_folder, NULL);
}

/* ------------------------------------------------------------------------- what is finished --- */

static logit_status remove_folder(int fd, const char *path, logit_error *err)
{
    char shown[NAME_ROOM];
    for (size_t i = 0; i < NAMES; i++)
        if (unlinkat(fd, names[i], 0) != 0 && errno != ENOENT)
            LG_FAIL(err, LOGIT_E_IO, "%s: the run before left %s, which cannot be removed: %s",
                    lg_text_escape(shown, sizeof shown, path), names[i], strerror(errno));
    return LOGIT_OK;
}

logit_status lg_run_before_remove(const char *folder, logit_error *err)
{
    return visit_all(folder, remove_folder, err);
}
