/* npy_labels.c -- integers to classes, floats of any width to float32, each looked at. */
/* SPDX-License-Identifier: MIT */
#include "data/npy_labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/text.h"

enum {
    AT_ONCE = 4096, /* values read at a time */
    SHOWN = 300     /* bytes of a path inside a message */
};

static const double sum_tolerance = 1e-3; /* of a distribution, perhaps stored in 16 bits */

static int is_float(const lg_npy *npy)
{
    return npy->type >= LG_NPY_F2;
}

/* ------------------------------------------------------------------------------- one value --- */

/* An integer of the file; one that does not fit in 63 bits comes out below 0. */
static int64_t integer_at(const lg_npy *npy, const uint8_t *at)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < npy->value_bytes; i++) bits |= (uint64_t)at[i] << (8 * i);
    switch (npy->type) {
    case LG_NPY_I1:
        return (int8_t)bits;
    case LG_NPY_I2:
        return (int16_t)bits;
    case LG_NPY_I4:
        return (int32_t)bits;
    default:
        return (int64_t)bits;
    }
}

/* A float of the file, rounded to float32. */
static float float_at(const lg_npy *npy, const uint8_t *at)
{
    uint16_t half;
    float single;
    double wide;
    switch (npy->type) {
    case LG_NPY_F2:
        memcpy(&half, at, sizeof half);
        return lg_half_float(half);
    case LG_NPY_F4:
        memcpy(&single, at, sizeof single);
        return single;
    default:
        memcpy(&wide, at, sizeof wide);
        return (float)wide;
    }
}

/* ------------------------------------------------------------------------------ all values --- */

typedef logit_status take_fn(const lg_npy *npy, const uint8_t *at, int64_t i, void *to,
                             logit_error *err);

/* Takes every value of the file in turn. */
static logit_status read_values(const lg_npy *npy, take_fn *take, void *to, logit_error *err)
{
    uint8_t piece[AT_ONCE * sizeof(double)];
    const int64_t count = (int64_t)(npy->data_bytes / npy->value_bytes);
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        LG_TRY(lg_npy_read_at(npy, piece, (size_t)size * npy->value_bytes,
                              done * (int64_t)npy->value_bytes, err));
        for (int64_t i = 0; i < size; i++)
            LG_TRY(take(npy, piece + (size_t)i * npy->value_bytes, done + i, to, err));
    }
    return LOGIT_OK;
}

static int64_t byte_of(const lg_npy *npy, int64_t i)
{
    return npy->header_bytes + i * (int64_t)npy->value_bytes;
}

static logit_status take_class(const lg_npy *npy, const uint8_t *at, int64_t i, void *to,
                               logit_error *err)
{
    const int64_t value = integer_at(npy, at);
    const int64_t most = npy->type == LG_NPY_B1 ? 1 : LG_NPY_MAX_CLASSES - 1;
    if (value < 0 || value > most)
        LG_NPY_BAD(err, npy, byte_of(npy, i), "RANGE",
                   "the label of sample %lld is %lld, expected 0 to %lld", (long long)i,
                   (long long)value, (long long)most);
    ((int32_t *)to)[i] = (int32_t)value;
    return LOGIT_OK;
}

static logit_status take_float(const lg_npy *npy, const uint8_t *at, int64_t i, void *to,
                               logit_error *err)
{
    const float value = float_at(npy, at);
    if (!isfinite(value))
        LG_NPY_BAD(err, npy, byte_of(npy, i), "RANGE",
                   "the target of sample %lld is %f, not a number to learn from",
                   (long long)(i / (npy->dims == 2 ? npy->dim[1] : 1)), (double)value);
    ((float *)to)[i] = value;
    return LOGIT_OK;
}

static logit_status take_weight(const lg_npy *npy, const uint8_t *at, int64_t i, void *to,
                                logit_error *err)
{
    const float value = float_at(npy, at);
    if (!isfinite(value) || value < 0.0f)
        LG_NPY_BAD(err, npy, byte_of(npy, i), "RANGE",
                   "the weight of sample %lld is %g, expected a number not below 0", (long long)i,
                   (double)value);
    ((float *)to)[i] = value;
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------- the files --- */

/* A value for each sample? */
static logit_status check_count(const lg_npy *npy, const lg_npy *samples, const char *what,
                                logit_error *err)
{
    char shown[SHOWN], shape[SHOWN];
    if (npy->dims < 1 || npy->dims > 2)
        LG_NPY_BAD(err, npy, npy->shape_at, "MISMATCH", "%s of shape %s, expected (N,)", what,
                   lg_npy_shape_text(npy, shape, sizeof shape));
    if (npy->dim[0] != samples->dim[0])
        LG_NPY_BAD(err, npy, npy->shape_at, "MISMATCH", "%lld %s, but %s holds %lld samples",
                   (long long)npy->dim[0], what, lg_text_escape(shown, sizeof shown, samples->path),
                   (long long)samples->dim[0]);
    return lg_npy_fit(npy, err);
}

static logit_status read_classes(lg_labels *labels, const lg_npy *npy, logit_error *err)
{
    labels->kind = LG_LABELS_CLASS;
    labels->class_of = malloc((size_t)labels->count * sizeof *labels->class_of);
    if (!labels->class_of)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld labels", (long long)labels->count);
    LG_TRY(read_values(npy, take_class, labels->class_of, err));
    lg_labels_count(labels);
    return LOGIT_OK;
}

static logit_status read_targets(lg_labels *labels, const lg_npy *npy, int64_t *room,
                                 logit_error *err)
{
    char shown[SHOWN];
    const size_t values = npy->data_bytes / npy->value_bytes;
    labels->kind = labels->width > 1 ? LG_LABELS_SOFT : LG_LABELS_NUMBER;
    if (values > (uint64_t)*room / sizeof(float))
        LG_FAIL(err, LOGIT_E_NOMEM,
                "%s: takes %zu numbers of memory, %lld bytes are left of the budget.  Raise "
                "--memory",
                lg_text_escape(shown, sizeof shown, npy->path), values, (long long)*room);
    *room -= (int64_t)(values * sizeof(float));
    labels->value = malloc(values * sizeof *labels->value);
    if (!labels->value) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu targets", values);
    LG_TRY(read_values(npy, take_float, labels->value, err));
    if (labels->kind == LG_LABELS_NUMBER) return LOGIT_OK;
    labels->classes = labels->width;
    return lg_labels_check_soft(labels, sum_tolerance, err);
}

static logit_status read_labels(lg_labels *labels, const lg_npy *npy, const lg_npy *samples,
                                int64_t *room, logit_error *err)
{
    char shape[SHOWN];
    LG_TRY(check_count(npy, samples, "labels", err));
    const int64_t width = npy->dims == 2 ? npy->dim[1] : 1;
    if (width > 1 && !is_float(npy))
        LG_NPY_BAD(err, npy, npy->shape_at, "MISMATCH",
                   "labels of shape %s and type %s: classes have the shape (N,), distributions "
                   "over classes are floats",
                   lg_npy_shape_text(npy, shape, sizeof shape), lg_npy_type_name(npy->type));
    if (width > LG_NPY_MAX_CLASSES)
        LG_NPY_BAD(err, npy, npy->shape_at, "LIMIT", "soft targets over %lld classes",
                   (long long)width);
    labels->count = npy->dim[0];
    labels->width = (int)width;
    labels->header_bytes = npy->header_bytes;
    labels->value_bytes = (int64_t)npy->value_bytes;
    labels->width_at = npy->shape_at;
    return is_float(npy) ? read_targets(labels, npy, room, err) : read_classes(labels, npy, err);
}

logit_status lg_npy_labels_read(lg_labels *labels, const char *path, const lg_npy *samples,
                                int64_t *room, logit_error *err)
{
    lg_npy npy;
    *labels = (lg_labels){.path = strdup(path), .format = "npy"};
    if (!labels->path) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a path");
    logit_status status = lg_npy_open(&npy, path, err);
    if (status == LOGIT_OK) status = read_labels(labels, &npy, samples, room, err);
    lg_npy_close(&npy);
    return status;
}

static logit_status read_weights(float **out, const lg_npy *npy, const lg_npy *samples,
                                 logit_error *err)
{
    char shape[SHOWN];
    LG_TRY(check_count(npy, samples, "weights", err));
    if (!is_float(npy))
        LG_NPY_BAD(err, npy, npy->descr_at, "UNSUP", "weights of type %s, expected floats",
                   lg_npy_type_name(npy->type));
    if (npy->dims == 2 && npy->dim[1] > 1)
        LG_NPY_BAD(err, npy, npy->shape_at, "MISMATCH", "weights of shape %s, expected (N,)",
                   lg_npy_shape_text(npy, shape, sizeof shape));
    *out = malloc((size_t)npy->dim[0] * sizeof **out);
    if (!*out)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld weights", (long long)npy->dim[0]);
    return read_values(npy, take_weight, *out, err);
}

logit_status lg_npy_weights_read(float **out, const char *path, const lg_npy *samples,
                                 const int32_t *row, int64_t count, logit_error *err)
{
    lg_npy npy;
    *out = NULL;
    logit_status status = lg_npy_open(&npy, path, err);
    if (status == LOGIT_OK) status = read_weights(out, &npy, samples, err);
    lg_npy_close(&npy);
    for (int64_t i = 0; status == LOGIT_OK && row && i < count; i++) (*out)[i] = (*out)[row[i]];
    if (status == LOGIT_OK) return LOGIT_OK;
    free(*out);
    *out = NULL;
    return status;
}
