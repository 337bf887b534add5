/* test_metrics.c -- the figures of an evaluation against a plain recomputation.
 *
 * The recomputation works from whole arrays in long double and sorts, where metrics.c goes through
 * the rows once and counts. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/near.h"
#include "train/metrics.h"

enum { MOST = 8, ROWS = 200 };

static char *names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h"};

/* An evaluation as arrays, in the order of the samples. */
typedef struct example {
    lg_metrics_shape shape;
    int n;
    double logits[ROWS * MOST], loss[ROWS];
    int32_t label[ROWS];
    float target[ROWS * MOST];
    int soft;
} example;

static double draw(int64_t i)
{
    return lg_random_unit(11, LG_STREAM_TEST, (uint64_t)i);
}

/* Logits of few values, so that there are ties, and classes of which the last is rare. */
static example make(lg_loss loss, int classes, int outputs, int top_k, int soft)
{
    example e = {.shape = {loss, classes, outputs, top_k, 0}, .n = ROWS, .soft = soft};
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < outputs; j++) {
            e.logits[i * outputs + j] = floor(4.0 * draw(1000 * i + j)) - 1.5;
            e.target[i * outputs + j] = (float)floor(4.0 * draw(1000 * i + 100 + j)) / 4.0f;
        }
        e.loss[i] = 3.0 * draw(1000 * i + 200);
        if (classes > 0) e.label[i] = (int32_t)(draw(1000 * i + 300) * (classes - 0.9));
    }
    return e;
}

static lg_metrics_rows rows_of(const example *e, int from, int count)
{
    const int k = e->shape.outputs, numeric = e->shape.classes == 0;
    return (lg_metrics_rows){.count = count,
                             .logits = e->logits + from * k,
                             .loss = e->loss + from,
                             .logit_stride = k,
                             .loss_stride = 1,
                             .real_bytes = 8,
                             .label = e->soft || numeric ? NULL : e->label + from,
                             .target = e->soft || numeric ? e->target + from * k : NULL};
}

static lg_metrics *create(const lg_metrics_shape *shape)
{
    lg_metrics *metrics;
    logit_error err;
    ck_assert_msg(lg_metrics_create(&metrics, shape, &err) == LOGIT_OK, "%s", err.message);
    return metrics;
}

static logit_score finish(lg_metrics *metrics)
{
    logit_score score;
    logit_error err;
    ck_assert_msg(lg_metrics_finish(metrics, names, &score, &err) == LOGIT_OK, "%s", err.message);
    lg_metrics_destroy(metrics);
    return score;
}

static logit_score evaluate(const example *e, int batch)
{
    lg_metrics *metrics = create(&e->shape);
    for (int from = 0; from < e->n; from += batch) {
        const lg_metrics_rows rows = rows_of(e, from, e->n - from < batch ? e->n - from : batch);
        lg_metrics_add(metrics, &rows);
    }
    return finish(metrics);
}

/* --------------------------------------------------------------------------- the plain way --- */

static int plain_truth(const example *e, int i)
{
    const int k = e->shape.outputs;
    const float *t = e->target + i * k;
    int top = 0;
    if (!e->soft) return e->label[i];
    if (k == 1) return t[0] > 0.5f ? 1 : 0;
    for (int j = k - 1; j >= 0; j--)
        if (t[j] >= t[top]) top = j;
    return top;
}

/* The classes of a row from best to worst, by selection. */
static void plain_order(const example *e, int i, int *order)
{
    const int classes = e->shape.classes;
    double z[MOST];
    for (int j = 0; j < classes; j++) z[j] = e->logits[i * e->shape.outputs + j];
    if (e->shape.outputs == 1) {
        z[1] = z[0];
        z[0] = 0.0;
    }
    for (int place = 0; place < classes; place++) {
        int best = -1;
        for (int j = 0; j < classes; j++) {
            int taken = 0;
            for (int p = 0; p < place; p++) taken |= order[p] == j;
            if (!taken && (best < 0 || z[j] > z[best])) best = j;
        }
        order[place] = best;
    }
}

static long double plain_mean(const double *x, int n)
{
    long double sum = 0.0L;
    for (int i = 0; i < n; i++) sum += x[i];
    return sum / n;
}

static long double plain_squares(const double *x, int n)
{
    const long double mean = plain_mean(x, n);
    long double sum = 0.0L;
    for (int i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static void assert_number(double got, long double want)
{
    const double w = (double)want;
    assert_near(&got, &w, 1, 0.0, 1e-13);
}

static const struct {
    lg_loss loss;
    int classes, outputs, top_k, soft;
} cases[] = {{LG_LOSS_SOFTMAX, 5, 5, 2, 0}, {LG_LOSS_SOFTMAX, 2, 2, 1, 0},
             {LG_LOSS_SIGMOID, 2, 1, 1, 0}, {LG_LOSS_SIGMOID, 2, 1, 2, 1},
             {LG_LOSS_SIGMOID, 6, 6, 3, 0}, {LG_LOSS_MSE, 4, 4, 3, 0},
             {LG_LOSS_SOFTMAX, 8, 8, 0, 1}, {LG_LOSS_SOFTMAX, 3, 3, 9, 0}};

START_TEST(figures_match_the_plain_recomputation)
{
    const example e =
        make(cases[_i].loss, cases[_i].classes, cases[_i].outputs, cases[_i].top_k, cases[_i].soft);
    const int classes = e.shape.classes;
    const int top_k = cases[_i].top_k == 0        ? 5
                      : classes < cases[_i].top_k ? classes
                                                  : cases[_i].top_k;
    int64_t confusion[MOST * MOST] = {0};
    int right = 0, in_top = 0, order[MOST];
    for (int i = 0; i < e.n; i++) {
        const int truth = plain_truth(&e, i);
        plain_order(&e, i, order);
        confusion[truth * classes + order[0]]++;
        right += order[0] == truth;
        for (int p = 0; p < top_k; p++) in_top += order[p] == truth;
    }
    logit_score s = evaluate(&e, 7);
    ck_assert_int_eq(s.n, e.n);
    ck_assert_int_eq(s.bad, 0);
    ck_assert_int_eq(s.classes, classes);
    ck_assert_int_eq(s.top_k, top_k);
    assert_number(s.loss, plain_mean(e.loss, e.n));
    assert_number(s.loss_stderr, sqrtl(plain_squares(e.loss, e.n) / (e.n - 1) / e.n));
    assert_number(s.accuracy, (long double)right / e.n);
    assert_number(s.top_k_accuracy, (long double)in_top / e.n);
    ck_assert(isnan(s.rmse) && isnan(s.r2));
    ck_assert_mem_eq(s.confusion, confusion, sizeof(int64_t) * (size_t)(classes * classes));
    for (int c = 0; c < classes; c++) {
        int64_t row = 0, column = 0;
        for (int j = 0; j < classes; j++) {
            row += confusion[c * classes + j];
            column += confusion[j * classes + c];
        }
        const long double tp = (long double)confusion[c * classes + c];
        const logit_class_score *of = &s.class_score[c];
        ck_assert_str_eq(of->name, names[c]);
        ck_assert_int_eq(of->count, row);
        ck_assert_int_eq(of->predicted, column);
        ck_assert_int_eq(of->correct, confusion[c * classes + c]);
        if (column > 0) assert_number(of->precision, tp / column);
        if (row > 0) assert_number(of->recall, tp / row);
        if (tp > 0) assert_number(of->f1, 2.0L / (column / tp + row / tp));
    }
    logit_score_clear(&s);
}
END_TEST

START_TEST(batches_make_no_difference)
{
    static const int batches[] = {1, 3, 64, ROWS};
    const example e = make(LG_LOSS_SOFTMAX, 5, 5, 2, 0);
    logit_score whole = evaluate(&e, ROWS);
    for (int b = 0; b < 4; b++) {
        logit_score s = evaluate(&e, batches[b]);
        ck_assert_mem_eq(&s.loss, &whole.loss, sizeof s.loss);
        ck_assert_mem_eq(&s.loss_stderr, &whole.loss_stderr, sizeof s.loss_stderr);
        ck_assert_mem_eq(s.confusion, whole.confusion, 25 * sizeof(int64_t));
        logit_score_clear(&s);
    }
    logit_score_clear(&whole);
}
END_TEST

/* The same through an order array, float numbers, and two settings side by side. */
START_TEST(rows_floats_and_settings_are_found)
{
    const example e = make(LG_LOSS_SOFTMAX, 4, 4, 2, 0);
    int32_t row[ROWS], label[ROWS];
    float logits[ROWS * 8], loss[ROWS * 2];
    for (int i = 0; i < ROWS; i++) {
        row[i] = (i * 77) % ROWS; /* a permutation: 77 and 200 share no factor */
        label[row[i]] = e.label[i];
        for (int j = 0; j < 4; j++) {
            logits[i * 8 + j] = NAN;
            logits[i * 8 + 4 + j] = (float)e.logits[i * 4 + j];
        }
        loss[2 * i] = NAN;
        loss[2 * i + 1] = (float)e.loss[i];
    }
    const lg_metrics_rows rows = {.count = ROWS,
                                  .logits = logits + 4,
                                  .loss = loss + 1,
                                  .logit_stride = 8,
                                  .loss_stride = 2,
                                  .real_bytes = 4,
                                  .row = row,
                                  .label = label};
    lg_metrics *metrics = create(&e.shape);
    lg_metrics_add(metrics, &rows);
    logit_score got = finish(metrics), want = evaluate(&e, ROWS);
    ck_assert_mem_eq(got.confusion, want.confusion, 16 * sizeof(int64_t));
    assert_near(&got.loss, &want.loss, 1, 0.0, 1e-7); /* losses were rounded to float */
    ck_assert(got.top_k_accuracy == want.top_k_accuracy);
    logit_score_clear(&got);
    logit_score_clear(&want);
}
END_TEST

START_TEST(samples_of_weight_0_are_left_out)
{
    const example e = make(LG_LOSS_SOFTMAX, 3, 3, 1, 0);
    example fewer = e;
    float weight[ROWS];
    fewer.n = 0;
    for (int i = 0; i < ROWS; i++) {
        weight[i] = i % 3 == 0 ? 0.0f : 2.5f;
        if (i % 3 == 0) continue;
        memcpy(fewer.logits + 3 * fewer.n, e.logits + 3 * i, 3 * sizeof(double));
        fewer.label[fewer.n] = e.label[i];
        fewer.loss[fewer.n++] = e.loss[i];
    }
    lg_metrics_rows rows = rows_of(&e, 0, ROWS);
    rows.weight = weight;
    lg_metrics *metrics = create(&e.shape);
    lg_metrics_add(metrics, &rows);
    logit_score got = finish(metrics), want = evaluate(&fewer, ROWS);
    ck_assert_int_eq(got.bad, 67);
    ck_assert_int_eq(got.n, 133);
    ck_assert(got.loss == want.loss && got.loss_stderr == want.loss_stderr);
    ck_assert_mem_eq(got.confusion, want.confusion, 9 * sizeof(int64_t));
    logit_score_clear(&got);
    logit_score_clear(&want);
}
END_TEST

START_TEST(numbers_have_rmse_and_r2)
{
    const example e = make(LG_LOSS_MSE, 0, 1, 0, 0);
    double y[ROWS];
    long double squares = 0.0L;
    for (int i = 0; i < ROWS; i++) {
        y[i] = (double)e.target[i];
        squares += ((long double)e.logits[i] - y[i]) * ((long double)e.logits[i] - y[i]);
    }
    logit_score s = evaluate(&e, 9);
    assert_number(s.rmse, sqrtl(squares / ROWS));
    assert_number(s.r2, 1.0L - squares / plain_squares(y, ROWS));
    ck_assert(isnan(s.accuracy) && isnan(s.top_k_accuracy));
    ck_assert(s.classes == 0 && !s.class_score && !s.confusion);
    logit_score_clear(&s);

    example constant = e; /* no deviation to explain */
    for (int i = 0; i < ROWS; i++) constant.target[i] = 0.3f;
    s = evaluate(&constant, 9);
    ck_assert(isnan(s.r2) && s.rmse > 0.0);
}
END_TEST

/* A mean of 1e8 with a spread of 1: sum of squares minus square of sum has no digits left. */
START_TEST(the_standard_error_does_not_cancel)
{
    example e = make(LG_LOSS_SOFTMAX, 2, 2, 1, 0);
    for (int i = 0; i < ROWS; i++) e.loss[i] += 1e8;
    logit_score s = evaluate(&e, 1);
    const double want = (double)sqrtl(plain_squares(e.loss, ROWS) / (ROWS - 1) / ROWS);
    assert_near(&s.loss_stderr, &want, 1, 0.0, 1e-9);
    logit_score_clear(&s);
}
END_TEST

Suite *lg_suite_metrics(void);
Suite *lg_suite_metrics(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("figures");
    tcase_add_loop_test(tests, figures_match_the_plain_recomputation, 0,
                        (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, batches_make_no_difference);
    tcase_add_test(tests, rows_floats_and_settings_are_found);
    tcase_add_test(tests, samples_of_weight_0_are_left_out);
    tcase_add_test(tests, numbers_have_rmse_and_r2);
    tcase_add_test(tests, the_standard_error_does_not_cancel);
    suite_add_tcase(suite, tests);
    return suite;
}
