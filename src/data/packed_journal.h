/* packed_journal.h -- what of a packed file is written so far, kept beside it.
 *
 * Layer 1 (data), the writer's.  A packing that was stopped or killed leaves FILE.part and its
 * journal; the next one of the same set reads the journal and goes on.  The journal is replaced
 * as a whole, after the rows it speaks of have reached the disk, so that it never promises too
 * much. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_JOURNAL_H
#define LG_DATA_PACKED_JOURNAL_H

#include "data/packed_layout.h"

/* A sample that could not be decoded. */
typedef struct lg_packed_bad {
    uint32_t part, sample, status; /* status: LOGIT_E_DATA or LOGIT_E_IO */
    char *reason;                  /* owned */
} lg_packed_bad;

typedef struct lg_packed_progress {
    int64_t count[LG_PART_COUNT]; /* rows of each part */
    int64_t done[LG_PART_COUNT];  /* how many are written */
    uint8_t *bits[LG_PART_COUNT]; /* which: bit r % 8 of byte r / 8 */
    lg_packed_bad *bad;           /* [bads] in the order they were met */
    size_t bads, room;
} lg_packed_progress;

/* Nothing is done yet of so many rows.  Error: NOMEM.  May be cleared whatever happened. */
logit_status lg_packed_progress_init(lg_packed_progress *progress,
                                     const int64_t count[LG_PART_COUNT], logit_error *err);
void lg_packed_progress_clear(lg_packed_progress *progress);

static inline int lg_packed_is_done(const lg_packed_progress *progress, int part, int64_t row)
{
    return progress->bits[part][row / 8] >> (row % 8) & 1;
}

void lg_packed_mark(lg_packed_progress *progress, int part, int64_t row);

/* Keeps a copy of reason.  Error: NOMEM. */
logit_status lg_packed_add_bad(lg_packed_progress *progress, lg_packed_bad bad, logit_error *err);

/* Replaces the journal.  key: what is being packed.  Errors: IO, NOMEM. */
logit_status lg_packed_journal_save(const char *path, const uint8_t key[LG_PACKED_IDENTITY],
                                    const lg_packed_progress *progress, logit_error *err);

/* Fills progress, as init left it, from the journal of this key.  *found is 0, and progress as it
 * was, where there is none, or one of another key, or one that is damaged.  Error: NOMEM. */
logit_status lg_packed_journal_load(const char *path, const uint8_t key[LG_PACKED_IDENTITY],
                                    lg_packed_progress *progress, int *found, logit_error *err);

#endif
