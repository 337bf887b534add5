/* trainer_epoch.c -- the way of a minibatch: from the feed through a step to the totals. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stall.h"
#include "base/status.h"
#include "train/pass.h"
#include "train/trainer.h"

static const double REPORT_SECONDS = 0.1;
static const double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8; /* Kingma & Ba, arXiv:1412.6980 */

void lg_trainer_scalars(const lg_trainer *t, double weight, lg_scalars *scalars)
{
    const double factor = lg_schedule_factor(&t->rate, t->step);
    const double power = (double)t->step + 1.0;
    const int first = lg_optimum_first(t);
    for (int s = first; s < t->settings; s++) {
        const lg_setting *setting = &t->setting[s];
        scalars[s - first] =
            (lg_scalars){.lr = lg_setting_trains(t, s) ? setting->lr * factor : 0.0,
                         .l2 = setting->l2,
                         .decay = t->options.weight_decay,
                         .momentum = setting->momentum,
                         .smoothing = setting->smoothing,
                         .scale = weight > 0.0 ? 1.0 / weight : 0.0,
                         .beta1 = BETA1,
                         .beta2 = BETA2,
                         .epsilon = EPSILON,
                         .correct1 = 1.0 / (1.0 - pow(BETA1, power)),
                         .correct2 = 1.0 / (1.0 - pow(BETA2, power))};
    }
}

/* Name of the sample in row `row` of batch `batch` of the epoch that is running. */
static void name_sample(const lg_trainer *t, int64_t batch, int64_t row, char *out, size_t size)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    const int64_t at = batch * t->options.batch_size + row;
    char name[400];
    snprintf(out, size, "?");
    if (at < 0 || at >= lg_loader_count(train->loader)) return;
    const char *raw =
        train->set->ops->name(train->set, lg_loader_order(train->loader)[at], name, sizeof name);
    lg_text_escape(out, size, raw);
}

/* The latch holds the number of a minibatch of the run; steps that see the whole set have many. */
static int64_t batches_per_step(const lg_trainer *t)
{
    return lg_optims[t->optim].whole ? lg_loader_batches(t->sources.part[LG_PART_TRAIN].loader) : 1;
}

static logit_status diverged(const lg_trainer *t, int s, logit_error *err)
{
    const int64_t batches = lg_loader_batches(t->sources.part[LG_PART_TRAIN].loader);
    const int64_t number = t->total[s].bad_step;
    char sample[500];
    name_sample(t, number % batches, t->total[s].bad_row, sample, sizeof sample);
    LG_FAIL(err, LOGIT_E_DIVERGED,
            "the loss is not finite in step %lld of %lld (epoch %d), learning rate %g, first in "
            "sample %s; use a smaller --lr, or leave --lr out",
            (long long)(number / batches_per_step(t)) + 1, (long long)t->steps, t->epoch + 1,
            t->setting[s].lr, sample);
}

void lg_trainer_stop_setting(lg_trainer *t, int s, int64_t step)
{
    lg_setting *setting = &t->setting[s];
    setting->stopped = 1;
    setting->bad_step = step;
    setting->train_loss = setting->val_loss = setting->val_accuracy = NAN;
    if (t->settings > 1)
        lg_report_message(t->watch, LOGIT_LEVEL_WARNING,
                          "setting %d (lr %g, l2 %g) diverged in step %lld and is left out", s,
                          setting->lr, setting->l2, (long long)step + 1);
}

/* Looks at the latch of every setting; fails if no setting is left. */
static logit_status look_for_divergence(lg_trainer *t, logit_error *err)
{
    int alive = 0, last = 0;
    if (t->optimum) return LOGIT_OK; /* a trial too far is no misfortune */
    for (int s = 0; s < t->settings; s++) {
        if (lg_setting_trains(t, s) && t->total[s].bad_step >= 0) {
            lg_trainer_stop_setting(t, s, t->total[s].bad_step / batches_per_step(t));
            last = s;
        }
        alive += !t->setting[s].stopped;
    }
    return alive > 0 ? LOGIT_OK : diverged(t, last, err);
}

static logit_status read_totals(lg_trainer *t, logit_error *err)
{
    LG_TRY(lg_problem_read_totals(t->problem, t->total, err));
    return look_for_divergence(t, err);
}

/* Steps since a line of the record could stand the last time; 0 where none can.  On a device that
 * takes many steps in one go that is where such a go ends, even while they are taken singly, as
 * they are until all has been read: where lines stand depends on the number of the step alone. */
static int64_t steps_since_line(const lg_trainer *t)
{
    const int64_t samples = LG_BURST_STEPS * t->options.batch_size;
    const int64_t count = lg_loader_count(t->sources.part[LG_PART_TRAIN].loader);
    if (!t->burst || t->epoch_samples > count - count % samples) return 1;
    return t->epoch_samples % samples == 0 ? LG_BURST_STEPS : 0;
}

/* A line of the record for each setting, after every options.log_steps. */
static logit_status log_steps(lg_trainer *t, logit_error *err)
{
    const int64_t every = t->options.log_steps, before = t->step - steps_since_line(t);
    if (every == 0 || !t->folder || t->step / every == before / every) return LOGIT_OK;
    LG_TRY(read_totals(t, err));
    return lg_report_steps(t, err);
}

/* The step is over at last.  While samples do not come the loader says so itself (loader_stall.c);
 * what else takes long is not known before it is over: the device, or samples that this thread
 * reads. */
static void look_for_stall(lg_trainer *t, double now)
{
    const double waited = lg_loader_waited(t->sources.part[LG_PART_TRAIN].loader);
    const double took = now - t->looked_at, slept = waited - t->waited;
    t->looked_at = now;
    t->waited = waited;
    if (t->patience == 0.0) t->patience = lg_stall_seconds();
    if (took - slept < t->patience) return;
    lg_report_message(t->watch, LOGIT_LEVEL_WARNING,
                      "step %lld of %lld took %.3g s, %.3g s of them without a sample to work on; "
                      "the rest went by on %s",
                      (long long)t->step, (long long)t->steps, took, slept, t->device);
    t->patience *= 2.0;
}

/* Whether to stop, and to save; every tenth of a second totals and progress.  What is computed does
 * not depend on when this happens. */
static logit_status look_around(lg_trainer *t, logit_error *err)
{
    const double now = lg_seconds();
    look_for_stall(t, now);
    if (t->watch && t->watch->stop && t->watch->stop(t->watch->user)) t->stopping = 1;
    if (t->watch && t->watch->save && t->watch->save(t->watch->user))
        t->save_is_asked = t->folder != NULL; /* a fold has none, and tells its run */
    if (now - t->last_report < REPORT_SECONDS) return LOGIT_OK;
    t->last_report = now;
    LG_TRY(read_totals(t, err));
    lg_report_progress(t, lg_loader_waited(t->sources.part[LG_PART_TRAIN].loader));
    return LOGIT_OK;
}

double lg_batch_weight(const lg_minibatch *mini)
{
    if (!mini->weight) return (double)mini->count;
    double sum = 0.0;
    for (int64_t i = 0; i < mini->count; i++) sum += mini->weight[mini->row ? mini->row[i] : i];
    return sum;
}

/* One minibatch, one step. */
static logit_status small_step(lg_trainer *t, const lg_minibatch *mini, lg_scalars *scalars,
                               logit_error *err)
{
    lg_step *step = &t->problem->step;
    const double weight = lg_batch_weight(mini);
    lg_trainer_scalars(t, weight, scalars);
    LG_TRY(lg_feed_send(t->feed[LG_PART_TRAIN], step, err));
    step->number = t->step++;
    t->epoch_weight += weight;
    return lg_backend_train_step(t->backend, step, err);
}

/* 1 if the epoch has whole batches for a burst left, and stands where one ends or it begins. */
static int has_burst(const lg_trainer *t)
{
    const int64_t samples = LG_BURST_STEPS * t->options.batch_size;
    return t->burst && lg_feed_is_complete(t->feed[LG_PART_TRAIN]) &&
           t->epoch_samples % samples == 0 &&
           t->epoch_samples + samples <= lg_loader_count(t->sources.part[LG_PART_TRAIN].loader);
}

/* Takes the next minibatch of the epoch as step i of a burst. */
static logit_status add_to_burst(lg_trainer *t, lg_burst_fill fill, int64_t i, logit_error *err)
{
    lg_loader *loader = t->sources.part[LG_PART_TRAIN].loader;
    const int64_t batch = t->options.batch_size;
    const lg_minibatch *mini;
    LG_TRY(lg_loader_next(loader, &mini, err));
    const double weight = lg_batch_weight(mini);
    lg_trainer_scalars(t, weight, fill.scalars + i * t->settings);
    lg_feed_rows(t->feed[LG_PART_TRAIN], mini, fill.row + i * batch);
    t->step++;
    t->epoch_weight += weight;
    t->epoch_samples += mini->count;
    lg_loader_release(loader, mini);
    return LOGIT_OK;
}

/* LG_BURST_STEPS minibatches, as many steps, one call of the device. */
static logit_status run_burst(lg_trainer *t, logit_error *err)
{
    lg_burst_fill fill;
    LG_TRY(lg_burst_begin(t->burst, &fill, err));
    *fill.before = t->step;
    for (int64_t i = 0; i < LG_BURST_STEPS; i++) LG_TRY(add_to_burst(t, fill, i, err));
    lg_feed_point(t->feed[LG_PART_TRAIN], &t->problem->step);
    return lg_burst_run(t->burst, &t->problem->step, err);
}

/* One minibatch of a step that sees the whole set: gradients are added up, the last one steps. */
static logit_status part_of_step(lg_trainer *t, const lg_minibatch *mini, lg_scalars *scalars,
                                 logit_error *err)
{
    lg_problem view = lg_optimum_view(t);
    lg_step *step = &view.step;
    lg_trainer_scalars(t, t->mass.sum, scalars);
    LG_TRY(lg_feed_send(t->feed[LG_PART_TRAIN], step, err));
    step->number = t->step * batches_per_step(t) + mini->number;
    step->accumulate = mini->number > 0;
    t->epoch_weight += lg_batch_weight(mini);
    step->gradient_only = 1;
    LG_TRY(lg_backend_train_step(t->backend, step, err));
    step->accumulate = step->gradient_only = 0;
    if (mini->number + 1 < lg_loader_batches(t->sources.part[LG_PART_TRAIN].loader))
        return LOGIT_OK;
    t->step++;
    return t->optimum ? LOGIT_OK : t->backend->ops->update(t->backend, step, err);
}

/* At its beginning, or in the middle, where a checkpoint put the totals and their weight back. */
static logit_status begin_epoch(lg_trainer *t, logit_error *err)
{
    const int64_t first = t->first_batch, count = t->sources.part[LG_PART_TRAIN].count;
    t->epoch_started = lg_seconds();
    t->first_batch = 0;
    t->epoch_samples = first * t->options.batch_size;
    if (t->epoch_samples > count) t->epoch_samples = count;
    t->epoch_before = t->epoch_samples;
    if (first == 0) {
        t->epoch_weight = 0.0;
        LG_TRY(lg_problem_clear_totals(t->problem, err));
    }
    lg_loader_augment(t->sources.part[LG_PART_TRAIN].loader, 1);
    const uint32_t order = t->optimum ? 0 : (uint32_t)t->epoch;
    const logit_status status = lg_feed_start(t->feed[LG_PART_TRAIN], order, first, err);
    lg_loader_augment(t->sources.part[LG_PART_TRAIN].loader, 0); /* other passes are not */
    t->looked_at = lg_seconds();
    t->waited = 0.0;
    return status;
}

/* After a step: progress, and a checkpoint if it is time for one. */
static logit_status after_step(lg_trainer *t, logit_error *err)
{
    if (!lg_optims[t->optim].whole) LG_TRY(log_steps(t, err));
    LG_TRY(look_around(t, err));
    if (lg_optims[t->optim].whole) return LOGIT_OK; /* saved between epochs */
    return lg_checkpoint_save_if_due(t, err);
}

logit_status lg_trainer_run_epoch(lg_trainer *t, logit_error *err)
{
    lg_feed *feed = t->feed[LG_PART_TRAIN];
    const lg_minibatch *mini;
    lg_scalars *scalars;
    const int whole = lg_optims[t->optim].whole;
    LG_TRY(begin_epoch(t, err));
    while (!t->stopping) {
        if (has_burst(t)) {
            LG_TRY(run_burst(t, err));
            LG_TRY(after_step(t, err));
            continue;
        }
        LG_TRY(lg_feed_next(feed, &mini, &scalars, err));
        if (!mini) break;
        LG_TRY(whole ? part_of_step(t, mini, scalars, err) : small_step(t, mini, scalars, err));
        t->epoch_samples += mini->count;
        LG_TRY(lg_feed_done(feed, err));
        LG_TRY(after_step(t, err));
    }
    t->epoch_seconds = lg_seconds() - t->epoch_started;
    LG_TRY(read_totals(t, err));
    for (int s = 0; s < t->settings && !t->optimum; s++)
        if (lg_setting_trains(t, s)) t->setting[s].train_loss = t->total[s].loss / t->epoch_weight;
    return LOGIT_OK;
}

logit_status lg_trainer_validate(lg_trainer *t, logit_error *err)
{
    if (!t->sources.part[LG_PART_VAL].set || t->is_fold) return LOGIT_OK;
    logit_score *score = calloc((size_t)t->settings, sizeof *score);
    if (!score) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the validation figures");
    lg_problem view = lg_optimum_view(t);
    const int first = lg_optimum_first(t);
    const lg_pass_input pass = {
        .problem = &view, .feed = t->feed[LG_PART_VAL], .classes = t->classes, .brief = 1};
    const logit_status status = lg_pass_score(&pass, score, err);
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++) {
        if (!lg_setting_trains(t, s) || (t->optimum && !lg_optimum_has_moved(t, s))) continue;
        t->setting[s].val_loss = score[s - first].loss;
        t->setting[s].val_accuracy = score[s - first].accuracy;
    }
    for (int s = 0; s < t->settings; s++) logit_score_clear(&score[s]);
    free(score);
    if (status == LOGIT_E_STOPPED) t->stopping = 1; /* while the part was read for the first time */
    return t->stopping ? LOGIT_OK : status;
}
