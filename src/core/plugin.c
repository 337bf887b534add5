/* plugin.c -- finds a plug-in, sees to it that it is one of ours, and keeps it open.
 *
 * Layer 1 (core).  The first place that has the file decides: one that is there and does not load
 * is an error to be told, not a reason to look on.  A plug-in is never closed: its threads, its
 * libraries' exit handlers and the texts in a logit_error may outlive any backend. */
/* SPDX-License-Identifier: MIT */
#include "core/plugin.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

#ifndef LG_LIBDIR
#define LG_LIBDIR "/usr/local/lib"
#endif

enum { PATH_SIZE = 4096, MOST_PLUGINS = 4, PLACES = 2 };

/* --------------------------------------------------------------------------------- places --- */

/* The folder of the running program; "" where it cannot be told. */
static void program_folder(char *out, size_t size)
{
    const ssize_t length = readlink("/proc/self/exe", out, size - 1);
    out[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) *slash = '\0';
}

/* Folder i that is looked into, or NULL past the last. */
static const char *place(int i, char *out, size_t size)
{
    const char *given = getenv("LOGIT_PLUGIN_DIR");
    const int one = given && *given;
    if (i >= (one ? 1 : PLACES)) return NULL;
    if (one)
        snprintf(out, size, "%s", given);
    else if (i == 0)
        program_folder(out, size);
    else
        snprintf(out, size, "%s", LG_LIBDIR "/logit");
    return out;
}

/* Path of the plug-in's file, at the first place that has one.  0: there is none. */
static int find(const char *name, char *out, size_t size)
{
    char folder[PATH_SIZE];
    for (int i = 0; place(i, folder, sizeof folder); i++) {
        if (!*folder) continue;
        const int length = snprintf(out, size, "%s/liblogit-%s.so", folder, name);
        if (length > 0 && (size_t)length < size && access(out, F_OK) == 0) return 1;
    }
    return 0;
}

int lg_plugin_is_there(const char *name)
{
    char path[2 * PATH_SIZE];
    return find(name, path, sizeof path);
}

static logit_status say_missing(const char *name, logit_error *err)
{
    char first[PATH_SIZE], second[PATH_SIZE];
    const char *a = place(0, first, sizeof first), *b = place(1, second, sizeof second);
    LG_FAIL(err, LOGIT_E_DEVICE,
            "device %s: no plug-in liblogit-%s.so in %.400s%s%.400s; build or install it, or take "
            "--device cpu",
            name, name, a ? a : "", b ? " or " : "", b ? b : "");
}

/* ------------------------------------------------------------------------------- loading --- */

/* What was loaded is a plug-in of this program's version, under its right name. */
static logit_status examine(const lg_plugin *plugin, const char *name, const char *path,
                            logit_error *err)
{
    if (!plugin)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: %.700s has no logit_plugin in it: it is no plug-in of logit; put the "
                "right file there, or take --device cpu",
                name, path);
    if (plugin->abi != LG_PLUGIN_ABI)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: %.700s has plug-in interface %u, this program needs %d: they are of "
                "different versions; build or install both together, or take --device cpu",
                name, path, (unsigned)plugin->abi, LG_PLUGIN_ABI);
    if (strcmp(plugin->name, name) != 0)
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: %.700s is the plug-in for %.40s under another name; put the right file "
                "there, or take --device cpu",
                name, path, plugin->name);
    return LOGIT_OK;
}

static logit_status load(const lg_plugin **out, const char *name, logit_error *err)
{
    char path[2 * PATH_SIZE];
    if (!find(name, path, sizeof path)) return say_missing(name, err);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *why = dlerror();
        LG_FAIL(err, LOGIT_E_DEVICE,
                "device %s: the plug-in cannot be loaded: %.800s; install what is missing, build "
                "the plug-in again, or take --device cpu",
                name, why ? why : path);
    }
    const lg_plugin *plugin = dlsym(library, "logit_plugin");
    const logit_status status = examine(plugin, name, path, err);
    if (status == LOGIT_OK)
        *out = plugin;
    else
        dlclose(library);
    return status;
}

/* Those that are open, first come, first listed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const lg_plugin *opened[MOST_PLUGINS];

/* The plug-in, from the list or newly loaded.  The lock is held. */
static logit_status take(const lg_plugin **out, const char *name, logit_error *err)
{
    int i = 0;
    for (; i < MOST_PLUGINS && opened[i]; i++)
        if (strcmp(opened[i]->name, name) == 0) {
            *out = opened[i];
            return LOGIT_OK;
        }
    LG_TRY(load(out, name, err));
    if (i < MOST_PLUGINS) opened[i] = *out; /* else the loader's own count keeps it */
    return LOGIT_OK;
}

logit_status lg_plugin_open(lg_backend **out, const char *name, int number,
                            const lg_backend_options *options, logit_error *err)
{
    const lg_plugin *plugin = NULL;
    *out = NULL;
    pthread_mutex_lock(&lock);
    const logit_status status = take(&plugin, name, err);
    pthread_mutex_unlock(&lock);
    LG_TRY(status);
    return plugin->open(out, number, options, err);
}
