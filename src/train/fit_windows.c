/* fit_windows.c -- a dictionary of whitened windows, drawn from the training images.
 *
 * Windows are drawn from all samples alike, at places drawn evenly; those without any contrast are
 * passed over.  Each is brought to mean 0 and divided by its deviation, as lift.h says; their mean
 * is M and their covariance gives the whitening matrix P (whiten.h).  A unit is a window z that was
 * drawn, whitened and brought to length 1: D = P (z - M) / |P (z - M)|; after some rounds of
 * k-means by direction, the middle of those that are nearest to it.  What it answers to a window v
 * is r = D P (v' - M), v' the window so normalised: hence F = D P and o = -F M. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/status.h"
#include "train/directions.h"
#include "train/feature_fit.h"
#include "train/whiten.h"

enum {
    AT_ONCE = 256,             /* windows or units between two looks whether to stop */
    WINDOWS = 1 << 15,         /* drawn, and fewer where they are large: */
    NUMBERS_AT_MOST = 1 << 24, /* of all of them */
    TRIES = 4                  /* for each, to find one with contrast */
};

typedef struct windows {
    const lg_lift *lift;
    int64_t count, s; /* numbers of one */
    float *z;         /* [count][s] */
    double *mean;     /* [s] */
    double *whiten;   /* [s][s] */
    double *space;    /* [threads][2 s] */
    lg_pool *pool;
    const lg_fit_samples *samples;
} windows;

/* The window at (top, left) of an image, normalised, to z.  0: it has no contrast. */
static int take_window(const lg_lift *lift, const float *u, int top, int left, float *z)
{
    const int64_t s = lg_lift_window(lift), line = (int64_t)lift->size * lift->channels;
    double sum = 0.0, squares = 0.0;
    for (int64_t t = 0; t < s; t++) {
        const int64_t row = top + t / line;
        z[t] = u[(row * lift->width + left) * lift->channels + t % line];
        sum += (double)z[t];
    }
    const double mean = sum / (double)s;
    for (int64_t t = 0; t < s; t++) squares += ((double)z[t] - mean) * ((double)z[t] - mean);
    const double variance = squares / (double)s;
    const double by = 1.0 / sqrt(variance + (double)lift->contrast);
    for (int64_t t = 0; t < s; t++) z[t] = (float)(((double)z[t] - mean) * by);
    return variance > 0.0;
}

/* Whole number below n, the index-th that is drawn. */
static int64_t below(const lg_fit_samples *samples, int64_t index, int64_t n)
{
    return (int64_t)(lg_fit_uniform(samples, LG_FIT_WINDOW, index) * (double)n);
}

static void draw_windows(windows *w, const lg_fit_samples *samples, int64_t most)
{
    const lg_lift *lift = w->lift;
    const int64_t down = lg_lift_down(lift), across = lg_lift_across(lift);
    for (int64_t i = 0; i < TRIES * most && w->count < most; i++) {
        const float *u = samples->u + i % samples->count * samples->in;
        const int top = (int)below(samples, 2 * i, down) * lift->stride;
        const int left = (int)below(samples, 2 * i + 1, across) * lift->stride;
        w->count += take_window(lift, u, top, left, w->z + w->count * w->s);
    }
}

static void take_mean(windows *w)
{
    for (int64_t i = 0; i < w->count; i++)
        for (int64_t t = 0; t < w->s; t++)
            w->mean[t] += (double)w->z[i * w->s + t] / (double)w->count;
}

/* c [s][s], symmetric. */
static logit_status add_covariance(const windows *w, double *c, logit_error *err)
{
    const int64_t s = w->s;
    for (int64_t i = 0; i < w->count; i++) {
        if (i % AT_ONCE == 0) LG_TRY(lg_fit_look_around(w->samples->watch, err));
        const float *z = w->z + i * s;
        for (int64_t a = 0; a < s; a++) {
            const double off = ((double)z[a] - w->mean[a]) / (double)w->count;
            for (int64_t b = 0; b <= a; b++) c[a * s + b] += off * ((double)z[b] - w->mean[b]);
        }
    }
    for (int64_t a = 0; a < s; a++)
        for (int64_t b = 0; b < a; b++) c[b * s + a] = c[a * s + b];
    return LOGIT_OK;
}

/* to = P from. */
static void multiply(const windows *w, const double *from, double *to)
{
    for (int64_t a = 0; a < w->s; a++) {
        double sum = 0.0;
        for (int64_t b = 0; b < w->s; b++) sum += w->whiten[a * w->s + b] * from[b];
        to[a] = sum;
    }
}

static double length_of(const double *v, int64_t s)
{
    double sum = 0.0;
    for (int64_t t = 0; t < s; t++) sum += v[t] * v[t];
    return sqrt(sum);
}

/* Windows as they are told apart: z <- P (z - M) / |P (z - M)|, those of no length left as 0. */
static void whiten_part(void *argument, int part, int parts)
{
    windows *w = argument;
    double *off = w->space + 2 * w->s * part, *white = off + w->s;
    int64_t begin, end;
    lg_pool_cut(w->count, 1, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        float *z = w->z + i * w->s;
        for (int64_t t = 0; t < w->s; t++) off[t] = (double)z[t] - w->mean[t];
        multiply(w, off, white);
        const double length = length_of(white, w->s);
        for (int64_t t = 0; t < w->s; t++) z[t] = (float)(length > 0.0 ? white[t] / length : 0.0);
    }
}

/* F and o of a unit, from its direction D. */
static void make_unit(const windows *w, const float *direction, float *filter, float *offset)
{
    const int64_t s = w->s;
    double *d = w->space, *f = w->space + s, mean = 0.0, at_mean = 0.0;
    for (int64_t t = 0; t < s; t++) d[t] = (double)direction[t];
    multiply(w, d, f);
    for (int64_t t = 0; t < s; t++) mean += f[t] / (double)s;
    for (int64_t t = 0; t < s; t++) {
        filter[t] = (float)(f[t] - mean); /* windows have mean 0: this changes no answer */
        at_mean += (double)filter[t] * w->mean[t];
    }
    *offset = (float)-at_mean;
}

/* The first windows that were drawn, which come from as many images as there are; then k-means. */
static logit_status make_units(lg_feature_map *map, windows *w, logit_error *err)
{
    const int units = map->lift.units;
    const size_t bytes = (size_t)(units * w->s) * sizeof(float);
    const lg_directions all = {w->z, w->count, w->s, w->pool, w->samples->watch};
    float *direction = malloc(bytes);
    if (!direction) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a dictionary");
    lg_pool_run(w->pool, whiten_part, w);
    memcpy(direction, w->z, bytes);
    logit_status status = lg_directions_cluster(&all, direction, units, map->plan.rounds, err);
    for (int k = 0; k < units && status == LOGIT_OK; k++) {
        make_unit(w, direction + k * w->s, map->filter + k * w->s, &map->offset[k]);
        if (k % AT_ONCE == 0) status = lg_fit_look_around(w->samples->watch, err);
    }
    free(direction);
    return status;
}

static logit_status whiten(windows *w, double share, logit_error *err)
{
    double *c = calloc((size_t)(w->s * w->s), sizeof *c);
    if (!c) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for whitening");
    take_mean(w);
    logit_status status = add_covariance(w, c, err);
    if (status == LOGIT_OK) status = lg_whiten(w->whiten, c, w->s, share, err);
    free(c);
    return status;
}

static logit_status fit(lg_feature_map *map, windows *w, int64_t most, logit_error *err)
{
    draw_windows(w, w->samples, most);
    if (w->count < map->lift.units)
        LG_FAIL(err, LOGIT_E_DATA,
                "%lld of %lld windows have any contrast, and %d units are asked for",
                (long long)w->count, (long long)(TRIES * most), map->lift.units);
    LG_TRY(whiten(w, map->plan.whiten, err));
    return make_units(map, w, err);
}

static logit_status allocate(windows *w, int64_t most, logit_error *err)
{
    const size_t s = (size_t)w->s;
    LG_TRY(lg_pool_create(&w->pool, w->samples->threads, err));
    w->z = malloc((size_t)most * s * sizeof *w->z);
    w->mean = calloc(s, sizeof *w->mean);
    w->whiten = malloc(s * s * sizeof *w->whiten);
    w->space = malloc(2 * s * (size_t)w->samples->threads * sizeof *w->space);
    if (w->z && w->mean && w->whiten && w->space) return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld windows of %zu numbers", (long long)most,
            s);
}

logit_status lg_fit_windows(lg_feature_map *map, const lg_fit_samples *samples, logit_error *err)
{
    windows w = {.lift = &map->lift, .s = lg_lift_window(&map->lift), .samples = samples};
    const int64_t fitting = NUMBERS_AT_MOST / w.s, least = map->lift.units;
    int64_t most = fitting < WINDOWS ? fitting : WINDOWS;
    if (most < least) most = least;
    logit_status status = allocate(&w, most, err);
    if (status == LOGIT_OK) status = fit(map, &w, most, err);
    lg_pool_destroy(w.pool);
    free(w.z);
    free(w.mean);
    free(w.whiten);
    free(w.space);
    return status;
}
