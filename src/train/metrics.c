/* metrics.c -- one pass over the rows, in their order.
 *
 * Mean and spread of the loss: sum / n, and Welford's update for the squared deviations, which
 * does not cancel (Welford 1962, Technometrics 4(3)).  The standard error of the mean is
 * sqrt(deviations / (n - 1) / n).  R^2 is 1 - squared errors / squared deviations of the truth. */
/* SPDX-License-Identifier: MIT */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "train/chance_figures.h"
#include "train/class_figures.h"
#include "train/intervals.h"
#include "train/probability.h"
#include "train/ranking.h"
#include "train/temperature.h"
#include "train/worst.h"

/* A running sum and the squared deviations from the mean so far. */
typedef struct spread {
    int64_t count;
    double sum, mean, squares;
} spread;

typedef struct class_count {
    int64_t truth, said, right;
    double loss;
} class_count;

struct lg_metrics {
    lg_metrics_shape shape;
    int64_t left_out, right, right_in_top;
    int soft;                             /* the truth is given in shares */
    spread loss, truth;                   /* truth: numeric targets */
    double squared_error, absolute_error; /* numeric targets */
    lg_chance_sums sums, plain;           /* plain: at temperature 1, where it is another */
    lg_intervals *intervals;              /* NULL: brief */
    double *row;         /* z [outputs], p [classes], log odds [classes] of a row; NULL: unasked */
    class_count *of;     /* [classes] */
    int64_t *confusion;  /* [classes][classes] or NULL */
    lg_worst *worst;     /* NULL: brief, or no classes */
    lg_ranking *ranking; /* the same, or no memory */
};

/* What a row of logits says of a class: which one it names (-1: none), and how many classes stand
 * before the true one. */
typedef struct verdict {
    int said, ahead;
} verdict;

static void spread_add(spread *s, double value)
{
    const double from_mean = value - s->mean;
    s->count++;
    s->sum += value;
    s->mean += from_mean / (double)s->count;
    s->squares += from_mean * (value - s->mean);
}

/* What is asked of more than each row by itself. */
static logit_status create_lists(lg_metrics *metrics, const lg_metrics_shape *shape,
                                 logit_error *err)
{
    if (shape->brief) return LOGIT_OK;
    metrics->intervals = lg_intervals_create(shape->classes, shape->samples);
    if (!metrics->intervals) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the intervals");
    if (shape->classes == 0) return LOGIT_OK;
    if (shape->ranked)
        LG_TRY(lg_ranking_create(&metrics->ranking, shape->classes, shape->samples, err));
    return lg_worst_create(&metrics->worst, shape->classes, err);
}

logit_status lg_metrics_create(lg_metrics **out, const lg_metrics_shape *shape, logit_error *err)
{
    *out = NULL;
    const size_t classes = (size_t)shape->classes;
    const size_t row = (size_t)shape->outputs + 2 * classes;
    const int table = !shape->brief && shape->classes > 0;
    const int matrix = table && shape->classes <= LG_METRICS_CONFUSION;
    lg_metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the figures of an evaluation");
    metrics->shape = *shape;
    if (shape->top_k <= 0) metrics->shape.top_k = LG_METRICS_TOP_K;
    if (metrics->shape.top_k > shape->classes) metrics->shape.top_k = shape->classes;
    metrics->of = calloc(classes + 1, sizeof *metrics->of);
    if (matrix) metrics->confusion = calloc(classes * classes, sizeof *metrics->confusion);
    if (table) metrics->row = calloc(row, sizeof *metrics->row);
    if (!metrics->of || (matrix && !metrics->confusion) || (table && !metrics->row)) {
        lg_metrics_destroy(metrics);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the figures of %d classes", shape->classes);
    }
    const logit_status status = create_lists(metrics, shape, err);
    if (status != LOGIT_OK) lg_metrics_destroy(metrics);
    LG_TRY(status);
    *out = metrics;
    return LOGIT_OK;
}

void lg_metrics_destroy(lg_metrics *metrics)
{
    if (!metrics) return;
    free(metrics->of);
    free(metrics->confusion);
    free(metrics->row);
    lg_intervals_destroy(metrics->intervals);
    lg_worst_destroy(metrics->worst);
    lg_ranking_destroy(metrics->ranking);
    free(metrics);
}

static double number_at(const void *array, int real_bytes, int64_t i)
{
    return real_bytes == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static verdict judge(const lg_metrics *metrics, const lg_metrics_rows *rows, int64_t i, int truth)
{
    const int64_t at = i * rows->logit_stride;
    const int k = metrics->shape.outputs;
    verdict v = {-1, metrics->shape.classes};
    int said = 0, ahead = 0;
    if (k == 1) {
        const double z = number_at(rows->logits, rows->real_bytes, at);
        return isnan(z) ? v : (verdict){z > 0.0, (z > 0.0) != truth};
    }
    const double true_z = number_at(rows->logits, rows->real_bytes, at + truth);
    double top = -HUGE_VAL;
    for (int j = 0; j < k; j++) {
        const double z = number_at(rows->logits, rows->real_bytes, at + j);
        if (isnan(z)) return v;
        if (z > top) {
            top = z;
            said = j;
        }
        ahead += z > true_z || (z == true_z && j < truth);
    }
    return (verdict){said, ahead};
}

/* The class of a soft target. */
static int soft_class(const float *target, int outputs)
{
    int top = 0;
    if (outputs == 1) return target[0] > 0.5f; /* the share of class 1 */
    for (int j = 1; j < outputs; j++)
        if (target[j] > target[top]) top = j;
    return top;
}

static int is_scaled(const lg_metrics_shape *shape)
{
    return shape->temperature > 0.0 && shape->temperature != 1.0;
}

/* A straight line leaves 0 .. 1: what it says is no probability. */
static int has_chances(const lg_metrics_shape *shape)
{
    return shape->classes > 0 && lg_losses[shape->loss].link != LG_LINK_IDENTITY;
}

/* The loss of row i: the device's own, or that of z / temperature. */
static double loss_of(const lg_metrics *metrics, const lg_metrics_rows *rows, int64_t i, int64_t r)
{
    const lg_metrics_shape *shape = &metrics->shape;
    const int k = shape->outputs;
    if (!is_scaled(shape) || !metrics->row)
        return number_at(rows->loss, rows->real_bytes, i * rows->loss_stride);
    for (int j = 0; j < k; j++)
        metrics->row[j] = number_at(rows->logits, rows->real_bytes, i * rows->logit_stride + j);
    return lg_temperature_loss(shape->loss, k, metrics->row, rows->label ? rows->label[r] : 0,
                               rows->label ? NULL : rows->target + r * k, 1.0 / shape->temperature,
                               NULL, NULL);
}

static void add_chances(lg_metrics *metrics, const lg_metrics_rows *rows, int64_t i, int truth,
                        int said)
{
    const lg_metrics_shape *shape = &metrics->shape;
    const int64_t r = rows->row ? rows->row[i] : i;
    double *z = metrics->row, *p = z + shape->outputs, *log_odds = p + shape->classes;
    for (int j = 0; j < shape->outputs; j++)
        z[j] = number_at(rows->logits, rows->real_bytes, i * rows->logit_stride + j);
    const lg_chance_row row = {.loss = shape->loss,
                               .classes = shape->classes,
                               .outputs = shape->outputs,
                               .truth = truth,
                               .said = said,
                               .p = p,
                               .target = rows->label ? NULL : rows->target + r * shape->outputs};
    metrics->soft = !rows->label;
    lg_probabilities(shape->loss, shape->classes, z, p, log_odds);
    if (is_scaled(shape)) {
        lg_chance_sums_add(&metrics->plain, &row);
        for (int j = 0; j < shape->outputs; j++) z[j] /= shape->temperature;
        lg_probabilities(shape->loss, shape->classes, z, p, log_odds);
    }
    if (has_chances(shape)) lg_chance_sums_add(&metrics->sums, &row);
    if (metrics->ranking)
        lg_ranking_add(metrics->ranking, log_odds, truth, rows->weight ? rows->weight[r] : 1.0);
}

static void add_class(lg_metrics *metrics, verdict v, int truth, double loss)
{
    metrics->of[truth].truth++;
    metrics->of[truth].loss += loss;
    if (metrics->intervals) lg_intervals_add(metrics->intervals, loss, truth, v.ahead == 0);
    metrics->right += v.ahead == 0;
    metrics->right_in_top += v.ahead < metrics->shape.top_k;
    if (v.said < 0) return;
    metrics->of[v.said].said++;
    metrics->of[truth].right += v.said == truth;
    if (metrics->confusion) metrics->confusion[(int64_t)truth * metrics->shape.classes + v.said]++;
}

/* Probabilities are those that add_chances left. */
static void add_worst(lg_metrics *metrics, int64_t index, int truth, int said, double loss)
{
    const double *p = metrics->row + metrics->shape.outputs;
    const logit_sample_score sample = {.index = index,
                                       .truth = truth,
                                       .said = said,
                                       .p_truth = said >= 0 ? p[truth] : (double)NAN,
                                       .p_said = said >= 0 ? p[said] : (double)NAN,
                                       .loss = loss};
    lg_worst_add(metrics->worst, &sample);
}

static void add_classified(lg_metrics *metrics, const lg_metrics_rows *rows, int64_t i, int64_t r,
                           double loss)
{
    const int k = metrics->shape.outputs;
    const int truth = rows->label ? rows->label[r] : soft_class(rows->target + r * k, k);
    const verdict v = judge(metrics, rows, i, truth);
    add_class(metrics, v, truth, loss);
    if (metrics->row) add_chances(metrics, rows, i, truth, v.said);
    if (metrics->worst && rows->sample) add_worst(metrics, rows->sample[i], truth, v.said, loss);
}

void lg_metrics_add(lg_metrics *metrics, const lg_metrics_rows *rows)
{
    const int k = metrics->shape.outputs;
    for (int64_t i = 0; i < rows->count; i++) {
        const int64_t r = rows->row ? rows->row[i] : i;
        if (rows->weight && rows->weight[r] == 0.0f) {
            metrics->left_out++;
            continue;
        }
        const double loss = loss_of(metrics, rows, i, r);
        spread_add(&metrics->loss, loss);
        if (metrics->shape.classes == 0) {
            const double y = (double)rows->target[r * k];
            const double z = number_at(rows->logits, rows->real_bytes, i * rows->logit_stride);
            metrics->squared_error += (z - y) * (z - y);
            metrics->absolute_error += fabs(z - y);
            spread_add(&metrics->truth, y);
            if (metrics->intervals) lg_intervals_add(metrics->intervals, loss, 0, 0);
        } else {
            add_classified(metrics, rows, i, r, loss);
        }
    }
}

/* a / b, NaN for b = 0. */
static double ratio(double a, int64_t b)
{
    return b > 0 ? a / (double)b : (double)NAN;
}

static void fill_classes(const lg_metrics *metrics, char *const *class_name, logit_score *score)
{
    for (int c = 0; c < metrics->shape.classes; c++) {
        const class_count *of = &metrics->of[c];
        score->class_score[c] = (logit_class_score){
            .name = class_name[c],
            .count = of->truth,
            .predicted = of->said,
            .correct = of->right,
            .precision = ratio((double)of->right, of->said),
            .recall = ratio((double)of->right, of->truth),
            .f1 = ratio(2.0 * (double)of->right, of->truth + of->said),
            .loss = ratio(of->loss, of->truth),
        };
    }
}

static void fill_chances(const lg_metrics *metrics, logit_score *score)
{
    logit_score plain = {0};
    const int scaled = is_scaled(&metrics->shape);
    score->temperature = scaled ? metrics->shape.temperature : 1.0;
    if (metrics->row && has_chances(&metrics->shape))
        lg_chance_sums_finish(&metrics->sums, metrics->soft, score);
    else
        lg_chance_figures_none(score);
    if (scaled) lg_chance_sums_finish(&metrics->plain, 0, &plain);
    score->ece_uncalibrated = scaled ? plain.ece : score->ece;
}

static void fill_numbers(const lg_metrics *metrics, logit_score *score)
{
    const int64_t n = metrics->loss.count;
    const int numeric = metrics->shape.classes == 0;
    const double deviations = metrics->truth.squares;
    score->n = n;
    score->bad = metrics->left_out;
    score->loss = ratio(metrics->loss.sum, n);
    score->loss_stderr = sqrt(ratio(ratio(metrics->loss.squares, n - 1), n));
    score->accuracy = numeric ? (double)NAN : ratio((double)metrics->right, n);
    score->top_k = metrics->shape.top_k;
    score->top_k_accuracy = numeric ? (double)NAN : ratio((double)metrics->right_in_top, n);
    score->rmse = numeric ? sqrt(ratio(metrics->squared_error, n)) : (double)NAN;
    score->mae = numeric ? ratio(metrics->absolute_error, n) : (double)NAN;
    score->r2 =
        numeric && deviations > 0.0 ? 1.0 - metrics->squared_error / deviations : (double)NAN;
    score->classes = metrics->shape.classes;
    lg_class_figures(score);
    fill_chances(metrics, score);
}

static logit_status finish_lists(const lg_metrics *metrics, logit_score *score, logit_error *err)
{
    const int left_out = metrics->worst && !metrics->ranking;
    lg_intervals_none(score);
    lg_ranking_none(score, left_out ? "memory" : NULL);
    if (metrics->intervals) LG_TRY(lg_intervals_finish(metrics->intervals, score, err));
    if (metrics->ranking) LG_TRY(lg_ranking_finish(metrics->ranking, score, err));
    return metrics->worst ? lg_worst_finish(metrics->worst, score, err) : LOGIT_OK;
}

logit_status lg_metrics_finish(const lg_metrics *metrics, char *const *class_name,
                               logit_score *score, logit_error *err)
{
    const size_t classes = (size_t)metrics->shape.classes;
    memset(score, 0, sizeof *score);
    if (!metrics->shape.brief && classes > 0) {
        score->class_score = calloc(classes, sizeof *score->class_score);
        if (metrics->confusion)
            score->confusion = malloc(classes * classes * sizeof *score->confusion);
        if (!score->class_score || (metrics->confusion && !score->confusion)) {
            free(score->class_score);
            free(score->confusion);
            memset(score, 0, sizeof *score);
            LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for the figures of %zu classes", classes);
        }
        if (metrics->confusion)
            memcpy(score->confusion, metrics->confusion, classes * classes * sizeof(int64_t));
        fill_classes(metrics, class_name, score);
    }
    fill_numbers(metrics, score);
    const logit_status status = finish_lists(metrics, score, err);
    if (status != LOGIT_OK) logit_score_clear(score);
    return status;
}
