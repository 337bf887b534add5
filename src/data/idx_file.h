/* idx_file.h -- one IDX file, plain or gzipped: its header, then its data.
 *
 * Layer 1 (data).  The form, as http://yann.lecun.com/exdb/mnist/ gives it: two zero bytes, a type,
 * the number of dimensions, each dimension as a big endian u32, then the values row-major.  A
 * header is believed only after its sizes were multiplied with care and held against the file. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IDX_FILE_H
#define LG_DATA_IDX_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "data/formats.h"
#include "data/gunzip.h"

enum { LG_IDX_U8 = 0x08, LG_IDX_FLOAT = 0x0D, LG_IDX_MAX_DIMS = 4 };

/* What a file is to be: bytes [n][h][w] or [n][h][w][c]; bytes [n], floats [n] or [n][k]. */
typedef enum lg_idx_role { LG_IDX_IMAGES, LG_IDX_LABELS } lg_idx_role;

typedef struct lg_idx {
    char *path;
    int fd;
    int64_t file_bytes;
    lg_gunzip *gunzip; /* NULL: the file is plain */
    int type;          /* LG_IDX_U8 or LG_IDX_FLOAT */
    int dims;
    uint32_t dim[LG_IDX_MAX_DIMS]; /* each at least 1 */
    int64_t header_bytes;
    size_t data_bytes; /* of all values */
} lg_idx;

/* Opens a file and reads its header.  A plain file must have exactly the size that the header
 * says, a gzipped one must be long enough for it at the best possible ratio; the rest is found
 * when it is inflated.  Errors: IO; DATA with TRUNC, FORMAT (no IDX, or not of this role), UNSUP (a
 * type that is not taken), RANGE (a size of 0, channels), OVERFLOW, LIMIT (samples, sides), TRAIL;
 * NOMEM.  May be closed whatever happened, and any number of times. */
logit_status lg_idx_open(lg_idx *idx, const char *path, lg_idx_role role, logit_error *err);
void lg_idx_close(lg_idx *idx);

/* Reads all data_bytes, once, and makes sure that the file then ends.  Errors: as above, STOPPED.
 */
logit_status lg_idx_read(lg_idx *idx, uint8_t *to, const logit_watch *watch, logit_error *err);

/* Reads `size` bytes of data at `offset` of a plain file.  Thread-safe.  Error: IO, also where the
 * file has become shorter. */
logit_status lg_idx_read_at(const lg_idx *idx, uint8_t *to, size_t size, int64_t offset,
                            logit_error *err);

/* "PATH: idx at byte N: reason [CLASS]"; byte counts in the inflated file. */
#define LG_IDX_BAD(err, idx, at_byte, class_name, ...)                                             \
    return lg_place_fail((err), LG_PLACE((idx)->path, "idx", (int64_t)(at_byte)), (class_name),    \
                         __VA_ARGS__)

#endif
