/* model.c -- making a model, and writing it down.  Reading it back: model_load.c. */
/* SPDX-License-Identifier: MIT */
#include "train/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "base/text.h"
#include "train/class_names.h"
#include "train/feature_map.h"
#include "train/model_map.h"
#include "train/safetensors.h"

enum {
    INTEGER = 16,        /* room for an int as text */
    HEADER_REST = 65536, /* of the file's header, kept for what is not class names */
    METAS = 16,
    TENSORS = 5 + LG_MAP_TENSORS
};

/* ---------------------------------------------------------------------------------- making --- */

static logit_status check_kind(lg_loss loss, int classes, logit_error *err)
{
    const lg_loss_row *row = &lg_losses[loss];
    if (classes == 0 && row->link != LG_LINK_IDENTITY)
        LG_FAIL(err, LOGIT_E_USAGE,
                "loss %s needs classes, and the labels are numbers: try --loss mse", row->name);
    if (classes == 1 || classes < 0)
        LG_FAIL(err, LOGIT_E_USAGE, "a model needs two classes or more, not %d", classes);
    return LOGIT_OK;
}

/* The names are the one part of the header that can be long: found out before training, not
 * after. */
static logit_status check_names_fit(char *const *class_name, int classes, logit_error *err)
{
    lg_text names = {0}, quoted = {0};
    logit_status status = LOGIT_OK;
    lg_class_names_add(&names, class_name, classes);
    if (!names.failed) lg_text_add_json(&quoted, names.data);
    if (names.failed || quoted.failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "names of %d classes", classes);
    else if (quoted.size > LG_SAFETENSORS_MAX_HEADER - HEADER_REST)
        status = lg_fail(err, LOGIT_E_DATA, __FILE__, __LINE__,
                         "the names of %d classes take %zu bytes in a model file, at most %zu fit: "
                         "shorten the class names [LIMIT]",
                         classes, quoted.size, LG_SAFETENSORS_MAX_HEADER - HEADER_REST);
    lg_text_clear(&names);
    lg_text_clear(&quoted);
    return status;
}

static logit_status create_parts(logit_model *model, char *const *class_name, logit_error *err)
{
    const size_t outputs = (size_t)model->outputs;
    size_t weights, bytes;
    if (!lg_size_mul(outputs, (size_t)model->features, &weights) ||
        !lg_size_mul(weights, sizeof(float), &bytes))
        LG_FAIL(err, LOGIT_E_NOMEM, "a model of %d x %lld weights", model->outputs,
                (long long)model->features);
    model->weight = calloc(weights, sizeof(float));
    model->bias = calloc(outputs, sizeof(float));
    if (!model->weight || !model->bias)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a model of %zu bytes", bytes);
    if (model->classes > 0) {
        model->class_name = lg_class_names_copy(class_name, model->classes);
        model->prior = calloc((size_t)model->classes, sizeof(float));
        if (!model->class_name || !model->prior)
            LG_FAIL(err, LOGIT_E_NOMEM, "names of %d classes", model->classes);
    }
    LG_TRY(lg_model_set_text(&model->normalize, "unit", err));
    return lg_model_set_text(&model->resize, LG_IMAGE_RESIZE_RULE, err);
}

logit_status lg_model_create(logit_model **out, lg_loss loss, int classes, char *const *class_name,
                             lg_image_target shape, logit_error *err)
{
    *out = NULL;
    LG_TRY(check_kind(loss, classes, err));
    LG_TRY(check_names_fit(class_name, classes, err));
    logit_model *model = calloc(1, sizeof *model);
    if (!model) LG_FAIL(err, LOGIT_E_NOMEM, "model");
    model->loss = loss;
    model->classes = classes;
    model->outputs = lg_losses[loss].outputs(classes);
    model->shape = shape;
    model->temperature = 1.0;
    model->inputs = model->features = (int64_t)shape.height * shape.width * shape.channels;
    for (int c = 0; c < LG_MODEL_MAX_CHANNELS; c++) model->std[c] = 1.0;

    const logit_status status = create_parts(model, class_name, err);
    if (status != LOGIT_OK) {
        lg_model_destroy(model);
        return status;
    }
    *out = model;
    return LOGIT_OK;
}

void lg_model_destroy(logit_model *model)
{
    if (!model) return;
    lg_class_names_free(model->class_name, model->classes);
    free(model->normalize);
    free(model->resize);
    free(model->summary);
    free(model->weight);
    free(model->bias);
    free(model->prior);
    free(model->feature_mean);
    free(model->feature_std);
    lg_feature_map_destroy(model->map);
    free(model);
}

logit_status lg_model_set_features(logit_model *model, const float *mean, const float *std,
                                   logit_error *err)
{
    const size_t bytes = (size_t)model->inputs * sizeof(float);
    model->floats = 1;
    if (!mean) return LOGIT_OK;
    if (!model->feature_mean) model->feature_mean = malloc(bytes);
    if (!model->feature_std) model->feature_std = malloc(bytes);
    if (!model->feature_mean || !model->feature_std)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the means of %lld features",
                (long long)model->inputs);
    memcpy(model->feature_mean, mean, bytes);
    memcpy(model->feature_std, std, bytes);
    return LOGIT_OK;
}

logit_status lg_model_set_map(logit_model *model, const lg_feature_map *map, logit_error *err)
{
    const int64_t features = lg_feature_map_features(map);
    float *weight = calloc((size_t)model->outputs * (size_t)features, sizeof *weight);
    if (!weight)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a model of %d x %lld weights",
                model->outputs, (long long)features);
    free(model->weight);
    model->weight = weight;
    model->features = features;
    return lg_feature_map_copy(&model->map, map, err);
}

const lg_lift *lg_model_lift(const logit_model *model)
{
    return lg_feature_map_lift(model->map);
}

lg_normal lg_model_normal(const logit_model *model)
{
    return (lg_normal){.floats = model->floats,
                       .channels = model->shape.channels,
                       .mean = model->mean,
                       .std = model->std,
                       .feature_mean = model->feature_mean,
                       .feature_std = model->feature_std};
}

const lg_element *lg_model_element(const logit_model *model)
{
    static const lg_element of[] = {LG_ELEMENT_U8, LG_ELEMENT_F32};
    return &of[model->floats];
}

logit_status lg_model_set_text(char **field, const char *text, logit_error *err)
{
    char *copy = strdup(text);
    if (!copy) LG_FAIL(err, LOGIT_E_NOMEM, "text of a model");
    free(*field);
    *field = copy;
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- writing --- */

/* The strings of a file that have to be made. */
typedef struct made_text {
    char height[INTEGER], width[INTEGER], channels[INTEGER];
    lg_text classes, mean, std, temperature;
} made_text;

static void add_numbers(lg_text *text, const double *number, int count)
{
    for (int i = 0; i < count; i++) {
        lg_text_add(text, "%s", i > 0 ? "," : "[");
        lg_text_add_number(text, number[i]);
    }
    lg_text_add(text, "]");
}

static int make_text(made_text *made, const logit_model *model)
{
    const lg_image_target *shape = &model->shape;
    snprintf(made->height, INTEGER, "%d", shape->height);
    snprintf(made->width, INTEGER, "%d", shape->width);
    snprintf(made->channels, INTEGER, "%d", shape->channels);
    lg_class_names_add(&made->classes, model->class_name, model->classes);
    if (!model->floats) {
        add_numbers(&made->mean, model->mean, shape->channels);
        add_numbers(&made->std, model->std, shape->channels);
    }
    if (model->temperature != 1.0) lg_text_add_number(&made->temperature, model->temperature);
    return !made->temperature.failed && !made->classes.failed && !made->mean.failed &&
           !made->std.failed;
}

/* 1 if the trainer said how often each class is. */
static int has_prior(const logit_model *model)
{
    return model->prior && model->prior[0] > 0.0f;
}

/* NULL, and no key, for stb. */
static const char *decoder_text(const logit_model *model)
{
    return model->decoding == LG_DECODING_STB ? NULL : lg_decoding_name(model->decoding);
}

static logit_status write_model(const logit_model *model, const made_text *made, const char *path,
                                logit_error *err)
{
    const lg_meta_out meta[METAS] = {{"format", "logit"},
                                     {"version", LOGIT_VERSION},
                                     {"loss", lg_losses[model->loss].name},
                                     {"classes", made->classes.data},
                                     {"height", made->height},
                                     {"width", made->width},
                                     {"channels", made->channels},
                                     {"mean", made->mean.data},
                                     {"std", made->std.data},
                                     {"element", model->floats ? LG_MODEL_FLOAT : NULL},
                                     {"normalize", model->normalize},
                                     {"resize", model->resize},
                                     {"decoder", decoder_text(model)},
                                     {"temperature", made->temperature.data},
                                     {"features", model->map ? model->map->text : NULL},
                                     {"summary", model->summary}};
    lg_tensor_out tensor[TENSORS] = {
        {"weight", 2, {model->outputs, model->features}, model->weight, NULL},
        {"bias", 1, {model->outputs}, model->bias, NULL}};
    int tensors = 2;
    if (has_prior(model))
        tensor[tensors++] = (lg_tensor_out){"prior", 1, {model->classes}, model->prior, NULL};
    if (model->feature_mean) {
        tensor[tensors++] = (lg_tensor_out){"mean", 1, {model->inputs}, model->feature_mean, NULL};
        tensor[tensors++] = (lg_tensor_out){"std", 1, {model->inputs}, model->feature_std, NULL};
    }
    if (model->map) tensors += lg_model_map_tensors(model->map, tensor + tensors);
    const lg_safetensors_out content = {meta, METAS, tensor, tensors};
    return lg_safetensors_write(path, &content, err);
}

logit_status lg_model_save(const logit_model *model, const char *path, logit_error *err)
{
    made_text made = {0};
    const logit_status status =
        make_text(&made, model)
            ? write_model(model, &made, path, err)
            : lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "header of a model file");
    lg_text_clear(&made.classes);
    lg_text_clear(&made.mean);
    lg_text_clear(&made.std);
    lg_text_clear(&made.temperature);
    return status;
}
