/* blas.h -- OpenBLAS, opened at run time: one single-threaded sgemm for the wide products.
 *
 * Layer 1 (core).  Opened with dlopen, so that logit runs where it is not installed, and after its
 * environment is set, which it reads once, while it is loaded:
 *   OPENBLAS_NUM_THREADS=1   parallel work is cut into fixed blocks by us, so that the bits do not
 *                            depend on the number of threads
 *   OPENBLAS_CORETYPE        by the instruction set class in use, unless the user has set it: an
 *                            OpenBLAS that does not know a new processor falls back to SSE3
 * LOGIT_BLAS=off in the environment leaves it alone, as where it is not installed.
 *
 * It is loaded once per process and stays; the first caller's class decides.  Safe to call from
 * several threads.  Its memory does not survive a fork: open it after. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_BLAS_H
#define LG_CORE_BLAS_H

#include <stdint.h>

/* C [m][n] = A B + beta C, all row-major, leading dimensions in floats.  transpose_a: A is stored
 * as [k][m], and so on. */
typedef struct lg_gemm {
    int transpose_a, transpose_b;
    int m, n, k;
    const float *a, *b;
    float *c;
    int lda, ldb, ldc;
    float beta;
} lg_gemm;

/* Loads OpenBLAS for an instruction set class ("avx512", "avx2", "base").  1 if it is there. */
int lg_blas_open(const char *isa);

/* After lg_blas_open gave 1. */
void lg_blas_gemm(const lg_gemm *gemm);

/* One phrase for people: "OpenBLAS 0.3.21 SkylakeX", or why there is none.  Static. */
const char *lg_blas_describe(void);

#endif
