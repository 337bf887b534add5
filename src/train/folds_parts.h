/* folds_parts.h -- what the files of cross-validation share; nobody else includes this.
 *
 * Layer 2 (train).  folds.c trains and measures, folds_pick.c takes means and picks, folds_saved.c
 * keeps what is complete for a run that goes on. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FOLDS_PARTS_H
#define LG_TRAIN_FOLDS_PARTS_H

#include "train/folds.h"

struct lg_folds {
    int folds, settings;
    int complete;           /* folds whose figures are there: the first so many */
    logit_options options;  /* with every list that was asked for */
    int32_t *fold;          /* [samples] */
    int64_t *count;         /* [folds] */
    double *seconds;        /* [folds] */
    logit_setting *figure;  /* [folds][settings] */
    logit_setting *outcome; /* [settings], best first */
};

/* All figures are there: means, ranks, the pick, which becomes the only setting of t. */
logit_status lg_folds_pick(lg_trainer *t, logit_error *err);

#endif
