/* simt.h -- what a test may ask of the stand-in, beside what a program asks of CUDA.
 *
 * Tests (simt).  C, found by dlsym in the plug-in or in a library of kernels. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_SIMT_H
#define LG_SIMT_SIMT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum simt_kind {
    SIMT_DEVICE_MEMORY,
    SIMT_HOST_MEMORY,
    SIMT_STREAM,
    SIMT_EVENT,
    SIMT_GRAPH,
    SIMT_GRAPH_EXEC,
    SIMT_BLAS_HANDLE,
    SIMT_KINDS
} simt_kind;

/* How many of a kind there are that have not been freed or destroyed; of all kinds together. */
int64_t simt_live(simt_kind kind);
int64_t simt_live_all(void);

/* New orders from here on. */
void simt_seed(uint64_t seed);

/* Calls so far that may fail.  simt_fail(n): the n-th from here on does, and an earlier failure
 * that stays is forgotten; 0: none does. */
int64_t simt_calls(void);
void simt_fail(int64_t call);

/* The n-th product from here on is wrong by a factor 1 + error in its largest element; 0: none. */
void simt_fault(int64_t gemm, double error);

/* Kernels that have run, and threads of them. */
int64_t simt_kernels(void);
int64_t simt_threads(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
