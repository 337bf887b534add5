/* test_twins_loss.c -- losses and slopes of every backend, given the same logits.
 *
 * Tests (suite twins_loss).  First the vectors, then drawn rows: every loss, class or soft
 * targets, smoothing, weights and settings, for every width of row a kernel may treat on its own.
 * Bounds are those derived in RELIABILITY section 4, element by element. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/oracle.h"
#include "tests/pair.h"
#include "tests/vectors.h"

Suite *lg_suite_twins_loss(void);

/* -log p of softmax: 128 u always, 8 u where the loss is 0.1 or more; the sigmoid's with one
 * output: 2 ulp.  float32 has nothing between 0 and 2^-149. */
static double loss_bound(lg_loss loss, int k, double want)
{
    const int easy = fabs(want) >= 0.1 || (loss == LG_LOSS_SIGMOID && k == 1);
    return (easy ? 8 : 128) * pair_u * fabs(want) + pair_tiny;
}

START_TEST(known_losses)
{
    const vector *v = &vectors[_i];
    const int32_t label = v->label;
    lg_scalars scalars = rig_scalars();
    scalars.smoothing = v->smoothing;
    pair p;
    for (int row = 0; pair_open_next(&p, &row, (rig_shape){.n = 1, .d = 1, .k = v->k, .s = 1});
         pair_close(&p)) {
        rig *r = &p.device;
        double loss, dz[4];
        r->step.loss = v->loss;
        rig_give(r, RIG_LABEL, &label);
        rig_give(r, RIG_SCALARS, &scalars);
        rig_put(r, RIG_Z, v->z);
        rig_run(r, RIG_OP_LOSS);
        rig_get(r, RIG_ROW_LOSS, &loss);
        rig_get(r, RIG_Z, dz);
        const double want = (double)(float)v->want; /* S14: more than a float can hold */
        const double bound = isinf(want) ? 0.0 : loss_bound(v->loss, v->k, want);
        char name[64], message[NEAR_MESSAGE];
        snprintf(name, sizeof name, "%s %s", r->backend->ops->name, v->id);
        const near_pair numbers = {name, &loss, &want, sizeof loss, sizeof want, 1};
        if (near_check(numbers, (near_bound){.absolute = bound}, message))
            ck_abort_msg("%s", message);
        for (int j = 0; j < v->k; j++) ck_assert_msg(isfinite(dz[j]), "%s", name);
    }
}
END_TEST

/* ------------------------------------------------------------------------- drawn rows --- */

/* k by kernel regime, as in test_twins.c; n about a block of rows where k is small. */
static const rig_shape shapes[] = {
    {.n = 1, .d = 1, .k = 1, .s = 1},    {.n = 2, .d = 1, .k = 2, .s = 1},
    {.n = 7, .d = 1, .k = 3, .s = 1},    {.n = 128, .d = 1, .k = 10, .s = 1},
    {.n = 129, .d = 1, .k = 10, .s = 3}, {.n = 129, .d = 1, .k = 1, .s = 3},
    {.n = 13, .d = 1, .k = 15, .s = 1},  {.n = 13, .d = 1, .k = 16, .s = 1},
    {.n = 13, .d = 1, .k = 17, .s = 3},  {.n = 13, .d = 1, .k = 31, .s = 1},
    {.n = 13, .d = 1, .k = 32, .s = 1},  {.n = 13, .d = 1, .k = 33, .s = 3},
    {.n = 13, .d = 1, .k = 100, .s = 1}, {.n = 33, .d = 1, .k = 257, .s = 2},
    {.n = 9, .d = 1, .k = 512, .s = 1},  {.n = 9, .d = 1, .k = 513, .s = 3},
    {.n = 9, .d = 1, .k = 1000, .s = 1}, {.n = 9, .d = 1, .k = 2048, .s = 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, CASES = SHAPES * 4 };

/* Rows from calm to hopeless. */
static void draw_logits(const rig_shape *shape, double *z)
{
    static const double spread[] = {1, 10, 80, 300};
    const int64_t width = (int64_t)shape->s * shape->k;
    for (int64_t i = 0; i < shape->n * width; i++) {
        const double most = spread[i / width % 4];
        z[i] = rig_uniform(95, (uint64_t)i, -most, most);
    }
}

/* What float32 may be off by in one row: in the loss, and in each slope. */
typedef struct row_bound {
    double loss;
    double *slope; /* [k] */
} row_bound;

/* rel(p_j) <= (gap_j + 2 c_e + h + log k + 1) u with c_e = 2 and h = log2 k + 8 sums in a row on
 * the longest path; then p_j - t_j: t is off by 2 u at most,
 * and the difference is rounded. */
static void softmax_bound(const oracle_sample *sample, const double *z, row_bound *bound)
{
    const int k = sample->k;
    double top = z[0], sum = 0.0;
    for (int j = 1; j < k; j++) top = fmax(top, z[j]);
    for (int j = 0; j < k; j++) sum += exp(z[j] - top);
    for (int j = 0; j < k; j++) {
        const double gap = top - z[j], p = exp(-gap) / sum, t = (double)oracle_target(sample, j);
        bound->slope[j] = ((gap + 13 + log2(k) + log(k)) * p + 3 * t) * pair_u + pair_tiny;
    }
}

/* Each q to 3 ulp; a target that is no 0 or 1 is itself rounded, and so is its product with z. */
static void sigmoid_bound(const oracle_sample *sample, const double *z, row_bound *bound)
{
    const int rounded = sample->target || sample->smoothing > 0.0;
    for (int j = 0; j < sample->k; j++) {
        const double q = 1 / (1 + exp(-z[j])), t = (double)oracle_target(sample, j);
        bound->slope[j] = (6 * q + 3 * t) * pair_u + pair_tiny;
        if (rounded) bound->loss += 2 * pair_u * t * fabs(z[j]);
    }
}

/* z - t, where t is rounded, squared. */
static void mse_bound(const oracle_sample *sample, const double *z, row_bound *bound)
{
    for (int j = 0; j < sample->k; j++) {
        const double t = (double)oracle_target(sample, j);
        bound->slope[j] = (fabs(z[j] - t) + 2 * fabs(t)) * pair_u;
        bound->loss += fabs(z[j] - t) * bound->slope[j];
    }
}

/* Fills bounds for the losses [n][s] and slopes [n][s*k] of a case. */
static void bounds_of(pair *p, const problem_truth *truth, const double *z, double *loss,
                      double *slope)
{
    const rig_shape *shape = &p->ref.shape;
    double *want_loss = problem_get(&p->ref, RIG_ROW_LOSS), *want = problem_get(&p->ref, RIG_Z);
    const lg_step *step = &p->ref.step; /* whose memory is the host's */
    for (int64_t i = 0; i < shape->n * shape->s; i++) {
        const int64_t row = i / shape->s;
        const lg_scalars *scalars = &step->scalars[i % shape->s];
        const double weight = step->batch.weight ? (double)step->batch.weight[row] : 1.0;
        const oracle_sample sample = {
            .loss = truth->loss,
            .k = shape->k,
            .label = truth->soft ? 0 : step->batch.label[row],
            .target = truth->soft ? step->batch.target + row * shape->k : NULL,
            .smoothing = scalars->smoothing,
        };
        row_bound bound = {0.0, slope + i * shape->k};
        if (truth->loss == LG_LOSS_SOFTMAX) softmax_bound(&sample, z + i * shape->k, &bound);
        if (truth->loss == LG_LOSS_SIGMOID) sigmoid_bound(&sample, z + i * shape->k, &bound);
        if (truth->loss == LG_LOSS_MSE) mse_bound(&sample, z + i * shape->k, &bound);
        loss[i] = bound.loss + loss_bound(truth->loss, shape->k, want_loss[i]);
        for (int64_t j = i * shape->k; j < (i + 1) * shape->k; j++)
            slope[j] = slope[j] * weight * scalars->scale + 3 * pair_u * fabs(want[j]) + pair_tiny;
    }
    free(want_loss);
    free(want);
}

/* gb against the sums of the device's own slopes: no error but that of adding them up. */
static void compare_bias(pair *p, const double *before)
{
    const int64_t width = rig_count(&p->device, RIG_GB), n = p->device.shape.n;
    double *gb = problem_get(&p->device, RIG_GB), *dz = problem_get(&p->device, RIG_Z);
    double *want = rig_doubles(width), *bound = rig_doubles(width);
    for (int64_t c = 0; c < width; c++) {
        want[c] = before ? before[c] : 0.0;
        bound[c] = fabs(want[c]);
        for (int64_t i = 0; i < n; i++) {
            want[c] += dz[i * width + c];
            bound[c] += fabs(dz[i * width + c]);
        }
        bound[c] = 8 * sqrt((double)n + 1) * pair_u * bound[c] + pair_tiny;
    }
    assert_within(gb, want, bound, width);
    free(gb);
    free(dz);
    free(want);
    free(bound);
}

static void compare_losses(pair *p, const problem_truth *truth, const char *what)
{
    double *z = rig_doubles(rig_count(&p->ref, RIG_Z));
    double *loss = rig_doubles(rig_count(&p->ref, RIG_ROW_LOSS));
    double *slope = rig_doubles(rig_count(&p->ref, RIG_Z));
    draw_logits(&p->ref.shape, z);
    pair_put(p, RIG_Z, z);
    pair_fill(p, RIG_GB, 96, -1, 1);
    double *before = problem_get(&p->ref, RIG_GB);
    pair_run(p, RIG_OP_LOSS);
    bounds_of(p, truth, z, loss, slope);
    char name[80];
    snprintf(name, sizeof name, "%s: loss", what);
    pair_compare(p, RIG_ROW_LOSS, loss, name);
    snprintf(name, sizeof name, "%s: dz", what);
    pair_compare(p, RIG_Z, slope, name);
    compare_bias(p, p->ref.step.accumulate ? before : NULL);
    free(z);
    free(loss);
    free(slope);
    free(before);
}

/* loss x shape x (class, soft, class with weights, soft with weights); the settings of one case
 * have smoothing 0, 0.1, 0.2; a single one has 0.1 where the case's number is odd. */
START_TEST(losses_and_slopes_agree)
{
    const problem_truth truth = {(lg_loss)(_i / CASES), _i % 2, _i / 2 % 2};
    const rig_shape shape = shapes[_i % CASES / 4];
    char what[60];
    pair p;
    for (int row = 0; pair_open_next(&p, &row, shape); pair_close(&p)) {
        pair_tell(&p, truth);
        problem_give_scalars(&p.device, 1.0 / (double)shape.n);
        problem_give_scalars(&p.ref, 1.0 / (double)shape.n);
        for (int turn = 0; turn < 2; turn++) {
            p.device.step.accumulate = p.ref.step.accumulate = turn;
            snprintf(what, sizeof what, "%s%s%s%s", lg_losses[truth.loss].name,
                     truth.soft ? ", soft" : "", truth.weighted ? ", weighted" : "",
                     turn ? ", smooth" : "");
            compare_losses(&p, &truth, what);
            if (shape.s > 1) continue;
            lg_scalars smooth = rig_scalars();
            smooth.smoothing = 0.1;
            pair_give(&p, RIG_SCALARS, &smooth);
        }
    }
}
END_TEST

Suite *lg_suite_twins_loss(void)
{
    Suite *suite = suite_create("twins_loss");
    TCase *tc = tcase_create("losses");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, known_losses, 0, VECTORS);
    tcase_add_loop_test(tc, losses_and_slopes_agree, 0, CASES * LG_LOSS_COUNT);
    suite_add_tcase(suite, tc);
    return suite;
}
