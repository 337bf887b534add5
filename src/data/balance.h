/* balance.h -- an epoch that draws every class equally often.
 *
 * Layer 1 (data).  Each place of an epoch draws one sample, with replacement: a class, each as
 * likely as another, and one of its samples, each as likely as another.  The draw is a function of
 * (seed, epoch, place) and of the labels: not of time, threads, memory, or of what the samples come
 * from. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_BALANCE_H
#define LG_DATA_BALANCE_H

#include <stdint.h>

#include "logit.h"

/* The samples of each class that has any. */
typedef struct lg_balance {
    int classes;     /* that have samples */
    int64_t *start;  /* [classes + 1] */
    int32_t *member; /* those of class c are member[start[c] .. start[c+1]-1], ascending */
} lg_balance;

/* Of samples only[0 .. count-1], ascending (NULL: 0 .. count-1), 0 <= label[sample] < classes.
 * Error: NOMEM; *balance is empty then. */
logit_status lg_balance_init(lg_balance *balance, const int32_t *label, const int32_t *only,
                             int64_t count, int classes, logit_error *err);
void lg_balance_clear(lg_balance *balance);

/* Fills order[count] for an epoch: place p is drawn by the Philox block p of the epoch's stream,
 * LG_STREAM_BALANCE: its low 64 bits pick the class, its high 64 bits the sample. */
void lg_balance_draw(const lg_balance *balance, int32_t *order, int64_t count, uint64_t seed,
                     uint32_t epoch);

#endif
