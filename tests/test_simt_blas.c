/* test_simt_blas.c -- the stand-in's cuBLAS: what it computes, and what it refuses.
 *
 * Tests (suite simt_blas).  Products are of small integers, where float32 is exact, so that every
 * transposition and stride is told apart; roundings are held to numbers worked out by hand. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/try_rig.h"

#include <math.h>

Suite *lg_suite_simt_blas(void);

#define ck_blas(call) ck_assert_int_eq(call, CUBLAS_STATUS_SUCCESS)

/* A product with everything that may vary. */
typedef struct product {
    int m, n, k, transpose_a, transpose_b, lda, ldb, ldc;
    float alpha, beta;
    cublasComputeType_t compute;
    const void *a, *b; /* on the device */
    void *c;
} product;

static cublasHandle_t handle;

static cublasStatus_t multiply(const product *p)
{
    return sim.cublasGemmEx(handle, p->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                            p->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, p->m, p->n, p->k, &p->alpha,
                            p->a, CUDA_R_32F, p->lda, p->b, CUDA_R_32F, p->ldb, &p->beta, p->c,
                            CUDA_R_32F, p->ldc, p->compute, CUBLAS_GEMM_DEFAULT);
}

static void open_blas(void)
{
    int version = 0;
    try_open();
    ck_blas(sim.cublasCreate_v2(&handle));
    ck_blas(sim.cublasGetVersion_v2(handle, &version));
    ck_assert_int_eq(version, CUBLAS_VERSION);
}

static void close_blas(void)
{
    ck_assert_int_eq(sim.simt_live(SIMT_BLAS_HANDLE), 1);
    ck_blas(sim.cublasDestroy_v2(handle));
    ck_assert_int_eq(sim.cublasDestroy_v2(handle), CUBLAS_STATUS_NOT_INITIALIZED);
    try_close();
}

/* A 4 x 3, B 3 x 5, C 4 x 5; strides 6, 7, 8 or more. */
enum { M = 4, N = 5, K = 3, ROOM = 64 };

/* C by the definition, from the arrays as they lie; the gaps of C stay. */
static void define(const product *p, const float *a, const float *b, float *c)
{
    for (int i = 0; i < p->m; i++) {
        for (int j = 0; j < p->n; j++) {
            float sum = 0;
            for (int l = 0; l < p->k; l++)
                sum += (p->transpose_a ? a[l + i * p->lda] : a[i + l * p->lda]) *
                       (p->transpose_b ? b[j + l * p->ldb] : b[l + j * p->ldb]);
            float *to = &c[i + j * p->ldc];
            *to = p->alpha * sum + (p->beta != 0.0f ? p->beta * *to : 0.0f);
        }
    }
}

static void compare_products(void)
{
    float a[ROOM], b[ROOM], c[ROOM], got[ROOM];
    for (int i = 0; i < ROOM; i++) {
        a[i] = (float)(i * 7 % 11 - 5);
        b[i] = (float)(i * 5 % 13 - 6);
    }
    float *device_a = try_upload(a, sizeof a), *device_b = try_upload(b, sizeof b);
    for (int way = 0; way < 8; way++) {
        const product p = {.m = M,
                           .n = N,
                           .k = K,
                           .transpose_a = way & 1,
                           .transpose_b = way >> 1 & 1,
                           .lda = 6,
                           .ldb = 7,
                           .ldc = 8,
                           .alpha = 2.0f,
                           .beta = way & 4 ? -3.0f : 0.0f,
                           .compute = CUBLAS_COMPUTE_32F_PEDANTIC,
                           .a = device_a,
                           .b = device_b,
                           .c = try_upload(NULL, sizeof c)};
        for (int i = 0; i < ROOM; i++) c[i] = (float)(i % 9);
        if (p.beta != 0.0f) /* else what lies there is NaN, and takes no part */
            ck_cuda(sim.cudaMemcpy(p.c, c, sizeof c, cudaMemcpyHostToDevice));
        ck_blas(multiply(&p));
        try_download(got, p.c, sizeof got);
        define(&p, a, b, c);
        for (int j = 0; j < N; j++)
            for (int i = 0; i < M; i++) ck_assert_float_eq(got[i + j * 8], c[i + j * 8]);
        ck_assert(p.beta == 0.0f ? isnan(got[M]) : got[M] == c[M]); /* a gap between columns */
        ck_cuda(sim.cudaFree(p.c));
    }
    ck_cuda(sim.cudaFree(device_a));
    ck_cuda(sim.cudaFree(device_b));
}

START_TEST(products_are_those_of_the_definition)
{
    compare_products();
}
END_TEST

START_TEST(so_they_are_without_openblas)
{
    setenv("LOGIT_BLAS", "off", 1); /* read at the first product of a process */
    compare_products();
}
END_TEST

START_TEST(an_empty_sum_is_zero_and_an_empty_product_nothing)
{
    float c[2] = {3.0f, 4.0f};
    product p = {.m = 1,
                 .n = 2,
                 .k = 0,
                 .lda = 1,
                 .ldb = 1,
                 .ldc = 1,
                 .alpha = 1.0f,
                 .beta = 2.0f,
                 .compute = CUBLAS_COMPUTE_32F,
                 .c = try_upload(c, sizeof c)};
    ck_blas(multiply(&p));
    try_download(c, p.c, sizeof c);
    ck_assert(c[0] == 6.0f && c[1] == 8.0f);
    p.beta = 0.0f;
    ck_blas(multiply(&p));
    try_download(c, p.c, sizeof c);
    ck_assert(c[0] == 0.0f && c[1] == 0.0f);
    p.m = 0;
    ck_blas(multiply(&p));
    ck_cuda(sim.cudaFree(p.c));
}
END_TEST

/* 1 x 1: a * 1 shows how a was rounded. */
static float round_trip(float a, cublasComputeType_t compute)
{
    const float one = 1.0f;
    float got;
    float *device_a = try_upload(&a, sizeof a), *device_b = try_upload(&one, sizeof one);
    const product p = {.m = 1,
                       .n = 1,
                       .k = 1,
                       .lda = 1,
                       .ldb = 1,
                       .ldc = 1,
                       .alpha = 1.0f,
                       .compute = compute,
                       .a = device_a,
                       .b = device_b,
                       .c = try_upload(NULL, sizeof got)};
    ck_blas(multiply(&p));
    try_download(&got, p.c, sizeof got);
    ck_cuda(sim.cudaFree(device_a));
    ck_cuda(sim.cudaFree(device_b));
    ck_cuda(sim.cudaFree(p.c));
    return got;
}

START_TEST(inputs_are_rounded_as_the_compute_type_says)
{
    static const struct { /* ten and seven bits of fraction, ties to even */
        float x, tf32, bf16;
    } cases[] = {
        {0x1.ffcp0f, 0x1.ffcp0f, 2.0f},        {0x1.002p0f, 1.0f, 1.0f},
        {0x1.006p0f, 0x1.008p0f, 1.0f},        {0x1.00201p0f, 0x1.004p0f, 1.0f},
        {0x1.01p0f, 0x1.01p0f, 1.0f},          {0x1.03p0f, 0x1.03p0f, 0x1.04p0f},
        {0x1.010002p0f, 0x1.01p0f, 0x1.02p0f}, {-0x1.03p-100f, -0x1.03p-100f, -0x1.04p-100f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float x = cases[i].x;
        ck_assert_float_eq(round_trip(x, CUBLAS_COMPUTE_32F), x);
        ck_assert_float_eq(round_trip(x, CUBLAS_COMPUTE_32F_PEDANTIC), x);
        ck_assert_float_eq(round_trip(x, CUBLAS_COMPUTE_32F_FAST_TF32), cases[i].tf32);
        ck_assert_float_eq(round_trip(x, CUBLAS_COMPUTE_32F_FAST_16BF), cases[i].bf16);
    }
    ck_assert(isnan(round_trip(NAN, CUBLAS_COMPUTE_32F_FAST_TF32)));
    ck_assert(isinf(round_trip(INFINITY, CUBLAS_COMPUTE_32F_FAST_16BF)));
}
END_TEST

START_TEST(bfloat16_inputs_and_factors_on_the_device)
{
    const uint16_t a[2] = {0x3f80, 0x4040}, b[2] = {0x4000, 0xc000}; /* 1, 3 and 2, -2 */
    const float factors[2] = {10.0f, 100.0f};
    float c[1] = {5.0f};
    void *device_a = try_upload(a, sizeof a), *device_b = try_upload(b, sizeof b);
    float *device_c = try_upload(c, sizeof c),
          *device_factors = try_upload(factors, sizeof factors);
    ck_blas(sim.cublasSetPointerMode_v2(handle, CUBLAS_POINTER_MODE_DEVICE));
    ck_blas(sim.cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, 1, 1, 2, device_factors, device_a,
                             CUDA_R_16BF, 2, device_b, CUDA_R_16BF, 2, device_factors + 1, device_c,
                             CUDA_R_32F, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    try_download(c, device_c, sizeof c);
    ck_assert_float_eq(c[0], 10.0f * (2.0f - 6.0f) + 500.0f);
    ck_assert_int_eq(sim.cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, 1, 1, 2, factors, device_a,
                                      CUDA_R_16BF, 2, device_b, CUDA_R_16BF, 2, factors, device_c,
                                      CUDA_R_32F, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                     CUBLAS_STATUS_INVALID_VALUE);
    ck_assert_int_eq(sim.cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, 1, 1, 2, device_factors,
                                      device_a, CUDA_R_16BF, 2, device_b, CUDA_R_32F, 2,
                                      device_factors, device_c, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                                      CUBLAS_GEMM_DEFAULT),
                     CUBLAS_STATUS_NOT_SUPPORTED);
    ck_cuda(sim.cudaFree(device_a));
    ck_cuda(sim.cudaFree(device_b));
    ck_cuda(sim.cudaFree(device_c));
    ck_cuda(sim.cudaFree(device_factors));
}
END_TEST

START_TEST(wrong_matrices_are_refused)
{
    float host[ROOM] = {0};
    float *device = try_upload(host, M * K * sizeof(float)), *other = try_upload(host, sizeof host);
    const product good = {.m = M,
                          .n = N,
                          .k = K,
                          .lda = M,
                          .ldb = K,
                          .ldc = M,
                          .alpha = 1.0f,
                          .compute = CUBLAS_COMPUTE_32F,
                          .a = device,
                          .b = other,
                          .c = other + 32};
    ck_blas(multiply(&good));
    for (int i = 0; i < 9; i++) {
        product p = good;
        if (i == 0) p.a = host;
        if (i == 1) p.b = host;
        if (i == 2) p.c = host;
        if (i == 3) p.lda = M - 1;
        if (i == 4) p.ldb = K - 1;
        if (i == 5) p.ldc = M - 1;
        if (i == 6) p.lda = M + 1;     /* goes beyond the end */
        if (i == 7) p.transpose_a = 1; /* has columns of K */
        if (i == 8) p.k = -1;
        if (i == 7) p.k = M + 1;
        ck_assert_int_eq(multiply(&p), CUBLAS_STATUS_INVALID_VALUE);
    }
    ck_assert_int_eq(sim.cublasSetWorkspace_v2(handle, host, 64), CUBLAS_STATUS_INVALID_VALUE);
    ck_assert_int_eq(sim.cublasSetWorkspace_v2(handle, device, ROOM), CUBLAS_STATUS_INVALID_VALUE);
    ck_blas(sim.cublasSetWorkspace_v2(handle, other, sizeof host));
    ck_cuda(sim.cudaDeviceSynchronize());
    ck_cuda(sim.cudaFree(device));
    ck_cuda(sim.cudaFree(other));
}
END_TEST

/* On its own stream, a product waits its turn. */
START_TEST(products_are_queued)
{
    const float one = 1.0f;
    int late = 0;
    if (try_has_tsan(NULL)) return;
    for (uint64_t seed = 0; seed < TRY_SEEDS; seed++) {
        float *shared = try_upload(&one, sizeof one), *to = try_upload(NULL, sizeof one), got;
        sim.simt_seed(seed);
        cudaStream_t stream = try_stream(), other = try_stream();
        ck_blas(sim.cublasSetStream_v2(handle, stream));
        const product p = {.m = 1,
                           .n = 1,
                           .k = 1,
                           .lda = 1,
                           .ldb = 1,
                           .ldc = 1,
                           .alpha = 1.0f,
                           .compute = CUBLAS_COMPUTE_32F,
                           .a = shared,
                           .b = shared,
                           .c = to};
        ck_blas(multiply(&p));
        ck_cuda(sim.try_add(shared, 1.0f, 1, other));
        try_download(&got, to, sizeof got);
        ck_assert(got == 1.0f || got == 4.0f);
        late += got == 4.0f;
        ck_cuda(sim.cudaFree(shared));
        ck_cuda(sim.cudaFree(to));
        ck_blas(sim.cublasSetStream_v2(handle, NULL));
        ck_cuda(sim.cudaStreamDestroy(stream));
        ck_cuda(sim.cudaStreamDestroy(other));
    }
    ck_assert_int_gt(late, 0);
    ck_assert_int_lt(late, TRY_SEEDS);
}
END_TEST

START_TEST(a_fault_is_planted_in_the_largest_element_of_one_product)
{
    const float a[3] = {1.0f, -4.0f, 2.0f}, one = 1.0f;
    float got[3];
    float *device_a = try_upload(a, sizeof a), *device_b = try_upload(&one, sizeof one);
    const product p = {.m = 3,
                       .n = 1,
                       .k = 1,
                       .lda = 3,
                       .ldb = 1,
                       .ldc = 3,
                       .alpha = 1.0f,
                       .compute = CUBLAS_COMPUTE_32F,
                       .a = device_a,
                       .b = device_b,
                       .c = try_upload(NULL, sizeof got)};
    sim.simt_fault(2, 0.5);
    for (int turn = 1; turn <= 3; turn++) {
        ck_blas(multiply(&p));
        try_download(got, p.c, sizeof got);
        ck_assert_float_eq(got[0], 1.0f);
        ck_assert_float_eq(got[1], turn == 2 ? -6.0f : -4.0f);
        ck_assert_float_eq(got[2], 2.0f);
    }
    sim.simt_fail(1);
    ck_assert_int_eq(multiply(&p), CUBLAS_STATUS_EXECUTION_FAILED);
    sim.simt_fail(0);
    ck_cuda(sim.cudaFree(device_a));
    ck_cuda(sim.cudaFree(device_b));
    ck_cuda(sim.cudaFree(p.c));
}
END_TEST

Suite *lg_suite_simt_blas(void)
{
    Suite *suite = suite_create("simt_blas");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, open_blas, close_blas);
    suite_add_tcase(suite, all);
    tcase_add_test(all, products_are_those_of_the_definition);
    tcase_add_test(all, so_they_are_without_openblas);
    tcase_add_test(all, an_empty_sum_is_zero_and_an_empty_product_nothing);
    tcase_add_test(all, inputs_are_rounded_as_the_compute_type_says);
    tcase_add_test(all, bfloat16_inputs_and_factors_on_the_device);
    tcase_add_test(all, wrong_matrices_are_refused);
    tcase_add_test(all, products_are_queued);
    tcase_add_test(all, a_fault_is_planted_in_the_largest_element_of_one_product);
    return suite;
}
