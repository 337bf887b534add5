/* predict.c -- one image through a model: pixels, logits, and what they mean. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/open_device.h"
#include "train/prior.h"
#include "train/probability.h"
#include "train/problem.h"

/* Everything one image needs, kept from call to call. */
typedef struct lg_predictor {
    lg_decoder *decoder;
    lg_backend *backend;
    lg_problem *problem; /* one row */
    uint8_t *pixels;     /* host */
    void *device_pixels;
    double *z, *shift; /* [outputs] */
    lg_chance *chance; /* [classes] */
    int *order;        /* [classes] */
    char *prior;       /* the text that shift was made from, or NULL */
} lg_predictor;

static void predictor_destroy(lg_predictor *p)
{
    if (!p) return;
    if (p->device_pixels) p->backend->ops->free(p->backend, p->device_pixels);
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
    logit_options one_thread = *options;
    const lg_problem_shape shape = {.features = model->features,
                                    .batch = 1,
                                    .outputs = model->outputs,
                                    .settings = 1,
                                    .loss = model->loss,
                                    .optim = LG_OPTIM_GD};
    p->pixels = malloc((size_t)model->features);
    p->z = calloc(k, sizeof *p->z);
    p->shift = calloc(k, sizeof *p->shift);
    p->chance = calloc(rows, sizeof *p->chance);
    p->order = calloc(rows, sizeof *p->order);
    if (!p->pixels || !p->z || !p->shift || !p->chance || !p->order)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a prediction");
    LG_TRY(lg_decoder_create(&p->decoder, err));
    one_thread.threads = 1;
    LG_TRY(lg_open_device(&p->backend, &one_thread, 0, NULL, err));
    LG_TRY(lg_problem_create(&p->problem, p->backend, &shape, err));
    LG_TRY(lg_problem_set_normal(p->problem, model->shape.channels, model->mean, model->std, err));
    LG_TRY(lg_problem_put(p->problem, 0, model->weight, model->bias, err));
    return p->backend->ops->alloc(p->backend, &p->device_pixels, (size_t)model->features, err);
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

/* z of the image in p->pixels. */
static logit_status forward(lg_predictor *p, const logit_model *model, logit_error *err)
{
    lg_backend *backend = p->backend;
    const lg_backend_ops *ops = backend->ops;
    lg_step *step = &p->problem->step;
    step->batch = (lg_batch){.count = 1, .pixels = p->device_pixels};
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, p->device_pixels, p->pixels,
                       (size_t)model->features, err));
    LG_TRY(ops->pixels(backend, step, err));
    LG_TRY(ops->logits(backend, step, err));
    return lg_backend_get_double(backend, p->z, step->z, model->outputs, err);
}

logit_status logit_predict_file(logit_model *model, const char *file, const logit_options *options,
                                logit_guess *guess, int top_k, int *count, logit_error *err)
{
    lg_predictor *p;
    const int rows = model->classes > 0 ? model->classes : 1;
    *count = 0;
    if (top_k < 1) LG_FAIL(err, LOGIT_E_USAGE, "top_k %d: at least 1 is needed", top_k);
    LG_TRY(predictor_of(model, options, &p, err));
    LG_TRY(follow_prior(p, model, options->prior, err));
    LG_TRY(lg_image_decode_file(p->decoder, AT_FDCWD, file, model->shape, p->pixels, err));
    LG_TRY(forward(p, model, err));
    const int wanted = top_k < rows ? top_k : rows;
    lg_chances(model->loss, model->classes, p->z, p->shift, p->chance);
    lg_chances_best(p->chance, rows, p->order, wanted);
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
    *count = wanted;
    return LOGIT_OK;
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
    return (logit_model_info){.loss = lg_losses[model->loss].name,
                              .classes = model->classes,
                              .outputs = model->outputs,
                              .height = model->shape.height,
                              .width = model->shape.width,
                              .channels = model->shape.channels,
                              .features = model->features,
                              .weight = model->weight,
                              .bias = model->bias,
                              .class_name = (const char *const *)model->class_name,
                              .not_finite = model->not_finite};
}
