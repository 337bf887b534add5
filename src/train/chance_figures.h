/* chance_figures.h -- the figures of an evaluation that ask for probabilities, not only for ranks.
 *
 * Layer 2 (train).  Sums in double, in the order of the samples, and of constant size.  p_c is the
 * probability that lg_probabilities gives class c, y_c its share of the truth (1 or 0 for a label).
 *
 *   Brier score  mean of sum_c (p_c - y_c)^2, 0 .. 2 (Brier 1950, Mon. Weather Rev. 78).  For two
 *                classes it is twice the mean of (p_1 - y_1)^2
 *   ECE          sum over bins of (count / n) |accuracy - confidence| (Guo et al. 2017, ICML, eq.
 *                3): bin m of 15 holds the samples whose said class has a probability in
 *                (m/15, (m+1)/15]; accuracy and confidence are the bin's means
 *   entropy      of soft targets, mean, in nats: -sum_c y_c ln y_c, and with sigmoids the sum of
 *                that of every output.  The cross entropy is entropy + KL(y | p): no model can
 *                have a smaller loss than the first, and the second is what is left to learn
 *
 * A row that says no class is in no bin, and n of the ECE is the number of those that are in one,
 * so that the weights of the bins add up to 1.  A row whose probabilities are NaN makes the Brier
 * score NaN, as it makes the loss. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CHANCE_FIGURES_H
#define LG_TRAIN_CHANCE_FIGURES_H

#include "logit.h"
#include "train/probability.h"

typedef struct lg_chance_sums {
    int64_t n, in_bin[LOGIT_CALIBRATION_BINS], right[LOGIT_CALIBRATION_BINS];
    double brier, entropy, confidence[LOGIT_CALIBRATION_BINS];
} lg_chance_sums;

/* A sample with its probabilities: p [classes], truth its class, said the class the model says or
 * -1, target [outputs] its soft target or NULL. */
typedef struct lg_chance_row {
    lg_loss loss;
    int classes, outputs, truth, said;
    const double *p;
    const float *target;
} lg_chance_row;

void lg_chance_sums_add(lg_chance_sums *sums, const lg_chance_row *row);

/* Fills brier, ece and calibration; and, of soft targets, target_entropy and kl from score->loss.
 * soft: 1 if the truth was soft.  NaN where there is nothing to divide by. */
void lg_chance_sums_finish(const lg_chance_sums *sums, int soft, logit_score *score);

/* The figures that do not apply: NaN and empty bins. */
void lg_chance_figures_none(logit_score *score);

#endif
