/* trainer_place.c -- where the parts of a run lie on the device, and whether steps come in bursts.
 */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/status.h"
#include "train/trainer.h"

/* 1 if an epoch has whole batches for a burst of steps, and the device takes bursts. */
static int wants_bursts(const lg_trainer *t)
{
    const int64_t whole = t->sources.part[LG_PART_TRAIN].count / t->options.batch_size;
    return !t->rehearsal && lg_burst_is_offered(t->backend) && !lg_optims[t->optim].whole &&
           whole >= LG_BURST_STEPS;
}

static lg_feed_shape shape_of_feed(const lg_trainer *t, int part)
{
    return (lg_feed_shape){.batch = t->eval_batch,
                           .features = t->inputs,
                           .settings = t->settings,
                           .passes = part == LG_PART_TEST ? 1 : lg_optimum_most_passes(t),
                           .limit = (size_t)t->options.device_memory};
}

/* What the feeds of later parts take at least, and bursts. */
static logit_status count_others(const lg_trainer *t, int part, size_t *bytes, logit_error *err)
{
    *bytes = wants_bursts(t) ? lg_burst_bytes(t->options.batch_size, t->settings) : 0;
    for (int i = part + 1; i < LG_PART_COUNT; i++) {
        lg_placement_need need;
        const lg_feed_shape shape = shape_of_feed(t, i);
        const lg_source *source = &t->sources.part[i];
        if (!source->set || t->backend->ops->unified) continue;
        LG_TRY(lg_feed_need(t->backend, source->loader, &shape, &need, err));
        *bytes += LG_PLACEMENT_SLOTS * lg_placement_slot_bytes(&need);
    }
    return LOGIT_OK;
}

/* The training part is placed first: it is seen most often. */
static logit_status open_feeds(lg_trainer *t, logit_error *err)
{
    size_t left = (size_t)t->options.device_memory;
    for (int i = 0; i < LG_PART_COUNT; i++) {
        const lg_source *source = &t->sources.part[i];
        char text[300];
        if (!source->set) continue;
        lg_feed_shape shape = shape_of_feed(t, i);
        shape.limit = left;
        LG_TRY(count_others(t, i, &shape.others, err));
        LG_TRY(lg_feed_open(&t->feed[i], t->backend, source->loader, &shape, t->watch, text,
                            sizeof text, err));
        if (i == LG_PART_TRAIN) snprintf(t->placed, sizeof t->placed, "%s", text);
        const size_t used = lg_feed_bytes(t->feed[i]);
        if (left > 0) left = used < left ? left - used : 1;
    }
    return LOGIT_OK;
}

/* Where a whole epoch lies (or will lie, after the first) on a device that records steps, most of
 * them are queued in bursts; where there is no memory for that, one by one. */
static logit_status open_burst(lg_trainer *t, logit_error *err)
{
    logit_error error;
    if (!wants_bursts(t) || !lg_feed_is_resident(t->feed[LG_PART_TRAIN])) return LOGIT_OK;
    const logit_status status =
        lg_burst_create(&t->burst, t->backend, t->options.batch_size, t->settings, &error);
    if (status == LOGIT_E_NOMEM) {
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "%s; steps are queued one by one",
                          error.message);
        return LOGIT_OK;
    }
    if (status != LOGIT_OK && err) *err = error;
    return status;
}

logit_status lg_trainer_place(lg_trainer *t, logit_error *err)
{
    LG_TRY(open_feeds(t, err));
    LG_TRY(lg_trainer_keep_features(t, err));
    return open_burst(t, err);
}
