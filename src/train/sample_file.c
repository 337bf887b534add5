/* sample_file.c -- an image, or a row of an array. */
/* SPDX-License-Identifier: MIT */
#include "train/sample_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "data/npy_names.h"
#include "data/npy_set.h"

enum { SHOWN = 600 }; /* bytes of a path inside a message */

logit_status lg_sample_image(lg_decoder *decoder, const logit_model *model, const char *file,
                             uint8_t *pixels, logit_error *err)
{
    char shown[SHOWN];
    if (model->floats)
        LG_FAIL(err, LOGIT_E_DATA,
                "%s: the model is of features (floats), not of images; give it a .npy file of them",
                lg_text_escape(shown, sizeof shown, file));
    return lg_image_decode_file(decoder, AT_FDCWD, file, model->shape, pixels, err);
}

logit_status lg_sample_rows(lg_set **out, const logit_model *model, const char *file,
                            logit_error *err)
{
    char shown[SHOWN];
    LG_TRY(lg_npy_set_open(out, LG_PART_TEST, file, err));
    lg_set *set = *out;
    if (lg_element_is_float(set->element) != model->floats)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds %s, but the model is of %s",
                lg_text_escape(shown, sizeof shown, file),
                model->floats ? "images (bytes)" : "features (floats)",
                model->floats ? "features (floats)" : "images (bytes)");
    if (!lg_npy_set_is_images(set)) return lg_npy_set_shape(set, model->shape, err);
    set->shape = model->shape;
    return LOGIT_OK;
}

/* "X.npy[17]" -> "X.npy" and 17; 0 where the name does not end so. */
static int split_row(const char *name, char **file, int64_t *row)
{
    const char *open = strrchr(name, '[');
    char *end;
    if (!open || open - name < 4 || strncmp(open - 4, ".npy", 4) != 0) return 0;
    *row = strtoll(open + 1, &end, 10);
    if (end == open + 1 || *row < 0 || strcmp(end, "]") != 0) return 0;
    *file = strndup(name, (size_t)(open - name));
    return *file != NULL;
}

static logit_status read_row(lg_decoder *decoder, const logit_model *model, const char *file,
                             int64_t row, uint8_t *bytes, lg_element *element, logit_error *err)
{
    lg_set *set = NULL;
    logit_status status = lg_sample_rows(&set, model, file, err);
    if (status == LOGIT_OK && row >= set->count) {
        char shown[SHOWN];
        status = lg_fail(
            err, LOGIT_E_DATA, __FILE__, __LINE__, "%s: has rows 0 to %lld, and no row %lld",
            lg_text_escape(shown, sizeof shown, file), (long long)set->count - 1, (long long)row);
    }
    if (status == LOGIT_OK) {
        *element = set->element;
        status = set->ops->read(set, row, decoder, bytes, err);
    }
    lg_set_destroy(set);
    return status;
}

logit_status lg_sample_read(lg_decoder *decoder, const logit_model *model, const char *name,
                            uint8_t *bytes, lg_element *element, logit_error *err)
{
    char *file = NULL, shown[SHOWN];
    int64_t row = 0;
    int rows = 0;
    *element = LG_ELEMENT_U8;
    if (split_row(name, &file, &row)) {
        const logit_status status = read_row(decoder, model, file, row, bytes, element, err);
        free(file);
        return status;
    }
    LG_TRY(lg_npy_is_named(name, &rows, err));
    if (rows)
        LG_FAIL(err, LOGIT_E_USAGE, "%s: holds many samples: say which one, as in \"%s[0]\"",
                lg_text_escape(shown, sizeof shown, name), shown);
    return lg_sample_image(decoder, model, name, bytes, err);
}
