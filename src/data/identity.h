/* identity.h -- 128 bits that stand for what a data set delivers.
 *
 * Layer 1 (data).  Two sets of one identity give the same samples: same format, names, sizes and
 * times of files, classes, parts, shape and decoder.  No file is read: a file that was changed in
 * place, its size and time kept, is not noticed. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IDENTITY_H
#define LG_DATA_IDENTITY_H

#include <sys/stat.h>

#include "data/dataset.h"

enum { LG_IDENTITY_BYTES = 16 };

/* An identity while it is made. */
typedef struct lg_identity lg_identity;

/* decoder: the name of the rule by which images are decoded ("stb"), and whatever else of the
 * options has a say.  Errors: IO (a file is gone), NOMEM. */
logit_status lg_dataset_identity(const lg_dataset *dataset, const char *decoder,
                                 uint8_t out[LG_IDENTITY_BYTES], logit_error *err);

/* As text: 32 hexadecimal digits and a NUL. */
enum { LG_IDENTITY_TEXT = 2 * LG_IDENTITY_BYTES + 1 };
void lg_identity_write(char text[LG_IDENTITY_TEXT], const uint8_t identity[LG_IDENTITY_BYTES]);

/* --- for formats: lg_set_ops.identify --- */

void lg_identity_add(lg_identity *identity, const void *bytes, size_t size);
/* Size and time of a file. */
void lg_identity_add_file(lg_identity *identity, const struct stat *info);
/* The same by its path.  Error: IO. */
logit_status lg_identity_add_path(lg_identity *identity, const char *path, logit_error *err);

#endif
