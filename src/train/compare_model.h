/* compare_model.h -- a model's losses on every party, minibatch by minibatch, and their bounds.
 *
 * Layer 2 (train), private to compare_model.c and compare_model_bounds.c. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_MODEL_H
#define LG_TRAIN_COMPARE_MODEL_H

#include "base/pool.h"
#include "train/compare.h"
#include "train/compare_bound.h"
#include "train/compare_difference.h"

/* What is looked at; the first with a feature map alone. */
enum { LG_MODEL_FEATURES, LG_MODEL_LOGITS, LG_MODEL_LOSS, LG_MODEL_STAGES };

/* What one device gives for a minibatch, and how far that may lie from the truth: [n][width]. */
typedef struct lg_model_result {
    double *value[LG_MODEL_STAGES], *away[LG_MODEL_STAGES];
    double sum; /* of the losses of good samples */
} lg_model_result;

typedef struct lg_model_run {
    lg_compare *c;
    const logit_model *model;
    lg_source *source;
    lg_pool *pool;
    int first; /* of the stages: FEATURES with a map, LOGITS without */
    int64_t width[LG_MODEL_STAGES];
    double *memory;        /* of all arrays below and in results */
    double *w, *b;         /* the model's */
    double *u;             /* [n][in] of the reference, with a map */
    double *size, *dz;     /* [n][k] sum |x w| + |b|, [k] */
    double *apart, *moved; /* [n][d] between features, [n][k] what that does to logits */
    double *bound;         /* of the pair and array that is looked at */
    lg_model_result result[LG_COMPARE_PARTIES];
    lg_tally tally[LOGIT_COMPARE_PAIRS][LG_MODEL_STAGES];
    logit_difference row[LOGIT_COMPARE_PAIRS][LG_MODEL_STAGES];
    const lg_minibatch *mini;
    int64_t done, good;
    double farthest; /* between the losses of a sample */
    double started, moment;
} lg_model_run;

/* compare_model_bounds.c: away of every party, of every stage; the reference is the truth. */
void lg_model_bounds(lg_model_run *run);

#endif
