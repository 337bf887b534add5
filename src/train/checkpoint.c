/* checkpoint.c -- found, held against what is asked for, put back; and written in turns. */
/* SPDX-License-Identifier: MIT */
#include "train/checkpoint.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/status.h"
#include "train/run_options.h"
#include "train/trainer.h"

enum { FILES = 2, PATH_ROOM = 4400, SHOWN = 600, SETTING_NUMBERS = 10 };

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
        for (int i = 0; i < SETTING_NUMBERS - 2; i++) {
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
    add_settings(t, out);
    if (summary) add_summary(summary, out);
    lg_text_add(out, "}");
}

static void path_of(const char *folder, int which, char *out)
{
    snprintf(out, PATH_ROOM, "%s/checkpoint.%d", folder, which);
}

logit_status lg_checkpoint_save(lg_trainer *t, const logit_summary *summary, logit_error *err)
{
    lg_saving *saving = &t->saving;
    lg_text head = {0};
    char path[PATH_ROOM];
    const double began = lg_seconds();
    if (!saving->state) {
        saving->state_bytes =
            lg_problem_state_bytes(t->problem) + lg_optimum_state_bytes(t) + lg_patience_bytes(t);
        saving->state = malloc(saving->state_bytes);
    }
    if (!saving->state)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a checkpoint of %zu bytes",
                saving->state_bytes);
    LG_TRY(lg_problem_get_state(t->problem, saving->state, err));
    lg_optimum_get_state(t, (char *)saving->state + lg_problem_state_bytes(t->problem));
    const size_t kept = lg_patience_bytes(t);
    if (kept) memcpy((char *)saving->state + saving->state_bytes - kept, lg_patience_kept(t), kept);
    LG_TRY(lg_run_folder_sync(t->folder, err));
    write_head(t, summary, &head);
    path_of(lg_run_folder_path(t->folder), saving->next, path);
    const logit_status status =
        lg_checkpoint_file_write(path, &head, saving->state, saving->state_bytes, err);
    lg_text_clear(&head);
    LG_TRY(status);
    saving->next = 1 - saving->next;
    saving->saved_step = t->step;
    saving->saved_at = lg_seconds();
    saving->cost = saving->saved_at - began;
    return LOGIT_OK;
}

double lg_checkpoint_interval(const logit_options *options, double cost)
{
    return fmax(options->checkpoint_seconds, LEAST_SHARE * cost);
}

logit_status lg_checkpoint_save_if_due(lg_trainer *t, logit_error *err)
{
    const lg_saving *saving = &t->saving;
    const logit_options *o = &t->options;
    if (o->checkpoint_steps > 0)
        return t->step - saving->saved_step >= o->checkpoint_steps
                   ? lg_checkpoint_save(t, NULL, err)
                   : LOGIT_OK;
    const double since = lg_seconds() - (saving->saved_at > 0.0 ? saving->saved_at : t->started);
    if (since < lg_checkpoint_interval(o, saving->cost)) return LOGIT_OK;
    return lg_checkpoint_save(t, NULL, err);
}

/* ------------------------------------------------------------------------- what is read back ---
 */

static const cJSON *item(const lg_trainer *t, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(t->saving.from.head, name);
}

/* A number of the head; NaN where there is none. */
static double number(const lg_trainer *t, const char *name)
{
    const cJSON *found = item(t, name);
    return cJSON_IsNumber(found) ? found->valuedouble : NAN;
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
    char path[PATH_ROOM];
    struct stat info;
    logit_error why;
    *step = -1.0;
    path_of(t->options.out, which, path);
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
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(file->head, "step");
    *step = cJSON_IsNumber(found) ? found->valuedouble : 0.0;
    const cJSON *finished = cJSON_GetObjectItemCaseSensitive(file->head, "finished");
    if (cJSON_IsNumber(finished) && finished->valuedouble > 0.0)
        *step += 0.5; /* of two, the later */
    return LOGIT_OK;
}

/* Epochs that were not asked for again are those of the run. */
static logit_status hold_options(lg_trainer *t, logit_error *err)
{
    int bad = 0;
    const int64_t epochs = whole(t, "epochs", &bad), done = whole(t, "epoch", &bad);
    LG_TRY(lg_run_options_match(&t->asked, item(t, "options"), err));
    if (bad) LG_FAIL(err, LOGIT_E_DATA, "%s: the checkpoint's head lacks numbers", t->options.out);
    if (t->asked.epochs == 0) t->options.epochs = (int)epochs;
    if (t->asked.epochs == 0 || t->asked.epochs >= epochs) return LOGIT_OK;
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
    if (status == LOGIT_OK && step[newest] >= 0.0) {
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
        double value[SETTING_NUMBERS];
        if (cJSON_GetArraySize(row) != SETTING_NUMBERS) *bad = 1;
        for (int i = 0; i < SETTING_NUMBERS; i++) {
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

logit_status lg_checkpoint_restore(lg_trainer *t, logit_summary *summary, int *finished,
                                   logit_error *err)
{
    int bad = 0;
    *finished = 0;
    if (!t->saving.from.head) return LOGIT_OK;
    LG_TRY(hold_data(t, err));
    say_differences(t);
    t->resumed = 1;
    t->epoch = (int)whole(t, "epoch", &bad);
    t->step = whole(t, "step", &bad);
    t->first_batch = whole(t, "batch", &bad);
    t->epoch_weight = number(t, "weight");
    t->saving.seconds_before = number(t, "seconds");
    t->saving.saved_step = t->step;
    const int64_t metrics = whole(t, "metrics", &bad);
    restore_settings(t, &bad);
    *finished = number(t, "finished") > 0.0 && (t->epoch >= lg_optimum_most_passes(t) ||
                                                number(t, "optimum") > 0.0 || !lg_grid_trains(t));
    if (*finished) restore_summary(t, summary, &bad);
    const size_t problem = lg_problem_state_bytes(t->problem), kept = lg_patience_bytes(t);
    const size_t state = problem + lg_optimum_state_bytes(t);
    if (bad || t->saving.from.state_bytes != state + kept ||
        t->first_batch > lg_loader_batches(t->sources.part[LG_PART_TRAIN].loader))
        LG_FAIL(err, LOGIT_E_DATA, "%s: the checkpoint does not fit this run [MISMATCH]",
                t->options.out);
    lg_optimum_put_state(t,
                         (const char *)t->saving.from.state + lg_problem_state_bytes(t->problem));
    if (*finished && t->optimum) lg_optimum_summarise(t, summary);
    if (*finished)
        lg_report_message(t->watch, LOGIT_LEVEL_NOTICE,
                          "the run in %s is finished: nothing is left to do", t->options.out);
    if (*finished) return LOGIT_OK;
    LG_TRY(lg_run_folder_cut_metrics(t->folder, metrics, err));
    LG_TRY(lg_problem_put_state(t->problem, t->saving.from.state, err));
    if (kept) memcpy(lg_patience_kept(t), t->saving.from.state + state, kept);
    lg_report_message(t->watch, LOGIT_LEVEL_NOTICE, "going on after step %lld, in epoch %d",
                      (long long)t->step, t->epoch + 1);
    lg_checkpoint_file_clear(&t->saving.from);
    return LOGIT_OK;
}

void lg_checkpoint_clear(lg_saving *saving)
{
    lg_checkpoint_file_clear(&saving->from);
    free(saving->state);
    *saving = (lg_saving){0};
}
