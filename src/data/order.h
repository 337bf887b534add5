/* order.h -- which sample comes when.
 *
 * Layer 1 (data).  Order is a function of (seed, epoch, count) and of nothing else: not of time,
 * threads, device or memory. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_ORDER_H
#define LG_DATA_ORDER_H

#include <stdint.h>

#include "logit.h"

typedef enum lg_shuffle { LG_SHUFFLE_FULL, LG_SHUFFLE_NONE } lg_shuffle;

/* Fills order[count] with base[0 .. count-1] (base NULL: 0 .. count-1) in the order of this
 * epoch: Fisher-Yates, one Philox block per index: for i = count-1 .. 1, place i changes with
 * place lg_random_below(seed, stream of the epoch, i, i + 1).  epoch counts from 0.
 * count <= 2^31 - 1. */
void lg_order_fill(int32_t *order, const int32_t *base, int64_t count, lg_shuffle shuffle,
                   uint64_t seed, uint32_t epoch);

/* Fills place[count] with the mixed order of a set: place p holds sample place[p].  It is the same
 * for every seed: packed files keep their rows in it, and blocks of neighbouring places are what
 * --shuffle block draws, whatever the samples come from.  Fisher-Yates as above, with seed 0 and
 * the stream LG_STREAM_MIX.  count <= 2^31 - 1. */
void lg_order_mix(int32_t *place, int64_t count);

/* Splits 0 .. count-1 into train and val, stratified by label (NULL: no strata): of each class
 * floor(share * n_c + 1/2) go to val, drawn by seed, but never all of a class, and at least one if
 * share > 0 and n_c > 1.  0 <= label[i] < classes.  Both lists are ascending and malloc'ed, also
 * where they are empty.  Error: NOMEM. */
logit_status lg_order_split(const int32_t *label, int64_t count, int classes, double share,
                            uint64_t seed, int32_t **train, int64_t *train_count, int32_t **val,
                            int64_t *val_count, logit_error *err);

#endif
