/* test_cpu_loss.c -- how exact the CPU's losses are, and what must hold for every row.
 *
 * Tests (suite cpu_loss).  Truth: the definition in long double, on the very floats the backend
 * sees.  Bounds and vectors: RELIABILITY, section 4, in units of u = 2^-24; hundreds of thousands
 * of drawn rows.  k = 2 .. 256 are taken 16 rows at a time, above that row by row. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu_loss(void);

static const double u = 0x1p-24, tiny = 0x1p-149;

/* Logits and labels of some rows, and what the CPU makes of them (scale 1). */
typedef struct rows {
    lg_loss loss;
    int64_t n;
    int k;
    double *z, *row_loss, *dz;
    int32_t *label;
} rows;

static rows rows_make(lg_loss loss, int64_t n, int k)
{
    rows r = {loss, n, k, NULL, NULL, NULL, NULL};
    r.z = rig_doubles(n * k);
    r.dz = rig_doubles(n * k);
    r.row_loss = rig_doubles(n);
    r.label = calloc((size_t)n, sizeof *r.label);
    ck_assert_ptr_nonnull(r.label);
    return r;
}

static void rows_free(rows *r)
{
    free(r->z);
    free(r->dz);
    free(r->row_loss);
    free(r->label);
}

/* Logits in +-spread, labels at random. */
static rows rows_draw(lg_loss loss, int64_t n, int k, uint32_t stream, double spread)
{
    rows r = rows_make(loss, n, k);
    const int classes = problem_classes(loss, k);
    rig_fill(r.z, n * k, stream, -spread, spread);
    for (int64_t i = 0; i < n; i++)
        r.label[i] = (int32_t)rig_uniform(stream + 1, (uint64_t)i, 0, classes);
    return r;
}

static void rows_run(rows *r)
{
    rig device;
    rig_open(&device, problem_device("cpu", 1), (rig_shape){.n = r->n, .d = 1, .k = r->k, .s = 1});
    device.step.loss = r->loss;
    rig_give(&device, RIG_LABEL, r->label);
    rig_put(&device, RIG_Z, r->z);
    rig_run(&device, RIG_OP_LOSS);
    rig_get(&device, RIG_Z, r->dz);
    rig_get(&device, RIG_ROW_LOSS, r->row_loss);
    rig_close(&device);
}

/* ------------------------------------------------------------------------------- exactness --- */

/* A row of softmax in long double. */
typedef struct truth {
    long double max, rest, loss;
    double mean_gap; /* of the classes other than the top, weighted by exp(z_j - max) */
} truth;

static truth softmax_truth(const double *z, int k, int label)
{
    int top = 0;
    for (int j = 1; j < k; j++)
        if (z[j] > z[top]) top = j;
    truth t = {.max = (long double)z[top]};
    long double gaps = 0;
    for (int j = 0; j < k; j++) {
        const long double gap = t.max - (long double)z[j], power = expl(-gap);
        if (j == top) continue;
        t.rest += power;
        gaps += gap * power;
    }
    t.loss = log1pl(t.rest) + (t.max - (long double)z[label]);
    t.mean_gap = t.rest > 0 ? (double)(gaps / t.rest) : 0.0;
    return t;
}

/* exp and log1p are within 1 ulp = 2u, the tree adds along at most k/16 + 4 numbers. */
static double path(int k)
{
    return 2 + 2 + 2 + (k <= 512 ? k / 16 + 4 : k / 256 + 8);
}

static void check_softmax_row(const rows *r, int64_t i)
{
    const double *z = r->z + i * r->k, *dz = r->dz + i * r->k;
    const truth t = softmax_truth(z, r->k, r->label[i]);
    const double bound = fmin(t.mean_gap + path(r->k), t.loss >= 0.1L ? 8 : 128) * u;
    const double off = fabs((double)((long double)r->row_loss[i] - t.loss));
    if (!(off <= bound * (double)t.loss + tiny))
        ck_abort_msg("k %d row %lld: loss %.9g, want %.9g", r->k, (long long)i, r->row_loss[i],
                     (double)t.loss);
    double sum = 0, sum_p = 0;
    for (int j = 0; j < r->k; j++) {
        const long double gap = t.max - (long double)z[j], p = expl(-gap) / (1 + t.rest);
        const int hit = j == r->label[i];
        const double rel = ((double)gap + path(r->k) + 2 + log(r->k)) * u;
        const double wrong = fabs((double)((long double)dz[j] - (p - hit)));
        const double p_got = dz[j] + hit;
        if (!(wrong <= rel * (double)p + (hit ? u : tiny)) || p_got < 0 || p_got > 1)
            ck_abort_msg("k %d row %lld class %d: gradient %.9g", r->k, (long long)i, j, dz[j]);
        sum += dz[j];
        sum_p += p_got;
    }
    if (!(fabs(sum) <= r->k * u) || !(fabs(sum_p - 1) <= (4 * log2(r->k) + 2) * u))
        ck_abort_msg("k %d row %lld: gradients sum to %g, p to %.9g", r->k, (long long)i, sum,
                     sum_p);
}

static const struct {
    int k;
    int64_t n;
} shapes[] = {{2, 20000}, {3, 20000}, {10, 10000}, {17, 4000}, {100, 700}, {300, 300}, {1000, 100}};
static const double spreads[] = {0.01, 1, 5, 20, 100};
enum { SHAPES = sizeof shapes / sizeof *shapes, SPREADS = sizeof spreads / sizeof *spreads };

START_TEST(softmax_is_as_exact_as_can_be) /* shape x spread */
{
    const int shape = _i % SHAPES;
    rows r = rows_draw(LG_LOSS_SOFTMAX, shapes[shape].n, shapes[shape].k, 100 + 2 * (uint32_t)_i,
                       spreads[_i / SHAPES]);
    rows_run(&r);
    for (int64_t i = 0; i < r.n; i++) check_softmax_row(&r, i);
    rows_free(&r);
}
END_TEST

START_TEST(sigmoid_is_within_ulps) /* spread */
{
    rows r = rows_draw(LG_LOSS_SIGMOID, 100000, 1, 300 + 2 * (uint32_t)_i, spreads[_i]);
    rows_run(&r);
    for (int64_t i = 0; i < r.n; i++) {
        const long double z = (long double)r.z[i];
        const long double sign = r.label[i] ? -1 : 1;     /* of z in the loss */
        const float loss = (float)log1pl(expl(sign * z)); /* z is below 11000 */
        const float slope = (float)(sign / (1 + expl(-sign * z)));
        if (near_ulps_float((float)r.row_loss[i], loss) > 2 ||
            near_ulps_float((float)r.dz[i], slope) > 3)
            ck_abort_msg("z %.9g, class %d: loss %.9g, slope %.9g", r.z[i], r.label[i],
                         r.row_loss[i], r.dz[i]);
    }
    rows_free(&r);
}
END_TEST

/* --------------------------------------------------------------------------------- vectors --- */

/* One value for all classes but one; what RELIABILITY calls S20, S21 and S29, and S21 with noise.
 */
static const struct {
    int k;
    double first, others, noise;
    int label;
} long_rows[] = {
    {1000, 0, 0, 0, 7}, {100000, 0, 0, 0, 7}, {1000, 10, -10, 0, 0}, {100000, 0, 0, 0.1, 7}};

START_TEST(long_rows_are_exact)
{
    const int k = long_rows[_i].k;
    rows r = rows_make(LG_LOSS_SOFTMAX, 1, k);
    rig_fill(r.z, k, 500, 0, 1);
    for (int j = 0; j < k; j++)
        r.z[j] = (double)(float)(r.z[j] * long_rows[_i].noise + long_rows[_i].others);
    if (long_rows[_i].first != 0) r.z[0] = long_rows[_i].first;
    r.label[0] = long_rows[_i].label;
    rows_run(&r);
    const double want = (double)softmax_truth(r.z, k, r.label[0]).loss;
    assert_near(r.row_loss, &want, 1, 0, 8 * u);
    rows_free(&r);
}
END_TEST

static const struct {
    double z[2];
    int label;
    uint32_t bits; /* of the loss, in float */
} known_bits[] = {
    {{0, 0}, 0, 0x3f317218},         {{88.8f, 0}, 0, 0x001d9fa5}, {{16, 0}, 0, 0x33f1aadd},
    {{50, 0}, 0, 0x1b692beb},        {{103, 0}, 0, 0x00000001},   {{104.5, 0}, 0, 0},
    {{0, -40}, 0, 0x229cbc92},       {{3e38f, -3e38f}, 0, 0},     {{1000, 1000}, 0, 0x3f317218},
    {{0, -INFINITY}, 0, 0},          {{1000, 0}, 1, 0x447a0000},  {{3e38f, -3e38f}, 1, 0x7f800000},
    {{0, -INFINITY}, 1, 0x7f800000},
};

START_TEST(hard_rows_have_these_bits)
{
    rows r = rows_make(LG_LOSS_SOFTMAX, 1, 2);
    memcpy(r.z, known_bits[_i].z, sizeof known_bits[_i].z);
    r.label[0] = known_bits[_i].label;
    rows_run(&r);
    const float loss = (float)r.row_loss[0];
    uint32_t bits;
    memcpy(&bits, &loss, sizeof bits);
    ck_assert_msg(bits == known_bits[_i].bits, "case %d: %08x, want %08x", _i, bits,
                  known_bits[_i].bits);
    if (isinf(loss)) ck_assert(r.dz[0] == 0 && r.dz[1] == 0); /* the setting has no gradient */
    rows_free(&r);
}
END_TEST

/* A class that is ruled out has no part in loss or gradient, wherever it stands, also under a row
 * kernel. */
START_TEST(ruled_out_classes_are_not_there)
{
    const int k = _i == 0 ? 9 : 400;
    rows r = rows_draw(LG_LOSS_SOFTMAX, 50, k, 510, 3);
    for (int64_t i = 0; i < r.n; i++)
        for (int j = 0; j < k; j++)
            if (j % 3 == 1 && j != r.label[i]) r.z[i * k + j] = -INFINITY;
    rows_run(&r);
    for (int64_t i = 0; i < r.n; i++) {
        const double want = (double)softmax_truth(r.z + i * k, k, r.label[i]).loss;
        assert_near(&r.row_loss[i], &want, 1, 0, 8 * u);
        for (int j = 0; j < k; j++)
            if (isinf(r.z[i * k + j])) ck_assert(r.dz[i * k + j] == 0);
    }
    rows_free(&r);
}
END_TEST

/* One row that is not finite, one setting of two: its rows keep their losses and have no gradient,
 * the other setting does not notice. */
START_TEST(a_bad_row_silences_its_setting) /* k, value */
{
    static const int ks[] = {1, 3, 256, 300};
    const int k = ks[_i % 4];
    const int64_t n = 40, bad_row = 33;
    rig r;
    rig_open(&r, problem_device("cpu", 2), (rig_shape){.n = n, .d = 1, .k = k, .s = 2});
    problem_tell(&r, (problem_truth){.loss = k == 1 ? LG_LOSS_SIGMOID : LG_LOSS_SOFTMAX});
    double *z = rig_doubles(n * 2 * k), *good;
    rig_fill(z, n * 2 * k, 515, -1, 1);
    rig_put(&r, RIG_Z, z);
    rig_run(&r, RIG_OP_LOSS);
    good = problem_get(&r, RIG_Z);
    z[(bad_row * 2 + 1) * k + k - 1] = _i / 4 ? NAN : INFINITY;
    rig_put(&r, RIG_Z, z);
    rig_run(&r, RIG_OP_LOSS);
    double *dz = problem_get(&r, RIG_Z), *loss = problem_get(&r, RIG_ROW_LOSS);
    double *gb = problem_get(&r, RIG_GB);
    for (int64_t i = 0; i < n; i++) {
        ck_assert(isfinite(loss[2 * i]) && isfinite(loss[2 * i + 1]) == (i != bad_row));
        assert_ulps(dz + i * 2 * k, good + i * 2 * k, k, 0);
        for (int j = 0; j < k; j++)
            if (dz[(i * 2 + 1) * k + j] != 0.0 || gb[k + j] != 0.0) ck_abort_msg("class %d", j);
    }
    free(z);
    free(good);
    free(dz);
    free(loss);
    free(gb);
    rig_close(&r);
}
END_TEST

/* ------------------------------------------------------------------------------ properties --- */

START_TEST(an_exact_shift_changes_no_bit) /* shift */
{
    static const double shift[] = {-4096, -64, -1, 0.5, 8, 1024};
    rows a = rows_draw(LG_LOSS_SOFTMAX, 100000, 5, 520, 8), b = rows_make(a.loss, a.n, a.k);
    for (int64_t i = 0; i < a.n * a.k; i++) {
        a.z[i] = floor(a.z[i] * 256) / 256; /* 12 bits: the sum is exact */
        b.z[i] = a.z[i] + shift[_i];
    }
    memcpy(b.label, a.label, (size_t)a.n * sizeof *b.label);
    rows_run(&a);
    rows_run(&b);
    assert_ulps(b.row_loss, a.row_loss, a.n, 0);
    assert_ulps(b.dz, a.dz, a.n * a.k, 0);
    rows_free(&a);
    rows_free(&b);
}
END_TEST

START_TEST(classes_may_change_places)
{
    enum { K = 7 };
    rows a = rows_draw(LG_LOSS_SOFTMAX, 50000, K, 530, 10), b = rows_make(a.loss, a.n, K);
    for (int64_t i = 0; i < a.n * K; i++) b.z[i / K * K + (i % K * 3 + 2) % K] = a.z[i];
    for (int64_t i = 0; i < a.n; i++) b.label[i] = (a.label[i] * 3 + 2) % K;
    rows_run(&a);
    rows_run(&b);
    assert_near(b.row_loss, a.row_loss, a.n, 0, 8 * u); /* the sum has another order */
    for (int64_t i = 0; i < a.n * K; i++) b.z[i] = b.dz[i / K * K + (i % K * 3 + 2) % K];
    assert_near(b.z, a.dz, a.n * K, 4 * u, 0);
    rows_free(&a);
    rows_free(&b);
}
END_TEST

START_TEST(two_classes_are_a_sigmoid)
{
    rows a = rows_draw(LG_LOSS_SOFTMAX, 100000, 2, 540, 30);
    rows b = rows_make(LG_LOSS_SIGMOID, a.n, 1);
    for (int64_t i = 0; i < a.n; i++) {
        a.z[2 * i] = 0;
        b.z[i] = a.z[2 * i + 1];
    }
    memcpy(b.label, a.label, (size_t)a.n * sizeof *b.label);
    rows_run(&a);
    rows_run(&b);
    for (int64_t i = 0; i < a.n; i++) {
        if (near_ulps_float((float)a.row_loss[i], (float)b.row_loss[i]) > 4 ||
            near_ulps_float((float)a.dz[2 * i + 1], (float)b.dz[i]) > 4)
            ck_abort_msg("z %.9g, class %d", b.z[i], b.label[i]);
    }
    rows_free(&a);
    rows_free(&b);
}
END_TEST

START_TEST(a_better_logit_never_costs) /* loss */
{
    rows a = rows_draw((lg_loss)_i, 100000, 3, 550, 40), b = rows_make(a.loss, a.n, 3);
    memcpy(b.z, a.z, (size_t)a.n * 3 * sizeof *b.z);
    memcpy(b.label, a.label, (size_t)a.n * sizeof *b.label);
    for (int64_t i = 0; i < a.n; i++) b.z[3 * i + a.label[i]] += 0.5;
    rows_run(&a);
    rows_run(&b);
    for (int64_t i = 0; i < a.n; i++)
        if (!(b.row_loss[i] >= 0 && b.row_loss[i] <= a.row_loss[i]))
            ck_abort_msg("row %lld: %.9g, was %.9g", (long long)i, b.row_loss[i], a.row_loss[i]);
    rows_free(&a);
    rows_free(&b);
}
END_TEST

START_TEST(a_row_alone_has_the_bits_of_the_batch) /* loss x k */
{
    static const int ks[] = {1, 10, 300};
    rows all = rows_draw((lg_loss)(_i / 3), 37, ks[_i % 3], 560, 6);
    rows_run(&all);
    for (int64_t i = 0; i < all.n; i++) {
        rows one = rows_make(all.loss, 1, all.k);
        memcpy(one.z, all.z + i * all.k, (size_t)all.k * sizeof *one.z);
        one.label[0] = all.label[i];
        rows_run(&one);
        assert_ulps(one.row_loss, all.row_loss + i, 1, 0);
        assert_ulps(one.dz, all.dz + i * all.k, all.k, 0);
        rows_free(&one);
    }
    rows_free(&all);
}
END_TEST

Suite *lg_suite_cpu_loss(void)
{
    Suite *suite = suite_create("cpu_loss");
    TCase *tests = tcase_create("losses");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, softmax_is_as_exact_as_can_be, 0, SHAPES * SPREADS);
    tcase_add_loop_test(tests, sigmoid_is_within_ulps, 0, SPREADS);
    tcase_add_loop_test(tests, long_rows_are_exact, 0, sizeof long_rows / sizeof *long_rows);
    tcase_add_loop_test(tests, hard_rows_have_these_bits, 0,
                        sizeof known_bits / sizeof *known_bits);
    tcase_add_loop_test(tests, ruled_out_classes_are_not_there, 0, 2);
    tcase_add_loop_test(tests, a_bad_row_silences_its_setting, 0, 8);
    tcase_add_loop_test(tests, an_exact_shift_changes_no_bit, 0, 6);
    tcase_add_test(tests, classes_may_change_places);
    tcase_add_test(tests, two_classes_are_a_sigmoid);
    tcase_add_loop_test(tests, a_better_logit_never_costs, 0, LG_LOSS_MSE);
    tcase_add_loop_test(tests, a_row_alone_has_the_bits_of_the_batch, 0, 3 * LG_LOSS_COUNT);
    suite_add_tcase(suite, tests);
    return suite;
}
