/* compare_party.h -- one device of a comparison: a problem on it, a batch, numbers in and out.
 *
 * Layer 2 (train).  Owns the backend and all device memory.  Numbers cross as double (exact for
 * both number types); what goes in is rounded to float32 first, on the reference too, so that all
 * parties start from the same numbers.  Every call waits until it is done. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_PARTY_H
#define LG_TRAIN_COMPARE_PARTY_H

#include "data/loader.h"
#include "train/problem.h"

/* The arrays of a step that a comparison looks at.  U stands last: noise and samples are drawn by
 * the numbers of the others, and stay what they are. */
typedef enum lg_array {
    LG_ARRAY_X,        /* [n][d] */
    LG_ARRAY_Z,        /* [n][s*k]: logits, or their gradients after the loss */
    LG_ARRAY_ROW_LOSS, /* [n][s] */
    LG_ARRAY_GW,       /* [s*k][d] */
    LG_ARRAY_GB,       /* [s*k] */
    LG_ARRAY_W,
    LG_ARRAY_B,
    LG_ARRAY_STATE_W0,
    LG_ARRAY_STATE_W1,
    LG_ARRAY_STATE_B0,
    LG_ARRAY_STATE_B1,
    LG_ARRAY_U, /* [n][in], with a feature map */
    LG_ARRAY_COUNT
} lg_array;

typedef struct lg_party {
    char name[24];    /* "cpu", "cuda:1" */
    char device[256]; /* name and description */
    lg_backend *backend;
    lg_problem *problem; /* problem->step: batch and scalars are filled in by lg_party_batch */
    int64_t batch;       /* most rows */
    int target_width;    /* of the targets of a batch; 0: labels */
    lg_precision precision;
    /* the batch on the device */
    void *pixels, *label, *target, *weight, *scalars;
    uint8_t *gathered; /* host: one of its arrays, row after row */
} lg_party;

/* Opens a device and a problem of that shape.  precision: of the matmuls (the reference is always
 * opened with F32).  target_width: 0 with labels.  Errors: USAGE, DEVICE, NOMEM. */
logit_status lg_party_open(lg_party **out, const char *device, lg_precision precision, int threads,
                           const lg_problem_shape *shape, int target_width, logit_error *err);
void lg_party_close(lg_party *party);

/* The samples of a minibatch, gathered row by row, and the numbers of its step. */
logit_status lg_party_batch(lg_party *party, const lg_minibatch *mini, const lg_scalars *scalars,
                            logit_error *err);

/* Numbers in an array, for the batch it holds; 0 for a state the optimiser does not have. */
int64_t lg_party_count(const lg_party *party, lg_array array);
logit_status lg_party_put(lg_party *party, lg_array array, const double *from, logit_error *err);
logit_status lg_party_get(lg_party *party, lg_array array, double *to, logit_error *err);

/* One op of the party's backend on its step (ops->logits, ...), or lg_backend_train_step for
 * LG_STAGE_STEP: what training runs.  Pixels fill in x, or u with a feature map; features fill in x
 * with one, and do nothing without. */
typedef enum lg_stage {
    LG_STAGE_PIXELS,
    LG_STAGE_FEATURES,
    LG_STAGE_LOGITS,
    LG_STAGE_LOSS,
    LG_STAGE_GRADIENT,
    LG_STAGE_UPDATE,
    LG_STAGE_STEP,
    LG_STAGE_COUNT
} lg_stage;
extern const char *const lg_stage_name[LG_STAGE_COUNT];
logit_status lg_party_run(lg_party *party, lg_stage stage, logit_error *err);

#endif
