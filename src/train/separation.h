/* separation.h -- training sets that planes can separate, where J has no optimum without a penalty.
 *
 * Layer 2 (train).  Where every training sample has a larger logit for its own class than for any
 * other, all weights times two make every loss smaller, times four again, and so on: the loss falls
 * towards 0 and reaches it nowhere (Albert & Anderson 1984, Biometrika 71(1), 1-10).  A sample is
 * on its side as soon as its loss is below log 2, for another class that is as likely would make it
 * at least that.  Only hard labels without smoothing, l2 and l1 can be separated, and not with mse.
 */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SEPARATION_H
#define LG_TRAIN_SEPARATION_H

#include "logit.h"

typedef struct lg_trainer lg_trainer;

/* 1 if the objective of setting s has an optimum only where the samples allow one. */
int lg_separation_is_possible(const lg_trainer *t, int s);

/* The smallest weight above 0 of a training sample. */
double lg_separation_least(const lg_trainer *t);

/* 1 if a weighted sum of losses as small as this can only come from separated samples: it is below
 * what one of the lightest would add from the other side. */
int lg_separation_shows(const lg_trainer *t, int s, double loss_sum);

/* Where it is possible: one pass over the training part for the largest loss, and a warning. */
logit_status lg_separation_look(lg_trainer *t, logit_error *err);

#endif
