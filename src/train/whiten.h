/* whiten.h -- the inverse square root of a covariance: symmetric (ZCA) whitening.
 *
 * Layer 2 (train).  Source: Bell, Sejnowski 1997, "The independent components of natural scenes are
 * edge filters", Vision Research 37. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_WHITEN_H
#define LG_TRAIN_WHITEN_H

#include <stdint.h>

#include "logit.h"

/* p [n][n] = E (L + share mean(L))^(-1/2) E^T, for the covariance c = E L E^T, [n][n], which is
 * used up.  Eigenvalues by Jacobi's rotations, row by row (Golub, Van Loan 2013, "Matrix
 * Computations", section 8.5): the same bits on every machine.  Errors: DATA (all zero), NOMEM. */
logit_status lg_whiten(double *p, double *c, int64_t n, double share, logit_error *err);

#endif
