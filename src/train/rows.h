/* rows.h -- samples that come as lines of text, each for itself: CSV, JSON lines.
 *
 * Layer 2 (train).  A line is a sample, bad (and the others go on), or nothing: an empty line, a
 * head.  Values are those that a model's images or features are stored as: whole numbers from 0 to
 * 255, or floats.  Messages begin with FILE:LINE. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_ROWS_H
#define LG_TRAIN_ROWS_H

#include "data/image.h"
#include "train/model.h"

typedef enum lg_rows_format {
#define ROWS(id, name, ending) LG_ROWS_##id,
#include "train/rows.def"
#undef ROWS
    LG_ROWS_COUNT
} lg_rows_format;

/* One line, and what becomes of it. */
typedef struct lg_row {
    const logit_model *model;
    lg_decoder *decoder; /* of images that a line names */
    const char *file;    /* where the line stands, for messages */
    int64_t line;        /* from 1 */
    int first;           /* 1: no line before it held anything */
    char *text;          /* [size], a NUL behind it; may be written over */
    size_t size;
    /* out */
    uint8_t *bytes;     /* the sample; room for one of the model's element */
    lg_element element; /* of it */
    char *name;         /* of the file that the line names, to be freed; NULL: FILE:LINE */
    int is_nothing;
} lg_row;

/* Reads row->text.  Errors: DATA (the line is bad), IO (the file that it names cannot be read),
 * others end the whole. */
typedef logit_status lg_rows_fn(lg_row *row, logit_error *err);

#define ROWS(id, name, ending) lg_rows_fn lg_rows_##name;
#include "train/rows.def"
#undef ROWS

typedef struct lg_rows_row {
    const char *name, *ending;
    lg_rows_fn *read;
} lg_rows_row;

extern const lg_rows_row lg_rows_formats[LG_ROWS_COUNT];

/* The format with this name; of a file with this ending.  LG_ROWS_COUNT if there is none. */
lg_rows_format lg_rows_find(const char *name);
lg_rows_format lg_rows_of_file(const char *path);

/* Bytes that a line of one sample may take. */
size_t lg_rows_longest(const logit_model *model);

/* What element i of the sample is.  0 where it cannot be that. */
int lg_row_put(lg_row *row, int64_t i, double value);

/* "FILE:LINE: reason [CLASS]", status DATA. */
logit_status lg_row_fail(const lg_row *row, logit_error *err, const char *class_name,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Element i is `found`, which cannot be; the line has `count` of them, too few or too many. */
logit_status lg_row_fail_value(const lg_row *row, int64_t i, const char *found, logit_error *err);
logit_status lg_row_fail_count(const lg_row *row, int64_t count, logit_error *err);

#endif
