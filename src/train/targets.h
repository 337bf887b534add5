/* targets.h -- the targets of a set, in the form that a loss wants.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_TARGETS_H
#define LG_TRAIN_TARGETS_H

#include "core/loss.h"
#include "data/dataset.h"

/* Makes the set's soft targets as wide as the loss has outputs: one sigmoid for two classes wants
 * the probability of the second one alone.  Nothing to do for labels, numbers, or set NULL.
 * Error: DATA (a width
 * that fits neither, classes where numbers are wanted). */
logit_status lg_targets_fit(lg_set *set, lg_loss loss, int classes, int outputs, logit_error *err);

#endif
