/* trainer_choose.c -- what nobody gave: l2, epochs, schedule, learning rates. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/curvature.h"
#include "train/trainer.h"

enum { MIN_EPOCHS = 20, MIN_STEPS = 3000, WHOLE_EPOCHS = 500, OPTIMUM_EPOCHS = 1000 };

/* Who gives a learning rate means that one; one that was chosen falls to zero. */
logit_status lg_trainer_choose_schedule(lg_trainer *t, logit_error *err)
{
    t->rate.schedule = t->options.lr.count > 0 || lg_optimum_is_asked(&t->options)
                           ? LG_SCHEDULE_CONST
                           : LG_SCHEDULE_COSINE;
    if (strcmp(t->options.schedule, "auto") != 0)
        t->rate.schedule = lg_schedule_find(t->options.schedule);
    t->options.schedule = lg_schedule_name((int)t->rate.schedule);
    if (t->options.step_every > 0 && t->rate.schedule != LG_SCHEDULE_STEP)
        LG_FAIL(err, LOGIT_E_USAGE, "--step-every %d: the schedule is %s; give --schedule step",
                t->options.step_every, t->options.schedule);
    return LOGIT_OK;
}

/* What was left open, as docs/defaults.md measured it.  l2: 1e-6 of a sample's mean squared length,
 * so that a change of scale or size changes nothing.  epochs: 20, or more where those are fewer
 * than 3000 steps; 500 for whole sets. */
static void choose_l2_and_epochs(lg_trainer *t)
{
    if (t->options.l2.count == 0) {
        t->options.l2 = (logit_list){1, {1e-6 * t->mean_square}};
        for (int s = 0; s < t->settings; s++) t->setting[s].l2 = t->options.l2.value[0];
    }
    if (t->options.epochs == 0) {
        const int64_t enough = (MIN_STEPS + t->steps_per_epoch - 1) / t->steps_per_epoch;
        t->options.epochs = lg_optimum_is_asked(&t->options) ? OPTIMUM_EPOCHS
                            : lg_optims[t->optim].whole      ? WHOLE_EPOCHS
                            : enough > MIN_EPOCHS            ? (int)enough
                                                             : MIN_EPOCHS;
    }
    t->steps = t->steps_per_epoch * lg_optimum_most_passes(t);
}

/* The schedule over the steps that there will be; the rate of --schedule step falls twice, after
 * each third of the run, where nothing else is asked for. */
static logit_status plan_rate(lg_trainer *t, logit_error *err)
{
    enum { STRETCHES = 3 };
    logit_options *o = &t->options;
    if (t->rate.schedule == LG_SCHEDULE_STEP && o->step_every == 0)
        o->step_every = (o->epochs + STRETCHES - 1) / STRETCHES;
    if (o->warmup > o->epochs)
        LG_FAIL(err, LOGIT_E_USAGE, "--warmup %g: the run has %d epochs", o->warmup, o->epochs);
    t->rate.steps = t->steps;
    t->rate.steps_per_epoch = t->steps_per_epoch;
    t->rate.warmup = llround(o->warmup * (double)t->steps_per_epoch);
    t->rate.every = o->step_every;
    t->rate.by = o->step_factor;
    return LOGIT_OK;
}

/* L, from a sample of the data. */
static logit_status measure_curvature(lg_trainer *t, logit_error *err)
{
    int64_t used;
    const lg_normal normal = lg_trainer_normal(t);
    const lg_curvature_input input = {
        .backend = t->backend,
        .loader = t->sources.part[LG_PART_TRAIN].loader,
        .features = t->features,
        .batch = lg_eval_batch_of(lg_feature_map_lift(t->map), t->features),
        .normal = &normal,
        .lift = lg_feature_map_lift(t->map),
        .loss = t->loss,
        .seed = t->options.seed,
        .watch = t->watch};
    return lg_curvature_measure(&input, &t->curvature, &used, err);
}

/* Learning rates that were left open.  gd and sgd: 1/L for the objective with its l2, less with
 * momentum, whose steps add up to 1/(1 - mu) of one.  adam: min(2e-3, 10/D). */
static logit_status choose_lr(lg_trainer *t, logit_error *err)
{
    t->curvature = NAN;
    if (t->options.lr.count > 0 || lg_optimum_is_asked(&t->options)) return LOGIT_OK;
    const int adam = t->optim == LG_OPTIM_ADAM;
    if (!adam) LG_TRY(measure_curvature(t, err));
    for (int s = 0; s < t->settings; s++) {
        lg_setting *setting = &t->setting[s];
        setting->lr = adam ? fmin(2e-3, 10.0 / (double)t->features)
                           : (1.0 - setting->momentum) / (t->curvature + setting->l2);
    }
    for (int s = 1; s < t->settings; s++) /* several rates stay "auto" in the record */
        if (t->setting[s].lr != t->setting[0].lr) return LOGIT_OK;
    t->options.lr = (logit_list){1, {t->setting[0].lr}};
    return LOGIT_OK;
}

logit_status lg_trainer_choose_rest(lg_trainer *t, logit_error *err)
{
    choose_l2_and_epochs(t);
    LG_TRY(plan_rate(t, err));
    return choose_lr(t, err);
}
