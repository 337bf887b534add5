/* matmul.c -- the two products of a step; the one place where row-major meets column-major.
 *
 * Layer 1 (cuda).  cuBLAS reads a matrix column by column.  Our row-major A [r][c] with rows c
 * numbers apart is, read so, the matrix A^T of c rows and r columns with leading dimension c: the
 * same bytes, nothing is moved.  So each product is asked for transposed, and what cuBLAS takes to
 * be a factor "as it is" is the transpose of ours.  With c = s*k columns of logits:
 *
 *   logits     Z [n][c] = X [n][d] W [c][d]^T           is     Z^T = W X^T
 *              W  is seen as W^T (d x c): op T gives W    (c x d)
 *              X  is seen as X^T (d x n): op N is X^T     (d x n)
 *              gemm(T, N, m = c, n = n, k = d, W with ld d, X with ld d, Z with ld c)
 *
 *   gradient   G [c][d] = beta G + alpha dZ^T X         is     G^T = beta G^T + alpha X^T dZ
 *              X  is seen as X^T  (d x n): op N is X^T    (d x n)
 *              dZ is seen as dZ^T (c x n): op T gives dZ  (n x c)
 *              gemm(N, T, m = d, n = c, k = n, X with ld d, dZ with ld c, G with ld d)
 *
 * Sums are float32 in every precision.  f32: CUBLAS_COMPUTE_32F, which takes no tensor core; tf32:
 * the same arrays, each factor rounded to 10 bits of fraction on its way in; bf16: X, W and dZ are
 * copied to 16 bits first, and G and Z stay float32. */
/* SPDX-License-Identifier: MIT */
#include <limits.h>

#include "cuda/backend_cuda.h"
#include "cuda/kernels.h"

/* How a precision is asked for. */
static const struct kind {
    cudaDataType_t factor;
    cublasComputeType_t compute;
    int is_half; /* factors are copies in 16 bits */
} kinds[LG_PRECISION_COUNT] = {
    [LG_PRECISION_F32] = {CUDA_R_32F, CUBLAS_COMPUTE_32F, 0},
    [LG_PRECISION_TF32] = {CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, 0},
    [LG_PRECISION_BF16] = {CUDA_R_16BF, CUBLAS_COMPUTE_32F, 1},
};

/* An array as the products take it in: itself, or its copy in 16 bits. */
static logit_status take(lg_cuda *cuda, const void *from, int64_t count, lg_scratch *half,
                         const void **out, logit_error *err)
{
    *out = from;
    if (!kinds[cuda->precision].is_half) return LOGIT_OK;
    *out = half->memory;
    if (cuda->keeps_factors && half->memory) return LOGIT_OK;
    LG_TRY(lg_cuda_reserve(cuda, half, (size_t)count * sizeof(uint16_t), err));
    LG_CUDA(err, lg_to_bf16_cuda(half->memory, from, count, cuda->stream[LG_QUEUE_COMPUTE]));
    *out = half->memory;
    return LOGIT_OK;
}

logit_status lg_cuda_take_x(lg_cuda *cuda, const lg_step *step, const void **x, logit_error *err)
{
    return take(cuda, step->x, step->batch.count * step->features, &cuda->half_x, x, err);
}

/* n, d and c as cuBLAS takes them. */
typedef struct sizes {
    int n, d, c;
} sizes;

static logit_status fit(int64_t n, int64_t d, int64_t c, sizes *is, logit_error *err)
{
    if (n > INT_MAX || d > INT_MAX || c > INT_MAX)
        LG_FAIL(err, LOGIT_E_USAGE,
                "a batch of %lld rows, %lld features and %lld outputs: a GPU takes at most %d of "
                "each; take a smaller --batch-size or fewer combinations",
                (long long)n, (long long)d, (long long)c, INT_MAX);
    *is = (sizes){(int)n, (int)d, (int)c};
    return LOGIT_OK;
}

static logit_status measure(const lg_step *step, sizes *is, logit_error *err)
{
    const int64_t c = (int64_t)step->settings * step->outputs;
    return fit(step->batch.count, step->features, c, is, err);
}

/* The first product: Z = X W^T. */
static logit_status forward(lg_cuda *cuda, const struct kind *kind, sizes is, const void *x,
                            const void *w, void *z, logit_error *err)
{
    const lg_cublas *blas = cuda->blas;
    LG_CUBLAS(blas, err,
              blas->gemm(cuda->handle, CUBLAS_OP_T, CUBLAS_OP_N, is.c, is.n, is.d,
                         &cuda->constants[LG_ONE], w, kind->factor, is.d, x, kind->factor, is.d,
                         &cuda->constants[LG_ZERO], z, CUDA_R_32F, is.c, kind->compute,
                         CUBLAS_GEMM_DEFAULT));
    return LOGIT_OK;
}

logit_status lg_cuda_multiply_forward(lg_cuda *cuda, const lg_step *step, const void *x,
                                      logit_error *err)
{
    const void *w;
    sizes is = {0, 0, 0};
    LG_TRY(measure(step, &is, err));
    LG_TRY(take(cuda, step->w, is.c * step->features, &cuda->half_w, &w, err));
    return forward(cuda, &kinds[cuda->precision], is, x, w, step->z, err);
}

logit_status lg_cuda_multiply_exact(lg_cuda *cuda, const lg_exact *of, logit_error *err)
{
    sizes is = {0, 0, 0};
    LG_TRY(fit(of->n, of->in, of->units, &is, err));
    return forward(cuda, &kinds[LG_PRECISION_F32], is, of->u, of->filter, of->y, err);
}

logit_status lg_cuda_multiply_back(lg_cuda *cuda, const lg_step *step, const void *x, lg_into into,
                                   logit_error *err)
{
    const struct kind *kind = &kinds[cuda->precision];
    const lg_cublas *blas = cuda->blas;
    const void *slope;
    sizes is = {0, 0, 0};
    LG_TRY(measure(step, &is, err));
    LG_TRY(take(cuda, step->z, is.c * step->batch.count, &cuda->half_slope, &slope, err));
    LG_CUBLAS(blas, err,
              blas->gemm(cuda->handle, CUBLAS_OP_N, CUBLAS_OP_T, is.d, is.c, is.n, into.alpha, x,
                         kind->factor, is.d, slope, kind->factor, is.c, into.beta, into.to,
                         CUDA_R_32F, is.d, kind->compute, CUBLAS_GEMM_DEFAULT));
    return LOGIT_OK;
}
