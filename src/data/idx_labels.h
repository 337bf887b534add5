/* idx_labels.h -- the labels of an IDX set: classes, distributions over classes, or numbers.
 *
 * Layer 1 (data).  A file of bytes [n] holds classes; of floats [n][k] a distribution per sample
 * (soft targets); of floats [n] numbers, for linear regression. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IDX_LABELS_H
#define LG_DATA_IDX_LABELS_H

#include "data/idx_file.h"
#include "data/labels.h"

/* Reads the labels of these images.  room: bytes that floats may take, less on return.  Errors: IO;
 * DATA as lg_idx_open, with MISMATCH (another count), RANGE (not finite, negative, not a
 * distribution; the index is named); NOMEM (over room).  May be cleared (lg_labels_clear) whatever
 * happened. */
logit_status lg_idx_labels_read(lg_labels *labels, const char *path, const lg_idx *images,
                                int64_t *room, logit_error *err);

/* Takes the file's data_bytes from room.  advice: what else can be done than raise it, or "".
 * Error: NOMEM. */
logit_status lg_idx_afford(const lg_idx *idx, int64_t *room, const char *advice, logit_error *err);

#endif
