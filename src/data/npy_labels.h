/* npy_labels.h -- the labels of a .npy set: classes, distributions over classes, or numbers; and
 * sample weights.
 *
 * Layer 1 (data).  Integers of any width [N] (or [N][1]) are classes 0, 1, ..; floats [N][K] a
 * distribution per sample; floats [N] numbers, for linear regression. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_NPY_LABELS_H
#define LG_DATA_NPY_LABELS_H

#include "data/labels.h"
#include "data/npy_file.h"

enum { LG_NPY_MAX_CLASSES = 1 << 20 };

/* Reads the labels of these samples.  room: bytes that floats may take, less on return.  Errors:
 * IO; DATA as lg_npy_open, with MISMATCH (another count), RANGE (not a class, not finite, not a
 * distribution; the sample is named); NOMEM (over room, too).  May be cleared whatever happened. */
logit_status lg_npy_labels_read(lg_labels *labels, const char *path, const lg_npy *samples,
                                int64_t *room, logit_error *err);

/* The weights [N] of these samples, floats that are not below 0; those of row[count] alone, unless
 * row is NULL.  *out is malloc'ed, NULL on failure.  Errors: as above. */
logit_status lg_npy_weights_read(float **out, const char *path, const lg_npy *samples,
                                 const int32_t *row, int64_t count, logit_error *err);

#endif
