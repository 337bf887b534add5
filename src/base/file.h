/* file.h -- whole files in and out, safely.
 *
 * Layer 0 (base).  Reading never blocks on a fifo, never opens a device, restarts after EINTR and
 * short reads, and never allocates more than the stated limit.  Writing is atomic: a reader sees
 * the old file or the new one.  A write, fsync, close or rename that failed is an error. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_FILE_H
#define LG_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "logit.h"

/* A growing byte buffer that is used for one file after another.  Zero it first. */
typedef struct lg_bytes {
    uint8_t *data;
    size_t size, room;
} lg_bytes;

void lg_bytes_clear(lg_bytes *bytes); /* frees */

/* Makes room for `size` bytes in all; content is kept.  Error: NOMEM. */
logit_status lg_bytes_reserve(lg_bytes *bytes, size_t size, logit_error *err);

/* Opens a regular file for reading, close-on-exec, following symbolic links.  folder is a
 * descriptor or AT_FDCWD.  *size may be NULL.  Error: IO (message names path). */
logit_status lg_file_open(int *fd, int folder, const char *path, int64_t *size, logit_error *err);

/* Reads exactly `size` bytes at `offset`.  Error: IO; DATA if the file ends before. */
logit_status lg_file_read_at(int fd, const char *path, void *to, size_t size, int64_t offset,
                             logit_error *err);

/* Reads a whole regular file of at most `limit` bytes into bytes.  Errors: IO; DATA over limit. */
logit_status lg_file_read(int folder, const char *path, size_t limit, lg_bytes *bytes,
                          logit_error *err);

/* Writes all of `size` bytes to fd.  Error: IO, naming path and the bytes that were left. */
logit_status lg_file_write_all(int fd, const char *path, const void *from, size_t size,
                               logit_error *err);

/* Writes all of `size` bytes at `offset`.  Error: IO, naming path, the place and the bytes left. */
logit_status lg_file_write_at(int fd, const char *path, const void *from, size_t size,
                              int64_t offset, logit_error *err);

/* Gives a file that was written and synced its name, so that it outlasts a power cut: rename, fsync
 * of the folder.  Error: IO. */
logit_status lg_file_rename(const char *from, const char *to, logit_error *err);

/* A stretch of bytes of a file that is written in one go. */
typedef struct lg_piece {
    const void *data;
    size_t size;
} lg_piece;

/* Replaces path by a file of these pieces, one after the other: temporary file beside it, fsync,
 * rename, fsync of the folder.  On failure the temporary file is removed and path is as it was.
 * Error: IO. */
logit_status lg_file_replace(const char *path, const lg_piece *piece, int pieces, logit_error *err);

/* Removes the temporary files that processes killed while they replaced path have left.  For who
 * knows that nobody replaces it now. */
void lg_file_sweep(const char *path);

/* Makes what was done to the name at path (made, renamed) outlast a power cut: syncs the folder it
 * lies in, where that may be read or the file system knows how.  Error: IO. */
logit_status lg_file_sync_name(const char *path, logit_error *err);

/* Makes a folder and the ones above it, each synced; fine if it is there.  Error: IO. */
logit_status lg_folder_make(const char *path, logit_error *err);

#endif
