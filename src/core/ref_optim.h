/* ref_optim.h -- the optimisers in float64, for the reference backend only.
 *
 * Layer 1 (core).  One function per family of formulas; the weights are independent of each other,
 * so one weight is all there is to say. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_REF_OPTIM_H
#define LG_CORE_REF_OPTIM_H

#include "core/optim.h"

/* What w moves by against the gradient: w <- w - returned value.
 *
 *   g       d(objective)/dw of this step, l2 included
 *   first   its velocity, or its first moment; updated
 *   second  its second moment; NULL where the optimiser keeps none; updated */
typedef double lg_ref_optim_fn(double g, double *first, double *second, const lg_scalars *scalars,
                               int nesterov);

lg_ref_optim_fn lg_ref_sgd, lg_ref_adam;

#endif
