/* compare_sample.c -- where the float64 loops would take too long: some rows, drawn by the seed.
 *
 * A matmul of more than LARGEST products is worked out for as many rows of the batch (features,
 * logits) and as many rows of W (gradient) as stay below it, one drawn from each of so many equal
 * stretches. The reference does it with its own ops, on arrays that hold these rows alone. */
/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/compare_lockstep.h"

static const int64_t LARGEST = (int64_t)1 << 27; /* a tenth of a second on two cores */

enum { ROWS = 1 << 16, OUTPUTS = 2 << 16 }; /* lower bits of the stream */

static int64_t columns_of(const lg_lockstep *ls)
{
    return (int64_t)ls->shape.settings * ls->shape.outputs;
}

/* Products of a row of the batch: of its logits, or of its features where those are more. */
static int64_t products_of_row(const lg_lockstep *ls)
{
    const int64_t logits = ls->shape.features * columns_of(ls);
    const int64_t lift = ls->shape.lift ? (int64_t)(lg_lift_work(ls->shape.lift) / 2.0) : 0;
    return logits > lift ? logits : lift;
}

/* How many of `count` rows of `each` products stay below the limit; at least one. */
static int64_t affordable(int64_t count, int64_t each)
{
    const int64_t most = LARGEST / (each > 0 ? each : 1);
    return most >= count ? count : most < 1 ? 1 : most;
}

static logit_status take_memory(lg_lockstep *ls, void **out, int64_t count, logit_error *err)
{
    lg_backend *backend = ls->c->party[LG_COMPARE_REF]->backend;
    return backend->ops->alloc(backend, out, (size_t)count * sizeof(double), err);
}

static logit_status take_index(lg_picked *picked, int64_t count, logit_error *err)
{
    picked->index = malloc((size_t)count * sizeof *picked->index);
    if (!picked->index)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a sample of %lld rows", (long long)count);
    return LOGIT_OK;
}

logit_status lg_sample_open(lg_lockstep *ls, logit_error *err)
{
    const int64_t n = ls->shape.batch, d = ls->shape.features, columns = columns_of(ls);
    const int64_t rows = affordable(n, products_of_row(ls)), outputs = affordable(columns, d * n);
    const int64_t inputs = ls->shape.lift ? ls->shape.lift->in : 0;
    char *text = ls->c->out->reference_rows;
    const size_t size = sizeof ls->c->out->reference_rows;
    ls->sampled = rows < n || outputs < columns;
    snprintf(text, size, "all");
    if (!ls->sampled) return LOGIT_OK;
    snprintf(text, size, "%lld of %lld rows of a batch, %lld of %lld rows of W", (long long)rows,
             (long long)n, (long long)outputs, (long long)columns);
    LG_TRY(take_index(&ls->rows, rows, err));
    LG_TRY(take_index(&ls->outputs, outputs, err));
    if (inputs > 0) LG_TRY(take_memory(ls, &ls->part_u, rows * inputs, err));
    LG_TRY(take_memory(ls, &ls->part_x, rows * d, err));
    LG_TRY(take_memory(ls, &ls->part_z, rows * columns, err));
    LG_TRY(take_memory(ls, &ls->part_dz, n * outputs, err));
    return take_memory(ls, &ls->part_g, outputs * d, err);
}

void lg_sample_close(lg_lockstep *ls)
{
    void *memory[] = {ls->part_u, ls->part_x, ls->part_z, ls->part_dz, ls->part_g};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
        if (!memory[i]) continue;
        lg_backend *backend = ls->c->party[LG_COMPARE_REF]->backend;
        backend->ops->free(backend, memory[i]);
    }
    free(ls->rows.index);
    free(ls->outputs.index);
}

/* One of each of picked->count stretches of 0 .. count-1, in order. */
static void draw(const lg_lockstep *ls, lg_picked *picked, int64_t count, uint32_t what)
{
    const uint64_t seed = ls->c->options->train.seed;
    const uint64_t stream = lg_stream_id(LG_STREAM_SAMPLE, what);
    for (int64_t i = 0; i < picked->count && picked->index; i++) {
        const int64_t begin = i * count / picked->count, end = (i + 1) * count / picked->count;
        const uint64_t at = (uint64_t)(ls->c->step * picked->count + i);
        picked->index[i] =
            (int32_t)(begin + (int64_t)lg_random_below(seed, stream, at, (uint64_t)(end - begin)));
    }
}

void lg_sample_pick(lg_lockstep *ls)
{
    const int64_t n = ls->c->mini->count, d = ls->shape.features, columns = columns_of(ls);
    ls->rows.count = ls->sampled ? affordable(n, products_of_row(ls)) : n;
    ls->outputs.count = ls->sampled ? affordable(columns, d * ls->shape.batch) : columns;
    draw(ls, &ls->rows, n, ROWS);
    draw(ls, &ls->outputs, columns, OUTPUTS);
}

void lg_sample_keep(const lg_picked *picked, double *values, int64_t width)
{
    if (!picked->index) return;
    for (int64_t i = 0; i < picked->count; i++) /* ascending: no row is overwritten too early */
        memmove(values + i * width, values + picked->index[i] * width,
                (size_t)width * sizeof *values);
}

/* ------------------------------------------------------------------------- the reference's --- */

static logit_status upload(lg_backend *ref, void *to, const double *from, int64_t count,
                           logit_error *err)
{
    LG_TRY(ref->ops->upload(ref, LG_QUEUE_COMPUTE, to, from, (size_t)count * sizeof *from, err));
    return ref->ops->sync(ref, err);
}

logit_status lg_sample_features(lg_lockstep *ls, const double *u, logit_error *err)
{
    lg_party *party = ls->c->party[LG_COMPARE_REF];
    lg_backend *ref = party->backend;
    const int64_t rows = ls->rows.count;
    lg_step step = party->problem->step;
    step.u = ls->part_u;
    step.x = ls->part_x;
    step.batch.count = rows;
    LG_TRY(upload(ref, ls->part_u, u, rows * step.lift->in, err));
    LG_TRY(ref->ops->features(ref, &step, err));
    return lg_backend_get_double(ref, ls->got[LG_COMPARE_REF], ls->part_x,
                                 rows * ls->shape.features, err);
}

/* The rows of x are in ls->bound, where their sizes were worked out. */
logit_status lg_sample_logits(lg_lockstep *ls, logit_error *err)
{
    lg_party *party = ls->c->party[LG_COMPARE_REF];
    lg_backend *ref = party->backend;
    const int64_t rows = ls->rows.count;
    lg_step step = party->problem->step;
    step.x = ls->part_x;
    step.z = ls->part_z;
    step.batch.count = rows;
    LG_TRY(upload(ref, ls->part_x, ls->bound, rows * ls->shape.features, err));
    LG_TRY(ref->ops->logits(ref, &step, err));
    return lg_backend_get_double(ref, ls->got[LG_COMPARE_REF], ls->part_z, rows * columns_of(ls),
                                 err);
}

logit_status lg_sample_gradient(lg_lockstep *ls, logit_error *err)
{
    lg_party *party = ls->c->party[LG_COMPARE_REF];
    lg_backend *ref = party->backend;
    const int64_t n = ls->c->mini->count, d = ls->shape.features, outputs = ls->outputs.count;
    double *values = ls->got[LG_COMPARE_REF];
    lg_step step = party->problem->step;
    step.outputs = (int)outputs;
    step.settings = 1;
    step.z = ls->part_dz;
    step.gw = ls->part_g;
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < outputs; c++)
            values[i * outputs + c] = ls->dz[i * columns_of(ls) + ls->outputs.index[c]];
    LG_TRY(upload(ref, ls->part_dz, values, n * outputs, err));
    for (int64_t c = 0; c < outputs && step.accumulate; c++)
        memcpy(values + c * d, ls->start[LG_ARRAY_GW] + ls->outputs.index[c] * d,
               (size_t)d * sizeof *values);
    if (step.accumulate) LG_TRY(upload(ref, ls->part_g, values, outputs * d, err));
    LG_TRY(ref->ops->gradient(ref, &step, err));
    return lg_backend_get_double(ref, values, ls->part_g, outputs * d, err);
}
