/* format_cifar.c -- CIFAR-10 and CIFAR-100, the binary version.
 *
 * Layer 1 (data).  A record is its label (CIFAR-100: the coarse one, then the fine one; which of
 * them is taken is an option) and three planes of 32 x 32 bytes, red, green, blue; they become
 * pixels [32][32][3].
 * Samples stand in the order of the files and of the records in them.  Pixels are held in memory
 * where options->memory allows, else read record by record.  No file is mapped: one that shrinks
 * under a run is an error, not a signal. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "data/cifar_files.h"
#include "data/classes.h"
#include "data/identity.h"
#include "data/raw_image.h"

enum { SHOWN = 300, MOST_RECORD = 2 + LG_CIFAR_PIXELS, RECORDS_AT_ONCE = 256 };

static const lg_image_info stored = {
    .width = LG_CIFAR_SIDE, .height = LG_CIFAR_SIDE, .channels = 3, .format = "cifar"};

typedef struct cifar_file {
    char *path;
    int fd;
    int64_t bytes;
    int64_t first, records; /* number in the part of its first record; how many there are */
} cifar_file;

/* What a set of this format owns. */
typedef struct cifar_set {
    int label_bytes;
    cifar_file *file; /* [files] */
    int files;
    int32_t *row;    /* [count] record of sample i; NULL: i */
    uint8_t *pixels; /* [count][LG_CIFAR_PIXELS] as they are delivered, or NULL */
} cifar_set;

#define CIFAR_BAD(err, file, byte, class_name, ...)                                                \
    return lg_place_fail((err), LG_PLACE((file)->path, "cifar", (int64_t)(byte)), (class_name),    \
                         __VA_ARGS__)

/* ----------------------------------------------------------------------------- one sample --- */

/* Planes to pixels. */
static void interleave(const uint8_t *plane, uint8_t *out)
{
    for (int i = 0; i < LG_CIFAR_PLANE; i++)
        for (int c = 0; c < 3; c++) out[3 * i + c] = plane[c * LG_CIFAR_PLANE + i];
}

static int64_t row_of(const cifar_set *own, int64_t i)
{
    return own->row ? own->row[i] : i;
}

static const cifar_file *file_of(const cifar_set *own, int64_t row)
{
    int i = 0;
    while (row >= own->file[i].first + own->file[i].records) i++;
    return &own->file[i];
}

static const char *cifar_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    enum { NUMBER = 32 };
    const cifar_set *own = set->own;
    const int64_t row = row_of(own, i);
    const cifar_file *file = file_of(own, row);
    if (size <= NUMBER) return lg_text_escape(out, size, file->path);
    lg_text_escape(out, size - NUMBER, file->path);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "[%lld]", (long long)(row - file->first));
    return out;
}

/* Bytes of a file whose size was checked: one that ends before has changed since. */
static logit_status read_at(const cifar_file *file, uint8_t *to, size_t size, int64_t at,
                            logit_error *err)
{
    char shown[SHOWN];
    const logit_status status = lg_file_read_at(file->fd, file->path, to, size, at, err);
    if (status != LOGIT_E_DATA) return status;
    LG_FAIL(err, LOGIT_E_IO, "%s: has become shorter while it is being read; it had %lld bytes",
            lg_text_escape(shown, sizeof shown, file->path), (long long)file->bytes);
}

/* Pixels of sample i, [32][32][3]. */
static logit_status take_pixels(const void *from, int64_t i, uint8_t *to, logit_error *err)
{
    const cifar_set *own = from;
    uint8_t plane[LG_CIFAR_PIXELS];
    if (own->pixels) {
        memcpy(to, own->pixels + (size_t)i * LG_CIFAR_PIXELS, LG_CIFAR_PIXELS);
        return LOGIT_OK;
    }
    const int64_t row = row_of(own, i);
    const cifar_file *file = file_of(own, row);
    const int64_t record = own->label_bytes + LG_CIFAR_PIXELS;
    LG_TRY(
        read_at(file, plane, sizeof plane, (row - file->first) * record + own->label_bytes, err));
    interleave(plane, to);
    return LOGIT_OK;
}

static logit_status cifar_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                               logit_error *err)
{
    const cifar_set *own = set->own;
    char name[SHOWN];
    if (lg_raw_image_fits(&stored, &set->shape)) return take_pixels(own, i, out, err);
    const lg_raw_image image = {stored, cifar_name(set, i, name, sizeof name), take_pixels, own, i};
    return lg_raw_image_resize(&image, set->shape, decoder, out, err);
}

static logit_status cifar_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                                logit_error *err)
{
    const cifar_set *own = set->own;
    (void)i;
    (void)err;
    *info = stored;
    *bytes = own->label_bytes + LG_CIFAR_PIXELS;
    return LOGIT_OK;
}

static void cifar_close(lg_set *set)
{
    cifar_set *own = set->own;
    if (!own) return;
    for (int i = 0; i < own->files; i++) {
        if (own->file[i].fd >= 0) close(own->file[i].fd);
        free(own->file[i].path);
    }
    free(own->file);
    free(own->row);
    free(own->pixels);
    free(own);
}

static logit_status cifar_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    const cifar_set *own = set->own;
    char shown[SHOWN];
    for (int i = 0; i < own->files; i++) {
        struct stat info;
        if (fstat(own->file[i].fd, &info) != 0)
            LG_FAIL(err, LOGIT_E_IO, "%s: cannot be looked at",
                    lg_text_escape(shown, sizeof shown, own->file[i].path));
        lg_identity_add_file(identity, &info);
    }
    return LOGIT_OK;
}

static const lg_set_ops cifar_ops = {.read = cifar_read,
                                     .name = cifar_name,
                                     .probe = cifar_probe,
                                     .close = cifar_close,
                                     .identify = cifar_identify};

/* ------------------------------------------------------------------------------ the files --- */

typedef struct cifar_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    lg_cifar_files files;
    lg_classes classes;
    char **name;           /* [lg_cifar_classes] of the label bytes */
    int32_t number[256];   /* label of each byte, as lg_classes_label gives it */
    int64_t room;          /* bytes that may still be held in memory */
    int64_t done, records; /* of all parts */
} cifar_plan;

static logit_status open_file(const cifar_plan *plan, cifar_file *file, const char *path,
                              logit_error *err)
{
    const lg_cifar_kind *kind = plan->files.kind;
    const int64_t record = kind->labels + LG_CIFAR_PIXELS;
    file->fd = -1;
    file->path = strdup(path);
    if (!file->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    LG_TRY(lg_file_open(&file->fd, AT_FDCWD, path, &file->bytes, err));
    file->records = file->bytes / record;
    const int64_t left = file->bytes % record, at = file->bytes - left;
    if (file->bytes == 0) CIFAR_BAD(err, file, 0, "RANGE", "the file is empty: no samples");
    if (left == 0) return LOGIT_OK;
    if (left <= kind->labels && file->records > 0)
        CIFAR_BAD(err, file, at, "TRAIL",
                  "%lld bytes behind the last record; a record of %s has %lld", (long long)left,
                  kind->name, (long long)record);
    CIFAR_BAD(err, file, file->bytes, "TRUNC",
              "the file ends inside record %lld, %lld of its %lld bytes are there",
              (long long)file->records, (long long)left, (long long)record);
}

/* Opens the files of a part; the set then has the size of all records. */
static logit_status open_part(cifar_plan *plan, int p, logit_error *err)
{
    char shown[SHOWN];
    const int files = plan->files.count[p];
    LG_TRY(lg_set_create(&plan->dataset->part[p], (lg_part)p, 0, err));
    lg_set *set = plan->dataset->part[p];
    cifar_set *own = set->own = calloc(1, sizeof *own);
    set->ops = &cifar_ops;
    if (own) own->file = calloc((size_t)files, sizeof *own->file);
    if (!own || !own->file) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    own->label_bytes = plan->files.kind->labels;
    for (int i = 0; i < files; i++) {
        own->files = i + 1;
        own->file[i].first = set->count;
        LG_TRY(open_file(plan, &own->file[i], plan->files.path[p][i], err));
        set->count += own->file[i].records;
        if (set->count > INT32_MAX)
            LG_FAIL(err, LOGIT_E_DATA, "%s: more than %d samples [LIMIT]",
                    lg_text_escape(shown, sizeof shown, own->file[i].path), INT32_MAX);
    }
    plan->records += set->count;
    return LOGIT_OK;
}

static logit_status find_classes(cifar_plan *plan, logit_error *err)
{
    const int classes = lg_cifar_classes(&plan->files);
    LG_TRY(lg_cifar_names(&plan->files, &plan->name, err));
    LG_TRY(lg_classes_freeze(&plan->classes, plan->name, classes, plan->dataset->path,
                             plan->options, err));
    for (int i = 0; i < classes; i++)
        plan->number[i] = lg_classes_label(&plan->classes, plan->name[i]);
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------- the records --- */

/* Room for the labels of all records, and for the pixels where they may be held. */
static logit_status make_room(cifar_plan *plan, lg_set *set, logit_error *err)
{
    cifar_set *own = set->own;
    const size_t count = (size_t)set->count;
    const int64_t bytes = set->count * LG_CIFAR_PIXELS;
    set->label = malloc(count * sizeof *set->label);
    own->row = malloc(count * sizeof *own->row);
    if (!set->label || !own->row)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu labels", count);
    if (bytes > plan->room) return LOGIT_OK;
    own->pixels = malloc((size_t)bytes);
    if (!own->pixels)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld bytes of images", (long long)bytes);
    plan->room -= bytes;
    return LOGIT_OK;
}

/* Takes one record: its label, and its pixels where they are held. */
static logit_status take_record(const cifar_plan *plan, lg_set *set, const cifar_file *file,
                                int64_t row, const uint8_t *record, logit_error *err)
{
    const lg_cifar_kind *kind = plan->files.kind;
    cifar_set *own = set->own;
    const int64_t here = row - file->first;
    const int64_t at = here * (kind->labels + LG_CIFAR_PIXELS);
    const int label = record[plan->files.label];
    for (int i = 0; i < kind->labels; i++)
        if (record[i] >= kind->label[i].classes)
            CIFAR_BAD(err, file, at + i, "RANGE", "the %s of record %lld is %d, expected 0 to %d",
                      kind->label[i].name, (long long)here, record[i], kind->label[i].classes - 1);
    if (plan->number[label] < 0) return LOGIT_OK; /* a class that is left out */
    if (own->pixels)
        interleave(record + kind->labels, own->pixels + (size_t)set->count * LG_CIFAR_PIXELS);
    own->row[set->count] = (int32_t)row;
    set->label[set->count++] = plan->number[label];
    return LOGIT_OK;
}

static logit_status read_file(cifar_plan *plan, lg_set *set, const cifar_file *file,
                              uint8_t *records, logit_error *err)
{
    const size_t record = (size_t)plan->files.kind->labels + LG_CIFAR_PIXELS;
    for (int64_t i = 0; i < file->records;) {
        const int64_t left = file->records - i;
        const int64_t count = left < RECORDS_AT_ONCE ? left : RECORDS_AT_ONCE;
        LG_TRY(read_at(file, records, (size_t)count * record, i * (int64_t)record, err));
        for (int64_t j = 0; j < count; j++)
            LG_TRY(take_record(plan, set, file, file->first + i + j, records + (size_t)j * record,
                               err));
        i += count;
        plan->done += count;
        LG_TRY(lg_dataset_progress(plan->options->watch, plan->done, plan->records, err));
    }
    return LOGIT_OK;
}

/* Gives back what the samples that were left out would have taken. */
static void keep_rows(cifar_plan *plan, lg_set *set, int64_t records)
{
    cifar_set *own = set->own;
    if (set->count == records) {
        free(own->row);
        own->row = NULL;
    }
    if (!own->pixels || set->count == records) return;
    uint8_t *pixels = realloc(own->pixels, (size_t)set->count * LG_CIFAR_PIXELS);
    if (pixels) own->pixels = pixels;
    if (pixels) plan->room += (records - set->count) * LG_CIFAR_PIXELS;
}

static logit_status read_part(cifar_plan *plan, lg_set *set, logit_error *err)
{
    char shown[SHOWN];
    const cifar_set *own = set->own;
    const int64_t records = set->count;
    uint8_t *buffer = malloc((size_t)RECORDS_AT_ONCE * MOST_RECORD);
    if (!buffer) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d records", RECORDS_AT_ONCE);
    logit_status status = make_room(plan, set, err);
    set->count = 0;
    for (int i = 0; i < own->files && status == LOGIT_OK; i++)
        status = read_file(plan, set, &own->file[i], buffer, err);
    free(buffer);
    LG_TRY(status);
    if (set->count == 0)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds no sample of the classes asked for (%s)",
                lg_text_escape(shown, sizeof shown, own->file[0].path), plan->options->classes);
    keep_rows(plan, set, records);
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------- the format --- */

static logit_status open_plan(cifar_plan *plan, logit_error *err)
{
    lg_dataset *dataset = plan->dataset;
    LG_TRY(lg_cifar_find(&plan->files, dataset, plan->options->labels, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->files.count[p] > 0) LG_TRY(open_part(plan, p, err));
    LG_TRY(find_classes(plan, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (dataset->part[p]) LG_TRY(read_part(plan, dataset->part[p], err));
    lg_classes_give(&plan->classes, dataset);
    LG_TRY(lg_dataset_count_empty(dataset, plan->options, err));
    LG_TRY(lg_dataset_settle_shape(dataset, plan->options, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_set *set = dataset->part[p];
        if (set && lg_raw_image_fits(&stored, &set->shape))
            set->resident = ((const cifar_set *)set->own)->pixels;
    }
    return LOGIT_OK;
}

logit_status lg_format_cifar_probe(const char *path, int *mine, logit_error *err)
{
    return lg_cifar_is_named(path, mine, err);
}

logit_status lg_format_cifar_open(lg_dataset *dataset, const lg_dataset_options *options,
                                  logit_error *err)
{
    cifar_plan plan = {.dataset = dataset, .options = options};
    plan.room = options->memory > 0 ? options->memory : INT64_MAX;
    const logit_status status = open_plan(&plan, err);
    for (int i = 0; plan.name && i < lg_cifar_classes(&plan.files); i++) free(plan.name[i]);
    free(plan.name);
    lg_cifar_files_clear(&plan.files);
    lg_classes_clear(&plan.classes);
    return status;
}
