/* kept.c -- see kept.h. */
/* SPDX-License-Identifier: MIT */
#include "train/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct lg_kept {
    lg_problem *problem;
    const logit_watch *watch;
    int64_t features;
    float *rows;          /* where the backend computes: [..][features] */
    float *scale, *shift; /* there: 1 and 0, [features] */
    int borrows;          /* rows are another's */
    int filled;
};

const char *lg_kept_why_not(const lg_problem *problem, const lg_loader *loader)
{
    if (problem->backend->ops->real_bytes != sizeof(float)) return "the reference keeps no float32";
    if (lg_loader_moves(loader)) return "images are augmented anew each epoch";
    if (problem->backend->ops->unified && !lg_loader_is_resident(loader))
        return "the samples do not stay in memory";
    return NULL;
}

int64_t lg_kept_bytes(const lg_problem *problem, int64_t rows)
{
    return rows * problem->step.features * (int64_t)sizeof(float);
}

/* scale 1 and shift 0: what is kept is x. */
static logit_status make_plain(lg_kept *kept, logit_error *err)
{
    lg_backend *backend = kept->problem->backend;
    const size_t count = (size_t)kept->features, bytes = count * sizeof(float);
    float *ones = malloc(bytes);
    if (!ones) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the scale of %zu features", count);
    for (size_t j = 0; j < count; j++) ones[j] = 1.0f;
    logit_status status = backend->ops->alloc(backend, (void **)&kept->scale, bytes, err);
    if (status == LOGIT_OK)
        status = backend->ops->alloc(backend, (void **)&kept->shift, bytes, err);
    if (status == LOGIT_OK)
        status = backend->ops->zero(backend, LG_QUEUE_COMPUTE, kept->shift, bytes, err);
    if (status == LOGIT_OK)
        status = backend->ops->upload(backend, LG_QUEUE_COMPUTE, kept->scale, ones, bytes, err);
    if (status == LOGIT_OK) status = backend->ops->sync(backend, err);
    free(ones);
    return status;
}

logit_status lg_kept_create(lg_kept **out, lg_problem *problem, int64_t rows, const lg_kept *other,
                            const logit_watch *watch, logit_error *err)
{
    lg_backend *backend = problem->backend;
    *out = NULL;
    lg_kept *kept = calloc(1, sizeof *kept);
    if (!kept) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for features");
    kept->problem = problem;
    kept->watch = watch;
    kept->features = problem->step.features;
    kept->borrows = other != NULL;
    logit_status status = LOGIT_OK;
    if (other)
        kept->rows = other->rows;
    else
        status = backend->ops->alloc(backend, (void **)&kept->rows,
                                     (size_t)lg_kept_bytes(problem, rows), err);
    if (status == LOGIT_OK) status = make_plain(kept, err);
    if (status != LOGIT_OK) {
        lg_kept_destroy(kept);
        return status;
    }
    *out = kept;
    return LOGIT_OK;
}

void lg_kept_destroy(lg_kept *kept)
{
    if (!kept) return;
    lg_backend *backend = kept->problem->backend;
    lg_problem_point_at_elements(kept->problem);
    void *memory[] = {kept->borrows ? NULL : kept->rows, kept->scale, kept->shift};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if (memory[i]) backend->ops->free(backend, memory[i]);
    free(kept);
}

static logit_status look_around(const lg_kept *kept, int64_t done, int64_t count, logit_error *err)
{
    const logit_watch *watch = kept->watch;
    const logit_progress progress = {.phase = LOGIT_PHASE_TUNE, .done = done, .total = count};
    if (watch && watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped after the features of %lld of %lld samples",
                (long long)done, (long long)count);
    if (watch && watch->progress) watch->progress(watch->user, &progress);
    return LOGIT_OK;
}

/* Rows one behind the other are made where they will be kept; others by way of the problem's x,
 * where host and backend share their memory. */
static logit_status fill_piece(lg_kept *kept, lg_step *step, const int32_t *row, int64_t first,
                               int64_t n, logit_error *err)
{
    const size_t bytes = (size_t)kept->features * sizeof(float);
    float *x = step->x;
    step->batch.count = n;
    if (!row) step->x = kept->rows + first * kept->features;
    const logit_status status = lg_backend_inputs(kept->problem->backend, step, err);
    step->x = x;
    for (int64_t i = 0; row && status == LOGIT_OK && i < n; i++)
        memcpy(kept->rows + row[first + i] * kept->features, x + i * kept->features, bytes);
    return status;
}

logit_status lg_kept_fill(lg_kept *kept, const lg_batch *batch, const int32_t *row, int64_t count,
                          logit_error *err)
{
    const int64_t at_once = kept->problem->batch;
    const size_t bytes =
        (size_t)lg_problem_inputs(kept->problem) * lg_element_bytes(batch->element);
    lg_step step = kept->problem->step;
    lg_kept_point(kept, 0, &step);
    for (int64_t first = 0; first < count; first += at_once) {
        const int64_t left = count - first, n = left < at_once ? left : at_once;
        LG_TRY(look_around(kept, first, count, err));
        step.batch = (lg_batch){.element = batch->element, .pixels = batch->pixels};
        if (row)
            step.batch.row = row + first;
        else
            step.batch.pixels += (size_t)first * bytes;
        LG_TRY(fill_piece(kept, &step, row, first, n, err));
    }
    kept->filled = 1;
    return look_around(kept, count, count, err);
}

int lg_kept_is_filled(const lg_kept *kept)
{
    return kept->filled;
}

void lg_kept_point(const lg_kept *kept, int use, lg_step *step)
{
    step->lift = use ? NULL : &kept->problem->lift;
    step->scale = use ? kept->scale : kept->problem->scale;
    step->shift = use ? kept->shift : kept->problem->shift;
    if (!use) return;
    step->batch.element = LG_ELEMENT_F32;
    step->batch.pixels = (const uint8_t *)kept->rows;
}
