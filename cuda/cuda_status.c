/* cuda_status.c -- see cuda_status.h.  Layer 1 (cuda). */
/* SPDX-License-Identifier: MIT */
#include "cuda/cuda_status.h"

logit_status lg_cuda_check(cudaError_t code, const char *call, logit_error *err, const char *file,
                           int line)
{
    if (code == cudaSuccess) return LOGIT_OK;
    cudaGetLastError(); /* taken back: the next launch is not to be blamed for it */
    const logit_status status = code == cudaErrorMemoryAllocation ? LOGIT_E_NOMEM : LOGIT_E_DEVICE;
    return lg_fail(err, status, file, line, "GPU error: %.600s: %s (%s)", call,
                   cudaGetErrorString(code), cudaGetErrorName(code));
}

logit_status lg_cublas_check(const lg_cublas *blas, cublasStatus_t code, const char *call,
                             logit_error *err, const char *file, int line)
{
    if (code == CUBLAS_STATUS_SUCCESS) return LOGIT_OK;
    cudaGetLastError();
    const logit_status status = code == CUBLAS_STATUS_ALLOC_FAILED ? LOGIT_E_NOMEM : LOGIT_E_DEVICE;
    return lg_fail(err, status, file, line, "GPU error in cuBLAS: %.600s: %s", call,
                   blas->get_status_string(code));
}

logit_status lg_cuda_malloc(void **out, size_t bytes, logit_error *err)
{
    size_t free_bytes = 0, all_bytes = 0;
    *out = NULL;
    const cudaError_t code = cudaMalloc(out, bytes > 0 ? bytes : 1);
    if (code != cudaErrorMemoryAllocation)
        return lg_cuda_check(code, "cudaMalloc", err, __FILE__, __LINE__);
    *out = NULL;
    cudaGetLastError();
    LG_CUDA(err, cudaMemGetInfo(&free_bytes, &all_bytes));
    LG_FAIL(err, LOGIT_E_NOMEM,
            "out of GPU memory: %zu bytes wanted, %zu free of %zu; take a smaller --batch-size, or "
            "less --memory, or --device cpu",
            bytes, free_bytes, all_bytes);
}
