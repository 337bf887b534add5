/* ranking.c -- log odds kept in blocks of classes, sorted class by class, swept threshold by
 * threshold. */
/* SPDX-License-Identifier: MIT */
#include "train/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/status.h"
#include "train/ranking_curve.h"

enum {
    BLOCK = 16, /* classes whose log odds of a sample lie side by side: a line of the cache */
    DIGIT = 11, /* bits that a pass of the sort looks at */
    PASSES = 3,
    BUCKETS = 1 << DIGIT
};

/* A sample in the order of one class. */
typedef struct ranked {
    uint32_t key, sample;
} ranked;

struct lg_ranking {
    int classes, overfull, not_finite;
    int64_t count, room;
    float *log_odds;  /* [classes / BLOCK][room][BLOCK], the last block as wide as need be */
    int32_t *truth;   /* [room] */
    float *weight;    /* [room] */
    ranked *order[2]; /* [room]; the second is room to sort in */
};

/* A way down the thresholds of a class. */
typedef struct sweep {
    const lg_ranking *of;
    int class;
    int64_t next;             /* the first sample that is not said to be of the class yet */
    double in, out;           /* weights said to be: of the class, of the rest */
    double more_in, more_out; /* of which the last threshold brought */
} sweep;

/* ----------------------------------------------------------------------------------- memory --- */

size_t lg_ranking_bytes(int classes, int64_t samples)
{
    size_t each, all;
    const size_t other = sizeof(int32_t) + sizeof(float) + 2 * sizeof(ranked);
    if (!lg_size_mul((size_t)classes, sizeof(float), &each) || !lg_size_add(each, other, &each) ||
        !lg_size_mul(each, (size_t)samples, &all) || samples > UINT32_MAX)
        return SIZE_MAX;
    return all;
}

logit_status lg_ranking_create(lg_ranking **out, int classes, int64_t samples, logit_error *err)
{
    *out = NULL;
    lg_ranking *r = calloc(1, sizeof *r);
    if (r && lg_ranking_bytes(classes, samples) < SIZE_MAX) {
        const size_t room = (size_t)samples;
        r->classes = classes;
        r->room = samples;
        r->log_odds = malloc(room * (size_t)classes * sizeof *r->log_odds + 1);
        r->truth = malloc(room * sizeof *r->truth + 1);
        r->weight = malloc(room * sizeof *r->weight + 1);
        for (int i = 0; i < 2; i++) r->order[i] = malloc(room * sizeof *r->order[i] + 1);
    }
    if (!r || !r->log_odds || !r->truth || !r->weight || !r->order[0] || !r->order[1]) {
        lg_ranking_destroy(r);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the log odds of %lld samples",
                (long long)samples);
    }
    *out = r;
    return LOGIT_OK;
}

void lg_ranking_destroy(lg_ranking *r)
{
    if (!r) return;
    free(r->log_odds);
    free(r->truth);
    free(r->weight);
    for (int i = 0; i < 2; i++) free(r->order[i]);
    free(r);
}

/* Where the log odds of the block of this class begin, and how many numbers lie from one sample's
 * to the next one's. */
static float *block_of(const lg_ranking *r, int class, int *width)
{
    const int first = class / BLOCK * BLOCK;
    *width = r->classes - first < BLOCK ? r->classes - first : BLOCK;
    return r->log_odds + first * r->room;
}

void lg_ranking_add(lg_ranking *r, const double *log_odds, int truth, double weight)
{
    int width;
    r->overfull |= r->count == r->room;
    if (r->overfull) return;
    for (int first = 0; first < r->classes; first += BLOCK) {
        float *to = block_of(r, first, &width);
        to += r->count * width;
        for (int c = 0; c < width; c++) {
            to[c] = (float)log_odds[first + c] + 0.0f; /* -0 is 0 */
            r->not_finite |= isnan(to[c]);
        }
    }
    r->truth[r->count] = truth;
    r->weight[r->count++] = (float)weight;
}

/* ------------------------------------------------------------------------------------- sort --- */

/* Keys in the order of unsigned numbers: the larger the log odds, the smaller the key. */
static uint32_t key_of(float log_odds)
{
    uint32_t bits;
    memcpy(&bits, &log_odds, sizeof bits);
    return bits >> 31 ? bits : ~bits & 0x7fffffffu;
}

/* By one digit of the keys, stable. */
static void sort_pass(const ranked *from, ranked *to, int64_t count, int shift)
{
    int64_t begin[BUCKETS + 1] = {0};
    for (int64_t i = 0; i < count; i++) begin[(from[i].key >> shift) % BUCKETS + 1]++;
    for (int b = 1; b <= BUCKETS; b++) begin[b] += begin[b - 1];
    for (int64_t i = 0; i < count; i++) to[begin[(from[i].key >> shift) % BUCKETS]++] = from[i];
}

/* The samples by the log odds of the class, the largest first, in order[0]. */
static void sort_class(lg_ranking *r, int class)
{
    int width;
    const float *log_odds = block_of(r, class, &width) + class % BLOCK;
    for (int64_t i = 0; i < r->count; i++)
        r->order[0][i] = (ranked){key_of(log_odds[i * width]), (uint32_t)i};
    for (int pass = 0; pass < PASSES; pass++) {
        sort_pass(r->order[0], r->order[1], r->count, pass * DIGIT);
        ranked *sorted = r->order[1];
        r->order[1] = r->order[0];
        r->order[0] = sorted;
    }
}

/* Goes to the next threshold, taking all samples that are equal; 0 at the end. */
static int step_down(sweep *s)
{
    const lg_ranking *r = s->of;
    const ranked *order = r->order[0];
    s->more_in = s->more_out = 0.0;
    if (s->next == r->count) return 0;
    const uint32_t key = order[s->next].key;
    for (; s->next < r->count && order[s->next].key == key; s->next++) {
        const uint32_t i = order[s->next].sample;
        *(r->truth[i] == s->class ? &s->more_in : &s->more_out) += (double)r->weight[i];
    }
    s->in += s->more_in;
    s->out += s->more_out;
    return 1;
}

/* ---------------------------------------------------------------------------------- figures --- */

/* U counts each sample of the rest with those of the class above it, and half of its equals. */
static sweep rank_class(const lg_ranking *r, int class, logit_class_score *score)
{
    sweep s = {.of = r, .class = class};
    double u = 0.0, area = 0.0;
    while (step_down(&s)) {
        u += s.more_out * (s.in - s.more_in / 2.0);
        area += s.more_in * (s.in / (s.in + s.out));
    }
    score->auc = s.in > 0.0 && s.out > 0.0 ? fmin(u / (s.in * s.out), 1.0) : (double)NAN;
    score->average_precision = s.in > 0.0 ? fmin(area / s.in, 1.0) : (double)NAN;
    return s;
}

static void draw_roc(const lg_ranking *r, const sweep *all, lg_thinned *curve)
{
    sweep s = {.of = r, .class = all->class};
    lg_thinned_begin(curve, 2.0 * LG_CURVE_PIXEL, (lg_curve_point){0});
    while (step_down(&s)) {
        const double fpr = s.out / all->out, tpr = s.in / all->in;
        lg_thinned_add(curve, (lg_curve_point){fpr + tpr, tpr - fpr, fpr, tpr});
    }
    lg_thinned_end(curve);
}

static int draw_precision(const lg_ranking *r, const sweep *all, double tolerance,
                          lg_thinned *curve)
{
    sweep s = {.of = r, .class = all->class};
    int begun = 0;
    while (step_down(&s)) {
        if (!(s.more_in > 0.0)) continue;
        const double recall = s.in / all->in, precision = s.in / (s.in + s.out);
        if (!begun++)
            lg_thinned_begin(curve, tolerance, (lg_curve_point){0.0, precision, 0.0, precision});
        lg_thinned_add(curve, (lg_curve_point){recall, precision, recall, precision});
    }
    return lg_thinned_end(curve);
}

/* Both curves in one piece of memory, which fpr owns. */
static logit_status store(const lg_thinned *roc, const lg_thinned *pr, logit_class_curves *out,
                          logit_error *err)
{
    const size_t a = (size_t)roc->count, b = (size_t)pr->count;
    out->fpr = malloc((2 * (a + b) + 1) * sizeof *out->fpr);
    if (!out->fpr) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the curves of an evaluation");
    out->roc_count = roc->count;
    out->pr_count = pr->count;
    out->tpr = out->fpr + a;
    out->recall = out->tpr + a;
    out->precision = out->recall + b;
    memcpy(out->fpr, roc->x, a * sizeof *roc->x);
    memcpy(out->tpr, roc->y, a * sizeof *roc->y);
    memcpy(out->recall, pr->x, b * sizeof *pr->x);
    memcpy(out->precision, pr->y, b * sizeof *pr->y);
    return LOGIT_OK;
}

static logit_status draw_class(const lg_ranking *r, const sweep *all, logit_class_curves *out,
                               logit_error *err)
{
    lg_thinned roc = {.count = 0}, pr = {.count = 0};
    double tolerance = LG_CURVE_PIXEL;
    if (!(all->in > 0.0)) return LOGIT_OK;
    if (all->out > 0.0) draw_roc(r, all, &roc);
    while (!draw_precision(r, all, tolerance, &pr)) tolerance *= 2.0;
    return store(&roc, &pr, out, err);
}

/* A mean over those that have the figure. */
typedef struct mean {
    double sum, count, weighted, weight;
} mean;

static void mean_add(mean *m, double value, double weight)
{
    if (isnan(value)) return;
    m->sum += value;
    m->count++;
    m->weighted += weight * value;
    m->weight += weight;
}

logit_status lg_ranking_finish(lg_ranking *r, logit_score *score, logit_error *err)
{
    mean auc = {0}, precision = {0};
    lg_ranking_none(score, r->not_finite ? "not finite" : NULL);
    if (r->overfull) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the log odds of all samples");
    if (r->not_finite || r->count == 0) return LOGIT_OK;
    score->curves = calloc((size_t)r->classes, sizeof *score->curves);
    if (!score->curves) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the curves of the classes");
    for (int c = 0; c < r->classes; c++) {
        logit_class_score *of = &score->class_score[c];
        sort_class(r, c);
        const sweep all = rank_class(r, c, of);
        mean_add(&auc, of->auc, all.in);
        mean_add(&precision, of->average_precision, all.in);
        LG_TRY(draw_class(r, &all, &score->curves[c], err));
    }
    score->auc = auc.sum / auc.count;
    score->auc_weighted = auc.weighted / auc.weight;
    score->average_precision = precision.sum / precision.count;
    score->average_precision_weighted = precision.weighted / precision.weight;
    return LOGIT_OK;
}

void lg_ranking_none(logit_score *score, const char *why)
{
    score->auc = score->auc_weighted = score->average_precision =
        score->average_precision_weighted = (double)NAN;
    score->unranked = why;
    score->curves = NULL;
    for (int c = 0; c < score->classes && score->class_score; c++)
        score->class_score[c].auc = score->class_score[c].average_precision = (double)NAN;
}

void lg_ranking_clear(logit_score *score)
{
    for (int c = 0; c < score->classes && score->curves; c++) free(score->curves[c].fpr);
    free(score->curves);
    score->curves = NULL;
}
