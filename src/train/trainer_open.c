/* trainer_open.c -- from options and data to a problem on a device; every choice is made here. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/open_device.h"
#include "train/settings.h"
#include "train/targets.h"
#include "train/trainer.h"

/* The loss by name, or by what the targets are: numbers, two classes, more. */
static logit_status choose_loss(lg_trainer *t, logit_error *err)
{
    const int automatic = strcmp(t->options.loss, "auto") == 0;
    t->classes = t->sources.data->classes;
    t->loss = lg_loss_find(t->options.loss);
    if (automatic)
        t->loss = t->classes == 0   ? LG_LOSS_MSE
                  : t->classes == 2 ? LG_LOSS_SIGMOID
                                    : LG_LOSS_SOFTMAX;
    if (t->classes == 0 && lg_losses[t->loss].link != LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE, "--loss %s needs classes, but the targets are numbers; use mse",
                t->options.loss);
    t->options.loss = lg_losses[t->loss].name;
    t->outputs = lg_losses[t->loss].outputs(t->classes);
    return LOGIT_OK;
}

/* The order of the training part. */
static void choose_shuffle(lg_trainer *t)
{
    const int given = lg_shuffle_find(t->options.shuffle); /* -1: auto */
    t->shuffle = given < 0 ? lg_dataset_shuffle(t->sources.data, LG_PART_TRAIN) : (lg_shuffle)given;
    t->options.shuffle = lg_shuffle_names[t->shuffle];
}

/* Whoever draws from all classes alike can neither go through the set in order nor see all of it.
 */
static logit_status fit_sampling(lg_trainer *t, logit_error *err)
{
    const lg_set *set = t->sources.part[LG_PART_TRAIN].set;
    const char *weight = t->options.class_weight;
    if (strcmp(t->options.sampling, "balanced") != 0) return LOGIT_OK;
    if (!set->label)
        LG_FAIL(err, LOGIT_E_USAGE, "--sampling balanced needs a class for each sample; %s has %s",
                t->path, t->sources.data->classes > 0 ? "soft targets" : "numbers");
    if (lg_optims[t->optim].whole)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--sampling balanced draws minibatches, and %s sees the whole set in each step; "
                "use --class-weight balanced",
                t->options.optimizer);
    if (t->shuffle != LG_SHUFFLE_FULL)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--sampling balanced draws every image from the whole set, and --shuffle %s takes "
                "%s; give --shuffle full, or use --class-weight balanced",
                t->options.shuffle,
                t->shuffle == LG_SHUFFLE_BLOCK ? "neighbours in the file" : "them as they come");
    if (weight && strcmp(weight, "balanced") == 0)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--sampling balanced and --class-weight balanced do the same: together rare "
                "classes would count twice");
    t->sources.part[LG_PART_TRAIN].balanced = 1;
    return LOGIT_OK;
}

/* What is mirrored and moved has to be an image, and to stay in sight. */
static logit_status fit_augment(const lg_trainer *t, logit_error *err)
{
    const logit_options *o = &t->options;
    const lg_set *set = t->sources.part[LG_PART_TRAIN].set;
    const char *which = o->flip ? "--flip" : "--shift";
    if (!o->flip && o->shift == 0) return LOGIT_OK;
    if (set->element != LG_ELEMENT_U8 || set->shape.height == 1)
        LG_FAIL(err, LOGIT_E_USAGE, "%s is for images; %s holds vectors of %d features", which,
                t->path, set->shape.width * set->shape.height * set->shape.channels);
    if (o->shift >= set->shape.height || o->shift >= set->shape.width)
        LG_FAIL(err, LOGIT_E_USAGE, "--shift %d moves images of %dx%d pixels out of sight",
                o->shift, set->shape.height, set->shape.width);
    return LOGIT_OK;
}

/* Of the set, and of others that stand beside it. */
static void write_identity(lg_trainer *t)
{
    const lg_source *val = &t->sources.part[LG_PART_VAL], *test = &t->sources.part[LG_PART_TEST];
    snprintf(t->data_identity, sizeof t->data_identity, "%s%s%s%s%s", t->sources.identity,
             val->owned ? " val " : "", val->identity, test->owned ? " test " : "", test->identity);
}

/* Everything that follows from names alone. */
static logit_status open_sources(lg_trainer *t, logit_model *from, logit_error *err)
{
    if (!t->is_given)
        LG_TRY(lg_sources_open(&t->sources, t->path, &t->options, from, t->watch, err));
    const lg_set *train = t->sources.part[LG_PART_TRAIN].set;
    write_identity(t);
    t->shape = train->shape;
    t->inputs = (int64_t)t->shape.height * t->shape.width * t->shape.channels;
    LG_TRY(lg_trainer_plan_features(t, from, err));
    t->floats = lg_element_is_float(train->element);
    t->options.height = t->shape.height;
    t->options.width = t->shape.width;
    t->options.channels = t->shape.channels;
    t->optim = lg_optimum_is_asked(&t->options) ? LG_OPTIM_GD : lg_optim_find(t->options.optimizer);
    LG_TRY(lg_trainer_choose_schedule(t, err));
    choose_shuffle(t);
    LG_TRY(fit_augment(t, err));
    LG_TRY(fit_sampling(t, err));
    LG_TRY(choose_loss(t, err));
    for (int i = 0; i < LG_PART_COUNT; i++)
        LG_TRY(lg_targets_fit((lg_set *)(uintptr_t)t->sources.part[i].set, t->loss, t->classes,
                              t->outputs, err));
    LG_TRY(lg_settings_combine(&t->setting, &t->settings, &t->options, err));
    if (t->settings > 1 && !t->sources.part[LG_PART_VAL].set && !t->is_given &&
        t->options.folds == 0)
        LG_FAIL(err, LOGIT_E_USAGE,
                "%d combinations need a validation part to choose by: give "
                "--val, a --val-split above 0 or --folds",
                t->settings);
    LG_TRY(lg_patience_fit(t, err));
    if (!t->options.calibrate) return LOGIT_OK;
    if (lg_losses[t->loss].link == LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--calibrate makes probabilities mean what they say, and loss "
                "%s has none",
                lg_losses[t->loss].name);
    if (!t->sources.part[LG_PART_VAL].set)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--calibrate needs a validation part to fit the temperature on: give --val or a "
                "--val-split above 0");
    return LOGIT_OK;
}

/* The training samples that are not bad; *good is NULL where all are. */
static logit_status list_good(const lg_source *train, int32_t **good, int64_t *count,
                              logit_error *err)
{
    *good = NULL;
    *count = train->count;
    if (lg_loader_bad(train->loader) == 0) return LOGIT_OK;
    *good = malloc((size_t)train->count * sizeof **good);
    if (!*good) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of samples");
    *count = 0;
    for (int64_t i = 0; i < train->count; i++) {
        const int32_t sample = train->only ? train->only[i] : (int32_t)i;
        if (!lg_loader_is_bad(train->loader, sample)) (*good)[(*count)++] = sample;
    }
    return LOGIT_OK;
}

/* Weights of the classes, and what the training part weighs without its bad samples.  Those of a
 * set that does not stay in memory are looked for first, so that memory changes nothing. */
static logit_status weigh(lg_trainer *t, logit_error *err)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    lg_set *set = (lg_set *)(uintptr_t)train->set;
    int32_t *good;
    int64_t count;
    if (strcmp(t->options.on_bad, "skip") == 0)
        LG_TRY(lg_loader_find_bad(train->loader, t->watch, err));
    LG_TRY(list_good(train, &good, &count, err));
    const int32_t *only = good ? good : train->only;
    logit_status status = lg_weights_apply(
        set, only, count, t->classes, t->sources.data->class_name, t->options.class_weight, err);
    if (status == LOGIT_OK) status = lg_mass_measure(&t->mass, set, only, count, t->classes, err);
    if (status == LOGIT_OK && train->balanced)
        status = lg_mass_balance(&t->mass, set, only, count, t->classes, err);
    free(good);
    LG_TRY(status);
    lg_loader_weights_changed(train->loader);
    if (!(t->mass.sum > 0.0)) LG_FAIL(err, LOGIT_E_DATA, "%s: all samples weigh 0", t->path);
    return LOGIT_OK;
}

/* Numbers of a sample where there are most of them. */
static int64_t wider(const lg_trainer *t)
{
    return t->features > t->inputs ? t->features : t->inputs;
}

/* Loaders: training first, the others with the memory that is left. */
static logit_status open_loaders(lg_trainer *t, logit_error *err)
{
    lg_source *train = &t->sources.part[LG_PART_TRAIN];
    if (lg_optimum_is_asked(&t->options))
        t->options.batch_size = lg_optimum_batch(t->options.batch_size, t->features);
    if (t->options.batch_size > train->count) t->options.batch_size = train->count;
    int64_t memory = t->options.memory;
    t->eval_batch = lg_eval_batch(t->options.batch_size, wider(t));
    for (int i = 0; i < LG_PART_COUNT; i++) {
        lg_source *source = &t->sources.part[i];
        const int training = i == LG_PART_TRAIN;
        if (!source->set) continue;
        if (!t->backend->ops->unified) source->far = t->backend;
        source->augment =
            training ? (lg_augment){t->options.flip, t->options.shift} : (lg_augment){0, 0};
        LG_TRY(lg_source_load(source, &t->options, t->classes,
                              training ? t->options.batch_size : t->eval_batch,
                              training ? t->shuffle : LG_SHUFFLE_NONE, memory, t->watch, err));
        if (!lg_loader_is_resident(source->loader)) continue;
        memory -= source->count * t->inputs * (int64_t)lg_element_bytes(source->set->element);
        if (memory < 0) memory = 0;
    }
    t->steps_per_epoch = lg_optims[t->optim].whole ? 1 : lg_loader_batches(train->loader);
    return lg_loader_preload(train->loader, err);
}

/* Before anything is read: a device that is not there is said at once. */
static logit_status open_backend(lg_trainer *t, logit_error *err)
{
    char text[256];
    LG_TRY(lg_open_device(&t->backend, &t->options, 0, &t->device_note, err));
    t->backend->ops->describe(t->backend, text, sizeof text);
    if (strcmp(t->options.device, "auto") == 0) t->options.device = t->backend->ops->name;
    snprintf(t->device, sizeof t->device, "%.20s: %s", t->options.device, text);
    return LOGIT_OK;
}

/* Threads of the processor may spin between operations where nothing is decoded beside them, which
 * is known once the loaders are open. */
static logit_status let_spin(lg_trainer *t, logit_error *err)
{
    if (!t->backend->ops->unified || lg_loader_has_slots(t->sources.part[LG_PART_TRAIN].loader))
        return LOGIT_OK;
    lg_backend_close(t->backend);
    return lg_open_device(&t->backend, &t->options, 1, NULL, err);
}

/* Weights to start from: a model's, or zero with the bias at the log prior. */
static logit_status initialise(lg_trainer *t, const logit_model *from, logit_error *err)
{
    const int64_t weights = t->outputs * t->features;
    float *w = calloc((size_t)weights, sizeof *w);
    float *b = calloc((size_t)t->outputs, sizeof *b);
    logit_status status = LOGIT_OK;
    if (!w || !b)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for the weights");
    else if (strcmp(t->options.init, "prior") == 0)
        lg_mass_prior(&t->mass, t->loss, t->classes, t->outputs, b);
    for (int s = 0; s < t->settings && status == LOGIT_OK; s++)
        status = from ? lg_problem_put(t->problem, s, from->weight, from->bias, err)
                      : lg_problem_put(t->problem, s, w, b, err);
    free(w);
    free(b);
    return status;
}

static int any_momentum(const lg_trainer *t)
{
    for (int s = 0; s < t->settings; s++)
        if (t->setting[s].momentum != 0.0) return 1;
    return 0;
}

static logit_status open_problem(lg_trainer *t, const logit_model *from, logit_error *err)
{
    const lg_problem_shape shape = {.features = t->features,
                                    .lift = lg_feature_map_lift(t->map),
                                    .batch = t->eval_batch,
                                    .outputs = t->outputs,
                                    .settings = t->settings,
                                    .loss = t->loss,
                                    .optim = t->optim,
                                    .nesterov = t->options.nesterov,
                                    .momentum = any_momentum(t)};
    LG_TRY(lg_problem_create(&t->problem, t->backend, &shape, err));
    const lg_normal normal = lg_trainer_normal(t);
    LG_TRY(lg_problem_set_normal(t->problem, &normal, err));
    LG_TRY(initialise(t, from, err));
    t->total = calloc((size_t)t->settings, sizeof *t->total);
    if (!t->total) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the totals");
    return LOGIT_OK;
}

/* The model named by --from must fit what was asked for ... */
static logit_status fit_from(const lg_trainer *t, const logit_model *from, logit_error *err)
{
    const logit_options *o = &t->options;
    if (from &&
        ((o->height && (o->height != from->shape.height || o->width != from->shape.width)) ||
         (o->channels && o->channels != from->shape.channels)))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--from: that model sees %dx%d pixels x %d channels; leave --size and --channels "
                "out, or give the same",
                from->shape.height, from->shape.width, from->shape.channels);
    if (from && o->classes)
        LG_FAIL(err, LOGIT_E_USAGE, "--from: the model has its classes; leave --classes out");
    return LOGIT_OK;
}

/* ... and of the same kind. */
static logit_status fit_loss(const lg_trainer *t, const logit_model *from, logit_error *err)
{
    if (from && (from->loss != t->loss || from->outputs != t->outputs))
        LG_FAIL(err, LOGIT_E_USAGE,
                "--from: that model has loss %s with %d outputs, this run %s "
                "with %d",
                lg_losses[from->loss].name, from->outputs, lg_losses[t->loss].name, t->outputs);
    return LOGIT_OK;
}

/* Without a checkpoint a run that is resumed begins anew, whatever a dead one left. */
static logit_status open_folder(lg_trainer *t, logit_error *err)
{
    const lg_run_before before = t->saving.from.head                     ? LG_RUN_BEFORE_GO_ON
                                 : t->options.force || t->options.resume ? LG_RUN_BEFORE_REMOVE
                                                                         : LG_RUN_BEFORE_REFUSE;
    return lg_run_folder_open(&t->folder, t->options.out, t->path, before, err);
}

/* What is learnt of the training part before its training, and where that is done. */
static logit_status open_training(lg_trainer *t, logit_model *from, logit_error *err)
{
    LG_TRY(weigh(t, err));
    LG_TRY(let_spin(t, err));
    LG_TRY(lg_trainer_normalise(t, from, err));
    LG_TRY(lg_trainer_fit_features(t, from, err));
    LG_TRY(lg_trainer_choose_rest(t, err));
    LG_TRY(open_problem(t, from, err));
    LG_TRY(lg_patience_open(t, err));
    LG_TRY(lg_trainer_place(t, err));
    return lg_optimum_is_asked(&t->options) ? lg_optimum_open(t, err) : LOGIT_OK;
}

static logit_status open_all(lg_trainer *t, logit_model *from, logit_error *err)
{
    LG_TRY(fit_from(t, from, err));
    LG_TRY(open_backend(t, err));
    LG_TRY(open_sources(t, from, err));
    LG_TRY(fit_loss(t, from, err));
    LG_TRY(lg_checkpoint_hold(t, err));
    if (!t->rehearsal && !t->is_given) LG_TRY(open_folder(t, err));
    lg_device_tell(&t->device_note, t->watch);
    LG_TRY(open_loaders(t, err));
    if (t->options.folds > 0) LG_TRY(lg_folds_run(t, err));
    const logit_status status = open_training(t, from, err);
    if (status == LOGIT_E_STOPPED && t->folds) return lg_folds_stop_behind(t, err);
    return status == LOGIT_OK ? lg_report_describe(t, err) : status;
}

logit_status lg_trainer_open(lg_trainer *t, logit_error *err)
{
    logit_model *from = NULL;
    LG_TRY(lg_options_settle(&t->options, err));
    if (t->rehearsal) {
        t->options.device = "cpu";
        t->options.precision = lg_precisions[LG_PRECISION_F32].name;
    } else if (!t->is_given) {
        LG_TRY(lg_run_folder_check(t->options.out, t->path, t->options.force || t->options.resume,
                                   err));
        LG_TRY(lg_checkpoint_find(t, err));
    }
    if (t->options.from) LG_TRY(lg_model_load(&from, t->options.from, NULL, err));
    const logit_status status = open_all(t, from, err);
    lg_model_destroy(from);
    return status;
}

void lg_trainer_close(lg_trainer *t)
{
    lg_burst_destroy(t->burst);
    lg_optimum_close(t->optimum);
    for (int i = 0; i < LG_PART_COUNT; i++) lg_feed_destroy(t->feed[i]);
    for (int i = LG_PART_COUNT; i-- > 0;) lg_kept_destroy(t->kept[i]); /* later ones may borrow */
    lg_problem_destroy(t->problem);
    lg_sources_close(&t->sources);
    lg_backend_close(t->backend);
    lg_mass_clear(&t->mass);
    lg_run_folder_close(t->folder, t->step > 0);
    lg_text_clear(&t->objective);
    lg_text_clear(&t->plan);
    lg_text_clear(&t->line);
    lg_checkpoint_clear(&t->saving);
    lg_patience_close(t);
    lg_feature_map_destroy(t->map);
    lg_folds_destroy(t->folds);
    free(t->bias);
    free(t->feature_mean);
    free(t->feature_std);
    free(t->setting);
    free(t->total);
}
