/* problem.h -- the arrays of a training problem on a device, and a step that points at them.
 *
 * Layer 2 (train).  Owns its device memory; borrows the backend. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PROBLEM_H
#define LG_TRAIN_PROBLEM_H

#include <stdint.h>

#include "core/backend.h"

typedef struct lg_problem {
    lg_backend *backend;
    int64_t batch; /* most rows of a step */
    lg_step step;  /* shapes and pointers; batch, scalars and number are the caller's to set */
    lg_lift lift;  /* the feature map, its arrays on the device, and step.lift points here; in is 0
                    * where there is none */
    const float *scale, *shift; /* what step.scale and step.shift are, unless a step was pointed at
                                 * features that are kept (kept.h) */
} lg_problem;

/* How elements become x.  Pixels: (u/255 - mean) / std, per channel of [h][w][channels].  Features:
 * (v - mean) / std, each by its own, or as they are.  Borrows what it points at. */
typedef struct lg_normal {
    int floats; /* features, whatever their width */
    int channels;
    const double *mean, *std;                /* [channels] */
    const float *feature_mean, *feature_std; /* [features]; NULL: 0 and 1 */
} lg_normal;

typedef struct lg_problem_shape {
    int64_t features, batch;
    const lg_lift *lift; /* between pixels and features, in host memory; copied; or NULL */
    lg_element element;  /* of the samples, for whoever makes room for them; others leave it out */
    int outputs, settings;
    lg_loss loss;
    lg_optim optim;
    int nesterov;
    int momentum; /* 1 if any setting's is not 0 */
} lg_problem_shape;

/* Rows of a batch when nothing is trained: 256, fewer where samples are huge, at least `least`. */
int64_t lg_eval_batch(int64_t least, int64_t features);

/* Elements of a sample: what the map takes in, or the features themselves. */
static inline int64_t lg_problem_shape_inputs(const lg_problem_shape *shape)
{
    return shape->lift ? shape->lift->in : shape->features;
}
static inline int64_t lg_problem_inputs(const lg_problem *problem)
{
    return problem->lift.in > 0 ? problem->lift.in : problem->step.features;
}

/* lg_eval_batch of 1 for a problem with this map (NULL: none): by its wider side. */
static inline int64_t lg_eval_batch_of(const lg_lift *lift, int64_t features)
{
    return lg_eval_batch(1, lift && lift->in > features ? lift->in : features);
}

/* Allocates everything; weights, bias, states and totals are zero, scale is 1 and shift 0.
 * Errors: NOMEM (says how much was asked for), DEVICE. */
logit_status lg_problem_create(lg_problem **out, lg_backend *backend, const lg_problem_shape *shape,
                               logit_error *err);
void lg_problem_destroy(lg_problem *problem);

/* x = scale e + shift, e an element as it is stored, of the first `count` elements: [count] each.
 */
void lg_normal_fill(const lg_normal *normal, int64_t count, float *scale, float *shift);

/* Scale and shift of every element, for batches of such elements. */
logit_status lg_problem_set_normal(lg_problem *problem, const lg_normal *normal, logit_error *err);

/* W and b of one setting, as float32. */
logit_status lg_problem_put(lg_problem *problem, int setting, const float *weight,
                            const float *bias, logit_error *err);
logit_status lg_problem_get(lg_problem *problem, int setting, float *weight, float *bias,
                            logit_error *err);

/* What a run needs to go on: W, b, the optimiser's states and the totals, as the device holds them
 * (its own number type), one after the other.  put takes what get gave for the same shape. */
size_t lg_problem_state_bytes(lg_problem *problem);
logit_status lg_problem_get_state(lg_problem *problem, void *to, logit_error *err);
logit_status lg_problem_put_state(lg_problem *problem, const void *from, logit_error *err);

/* The same of one setting: its W and b, lg_problem_setting_bytes of them. */
size_t lg_problem_setting_bytes(const lg_problem *problem);
logit_status lg_problem_get_setting(lg_problem *problem, int setting, void *to, logit_error *err);
logit_status lg_problem_put_setting(lg_problem *problem, int setting, const void *from,
                                    logit_error *err);

/* One setting alone, for passes that do not train: it borrows the arrays of `problem`, and is not
 * destroyed. */
lg_problem lg_problem_narrow(const lg_problem *problem, int setting);

/* Points its step at elements, the problem's own scale, shift and map, again: what whoever uses the
 * step finds, and leaves. */
void lg_problem_point_at_elements(lg_problem *problem);

/* Running totals: start at zero; read (waits for the device). */
logit_status lg_problem_clear_totals(lg_problem *problem, logit_error *err);
logit_status lg_problem_read_totals(lg_problem *problem, lg_total *total, logit_error *err);

#endif
