/* feature_fit.c -- samples for a fit, the fit by family, then scale and shift. */
/* SPDX-License-Identifier: MIT */
#include "train/feature_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "base/status.h"
#include "train/first_samples.h"

enum {
    MOST_SAMPLES = 16384,   /* to fit on, */
    MOST_BYTES = 128 << 20, /* or fewer where u would take more */
    MEASURED = 2048,        /* to measure scale and shift on */
    AT_ONCE = 64,           /* of them, or fewer where all their numbers were more than */
    NUMBERS = 1 << 22
};

/* A deviation is never taken for less than a tenth of the typical one: features that hardly ever
 * differ from 0 stay small. */
static const double LEAST_SHARE = 0.01; /* of the mean variance, added */

static lg_fit_fn *const fits[] = {[LG_LIFT_PRODUCTS] = lg_fit_products,
                                  [LG_LIFT_LAYER] = lg_fit_layer,
                                  [LG_LIFT_WINDOWS] = lg_fit_windows};

logit_status lg_fit_look_around(const logit_watch *watch, logit_error *err)
{
    if (watch && watch->stop && watch->stop(watch->user))
        LG_FAIL(err, LOGIT_E_STOPPED, "stopped while the feature map was fitted");
    return LOGIT_OK;
}

double lg_fit_uniform(const lg_fit_samples *samples, lg_fit_draw what, int64_t index)
{
    return lg_random_unit(samples->seed, lg_stream_id(LG_STREAM_FEATURES, what), (uint64_t)index);
}

double lg_fit_normal(const lg_fit_samples *samples, lg_fit_draw what, int64_t index)
{
    const double radius = 1.0 - lg_fit_uniform(samples, what, 2 * index); /* never 0 */
    const double angle = lg_fit_uniform(samples, what, 2 * index + 1);
    return sqrt(-2.0 * log(radius)) * cos(2.0 * M_PI * angle);
}

/* A problem of one output with this map, to run it on samples. */
typedef struct bench {
    const lg_feature_fit *fit;
    lg_problem *problem;
    int64_t at_once;
    void *pixels; /* on the device: at_once samples */
    lg_first_samples samples;
} bench;

static logit_status open_bench(bench *b, const lg_feature_fit *fit, const lg_feature_map *map,
                               int64_t samples, logit_error *err)
{
    const int64_t in = map->lift.in, fit_in = MOST_BYTES / (in * (int64_t)sizeof(float));
    const int64_t most = fit_in < 1 ? 1 : fit_in < samples ? fit_in : samples;
    const int64_t d = lg_feature_map_features(map), fitting = NUMBERS / (d > in ? d : in);
    b->at_once = fitting < 1 ? 1 : fitting < AT_ONCE ? fitting : AT_ONCE;
    const lg_problem_shape shape = {.features = d,
                                    .lift = &map->lift,
                                    .batch = b->at_once,
                                    .outputs = 1,
                                    .settings = 1,
                                    .loss = LG_LOSS_MSE,
                                    .optim = LG_OPTIM_GD};
    b->fit = fit;
    LG_TRY(lg_first_samples_take(&b->samples, fit->loader, in, most, err));
    LG_TRY(lg_problem_create(&b->problem, fit->backend, &shape, err));
    LG_TRY(lg_problem_set_normal(b->problem, fit->normal, err));
    return fit->backend->ops->alloc(fit->backend, &b->pixels, (size_t)b->at_once * b->samples.bytes,
                                    err);
}

static void close_bench(bench *b)
{
    lg_problem_destroy(b->problem);
    if (b->pixels) b->fit->backend->ops->free(b->fit->backend, b->pixels);
    lg_first_samples_clear(&b->samples);
}

/* Brings samples first .. first+n-1 to the device, n at most at_once; and waits for it. */
static logit_status load(bench *b, int64_t first, int64_t n, logit_error *err)
{
    lg_backend *backend = b->fit->backend;
    const size_t bytes = b->samples.bytes;
    LG_TRY(lg_fit_look_around(b->fit->watch, err));
    b->problem->step.batch =
        (lg_batch){.count = n, .element = b->samples.element, .pixels = b->pixels};
    LG_TRY(backend->ops->upload(backend, LG_QUEUE_COMPUTE, b->pixels,
                                b->samples.pixels + (size_t)first * bytes, (size_t)n * bytes, err));
    return backend->ops->sync(backend, err);
}

/* u of all samples. */
static logit_status fetch_u(bench *b, float *u, logit_error *err)
{
    const lg_step *step = &b->problem->step;
    const int64_t in = step->lift->in;
    for (int64_t first = 0; first < b->samples.count; first += b->at_once) {
        const int64_t left = b->samples.count - first, n = left < b->at_once ? left : b->at_once;
        LG_TRY(load(b, first, n, err));
        LG_TRY(lg_backend_pixels(b->fit->backend, step, err));
        LG_TRY(lg_backend_get(b->fit->backend, u + first * in, step->u, n * in, err));
    }
    return LOGIT_OK;
}

static logit_status fit_arrays(lg_feature_map *map, bench *b, logit_error *err)
{
    const int64_t in = map->lift.in;
    float *u = malloc((size_t)(b->samples.count * in) * sizeof *u);
    if (!u) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for samples to fit a feature map to");
    const lg_fit_samples samples = {
        u, b->samples.count, in, b->fit->seed, b->fit->threads, b->fit->watch};
    logit_status status = fetch_u(b, u, err);
    if (status == LOGIT_OK) status = fits[lg_lifts[map->lift.kind].family](map, &samples, err);
    free(u);
    return status;
}

/* Mean and variance of every feature, over the samples in their order (Welford 1962,
 * Technometrics 4). */
typedef struct moments {
    double *mean, *spread; /* [d] */
    int64_t n, d;
} moments;

static void add_row(moments *m, const double *x)
{
    m->n++;
    for (int64_t j = 0; j < m->d; j++) {
        const double off = x[j] - m->mean[j];
        m->mean[j] += off / (double)m->n;
        m->spread[j] += off * (x[j] - m->mean[j]);
    }
}

static logit_status measure(bench *b, moments *m, double *x, logit_error *err)
{
    const lg_step *step = &b->problem->step;
    const int64_t most = b->samples.count < MEASURED ? b->samples.count : MEASURED;
    for (int64_t first = 0; first < most; first += b->at_once) {
        const int64_t left = most - first, n = left < b->at_once ? left : b->at_once;
        LG_TRY(load(b, first, n, err));
        LG_TRY(lg_backend_inputs(b->fit->backend, step, err));
        LG_TRY(lg_backend_get_double(b->fit->backend, x, step->x, n * m->d, err));
        for (int64_t i = 0; i < n; i++) add_row(m, x + i * m->d);
    }
    for (int64_t j = 0; j < m->d; j++) m->spread[j] /= (double)m->n;
    return LOGIT_OK;
}

/* The moments of the features of a map, as it is now. */
static logit_status measure_map(const lg_feature_map *map, const lg_feature_fit *fit, moments *m,
                                logit_error *err)
{
    bench b = {0};
    m->d = lg_feature_map_features(map);
    m->mean = calloc(2 * (size_t)m->d, sizeof *m->mean);
    m->spread = m->mean ? m->mean + m->d : NULL;
    logit_status status = open_bench(&b, fit, map, MEASURED, err);
    double *x = malloc((size_t)(b.at_once * m->d) * sizeof *x);
    if (status == LOGIT_OK && (!m->mean || !x))
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__,
                         "out of memory for the means of %lld features", (long long)m->d);
    if (status == LOGIT_OK) status = measure(&b, m, x, err);
    close_bench(&b);
    free(x);
    return status;
}

/* Features minus their mean, over their deviation, in the numbers that the model file holds.  The
 * moments are those of the features until now.  Returns the sum of their variances then. */
static double standardise(lg_feature_map *map, const moments *m)
{
    double all = 0.0, sum = 0.0;
    for (int64_t j = 0; j < m->d; j++) all += m->spread[j] / (double)m->d;
    for (int64_t j = 0; j < m->d; j++) {
        const double deviation = sqrt(m->spread[j] + LEAST_SHARE * all);
        const double by = deviation > (double)FLT_MIN ? 1.0 / deviation : 1.0;
        map->scale[j] = (float)(by * (double)map->scale[j]);
        map->shift[j] = (float)(-by * m->mean[j]);
        sum += by * by * m->spread[j];
    }
    return sum;
}

/* A model file takes no scale or shift that is not finite. */
static logit_status check_finite(const lg_feature_map *map, logit_error *err)
{
    for (int64_t j = 0; j < lg_feature_map_features(map); j++)
        if (!isfinite(map->scale[j]) || !isfinite(map->shift[j]))
            LG_FAIL(err, LOGIT_E_DATA,
                    "feature %lld of --features %s is too large to be brought to a deviation of 1; "
                    "use --normalize standard",
                    (long long)j, map->text);
    return LOGIT_OK;
}

/* Sum over features of the mean of x^2. */
static double square_of(const moments *m)
{
    double sum = 0.0;
    for (int64_t j = 0; j < m->d; j++) sum += m->mean[j] * m->mean[j] + m->spread[j];
    return sum;
}

logit_status lg_feature_fit_map(lg_feature_map *map, const lg_feature_fit *fit, double *mean_square,
                                logit_error *err)
{
    bench b = {0};
    moments m = {0};
    logit_status status = open_bench(&b, fit, map, MOST_SAMPLES, err);
    if (status == LOGIT_OK) status = fit_arrays(map, &b, err);
    close_bench(&b);
    if (status == LOGIT_OK) status = measure_map(map, fit, &m, err);
    if (status == LOGIT_OK)
        *mean_square = map->plan.standard > 0.0 ? standardise(map, &m) : square_of(&m);
    if (status == LOGIT_OK) status = check_finite(map, err);
    free(m.mean);
    return status;
}

logit_status lg_feature_fit_measure(const lg_feature_map *map, const lg_feature_fit *fit,
                                    double *mean_square, logit_error *err)
{
    moments m = {0};
    const logit_status status = measure_map(map, fit, &m, err);
    if (status == LOGIT_OK) *mean_square = square_of(&m);
    free(m.mean);
    return status;
}
