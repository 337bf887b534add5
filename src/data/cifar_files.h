/* cifar_files.h -- the files of a CIFAR set: which they are, in which order, and their class names.
 *
 * Layer 1 (data).  The form, as https://www.cs.toronto.edu/~kriz/cifar.html gives it.
 *   CIFAR-10:   data_batch_1.bin .. data_batch_N.bin, test_batch.bin; batches.meta.txt
 *   CIFAR-100:  train.bin, test.bin; fine_label_names.txt, coarse_label_names.txt
 * They lie in the folder itself or in one of its folders, cifar-10-batches-bin or cifar-100-binary.
 */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_CIFAR_FILES_H
#define LG_DATA_CIFAR_FILES_H

#include "data/formats.h"

enum {
    LG_CIFAR_SIDE = 32,
    LG_CIFAR_PLANE = LG_CIFAR_SIDE * LG_CIFAR_SIDE,
    LG_CIFAR_PIXELS = 3 * LG_CIFAR_PLANE
};

/* What differs between the two. */
typedef struct lg_cifar_kind {
    const char *name;
    int labels; /* bytes before the pixels of a record */
    struct {
        int classes;
        const char *name;  /* of the label, for messages */
        const char *names; /* the file of class names */
    } label[2];
} lg_cifar_kind;

typedef struct lg_cifar_files {
    const lg_cifar_kind *kind;
    lg_label_kind asked;
    int label;                  /* which of the kind's is taken */
    char **path[LG_PART_COUNT]; /* [count], in order, malloc'ed */
    int count[LG_PART_COUNT];
    char *names; /* path of the class names, or NULL */
} lg_cifar_files;

/* Is a set of this kind at the path?  Errors: IO, NOMEM. */
logit_status lg_cifar_is_named(const char *path, int *mine, logit_error *err);

/* Finds the files at dataset->path; sets has_parts, stray and hidden.  Errors: IO, NOMEM, DATA (the
 * two kinds in one folder, a batch that is missing between others), USAGE (labels are asked for and
 * the kind has one).  files may be cleared whatever happened. */
logit_status lg_cifar_find(lg_cifar_files *files, lg_dataset *dataset, lg_label_kind labels,
                           logit_error *err);

static inline int lg_cifar_classes(const lg_cifar_files *files)
{
    return files->kind->label[files->label].classes;
}
void lg_cifar_files_clear(lg_cifar_files *files);

/* The class names: those of the file, or "0", "1", ..  Each and the array are malloc'ed, also where
 * it fails; *name may be NULL then.  Errors: IO, NOMEM, DATA [MISMATCH], [FORMAT]. */
logit_status lg_cifar_names(const lg_cifar_files *files, char ***name, logit_error *err);

#endif
