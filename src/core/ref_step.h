/* ref_step.h -- the operations of the reference backend, by the signatures of backend.h.
 *
 * Layer 1 (core).  Used by backend_ref.c alone.  None of them can fail. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_REF_STEP_H
#define LG_CORE_REF_STEP_H

#include "base/pool.h"
#include "core/backend.h"

struct lg_event {
    char nothing; /* calls are done when they return: every event has already happened */
};

typedef struct lg_ref_backend {
    lg_backend base;
    lg_pool *pool;
    struct lg_event event; /* the one that is handed out, however many are asked for */
} lg_ref_backend;

logit_status lg_ref_pixels(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_ref_features(lg_backend *backend, const lg_step *step,
                             logit_error *err); /* ref_lift.c */
logit_status lg_ref_logits(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_ref_loss_rows(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_ref_gradient(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_ref_update(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_ref_sum(lg_backend *backend, const lg_step *step, logit_error *err);

#endif
