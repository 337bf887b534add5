/* curvature.h -- the largest curvature L of the objective, for a learning rate that cannot fail.
 *
 * Layer 2 (train).  The Hessian of every loss here is bounded by c times that of the mean squared
 * error, (1/n) X^T X with a column of ones for the bias: c is in the loss's row.  Its largest
 * eigenvalue is found by power iteration, and the iteration needs no code of its own: the gradient
 * of the mean squared error at weights v with targets 0 is exactly (1/n) X^T X v. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CURVATURE_H
#define LG_TRAIN_CURVATURE_H

#include "core/backend.h"
#include "data/loader.h"
#include "train/problem.h"

typedef struct lg_curvature_input {
    lg_backend *backend;
    lg_loader *loader; /* its epoch 0 gives the sample; started anew */
    int64_t features, batch;
    const lg_normal *normal;
    const lg_lift *lift; /* between pixels and features, in host memory; or NULL */
    lg_loss loss;
    uint64_t seed;
    const logit_watch *watch; /* progress and stop; may be NULL */
} lg_curvature_input;

/* L without the l2 term, from the first 2048 samples (or fewer) of epoch 0's order.  *used says
 * how many.  Errors as the backend's and the loader's. */
logit_status lg_curvature_measure(const lg_curvature_input *input, double *curvature, int64_t *used,
                                  logit_error *err);

#endif
