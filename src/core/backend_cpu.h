/* backend_cpu.h -- the CPU backend: float32, all cores, vector instructions.
 *
 * Layer 1 (core).  Bits depend on the inputs and, for k above 32, on the BLAS in use; never on the
 * number of threads.  Between k = 1 and 32 they do not depend on the instruction set either. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_BACKEND_CPU_H
#define LG_CORE_BACKEND_CPU_H

#include "core/backend.h"

/* *out is NULL on failure.  Errors: NOMEM; USAGE or DEVICE for a bad LOGIT_ISA. */
logit_status lg_backend_cpu_open(lg_backend **out, const lg_backend_options *options,
                                 logit_error *err);

#endif
