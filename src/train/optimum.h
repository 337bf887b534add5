/* optimum.h -- runs that go to the optimum: `--optimizer lbfgs`, between the trainer and lbfgs.h.
 *
 * Layer 2 (train).  An epoch is one pass over the training part, in which every setting that is not
 * done has its trial point evaluated.  The order is epoch 0's in each of them, so that all passes
 * see one and the same function to the last bit.
 *
 *     lg_optimum_aim(t)     the trial points go to the device
 *     (a pass)              loss and gradient
 *     lg_optimum_tell(t)    each setting takes its trial, or asks for another
 *     lg_optimum_settle(t)  after the last pass: the points go to the device
 *
 * On a path one setting at a time is on its way, and alone in the passes; where it ends, the next
 * begins, with its own penalties. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_OPTIMUM_H
#define LG_TRAIN_OPTIMUM_H

#include "base/text.h"
#include "train/lbfgs.h"
#include "train/problem.h"

typedef struct lg_trainer lg_trainer;
typedef struct lg_optimum lg_optimum;

extern const char lg_optimum_name[]; /* "lbfgs" */
int lg_optimum_is_asked(const logit_options *options);

/* Options that such a run cannot have.  Error: USAGE. */
logit_status lg_optimum_fit(const logit_options *options, logit_error *err);
/* Rows of a batch: only speed and the order of sums depend on it. */
int64_t lg_optimum_batch(int64_t asked, int64_t features);

/* The problem is there and holds the weights to begin with.  Errors: NOMEM, DEVICE. */
logit_status lg_optimum_open(lg_trainer *t, logit_error *err);
void lg_optimum_close(lg_optimum *optimum);

logit_status lg_optimum_aim(lg_trainer *t, logit_error *err);
/* Error: DIVERGED (no setting is left). */
logit_status lg_optimum_tell(lg_trainer *t, logit_error *err);
logit_status lg_optimum_settle(lg_trainer *t, logit_error *err);

/* On a path: 1 if setting s took part in the last pass; if it has begun at all.  Without one all
 * settings do. */
int lg_optimum_took_part(const lg_trainer *t, int s);
int lg_optimum_has_begun(const lg_trainer *t, int s);
/* 1 if nothing is left to do for setting s. */
int lg_optimum_is_over(const lg_trainer *t, int s);
/* The problem of the settings that take part in a pass, and the number of the first of them: of one
 * alone on a path, else of all, whatever the optimiser. */
lg_problem lg_optimum_view(const lg_trainer *t);
int lg_optimum_first(const lg_trainer *t);
/* Passes there may be in all: --epochs, on a path for each of its settings; and those that setting
 * s has had. */
int lg_optimum_most_passes(const lg_trainer *t);
int64_t lg_optimum_passes(const lg_trainer *t, int s);

/* Setting s turned out to have no optimum. */
void lg_optimum_separated(lg_trainer *t, int s);

/* 1 if nothing is left to do; 1 if some setting took its trial in the last pass. */
int lg_optimum_is_done(const lg_trainer *t);
int lg_optimum_has_moved(const lg_trainer *t, int setting);

/* Why summary->setting ended and how near the optimum it is: fills ended, gradient and gap. */
void lg_optimum_summarise(const lg_trainer *t, logit_summary *summary);
/* The part of a setting's result that it knows: why it ended, objective, gap, passes, zeros. */
void lg_optimum_result(const lg_trainer *t, logit_setting *result);
/* Adds ,"passes":.. and the like of setting s to a JSON object. */
void lg_optimum_write(const lg_trainer *t, int s, lg_text *out);

/* For a checkpoint: 0 bytes where there is no optimum. */
size_t lg_optimum_state_bytes(const lg_trainer *t);
void lg_optimum_get_state(const lg_trainer *t, void *to);
void lg_optimum_put_state(lg_trainer *t, const void *from);

#endif
