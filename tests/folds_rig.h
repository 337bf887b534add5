/* folds_rig.h -- what the tests of cross-validation share: a run, and what it tells.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_FOLDS_RIG_H
#define LG_TESTS_FOLDS_RIG_H

#include "logit.h"

enum { COUNT = 300, CLASSES = 3, MOST = 64, MOST_FOLDS = 32 };

/* Of the last run: what each setting did on each fold, how many samples that held out, and what
 * became of each setting; and how often either was told. */
extern logit_setting folds_figure[MOST_FOLDS][MOST], folds_told[MOST];
extern int64_t folds_held_out[MOST_FOLDS];
extern int folds_figures, folds_tolds;

/* train_rig.h's begin, 3 folds, seed 7 (a Check fixture; its end is small_set_end). */
void folds_begin(void);

/* Trains on `set` into `run`, and listens; a failure ends the test with its message. */
logit_summary folds_go(const char *set, const char *run);

#endif
