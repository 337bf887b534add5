/* schedule.h -- how the learning rate changes over a run.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SCHEDULE_H
#define LG_TRAIN_SCHEDULE_H

typedef enum lg_schedule {
#define SCHEDULE(id, name, factor) LG_SCHEDULE_##id,
#include "train/schedule.def"
#undef SCHEDULE
    LG_SCHEDULE_COUNT
} lg_schedule;

/* Name of row i, or NULL past the end. */
const char *lg_schedule_name(int i);

/* The row with this name, or LG_SCHEDULE_COUNT. */
lg_schedule lg_schedule_find(const char *name);

/* Factor of the learning rate after the share t of all steps, 0 <= t < 1. */
double lg_schedule_factor(lg_schedule schedule, double t);

#endif
