/* separation.c -- see separation.h. */
/* SPDX-License-Identifier: MIT */
#include "train/separation.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "train/pass.h"
#include "train/trainer.h"

static const double OTHER_SIDE = 0.69; /* below log 2 by more than float32 rounds a loss */

int lg_separation_is_possible(const lg_trainer *t, int s)
{
    const lg_setting *setting = &t->setting[s];
    return !setting->stopped && setting->l2 == 0.0 && setting->l1 == 0.0 &&
           setting->smoothing == 0.0 && t->loss != LG_LOSS_MSE &&
           t->sources.part[LG_PART_TRAIN].set->label != NULL;
}

double lg_separation_least(const lg_trainer *t)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    double least = INFINITY;
    for (int64_t i = 0; i < train->count; i++) {
        const int64_t sample = train->only ? train->only[i] : i;
        const double w = train->set->weight ? (double)train->set->weight[sample] : 1.0;
        if (w > 0.0 && w < least) least = w;
    }
    return least;
}

int lg_separation_shows(const lg_trainer *t, int s, double loss_sum)
{
    return lg_separation_is_possible(t, s) && loss_sum < t->least_weight * OTHER_SIDE;
}

static void warn(const lg_trainer *t, int s)
{
    char which[40] = "";
    if (t->settings > 1) snprintf(which, sizeof which, "setting %d: ", s);
    lg_report_message(
        t->watch, LOGIT_LEVEL_WARNING,
        "%sthe classes can be separated: every training sample is on its side, so the "
        "loss falls towards 0 as the weights grow, and there is no optimum; give an "
        "--l2 above 0",
        which);
}

logit_status lg_separation_look(lg_trainer *t, logit_error *err)
{
    int possible = 0;
    for (int s = 0; s < t->settings; s++)
        possible |= lg_separation_is_possible(t, s) && t->setting[s].train_loss < OTHER_SIDE;
    if (!possible) return LOGIT_OK;
    double *worst = calloc((size_t)t->settings, sizeof *worst);
    if (!worst) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the largest losses");
    const lg_pass_input pass = {.problem = t->problem,
                                .feed = t->feed[LG_PART_TRAIN],
                                .total = t->sources.part[LG_PART_TRAIN].count,
                                .watch = t->watch};
    const logit_status status = lg_pass_worst(&pass, worst, err);
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++) {
        if (!lg_separation_is_possible(t, s) || !(worst[s] < OTHER_SIDE)) continue;
        if (t->optimum) lg_optimum_separated(t, s);
        warn(t, s);
    }
    free(worst);
    if (status == LOGIT_E_STOPPED) t->stopping = 1; /* only the word about it is lost */
    return t->stopping ? LOGIT_OK : status;
}
