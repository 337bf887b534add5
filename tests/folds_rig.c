/* folds_rig.c -- see folds_rig.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/folds_rig.h"

#include <check.h>

#include "tests/small_set.h"
#include "tests/train_rig.h"

logit_setting folds_figure[MOST_FOLDS][MOST], folds_told[MOST];
int64_t folds_held_out[MOST_FOLDS];
int folds_figures, folds_tolds;

void folds_begin(void)
{
    begin();
    options.folds = 3;
    options.seed = 7;
}

static void on_fold(void *user, const logit_fold *f)
{
    (void)user;
    ck_assert_int_le(f->fold, MOST_FOLDS);
    folds_figure[f->fold - 1][f->setting->setting] = *f->setting;
    folds_held_out[f->fold - 1] = f->val_count;
    folds_figures++;
}

static void on_setting(void *user, const logit_setting *setting)
{
    (void)user;
    folds_told[setting->setting] = *setting;
    folds_tolds++;
}

logit_summary folds_go(const char *set, const char *run)
{
    const logit_watch watch = {.fold = on_fold, .setting = on_setting};
    logit_summary summary;
    logit_error err = {0};
    folds_figures = folds_tolds = 0;
    options.out = small_set_path(run);
    const logit_status status = logit_train(small_set_path(set), &options, &watch, &summary, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return summary;
}
