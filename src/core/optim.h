/* optim.h -- the optimisers by name, and the numbers a step of one needs.
 *
 * Layer 1 (core).  Every optimiser sees g = d(mean loss)/dw + l2 w for a weight and without the
 * l2 term for a bias; then w <- w - lr * decay * w for a weight (decoupled, before the step; with
 * momentum 0 no velocity is kept: Loshchilov & Hutter 2019, arXiv:1711.05101). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_OPTIM_H
#define LG_CORE_OPTIM_H

#include "logit.h"

typedef enum lg_optim {
#define OPTIM(id, name, step, states, whole, formula) LG_OPTIM_##id,
#include "core/optim.def"
#undef OPTIM
    LG_OPTIM_COUNT
} lg_optim;

enum { LG_OPTIM_STATES = 2 }; /* the most any row has */

typedef struct lg_optim_row {
    const char *name;
    int states; /* arrays as large as W that it keeps: momentum; first and second moment */
    int whole;  /* a step sees the whole training set */
    const char *formula;
} lg_optim_row;

extern const lg_optim_row lg_optims[LG_OPTIM_COUNT];

/* The row with this name, or LG_OPTIM_COUNT. */
lg_optim lg_optim_find(const char *name);

/* The numbers of one step of one setting.  They live in device memory, so that a captured graph
 * stays valid while they change.  A float32 backend rounds them once, on use. */
typedef struct lg_scalars {
    double lr;                    /* learning rate of this step */
    double l2;                    /* added to the gradient of W: g + l2 w */
    double decay;                 /* decoupled weight decay */
    double momentum;              /* mu */
    double smoothing;             /* label smoothing e */
    double scale;                 /* 1 / (sum of the weights of the batch): makes a sum a mean */
    double beta1, beta2, epsilon; /* adam: 0.9, 0.999, 1e-8 */
    double correct1, correct2;    /* adam: 1/(1 - beta1^t), 1/(1 - beta2^t), t = 1 for step one */
} lg_scalars;

#endif
