/* mapping.h -- a file mapped for reading, that may shrink under the reader and kill nobody.
 *
 * Layer 1 (data).  Touching a page of a mapped file that is not there any more (the file became
 * shorter, the disk failed) raises SIGBUS.  A handler, installed once for the process, puts a page
 * of zeros there and marks the mapping as failed; a fault anywhere else goes to the handler that
 * was there before.  So a reader copies first and asks lg_mapping_failed after.
 *
 * Opening and closing belong to one thread; reading to any number of them. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_MAPPING_H
#define LG_DATA_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

typedef struct lg_guard lg_guard;

typedef struct lg_mapping {
    const uint8_t *bytes; /* [size]; NULL for an empty file */
    size_t size;
    int fd; /* -1: closed */
    lg_guard *guard;
} lg_mapping;

/* Maps a regular file, all of it.  Errors: IO (message names path), NOMEM. */
logit_status lg_mapping_open(lg_mapping *out, const char *path, logit_error *err);

/* Fine for a zeroed mapping whose fd is -1, and twice. */
void lg_mapping_close(lg_mapping *mapping);

/* 1 once bytes were read that the file no longer holds.  It stays so. */
int lg_mapping_failed(const lg_mapping *mapping);

/* 1 if the file is now shorter than the mapping; then the mapping counts as failed.  Finds what no
 * fault shows: bytes of the last page that were cut off read as zeros.  A system call. */
int lg_mapping_shrank(const lg_mapping *mapping);

/* Bytes at .. at+size-1 will be read soon: brings them into memory in the background. */
void lg_mapping_ahead(const lg_mapping *mapping, size_t at, size_t size);

/* "PATH: the file became shorter while it was read", status IO. */
logit_status lg_mapping_fail(const char *path, logit_error *err);

#endif
