/* intervals.c -- see the header for what is drawn and why. */
/* SPDX-License-Identifier: MIT */
#include "train/intervals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/philox_many.h"
#include "base/status.h"

enum { DRAWS = 64 }; /* blocks at once */

static const double NORMAL_95 = 1.959963984540054;

typedef struct sample {
    double loss;
    int32_t truth, right;
} sample;

struct lg_intervals {
    int classes, failed;
    int64_t count, room;
    sample *of; /* [room] */
};

/* What one resample adds up to; the arrays are [classes]. */
typedef struct resample {
    double loss;
    int64_t right;
    int32_t *drawn, *drawn_right;
} resample;

lg_intervals *lg_intervals_create(int classes, int64_t samples)
{
    lg_intervals *intervals = calloc(1, sizeof *intervals);
    if (!intervals) return NULL;
    intervals->classes = classes;
    if (samples <= 0) return intervals;
    intervals->room = samples < LG_INTERVAL_MOST ? samples : LG_INTERVAL_MOST;
    intervals->of = malloc((size_t)intervals->room * sizeof *intervals->of);
    if (intervals->of) return intervals;
    lg_intervals_destroy(intervals);
    return NULL;
}

void lg_intervals_destroy(lg_intervals *intervals)
{
    if (!intervals) return;
    free(intervals->of);
    free(intervals);
}

void lg_intervals_add(lg_intervals *intervals, double loss, int truth, int right)
{
    if (intervals->count >= LG_INTERVAL_MOST || intervals->failed) {
        intervals->count++;
        return;
    }
    if (intervals->count == intervals->room) {
        const int64_t room = intervals->room ? 2 * intervals->room : 1024;
        sample *of = realloc(intervals->of, (size_t)room * sizeof *of);
        intervals->failed = !of;
        if (!of) return;
        intervals->of = of;
        intervals->room = room;
    }
    intervals->of[intervals->count++] = (sample){loss, truth, right};
}

static void draw(const lg_intervals *in, uint32_t number, resample *r)
{
    const uint64_t n = (uint64_t)in->count, stream = lg_stream_id(LG_STREAM_BOOTSTRAP, number);
    uint64_t bits[2][DRAWS]; /* of a block the lower half, then the upper */
    r->loss = 0.0;
    r->right = 0;
    memset(r->drawn, 0, (size_t)in->classes * sizeof *r->drawn);
    memset(r->drawn_right, 0, (size_t)in->classes * sizeof *r->drawn_right);
    for (uint64_t i = 0; i < n; i++) {
        if (i % (4 * DRAWS) == 0) lg_philox_many(0, stream, i / 4, DRAWS, bits[0], bits[1]);
        const uint64_t half = bits[i / 2 % 2][i / 4 % DRAWS];
        const uint32_t word = (uint32_t)(i % 2 ? half >> 32 : half);
        const sample *one = &in->of[word * n >> 32]; /* bias below n / 2^32 */
        r->loss += one->loss;
        r->right += one->right;
        if (in->classes == 0) continue;
        r->drawn[one->truth]++;
        r->drawn_right[one->truth] += one->right;
    }
}

static double balanced(const resample *r, int classes)
{
    double recall = 0.0;
    int present = 0;
    for (int c = 0; c < classes; c++) {
        if (r->drawn[c] == 0) continue;
        recall += (double)r->drawn_right[c] / (double)r->drawn[c];
        present++;
    }
    return present > 0 ? recall / present : (double)NAN;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const double *sorted, double share)
{
    const double at = share * (LG_INTERVAL_RESAMPLES - 1);
    const int below = (int)at;
    return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

static logit_interval interval_of(double *figure)
{
    qsort(figure, LG_INTERVAL_RESAMPLES, sizeof *figure, ascending);
    return (logit_interval){percentile(figure, 0.025), percentile(figure, 0.975)};
}

static logit_status bootstrap(const lg_intervals *in, logit_score *score, logit_error *err)
{
    enum { B = LG_INTERVAL_RESAMPLES };
    double *figure = malloc(3 * B * sizeof *figure);
    int32_t *drawn = calloc(2 * (size_t)in->classes + 1, sizeof *drawn);
    if (!figure || !drawn) {
        free(figure);
        free(drawn);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the intervals");
    }
    resample r = {.drawn = drawn, .drawn_right = drawn + in->classes};
    for (int b = 0; b < B; b++) {
        draw(in, (uint32_t)b, &r);
        figure[b] = r.loss / (double)in->count;
        figure[B + b] = (double)r.right / (double)in->count;
        figure[2 * B + b] = balanced(&r, in->classes);
    }
    if (isfinite(score->loss)) score->loss_interval = interval_of(figure);
    if (in->classes > 0) score->accuracy_interval = interval_of(figure + B);
    if (in->classes > 0) score->balanced_accuracy_interval = interval_of(figure + 2 * B);
    free(figure);
    free(drawn);
    return LOGIT_OK;
}

static logit_interval share_around(double share, double variance)
{
    const double reach = NORMAL_95 * sqrt(variance);
    return (logit_interval){fmax(share - reach, 0.0), fmin(share + reach, 1.0)};
}

static void normal(logit_score *score)
{
    const double n = (double)score->n, reach = NORMAL_95 * score->loss_stderr;
    double variance = 0.0, present = 0.0;
    if (isfinite(score->loss) && isfinite(reach))
        score->loss_interval = (logit_interval){score->loss - reach, score->loss + reach};
    if (!score->class_score) return;
    for (int c = 0; c < score->classes; c++) {
        const logit_class_score *of = &score->class_score[c];
        if (of->count == 0) continue;
        variance += of->recall * (1.0 - of->recall) / (double)of->count;
        present++;
    }
    score->accuracy_interval =
        share_around(score->accuracy, score->accuracy * (1.0 - score->accuracy) / n);
    score->balanced_accuracy_interval =
        share_around(score->balanced_accuracy, variance / (present * present));
}

void lg_intervals_none(logit_score *score)
{
    score->loss_interval = score->accuracy_interval = score->balanced_accuracy_interval =
        (logit_interval){(double)NAN, (double)NAN};
}

logit_status lg_intervals_finish(const lg_intervals *intervals, logit_score *score,
                                 logit_error *err)
{
    lg_intervals_none(score);
    if (intervals->failed) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the intervals");
    if (intervals->count == 0) return LOGIT_OK;
    if (intervals->count <= LG_INTERVAL_MOST) return bootstrap(intervals, score, err);
    normal(score);
    return LOGIT_OK;
}
