/* format_packed.c -- packed sets: samples decoded once, mapped from then on.
 *
 * Layer 1 (data).  A packed set is what it was packed from: same parts, classes in the same order,
 * labels or targets, weights, names, bad samples with their reasons; a sample keeps its index,
 * wherever its row lies.  Pixels (not features) can be resized on reading, as those of any set. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/classes.h"
#include "data/formats.h"
#include "data/identity.h"
#include "data/packed_file.h"
#include "data/raw_image.h"

enum { SHOWN = 400 }; /* bytes of a path inside a message */

/* What a set of this format owns. */
typedef struct packed_set {
    lg_packed_file *file; /* shared by the parts; the last one closes it */
    int *users;           /* the same */
    int part;
    lg_image_info stored;
    int32_t *kept; /* [count] sample of the file, where classes were left out; NULL: i */
} packed_set;

/* ----------------------------------------------------------------------------- one sample --- */

static int64_t sample_of(const packed_set *own, int64_t i)
{
    return own->kept ? own->kept[i] : i;
}

static const char *packed_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    const packed_set *own = set->own;
    return lg_packed_name(own->file, own->part, sample_of(own, i), out, size);
}

static logit_status take_pixels(const void *from, int64_t i, uint8_t *to, logit_error *err)
{
    const packed_set *own = from;
    return lg_packed_read(own->file, own->part, sample_of(own, i), to, err);
}

static logit_status packed_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                                logit_error *err)
{
    const packed_set *own = set->own;
    char name[SHOWN];
    if (lg_raw_image_fits(&own->stored, &set->shape)) return take_pixels(own, i, out, err);
    const lg_raw_image image = {own->stored, packed_name(set, i, name, sizeof name), take_pixels,
                                own, i};
    return lg_raw_image_resize(&image, set->shape, decoder, out, err);
}

/* Samples of the set as samples of the file, AT_ONCE at a time. */
enum { AT_ONCE = 128 };

static const int32_t *translate(const packed_set *own, const int32_t *sample, int64_t n,
                                int32_t there[AT_ONCE])
{
    if (!own->kept) return sample;
    for (int64_t i = 0; i < n; i++) there[i] = own->kept[sample[i]];
    return there;
}

static logit_status packed_read_rows(const lg_set *set, const int32_t *sample, int64_t n,
                                     lg_decoder *decoder, uint8_t *out, int64_t *good,
                                     logit_error *err)
{
    const packed_set *own = set->own;
    const size_t bytes = own->file->header.part[own->part].row_bytes;
    int32_t there[AT_ONCE];
    (void)decoder;
    *good = 0;
    while (*good < n) {
        const int64_t left = n - *good, piece = left < AT_ONCE ? left : AT_ONCE;
        int64_t read;
        const logit_status status =
            lg_packed_read_rows(own->file, own->part, translate(own, sample + *good, piece, there),
                                piece, out + (size_t)*good * bytes, &read, err);
        *good += read;
        if (status != LOGIT_OK) return status;
    }
    return LOGIT_OK;
}

static logit_status packed_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                                 logit_error *err)
{
    const packed_set *own = set->own;
    (void)i;
    (void)err;
    *info = own->stored;
    *bytes = (int64_t)own->file->header.part[own->part].row_bytes;
    return LOGIT_OK;
}

static void packed_ahead(const lg_set *set, const int32_t *sample, int64_t count)
{
    const packed_set *own = set->own;
    int32_t there[AT_ONCE];
    if (!own->kept) {
        lg_packed_ahead(own->file, own->part, sample, count);
        return;
    }
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t left = count - done, piece = left < AT_ONCE ? left : AT_ONCE;
        lg_packed_ahead(own->file, own->part, translate(own, sample + done, piece, there), piece);
    }
}

/* The checksums of the header page are those of all the rest. */
static logit_status packed_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    const packed_set *own = set->own;
    const lg_packed_file *file = own->file;
    (void)err;
    lg_identity_add(identity, file->map.bytes + LG_PACKED_AT_CHECK,
                    LG_PACKED_HEADER - LG_PACKED_AT_CHECK);
    return LOGIT_OK;
}

static void packed_close(lg_set *set)
{
    packed_set *own = set->own;
    if (!own) return;
    if (--*own->users == 0) {
        lg_packed_close(own->file);
        free(own->users);
    }
    free(own->kept);
    free(own);
}

/* Resizing is work, and so is done sample by sample. */
#define PACKED_OPS(rows)                                                                           \
    {                                                                                              \
        .read = packed_read, .name = packed_name, .probe = packed_probe, .close = packed_close,    \
        .read_rows = (rows), .ahead = packed_ahead, .identify = packed_identify                    \
    }
static const lg_set_ops packed_ops = PACKED_OPS(packed_read_rows);
static const lg_set_ops resized_ops = PACKED_OPS(NULL);

/* ---------------------------------------------------------------------------- the classes --- */

/* A file that is being opened. */
typedef struct packed_plan {
    lg_dataset *dataset;
    const lg_dataset_options *options;
    lg_packed_file *file;
    char **name; /* [classes of the file], pointing into the mapping */
    lg_classes classes;
} packed_plan;

/* Classes keep the order of the file, unless somebody asks for others. */
static logit_status find_classes(packed_plan *plan, logit_error *err)
{
    const lg_dataset_options *options = plan->options;
    const int count = (int)plan->file->header.classes;
    const char *at = lg_packed_class_names(plan->file), *path = plan->dataset->path;
    char shown[SHOWN];
    const int asked = options->known_class || options->classes;
    if (count == 0 && asked)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds numbers, not classes",
                lg_text_escape(shown, sizeof shown, path));
    if (count == 0) return LOGIT_OK;
    plan->name = calloc((size_t)count, sizeof *plan->name);
    if (!plan->name) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", count);
    for (int c = 0; c < count; c++, at += strlen(at) + 1) plan->name[c] = (char *)(uintptr_t)at;
    if (asked) return lg_classes_freeze(&plan->classes, plan->name, count, path, options, err);
    return lg_classes_keep(&plan->classes, plan->name, count, path, err);
}

/* ----------------------------------------------------------------------------- the answers --- */

/* A copy of a section, or NULL where it is empty. */
static logit_status copy_section(const packed_plan *plan, int p, lg_packed_section_id id,
                                 void **out, logit_error *err)
{
    const size_t size = plan->file->header.part[p].section[id].size;
    *out = NULL;
    if (size == 0) return LOGIT_OK;
    *out = malloc(size);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of labels", size);
    memcpy(*out, lg_packed_section_of(plan->file, p, id), size);
    return LOGIT_OK;
}

/* Numbers the labels as the classes are numbered, and leaves out the samples of those that are not
 * wanted. */
static logit_status give_labels(packed_plan *plan, lg_set *set, logit_error *err)
{
    packed_set *own = set->own;
    const int classes = (int)plan->file->header.classes;
    int *number = calloc((size_t)classes, sizeof *number);
    own->kept = malloc((size_t)set->count * sizeof *own->kept);
    if (!number || !own->kept) {
        free(number);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld labels", (long long)set->count);
    }
    for (int c = 0; c < classes; c++) number[c] = lg_classes_label(&plan->classes, plan->name[c]);
    int64_t kept = 0;
    for (int64_t i = 0; i < set->count; i++) {
        const int32_t was = set->label[i];
        const int label = was >= 0 && was < classes ? number[was] : LG_CLASS_LEFT_OUT;
        if (label < 0) continue;
        if (set->weight) set->weight[kept] = set->weight[i];
        own->kept[kept] = (int32_t)i;
        set->label[kept++] = label;
    }
    free(number);
    if (kept == set->count) {
        free(own->kept);
        own->kept = NULL;
    }
    set->count = kept;
    return LOGIT_OK;
}

/* Columns in the order of the classes, which may be a model's: more than there are columns. */
static logit_status give_soft(packed_plan *plan, lg_set *set, logit_error *err)
{
    const int width = (int)plan->file->header.classes, k = plan->classes.count;
    const float *from = set->target;
    float *to = calloc((size_t)set->count, (size_t)k * sizeof *to);
    char list[SHOWN];
    if (!to)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld x %d soft targets",
                (long long)set->count, k);
    int label = 0;
    for (int j = 0; j < width && label >= 0; j++) {
        label = lg_classes_label(&plan->classes, plan->name[j]);
        for (int64_t i = 0; label >= 0 && i < set->count; i++)
            to[i * k + label] = from[i * width + j];
    }
    free(set->target);
    set->target = to;
    set->target_width = k;
    if (label >= 0) return LOGIT_OK;
    return lg_place_fail(err, LG_PLACE(plan->dataset->path, "packed", 0), "MISMATCH",
                         "soft targets over %d classes; the classes are %s", width,
                         lg_classes_brief(list, sizeof list, plan->classes.name, k));
}

static logit_status give_answers(packed_plan *plan, lg_set *set, int p, logit_error *err)
{
    void *label, *target, *weight;
    char shown[SHOWN];
    LG_TRY(copy_section(plan, p, LG_PACKED_LABELS, &label, err));
    set->label = label;
    LG_TRY(copy_section(plan, p, LG_PACKED_TARGET, &target, err));
    set->target = target;
    set->target_width = (int)plan->file->header.part[p].target_width;
    LG_TRY(copy_section(plan, p, LG_PACKED_WEIGHT, &weight, err));
    set->weight = weight;
    if (!plan->options->known_class && !plan->options->classes) return LOGIT_OK;
    if (set->target) return give_soft(plan, set, err);
    LG_TRY(give_labels(plan, set, err));
    if (set->count > 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA, "%s: holds no sample of the classes asked for (%s)",
            lg_text_escape(shown, sizeof shown, plan->dataset->path), plan->options->classes);
}

/* ------------------------------------------------------------------------------- the parts --- */

static logit_status open_part(packed_plan *plan, int p, int *users, logit_error *err)
{
    const lg_packed_part *part = &plan->file->header.part[p];
    packed_set *own = calloc(1, sizeof *own);
    if (!own) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    const logit_status status =
        lg_set_create(&plan->dataset->part[p], (lg_part)p, (int64_t)part->count, err);
    if (status != LOGIT_OK) {
        free(own);
        return status;
    }
    lg_set *set = plan->dataset->part[p];
    *own = (packed_set){.file = plan->file, .users = users, .part = p};
    own->stored = (lg_image_info){.height = part->shape.height,
                                  .width = part->shape.width,
                                  .channels = part->shape.channels,
                                  .format = "packed"};
    ++*users;
    set->ops = &packed_ops;
    set->own = own;
    set->element = part->element;
    set->as_it_lies = (part->flags & LG_PACKED_AS_IT_LIES) != 0;
    return give_answers(plan, set, p, err);
}

/* Pixels can be resized, features cannot. */
static logit_status settle_shape(const packed_plan *plan, logit_error *err)
{
    lg_dataset *dataset = plan->dataset;
    const lg_packed_part *first = NULL;
    const lg_image_target *given = &plan->options->shape;
    for (int p = LG_PART_COUNT - 1; p >= 0; p--)
        if (dataset->part[p]) first = &plan->file->header.part[p];
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_packed_part *part = &plan->file->header.part[p];
        const lg_image_target *shape = &part->shape;
        if (!dataset->part[p] || part->element == LG_ELEMENT_U8) continue;
        dataset->part[p]->shape = *shape;
        const int differs = (given->height && given->height != shape->height) ||
                            (given->width && given->width != shape->width) ||
                            (given->channels && given->channels != shape->channels);
        if (!differs && memcmp(shape, &first->shape, sizeof *shape) == 0) continue;
        const lg_image_target *want = differs ? given : &first->shape;
        return lg_place_fail(err, LG_PLACE(dataset->path, "packed", 0), "MISMATCH",
                             "features of %d x %d x %d, where %d x %d x %d are expected",
                             shape->height, shape->width, shape->channels, want->height,
                             want->width, want->channels);
    }
    if (first->element != LG_ELEMENT_U8) return LOGIT_OK;
    return lg_dataset_settle_shape(dataset, plan->options, err);
}

static logit_status open_parts(packed_plan *plan, int *users, logit_error *err)
{
    lg_dataset *dataset = plan->dataset;
    dataset->decoding = plan->file->header.decoding;
    dataset->has_parts = (plan->file->header.flags & LG_PACKED_HAS_PARTS) != 0;
    LG_TRY(find_classes(plan, err));
    for (int p = 0; p < LG_PART_COUNT; p++)
        if (plan->file->header.part[p].count) LG_TRY(open_part(plan, p, users, err));
    lg_classes_give(&plan->classes, dataset);
    LG_TRY(lg_dataset_count_empty(dataset, plan->options, err));
    LG_TRY(settle_shape(plan, err));
    for (int p = 0; p < LG_PART_COUNT; p++) {
        lg_set *set = dataset->part[p];
        if (!set) continue;
        const packed_set *own = set->own;
        if (!lg_raw_image_fits(&own->stored, &set->shape)) set->ops = &resized_ops;
    }
    return lg_mapping_failed(&plan->file->map) ? lg_mapping_fail(dataset->path, err) : LOGIT_OK;
}

logit_status lg_format_packed_probe(const char *path, int *mine, logit_error *err)
{
    struct stat info;
    (void)err;
    *mine = stat(path, &info) == 0 && S_ISREG(info.st_mode) && lg_packed_is(path);
    return LOGIT_OK;
}

logit_status lg_format_packed_open(lg_dataset *dataset, const lg_dataset_options *options,
                                   logit_error *err)
{
    packed_plan plan = {.dataset = dataset, .options = options};
    LG_TRY(lg_packed_open(&plan.file, dataset->path, err));
    int *users = calloc(1, sizeof *users);
    logit_status status = LOGIT_OK;
    if (!users)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a data set");
    if (status == LOGIT_OK) status = open_parts(&plan, users, err);
    if (!users || *users == 0) { /* no part holds the file */
        lg_packed_close(plan.file);
        free(users);
    }
    free(plan.name);
    lg_classes_clear(&plan.classes);
    return status;
}
