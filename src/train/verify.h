/* verify.h -- the numbers behind `logit verify`: J, its gradient and its reach, in float64.
 *
 * Layer 2 (train), private to verify.c (data, the run of things), verify_biases.c and verify_sums.c
 * (one sample, and sums).  Nothing here is shared with a backend.
 *
 * With its biases minimised out, J is a function of W alone, and l2-strongly convex.  So with g its
 * gradient at W and W* the optimum,
 *     |W - W*| <= |g| / l2 =: r       J(W) - J* <= |g|^2 / (2 l2)
 * (Nesterov, Lectures on Convex Optimization, 2018, 2.1.3).  What a logit can change on the way
 * from W to W*, c being the mean of the training samples and R the largest |x_i - c| of them:
 *     mse          the bias is known, mean(y) - W c:            r |x - c|
 *     one sigmoid  no bias moves by more than the logits of training samples do, since the mean of
 *                  their probabilities stays:                   r (|x - c| + R)
 *     softmax      ordered by how far they move, two neighbouring biases part by no more than two
 *                  logits of a sample do (else all samples would lean to one side, and the means
 *                  could not stay), so two of K by K - 1 times that:
 *                                                     sqrt(2) r (|x - c| + (K - 1) R)
 * Differences of two independent outputs: sqrt(2) times that of one.  A prediction whose margin is
 * larger than this is the optimum's. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_VERIFY_H
#define LG_TRAIN_VERIFY_H

#include <cjson/cJSON.h>

#include "base/pool.h"
#include "train/model.h"

/* A sum and what was rounded away (Knuth's two-sum). */
typedef struct lg_exact {
    double sum, rest;
} lg_exact;

void lg_exact_add(lg_exact *to, double value);

/* What the samples are measured by. */
typedef struct lg_verify_rule {
    lg_loss loss;
    int outputs, classes;
    double smoothing;
} lg_verify_rule;

/* Target t[outputs] of a sample: a class, or a row of soft or numeric targets (then label is not
 * looked at). */
void lg_verify_target(const lg_verify_rule *rule, int label, const float *soft, double *t);
/* Its loss at z[outputs]; dz[outputs] the derivative. */
double lg_verify_loss(const lg_verify_rule *rule, const double *z, const double *t, double *dz);
/* h[outputs][outputs] += weight * second derivative. */
void lg_verify_curve(const lg_verify_rule *rule, const double *z, const double *t, double weight,
                     double *h);
/* Solves h s = g in place, h symmetric and positive definite [n][n]; 0 if it is not. */
int lg_verify_solve(double *h, double *g, int n);
/* Training samples with their logits, biases not in them. */
typedef struct lg_verify_samples {
    int64_t count;
    double mass;                  /* sum of weights */
    const double *weight;         /* [count] */
    const double *target, *logit; /* [count][outputs] */
} lg_verify_samples;

/* Moves b[outputs] to where the mean loss is smallest.  Errors: CHECK (there is no such place),
 * NOMEM. */
logit_status lg_verify_biases(const lg_verify_rule *rule, const lg_verify_samples *of, double *b,
                              logit_error *err);

/* l2, smoothing, and the options that make the training part: split, seed, class weights (borrowed
 * from summary).  Errors: DATA (it does not say), CHECK (nothing can be proven without l2, or with
 * l1). */
logit_status lg_verify_summary(const cJSON *summary, double *l2, lg_verify_rule *rule,
                               logit_options *options, logit_error *err);

/* How far a margin at distance `away` from the training mean can change, per unit of radius. */
double lg_verify_reach(const lg_verify_rule *rule, double away, double farthest);

/* Largest of z + b less the second largest, or its size where there is one output; *top: the class
 * that it speaks for. */
double lg_verify_margin(const double *z, const double *b, int k, int *top);

#endif
