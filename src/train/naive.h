/* naive.h -- cross entropy as the textbooks write it, in float32: what it loses, and where.
 *
 * Layer 2 (train).  Nothing is trained with these; they stand beside the stable form of
 * core/loss_softmax.h so that the difference can be seen.  Sums run from the first class to the
 * last, exp and log are libm's. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_NAIVE_H
#define LG_TRAIN_NAIVE_H

#include "logit.h"

/* Adds sum_j t_j l_j to out[way], l_j the loss of class j as label by that way: a row of softmax.
 * z and t are [k]; classes with t_j = 0 add nothing. */
void lg_naive_softmax(const float *z, const double *t, int k, float out[LOGIT_NAIVE_WAYS]);

/* The same of one logit z against 0, whose target is t: a softmax of (0, z) and (1-t, t). */
void lg_naive_sigmoid(float z, double t, float out[LOGIT_NAIVE_WAYS]);

#endif
