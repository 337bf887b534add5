/* grid.h -- the settings of a run beside one another: which still train, and which is best.
 *
 * Layer 2 (train), private.  A run of one setting is a grid of one. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_GRID_H
#define LG_TRAIN_GRID_H

#include <stdint.h>

typedef struct lg_trainer lg_trainer;

/* One combination of hyperparameters, and how it fares. */
typedef struct lg_setting {
    double lr, l2, l1, momentum, smoothing;
    double temperature; /* fitted at the end; 0: none */
    int stopped;        /* its loss was not finite: it takes no further part */
    int64_t bad_step;   /* then: where */
    double train_loss, val_loss, val_accuracy; /* of the last epoch; NaN before */
    /* with --patience */
    int rested;     /* epochs (from 1) after which it was out of patience; 0: it is not */
    int best_epoch; /* the best so far (from 1), whose weights are kept; 0: there is none */
    double best_train_loss, best_val_loss, best_val_accuracy; /* its figures */
} lg_setting;

/* What a setting came to: the figures of its last epoch, or of the one that is kept. */
typedef struct lg_outcome {
    int epoch;     /* whose weights they are: complete epochs behind them */
    int epochs;    /* that it trained */
    int64_t steps; /* the same */
    double train_loss, val_loss, val_accuracy;
} lg_outcome;
lg_outcome lg_setting_outcome(const lg_trainer *t, int s);

/* 1 if setting s trains; while some setting does. */
int lg_setting_trains(const lg_trainer *t, int s);
int lg_grid_trains(const lg_trainer *t);

/* 1 if setting s trained in the epoch that was completed last. */
int lg_setting_trained(const lg_trainer *t, int s);

/* 1 if a validation figure (--metric) is better than another; NaN is worse than any. */
int lg_grid_is_better(const lg_trainer *t, double loss, double accuracy, double than_loss,
                      double than_accuracy);

/* order[settings]: best first, by the validation part and then by number; those that diverged come
 * last.  The best alone: its number. */
void lg_grid_rank(const lg_trainer *t, int *order);
int lg_grid_best(const lg_trainer *t);

#endif
