/* rows.c -- what CSV and JSON lines have in common: values, and what is said of bad ones. */
/* SPDX-License-Identifier: MIT */
#include "train/rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

enum {
    SHOWN = 600,          /* bytes of a path inside a message */
    VALUE_BYTES = 40,     /* of text that a value may take, quotes and blanks included */
    OTHER_BYTES = 1 << 16 /* and all that is no value */
};

const lg_rows_row lg_rows_formats[LG_ROWS_COUNT] = {
#define ROWS(id, name, ending) {#name, ending, lg_rows_##name},
#include "train/rows.def"
#undef ROWS
};

const char *logit_rows_name(int i)
{
    return i >= 0 && i < LG_ROWS_COUNT ? lg_rows_formats[i].name : NULL;
}

lg_rows_format lg_rows_find(const char *name)
{
    int i = 0;
    while (i < LG_ROWS_COUNT && strcmp(lg_rows_formats[i].name, name) != 0) i++;
    return (lg_rows_format)i;
}

lg_rows_format lg_rows_of_file(const char *path)
{
    const size_t length = strlen(path);
    for (int i = 0; i < LG_ROWS_COUNT; i++) {
        const size_t tail = strlen(lg_rows_formats[i].ending);
        if (length > tail && strcmp(path + length - tail, lg_rows_formats[i].ending) == 0)
            return (lg_rows_format)i;
    }
    return LG_ROWS_COUNT;
}

size_t lg_rows_longest(const logit_model *model)
{
    return (size_t)model->features * VALUE_BYTES + OTHER_BYTES;
}

int lg_row_put(lg_row *row, int64_t i, double value)
{
    if (row->model->floats) {
        const float narrow = (float)value;
        if (!isfinite(narrow)) return 0;
        memcpy(row->bytes + (size_t)i * sizeof narrow, &narrow, sizeof narrow);
        return 1;
    }
    if (!(value >= 0.0 && value <= 255.0) || value != floor(value)) return 0;
    row->bytes[i] = (uint8_t)value;
    return 1;
}

logit_status lg_row_fail(const lg_row *row, logit_error *err, const char *class_name,
                         const char *format, ...)
{
    char reason[400], shown[SHOWN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    LG_FAIL(err, LOGIT_E_DATA, "%s:%lld: %s [%s]", lg_text_escape(shown, sizeof shown, row->file),
            (long long)row->line, reason, class_name);
}

logit_status lg_row_fail_value(const lg_row *row, int64_t i, const char *found, logit_error *err)
{
    char shown[60];
    return lg_row_fail(row, err, "RANGE", "value %lld is \"%s\", expected a %s", (long long)i + 1,
                       lg_text_escape(shown, sizeof shown, found),
                       row->model->floats ? "number that a float32 holds"
                                          : "whole number from 0 to 255");
}

logit_status lg_row_fail_count(const lg_row *row, int64_t count, logit_error *err)
{
    const logit_model *model = row->model;
    const lg_image_target *shape = &model->shape;
    char what[80] = "features";
    if (!model->floats)
        snprintf(what, sizeof what, "pixels of %dx%dx%d: rows, columns, channels", shape->height,
                 shape->width, shape->channels);
    return lg_row_fail(row, err, "MISMATCH", "%lld value%s, expected %lld (%s)%s", (long long)count,
                       count == 1 ? "" : "s", (long long)model->features, what,
                       count == model->features + 1 ? "; is one of them a class?" : "");
}
