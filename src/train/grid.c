/* grid.c -- settings compared by what they do on the validation part. */
/* SPDX-License-Identifier: MIT */
#include "train/grid.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "train/path.h"
#include "train/trainer.h"

int lg_setting_trains(const lg_trainer *t, int s)
{
    return !t->setting[s].stopped && !t->setting[s].rested;
}

int lg_grid_trains(const lg_trainer *t)
{
    for (int s = 0; s < t->settings; s++)
        if (lg_setting_trains(t, s)) return 1;
    return 0;
}

int lg_setting_trained(const lg_trainer *t, int s)
{
    const lg_setting *setting = &t->setting[s];
    if (t->optimum && !lg_optimum_took_part(t, s)) return 0;
    const int64_t last = setting->stopped  ? setting->bad_step / t->steps_per_epoch + 1
                         : setting->rested ? setting->rested
                                           : INT_MAX;
    return t->epoch <= last;
}

lg_outcome lg_setting_outcome(const lg_trainer *t, int s)
{
    const lg_setting *setting = &t->setting[s];
    lg_outcome out = {.epoch = t->epoch,
                      .epochs = t->epoch,
                      .steps = t->step,
                      .train_loss = setting->train_loss,
                      .val_loss = setting->val_loss,
                      .val_accuracy = setting->val_accuracy};
    if (t->optimum && lg_path_is_asked(&t->options)) { /* its own share of the passes */
        out.steps = lg_optimum_passes(t, s);
        out.epoch = out.epochs = (int)out.steps;
    }
    if (setting->stopped) { /* complete ones */
        out.epoch = out.epochs = (int)(setting->bad_step / t->steps_per_epoch);
        out.steps = setting->bad_step;
    }
    if (setting->rested > 0) {
        out.epoch = out.epochs = setting->rested;
        out.steps = setting->rested * t->steps_per_epoch;
    }
    if (setting->best_epoch > 0 && !setting->stopped) {
        out.epoch = setting->best_epoch;
        out.train_loss = setting->best_train_loss;
        out.val_loss = setting->best_val_loss;
        out.val_accuracy = setting->best_val_accuracy;
    }
    return out;
}

int lg_grid_is_better(const lg_trainer *t, double loss, double accuracy, double than_loss,
                      double than_accuracy)
{
    if (strcmp(t->options.metric, "accuracy") == 0)
        return accuracy > than_accuracy || (!isnan(accuracy) && isnan(than_accuracy));
    return loss < than_loss || (!isnan(loss) && isnan(than_loss));
}

/* 1 if setting a comes before b, where a < b would not have to. */
static int comes_before(const lg_trainer *t, int a, int b)
{
    const lg_outcome x = lg_setting_outcome(t, a), y = lg_setting_outcome(t, b);
    if (t->setting[a].stopped != t->setting[b].stopped) return t->setting[b].stopped;
    if (t->setting[a].stopped) return 0;
    if (lg_grid_is_better(t, x.val_loss, x.val_accuracy, y.val_loss, y.val_accuracy)) return 1;
    if (lg_grid_is_better(t, y.val_loss, y.val_accuracy, x.val_loss, x.val_accuracy)) return 0;
    return x.val_loss < y.val_loss; /* as accurate, and surer */
}

void lg_grid_rank(const lg_trainer *t, int *order)
{
    for (int s = 0; s < t->settings; s++) {
        int at = s;
        for (; at > 0 && comes_before(t, s, order[at - 1]); at--) order[at] = order[at - 1];
        order[at] = s;
    }
}

int lg_grid_best(const lg_trainer *t)
{
    int best = 0;
    for (int s = 1; s < t->settings; s++)
        if (comes_before(t, s, best)) best = s;
    return best;
}
