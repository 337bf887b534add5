/* prior.h -- what to add to the logits where classes come in other shares than in training.
 *
 * Layer 2 (train).  Bayes: posterior odds are likelihood ratio times prior odds, so that a new
 * prior adds the difference of the log prior odds:
 *
 *   softmax   z_c + log(new_c / old_c)
 *   sigmoid   z + log(new/(1-new)) - log(old/(1-old)), of class 1 (one output) or of each class */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PRIOR_H
#define LG_TRAIN_PRIOR_H

#include "train/model.h"

/* Parses "name=p,name=p,.." with 0 < p < 1 against the model's classes, and fills shift[outputs].
 * softmax and one output: all shares sum to 1, and classes that are not named divide what is left
 * as in training; if all are named their sum may be off by 0.001.  One versus rest: each share
 * stands for itself, a class that is not named keeps its own.  A name may hold "," and "=": the
 * longest class name that is followed by "=" is taken.  Errors: USAGE (text, or a loss without
 * probabilities), DATA (the model does not say the shares of its training), NOMEM. */
logit_status lg_prior_shift(double *shift, const logit_model *model, const char *text,
                            logit_error *err);

#endif
