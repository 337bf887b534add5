/* folds.h -- `--folds N`: cross-validation.
 *
 * Layer 2 (train), private.  The training part is dealt out to N folds (data/order.h).  For each of
 * them every setting is trained on the others, by a trainer of its own that reads the same decoded
 * samples by a list of their numbers, and measured on it; normalisation, priors, class weights and
 * everything else that is learnt is learnt from the others alone.  A fold is therefore, bit for
 * bit, the run that trains on those samples as a set of their own (with --shuffle full or none, and
 * without --flip and --shift, whose draws go by a sample's number in its set).
 * The setting that is best in the mean becomes the run's only one, which then goes on over the
 * whole training part as if nothing else had been asked for.
 * A run that is stopped keeps the folds that are complete in its checkpoint; the one it was in is
 * begun anew by whoever resumes.
 *
 * Means are over folds; their standard error is s / sqrt(N), s the standard deviation of the folds'
 * figures with N - 1.  Folds share training samples, so it is a little too small (Bengio &
 * Grandvalet 2004, JMLR 5, 1089-1105). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FOLDS_H
#define LG_TRAIN_FOLDS_H

#include "logit.h"

typedef struct lg_trainer lg_trainer;
typedef struct lg_folds lg_folds;

/* Options that do not go with folds, and a pick without them.  Error: USAGE. */
logit_status lg_folds_fit(const logit_options *options, logit_error *err);

/* The sources and the loaders of the run are open, the weights of its samples as the set has them:
 * runs all folds that no checkpoint has, fills t->folds, and leaves the picked setting as the only
 * one.  Errors: USAGE (fewer samples of a class than folds), those of a training, STOPPED (what is
 * complete is saved). */
logit_status lg_folds_run(lg_trainer *t, logit_error *err);
/* Says that the run was stopped between its folds and its own training.  Error: STOPPED. */
logit_status lg_folds_stop_behind(const lg_trainer *t, logit_error *err);
void lg_folds_destroy(lg_folds *folds);

/* folds_saved.c.  What they came to, as a checkpoint keeps it: 0 bytes where folds is NULL.  put
 * makes the first so many complete; 0 if these bytes are none of get's. */
int lg_folds_complete(const lg_folds *folds);
size_t lg_folds_state_bytes(const lg_folds *folds);
void lg_folds_get_state(const lg_folds *folds, void *to);
int lg_folds_put_state(lg_folds *folds, const void *from, int64_t complete);

/* Puts the settings that were asked for back into the options of the run, for whoever wants to know
 * them; nothing to do where folds is NULL. */
void lg_folds_unpick(const lg_folds *folds, logit_options *options);
/* How many settings were measured, and what the one of this rank came to. */
int lg_folds_settings(const lg_folds *folds);
logit_setting lg_folds_result(const lg_folds *folds, int rank);
/* Figure i, fold by fold and setting by setting; 0 past the last, or where folds is NULL. */
int lg_folds_figure(const lg_folds *folds, int i, logit_fold *figure);

/* The validation figures of a run and the number of its setting are those of the folds; nothing to
 * do where folds is NULL. */
void lg_folds_summarise(const lg_folds *folds, logit_summary *summary);

#endif
