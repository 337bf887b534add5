/* npy_names.h -- which .npy files hold samples, and which their labels and weights.
 *
 * Layer 1 (data).  A file NAME.npy has its labels in NAME.labels.npy, and X.npy in y.npy too
 * (X_train.npy in y_train.npy); weights, if any, in NAME.weights.npy.  A folder holds X.npy, or a
 * file for each part: train.npy or X_train.npy, val.npy, test.npy (the words of lg_part_of_name).
 */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_NPY_NAMES_H
#define LG_DATA_NPY_NAMES_H

#include "data/dataset.h"

/* Paths, malloc'ed; NULL where there is no such part, weights also where there are none. */
typedef struct lg_npy_files {
    char *samples, *labels, *weights;
} lg_npy_files;

/* Is path a file named .npy, or a folder with samples?  Errors: IO, NOMEM. */
logit_status lg_npy_is_named(const char *path, int *mine, logit_error *err);

/* Finds the files of a set; those of one that has no parts are the train part's.  Other files of a
 * folder are counted as strays.  Errors: IO; DATA (no labels, two files for one part); NOMEM.  The
 * files may be cleared whatever happened. */
logit_status lg_npy_find(lg_npy_files files[LG_PART_COUNT], lg_dataset *dataset, logit_error *err);
void lg_npy_files_clear(lg_npy_files files[LG_PART_COUNT]);

#endif
