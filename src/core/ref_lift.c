/* ref_lift.c -- the feature maps in float64, as loops.
 *
 * Layer 1 (core).  The formulas are those of lift.h.  Rows are cut among the threads; each number
 * is summed from the first term to the last. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "core/lift.h"
#include "core/ref_step.h"

/* x of one row, from y in its place. */
static void scale_row(const lg_lift *lift, int64_t d, double *x)
{
    for (int64_t j = 0; j < d; j++) x[j] = (double)lift->scale[j] * x[j] + (double)lift->shift[j];
}

static void products_row(const lg_lift *lift, const double *u, double *y)
{
    for (int64_t j = 0; j < lift->in; j++) y[j] = u[j];
    for (int64_t t = 0; t < lift->units; t++)
        y[lift->in + t] = u[lift->pair[2 * t]] * u[lift->pair[2 * t + 1]];
}

static double act(lg_lift_kind kind, double a)
{
    if (kind == LG_LIFT_RFF) return cos(a);
    if (kind == LG_LIFT_STEP) return a > 0.0 ? 1.0 : 0.0;
    return a >= 0.0 ? 1.0 / (1.0 + exp(-a)) : exp(a) / (1.0 + exp(a));
}

static void layer_row(const lg_lift *lift, const double *u, double *y)
{
    for (int64_t k = 0; k < lift->units; k++) {
        const float *f = lift->filter + k * lift->in;
        double sum = 0.0;
        for (int64_t j = 0; j < lift->in; j++) sum += (double)f[j] * u[j];
        y[k] = act(lift->kind, sum + (double)lift->offset[k]);
    }
}

/* Number t of the window at (top, left), [size][size][channels]. */
static double window_at(const lg_lift *lift, const double *u, int top, int left, int64_t t)
{
    const int64_t line = (int64_t)lift->size * lift->channels;
    const int64_t row = top + t / line, column = (int64_t)left * lift->channels + t % line;
    return u[row * lift->width * lift->channels + column];
}

double lg_lift_deviation_ref(const lg_lift *lift, const double *u, int top, int left)
{
    const int64_t s = lg_lift_window(lift);
    double sum = 0.0, squares = 0.0;
    for (int64_t t = 0; t < s; t++) sum += window_at(lift, u, top, left, t);
    for (int64_t t = 0; t < s; t++) {
        const double off = window_at(lift, u, top, left, t) - sum / (double)s;
        squares += off * off;
    }
    return sqrt(squares / (double)s + (double)lift->contrast);
}

double lg_lift_answer_ref(const lg_lift *lift, const double *u, int top, int left, double deviation,
                          int unit)
{
    const int64_t s = lg_lift_window(lift);
    const float *f = lift->filter + unit * s;
    double sum = 0.0;
    for (int64_t j = 0; j < s; j++) sum += (double)f[j] * window_at(lift, u, top, left, j);
    return sum / deviation + (double)lift->offset[unit];
}

/* Adds a window to the 2 units features of its cell. */
static void add_window(const lg_lift *lift, const double *u, int top, int left, double *cell)
{
    const double deviation = lg_lift_deviation_ref(lift, u, top, left), t = (double)lift->threshold;
    for (int k = 0; k < lift->units; k++) {
        const double r = lg_lift_answer_ref(lift, u, top, left, deviation, k);
        cell[2 * k] += fmax(0.0, r - t);
        cell[2 * k + 1] += fmax(0.0, -r - t);
    }
}

static void windows_row(const lg_lift *lift, const double *u, double *y)
{
    const int grid = lift->grid, down = lg_lift_down(lift), across = lg_lift_across(lift);
    for (int c = 0; c < grid * grid; c++) {
        const int top = lg_lift_cell_begin(c / grid, grid, down);
        const int bottom = lg_lift_cell_begin(c / grid + 1, grid, down);
        const int left = lg_lift_cell_begin(c % grid, grid, across);
        const int right = lg_lift_cell_begin(c % grid + 1, grid, across);
        double *cell = y + 2 * (int64_t)c * lift->units;
        for (int k = 0; k < 2 * lift->units; k++) cell[k] = 0.0;
        for (int i = top; i < bottom; i++)
            for (int j = left; j < right; j++)
                add_window(lift, u, i * lift->stride, j * lift->stride, cell);
        for (int k = 0; k < 2 * lift->units; k++)
            cell[k] /= (double)(bottom - top) * (right - left);
    }
}

void lg_lift_row_ref(const lg_lift *lift, const double *u, double *x)
{
    switch (lg_lifts[lift->kind].family) {
    case LG_LIFT_PRODUCTS:
        products_row(lift, u, x);
        break;
    case LG_LIFT_LAYER:
        layer_row(lift, u, x);
        break;
    case LG_LIFT_WINDOWS:
        windows_row(lift, u, x);
        break;
    }
    scale_row(lift, lg_lift_features(lift), x);
}

static void features_part(void *argument, int part, int parts)
{
    const lg_step *step = argument;
    const lg_lift *lift = step->lift;
    int64_t begin, end;
    lg_pool_cut(step->batch.count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        lg_lift_row_ref(lift, (const double *)step->u + i * lift->in,
                        (double *)step->x + i * step->features);
}

logit_status lg_ref_features(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_step own = *step;
    (void)err;
    lg_pool_run(((lg_ref_backend *)backend)->pool, features_part, &own);
    return LOGIT_OK;
}
