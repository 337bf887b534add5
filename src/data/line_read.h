/* line_read.h -- the lines of a file or a pipe, one after the other.
 *
 * Layer 1 (data).  Lines end in LF or CR LF, the last one perhaps in nothing; a byte order mark at
 * the beginning is passed over.  A line that is longer than the limit is read to its end and not
 * kept, so that the lines after it are not lost. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_LINE_READ_H
#define LG_DATA_LINE_READ_H

#include "base/file.h"

enum { LG_LINES_WINDOW = 1 << 16 };

/* Zero it, then lg_lines_open. */
typedef struct lg_lines {
    int fd;
    const char *name; /* for messages */
    size_t limit;     /* bytes of a line, without its end */
    int64_t number;   /* of the line that was read last, from 1 */
    int ended;
    int too_long;  /* the line is longer than the limit, and is not kept */
    lg_bytes line; /* without its end; a NUL stands behind it */
    char *window;  /* [LG_LINES_WINDOW] */
    size_t at, filled;
} lg_lines;

/* fd and name stay the caller's.  Error: NOMEM; may be closed whatever happened. */
logit_status lg_lines_open(lg_lines *lines, int fd, const char *name, size_t limit,
                           logit_error *err);
void lg_lines_close(lg_lines *lines); /* frees; fd stays open */

/* Reads the next line; `ended` where there is none.  Blocks while a pipe has nothing.  Errors: IO,
 * NOMEM. */
logit_status lg_lines_next(lg_lines *lines, logit_error *err);

#endif
