/* problem.c -- one table says which arrays there are; one loop allocates them, one frees them. */
/* SPDX-License-Identifier: MIT */
#include "train/problem.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

typedef struct array {
    void **place; /* in lg_step */
    int64_t count;
    size_t bytes; /* of one number */
    int is_state; /* it lives on from step to step */
} array;

enum { ARRAYS = 24 };

/* The arrays of the feature map, all of 4-byte numbers, and what it maps. */
static int list_lift(lg_problem *problem, array *list)
{
    lg_lift *lift = &problem->lift;
    const size_t real = (size_t)problem->backend->ops->real_bytes;
    const int pairs = lg_lifts[lift->kind].family == LG_LIFT_PRODUCTS;
    const int64_t d = lg_lift_features(lift), units = lift->units;
    int count = 0;
    list[count++] = (array){(void **)&lift->scale, d, sizeof(float), 0};
    list[count++] = (array){(void **)&lift->shift, d, sizeof(float), 0};
    if (pairs) {
        list[count++] = (array){(void **)&lift->pair, 2 * units, sizeof(int32_t), 0};
    } else {
        const int64_t filters = units * lg_lift_filter_width(lift);
        list[count++] = (array){(void **)&lift->filter, filters, sizeof(float), 0};
        list[count++] = (array){(void **)&lift->offset, units, sizeof(float), 0};
    }
    list[count++] = (array){&problem->step.u, problem->batch * lift->in, real, 0};
    return count;
}

/* Every device array of a problem; returns how many. */
static int list_arrays(lg_problem *problem, array *list)
{
    lg_step *step = &problem->step;
    const size_t real = (size_t)problem->backend->ops->real_bytes;
    const int64_t rows = (int64_t)step->settings * step->outputs;
    const int64_t n = problem->batch, d = step->features, s = step->settings;
    const int64_t in = lg_problem_inputs(problem);
    int count = problem->lift.in > 0 ? list_lift(problem, list) : 0;
    list[count++] = (array){(void **)&problem->scale, in, sizeof(float), 0};
    list[count++] = (array){(void **)&problem->shift, in, sizeof(float), 0};
    list[count++] = (array){(void **)&step->total, s, sizeof(lg_total), 1};
    list[count++] = (array){&step->x, n * d, real, 0};
    list[count++] = (array){&step->z, n * rows, real, 0};
    list[count++] = (array){&step->row_loss, n * s, real, 0};
    list[count++] = (array){&step->w, rows * d, real, 1};
    list[count++] = (array){&step->b, rows, real, 1};
    list[count++] = (array){&step->gw, rows * d, real, 0};
    list[count++] = (array){&step->gb, rows, real, 0};
    for (int i = 0; i < lg_optims[step->optim].states; i++) {
        list[count++] = (array){&step->state_w[i], rows * d, real, 1};
        list[count++] = (array){&step->state_b[i], rows, real, 1};
    }
    return count;
}

void lg_problem_point_at_elements(lg_problem *problem)
{
    problem->step.lift = problem->lift.in > 0 ? &problem->lift : NULL;
    problem->step.scale = problem->scale;
    problem->step.shift = problem->shift;
}

static logit_status allocate(lg_problem *problem, logit_error *err)
{
    array list[ARRAYS];
    lg_backend *backend = problem->backend;
    const lg_backend_ops *ops = backend->ops;
    const int count = list_arrays(problem, list);
    for (int i = 0; i < count; i++) {
        const size_t bytes = (size_t)list[i].count * list[i].bytes;
        LG_TRY(ops->alloc(backend, list[i].place, bytes, err));
        LG_TRY(ops->zero(backend, LG_QUEUE_COMPUTE, *list[i].place, bytes, err));
    }
    lg_problem_point_at_elements(problem);
    if (ops->prepare) {
        lg_step most = problem->step;
        most.batch.count = problem->batch;
        LG_TRY(ops->prepare(backend, &most, err));
    }
    return lg_problem_clear_totals(problem, err);
}

/* Brings the arrays of the host's map to the device. */
static logit_status send_lift(lg_problem *problem, const lg_lift *host, logit_error *err)
{
    const lg_backend_ops *ops = problem->backend->ops;
    const lg_lift *lift = &problem->lift;
    const int64_t d = lg_lift_features(lift), units = lift->units;
    const struct {
        const void *to, *from;
        int64_t count;
    } pieces[] = {{lift->scale, host->scale, d},
                  {lift->shift, host->shift, d},
                  {lift->filter, host->filter, units * lg_lift_filter_width(lift)},
                  {lift->offset, host->offset, units},
                  {lift->pair, host->pair, 2 * units}};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (pieces[i].to)
            LG_TRY(ops->upload(problem->backend, LG_QUEUE_COMPUTE, (void *)(uintptr_t)pieces[i].to,
                               pieces[i].from, (size_t)pieces[i].count * sizeof(float), err));
    return ops->sync(problem->backend, err);
}

/* The shapes of a map, without its arrays. */
static lg_lift without_arrays(const lg_lift *host)
{
    lg_lift lift = *host;
    lift.filter = lift.offset = lift.scale = lift.shift = NULL;
    lift.pair = NULL;
    return lift;
}

int64_t lg_eval_batch(int64_t least, int64_t features)
{
    int64_t rows = 256;
    while (rows > 1 && rows * features > (int64_t)1 << 26) rows /= 2;
    return rows > least ? rows : least;
}

logit_status lg_problem_create(lg_problem **out, lg_backend *backend, const lg_problem_shape *shape,
                               logit_error *err)
{
    *out = NULL;
    lg_problem *problem = calloc(1, sizeof *problem);
    if (!problem) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a training problem");
    problem->backend = backend;
    problem->batch = shape->batch;
    problem->step = (lg_step){.features = shape->features,
                              .outputs = shape->outputs,
                              .settings = shape->settings,
                              .loss = shape->loss,
                              .optim = shape->optim,
                              .nesterov = shape->nesterov,
                              .momentum = shape->momentum};
    if (shape->lift) problem->lift = without_arrays(shape->lift);
    const lg_normal unit = {.floats = 1};
    logit_status status = allocate(problem, err);
    if (status == LOGIT_OK && shape->lift) status = send_lift(problem, shape->lift, err);
    if (status == LOGIT_OK) status = lg_problem_set_normal(problem, &unit, err);
    if (status != LOGIT_OK) {
        lg_problem_destroy(problem);
        return status;
    }
    *out = problem;
    return LOGIT_OK;
}

void lg_problem_destroy(lg_problem *problem)
{
    if (!problem) return;
    array list[ARRAYS];
    const int count = list_arrays(problem, list);
    for (int i = 0; i < count; i++)
        if (*list[i].place) problem->backend->ops->free(problem->backend, *list[i].place);
    free(problem);
}

void lg_normal_fill(const lg_normal *n, int64_t count, float *scale, float *shift)
{
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = n->floats ? i : i % n->channels;
        const double mean = !n->floats        ? n->mean[c]
                            : n->feature_mean ? (double)n->feature_mean[c]
                                              : 0.0;
        const double std = !n->floats       ? n->std[c]
                           : n->feature_std ? (double)n->feature_std[c]
                                            : 1.0;
        scale[i] = (float)(1.0 / (n->floats ? std : 255.0 * std));
        shift[i] = (float)(-mean / std);
    }
}

logit_status lg_problem_set_normal(lg_problem *problem, const lg_normal *normal, logit_error *err)
{
    lg_backend *backend = problem->backend;
    const lg_backend_ops *ops = backend->ops;
    const int64_t d = lg_problem_inputs(problem);
    const size_t bytes = (size_t)d * sizeof(float);
    float *scale = malloc(2 * bytes), *shift = scale ? scale + d : NULL;
    if (!scale)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the normalisation of %lld features",
                (long long)d);
    lg_normal_fill(normal, d, scale, shift);
    logit_status status = ops->upload(backend, LG_QUEUE_COMPUTE, (void *)(uintptr_t)problem->scale,
                                      scale, bytes, err);
    if (status == LOGIT_OK)
        status = ops->upload(backend, LG_QUEUE_COMPUTE, (void *)(uintptr_t)problem->shift, shift,
                             bytes, err);
    if (status == LOGIT_OK) status = ops->sync(backend, err);
    free(scale);
    return status;
}

/* Device address of number `index` of an array of the backend's own type. */
static void *at(const lg_problem *problem, void *array_start, int64_t index)
{
    return (char *)array_start + index * problem->backend->ops->real_bytes;
}

logit_status lg_problem_put(lg_problem *problem, int setting, const float *weight,
                            const float *bias, logit_error *err)
{
    const lg_step *step = &problem->step;
    const int64_t k = step->outputs, d = step->features, first = setting * k;
    LG_TRY(lg_backend_put(problem->backend, at(problem, step->w, first * d), weight, k * d, err));
    return lg_backend_put(problem->backend, at(problem, step->b, first), bias, k, err);
}

logit_status lg_problem_get(lg_problem *problem, int setting, float *weight, float *bias,
                            logit_error *err)
{
    const lg_step *step = &problem->step;
    const int64_t k = step->outputs, d = step->features, first = setting * k;
    LG_TRY(lg_backend_get(problem->backend, weight, at(problem, step->w, first * d), k * d, err));
    return lg_backend_get(problem->backend, bias, at(problem, step->b, first), k, err);
}

/* W and b of one setting: where they lie on the device, and how many bytes they are. */
typedef struct parameters {
    void *w, *b;
    size_t w_bytes, b_bytes;
} parameters;

static parameters parameters_of(const lg_problem *problem, int setting)
{
    const lg_step *step = &problem->step;
    const int64_t k = step->outputs, d = step->features, first = setting * k;
    const size_t real = (size_t)problem->backend->ops->real_bytes;
    return (parameters){.w = at(problem, step->w, first * d),
                        .b = at(problem, step->b, first),
                        .w_bytes = (size_t)(k * d) * real,
                        .b_bytes = (size_t)k * real};
}

size_t lg_problem_setting_bytes(const lg_problem *problem)
{
    const parameters p = parameters_of(problem, 0);
    return p.w_bytes + p.b_bytes;
}

logit_status lg_problem_get_setting(lg_problem *problem, int setting, void *to, logit_error *err)
{
    lg_backend *backend = problem->backend;
    const lg_backend_ops *ops = backend->ops;
    const parameters p = parameters_of(problem, setting);
    LG_TRY(ops->download(backend, LG_QUEUE_COMPUTE, to, p.w, p.w_bytes, err));
    LG_TRY(ops->download(backend, LG_QUEUE_COMPUTE, (char *)to + p.w_bytes, p.b, p.b_bytes, err));
    return ops->sync(backend, err);
}

logit_status lg_problem_put_setting(lg_problem *problem, int setting, const void *from,
                                    logit_error *err)
{
    lg_backend *backend = problem->backend;
    const lg_backend_ops *ops = backend->ops;
    const parameters p = parameters_of(problem, setting);
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, p.w, from, p.w_bytes, err));
    LG_TRY(ops->upload(backend, LG_QUEUE_COMPUTE, p.b, (const char *)from + p.w_bytes, p.b_bytes,
                       err));
    return ops->sync(backend, err);
}

lg_problem lg_problem_narrow(const lg_problem *problem, int setting)
{
    const parameters p = parameters_of(problem, setting);
    lg_problem one = *problem;
    one.step.settings = 1;
    one.step.w = p.w;
    one.step.b = p.b;
    one.step.total += setting;
    one.step.lift = problem->lift.in > 0 ? &problem->lift : NULL; /* which stays where it is */
    one.step.scale = problem->scale;
    one.step.shift = problem->shift;
    return one;
}

size_t lg_problem_state_bytes(lg_problem *problem)
{
    array list[ARRAYS];
    size_t bytes = 0;
    const int count = list_arrays(problem, list);
    for (int i = 0; i < count; i++)
        if (list[i].is_state) bytes += (size_t)list[i].count * list[i].bytes;
    return bytes;
}

logit_status lg_problem_get_state(lg_problem *problem, void *to, logit_error *err)
{
    array list[ARRAYS];
    lg_backend *backend = problem->backend;
    const int count = list_arrays(problem, list);
    char *at_host = to;
    for (int i = 0; i < count; i++) {
        const size_t bytes = (size_t)list[i].count * list[i].bytes;
        if (!list[i].is_state) continue;
        LG_TRY(
            backend->ops->download(backend, LG_QUEUE_COMPUTE, at_host, *list[i].place, bytes, err));
        at_host += bytes;
    }
    return backend->ops->sync(backend, err);
}

logit_status lg_problem_put_state(lg_problem *problem, const void *from, logit_error *err)
{
    array list[ARRAYS];
    lg_backend *backend = problem->backend;
    const int count = list_arrays(problem, list);
    const char *at_host = from;
    for (int i = 0; i < count; i++) {
        const size_t bytes = (size_t)list[i].count * list[i].bytes;
        if (!list[i].is_state) continue;
        LG_TRY(
            backend->ops->upload(backend, LG_QUEUE_COMPUTE, *list[i].place, at_host, bytes, err));
        at_host += bytes;
    }
    return backend->ops->sync(backend, err);
}

logit_status lg_problem_clear_totals(lg_problem *problem, logit_error *err)
{
    const int settings = problem->step.settings;
    lg_total *total = malloc((size_t)settings * sizeof *total);
    if (!total) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the totals");
    for (int s = 0; s < settings; s++) total[s] = (lg_total){0.0, -1, -1};
    lg_backend *backend = problem->backend;
    logit_status status = backend->ops->upload(backend, LG_QUEUE_COMPUTE, problem->step.total,
                                               total, (size_t)settings * sizeof *total, err);
    if (status == LOGIT_OK) status = backend->ops->sync(backend, err);
    free(total);
    return status;
}

logit_status lg_problem_read_totals(lg_problem *problem, lg_total *total, logit_error *err)
{
    lg_backend *backend = problem->backend;
    LG_TRY(backend->ops->download(backend, LG_QUEUE_COMPUTE, total, problem->step.total,
                                  (size_t)problem->step.settings * sizeof *total, err));
    return backend->ops->sync(backend, err);
}
