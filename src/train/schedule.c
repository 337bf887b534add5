/* schedule.c -- the table of schedules.
 *
 * cosine: Loshchilov & Hutter 2017, "SGDR", arXiv:1608.03983, without restarts, down to 0, over the
 * steps that the warm-up leaves.  step: He et al. 2016, arXiv:1512.03385, section 4.2; the epochs
 * are those of the run, as in the next.  Warm-up: Goyal et al. 2017, "Accurate, large minibatch
 * SGD", arXiv:1706.02677, section 2.2 ("gradual warmup"). */
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

/* Not all rows use all that they may. */
static double row_factor(lg_schedule schedule, double share, double epoch, double every, double by)
{
    (void)share, (void)epoch, (void)every, (void)by;
    switch (schedule) {
#define SCHEDULE(id, name, factor)                                                                 \
    case LG_SCHEDULE_##id:                                                                         \
        return factor;
#include "train/schedule.def"
#undef SCHEDULE
    default:
        return 1.0;
    }
}

double lg_schedule_factor(const lg_rate_plan *plan, int64_t step)
{
    const int64_t behind = step - plan->warmup, rest = plan->steps - plan->warmup;
    const double share = behind > 0 ? (double)behind / (double)rest : 0.0;
    const double epoch = (double)(step / plan->steps_per_epoch);
    const double factor = row_factor(plan->schedule, share, epoch, plan->every, plan->by);
    return behind < 0 ? factor * (double)(step + 1) / (double)plan->warmup : factor;
}
