/* model.h -- a trained model: weights, bias, and everything needed to use them on an image, or on
 * a vector of features.
 *
 * Layer 2 (train).  As a file it is safetensors (safetensors.h): `weight` [outputs][features],
 * `bias` [outputs], float32, and metadata; docs/model-file.md is the description for others.  It
 * holds only what seed, data, options and version determine: no time, host, path, thread count.
 *
 * A model owns all its pointers (malloc); lg_model_destroy frees them. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_MODEL_H
#define LG_TRAIN_MODEL_H

#include <stdint.h>

#include "core/loss.h"
#include "data/image.h"
#include "logit.h"
#include "train/problem.h"

enum { LG_MODEL_MAX_CHANNELS = 3 };

/* What the metadata call the elements of a model of features. */
#define LG_MODEL_FLOAT "float"

/* The name of the model in a run folder. */
#define LG_MODEL_FILE "model.safetensors"

struct logit_model {
    lg_loss loss;
    int classes;       /* 0: numeric target */
    char **class_name; /* [classes] */
    int outputs;
    lg_image_target shape;
    int64_t inputs;             /* height * width * channels: elements of a sample */
    int64_t features;           /* columns of W: as many, or what the map makes of them */
    struct lg_feature_map *map; /* between the two; NULL: none */
    char *normalize;            /* "unit" or "standard" */
    double mean[LG_MODEL_MAX_CHANNELS], std[LG_MODEL_MAX_CHANNELS]; /* of x/255 */
    int floats; /* the model sees features, not pixels: mean and std above mean nothing, and these
                 * are subtracted and divided by, [inputs]; both NULL where normalize is "unit" */
    float *feature_mean, *feature_std;
    lg_decoding decoding; /* what decoded the images that it learnt from */
    double temperature; /* what z is divided by for probabilities and loss; 1 if none was fitted */
    char *resize;       /* the rule, LG_IMAGE_RESIZE_RULE */
    char *summary;      /* training summary: one JSON object as text, may be NULL */
    float *weight;      /* [outputs][features] */
    float *bias;        /* [outputs] */
    float *prior;       /* [classes] share of each class in training, as the initial bias takes it
                         * (weights counted, (n_c + 1)/(N + K)); all 0: not known.  NULL: no classes */
    /* not in the file */
    int64_t not_finite;             /* weights that are NaN or infinite, as counted on opening */
    struct lg_predictor *predictor; /* predict.c's, made when it is first needed; or NULL */
};

/* A model of this shape: weights and shares zero, normalize "unit" (mean 0, std 1), the one resize
 * rule, no summary.  Class names are copied.  *out is NULL on failure.  Errors: USAGE (this loss
 * does not go with so many classes), DATA (the names do not fit into a model file), NOMEM. */
logit_status lg_model_create(logit_model **out, lg_loss loss, int classes, char *const *class_name,
                             lg_image_target shape, logit_error *err);
void lg_model_destroy(logit_model *model);

/* Makes it a model of features, and takes a copy of their mean and std (NULL, NULL: as they are).
 * Error: NOMEM. */
logit_status lg_model_set_features(logit_model *model, const float *mean, const float *std,
                                   logit_error *err);

/* Makes it a model on the features of a map, of which it takes a copy: weights of their number, all
 * zero.  To be called before weights are put in.  Error: NOMEM. */
logit_status lg_model_set_map(logit_model *model, const struct lg_feature_map *map,
                              logit_error *err);
/* The map for a problem's shape, or NULL. */
const lg_lift *lg_model_lift(const logit_model *model);

/* How its samples are normalised; borrowed from the model. */
lg_normal lg_model_normal(const logit_model *model);
/* The element that a set for it must have: of features, one for all widths. */
const lg_element *lg_model_element(const logit_model *model);

/* Replaces one of the strings (normalize, summary) by a copy of text.  Error: NOMEM. */
logit_status lg_model_set_text(char **field, const char *text, logit_error *err);

/* Writes the model file atomically.  Errors: IO, NOMEM; DATA if the summary does not fit. */
logit_status lg_model_save(const logit_model *model, const char *path, logit_error *err);

/* Reads a model file; path may be a run folder, then its model.safetensors.  Weights that are not
 * finite are accepted and *not_finite (may be NULL) counts them, biases included.  *out is NULL on
 * failure.  Errors: IO, DATA, NOMEM. */
logit_status lg_model_load(logit_model **out, const char *path, int64_t *not_finite,
                           logit_error *err);

#endif
