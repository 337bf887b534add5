/* temperature.h -- one number that makes probabilities mean what they say: z is divided by T.
 *
 * Layer 2 (train).  T is fitted where nothing was trained, on the validation part, by the log loss
 * (Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599).  No answer changes: the order of the
 * classes is that of z.  For softmax, one sigmoid and one against the rest.
 *
 * With b = 1/T the mean loss is convex in b, and so its slope has at most one root: Newton's
 * method in float64, halving the bracket where a step would leave it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_TEMPERATURE_H
#define LG_TRAIN_TEMPERATURE_H

#include <stdint.h>

#include "core/loss.h"

/* Where samples are told apart without a mistake the loss falls for ever: T stays in these. */
#define LG_TEMPERATURE_LEAST 0.01
#define LG_TEMPERATURE_MOST 100.0

/* z [count][outputs]; label [count], or target [count][outputs]: the shares of soft targets. */
typedef struct lg_temperature_rows {
    lg_loss loss;
    int outputs;
    int64_t count;
    const double *z;
    const int32_t *label;
    const float *target; /* NULL: label */
} lg_temperature_rows;

/* The loss of one sample at b z: its z [outputs]; label, or target [outputs].  slope and bend, each
 * may be NULL, get the first and second derivative in b. */
double lg_temperature_loss(lg_loss loss, int outputs, const double *z, int32_t label,
                           const float *target, double b, double *slope, double *bend);

/* The T with the least mean loss, within its bounds.  Rows with a z that is not finite are left
 * out; 1 if there is no other. */
double lg_temperature_fit(const lg_temperature_rows *rows);

/* Whether z of this loss can be divided by a user's T: softmax(z / T) is a distribution for every
 * T > 0; a straight line's number is none.  Error: USAGE. */
logit_status lg_temperature_check(lg_loss loss, double temperature, logit_error *err);

/* T as a model file has it: a plain decimal number.  Returns NULL and fills *out, or the class of
 * the fault: "FORMAT", "RANGE". */
const char *lg_temperature_read(const char *text, double *out);

#endif
