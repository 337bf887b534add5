/* backend_ref.h -- the reference: every operation in float64, in plain loops.
 *
 * Layer 1 (core).  It settles arguments: where two backends differ, this one says which is wrong.
 * It shares no code with them, has no fused step, and is fast enough for an epoch of MNIST in a
 * few seconds.  Bits do not depend on the number of threads. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_BACKEND_REF_H
#define LG_CORE_BACKEND_REF_H

#include "core/backend.h"

/* options->spin is not used.  *out is NULL on failure.  Error: NOMEM. */
logit_status lg_backend_ref_open(lg_backend **out, const lg_backend_options *options,
                                 logit_error *err);

#endif
