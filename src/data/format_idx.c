/* format_idx.c -- IDX files (MNIST and its kin): images in one file, labels in another.
 *
 * Layer 1 (data).  Images are bytes [n][h][w], grey, or [n][h][w][c] with c 1 or 3.  They are held
 * in memory where options->memory allows; a plain file that is larger is read row by row, a
 * gzipped one is refused, since it can only be read from its beginning.  No file is mapped: one
 * that shrinks under a run is an error, not a signal. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/formats.h"
#include "data/idx_file.h"
#include "data/idx_labels.h"
#include "data/identity.h"
#include "data/idx_names.h"
#include "data/raw_image.h"

enum { SHOWN = 300 }; /* bytes of a path inside a message */

/* What a set of this format owns. */
typedef struct idx_set {
    lg_idx images;        /* open for as long as rows are read from it */
    lg_image_info stored; /* what the file holds, which read may have to resize */
    size_t row_bytes;
    int32_t *row;    /* [count] row in the file of sample i; NULL: i */
    uint8_t *pixels; /* [count][row_bytes], NULL: in the file only */
} idx_set;

/* ----------------------------------------------------------------------------- one sample --- */

static int64_t row_of(const idx_set *own, int64_t i)
{
    return own->row ? own->row[i] : i;
}

static const char *idx_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    enum { NUMBER = 32 };
    const idx_set *own = set->own;
    if (size <= NUMBER) return lg_text_escape(out, size, own->images.path);
    lg_text_escape(out, size - NUMBER, own->images.path);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "[%lld]", (long long)row_of(own, i));
    return out;
}

/* Stored pixels of sample i of an idx_set. */
static logit_status take_pixels(const void *from, int64_t i, uint8_t *to, logit_error *err)
{
    const idx_set *own = from;
    if (!own->pixels)
        return lg_idx_read_at(&own->images, to, own->row_bytes,
                              row_of(own, i) * (int64_t)own->row_bytes, err);
    memcpy(to, own->pixels + (size_t)i * own->row_bytes, own->row_bytes);
    return LOGIT_OK;
}

static logit_status idx_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                             logit_error *err)
{
    const idx_set *own = set->own;
    char name[SHOWN];
    if (lg_raw_image_fits(&own->stored, &set->shape)) return take_pixels(own, i, out, err);
    const lg_raw_image image = {own->stored, idx_name(set, i, name, sizeof name), take_pixels, own,
                                i};
    return lg_raw_image_resize(&image, set->shape, decoder, out, err);
}

static logit_status idx_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                              logit_error *err)
{
    const idx_set *own = set->own;
    (void)i;
    (void)err;
    *info = own->stored;
    *bytes = (int64_t)own->row_bytes;
    return LOGIT_OK;
}

static void idx_close(lg_set *set)
{
    idx_set *own = set->own;
    if (!own) return;
    lg_idx_close(&own->images);
    free(own->row);
    free(own->pixels);
    free(own);
}

/* The labels' file needs no look: lg_dataset_identity takes the labels themselves. */
static logit_status idx_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    return lg_identity_add_path(identity, ((const idx_set *)set->own)->images.path, err);
}

static const lg_set_ops idx_ops = {.read = idx_read,
                                   .name = idx_name,
                                   .probe = idx_probe,
                                   .close = idx_close,
                                   .identify = idx_identify};

/* ------------------------------------------------------------------------------ the files --- */

typedef struct idx_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    lg_idx_pair pair[LG_PART_COUNT];
    lg_labels labels[LG_PART_COUNT];
    int64_t room; /* bytes that may still be held in memory */
} idx_plan;

/* Headers of the images and all labels of one part; pixels come later. */
static logit_status open_part(idx_plan *plan, int p, logit_error *err)
{
    idx_set *own = calloc(1, sizeof *own);
    if (!own) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    own->images.fd = -1;
    const logit_status status = lg_set_create(&plan->dataset->part[p], (lg_part)p, 0, err);
    if (status != LOGIT_OK) {
        free(own);
        return status;
    }
    lg_set *set = plan->dataset->part[p];
    set->ops = &idx_ops;
    set->own = own;
    lg_idx *images = &own->images;
    LG_TRY(lg_idx_open(images, plan->pair[p].images, LG_IDX_IMAGES, err));
    set->count = images->dim[0];
    own->row_bytes = images->data_bytes / images->dim[0];
    own->stored = (lg_image_info){.height = (int)images->dim[1],
                                  .width = (int)images->dim[2],
                                  .channels = images->dims == 4 ? (int)images->dim[3] : 1,
                                  .format = "idx"};
    return lg_idx_labels_read(&plan->labels[p], plan->pair[p].labels, images, &plan->room, err);
}

static logit_status open_parts(idx_plan *plan, logit_error *err)
{
    LG_TRY(lg_idx_find(plan->pair, plan->dataset, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->pair[p].images) LG_TRY(open_part(plan, p, err));
    return LOGIT_OK;
}

/* Classes, labels or targets of every part. */
static logit_status give_labels(idx_plan *plan, logit_error *err)
{
    int32_t **row[LG_PART_COUNT] = {NULL};
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->dataset->part[p]) row[p] = &((idx_set *)plan->dataset->part[p]->own)->row;
    return lg_labels_give(plan->labels, plan->dataset, plan->options, row, err);
}

/* ----------------------------------------------------------------------------- the pixels --- */

/* Moves the rows that are kept together and gives back the memory of the others. */
static void keep_rows(idx_set *own, int64_t count, int64_t *room)
{
    if (!own->row) return;
    for (int64_t i = 0; i < count; i++)
        memmove(own->pixels + (size_t)i * own->row_bytes,
                own->pixels + (size_t)own->row[i] * own->row_bytes, own->row_bytes);
    const size_t bytes = (size_t)count * own->row_bytes;
    uint8_t *pixels = realloc(own->pixels, bytes);
    if (!pixels) return;
    own->pixels = pixels;
    *room += (int64_t)(own->images.data_bytes - bytes);
}

/* Reads all pixels of a part, unless it is a plain file that is too large for that. */
static logit_status load_part(idx_plan *plan, lg_set *set, logit_error *err)
{
    idx_set *own = set->own;
    const size_t bytes = own->images.data_bytes;
    if (!own->images.gunzip && bytes > (uint64_t)plan->room) return LOGIT_OK;
    LG_TRY(lg_idx_afford(&own->images, &plan->room,
                         ", or gunzip the file: a plain one is read row by row", err));
    own->pixels = malloc(bytes);
    if (!own->pixels) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of images", bytes);
    LG_TRY(lg_idx_read(&own->images, own->pixels, plan->options->watch, err));
    keep_rows(own, set->count, &plan->room);
    if (lg_raw_image_fits(&own->stored, &set->shape)) set->resident = own->pixels;
    return LOGIT_OK;
}

static logit_status open_plan(idx_plan *plan, logit_error *err)
{
    LG_TRY(open_parts(plan, err));
    LG_TRY(give_labels(plan, err));
    LG_TRY(lg_dataset_settle_shape(plan->dataset, plan->options, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->dataset->part[p]) LG_TRY(load_part(plan, plan->dataset->part[p], err));
    return LOGIT_OK;
}

logit_status lg_format_idx_probe(const char *path, int *mine, logit_error *err)
{
    return lg_idx_is_named(path, mine, err);
}

logit_status lg_format_idx_open(lg_dataset *dataset, const lg_dataset_options *options,
                                logit_error *err)
{
    idx_plan plan = {.dataset = dataset, .options = options};
    plan.room = options->memory > 0 ? options->memory : INT64_MAX;
    const logit_status status = open_plan(&plan, err);
    lg_idx_pairs_clear(plan.pair);
    for (int p = 0; p < LG_PART_COUNT; p++) lg_labels_clear(&plan.labels[p]);
    return status;
}
