/* content.h -- what a sample is, in 128 bits: two with the same bytes have the same content.
 *
 * Layer 1 (data).  XXH3 of 128 bits: among a billion samples two that differ have the same content
 * with a chance of 1 in 10^21.  It is no defence against somebody who wants that. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_CONTENT_H
#define LG_DATA_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

typedef struct lg_content {
    uint64_t low, high;
} lg_content;

lg_content lg_content_of(const void *bytes, size_t size);

/* Of a regular file, read through a small buffer.  folder: a descriptor or AT_FDCWD.  Errors: IO;
 * NOMEM. */
logit_status lg_content_of_file(int folder, const char *path, lg_content *content,
                                logit_error *err);

#endif
