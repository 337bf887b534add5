/* folds.c -- see folds.h. */
/* SPDX-License-Identifier: MIT */
#include "train/folds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/status.h"
#include "train/folds_parts.h"
#include "train/pass.h"
#include "train/trainer.h"

static const double UNSAID_SPLIT = 0.1; /* the default, which nobody has to have given */

/* What a fold's trainer is watched by: the run's watch, which hears what matters. */
typedef struct ear {
    lg_trainer *run;
    const logit_watch *watch; /* the run's */
    int fold, folds;
    logit_status failed; /* of saving, which ends the fold */
    logit_error why;
} ear;

logit_status lg_folds_fit(const logit_options *o, logit_error *err)
{
    const char *which = o->val                                                ? "val"
                        : o->val_split != 0.0 && o->val_split != UNSAID_SPLIT ? "val-split"
                                                                              : NULL;
    if (o->folds == 0 && strcmp(o->pick, "best") != 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--pick %s goes by standard errors, which --folds has; give it",
                o->pick);
    if (o->folds == 0) return LOGIT_OK;
    if (o->folds < 2) LG_FAIL(err, LOGIT_E_USAGE, "--folds 1: at least 2 are needed");
    if (which)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--%s: --folds measures on the training part itself, a fold at a time; leave one "
                "of them out",
                which);
    if (o->patience > 0 || o->calibrate)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--%s needs a validation part, and the model of --folds is trained on all samples; "
                "leave one of them out",
                o->calibrate ? "calibrate" : "patience");
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------- dealing out ---
 */

/* Every fold holds out some of each class. */
static logit_status check_classes(const lg_trainer *t, int folds, logit_error *err)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    const int classes = train->set->label ? t->classes : 0;
    char name[200];
    if (train->count < folds)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--folds %d: there are %lld training samples; give at most %lld", folds,
                (long long)train->count, (long long)train->count);
    int64_t *count = calloc((size_t)classes + 1, sizeof *count);
    int fewest = -1;
    if (!count) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for class counts");
    for (int64_t i = 0; classes > 0 && i < train->count; i++) count[train->set->label[i]]++;
    for (int c = 0; c < classes; c++)
        if (count[c] > 0 && (fewest < 0 || count[c] < count[fewest])) fewest = c;
    const int64_t least = fewest < 0 ? folds : count[fewest];
    free(count);
    if (least >= folds) return LOGIT_OK;
    lg_text_escape(name, sizeof name, t->sources.data->class_name[fewest]);
    if (least < 2)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--folds %d: class \"%s\" has 1 training sample, which cannot be trained on and "
                "held out; add some, or leave the class out with --classes",
                folds, name);
    LG_FAIL(err, LOGIT_E_USAGE,
            "--folds %d: class \"%s\" has %lld training samples, so that some folds would hold out "
            "none of it; give at most %lld, or leave the class out with --classes",
            folds, name, (long long)least, (long long)least);
}

static logit_status create(lg_trainer *t, logit_error *err)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    const int n = t->options.folds;
    LG_TRY(check_classes(t, n, err));
    lg_folds *f = calloc(1, sizeof *f);
    if (!f) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the folds");
    t->folds = f;
    f->folds = n;
    f->settings = t->settings;
    f->options = t->options;
    LG_TRY(lg_order_folds(&f->fold, train->set->label, train->count, t->classes, n, t->options.seed,
                          err));
    f->count = calloc((size_t)n, sizeof *f->count);
    f->seconds = calloc((size_t)n, sizeof *f->seconds);
    size_t figures;
    if (lg_size_mul((size_t)n, (size_t)t->settings, &figures))
        f->figure = calloc(figures, sizeof *f->figure);
    f->outcome = calloc((size_t)t->settings, sizeof *f->outcome);
    if (!f->count || !f->seconds || !f->figure || !f->outcome)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the figures of %d folds", n);
    for (int64_t i = 0; i < train->count; i++) f->count[f->fold[i]]++;
    return LOGIT_OK;
}

int lg_folds_complete(const lg_folds *f)
{
    return f->complete;
}

void lg_folds_destroy(lg_folds *f)
{
    if (!f) return;
    free(f->fold);
    free(f->count);
    free(f->seconds);
    free(f->figure);
    free(f->outcome);
    free(f);
}

/* ------------------------------------------------------------------------------- one fold --- */

static void on_message(void *user, logit_level level, const char *text)
{
    const ear *e = user;
    if (level != LOGIT_LEVEL_INFO)
        lg_report_message(e->watch, level, "fold %d of %d: %s", e->fold, e->folds, text);
}

static void on_progress(void *user, const logit_progress *progress)
{
    const ear *e = user;
    logit_progress now = *progress;
    now.seconds_left = NAN; /* of the fold's own run, which is not the one that is waited for */
    if (e->watch && e->watch->progress) e->watch->progress(e->watch->user, &now);
}

static int on_stop(void *user)
{
    const ear *e = user;
    return e->failed != LOGIT_OK || (e->watch && e->watch->stop && e->watch->stop(e->watch->user));
}

/* The fold has nothing of its own to save: what is saved is the run's, the folds before it. */
static int on_save(void *user)
{
    ear *e = user;
    if (!e->watch || !e->watch->save || !e->watch->save(e->watch->user)) return 0;
    if (e->run->folds->complete == 0)
        lg_report_message(e->watch, LOGIT_LEVEL_NOTICE,
                          "fold 1 of %d is not complete: there is nothing to save yet", e->folds);
    else if (e->failed == LOGIT_OK)
        e->failed = lg_checkpoint_save_as_asked(e->run, &e->why);
    return 0;
}

/* The set as the fold's trainer sees it: its weights are its own, since classes are weighed by
 * those that are trained on; its samples are read from where the run has decoded them. */
static logit_status share(const lg_trainer *t, lg_set *set, logit_error *err)
{
    const lg_source *train = &t->sources.part[LG_PART_TRAIN];
    const size_t bytes = (size_t)train->set->count * sizeof *set->weight;
    *set = *train->set;
    if (!set->resident && lg_loader_bad(train->loader) == 0)
        set->resident = lg_loader_resident_pixels(train->loader);
    if (!set->weight) return LOGIT_OK;
    set->weight = malloc(bytes);
    if (!set->weight) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the weights of samples");
    memcpy(set->weight, train->set->weight, bytes);
    return LOGIT_OK;
}

/* The samples of a fold, or of all others; ascending. */
static logit_status list(const lg_folds *f, int fold, int inside, int64_t samples,
                         lg_source *source, logit_error *err)
{
    const int64_t count = inside ? f->count[fold] : samples - f->count[fold];
    source->only = malloc(((size_t)count + 1) * sizeof *source->only);
    if (!source->only) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of samples");
    for (int64_t i = 0; i < samples; i++)
        if ((f->fold[i] == fold) == inside) source->only[source->count++] = (int32_t)i;
    return LOGIT_OK;
}

/* What the run was asked for, without what is the run's alone. */
static logit_options options_of(const lg_trainer *t)
{
    logit_options o = t->asked;
    o.epochs = t->options.epochs; /* a run that goes on need not have been given them again */
    o.device = t->options.device;
    o.threads = t->options.threads;
    o.memory = t->options.memory;
    o.folds = o.resume = 0;
    o.pick = "best";
    o.val = o.test = o.out = NULL;
    o.val_split = 0.0;
    o.checkpoint_steps = 0;
    o.checkpoint_seconds = 1e9; /* there is no folder to save in */
    return o;
}

/* Mean loss and accuracy on the fold, of every setting. */
static logit_status measure(lg_trainer *sub, logit_setting *figure, logit_error *err)
{
    logit_score *score = calloc((size_t)sub->settings, sizeof *score);
    if (!score) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the validation figures");
    const lg_pass_input pass = {.problem = sub->problem,
                                .feed = sub->feed[LG_PART_VAL],
                                .classes = sub->classes,
                                .brief = 1,
                                .total = sub->sources.part[LG_PART_VAL].count,
                                .watch = sub->watch};
    const logit_status status = lg_pass_score(&pass, score, err);
    for (int s = 0; s < sub->settings && status == LOGIT_OK; s++) {
        const int stopped = sub->setting[s].stopped;
        figure[s] = lg_trainer_result(sub, s, 0, -1);
        figure[s].val_loss = stopped ? NAN : score[s].loss;
        figure[s].val_accuracy = stopped ? NAN : score[s].accuracy;
    }
    for (int s = 0; s < sub->settings; s++) logit_score_clear(&score[s]);
    free(score);
    return status;
}

static logit_status train_fold(lg_trainer *sub, logit_setting *figure, logit_error *err)
{
    LG_TRY(lg_trainer_open(sub, err));
    LG_TRY(lg_trainer_train(sub, err));
    if (!sub->stopping) return measure(sub, figure, err);
    LG_FAIL(err, LOGIT_E_STOPPED, "stopped");
}

/* The fold's trainer, on the samples of the run's. */
static logit_status run_fold(lg_trainer *t, int fold, const logit_watch *watch, logit_error *err)
{
    lg_folds *f = t->folds;
    const int64_t samples = t->sources.part[LG_PART_TRAIN].count;
    lg_set set = {0};
    lg_trainer *sub = calloc(1, sizeof *sub);
    if (!sub) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a fold");
    *sub = (lg_trainer){.path = t->path,
                        .options = options_of(t),
                        .asked = t->asked,
                        .watch = watch,
                        .is_given = 1,
                        .is_fold = 1,
                        .started = lg_seconds()};
    lg_source *train = &sub->sources.part[LG_PART_TRAIN], *val = &sub->sources.part[LG_PART_VAL];
    sub->sources.data = t->sources.data;
    train->set = val->set = &set;
    logit_status status = share(t, &set, err);
    if (status == LOGIT_OK) status = list(f, fold, 0, samples, train, err);
    if (status == LOGIT_OK) status = list(f, fold, 1, samples, val, err);
    if (status == LOGIT_OK)
        status = train_fold(sub, f->figure + (size_t)fold * (size_t)f->settings, err);
    f->seconds[fold] = lg_seconds() - sub->started;
    sub->sources.data = NULL; /* it is the run's */
    lg_trainer_close(sub);
    free(sub);
    if (set.weight != t->sources.part[LG_PART_TRAIN].set->weight) free(set.weight);
    return status;
}

static void tell_fold(const lg_trainer *t, int fold)
{
    const lg_folds *f = t->folds;
    logit_fold figure;
    for (int s = 0; t->watch && t->watch->fold && s < f->settings; s++)
        if (lg_folds_figure(f, fold * f->settings + s, &figure))
            t->watch->fold(t->watch->user, &figure);
}

/* An error says in which fold it was. */
static logit_status fail_fold(logit_error *err, logit_error *why, int fold, int folds)
{
    lg_error_prefix(why, "fold %d of %d: ", fold, folds);
    if (err) *err = *why;
    return why->status;
}

static logit_status save_unsaved(lg_trainer *t, logit_error *err)
{
    return t->saving.saved_folds < t->folds->complete ? lg_checkpoint_save(t, NULL, err) : LOGIT_OK;
}

/* Folds that are complete are kept; of the one that runs, nothing. */
static logit_status stop_in(lg_trainer *t, int fold, logit_error *err)
{
    const int folds = t->folds->folds;
    if (fold == 0)
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped in fold 1 of %d, before there was anything to keep",
                folds);
    LG_TRY(save_unsaved(t, err));
    LG_FAIL(err, LOGIT_E_STOPPED,
            "stopped in fold %d of %d; those before it are in %s; --resume goes on with that fold",
            fold + 1, folds, lg_run_folder_path(t->folder));
}

logit_status lg_folds_stop_behind(const lg_trainer *t, logit_error *err)
{
    LG_FAIL(err, LOGIT_E_STOPPED, "stopped behind fold %d of %d; they are in %s; --resume goes on",
            t->folds->complete, t->folds->folds, lg_run_folder_path(t->folder));
}

static logit_status run_all(lg_trainer *t, logit_error *err)
{
    lg_folds *f = t->folds;
    const int folds = f->folds;
    for (int fold = f->complete; fold < folds; fold++) {
        ear e = {.run = t, .watch = t->watch, .fold = fold + 1, .folds = folds};
        const logit_watch watch = {.user = &e,
                                   .message = on_message,
                                   .progress = on_progress,
                                   .stop = on_stop,
                                   .save = on_save};
        logit_error why = {0};
        const logit_status status = run_fold(t, fold, &watch, &why);
        if (e.failed != LOGIT_OK) return fail_fold(err, &e.why, fold + 1, folds);
        if (status == LOGIT_E_STOPPED) return stop_in(t, fold, err);
        if (status != LOGIT_OK) return fail_fold(err, &why, fold + 1, folds);
        tell_fold(t, fold);
        f->complete++;
        LG_TRY(lg_checkpoint_save_if_due(t, err));
    }
    return save_unsaved(t, err); /* before the training there is no other moment to save them */
}

logit_status lg_folds_run(lg_trainer *t, logit_error *err)
{
    LG_TRY(create(t, err));
    LG_TRY(lg_checkpoint_restore_folds(t, err));
    for (int fold = 0; fold < t->folds->complete; fold++) tell_fold(t, fold);
    LG_TRY(run_all(t, err));
    return lg_folds_pick(t, err);
}
