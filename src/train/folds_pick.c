/* folds_pick.c -- means over folds, and the setting that is picked by them. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/folds_parts.h"
#include "train/settings.h"
#include "train/trainer.h"

/* A figure of setting s in every fold: its mean, and the standard error of that. */
typedef struct spread {
    double mean, error;
} spread;

static spread spread_of(const lg_folds *f, int s, size_t field)
{
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < 2 * f->folds; i++) { /* first the mean, then distances from it */
        const logit_setting *one = &f->figure[(size_t)(i % f->folds) * (size_t)f->settings] + s;
        const double value = *(const double *)(const void *)((const char *)one + field);
        const double away = value - sum / f->folds;
        if (i < f->folds)
            sum += value;
        else
            squares += away * away;
    }
    return (spread){sum / f->folds, sqrt(squares / (f->folds - 1.0) / f->folds)};
}

/* What all folds say of setting s; ended is the worst that became of it. */
static logit_setting sum_up(const lg_folds *f, int s)
{
    const spread loss = spread_of(f, s, offsetof(logit_setting, val_loss));
    const spread accuracy = spread_of(f, s, offsetof(logit_setting, val_accuracy));
    logit_setting all = f->figure[s];
    all.folds = f->folds;
    all.val_loss = loss.mean;
    all.val_accuracy = accuracy.mean;
    all.val_loss_error = loss.error;
    all.val_accuracy_error = accuracy.error;
    all.train_loss = spread_of(f, s, offsetof(logit_setting, train_loss)).mean;
    all.objective = spread_of(f, s, offsetof(logit_setting, objective)).mean;
    all.passes = all.zeros = 0;
    for (int i = 0; i < f->folds; i++) {
        const logit_setting *one = &f->figure[(size_t)i * (size_t)f->settings] + s;
        all.passes += one->passes;
        all.zeros += one->zeros;
        all.gap = isnan(all.gap) || isnan(one->gap) ? NAN : fmax(all.gap, one->gap);
        if (all.diverged_step == 0 && strcmp(one->ended, "converged") != 0) all.ended = one->ended;
        if (one->diverged_step > 0) all.diverged_step = one->diverged_step;
    }
    all.zeros /= f->folds;
    return all;
}

/* --pick 1se: the most penalised of those that are as good as the best, as far as one can tell. */
static int within_error(const lg_trainer *t, const logit_setting *all, int best)
{
    const int by_accuracy = strcmp(t->options.metric, "accuracy") == 0;
    const double worst = by_accuracy ? all[best].val_accuracy - all[best].val_accuracy_error
                                     : all[best].val_loss + all[best].val_loss_error;
    int picked = best;
    for (int s = 0; s < t->settings; s++) {
        const int good = by_accuracy ? all[s].val_accuracy >= worst : all[s].val_loss <= worst;
        const int simpler = all[s].l1 > all[picked].l1 ||
                            (all[s].l1 == all[picked].l1 && all[s].l2 > all[picked].l2);
        if (good && simpler) picked = s;
    }
    return picked;
}

static void keep_one(logit_list *list, double value)
{
    if (list->count > 0) *list = (logit_list){1, {value}};
}

/* From here on the run has this setting alone, as if it had been asked for by itself. */
static logit_status take(lg_trainer *t, int picked, logit_error *err)
{
    const lg_setting one = t->setting[picked];
    logit_options *o = &t->options;
    keep_one(&o->lr, one.lr);
    keep_one(&o->l2, one.l2);
    keep_one(&o->l1, one.l1);
    keep_one(&o->momentum, one.momentum);
    keep_one(&o->label_smoothing, one.smoothing);
    o->path = NULL;
    free(t->setting);
    return lg_settings_combine(&t->setting, &t->settings, o, err);
}

logit_status lg_folds_pick(lg_trainer *t, logit_error *err)
{
    lg_folds *f = t->folds;
    int order[LG_MAX_SETTINGS], good = 0;
    logit_setting *all = calloc((size_t)f->settings, sizeof *all);
    if (!all) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the means of the folds");
    for (int s = 0; s < f->settings; s++) {
        all[s] = sum_up(f, s);
        t->setting[s].val_loss = all[s].val_loss;
        t->setting[s].val_accuracy = all[s].val_accuracy;
        t->setting[s].stopped = all[s].diverged_step > 0 || !isfinite(all[s].val_loss);
        good += !t->setting[s].stopped;
    }
    lg_grid_rank(t, order);
    const int one_error = strcmp(t->options.pick, "1se") == 0;
    const int picked = one_error ? within_error(t, all, order[0]) : order[0];
    for (int i = 0; i < f->settings; i++) {
        f->outcome[i] = all[order[i]];
        f->outcome[i].rank = i;
        f->outcome[i].kept = order[i] == picked;
    }
    free(all);
    if (good == 0)
        LG_FAIL(err, LOGIT_E_DIVERGED,
                "the loss is not finite in some fold, with every setting; use a smaller --lr");
    return take(t, picked, err);
}

/* ----------------------------------------------------------------------------- what is told --- */

void lg_folds_unpick(const lg_folds *f, logit_options *o)
{
    if (!f) return;
    o->lr = f->options.lr;
    o->l2 = f->options.l2;
    o->l1 = f->options.l1;
    o->momentum = f->options.momentum;
    o->label_smoothing = f->options.label_smoothing;
    o->path = f->options.path;
}

int lg_folds_settings(const lg_folds *f)
{
    return f->settings;
}

logit_setting lg_folds_result(const lg_folds *f, int rank)
{
    return f->outcome[rank];
}

int lg_folds_figure(const lg_folds *f, int i, logit_fold *figure)
{
    if (!f || i / f->settings >= f->folds) return 0;
    const int fold = i / f->settings;
    int64_t all = 0;
    for (int j = 0; j < f->folds; j++) all += f->count[j];
    *figure = (logit_fold){.fold = fold + 1,
                           .folds = f->folds,
                           .settings = f->settings,
                           .train_count = all - f->count[fold],
                           .val_count = f->count[fold],
                           .seconds = f->seconds[fold],
                           .setting = &f->figure[i]};
    return 1;
}

void lg_folds_summarise(const lg_folds *f, logit_summary *summary)
{
    for (int i = 0; f && i < f->settings; i++) {
        if (!f->outcome[i].kept) continue;
        summary->setting = f->outcome[i].setting;
        summary->val_loss = f->outcome[i].val_loss;
        summary->val_accuracy = f->outcome[i].val_accuracy;
    }
}
