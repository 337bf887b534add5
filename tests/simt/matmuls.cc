/* matmuls.cc -- the calls of cuBLAS: what a product may ask for.
 *
 * Tests (simt).  Every matrix has to lie in one device allocation, to its last element; leading
 * dimensions are checked as cuBLAS does.  alpha and beta are read at the call, or, in device
 * pointer mode, when the product runs. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/matmul_work.h"

#include <set>

#include "tests/simt/device_memory.h"
#include "tests/simt/machine.h"
#include "tests/simt/words.h"

struct cublasContext {
    cudaStream_t stream;
    cublasPointerMode_t mode;
    cublasMath_t math;
};

namespace simt
{
namespace
{

std::set<cublasHandle_t> *handles;

cublasStatus_t status_of(cudaError_t error)
{
    if (error == cudaSuccess) return CUBLAS_STATUS_SUCCESS;
    if (error == cudaErrorMemoryAllocation) return CUBLAS_STATUS_ALLOC_FAILED;
    if (error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    return CUBLAS_STATUS_EXECUTION_FAILED;
}

bool is_handle(cublasHandle_t handle)
{
    if (handles && handles->count(handle)) return true;
    complain("%p is not a cuBLAS handle, or one that was destroyed", static_cast<void *>(handle));
    return false;
}

/* What a call on a handle has to return at once. */
cublasStatus_t refusal_of(const api_call &call, cublasHandle_t handle)
{
    if (call.refusal != cudaSuccess) return status_of(call.refusal);
    return is_handle(handle) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

size_t bytes_of(const matrix &of)
{
    if (of.rows == 0 || of.columns == 0) return 0;
    const size_t element = of.type == CUDA_R_32F ? 4 : 2;
    return (size_t(of.columns - 1) * size_t(of.stride) + size_t(of.rows)) * element;
}

bool check_matrix(const char *name, const matrix &of)
{
    const size_t bytes = bytes_of(of);
    if (of.stride < (of.rows > 1 ? of.rows : 1)) {
        complain("cublasGemmEx: the leading dimension of %s is %d, its columns have %d elements",
                 name, of.stride, of.rows);
        return false;
    }
    if (bytes == 0 || is_device(of.at, bytes)) return true;
    complain("cublasGemmEx: %s, %d x %d with leading dimension %d (%zu bytes at %p), is to be "
             "device memory, and is %s%s",
             name, of.rows, of.columns, of.stride, bytes, of.at, describe_address(of.at),
             is_device(of.at, 0) ? " that ends before" : "");
    return false;
}

bool check_types(const matmul_work &of)
{
    const auto is_input = [](cudaDataType type) {
        return type == CUDA_R_32F || type == CUDA_R_16BF;
    };
    return of.a.type == of.b.type && is_input(of.a.type) && of.c.type == CUDA_R_32F;
}

bool read_compute(cublasComputeType_t compute, cublasMath_t math, cudaDataType type, rounding *how)
{
    *how = rounding::none;
    if (type != CUDA_R_32F) /* the fast ones round what is a float32 */
        return compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_PEDANTIC;
    switch (compute) {
    case CUBLAS_COMPUTE_32F:
        if (math == CUBLAS_TF32_TENSOR_OP_MATH) *how = rounding::tf32;
        return true;
    case CUBLAS_COMPUTE_32F_PEDANTIC:
        return true;
    case CUBLAS_COMPUTE_32F_FAST_TF32:
        *how = rounding::tf32;
        return true;
    case CUBLAS_COMPUTE_32F_FAST_16BF:
        *how = rounding::bf16;
        return true;
    }
    return false;
}

bool check_factor(const char *name, const void *factor, cublasPointerMode_t mode)
{
    const bool right = mode == CUBLAS_POINTER_MODE_DEVICE
                           ? is_device(factor, sizeof(float))
                           : factor && !touches_device(factor, sizeof(float));
    if (!right)
        complain("cublasGemmEx: %s is %s, which the pointer mode does not allow", name,
                 describe_address(factor));
    return right;
}

cublasStatus_t set_factors(matmul_work *of, cublasPointerMode_t mode, const void *alpha,
                           const void *beta)
{
    if (!check_factor("alpha", alpha, mode) || !check_factor("beta", beta, mode))
        return CUBLAS_STATUS_INVALID_VALUE;
    const float *given_alpha = static_cast<const float *>(alpha);
    const float *given_beta = static_cast<const float *>(beta);
    const bool on_device = mode == CUBLAS_POINTER_MODE_DEVICE;
    of->device_alpha = on_device ? given_alpha : nullptr;
    of->device_beta = on_device ? given_beta : nullptr;
    of->alpha = on_device ? 0.0f : *given_alpha;
    of->beta = on_device ? 0.0f : *given_beta;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t put_matmul(cudaStream_t stream, const std::shared_ptr<matmul_work> &of)
{
    if (of->m < 0 || of->n < 0 || of->k < 0) return CUBLAS_STATUS_INVALID_VALUE;
    if (!check_matrix("A", of->a) || !check_matrix("B", of->b) || !check_matrix("C", of->c))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (of->m == 0 || of->n == 0) return CUBLAS_STATUS_SUCCESS;
    return status_of(put(stream, of));
}

} // namespace
} // namespace simt

using namespace simt;

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle)
{
    const api_call call;
    *handle = nullptr;
    if (call.refusal != cudaSuccess) return status_of(call.refusal);
    if (is_capturing()) return status_of(refuse_in_capture("cublasCreate"));
    if (!handles) handles = new std::set<cublasHandle_t>;
    *handle = new cublasContext{};
    handles->insert(*handle);
    the.live[SIMT_BLAS_HANDLE]++;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle)
{
    const api_call call;
    if (!is_handle(handle)) return CUBLAS_STATUS_NOT_INITIALIZED;
    handles->erase(handle);
    delete handle;
    the.live[SIMT_BLAS_HANDLE]--;
    return status_of(call.refusal);
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal != CUBLAS_STATUS_SUCCESS) return refusal;
    if (!find_stream(stream)) return CUBLAS_STATUS_INVALID_VALUE;
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

/* cuBLAS asks for an address that is a multiple of 256. */
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t bytes)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal != CUBLAS_STATUS_SUCCESS) return refusal;
    if (bytes == 0) return CUBLAS_STATUS_SUCCESS;
    if (reinterpret_cast<uintptr_t>(workspace) % 256 == 0 && is_device(workspace, bytes))
        return CUBLAS_STATUS_SUCCESS;
    complain("cublasSetWorkspace: %zu bytes at %p are to be device memory, and are %s", bytes,
             workspace, describe_address(workspace));
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal == CUBLAS_STATUS_SUCCESS) handle->mode = mode;
    return refusal;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal == CUBLAS_STATUS_SUCCESS) handle->math = mode;
    return refusal;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int *version)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal == CUBLAS_STATUS_SUCCESS) *version = CUBLAS_VERSION;
    return refusal;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b,
                            int m, int n, int k, const void *alpha, const void *a,
                            cudaDataType a_type, int lda, const void *b, cudaDataType b_type,
                            int ldb, const void *beta, void *c, cudaDataType c_type, int ldc,
                            cublasComputeType_t compute, cublasGemmAlgo_t)
{
    const api_call call;
    const cublasStatus_t refusal = refusal_of(call, handle);
    if (refusal != CUBLAS_STATUS_SUCCESS) return refusal;
    const auto of = std::make_shared<matmul_work>();
    of->m = m;
    of->n = n;
    of->k = k;
    of->transpose_a = op_a != CUBLAS_OP_N;
    of->transpose_b = op_b != CUBLAS_OP_N;
    of->a = {a, a_type, of->transpose_a ? k : m, of->transpose_a ? m : k, lda};
    of->b = {b, b_type, of->transpose_b ? n : k, of->transpose_b ? k : n, ldb};
    of->c = {c, c_type, m, n, ldc};
    if (!check_types(*of)) return CUBLAS_STATUS_NOT_SUPPORTED;
    if (!read_compute(compute, handle->math, a_type, &of->inputs))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    const cublasStatus_t factors = set_factors(of.get(), handle->mode, alpha, beta);
    return factors != CUBLAS_STATUS_SUCCESS ? factors : put_matmul(handle->stream, of);
}

const char *cublasGetStatusName(cublasStatus_t status)
{
    switch (status) {
#define NAME(of)                                                                                   \
    case of:                                                                                       \
        return #of;
        NAME(CUBLAS_STATUS_SUCCESS)
        NAME(CUBLAS_STATUS_NOT_INITIALIZED)
        NAME(CUBLAS_STATUS_ALLOC_FAILED)
        NAME(CUBLAS_STATUS_INVALID_VALUE)
        NAME(CUBLAS_STATUS_ARCH_MISMATCH)
        NAME(CUBLAS_STATUS_MAPPING_ERROR)
        NAME(CUBLAS_STATUS_EXECUTION_FAILED)
        NAME(CUBLAS_STATUS_INTERNAL_ERROR)
        NAME(CUBLAS_STATUS_NOT_SUPPORTED)
        NAME(CUBLAS_STATUS_LICENSE_ERROR)
#undef NAME
    }
    return "unknown status";
}

const char *cublasGetStatusString(cublasStatus_t status)
{
    return cublasGetStatusName(status);
}
