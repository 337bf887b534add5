/* predictor.h -- what a model keeps between one prediction and the next.
 *
 * Layer 2 (train).  Made on first use, with that call's device and decoder; it belongs to its
 * model, and so to one thread. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PREDICTOR_H
#define LG_TRAIN_PREDICTOR_H

#include "train/model.h"
#include "train/probability.h"
#include "train/problem.h"
#include "train/rows.h"

/* Everything one sample needs, kept from call to call. */
typedef struct lg_predictor {
    lg_decoder *decoder;
    lg_backend *backend;
    lg_problem *problem; /* one row */
    uint8_t *pixels;     /* host: room for a sample of the widest element */
    void *device_pixels;
    double *z, *shift;  /* [outputs] */
    double temperature; /* z is divided by it */
    lg_chance *chance;  /* [classes] */
    int *order;         /* [classes] */
    char *prior;        /* the text that shift was made from, or NULL */
} lg_predictor;

/* The model's predictor, ready for these options.  Errors: USAGE (top_k below 1, a temperature or a
 * prior that does not go with the model), DATA, DEVICE, NOMEM. */
logit_status lg_predictor_prepare(logit_model *model, const logit_options *options, int top_k,
                                  lg_predictor **out, logit_error *err);

/* The `wanted` best classes of the sample in p->pixels. */
logit_status lg_predictor_guess(lg_predictor *p, const logit_model *model, lg_element element,
                                logit_guess *guess, int wanted, logit_error *err);

/* What is told about each sample; as of logit_predict_samples. */
typedef logit_status lg_predicted_fn(void *user, const logit_prediction *prediction,
                                     logit_error *err);

/* logit_predict_samples of a file whose lines are samples. */
logit_status lg_predict_lines(logit_model *model, const char *file, lg_rows_format format,
                              const logit_options *options, int top_k, lg_predicted_fn *found,
                              void *user, logit_error *err);

#endif
