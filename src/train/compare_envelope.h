/* compare_envelope.h -- how far correct runs of a training drift apart, by members with noise.
 *
 * Layer 2 (train), for compare_free.c.  Member 0 is the training; the others are the same training
 * in which every number is rounded otherwise: after each step every weight, and within it every
 * gradient of a logit, goes up or down by one ulp, as a seeded generator says.  All members are
 * settings of one stacked problem, so that they share the batch, and cost little.
 *
 * The yardstick at a step is the largest distance |W_m - W_0| / |W_0| of a member so far, and what
 * two correct runs may differ by is that times a factor (lg_envelope_factor).  An envelope owns its
 * backend and problem; every call waits until the device is done. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_ENVELOPE_H
#define LG_TRAIN_COMPARE_ENVELOPE_H

#include "train/compare.h"

typedef struct lg_envelope {
    lg_party *party;
    int members;  /* noise-free member 0 included */
    int settings; /* of the training: member m has settings m * settings .. */
    double factor;
    lg_scalars *scalars; /* [members * settings] */
    double *widest;      /* [settings] largest distance so far */
    float *number;       /* the largest of the arrays that noise goes into */
    double *shift;       /* [columns] what noise adds to the gradient of the biases */
} lg_envelope;

/* Members with the start weights of `like`, a party of the same training, on `device`.
 * Errors: DEVICE, NOMEM. */
logit_status lg_envelope_open(lg_envelope **out, const lg_compare *c, lg_party *like,
                              const char *device, logit_error *err);
void lg_envelope_close(lg_envelope *envelope);

/* The minibatch under way goes through all members.  x: its features, or NULL: the members make
 * their own. */
logit_status lg_envelope_step(lg_envelope *envelope, const lg_compare *c, const double *x,
                              logit_error *err);

/* How far correct runs may be apart by now, in setting s: factor * widest[s]. */
double lg_envelope_width(const lg_envelope *envelope, int s);

/* How much farther than members with one-ulp noise two correct runs may come.
 *
 * Noise of one ulp (relative size 3/4 2^-23 = 1.5 u in the mean, u = 2^-24) on each of n terms t_i
 * of a sum moves it by 1.5 u sqrt(sum t_i^2).  Adding the terms one after the other in float32
 * rounds n partial sums s_k, by |s_k| u / sqrt(3) or less each: where the terms have random signs
 * |s_k| grows as sqrt(k), and the sum is off by u n rms(t) / sqrt(6), which is 0.27 sqrt(n) of what
 * the noise does.  Any better order of summing is off by less.  With a factor of four for partial
 * sums that grow faster, and for the worst of many steps, that is sqrt(n), n the longest sum of a
 * step: over features, or over its samples.  At least 16, for problems so small that a single
 * rounding is all there is.
 *
 * Samples alone know one thing worse: with W = 0 all of a class have the same gradient, and where a
 * pixel is the same in them, too, the same term is added over and over, and rounded the same way.
 * Such errors do not cancel: they grow as n (the processor's chains on MNIST come to n / 170 of the
 * noise in the first step).  n / 32 holds them, and is the larger one above 1024 samples.
 *
 * A TF32 product rounds its factors by 2^-11 / sqrt(3) or less, the same for the same pixel at
 * every step: some 3e-4 of a term beside 9e-8, thousands of times the noise in the steps in which
 * the weights are made, whatever n is.  sqrt(n) reaches that for millions of features, n / 32 for a
 * step of some 60,000 samples: there lockstep alone can tell. */
double lg_envelope_factor(int64_t features, int64_t samples);

#endif
