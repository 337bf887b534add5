/* compare_party.c -- a device of its own for a comparison, and numbers in and out of it.
 *
 * Copies are plain: what is looked at is what was computed, not how fast it was brought there. */
/* SPDX-License-Identifier: MIT */
#include "train/compare_party.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"

const char *const lg_stage_name[LG_STAGE_COUNT] = {"pixels",   "features", "logits", "loss",
                                                   "gradient", "update",   "step"};

enum { AT_ONCE = 4096 }; /* numbers rounded at a time */

/* ------------------------------------------------------------------------ opening, closing --- */

static logit_status open_backend(lg_party *party, const char *device, lg_precision precision,
                                 int threads, logit_error *err)
{
    const int reference = strcmp(device, "ref") == 0;
    char text[200];
    party->precision = reference ? LG_PRECISION_F32 : precision;
    const lg_backend_options how = {.threads = threads, .precision = party->precision};
    LG_TRY(lg_backend_open(&party->backend, device, &how, err));
    const char *kind = party->backend->ops->name;
    party->backend->ops->describe(party->backend, text, sizeof text);
    snprintf(party->name, sizeof party->name, "%s", strcmp(device, "auto") == 0 ? kind : device);
    snprintf(party->device, sizeof party->device, "%s: %s", party->name, text);
    return LOGIT_OK;
}

/* The largest of the arrays of a batch, in bytes. */
static logit_status batch_bytes(const lg_party *party, size_t sample, size_t *out, logit_error *err)
{
    const size_t n = (size_t)party->batch;
    size_t width = sizeof(float) * (party->target_width > 0 ? (size_t)party->target_width : 1);
    if (sample > width) width = sample;
    if (!lg_size_mul(n, width, out))
        LG_FAIL(err, LOGIT_E_NOMEM, "a batch of %zu samples of %zu bytes", n, width);
    return LOGIT_OK;
}

static logit_status open_parts(lg_party *party, const lg_problem_shape *shape, logit_error *err)
{
    lg_backend *backend = party->backend;
    const lg_backend_ops *ops = backend->ops;
    const size_t n = (size_t)party->batch, width = (size_t)party->target_width;
    const size_t sample = (size_t)lg_problem_shape_inputs(shape) * lg_element_bytes(shape->element);
    size_t bytes = 0;
    LG_TRY(lg_problem_create(&party->problem, backend, shape, err));
    LG_TRY(batch_bytes(party, sample, &bytes, err));
    party->gathered = malloc(bytes ? bytes : 1);
    if (!party->gathered)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a batch: %zu bytes", bytes);
    LG_TRY(ops->alloc(backend, &party->pixels, n * sample, err));
    LG_TRY(ops->alloc(backend, &party->weight, n * sizeof(float), err));
    LG_TRY(width > 0 ? ops->alloc(backend, &party->target, n * width * sizeof(float), err)
                     : ops->alloc(backend, &party->label, n * sizeof(int32_t), err));
    return ops->alloc(backend, &party->scalars, (size_t)shape->settings * sizeof(lg_scalars), err);
}

logit_status lg_party_open(lg_party **out, const char *device, lg_precision precision, int threads,
                           const lg_problem_shape *shape, int target_width, logit_error *err)
{
    *out = NULL;
    lg_party *party = calloc(1, sizeof *party);
    if (!party) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a party of a comparison");
    party->batch = shape->batch;
    party->target_width = target_width;
    logit_status status = open_backend(party, device, precision, threads, err);
    if (status == LOGIT_OK) status = open_parts(party, shape, err);
    if (status != LOGIT_OK) {
        lg_party_close(party);
        return status;
    }
    *out = party;
    return LOGIT_OK;
}

void lg_party_close(lg_party *party)
{
    if (!party) return;
    void *memory[] = {party->pixels, party->label, party->target, party->weight, party->scalars};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i]) party->backend->ops->free(party->backend, memory[i]);
    lg_problem_destroy(party->problem);
    lg_backend_close(party->backend);
    free(party->gathered);
    free(party);
}

/* ----------------------------------------------------------------------------- the batch --- */

/* Rows of `bytes` each of an array of the minibatch, one after the other, to the device; *to is
 * where a step finds them, NULL if the minibatch has no such array. */
static logit_status send(lg_party *party, const lg_minibatch *mini, const void *from, size_t bytes,
                         void *device, logit_error *err)
{
    const uint8_t *rows = from;
    if (!from) return LOGIT_OK;
    for (int64_t i = 0; i < mini->count && mini->row; i++)
        memcpy(party->gathered + (size_t)i * bytes, rows + (size_t)mini->row[i] * bytes, bytes);
    const lg_backend_ops *ops = party->backend->ops;
    LG_TRY(ops->upload(party->backend, LG_QUEUE_COMPUTE, device, mini->row ? party->gathered : from,
                       (size_t)mini->count * bytes, err));
    return ops->sync(party->backend, err);
}

logit_status lg_party_batch(lg_party *party, const lg_minibatch *mini, const lg_scalars *scalars,
                            logit_error *err)
{
    lg_step *step = &party->problem->step;
    const lg_backend_ops *ops = party->backend->ops;
    const size_t width = (size_t)party->target_width;
    const size_t sample =
        (size_t)lg_problem_inputs(party->problem) * lg_element_bytes(mini->element);
    LG_TRY(send(party, mini, mini->pixels, sample, party->pixels, err));
    LG_TRY(send(party, mini, mini->label, sizeof(int32_t), party->label, err));
    LG_TRY(send(party, mini, mini->target, width * sizeof(float), party->target, err));
    LG_TRY(send(party, mini, mini->weight, sizeof(float), party->weight, err));
    LG_TRY(ops->upload(party->backend, LG_QUEUE_COMPUTE, party->scalars, scalars,
                       (size_t)step->settings * sizeof *scalars, err));
    step->batch = (lg_batch){.count = mini->count,
                             .element = mini->element,
                             .pixels = party->pixels,
                             .label = mini->label ? party->label : NULL,
                             .target = mini->target ? party->target : NULL,
                             .weight = mini->weight ? party->weight : NULL};
    step->scalars = party->scalars;
    step->momentum = 0;
    for (int t = 0; t < step->settings; t++) step->momentum |= scalars[t].momentum != 0.0;
    return ops->sync(party->backend, err);
}

/* --------------------------------------------------------------------------------- numbers --- */

static void *place_of(const lg_party *party, lg_array array)
{
    const lg_step *step = &party->problem->step;
    void *const place[LG_ARRAY_COUNT] = {
        [LG_ARRAY_X] = step->x,
        [LG_ARRAY_Z] = step->z,
        [LG_ARRAY_ROW_LOSS] = step->row_loss,
        [LG_ARRAY_GW] = step->gw,
        [LG_ARRAY_GB] = step->gb,
        [LG_ARRAY_W] = step->w,
        [LG_ARRAY_B] = step->b,
        [LG_ARRAY_STATE_W0] = step->state_w[0],
        [LG_ARRAY_STATE_W1] = step->state_w[1],
        [LG_ARRAY_STATE_B0] = step->state_b[0],
        [LG_ARRAY_STATE_B1] = step->state_b[1],
        [LG_ARRAY_U] = step->u,
    };
    return place[array];
}

int64_t lg_party_count(const lg_party *party, lg_array array)
{
    const lg_step *step = &party->problem->step;
    const int64_t n = step->batch.count, d = step->features, s = step->settings;
    const int64_t rows = s * step->outputs;
    const int64_t count[LG_ARRAY_COUNT] = {
        [LG_ARRAY_X] = n * d,
        [LG_ARRAY_Z] = n * rows,
        [LG_ARRAY_ROW_LOSS] = n * s,
        [LG_ARRAY_GW] = rows * d,
        [LG_ARRAY_GB] = rows,
        [LG_ARRAY_W] = rows * d,
        [LG_ARRAY_B] = rows,
        [LG_ARRAY_STATE_W0] = rows * d,
        [LG_ARRAY_STATE_W1] = rows * d,
        [LG_ARRAY_STATE_B0] = rows,
        [LG_ARRAY_STATE_B1] = rows,
        [LG_ARRAY_U] = n * lg_problem_inputs(party->problem),
    };
    return place_of(party, array) ? count[array] : 0;
}

logit_status lg_party_put(lg_party *party, lg_array array, const double *from, logit_error *err)
{
    char *to = place_of(party, array);
    const int64_t count = lg_party_count(party, array);
    float part[AT_ONCE];
    for (int64_t done = 0; done < count; done += AT_ONCE) {
        const int64_t size = count - done < AT_ONCE ? count - done : AT_ONCE;
        for (int64_t i = 0; i < size; i++) part[i] = (float)from[done + i];
        LG_TRY(lg_backend_put(party->backend, to + done * party->backend->ops->real_bytes, part,
                              size, err));
    }
    return LOGIT_OK;
}

logit_status lg_party_get(lg_party *party, lg_array array, double *to, logit_error *err)
{
    const int64_t count = lg_party_count(party, array);
    if (count == 0) return LOGIT_OK;
    return lg_backend_get_double(party->backend, to, place_of(party, array), count, err);
}

/* ------------------------------------------------------------------------------------- ops --- */

logit_status lg_party_run(lg_party *party, lg_stage stage, logit_error *err)
{
    lg_backend *backend = party->backend;
    const lg_backend_ops *ops = backend->ops;
    logit_status (*const op[LG_STAGE_COUNT])(lg_backend *, const lg_step *, logit_error *) = {
        [LG_STAGE_PIXELS] = lg_backend_pixels,   [LG_STAGE_FEATURES] = lg_backend_features,
        [LG_STAGE_LOGITS] = ops->logits,         [LG_STAGE_LOSS] = ops->loss,
        [LG_STAGE_GRADIENT] = ops->gradient,     [LG_STAGE_UPDATE] = ops->update,
        [LG_STAGE_STEP] = lg_backend_train_step,
    };
    LG_TRY(op[stage](backend, &party->problem->step, err));
    return ops->sync(backend, err);
}
