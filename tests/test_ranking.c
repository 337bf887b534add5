/* test_ranking.c -- AUC, average precision and their curves: against counting every pair, against
 * scikit-learn, and by what must not change them. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "tests/near.h"
#include "train/ranking.h"

enum { MOST = 700, CLASSES = 37 };

typedef struct sheet {
    int n, classes;
    double log_odds[MOST * CLASSES], weight[MOST];
    int truth[MOST];
    logit_class_score of[CLASSES];
    logit_score score;
} sheet;

static double draw(uint64_t i)
{
    return lg_random_unit(77, LG_STREAM_TEST, i);
}

/* Log odds on a grid of `levels` steps, so that many are equal; 0: hardly any. */
static void fill(sheet *s, int n, int classes, int levels, int weighted)
{
    uint64_t at = 0;
    memset(s, 0, sizeof *s);
    s->n = n;
    s->classes = classes;
    for (int i = 0; i < n; i++) {
        s->truth[i] = (int)(draw(at++) * classes);
        s->weight[i] = weighted ? (double)(float)(0.1 + 3.0 * draw(at++)) : 1.0;
        for (int c = 0; c < classes; c++) {
            const double z = 6.0 * draw(at++) - 4.0 + 1.5 * (s->truth[i] == c);
            s->log_odds[i * classes + c] = levels ? floor(z * levels) / levels : z;
        }
    }
}

/* In the order of `step`, which shares no divisor with n. */
static void rank(sheet *s, int step)
{
    lg_ranking *ranking;
    logit_error err = {0};
    s->score = (logit_score){.classes = s->classes, .class_score = s->of};
    ck_assert(lg_ranking_create(&ranking, s->classes, s->n, NULL) == LOGIT_OK);
    for (int j = 0; j < s->n; j++) {
        const int i = (int)((int64_t)j * step % s->n);
        lg_ranking_add(ranking, s->log_odds + i * s->classes, s->truth[i], s->weight[i]);
    }
    ck_assert_msg(lg_ranking_finish(ranking, &s->score, &err) == LOGIT_OK, "%s", err.message);
    lg_ranking_destroy(ranking);
}

static float at(const sheet *s, int i, int c)
{
    return (float)s->log_odds[i * s->classes + c];
}

/* The definition: of all pairs of a sample of the class and one of the rest. */
static double pairs(const sheet *s, int c)
{
    double wins = 0.0, all = 0.0;
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->n && s->truth[i] == c; j++) {
            if (s->truth[j] == c) continue;
            const double pair = s->weight[i] * s->weight[j];
            const double share = at(s, i, c) > at(s, j, c)    ? 1.0
                                 : at(s, i, c) == at(s, j, c) ? 0.5
                                                              : 0.0;
            all += pair;
            wins += share * pair;
        }
    return wins / all;
}

/* What is said to be of the class at the threshold t: of the class (mine = 1), or of the rest. */
static double said(const sheet *s, int c, float t, int mine)
{
    double sum = 0.0;
    for (int i = 0; i < s->n; i++)
        if ((s->truth[i] == c) == mine && at(s, i, c) >= t) sum += s->weight[i];
    return sum;
}

/* Each sample of the class adds its share of the recall at the precision of its own threshold:
 * those of one threshold together are R_t - R_t-1. */
static double mean_precision(const sheet *s, int c)
{
    double sum = 0.0;
    for (int i = 0; i < s->n; i++) {
        if (s->truth[i] != c) continue;
        const double in = said(s, c, at(s, i, c), 1), out = said(s, c, at(s, i, c), 0);
        sum += s->weight[i] * in / (in + out);
    }
    return sum / said(s, c, -INFINITY, 1);
}

static const struct {
    int n, classes, levels, weighted;
} cases[] = {{40, 2, 0, 0},  {300, 3, 0, 0}, {300, 3, 1, 0},       {700, 2, 4, 0},
             {300, 3, 0, 1}, {300, 3, 2, 1}, {500, CLASSES, 1, 1}, {500, CLASSES, 0, 0}};

START_TEST(every_pair_is_counted)
{
    sheet *s = malloc(sizeof *s);
    double auc = 0.0, precision = 0.0, auc_by_weight = 0.0, precision_by_weight = 0.0, all = 0.0;
    fill(s, cases[_i].n, cases[_i].classes, cases[_i].levels, cases[_i].weighted);
    rank(s, 1);
    for (int c = 0; c < s->classes; c++) {
        const double a = pairs(s, c), p = mean_precision(s, c), weight = said(s, c, -INFINITY, 1);
        if (!cases[_i].weighted) ck_assert(s->of[c].auc == a);
        assert_near(&s->of[c].auc, &a, 1, 1e-13, 0.0);
        assert_near(&s->of[c].average_precision, &p, 1, 1e-13, 0.0);
        auc += a / s->classes;
        precision += p / s->classes;
        auc_by_weight += a * weight;
        precision_by_weight += p * weight;
        all += weight;
    }
    auc_by_weight /= all;
    precision_by_weight /= all;
    assert_near(&s->score.auc, &auc, 1, 1e-13, 0.0);
    assert_near(&s->score.average_precision, &precision, 1, 1e-13, 0.0);
    assert_near(&s->score.auc_weighted, &auc_by_weight, 1, 1e-13, 0.0);
    assert_near(&s->score.average_precision_weighted, &precision_by_weight, 1, 1e-13, 0.0);
    lg_ranking_clear(&s->score);
    free(s);
}
END_TEST

/* scikit-learn 1.2.1: with y and z as below, Y = numpy.eye(3)[y] and w the weights or None,
 *   roc_auc_score(Y[:, c], z[:, c], sample_weight=w), average_precision_score(the same)
 *   roc_auc_score(Y, z, average="weighted", sample_weight=w), average_precision_score(the same) */
static const int sk_y[] = {0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 2, 1};
static const double sk_z[][3] = {{2.5, -1, -3},  {0.5, 1, -2},    {-1, -1, 1},    {-1, 0.5, 0.5},
                                 {0.5, 0.5, -2}, {-2, 1, 0.5},    {-3, -2, 2.5},  {0.5, -1, -0.5},
                                 {1, 1, -2},     {-1, -0.5, 0.5}, {0.5, -2, 0.5}, {-2, 2, -3}};
static const double sk_w[] = {1, 2, .5, 1, 3, 1, .25, 2, 1, 1, 4, .5};
static const struct {
    double auc[3], precision[3], auc_weighted, precision_weighted;
} sk[] = {{{0.828125, 0.734375, 0.9375},
           {0.7361111111111112, 0.6, 0.8333333333333333},
           0.8333333333333334,
           0.7231481481481481},
          {{0.6925925925925926, 0.7059961315280464, 0.9243856332703214},
           {0.5901571546732837, 0.5216417569358747, 0.7755960729312763},
           0.7741305316095165,
           0.6301246382922813}};

START_TEST(figures_are_those_of_scikit_learn)
{
    sheet *s = calloc(1, sizeof *s);
    s->n = 12;
    s->classes = 3;
    for (int i = 0; i < 12; i++) {
        s->truth[i] = sk_y[i];
        s->weight[i] = _i ? sk_w[i] : 1.0;
        memcpy(s->log_odds + i * 3, sk_z[i], sizeof sk_z[i]);
    }
    rank(s, 1);
    for (int c = 0; c < 3; c++) {
        assert_near(&s->of[c].auc, &sk[_i].auc[c], 1, 1e-15, 0.0);
        assert_near(&s->of[c].average_precision, &sk[_i].precision[c], 1, 1e-15, 0.0);
    }
    assert_near(&s->score.auc_weighted, &sk[_i].auc_weighted, 1, 1e-15, 0.0);
    assert_near(&s->score.average_precision_weighted, &sk[_i].precision_weighted, 1, 1e-15, 0.0);
    lg_ranking_clear(&s->score);
    free(s);
}
END_TEST

/* Without weights all sums are exact: the order of the samples changes no bit. */
START_TEST(the_order_of_the_samples_makes_no_difference)
{
    sheet *s = malloc(sizeof *s);
    fill(s, 499, 3, 2, 0);
    rank(s, 1);
    const logit_score first = s->score;
    rank(s, 8);
    ck_assert(first.auc == s->score.auc && first.average_precision == s->score.average_precision);
    for (int c = 0; c < 3; c++) {
        const logit_class_curves *a = &first.curves[c], *b = &s->score.curves[c];
        const size_t bytes = 2 * (size_t)(a->roc_count + a->pr_count) * sizeof(double);
        ck_assert(a->roc_count == b->roc_count && a->pr_count == b->pr_count);
        ck_assert(memcmp(a->fpr, b->fpr, bytes) == 0);
    }
    logit_score one = first;
    lg_ranking_clear(&one);
    lg_ranking_clear(&s->score);
    free(s);
}
END_TEST

/* Two classes, given as log odds of the second. */
static logit_score rank_two(const double *log_odds, const int *truth, int n,
                            logit_class_score of[2])
{
    lg_ranking *ranking;
    logit_score score = {.classes = 2, .class_score = of};
    ck_assert(lg_ranking_create(&ranking, 2, n, NULL) == LOGIT_OK);
    for (int i = 0; i < n; i++) {
        const double both[] = {-log_odds[i], log_odds[i]};
        lg_ranking_add(ranking, both, truth[i], 1.0);
    }
    ck_assert(lg_ranking_finish(ranking, &score, NULL) == LOGIT_OK);
    lg_ranking_destroy(ranking);
    return score;
}

/* Signs, zeros of both signs, the ends of the line. */
START_TEST(every_float_has_its_place)
{
    static const double up[] = {-INFINITY, -1e300, -3e38, -1, -1e-45, 1e-45, 1, 3e38, 1e39};
    static const int truth[] = {0, 0, 0, 0, 0, 1, 1, 1, 1}, mixed[] = {1, 0};
    static const double zeros[] = {0.0, -0.0}, most[] = {1e39, INFINITY}; /* one float each */
    logit_class_score of[2];
    logit_score score = rank_two(up, truth, 9, of);
    ck_assert(of[0].auc == 1.0 && of[1].auc == 1.0 && score.average_precision == 1.0);
    lg_ranking_clear(&score);
    score = rank_two(zeros, mixed, 2, of);
    ck_assert(of[0].auc == 0.5 && of[1].auc == 0.5);
    lg_ranking_clear(&score);
    score = rank_two(most, mixed, 2, of);
    ck_assert(of[0].auc == 0.5 && of[1].average_precision == 0.5);
    lg_ranking_clear(&score);
}
END_TEST

START_TEST(what_cannot_be_ranked_has_no_figure)
{
    static const double up[] = {-1.0, 2.0}, lost[] = {1.0, NAN};
    static const int same[] = {1, 1}, truth[] = {0, 1};
    logit_class_score of[2];
    logit_score score = rank_two(up, same, 2, of); /* no sample of class 0, no rest of class 1 */
    ck_assert(isnan(of[0].auc) && isnan(of[1].auc) && isnan(of[0].average_precision));
    ck_assert(of[1].average_precision == 1.0 && score.average_precision == 1.0 && isnan(score.auc));
    ck_assert(score.curves[0].pr_count == 0 && score.curves[1].roc_count == 0 && !score.unranked);
    ck_assert_int_eq(score.curves[1].pr_count, 2);
    lg_ranking_clear(&score);
    score = rank_two(lost, truth, 2, of);
    ck_assert(isnan(score.auc) && isnan(of[1].auc) && isnan(score.average_precision_weighted));
    ck_assert_str_eq(score.unranked, "not finite");
    ck_assert_ptr_null(score.curves);
    score = rank_two(up, truth, 0, of);
    ck_assert(isnan(score.auc) && !score.curves);
}
END_TEST

START_TEST(sizes_are_counted_before_memory_is_taken)
{
    lg_ranking *ranking = NULL;
    logit_error err = {0};
    const double two[] = {1.0, -1.0};
    logit_class_score of[2];
    logit_score score = {.classes = 2, .class_score = of};
    ck_assert_uint_eq(lg_ranking_bytes(10, 1000), 1000 * (40 + 24));
    ck_assert_uint_eq(lg_ranking_bytes(10, INT64_MAX), SIZE_MAX);
    ck_assert_int_eq(lg_ranking_create(&ranking, 10, INT64_MAX, &err), LOGIT_E_NOMEM);
    ck_assert_ptr_null(ranking);
    ck_assert(lg_ranking_create(&ranking, 2, 1, NULL) == LOGIT_OK);
    lg_ranking_add(ranking, two, 0, 1.0);
    lg_ranking_add(ranking, two, 1, 1.0); /* one more than was announced */
    ck_assert_int_eq(lg_ranking_finish(ranking, &score, &err), LOGIT_E_NOMEM);
    lg_ranking_destroy(ranking);
    lg_ranking_destroy(NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------ all --- */

Suite *lg_suite_ranking(void);
Suite *lg_suite_ranking(void)
{
    Suite *suite = suite_create("ranking");
    TCase *figures = tcase_create("figures");
    tcase_add_loop_test(figures, every_pair_is_counted, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_loop_test(figures, figures_are_those_of_scikit_learn, 0, 2);
    tcase_add_test(figures, the_order_of_the_samples_makes_no_difference);
    tcase_add_test(figures, every_float_has_its_place);
    tcase_add_test(figures, what_cannot_be_ranked_has_no_figure);
    tcase_add_test(figures, sizes_are_counted_before_memory_is_taken);
    suite_add_tcase(suite, figures);
    return suite;
}
