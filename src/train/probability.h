/* probability.h -- from the logits of one sample to what they mean: probability, log odds, odds.
 *
 * Layer 2 (train).  In double.  Odds are taken from the log odds, never as p/(1-p), which has no
 * digits left where p is near 1.
 *
 *   softmax              p_c = exp(z_c) / sum_j exp(z_j);  log odds z_c - log sum_{j != c} exp(z_j)
 *   sigmoid, one output  class 1 has log odds and score z, class 0 has -z;  p = 1/(1 + exp(-logit))
 *   sigmoid, several     each class against the rest: log odds z_c; the p do not sum to 1
 *   mse                  the score alone: a straight line leaves 0 .. 1, and what it says is no
 *                        probability.  The others are NaN */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PROBABILITY_H
#define LG_TRAIN_PROBABILITY_H

#include "core/loss.h"

typedef struct lg_chance {
    double probability;
    double score; /* z of the class, shift included */
    double logit; /* log odds */
    double odds;
} lg_chance;

/* z [outputs] -> chance [classes], or [1] for a numeric target (classes 0).  shift [outputs] is
 * added to z first; NULL: nothing.  A NaN in z, or a largest z that is infinite, makes all that
 * depends on it NaN; -inf is the logit of a class that cannot be. */
void lg_chances(lg_loss loss, int classes, const double *z, const double *shift, lg_chance *chance);

/* The probabilities and log odds of the same, alone and without a shift: one exponential per class,
 * for passes over many samples.  z [outputs] -> probability [classes], log_odds [classes]; equal to
 * those of lg_chances but for rounding.  For mse the log odds are the scores. */
void lg_probabilities(lg_loss loss, int classes, const double *z, double *probability,
                      double *log_odds);

/* The `count` best classes in order[count], by score; the lower one first where two are equal, NaN
 * last.  count <= classes. */
void lg_chances_best(const lg_chance *chance, int classes, int *order, int count);

#endif
