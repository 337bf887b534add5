/* model_load.c -- a model file is believed when all its parts say the same. */
/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "data/dataset.h"
#include "train/class_names.h"
#include "train/json_check.h"
#include "train/model.h"
#include "train/model_find.h"
#include "train/model_map.h"
#include "train/safetensors.h"
#include "train/temperature.h"
#include "train/version.h"

enum { SHOWN = 80 }; /* room for a value inside a message */

/* A file being read into a model. */
typedef struct reading {
    const lg_safetensors *file;
    logit_model *model;
    logit_error *err;
} reading;

#define FAULT(r, entry, kind, ...)                                                                 \
    lg_safetensors_fault((r)->file, (entry), (kind), (r)->err, __VA_ARGS__)

/* -------------------------------------------------------------------------------- metadata --- */

static logit_status need_meta(const reading *r, const char *key, const cJSON **entry)
{
    *entry = lg_safetensors_meta(r->file, key);
    if (*entry) return LOGIT_OK;
    return FAULT(r, NULL, "MISMATCH", "the metadata lacks \"%s\"", key);
}

static logit_status read_format(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry = lg_safetensors_meta(r->file, "format");
    if (entry && strcmp(entry->valuestring, "logit") == 0) return LOGIT_OK;
    return FAULT(r, entry, "MISMATCH",
                 "a safetensors file, but not a model of logit (its metadata says format \"%s\", "
                 "expected \"logit\"); `logit train` makes one",
                 entry ? lg_text_escape(shown, sizeof shown, entry->valuestring) : "(nothing)");
}

/* Files of earlier versions are read, those of later ones are not. */
static logit_status read_version(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry;
    LG_TRY(need_meta(r, "version", &entry));
    const int epoch = lg_version_epoch(entry->valuestring);
    lg_text_escape(shown, sizeof shown, entry->valuestring);
    if (epoch < 0)
        return FAULT(r, entry, "FORMAT", "version \"%s\" is not of the form 1.2.3", shown);
    if (epoch > lg_version_epoch(LOGIT_VERSION))
        return FAULT(r, entry, "UNSUP", "written by logit %s, this is %s: a newer logit is needed",
                     shown, LOGIT_VERSION);
    return LOGIT_OK;
}

static logit_status read_loss(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry;
    LG_TRY(need_meta(r, "loss", &entry));
    r->model->loss = lg_loss_find(entry->valuestring);
    if (r->model->loss != LG_LOSS_COUNT) return LOGIT_OK;
    return FAULT(r, entry, "UNSUP", "loss \"%s\" is not known",
                 lg_text_escape(shown, sizeof shown, entry->valuestring));
}

static logit_status read_classes(const reading *r)
{
    logit_model *model = r->model;
    lg_class_names_fault fault;
    const cJSON *entry;
    LG_TRY(need_meta(r, "classes", &entry));
    const logit_status status =
        lg_class_names_read(&model->class_name, &model->classes, entry->valuestring, &fault);
    if (status == LOGIT_E_DATA) return FAULT(r, entry, fault.kind, "%s", fault.reason);
    if (status != LOGIT_OK) LG_FAIL(r->err, status, "class names of a model");

    const lg_loss_row *row = &lg_losses[model->loss];
    if (model->classes == 1 || (model->classes == 0 && row->link != LG_LINK_IDENTITY))
        return FAULT(r, entry, "RANGE", "%d classes, loss %s needs two or more%s", model->classes,
                     row->name, row->link == LG_LINK_IDENTITY ? ", or none for numbers" : "");
    model->outputs = row->outputs(model->classes);
    return LOGIT_OK;
}

/* A positive integer in decimal, at most `most`. */
static logit_status read_integer(const reading *r, const char *key, int most, int *out)
{
    char shown[SHOWN];
    const cJSON *entry;
    LG_TRY(need_meta(r, key, &entry));
    const char *text = entry->valuestring;
    const size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 9 || text[length] != '\0' || *text == '0')
        return FAULT(r, entry, "FORMAT", "%s \"%s\" is not a positive integer", key,
                     lg_text_escape(shown, sizeof shown, text));
    *out = atoi(text);
    if (*out > most) return FAULT(r, entry, "LIMIT", "%s is %d, at most %d", key, *out, most);
    return LOGIT_OK;
}

/* Pixels, unless it says otherwise. */
static logit_status read_element(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry = lg_safetensors_meta(r->file, "element");
    if (!entry) return LOGIT_OK;
    r->model->floats = strcmp(entry->valuestring, LG_MODEL_FLOAT) == 0;
    if (r->model->floats) return LOGIT_OK;
    return FAULT(r, entry, "UNSUP", "element \"%s\" is not known, expected \"" LG_MODEL_FLOAT "\"",
                 lg_text_escape(shown, sizeof shown, entry->valuestring));
}

static logit_status read_shape(const reading *r)
{
    lg_image_target *shape = &r->model->shape;
    const int side = r->model->floats ? LG_FEATURES_MAX : LG_IMAGE_MAX_SIDE;
    LG_TRY(read_integer(r, "height", side, &shape->height));
    LG_TRY(read_integer(r, "width", side, &shape->width));
    LG_TRY(read_integer(r, "channels", LG_MODEL_MAX_CHANNELS, &shape->channels));
    if (shape->channels == 2)
        return FAULT(r, lg_safetensors_meta(r->file, "channels"), "UNSUP",
                     "channels is 2, expected 1 or 3");
    r->model->features = (int64_t)shape->height * shape->width * shape->channels;
    r->model->inputs = r->model->features;
    if (r->model->floats && r->model->features > LG_FEATURES_MAX)
        return FAULT(r, lg_safetensors_meta(r->file, "height"), "LIMIT",
                     "%lld features, at most %d are read", (long long)r->model->features,
                     LG_FEATURES_MAX);
    if (!r->model->floats && (size_t)shape->height * (size_t)shape->width > LG_IMAGE_MAX_PIXELS)
        return FAULT(r, lg_safetensors_meta(r->file, "height"), "LIMIT",
                     "%d x %d pixels, at most %zu are decoded", shape->width, shape->height,
                     LG_IMAGE_MAX_PIXELS);
    return LOGIT_OK;
}

/* An array of `channels` numbers, each of them finite and greater than `above`. */
static logit_status take_numbers(const reading *r, const cJSON *entry, const cJSON *array,
                                 double above, double *out)
{
    const int channels = r->model->shape.channels;
    const cJSON *item = array->child;
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) != channels)
        return FAULT(r, entry, "MISMATCH", "%s is not an array of %d numbers, one per channel",
                     entry->string, channels);
    for (int c = 0; c < channels; c++, item = item->next) {
        if (!cJSON_IsNumber(item))
            return FAULT(r, entry, "FORMAT", "%s[%d] is not a number", entry->string, c);
        out[c] = item->valuedouble;
        if (!isfinite(out[c]) || !(out[c] > above))
            return FAULT(r, entry, "RANGE", "%s[%d] is %g", entry->string, c, out[c]);
    }
    return LOGIT_OK;
}

static logit_status read_numbers(const reading *r, const char *key, double above, double *out)
{
    static const lg_json_rules rules = {.depth = 1, .values = 1 + LG_MODEL_MAX_CHANNELS};
    lg_json_fault fault;
    const cJSON *entry;
    cJSON *array;
    LG_TRY(need_meta(r, key, &entry));
    const char *text = entry->valuestring;
    logit_status status = lg_json_parse(&array, text, strlen(text), &rules, &fault);
    if (status == LOGIT_E_DATA)
        return FAULT(r, entry, fault.kind, "%s, byte %zu: %s", key, fault.at, fault.reason);
    if (status != LOGIT_OK) LG_FAIL(r->err, status, "%s of a model", key);
    status = take_numbers(r, entry, array, above, out);
    cJSON_Delete(array);
    return status;
}

static logit_status read_normalize(const reading *r)
{
    char shown[SHOWN];
    logit_model *model = r->model;
    const cJSON *entry;
    LG_TRY(need_meta(r, "normalize", &entry));
    const int unit = strcmp(entry->valuestring, "unit") == 0;
    if (!unit && strcmp(entry->valuestring, "standard") != 0)
        return FAULT(r, entry, "UNSUP", "normalize \"%s\" is not known",
                     lg_text_escape(shown, sizeof shown, entry->valuestring));
    if (!model->floats) {
        LG_TRY(read_numbers(r, "mean", -HUGE_VAL, model->mean));
        LG_TRY(read_numbers(r, "std", 0.0, model->std));
    }
    for (int c = 0; c < model->shape.channels && unit && !model->floats; c++)
        if (model->mean[c] != 0.0 || model->std[c] != 1.0)
            return FAULT(r, entry, "MISMATCH", "normalize is unit, and mean is not 0 or std not 1");
    return lg_model_set_text(&model->normalize, entry->valuestring, r->err);
}

static logit_status read_resize(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry;
    LG_TRY(need_meta(r, "resize", &entry));
    if (strcmp(entry->valuestring, LG_IMAGE_RESIZE_RULE) != 0)
        return FAULT(r, entry, "UNSUP", "resize rule \"%s\" is not known, expected \"%s\"",
                     lg_text_escape(shown, sizeof shown, entry->valuestring), LG_IMAGE_RESIZE_RULE);
    return lg_model_set_text(&r->model->resize, entry->valuestring, r->err);
}

static logit_status read_decoder(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry = lg_safetensors_meta(r->file, "decoder");
    r->model->decoding = entry ? lg_decoding_find(entry->valuestring) : LG_DECODING_STB;
    if (r->model->decoding != LG_DECODING_COUNT) return LOGIT_OK;
    return FAULT(r, entry, "UNSUP", "decoder \"%s\" is not known",
                 lg_text_escape(shown, sizeof shown, entry->valuestring));
}

static logit_status read_temperature(const reading *r)
{
    char shown[SHOWN];
    const cJSON *entry = lg_safetensors_meta(r->file, "temperature");
    r->model->temperature = 1.0;
    const char *kind =
        entry ? lg_temperature_read(entry->valuestring, &r->model->temperature) : NULL;
    if (!kind) return LOGIT_OK;
    return FAULT(r, entry, kind, "temperature \"%s\" is not a number from %g to %g",
                 lg_text_escape(shown, sizeof shown, entry->valuestring), LG_TEMPERATURE_LEAST,
                 LG_TEMPERATURE_MOST);
}

static logit_status read_summary(const reading *r)
{
    static const lg_json_rules rules = {.depth = 16, .values = INT64_MAX};
    lg_json_fault fault;
    const cJSON *entry = lg_safetensors_meta(r->file, "summary");
    if (!entry) return LOGIT_OK;
    const char *text = entry->valuestring;
    if (lg_json_check(text, strlen(text), &rules, &fault) != LOGIT_OK)
        return FAULT(r, entry, fault.kind, "summary, byte %zu: %s", fault.at, fault.reason);
    if (*text != '{') return FAULT(r, entry, "FORMAT", "summary is not a JSON object");
    return lg_model_set_text(&r->model->summary, text, r->err);
}

/* --------------------------------------------------------------------------------- tensors --- */

/* Reads tensor `name`, which must be float32 of this shape, into fresh memory. */
static logit_status read_tensor(const reading *r, const char *name, const int64_t *shape, int rank,
                                float **out)
{
    const lg_tensor *tensor;
    LG_TRY(lg_model_tensor_find(r->file, name, "F32", shape, rank, &tensor, r->err));
    *out = malloc((size_t)tensor->bytes);
    if (!*out)
        LG_FAIL(r->err, LOGIT_E_NOMEM, "%s of a model: %lld bytes", name, (long long)tensor->bytes);
    return lg_safetensors_read(r->file, tensor, *out, r->err);
}

static logit_status read_prior(const reading *r)
{
    logit_model *model = r->model;
    const lg_tensor *tensor = lg_safetensors_find(r->file, "prior");
    if (model->classes == 0) return LOGIT_OK;
    if (!tensor) {
        model->prior = calloc((size_t)model->classes, sizeof *model->prior);
        if (model->prior) return LOGIT_OK;
        LG_FAIL(r->err, LOGIT_E_NOMEM, "shares of %d classes", model->classes);
    }
    LG_TRY(read_tensor(r, "prior", (int64_t[]){model->classes}, 1, &model->prior));
    for (int c = 0; c < model->classes; c++)
        if (!(model->prior[c] > 0.0f && model->prior[c] <= 1.0f))
            return FAULT(r, tensor->entry, "RANGE", "prior[%d] is %g, a share lies between 0 and 1",
                         c, (double)model->prior[c]);
    return LOGIT_OK;
}

/* Mean and deviation of every feature, unless they are taken as they are. */
static logit_status read_feature_normal(const reading *r)
{
    logit_model *model = r->model;
    if (!model->floats || strcmp(model->normalize, "unit") == 0) return LOGIT_OK;
    LG_TRY(read_tensor(r, "mean", &model->inputs, 1, &model->feature_mean));
    LG_TRY(read_tensor(r, "std", &model->inputs, 1, &model->feature_std));
    for (int64_t i = 0; i < model->inputs; i++) {
        const double mean = (double)model->feature_mean[i], std = (double)model->feature_std[i];
        if (!isfinite(mean))
            return FAULT(r, lg_safetensors_find(r->file, "mean")->entry, "RANGE",
                         "mean[%lld] is %g", (long long)i, mean);
        if (!isfinite(std) || !(std >= (double)FLT_MIN))
            return FAULT(r, lg_safetensors_find(r->file, "std")->entry, "RANGE", "std[%lld] is %g",
                         (long long)i, std);
    }
    return LOGIT_OK;
}

static int64_t count_not_finite(const float *number, int64_t count)
{
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) found += !isfinite(number[i]);
    return found;
}

/* ------------------------------------------------------------------------------ everything --- */

static logit_status read_model(const reading *r)
{
    logit_model *model = r->model;
    LG_TRY(read_format(r));
    LG_TRY(read_version(r));
    LG_TRY(read_loss(r));
    LG_TRY(read_classes(r));
    LG_TRY(read_element(r));
    LG_TRY(read_shape(r));
    LG_TRY(read_normalize(r));
    LG_TRY(read_resize(r));
    LG_TRY(read_decoder(r));
    LG_TRY(read_temperature(r));
    LG_TRY(read_summary(r));
    LG_TRY(lg_model_map_read(r->file, model->shape, &model->map, r->err));
    if (model->map) model->features = lg_feature_map_features(model->map);
    const int64_t shape[2] = {model->outputs, model->features};
    LG_TRY(read_tensor(r, "weight", shape, 2, &model->weight));
    LG_TRY(read_tensor(r, "bias", shape, 1, &model->bias));
    LG_TRY(read_feature_normal(r));
    return read_prior(r);
}

static logit_status load_file(logit_model *model, const char *path, logit_error *err)
{
    lg_safetensors *file;
    LG_TRY(lg_safetensors_open(&file, path, err));
    const reading r = {file, model, err};
    const logit_status status = read_model(&r);
    lg_safetensors_close(file);
    return status;
}

logit_status lg_model_load(logit_model **out, const char *path, int64_t *not_finite,
                           logit_error *err)
{
    *out = NULL;
    char *file;
    LG_TRY(lg_model_find(&file, path, err));
    logit_model *model = calloc(1, sizeof *model);
    if (!model) {
        free(file);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a model to read");
    }
    const logit_status status = load_file(model, file, err);
    free(file);
    if (status != LOGIT_OK) {
        lg_model_destroy(model);
        return status;
    }
    if (not_finite)
        *not_finite = count_not_finite(model->weight, model->outputs * model->features) +
                      count_not_finite(model->bias, model->outputs);
    *out = model;
    return LOGIT_OK;
}
