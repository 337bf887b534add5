/* chance_figures.c -- see the header for each formula and its source. */
/* SPDX-License-Identifier: MIT */
#include "train/chance_figures.h"

#include <math.h>
#include <string.h>

/* Share of class c in the truth. */
static double share_of(const lg_chance_row *row, int c)
{
    if (!row->target) return c == row->truth ? 1.0 : 0.0;
    if (row->outputs > 1) return (double)row->target[c];
    return c == 1 ? (double)row->target[0] : 1.0 - (double)row->target[0];
}

/* -y ln y, 0 at 0. */
static double surprise(double y)
{
    return y > 0.0 ? -y * log(y) : 0.0;
}

static double entropy_of(const lg_chance_row *row)
{
    const int both = lg_losses[row->loss].link == LG_LINK_SIGMOID;
    double sum = 0.0;
    for (int j = 0; j < row->outputs; j++) {
        const double y = (double)row->target[j];
        sum += surprise(y) + (both ? surprise(1.0 - y) : 0.0);
    }
    return sum;
}

/* Bin m holds (m/15, (m+1)/15]; a probability of 0 is in the first. */
static int bin_of(double probability)
{
    const int bin = (int)ceil(probability * LOGIT_CALIBRATION_BINS) - 1;
    if (bin < 0) return 0;
    return bin < LOGIT_CALIBRATION_BINS ? bin : LOGIT_CALIBRATION_BINS - 1;
}

void lg_chance_sums_add(lg_chance_sums *sums, const lg_chance_row *row)
{
    double brier = 0.0;
    for (int c = 0; c < row->classes; c++) {
        const double off = row->p[c] - share_of(row, c);
        brier += off * off;
    }
    sums->n++;
    sums->brier += brier;
    if (row->target) sums->entropy += entropy_of(row);
    if (row->said < 0 || isnan(row->p[row->said])) return;
    const int bin = bin_of(row->p[row->said]);
    sums->in_bin[bin]++;
    sums->right[bin] += row->said == row->truth;
    sums->confidence[bin] += row->p[row->said];
}

void lg_chance_figures_none(logit_score *score)
{
    score->brier = score->ece = score->target_entropy = score->kl = (double)NAN;
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++)
        score->calibration[b] = (logit_calibration_bin){0, (double)NAN, (double)NAN};
}

void lg_chance_sums_finish(const lg_chance_sums *sums, int soft, logit_score *score)
{
    int64_t binned = 0;
    double gap = 0.0;
    lg_chance_figures_none(score);
    if (sums->n == 0) return;
    score->brier = sums->brier / (double)sums->n;
    if (soft) score->target_entropy = sums->entropy / (double)sums->n;
    if (soft) score->kl = score->loss - score->target_entropy;
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++) {
        const double count = (double)sums->in_bin[b];
        if (sums->in_bin[b] == 0) continue;
        score->calibration[b] = (logit_calibration_bin){
            sums->in_bin[b], sums->confidence[b] / count, (double)sums->right[b] / count};
        binned += sums->in_bin[b];
        gap += fabs((double)sums->right[b] - sums->confidence[b]);
    }
    if (binned > 0) score->ece = gap / (double)binned;
}
