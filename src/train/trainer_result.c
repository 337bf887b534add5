/* trainer_result.c -- what the settings of a run came to: to the watch, and to RUN/metrics.jsonl.
 */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "train/settings.h"
#include "train/trainer.h"

static void add_number(lg_text *line, const char *name, double value)
{
    lg_text_add(line, ",\"%s\":", name);
    lg_text_add_number(line, value);
}

lg_text *lg_report_begin(lg_trainer *t)
{
    t->line.size = 0;
    return &t->line;
}

logit_status lg_report_line(lg_trainer *t, logit_error *err)
{
    lg_text_add(&t->line, "}");
    return lg_run_folder_add_line(t->folder, &t->line, err);
}

/* A line for every fold and setting. */
logit_status lg_report_folds(lg_trainer *t, logit_error *err)
{
    logit_fold f;
    for (int i = 0; lg_folds_figure(t->folds, i, &f); i++) {
        lg_text *line = lg_report_begin(t);
        lg_text_add(
            line,
            "{\"type\":\"fold\",\"epoch\":0,\"step\":0,\"fold\":%d,\"setting\":%d,\"ended\":\"%s\"",
            f.fold, f.setting->setting, f.setting->ended);
        add_number(line, "train_count", (double)f.train_count);
        add_number(line, "val_count", (double)f.val_count);
        add_number(line, "train_loss", f.setting->train_loss);
        add_number(line, "val_loss", f.setting->val_loss);
        add_number(line, "val_accuracy", f.setting->val_accuracy);
        if (f.setting->passes > 0) add_number(line, "passes", (double)f.setting->passes);
        LG_TRY(lg_report_line(t, err));
    }
    return LOGIT_OK;
}

logit_setting lg_trainer_result(const lg_trainer *t, int s, int rank, int kept)
{
    const lg_setting *setting = &t->setting[s];
    const lg_outcome out = lg_setting_outcome(t, s);
    logit_setting result = {.setting = s,
                            .rank = rank,
                            .lr = setting->lr,
                            .l2 = setting->l2,
                            .l1 = setting->l1,
                            .momentum = setting->momentum,
                            .label_smoothing = setting->smoothing,
                            .kept = s == kept,
                            .ended = setting->stopped  ? "diverged"
                                     : setting->rested ? "patience"
                                     : t->stopping     ? "stopped"
                                                       : "epochs",
                            .diverged_step = setting->stopped ? setting->bad_step + 1 : 0,
                            .epoch = out.epoch,
                            .epochs = out.epochs,
                            .train_loss = out.train_loss,
                            .val_loss = out.val_loss,
                            .val_accuracy = out.val_accuracy};
    lg_optimum_result(t, &result);
    return result;
}

/* With folds what they came to is told, else what the run did. */
static int settings_told(const lg_trainer *t)
{
    return t->folds ? lg_folds_settings(t->folds) : t->settings;
}

static logit_setting told(const lg_trainer *t, const int *order, int rank, int kept)
{
    return t->folds ? lg_folds_result(t->folds, rank)
                    : lg_trainer_result(t, order[rank], rank, kept);
}

void lg_trainer_tell_settings(const lg_trainer *t, int kept)
{
    int order[LG_MAX_SETTINGS];
    if (!t->watch || !t->watch->setting) return;
    lg_grid_rank(t, order);
    for (int i = 0; i < settings_told(t); i++) {
        const logit_setting result = told(t, order, i, kept);
        t->watch->setting(t->watch->user, &result);
    }
}

/* A line for each setting of a grid, best first. */
static logit_status write_settings(lg_trainer *t, int kept, logit_error *err)
{
    int order[LG_MAX_SETTINGS];
    lg_grid_rank(t, order);
    for (int i = 0; i < settings_told(t) && (t->folds || t->settings > 1); i++) {
        lg_text *line = lg_report_begin(t);
        const logit_setting r = told(t, order, i, kept);
        lg_text_add(line,
                    "{\"type\":\"setting\",\"setting\":%d,\"rank\":%d,\"kept\":%s,\"ended\":\"%s\","
                    "\"epoch\":%d,\"epochs\":%d,\"step\":%lld",
                    r.setting, r.rank, r.kept ? "true" : "false", r.ended, r.epoch, r.epochs,
                    (long long)t->step);
        if (r.diverged_step > 0) add_number(line, "diverged_step", (double)r.diverged_step);
        add_number(line, "lr", r.lr);
        add_number(line, "l2", r.l2);
        add_number(line, "l1", r.l1);
        add_number(line, "momentum", r.momentum);
        add_number(line, "label_smoothing", r.label_smoothing);
        add_number(line, "train_loss", r.train_loss);
        add_number(line, "val_loss", r.val_loss);
        add_number(line, "val_accuracy", r.val_accuracy);
        if (r.folds > 0) {
            add_number(line, "folds", r.folds);
            add_number(line, "val_loss_error", r.val_loss_error);
            add_number(line, "val_accuracy_error", r.val_accuracy_error);
        }
        if (t->optimum) {
            add_number(line, "objective", r.objective);
            add_number(line, "gap", r.gap);
            add_number(line, "passes", (double)r.passes);
            add_number(line, "zeros", (double)r.zeros);
        }
        LG_TRY(lg_report_line(t, err));
    }
    return LOGIT_OK;
}

/* The numbers under the pictures of weights. */
static void add_biases(const lg_trainer *t, lg_text *line)
{
    lg_text_add(line, ",\"bias\":[");
    for (int k = 0; k < t->outputs; k++) {
        lg_text_add(line, "%s", k ? "," : "");
        lg_text_add_number(line, (double)t->bias[k]);
    }
    lg_text_add(line, "]");
}

logit_status lg_report_end(lg_trainer *t, const logit_summary *summary, logit_error *err)
{
    logit_summary told = *summary;
    lg_folds_summarise(t->folds, &told);
    lg_trainer_tell_settings(t, summary->setting);
    LG_TRY(write_settings(t, summary->setting, err));
    lg_text *line = lg_report_begin(t);
    lg_text_add(line, "{\"type\":\"end\",\"epoch\":%d,\"step\":%lld,\"setting\":%d,\"stopped\":%s",
                t->epoch, (long long)t->step, told.setting, t->stopping ? "true" : "false");
    if (t->options.patience > 0)
        lg_text_add(line, ",\"kept_epoch\":%d,\"out_of_patience\":%s", summary->epoch,
                    summary->out_of_patience ? "true" : "false");
    add_number(line, "objective", summary->objective);
    add_number(line, "train_loss", summary->train_loss);
    add_number(line, "val_loss", told.val_loss);
    add_number(line, "val_accuracy", told.val_accuracy);
    if (summary->test_count > 0) {
        add_number(line, "test_loss", summary->test_loss);
        add_number(line, "test_accuracy", summary->test_accuracy);
    }
    if (t->optimum) lg_optimum_write(t, summary->setting, line);
    if (t->bias) add_biases(t, line);
    add_number(line, "bad", (double)summary->bad);
    add_number(line, "seconds", summary->seconds);
    return lg_report_line(t, err);
}
