/* order.h -- which sample comes when.
 *
 * Layer 1 (data).  Order is a function of (seed, epoch, count) and of nothing else: not of time,
 * threads, device or memory. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_ORDER_H
#define LG_DATA_ORDER_H

#include <stdint.h>

#include "logit.h"

typedef enum lg_shuffle { LG_SHUFFLE_FULL, LG_SHUFFLE_BLOCK, LG_SHUFFLE_NONE } lg_shuffle;

extern const char *const lg_shuffle_names[LG_SHUFFLE_NONE + 1]; /* "full", "block", "none" */
/* -1: there is no such order. */
int lg_shuffle_find(const char *name);

/* The blocks of LG_SHUFFLE_BLOCK, and how many of them are mixed at a time.  Both are counts of
 * samples, never of bytes: bytes depend on --size and on how a format stores a sample, and the
 * order must not.  1024 of the smallest rows (MNIST's 784 bytes) are still most of a megabyte,
 * which any disk reads at full speed; 16 blocks of photos as the network sees them (150 kB) are
 * 2.5 GB, which any machine that holds such a set keeps in its page cache. */
enum { LG_ORDER_BLOCK = 1024, LG_ORDER_WINDOW = 16 * LG_ORDER_BLOCK };

/* Fills order[count] with base[0 .. count-1] (base NULL: 0 .. count-1) in the order of this
 * epoch (from 0).  Fisher-Yates over places begin .. end-1, with one Philox block per index:
 * for i = end-1 .. begin+1, place i changes with begin + lg_random_below(seed, stream of the
 * epoch, i, i - begin + 1).
 *   full   over 0 .. count-1
 *   block  base is cut into blocks of LG_ORDER_BLOCK (the last may be shorter); the list of
 *          blocks goes through Fisher-Yates, block b drawing at index 2^32 + b; then each
 *          LG_ORDER_WINDOW places of what they make, one after the other, go through it too
 *   none   as it is
 * For block, base is what lg_order_places gives.  count <= 2^31 - 1; nothing is allocated. */
void lg_order_fill(int32_t *order, const int32_t *base, int64_t count, lg_shuffle shuffle,
                   uint64_t seed, uint32_t epoch);

/* Fills place[count] with the mixed order of a set: place p holds sample place[p].  It is the same
 * for every seed: packed files keep their rows in it, and blocks of neighbouring places are what
 * --shuffle block draws, whatever the samples come from.  Fisher-Yates as above, with seed 0 and
 * the stream LG_STREAM_MIX.  count <= 2^31 - 1. */
void lg_order_mix(int32_t *place, int64_t count);

/* The samples of `only` ([only_count], each once; NULL: all of 0 .. count-1) as they lie behind
 * one another: in the mixed order of all count samples, or by index where the set is as_it_lies.
 * What `only` is ordered by does not matter.  *out is malloc'ed, [only_count] or [count].  Errors:
 * USAGE (a sample of `only` is not in the set, or is there twice), NOMEM. */
logit_status lg_order_places(int32_t **out, int64_t count, int as_it_lies, const int32_t *only,
                             int64_t only_count, logit_error *err);

/* Splits 0 .. count-1 into train and val, stratified by label (NULL: no strata): of each class
 * floor(share * n_c + 1/2) go to val, drawn by seed, but never all of a class, and at least one if
 * share > 0 and n_c > 1.  0 <= label[i] < classes.  Both lists are ascending and malloc'ed, also
 * where they are empty.  Error: NOMEM. */
logit_status lg_order_split(const int32_t *label, int64_t count, int classes, double share,
                            uint64_t seed, int32_t **train, int64_t *train_count, int32_t **val,
                            int64_t *val_count, logit_error *err);

/* Deals 0 .. count-1 out to folds 0 .. folds-1, stratified by label (NULL: no strata): each class
 * is shuffled by seed, and its samples go round the folds from where the class before it ended.  So
 * the folds' counts of a class differ by at most one, and so do their sizes.  *fold is malloc'ed,
 * [count].  Error: NOMEM. */
logit_status lg_order_folds(int32_t **fold, const int32_t *label, int64_t count, int classes,
                            int folds, uint64_t seed, logit_error *err);

#endif
