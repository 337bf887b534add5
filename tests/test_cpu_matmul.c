/* test_cpu_matmul.c -- the CPU's matrix products, from one output to BLAS.
 *
 * Tests (suite cpu_matmul).  Small integers first: every product and sum is exact in float then,
 * whatever the order, so the answer is compared with ==.  Then real numbers within 8 sqrt(m) u
 * sum |a b| of the sums in double, m being the number of terms.  Shapes stand on either side of a
 * tile of 16 rows, a vector of 16 features, a panel, a group of columns, and of 256 outputs, above
 * which BLAS takes over. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "tests/near.h"
#include "tests/problem.h"

Suite *lg_suite_cpu_matmul(void);

static const double u = 0x1p-24;

/* Numbers of a stream: in [-1, 1), or whole ones from -8 to 7. */
static void fill(rig *r, rig_array array, uint32_t stream, int integers)
{
    const int64_t count = rig_count(r, array);
    double *values = rig_doubles(count);
    rig_fill(values, count, stream, -1, 1);
    for (int64_t i = 0; i < count && integers; i++) values[i] = floor(8 * values[i]);
    rig_put(r, array, values);
    free(values);
}

/* Sums of a b, and of |a b| beside them. */
typedef struct sums {
    double *exact, *bound;
} sums;

static sums sums_make(int64_t count)
{
    return (sums){rig_doubles(count), rig_doubles(count)};
}

static void compare(rig *r, rig_array array, sums want, int64_t terms, int integers)
{
    const int64_t count = rig_count(r, array);
    double *got = problem_get(r, array);
    for (int64_t i = 0; i < count; i++)
        want.bound[i] = integers ? 0.0 : want.bound[i] * 8 * sqrt((double)terms) * u;
    const near_bound bound = {.each = want.bound};
    char message[NEAR_MESSAGE];
    if (near_check(NEAR_PAIR(got, want.exact, count), bound, message) != 0)
        ck_abort_msg("n %lld d %lld k %d s %d, %s: %s", (long long)r->shape.n,
                     (long long)r->shape.d, r->shape.k, r->shape.s,
                     array == RIG_Z ? "logits" : "gradient", message);
    free(got);
    free(want.exact);
    free(want.bound);
}

static void check_logits(rig *r, int integers)
{
    const int64_t n = r->shape.n, d = r->shape.d, columns = (int64_t)r->shape.k * r->shape.s;
    double *x = problem_get(r, RIG_X), *w = problem_get(r, RIG_W), *b = problem_get(r, RIG_B);
    sums want = sums_make(n * columns);
    for (int64_t i = 0; i < n * columns; i++) {
        const double *xi = x + i / columns * d, *wc = w + i % columns * d;
        want.exact[i] = b[i % columns];
        want.bound[i] = fabs(b[i % columns]);
        for (int64_t j = 0; j < d; j++) {
            want.exact[i] += xi[j] * wc[j];
            want.bound[i] += fabs(xi[j] * wc[j]);
        }
    }
    rig_run(r, RIG_OP_LOGITS);
    compare(r, RIG_Z, want, d + 1, integers);
    free(x);
    free(w);
    free(b);
}

static void check_gradient(rig *r, int integers)
{
    const int64_t n = r->shape.n, d = r->shape.d, columns = (int64_t)r->shape.k * r->shape.s;
    double *x = problem_get(r, RIG_X), *z = problem_get(r, RIG_Z), *g = problem_get(r, RIG_GW);
    sums want = sums_make(columns * d);
    for (int64_t i = 0; i < columns * d; i++) {
        want.exact[i] = r->step.accumulate ? g[i] : 0.0;
        want.bound[i] = fabs(want.exact[i]);
        for (int64_t row = 0; row < n; row++) {
            const double product = z[row * columns + i / d] * x[row * d + i % d];
            want.exact[i] += product;
            want.bound[i] += fabs(product);
        }
    }
    rig_run(r, RIG_OP_GRADIENT);
    compare(r, RIG_GW, want, n + 1, integers);
    free(x);
    free(z);
    free(g);
}

static void check_shape(rig_shape shape, int threads)
{
    rig r;
    rig_open(&r, problem_device("cpu", threads), shape);
    for (int integers = 1; integers >= 0; integers--) {
        static const rig_array inputs[] = {RIG_X, RIG_W, RIG_B};
        for (uint32_t a = 0; a < 3; a++) fill(&r, inputs[a], 600 + a, integers);
        check_logits(&r, integers);
        fill(&r, RIG_Z, 604, integers);
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            fill(&r, RIG_GW, 605, integers);
            r.step.accumulate = accumulate;
            check_gradient(&r, integers);
        }
    }
    rig_close(&r);
}

static const int64_t features[] = {1, 2, 15, 16, 17, 63, 64, 65, 129, 255, 257, 784};
static const int64_t batches[] = {1, 2, 8, 15, 16, 17, 63, 65, 130};
static const int outputs[] = {1, 2, 3, 4, 5, 7, 10, 13, 33};
enum {
    FEATURES = sizeof features / sizeof *features,
    BATCHES = sizeof batches / sizeof *batches,
    OUTPUTS = sizeof outputs / sizeof *outputs,
};

/* Every d meets every n and every k, if not every pair of them. */
START_TEST(few_outputs) /* d */
{
    for (int i = 0; i < BATCHES; i++)
        for (int j = 0; j < 3; j++)
            check_shape((rig_shape){.n = batches[i],
                                    .d = features[_i],
                                    .k = outputs[(i + 3 * j + _i) % OUTPUTS],
                                    .s = 1 + (i + j) % 2},
                        1 + (i + j + _i) % 3);
}
END_TEST

static const rig_shape wide[] = {
    {.n = 1, .d = 5, .k = 257, .s = 1},     {.n = 65, .d = 257, .k = 300, .s = 2},
    {.n = 64, .d = 16, .k = 513, .s = 1},   {.n = 130, .d = 520, .k = 256, .s = 1},
    {.n = 17, .d = 100, .k = 1000, .s = 1}, {.n = 1030, .d = 3, .k = 257, .s = 1},
};
enum { WIDE = sizeof wide / sizeof *wide };

START_TEST(many_outputs)
{
    check_shape(wide[_i], 2);
}
END_TEST

START_TEST(many_outputs_without_blas)
{
    setenv("LOGIT_BLAS", "off", 1);
    check_shape(wide[_i], 2);
    unsetenv("LOGIT_BLAS");
}
END_TEST

/* W does not fit in a second cache (1 MiB): rows are taken several tiles at a time. */
START_TEST(large_weights)
{
    check_shape((rig_shape){.n = 100, .d = 4500, .k = 60, .s = 1}, 2);
}
END_TEST

Suite *lg_suite_cpu_matmul(void)
{
    Suite *suite = suite_create("cpu_matmul");
    TCase *tests = tcase_create("products");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, few_outputs, 0, FEATURES);
    tcase_add_loop_test(tests, many_outputs, 0, WIDE);
    tcase_add_loop_test(tests, many_outputs_without_blas, 0, WIDE);
    tcase_add_test(tests, large_weights);
    suite_add_tcase(suite, tests);
    return suite;
}
