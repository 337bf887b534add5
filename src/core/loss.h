/* loss.h -- the losses by name, and what their inputs mean.
 *
 * Layer 1 (core).  All losses start from logits, never from probabilities: see DESIGN.md
 * section 2.  The formulas are in loss_NAME.h, the float64 twins in ref_NAME.c. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_LOSS_H
#define LG_CORE_LOSS_H

#include "logit.h"

typedef enum lg_loss {
#define LOSS(id, name, outputs, link, curvature, formula) LG_LOSS_##id,
#include "core/loss.def"
#undef LOSS
    LG_LOSS_COUNT
} lg_loss;

/* What a logit means: log of a share up to a constant, log odds, or the number itself. */
typedef enum lg_link { LG_LINK_SOFTMAX, LG_LINK_SIGMOID, LG_LINK_IDENTITY } lg_link;

typedef struct lg_loss_row {
    const char *name;
    int (*outputs)(int k); /* rows of W per setting for k classes; k = 0: one numeric target */
    lg_link link;          /* IDENTITY: regression on numbers is allowed */
    double curvature;      /* bound on the second derivative in z */
    const char *formula;   /* of one sample, for the printed objective */
} lg_loss_row;

extern const lg_loss_row lg_losses[LG_LOSS_COUNT];

/* The row with this name, or LG_LOSS_COUNT. */
lg_loss lg_loss_find(const char *name);

/* The smoothed target of output j (of k) for a sample of class y: what y' is in DESIGN.md
 * section 2.  softmax and mse: (1-e) [j = y] + e/k.  sigmoid, one output (k = 1): (1-e) y + e/2;
 * one versus rest: (1-e) [j = y] + e/k.  Soft targets t are smoothed alike: (1-e) t_j + e/k, and
 * (1-e) t + e/2 with one sigmoid.  A numeric target (mse, k = 1) is not smoothed. */

#endif
