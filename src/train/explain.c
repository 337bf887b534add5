/* explain.c -- a score and its terms: z = b + sum_j w_j x_j.
 *
 * The sample goes through the float64 backend, so that x and z are those of a prediction on "ref";
 * the terms are added in long double and rounded once. */
/* SPDX-License-Identifier: MIT */
#include "train/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "train/feature_map.h"
#include "train/probability.h"
#include "train/sample_file.h"
#include "train/settings.h"

void logit_explain_options_default(logit_explain_options *options)
{
    *options = (logit_explain_options){.top = 2, .supports = 5, .l2 = (double)NAN};
}

/* What lives while one sample is taken apart. */
typedef struct work {
    const logit_model *model;
    logit_explanation *out;
    lg_decoder *decoder;
    lg_backend *backend;
    lg_problem *problem;
    void *device;      /* the sample's bytes */
    uint8_t *host;     /* the same here, with room for the widest element */
    double *z;         /* [outputs] */
    lg_chance *chance; /* [classes] */
    int *order;        /* [classes] */
} work;

static void work_close(work *w)
{
    if (w->backend && w->device) w->backend->ops->free(w->backend, w->device);
    lg_problem_destroy(w->problem);
    lg_backend_close(w->backend);
    lg_decoder_destroy(w->decoder);
    free(w->host);
    free(w->z);
    free(w->chance);
    free(w->order);
}

static int rows_of(const logit_model *model)
{
    return model->classes > 0 ? model->classes : 1;
}

static logit_status work_open(work *w, const logit_options *options, logit_error *err)
{
    const logit_model *model = w->model;
    const lg_backend_options alone = {.threads = 1};
    const size_t room = (size_t)model->inputs * sizeof(double), rows = (size_t)rows_of(model);
    const lg_normal normal = lg_model_normal(model);
    const lg_problem_shape shape = {.features = model->features,
                                    .lift = lg_model_lift(model),
                                    .batch = 1,
                                    .outputs = model->outputs,
                                    .settings = 1,
                                    .loss = model->loss,
                                    .optim = LG_OPTIM_GD};
    lg_decoding decoding;
    w->host = calloc(1, room);
    w->z = calloc((size_t)model->outputs, sizeof *w->z);
    w->chance = calloc(rows, sizeof *w->chance);
    w->order = calloc(rows, sizeof *w->order);
    w->out->stored = malloc(room);
    w->out->x = malloc(room);
    if (!w->host || !w->z || !w->chance || !w->order || !w->out->stored || !w->out->x)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an explanation");
    LG_TRY(lg_decoder_choose(&decoding, options, model, NULL, err));
    LG_TRY(lg_decoder_create(&w->decoder, err));
    lg_decoder_use(w->decoder, decoding);
    LG_TRY(lg_backend_open(&w->backend, "ref", &alone, err));
    LG_TRY(lg_problem_create(&w->problem, w->backend, &shape, err));
    LG_TRY(lg_problem_set_normal(w->problem, &normal, err));
    LG_TRY(lg_problem_put(w->problem, 0, model->weight, model->bias, err));
    return w->backend->ops->alloc(w->backend, &w->device, room, err);
}

/* The sample's elements as numbers: x of a problem with scale 1 and shift 0 would be the same. */
static logit_status keep_stored(work *w, lg_element element, logit_error *err)
{
    const lg_step *step = &w->problem->step;
    const int64_t d = w->model->inputs;
    if (element == LG_ELEMENT_U8) {
        w->out->pixels = malloc((size_t)d);
        if (!w->out->pixels) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an explanation");
        memcpy(w->out->pixels, w->host, (size_t)d);
        for (int64_t i = 0; i < d; i++) w->out->stored[i] = (double)w->host[i];
        return LOGIT_OK;
    }
    for (int64_t i = 0; i < d; i++) /* x = scale v + shift, and scale is never 0 */
        w->out->stored[i] = (w->out->x[i] - (double)step->shift[i]) / (double)step->scale[i];
    return LOGIT_OK;
}

static logit_status forward(work *w, const char *file, logit_error *err)
{
    lg_element element;
    lg_step *step = &w->problem->step;
    const lg_backend_ops *ops = w->backend->ops;
    const int64_t d = w->model->inputs;
    LG_TRY(lg_sample_read(w->decoder, w->model, file, w->host, &element, err));
    LG_TRY(ops->upload(w->backend, LG_QUEUE_COMPUTE, w->device, w->host,
                       (size_t)d * lg_element_bytes(element), err));
    step->batch = (lg_batch){.count = 1, .element = element, .pixels = w->device};
    LG_TRY(lg_backend_inputs(w->backend, step, err));
    LG_TRY(ops->logits(w->backend, step, err));
    LG_TRY(lg_backend_get_double(w->backend, w->out->x, step->lift ? step->u : step->x, d, err));
    LG_TRY(lg_backend_get_double(w->backend, w->z, step->z, w->model->outputs, err));
    lg_chances(w->model->loss, w->model->classes, w->z, NULL, w->chance);
    lg_chances_best(w->chance, rows_of(w->model), w->order, rows_of(w->model));
    return keep_stored(w, element, err);
}

/* ------------------------------------------------------------------------------- classes --- */

static logit_status find_class(const logit_model *model, const char *name, size_t length, int *c,
                               logit_error *err)
{
    char shown[200];
    for (*c = 0; *c < model->classes; ++*c)
        if (strlen(model->class_name[*c]) == length &&
            memcmp(model->class_name[*c], name, length) == 0)
            return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE, "the model has no class \"%s\"",
            lg_text_escape(shown, sizeof shown, name));
}

/* Which classes: those asked for, or the best but the one they are held against. */
static logit_status choose(work *w, const logit_explain_options *asked, logit_error *err)
{
    const int rows = rows_of(w->model);
    int versus = -1;
    logit_explanation *out = w->out;
    out->of = calloc((size_t)rows, sizeof *out->of);
    if (!out->of) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an explanation");
    if (asked->versus)
        LG_TRY(find_class(w->model, asked->versus, strlen(asked->versus), &versus, err));
    for (const char *at = asked->classes; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        int c;
        LG_TRY(find_class(w->model, at, strcspn(at, ","), &c, err));
        if (out->count == rows) LG_FAIL(err, LOGIT_E_USAGE, "--class: a class is there twice");
        out->of[out->count++].class_index = c;
    }
    const int most = asked->versus ? 1 : asked->top;
    for (int i = 0; !asked->classes && i < rows && out->count < most; i++)
        if (w->order[i] != versus) out->of[out->count++].class_index = w->order[i];
    for (int i = 0; i < out->count; i++) {
        out->of[i].versus_index = versus;
        if (out->of[i].class_index == versus)
            LG_FAIL(err, LOGIT_E_USAGE, "--versus: a class against itself has no difference");
    }
    return LOGIT_OK;
}

/* Adds sign times a row of the model to what is explained. */
static void add_row(const work *w, logit_explained *e, lg_explain_row row)
{
    const int64_t d = w->model->features;
    const float *weight = w->model->weight + row.output * d;
    e->bias += row.sign * (double)w->model->bias[row.output];
    e->predicted += row.sign * w->z[row.output];
    for (int64_t j = 0; j < d; j++) e->weight[j] += row.sign * (double)weight[j];
}

static logit_status weigh_class(work *w, logit_explained *e, logit_error *err)
{
    e->weight = calloc((size_t)w->out->columns, sizeof *e->weight);
    e->product = calloc((size_t)w->out->features, sizeof *e->product);
    if (!e->weight || !e->product) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an explanation");
    add_row(w, e, lg_explain_row_of(w->model, e->class_index));
    if (e->versus_index >= 0 && w->model->outputs > 1) {
        lg_explain_row other = lg_explain_row_of(w->model, e->versus_index);
        other.sign = -other.sign;
        add_row(w, e, other);
    } /* one sigmoid: the score of a class is its log odds against the other already */
    for (int64_t j = 0; !w->model->map && j < w->out->features; j++)
        e->product[j] = e->weight[j] * w->out->x[j];
    return LOGIT_OK;
}

static void add_up(const work *w, logit_explained *e)
{
    long double sum = 0.0L;
    for (int64_t j = 0; j < w->out->features; j++) sum += (long double)e->product[j];
    e->sum = (double)sum;
    e->z = (double)(sum + (long double)e->bias);
    e->probability = w->chance[e->class_index].probability;
    e->logit = w->chance[e->class_index].logit;
    if (e->versus_index >= 0) {
        e->logit = e->z;
        e->probability = 1.0 / (1.0 + exp(-e->z));
    }
}

static logit_status explain(work *w, const char *file, const logit_explain_options *asked,
                            const logit_options *options, logit_error *err)
{
    logit_explanation *out = w->out;
    LG_TRY(lg_explain_map_check(w->model, asked->data != NULL, err));
    LG_TRY(work_open(w, options, err));
    LG_TRY(forward(w, file, err));
    LG_TRY(choose(w, asked, err));
    for (int i = 0; i < out->count; i++) LG_TRY(weigh_class(w, &out->of[i], err));
    if (w->model->map) LG_TRY(lg_explain_map(w->model, out, err));
    for (int i = 0; i < out->count; i++) add_up(w, &out->of[i]);
    return LOGIT_OK;
}

logit_status logit_explain(logit_model *model, const char *file, const logit_explain_options *asked,
                           const logit_options *given, const logit_watch *watch,
                           logit_explanation *out, logit_error *err)
{
    work w = {.model = model, .out = out};
    logit_options options = *given;
    memset(out, 0, sizeof *out);
    out->height = model->shape.height;
    out->width = model->shape.width;
    out->channels = model->shape.channels;
    out->floats = model->floats;
    out->features = model->inputs;
    out->columns = model->features;
    if (model->map) snprintf(out->map, sizeof out->map, "%s", model->map->text);
    out->l2 = (double)NAN;
    snprintf(out->name, sizeof out->name, "%s", file);
    LG_TRY(lg_options_settle(&options, err));
    logit_status status = explain(&w, file, asked, &options, err);
    work_close(&w);
    if (status == LOGIT_OK && asked->data)
        status = lg_explain_support(model, asked, &options, watch, out, err);
    if (status != LOGIT_OK) logit_explanation_clear(out);
    return status;
}

void logit_explanation_clear(logit_explanation *explanation)
{
    for (int i = 0; i < explanation->count; i++) {
        logit_explained *e = &explanation->of[i];
        for (int s = 0; e->support && s < e->fors + e->againsts; s++) free(e->support[s].name);
        free(e->support);
        free(e->weight);
        free(e->product);
        free(e->term);
    }
    free(explanation->of);
    free(explanation->pixels);
    free(explanation->stored);
    free(explanation->x);
    free(explanation->y);
    memset(explanation, 0, sizeof *explanation);
}
