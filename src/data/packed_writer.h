/* packed_writer.h -- what packed_write.c and packed_rest.c share; nobody else includes it.
 *
 * Layer 1 (data). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_WRITER_H
#define LG_DATA_PACKED_WRITER_H

#include <xxhash.h>

#include "data/packed_journal.h"
#include "data/packed_write.h"

struct lg_packed_writer {
    char *path, *part_path, *journal_path;
    int fd;        /* of FILE.part, or -1 */
    int locked;    /* FILE.part is ours, and not yet renamed */
    int journaled; /* there is a journal that speaks of it */
    uint8_t key[LG_PACKED_IDENTITY];
    lg_packed_header header; /* of rows the sections are known from the beginning */
    uint64_t rows_end;
    lg_packed_progress progress;
    uint64_t *sum[LG_PART_COUNT];   /* [blocks] */
    uint8_t *summed[LG_PART_COUNT]; /* [blocks] 1: the sum is that of what was written */
    XXH3_state_t *hash;             /* of the block at hand, up to hash_row - 1 */
    int hash_part;
    int64_t hash_row; /* the row that would go on with it; -1: none */
    uint8_t *buffer;  /* a block */
};

/* Writes the sections behind the rows and fills in the header.  Errors: IO, NOMEM. */
logit_status lg_packed_write_rest(lg_packed_writer *writer, const lg_packed_rest *rest,
                                  logit_error *err);

#endif
