/* packed_file.h -- a packed file, mapped: checked when it is opened, block by block when it is
 * read.
 *
 * Layer 1 (data).  Opening checks the header page, every section but the rows against its checksum,
 * and what they say (labels below the number of classes, each row once, names in order).  A block
 * of rows is checked when it is first touched, by whichever thread that is.  From then on a sample
 * is a copy of memory.
 *
 * A file that is opened may be read by any number of threads. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_FILE_H
#define LG_DATA_PACKED_FILE_H

#include <stdatomic.h>

#include "data/mapping.h"
#include "data/packed_layout.h"

typedef struct lg_packed_file {
    char *path;
    lg_mapping map;
    lg_packed_header header;
    atomic_uchar *block[LG_PART_COUNT];  /* [blocks] what is known of each */
    atomic_llong unknown[LG_PART_COUNT]; /* blocks that nobody has checked yet */
    int stays; /* what was read once stays in memory: there is room for all of it */
} lg_packed_file;

/* 1 if path is a file that begins as packed files do, or is called NAME.packed. */
int lg_packed_is(const char *path);

/* *out is NULL on failure.  Errors: IO, NOMEM, DATA ("PATH: packed at byte N: reason [CLASS]"). */
logit_status lg_packed_open(lg_packed_file **out, const char *path, logit_error *err);
void lg_packed_close(lg_packed_file *file);

/* A section of a part in memory, or NULL where it is empty. */
const void *lg_packed_section_of(const lg_packed_file *file, int part, lg_packed_section_id id);

/* Class names, one after the other, each ended by a 0 byte. */
const char *lg_packed_class_names(const lg_packed_file *file);

/* Sample i of a part, row_bytes bytes.  Thread-safe.  Errors: DATA (the sample was bad when it was
 * packed: the error of then; or its block is not as it was written), IO. */
logit_status lg_packed_read(lg_packed_file *file, int part, int64_t sample, uint8_t *out,
                            logit_error *err);

/* Samples sample[0 .. n-1] of a part, one behind the other; *good were read before the error.
 * Errors: as lg_packed_read. */
logit_status lg_packed_read_rows(lg_packed_file *file, int part, const int32_t *sample, int64_t n,
                                 uint8_t *out, int64_t *good, logit_error *err);

/* What it was called where it came from, escaped; FILE[17] where that is not known. */
const char *lg_packed_name(const lg_packed_file *file, int part, int64_t sample, char *out,
                           size_t size);

/* These samples will be read soon: their rows are brought into memory in the background. */
void lg_packed_ahead(const lg_packed_file *file, int part, const int32_t *sample, int64_t count);

#endif
