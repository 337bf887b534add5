/* kept.h -- what a feature map makes of a set, made once and kept where the backend computes.
 *
 * Layer 2 (train).  The numbers are float32, as the map gives them: steps on kept features have the
 * same bits as steps that make them anew.  A set is kept when its samples lie where the backend
 * computes and each is a row of one array (a set in memory, or complete on the device), no sample
 * changes from epoch to epoch, and there is room.  Parts of one set in memory share one array.
 *
 * The feed uses it: lg_feed_keep. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_KEPT_H
#define LG_TRAIN_KEPT_H

#include "data/loader.h"
#include "train/problem.h"

typedef struct lg_kept lg_kept;

/* Could the samples of this loader be kept?  NULL, or why not, for people. */
const char *lg_kept_why_not(const lg_problem *problem, const lg_loader *loader);

/* Before anything points the problem's step elsewhere.  Room for `rows` samples, or the room of
 * `other`, which has to live as long; nothing is made yet. Borrows problem, whose map it is and
 * whose x it uses, and watch (may be NULL).  Error: NOMEM. */
logit_status lg_kept_create(lg_kept **out, lg_problem *problem, int64_t rows, const lg_kept *other,
                            const logit_watch *watch, logit_error *err);
void lg_kept_destroy(lg_kept *kept);
int64_t lg_kept_bytes(const lg_problem *problem, int64_t rows);

/* Makes the features of `count` samples of a set, where its array lies as `batch` says: sample i is
 * row (and will be kept as row) row[i], a host array, or i where row is NULL.  Errors: those of the
 * backend; STOPPED. */
logit_status lg_kept_fill(lg_kept *kept, const lg_batch *batch, const int32_t *row, int64_t count,
                          logit_error *err);
int lg_kept_is_filled(const lg_kept *kept);

/* A step that was pointed at rows of that array: now at what is kept of them; or (use: 0) at the
 * problem's own map again. */
void lg_kept_point(const lg_kept *kept, int use, lg_step *step);

#endif
