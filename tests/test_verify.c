/* test_verify.c -- certificates, beside the optimum itself by Newton's method. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/newton.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"
#include "train/model.h"

Suite *lg_suite_verify(void);

enum { COUNT = 120, MOST = 8 };

static void ready(void)
{
    begin();
    options.optimizer = "lbfgs";
    options.normalize = "unit";
    options.val_split = 0.0;
    options.epochs = 0;
}

static const struct {
    const char *loss;
    lg_loss id;
    int classes;
    double l2, smoothing;
} cases[] = {
    {"softmax", LG_LOSS_SOFTMAX, 3, 1e-2, 0.0}, {"softmax", LG_LOSS_SOFTMAX, 2, 1e-1, 0.1},
    {"sigmoid", LG_LOSS_SIGMOID, 2, 1e-2, 0.0}, {"sigmoid", LG_LOSS_SIGMOID, 3, 1e-2, 0.1},
    {"mse", LG_LOSS_MSE, 3, 1e-2, 0.0},
};
enum { CASES = sizeof cases / sizeof *cases };

/* A weight of a run's model is moved by `size`, all of them at random. */
static void perturb(const char *run, double size)
{
    logit_model *m;
    logit_error err;
    char path[600];
    snprintf(path, sizeof path, "%s/model.safetensors", small_set_path(run));
    ck_assert_msg(lg_model_load(&m, path, NULL, &err) == LOGIT_OK, "%s", err.message);
    srand(1);
    for (int64_t i = 0; i < m->outputs * m->features; i++)
        m->weight[i] += (float)(size * (rand() / (double)RAND_MAX - 0.5));
    m->bias[0] += (float)size;
    ck_assert_msg(lg_model_save(m, path, &err) == LOGIT_OK, "%s", err.message);
    lg_model_destroy(m);
}

/* Logits of sample i; the largest, or the sign. */
static int chosen(const newton *p, const double *w, const double *b, int i)
{
    double z[MOST], best = -INFINITY;
    int top = 0;
    for (int c = 0; c < p->outputs; c++) {
        z[c] = b[c];
        for (int j = 0; j < SMALL_PIXELS; j++)
            z[c] += w[c * SMALL_PIXELS + j] * p->x[i * SMALL_PIXELS + j];
        if (z[c] > best) top = c;
        best = fmax(best, z[c]);
    }
    return p->outputs == 1 ? z[0] > 0.0 : top;
}

/* The doubts of the last certificate: samples of its parts, all told, whether sample i of the
 * training part is one, and the class that it is said to be. */
static struct {
    int64_t count;
    char is[COUNT];
    int said[COUNT];
} doubts;

static void on_doubt(void *user, const logit_doubt *doubt)
{
    (void)user;
    doubts.count++;
    ck_assert_double_le(doubt->margin, doubt->reach);
    ck_assert_ptr_nonnull(strstr(doubt->name, "idx"));
    ck_assert_uint_gt(strlen(doubt->said), 0);
    if (strcmp(doubt->part, "train") != 0 || doubt->index >= COUNT) return;
    doubts.is[doubt->index] = 1;
    doubts.said[doubt->index] = atoi(doubt->said);
}

static logit_certificate certificate_of(const char *run, const char *set, logit_status want)
{
    logit_certificate c;
    logit_error err = {0};
    logit_model *model = open_model(run);
    const logit_watch watch = {.doubt = on_doubt};
    memset(&doubts, 0, sizeof doubts);
    const logit_status got = logit_verify(model, small_set_path(set), &options, &watch, &c, &err);
    for (int i = 0; i < c.parts; i++) doubts.count += c.part[i].certain - c.part[i].count;
    ck_assert_int_eq((int)doubts.count, 0); /* one for each prediction that is not certain */
    ck_assert_msg(got == want, "status %d, want %d: %s", got, want, err.message);
    logit_model_close(model);
    return c;
}

/* The optimum lies inside of what the certificate says, nearly at its edge for no model, and all
 * that it calls certain is. */
static void hold(const newton *p, const logit_certificate *c, const char *run, const double *best_w,
                 const double *best_b, double best)
{
    logit_model *model = open_model(run);
    const logit_model_info m = logit_model_describe(model);
    double w[MOST * SMALL_PIXELS], b[MOST], distance = 0.0;
    int same = 0;
    for (int i = 0; i < p->outputs * SMALL_PIXELS; i++) {
        w[i] = (double)m.weight[i];
        distance += (w[i] - best_w[i]) * (w[i] - best_w[i]);
    }
    for (int k = 0; k < p->outputs; k++) b[k] = (double)m.bias[k];
    ck_assert_double_le(sqrt(distance), c->radius);
    ck_assert_double_le(c->objective - best, c->gap * (1.0 + 1e-9) + 1e-13);
    ck_assert_double_ge(c->objective - best, -1e-13);
    ck_assert_double_le(c->objective, newton_objective(p, w, b, NULL) + 1e-13);
    for (int i = 0; i < p->count; i++) {
        const int is_same = chosen(p, w, b, i) == chosen(p, best_w, best_b, i);
        ck_assert_msg(is_same || doubts.is[i], "sample %d was called certain", i);
        if (doubts.is[i]) ck_assert_int_eq(doubts.said[i], chosen(p, w, b, i));
        same += is_same;
    }
    ck_assert_int_eq(c->parts, 1);
    ck_assert_int_eq((int)c->part[0].count, p->count);
    ck_assert_int_le((int)c->part[0].certain, same);
    logit_model_close(model);
}

START_TEST(the_optimum_lies_inside_of_the_certificate)
{
    newton p = newton_small_set(cases[_i].id, COUNT, cases[_i].classes);
    double w[MOST * SMALL_PIXELS], b[MOST];
    p.l2 = cases[_i].l2;
    p.smoothing = cases[_i].smoothing;
    const double best = newton_minimise(&p, w, b);
    small_set_write_idx(small_set_path("set"), "train", COUNT, cases[_i].classes);
    options.loss = cases[_i].loss;
    options.l2 = (logit_list){1, {cases[_i].l2}};
    options.label_smoothing = (logit_list){1, {cases[_i].smoothing}};
    options.tolerance = 1e-6;
    train("set", "run", LOGIT_OK, NULL);
    const logit_certificate near = certificate_of("run", "set", LOGIT_OK);
    hold(&p, &near, "run", w, b, best);
    ck_assert_int_gt((int)near.part[0].certain, COUNT / 2);
    double before = near.radius;
    options.tolerance = 0.0; /* no model is that near */
    for (double size = 1e-3; size < 1.0; size *= 30.0) {
        perturb("run", size);
        const logit_certificate far = certificate_of("run", "set", LOGIT_E_CHECK);
        hold(&p, &far, "run", w, b, best);
        ck_assert_double_gt(far.radius, 2.0 * before);
        before = far.radius;
    }
    newton_close(&p);
}
END_TEST

/* The part that was held out is not of the objective, and class weights are. */
START_TEST(the_training_part_is_that_of_the_training)
{
    options.l2 = (logit_list){1, {1e-2}};
    options.val_split = 0.25;
    options.seed = 7;
    options.class_weight = "balanced";
    options.tolerance = 1e-6;
    const logit_summary s = train("idx", "run", LOGIT_OK, NULL);
    options.val_split = 0.1; /* the model knows better */
    options.seed = 0;
    options.class_weight = NULL;
    const logit_certificate c = certificate_of("run", "idx", LOGIT_OK);
    ck_assert_int_eq((int)c.samples, 225);
    ck_assert_double_le(fabs(c.objective - s.objective), 1e-6 * s.objective);
    ck_assert_int_eq(c.parts, 2);
    ck_assert_int_eq((int)c.part[1].count, 75);
}
END_TEST

START_TEST(any_number_of_threads_proves_the_same)
{
    options.l2 = (logit_list){1, {1e-2}};
    train("idx", "run", LOGIT_OK, NULL);
    logit_certificate one, more;
    options.tolerance = 1e-2;
    options.threads = 1;
    one = certificate_of("run", "idx", LOGIT_OK);
    options.threads = 5;
    more = certificate_of("run", "idx", LOGIT_OK);
    ck_assert(one.gradient == more.gradient && one.objective == more.objective);
    ck_assert(one.part[0].certain == more.part[0].certain);
}
END_TEST

START_TEST(without_l2_there_is_no_certificate)
{
    options.l2 = (logit_list){1, {_i ? 1e-2 : 0.0}};
    options.l1 = (logit_list){1, {_i ? 1e-3 : 0.0}};
    train("idx", "run", LOGIT_OK, NULL);
    ck_assert(certificate_of("run", "idx", LOGIT_E_CHECK).radius == 0.0);
}
END_TEST

Suite *lg_suite_verify(void)
{
    Suite *suite = suite_create("verify");
    TCase *tc = tcase_create("certificates");
    tcase_add_checked_fixture(tc, ready, small_set_end);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, the_optimum_lies_inside_of_the_certificate, 0, CASES);
    tcase_add_test(tc, the_training_part_is_that_of_the_training);
    tcase_add_test(tc, any_number_of_threads_proves_the_same);
    tcase_add_loop_test(tc, without_l2_there_is_no_certificate, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}
