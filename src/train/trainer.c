/* trainer.c -- a run from beginning to end. */
/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/separation.h"

/* 1 while some setting trains, and lbfgs is not at its optimum. */
static int is_going_on(const lg_trainer *t)
{
    return t->optimum && lg_optimum_is_done(t) ? 0 : lg_grid_trains(t);
}

logit_status lg_trainer_train(lg_trainer *t, logit_error *err)
{
    const int most = lg_optimum_most_passes(t);
    while (t->epoch < most && !t->stopping && is_going_on(t)) {
        if (t->optimum) LG_TRY(lg_optimum_aim(t, err));
        LG_TRY(lg_trainer_run_epoch(t, err));
        if (t->optimum && !t->stopping) LG_TRY(lg_optimum_tell(t, err));
        if (!t->stopping) LG_TRY(lg_trainer_validate(t, err));
        if (t->stopping) break; /* the epoch counts once it is validated */
        t->epoch++;
        LG_TRY(lg_patience_look(t, err));
        LG_TRY(lg_report_epoch(t, err));
        t->epoch_samples = 0;
        if (t->epoch < most && lg_grid_trains(t)) LG_TRY(lg_checkpoint_save_if_due(t, err));
    }
    if (t->optimum) LG_TRY(lg_optimum_settle(t, err));
    return t->stopping ? LOGIT_OK : lg_separation_look(t, err);
}

static logit_status run(lg_trainer *t, logit_summary *summary, logit_error *err)
{
    int finished;
    LG_TRY(lg_trainer_open(t, err));
    LG_TRY(lg_checkpoint_restore(t, summary, &finished, err));
    LG_TRY(lg_report_start(t, err));
    if (finished) {
        lg_trainer_tell_settings(t, summary->setting);
        lg_folds_summarise(t->folds, summary);
        return LOGIT_OK;
    }
    LG_TRY(lg_trainer_train(t, err));
    LG_TRY(lg_trainer_finish(t, summary, err));
    t->metrics_bytes = lg_run_folder_metrics_bytes(t->folder);
    LG_TRY(lg_report_bad(t, err));
    LG_TRY(lg_report_end(t, summary, err));
    LG_TRY(lg_checkpoint_save(t, t->stopping ? NULL : summary, err));
    lg_folds_summarise(t->folds, summary);
    if (t->stopping)
        LG_FAIL(err, LOGIT_E_STOPPED,
                "stopped after step %lld of %lld; the model is in %s; --resume goes on",
                (long long)t->step, (long long)t->steps, lg_run_folder_path(t->folder));
    return LOGIT_OK;
}

logit_status logit_train(const char *data, const logit_options *options, const logit_watch *watch,
                         logit_summary *summary, logit_error *err)
{
    logit_summary unused;
    lg_trainer trainer = {.path = data,
                          .options = *options,
                          .asked = *options,
                          .watch = watch,
                          .started = lg_seconds()};
    if (!summary) summary = &unused;
    memset(summary, 0, sizeof *summary);
    const logit_status status = run(&trainer, summary, err);
    lg_trainer_close(&trainer);
    return status;
}
