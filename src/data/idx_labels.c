/* idx_labels.c -- label bytes to class numbers, big endian floats to those of the machine. */
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

static logit_status read_classes(lg_labels *labels, lg_idx *idx, logit_error *err)
{
    labels->class_of = malloc((size_t)labels->count * sizeof *labels->class_of);
    uint8_t *byte = malloc(idx->data_bytes);
    logit_status status = LOGIT_OK;
    if (!byte || !labels->class_of)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for %zu bytes of labels", idx->data_bytes);
    if (status == LOGIT_OK) status = lg_idx_read(idx, byte, NULL, err);
    for (int64_t i = 0; status == LOGIT_OK && i < labels->count; i++) labels->class_of[i] = byte[i];
    free(byte);
    LG_TRY(status);
    lg_labels_count(labels);
    return LOGIT_OK;
}

static logit_status read_floats(lg_labels *labels, lg_idx *idx, int64_t *room, logit_error *err)
{
    LG_TRY(lg_idx_afford(idx, room, "", err));
    labels->value = malloc(idx->data_bytes);
    if (!labels->value)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu bytes of labels", idx->data_bytes);
    return lg_idx_read(idx, (uint8_t *)labels->value, NULL, err);
}

/* Big endian in place; each must be finite. */
static logit_status swap_floats(const lg_labels *labels, const lg_idx *idx, logit_error *err)
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

static logit_status read_labels(lg_labels *labels, lg_idx *idx, const lg_idx *images, int64_t *room,
                                logit_error *err)
{
    LG_TRY(check_header(idx, images, err));
    labels->kind = idx->type == LG_IDX_U8 ? LG_LABELS_CLASS
                   : idx->dims == 2       ? LG_LABELS_SOFT
                                          : LG_LABELS_NUMBER;
    labels->count = idx->dim[0];
    labels->width = idx->dims == 2 ? (int)idx->dim[1] : 1;
    labels->header_bytes = idx->header_bytes;
    labels->value_bytes = labels->kind == LG_LABELS_CLASS ? 1 : (int64_t)sizeof(float);
    labels->width_at = 8;
    if (labels->kind == LG_LABELS_CLASS) return read_classes(labels, idx, err);
    LG_TRY(read_floats(labels, idx, room, err));
    LG_TRY(swap_floats(labels, idx, err));
    if (labels->kind == LG_LABELS_NUMBER) return LOGIT_OK;
    labels->classes = labels->width;
    return lg_labels_check_soft(labels, sum_tolerance, err);
}

logit_status lg_idx_labels_read(lg_labels *labels, const char *path, const lg_idx *images,
                                int64_t *room, logit_error *err)
{
    lg_idx idx;
    *labels = (lg_labels){.path = strdup(path), .format = "idx"};
    if (!labels->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    logit_status status = lg_idx_open(&idx, path, LG_IDX_LABELS, err);
    if (status == LOGIT_OK) status = read_labels(labels, &idx, images, room, err);
    lg_idx_close(&idx);
    return status;
}
