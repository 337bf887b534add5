/* patience.c -- the best epoch of each setting, kept beside the one that trains. */
/* SPDX-License-Identifier: MIT */
#include "train/patience.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "train/trainer.h"

logit_status lg_patience_fit(const lg_trainer *t, logit_error *err)
{
    const int by_accuracy = strcmp(t->options.metric, "accuracy") == 0;
    if (by_accuracy && t->classes == 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--metric accuracy: the targets are numbers; take loss");
    if (t->options.patience == 0 || t->sources.part[LG_PART_VAL].set) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--patience %d needs a validation part to go by: give --val or a --val-split above 0",
            t->options.patience);
}

logit_status lg_patience_open(lg_trainer *t, logit_error *err)
{
    if (t->options.patience == 0) return LOGIT_OK;
    size_t bytes; /* one setting more: room for an exchange */
    if (!lg_size_mul(lg_problem_setting_bytes(t->problem), (size_t)t->settings + 1, &bytes) ||
        !(t->best = calloc(bytes, 1)))
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the best weights of %d settings",
                t->settings);
    return LOGIT_OK;
}

void lg_patience_close(lg_trainer *t)
{
    free(t->best);
    t->best = NULL;
}

size_t lg_patience_bytes(const lg_trainer *t)
{
    return t->best ? lg_problem_setting_bytes(t->problem) * (size_t)t->settings : 0;
}

void *lg_patience_kept(const lg_trainer *t)
{
    return t->best;
}

/* Setting s of what is kept; the last is the room for an exchange. */
static char *kept_of(const lg_trainer *t, int s)
{
    return (char *)t->best + lg_problem_setting_bytes(t->problem) * (size_t)s;
}

static logit_status look_at(lg_trainer *t, int s, logit_error *err)
{
    lg_setting *setting = &t->setting[s];
    const int first = setting->best_epoch == 0;
    const double loss = first ? NAN : setting->best_val_loss;
    const double accuracy = first ? NAN : setting->best_val_accuracy;
    if (lg_grid_is_better(t, setting->val_loss, setting->val_accuracy, loss, accuracy)) {
        LG_TRY(lg_problem_get_setting(t->problem, s, kept_of(t, s), err));
        setting->best_epoch = t->epoch;
        setting->best_train_loss = setting->train_loss;
        setting->best_val_loss = setting->val_loss;
        setting->best_val_accuracy = setting->val_accuracy;
    }
    if (t->epoch - setting->best_epoch >= t->options.patience) setting->rested = t->epoch;
    return LOGIT_OK;
}

logit_status lg_patience_look(lg_trainer *t, logit_error *err)
{
    for (int s = 0; t->best && s < t->settings; s++)
        if (lg_setting_trains(t, s)) LG_TRY(look_at(t, s, err));
    return LOGIT_OK;
}

logit_status lg_patience_swap(lg_trainer *t, logit_error *err)
{
    const size_t bytes = t->best ? lg_problem_setting_bytes(t->problem) : 0;
    for (int s = 0; t->best && s < t->settings; s++) {
        char *kept = kept_of(t, s), *room = kept_of(t, t->settings);
        if (t->setting[s].best_epoch == 0) continue;
        LG_TRY(lg_problem_get_setting(t->problem, s, room, err));
        LG_TRY(lg_problem_put_setting(t->problem, s, kept, err));
        memcpy(kept, room, bytes);
    }
    return LOGIT_OK;
}
