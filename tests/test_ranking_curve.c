/* test_ranking_curve.c -- thinned curves: few points, all of the curve, none of it further than a
 * pixel from them. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "train/ranking.h"
#include "train/ranking_curve.h"

enum { MOST = 40000 };

typedef struct points {
    int count;
    double x[MOST], y[MOST];
} points;

/* The larger of how far (x, y) is from (px, py) across and up. */
static double apart(double x, double y, double px, double py)
{
    return fmax(fabs(x - px), fabs(y - py));
}

/* From a point to a segment: convex along it, so that thirds close in on the least. */
static double from_segment(const lg_thinned *t, int i, double x, double y)
{
    const double dx = t->x[i + 1] - t->x[i], dy = t->y[i + 1] - t->y[i];
    double a = 0.0, b = 1.0;
    for (int k = 0; k < 80; k++) {
        const double c = a + (b - a) / 3.0, d = b - (b - a) / 3.0;
        const int left = apart(t->x[i] + c * dx, t->y[i] + c * dy, x, y) <
                         apart(t->x[i] + d * dx, t->y[i] + d * dy, x, y);
        *(left ? &b : &a) = left ? d : c;
    }
    return apart(t->x[i] + a * dx, t->y[i] + a * dy, x, y);
}

/* The furthest that a point of the whole curve lies from the thinned one.  Between two points both
 * are straight, so that no more lies in between. */
static double furthest(const lg_thinned *t, const points *all)
{
    double most = 0.0;
    for (int p = 0; p < all->count; p++) {
        double least = INFINITY;
        for (int i = 0; i + 1 < t->count; i++)
            if (t->x[i] <= all->x[p] + 0.1 && t->x[i + 1] >= all->x[p] - 0.1)
                least = fmin(least, from_segment(t, i, all->x[p], all->y[p]));
        most = fmax(most, least);
    }
    return most;
}

/* Every kept point is one of the curve, in its order. */
static void check_kept(const lg_thinned *t, const points *all)
{
    int p = 0;
    for (int i = 0; i < t->count; i++) {
        while (p < all->count && (all->x[p] != t->x[i] || all->y[p] != t->y[i])) p++;
        ck_assert_msg(p < all->count, "point %d is none of the curve", i);
    }
    ck_assert(t->x[t->count - 1] == all->x[all->count - 1]);
    ck_assert(t->y[t->count - 1] == all->y[all->count - 1]);
}

static void thin_roc(const points *all, lg_thinned *t)
{
    lg_thinned_begin(t, 2.0 * LG_CURVE_PIXEL, (lg_curve_point){0});
    for (int p = 0; p < all->count; p++) {
        const double x = all->x[p], y = all->y[p];
        lg_thinned_add(t, (lg_curve_point){x + y, y - x, x, y});
    }
    ck_assert(lg_thinned_end(t));
}

static void add(points *to, double x, double y)
{
    to->x[to->count] = x;
    to->y[to->count++] = y;
}

/* Stairs of n equal steps: the finest that a pixel tells apart need the most points. */
static void stairs(points *to, int n)
{
    to->count = 0;
    for (int i = 0; i < n; i++) {
        add(to, (double)i / n, (double)i / n);
        add(to, (double)i / n, (i + 1.0) / n);
    }
    add(to, 1.0, 1.0);
}

START_TEST(two_hundred_points_tell_any_stairs)
{
    points *all = malloc(sizeof *all);
    int most = 0;
    for (int n = 1; n <= 420; n += n < 60 || n > 140 ? 7 : 1) {
        lg_thinned t;
        stairs(all, n);
        thin_roc(all, &t);
        check_kept(&t, all);
        ck_assert_int_le(t.count, LG_CURVE_POINTS);
        ck_assert_double_le(furthest(&t, all), LG_CURVE_PIXEL * (1.0 + 1e-9));
        most = t.count > most ? t.count : most;
    }
    ck_assert_int_ge(most, 190); /* the bound is no looser than need be */
    free(all);
}
END_TEST

/* 40,000 small steps along y = x^(1/4), as a good model's. */
START_TEST(a_smooth_curve_takes_few_points)
{
    points *all = malloc(sizeof *all);
    lg_thinned t;
    all->count = 0;
    for (int i = 0; i < MOST; i++) {
        const double x = pow((double)i / (MOST - 1), 4.0);
        add(all, x, (double)i / (MOST - 1));
    }
    thin_roc(all, &t);
    check_kept(&t, all);
    ck_assert_int_le(t.count, 20);
    ck_assert_double_le(furthest(&t, all), LG_CURVE_PIXEL * (1.0 + 1e-9));
    free(all);
}
END_TEST

/* A model's curves on 20,000 samples that by falling rank come in runs of class 1 and class 0 in
 * turn, each as long as `growth` times all before it, or `least`: the precision is a saw. */
static logit_score saw(int least, double growth, points *roc, points *pr)
{
    static logit_class_score of[2];
    logit_score score = {.classes = 2, .class_score = of};
    lg_ranking *ranking;
    int in = 0, out = 0, truth = 0, turn = 0;
    static int8_t truths[20000];
    for (int i = 0; i < 20000; i++) {
        if (i == turn) {
            turn = i + (int)fmax(least, growth * i);
            truth = !truth;
        }
        truths[i] = (int8_t)truth;
        in += truth;
    }
    const double all = in, rest = 20000 - in;
    in = roc->count = pr->count = 0;
    ck_assert(lg_ranking_create(&ranking, 2, 20000, NULL) == LOGIT_OK);
    add(roc, 0.0, 0.0);
    add(pr, 0.0, 1.0);
    for (int i = 0; i < 20000; i++) {
        const double both[] = {i, -i};
        lg_ranking_add(ranking, both, truths[i], 1.0);
        in += truths[i];
        out += !truths[i];
        add(roc, out / rest, in / all);
        if (truths[i]) add(pr, in / all, (double)in / (in + out));
    }
    ck_assert(lg_ranking_finish(ranking, &score, NULL) == LOGIT_OK);
    lg_ranking_destroy(ranking);
    return score;
}

static lg_thinned curve_of(const double *x, const double *y, int count)
{
    lg_thinned t = {.count = count};
    for (int i = 0; i < count; i++) {
        t.x[i] = x[i];
        t.y[i] = y[i];
    }
    return t;
}

/* Where the teeth of the precision are too many for 200 points its tolerance is doubled, and then a
 * pixel would not have done. */
static const struct {
    int least;
    double growth, pixels;
} saws[] = {{1, 0.0, 1.0}, {10, 0.0, 1.0}, {2500, 0.0, 1.0}, {1, 0.022, 2.0}, {1, 0.2, 1.0}};

START_TEST(a_saw_is_told_as_well_as_200_points_can)
{
    points *roc = malloc(sizeof *roc), *pr = malloc(sizeof *pr);
    logit_score score = saw(saws[_i].least, saws[_i].growth, roc, pr);
    const logit_class_curves *of = &score.curves[1];
    const lg_thinned a = curve_of(of->fpr, of->tpr, of->roc_count);
    const lg_thinned b = curve_of(of->recall, of->precision, of->pr_count);
    const double off = furthest(&b, pr);
    ck_assert_int_le(a.count, LG_CURVE_POINTS);
    ck_assert_int_le(b.count, LG_CURVE_POINTS);
    check_kept(&a, roc);
    check_kept(&b, pr);
    ck_assert_double_le(furthest(&a, roc), LG_CURVE_PIXEL * (1.0 + 1e-9));
    ck_assert_double_le(off, saws[_i].pixels * LG_CURVE_PIXEL * (1.0 + 1e-9));
    ck_assert(saws[_i].pixels == 1.0 || off > LG_CURVE_PIXEL);
    lg_ranking_clear(&score);
    free(roc);
    free(pr);
}
END_TEST

Suite *lg_suite_ranking_curve(void);
Suite *lg_suite_ranking_curve(void)
{
    Suite *suite = suite_create("ranking_curve");
    TCase *tests = tcase_create("curves");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, two_hundred_points_tell_any_stairs);
    tcase_add_test(tests, a_smooth_curve_takes_few_points);
    tcase_add_loop_test(tests, a_saw_is_told_as_well_as_200_points_can, 0,
                        (int)(sizeof saws / sizeof *saws));
    suite_add_tcase(suite, tests);
    return suite;
}
