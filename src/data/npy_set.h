/* npy_set.h -- the samples of one .npy file as a set: features, or images.
 *
 * Layer 1 (data).  Floats (float32, float16) [N][D], or [N][H][W] and [N][H][W][C], which are then
 * D = H W C numbers: features, as they are.  Bytes (uint8) [N][H][W] and [N][H][W][C] with C 1 or
 * 3: images, brought to another size by the decoder's rule; [N][D]: rows of D bytes.
 *
 * Rows are read from the file one by one, never all of them: who wants them in memory keeps them
 * (the loader does, where they fit). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_NPY_SET_H
#define LG_DATA_NPY_SET_H

#include "data/npy_file.h"

/* Opens a file as a set without labels, its shape that of the file.  Errors: those of lg_npy_open
 * and lg_npy_fit; DATA with UNSUP (values of another type), MISMATCH (dimensions), RANGE
 * (channels), LIMIT (sides); NOMEM.  Destroyed by lg_set_destroy. */
logit_status lg_npy_set_open(lg_set **out, lg_part part, const char *path, logit_error *err);

/* 1 if its samples can be resized: they are images. */
int lg_npy_set_is_images(const lg_set *set);

/* Gives samples that cannot be resized the shape wanted, where 0 leaves a choice: the numbers of a
 * row stay as they lie.  Error: DATA [MISMATCH] (a row holds another count), LIMIT. */
logit_status lg_npy_set_shape(lg_set *set, lg_image_target wanted, logit_error *err);

const lg_npy *lg_npy_set_file(const lg_set *set);
/* Where the row in the file of sample i stands once not all samples are kept: NULL, or [count],
 * malloc'ed, owned by the set. */
int32_t **lg_npy_set_rows(lg_set *set);

#endif
