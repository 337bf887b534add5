/* trainer_finish.c -- which setting is kept, what it is worth, and the model file. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/status.h"
#include "train/pass.h"
#include "train/trainer.h"

static int all_finite(const float *numbers, int64_t count)
{
    float worst = 0.0f;
    for (int64_t i = 0; i < count; i++) worst += numbers[i] - numbers[i]; /* NaN if one is not */
    return worst == 0.0f;
}

/* The last step has no loss after it that would show: weights that are not finite end their
 * setting here, and the run if it was the last one. */
static logit_status look_at_weights(lg_trainer *t, logit_error *err)
{
    const int64_t weights = t->outputs * t->features;
    float *w = malloc((size_t)(weights + t->outputs) * sizeof *w);
    if (!w) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the weights");
    logit_status status = LOGIT_OK;
    int alive = 0;
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++) {
        if (t->setting[s].stopped) continue;
        status = lg_problem_get(t->problem, s, w, w + weights, err);
        if (status != LOGIT_OK) break;
        const int finite = all_finite(w, weights + t->outputs);
        if (!finite) lg_trainer_stop_setting(t, s, t->step - 1);
        alive += finite;
    }
    free(w);
    LG_TRY(status);
    if (alive == 0)
        LG_FAIL(err, LOGIT_E_DIVERGED,
                "the weights are not finite after step %lld of %lld, learning rate %g; use a "
                "smaller --lr, or leave --lr out",
                (long long)t->step, (long long)t->steps, t->setting[0].lr);
    return LOGIT_OK;
}

/* The options that are words, and those that only some runs have. */
static void describe_words(const lg_trainer *t, int epoch, lg_text *text)
{
    const logit_options *o = &t->options;
    lg_text_add(text,
                "\"optimizer\":\"%s\",\"schedule\":\"%s\",\"shuffle\":\"%s\","
                "\"init\":\"%s\",\"seed\":%llu",
                o->optimizer, o->schedule, o->shuffle, o->init, (unsigned long long)o->seed);
    if (t->rate.schedule == LG_SCHEDULE_STEP)
        lg_text_add(text, ",\"step_every\":%d,\"step_factor\":%.17g", o->step_every,
                    o->step_factor);
    if (o->patience > 0)
        lg_text_add(text, ",\"patience\":%d,\"metric\":\"%s\",\"epoch\":%d", o->patience, o->metric,
                    epoch);
    if (o->warmup > 0.0) lg_text_add(text, ",\"warmup\":%.17g", o->warmup);
    if (strcmp(o->sampling, "all") != 0) lg_text_add(text, ",\"sampling\":\"%s\"", o->sampling);
    if (o->flip || o->shift > 0)
        lg_text_add(text, ",\"flip\":%s,\"shift\":%d", o->flip ? "true" : "false", o->shift);
}

/* What seed, data and options made of this setting, as a JSON object. */
static void describe(const lg_trainer *t, int s, lg_text *text)
{
    const lg_setting *setting = &t->setting[s];
    const lg_outcome out = lg_setting_outcome(t, s);
    const logit_options *o = &t->options;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"lr", setting->lr},
        {"l2", setting->l2},
        {"l1", setting->l1},
        {"momentum", setting->momentum},
        {"label_smoothing", setting->smoothing},
        {"weight_decay", o->weight_decay},
        {"val_split", t->sources.part[LG_PART_TRAIN].only ? o->val_split : 0.0},
        {"batch_size", (double)o->batch_size},
        {"epochs", out.epochs},
        {"steps", (double)out.steps},
        {"samples", (double)t->sources.part[LG_PART_TRAIN].count},
        {"train_loss", out.train_loss},
        {"val_loss", out.val_loss},
        {"val_accuracy", out.val_accuracy},
    };
    lg_text_add(text, "{");
    describe_words(t, out.epoch, text);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        lg_text_add(text, ",\"%s\":", numbers[i].name);
        lg_text_add_number(text, numbers[i].value);
    }
    if (o->class_weight) {
        lg_text_add(text, ",\"class_weight\":");
        lg_text_add_json(text, o->class_weight);
    }
    if (t->optimum) lg_optimum_write(t, (int)(setting - t->setting), text);
    lg_text_add(text, "}");
}

/* The model of one setting, as it stands on the device. */
static logit_status fetch_model(lg_trainer *t, int s, logit_model **out, logit_error *err)
{
    lg_text text = {0};
    LG_TRY(lg_model_create(out, t->loss, t->classes, t->sources.data->class_name, t->shape, err));
    logit_model *model = *out;
    LG_TRY(lg_model_set_text(&model->normalize, t->options.normalize, err));
    model->decoding = t->sources.data->decoding;
    memcpy(model->mean, t->mean, sizeof model->mean);
    memcpy(model->std, t->std, sizeof model->std);
    if (t->floats) LG_TRY(lg_model_set_features(model, t->feature_mean, t->feature_std, err));
    if (t->map) LG_TRY(lg_model_set_map(model, t->map, err));
    if (t->setting[s].temperature > 0.0) model->temperature = t->setting[s].temperature;
    describe(t, s, &text);
    for (int c = 0; c < t->classes; c++)
        model->prior[c] = (float)((t->mass.per_class[c] + 1.0) / (t->mass.sum + t->classes));
    model->summary = text.data;
    if (text.failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a model");
    return lg_problem_get(t->problem, s, model->weight, model->bias, err);
}

/* Writes RUN/model.safetensors, or RUN/settings/NN/model.safetensors. */
static logit_status save(lg_trainer *t, const logit_model *model, int setting, logit_error *err)
{
    char name[64], path[4400];
    snprintf(name, sizeof name, "model.safetensors");
    if (setting >= 0) {
        snprintf(name, sizeof name, "settings/%02d", setting);
        lg_run_folder_file(t->folder, name, path, sizeof path);
        LG_TRY(lg_folder_make(path, err));
        snprintf(name, sizeof name, "settings/%02d/model.safetensors", setting);
    }
    lg_run_folder_file(t->folder, name, path, sizeof path);
    return lg_model_save(model, path, err);
}

/* The model of the run; the record will want its biases. */
static logit_status save_kept(lg_trainer *t, const logit_model *model, logit_error *err)
{
    const size_t bytes = (size_t)t->outputs * sizeof *t->bias;
    if (!t->bias) t->bias = malloc(bytes);
    if (!t->bias) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the biases");
    memcpy(t->bias, model->bias, bytes);
    return save(t, model, -1, err);
}

static logit_status save_all(lg_trainer *t, int kept, logit_error *err)
{
    for (int s = 0; s < t->settings; s++) {
        if (t->setting[s].stopped || (t->optimum && !lg_optimum_has_begun(t, s))) continue;
        logit_model *model = NULL;
        logit_status status = fetch_model(t, s, &model, err);
        if (status == LOGIT_OK && s == kept) status = save_kept(t, model, err);
        if (status == LOGIT_OK && t->settings > 1) status = save(t, model, s, err);
        lg_model_destroy(model);
        LG_TRY(status);
    }
    return LOGIT_OK;
}

static lg_pass_input pass_over(const lg_trainer *t, int part, lg_problem *kept)
{
    return (lg_pass_input){.problem = kept,
                           .feed = t->feed[part],
                           .classes = t->classes,
                           .class_name = t->sources.data->class_name,
                           .brief = 1,
                           .total = t->sources.part[part].count,
                           .watch = t->watch};
}

/* J at the final weights of the setting that is kept. */
static logit_status measure_objective(lg_trainer *t, int kept, double *objective, logit_error *err)
{
    const int64_t weights = t->outputs * t->features;
    lg_problem one = lg_problem_narrow(t->problem, kept);
    const lg_pass_input pass = pass_over(t, LG_PART_TRAIN, &one);
    double loss = NAN, squares = 0.0, sizes = 0.0;
    float *w = malloc((size_t)(weights + t->outputs) * sizeof *w);
    if (!w) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the objective");
    logit_status status = lg_pass_objective(&pass, &t->setting[kept].smoothing, &loss, err);
    if (status == LOGIT_OK) status = lg_problem_get(t->problem, kept, w, w + weights, err);
    for (int64_t i = 0; i < weights && status == LOGIT_OK; i++) {
        squares += (double)w[i] * w[i];
        sizes += fabs((double)w[i]);
    }
    if (status == LOGIT_OK)
        *objective = loss + 0.5 * t->setting[kept].l2 * squares + t->setting[kept].l1 * sizes;
    free(w);
    return status;
}

/* The figures at the end.  The model is saved: who stops now loses them and nothing else. */
static logit_status measure(lg_trainer *t, int kept, logit_summary *summary, logit_error *err)
{
    logit_status status = measure_objective(t, kept, &summary->objective, err);
    if (status == LOGIT_OK) status = lg_trainer_evaluate(t, kept, summary, err);
    if (status == LOGIT_E_STOPPED) t->stopping = 1;
    return t->stopping ? LOGIT_OK : status;
}

void lg_trainer_summarise(const lg_trainer *t, int kept, logit_summary *summary)
{
    const lg_outcome out = lg_setting_outcome(t, kept);
    snprintf(summary->folder, sizeof summary->folder, "%s", lg_run_folder_path(t->folder));
    summary->setting = kept;
    summary->epoch = out.epoch;
    summary->epochs = t->epoch;
    summary->out_of_patience = !t->stopping && t->options.patience > 0 && !lg_grid_trains(t);
    summary->train_loss = out.train_loss;
    summary->val_loss = out.val_loss;
    summary->val_accuracy = out.val_accuracy;
}

/* The models and their figures, with the weights that are kept. */
static logit_status finish(lg_trainer *t, logit_summary *summary, logit_error *err)
{
    LG_TRY(look_at_weights(t, err));
    const int kept = lg_grid_best(t);
    lg_trainer_summarise(t, kept, summary);
    summary->objective = summary->gradient = summary->gap = NAN;
    if (t->optimum) lg_optimum_summarise(t, summary);
    LG_TRY(lg_trainer_calibrate(t, err));
    LG_TRY(save_all(t, kept, err));
    return t->stopping ? LOGIT_OK : measure(t, kept, summary, err);
}

/* Weights that are not finite when a run is stopped leave no model, but do not end their setting:
 * the step whose loss shows it is still to come, and a run that goes on finds it there. */
static logit_status finish_early(lg_trainer *t, logit_summary *summary, logit_error *err)
{
    const size_t bytes = (size_t)t->settings * sizeof *t->setting;
    lg_setting *before = malloc(bytes);
    if (!before) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d settings", t->settings);
    memcpy(before, t->setting, bytes);
    const logit_status status = finish(t, summary, err);
    memcpy(t->setting, before, bytes);
    free(before);
    return status;
}

logit_status lg_trainer_finish(lg_trainer *t, logit_summary *summary, logit_error *err)
{
    LG_TRY(lg_patience_swap(t, err));
    LG_TRY((t->stopping ? finish_early : finish)(t, summary, err));
    LG_TRY(lg_patience_swap(t, err)); /* who goes on does so from the last epoch */
    for (int i = 0; i < LG_PART_COUNT; i++)
        if (t->sources.part[i].loader) summary->bad += lg_loader_bad(t->sources.part[i].loader);
    summary->seconds = t->saving.seconds_before + lg_seconds() - t->started;
    return LOGIT_OK;
}
