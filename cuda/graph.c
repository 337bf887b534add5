/* graph.c -- steps recorded once and queued again at the price of one call.
 *
 * Layer 1 (cuda).  What is queued on the compute stream while it is captured becomes the nodes of a
 * CUDA graph, in the order of the stream: the same kernels and products on the same memory, hence
 * the same bits.  Thread-local capture: other threads may go on with the runtime meanwhile. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "cuda/backend_cuda.h"

struct lg_graph {
    cudaGraphExec_t exec;
};

static cudaStream_t compute(const lg_backend *backend)
{
    return ((const lg_cuda *)backend)->stream[LG_QUEUE_COMPUTE];
}

logit_status lg_cuda_graph_begin(lg_backend *backend, logit_error *err)
{
    LG_TRY(lg_cuda_enter((lg_cuda *)backend, err));
    LG_CUDA(err, cudaStreamBeginCapture(compute(backend), cudaStreamCaptureModeThreadLocal));
    return LOGIT_OK;
}

logit_status lg_cuda_graph_end(lg_backend *backend, lg_graph **out, logit_error *err)
{
    cudaGraph_t nodes = NULL;
    *out = NULL;
    lg_graph *graph = calloc(1, sizeof *graph);
    cudaError_t code = cudaStreamEndCapture(compute(backend), &nodes); /* in any case */
    if (graph && code == cudaSuccess) code = cudaGraphInstantiate(&graph->exec, nodes, 0);
    if (nodes) cudaGraphDestroy(nodes);
    if (graph && code == cudaSuccess) {
        ((lg_cuda *)backend)->graphs++;
        *out = graph;
        return LOGIT_OK;
    }
    const int is_poor = !graph;
    free(graph);
    if (is_poor) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a graph");
    return lg_cuda_check(code, "cudaGraphInstantiate", err, __FILE__, __LINE__);
}

logit_status lg_cuda_graph_replay(lg_backend *backend, lg_graph *graph, logit_error *err)
{
    LG_TRY(lg_cuda_enter((lg_cuda *)backend, err));
    LG_CUDA(err, cudaGraphLaunch(graph->exec, compute(backend)));
    return LOGIT_OK;
}

void lg_cuda_graph_destroy(lg_backend *backend, lg_graph *graph)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    if (!graph) return;
    lg_cuda_sync(backend, NULL); /* it may be under way, on memory that it alone knows */
    cudaGraphExecDestroy(graph->exec);
    cudaGetLastError();
    free(graph);
    if (--cuda->graphs == 0) lg_cuda_free_retired(cuda);
}
