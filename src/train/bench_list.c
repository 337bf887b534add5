/* bench_list.c -- how fast a folder of image files is listed, and its headers read. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "train/bench.h"
#include "train/sources.h"

typedef struct listing {
    const char *path;
    lg_dataset_options how;
    int64_t files;
} listing;

static logit_status open_pass(void *argument, logit_error *err)
{
    listing *l = argument;
    lg_dataset *data;
    LG_TRY(lg_dataset_open(&data, l->path, &l->how, err));
    l->files = 0;
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (data->part[p]) l->files += data->part[p]->count;
    lg_dataset_close(data);
    return LOGIT_OK;
}

static logit_status time_opening(const lg_bench *bench, listing *l, const char *name,
                                 logit_error *err)
{
    double rate;
    char shape[64];
    snprintf(shape, sizeof shape, "%lld files", (long long)l->files);
    if (!lg_bench_wants(bench, name, shape)) return LOGIT_OK;
    LG_TRY(lg_bench_time(bench, open_pass, l, &rate, err));
    lg_bench_report(bench, name, shape, "files/s", rate * (double)l->files, NULL);
    return LOGIT_OK;
}

logit_status lg_bench_list(const lg_bench *bench, const char *data, logit_error *err)
{
    lg_dataset *found;
    lg_pool *pool;
    LG_TRY(lg_pool_create(&pool, bench->options->threads, err));
    listing l = {.path = data, .how = {.shape = {1, 1, 1}, .pool = pool}};
    logit_status status = lg_dataset_open(&found, data, &l.how, err);
    const int is_folder = status == LOGIT_OK && strcmp(found->format, "folder") == 0;
    for (int p = 0; status == LOGIT_OK && p < LG_PART_COUNT; p++)
        if (found->part[p]) l.files += found->part[p]->count;
    if (status == LOGIT_OK) lg_dataset_close(found);
    if (is_folder) status = time_opening(bench, &l, "list a folder", err);
    l.how.shape = (lg_image_target){0, 0, 0};
    if (is_folder && status == LOGIT_OK)
        status = time_opening(bench, &l, "list, read headers", err);
    lg_pool_destroy(pool);
    return status;
}
