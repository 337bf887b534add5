/* cublas.h -- the few functions of cuBLAS that are used, found when they are needed.
 *
 * Layer 1 (cuda).  Loading cuBLAS takes half a second, so it is not linked: it is opened once a
 * device is there, and stays for the life of the process.  The types
 * are those of <cublas_v2.h>. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_CUBLAS_H
#define LG_CUDA_CUBLAS_H

#include <cublas_v2.h>

#include "logit.h"

/* FUNCTION(member of lg_cublas, function; the header may put a version behind its name) */
#define LG_CUBLAS_FUNCTIONS(FUNCTION)                                                              \
    FUNCTION(create, cublasCreate)                                                                 \
    FUNCTION(destroy, cublasDestroy)                                                               \
    FUNCTION(get_version, cublasGetVersion)                                                        \
    FUNCTION(get_status_string, cublasGetStatusString)                                             \
    FUNCTION(set_stream, cublasSetStream)                                                          \
    FUNCTION(set_workspace, cublasSetWorkspace)                                                    \
    FUNCTION(set_pointer_mode, cublasSetPointerMode)                                               \
    FUNCTION(set_math_mode, cublasSetMathMode)                                                     \
    FUNCTION(gemm, cublasGemmEx)

typedef struct lg_cublas {
#define LG_CUBLAS_MEMBER(member, function) __typeof__(&function) member;
    LG_CUBLAS_FUNCTIONS(LG_CUBLAS_MEMBER)
#undef LG_CUBLAS_MEMBER
} lg_cublas;

/* The table, filled on first use.  Errors: DEVICE (no libcublas of the version that this was built
 * with, or one that lacks a function). */
logit_status lg_cublas_open(const lg_cublas **out, logit_error *err);

#endif
