/* plugin_cuda.c -- the one symbol that the plug-in exports, and the table of its operations.
 *
 * Layer 1 (cuda).  Compiled a second time, over the stand-in of tests/simt, these sources are the
 * plug-in `simt`: only the name differs, so that nothing of it is ever taken for a GPU. */
/* SPDX-License-Identifier: MIT */
#include "cuda/backend_cuda.h"

#ifdef LG_SIMT
#define NAME "simt"
#define BUILT "the SIMT stand-in"
#else
#define NAME "cuda"
#define TEXT_OF(token) #token
#define TEXT(macro) TEXT_OF(macro)
#define BUILT "cuBLAS " TEXT(CUBLAS_VER_MAJOR) "." TEXT(CUBLAS_VER_MINOR)
#endif

const lg_backend_ops lg_cuda_ops = {
    .name = NAME,
    .real_bytes = sizeof(float),
    .unified = 0,
    .close = lg_cuda_close,
    .describe = lg_cuda_describe,
    .alloc = lg_cuda_alloc,
    .free = lg_cuda_free,
    .alloc_host = lg_cuda_alloc_host,
    .free_host = lg_cuda_free_host,
    .upload = lg_cuda_upload,
    .download = lg_cuda_download,
    .zero = lg_cuda_zero,
    .event_create = lg_cuda_event_create,
    .event_destroy = lg_cuda_event_destroy,
    .event_record = lg_cuda_event_record,
    .event_wait = lg_cuda_event_wait,
    .event_sync = lg_cuda_event_sync,
    .sync = lg_cuda_sync,
    .pixels = lg_cuda_pixels,
    .features = lg_cuda_features,
    .logits = lg_cuda_logits,
    .loss = lg_cuda_loss,
    .gradient = lg_cuda_gradient,
    .update = lg_cuda_update,
    .sum = lg_cuda_sum,
    .fuses = lg_cuda_fuses,
    .folds = lg_cuda_folds,
    .step = lg_cuda_step,
    .graph_begin = lg_cuda_graph_begin,
    .graph_end = lg_cuda_graph_end,
    .graph_replay = lg_cuda_graph_replay,
    .graph_destroy = lg_cuda_graph_destroy,
    .probe = &lg_cuda_probe,
    .memory = lg_cuda_memory,
    .prepare = lg_cuda_prepare,
    .rows = lg_cuda_rows,
};

__attribute__((visibility("default"))) const lg_plugin logit_plugin = {
    .abi = LG_PLUGIN_ABI,
    .name = NAME,
    .built = BUILT,
    .open = lg_cuda_open,
};
