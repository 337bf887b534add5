/* draw_set.c -- a set of picture files: which there are, what is in them, and writing them.
 *
 * Each thread draws every threads-th picture on a canvas of its own; no picture knows another. */
/* SPDX-License-Identifier: MIT */
#include "datasets/draw.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/text.h"
#include "datasets/clear_set.h"

enum { PATH_ROOM = 4096, NAME_ROOM = 600, FILE_STREAM = 255 };

static const char *const pets[] = {"cat", "dog"};
static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

const lg_family lg_families[LG_FAMILY_COUNT] = {
    {"pets", "portraits of cats and dogs, in colour", pets, 2, 3, LG_FAMILY_PETS, lg_pets_draw, 100,
     3000, LG_DRAW_MIXED},
    {"digits", "handwritten digits, light on black", digits, 10, 1, LG_FAMILY_DIGITS,
     lg_digits_draw, 28, 5000, LG_DRAW_PNG},
};

const char *const lg_split_names[LG_SPLIT_COUNT] = {"train", "val", "test"};

const lg_family *lg_family_find(const char *name)
{
    for (int i = 0; i < LG_FAMILY_COUNT; i++)
        if (strcmp(lg_families[i].name, name) == 0) return &lg_families[i];
    return NULL;
}

int lg_draw_class(const lg_family *family, int64_t image)
{
    return (int)(image % family->class_count);
}

lg_split lg_draw_split(const lg_family *family, int64_t image)
{
    /* Early ones, so that a small set has all three parts as well. */
    const int64_t place = image / family->class_count % 10;
    return place == 1 ? LG_SPLIT_VAL : place == 2 ? LG_SPLIT_TEST : LG_SPLIT_TRAIN;
}

void lg_draw_picture(const lg_family *family, lg_canvas *canvas, uint64_t seed, int64_t image,
                     uint8_t *out)
{
    family->draw(canvas, seed, image, lg_draw_class(family, image));
    lg_canvas_bytes(canvas, family->channels, out);
}

static lg_chance file_chance(const lg_draw_options *options, int64_t image)
{
    return lg_chance_of(options->seed, (int)options->family->stream, image, FILE_STREAM);
}

lg_file_kind lg_draw_kind(const lg_draw_options *options, int64_t image)
{
    if (options->format == LG_DRAW_PNG) return LG_FILE_PNG;
    if (options->format == LG_DRAW_JPG) return LG_FILE_JPG;
    lg_chance chance = file_chance(options, image);
    return lg_chance_word(&chance) & 1 ? LG_FILE_JPG : LG_FILE_PNG;
}

const char *lg_draw_path(const lg_draw_options *options, int64_t image, char *out, size_t size)
{
    const lg_family *family = options->family;
    snprintf(out, size, "%s/%s/%06lld.%s", lg_split_names[lg_draw_split(family, image)],
             family->classes[lg_draw_class(family, image)], (long long)image,
             lg_draw_kind(options, image) == LG_FILE_PNG ? "png" : "jpg");
    return out;
}

/* ----------------------------------------------------------------------------- writing --- */

static logit_status write_file(const char *path, const lg_bytes *bytes, logit_error *err)
{
    char name[NAME_ROOM];
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        LG_FAIL(err, LOGIT_E_IO, "%s: cannot be written: %s",
                lg_text_escape(name, sizeof name, path), strerror(errno));
    logit_status status = lg_file_write_all(fd, path, bytes->data, bytes->size, err);
    if (close(fd) != 0 && status == LOGIT_OK)
        status = lg_fail(err, LOGIT_E_IO, __FILE__, __LINE__, "%s: close: %s",
                         lg_text_escape(name, sizeof name, path), strerror(errno));
    if (status != LOGIT_OK) unlink(path); /* half a picture is none */
    return status;
}

/* What one thread works with. */
typedef struct painter {
    lg_canvas *canvas;
    uint8_t *pixel;
    lg_bytes bytes;
    int64_t written[LG_SPLIT_COUNT];
    logit_status status;
    logit_error err;
} painter;

typedef struct paint_job {
    const lg_draw_options *options;
    painter *painters;
    atomic_int failed;
} paint_job;

static logit_status paint_one(const lg_draw_options *options, painter *own, int64_t image)
{
    char below[64], path[PATH_ROOM];
    const lg_family *family = options->family;
    lg_chance chance = file_chance(options, image);
    lg_chance_word(&chance); /* that of lg_draw_kind */
    const int quality = 82 + lg_chance_below(&chance, 15);
    const lg_pixels pixels = {own->pixel, options->size, options->size, family->channels};
    lg_draw_picture(family, own->canvas, options->seed, image, own->pixel);
    LG_TRY(
        lg_pixels_encode(&pixels, lg_draw_kind(options, image), quality, &own->bytes, &own->err));
    snprintf(path, sizeof path, "%s/%s", options->folder,
             lg_draw_path(options, image, below, sizeof below));
    LG_TRY(write_file(path, &own->bytes, &own->err));
    own->written[lg_draw_split(family, image)]++;
    return LOGIT_OK;
}

static logit_status painter_run(paint_job *job, painter *own, int part, int parts)
{
    const lg_draw_options *options = job->options;
    const size_t side = (size_t)options->size;
    LG_TRY(lg_canvas_create(&own->canvas, options->size, options->size, &own->err));
    own->pixel = malloc(side * side * (size_t)options->family->channels);
    if (!own->pixel) LG_FAIL(&own->err, LOGIT_E_NOMEM, "out of memory for %zu x %zu", side, side);
    for (int64_t i = part; i < options->count && !atomic_load(&job->failed); i += parts)
        LG_TRY(paint_one(options, own, i));
    return LOGIT_OK;
}

static void paint_part(void *argument, int part, int parts)
{
    paint_job *job = argument;
    painter *own = &job->painters[part];
    own->status = painter_run(job, own, part, parts);
    if (own->status != LOGIT_OK) atomic_store(&job->failed, 1);
    lg_canvas_destroy(own->canvas);
    free(own->pixel);
    lg_bytes_clear(&own->bytes);
}

static logit_status paint_all(const lg_draw_options *options, int threads,
                              int64_t written[LG_SPLIT_COUNT], logit_error *err)
{
    lg_pool *pool;
    paint_job job = {.options = options, .painters = calloc((size_t)threads, sizeof(painter))};
    if (!job.painters) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d threads", threads);
    atomic_init(&job.failed, 0);
    logit_status status = lg_pool_create(&pool, threads, err);
    if (status == LOGIT_OK) {
        lg_pool_run(pool, paint_part, &job);
        lg_pool_destroy(pool);
    }
    for (int t = 0; t < threads; t++) {
        const painter *own = &job.painters[t];
        for (int p = 0; p < LG_SPLIT_COUNT; p++) written[p] += own->written[p];
        if (status != LOGIT_OK || own->status == LOGIT_OK) continue;
        status = own->status;
        if (err) *err = own->err;
    }
    free(job.painters);
    return status;
}

/* ------------------------------------------------------------------------- the whole set --- */

static logit_status options_check(const lg_draw_options *options, logit_error *err)
{
    const int least = LG_SPLIT_COUNT * options->family->class_count;
    char name[NAME_ROOM];
    if (options->count < least || options->count > LG_DRAW_COUNT_MOST)
        LG_FAIL(err, LOGIT_E_USAGE,
                "-n %lld: expected %d (a picture of each of %d classes for train, val and test) "
                "to %d",
                (long long)options->count, least, options->family->class_count, LG_DRAW_COUNT_MOST);
    if (options->size < LG_DRAW_SIZE_LEAST || options->size > LG_DRAW_SIZE_MOST)
        LG_FAIL(err, LOGIT_E_USAGE, "--size %d: expected a side of %d to %d pixels", options->size,
                LG_DRAW_SIZE_LEAST, LG_DRAW_SIZE_MOST);
    if (strlen(options->folder) + 64 > PATH_ROOM)
        LG_FAIL(err, LOGIT_E_USAGE, "-o %s: the path is too long",
                lg_text_escape(name, sizeof name, options->folder));
    return LOGIT_OK;
}

bool lg_draw_is_packed(const char *path)
{
    const size_t length = strlen(path), suffix = sizeof ".packed" - 1;
    return length > suffix && strcmp(path + length - suffix, ".packed") == 0;
}

logit_status lg_draw_set(const lg_draw_options *options, int64_t written[LG_SPLIT_COUNT],
                         logit_error *err)
{
    const lg_family *family = options->family;
    char path[PATH_ROOM];
    for (int p = 0; p < LG_SPLIT_COUNT; p++) written[p] = 0;
    LG_TRY(options_check(options, err));
    if (lg_draw_is_packed(options->folder)) return lg_draw_packed(options, written, err);
    LG_TRY(lg_set_clear(options->folder, options->force, err));
    for (int p = 0; p < LG_SPLIT_COUNT; p++)
        for (int c = 0; c < family->class_count; c++) {
            snprintf(path, sizeof path, "%s/%s/%s", options->folder, lg_split_names[p],
                     family->classes[c]);
            LG_TRY(lg_folder_make(path, err));
        }
    int threads = options->threads > 0 ? options->threads : lg_processor_count();
    if (threads > options->count) threads = (int)options->count;
    return paint_all(options, threads, written, err);
}
