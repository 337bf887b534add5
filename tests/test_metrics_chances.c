/* test_metrics_chances.c -- figures of probabilities and of the table, each by another way: plain
 * exponentials in long double, bins by their edges, Matthews by covariances of indicators. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "tests/near.h"
#include "train/metrics.h"

enum { N = 300, MOST = 5 };

static char *names[MOST] = {"a", "b", "c", "d", "e"};

static const struct {
    lg_loss loss;
    int classes, outputs, soft;
} cases[] = {{LG_LOSS_SOFTMAX, 4, 4, 0},
             {LG_LOSS_SIGMOID, 2, 1, 0},
             {LG_LOSS_SIGMOID, 5, 5, 0},
             {LG_LOSS_SOFTMAX, 3, 3, 1},
             {LG_LOSS_SIGMOID, 2, 1, 1}};

static double draw(int i)
{
    return lg_random_unit(29, LG_STREAM_TEST, (uint64_t)i);
}

static void near(double got, long double want)
{
    const double w = (double)want;
    assert_near(&got, &w, 1, 1e-14, 1e-12);
}

/* p [classes] and y [classes] of a row. */
static void plain_row(int c, const double *z, const float *t, int label, long double *p,
                      long double *y)
{
    long double sum = 0.0L;
    const int one = cases[c].outputs == 1;
    for (int j = 0; j < cases[c].outputs; j++) sum += expl(z[j]);
    for (int j = 0; j < cases[c].classes; j++) {
        const long double zj = one ? (j ? z[0] : -z[0]) : z[j];
        p[j] = cases[c].loss == LG_LOSS_SOFTMAX ? expl(zj) / sum : 1.0L / (1.0L + expl(-zj));
        y[j] = !cases[c].soft ? j == label : one ? (j ? t[0] : 1.0L - t[0]) : t[j];
    }
}

static long double matthews(int classes, const int *truth, const int *said)
{
    long double xy = 0, xx = 0, yy = 0;
    for (int c = 0; c < classes; c++) {
        long double mx = 0, my = 0;
        for (int i = 0; i < N; i++) {
            mx += (said[i] == c) / (long double)N;
            my += (truth[i] == c) / (long double)N;
        }
        for (int i = 0; i < N; i++) {
            xy += ((said[i] == c) - mx) * ((truth[i] == c) - my);
            xx += ((said[i] == c) - mx) * ((said[i] == c) - mx);
            yy += ((truth[i] == c) - my) * ((truth[i] == c) - my);
        }
    }
    return xy / sqrtl(xx * yy);
}

START_TEST(chances_match_the_plain_way)
{
    const int c = _i, k = cases[c].outputs, classes = cases[c].classes;
    double z[N * MOST], loss[N];
    float target[N * MOST];
    int32_t label[N];
    int truth[N], said[N], bin[N];
    long double brier = 0, entropy = 0, mean_loss = 0, ece = 0, top[N], recall = 0,
                losses[MOST] = {0};
    for (int i = 0; i < N; i++) {
        long double p[MOST] = {0}, y[MOST] = {0};
        for (int j = 0; j < k; j++) z[i * k + j] = 6.0 * draw(1000 * i + j) - 3.0;
        float sum = 0.0f;
        for (int j = 0; j < k; j++) sum += target[i * k + j] = (float)draw(1000 * i + 50 + j);
        for (int j = 0; j < k && k > 1; j++) target[i * k + j] /= sum;
        loss[i] = 2.0 * draw(1000 * i + 90);
        label[i] = (int32_t)(draw(1000 * i + 99) * classes);
        plain_row(c, z + i * k, target + i * k, label[i], p, y);
        said[i] = truth[i] = 0;
        for (int j = 0; j < classes; j++) {
            if (p[j] > p[said[i]]) said[i] = j;
            if (y[j] > y[truth[i]]) truth[i] = j;
            brier += (p[j] - y[j]) * (p[j] - y[j]) / N;
            if (y[j] > 0) entropy -= y[j] * logl(y[j]) / N;
        }
        top[i] = p[said[i]];
        for (bin[i] = 0; top[i] > (bin[i] + 1) / 15.0L; bin[i]++) {
        }
        mean_loss += (long double)loss[i] / N;
        losses[truth[i]] += loss[i];
    }
    const lg_metrics_shape shape = {
        .loss = cases[c].loss, .classes = classes, .outputs = k, .top_k = 1};
    const lg_metrics_rows rows = {.count = N,
                                  .logits = z,
                                  .loss = loss,
                                  .logit_stride = k,
                                  .loss_stride = 1,
                                  .real_bytes = 8,
                                  .label = cases[c].soft ? NULL : label,
                                  .target = cases[c].soft ? target : NULL};
    lg_metrics *metrics;
    logit_score s;
    ck_assert(lg_metrics_create(&metrics, &shape, NULL) == LOGIT_OK);
    lg_metrics_add(metrics, &rows);
    ck_assert(lg_metrics_finish(metrics, names, &s, NULL) == LOGIT_OK);
    for (int b = 0; b < 15; b++) {
        long double sure = 0, right = 0;
        int count = 0;
        for (int i = 0; i < N; i++) {
            if (bin[i] != b) continue;
            count++;
            sure += top[i];
            right += said[i] == truth[i];
        }
        ck_assert_int_eq(s.calibration[b].count, count);
        if (count == 0) continue;
        near(s.calibration[b].confidence, sure / count);
        near(s.calibration[b].accuracy, right / count);
        ece += fabsl(right / count - sure / count) * count / N;
    }
    for (int j = 0; j < classes; j++) {
        int count = 0, right = 0;
        for (int i = 0; i < N; i++) {
            count += truth[i] == j;
            right += truth[i] == j && said[i] == j;
        }
        recall += (long double)right / count / classes;
        near(s.class_score[j].loss, losses[j] / count);
    }
    near(s.brier, brier);
    near(s.ece, ece);
    near(s.balanced_accuracy, recall);
    near(s.matthews, matthews(classes, truth, said));
    ck_assert(cases[c].soft ? fabs(s.target_entropy - (double)entropy) < 1e-12 : isnan(s.kl));
    if (cases[c].soft) near(s.kl, mean_loss - entropy);
    lg_metrics_destroy(metrics);
    logit_score_clear(&s);
}
END_TEST

/* k equal logits give 1/k each: for 3, 5 and 15 classes the upper edge of a bin, which is in it. */
START_TEST(the_upper_edge_belongs_to_its_bin)
{
    static const int edges[] = {3, 5, 15};
    const int k = edges[_i];
    const double z[15] = {0}, loss = 1.0;
    const int32_t label = 0;
    static char *many[15];
    const lg_metrics_shape shape = {
        .loss = LG_LOSS_SOFTMAX, .classes = k, .outputs = k, .top_k = 1};
    const lg_metrics_rows rows = {
        .count = 1, .logits = z, .loss = &loss, .real_bytes = 8, .label = &label};
    lg_metrics *metrics;
    logit_score s;
    ck_assert(lg_metrics_create(&metrics, &shape, NULL) == LOGIT_OK);
    lg_metrics_add(metrics, &rows);
    ck_assert(lg_metrics_finish(metrics, many, &s, NULL) == LOGIT_OK);
    for (int b = 0; b < 15; b++) ck_assert_int_eq(s.calibration[b].count, b == 15 / k - 1);
    lg_metrics_destroy(metrics);
    logit_score_clear(&s);
}
END_TEST

Suite *lg_suite_metrics_chances(void);
Suite *lg_suite_metrics_chances(void)
{
    Suite *suite = suite_create("metrics_chances");
    TCase *tests = tcase_create("figures");
    tcase_add_loop_test(tests, chances_match_the_plain_way, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(tests, the_upper_edge_belongs_to_its_bin, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
