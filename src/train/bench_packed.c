/* bench_packed.c -- how fast the loader brings a packed set from the page cache.
 *
 * A file many times larger than the slots, written for this and removed, read in the order of its
 * rows and in a full shuffle, held against copying memory in the same run. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "data/loader.h"
#include "data/packed_write.h"
#include "train/bench.h"

enum { FILE_BYTES = 256 << 20, MEMORY = 32 << 20, BATCH = 1024, AT_ONCE = 64 };

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

static void say_shape(char *out, size_t size, size_t bytes, int shuffled)
{
    snprintf(out, size, "%zu bytes, batch %d, %s", bytes, BATCH,
             shuffled ? "full shuffle" : "in order");
}

static int is_wanted(const lg_bench *bench, size_t bytes, int shuffled)
{
    char shape[64];
    say_shape(shape, sizeof shape, bytes, shuffled);
    return lg_bench_wants(bench, name, shape);
}

/* The processor's own ceilings are not measured where a GPU computes. */
static void report(const lg_bench *bench, size_t bytes, int shuffled, double rate)
{
    logit_measure line = {.value = rate, .floor = NAN};
    snprintf(line.name, sizeof line.name, "%s", name);
    say_shape(line.shape, sizeof line.shape, bytes, shuffled);
    snprintf(line.unit, sizeof line.unit, "samples/s");
    if (bench->ceiling.copy_all > 0.0) {
        line.floor = bench->ceiling.copy_all / (double)bytes;
        snprintf(line.bound, sizeof line.bound, "memory copy");
    }
    bench->found(bench->user, &line);
}

static logit_status time_loader(const lg_bench *bench, const lg_set *set, size_t bytes,
                                int shuffled, logit_error *err)
{
    const lg_loader_options how = {.set = set,
                                   .batch = BATCH,
                                   .shuffle = shuffled ? LG_SHUFFLE_FULL : LG_SHUFFLE_NONE,
                                   .threads = bench->options->threads,
                                   .memory = MEMORY};
    packed_walk walk = {0};
    double rate;
    LG_TRY(lg_loader_create(&walk.loader, &how, err));
    const logit_status status = lg_bench_time(bench, walk_epoch, &walk, &rate, err);
    lg_loader_destroy(walk.loader);
    if (status == LOGIT_OK) report(bench, bytes, shuffled, rate * (double)set->count);
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

static logit_status write_file(const char *path, lg_image_target shape, logit_error *err)
{
    static char *names[] = {"a", "b"};
    const size_t bytes = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    const int64_t count = FILE_BYTES / (int64_t)bytes / AT_ONCE * AT_ONCE;
    lg_packed_plan plan = {.path = path, .replace = 1};
    lg_packed_writer *writer;
    int64_t size;
    plan.header.classes = 2;
    plan.header.part[LG_PART_TRAIN] =
        (lg_packed_part){.count = (uint64_t)count, .shape = shape, .element = LG_ELEMENT_U8};
    LG_TRY(lg_packed_create(&writer, &plan, err));
    lg_packed_rest rest = {.class_name = names, .source = "{}"};
    int32_t *label = calloc((size_t)count, sizeof *label);
    for (int64_t i = 0; label && i < count; i++) label[i] = (int32_t)(i & 1);
    rest.part[LG_PART_TRAIN].label = label;
    logit_status status = LOGIT_OK;
    if (!label)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for labels");
    if (status == LOGIT_OK) status = put_rows(writer, count, bytes, err);
    if (status == LOGIT_OK) status = lg_packed_finish(writer, &rest, &size, err);
    lg_packed_writer_destroy(writer, 0);
    free(label);
    return status;
}

static logit_status bench_file(const lg_bench *bench, const char *path, lg_image_target shape,
                               logit_error *err)
{
    const lg_dataset_options how = {.memory = MEMORY};
    const size_t bytes = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    lg_dataset *data;
    if (!is_wanted(bench, bytes, 0) && !is_wanted(bench, bytes, 1)) return LOGIT_OK;
    LG_TRY(write_file(path, shape, err));
    logit_status status = lg_dataset_open(&data, path, &how, err);
    unlink(path); /* what is mapped stays readable */
    if (status != LOGIT_OK) return status;
    for (int shuffled = 0; shuffled < 2 && status == LOGIT_OK; shuffled++)
        if (is_wanted(bench, bytes, shuffled))
            status = time_loader(bench, data->part[LG_PART_TRAIN], bytes, shuffled, err);
    lg_dataset_close(data);
    return status;
}

logit_status lg_bench_packed(const lg_bench *bench, logit_error *err)
{
    static const lg_image_target shapes[] = {{28, 28, 1}, {32, 32, 3}};
    const char *folder = getenv("TMPDIR");
    char path[1024];
    snprintf(path, sizeof path, "%.900s/logit-bench-%ld.packed",
             folder && *folder ? folder : "/tmp", (long)getpid());
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const logit_status status = bench_file(bench, path, shapes[i], err);
        if (status == LOGIT_E_IO) return LOGIT_OK; /* no room for the file: no figure */
        LG_TRY(status);
    }
    return LOGIT_OK;
}
