/* packed_write.h -- writes a packed file: rows in any order, then the rest, then its name.
 *
 * Layer 1 (data).  Rows go to FILE.part, in the place that they will have; finish adds the sections
 * behind them and the header page, syncs, and renames.  So FILE is whole or not there.  A writer
 * that is kept leaves FILE.part and FILE.part.journal (packed_journal.h), from which the next one
 * goes on.  FILE.part is locked: two writers of one file do not meet.
 *
 * The bytes of the file depend on what is put in, not on the order in which rows come.
 * A writer belongs to one thread at a time. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_WRITE_H
#define LG_DATA_PACKED_WRITE_H

#include "data/packed_layout.h"

typedef struct lg_packed_writer lg_packed_writer;

typedef struct lg_packed_plan {
    const char *path;
    int replace;                     /* path may be there already */
    int resume;                      /* go on where an earlier writer of this key stopped */
    uint8_t key[LG_PACKED_IDENTITY]; /* what is packed and how, for resume */
    /* The header so far: flags, classes, identity, and of each part that is there count, shape,
     * element, target_width and flags. */
    lg_packed_header header;
} lg_packed_plan;

/* Creates FILE.part, or takes one that is there.  Errors: USAGE (path is there and is not to be
 * replaced; a shape that cannot be), LOCKED, IO (disk full: room for all rows is taken at once),
 * NOMEM. */
logit_status lg_packed_create(lg_packed_writer **out, const lg_packed_plan *plan, logit_error *err);

/* Rows of a part that are written, those of an earlier writer included; is this one among them? */
int64_t lg_packed_done(const lg_packed_writer *writer, int part);
int lg_packed_has(const lg_packed_writer *writer, int part, int64_t row);

/* Rows row .. row+count-1 of a part, [count][row_bytes].  Error: IO. */
logit_status lg_packed_put(lg_packed_writer *writer, int part, int64_t row, int64_t count,
                           const uint8_t *rows, logit_error *err);
/* A sample that cannot be decoded; its row, put as well, should be zeros.  why: status DATA or IO,
 * and the message that readers will get.  Errors: NOMEM. */
logit_status lg_packed_put_bad(lg_packed_writer *writer, int part, int64_t sample,
                               const logit_error *why, logit_error *err);
/* Bad samples of a part so far. */
int64_t lg_packed_bads(const lg_packed_writer *writer, int part);

/* Syncs the rows and replaces the journal: what is written by now outlasts a kill and a power cut.
 * Error: IO. */
logit_status lg_packed_keep(lg_packed_writer *writer, logit_error *err);

/* Everything but rows.  All borrowed. */
typedef struct lg_packed_rest {
    char *const *class_name; /* [classes of the header] */
    const char *source;      /* JSON object: what was packed, and how it was decoded */
    struct {
        const int32_t *label; /* [count], without targets */
        const float *target;  /* [count][target_width], with them */
        const float *weight;  /* [count] or NULL */
        const int32_t *place; /* [count] row p holds sample place[p]; NULL: sample p */
        const lg_set *named;  /* whose ops->name gives the names of samples; NULL: none */
    } part[LG_PART_COUNT];
} lg_packed_rest;

/* Writes the rest, syncs, renames.  All rows must have been put.  *bytes: size of the file.
 * Errors: IO, NOMEM. */
logit_status lg_packed_finish(lg_packed_writer *writer, const lg_packed_rest *rest, int64_t *bytes,
                              logit_error *err);

/* keep: FILE.part and its journal stay where there is a journal; else they are removed. */
void lg_packed_writer_destroy(lg_packed_writer *writer, int keep);

#endif
