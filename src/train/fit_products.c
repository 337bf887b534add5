/* fit_products.c -- which numbers are multiplied: all with themselves, or pairs that are drawn.
 *
 * Pairs (a, b), a < b, are all different.  More than half of all there are is not drawn: they are
 * spread evenly over the list of all. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/status.h"
#include "train/feature_fit.h"

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* `units` of 0 .. all-1, ascending and different: what is drawn twice is drawn anew. */
static void draw(int64_t *number, int64_t units, int64_t all, const lg_fit_samples *samples)
{
    int64_t have = 0, drawn = 0;
    while (have < units) {
        while (have < units)
            number[have++] = (int64_t)(lg_fit_uniform(samples, LG_FIT_PAIR, drawn++) * (double)all);
        qsort(number, (size_t)have, sizeof *number, by_number);
        int64_t kept = 1;
        for (int64_t i = 1; i < have; i++)
            if (number[i] != number[kept - 1]) number[kept++] = number[i];
        have = kept;
    }
}

logit_status lg_fit_products(lg_feature_map *map, const lg_fit_samples *samples, logit_error *err)
{
    const int64_t units = map->lift.units, in = map->lift.in, all = in * (in - 1) / 2;
    if (map->lift.kind == LG_LIFT_SQUARE) {
        for (int64_t j = 0; j < in; j++) map->pair[2 * j] = map->pair[2 * j + 1] = (int32_t)j;
        return LOGIT_OK;
    }
    int64_t *number = malloc((size_t)units * sizeof *number);
    if (!number) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %lld pairs", (long long)units);
    if (2 * units <= all)
        draw(number, units, all, samples);
    else
        for (int64_t t = 0; t < units; t++) number[t] = t * all / units;
    for (int64_t t = 0, a = 0, before = 0; t < units; t++) { /* row a of the triangle */
        while (number[t] - before >= in - 1 - a) before += in - 1 - a++;
        map->pair[2 * t] = (int32_t)a;
        map->pair[2 * t + 1] = (int32_t)(a + 1 + number[t] - before);
    }
    free(number);
    return LOGIT_OK;
}
