/* directions.c -- see directions.h. */
/* SPDX-License-Identifier: MIT */
#include "train/directions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/feature_fit.h"

enum {
    LANES = 64,    /* centers whose products are added up side by side */
    AT_ONCE = 1024 /* z between two looks whether to stop */
};

typedef struct clusters {
    const lg_directions *all;
    int units;
    int64_t first, last; /* z that are assigned now */
    float *across;       /* [units / LANES, rounded up][s][LANES]: the centers, lane by lane */
    int32_t *nearest;    /* [count] */
    double *sum;         /* [units][s] */
} clusters;

static void lay_across(clusters *c, const float *center)
{
    const int64_t s = c->all->s;
    for (int64_t k = 0; k < c->units; k++)
        for (int64_t t = 0; t < s; t++)
            c->across[(k / LANES * s + t) * LANES + k % LANES] = center[k * s + t];
}

/* Products of one z with LANES centers, each summed from the first term to the last. */
static void multiply(const float *z, const float *across, int64_t s, float product[LANES])
{
    memset(product, 0, LANES * sizeof *product);
    for (int64_t t = 0; t < s; t++)
        for (int lane = 0; lane < LANES; lane++) product[lane] += z[t] * across[t * LANES + lane];
}

static int32_t find_nearest(const clusters *c, const float *z)
{
    float product[LANES], best = -INFINITY;
    int32_t nearest = 0;
    for (int k = 0; k < c->units; k += LANES) {
        const int lanes = c->units - k < LANES ? c->units - k : LANES;
        multiply(z, c->across + (int64_t)k * c->all->s, c->all->s, product);
        for (int lane = 0; lane < lanes; lane++) {
            if (!(product[lane] > best)) continue;
            best = product[lane];
            nearest = k + lane;
        }
    }
    return nearest;
}

static void assign_part(void *argument, int part, int parts)
{
    clusters *c = argument;
    int64_t begin, end;
    lg_pool_cut(c->last - c->first, 1, part, parts, &begin, &end);
    for (int64_t i = c->first + begin; i < c->first + end; i++)
        c->nearest[i] = find_nearest(c, c->all->z + i * c->all->s);
}

/* Every center to the mean of what came to it, added up in the order of the samples. */
static void move_centers(clusters *c, float *center)
{
    const int64_t s = c->all->s;
    memset(c->sum, 0, (size_t)(c->units * s) * sizeof *c->sum);
    for (int64_t i = 0; i < c->all->count; i++)
        for (int64_t t = 0; t < s; t++)
            c->sum[c->nearest[i] * s + t] += (double)c->all->z[i * s + t];
    for (int64_t k = 0; k < c->units; k++) {
        const double *sum = c->sum + k * s;
        double squares = 0.0;
        for (int64_t t = 0; t < s; t++) squares += sum[t] * sum[t];
        for (int64_t t = 0; squares > 0.0 && t < s; t++)
            center[k * s + t] = (float)(sum[t] / sqrt(squares));
    }
}

static logit_status run_round(clusters *c, float *center, logit_error *err)
{
    const int64_t count = c->all->count;
    lay_across(c, center);
    for (c->first = 0; c->first < count; c->first = c->last) {
        c->last = count - c->first < AT_ONCE ? count : c->first + AT_ONCE;
        LG_TRY(lg_fit_look_around(c->all->watch, err));
        lg_pool_run(c->all->pool, assign_part, c);
    }
    move_centers(c, center);
    return LOGIT_OK;
}

logit_status lg_directions_cluster(const lg_directions *all, float *center, int units, int rounds,
                                   logit_error *err)
{
    const size_t s = (size_t)all->s, rooms = ((size_t)units + LANES - 1) / LANES * LANES;
    clusters c = {.all = all, .units = units};
    c.across = calloc(rooms * s, sizeof *c.across);
    c.nearest = calloc((size_t)all->count, sizeof *c.nearest);
    c.sum = malloc((size_t)units * s * sizeof *c.sum);
    logit_status status = LOGIT_OK;
    if (!c.across || !c.nearest || !c.sum)
        status =
            lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for %d centers", units);
    for (int i = 0; i < rounds && status == LOGIT_OK; i++) status = run_round(&c, center, err);
    free(c.across);
    free(c.nearest);
    free(c.sum);
    return status;
}
