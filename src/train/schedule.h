/* schedule.h -- how the learning rate changes over a run.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SCHEDULE_H
#define LG_TRAIN_SCHEDULE_H

#include <stdint.h>

typedef enum lg_schedule {
#define SCHEDULE(id, name, factor) LG_SCHEDULE_##id,
#include "train/schedule.def"
#undef SCHEDULE
    LG_SCHEDULE_COUNT
} lg_schedule;

/* A schedule over the steps of a run. */
typedef struct lg_rate_plan {
    lg_schedule schedule;
    int64_t steps, steps_per_epoch; /* of the run; of an epoch, at least 1 */
    int64_t warmup;                 /* steps in which the rate rises; 0: it begins in full */
    double every, by;               /* step: so many epochs apart, the rate is multiplied by this */
} lg_rate_plan;

/* Name of row i, or NULL past the end. */
const char *lg_schedule_name(int i);

/* The row with this name, or LG_SCHEDULE_COUNT. */
lg_schedule lg_schedule_find(const char *name);

/* Factor of the learning rate in step `step` (from 0).  Of a warm-up of n steps, the steps 0 .. n-1
 * take the shares 1/n, 2/n, .. 1 of what the schedule says there. */
double lg_schedule_factor(const lg_rate_plan *plan, int64_t step);

#endif
