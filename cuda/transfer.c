/* transfer.c -- device memory, page-locked memory, copies on two streams, events.
 *
 * Layer 1 (cuda).  Copies from page-locked memory return at once; from other memory the runtime
 * stages them, and they may wait. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cuda/backend_cuda.h"

static lg_cuda *cuda_of(lg_backend *backend)
{
    return (lg_cuda *)backend;
}

logit_status lg_cuda_enter(const lg_cuda *cuda, logit_error *err)
{
    LG_CUDA(err, cudaSetDevice(cuda->number));
    return LOGIT_OK;
}

logit_status lg_cuda_sync(lg_backend *backend, logit_error *err)
{
    const lg_cuda *cuda = cuda_of(backend);
    LG_TRY(lg_cuda_enter(cuda, err));
    for (int i = 0; i < LG_CUDA_QUEUES; i++) LG_CUDA(err, cudaStreamSynchronize(cuda->stream[i]));
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- memory --- */

/* Frees what scratch held, or keeps it for the recordings that hold its address. */
static logit_status let_go(lg_cuda *cuda, void *memory, logit_error *err)
{
    if (cuda->graphs == 0) {
        LG_CUDA(err, cudaFree(memory));
        return LOGIT_OK;
    }
    lg_retired *kept = malloc(sizeof *kept);
    if (!kept) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a list of GPU memory");
    *kept = (lg_retired){memory, cuda->retired};
    cuda->retired = kept;
    return LOGIT_OK;
}

void lg_cuda_free_retired(lg_cuda *cuda)
{
    while (cuda->retired) {
        lg_retired *const first = cuda->retired;
        cuda->retired = first->next;
        cudaFree(first->memory);
        free(first);
    }
    cudaGetLastError();
}

logit_status lg_cuda_reserve(lg_cuda *cuda, lg_scratch *scratch, size_t bytes, logit_error *err)
{
    if (bytes <= scratch->bytes && scratch->memory) return LOGIT_OK;
    LG_TRY(lg_cuda_sync(&cuda->base, err));
    if (scratch->memory) LG_TRY(let_go(cuda, scratch->memory, err));
    *scratch = (lg_scratch){NULL, 0};
    LG_TRY(lg_cuda_malloc(&scratch->memory, bytes, err));
    scratch->bytes = bytes;
    return LOGIT_OK;
}

logit_status lg_cuda_alloc(lg_backend *backend, void **out, size_t bytes, logit_error *err)
{
    *out = NULL;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    return lg_cuda_malloc(out, bytes, err);
}

logit_status lg_cuda_memory(lg_backend *backend, size_t *free_bytes, size_t *total_bytes,
                            logit_error *err)
{
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaMemGetInfo(free_bytes, total_bytes));
    return LOGIT_OK;
}

/* Waits: what is queued may still use it. */
void lg_cuda_free(lg_backend *backend, void *memory)
{
    lg_cuda_sync(backend, NULL);
    cudaFree(memory);
    cudaGetLastError();
}

logit_status lg_cuda_alloc_host(lg_backend *backend, void **out, size_t bytes, logit_error *err)
{
    *out = NULL;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    const cudaError_t code = cudaMallocHost(out, bytes > 0 ? bytes : 1);
    if (code == cudaErrorMemoryAllocation) {
        *out = NULL;
        cudaGetLastError();
        LG_FAIL(err, LOGIT_E_NOMEM,
                "out of memory: %zu bytes of page-locked memory wanted; take less --memory or a "
                "smaller --batch-size",
                bytes);
    }
    return lg_cuda_check(code, "cudaMallocHost", err, __FILE__, __LINE__);
}

void lg_cuda_free_host(lg_backend *backend, void *memory)
{
    lg_cuda_sync(backend, NULL);
    cudaFreeHost(memory);
    cudaGetLastError();
}

/* --------------------------------------------------------------------------------- copies --- */

logit_status lg_cuda_upload(lg_backend *backend, lg_queue queue, void *device, const void *host,
                            size_t bytes, logit_error *err)
{
    const cudaStream_t stream = cuda_of(backend)->stream[queue];
    if (bytes == 0) return LOGIT_OK;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream));
    return LOGIT_OK;
}

logit_status lg_cuda_download(lg_backend *backend, lg_queue queue, void *host, const void *device,
                              size_t bytes, logit_error *err)
{
    const cudaStream_t stream = cuda_of(backend)->stream[queue];
    if (bytes == 0) return LOGIT_OK;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream));
    return LOGIT_OK;
}

logit_status lg_cuda_zero(lg_backend *backend, lg_queue queue, void *device, size_t bytes,
                          logit_error *err)
{
    if (bytes == 0) return LOGIT_OK;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaMemsetAsync(device, 0, bytes, cuda_of(backend)->stream[queue]));
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- events --- */

logit_status lg_cuda_event_create(lg_backend *backend, lg_event **out, logit_error *err)
{
    *out = NULL;
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    lg_event *event = calloc(1, sizeof *event);
    if (!event) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for an event");
    const cudaError_t code = cudaEventCreateWithFlags(&event->event, cudaEventDisableTiming);
    if (code != cudaSuccess) {
        free(event);
        return lg_cuda_check(code, "cudaEventCreateWithFlags", err, __FILE__, __LINE__);
    }
    *out = event;
    return LOGIT_OK;
}

void lg_cuda_event_destroy(lg_backend *backend, lg_event *event)
{
    if (!event) return;
    lg_cuda_enter(cuda_of(backend), NULL);
    cudaEventDestroy(event->event);
    cudaGetLastError();
    free(event);
}

logit_status lg_cuda_event_record(lg_backend *backend, lg_event *event, lg_queue queue,
                                  logit_error *err)
{
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaEventRecord(event->event, cuda_of(backend)->stream[queue]));
    return LOGIT_OK;
}

logit_status lg_cuda_event_wait(lg_backend *backend, lg_event *event, lg_queue queue,
                                logit_error *err)
{
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaStreamWaitEvent(cuda_of(backend)->stream[queue], event->event, 0));
    return LOGIT_OK;
}

logit_status lg_cuda_event_sync(lg_backend *backend, lg_event *event, logit_error *err)
{
    LG_TRY(lg_cuda_enter(cuda_of(backend), err));
    LG_CUDA(err, cudaEventSynchronize(event->event));
    return LOGIT_OK;
}
