/* probe.c -- the bare parts of the work, for measuring: see core/probe.h.  Layer 1 (cuda). */
/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

#include "cuda/backend_cuda.h"
#include "cuda/kernels.h"

static logit_status copy(lg_backend *backend, void *to, const void *from, size_t bytes,
                         logit_error *err)
{
    const lg_cuda *cuda = (lg_cuda *)backend;
    const cudaStream_t stream = cuda->stream[LG_QUEUE_COMPUTE];
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream));
    return LOGIT_OK;
}

static logit_status launch(lg_backend *backend, logit_error *err)
{
    const lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_idle_cuda(cuda->stream[LG_QUEUE_COMPUTE]));
    return LOGIT_OK;
}

static logit_status product(lg_backend *backend, const lg_step *step, lg_product which,
                            int converts, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const void *x;
    LG_TRY(lg_cuda_enter(cuda, err));
    cuda->keeps_factors = !converts;
    logit_status status = lg_cuda_take_x(cuda, step, &x, err);
    const lg_into into = {
        .to = step->gw, .alpha = &cuda->constants[LG_ONE], .beta = &cuda->constants[LG_ZERO]};
    if (status == LOGIT_OK)
        status = which == LG_PRODUCT_LOGITS ? lg_cuda_multiply_forward(cuda, step, x, err)
                                            : lg_cuda_multiply_back(cuda, step, x, into, err);
    cuda->keeps_factors = 0;
    return status;
}

static logit_status loss(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_cuda_losses[step->loss](step, (lg_loss_how){.bias = NULL},
                                            cuda->stream[LG_QUEUE_COMPUTE]));
    return LOGIT_OK;
}

const lg_probe_ops lg_cuda_probe = {
    .copy = copy, .launch = launch, .product = product, .loss = loss};
