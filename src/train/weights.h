/* weights.h -- how much each class counts, and the bias that knows it.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_WEIGHTS_H
#define LG_TRAIN_WEIGHTS_H

#include "core/loss.h"
#include "data/dataset.h"

/* What a training part weighs. */
typedef struct lg_mass {
    double sum;         /* of all sample weights, class weights included */
    double *per_class;  /* [classes]; for soft targets the weighted sum of each column */
    double mean_target; /* numeric targets */
} lg_mass;

/* Parses "balanced" (w_c = N / (K n_c) over classes that are not empty) or "name=w,..", and
 * multiplies the set's sample weights by the weight of each sample's class.  spec NULL: nothing.
 * Errors: USAGE (a class that is unknown or there twice, a weight outside 1e-30 .. 1e30, targets
 * that are no classes), NOMEM. */
logit_status lg_weights_apply(lg_set *set, const int32_t *only, int64_t count, int classes,
                              char *const *class_name, const char *spec, logit_error *err);

/* Weighs samples only[0 .. count-1] (NULL: 0 .. count-1). */
logit_status lg_mass_measure(lg_mass *mass, const lg_set *set, const int32_t *only, int64_t count,
                             int classes, logit_error *err);
/* What as many draws weigh in the mean, where each class that has samples is drawn equally often
 * (data/balance.h).  The set has labels; arguments as they were for lg_mass_measure.  Error: NOMEM.
 */
logit_status lg_mass_balance(lg_mass *mass, const lg_set *set, const int32_t *only, int64_t count,
                             int classes, logit_error *err);
void lg_mass_clear(lg_mass *mass);

/* The bias that predicts the classes' smoothed shares q_c = (n_c + 1) / (N + K) when W = 0.
 * softmax: log q_c.  One sigmoid: log(q_1 / q_0).  One versus rest: log(q_c / (1 - q_c)).
 * mse: q_c itself, or the mean target.  bias[outputs]. */
void lg_mass_prior(const lg_mass *mass, lg_loss loss, int classes, int outputs, float *bias);

#endif
