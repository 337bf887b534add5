/* explain.h -- what the files of logit_explain share; nobody else includes this.
 *
 * Layer 2 (train).  explain.c takes one score apart into its terms, explain_map.c brings those of a
 * feature map back to the pixels, explain_support.c takes a row of weights apart into the training
 * samples it is made of, explain_draw.c makes a picture. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_EXPLAIN_H
#define LG_TRAIN_EXPLAIN_H

#include "train/model.h"

/* What class c's score is in terms of outputs: sign times output row (one sigmoid: -z and z). */
typedef struct lg_explain_row {
    int output;
    double sign;
} lg_explain_row;

static inline lg_explain_row lg_explain_row_of(const logit_model *model, int c)
{
    if (model->outputs == 1 && model->classes == 2) return (lg_explain_row){0, c == 1 ? 1.0 : -1.0};
    return (lg_explain_row){c, 1.0};
}

/* Whether the terms of the model belong to places, and with_data to training samples.  Error:
 * USAGE.
 */
logit_status lg_explain_map_check(const logit_model *model, int with_data, logit_error *err);

/* Of a model with a map, x and every class's weight known: fills in y, and of every class product
 * (which is zero), term and the part of the map in bias.  Error: NOMEM. */
logit_status lg_explain_map(const logit_model *model, logit_explanation *out, logit_error *err);

/* Fills in support, supported, residual and gradient of every class in `out`, by one pass over the
 * training part of asked->data in float64. */
logit_status lg_explain_support(const logit_model *model, const logit_explain_options *asked,
                                const logit_options *options, const logit_watch *watch,
                                logit_explanation *out, logit_error *err);

#endif
