/* bench_packed.c -- how fast the loader brings a packed set from the page cache.
 *
 * Files many times larger than the slots, written for this and removed, held against copying memory
 * in the same run: one whose rows lie by index, read in that order, and one as `logit pack` writes
 * it, rows mixed, read in a block shuffle and in a full one. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "data/loader.h"
#include "data/order.h"
#include "data/packed_write.h"
#include "train/bench.h"

enum { FILE_BYTES = 256 << 20, MEMORY = 32 << 20, AT_ONCE = 64 };

/* Images of MNIST, CIFAR, small photos, and the cats and dogs of the beginning. */
typedef struct row_kind {
    lg_image_target shape;
    int batch;
} row_kind;
static const row_kind kinds[] = {
    {{28, 28, 1}, 1024}, {{32, 32, 3}, 1024}, {{64, 64, 3}, 1024}, {{100, 100, 3}, 256}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static size_t bytes_of(const row_kind *kind)
{
    const lg_image_target *shape = &kind->shape;
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

typedef struct packed_walk {
    lg_loader *loader;
    uint32_t epoch;
} packed_walk;

static logit_status walk_epoch(void *argument, logit_error *err)
{
    packed_walk *walk = argument;
    const lg_minibatch *mini;
    LG_TRY(lg_loader_start(walk->loader, walk->epoch++, 0, err));
    for (;;) {
        LG_TRY(lg_loader_next(walk->loader, &mini, err));
        if (!mini) return LOGIT_OK;
        lg_loader_release(walk->loader, mini);
    }
}

static const char name[] = "loader, packed, page cache";

static const struct {
    lg_shuffle shuffle;
    int mixed; /* the rows of the file */
    const char *words;
} orders[] = {{LG_SHUFFLE_NONE, 0, "in order"},
              {LG_SHUFFLE_BLOCK, 1, "block shuffle"},
              {LG_SHUFFLE_FULL, 1, "full shuffle"}};
enum { ORDERS = sizeof orders / sizeof *orders };

static void say_shape(char *out, size_t size, const row_kind *kind, int order)
{
    snprintf(out, size, "%zu bytes, batch %d, %s", bytes_of(kind), kind->batch,
             orders[order].words);
}

static int is_wanted(const lg_bench *bench, const row_kind *kind, int order)
{
    char shape[64];
    say_shape(shape, sizeof shape, kind, order);
    return lg_bench_wants(bench, name, shape);
}

/* The processor's own ceilings are not measured where a GPU computes. */
void lg_bench_report_rows(const lg_bench *bench, const char *called, const char *shape,
                          size_t bytes, double rate)
{
    logit_measure line = {.value = rate, .floor = NAN};
    snprintf(line.name, sizeof line.name, "%s", called);
    snprintf(line.shape, sizeof line.shape, "%s", shape);
    snprintf(line.unit, sizeof line.unit, "samples/s");
    if (bench->ceiling.copy_all > 0.0) {
        line.floor = bench->ceiling.copy_all / (double)bytes;
        snprintf(line.bound, sizeof line.bound, "memory copy");
    }
    lg_bench_tell(bench, &line);
}

static logit_status time_loader(const lg_bench *bench, const lg_set *set, const row_kind *kind,
                                int order, logit_error *err)
{
    const lg_loader_options how = {.set = set,
                                   .batch = kind->batch,
                                   .shuffle = orders[order].shuffle,
                                   .threads = bench->options->threads,
                                   .memory = MEMORY};
    packed_walk walk = {0};
    double rate;
    char shape[64];
    say_shape(shape, sizeof shape, kind, order);
    LG_TRY(lg_loader_create(&walk.loader, &how, err));
    const logit_status status = lg_bench_time(bench, walk_epoch, &walk, &rate, err);
    lg_loader_destroy(walk.loader);
    if (status == LOGIT_OK)
        lg_bench_report_rows(bench, name, shape, bytes_of(kind), rate * (double)set->count);
    return status;
}

static logit_status put_rows(lg_packed_writer *writer, int64_t count, size_t bytes,
                             logit_error *err)
{
    uint8_t *rows = malloc(AT_ONCE * bytes);
    if (!rows) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for rows to measure with");
    logit_status status = LOGIT_OK;
    for (int64_t row = 0; row < count && status == LOGIT_OK; row += AT_ONCE) {
        memset(rows, (int)(row & 255), AT_ONCE * bytes);
        status = lg_packed_put(writer, LG_PART_TRAIN, row, AT_ONCE, rows, err);
    }
    free(rows);
    return status;
}

static logit_status write_file(const char *path, const row_kind *kind, int mixed, logit_error *err)
{
    static char *names[] = {"a", "b"};
    const size_t bytes = bytes_of(kind);
    const int64_t count = FILE_BYTES / (int64_t)bytes / AT_ONCE * AT_ONCE;
    lg_packed_plan plan = {.path = path, .replace = 1};
    lg_packed_writer *writer;
    int64_t size;
    plan.header.classes = 2;
    plan.header.part[LG_PART_TRAIN] =
        (lg_packed_part){.count = (uint64_t)count, .shape = kind->shape, .element = LG_ELEMENT_U8};
    LG_TRY(lg_packed_create(&writer, &plan, err));
    lg_packed_rest rest = {.class_name = names, .source = "{}"};
    int32_t *label = malloc(2 * (size_t)count * sizeof *label), *place = label + count;
    logit_status status = LOGIT_OK;
    if (!label)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for labels");
    for (int64_t i = 0; label && i < count; i++) label[i] = (int32_t)(i & 1);
    if (label) lg_order_mix(place, count);
    rest.part[LG_PART_TRAIN].label = label;
    rest.part[LG_PART_TRAIN].place = mixed ? place : NULL;
    if (status == LOGIT_OK) status = put_rows(writer, count, bytes, err);
    if (status == LOGIT_OK) status = lg_packed_finish(writer, &rest, &size, err);
    lg_packed_writer_destroy(writer, 0);
    free(label);
    return status;
}

/* A file of rows by index or mixed, and what is read from it. */
static logit_status bench_file(const lg_bench *bench, const char *path, const row_kind *kind,
                               int mixed, logit_error *err)
{
    const lg_dataset_options how = {.memory = MEMORY};
    lg_dataset *data;
    int wanted = 0;
    for (int i = 0; i < ORDERS; i++)
        wanted += orders[i].mixed == mixed && is_wanted(bench, kind, i);
    if (!wanted) return LOGIT_OK;
    LG_TRY(write_file(path, kind, mixed, err));
    logit_status status = lg_dataset_open(&data, path, &how, err);
    unlink(path); /* what is mapped stays readable */
    if (status != LOGIT_OK) return status;
    for (int i = 0; i < ORDERS && status == LOGIT_OK; i++)
        if (orders[i].mixed == mixed && is_wanted(bench, kind, i))
            status = time_loader(bench, data->part[LG_PART_TRAIN], kind, i, err);
    lg_dataset_close(data);
    return status;
}

logit_status lg_bench_packed(const lg_bench *bench, logit_error *err)
{
    char path[1024];
    snprintf(path, sizeof path, "%.900s/logit-bench-%ld.packed", lg_bench_folder(), (long)getpid());
    for (int i = 0; i < 2 * KINDS; i++) {
        const row_kind *kind = &kinds[i / 2];
        if (i % 2 == 0) LG_TRY(lg_bench_gather(bench, bytes_of(kind), FILE_BYTES, MEMORY, err));
        const logit_status status = bench_file(bench, path, kind, i % 2, err);
        if (status == LOGIT_E_IO) return LOGIT_OK; /* no room for the file: no figure */
        LG_TRY(status);
    }
    return LOGIT_OK;
}
