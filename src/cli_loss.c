/* cli_loss.c -- `logit loss`: from logits to a loss, and from losses to a likelihood.
 *
 * The command. */
/* SPDX-License-Identifier: MIT */
#include "cli_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { MOST_LOGITS = 1000000 };

/* ------------------------------------------------------------------------- what is asked --- */

typedef struct logits {
    double *value;
    int count, room;
} logits;

static logit_status add_logit(logits *list, double value, long times, logit_error *err)
{
    if (times > MOST_LOGITS - list->count)
        LG_FAIL(err, LOGIT_E_USAGE, "--logits: more than %d of them", MOST_LOGITS);
    if (list->count + (int)times > list->room) {
        const int room = 2 * list->room + (int)times;
        double *more = realloc(list->value, (size_t)room * sizeof *more);
        if (!more) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d logits", room);
        list->value = more;
        list->room = room;
    }
    for (long i = 0; i < times; i++) list->value[list->count++] = value;
    return LOGIT_OK;
}

/* "1,-2.5,0*998" */
static logit_status read_logits(logits *list, const char *text, logit_error *err)
{
    for (const char *at = text;;) {
        char *end, shown[80];
        const double value = strtod(at, &end);
        long times = 1;
        int good = end > at && !isnan(value);
        if (good && *end == '*') {
            at = end + 1;
            times = strtol(at, &end, 10);
            good = end > at && times >= 1;
        }
        if (!good || (*end && *end != ','))
            LG_FAIL(err, LOGIT_E_USAGE,
                    "--logits: found \"%s\", expected numbers with commas between them, or A*N for "
                    "N times A",
                    lg_text_escape(shown, sizeof shown, at));
        LG_TRY(add_logit(list, value, times, err));
        if (!*end) return LOGIT_OK;
        at = end + 1;
    }
}

/* A class by its number; -1 where nothing is asked. */
static logit_status read_number(int *class_index, const char *option, const char *text, int classes,
                                logit_error *err)
{
    char *end, shown[80];
    *class_index = -1;
    if (!text) return LOGIT_OK;
    const long number = strtol(text, &end, 10);
    if (end == text || *end || number < 0 || number >= classes)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--%s: found \"%s\", but with %d logits the classes are 0 to %d%s", option,
                lg_text_escape(shown, sizeof shown, text), classes, classes - 1,
                classes == 1 ? " (a single sigmoid of Z is written --logits 0,Z)" : "");
    *class_index = (int)number;
    return LOGIT_OK;
}

/* A class by its name. */
static logit_status read_class(int *class_index, const char *option, const char *text,
                               logit_model_info info, logit_error *err)
{
    char shown[200];
    *class_index = -1;
    for (int c = 0; text && c < info.classes; c++)
        if (strcmp(text, info.class_name[c]) == 0) *class_index = c;
    if (!text || *class_index >= 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "--%s: the model has no class \"%s\"", option,
            lg_text_escape(shown, sizeof shown, text));
}

/* --------------------------------------------------------------------------------- words --- */

const char *const lg_cli_loss_ways[LOGIT_NAIVE_WAYS] = {
    [LOGIT_NAIVE_P] = "-log p, p = exp(z_y) / sum exp(z)",
    [LOGIT_NAIVE_P_SHIFTED] = "-log p, with z - m for z",
    [LOGIT_NAIVE_LSE] = "log(sum exp(z)) - z_y",
    [LOGIT_NAIVE_LSE_SHIFTED] = "m + log(sum exp(z - m)) - z_y",
};

const char *lg_cli_loss_real(char *out, int digits, double value)
{
    if (isnan(value))
        snprintf(out, LG_CELL, "nan");
    else
        snprintf(out, LG_CELL, "%.*g", digits, value);
    return out;
}

const char *lg_cli_loss_float(char *out, double value)
{
    return lg_cli_loss_real(out, 9, value);
}

const char *lg_cli_loss_off(char *out, double value, double truth)
{
    const double off = fabs(value - truth) / fabs(truth);
    if (!isfinite(value) && value != truth)
        snprintf(out, LG_CELL, "useless");
    else if (value == truth || value == (double)(float)truth)
        snprintf(out, LG_CELL, "exact");
    else if (value == 0.0)
        snprintf(out, LG_CELL, "all of it");
    else
        snprintf(out, LG_CELL, "%.1e", off);
    return out;
}

void lg_cli_loss_heading(const lg_cli *cli, const char *text)
{
    fprintf(cli->out, "\n%s%s%s\n", lg_cli_colour_text(cli->out_colour, LG_BOLD), text,
            lg_cli_colour_text(cli->out_colour, LG_PLAIN));
}

int lg_cli_loss_coefficients(logit_model_info info, int c, int reference,
                             lg_cli_coefficient largest[LG_CLI_COEFFICIENTS])
{
    int count = 0;
    const float *row = info.weight + (int64_t)c * info.features;
    const float *base = info.weight + (int64_t)reference * info.features;
    for (int64_t i = 0; i < info.features; i++) {
        const double value = (double)row[i] - (double)base[i];
        const lg_cli_coefficient one = {c, i, isnan(value) ? NAN : value}; /* without its sign */
        int at = count < LG_CLI_COEFFICIENTS ? count : LG_CLI_COEFFICIENTS - 1;
        if (at == count)
            count++;
        else if (!(fabs(one.value) > fabs(largest[at].value)))
            continue;
        for (; at > 0 && fabs(largest[at - 1].value) < fabs(one.value); at--)
            largest[at] = largest[at - 1];
        largest[at] = one;
    }
    return count;
}

/* ----------------------------------------------------------------------------------- all --- */

static logit_status put_sample(lg_cli *cli, const logit_loss_sample *sample, logit_error *err)
{
    if (lg_cli_is_json(cli)) {
        lg_text json = {0};
        lg_cli_loss_add_sample(sample, &json);
        return lg_cli_put(cli, &json, err);
    }
    lg_cli_loss_print_sample(cli, sample);
    return lg_cli_flush(cli, err);
}

static logit_status tell_logits(lg_cli *cli, const logits *list, logit_error *err)
{
    const lg_cli_story *asked = &cli->set.story;
    const char *device = cli->set.library.device;
    logit_loss_sample sample;
    int label, reference;
    if (!asked->label)
        LG_FAIL(err, LOGIT_E_USAGE, "--logits needs --label: a loss is of a class, 0 to %d",
                list->count - 1);
    LG_TRY(read_number(&label, "label", asked->label, list->count, err));
    LG_TRY(read_number(&reference, "reference", asked->reference, list->count, err));
    LG_TRY(logit_loss_of_logits(list->value, list->count, label, asked->smoothing, reference,
                                strcmp(device, "auto") == 0 ? NULL : device, &sample, err));
    const logit_status status = put_sample(cli, &sample, err);
    logit_loss_sample_clear(&sample);
    return status;
}

static logit_status run_logits(lg_cli *cli, logit_error *err)
{
    logits list = {0};
    if (cli->arguments > 0)
        LG_FAIL(err, LOGIT_E_USAGE, "--logits stands alone: MODEL and DATA have their own");
    logit_status status = read_logits(&list, cli->set.story.logits, err);
    if (status == LOGIT_OK) status = tell_logits(cli, &list, err);
    free(list.value);
    return status;
}

static logit_status tell_set(lg_cli *cli, logit_model *model, logit_error *err)
{
    const logit_watch watch = lg_cli_watch(cli);
    const logit_model_info info = logit_model_describe(model);
    logit_likelihood set;
    int reference;
    LG_TRY(read_class(&reference, "reference", cli->set.story.reference, info, err));
    if (reference >= 0 && info.outputs != info.classes)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--reference: this model has one row for two classes already: its logit is the log "
                "odds of %s against %s",
                info.class_name[1], info.class_name[0]);
    const logit_status status =
        logit_loss_of_set(model, cli->argument[1], cli->set.part, cli->set.story.smoothing,
                          reference, &cli->set.library, &watch, &set, err);
    LG_TRY(lg_cli_watched(cli, status, err));
    lg_text json = {0};
    if (lg_cli_is_json(cli))
        lg_cli_loss_add_set(model, reference, &set, &json);
    else
        lg_cli_loss_print_set(cli, model, reference, &set);
    return lg_cli_put(cli, &json, err);
}

/* A MODEL alone, or in its place the DATA. */
static logit_status refuse_one(const lg_cli *cli, logit_error *err)
{
    char name[LG_CELL];
    LG_FAIL(err, LOGIT_E_USAGE,
            "%s alone does not say of which samples the loss is asked: give MODEL and DATA, as in "
            "logit loss runs/latest photos; or take logits of your own, as in logit loss --logits "
            "1,2,3 --label 2",
            lg_cli_name(name, cli->argument[0], 60));
}

logit_status lg_cli_run_loss(lg_cli *cli, logit_error *err)
{
    logit_model *model = NULL;
    if (cli->set.story.logits) return run_logits(cli, err);
    if (cli->arguments == 1) return refuse_one(cli, err);
    if (cli->arguments != 2)
        LG_FAIL(
            err, LOGIT_E_USAGE,
            "nothing to tell of: give --logits A,B,.. --label CLASS, or MODEL DATA, as in logit "
            "loss runs/latest photos");
    if (cli->set.story.label)
        LG_FAIL(err, LOGIT_E_USAGE, "--label goes with --logits: DATA has its own labels");
    LG_TRY(logit_model_open(&model, cli->argument[0], err));
    lg_cli_take_model(cli, model);
    const logit_status status = tell_set(cli, model, err);
    logit_model_close(model);
    return status;
}
