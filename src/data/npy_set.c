/* npy_set.c -- rows of a .npy file, looked at as they are read. */
/* SPDX-License-Identifier: MIT */
#include "data/npy_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "data/identity.h"
#include "data/raw_image.h"

enum { SHOWN = 300 }; /* bytes of a path inside a message */

/* What a set of this format owns. */
typedef struct npy_set {
    lg_npy file;          /* open for as long as rows are read from it */
    lg_image_info stored; /* what a row is */
    int is_images;
    size_t row_bytes;
    int32_t *row; /* [count] row in the file of sample i; NULL: i */
} npy_set;

static int64_t row_of(const npy_set *own, int64_t i)
{
    return own->row ? own->row[i] : i;
}

/* ----------------------------------------------------------------------------- one sample --- */

static const char *npy_name(const lg_set *set, int64_t i, char *out, size_t size)
{
    enum { NUMBER = 32 };
    const npy_set *own = set->own;
    if (size <= NUMBER) return lg_text_escape(out, size, own->file.path);
    lg_text_escape(out, size - NUMBER, own->file.path);
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "[%lld]", (long long)row_of(own, i));
    return out;
}

static logit_status take_row(const void *from, int64_t i, uint8_t *to, logit_error *err)
{
    const npy_set *own = from;
    return lg_npy_read_at(&own->file, to, own->row_bytes, row_of(own, i) * (int64_t)own->row_bytes,
                          err);
}

/* A float that is not finite has all bits of its exponent set.  Without a branch: vector code. */
static int has_bad_f32(const uint8_t *row, size_t count)
{
    uint32_t bad = 0;
    for (size_t j = 0; j < count; j++) {
        uint32_t bits;
        memcpy(&bits, row + 4 * j, sizeof bits);
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return bad != 0;
}

static int has_bad_f16(const uint8_t *row, size_t count)
{
    uint16_t bad = 0;
    for (size_t j = 0; j < count; j++) {
        uint16_t bits;
        memcpy(&bits, row + 2 * j, sizeof bits);
        bad |= (bits & 0x7c00u) == 0x7c00u;
    }
    return bad != 0;
}

static int is_bad(const lg_set *set, const uint8_t *row, size_t count)
{
    if (set->element == LG_ELEMENT_F16) return has_bad_f16(row, count);
    return set->element == LG_ELEMENT_F32 && has_bad_f32(row, count);
}

/* A row with a number that is none: which, and where. */
static logit_status refuse_row(const lg_set *set, int64_t i, const uint8_t *bytes, logit_error *err)
{
    const npy_set *own = set->own;
    const size_t each = own->file.value_bytes;
    const int64_t row = row_of(own, i);
    size_t j = 0;
    while (!is_bad(set, bytes + j * each, 1)) j++;
    const uint8_t *last = bytes + (j + 1) * each - 1; /* sign, and the exponent's upper bits */
    const uint32_t digits =
        each == 4 ? (uint32_t)last[-3] | (uint32_t)last[-2] << 8 | (uint32_t)(last[-1] & 0x7f) << 16
                  : (uint32_t)last[-1] | (uint32_t)(*last & 3) << 8;
    const char *value = digits ? "not a number" : *last & 0x80 ? "-infinity" : "infinity";
    LG_NPY_BAD(err, &own->file,
               own->file.header_bytes + row * (int64_t)own->row_bytes + (int64_t)(j * each),
               "RANGE", "row %lld, column %zu is %s", (long long)row, j, value);
}

static logit_status npy_read(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                             logit_error *err)
{
    const npy_set *own = set->own;
    char name[SHOWN];
    if (own->is_images && !lg_raw_image_fits(&own->stored, &set->shape)) {
        const lg_raw_image image = {own->stored, npy_name(set, i, name, sizeof name), take_row, own,
                                    i};
        return lg_raw_image_resize(&image, set->shape, decoder, out, err);
    }
    LG_TRY(take_row(own, i, out, err));
    if (is_bad(set, out, own->row_bytes / own->file.value_bytes))
        return refuse_row(set, i, out, err);
    return LOGIT_OK;
}

static logit_status npy_probe(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                              logit_error *err)
{
    const npy_set *own = set->own;
    (void)i, (void)err;
    *info = own->stored;
    *bytes = (int64_t)own->row_bytes;
    return LOGIT_OK;
}

static void npy_close(lg_set *set)
{
    npy_set *own = set->own;
    if (!own) return;
    lg_npy_close(&own->file);
    free(own->row);
    free(own);
}

/* Labels and weights need no look: lg_dataset_identity takes them themselves. */
static logit_status npy_identify(const lg_set *set, lg_identity *identity, logit_error *err)
{
    return lg_identity_add_path(identity, ((const npy_set *)set->own)->file.path, err);
}

static const lg_set_ops npy_ops = {.read = npy_read,
                                   .name = npy_name,
                                   .probe = npy_probe,
                                   .close = npy_close,
                                   .identify = npy_identify};

/* -------------------------------------------------------------------------------- opening --- */

/* What the values may be: pixels, or floats. */
static logit_status find_element(const lg_npy *file, lg_element *element, logit_error *err)
{
    if (file->type == LG_NPY_U1)
        *element = LG_ELEMENT_U8;
    else if (file->type == LG_NPY_F2)
        *element = LG_ELEMENT_F16;
    else if (file->type == LG_NPY_F4)
        *element = LG_ELEMENT_F32;
    else
        LG_NPY_BAD(err, file, file->descr_at, "UNSUP",
                   "samples of type %s; taken are float32, float16 and uint8: convert with numpy's "
                   "astype%s",
                   lg_npy_type_name(file->type), file->dims == 1 ? " (a file of labels?)" : "");
    return LOGIT_OK;
}

static logit_status check_dims(const lg_npy *file, logit_error *err)
{
    char shape[SHOWN];
    int64_t features = 1;
    if (file->dims < 2 || file->dims > 4)
        LG_NPY_BAD(err, file, file->shape_at, "MISMATCH",
                   "shape %s, expected (N, D), (N, H, W) or (N, H, W, C)",
                   lg_npy_shape_text(file, shape, sizeof shape));
    for (int i = 1; i < file->dims; i++) {
        if (file->dim[i] <= LG_FEATURES_MAX) features *= file->dim[i]; /* below 2^72: no overflow */
        if (file->dim[i] > LG_FEATURES_MAX || features > LG_FEATURES_MAX)
            LG_NPY_BAD(err, file, file->shape_at, "LIMIT", "%s: more than %d numbers a sample",
                       lg_npy_shape_text(file, shape, sizeof shape), LG_FEATURES_MAX);
    }
    return LOGIT_OK;
}

/* Images of bytes: sizes that the decoder takes too. */
static logit_status check_images(const lg_npy *file, const lg_image_info *stored, logit_error *err)
{
    if (stored->height > LG_IMAGE_MAX_SIDE || stored->width > LG_IMAGE_MAX_SIDE)
        LG_NPY_BAD(err, file, file->shape_at, "LIMIT", "images of %d x %d; at most %d a side",
                   stored->height, stored->width, LG_IMAGE_MAX_SIDE);
    if (stored->channels != 1 && stored->channels != 3)
        LG_NPY_BAD(err, file, file->shape_at, "RANGE", "images of %d channels, expected 1 or 3",
                   stored->channels);
    return LOGIT_OK;
}

/* A row as height, width and channels; numbers that are no picture lie in one line. */
static lg_image_info shape_of_row(const lg_npy *file, lg_element element)
{
    const int64_t *dim = file->dim;
    const int picture =
        file->dims == 3 ||
        (file->dims == 4 && (element == LG_ELEMENT_U8 || dim[3] == 1 || dim[3] == 3));
    int64_t features = 1;
    for (int i = 1; i < file->dims; i++) features *= dim[i];
    if (!picture)
        return (lg_image_info){.height = 1, .width = (int)features, .channels = 1, .format = "npy"};
    return (lg_image_info){.height = (int)dim[1],
                           .width = (int)dim[2],
                           .channels = file->dims == 4 ? (int)dim[3] : 1,
                           .format = "npy"};
}

static logit_status open_samples(lg_set *set, const char *path, logit_error *err)
{
    npy_set *own = set->own;
    lg_npy *file = &own->file;
    LG_TRY(lg_npy_open(file, path, err));
    LG_TRY(find_element(file, &set->element, err));
    LG_TRY(check_dims(file, err));
    own->stored = shape_of_row(file, set->element);
    own->is_images = set->element == LG_ELEMENT_U8 && file->dims > 2;
    if (own->is_images) LG_TRY(check_images(file, &own->stored, err));
    LG_TRY(lg_npy_fit(file, err));
    set->count = file->dim[0];
    set->shape = (lg_image_target){own->stored.height, own->stored.width, own->stored.channels};
    own->row_bytes = file->data_bytes / (size_t)file->dim[0];
    return LOGIT_OK;
}

logit_status lg_npy_set_open(lg_set **out, lg_part part, const char *path, logit_error *err)
{
    *out = NULL;
    npy_set *own = calloc(1, sizeof *own);
    if (!own) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a data set");
    own->file.fd = -1;
    lg_set *set;
    logit_status status = lg_set_create(&set, part, 0, err);
    if (status != LOGIT_OK) {
        free(own);
        return status;
    }
    set->ops = &npy_ops;
    set->own = own;
    status = open_samples(set, path, err);
    if (status != LOGIT_OK) {
        lg_set_destroy(set);
        return status;
    }
    *out = set;
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------------- shapes --- */

int lg_npy_set_is_images(const lg_set *set)
{
    return ((const npy_set *)set->own)->is_images;
}

const lg_npy *lg_npy_set_file(const lg_set *set)
{
    return &((const npy_set *)set->own)->file;
}

int32_t **lg_npy_set_rows(lg_set *set)
{
    return &((npy_set *)set->own)->row;
}

logit_status lg_npy_set_shape(lg_set *set, lg_image_target wanted, logit_error *err)
{
    const npy_set *own = set->own;
    const lg_npy *file = &own->file;
    const int64_t count = (int64_t)(own->row_bytes / file->value_bytes);
    lg_image_target to = wanted;
    if (!to.height) {
        to.height = own->stored.height;
        to.width = own->stored.width;
    }
    const int64_t pixels = (int64_t)to.height * to.width;
    if (!to.channels) to.channels = count == 3 * pixels ? 3 : 1;
    if (pixels * to.channels != count)
        LG_NPY_BAD(err, file, file->shape_at, "MISMATCH",
                   "%lld numbers a sample; %d x %d x %d (height x width x channels) are wanted",
                   (long long)count, to.height, to.width, to.channels);
    if (set->element == LG_ELEMENT_U8 &&
        (to.height > LG_IMAGE_MAX_SIDE || to.width > LG_IMAGE_MAX_SIDE))
        LG_NPY_BAD(err, file, file->shape_at, "LIMIT",
                   "rows of %lld bytes; over %d they need --size HxW", (long long)count,
                   LG_IMAGE_MAX_SIDE);
    set->shape = to;
    return LOGIT_OK;
}
