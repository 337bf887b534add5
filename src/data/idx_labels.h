/* idx_labels.h -- the labels of an IDX set: classes, distributions over classes, or numbers.
 *
 * Layer 1 (data).  A file of bytes [n] holds classes; of floats [n][k] a distribution per sample
 * (soft targets); of floats [n] numbers, for linear regression. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IDX_LABELS_H
#define LG_DATA_IDX_LABELS_H

#include "data/classes.h"
#include "data/idx_file.h"

typedef enum lg_idx_label_kind { LG_IDX_CLASS, LG_IDX_SOFT, LG_IDX_NUMBER } lg_idx_label_kind;

typedef struct lg_idx_labels {
    char *path;
    lg_idx_label_kind kind;
    int64_t count;
    int width;            /* k of soft targets, else 1 */
    uint8_t *byte;        /* [count] classes, else NULL */
    float *value;         /* [count][width] soft targets or numbers, else NULL */
    int classes;          /* 1 + the largest class; k; 0 for numbers */
    int64_t header_bytes; /* value i lies at header_bytes + i in the inflated file */
} lg_idx_labels;

/* Reads the labels of these images.  room: bytes that floats may take, less on return.  Errors: IO;
 * DATA as lg_idx_open, with MISMATCH (another count), RANGE (not finite, negative, not a
 * distribution; the index is named); NOMEM (over room).  May be cleared whatever happened. */
logit_status lg_idx_labels_read(lg_idx_labels *labels, const char *path, const lg_idx *images,
                                int64_t *room, logit_error *err);
void lg_idx_labels_clear(lg_idx_labels *labels);

/* Numbers them by the frozen classes: fills set->label or set->target.  A sample whose class
 * is left out is dropped: (*row)[i] is the row in the file of sample i (NULL: all are kept), and
 * set->count is what is kept.  Errors: DATA [RANGE] naming the index, NOMEM. */
logit_status lg_idx_labels_give(lg_idx_labels *labels, const lg_classes *classes, lg_set *set,
                                int32_t **row, logit_error *err);

/* Takes the file's data_bytes from room.  advice: what else can be done than raise it, or "".
 * Error: NOMEM. */
logit_status lg_idx_afford(const lg_idx *idx, int64_t *room, const char *advice, logit_error *err);

#endif
