/* pass.h -- one pass over a part without training: figures, or the weighted loss.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PASS_H
#define LG_TRAIN_PASS_H

#include "train/feed.h"
#include "train/metrics.h"
#include "train/problem.h"

typedef struct lg_pass_input {
    lg_problem *problem;
    lg_feed *feed;
    int classes;              /* 0: numeric targets */
    char *const *class_name;  /* [classes]; borrowed by score[].class_score */
    const lg_set *set;        /* who knows the names of samples; NULL where none are wanted */
    double temperature;       /* what z is divided by for figures; 0: 1 */
    int top_k;                /* 0: 5, or fewer classes */
    int brief;                /* no confusion matrix and no table of classes */
    int64_t total;            /* samples, for progress; 0: unknown, and then nothing is ranked */
    int64_t memory;           /* --memory: half of it may hold log odds to rank (ranking.h) */
    const logit_watch *watch; /* progress and stop; may be NULL */
} lg_pass_input;

/* Does with a batch whose logits and row losses are on the device what the pass is for. */
typedef logit_status lg_pass_visit_fn(const lg_pass_input *input, const lg_minibatch *mini,
                                      void *argument, logit_error *err);

/* Loss (unweighted, unsmoothed), accuracy and the rest, for every setting: score[settings], each
 * to be cleared by logit_score_clear, also after a failure.  Samples of weight 0 are bad ones and
 * are left out.  Errors: as the feed's and the backend's; STOPPED. */
logit_status lg_pass_score(const lg_pass_input *input, logit_score *score, logit_error *err);

/* Hands out the rows of every setting, batch by batch; of one alone where the problem was narrowed.
 * Errors: as lg_pass_score. */
typedef void lg_pass_rows_fn(void *user, const lg_metrics_rows *rows);
logit_status lg_pass_rows(const lg_pass_input *input, lg_pass_rows_fn *take, void *user,
                          logit_error *err);

/* Weighted mean loss of every setting, smoothed by smoothing[settings]: the first term of J. */
logit_status lg_pass_objective(const lg_pass_input *input, const double *smoothing, double *loss,
                               logit_error *err);

/* Visits every batch of a problem of one setting, after pixels, logits and loss.  keep_logits: 1, z
 * holds the logits; 0, z holds their gradients, of a scale of 1 and this smoothing. */
logit_status lg_pass_visit(const lg_pass_input *input, double smoothing, int keep_logits,
                           lg_pass_visit_fn *visit, void *argument, logit_error *err);
/* The largest loss that a sample of weight above 0 has, for every setting: worst[settings]. */
logit_status lg_pass_worst(const lg_pass_input *input, double *worst, logit_error *err);

#endif
