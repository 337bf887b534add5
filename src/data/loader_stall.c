/* loader_stall.c -- waits that take too long say for whom.
 *
 * A disk, a mount or a decoder may hold a sample back for as long as it likes; the run then waits
 * as before, and says what for.  Who waits is the caller, and it is the caller who says it, between
 * two waits with an end: no thread watches.  A sample that the caller reads itself (lg_crew_take)
 * it can tell of only afterwards. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "data/loader_parts.h"

#include "base/stall.h"
#include "base/status.h"

static void say(const lg_loader *loader, const char *what, double seconds, const char *why)
{
    const logit_watch *watch = loader->options.watch;
    char text[1000];
    if (!watch || !watch->message) return;
    snprintf(text, sizeof text, "%s for %.3g s: %s", what, seconds, why);
    watch->message(watch->user, LOGIT_LEVEL_WARNING, text);
}

/* The member that is at the earliest sample, which is who is waited for; -1: all are idle.  *at:
 * that sample's place; *others: how many more are at work. */
static int who_is_behind(const lg_loader *loader, int64_t *at, int *others)
{
    int who = -1;
    *at = -1;
    *others = -1;
    for (int i = 0; i < loader->started; i++) {
        const int64_t its = atomic_load_explicit(&loader->crew[i].at, memory_order_relaxed);
        if (its < 0) continue;
        ++*others;
        if (who < 0 || its < *at) {
            who = i;
            *at = its;
        }
    }
    return who;
}

void lg_loader_stalled(const lg_loader *loader, const char *what, double seconds)
{
    int others;
    int64_t at;
    char name[500], more[60] = "", why[700];
    const int who = who_is_behind(loader, &at, &others);
    if (who < 0) {
        say(loader, what, seconds, "no decoder is at work, which is a fault of logit");
        return;
    }
    const lg_set *set = loader->set;
    const lg_decoder *decoder = loader->crew[who].decoder;
    const char *does = decoder && lg_decoder_is_decoding(decoder) ? "decodes" : "reads";
    if (others > 0) snprintf(more, sizeof more, ", with %d more at work", others);
    snprintf(why, sizeof why, "decoder %d of %d %s %s%s", who + 1, loader->started, does,
             set->ops->name(set, loader->order[at], name, sizeof name), more);
    say(loader, what, seconds, why);
}

void lg_loader_slept(const lg_loader *loader, double seconds)
{
    say(loader, "no sample", seconds, "copying some took that long");
}

logit_status lg_loader_await(lg_loader *loader, lg_ring_work *batch, logit_error *err)
{
    double waited = lg_stall_seconds();
    LG_TRY(lg_crew_take(loader, batch, waited, err));
    for (; batch->batch == LG_RING_LATER; waited *= 2.0) {
        lg_loader_stalled(loader, "no sample", waited);
        LG_TRY(lg_crew_take(loader, batch, waited, err));
    }
    return LOGIT_OK;
}

void lg_loader_drop(lg_loader *loader)
{
    double waited = lg_stall_seconds();
    for (double more = waited; !lg_ring_drop_within(loader->ring, more);
         more = waited, waited *= 2.0)
        lg_loader_stalled(loader, "no end of a pass", waited);
}
