/* metrics.h -- the figures of an evaluation, added up batch by batch.
 *
 * Layer 2 (train).  All sums are double and run over the samples in the order in which they come:
 * how they are cut into batches makes no difference to any figure.
 *
 * What counts as right.  The class that a model says is that of the largest logit, the lowest one
 * where several are equal; with one output it is class 1 if its logit is above 0.  A row with a
 * NaN says no class and is never right.  The true class of a soft target is that of its largest
 * share, the lowest one where several are equal. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_METRICS_H
#define LG_TRAIN_METRICS_H

#include <stdint.h>

#include "core/loss.h"
#include "logit.h"

typedef struct lg_metrics lg_metrics;

enum { LG_METRICS_TOP_K = 5, LG_METRICS_CONFUSION = 1000 /* most classes with a matrix */ };

typedef struct lg_metrics_shape {
    lg_loss loss;
    int classes; /* 0: numeric targets */
    int outputs;
    int top_k;          /* 0: 5.  Never more than there are classes */
    int brief;          /* no confusion matrix and no figures per class */
    double temperature; /* what z is divided by for probabilities and loss; 0: 1 */
    int64_t samples;    /* so many will come at most; 0: unknown */
    int ranked;         /* AUC and curves, too: 0 where there is no memory (ranking.h) for them */
} lg_metrics_shape;

/* *out is NULL on failure.  Error: NOMEM. */
logit_status lg_metrics_create(lg_metrics **out, const lg_metrics_shape *shape, logit_error *err);
void lg_metrics_destroy(lg_metrics *metrics);

/* What a model made of a batch.  Sample i has its truth in row[i] of label, target and weight, or
 * in row i where row is NULL, as in lg_minibatch; logits and losses are in the order of the batch.
 * Several settings lie side by side: begin at the first number of one, and stride over the rest. */
typedef struct lg_metrics_rows {
    int64_t count;
    const void *logits; /* row i begins at number i * logit_stride, and has `outputs` of them */
    const void *loss;   /* of row i, at number i * loss_stride; unweighted, in nats */
    int64_t logit_stride, loss_stride;
    int real_bytes;       /* of a logit and of a loss: 4 float, 8 double */
    const int32_t *row;   /* [count] or NULL */
    const int32_t *label; /* [*], 0 <= label < classes (checked by the loader), or NULL */
    const float *target;  /* [*][outputs] soft or numeric targets, or NULL */
    const float *weight;  /* [*] or NULL.  With 0 the sample is left out; only ranks are weighted */
    const int32_t *sample; /* [count] its number in the set; NULL: the worst are not listed */
} lg_metrics_rows;

void lg_metrics_add(lg_metrics *metrics, const lg_metrics_rows *rows);

/* Fills *score, but for part and seconds; `bad` counts what was left out.  Figures without samples,
 * or that make no sense for the targets, are NaN.  class_name is borrowed by class_score; samples
 * have no names yet (worst.h).  The arrays are the caller's: logit_score_clear.  metrics may go on
 * adding.  Error: NOMEM (*score is zeroed). */
logit_status lg_metrics_finish(const lg_metrics *metrics, char *const *class_name,
                               logit_score *score, logit_error *err);

#endif
