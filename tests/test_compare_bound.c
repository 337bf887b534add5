/* test_compare_bound.c -- bounds of matmuls and losses hold, for what the processor computes and
 * for what may happen, and are no wider than they need be.
 *
 * Tests (suite compare_bound).  The truth is the reference's; inputs are floats, the same for
 * both. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fmath.h"
#include "core/tree.h"
#include "tests/oracle.h"
#include "tests/rig.h"
#include "train/compare_bound.h"
#include "train/compare_party.h"

Suite *lg_suite_compare_bound(void);

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

/* ------------------------------------------------------------------------------------- sums --- */

/* The longest way of a number through the tree of tree.h: its depth is followed one by one. */
START_TEST(depth_is_that_of_the_tree)
{
    static const int64_t counts[] = {1, 2, 3, 7, 15, 16, 17, 33, 511, 512, 513, 600, 1000, 21841};
    const int64_t count = counts[_i];
    const int width = lg_tree_width(count);
    int depth[LG_TREE_WIDE];
    for (int l = 0; l < width; l++) depth[l] = -1; /* an empty chain */
    for (int64_t j = 0; j < count; j++) depth[j % width]++;
    for (int half = width / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            if (depth[l + half] >= 0)
                depth[l] = (depth[l] > depth[l + half] ? depth[l] : depth[l + half]) + 1;
    ck_assert_int_ge(lg_bound_depth(count), depth[0]);
    ck_assert_int_le(lg_bound_depth(count), depth[0] + 1);
}
END_TEST

/* ---------------------------------------------------------------------------------- matmuls --- */

enum { N = 128, D = 784, K = 10 };

/* Pixels as standardised MNIST has them: mostly background, the rest spread; and weights as a few
 * steps leave them. */
static float pixel(int64_t i)
{
    const double draw = rig_uniform(901, (uint64_t)i, 0, 1);
    return (float)(draw < 0.8 ? -0.4242 : rig_uniform(902, (uint64_t)i, -0.4242, 2.8));
}

static float weight(int64_t i)
{
    return (float)rig_uniform(903, (uint64_t)i, -0.05, 0.05);
}

static float tf32(float x)
{
    const uint32_t bits = lg_float_bits(x);
    return lg_bits_float((bits + 0xFFFu + (bits >> 13 & 1u)) & ~0x1FFFu);
}

static float as_it_is(float x)
{
    return x;
}

/* The largest share of the bound that is taken up where factors are rounded so before a plain float
 * sum. */
static double share_of_logits(float (*as)(float))
{
    lg_pool *pool;
    double *x = rig_doubles(N * D), *w = rig_doubles(K * D), *sizes = rig_doubles(N * K);
    const double b[K] = {0.5, -0.25};
    double most = 0.0;
    for (int64_t i = 0; i < N * D; i++) x[i] = (double)pixel(i);
    for (int64_t i = 0; i < K * D; i++) w[i] = (double)weight(i);
    const lg_bound_product product = {x, w, b, 1.0, N, K, D};
    ck_assert_int_eq(lg_pool_create(&pool, 2, NULL), LOGIT_OK);
    lg_bound_logits(pool, sizes, &product);
    for (int64_t i = 0; i < N; i++) {
        for (int64_t c = 0; c < K; c++) {
            double want = b[c], size = fabs(b[c]);
            float got = 0.0f;
            for (int64_t j = 0; j < D; j++) {
                want += x[i * D + j] * w[c * D + j];
                size += fabs(x[i * D + j] * w[c * D + j]);
                got += as((float)x[i * D + j]) * as((float)w[c * D + j]);
            }
            got += (float)b[c];
            ck_assert_double_eq_tol(sizes[i * K + c], size, 1e-9 * size);
            const double bound = lg_bound_factor(D, LG_PRECISION_F32) * sizes[i * K + c];
            most = fmax(most, fabs((double)got - want) / bound);
        }
    }
    lg_pool_destroy(pool);
    free(x);
    free(w);
    free(sizes);
    return most;
}

START_TEST(the_gate_lets_float_sums_through_and_tf32_not)
{
    const double plain = share_of_logits(as_it_is), rounded = share_of_logits(tf32);
    ck_assert_double_lt(plain, 1.0);
    ck_assert_double_gt(rounded, 2.0);
}
END_TEST

START_TEST(factors_are_those_of_the_design)
{
    char words[96];
    ck_assert_double_eq_tol(lg_bound_factor(784, LG_PRECISION_F32), 8.0 * 28.0 * u, 1e-20);
    ck_assert_double_eq_tol(lg_bound_factor(784, LG_PRECISION_TF32),
                            8.0 * 28.0 * u + 2.0 * 0x1p-11 + 0x1p-22, 1e-12);
    ck_assert_double_eq_tol(lg_bound_worst(784, LG_PRECISION_F32), 785.0 * u, 1e-8);
    lg_bound_words(words, sizeof words, 784, LG_PRECISION_F32, "|x w|");
    ck_assert_str_eq(words, "8 sqrt(784) u sum |x w|");
    lg_bound_words(words, sizeof words, 784, LG_PRECISION_BF16, "|x w|");
    ck_assert_msg(strstr(words, "bf16") != NULL, "%s", words);
}
END_TEST

/* The same product again and again: its rounding too.  8 sqrt(n) would not hold. */
START_TEST(a_sum_of_equal_products_is_given_more)
{
    enum { ROWS = 8192 };
    lg_pool *pool;
    double *x = rig_doubles(ROWS), *dz = rig_doubles(2 * ROWS), sizes[2], scale[2];
    for (int64_t i = 0; i < ROWS; i++) {
        x[i] = (double)(float)-0.4242;
        dz[2 * i] = (double)(float)(0.1 / 54000.0);
        dz[2 * i + 1] = (double)(float)rig_uniform(904, (uint64_t)i, 0.0, 0.2 / 54000.0);
    }
    const lg_bound_gradient sums = {
        .x = x, .dz = dz, .rows = ROWS, .columns = 2, .width = 2, .d = 1};
    ck_assert_int_eq(lg_pool_create(&pool, 1, NULL), LOGIT_OK);
    lg_bound_gradients(pool, sizes, &sums);
    lg_bound_repeats(pool, scale, &sums);
    double off[2];
    for (int c = 0; c < 2; c++) {
        float got = 0.0f;
        double want = 0.0;
        for (int64_t i = 0; i < ROWS; i++) {
            got = lg_fma((float)dz[2 * i + c], (float)x[i], got);
            want += dz[2 * i + c] * x[i];
        }
        off[c] = fabs((double)got - want) / (lg_bound_factor(ROWS, LG_PRECISION_F32) * sizes[c]);
        ck_assert_double_le(off[c], scale[c]);
    }
    ck_assert_double_gt(scale[0], 10.0); /* (n + 1) / (8 sqrt(n)) */
    ck_assert_double_eq(scale[1], 1.0);
    ck_assert_double_lt(off[1], 0.1);
    lg_pool_destroy(pool);
    free(x);
    free(dz);
}
END_TEST

/* ----------------------------------------------------------------------------------- losses --- */

static lg_party *open_party(const char *device, const lg_problem_shape *shape, int target_width)
{
    lg_party *party;
    logit_error err;
    const logit_status status =
        lg_party_open(&party, device, LG_PRECISION_F32, 1, shape, target_width, &err);
    ck_assert_msg(status == LOGIT_OK, "%s", err.message);
    return party;
}

/* Rows of one setting: logits that spread ever more, the label at either end and in between. */
typedef struct rows {
    lg_loss loss;
    int n, k, soft;
    double smoothing;
    double *z;
    int32_t *label;
    float *target;
} rows;

static rows make_rows(lg_loss loss, int k, int soft, double smoothing)
{
    static const double spread[] = {0.01, 1.0, 8.0, 40.0, 95.0, 300.0, 3000.0};
    rows r = {loss, 210, k, soft, smoothing, NULL, NULL, NULL};
    r.z = rig_doubles(r.n * k);
    r.label = malloc((size_t)r.n * sizeof *r.label);
    r.target = malloc((size_t)(r.n * k) * sizeof *r.target);
    ck_assert(r.label != NULL && r.target != NULL);
    const int classes = loss == LG_LOSS_SIGMOID && k == 1 ? 2 : k;
    for (int i = 0; i < r.n; i++) {
        double sum = 0.0;
        const double wide = spread[i % 7];
        r.label[i] = i / 7 % classes;
        for (int j = i * k; j < (i + 1) * k; j++) {
            r.z[j] = rig_uniform(910, (uint64_t)j, -wide, wide);
            sum += r.target[j] = (float)rig_uniform(911, (uint64_t)j, 0.0, 1.0);
        }
        for (int j = i * k; j < (i + 1) * k && (k > 1 || loss == LG_LOSS_SOFTMAX); j++)
            r.target[j] = (float)((double)r.target[j] / sum);
    }
    return r;
}

static void free_rows(rows *r)
{
    free(r->z);
    free(r->label);
    free(r->target);
}

static void run_loss(const rows *r, const char *device, double *loss, double *dz)
{
    const lg_problem_shape shape = {.features = 1,
                                    .batch = r->n,
                                    .outputs = r->k,
                                    .settings = 1,
                                    .loss = r->loss,
                                    .optim = LG_OPTIM_SGD};
    uint8_t *pixels = calloc((size_t)r->n, 1);
    const lg_minibatch mini = {.count = r->n,
                               .pixels = pixels,
                               .label = r->soft ? NULL : r->label,
                               .target = r->soft ? r->target : NULL};
    lg_scalars scalars = rig_scalars();
    scalars.smoothing = r->smoothing;
    scalars.scale = 1.0 / 3.0;
    lg_party *party = open_party(device, &shape, r->soft ? r->k : 0);
    ck_assert_int_eq(lg_party_batch(party, &mini, &scalars, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_party_put(party, LG_ARRAY_Z, r->z, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_party_run(party, LG_STAGE_LOSS, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_party_get(party, LG_ARRAY_ROW_LOSS, loss, NULL), LOGIT_OK);
    ck_assert_int_eq(lg_party_get(party, LG_ARRAY_Z, dz, NULL), LOGIT_OK);
    lg_party_close(party);
    free(pixels);
}

static lg_bound_row row_of(const rows *r, int i, const double *away)
{
    return (lg_bound_row){.loss = r->loss,
                          .k = r->k,
                          .z = r->z + i * r->k,
                          .away = away,
                          .target = r->soft ? r->target + i * r->k : NULL,
                          .label = r->label[i],
                          .smoothing = r->smoothing,
                          .factor = 1.0 / 3.0};
}

static const struct kind {
    int k, soft;
    double smoothing;
} kinds[] = {{1, 0, 0.0},  {2, 0, 0.0},  {3, 0, 0.0},   {10, 0, 0.0}, {10, 0, 0.1},
             {10, 1, 0.0}, {10, 1, 0.2}, {100, 0, 0.0}, {1, 1, 0.1},  {700, 0, 0.0}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* |got - want| <= bound for every row; and somewhere it comes near: a bound that is never half used
 * by all of a thousand hard numbers would let faults through. */
START_TEST(losses_of_the_processor_lie_within)
{
    const struct kind *kind = &kinds[_i / LG_LOSS_COUNT];
    const lg_loss loss = (lg_loss)(_i % LG_LOSS_COUNT);
    rows r = make_rows(loss, kind->k, kind->soft, kind->smoothing);
    const int count = r.n * r.k;
    double *got[2] = {rig_doubles(r.n), rig_doubles(count)};
    double *want[2] = {rig_doubles(r.n), rig_doubles(count)};
    double *bound[2] = {rig_doubles(r.n), rig_doubles(count)};
    run_loss(&r, "cpu", got[0], got[1]);
    run_loss(&r, "ref", want[0], want[1]);
    for (int i = 0; i < r.n; i++) {
        const lg_bound_row row = row_of(&r, i, NULL);
        bound[0][i] = lg_bound_loss(&row, bound[1] + i * r.k);
    }
    const double loss_share = worst(got[0], want[0], bound[0], r.n, "loss");
    const double dz_share = worst(got[1], want[1], bound[1], count, "dz");
    if (r.k > 1 || loss == LG_LOSS_SIGMOID) {
        ck_assert_double_gt(loss_share, r.k < 500 ? 0.1 : 0.02);
        ck_assert_double_gt(dz_share, r.k < 500 ? 0.1 : 0.02);
    }
    for (int i = 0; i < 2; i++) {
        free(got[i]);
        free(want[i]);
        free(bound[i]);
    }
    free_rows(&r);
}
END_TEST

/* Logits anywhere within `away` give gradients within the bound: held against the definition. */
START_TEST(distant_logits_lie_within)
{
    const struct kind *kind = &kinds[_i / LG_LOSS_COUNT];
    const lg_loss loss = (lg_loss)(_i % LG_LOSS_COUNT);
    if (kind->k > 20) return; /* the definition takes k^2 */
    static const double size[] = {1e-6, 1e-3, 0.1, 2.0};
    rows r = make_rows(loss, kind->k, kind->soft, kind->smoothing);
    for (int i = 0; i < r.n; i++) {
        double away[700], bound[700], none[700], z[700], got[700], want[700];
        long double exact[700];
        const lg_bound_row row = row_of(&r, i, away), still = row_of(&r, i, NULL);
        const oracle_sample sample = {loss, r.k, r.label[i], row.target, r.smoothing};
        for (int j = 0; j < r.k; j++) {
            const double part = rig_uniform(912, (uint64_t)(i * r.k + j), -1, 1);
            away[j] = size[i % 4] * rig_uniform(913, (uint64_t)(i * r.k + j), 0, 1);
            z[j] = row.z[j] + (part > 0 ? away[j] : -away[j]); /* at the ends */
        }
        lg_bound_loss(&row, bound);
        lg_bound_loss(&still, none);
        oracle_gradient(&sample, row.z, exact);
        for (int j = 0; j < r.k; j++) want[j] = (double)exact[j] / 3.0;
        oracle_gradient(&sample, z, exact);
        for (int j = 0; j < r.k; j++) got[j] = (double)exact[j] / 3.0;
        worst(got, want, bound, r.k, "dz of logits elsewhere");
        for (int j = 0; j < r.k; j++) ck_assert_double_ge(bound[j], none[j]);
    }
    free_rows(&r);
}
END_TEST

Suite *lg_suite_compare_bound(void)
{
    Suite *suite = suite_create("compare_bound");
    TCase *tc = tcase_create("compare_bound");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, depth_is_that_of_the_tree, 0, 14);
    tcase_add_test(tc, the_gate_lets_float_sums_through_and_tf32_not);
    tcase_add_test(tc, factors_are_those_of_the_design);
    tcase_add_test(tc, a_sum_of_equal_products_is_given_more);
    tcase_add_loop_test(tc, losses_of_the_processor_lie_within, 0, KINDS * LG_LOSS_COUNT);
    tcase_add_loop_test(tc, distant_logits_lie_within, 0, KINDS * LG_LOSS_COUNT);
    suite_add_tcase(suite, tc);
    return suite;
}
