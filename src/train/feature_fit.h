/* feature_fit.h -- a feature map is fitted to training samples, without their labels.
 *
 * Layer 2 (train).  The samples are the first of epoch 0's order (first_samples.h), everything
 * drawn is a function of the seed: same seed, data and plan, same map, whatever the threads and the
 * memory.  Scale and shift are measured by the backend that the map is for, and may differ in their
 * last bits from device to device. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEATURE_FIT_H
#define LG_TRAIN_FEATURE_FIT_H

#include "core/backend.h"
#include "data/loader.h"
#include "train/feature_map.h"
#include "train/problem.h"

typedef struct lg_feature_fit {
    lg_backend *backend;
    lg_loader *loader;
    const lg_normal *normal;
    uint64_t seed;
    int threads;
    const logit_watch *watch; /* progress and stop; may be NULL */
} lg_feature_fit;

/* Fits all arrays of a map that was just created.  *mean_square: the mean of |x|^2 over the
 * samples.  Errors: those of loader and backend; DATA (the samples are all alike); NOMEM;
 * STOPPED. */
logit_status lg_feature_fit_map(lg_feature_map *map, const lg_feature_fit *fit, double *mean_square,
                                logit_error *err);

/* The mean of |x|^2 of a map that is fitted already: one that a model brings. */
logit_status lg_feature_fit_measure(const lg_feature_map *map, const lg_feature_fit *fit,
                                    double *mean_square, logit_error *err);

/* --- for fit_products.c, fit_layer.c, fit_windows.c --- */

/* The samples as the map meets them. */
typedef struct lg_fit_samples {
    const float *u; /* [count][in], normalised */
    int64_t count, in;
    uint64_t seed;
    int threads;
    const logit_watch *watch;
} lg_fit_samples;

typedef logit_status lg_fit_fn(lg_feature_map *map, const lg_fit_samples *samples,
                               logit_error *err);
lg_fit_fn lg_fit_products, lg_fit_layer, lg_fit_windows;

/* STOPPED if the watch (may be NULL) wants it: to be asked about every tenth of a second. */
logit_status lg_fit_look_around(const logit_watch *watch, logit_error *err);

/* Number `index` of a stream of their own for each use: uniform in [0, 1), and of a normal
 * distribution with mean 0 and deviation 1 (Box, Muller 1958, Ann. Math. Statist. 29). */
typedef enum lg_fit_draw {
    LG_FIT_FILTER,
    LG_FIT_OFFSET,
    LG_FIT_PAIR,
    LG_FIT_WINDOW,
    LG_FIT_UNIT
} lg_fit_draw;
double lg_fit_uniform(const lg_fit_samples *samples, lg_fit_draw what, int64_t index);
double lg_fit_normal(const lg_fit_samples *samples, lg_fit_draw what, int64_t index);

#endif
