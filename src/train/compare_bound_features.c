/* compare_bound_features.c -- bounds of feature maps (core/lift.h), feature by feature.
 *
 * u is the unit roundoff.  A device's elements may be off by own |v|: 0 where it was given them.
 *
 *   PRODUCTS  y = v: own |v|;  y = v_a v_b: (2 own + u) |y|.
 *   LAYER     a = F v + o is a matmul of `in` products (compare_bound.c):
 *                 A = (8 sqrt(in) u + own + u) (sum |F v| + |o|),
 *             the last u for an offset that is added behind the sum.  Then act:
 *                 cos      moves by A at most, and is off by 1.45 u where |a| <= 10^4, by 8 u up to
 *                          2^23, and is anything in -1 .. 1 beyond (lift_act.h)
 *                 sigmoid  has the slope y (1 - y), and the slope of its logarithm is in -1 .. 1:
 *                          min(1/4, y (1 - y) exp(A)) A, and 2.5 ulp of itself, 5 u y
 *                 step     is right where |a| > A; else it may be 0 or 1
 *   WINDOWS   q = variance + contrast of a window of s numbers, sd = sqrt(q).  The mean is off by
 *             dm = ((s + 1) u + own) mean |v|: in the worst case, since a window of one colour adds
 *             up the same number again and again.  Squares are those of v - m, s roundings of their
 *             sum and 4 more; dm adds dm^2, own adds 2 mean |v - m| own (|v| + mean |v|); contrast,
 *             root and inverse are rounded once each.  So 1 / sd is off, relative to itself, by
 *                 e = ((s + 4) u variance + dm^2 + that of own) / 2 q + 3 u
 *             and r = F v / sd + o by
 *                 R = (8 sqrt(s) u + own + 2 u) sum |F v| / sd + e |F v| / sd + 2 u (|r| + |o|),
 *             2 u for a number that is divided by sd before its product.  What goes past the
 *             threshold moves no more than r does and is rounded once; where r stays below by more
 *             than R nothing goes past.  The mean over c windows adds up numbers of one sign, often
 *             the same: (c + 1) u of it.
 *
 * x = scale y + shift is rounded once: |scale| that of y, and u |x|.  The reference's own
 * roundings, in double, are 2^-52 of the terms. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "train/compare_bound.h"

static const double u = LG_UNIT;
static const double SLACK = 1.0 + 0x1p-10; /* products of roundings */

enum { LANES = 8 }; /* sums side by side, for vectors */

typedef struct job {
    double *bound;
    const lg_bound_lifted *of;
} job;

/* sum f v and sum |f v|, in lanes until total() adds them up. */
typedef struct sums {
    double value[LANES], size[LANES];
} sums;

static inline void add_products(const float *restrict f, const double *restrict v, int64_t count,
                                sums *out)
{
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const double product = (double)f[i + l] * v[i + l];
            out->value[l] += product;
            out->size[l] += fabs(product);
        }
    for (; i < count; i++) {
        out->value[0] += (double)f[i] * v[i];
        out->size[0] += fabs((double)f[i] * v[i]);
    }
}

static inline double total(const double lane[LANES])
{
    double sum = 0.0;
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

/* From the bound of y to that of x = scale y + shift. */
static double scaled(const lg_lift *lift, int64_t feature, double x, double y_bound)
{
    const double shift = fabs((double)lift->shift[feature]), size = fabs(x);
    const double moved = fabs((double)lift->scale[feature]) * y_bound;
    return SLACK * (moved + u * (size + moved)) + 0x1p-51 * (size + shift) + LG_TINY;
}

/* -------------------------------------------------------------------------------- products --- */

static void products(const lg_bound_lifted *of, const double *v, const double *x, double *bound)
{
    const lg_lift *lift = of->lift;
    for (int64_t j = 0; j < lift->in; j++) bound[j] = scaled(lift, j, x[j], of->own * fabs(v[j]));
    for (int64_t t = 0; t < lift->units; t++) {
        const double y = v[lift->pair[2 * t]] * v[lift->pair[2 * t + 1]];
        const int64_t j = lift->in + t;
        bound[j] = scaled(lift, j, x[j], (2.0 * of->own + u) * fabs(y) + LG_TINY);
    }
}

/* ----------------------------------------------------------------------------------- layer --- */

static double of_cos(double a, double away)
{
    const double size = fabs(a) + away;
    const double wrong = size <= 1e4 ? 1.45 * u : size <= 0x1p23 ? 8.0 * u : 2.0;
    return fmin(away + wrong, 2.0);
}

static double of_sigmoid(double a, double away)
{
    const double e = exp(-fabs(a)), y = (a >= 0.0 ? 1.0 : e) / (1.0 + e);
    const double slope = fmin(0.25, e / ((1.0 + e) * (1.0 + e)) * exp(away));
    return slope * away + 5.0 * u * y + LG_TINY;
}

static double of_act(lg_lift_kind kind, double a, double away)
{
    if (kind == LG_LIFT_RFF) return of_cos(a, away);
    if (kind == LG_LIFT_STEP) return fabs(a) > away ? 0.0 : 1.0;
    return of_sigmoid(a, away);
}

static void layer(const lg_bound_lifted *of, const double *v, const double *x, double *bound)
{
    const lg_lift *lift = of->lift;
    const double factor = lg_bound_factor(lift->in, LG_PRECISION_F32) + of->own + u;
    const double least = (double)lift->in * LG_TINY; /* products below 2^-126 */
    for (int64_t k = 0; k < lift->units; k++) {
        const double offset = (double)lift->offset[k];
        sums sum = {{0.0}, {0.0}};
        add_products(lift->filter + k * lift->in, v, lift->in, &sum);
        const double away = SLACK * factor * (total(sum.size) + fabs(offset)) + least;
        bound[k] = scaled(lift, k, x[k], of_act(lift->kind, total(sum.value) + offset, away));
    }
}

/* --------------------------------------------------------------------------------- windows --- */

/* A window: where it starts, its rows and how far apart they lie, sd, and e. */
typedef struct window {
    const double *first;
    int64_t line, pitch;
    double sd, away;
} window;

static void find_deviation(const lg_bound_lifted *of, window *w)
{
    const lg_lift *lift = of->lift;
    const double s = (double)lg_lift_window(lift);
    double mean = 0.0, size = 0.0, variance = 0.0, moved = 0.0;
    for (int y = 0; y < lift->size; y++)
        for (int64_t t = 0; t < w->line; t++) {
            const double v = w->first[y * w->pitch + t];
            mean += v / s;
            size += fabs(v) / s;
        }
    for (int y = 0; y < lift->size; y++)
        for (int64_t t = 0; t < w->line; t++) {
            const double v = w->first[y * w->pitch + t], off = v - mean;
            variance += off * off / s;
            moved += 2.0 * fabs(off) * of->own * (fabs(v) + size) / s;
        }
    const double dm = ((s + 1.0) * u + of->own) * size, q = variance + (double)lift->contrast;
    w->sd = sqrt(q);
    w->away = ((s + 4.0) * u * variance + dm * dm + moved) / (2.0 * q) + 3.0 * u;
}

/* What a window adds to the errors of a unit's two features in its cell. */
static void add_unit(const lg_bound_lifted *of, const window *w, int64_t unit, double factor,
                     double *bound)
{
    const lg_lift *lift = of->lift;
    const double o = (double)lift->offset[unit], threshold = (double)lift->threshold;
    sums sum = {{0.0}, {0.0}};
    for (int y = 0; y < lift->size; y++)
        add_products(lift->filter + unit * lg_lift_window(lift) + y * w->line,
                     w->first + y * w->pitch, w->line, &sum);
    const double dot = total(sum.value) / w->sd, r = dot + o;
    const double away = SLACK * (factor * total(sum.size) / w->sd + w->away * fabs(dot) +
                                 2.0 * u * (fabs(r) + fabs(o))) +
                        LG_TINY;
    for (int side = 0; side < 2; side++) {
        const double excess = (side ? -r : r) - threshold;
        if (excess > -away) bound[side] += away + u * (fmax(excess, 0.0) + away);
    }
}

static void cell(const lg_bound_lifted *of, int number, const double *v, const double *x,
                 double *bound)
{
    const lg_lift *lift = of->lift;
    const int grid = lift->grid, down = lg_lift_down(lift), across = lg_lift_across(lift);
    const int top = lg_lift_cell_begin(number / grid, grid, down);
    const int bottom = lg_lift_cell_begin(number / grid + 1, grid, down);
    const int left = lg_lift_cell_begin(number % grid, grid, across);
    const int right = lg_lift_cell_begin(number % grid + 1, grid, across);
    const int64_t s = lg_lift_window(lift), first = 2 * (int64_t)number * lift->units;
    const double count = (double)(bottom - top) * (right - left);
    const double factor = lg_bound_factor(s, LG_PRECISION_F32) + of->own + 2.0 * u;
    window w = {.line = (int64_t)lift->size * lift->channels,
                .pitch = (int64_t)lift->width * lift->channels};
    for (int64_t j = 0; j < 2 * (int64_t)lift->units; j++) bound[first + j] = 0.0;
    for (int i = top; i < bottom; i++)
        for (int j = left; j < right; j++) {
            const int64_t column = (int64_t)j * lift->stride * lift->channels;
            w.first = v + (int64_t)i * lift->stride * w.pitch + column;
            find_deviation(of, &w);
            for (int64_t k = 0; k < lift->units; k++)
                add_unit(of, &w, k, factor, bound + first + 2 * k);
        }
    for (int64_t j = first; j < first + 2 * (int64_t)lift->units; j++) {
        const double mean = fabs(x[j] - (double)lift->shift[j]); /* |scale y| */
        bound[j] = scaled(lift, j, x[j], bound[j] / count) + SLACK * (count + 1.0) * u * mean;
    }
}

static void windows(const lg_bound_lifted *of, const double *v, const double *x, double *bound)
{
    for (int i = 0; i < of->lift->grid * of->lift->grid; i++) cell(of, i, v, x, bound);
}

/* ------------------------------------------------------------------------------------- all --- */

static void part_of(void *argument, int part, int parts)
{
    const job *j = argument;
    const lg_bound_lifted *of = j->of;
    const int64_t d = lg_lift_features(of->lift);
    const lg_lift_family family = lg_lifts[of->lift->kind].family;
    int64_t begin, end;
    lg_pool_cut(of->rows, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++)
        (family == LG_LIFT_PRODUCTS ? products
         : family == LG_LIFT_LAYER
             ? layer
             : windows)(of, of->u + i * of->lift->in, of->x + i * d, j->bound + i * d);
}

void lg_bound_features(lg_pool *pool, double *bound, const lg_bound_lifted *lifted)
{
    job j = {bound, lifted};
    lg_pool_run(pool, part_of, &j);
}
