/* draw_packed.c -- a drawn set straight into a packed file: no picture is ever encoded.
 *
 * Samples stand in the order (class, number), as in a folder of class folders; rows in the mixed
 * order of every packed file (data/order.h).  A few hundred rows are drawn at a time, by all
 * threads, and written; apart from the order of the rows, and the labels, nothing grows with the
 * set. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/text.h"
#include "data/order.h"
#include "data/packed_write.h"
#include "datasets/draw.h"

enum { DECADE = 10, ROWS = 512 };

/* Which of each ten pictures of a class belong to a part (lg_draw_split). */
typedef struct places {
    int count, place[DECADE];
} places;

static places places_of(const lg_family *family, lg_split split)
{
    places of = {0};
    for (int i = 0; i < DECADE; i++)
        if (lg_draw_split(family, (int64_t)i * family->class_count) == split)
            of.place[of.count++] = i;
    return of;
}

/* Pictures of a class in a part. */
static int64_t count_of(const lg_draw_options *options, const places *of, int class_index)
{
    const int k = options->family->class_count;
    const int64_t all = (options->count - class_index + k - 1) / k;
    int64_t count = all / DECADE * of->count;
    for (int i = 0; i < of->count; i++) count += of->place[i] < all % DECADE;
    return count;
}

/* A part that is being drawn. */
typedef struct part_job {
    const lg_draw_options *options;
    places of;
    int64_t count;
    int32_t *label, *place; /* [count] */
    int64_t *first;         /* [classes] sample at which each begins */
    lg_canvas **canvas;     /* [threads] */
    uint8_t *rows;          /* [ROWS] */
    int64_t row, drawn;     /* rows row .. row + drawn - 1 are drawn */
    size_t row_bytes;
} part_job;

/* The picture that sample i is. */
static int64_t picture_of(const part_job *job, int64_t i)
{
    const int label = job->label[i];
    const int64_t of_class = i - job->first[label];
    const int64_t number =
        of_class / job->of.count * DECADE + job->of.place[of_class % job->of.count];
    return number * job->options->family->class_count + label;
}

static void draw_rows(void *argument, int part, int parts)
{
    part_job *job = argument;
    for (int64_t i = part; i < job->drawn; i += parts)
        lg_draw_picture(job->options->family, job->canvas[part], job->options->seed,
                        picture_of(job, job->place[job->row + i]),
                        job->rows + (size_t)i * job->row_bytes);
}

static logit_status list_samples(part_job *job, logit_error *err)
{
    const int classes = job->options->family->class_count;
    job->first = calloc((size_t)classes, sizeof *job->first);
    for (int c = 0; job->first && c < classes; c++) {
        job->first[c] = job->count;
        job->count += count_of(job->options, &job->of, c);
    }
    job->label = malloc((size_t)job->count * sizeof *job->label);
    job->place = malloc((size_t)job->count * sizeof *job->place);
    if (!job->first || !job->label || !job->place)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld pictures", (long long)job->count);
    for (int c = 0; c < classes; c++)
        for (int64_t i = job->first[c], end = c + 1 < classes ? job->first[c + 1] : job->count;
             i < end; i++)
            job->label[i] = c;
    lg_order_mix(job->place, job->count);
    return LOGIT_OK;
}

static logit_status draw_part(part_job *job, lg_packed_writer *writer, int part, lg_pool *pool,
                              logit_error *err)
{
    for (job->row = 0; job->row < job->count; job->row += job->drawn) {
        job->drawn = job->count - job->row < ROWS ? job->count - job->row : ROWS;
        lg_pool_run(pool, draw_rows, job);
        LG_TRY(lg_packed_put(writer, part, job->row, job->drawn, job->rows, err));
    }
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------- the whole set --- */

/* Everything that is opened, in the order in which it is. */
typedef struct drawing {
    const lg_draw_options *options;
    int threads;
    lg_pool *pool;
    lg_canvas **canvas; /* [threads] */
    uint8_t *rows;
    part_job part[LG_SPLIT_COUNT];
    lg_packed_writer *writer;
} drawing;

_Static_assert((int)LG_SPLIT_TRAIN == (int)LG_PART_TRAIN && (int)LG_SPLIT_VAL == (int)LG_PART_VAL &&
                   (int)LG_SPLIT_TEST == (int)LG_PART_TEST,
               "parts and splits have the same numbers");

static logit_status open_drawing(drawing *d, lg_packed_header *header, logit_error *err)
{
    const lg_draw_options *options = d->options;
    const lg_family *family = options->family;
    const size_t bytes = (size_t)options->size * (size_t)options->size * (size_t)family->channels;
    LG_TRY(lg_pool_create(&d->pool, d->threads, err));
    d->canvas = calloc((size_t)d->threads, sizeof *d->canvas);
    d->rows = malloc(ROWS * bytes);
    if (!d->canvas || !d->rows) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for pictures");
    for (int t = 0; t < d->threads; t++)
        LG_TRY(lg_canvas_create(&d->canvas[t], options->size, options->size, err));
    header->flags = LG_PACKED_HAS_PARTS;
    header->classes = (uint32_t)family->class_count;
    for (int p = 0; p < LG_SPLIT_COUNT; p++) {
        d->part[p] = (part_job){.options = options,
                                .of = places_of(family, (lg_split)p),
                                .canvas = d->canvas,
                                .rows = d->rows,
                                .row_bytes = bytes};
        LG_TRY(list_samples(&d->part[p], err));
        header->part[p].count = (uint64_t)d->part[p].count;
        header->part[p].shape = (lg_image_target){options->size, options->size, family->channels};
    }
    return LOGIT_OK;
}

static logit_status finish(drawing *d, logit_error *err)
{
    const lg_family *family = d->options->family;
    char source[200];
    int64_t bytes;
    snprintf(source, sizeof source,
             "{\"format\": \"draw\", \"family\": \"%s\", \"seed\": %llu, \"count\": %lld}",
             family->name, (unsigned long long)d->options->seed, (long long)d->options->count);
    lg_packed_rest rest = {.class_name = (char *const *)(uintptr_t)family->classes,
                           .source = source};
    for (int p = 0; p < LG_SPLIT_COUNT; p++) {
        rest.part[p].label = d->part[p].label;
        rest.part[p].place = d->part[p].place;
    }
    return lg_packed_finish(d->writer, &rest, &bytes, err);
}

static logit_status draw_all(drawing *d, int64_t written[LG_SPLIT_COUNT], logit_error *err)
{
    lg_packed_plan plan = {.path = d->options->folder, .replace = d->options->force};
    LG_TRY(open_drawing(d, &plan.header, err));
    LG_TRY(lg_packed_create(&d->writer, &plan, err));
    for (int p = 0; p < LG_SPLIT_COUNT; p++) {
        LG_TRY(draw_part(&d->part[p], d->writer, p, d->pool, err));
        written[p] = d->part[p].count;
    }
    return finish(d, err);
}

static void close_drawing(drawing *d)
{
    lg_packed_writer_destroy(d->writer, 0);
    for (int p = 0; p < LG_SPLIT_COUNT; p++) {
        free(d->part[p].first);
        free(d->part[p].label);
        free(d->part[p].place);
    }
    for (int t = 0; d->canvas && t < d->threads; t++) lg_canvas_destroy(d->canvas[t]);
    free(d->canvas);
    free(d->rows);
    lg_pool_destroy(d->pool);
}

logit_status lg_draw_packed(const lg_draw_options *options, int64_t written[LG_SPLIT_COUNT],
                            logit_error *err)
{
    drawing d = {.options = options,
                 .threads = options->threads > 0 ? options->threads : lg_processor_count()};
    for (int p = 0; p < LG_SPLIT_COUNT; p++) written[p] = 0;
    const logit_status status = draw_all(&d, written, err);
    close_drawing(&d);
    return status;
}
