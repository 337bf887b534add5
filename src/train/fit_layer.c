/* fit_layer.c -- a layer of random weights: Fourier features, sigmoids, steps.
 *
 * rff: cos(F u + o) with F normal of deviation 1/h and o uniform in [0, 2 pi): the mean of the
 * products of two samples' features tends to half the Gaussian kernel exp(-|u - v|^2 / (2 h^2)).
 * h is `width` times the median distance between two samples (the median rule).
 *
 * sigmoid, step: F and o normal, scaled so that F u + o has the deviation `width` over the samples.
 */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "train/feature_fit.h"

enum { COMPARED = 512 }; /* samples whose distances are measured, each to each */

static double distance(const float *a, const float *b, int64_t in)
{
    double sum = 0.0;
    for (int64_t j = 0; j < in; j++) sum += ((double)a[j] - b[j]) * ((double)a[j] - b[j]);
    return sqrt(sum);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static logit_status median_distance(const lg_fit_samples *s, double *median, logit_error *err)
{
    const int64_t n = s->count < COMPARED ? s->count : COMPARED, pairs = n * (n - 1) / 2;
    int64_t found = 0;
    if (n < 2) LG_FAIL(err, LOGIT_E_DATA, "random Fourier features need two samples");
    double *size = malloc((size_t)pairs * sizeof *size);
    if (!size) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for distances");
    logit_status status = LOGIT_OK;
    for (int64_t i = 0; i < n && status == LOGIT_OK; i++) {
        for (int64_t j = 0; j < i; j++)
            size[found++] = distance(s->u + i * s->in, s->u + j * s->in, s->in);
        status = lg_fit_look_around(s->watch, err);
    }
    qsort(size, (size_t)found, sizeof *size, by_size);
    *median = size[pairs / 2];
    free(size);
    LG_TRY(status);
    if (!(*median > 0.0))
        LG_FAIL(err, LOGIT_E_DATA,
                "half of the samples are the same: random Fourier features have no width to go by");
    return LOGIT_OK;
}

/* Mean of |u|^2. */
static double mean_square(const lg_fit_samples *s)
{
    double sum = 0.0;
    for (int64_t i = 0; i < s->count * s->in; i++) sum += (double)s->u[i] * s->u[i];
    return sum / (double)s->count;
}

logit_status lg_fit_layer(lg_feature_map *map, const lg_fit_samples *samples, logit_error *err)
{
    const int rff = map->lift.kind == LG_LIFT_RFF;
    double spread = 0.0, offset = 0.0;
    if (rff) {
        double median = 0.0;
        LG_TRY(median_distance(samples, &median, err));
        spread = 1.0 / (map->plan.width * median);
        offset = 2.0 * M_PI;
    } else { /* the variances of F u and of o are halves of width^2 */
        const double square = mean_square(samples);
        offset = map->plan.width * sqrt(0.5);
        spread = square > 0.0 ? offset / sqrt(square) : 0.0;
    }
    const int64_t in = map->lift.in;
    for (int64_t k = 0; k < map->lift.units; k++) {
        LG_TRY(lg_fit_look_around(samples->watch, err));
        for (int64_t i = k * in; i < (k + 1) * in; i++)
            map->filter[i] = (float)(spread * lg_fit_normal(samples, LG_FIT_FILTER, i));
    }
    for (int k = 0; k < map->lift.units; k++)
        map->offset[k] = (float)(offset * (rff ? lg_fit_uniform(samples, LG_FIT_OFFSET, k)
                                               : lg_fit_normal(samples, LG_FIT_OFFSET, k)));
    const double amplitude = rff ? sqrt(2.0 / map->lift.units) : 1.0;
    for (int k = 0; k < map->lift.units; k++) map->scale[k] = (float)amplitude;
    return LOGIT_OK;
}
