/* probe.h -- what a device is asked for when it is measured: the parts of its work, bare.
 *
 * Layer 1 (core).  A ceiling is what the device reaches when it does one thing alone: copies
 * memory, launches nothing, multiplies without anything around it.  Training uses none of this. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_PROBE_H
#define LG_CORE_PROBE_H

#include "core/backend.h"

/* The matrix products of a step. */
typedef enum lg_product {
    LG_PRODUCT_LOGITS,   /* z = x W^T, without the bias */
    LG_PRODUCT_GRADIENT, /* gw = z^T x */
    LG_PRODUCT_COUNT
} lg_product;

/* All on LG_QUEUE_COMPUTE; none waits. */
struct lg_probe_ops {
    /* Device to device; the two do not overlap. */
    logit_status (*copy)(lg_backend *backend, void *to, const void *from, size_t bytes,
                         logit_error *err);
    /* A kernel that does nothing: what is left is the launch. */
    logit_status (*launch)(lg_backend *backend, logit_error *err);
    /* One product of the step, as training calls it.  Where the precision wants its factors in
     * another type, converts says whether they are converted first; 0: they are those of the last
     * call with 1, which there must have been for this step and this product. */
    logit_status (*product)(lg_backend *backend, const lg_step *step, lg_product which,
                            int converts, logit_error *err);
    /* The op `loss` without its column sums: z and row_loss are written, gb is not. */
    logit_status (*loss)(lg_backend *backend, const lg_step *step, logit_error *err);
};

#endif
