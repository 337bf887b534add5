/* model_file.c -- see model_file.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/model_file.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

void model_folder_open(model_folder *in)
{
    snprintf(in->folder, sizeof in->folder, "/tmp/logit-model-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(in->folder));
    snprintf(in->path, sizeof in->path, "%s/model.safetensors", in->folder);
}

/* Counts the files of the folder, and removes them if told to. */
static int walk(const model_folder *in, int removing)
{
    char path[512];
    int count = 0;
    DIR *folder = opendir(in->folder);
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        count++;
        if (!removing) continue;
        snprintf(path, sizeof path, "%s/%s", in->folder, entry->d_name);
        ck_assert_int_eq(unlink(path), 0);
    }
    closedir(folder);
    return count;
}

int model_folder_count(const model_folder *in)
{
    return walk(in, 0);
}

int model_folder_close(const model_folder *in)
{
    const int count = walk(in, 1);
    ck_assert_int_eq(rmdir(in->folder), 0);
    return count;
}

void model_file_bytes(const model_folder *in, const void *bytes, size_t size)
{
    FILE *file = fopen(in->path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void model_file_header(const model_folder *in, const char *header, size_t size, size_t data_bytes)
{
    const uint64_t length = size > 0 ? size : strlen(header);
    char *bytes = calloc(1, 8 + length + data_bytes);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    model_file_bytes(in, bytes, 8 + length + data_bytes);
    free(bytes);
}

/* Does message end in "[K]" with K one of the kinds in "K" or "K1|K2"? */
static int ends_in(const char *message, const char *kinds)
{
    char copy[64], *rest = NULL;
    const size_t length = strlen(message);
    snprintf(copy, sizeof copy, "%s", kinds);
    for (char *kind = strtok_r(copy, "|", &rest); kind; kind = strtok_r(NULL, "|", &rest)) {
        char tail[32];
        const size_t tail_length = (size_t)snprintf(tail, sizeof tail, " [%s]", kind);
        if (length > tail_length && strcmp(message + length - tail_length, tail) == 0) return 1;
    }
    return 0;
}

const char *model_file_refused(const model_folder *in, const char *kind)
{
    static logit_error err;
    char start[200];
    logit_model *model = (logit_model *)&err; /* must become NULL */
    const double began = lg_seconds();
    const logit_status status = lg_model_load(&model, in->path, NULL, &err);
    const double seconds = lg_seconds() - began;
    ck_assert_msg(status == LOGIT_E_DATA, "want [%s], got status %d: %s", kind, (int)status,
                  status == LOGIT_OK ? "accepted" : err.message);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(err.status, LOGIT_E_DATA);
    snprintf(start, sizeof start, "%s: safetensors at byte ", in->path);
    ck_assert_msg(strncmp(err.message, start, strlen(start)) == 0, "%s", err.message);
    ck_assert_msg(ends_in(err.message, kind), "want [%s], got: %s", kind, err.message);
    ck_assert_msg(seconds < 0.1, "%s: took %g s", err.message, seconds);
    return err.message;
}

const char *model_header_refused(const model_folder *in, const char *header, size_t data_bytes,
                                 const char *kind)
{
    model_file_header(in, header, 0, data_bytes);
    return model_file_refused(in, kind);
}
