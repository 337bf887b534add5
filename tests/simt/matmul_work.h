/* matmul_work.h -- one matrix product, checked and ready to run.
 *
 * Tests (simt).  Column-major, as cuBLAS has it: element (i, j) of a matrix lies at i + j * ld. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_MATMUL_WORK_H
#define LG_SIMT_MATMUL_WORK_H

#include <cublas_v2.h>

#include "tests/simt/queue.h"

namespace simt
{

/* A matrix as it is stored, before it is transposed. */
struct matrix {
    const void *at;
    cudaDataType type;
    int rows, columns, stride;
};

/* How inputs are rounded first. */
enum class rounding { none, tf32, bf16 };

struct matmul_work : work {
    int m, n, k;
    bool transpose_a, transpose_b;
    matrix a, b, c;
    rounding inputs;
    float alpha, beta;                       /* where the pointers are NULL */
    const float *device_alpha, *device_beta; /* in device memory */

    void run() const override;
};

} // namespace simt

#endif
