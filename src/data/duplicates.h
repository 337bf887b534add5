/* duplicates.h -- samples that hold the same as another, in one part of a set or in two.
 *
 * Layer 1 (data).  24 bytes per sample, and no more while it is sorted.  Where a format can tell
 * the content of a stored sample (lg_set_ops.content), only samples of the same size are read for
 * it; else the decoded elements are compared, which whoever adds a sample has at hand. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_DUPLICATES_H
#define LG_DATA_DUPLICATES_H

#include <stdint.h>

#include "base/pool.h"
#include "data/content.h"
#include "data/dataset.h"

/* Where a sample is: part, then index.  Smaller is earlier. */
typedef uint64_t lg_sample_place;

static inline lg_sample_place lg_place_of(lg_part part, int64_t sample)
{
    return (uint64_t)part << 32 | (uint64_t)sample;
}

static inline lg_part lg_place_part(lg_sample_place place)
{
    return (lg_part)(place >> 32);
}

static inline int64_t lg_place_sample(lg_sample_place place)
{
    return (int64_t)(place & UINT32_MAX);
}

/* While samples are added: what is known of one.  Once lg_duplicates_find is through: low is the
 * place of the first sample with this content. */
typedef struct lg_duplicate {
    uint64_t low, high;
    lg_sample_place place;
} lg_duplicate;

typedef struct lg_duplicates {
    const lg_dataset *data;
    lg_duplicate *entry; /* [count] */
    int64_t count, room;
} lg_duplicates;

/* Makes room for every sample of the set, which is borrowed.  Error: NOMEM. */
logit_status lg_duplicates_open(lg_duplicates *all, const lg_dataset *data, logit_error *err);
void lg_duplicates_close(lg_duplicates *all); /* frees */

/* Adds a good sample, each at most once: its size as stored and, where its set cannot tell the
 * content of what is stored, the content of its elements (else it is not looked at). */
void lg_duplicates_add(lg_duplicates *all, lg_sample_place place, int64_t bytes,
                       lg_content elements);

/* Leaves those that are there at least twice, by the place of the first of their content, then by
 * their own: all with the same `low` are the same, and the first of them is the earliest.  What
 * cannot be read any more is left out.  Error: STOPPED. */
logit_status lg_duplicates_find(lg_duplicates *all, lg_pool *pool, const logit_watch *watch,
                                logit_error *err);

#endif
