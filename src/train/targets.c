/* targets.c -- soft targets for one output. */
/* SPDX-License-Identifier: MIT */
#include "train/targets.h"

#include "base/status.h"

logit_status lg_targets_fit(lg_set *set, lg_loss loss, int classes, int outputs, logit_error *err)
{
    if (!set) return LOGIT_OK;
    if (classes == 0 && !set->target)
        LG_FAIL(err, LOGIT_E_DATA, "the set holds classes, but what is predicted are numbers");
    if (!set->target || set->target_width == outputs) return LOGIT_OK;
    if (lg_losses[loss].link != LG_LINK_SIGMOID || classes != 2 || set->target_width != 2)
        LG_FAIL(err, LOGIT_E_DATA, "targets of %d numbers per sample do not fit %d outputs",
                set->target_width, outputs);
    for (int64_t i = 0; i < set->count; i++) set->target[i] = set->target[2 * i + 1];
    set->target_width = 1;
    return LOGIT_OK;
}
