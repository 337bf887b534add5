/* rig.c -- see tests/fuzz_rig.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/fuzz_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/dataset.h"

enum { PATH_ROOM = 256, SAMPLES = 8, LARGEST = 1 << 20 };

static char folder[64];

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command) != 0) fprintf(stderr, "fuzz: %s stays\n", folder);
}

const char *fuzz_path(const char *name)
{
    static char path[PATH_ROOM];
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/dev/shm/logit-fuzz-%ld", (long)getpid());
        mkdir(folder, 0700);
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void fuzz_write(const char *name, const void *bytes, size_t size)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s", fuzz_path(name));
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    fuzz_must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size, "a file could not be written");
    close(fd);
}

void fuzz_refused(logit_status status, const logit_error *err)
{
    if (status == LOGIT_OK) return;
    if (status != LOGIT_E_DATA) fprintf(stderr, "status %d: %s\n", status, err->message);
    fuzz_must(status == LOGIT_E_DATA, "an error that is not of the data");
    fuzz_must(err->message[0] != '\0', "an error without a word");
}

/* A file that the input names and that is not there is no error of the data. */
static void refused(logit_status status, fuzz_naming naming, const logit_error *err)
{
    if (status != LOGIT_E_IO || naming != FUZZ_NAMES_FILES) fuzz_refused(status, err);
}

/* The same sample twice: the same bytes, or the same refusal. */
static void read_twice(const lg_set *set, int64_t i, lg_decoder *decoder, fuzz_naming naming)
{
    static uint8_t out[2][LARGEST];
    logit_error err;
    char name[300];
    size_t bytes = lg_element_bytes(set->element);
    bytes *= (size_t)set->shape.height * (size_t)set->shape.width * (size_t)set->shape.channels;
    if (bytes > LARGEST) return;
    fuzz_must(set->ops->name(set, i, name, sizeof name) != NULL, "a sample without a name");
    const logit_status first = set->ops->read(set, i, decoder, out[0], &err);
    refused(first, naming, &err);
    const logit_status second = set->ops->read(set, i, decoder, out[1], &err);
    fuzz_must(first == second, "once bad, once good");
    if (first == LOGIT_OK) fuzz_must(memcmp(out[0], out[1], bytes) == 0, "not the same twice");
}

void fuzz_set(const char *path, fuzz_naming naming)
{
    const lg_dataset_options options = {.memory = (int64_t)1 << 28};
    static lg_decoder *decoder;
    lg_dataset *dataset;
    logit_error err = {.message = ""};
    if (!decoder) fuzz_must(lg_decoder_create(&decoder, &err) == LOGIT_OK, "no decoder");
    const logit_status status = lg_dataset_open(&dataset, path, &options, &err);
    if (status != LOGIT_OK) {
        /* a set that is larger than the limit is refused as such */
        if (status != LOGIT_E_NOMEM) refused(status, naming, &err);
        return;
    }
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_set *set = dataset->part[p];
        for (int64_t i = 0; set && i < set->count && i < SAMPLES; i++)
            read_twice(set, i, decoder, naming);
        if (set && set->label)
            for (int64_t i = 0; i < set->count; i++)
                fuzz_must(set->label[i] >= 0 && set->label[i] < dataset->classes,
                          "a label outside");
    }
    lg_dataset_close(dataset);
}
