/* idx_names.h -- which files of a folder are IDX images and labels, and of which part.
 *
 * Layer 1 (data).  A name is STEM-images-idx3-ubyte or STEM-labels-idx1-ubyte, each perhaps with
 * .gz behind it; "-idx" may be ".idx", the digit is not looked at, and "-float" stands where the
 * values are floats.  The part is the stem or what follows its last '-', '_' or '.': train, val,
 * t10k, test (emnist-letters-train is a train part too). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IDX_NAMES_H
#define LG_DATA_IDX_NAMES_H

#include "data/dataset.h"

/* Paths, malloc'ed; both NULL where there is no such part. */
typedef struct lg_idx_pair {
    char *images, *labels;
} lg_idx_pair;

/* Is path named like an IDX file, or a folder with images of a part?  Errors: IO, NOMEM. */
logit_status lg_idx_is_named(const char *path, int *mine, logit_error *err);

/* Finds the files of a folder, or, where path is a file of images, its labels beside it (then the
 * pair is that of the train part).  A plain file is taken before its gzipped twin.  Other files
 * of a folder are counted as strays.  Errors: IO; DATA (no labels, two sets in one folder); NOMEM.
 * The pairs may be cleared whatever happened. */
logit_status lg_idx_find(lg_idx_pair pair[LG_PART_COUNT], lg_dataset *dataset, logit_error *err);
void lg_idx_pairs_clear(lg_idx_pair pair[LG_PART_COUNT]);

#endif
