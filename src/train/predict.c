/* predict.c -- one sample through a model: pixels, logits, and what they mean. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "data/npy_names.h"
#include "train/feature_map.h"
#include "train/open_device.h"
#include "train/predictor.h"
#include "train/prior.h"
#include "train/probability.h"
#include "train/problem.h"
#include "train/rows.h"
#include "train/sample_file.h"
#include "train/settings.h"
#include "train/temperature.h"

enum { SHOWN = 600 }; /* bytes of a path inside a message */

static void predictor_destroy(lg_predictor *p)
{
    if (!p) return;
    if (p->backend && p->device_pixels) p->backend->ops->free(p->backend, p->device_pixels);
    lg_problem_destroy(p->problem);
    lg_backend_close(p->backend);
    lg_decoder_destroy(p->decoder);
    free(p->pixels);
    free(p->z);
    free(p->shift);
    free(p->chance);
    free(p->order);
    free(p->prior);
    free(p);
}

static logit_status predictor_open(lg_predictor *p, const logit_model *model,
                                   const logit_options *options, logit_error *err)
{
    const size_t k = (size_t)model->outputs;
    const size_t rows = model->classes > 0 ? (size_t)model->classes : 1;
    const size_t room = (size_t)model->inputs * lg_element_bytes(*lg_model_element(model));
    const lg_normal normal = lg_model_normal(model);
    logit_options one_thread = *options;
    const lg_problem_shape shape = {.features = model->features,
                                    .lift = lg_model_lift(model),
                                    .batch = 1,
                                    .outputs = model->outputs,
                                    .settings = 1,
                                    .loss = model->loss,
                                    .optim = LG_OPTIM_GD};
    p->pixels = malloc(room);
    p->z = calloc(k, sizeof *p->z);
    p->shift = calloc(k, sizeof *p->shift);
    p->chance = calloc(rows, sizeof *p->chance);
    p->order = calloc(rows, sizeof *p->order);
    if (!p->pixels || !p->z || !p->shift || !p->chance || !p->order)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a prediction");
    lg_decoding decoding;
    LG_TRY(lg_decoder_choose(&decoding, options, model, NULL, err));
    LG_TRY(lg_decoder_create(&p->decoder, err));
    lg_decoder_use(p->decoder, decoding);
    if (options->untrusted) lg_decoder_confine(p->decoder);
    one_thread.threads = 1;
    LG_TRY(lg_open_device(&p->backend, &one_thread, 0, NULL, err));
    LG_TRY(lg_problem_create(&p->problem, p->backend, &shape, err));
    LG_TRY(lg_problem_set_normal(p->problem, &normal, err));
    LG_TRY(lg_problem_put(p->problem, 0, model->weight, model->bias, err));
    return p->backend->ops->alloc(p->backend, &p->device_pixels, room, err);
}

/* The model's predictor, made on first use. */
static logit_status predictor_of(logit_model *model, const logit_options *options,
                                 lg_predictor **out, logit_error *err)
{
    *out = model->predictor;
    if (*out) return LOGIT_OK;
    lg_predictor *p = calloc(1, sizeof *p);
    if (!p) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a prediction");
    const logit_status status = predictor_open(p, model, options, err);
    if (status != LOGIT_OK) {
        predictor_destroy(p);
        return status;
    }
    *out = model->predictor = p;
    return LOGIT_OK;
}

/* Brings shift in line with options->prior. */
static logit_status follow_prior(lg_predictor *p, const logit_model *model, const char *prior,
                                 logit_error *err)
{
    const int same = prior && p->prior ? strcmp(prior, p->prior) == 0 : prior == p->prior;
    if (same) return LOGIT_OK;
    free(p->prior);
    p->prior = NULL;
    memset(p->shift, 0, (size_t)model->outputs * sizeof *p->shift);
    if (!prior) return LOGIT_OK;
    LG_TRY(lg_prior_shift(p->shift, model, prior, err));
    p->prior = lg_text_format("%s", prior);
    if (!p->prior) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the prior");
    return LOGIT_OK;
}

/* z of the sample in p->pixels. */
static logit_status forward(lg_predictor *p, const logit_model *model, lg_element element,
                            logit_error *err)
{
    lg_backend *backend = p->backend;
    const lg_backend_ops *ops = backend->ops;
    lg_step *step = &p->problem->step;
    step->batch = (lg_batch){.count = 1, .element = element, .pixels = p->device_pixels};
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, p->device_pixels, p->pixels,
                       (size_t)model->inputs * lg_element_bytes(element), err));
    LG_TRY(lg_backend_inputs(backend, step, err));
    LG_TRY(ops->logits(backend, step, err));
    return lg_backend_get_double(backend, p->z, step->z, model->outputs, err);
}

static int rows_of(const logit_model *model)
{
    return model->classes > 0 ? model->classes : 1;
}

logit_status lg_predictor_guess(lg_predictor *p, const logit_model *model, lg_element element,
                                logit_guess *guess, int wanted, logit_error *err)
{
    LG_TRY(forward(p, model, element, err));
    for (int j = 0; j < model->outputs; j++) p->z[j] /= p->temperature * model->temperature;
    lg_chances(model->loss, model->classes, p->z, p->shift, p->chance);
    lg_chances_best(p->chance, rows_of(model), p->order, wanted);
    for (int i = 0; i < wanted; i++) {
        const int c = p->order[i];
        const lg_chance *chance = &p->chance[c];
        guess[i] = (logit_guess){.class_index = c,
                                 .class_name = model->classes > 0 ? model->class_name[c] : NULL,
                                 .probability = chance->probability,
                                 .score = chance->score,
                                 .logit = chance->logit,
                                 .odds = chance->odds};
    }
    return LOGIT_OK;
}

logit_status lg_predictor_prepare(logit_model *model, const logit_options *options, int top_k,
                                  lg_predictor **out, logit_error *err)
{
    if (top_k < 1) LG_FAIL(err, LOGIT_E_USAGE, "top_k %d: at least 1 is needed", top_k);
    LG_TRY(lg_temperature_check(model->loss, options->temperature, err));
    LG_TRY(predictor_of(model, options, out, err));
    (*out)->temperature = options->temperature;
    return follow_prior(*out, model, options->prior, err);
}

logit_status logit_predict_file(logit_model *model, const char *file, const logit_options *options,
                                logit_guess *guess, int top_k, int *count, logit_error *err)
{
    lg_predictor *p = NULL;
    const int wanted = top_k < rows_of(model) ? top_k : rows_of(model);
    *count = 0;
    LG_TRY(lg_predictor_prepare(model, options, top_k, &p, err));
    LG_TRY(lg_sample_image(p->decoder, model, file, p->pixels, err));
    LG_TRY(lg_predictor_guess(p, model, LG_ELEMENT_U8, guess, wanted, err));
    *count = wanted;
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------- files of samples --- */

/* What is asked about every sample of a file. */
typedef struct asking {
    logit_model *model;
    lg_predictor *predictor;
    logit_guess *guess; /* [wanted] */
    int wanted;
    logit_status (*found)(void *user, const logit_prediction *prediction, logit_error *err);
    void *user;
} asking;

/* A row that is bad is told as such, and the others go on. */
static logit_status ask_row(const asking *a, const lg_set *set, int64_t i, logit_error *err)
{
    char name[SHOWN];
    logit_error bad;
    logit_prediction one = {.guess = a->guess};
    one.name = set->ops->name(set, i, name, sizeof name);
    const logit_status status =
        set->ops->read(set, i, a->predictor->decoder, a->predictor->pixels, &bad);
    if (status == LOGIT_OK) {
        LG_TRY(lg_predictor_guess(a->predictor, a->model, set->element, a->guess, a->wanted, err));
        one.count = a->wanted;
    } else if (status == LOGIT_E_DATA) {
        one.error = &bad;
    } else {
        if (err) *err = bad;
        return status;
    }
    return a->found(a->user, &one, err);
}

static logit_status ask_rows(const asking *a, const char *file, logit_error *err)
{
    lg_set *set = NULL;
    logit_status status = lg_sample_rows(&set, a->model, file, err);
    for (int64_t i = 0; status == LOGIT_OK && i < set->count; i++) status = ask_row(a, set, i, err);
    lg_set_destroy(set);
    return status;
}

static logit_status ask_image(const asking *a, const char *file, logit_error *err)
{
    const logit_prediction one = {.name = file, .guess = a->guess, .count = a->wanted};
    LG_TRY(lg_sample_image(a->predictor->decoder, a->model, file, a->predictor->pixels, err));
    LG_TRY(lg_predictor_guess(a->predictor, a->model, LG_ELEMENT_U8, a->guess, a->wanted, err));
    return a->found(a->user, &one, err);
}

logit_status logit_predict_samples(
    logit_model *model, const char *file, const logit_options *options, int top_k,
    logit_status (*found)(void *user, const logit_prediction *prediction, logit_error *err),
    void *user, logit_error *err)
{
    int rows = 0;
    const lg_rows_format lines = lg_rows_of_file(file);
    if (lines != LG_ROWS_COUNT)
        return lg_predict_lines(model, file, lines, options, top_k, found, user, err);
    asking a = {.model = model, .found = found, .user = user};
    LG_TRY(lg_predictor_prepare(model, options, top_k, &a.predictor, err));
    LG_TRY(lg_npy_is_named(file, &rows, err));
    a.wanted = top_k < rows_of(model) ? top_k : rows_of(model);
    a.guess = calloc((size_t)a.wanted, sizeof *a.guess);
    if (!a.guess) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d classes", a.wanted);
    const logit_status status = rows ? ask_rows(&a, file, err) : ask_image(&a, file, err);
    free(a.guess);
    return status;
}

/* ------------------------------------------------------------------ the model, for the public ---
 */

logit_status logit_model_open(logit_model **out, const char *path, logit_error *err)
{
    int64_t not_finite = 0;
    LG_TRY(lg_model_load(out, path, &not_finite, err));
    (*out)->not_finite = not_finite;
    return LOGIT_OK;
}

void logit_model_close(logit_model *model)
{
    if (!model) return;
    predictor_destroy(model->predictor);
    lg_model_destroy(model);
}

logit_model_info logit_model_describe(const logit_model *model)
{
    const lg_lift *lift = lg_model_lift(model);
    const lg_lift *windows = lift && lg_lifts[lift->kind].family == LG_LIFT_WINDOWS ? lift : NULL;
    return (logit_model_info){.loss = lg_losses[model->loss].name,
                              .classes = model->classes,
                              .outputs = model->outputs,
                              .height = model->shape.height,
                              .width = model->shape.width,
                              .channels = model->shape.channels,
                              .inputs = model->inputs,
                              .features = model->features,
                              .map = model->map ? model->map->text : NULL,
                              .floats = model->floats,
                              .feature_mean = model->feature_mean,
                              .feature_std = model->feature_std,
                              .weight = model->weight,
                              .bias = model->bias,
                              .class_name = (const char *const *)model->class_name,
                              .decoder = lg_decoding_name(model->decoding),
                              .temperature = model->temperature,
                              .not_finite = model->not_finite,
                              .normalize = model->normalize,
                              .units = windows ? windows->units : 0,
                              .window = windows ? windows->size : 0,
                              .filter = windows ? windows->filter : NULL};
}
