/* normal.c -- mean and standard deviation of the pixels, from exact integer sums.
 *
 * With S = sum of u, Q = sum of u^2 over n pixels:  mean = S / (255 n),
 * std = sqrt(n Q - S^2) / (255 n).  n Q and S^2 are below 2^104 and exact in 128 bits, so nothing
 * cancels, and no order of adding changes a bit. */
/* SPDX-License-Identifier: MIT */
#include "data/loader_parts.h"

#include <math.h>

#include "base/status.h"

/* Bytes added up side by side, so that the compiler can use vectors whatever the channels: a
 * multiple of 1, 2 and 3. */
#define LANES 48
/* A lane's 32-bit sum of squares holds this many: 66051 * 255^2 < 2^32. */
#define LANE_LIMIT 66051

static void add_lanes(const uint8_t *row, size_t groups, uint32_t *sum, uint32_t *square)
{
    for (size_t i = 0; i < groups; i++) {
        const uint8_t *u = row + i * LANES;
        for (int lane = 0; lane < LANES; lane++) {
            sum[lane] += u[lane];
            square[lane] += (uint32_t)u[lane] * u[lane];
        }
    }
}

void lg_sums_add(lg_sums *sums, const uint8_t *row, size_t bytes, int channels)
{
    const size_t channel_count = (size_t)channels;
    size_t at = 0;
    sums->pixels += bytes / channel_count;
    while (bytes - at >= LANES) {
        uint32_t sum[LANES] = {0}, square[LANES] = {0};
        const size_t left = (bytes - at) / LANES, groups = left < LANE_LIMIT ? left : LANE_LIMIT;
        add_lanes(row + at, groups, sum, square);
        at += groups * LANES;
        for (int c = 0; c < channels; c++)
            for (int lane = c; lane < LANES; lane += channels) {
                sums->sum[c] += sum[lane];
                sums->square[c] += square[lane];
            }
    }
    for (; at < bytes; at++) {
        sums->sum[at % channel_count] += row[at];
        sums->square[at % channel_count] += (uint64_t)row[at] * row[at];
    }
}

void lg_sums_merge(lg_sums *sums, const lg_sums *more)
{
    sums->pixels += more->pixels;
    for (int c = 0; c < LG_LOADER_MAX_CHANNELS; c++) {
        sums->sum[c] += more->sum[c];
        sums->square[c] += more->square[c];
    }
}

static void finish(const lg_sums *sums, int channels, double *mean, double *std)
{
    const double n = (double)sums->pixels;
    for (int c = 0; c < channels; c++) {
        const unsigned __int128 s = sums->sum[c];
        const unsigned __int128 spread = (unsigned __int128)sums->pixels * sums->square[c] - s * s;
        mean[c] = (double)sums->sum[c] / n / 255.0;
        std[c] = spread ? sqrt((double)spread) / n / 255.0 : 1.0;
    }
}

logit_status lg_loader_look(lg_loader *loader, lg_job job, logit_error *err)
{
    const int64_t samples = lg_loader_looks(loader);
    LG_TRY(lg_loader_preload(loader, err));
    LG_TRY(lg_crew_start(loader, err));
    lg_loader_drop(loader);
    loader->next = loader->batches;
    loader->held = 0;
    lg_loader_order_once(loader);
    const logit_status status = lg_loader_do(loader, job, samples, LOGIT_PHASE_TUNE, err);
    if (loader->resident) lg_crew_stop(loader);
    return status;
}

int64_t lg_loader_looks(const lg_loader *loader)
{
    const int64_t most = LG_LOADER_NORMAL_SAMPLES;
    return loader->count < most ? loader->count : most;
}

logit_status lg_loader_none_good(const lg_loader *loader, logit_error *err)
{
    LG_FAIL(err, LOGIT_E_DATA,
            "none of the %lld samples from which mean and deviation are taken can be read",
            (long long)lg_loader_looks(loader));
}

logit_status lg_loader_normal(lg_loader *loader, double *mean, double *std, logit_error *err)
{
    loader->sums = (lg_sums){0};
    LG_TRY(lg_loader_look(loader, LG_JOB_SUM, err));
    if (loader->sums.pixels == 0) return lg_loader_none_good(loader, err);
    finish(&loader->sums, loader->set->shape.channels, mean, std);
    return LOGIT_OK;
}
