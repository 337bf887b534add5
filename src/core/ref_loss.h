/* ref_loss.h -- the losses in float64, for the reference backend only.
 *
 * Layer 1 (core).  One pair of functions per loss, in ref_NAME.c, written from DESIGN.md section 2
 * with libm's exp and log1p; nothing here is shared with the float32 backends, so that the two can
 * judge each other.  All functions take one row of logits, cannot fail, and give NaN or infinity
 * for logits that are not finite. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_REF_LOSS_H
#define LG_CORE_REF_LOSS_H

#include "core/loss.h"

/* What is true of one sample. */
typedef struct lg_ref_truth {
    int label;         /* its class, where soft is NULL */
    const float *soft; /* [k] soft or numeric targets, or NULL */
    double smoothing;  /* e */
} lg_ref_truth;

/* t_j = (1-e) y_j + e/k,  y = onehot(label) or the soft targets. */
static inline double lg_ref_target(const lg_ref_truth *truth, int j, int k)
{
    const double e = truth->smoothing;
    const double y = truth->soft ? (double)truth->soft[j] : (double)(j == truth->label);
    return (1.0 - e) * y + e / k;
}

typedef struct lg_ref_loss {
    /* Loss of logits z[k], in nats. */
    double (*loss)(const double *z, int k, const lg_ref_truth *truth);
    /* In: logits z[k].  Out: d(loss) / d(z_j) in their place. */
    void (*gradient)(double *z, int k, const lg_ref_truth *truth);
} lg_ref_loss;

extern const lg_ref_loss lg_ref_softmax, lg_ref_sigmoid, lg_ref_mse;

#endif
