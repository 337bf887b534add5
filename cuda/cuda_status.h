/* cuda_status.h -- what CUDA and cuBLAS answer, as a logit_status with the call's own text.
 *
 * Layer 1 (cuda).  Every call is wrapped in LG_CUDA or LG_CUBLAS, a launch as well.  A fault on the
 * device is final: the backend is to be closed. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_CUDA_STATUS_H
#define LG_CUDA_CUDA_STATUS_H

#include <cuda_runtime_api.h>

#include "base/status.h"
#include "cuda/cublas.h"

#define LG_CUDA(err, call) LG_TRY(lg_cuda_check((call), #call, (err), __FILE__, __LINE__))
#define LG_CUBLAS(blas, err, call)                                                                 \
    LG_TRY(lg_cublas_check((blas), (call), #call, (err), __FILE__, __LINE__))

/* OK, NOMEM (the device's memory) or DEVICE. */
logit_status lg_cuda_check(cudaError_t code, const char *call, logit_error *err, const char *file,
                           int line);
logit_status lg_cublas_check(const lg_cublas *blas, cublasStatus_t code, const char *call,
                             logit_error *err, const char *file, int line);

/* cudaMalloc with a message that says how much was wanted and how much is free.  0 bytes give an
 * address, too.  Errors: NOMEM, DEVICE. */
logit_status lg_cuda_malloc(void **out, size_t bytes, logit_error *err);

#endif
