/* test_compare_update.c -- bounds of new weights and states hold, for the processor's updates and
 * for gradients that lie elsewhere.
 *
 * Tests (suite compare_update).  The truth is the reference's; inputs are floats, the same for
 * both. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/rig.h"
#include "train/compare_bound.h"
#include "train/compare_party.h"

Suite *lg_suite_compare_update(void);

static const double u = 0x1p-24;

/* The largest |got - want| / bound; a NaN or a bound that does not hold fails. */
static double worst(const double *got, const double *want, const double *bound, int64_t count,
                    const char *what)
{
    double most = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double off = fabs(got[i] - want[i]);
        ck_assert_msg(off <= bound[i], "%s[%lld]: got %.17g, want %.17g, off by %.3g of the bound",
                      what, (long long)i, got[i], want[i], off / bound[i]);
        if (off / bound[i] > most) most = off / bound[i];
    }
    return most;
}

static lg_party *open_party(const char *device, const lg_problem_shape *shape, int target_width)
{
    lg_party *party;
    logit_error err;
    const logit_status status =
        lg_party_open(&party, device, LG_PRECISION_F32, 1, shape, target_width, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return party;
}

static lg_scalars scalars_of(int i)
{
    lg_scalars s = rig_scalars();
    const int t = i % 4 + 1;
    s.lr = 0.013 * t;
    s.l2 = i % 3 ? 0.07 : 0.0;
    s.decay = i % 5 ? 0.011 : 0.0;
    s.momentum = i % 2 ? 0.9 : 0.0;
    s.beta1 = 0.9;
    s.beta2 = 0.999;
    s.epsilon = 1e-8;
    s.correct1 = 1.0 / (1.0 - pow(0.9, t));
    s.correct2 = 1.0 / (1.0 - pow(0.999, t));
    return s;
}

enum { WEIGHTS = 2000 };

/* Gradients of all sizes, states as steps before leave them. */
static void draw_weights(double values[4][WEIGHTS], int first)
{
    for (int i = 0; i < WEIGHTS; i++) {
        const double size = exp2(rig_uniform(920, (uint64_t)i, -40, 3));
        const double old = exp2(rig_uniform(921, (uint64_t)i, -20, 2));
        values[0][i] = rig_uniform(922, (uint64_t)i, -1, 1);
        values[1][i] = (double)(float)(size * rig_uniform(923, (uint64_t)i, -1, 1));
        values[2][i] = first ? 0.0 : (double)(float)(old * rig_uniform(924, (uint64_t)i, -1, 1));
        values[3][i] =
            first ? 0.0 : (double)(float)(old * old * rig_uniform(925, (uint64_t)i, 0, 1));
    }
}

static void run_update(const char *device, lg_optim optim, int nesterov, const lg_scalars *scalars,
                       double values[4][WEIGHTS], double out[3][WEIGHTS])
{
    const lg_problem_shape shape = {.features = WEIGHTS,
                                    .batch = 1,
                                    .outputs = 1,
                                    .settings = 1,
                                    .loss = LG_LOSS_MSE,
                                    .optim = optim,
                                    .nesterov = nesterov};
    static const lg_array in[] = {LG_ARRAY_W, LG_ARRAY_GW, LG_ARRAY_STATE_W0, LG_ARRAY_STATE_W1};
    static const lg_array after[] = {LG_ARRAY_W, LG_ARRAY_STATE_W0, LG_ARRAY_STATE_W1};
    const uint8_t *pixels = calloc(WEIGHTS, 1);
    const int32_t label = 0;
    const lg_minibatch mini = {.count = 1, .pixels = pixels, .label = &label};
    lg_party *party = open_party(device, &shape, 0);
    ck_assert_int_eq(lg_party_batch(party, &mini, scalars, NULL), LOGIT_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(lg_party_put(party, in[i], values[i], NULL), LOGIT_OK);
    ck_assert_int_eq(lg_party_run(party, LG_STAGE_UPDATE, NULL), LOGIT_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(lg_party_get(party, after[i], out[i], NULL), LOGIT_OK);
    lg_party_close(party);
    free((void *)(uintptr_t)pixels);
}

static void bounds_of(const lg_bound_rule *rule, double values[4][WEIGHTS], double away,
                      double bound[3][WEIGHTS])
{
    for (int i = 0; i < WEIGHTS; i++) {
        const lg_bound_weight weight = {
            values[0][i], values[1][i], away * fabs(values[1][i]), {values[2][i], values[3][i]}};
        double each[1 + LG_OPTIM_STATES] = {0.0};
        lg_bound_update(rule, &weight, each);
        for (int k = 0; k < 3; k++) bound[k][i] = each[k];
    }
}

static double values[4][WEIGHTS], moved[4][WEIGHTS];
static double got[3][WEIGHTS], want[3][WEIGHTS], bound[3][WEIGHTS];

/* optimiser x scalars x Nesterov or first step */
START_TEST(updates_of_the_processor_lie_within)
{
    const lg_optim optim = (lg_optim)(_i % LG_OPTIM_COUNT);
    const lg_scalars scalars = scalars_of(_i);
    const lg_bound_rule rule = {.optim = optim, .nesterov = _i % 7 > 3, .scalars = &scalars};
    const int kept = lg_bound_keeps(optim, &scalars) ? 1 + lg_optims[optim].states : 1;
    draw_weights(values, _i % 4 == 0);
    run_update("cpu", optim, rule.nesterov, &scalars, values, got);
    run_update("ref", optim, rule.nesterov, &scalars, values, want);
    bounds_of(&rule, values, 0.0, bound);
    for (int k = 0; k < kept; k++) {
        ck_assert_double_gt(worst(got[k], want[k], bound[k], WEIGHTS, "update"), 0.2);
        if (k > 0) continue;
        for (int i = 0; i < WEIGHTS; i++) /* a few ulps of what goes into it */
            ck_assert_double_lt(bound[0][i], 16 * u * (1.0 + scalars.lr * 40.0));
    }
}
END_TEST

/* Gradients anywhere within `away` give weights within the bound. */
START_TEST(distant_gradients_lie_within)
{
    static const double size[] = {1e-6, 1e-2, 0.7, 3.0, 100.0};
    const lg_optim optim = (lg_optim)(_i % LG_OPTIM_COUNT);
    const lg_scalars scalars = scalars_of(_i);
    const lg_bound_rule rule = {.optim = optim, .nesterov = _i % 7 > 3, .scalars = &scalars};
    const int kept = lg_bound_keeps(optim, &scalars) ? 1 + lg_optims[optim].states : 1;
    const double away = size[_i % 5];
    draw_weights(values, _i % 4 == 0);
    memcpy(moved, values, sizeof moved);
    for (int i = 0; i < WEIGHTS; i++) /* rounded towards the gradient it began from */
        moved[1][i] =
            (double)(float)(values[1][i] * (1.0 + (i % 2 ? away : -away) * (1.0 - 2 * u)));
    run_update("ref", optim, rule.nesterov, &scalars, values, want);
    run_update("ref", optim, rule.nesterov, &scalars, moved, got);
    bounds_of(&rule, values, away, bound);
    for (int k = 0; k < kept; k++) worst(got[k], want[k], bound[k], WEIGHTS, "step");
    /* adam's step is no longer than its cap, however far the gradient may be */
    for (int i = 0; i < WEIGHTS && optim == LG_OPTIM_ADAM && _i % 4 == 0; i++)
        ck_assert_double_lt(bound[0][i], 2.5 * scalars.lr + 16 * u);
}
END_TEST

Suite *lg_suite_compare_update(void)
{
    Suite *suite = suite_create("compare_update");
    TCase *tc = tcase_create("compare_update");
    tcase_add_loop_test(tc, updates_of_the_processor_lie_within, 0, 36);
    tcase_add_loop_test(tc, distant_gradients_lie_within, 0, 60);
    suite_add_tcase(suite, tc);
    return suite;
}
