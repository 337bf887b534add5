/* compare_model_bounds.c -- how far a device's losses of a model may be off, all the way from
 * pixels.
 *
 * Layer 2 (train).  What a loss may be off by, from the logits' bounds a_j (compare_bound.h; two
 * roundings more, since the pixels are the device's own):
 *
 *   softmax    |l(z + e) - l(z)| <= max e - min e <= 2 max_j a_j
 *   sigmoid    every slope lies in -1 .. 1: sum_j a_j
 *   identity   |z_j - y_j| a_j + a_j^2 / 2, over j
 *
 * and to that the rounding of the loss itself (lg_bound_loss).
 *
 * With a feature map x is judged by itself, from pixels that each device rounds once
 * (compare_bound_features.c).  How far a device's x is from the reference's, E, is carried on as it
 * is: |w| E beside a_j. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "train/compare_model.h"

static const double PIXEL = LG_UNIT * (1.0 + 0x1p-10); /* what a device's own u is off by */

/* What is true of sample i. */
static lg_bound_row truth_of(const lg_model_run *run, int64_t i)
{
    const lg_minibatch *mini = run->mini;
    const int64_t row = mini->row ? mini->row[i] : i, k = run->model->outputs;
    return (lg_bound_row){.loss = run->model->loss,
                          .k = (int)k,
                          .z = run->result[LG_COMPARE_REF].value[LG_MODEL_LOGITS] + i * k,
                          .target = mini->target ? mini->target + row * k : NULL,
                          .label = mini->label ? mini->label[row] : 0,
                          .factor = 1.0};
}

/* How far a loss moves where its logits move by away[k]. */
static double moved(const lg_bound_row *row, const double *away)
{
    double largest = 0.0, sum = 0.0, squares = 0.0;
    for (int j = 0; j < row->k; j++) {
        const double y = row->target ? (double)row->target[j] : (double)(j == row->label);
        largest = fmax(largest, away[j]);
        sum += away[j];
        squares += fabs(row->z[j] - y) * away[j] + away[j] * away[j] / 2.0;
    }
    const lg_link link = lg_losses[row->loss].link;
    return link == LG_LINK_SOFTMAX ? 2.0 * largest : link == LG_LINK_SIGMOID ? sum : squares;
}

/* The features of party p: what they may be off by, and what they do to its logits -> run->moved.
 */
static void of_features(lg_model_run *run, int p)
{
    const logit_model *m = run->model;
    const int64_t n = run->mini->count;
    const lg_model_result *r = &run->result[p];
    const double *x = run->result[LG_COMPARE_REF].value[LG_MODEL_FEATURES];
    const lg_bound_lifted lifted = {
        .lift = lg_model_lift(m), .u = run->u, .x = x, .rows = n, .own = PIXEL};
    const lg_bound_product product = {.x = run->apart,
                                      .w = run->w,
                                      .scale = 1.0,
                                      .rows = n,
                                      .columns = m->outputs,
                                      .d = m->features};
    lg_bound_features(run->pool, r->away[LG_MODEL_FEATURES], &lifted);
    for (int64_t i = 0; i < n * m->features; i++)
        run->apart[i] = fabs(r->value[LG_MODEL_FEATURES][i] - x[i]);
    lg_bound_logits(run->pool, run->moved, &product);
}

static void of_party(lg_model_run *run, int p)
{
    const logit_model *m = run->model;
    const int64_t n = run->mini->count, k = m->outputs;
    const double factor = lg_bound_factor(m->features, run->c->party[p]->precision) +
                          2.0 * lg_precisions[run->c->party[p]->precision].unit;
    double *z_away = run->result[p].away[LG_MODEL_LOGITS];
    const int lifts = run->first == LG_MODEL_FEATURES;
    for (int64_t i = 0; i < n * k; i++) z_away[i] = factor * run->size[i];
    if (lifts) of_features(run, p);
    for (int64_t i = 0; i < n * k && lifts; i++) z_away[i] += (1.0 + factor) * run->moved[i];
    for (int64_t i = 0; i < n; i++) {
        const lg_bound_row row = truth_of(run, i);
        run->result[p].away[LG_MODEL_LOSS][i] =
            moved(&row, z_away + i * k) + lg_bound_loss(&row, run->dz);
    }
}

void lg_model_bounds(lg_model_run *run)
{
    const logit_model *m = run->model;
    const lg_model_result *ref = &run->result[LG_COMPARE_REF];
    const lg_bound_product product = {.x = ref->value[LG_MODEL_FEATURES],
                                      .w = run->w,
                                      .b = run->b,
                                      .scale = 1.0,
                                      .rows = run->mini->count,
                                      .columns = m->outputs,
                                      .d = m->features};
    lg_bound_logits(run->pool, run->size, &product);
    for (int p = 0; p < LG_COMPARE_REF; p++)
        if (run->c->party[p]) of_party(run, p);
}
