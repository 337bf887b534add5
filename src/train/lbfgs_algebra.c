/* lbfgs_algebra.c -- the sums over weights that L-BFGS and OWL-QN are made of. */
/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "train/lbfgs_parts.h"

enum { MOST_HALVES = 40 };
static const double C1 = 1e-4, SHORTER = 0.5;
static const double LEAST_CURVATURE = DBL_EPSILON; /* of a pair that is kept */

/* ------------------------------------------------------------------------------ objective --- */

typedef struct penalty_job {
    const float *w;
    double *g;
    double l2;
} penalty_job;

static double penalty_block(const void *job, int64_t begin, int64_t end)
{
    const penalty_job *p = job;
    double squares = 0.0;
    for (int64_t i = begin; i < end; i++) {
        const double w = (double)p->w[i];
        p->g[i] += p->l2 * w;
        squares += w * w;
    }
    return squares;
}

static double size_block(const void *job, int64_t begin, int64_t end)
{
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++) sum += fabs((double)((const float *)job)[i]);
    return sum;
}

double lg_lbfgs_penalty(lg_lbfgs *l, double loss)
{
    const penalty_job job = {l->trial, l->told, l->shape.l2};
    const int64_t weights = l->shape.weights;
    const double squares = lg_vectors_run(l->vectors, weights, penalty_block, &job);
    double value = loss + 0.5 * l->shape.l2 * squares;
    if (l->shape.l1 > 0.0)
        value += l->shape.l1 * lg_vectors_run(l->vectors, weights, size_block, l->trial);
    return value;
}

/* ------------------------------------------------------------------------- the subgradient --- */

/* The smallest of what J's slope may be at w, given that of its smooth part: at 0 the l1 takes up
 * to l1 away. */
static double smallest(double w, double g, double l1)
{
    if (w > 0.0) return g + l1;
    if (w < 0.0) return g - l1;
    return g > l1 ? g - l1 : g < -l1 ? g + l1 : 0.0;
}

static double steepest_block(const void *job, int64_t begin, int64_t end)
{
    const lg_lbfgs *l = job;
    double squares = 0.0;
    for (int64_t i = begin; i < end; i++) {
        const double g = smallest((double)l->point[i], l->gradient[i], l->shape.l1);
        l->steepest[i] = g;
        squares += g * g;
    }
    return squares;
}

static double zeros_block(const void *job, int64_t begin, int64_t end)
{
    int64_t zeros = 0;
    for (int64_t i = begin; i < end; i++) zeros += ((const float *)job)[i] == 0.0f;
    return (double)zeros;
}

static double largest_of(const double *g, int64_t count)
{
    double most = 0.0;
    for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(g[i]));
    return most;
}

void lg_lbfgs_measure(lg_lbfgs *l)
{
    lg_lbfgs_figures *f = &l->head->figures;
    const int64_t w = l->shape.weights, b = l->shape.biases;
    f->weight_norm = sqrt(lg_vectors_run(l->vectors, w, steepest_block, l));
    memcpy(l->steepest + w, l->gradient + w, (size_t)b * sizeof *l->steepest);
    f->bias_norm = sqrt(lg_vectors_dot(l->vectors, l->steepest + w, l->steepest + w, b));
    f->largest = fmax(largest_of(l->steepest, w) / l->shape.unit, largest_of(l->steepest + w, b));
    f->zeros = (int64_t)lg_vectors_run(l->vectors, w, zeros_block, l->point);
}

double lg_lbfgs_slope_of(lg_lbfgs *l, const double *a, const double *b)
{
    const int64_t first = lg_lbfgs_first(l);
    return lg_vectors_dot(l->vectors, a + first, b + first, l->count - first);
}

double lg_lbfgs_slope(lg_lbfgs *l, const double *a)
{
    return lg_lbfgs_slope_of(l, a, l->direction);
}

/* ------------------------------------------------------------------------------- direction --- */

static double copy_down_block(const void *job, int64_t begin, int64_t end)
{
    const lg_lbfgs *l = job;
    for (int64_t i = begin; i < end; i++) l->direction[i] = -l->steepest[i];
    return 0.0;
}

/* With l1 a weight only moves to where its subgradient sends it. */
static double keep_side_block(const void *job, int64_t begin, int64_t end)
{
    const lg_lbfgs *l = job;
    for (int64_t i = begin; i < end; i++)
        if (l->direction[i] * l->steepest[i] >= 0.0) l->direction[i] = 0.0;
    return 0.0;
}

/* Nocedal & Wright, algorithm 7.4, for q = -steepest. */
static void two_loops(lg_lbfgs *l)
{
    const lg_lbfgs_head *h = l->head;
    const int64_t first = lg_lbfgs_first(l), n = l->count - first;
    double *q = l->direction + first, alpha[LG_LBFGS_MOST_PAIRS];
    for (int i = 1; i <= h->kept; i++) {
        const int slot = (h->next - i + l->pairs) % l->pairs;
        const int64_t at = (int64_t)slot * l->count + first;
        alpha[slot] = lg_vectors_dot_mixed(l->vectors, l->moves + at, q, n) / h->product[slot];
        lg_vectors_add(l->vectors, q, -alpha[slot], l->changes + at, n);
    }
    if (h->kept > 0) lg_vectors_scale(l->vectors, q, h->scale, n);
    for (int i = h->kept; i >= 1; i--) {
        const int slot = (h->next - i + l->pairs) % l->pairs;
        const int64_t at = (int64_t)slot * l->count + first;
        const double beta =
            lg_vectors_dot_mixed(l->vectors, l->changes + at, q, n) / h->product[slot];
        lg_vectors_add(l->vectors, q, alpha[slot] - beta, l->moves + at, n);
    }
}

void lg_lbfgs_direct(lg_lbfgs *l)
{
    lg_vectors_run(l->vectors, l->count, copy_down_block, l);
    two_loops(l);
    if (l->shape.l1 > 0.0 && l->head->phase == LG_LBFGS_ALL)
        lg_vectors_run(l->vectors, l->shape.weights, keep_side_block, l);
}

/* --------------------------------------------------------------------------- to the trial --- */

typedef struct move_job {
    const lg_lbfgs *l;
    double step;
    int64_t first;
    int keeps_sign;
} move_job;

/* The side of zero that weight i stays on: its own, or the one it is sent to. */
static double side_of(const lg_lbfgs *l, int64_t i)
{
    return l->point[i] != 0.0f ? (double)l->point[i] : -l->steepest[i];
}

/* Returns how many numbers moved. */
static double move_block(const void *job, int64_t begin, int64_t end)
{
    const move_job *m = job;
    const lg_lbfgs *l = m->l;
    int64_t moved = 0;
    for (int64_t i = begin; i < end; i++) {
        float to = l->point[i];
        if (i >= m->first) to = (float)((double)to + m->step * l->direction[i]);
        if (m->keeps_sign && i < l->shape.weights && (double)to * side_of(l, i) <= 0.0) to = 0.0f;
        l->trial[i] = to;
        moved += to != l->point[i];
    }
    return (double)moved;
}

int lg_lbfgs_move(lg_lbfgs *l, double step)
{
    const int64_t first = lg_lbfgs_first(l);
    const move_job job = {l, step, first, l->shape.l1 > 0.0 && first == 0};
    return lg_vectors_run(l->vectors, l->count, move_block, &job) > 0.0;
}

/* What the smallest subgradient says of the way from the point to the trial. */
static double promise_block(const void *job, int64_t begin, int64_t end)
{
    const lg_lbfgs *l = job;
    double sum = 0.0;
    for (int64_t i = begin; i < end; i++)
        sum += l->steepest[i] * ((double)l->trial[i] - (double)l->point[i]);
    return sum;
}

lg_line_answer lg_lbfgs_backtrack(lg_lbfgs *l, double value)
{
    lg_line *line = &l->head->line;
    const double promise = lg_vectors_run(l->vectors, l->count, promise_block, l);
    if (value <= line->value + C1 * promise + line->noise) return LG_LINE_TAKE;
    if (++line->tries >= MOST_HALVES) return LG_LINE_GIVE_UP;
    line->step *= SHORTER;
    return LG_LINE_TRY;
}

/* ---------------------------------------------------------------------------- what is kept --- */

typedef struct pair_job {
    const lg_lbfgs *l;
    float *move, *change;
    int64_t first;
} pair_job;

static double pair_block(const void *job, int64_t begin, int64_t end)
{
    const pair_job *p = job;
    const lg_lbfgs *l = p->l;
    double product = 0.0;
    for (int64_t i = begin; i < end; i++) {
        p->move[i] = (float)((double)l->trial[i] - (double)l->point[i]);
        p->change[i] = (float)(l->told[i] - l->gradient[i]);
        if (i >= p->first) product += (double)p->move[i] * (double)p->change[i];
    }
    return product;
}

static double change_block(const void *job, int64_t begin, int64_t end)
{
    const pair_job *p = job;
    double squares = 0.0;
    for (int64_t i = begin; i < end; i++)
        if (i >= p->first) squares += (double)p->change[i] * (double)p->change[i];
    return squares;
}

void lg_lbfgs_remember(lg_lbfgs *l)
{
    lg_lbfgs_head *h = l->head;
    const int64_t at = h->next * l->count;
    const pair_job job = {l, l->moves + at, l->changes + at, lg_lbfgs_first(l)};
    const double product = lg_vectors_run(l->vectors, l->count, pair_block, &job);
    const double squares = lg_vectors_run(l->vectors, l->count, change_block, &job);
    if (!(product > LEAST_CURVATURE * squares)) return; /* no curvature to learn from */
    h->product[h->next] = product;
    h->scale = product / squares;
    h->next = (h->next + 1) % l->pairs;
    if (h->kept < l->pairs) h->kept++;
}
