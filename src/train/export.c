/* export.c -- logit_export: which format, whether it may be, and what every format starts from. */
/* SPDX-License-Identifier: MIT */
#include "train/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "base/text.h"
#include "train/prior.h"
#include "train/temperature.h"

enum { SHOWN = 600 }; /* bytes of a path inside a message */

typedef struct format_row {
    const char *name, *ending, *about;
    logit_status (*write)(const lg_export *e, const char *path, int64_t *bytes, logit_error *err);
} format_row;

static const format_row formats[LG_EXPORT_COUNT] = {
#define EXPORT(id, name, ending, about) {#name, ending, about, lg_export_##name},
#include "train/export.def"
#undef EXPORT
};

const char *logit_export_name(int i)
{
    return i >= 0 && i < LG_EXPORT_COUNT ? formats[i].name : NULL;
}

const char *logit_export_about(int i)
{
    return i >= 0 && i < LG_EXPORT_COUNT ? formats[i].about : NULL;
}

void logit_export_options_default(logit_export_options *options)
{
    *options = (logit_export_options){.format = "auto", .temperature = 1.0};
}

/* ------------------------------------------------------------------------------- the format --- */

static int ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static logit_status choose(const logit_export_options *options, const format_row **out,
                           logit_error *err)
{
    char shown[SHOWN];
    lg_text all = {0};
    const int automatic = strcmp(options->format, "auto") == 0;
    *out = NULL;
    for (int i = 0; i < LG_EXPORT_COUNT; i++) {
        const format_row *row = &formats[i];
        if (automatic ? ends_with(options->file, row->ending)
                      : strcmp(options->format, row->name) == 0)
            *out = row;
        lg_text_add(&all, "%s%s", i ? " or " : "", automatic ? row->ending : row->name);
    }
    logit_status status = LOGIT_OK;
    if (!*out)
        status = lg_fail(
            err, LOGIT_E_USAGE, __FILE__, __LINE__, "%s: expected %s%s%s",
            lg_text_escape(shown, sizeof shown, automatic ? options->file : options->format),
            automatic ? "a file that ends in " : "the format ", all.data ? all.data : "",
            automatic ? ", or --format" : "");
    lg_text_clear(&all);
    return status;
}

/* -------------------------------------------------------------------------- what is checked --- */

static logit_status check_file(const logit_export_options *options, logit_error *err)
{
    char shown[SHOWN];
    struct stat info;
    if (!options->file || !*options->file)
        LG_FAIL(err, LOGIT_E_USAGE, "-o FILE is missing: the file to write");
    if (stat(options->file, &info) != 0 || (options->force && S_ISREG(info.st_mode)))
        return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "%s: is there already%s",
            lg_text_escape(shown, sizeof shown, options->file),
            S_ISREG(info.st_mode) ? "; --force replaces it" : ", and is no file");
}

/* A model that answers NaN is told of by logit itself; elsewhere nobody would. */
static logit_status check_finite(const logit_model *model, logit_error *err)
{
    const int64_t weights = model->outputs * model->features;
    int64_t bad = 0;
    for (int64_t i = 0; i < weights; i++) bad += !isfinite(model->weight[i]);
    for (int j = 0; j < model->outputs; j++) bad += !isfinite(model->bias[j]);
    if (bad == 0) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_DATA,
            "%lld of the model's weights are not finite: it would answer nothing but NaN",
            (long long)bad);
}

/* ------------------------------------------------------------------------------ the contents ---
 */

static logit_status fill_normal(lg_export *e, logit_error *err)
{
    const logit_model *model = e->model;
    const lg_normal normal = lg_model_normal(model);
    if (model->floats && !model->feature_mean) return LOGIT_OK;
    e->normals = model->floats ? model->inputs : model->shape.channels;
    e->scale = calloc((size_t)e->normals, sizeof *e->scale);
    e->shift = calloc((size_t)e->normals, sizeof *e->shift);
    if (!e->scale || !e->shift) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an export");
    lg_normal_fill(&normal, e->normals, e->scale, e->shift);
    return LOGIT_OK;
}

static logit_status fill(lg_export *e, const logit_export_options *options, logit_error *err)
{
    const logit_model *model = e->model;
    LG_TRY(lg_temperature_check(model->loss, options->temperature, err));
    e->temperature = options->temperature * model->temperature;
    e->link = lg_losses[model->loss].link;
    e->scores = model->classes > 0 ? model->classes : 1;
    LG_TRY(fill_normal(e, err));
    if (!options->prior) return LOGIT_OK;
    e->prior_text = options->prior;
    e->prior = calloc((size_t)model->outputs, sizeof *e->prior);
    if (!e->prior) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the prior");
    return lg_prior_shift(e->prior, model, options->prior, err);
}

logit_status logit_export(const logit_model *model, const logit_export_options *options,
                          logit_export_summary *summary, logit_error *err)
{
    lg_export e = {.model = model};
    const format_row *format;
    int64_t bytes = 0;
    if (summary) *summary = (logit_export_summary){0};
    LG_TRY(check_file(options, err));
    LG_TRY(choose(options, &format, err));
    LG_TRY(check_finite(model, err));
    logit_status status = fill(&e, options, err);
    if (status == LOGIT_OK) status = format->write(&e, options->file, &bytes, err);
    if (status == LOGIT_OK && summary) *summary = (logit_export_summary){format->name, bytes};
    free(e.scale);
    free(e.shift);
    free(e.prior);
    return status;
}

void lg_export_add_numbers(lg_text *text, const double *number, int count)
{
    lg_text_add(text, "[");
    for (int i = 0; i < count; i++) {
        lg_text_add(text, "%s", i > 0 ? "," : "");
        lg_text_add_number(text, number[i]);
    }
    lg_text_add(text, "]");
}
