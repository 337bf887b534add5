/* normal_feature.c -- mean and standard deviation of every feature of a set of floats.
 *
 * Sample after sample, in the epoch's order, by the consumer alone: no bit depends on the threads
 * that read.  Each feature is taken relative to its value in the first sample, which no float
 * rounds in double unless they are 2^29 apart, and then by Welford's update (1962, Technometrics 4,
 * 419): mean' = mean + (v - mean)/n, spread' = spread + (v - mean)(v - mean').  So features far
 * from 0 that hardly vary lose nothing. */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void lg_moments_add(lg_moments *m, const uint8_t *row)
{
    double *restrict first = m->first, *restrict mean = m->mean, *restrict spread = m->spread;
    const double share = 1.0 / (double)(m->n + 1);
    if (m->n++ == 0)
        for (int64_t j = 0; j < m->features; j++) first[j] = lg_element_at(m->element, row, j);
    for (int64_t j = 0; j < m->features; j++) {
        const double v = lg_element_at(m->element, row, j) - first[j], off = v - mean[j];
        mean[j] += off * share;
        spread[j] += off * (v - mean[j]);
    }
}

void lg_loader_visit(lg_loader *loader, const lg_ring_work *batch)
{
    const int32_t *sample = loader->order + batch->batch * loader->plan.batch;
    const lg_slot *slot = &loader->slot[batch->slot];
    for (int64_t i = 0; i < batch->end; i++) {
        const int is_bad = (slot->is_bad && slot->is_bad[i]) || lg_loader_is_bad(loader, sample[i]);
        const size_t row = loader->preloaded ? (size_t)sample[i] : (size_t)i;
        const uint8_t *rows = loader->preloaded ? loader->pixels : slot->pixels;
        if (!is_bad) lg_moments_add(loader->moments, rows + row * loader->features);
    }
}

logit_status lg_loader_normal_features(lg_loader *loader, double *mean, double *std,
                                       logit_error *err)
{
    const size_t d = loader->features / lg_element_bytes(loader->set->element);
    double *memory = calloc(3 * d, sizeof *memory);
    if (!memory) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the means of %zu features", d);
    lg_moments moments = {.element = loader->set->element,
                          .features = (int64_t)d,
                          .first = memory,
                          .mean = memory + d,
                          .spread = memory + 2 * d};
    loader->moments = &moments;
    logit_status status = lg_loader_look(loader, LG_JOB_VISIT, err);
    loader->moments = NULL;
    if (status == LOGIT_OK && moments.n == 0) status = lg_loader_none_good(loader, err);
    for (size_t j = 0; j < d && status == LOGIT_OK; j++) {
        mean[j] = moments.first[j] + moments.mean[j];
        std[j] = sqrt(moments.spread[j] / (double)moments.n);
    }
    free(memory);
    return status;
}
