/* lift_truth.c -- feature maps in double, from lift.h, with the error that float32 may make.
 *
 * Tests.  u = 2^-24.  An operation on floats is off by u of its result, a chain of m additions by
 * m u of the sum of the absolute values.  Nothing is drawn from how a backend behaves:
 *
 *   PRODUCTS  y once rounded, x once more
 *   LAYER     a: `chain` u sum |F u| + |o| u + |a| u.  The cosine passes an error of a on as it is
 *             and adds 1.45 u, the sigmoid passes a quarter and adds 2.5 units in the last place,
 *             the step is right where a is further from 0 than its error
 *   WINDOWS   F v: s u sum |F v|.  m is off by dm = (s + 1) u mean |v|, which adds dm^2 to the
 *             variance v; the squares take s + 3 roundings, their mean, contrast, root and inverse
 *             one each: 1/sd is off by ((s + 5) / 2 + 2) u + dm^2 / 2 sd^2 of itself.  r is rounded
 *             once, the threshold once, and the chain over c windows and its mean take c + 1
 *
 * x = scale y + shift is rounded once more.  1% on top is for errors of errors. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "tests/lift_rig.h"

static const double u = 0x1p-24;

/* A number and how far off it may be. */
typedef struct near_number {
    double value, error;
} near_number;

static void put(const lift_rig *r, int64_t i, int64_t j, near_number y, double *x, double *bound)
{
    const double scale = (double)r->scale[j], value = scale * y.value + (double)r->shift[j];
    x[i * r->d + j] = value;
    bound[i * r->d + j] = 1.01 * (fabs(scale) * y.error + fabs(value) * u);
}

static near_number product(const lift_rig *r, const float *row, int64_t j)
{
    const int64_t in = r->lift.in;
    if (j < in) return (near_number){(double)row[j], 0.0};
    const int32_t *pair = r->pair + 2 * (j - in);
    const double y = (double)row[pair[0]] * (double)row[pair[1]];
    return (near_number){y, fabs(y) * u};
}

static near_number act_of(lg_lift_kind kind, near_number a)
{
    if (kind == LG_LIFT_RFF) return (near_number){cos(a.value), a.error + 1.45 * u};
    if (kind == LG_LIFT_STEP)
        return (near_number){a.value > 0.0, fabs(a.value) > a.error ? 0.0 : INFINITY};
    const double y = 1.0 / (1.0 + exp(-a.value));
    return (near_number){y, a.error / 4 + 2.5 * 2 * u * y};
}

static near_number unit_of_layer(const lift_rig *r, const float *row, int64_t k, int chain)
{
    const int64_t in = r->lift.in;
    double sum = 0.0, size = 0.0;
    for (int64_t j = 0; j < in; j++) {
        const double term = (double)r->filter[k * in + j] * (double)row[j];
        sum += term;
        size += fabs(term);
    }
    const double a = sum + (double)r->offset[k];
    return act_of(r->lift.kind, (near_number){a, 1.01 * u * (chain * size + fabs(a))});
}

/* Number (y, x, c) of the window in row i, column j of windows. */
static double pixel(const lg_lift *lift, const float *image, int i, int j, int64_t t)
{
    const int64_t c = t % lift->channels, x = t / lift->channels % lift->size;
    const int64_t y = t / lift->channels / lift->size;
    const int64_t at =
        (i * (int64_t)lift->stride + y) * lift->width + j * (int64_t)lift->stride + x;
    return (double)image[at * lift->channels + c];
}

/* sd, and the relative error of 1 / sd. */
static near_number deviation(const lg_lift *lift, const float *image, int i, int j)
{
    const double s = (double)lg_lift_window(lift);
    double mean = 0.0, size = 0.0, variance = 0.0;
    for (int64_t t = 0; t < lg_lift_window(lift); t++) {
        mean += pixel(lift, image, i, j, t) / s;
        size += fabs(pixel(lift, image, i, j, t)) / s;
    }
    for (int64_t t = 0; t < lg_lift_window(lift); t++)
        variance += pow(pixel(lift, image, i, j, t) - mean, 2.0) / s;
    const double dm = (s + 1) * u * size, squared = variance + (double)lift->contrast;
    return (near_number){sqrt(squared), ((s + 5) / 2 + 2) * u + dm * dm / (2 * squared)};
}

static near_number response(const lift_rig *r, const float *image, int i, int j, near_number sd,
                            int unit)
{
    const int64_t s = lg_lift_window(&r->lift);
    double sum = 0.0, size = 0.0;
    for (int64_t t = 0; t < s; t++) {
        const double term =
            (double)r->filter[unit * s + t] * pixel(&r->lift, image, i, j, t) / sd.value;
        sum += term;
        size += fabs(term);
    }
    const double value = sum + (double)r->offset[unit];
    return (near_number){value, (double)s * u * size + fabs(sum) * sd.error + fabs(value) * u};
}

/* The window's share of its cell's two features of a unit, y [2], errors added up likewise. */
static void share(const lift_rig *r, near_number response, double windows, near_number *y)
{
    const double t = (double)r->lift.threshold;
    for (int side = 0; side < 2; side++) {
        const double excess = (side ? -response.value : response.value) - t;
        const double error = response.error + (fabs(response.value) + t) * u;
        if (excess > -error) y[side].error += error / windows;
        if (excess <= 0.0) continue;
        y[side].value += excess / windows;
        y[side].error += (windows + 1) * u * excess / windows;
    }
}

/* How many of `count` windows in a row fall into the cell of number `i`. */
static int beside(int i, int grid, int count)
{
    int same = 0;
    for (int j = 0; j < count; j++) same += j * grid / count == i * grid / count;
    return same;
}

static void windows(const lift_rig *r, int64_t row, double *x, double *bound)
{
    const lg_lift *lift = &r->lift;
    const int down = (lift->height - lift->size) / lift->stride + 1;
    const int across = (lift->width - lift->size) / lift->stride + 1;
    const float *image = r->u + row * lift->in;
    for (int64_t f = 0; f < r->d / 2; f++) {
        near_number y[2] = {{0.0, 0.0}, {0.0, 0.0}};
        const int unit = (int)(f % lift->units), cell = (int)(f / lift->units);
        for (int at = 0; at < down * across; at++) {
            const int i = at / across, j = at % across;
            if (i * lift->grid / down * lift->grid + j * lift->grid / across != cell) continue;
            const near_number sd = deviation(lift, image, i, j);
            share(r, response(r, image, i, j, sd, unit),
                  (double)beside(i, lift->grid, down) * beside(j, lift->grid, across), y);
        }
        put(r, row, 2 * f, y[0], x, bound);
        put(r, row, 2 * f + 1, y[1], x, bound);
    }
}

int64_t lift_truth(const lift_rig *r, int chain, double *x, double *bound)
{
    const lg_lift_family family = lg_lifts[r->lift.kind].family;
    int64_t left_out = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const float *row = r->u + i * r->lift.in;
        if (family == LG_LIFT_WINDOWS) windows(r, i, x, bound);
        for (int64_t j = 0; j < r->d && family != LG_LIFT_WINDOWS; j++)
            put(r, i, j,
                family == LG_LIFT_LAYER ? unit_of_layer(r, row, j, chain) : product(r, row, j), x,
                bound);
        for (int64_t j = 0; j < r->d; j++) left_out += isinf(bound[i * r->d + j]) != 0;
    }
    return left_out;
}
