/* backend_cuda.h -- what a CUDA backend holds, and the files that work on it.
 *
 * Layer 1 (cuda), private to cuda/.  Plain C over the runtime API and cuBLAS; in reading order:
 *   plugin_cuda.c   the exported symbol, and the table of operations
 *   backend_cuda.c  a device found, opened, described, closed
 *   transfer.c      memory, copies, the two streams, events
 *   matmul.c        the two products of a step, in cuBLAS's terms
 *   step.c          the operations, and the fused step
 *   lift.c          the op of the feature maps
 *   graph.c         steps recorded once, queued again in one call
 *   probe.c         parts of the work by themselves, to be measured
 *   cublas.c        cuBLAS, opened when it is needed
 * Kernels and their launchers: kernels.h.
 *
 * A backend belongs to one device, and several may be open: each call makes its own device the
 * calling thread's current one (lg_cuda_enter).  Both streams are non-blocking: they wait for each
 * other by events alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_BACKEND_CUDA_H
#define LG_CUDA_BACKEND_CUDA_H

#include "core/backend.h"
#include "core/plugin.h"
#include "core/probe.h"
#include "cuda/cublas.h"
#include "cuda/cuda_status.h"
#include "cuda/kernels.h"

enum { LG_CUDA_QUEUES = 2 };

/* Device memory of the backend's own, as large as the largest step so far. */
typedef struct lg_scratch {
    void *memory;
    size_t bytes;
} lg_scratch;

/* Scratch that grew while a recording might still read it: freed with the last recording. */
typedef struct lg_retired {
    void *memory;
    struct lg_retired *next;
} lg_retired;

/* alpha and beta of a product, in device memory: a captured step stays valid. */
typedef enum lg_constant { LG_ONE, LG_ZERO, LG_MINUS_ONE, LG_CONSTANTS } lg_constant;

typedef struct lg_cuda {
    lg_backend base; /* first: a lg_backend * is a lg_cuda * */
    int number;      /* of the device */
    lg_precision precision;
    cudaStream_t stream[LG_CUDA_QUEUES];
    const lg_cublas *blas;
    cublasHandle_t handle;
    void *workspace;                       /* of cuBLAS: fixed, so that its choices are */
    float *constants;                      /* [LG_CONSTANTS] */
    lg_scratch factor, mu;                 /* [s] floats: beta of a folded gradient */
    lg_scratch half_x, half_w, half_slope; /* bf16 copies of x, W and dz */
    lg_scratch lift_in, lift_out;          /* factor and result of a map's product */
    int keeps_factors;                     /* these are still those of the step: probe.c */
    int graphs;                            /* recordings that there are */
    lg_retired *retired;
    char text[256]; /* what it is, for people */
} lg_cuda;

struct lg_event {
    cudaEvent_t event;
};

/* The product of a gradient goes here: to <- beta to + alpha dZ^T X. */
typedef struct lg_into {
    float *to;
    const float *alpha, *beta; /* on the device */
} lg_into;

extern const lg_plugin logit_plugin; /* plugin_cuda.c */
extern const lg_backend_ops lg_cuda_ops;
extern const lg_probe_ops lg_cuda_probe; /* probe.c */

/* backend_cuda.c */
logit_status lg_cuda_open(lg_backend **out, int number, const lg_backend_options *options,
                          logit_error *err);
void lg_cuda_close(lg_backend *backend); /* any prefix of open */
void lg_cuda_describe(const lg_backend *backend, char *text, size_t size);

/* transfer.c */
logit_status lg_cuda_enter(const lg_cuda *cuda, logit_error *err);
/* Makes room for bytes; what it held is lost.  Waits where it grows.  Where there are recordings,
 * which hold addresses, the memory it had is kept for them. */
logit_status lg_cuda_reserve(lg_cuda *cuda, lg_scratch *scratch, size_t bytes, logit_error *err);
void lg_cuda_free_retired(lg_cuda *cuda); /* nothing reads it any more */
logit_status lg_cuda_alloc(lg_backend *backend, void **out, size_t bytes, logit_error *err);
logit_status lg_cuda_memory(lg_backend *backend, size_t *free_bytes, size_t *total_bytes,
                            logit_error *err);
void lg_cuda_free(lg_backend *backend, void *memory);
logit_status lg_cuda_alloc_host(lg_backend *backend, void **out, size_t bytes, logit_error *err);
void lg_cuda_free_host(lg_backend *backend, void *memory);
logit_status lg_cuda_upload(lg_backend *backend, lg_queue queue, void *device, const void *host,
                            size_t bytes, logit_error *err);
logit_status lg_cuda_download(lg_backend *backend, lg_queue queue, void *host, const void *device,
                              size_t bytes, logit_error *err);
logit_status lg_cuda_zero(lg_backend *backend, lg_queue queue, void *device, size_t bytes,
                          logit_error *err);
logit_status lg_cuda_event_create(lg_backend *backend, lg_event **out, logit_error *err);
void lg_cuda_event_destroy(lg_backend *backend, lg_event *event);
logit_status lg_cuda_event_record(lg_backend *backend, lg_event *event, lg_queue queue,
                                  logit_error *err);
logit_status lg_cuda_event_wait(lg_backend *backend, lg_event *event, lg_queue queue,
                                logit_error *err);
logit_status lg_cuda_event_sync(lg_backend *backend, lg_event *event, logit_error *err);
logit_status lg_cuda_sync(lg_backend *backend, logit_error *err);

/* matmul.c.  x [n][d] as the products take it in: lg_cuda_take_x gives it. */
logit_status lg_cuda_take_x(lg_cuda *cuda, const lg_step *step, const void **x, logit_error *err);
logit_status lg_cuda_multiply_forward(lg_cuda *cuda, const lg_step *step, const void *x,
                                      logit_error *err);
logit_status lg_cuda_multiply_back(lg_cuda *cuda, const lg_step *step, const void *x, lg_into into,
                                   logit_error *err);

/* Y [n][units] = U [n][in] F [units][in]^T in float32, whatever the precision. */
typedef struct lg_exact {
    const float *u, *filter;
    float *y;
    int64_t n, in;
    int units;
} lg_exact;
logit_status lg_cuda_multiply_exact(lg_cuda *cuda, const lg_exact *of, logit_error *err);

/* lift.c: as in backend.h; and room for what it needs. */
logit_status lg_cuda_features(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_prepare_lift(lg_cuda *cuda, const lg_lift *lift, logit_error *err);

/* step.c: as in backend.h; and the launcher of each loss. */
extern lg_loss_cuda_fn *const lg_cuda_losses[LG_LOSS_COUNT];
logit_status lg_cuda_pixels(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_logits(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_loss(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_gradient(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_update(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_sum(lg_backend *backend, const lg_step *step, logit_error *err);
int lg_cuda_fuses(const lg_backend *backend, const lg_step *step);
lg_fold lg_cuda_folds(const lg_backend *backend, const lg_step *step);
logit_status lg_cuda_step(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_prepare(lg_backend *backend, const lg_step *step, logit_error *err);
logit_status lg_cuda_rows(lg_backend *backend, const lg_rows *rows, logit_error *err);

/* graph.c: as in backend.h. */
logit_status lg_cuda_graph_begin(lg_backend *backend, logit_error *err);
logit_status lg_cuda_graph_end(lg_backend *backend, lg_graph **out, logit_error *err);
logit_status lg_cuda_graph_replay(lg_backend *backend, lg_graph *graph, logit_error *err);
void lg_cuda_graph_destroy(lg_backend *backend, lg_graph *graph);

#endif
