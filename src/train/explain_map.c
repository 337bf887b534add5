/* explain_map.c -- the terms of a feature map, brought back to the elements that they come from.
 *
 * A term is w_j y_j with y_j = scale_j times the map's own output (lift.h).  Of a patch map that
 * output is a mean over the n windows of a cell, so that window's part of the score is
 *
 *     e = sum over units k of (w_above scale_above max(0, r_k - t) + w_below ...) / n
 *
 * with nothing left over; e is spread evenly over the s numbers of the window.  A product u_a u_b
 * falls to a and b in halves.  What F alone says of a pixel inside its window is no part of z,
 * since sd and the threshold are the whole window's. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "train/explain.h"
#include "train/feature_map.h"

/* The explanation, and room for the outputs of one window. */
typedef struct walk {
    const lg_lift *lift;
    logit_explanation *out;
    double *part; /* [2 units] scale times output over n, of the window that is looked at */
} walk;

logit_status lg_explain_map_check(const logit_model *model, int with_data, logit_error *err)
{
    const lg_lift *lift = lg_model_lift(model);
    if (!lift) return LOGIT_OK;
    if (lg_lifts[lift->kind].family == LG_LIFT_LAYER)
        LG_FAIL(err, LOGIT_E_USAGE,
                "every feature of this model (%.200s) is made of the whole sample at once: its "
                "terms belong to no place",
                model->map->text);
    if (with_data)
        LG_FAIL(err, LOGIT_E_USAGE,
                "--data: this model has a feature map (%.200s): its weights are a sum over the "
                "training images' features, which are in no picture; leave out --data",
                model->map->text);
    return LOGIT_OK;
}

/* ---------------------------------------------------------------------------------- windows --- */

/* Fills in w->part.  first: the feature of the cell's first unit, n: windows of the cell. */
static void answer(const walk *w, int top, int left, int64_t first, double n)
{
    const lg_lift *lift = w->lift;
    const double *u = w->out->x, t = (double)lift->threshold;
    const double deviation = lg_lift_deviation_ref(lift, u, top, left);
    for (int k = 0; k < lift->units; k++) {
        const double r = lg_lift_answer_ref(lift, u, top, left, deviation, k);
        w->part[2 * k] = (double)lift->scale[first + 2 * k] * fmax(0.0, r - t) / n;
        w->part[2 * k + 1] = (double)lift->scale[first + 2 * k + 1] * fmax(0.0, -r - t) / n;
    }
}

static void spread(const lg_lift *lift, int top, int left, double evidence, double *product)
{
    const int64_t line = (int64_t)lift->size * lift->channels;
    const double share = evidence / (double)lg_lift_window(lift);
    for (int y = top; y < top + lift->size; y++) {
        double *row = product + ((int64_t)y * lift->width + left) * lift->channels;
        for (int64_t i = 0; i < line; i++) row[i] += share;
    }
}

static void take_window(const walk *w, int top, int left, int64_t first, double n)
{
    const int outputs = 2 * w->lift->units;
    answer(w, top, left, first, n);
    for (int k = 0; k < outputs; k++) w->out->y[first + k] += w->part[k];
    for (int c = 0; c < w->out->count; c++) {
        logit_explained *e = &w->out->of[c];
        double evidence = 0.0;
        for (int k = 0; k < outputs; k++) evidence += e->weight[first + k] * w->part[k];
        spread(w->lift, top, left, evidence, e->product);
    }
}

static void walk_windows(const walk *w)
{
    const lg_lift *lift = w->lift;
    const int grid = lift->grid, down = lg_lift_down(lift), across = lg_lift_across(lift);
    for (int cell = 0; cell < grid * grid; cell++) {
        const int top = lg_lift_cell_begin(cell / grid, grid, down);
        const int bottom = lg_lift_cell_begin(cell / grid + 1, grid, down);
        const int left = lg_lift_cell_begin(cell % grid, grid, across);
        const int right = lg_lift_cell_begin(cell % grid + 1, grid, across);
        const double n = (double)(bottom - top) * (right - left);
        for (int i = top; i < bottom; i++)
            for (int j = left; j < right; j++)
                take_window(w, i * lift->stride, j * lift->stride, 2 * (int64_t)cell * lift->units,
                            n);
    }
}

/* --------------------------------------------------------------------------------- products --- */

static void take_products(const lg_lift *lift, logit_explanation *out)
{
    for (int64_t j = 0; j < out->columns; j++) {
        const int32_t *pair = j < lift->in ? NULL : lift->pair + 2 * (j - lift->in);
        const double u = pair ? out->x[pair[0]] * out->x[pair[1]] : out->x[j];
        out->y[j] = (double)lift->scale[j] * u;
        for (int c = 0; c < out->count; c++) {
            const double term = out->of[c].weight[j] * out->y[j];
            if (pair) {
                out->of[c].product[pair[0]] += term / 2.0;
                out->of[c].product[pair[1]] += term / 2.0;
            } else {
                out->of[c].product[j] += term;
            }
        }
    }
}

/* -------------------------------------------------------------------------------------- all --- */

static void take_shift(const lg_lift *lift, int64_t columns, logit_explained *e)
{
    long double bias = (long double)e->bias;
    for (int64_t j = 0; j < columns; j++)
        bias += (long double)e->weight[j] * (long double)lift->shift[j];
    e->bias = (double)bias;
}

logit_status lg_explain_map(const logit_model *model, logit_explanation *out, logit_error *err)
{
    const lg_lift *lift = lg_model_lift(model);
    walk w = {.lift = lift, .out = out};
    out->y = calloc((size_t)out->columns, sizeof *out->y);
    w.part = malloc(2 * (size_t)lift->units * sizeof *w.part);
    int room = out->y && w.part;
    for (int c = 0; c < out->count; c++) {
        out->of[c].term = calloc((size_t)out->columns, sizeof(double));
        room &= out->of[c].term != NULL;
    }
    if (room && lg_lifts[lift->kind].family == LG_LIFT_WINDOWS)
        walk_windows(&w);
    else if (room)
        take_products(lift, out);
    free(w.part);
    if (!room) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the terms of a feature map");
    for (int c = 0; c < out->count; c++) {
        logit_explained *e = &out->of[c];
        for (int64_t j = 0; j < out->columns; j++) e->term[j] = e->weight[j] * out->y[j];
        take_shift(lift, out->columns, e);
    }
    return LOGIT_OK;
}
