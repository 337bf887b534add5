/* trainer_normal.c -- mean and deviation: of pixels per channel, of features one by one. */
/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/trainer.h"

static logit_status normalise_pixels(lg_trainer *t, const logit_model *from, int standard,
                                     logit_error *err)
{
    double mean[LG_MODEL_MAX_CHANNELS] = {0.0}, std[LG_MODEL_MAX_CHANNELS] = {1.0};
    LG_TRY(lg_loader_normal(t->sources.part[LG_PART_TRAIN].loader, mean, std, err));
    for (int c = 0; c < LG_MODEL_MAX_CHANNELS; c++) {
        t->mean[c] = from ? from->mean[c] : standard && c < t->shape.channels ? mean[c] : 0.0;
        t->std[c] = from ? from->std[c] : standard && c < t->shape.channels ? std[c] : 1.0;
        if (c >= t->shape.channels) continue;
        const double off = (mean[c] - t->mean[c]) / t->std[c], wide = std[c] / t->std[c];
        t->mean_square += t->shape.height * t->shape.width * (off * off + wide * wide);
    }
    return LOGIT_OK;
}

/* What features are normalised by is float32, so that a model that is read back does the same.  A
 * deviation whose inverse is no float counts as 0, and 0 as 1. */
static void round_normal(lg_trainer *t, const double *mean, const double *std)
{
    for (int64_t j = 0; j < t->inputs; j++) {
        t->feature_mean[j] = (float)mean[j];
        t->feature_std[j] = (float)std[j] >= FLT_MIN ? (float)std[j] : 1.0f;
    }
}

/* Sum over features of the mean of x squared. */
static double square_of(const lg_trainer *t, const double *mean, const double *std)
{
    double sum = 0.0;
    for (int64_t j = 0; j < t->inputs; j++) {
        const double by = t->feature_std ? (double)t->feature_std[j] : 1.0;
        const double off = mean[j] - (t->feature_mean ? (double)t->feature_mean[j] : 0.0);
        sum += (off * off + std[j] * std[j]) / (by * by);
    }
    return sum;
}

static logit_status keep_normal(lg_trainer *t, const logit_model *from, const double *mean,
                                const double *std, logit_error *err)
{
    const size_t bytes = (size_t)t->inputs * sizeof(float);
    t->feature_mean = malloc(bytes);
    t->feature_std = malloc(bytes);
    if (!t->feature_mean || !t->feature_std)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the means of %lld features",
                (long long)t->inputs);
    if (from) {
        memcpy(t->feature_mean, from->feature_mean, bytes);
        memcpy(t->feature_std, from->feature_std, bytes);
    } else {
        round_normal(t, mean, std);
    }
    return LOGIT_OK;
}

static logit_status normalise_features(lg_trainer *t, const logit_model *from, int standard,
                                       logit_error *err)
{
    const size_t d = (size_t)t->inputs;
    double *mean = malloc(2 * d * sizeof *mean);
    if (!mean) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the means of %zu features", d);
    logit_status status =
        lg_loader_normal_features(t->sources.part[LG_PART_TRAIN].loader, mean, mean + d, err);
    if (status == LOGIT_OK && standard) status = keep_normal(t, from, mean, mean + d, err);
    if (status == LOGIT_OK) t->mean_square = square_of(t, mean, mean + d);
    free(mean);
    return status;
}

logit_status lg_trainer_normalise(lg_trainer *t, const logit_model *from, logit_error *err)
{
    if (from) t->options.normalize = strcmp(from->normalize, "unit") == 0 ? "unit" : "standard";
    const int standard = strcmp(t->options.normalize, "standard") == 0;
    t->mean_square = 0.0;
    return t->floats ? normalise_features(t, from, standard, err)
                     : normalise_pixels(t, from, standard, err);
}

lg_normal lg_trainer_normal(const lg_trainer *t)
{
    return (lg_normal){.floats = t->floats,
                       .channels = t->shape.channels,
                       .mean = t->mean,
                       .std = t->std,
                       .feature_mean = t->feature_mean,
                       .feature_std = t->feature_std};
}
