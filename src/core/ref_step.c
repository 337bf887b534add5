/* ref_step.c -- the six parts of a training step in float64, as loops.
 *
 * Layer 1 (core).  In the order in which they happen; the formulas are those of backend.h.  Every
 * op cuts its outputs (rows, columns, features or weights) among the threads and sums each output
 * from the first term to the last, so that the number of threads cannot change a bit. */
/* SPDX-License-Identifier: MIT */
#include "core/ref_step.h"

#include <math.h>
#include <string.h>

#include "core/ref_loss.h"
#include "core/ref_optim.h"

static const lg_ref_loss *const losses[LG_LOSS_COUNT] = {
#define LOSS(id, name, outputs, link, curvature, formula) &lg_ref_##name,
#include "core/loss.def"
#undef LOSS
};

static lg_ref_optim_fn *const optims[LG_OPTIM_COUNT] = {
#define OPTIM(id, name, step, states, whole, formula) lg_ref_##step,
#include "core/optim.def"
#undef OPTIM
};

/* Runs one part of an op on every thread: `part` of `parts` of the outputs of *step. */
typedef void part_fn(const lg_step *step, int part, int parts);

typedef struct job {
    part_fn *fn;
    const lg_step *step;
} job;

static void run_part(void *argument, int part, int parts)
{
    const job *j = argument;
    j->fn(j->step, part, parts);
}

static void run(lg_backend *backend, part_fn *fn, const lg_step *step)
{
    job j = {fn, step};
    lg_pool_run(((lg_ref_backend *)backend)->pool, run_part, &j);
}

/* Columns of z, rows of W: s*k. */
static int64_t columns(const lg_step *step)
{
    return (int64_t)step->settings * step->outputs;
}

/* Where sample i of the batch lies in the arrays of the set. */
static int64_t row_of(const lg_batch *batch, int64_t i)
{
    return batch->row ? batch->row[i] : i;
}

static double weight_of(const lg_batch *batch, int64_t i)
{
    return batch->weight ? (double)batch->weight[row_of(batch, i)] : 1.0;
}

/* -------------------------------------------------------- pixels: x = scale e + shift --- */

/* A 16-bit float, read off its bits: sign, exponent (bias 15), ten digits. */
static double from_half(unsigned bits)
{
    const int exponent = (int)(bits >> 10 & 31), digits = (int)(bits & 1023);
    double size = NAN;
    if (exponent == 0) size = ldexp(digits, -24);
    if (exponent > 0 && exponent < 31) size = ldexp(1024 + digits, exponent - 25);
    if (exponent == 31 && digits == 0) size = (double)INFINITY;
    return bits & 0x8000u ? -size : size;
}

/* Element j of a sample, as it is stored. */
static double stored_at(const lg_batch *batch, const uint8_t *sample, int64_t j)
{
    float wide;
    switch (batch->element) {
    case LG_ELEMENT_F16:
        return from_half((unsigned)sample[2 * j] | (unsigned)sample[2 * j + 1] << 8);
    case LG_ELEMENT_F32:
        memcpy(&wide, sample + 4 * j, sizeof wide);
        return (double)wide;
    default:
        return (double)sample[j];
    }
}

static void pixels_part(const lg_step *step, int part, int parts)
{
    const int64_t d = step->features;
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const int64_t bytes = d * (int64_t)lg_element_bytes(step->batch.element);
        const uint8_t *sample = step->batch.pixels + row_of(&step->batch, i) * bytes;
        double *x = (double *)step->x + i * d;
        for (int64_t j = 0; j < d; j++)
            x[j] = (double)step->scale[j] * stored_at(&step->batch, sample, j) +
                   (double)step->shift[j];
    }
}

logit_status lg_ref_pixels(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    run(backend, pixels_part, step);
    return LOGIT_OK;
}

/* ------------------------------------------------------------ logits: z = x W^T + b --- */

static void logits_part(const lg_step *step, int part, int parts)
{
    const int64_t d = step->features, width = columns(step);
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const double *x = (const double *)step->x + i * d;
        double *z = (double *)step->z + i * width;
        for (int64_t c = 0; c < width; c++) {
            const double *w = (const double *)step->w + c * d;
            double sum = 0.0;
            for (int64_t j = 0; j < d; j++) sum += w[j] * x[j];
            z[c] = sum + ((const double *)step->b)[c];
        }
    }
}

logit_status lg_ref_logits(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    run(backend, logits_part, step);
    return LOGIT_OK;
}

/* ------------------------- loss: l = loss(z), z <- scale w_i dl/dz, gb = column sums of z --- */

/* What is true of sample i, as setting t is told. */
static lg_ref_truth truth_of(const lg_step *step, int64_t i, int t)
{
    const int64_t row = row_of(&step->batch, i);
    lg_ref_truth truth = {.smoothing = step->scalars[t].smoothing};
    if (step->batch.target)
        truth.soft = step->batch.target + row * step->outputs;
    else
        truth.label = step->batch.label[row];
    return truth;
}

static void loss_part(const lg_step *step, int part, int parts)
{
    const lg_ref_loss *loss = losses[step->loss];
    const int k = step->outputs, s = step->settings;
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        for (int t = 0; t < s; t++) {
            const lg_ref_truth truth = truth_of(step, i, t);
            double *z = (double *)step->z + (i * s + t) * k;
            ((double *)step->row_loss)[i * s + t] = loss->loss(z, k, &truth);
            if (step->keep_logits) continue;

            loss->gradient(z, k, &truth);
            const double scale = step->scalars[t].scale * weight_of(&step->batch, i);
            for (int j = 0; j < k; j++) z[j] *= scale;
        }
    }
}

static int is_bad(const lg_step *step, int t)
{
    for (int64_t i = 0; i < step->batch.count; i++)
        if (!isfinite(((const double *)step->row_loss)[i * step->settings + t])) return 1;
    return 0;
}

/* A setting with a loss that is not finite gets no gradient at all: its weights must not be spoilt
 * before the latch (see lg_ref_sum) is read. */
static void bad_part(const lg_step *step, int part, int parts)
{
    const int k = step->outputs, s = step->settings;
    int64_t begin, end;
    lg_pool_cut(s, 1, part, parts, &begin, &end);
    for (int64_t t = begin; t < end; t++) {
        if (!is_bad(step, (int)t)) continue;
        for (int64_t i = 0; i < step->batch.count; i++)
            memset((double *)step->z + (i * s + t) * k, 0, (size_t)k * sizeof(double));
    }
}

static void bias_part(const lg_step *step, int part, int parts)
{
    const int64_t width = columns(step);
    double *gb = step->gb;
    int64_t begin, end;
    lg_pool_cut(width, 1, part, parts, &begin, &end);
    for (int64_t c = begin; c < end; c++) {
        double sum = step->accumulate ? gb[c] : 0.0;
        for (int64_t i = 0; i < step->batch.count; i++)
            sum += ((const double *)step->z)[i * width + c];
        gb[c] = sum;
    }
}

logit_status lg_ref_loss_rows(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    run(backend, loss_part, step);
    if (step->keep_logits) return LOGIT_OK;
    run(backend, bad_part, step);
    run(backend, bias_part, step);
    return LOGIT_OK;
}

/* ------------------------------------------------------------- gradient: gw = dz^T x --- */

static void gradient_part(const lg_step *step, int part, int parts)
{
    const int64_t d = step->features, width = columns(step);
    int64_t begin, end;
    lg_pool_cut(d, 8, part, parts, &begin, &end); /* 8 doubles: threads share no cache line */
    for (int64_t c = 0; c < width && !step->accumulate; c++)
        for (int64_t j = begin; j < end; j++) ((double *)step->gw)[c * d + j] = 0.0;

    for (int64_t i = 0; i < step->batch.count; i++) {
        const double *restrict x = (const double *)step->x + i * d;
        const double *dz = (const double *)step->z + i * width;
        for (int64_t c = 0; c < width; c++) {
            double *restrict gw = (double *)step->gw + c * d;
            for (int64_t j = begin; j < end; j++) gw[j] += dz[c] * x[j];
        }
    }
}

logit_status lg_ref_gradient(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    run(backend, gradient_part, step);
    return LOGIT_OK;
}

/* ------------------------------------------- update: W, b <- optimiser(W, gw), (b, gb) --- */

/* Of a state that the optimiser may not have. */
static double *at(void *array, int64_t i)
{
    return array ? (double *)array + i : NULL;
}

/* g = gw + l2 w;  w <- w - lr decay w - step(g).  W alone: a bias is not penalised. */
static void update_weights(const lg_step *step, int part, int parts)
{
    lg_ref_optim_fn *const optim = optims[step->optim];
    const int64_t per_setting = step->outputs * step->features;
    int64_t begin, end;
    lg_pool_cut(columns(step) * step->features, 8, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        const lg_scalars *scalars = &step->scalars[i / per_setting];
        double *w = (double *)step->w + i;
        const double g = ((const double *)step->gw)[i] + scalars->l2 * *w;
        *w -= scalars->lr * scalars->decay * *w;
        *w -= optim(g, at(step->state_w[0], i), at(step->state_w[1], i), scalars, step->nesterov);
    }
}

static void update_bias(const lg_step *step)
{
    lg_ref_optim_fn *const optim = optims[step->optim];
    for (int64_t c = 0; c < columns(step); c++) {
        const lg_scalars *scalars = &step->scalars[c / step->outputs];
        double *b = (double *)step->b + c;
        *b -= optim(((const double *)step->gb)[c], at(step->state_b[0], c), at(step->state_b[1], c),
                    scalars, step->nesterov);
    }
}

logit_status lg_ref_update(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)err;
    run(backend, update_weights, step);
    update_bias(step);
    return LOGIT_OK;
}

/* ------------------------------------------------- sum: total += w_i l_i, and the latch --- */

logit_status lg_ref_sum(lg_backend *backend, const lg_step *step, logit_error *err)
{
    (void)backend;
    (void)err;
    for (int t = 0; t < step->settings; t++) {
        lg_total *total = &step->total[t];
        const int latched = total->bad_step >= 0 && total->bad_step <= lg_step_number(step);
        int64_t bad_row = -1;
        for (int64_t i = 0; i < step->batch.count; i++) {
            const double loss = ((const double *)step->row_loss)[i * step->settings + t];
            total->loss += weight_of(&step->batch, i) * loss;
            if (!isfinite(loss) && bad_row < 0) bad_row = i;
        }
        if (latched || bad_row < 0) continue;
        total->bad_step = lg_step_number(step);
        total->bad_row = bad_row;
    }
    return LOGIT_OK;
}
