/* compare_lockstep.h -- one step of a training, taken apart on every party, from the same numbers.
 *
 * Layer 2 (train), private to compare_lockstep.c and its neighbours:
 *
 *   compare_lockstep.c   walks the training; opens and closes what stands below
 *   compare_stages.c     pixels .. update of one minibatch, each from what the stage before gave;
 *   compare_stage_*.c    features, loss and update
 *   compare_step.c       the step as training takes it, and what its roundings may add up to
 *   compare_stress.c     the stages with W scaled by powers of two
 *   compare_found.c    what was found, and where: tallies, the first divergence
 *   compare_sample.c     which rows the reference works out where it cannot work out all
 *   compare_fault.c      planted faults: what would be found
 *   compare_replay.c     a step in a file
 *
 * What a stage takes in is the reference's result of the stage before, rounded to float32, for all
 * parties, the reference included.  Owns its host arrays and a pool of threads; borrows the
 * comparison.  Every call waits until the devices are done. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_COMPARE_LOCKSTEP_H
#define LG_TRAIN_COMPARE_LOCKSTEP_H

#include "base/pool.h"
#include "train/compare.h"
#include "train/compare_bound.h"
#include "train/compare_difference.h"

typedef enum lg_pair { LG_PAIR_A_REF, LG_PAIR_B_REF, LG_PAIR_A_B, LG_PAIR_COUNT } lg_pair;

extern const int lg_pair_sides[LG_PAIR_COUNT][2]; /* its two parties */

/* The rows of an array that are looked at: those of index[count], or all where index is NULL. */
typedef struct lg_picked {
    int32_t *index;
    int64_t count;
} lg_picked;

typedef struct lg_lockstep {
    lg_compare *c;
    lg_pool *pool;
    lg_problem_shape shape; /* batch: most rows */
    int whole;              /* the optimiser sees the whole set for a step */
    double shift;           /* the largest |shift| of the pixels */
    /* where the reference cannot work out all: rows of the batch, rows of W */
    int sampled;
    lg_picked rows, outputs;
    void *part_u, *part_x, *part_z, *part_dz, *part_g; /* the reference's: its arrays for these */
    /* where a minibatch starts: W, b, the states; GW and GB where gradients add up */
    double *start[LG_ARRAY_COUNT];
    /* what all parties were given */
    double *u, *x, *z, *dz, *gw, *gb; /* u: with a feature map */
    double scale;                     /* of W: 1, more under --stress */
    /* what they made of it, array by array, and how far that may lie from the truth */
    double *got[LG_COMPARE_PARTIES];
    double *row_bound;     /* [n][s] */
    double *bound, *reach; /* reach [n][s*k]: sum |x w| + |b| */
    double *apart;         /* what two devices may be apart, for c->seen */
    double *weight_bound[1 + LG_OPTIM_STATES], *bias_bound[1 + LG_OPTIM_STATES];
    double *own[LG_ARRAY_COUNT + 1]; /* a step's results, op by op; last the running totals */
    double *row_loss[LG_COMPARE_PARTIES];
    /* what was found */
    lg_tally tally[LG_STAGE_COUNT][LG_PAIR_COUNT];
    lg_stage first_stage; /* of out->first, where its step is not negative */
    lg_pair first_pair;
    double first_scale;                      /* of W, then */
    double loss[LG_COMPARE_PARTIES], weight; /* sums over the run */
    /* Called for what A and the reference gave in an array, if it is not NULL: --self-test. */
    logit_status (*probe)(struct lg_lockstep *ls, lg_stage stage, lg_array array,
                          const lg_sides *sides, logit_error *err);
    void *probe_user;
} lg_lockstep;

/* compare_lockstep.c.  Parties are open, with start weights; shape is theirs.  Names come from
 * c->trainer.  Errors: NOMEM, DEVICE, USAGE. */
logit_status lg_lockstep_open(lg_lockstep *ls, lg_compare *c, const lg_problem_shape *shape,
                              logit_error *err);
void lg_lockstep_close(lg_lockstep *ls);
/* The shape of the training that is compared. */
lg_problem_shape lg_lockstep_shape(const lg_compare *c);
/* The minibatch c->mini, all stages; the first one of a step starts from `start`, and the last one
 * leaves there what the next step starts from.  Errors: DEVICE, NOMEM, IO (the replay file),
 * DIVERGED, those of c->seen. */
logit_status lg_lockstep_batch(lg_lockstep *ls, logit_error *err);
/* Means, signed means and sign tests. */
void lg_lockstep_end(lg_lockstep *ls);
/* To every party that is there: an op; an array; the start (W times ls->scale, b, states), which
 * may also go to one alone. */
logit_status lg_lockstep_run(lg_lockstep *ls, lg_stage stage, logit_error *err);
logit_status lg_lockstep_give(lg_lockstep *ls, lg_array array, const double *values,
                              logit_error *err);
logit_status lg_lockstep_put_start(lg_lockstep *ls, logit_error *err);
logit_status lg_lockstep_put_start_of(lg_lockstep *ls, int party, logit_error *err);
/* From every one to ls->got; how many numbers that is. */
logit_status lg_lockstep_get(lg_lockstep *ls, lg_array array, logit_error *err);
int64_t lg_lockstep_count(const lg_lockstep *ls, lg_array array);
/* Zeroes what the optimiser does not keep: a setting with momentum 0 has no velocity, and what a
 * device leaves there is its own business. */
void lg_lockstep_forget(const lg_lockstep *ls, lg_array array, double *values);
/* 1 if there is anything in an array that an update changes. */
int lg_lockstep_keeps(const lg_lockstep *ls, lg_array array);
/* The reference's array, as it lies in ls->got, rounded to float32, to everyone and to `to`. */
logit_status lg_lockstep_give_reference(lg_lockstep *ls, lg_array array, double *to,
                                        logit_error *err);

/* compare_stages.c.  stages: logits .. gradient, and the update where the step is complete. */
logit_status lg_lockstep_pixels(lg_lockstep *ls, logit_error *err);
/* As lg_lockstep_give_reference, where the reference has the picked rows alone: the others are A's,
 * and 0 where they are not finite. */
logit_status lg_lockstep_give_picked(lg_lockstep *ls, lg_array array, const lg_picked *picked,
                                     double *to, logit_error *err);
logit_status lg_lockstep_stages(lg_lockstep *ls, logit_error *err);

/* compare_stage_features.c: x of u; nothing where there is no feature map. */
logit_status lg_lockstep_features(lg_lockstep *ls, logit_error *err);
/* The features that both of a pair have, of their own u, as a part of the stage step. */
logit_status lg_lockstep_own_features(lg_lockstep *ls, lg_pair pair, logit_error *err);

/* compare_stage_loss.c */
logit_status lg_lockstep_loss(lg_lockstep *ls, logit_error *err);
/* Bounds of losses into row_loss [n][s] (may be NULL) and of dz [n][s*k], for a device whose
 * logits may lie away [n][s*k] (NULL: 0) from ls->z. */
void lg_lockstep_loss_bounds(lg_lockstep *ls, const double *away, double *row_loss, double *dz);

/* compare_stage_update.c */
logit_status lg_lockstep_update(lg_lockstep *ls, logit_error *err);
/* Bounds of the new weights, biases and states, by `rule` (its bias and scalars are filled in
 * here), for gradients gw, gb that may lie away_w, away_b (NULL: 0) from the device's. */
void lg_lockstep_update_bounds(lg_lockstep *ls, lg_bound_rule rule, const double *away_w,
                               const double *away_b);
/* The arrays that an update changes, and where the bounds of number `updated` of them lie. */
enum { LG_UPDATED = 2 * (1 + LG_OPTIM_STATES) };
extern const lg_array lg_lockstep_updated[LG_UPDATED];
const double *lg_lockstep_update_bound(const lg_lockstep *ls, int updated);
/* compare_stress.c: --stress, for the first minibatch of a step. */
logit_status lg_lockstep_stress(lg_lockstep *ls, logit_error *err);

/* compare_step.c */
logit_status lg_lockstep_step(lg_lockstep *ls, logit_error *err);

/* compare_found.c */
void lg_found_begin(lg_lockstep *ls);
/* An array as all parties have it in ls->got, rows picked (NULL: all). */
typedef struct lg_judged {
    lg_stage stage;
    lg_array array;
    int64_t count;           /* numbers in ls->got */
    const lg_picked *picked; /* which rows of the array these are */
    const double *bound;     /* NULL: none may differ */
    double factor[2];        /* of A and of B */
    int exact;               /* between A and B not a bit may differ */
} lg_judged;
/* All pairs, and c->seen. */
logit_status lg_found_array(lg_lockstep *ls, const lg_judged *judged, logit_error *err);
logit_status lg_found_pair(lg_lockstep *ls, const lg_judged *judged, lg_pair pair,
                           logit_error *err);
int lg_found_has(const lg_lockstep *ls, lg_pair pair); /* 1 if both parties are there */
/* Tells c->seen what A has. */
logit_status lg_found_tell(lg_lockstep *ls, const lg_judged *judged, logit_error *err);
/* Other arrays than those in ls->got. */
void lg_found_sides(lg_lockstep *ls, const lg_judged *judged, lg_pair pair, const lg_sides *sides);
/* Number `index` (-1: none) is outside: becomes out->first unless an earlier one is there.  Returns
 * 1 if it did. */
int lg_found_first(lg_lockstep *ls, const lg_judged *judged, lg_pair pair, int64_t index,
                   const lg_sides *sides);
/* The batch's mean losses, from ls->row_loss. */
void lg_found_means(lg_lockstep *ls);
/* Largest logit, smallest probability, denormals, from ls->z. */
void lg_found_regimes(lg_lockstep *ls);

/* compare_sample.c.  Whether the reference can work out everything, and what it does otherwise. */
logit_status lg_sample_open(lg_lockstep *ls, logit_error *err);
void lg_sample_close(lg_lockstep *ls);
void lg_sample_pick(lg_lockstep *ls); /* for c->mini */
/* Keeps the picked rows of values [*][width], one after the other.  Nothing where all are. */
void lg_sample_keep(const lg_picked *picked, double *values, int64_t width);
/* The reference's features of ls->rows (u: theirs), its logits and gradient of these rows, into
 * ls->got[LG_COMPARE_REF]. */
logit_status lg_sample_features(lg_lockstep *ls, const double *u, logit_error *err);
logit_status lg_sample_logits(lg_lockstep *ls, logit_error *err);
logit_status lg_sample_gradient(lg_lockstep *ls, logit_error *err);

/* compare_replay.c.  What the minibatch under way starts from, and what was found in it. */
logit_status lg_replay_write(const lg_lockstep *ls, const char *path, logit_error *err);

#endif
