/* checkpoint.c -- where the run stands, written in turns. */
/* SPDX-License-Identifier: MIT */
#include "train/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stall.h"
#include "base/status.h"
#include "train/checkpoint_parts.h"
#include "train/run_options.h"
#include "train/trainer.h"

static const double LEAST_SHARE = 100.0; /* time between two saves, in times of saving */

/* --------------------------------------------------------------------------- what is saved --- */

static void add_number(lg_text *out, const char *name, double value)
{
    lg_text_add(out, ",\"%s\":", name);
    lg_text_add_number(out, value);
}

static void add_settings(const lg_trainer *t, lg_text *out)
{
    lg_text_add(out, ",\"settings\":[");
    for (int s = 0; s < t->settings; s++) {
        const lg_setting *setting = &t->setting[s];
        const double numbers[] = {setting->train_loss,    setting->val_loss,
                                  setting->val_accuracy,  setting->rested,
                                  setting->best_epoch,    setting->best_train_loss,
                                  setting->best_val_loss, setting->best_val_accuracy};
        lg_text_add(out, "%s[%d,%lld", s ? "," : "", setting->stopped,
                    (long long)setting->bad_step);
        for (int i = 0; i < LG_CHECKPOINT_NUMBERS - 2; i++) {
            lg_text_add(out, ",");
            lg_text_add_number(out, numbers[i]);
        }
        lg_text_add(out, "]");
    }
    lg_text_add(out, "]");
}

static void add_summary(const logit_summary *summary, lg_text *out)
{
    add_number(out, "objective", summary->objective);
    add_number(out, "test_count", (double)summary->test_count);
    add_number(out, "test_loss", summary->test_loss);
    add_number(out, "test_accuracy", summary->test_accuracy);
    add_number(out, "kept", summary->setting);
    add_number(out, "bad", (double)summary->bad);
}

/* 1 where the epoch is gone on with from where it stands, 0 from its beginning: a step that sees
 * the whole set has no middle, only an end. */
static int has_middle(const lg_trainer *t)
{
    if (t->optimum) return 0; /* a pass counts once lbfgs has been told of it */
    if (!lg_optims[t->optim].whole) return t->epoch_samples > 0;
    return t->epoch_samples >= t->sources.part[LG_PART_TRAIN].count;
}

static int64_t batches_done(const lg_trainer *t)
{
    const int64_t batch = t->options.batch_size;
    return has_middle(t) ? (t->epoch_samples + batch - 1) / batch : 0;
}

static void write_head(const lg_trainer *t, const logit_summary *summary, lg_text *out)
{
    lg_text_add(out, "{\"version\":\"%s\",\"device\":", LOGIT_VERSION);
    lg_text_add_json(out, t->device);
    lg_text_add(out, ",\"data\":\"%s\",\"options\":", t->data_identity);
    lg_run_options_write(&t->asked, out);
    add_number(out, "epochs", t->options.epochs);
    add_number(out, "finished", summary ? 1 : 0);
    add_number(out, "optimum", t->optimum && lg_optimum_is_done(t) ? 1 : 0);
    add_number(out, "epoch", t->epoch);
    add_number(out, "step", (double)(t->optimum ? t->epoch : t->step));
    add_number(out, "batch", (double)batches_done(t));
    add_number(out, "weight", has_middle(t) ? t->epoch_weight : 0.0);
    add_number(out, "seconds", t->saving.seconds_before + lg_seconds() - t->started);
    add_number(
        out, "metrics",
        (double)(t->metrics_bytes > 0 ? t->metrics_bytes : lg_run_folder_metrics_bytes(t->folder)));
    if (!t->problem) add_number(out, "folds", lg_folds_complete(t->folds));
    add_settings(t, out);
    if (summary) add_summary(summary, out);
    lg_text_add(out, "}");
}

void lg_checkpoint_path(const char *folder, int which, char *out)
{
    snprintf(out, LG_CHECKPOINT_PATH, "%s/checkpoint.%d", folder, which);
}

/* Bytes of the run's own training: 0 while it is still at its folds. */
static size_t training_bytes(const lg_trainer *t)
{
    return t->problem ? lg_problem_state_bytes(t->problem) + lg_optimum_state_bytes(t) +
                            lg_patience_bytes(t)
                      : 0;
}

static logit_status get_training(const lg_trainer *t, char *state, logit_error *err)
{
    const size_t kept = lg_patience_bytes(t);
    LG_TRY(lg_problem_get_state(t->problem, state, err));
    lg_optimum_get_state(t, state + lg_problem_state_bytes(t->problem));
    if (kept) memcpy(state + training_bytes(t) - kept, lg_patience_kept(t), kept);
    return LOGIT_OK;
}

/* Everything of saving->state. */
static logit_status get_state(const lg_trainer *t, lg_saving *saving, logit_error *err)
{
    const size_t training = training_bytes(t), bytes = training + lg_folds_state_bytes(t->folds);
    if (saving->state_bytes != bytes) {
        free(saving->state);
        saving->state = malloc(bytes);
        saving->state_bytes = saving->state ? bytes : 0;
    }
    if (!saving->state)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a checkpoint of %zu bytes", bytes);
    if (t->folds) lg_folds_get_state(t->folds, (char *)saving->state + training);
    return t->problem ? get_training(t, saving->state, err) : LOGIT_OK;
}

logit_status lg_checkpoint_save(lg_trainer *t, const logit_summary *summary, logit_error *err)
{
    lg_saving *saving = &t->saving;
    lg_text head = {0};
    char path[LG_CHECKPOINT_PATH];
    const double began = lg_seconds();
    LG_TRY(get_state(t, saving, err));
    LG_TRY(lg_run_folder_sync(t->folder, err));
    write_head(t, summary, &head);
    lg_checkpoint_path(lg_run_folder_path(t->folder), saving->next, path);
    const logit_status status =
        lg_checkpoint_file_write(path, &head, saving->state, saving->state_bytes, err);
    lg_text_clear(&head);
    LG_TRY(status);
    saving->next = 1 - saving->next;
    saving->saved_step = t->step;
    saving->saved_folds = t->folds ? lg_folds_complete(t->folds) : 0;
    saving->saved_at = lg_seconds();
    saving->cost = saving->saved_at - began;
    t->looked_at += saving->cost; /* the step that follows had no part in it */
    if (saving->cost >= lg_stall_seconds())
        lg_report_message(t->watch, LOGIT_LEVEL_WARNING, "saving a checkpoint in %s took %.3g s",
                          lg_text_escape(path, sizeof path, lg_run_folder_path(t->folder)),
                          saving->cost);
    return LOGIT_OK;
}

double lg_checkpoint_interval(const logit_options *options, double cost)
{
    return fmax(options->checkpoint_seconds, LEAST_SHARE * cost);
}

logit_status lg_checkpoint_save_as_asked(lg_trainer *t, logit_error *err)
{
    char path[LG_CHECKPOINT_PATH], name[LG_CHECKPOINT_PATH];
    t->save_is_asked = 0;
    lg_checkpoint_path(lg_run_folder_path(t->folder), t->saving.next, path);
    LG_TRY(lg_checkpoint_save(t, NULL, err));
    lg_text_escape(name, sizeof name, path);
    if (t->problem)
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE,
                          "saved after step %lld of %lld and going on: %s", (long long)t->step,
                          (long long)t->steps, name);
    else
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "saved after fold %d and going on: %s",
                          lg_folds_complete(t->folds), name);
    return LOGIT_OK;
}

logit_status lg_checkpoint_save_if_due(lg_trainer *t, logit_error *err)
{
    const lg_saving *saving = &t->saving;
    const logit_options *o = &t->options;
    if (t->save_is_asked) return lg_checkpoint_save_as_asked(t, err);
    if (o->checkpoint_steps > 0)
        return !t->problem || t->step - saving->saved_step >= o->checkpoint_steps
                   ? lg_checkpoint_save(t, NULL, err)
                   : LOGIT_OK;
    const double since = lg_seconds() - (saving->saved_at > 0.0 ? saving->saved_at : t->started);
    if (since < lg_checkpoint_interval(o, saving->cost)) return LOGIT_OK;
    return lg_checkpoint_save(t, NULL, err);
}

void lg_checkpoint_clear(lg_saving *saving)
{
    lg_checkpoint_file_clear(&saving->from);
    free(saving->state);
    *saving = (lg_saving){0};
}
