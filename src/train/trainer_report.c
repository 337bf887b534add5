/* trainer_report.c -- what a run tells: to the watch, and to RUN/metrics.jsonl. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/settings.h"
#include "train/trainer.h"

void lg_report_message(const logit_watch *watch, logit_level level, const char *format, ...)
{
    char text[1200];
    va_list arguments;
    if (!watch || !watch->message) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    watch->message(watch->user, level, text);
}

/* Its values, of a long one the first two and the last. */
static void add_list(lg_text *text, const logit_list *list)
{
    enum { SHORT = 8, FIRST = 2 };
    const int all = list->count <= SHORT;
    for (int i = 0; i < (all ? list->count : FIRST); i++)
        lg_text_add(text, "%s%.6g", i ? "," : "", list->value[i]);
    if (!all) lg_text_add(text, ",..,%.6g", list->value[list->count - 1]);
}

/* The loss of a sample; one output needs no index j and no sum over it. */
static void add_formula(lg_text *text, const char *formula, int outputs)
{
    if (outputs > 1) {
        lg_text_add(text, "%s", formula);
        return;
    }
    if (strncmp(formula, "sum_j ", 6) == 0) formula += 6;
    for (const char *c = formula; *c; c++) {
        if (strncmp(c, "_j", 2) == 0)
            c++;
        else
            lg_text_add(text, "%c", *c);
    }
}

/* J with its numbers: "J = (1/54000) sum_i [...] + (0.0001/2) |W|^2". */
static void describe_objective(lg_trainer *t)
{
    const logit_options *o = &t->options;
    const int weighted = t->sources.part[LG_PART_TRAIN].set->weight != NULL;
    int penalised = 0, smoothed = 0, thinned = 0;
    for (int i = 0; i < o->l1.count; i++) thinned |= o->l1.value[i] > 0.0;
    for (int i = 0; i < o->l2.count; i++) penalised |= o->l2.value[i] > 0.0;
    for (int i = 0; i < o->label_smoothing.count; i++)
        smoothed |= o->label_smoothing.value[i] > 0.0;
    lg_text_add(&t->objective, "J = (1/%.10g) sum_i %s[", t->mass.sum, weighted ? "w_i " : "");
    add_formula(&t->objective, lg_losses[t->loss].formula, t->outputs);
    lg_text_add(&t->objective, "]");
    if (penalised) {
        lg_text_add(&t->objective, " + (");
        add_list(&t->objective, &o->l2);
        lg_text_add(&t->objective, "/2) |W|^2");
    }
    if (thinned) {
        lg_text_add(&t->objective, o->l1.count > 1 ? " + (" : " + ");
        add_list(&t->objective, &o->l1);
        lg_text_add(&t->objective, "%s |W|_1", o->l1.count > 1 ? ")" : "");
    }
    if (smoothed) {
        lg_text_add(&t->objective, ", labels smoothed by ");
        add_list(&t->objective, &o->label_smoothing);
    }
    if (t->sources.part[LG_PART_TRAIN].balanced)
        lg_text_add(&t->objective, ", estimated on balanced draws of i");
}

static void describe_plan(lg_trainer *t)
{
    char text[400];
    lg_loader_describe(t->sources.part[LG_PART_TRAIN].loader, text, sizeof text);
    static const char *const order[] = {"shuffled in full", "shuffled in blocks", "not shuffled"};
    const int balanced = t->sources.part[LG_PART_TRAIN].balanced;
    lg_text_add(&t->plan, "%s; %s", text, balanced ? "drawn, classes alike" : order[t->shuffle]);
    if (t->options.flip) lg_text_add(&t->plan, ", mirrored");
    if (t->options.shift > 0) lg_text_add(&t->plan, ", moved by up to %d", t->options.shift);
    if (t->mapped[0]) lg_text_add(&t->plan, "; %s", t->mapped);
    if (t->placed[0]) lg_text_add(&t->plan, "; %s", t->placed);
}

logit_status lg_report_describe(lg_trainer *t, logit_error *err)
{
    describe_objective(t);
    describe_plan(t);
    if (t->objective.failed || t->plan.failed)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the run's description");
    return LOGIT_OK;
}

static void add_number(lg_text *line, const char *name, double value)
{
    lg_text_add(line, ",\"%s\":", name);
    lg_text_add_number(line, value);
}

/* Nothing where it was not given. */
static void add_word(lg_text *line, const char *name, const char *word)
{
    if (!word) return;
    lg_text_add(line, ",\"%s\":", name);
    lg_text_add_json(line, word);
}

static logit_status write_start(lg_trainer *t, logit_error *err)
{
    lg_text *line = lg_report_begin(t);
    lg_text_add(line,
                "{\"type\":\"start\",\"epoch\":0,\"step\":0,\"version\":\"%s\",\"loss\":\"%s\""
                ",\"optimizer\":\"%s\",\"device\":",
                LOGIT_VERSION, t->options.loss, t->options.optimizer);
    lg_text_add_json(line, t->device);
    lg_text_add(line, ",\"data\":");
    lg_text_add_json(line, t->path);
    lg_text_add(line, ",\"objective\":");
    lg_text_add_json(line, t->objective.data);
    for (int i = 0; i < LG_PART_COUNT; i++) {
        char name[24];
        snprintf(name, sizeof name, "%s_count", lg_part_names[i]);
        add_number(line, name, (double)t->sources.part[i].count);
    }
    add_number(line, "classes", t->classes);
    add_number(line, "outputs", t->outputs);
    add_number(line, "features", (double)t->features);
    add_number(line, "settings", t->settings);
    add_number(line, "curvature", t->curvature);
    if (t->asked.folds > 0) add_number(line, "folds", t->asked.folds);
    add_word(line, "path", t->asked.path);
    add_word(line, "val", t->asked.val);
    add_word(line, "test", t->asked.test);
    add_word(line, "only", t->asked.classes);
    add_word(line, "map", t->options.features);
    return lg_report_line(t, err);
}

logit_status lg_report_start(lg_trainer *t, logit_error *err)
{
    if (!t->rehearsal && !t->resumed) {
        LG_TRY(write_start(t, err));
        LG_TRY(lg_report_folds(t, err));
    }
    if (t->sources.note[0])
        lg_report_message(t->watch, LOGIT_LEVEL_INFO, "validation: %s", t->sources.note);
    if (!t->watch || !t->watch->start) return LOGIT_OK;
    logit_options options = t->options;
    lg_folds_unpick(t->folds, &options);
    const logit_run run = {.folder = t->rehearsal ? NULL : lg_run_folder_path(t->folder),
                           .data = t->path,
                           .format = t->sources.data->format,
                           .options = &options,
                           .objective = t->objective.data,
                           .device = t->device,
                           .train_count = t->sources.part[LG_PART_TRAIN].count,
                           .val_count = t->sources.part[LG_PART_VAL].count,
                           .test_count = t->sources.part[LG_PART_TEST].count,
                           .classes = t->classes,
                           .outputs = t->outputs,
                           .height = t->shape.height,
                           .width = t->shape.width,
                           .channels = t->shape.channels,
                           .features = t->features,
                           .floats = t->floats,
                           .settings = t->settings,
                           .curvature = t->curvature,
                           .plan = t->plan.data};
    t->watch->start(t->watch->user, &run);
    return LOGIT_OK;
}

/* Of the epoch that runs, without what a run before has done of it. */
static double samples_per_second(const lg_trainer *t, double seconds)
{
    return seconds > 0.0 ? (double)(t->epoch_samples - t->epoch_before) / seconds : 0.0;
}

logit_status lg_report_steps(lg_trainer *t, logit_error *err)
{
    const double seconds = lg_seconds() - t->epoch_started;
    const double waited = lg_loader_waited(t->sources.part[LG_PART_TRAIN].loader);
    for (int s = 0; s < t->settings; s++) {
        lg_text *line = lg_report_begin(t);
        if (!lg_setting_trains(t, s)) continue;
        lg_text_add(line, "{\"type\":\"step\",\"epoch\":%d,\"step\":%lld,\"setting\":%d",
                    t->epoch + 1, (long long)t->step, s);
        add_number(line, "samples", (double)t->epoch_samples);
        add_number(line, "weight", t->epoch_weight);
        add_number(line, "rate", t->setting[s].lr * lg_schedule_factor(&t->rate, t->step - 1));
        add_number(line, "train_loss", t->total[s].loss / t->epoch_weight);
        add_number(line, "seconds", seconds);
        add_number(line, "samples_per_second", samples_per_second(t, seconds));
        add_number(line, "waiting", waited / seconds);
        LG_TRY(lg_report_line(t, err));
    }
    return LOGIT_OK;
}

static logit_status write_epoch(lg_trainer *t, const logit_epoch *e, logit_error *err)
{
    lg_text *line = lg_report_begin(t);
    lg_text_add(line, "{\"type\":\"epoch\",\"epoch\":%d,\"step\":%lld,\"setting\":%d", e->epoch,
                (long long)e->step, e->setting);
    add_number(line, "lr", e->lr);
    add_number(line, "l2", e->l2);
    add_number(line, "l1", e->l1);
    add_number(line, "train_loss", e->train_loss);
    add_number(line, "val_loss", e->val_loss);
    add_number(line, "val_accuracy", e->val_accuracy);
    add_number(line, "seconds", e->seconds);
    add_number(line, "samples_per_second", e->samples_per_second);
    add_number(line, "waiting", e->waiting);
    return lg_report_line(t, err);
}

static int is_over(const lg_trainer *t, int s)
{
    return t->optimum ? lg_optimum_is_over(t, s) : !lg_setting_trains(t, s);
}

/* Settings that still train, and those of `from` and later that did in this epoch. */
static void count_settings(const lg_trainer *t, int from, int *training, int *trained)
{
    *training = *trained = 0;
    for (int s = 0; s < t->settings; s++) {
        *training += !is_over(t, s);
        *trained += s >= from && lg_setting_trained(t, s);
    }
}

logit_status lg_report_epoch(lg_trainer *t, logit_error *err)
{
    const double seconds = t->epoch_seconds;
    if (t->is_fold) return LOGIT_OK;
    for (int s = 0; s < t->settings; s++) {
        const lg_setting *setting = &t->setting[s];
        int training, left;
        if (!lg_setting_trained(t, s)) continue; /* it ended in an epoch before */
        count_settings(t, s + 1, &training, &left);
        const logit_epoch e = {.epoch = t->epoch,
                               .epochs = lg_optimum_most_passes(t),
                               .setting = s,
                               .lr = setting->lr,
                               .l2 = setting->l2,
                               .l1 = setting->l1,
                               .train_loss = setting->train_loss,
                               .val_loss = setting->val_loss,
                               .val_accuracy = setting->val_accuracy,
                               .seconds = seconds,
                               .samples_per_second = samples_per_second(t, seconds),
                               .waiting = lg_loader_waited(t->sources.part[LG_PART_TRAIN].loader) /
                                          seconds,
                               .step = t->step,
                               .training = training,
                               .left = left,
                               .ended = is_over(t, s) || t->epoch == lg_optimum_most_passes(t)};
        LG_TRY(write_epoch(t, &e, err));
        if (t->watch && t->watch->epoch) t->watch->epoch(t->watch->user, &e);
    }
    return LOGIT_OK;
}

logit_status lg_report_bad(lg_trainer *t, logit_error *err)
{
    enum { TOLD = 10 };
    int told = 0;
    for (int p = 0; p < LG_PART_COUNT; p++) {
        const lg_loader *loader = t->sources.part[p].loader;
        const char *reason;
        int64_t sample;
        for (int64_t i = 0; loader && (sample = lg_loader_bad_sample(loader, i, &reason)) >= 0;
             i++) {
            lg_text *line = lg_report_begin(t);
            lg_text_add(line,
                        "{\"type\":\"bad\",\"epoch\":%d,\"step\":%lld,\"part\":\"%s\",\"sample\":%"
                        "lld,\"reason\":",
                        t->epoch, (long long)t->step, lg_part_names[p], (long long)sample);
            lg_text_add_json(line, reason);
            LG_TRY(lg_report_line(t, err));
            if (told++ < TOLD)
                lg_report_message(t->watch, LOGIT_LEVEL_WARNING, "left out: %s", reason);
        }
    }
    if (told > TOLD)
        lg_report_message(t->watch, LOGIT_LEVEL_WARNING,
                          "left out: %d more, which metrics.jsonl lists", told - TOLD);
    return LOGIT_OK;
}

/* Progress of the epoch that runs; the loss shown is the first setting's that still trains. */
void lg_report_progress(lg_trainer *t, double waited)
{
    if (!t->watch || !t->watch->progress) return;
    const double seconds = lg_seconds() - t->epoch_started;
    const double per_second = samples_per_second(t, seconds);
    const double count = (double)t->sources.part[LG_PART_TRAIN].count;
    const double left = (lg_optimum_most_passes(t) - t->epoch) * count - (double)t->epoch_samples;
    int shown = lg_optimum_first(t);
    while (shown + 1 < t->settings && t->setting[shown].stopped) shown++;
    const logit_progress progress = {
        .phase = LOGIT_PHASE_TRAIN,
        .done = t->epoch_samples,
        .total = (int64_t)count,
        .epoch = t->epoch + 1,
        .epochs = lg_optimum_most_passes(t),
        .step = t->step,
        .steps = t->steps,
        .loss = t->epoch_weight > 0.0 ? t->total[shown].loss / t->epoch_weight : NAN,
        .samples_per_second = per_second,
        .waiting = seconds > 0.0 ? waited / seconds : 0.0,
        .seconds_left = per_second > 0.0 && !t->optimum ? left / per_second : NAN};
    t->watch->progress(t->watch->user, &progress);
}
