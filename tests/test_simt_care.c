/* test_simt_care.c -- precisions, and devices that are not there, on the stand-in.
 *
 * Tests (suite simt_care).  tf32 and bf16 lose what their fractions say and no more; no driver, an
 * old one, no device, too few: each is told apart. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pair.h"
#include "tests/simt_runs.h"
#include "tests/small_set.h"
#include "tests/train_rig.h"

Suite *lg_suite_simt_care(void);

/* ------------------------------------------------------------------------------ precisions --- */

static lg_backend *open_precise(lg_precision precision)
{
    const lg_backend_options how = {.threads = 1, .precision = precision};
    lg_backend *backend;
    logit_error err = {.message = ""};
    const logit_status status = lg_backend_open(&backend, "simt", &how, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return backend;
}

/* The largest relative error of products of two factors, one in each sum: by `logits` x w with one
 * feature, by `gradient` dz x with one row. */
static double worst_product(lg_precision precision, rig_op op)
{
    const int forward = op == RIG_OP_LOGITS;
    const rig_shape shape = {.n = forward ? 64 : 1, .d = forward ? 1 : 64, .k = 64, .s = 1};
    const rig_array out = forward ? RIG_Z : RIG_GW, factor = forward ? RIG_W : RIG_Z;
    rig r;
    rig_open(&r, open_precise(precision), shape);
    problem_fill(&r, RIG_X, 500, 1, 2);
    problem_fill(&r, factor, 501, 1, 2);
    problem_fill(&r, RIG_B, 0, 0, 0);
    double *x = problem_get(&r, RIG_X), *y = problem_get(&r, factor);
    rig_run(&r, op);
    double *z = problem_get(&r, out), worst = 0.0;
    for (int64_t i = 0; i < 64 * 64; i++) {
        const double want = forward ? x[i / 64] * y[i % 64] : x[i % 64] * y[i / 64];
        worst = fmax(worst, fabs(z[i] - want) / want);
    }
    free(x);
    free(y);
    free(z);
    rig_close(&r);
    return worst;
}

/* Two factors, each off by at most u, and the product in float32: at most 2u + u^2 + 2^-24; and of
 * 4096 products of random factors some come near: more than u. */
START_TEST(products_are_as_precise_as_their_factors) /* precision x op */
{
    const lg_precision precision = (lg_precision)(_i / 2);
    const double unit = lg_precisions[precision].unit;
    if (!simt_is_built()) return;
    const double worst = worst_product(precision, _i % 2 ? RIG_OP_LOGITS : RIG_OP_GRADIENT);
    if (precision == LG_PRECISION_F32)
        ck_assert_msg(worst <= unit, "%g", worst); /* the product alone is rounded */
    else
        ck_assert_msg(worst > unit && worst <= 2 * unit + unit * unit + pair_u, "%g, unit %g",
                      worst, unit);
}
END_TEST

/* Far more than float32 drifts, and no more than a step in each direction may lose. */
START_TEST(trainings_differ_by_their_precision) /* tf32, bf16 x variant */
{
    static const char *const of[] = {"softmax, sgd", "softmax, momentum", "softmax, adam"};
    const simt_variant *v = simt_find(of[_i / 2]);
    const lg_precision precision = _i % 2 ? LG_PRECISION_TF32 : LG_PRECISION_BF16;
    const double unit = lg_precisions[precision].unit;
    if (!simt_is_built()) return;
    simt_choose(v, 2);
    options.device = "simt";
    train(v->set, "full", LOGIT_OK, NULL);
    options.precision = lg_precisions[precision].name;
    train(v->set, "less", LOGIT_OK, NULL);
    simt_count();
    simt_count();
    logit_model *a = open_model("less"), *b = open_model("full");
    const logit_model_info got = logit_model_describe(a), want = logit_model_describe(b);
    double largest = 0.0, apart = 0.0;
    for (int64_t i = 0; i < want.outputs * want.features; i++) {
        largest = fmax(largest, fabs((double)want.weight[i]));
        apart = fmax(apart, fabs((double)got.weight[i] - (double)want.weight[i]));
    }
    ck_assert_msg(apart > unit / 16 * largest && apart < 4 * unit * largest,
                  "%s, %s: weights are %g of the largest apart", v->what, options.precision,
                  apart / largest);
    logit_model_close(a);
    logit_model_close(b);
}
END_TEST

/* --------------------------------------------------------------------------------- devices --- */

/* What the machine has, and what is said where that does not do. */
static const struct {
    const char *variable, *value, *device;
    const char *says[3];
} machines[] = {
    {"LOGIT_SIMT_DRIVER", "0", "simt", {"no NVIDIA driver", "built with CUDA"}},
    {"LOGIT_SIMT_DRIVER", "12040", "simt", {"knows CUDA 12.4", "built with CUDA 13", "update"}},
    {"LOGIT_SIMT_DEVICES", "0", "simt", {"sees no GPU", "built with CUDA"}},
    {"LOGIT_SIMT_DEVICES", "1", "simt:1", {"simt:1", "one device", "--device simt:0"}},
    {"LOGIT_SIMT_DEVICES", "3", "simt:3", {"simt:3", "3 devices", "simt:0 to simt:2"}},
    {"LOGIT_SIMT_MEMORY", "1000000", "simt", {"out of GPU memory", "33554432 bytes", "free"}},
};
enum { MACHINES = sizeof machines / sizeof *machines };

START_TEST(what_is_missing_is_told_apart) /* machine */
{
    const lg_backend_options how = {.threads = 1};
    logit_error err = {.message = ""};
    lg_backend *backend;
    if (!simt_is_built()) return;
    setenv(machines[_i].variable, machines[_i].value, 1);
    const int memory = strcmp(machines[_i].variable, "LOGIT_SIMT_MEMORY") == 0;
    ck_assert_int_eq(lg_backend_open(&backend, machines[_i].device, &how, &err),
                     memory ? LOGIT_E_NOMEM : LOGIT_E_DEVICE);
    ck_assert_ptr_null(backend);
    for (int i = 0; i < 3 && machines[_i].says[i]; i++)
        ck_assert_msg(strstr(err.message, machines[_i].says[i]) != NULL, "\"%s\" is not in: %s",
                      machines[_i].says[i], err.message);
    ck_assert_int_eq(simt_left_over(), 0);
}
END_TEST

START_TEST(devices_of_a_kind_stand_side_by_side)
{
    const lg_backend_options how = {.threads = 1};
    lg_backend *backend[2];
    if (!simt_is_built()) return;
    setenv("LOGIT_SIMT_DEVICES", "2", 1);
    ck_assert_int_eq(lg_backend_open(&backend[0], "simt", &how, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_backend_open(&backend[1], "simt:1", &how, NULL), LOGIT_OK);
    void *memory[2];
    float got[2] = {0.0f, 0.0f};
    for (int i = 0; i < 2; i++) {
        const float value = (float)(i + 1);
        ck_assert_int_eq(backend[i]->ops->alloc(backend[i], &memory[i], sizeof value, NULL), 0);
        ck_assert_int_eq(lg_backend_put(backend[i], memory[i], &value, 1, NULL), LOGIT_OK);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(lg_backend_get(backend[i], &got[i], memory[i], 1, NULL), LOGIT_OK);
        ck_assert(got[i] == (float)(i + 1));
        backend[i]->ops->free(backend[i], memory[i]);
        lg_backend_close(backend[i]);
    }
    ck_assert_int_eq(simt_left_over(), 0);
}
END_TEST

START_TEST(it_says_what_it_is)
{
    char text[256];
    if (!simt_is_built()) return;
    for (int p = 0; p < LG_PRECISION_COUNT; p++) {
        lg_backend *backend = open_precise((lg_precision)p);
        backend->ops->describe(backend, text, sizeof text);
        const char *last = strrchr(text, ' ');
        ck_assert_ptr_nonnull(last);
        ck_assert_str_eq(last + 1, lg_precisions[p].name);
        ck_assert_str_eq(backend->ops->name, "simt");
        ck_assert_ptr_nonnull(strstr(text, "SMs, "));
        lg_backend_close(backend);
    }
}
END_TEST

Suite *lg_suite_simt_care(void)
{
    Suite *suite = suite_create("simt_care");
    TCase *tc = tcase_create("care");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, simt_runs_begin, simt_runs_end);
    tcase_add_checked_fixture(tc, simt_make_sets, small_set_end);
    tcase_add_loop_test(tc, products_are_as_precise_as_their_factors, 0, 2 * LG_PRECISION_COUNT);
    tcase_add_loop_test(tc, trainings_differ_by_their_precision, 0, 6);
    tcase_add_loop_test(tc, what_is_missing_is_told_apart, 0, MACHINES);
    tcase_add_test(tc, devices_of_a_kind_stand_side_by_side);
    tcase_add_test(tc, it_says_what_it_is);
    suite_add_tcase(suite, tc);
    return suite;
}
