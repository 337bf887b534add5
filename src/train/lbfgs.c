/* lbfgs.c -- see lbfgs.h.
 *
 * Everything that has to live on lies in one block of memory, its head and then its arrays, so that
 * a checkpoint is a copy of it. */
/* SPDX-License-Identifier: MIT */
#include "train/lbfgs.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "train/lbfgs_parts.h"

enum { FEWEST_PAIRS = 5 };
static const double PAIRS_BYTES = 0x1p30; /* W of 10^7 keeps fewer pairs */

static const double NOISE = 1e-7;      /* of a mean of float32 losses, relative */
static const double BIAS_SHARE = 0.01; /* what the biases' gradient may weigh at the end */
static const double LEAST_GAIN = 1e-9; /* of the objective, relative, in PATIENCE steps ... */
static const double LEAST_FALL = 0.9;  /* ... or of the gradient's largest component */
enum { PATIENCE = 20, BIAS_STEPS = 30 };

/* -------------------------------------------------------------------------------- memory --- */

static int pairs_for(int64_t count)
{
    const double each = 2.0 * sizeof(float) * (double)count;
    const int fit = (int)fmin(PAIRS_BYTES / each, LG_LBFGS_MOST_PAIRS);
    return fit > FEWEST_PAIRS ? fit : FEWEST_PAIRS;
}

/* Bytes of the block, or 0 where there are more than a size_t counts. */
static size_t block_bytes(const lg_lbfgs *l)
{
    const size_t each = 4 * sizeof(double) + (2 + 2 * (size_t)l->pairs) * sizeof(float);
    size_t arrays;
    if (!lg_size_mul((size_t)l->count, each, &arrays)) return 0;
    return arrays <= SIZE_MAX - sizeof(lg_lbfgs_head) ? arrays + sizeof(lg_lbfgs_head) : 0;
}

/* Cuts the block up. */
static void lay_out(lg_lbfgs *l)
{
    double **doubles[] = {&l->gradient, &l->told, &l->direction, &l->steepest};
    double *at = (double *)(void *)(l->head + 1);
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++, at += l->count) *doubles[i] = at;
    l->point = (float *)(void *)at;
    l->trial = l->point + l->count;
    l->moves = l->trial + l->count;
    l->changes = l->moves + l->count * l->pairs;
}

logit_status lg_lbfgs_create(lg_lbfgs **out, lg_vectors *vectors, const lg_lbfgs_shape *shape,
                             logit_error *err)
{
    *out = NULL;
    lg_lbfgs *l = calloc(1, sizeof *l);
    if (!l) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for lbfgs");
    l->vectors = vectors;
    l->shape = *shape;
    l->count = shape->weights + shape->biases;
    l->pairs = pairs_for(l->count);
    l->bytes = block_bytes(l);
    l->head = l->bytes ? calloc(1, l->bytes) : NULL;
    if (!l->head) {
        free(l);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the steps that lbfgs remembers");
    }
    lay_out(l);
    *out = l;
    return LOGIT_OK;
}

void lg_lbfgs_destroy(lg_lbfgs *l)
{
    if (!l) return;
    free(l->head);
    free(l);
}

/* Everything but the point, which is tried first. */
static void begin(lg_lbfgs *l)
{
    *l->head = (lg_lbfgs_head){.phase = LG_LBFGS_FIRST, .best = INFINITY};
    l->head->figures = (lg_lbfgs_figures){.loss = NAN,
                                          .objective = NAN,
                                          .largest = NAN,
                                          .weight_norm = NAN,
                                          .bias_norm = NAN,
                                          .gap = NAN};
    memcpy(l->trial, l->point, (size_t)l->count * sizeof *l->point);
}

void lg_lbfgs_begin(lg_lbfgs *l, const float *start)
{
    memcpy(l->point, start, (size_t)l->count * sizeof *start);
    begin(l);
}

void lg_lbfgs_go_on(lg_lbfgs *l, double l2, double l1)
{
    lg_lbfgs_penalise(l, l2, l1);
    begin(l);
}

void lg_lbfgs_penalise(lg_lbfgs *l, double l2, double l1)
{
    l->shape.l2 = l2;
    l->shape.l1 = l1;
}

const float *lg_lbfgs_trial(const lg_lbfgs *l)
{
    return l->trial;
}

const float *lg_lbfgs_point(const lg_lbfgs *l)
{
    return l->point;
}

double *lg_lbfgs_gradient(lg_lbfgs *l)
{
    return l->told;
}

const lg_lbfgs_figures *lg_lbfgs_describe(const lg_lbfgs *l)
{
    return &l->head->figures;
}

size_t lg_lbfgs_state_bytes(const lg_lbfgs *l)
{
    return l->bytes;
}

void lg_lbfgs_get_state(const lg_lbfgs *l, void *to)
{
    memcpy(to, l->head, l->bytes);
}

void lg_lbfgs_put_state(lg_lbfgs *l, const void *from)
{
    memcpy(l->head, from, l->bytes);
}

void lg_lbfgs_end_here(lg_lbfgs *l, lg_lbfgs_end why)
{
    l->head->figures.end = why;
}

/* ------------------------------------------------------------------------------- where next --- */

/* A step of line.step along the direction; 0 where float32 has no other point there. */
static int aim(lg_lbfgs *l)
{
    return lg_lbfgs_move(l, l->head->line.step);
}

/* A direction and a first trial along it; 0 where there is none that leads down. */
static int set_out(lg_lbfgs *l)
{
    lg_lbfgs_head *h = l->head;
    for (int turn = 0; turn < 2; turn++) {
        lg_lbfgs_direct(l);
        const double slope = lg_lbfgs_slope(l, l->steepest);
        const double noise = NOISE * fabs(h->figures.objective);
        const double size = sqrt(lg_lbfgs_slope_of(l, l->steepest, l->steepest));
        const double first = h->kept > 0 || !(size > 1.0) ? 1.0 : 1.0 / size;
        lg_line_begin(&h->line, h->figures.objective, slope, noise, first);
        if (slope < 0.0 && isfinite(slope) && aim(l)) return 1;
        if (h->kept == 0) return 0;
        h->kept = 0; /* what is remembered leads nowhere: straight down */
    }
    return 0;
}

/* The biases' gradient moves W's by at most about its own size times a sample's length. */
static int biases_are_there(const lg_lbfgs *l)
{
    const lg_lbfgs_figures *f = &l->head->figures;
    return f->bias_norm * l->shape.length <= BIAS_SHARE * f->weight_norm;
}

/* It ends here, unless the biases are to be minimised out first. */
static lg_lbfgs_answer finish(lg_lbfgs *l, lg_lbfgs_end why, lg_lbfgs_answer else_answer)
{
    lg_lbfgs_head *h = l->head;
    lg_lbfgs_figures *f = &h->figures;
    if (h->phase != LG_LBFGS_BIASES) {
        h->reason = why;
        if (l->shape.l2 > 0.0 && !biases_are_there(l)) {
            h->phase = LG_LBFGS_BIASES;
            h->kept = h->steps_since = 0;
            if (set_out(l)) return else_answer;
        }
    }
    f->end = h->reason;
    if (l->shape.l2 > 0.0) {
        const double norm = f->weight_norm + f->bias_norm * l->shape.length;
        f->gap = norm * norm / (2.0 * l->shape.l2);
    }
    return LG_LBFGS_ENDED;
}

/* --------------------------------------------------------------------------------- telling --- */

/* 1 if PATIENCE steps brought nothing that is not rounding. */
static int has_stalled(lg_lbfgs *l)
{
    lg_lbfgs_head *h = l->head;
    const lg_lbfgs_figures *f = &h->figures;
    if (!(f->objective > h->best - LEAST_GAIN * fabs(h->best)) ||
        f->largest < LEAST_FALL * h->best_largest) {
        h->best = f->objective;
        h->best_largest = f->largest;
        h->steps_since = 0;
        return 0;
    }
    return ++h->steps_since >= PATIENCE;
}

/* The trial becomes the point. */
static lg_lbfgs_answer take(lg_lbfgs *l, double loss, double value)
{
    lg_lbfgs_head *h = l->head;
    lg_lbfgs_figures *f = &h->figures;
    if (h->phase != LG_LBFGS_FIRST) lg_lbfgs_remember(l);
    memcpy(l->point, l->trial, (size_t)l->count * sizeof *l->point);
    memcpy(l->gradient, l->told, (size_t)l->count * sizeof *l->gradient);
    f->loss = loss;
    f->objective = value;
    f->iterations += h->phase != LG_LBFGS_FIRST;
    lg_lbfgs_measure(l);
    if (h->phase == LG_LBFGS_BIASES)
        return biases_are_there(l) || ++h->bias_steps >= BIAS_STEPS || has_stalled(l) || !set_out(l)
                   ? finish(l, h->reason, LG_LBFGS_ACCEPTED)
                   : LG_LBFGS_ACCEPTED;
    h->phase = LG_LBFGS_ALL;
    if (f->largest <= l->shape.tolerance) return finish(l, LG_LBFGS_CONVERGED, LG_LBFGS_ACCEPTED);
    if (has_stalled(l) || !set_out(l)) return finish(l, LG_LBFGS_STALLED, LG_LBFGS_ACCEPTED);
    return LG_LBFGS_ACCEPTED;
}

/* The line is at its end: once more straight down, or this is it. */
static lg_lbfgs_answer give_up(lg_lbfgs *l)
{
    lg_lbfgs_head *h = l->head;
    if (h->kept > 0) {
        h->kept = 0;
        if (set_out(l)) return LG_LBFGS_SEARCHING;
    }
    return finish(l, LG_LBFGS_STALLED, LG_LBFGS_SEARCHING);
}

lg_lbfgs_answer lg_lbfgs_tell(lg_lbfgs *l, double loss)
{
    lg_lbfgs_head *h = l->head;
    h->figures.evaluations++;
    const double value = lg_lbfgs_penalty(l, loss);
    const double slope = isfinite(value) ? lg_lbfgs_slope(l, l->told) : NAN;
    if (h->phase == LG_LBFGS_FIRST) {
        if (isfinite(value)) return take(l, loss, value);
        h->figures.end = LG_LBFGS_NOT_FINITE;
        return LG_LBFGS_ENDED;
    }
    const lg_line_answer answer =
        l->shape.l1 > 0.0 ? lg_lbfgs_backtrack(l, value) : lg_line_tell(&h->line, value, slope);
    if (answer == LG_LINE_TAKE) return take(l, loss, value);
    if (answer == LG_LINE_TRY && aim(l)) return LG_LBFGS_SEARCHING;
    return give_up(l);
}
