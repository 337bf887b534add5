/* worst.h -- the samples that a model gets most wrong, and those whose labels are likely errors.
 *
 * Layer 2 (train).  Most wrong: by the loss.  Likely label errors, by confident learning
 * (Northcutt, Jiang & Chuang 2021, JAIR 70): let t_j be the mean, over the samples of class j, of
 * the probability that the model gives to j.  A sample is suspect if the model says a class j that
 * is not its own with a probability of t_j or more: if it looks as much like a j as the js do. They
 * are ranked by how much likelier the said class is than the sample's own.
 *
 * Only samples that the model gets wrong are listed, and where two are equal that with the smaller
 * number comes first: neither batches nor their order make a difference.  What it holds while it
 * goes on are LOGIT_WORST_MOST samples and, for the suspects, whose t_j is known at the end, 48
 * bytes of each sample that the model gets wrong. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_WORST_H
#define LG_TRAIN_WORST_H

#include "data/dataset.h"
#include "logit.h"

typedef struct lg_worst lg_worst;

/* *out is NULL on failure.  Error: NOMEM. */
logit_status lg_worst_create(lg_worst **out, int classes, logit_error *err);
void lg_worst_destroy(lg_worst *worst);

/* A sample, and what was made of it; its name is not looked at.  said -1: no class.  Where there
 * are no probabilities, or they are NaN, it is not suspect and stands for no other. */
void lg_worst_add(lg_worst *worst, const logit_sample_score *sample);

/* Fills score->wrong and score->suspect, names NULL.  Error: NOMEM (also: of lg_worst_add). */
logit_status lg_worst_finish(const lg_worst *worst, logit_score *score, logit_error *err);

/* Asks the set for the names of both.  Error: NOMEM. */
logit_status lg_worst_name(const lg_set *set, logit_score *score, logit_error *err);

/* Frees both lists. */
void lg_worst_clear(logit_score *score);

#endif
