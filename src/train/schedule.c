/* schedule.c -- the table of schedules.
 *
 * cosine: Loshchilov & Hutter 2017, "SGDR", arXiv:1608.03983, without restarts, down to 0. */
/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const char *const names[LG_SCHEDULE_COUNT] = {
#define SCHEDULE(id, name, factor) name,
#include "train/schedule.def"
#undef SCHEDULE
};

const char *lg_schedule_name(int i)
{
    return i >= 0 && i < LG_SCHEDULE_COUNT ? names[i] : NULL;
}

lg_schedule lg_schedule_find(const char *name)
{
    int i = 0;
    while (i < LG_SCHEDULE_COUNT && strcmp(names[i], name) != 0) i++;
    return (lg_schedule)i;
}

double lg_schedule_factor(lg_schedule schedule, double t)
{
    switch (schedule) {
#define SCHEDULE(id, name, factor)                                                                 \
    case LG_SCHEDULE_##id:                                                                         \
        return factor;
#include "train/schedule.def"
#undef SCHEDULE
    default:
        (void)t;
        return 1.0;
    }
}
