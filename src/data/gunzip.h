/* gunzip.h -- a gzip file as a stream of the bytes inside it.
 *
 * Layer 1 (data).  Members that follow each other are one stream.  The file is read 64 KiB at a
 * time and nothing is ever allocated for what it claims: a bomb costs only the bytes that the
 * caller asks for.  Checksum and length of each member are verified; bytes after the last member
 * are an error. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_GUNZIP_H
#define LG_DATA_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

/* No deflate stream holds more than this many bytes per byte of its own: 258 bytes take at least
 * two bits.  Source: RFC 1951, and https://zlib.net/zlib_tech.html. */
#define LG_GUNZIP_MAX_RATIO 1032

typedef struct lg_gunzip lg_gunzip;

/* fd and path (for messages) are borrowed until it is closed.  *out is NULL on failure.  Error:
 * NOMEM. */
logit_status lg_gunzip_open(lg_gunzip **out, int fd, const char *path, logit_error *err);
void lg_gunzip_close(lg_gunzip *gunzip);

/* The next `size` bytes; fewer (*got < size) only at the end of the stream, where all checks have
 * passed.  Errors: DATA ("PATH: gzip at byte N: reason [CLASS]": FORMAT no gzip header, TRUNC ends
 * too early, CORRUPT a checksum or the deflate data is wrong, TRAIL bytes after the end), IO,
 * NOMEM. */
logit_status lg_gunzip_read(lg_gunzip *gunzip, void *to, size_t size, size_t *got,
                            logit_error *err);

#endif
