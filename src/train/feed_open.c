/* feed_open.c -- a placement is chosen, and the next smaller one where memory is not there. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/status.h"
#include "train/feed.h"
#include "train/trainer.h"

/* Another process may have taken the memory since it was counted: then there is less, and a run
 * that streams more of its set is better than none. */
static logit_status create(lg_feed **out, lg_backend *backend, lg_loader *loader,
                           const lg_feed_shape *shape, const lg_placement_need *need,
                           lg_placement *placement, const logit_watch *watch, logit_error *err)
{
    char text[300];
    for (;;) {
        logit_error error = {.message = ""};
        const logit_status status = lg_feed_create(out, backend, loader, shape, placement, &error);
        if (status == LOGIT_OK) return LOGIT_OK;
        if (status != LOGIT_E_NOMEM || !lg_placement_shrink(placement, need)) {
            if (err) *err = error;
            return status;
        }
        lg_placement_describe(placement, need, text, sizeof text);
        lg_report_message(watch, LOGIT_LEVEL_NOTICE, "%s; the next smaller plan is taken: %s",
                          error.message, text);
    }
}

logit_status lg_feed_open(lg_feed **out, lg_backend *backend, lg_loader *loader,
                          const lg_feed_shape *shape, const logit_watch *watch, char *text,
                          size_t size, logit_error *err)
{
    lg_placement_need need;
    *out = NULL;
    if (size > 0) *text = '\0';
    if (backend->ops->unified) return lg_feed_create(out, backend, loader, shape, NULL, err);
    LG_TRY(lg_feed_need(backend, loader, shape, &need, err));
    lg_placement placement = lg_placement_choose(&need);
    LG_TRY(create(out, backend, loader, shape, &need, &placement, watch, err));
    lg_placement_describe(&placement, &need, text, size);
    return LOGIT_OK;
}
