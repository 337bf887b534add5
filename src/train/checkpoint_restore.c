/* checkpoint_restore.c -- a checkpoint found, held against what is asked for, and put back. */
/* SPDX-License-Identifier: MIT */
#include "train/checkpoint.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "train/checkpoint_parts.h"
#include "train/run_options.h"
#include "train/trainer.h"

enum { FILES = 2, SHOWN = 600 };

static const cJSON *item(const lg_trainer *t, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(t->saving.from.head, name);
}

/* A number of a head; NaN where there is none. */
static double number_of(const cJSON *head, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(head, name);
    return cJSON_IsNumber(found) ? found->valuedouble : NAN;
}

static double number(const lg_trainer *t, const char *name)
{
    return number_of(t->saving.from.head, name);
}

/* The same as a whole number of at least 0; *bad is set where it is none. */
static int64_t whole(const lg_trainer *t, const char *name, int *bad)
{
    const double value = number(t, name);
    if (value >= 0.0 && value <= 0x1p53 && value == floor(value)) return (int64_t)value;
    *bad = 1;
    return 0;
}

/* Reads one of the two files; *step is -1 if it is not there or damaged. */
static logit_status read_one(lg_trainer *t, int which, lg_checkpoint_file *file, double *step,
                             logit_error *err)
{
    char path[LG_CHECKPOINT_PATH];
    struct stat info;
    logit_error why;
    *step = -1.0;
    lg_checkpoint_path(t->options.out, which, path);
    if (stat(path, &info) != 0 && errno == ENOENT) return LOGIT_OK;
    const logit_status status = lg_checkpoint_file_read(path, file, &why);
    if (status == LOGIT_E_DATA) {
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "%s; it is passed over", why.message);
        return LOGIT_OK;
    }
    if (status != LOGIT_OK) {
        if (err) *err = why;
        return status;
    }
    const double at = number_of(file->head, "step"), folds = number_of(file->head, "folds");
    *step = isnan(at) ? 0.0 : at;
    if (number_of(file->head, "finished") > 0.0) *step += 0.5; /* of two, the later */
    if (folds >= 0.0) *step = -1.0 / (2.0 + folds);            /* before all steps */
    return LOGIT_OK;
}

/* was: 0 where nobody gave it. */
static logit_status refuse_epochs(int64_t was, int now, logit_error *err)
{
    char number[24] = "not given";
    if (was > 0) snprintf(number, sizeof number, "%lld", (long long)was);
    LG_FAIL(err, LOGIT_E_USAGE,
            "--epochs was %s and is %d now: the folds were trained for as many as they were "
            "asked for; begin anew with another -o",
            number, now);
}

/* Epochs that were not asked for again are those of the run. */
static logit_status hold_options(lg_trainer *t, logit_error *err)
{
    int bad = 0;
    const int64_t epochs = whole(t, "epochs", &bad), done = whole(t, "epoch", &bad);
    LG_TRY(lg_run_options_match(&t->asked, item(t, "options"), err));
    if (bad) LG_FAIL(err, LOGIT_E_DATA, "%s: the checkpoint's head lacks numbers", t->options.out);
    if (t->asked.epochs == 0) t->options.epochs = (int)epochs;
    if (t->asked.epochs == 0 || t->asked.epochs == epochs) return LOGIT_OK;
    if (t->asked.folds > 0) return refuse_epochs(epochs, t->asked.epochs, err);
    if (t->asked.epochs > epochs) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "--epochs was %lld and is %d now (%lld are complete); a run that is resumed may only "
            "get more",
            (long long)epochs, t->asked.epochs, (long long)done);
}

logit_status lg_checkpoint_find(lg_trainer *t, logit_error *err)
{
    lg_checkpoint_file file[FILES] = {0};
    double step[FILES];
    logit_status status = LOGIT_OK;
    if (!t->options.resume) return LOGIT_OK;
    if (!t->options.out)
        LG_FAIL(err, LOGIT_E_USAGE, "--resume: give the run folder to go on with, -o RUN");
    for (int i = 0; i < FILES && status == LOGIT_OK; i++)
        status = read_one(t, i, &file[i], &step[i], err);
    const int newest = status == LOGIT_OK && step[1] > step[0];
    if (status == LOGIT_OK && step[newest] > -1.0) {
        t->saving.from = file[newest];
        t->saving.next = 1 - newest;
        file[newest] = (lg_checkpoint_file){0};
        status = hold_options(t, err);
    }
    for (int i = 0; i < FILES; i++) lg_checkpoint_file_clear(&file[i]);
    return status;
}

/* What follows the number of threads in a device's description, from its comma or end on. */
static const char *behind_threads(const char *device)
{
    const char *at = strstr(device, " thread");
    return at ? at + strcspn(at, ",") : device;
}

/* Whether bits may depend on which of two it is: of another kind or make, not of more threads. */
static int is_other_device(const char *a, const char *b)
{
    return strncmp(a, b, strcspn(a, ":") + 1) != 0 ||
           strcmp(behind_threads(a), behind_threads(b)) != 0;
}

/* Differences that are said and no more: bits may differ from here on. */
static void say_differences(const lg_trainer *t)
{
    const char *version = cJSON_GetStringValue(item(t, "version"));
    const char *device = cJSON_GetStringValue(item(t, "device"));
    if (version && strcmp(version, LOGIT_VERSION) != 0)
        lg_report_message(t->watch, LOGIT_LEVEL_WARNING,
                          "the checkpoint is of logit %.40s, this is %s: bits may differ", version,
                          LOGIT_VERSION);
    if (device && is_other_device(device, t->device))
        lg_report_message(t->watch, LOGIT_LEVEL_WARNING,
                          "the checkpoint was computed by another device (%.200s): bits may differ",
                          device);
}

static logit_status hold_data(const lg_trainer *t, logit_error *err)
{
    char name[SHOWN];
    const char *data = cJSON_GetStringValue(item(t, "data"));
    if (data && strcmp(data, t->data_identity) == 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%s: is not the set that the run in %s began with (%.32s then, %s now): files were "
            "added, removed or changed; bring them back, or begin anew with another -o",
            lg_text_escape(name, sizeof name, t->path), t->options.out, data ? data : "none",
            t->data_identity);
}

/* 0, or the number of a complete epoch. */
static int epoch_of(const lg_trainer *t, double value, int *bad)
{
    if (value >= 0.0 && value <= t->epoch && value == floor(value)) return (int)value;
    *bad = 1;
    return 0;
}

static void restore_settings(lg_trainer *t, int *bad)
{
    const cJSON *list = item(t, "settings");
    if (cJSON_GetArraySize(list) != t->settings) *bad = 1;
    for (int s = 0; s < t->settings && !*bad; s++) {
        const cJSON *row = cJSON_GetArrayItem(list, s);
        double value[LG_CHECKPOINT_NUMBERS];
        if (cJSON_GetArraySize(row) != LG_CHECKPOINT_NUMBERS) *bad = 1;
        for (int i = 0; i < LG_CHECKPOINT_NUMBERS; i++) {
            const cJSON *one = cJSON_GetArrayItem(row, i);
            value[i] = cJSON_IsNumber(one) ? one->valuedouble : NAN;
        }
        lg_setting *setting = &t->setting[s];
        setting->stopped = value[0] > 0.0;
        setting->bad_step = (int64_t)(value[1] >= 0.0 ? value[1] : -1.0);
        setting->train_loss = value[2];
        setting->val_loss = value[3];
        setting->val_accuracy = value[4];
        setting->rested = epoch_of(t, value[5], bad);
        setting->best_epoch = epoch_of(t, value[6], bad);
        setting->best_train_loss = value[7];
        setting->best_val_loss = value[8];
        setting->best_val_accuracy = value[9];
    }
}

static void restore_summary(const lg_trainer *t, logit_summary *summary, int *bad)
{
    const int64_t kept = whole(t, "kept", bad);
    if (kept >= t->settings) *bad = 1;
    if (*bad) return;
    lg_trainer_summarise(t, (int)kept, summary);
    summary->objective = number(t, "objective");
    summary->test_count = whole(t, "test_count", bad);
    summary->test_loss = number(t, "test_loss");
    summary->test_accuracy = number(t, "test_accuracy");
    summary->bad = whole(t, "bad", bad);
    summary->seconds = number(t, "seconds");
}

logit_status lg_checkpoint_hold(lg_trainer *t, logit_error *err)
{
    if (!t->saving.from.head) return LOGIT_OK;
    LG_TRY(hold_data(t, err));
    say_differences(t);
    return LOGIT_OK;
}

static logit_status refuse_misfit(const lg_trainer *t, logit_error *err)
{
    LG_FAIL(err, LOGIT_E_DATA, "%s: the checkpoint does not fit this run [MISMATCH]",
            t->options.out);
}

/* 1 for a checkpoint of a run that is still at its folds. */
static int is_at_folds(const lg_trainer *t)
{
    return item(t, "folds") != NULL;
}

logit_status lg_checkpoint_restore_folds(lg_trainer *t, logit_error *err)
{
    const lg_checkpoint_file *from = &t->saving.from;
    const size_t bytes = lg_folds_state_bytes(t->folds);
    int bad = 0;
    if (!from->head) return LOGIT_OK;
    const int64_t complete = is_at_folds(t) ? whole(t, "folds", &bad) : t->options.folds;
    if (bad || from->state_bytes < bytes ||
        !lg_folds_put_state(t->folds, from->state + from->state_bytes - bytes, complete))
        return refuse_misfit(t, err);
    t->saving.saved_folds = (int)complete;
    if (is_at_folds(t))
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "going on after fold %lld of %d",
                          (long long)complete, t->options.folds);
    return LOGIT_OK;
}

/* Its own training begins; a line of it that nobody saved is said again. */
static logit_status begin_after_folds(lg_trainer *t, logit_error *err)
{
    t->saving.seconds_before = number(t, "seconds");
    lg_checkpoint_file_clear(&t->saving.from);
    return lg_run_folder_cut_metrics(t->folder, 0, err);
}

/* Where it stands, and how its settings fare. */
static void restore_place(lg_trainer *t, int *bad)
{
    t->resumed = 1;
    t->epoch = (int)whole(t, "epoch", bad);
    t->step = whole(t, "step", bad);
    t->first_batch = whole(t, "batch", bad);
    t->epoch_weight = number(t, "weight");
    t->saving.seconds_before = number(t, "seconds");
    t->saving.saved_step = t->step;
    restore_settings(t, bad);
    if (t->first_batch > lg_loader_batches(t->sources.part[LG_PART_TRAIN].loader)) *bad = 1;
}

/* 1 where the run came to its end and nothing more is asked for. */
static int is_finished(const lg_trainer *t)
{
    return number(t, "finished") > 0.0 && (t->epoch >= lg_optimum_most_passes(t) ||
                                           number(t, "optimum") > 0.0 || !lg_grid_trains(t));
}

/* Weights and all that trains them, where the run goes on. */
static logit_status put_training(lg_trainer *t, int64_t metrics, logit_error *err)
{
    const char *state = (const char *)t->saving.from.state;
    const size_t kept = lg_patience_bytes(t);
    LG_TRY(lg_run_folder_cut_metrics(t->folder, metrics, err));
    LG_TRY(lg_problem_put_state(t->problem, state, err));
    state += lg_problem_state_bytes(t->problem) + lg_optimum_state_bytes(t);
    if (kept) memcpy(lg_patience_kept(t), state, kept);
    lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "going on after step %lld, in epoch %d",
                      (long long)t->step, t->epoch + 1);
    lg_checkpoint_file_clear(&t->saving.from);
    return LOGIT_OK;
}

logit_status lg_checkpoint_restore(lg_trainer *t, logit_summary *summary, int *finished,
                                   logit_error *err)
{
    const size_t problem = lg_problem_state_bytes(t->problem);
    const size_t bytes =
        problem + lg_optimum_state_bytes(t) + lg_patience_bytes(t) + lg_folds_state_bytes(t->folds);
    int bad = 0;
    *finished = 0;
    if (!t->saving.from.head) return LOGIT_OK;
    if (is_at_folds(t)) return begin_after_folds(t, err);
    const int64_t metrics = whole(t, "metrics", &bad);
    restore_place(t, &bad);
    *finished = is_finished(t);
    if (*finished) restore_summary(t, summary, &bad);
    if (bad || t->saving.from.state_bytes != bytes) return refuse_misfit(t, err);
    lg_optimum_put_state(t, (const char *)t->saving.from.state + problem);
    if (!*finished) return put_training(t, metrics, err);
    if (t->optimum) lg_optimum_summarise(t, summary);
    lg_report_message(t->watch, LOGIT_LEVEL_NOTICE,
                      "the run in %s is finished: nothing is left to do", t->options.out);
    return LOGIT_OK;
}
