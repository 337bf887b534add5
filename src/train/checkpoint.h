/* checkpoint.h -- where a run stands, kept so that it can go on from there, bit for bit.
 *
 * Layer 2 (train).  Two files, RUN/checkpoint.0 and RUN/checkpoint.1, are written in turns: while
 * one is written the other is whole, and the newest that is whole is the one a run goes on from.
 * Weights, biases, optimiser states, running totals, the best weights so far (patience.h) and what
 * the folds came to go in as they are; data, order and every choice made of them follow from the
 * options again, and are held against what the head says.
 *
 * The head (checkpoint_file.h) is a JSON object:
 *   version, device   what wrote it
 *   data              hash of the training data (lg_trainer_data_identity)
 *   options           run_options.h
 *   optimum           1: all settings are where lbfgs ends
 *   epochs            of the run as it was asked for
 *   finished          1: nothing is left to do
 *   epoch, step       complete epochs and steps
 *   batch             minibatches done of the epoch that runs
 *   weight            their sum of sample weights
 *   seconds           spent so far
 *   metrics           bytes of metrics.jsonl that belong to it
 *   folds             how many are complete, of a run still at its folds: the state is theirs
 *   settings          [stopped, bad_step, train_loss, val_loss, val_accuracy, rested, best_epoch,
 *                     best_train_loss, best_val_loss, best_val_accuracy] of each (grid.h)
 *   objective, test_count, test_loss, test_accuracy, kept, bad: of a finished run */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CHECKPOINT_H
#define LG_TRAIN_CHECKPOINT_H

#include "train/checkpoint_file.h"

typedef struct lg_trainer lg_trainer;

/* What a run keeps for saving.  Zero it first. */
typedef struct lg_saving {
    lg_checkpoint_file from; /* what it goes on from; head NULL: it begins */
    int next;                /* 0 or 1: the file to write next */
    void *state;             /* host memory for the state, taken once */
    size_t state_bytes;
    double saved_at, cost; /* seconds: when, and how long it took */
    int64_t saved_step;
    int saved_folds;       /* that were complete */
    double seconds_before; /* of the runs that it goes on from */
} lg_saving;

/* With options.resume: reads the newest checkpoint of options.out that is whole, if there is one,
 * and holds its options against those of now.  A damaged one is said (NOTICE).  Errors: USAGE
 * (other options, fewer epochs; resume without out), IO, NOMEM. */
logit_status lg_checkpoint_find(lg_trainer *t, logit_error *err);

/* The data are known, and the device: holds both against the checkpoint.  Error: DATA (other data);
 * another device or version is said and no more. */
logit_status lg_checkpoint_hold(lg_trainer *t, logit_error *err);

/* t->folds is there, and nothing of it complete: puts back what is.  Error: DATA. */
logit_status lg_checkpoint_restore_folds(lg_trainer *t, logit_error *err);

/* The run is open, as at its beginning: puts it where the checkpoint says.  *finished: nothing is
 * left to do, and *summary is what came out.  Errors: DATA, DEVICE, NOMEM. */
logit_status lg_checkpoint_restore(lg_trainer *t, logit_summary *summary, int *finished,
                                   logit_error *err);

/* Saves; before the weights are there, the folds that are complete.  summary: of a finished run,
 * else NULL.  What was saved before stays whole if this fails.
 * Errors: IO, DEVICE, NOMEM. */
logit_status lg_checkpoint_save(lg_trainer *t, const logit_summary *summary, logit_error *err);

/* Seconds from one save by time to the next, if a save takes `cost` of them: checkpoint_seconds,
 * and never so few that saving takes more than a hundredth of the time. */
double lg_checkpoint_interval(const logit_options *options, double cost);

/* Saves since somebody wants it (logit_watch.save), and says so (NOTICE). */
logit_status lg_checkpoint_save_as_asked(lg_trainer *t, logit_error *err);

/* Saves if it is asked for, or if it is time: options.checkpoint_steps or lg_checkpoint_interval
 * after the last one; a fold is as many steps as it takes. */
logit_status lg_checkpoint_save_if_due(lg_trainer *t, logit_error *err);

void lg_checkpoint_clear(lg_saving *saving);

#endif
