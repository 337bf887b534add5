/* model_find.c -- see model_find.h. */
/* SPDX-License-Identifier: MIT */
#include "train/model_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "base/text.h"
#include "data/missing.h"
#include "train/model.h"

#define ADVICE "(a MODEL is the folder of a run, such as runs/latest, or its " LG_MODEL_FILE ")"

enum {
    PATH_SHOWN = 400, /* room for a path inside a message */
    MAGIC = 8         /* bytes that a file begins with, at most */
};

/* What is given in the place of a model, by mistake: the image, the set, a model of another kind.
 * No safetensors file begins so: its first eight bytes are the length of its header, which is at
 * most a megabyte, so that the last of them are 0. */
static const struct {
    const char *magic;
    size_t size;
    const char *what;
} kinds[] = {
    {"\x89PNG\r\n\x1a\n", 8, "a PNG image"},
    {"\xff\xd8\xff", 3, "a JPEG image"},
    {"P5\n", 3, "a PGM image"},
    {"P6\n", 3, "a PPM image"},
    {"\x93NUMPY", 6, "an array of NumPy"},
    {"PK\x03\x04", 4, "a ZIP archive, as .npz and PyTorch files are"},
    {"\x1f\x8b", 2, "a gzip file"},
};

/* What the file is, where it is surely no model; else NULL. */
static const char *other_kind(const char *path)
{
    char start[MAGIC];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const ssize_t got = fd < 0 ? 0 : read(fd, start, sizeof start);
    if (fd >= 0) close(fd);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (got == MAGIC && start[MAGIC - 1] != 0 &&
            memcmp(start, kinds[i].magic, kinds[i].size) == 0)
            return kinds[i].what;
    return NULL;
}

/* The folder's model.  A folder without one is most often the data set, given first. */
static logit_status find_in_folder(char **out, const char *path, logit_error *err)
{
    struct stat info;
    char shown[PATH_SHOWN];
    char *file = lg_text_format("%s/%s", path, LG_MODEL_FILE);
    if (!file) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the name of a model");
    *out = file;
    if (stat(file, &info) == 0 || errno != ENOENT) return LOGIT_OK;
    free(file);
    *out = NULL;
    LG_FAIL(err, LOGIT_E_IO,
            "%s: a folder without " LG_MODEL_FILE ": not that of a run that has saved its model.  "
            "logit train DATA -o RUN makes one, and RUN is the MODEL",
            lg_text_escape(shown, sizeof shown, path));
}

logit_status lg_model_find(char **out, const char *path, logit_error *err)
{
    struct stat info;
    char shown[PATH_SHOWN];
    *out = NULL;
    if (stat(path, &info) != 0) {
        logit_error why;
        const logit_status status = lg_missing_fail(path, errno, &why);
        LG_FAIL(err, status, "%s " ADVICE, why.message);
    }
    if (S_ISDIR(info.st_mode)) return find_in_folder(out, path, err);
    const char *kind = S_ISREG(info.st_mode) ? other_kind(path) : NULL;
    if (kind)
        LG_FAIL(err, LOGIT_E_DATA, "%s: is %s, and no model " ADVICE " [FORMAT]",
                lg_text_escape(shown, sizeof shown, path), kind);
    *out = strdup(path);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the name of a model");
    return LOGIT_OK;
}
