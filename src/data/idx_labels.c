/* idx_labels.c -- label bytes to class numbers; floats checked one by one. */
/* SPDX-License-Identifier: MIT */
#include "data/idx_labels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SHOWN = 300 }; /* bytes of a path or a list inside a message */

static const double sum_tolerance = 1e-4; /* of a distribution that was stored as float32 */

logit_status lg_idx_afford(const lg_idx *idx, int64_t *room, const char *advice, logit_error *err)
{
    char shown[SHOWN];
    if (idx->data_bytes <= (uint64_t)*room) {
        *room -= (int64_t)idx->data_bytes;
        return LOGIT_OK;
    }
    LG_FAIL(err, LOGIT_E_NOMEM,
            "%s: takes %zu bytes of memory, %lld are left of the budget.  Raise --memory%s",
            lg_text_escape(shown, sizeof shown, idx->path), idx->data_bytes, (long long)*room,
            advice);
}

static logit_status check_header(const lg_idx *idx, const lg_idx *images, logit_error *err)
{
    char shown[SHOWN];
    if (idx->dim[0] != images->dim[0])
        LG_IDX_BAD(err, idx, 4, "MISMATCH", "%u labels, but %s holds %u images", idx->dim[0],
                   lg_text_escape(shown, sizeof shown, images->path), images->dim[0]);
    if (idx->dims == 2 && idx->dim[1] < 2)
        LG_IDX_BAD(err, idx, 8, "RANGE", "soft targets over one class, expected two or more");
    if (idx->dims == 2 && idx->dim[1] > INT32_MAX / 2)
        LG_IDX_BAD(err, idx, 8, "LIMIT", "soft targets over %u classes", idx->dim[1]);
    return LOGIT_OK;
}

static logit_status read_values(lg_idx_labels *labels, lg_idx *idx, int64_t *room, logit_error *err)
{
    if (labels->kind != LG_IDX_CLASS) LG_TRY(lg_idx_afford(idx, room, "", err));
    uint8_t *data = malloc(idx->data_bytes);
    if (!data)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of labels", idx->data_bytes);
    if (labels->kind == LG_IDX_CLASS)
        labels->byte = data;
    else
        labels->value = (float *)(void *)data;
    return lg_idx_read(idx, data, NULL, err);
}

/* Big endian in place; each must be finite. */
static logit_status swap_floats(const lg_idx_labels *labels, const lg_idx *idx, logit_error *err)
{
    for (int64_t i = 0; i < labels->count * labels->width; i++) {
        uint8_t b[sizeof(float)];
        memcpy(b, &labels->value[i], sizeof b);
        const uint32_t bits =
            (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        memcpy(&labels->value[i], &bits, sizeof bits);
        if (!isfinite(labels->value[i]))
            LG_IDX_BAD(err, idx, labels->header_bytes + 4 * i, "RANGE",
                       "the target of sample %lld is %f, not a number to learn from",
                       (long long)(i / labels->width), (double)labels->value[i]);
    }
    return LOGIT_OK;
}

static logit_status check_distributions(const lg_idx_labels *labels, const lg_idx *idx,
                                        logit_error *err)
{
    for (int64_t i = 0; i < labels->count; i++) {
        const float *p = labels->value + i * labels->width;
        const int64_t at = labels->header_bytes + 4 * i * labels->width;
        double sum = 0.0;
        for (int j = 0; j < labels->width; j++) {
            if (p[j] < 0.0f)
                LG_IDX_BAD(err, idx, at + 4 * j, "RANGE",
                           "the soft target of sample %lld, class %d is negative: %g", (long long)i,
                           j, (double)p[j]);
            sum += (double)p[j];
        }
        if (fabs(sum - 1.0) > sum_tolerance)
            LG_IDX_BAD(err, idx, at, "RANGE",
                       "the soft targets of sample %lld sum to %.6g, expected 1", (long long)i,
                       sum);
    }
    return LOGIT_OK;
}

static logit_status read_labels(lg_idx_labels *labels, lg_idx *idx, const lg_idx *images,
                                int64_t *room, logit_error *err)
{
    LG_TRY(check_header(idx, images, err));
    labels->kind = idx->type == LG_IDX_U8 ? LG_IDX_CLASS
                   : idx->dims == 2       ? LG_IDX_SOFT
                                          : LG_IDX_NUMBER;
    labels->count = idx->dim[0];
    labels->width = idx->dims == 2 ? (int)idx->dim[1] : 1;
    labels->header_bytes = idx->header_bytes;
    LG_TRY(read_values(labels, idx, room, err));
    if (labels->kind == LG_IDX_CLASS) {
        for (int64_t i = 0; i < labels->count; i++)
            if (labels->byte[i] >= labels->classes) labels->classes = labels->byte[i] + 1;
        return LOGIT_OK;
    }
    LG_TRY(swap_floats(labels, idx, err));
    if (labels->kind == LG_IDX_NUMBER) return LOGIT_OK;
    labels->classes = labels->width;
    return check_distributions(labels, idx, err);
}

logit_status lg_idx_labels_read(lg_idx_labels *labels, const char *path, const lg_idx *images,
                                int64_t *room, logit_error *err)
{
    lg_idx idx;
    *labels = (lg_idx_labels){.path = strdup(path)};
    if (!labels->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    logit_status status = lg_idx_open(&idx, path, LG_IDX_LABELS, err);
    if (status == LOGIT_OK) status = read_labels(labels, &idx, images, room, err);
    lg_idx_close(&idx);
    return status;
}

void lg_idx_labels_clear(lg_idx_labels *labels)
{
    free(labels->path);
    free(labels->byte);
    free(labels->value);
    *labels = (lg_idx_labels){0};
}

/* ---------------------------------------------------------------- numbered by the classes --- */

static void name_class(char name[12], int class)
{
    snprintf(name, 12, "%d", class);
}

static logit_status refuse_class(const lg_idx_labels *labels, const lg_classes *classes, int64_t i,
                                 logit_error *err)
{
    char list[SHOWN];
    return lg_place_fail(err, LG_PLACE(labels->path, "idx", labels->header_bytes + i), "RANGE",
                         "the label of sample %lld is %d; the classes are %s", (long long)i,
                         labels->byte[i],
                         lg_classes_brief(list, sizeof list, classes->name, classes->count));
}

static logit_status give_classes(const lg_idx_labels *labels, const lg_classes *classes,
                                 lg_set *set, int32_t *row, logit_error *err)
{
    int number[256];
    int64_t kept = 0;
    for (int byte = 0; byte < 256; byte++) {
        char name[12];
        name_class(name, byte);
        number[byte] = lg_classes_label(classes, name);
    }
    set->label = malloc((size_t)labels->count * sizeof *set->label);
    if (!set->label)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld labels", (long long)labels->count);
    for (int64_t i = 0; i < labels->count; i++) {
        const int label = number[labels->byte[i]];
        if (label == LG_CLASS_UNKNOWN) return refuse_class(labels, classes, i, err);
        if (label == LG_CLASS_LEFT_OUT) continue;
        row[kept] = (int32_t)i;
        set->label[kept++] = label;
    }
    set->count = kept;
    return LOGIT_OK;
}

/* Columns in the order of the classes, which may be a model's: more than there are columns. */
static logit_status give_soft(lg_idx_labels *labels, const lg_classes *classes, lg_set *set,
                              logit_error *err)
{
    const size_t k = (size_t)classes->count;
    set->target_width = classes->count;
    set->target = calloc((size_t)labels->count, k * sizeof *set->target);
    if (!set->target)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld x %zu soft targets",
                (long long)labels->count, k);
    for (int j = 0; j < labels->width; j++) {
        char name[12], list[SHOWN];
        name_class(name, j);
        const int label = lg_classes_label(classes, name);
        if (label < 0)
            return lg_place_fail(
                err, LG_PLACE(labels->path, "idx", 8), "MISMATCH",
                "soft targets over %d classes; the classes are %s", labels->width,
                lg_classes_brief(list, sizeof list, classes->name, classes->count));
        for (int64_t i = 0; i < labels->count; i++)
            set->target[(size_t)i * k + (size_t)label] = labels->value[i * labels->width + j];
    }
    return LOGIT_OK;
}

logit_status lg_idx_labels_give(lg_idx_labels *labels, const lg_classes *classes, lg_set *set,
                                int32_t **row, logit_error *err)
{
    *row = NULL;
    if (labels->kind == LG_IDX_SOFT) return give_soft(labels, classes, set, err);
    if (labels->kind == LG_IDX_NUMBER) {
        set->target = labels->value;
        set->target_width = 1;
        labels->value = NULL;
        return LOGIT_OK;
    }
    *row = malloc((size_t)labels->count * sizeof **row);
    if (!*row) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld rows", (long long)labels->count);
    const logit_status status = give_classes(labels, classes, set, *row, err);
    if (status == LOGIT_OK && set->count < labels->count) return LOGIT_OK;
    free(*row);
    *row = NULL;
    return status;
}
