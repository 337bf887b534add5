/* step.c -- the operations of a step on the compute stream, and the whole step at once.
 *
 * Layer 1 (cuda).  Nothing here waits for the device (but where scratch grows, at the first batch).
 * Launches of a whole step, a matrix product counted as one:
 *
 *   sgd without momentum, one setting    6  pixels, product, loss, finish, product, bias
 *   sgd without momentum, several        7  ... and the decay of W before the second product
 *   sgd with momentum, adam              6  pixels, product, loss, finish, product, update
 *   bf16                                +2  W and dz in 16 bits (x comes so from pixels)
 *
 * against 8 op by op: the bias is added where the loss reads the logits, and column sums and
 * totals are one launch.  Where the gradient of W is folded, the second product is the update:
 *
 *   W <- factor W - dZ^T X       sgd without momentum; dZ carries the learning rate of its setting,
 *                                factor = 1 - lr decay - lr l2 is cuBLAS's beta (several settings:
 *                                W is scaled first, and beta is 1);  b <- b - gb
 *   V <- mu V + dZ^T X           sgd with momentum, one setting, not Nesterov's: mu is beta, and
 *                                the update adds l2 W to V, and takes lr V from W
 *
 * All numbers that change from step to step are read on the device. */
/* SPDX-License-Identifier: MIT */
#include "cuda/backend_cuda.h"
#include "cuda/kernels.h"

lg_loss_cuda_fn *const lg_cuda_losses[LG_LOSS_COUNT] = {
#define LOSS(id, name, outputs, link, curvature, formula) [LG_LOSS_##id] = lg_loss_##name##_cuda,
#include "core/loss.def"
#undef LOSS
};

static cudaError_t (*const updates[LG_OPTIM_COUNT])(const lg_step *step, lg_update_how how,
                                                    cudaStream_t stream) = {
#define OPTIM(id, name, step, states, whole, formula) [LG_OPTIM_##id] = lg_optim_##step##_cuda,
#include "core/optim.def"
#undef OPTIM
};

static cudaStream_t compute(const lg_cuda *cuda)
{
    return cuda->stream[LG_QUEUE_COMPUTE];
}

/* -------------------------------------------------------------------------------- op by op --- */

logit_status lg_cuda_pixels(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_pixels_cuda(step, 0, compute(cuda)));
    return LOGIT_OK;
}

logit_status lg_cuda_logits(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const void *x;
    LG_TRY(lg_cuda_enter(cuda, err));
    if (step->batch.count == 0) return LOGIT_OK;
    LG_TRY(lg_cuda_take_x(cuda, step, &x, err));
    LG_TRY(lg_cuda_multiply_forward(cuda, step, x, err));
    LG_CUDA(err, lg_bias_cuda(step, compute(cuda)));
    return LOGIT_OK;
}

logit_status lg_cuda_loss(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_cuda_losses[step->loss](step, (lg_loss_how){.bias = NULL}, compute(cuda)));
    if (step->keep_logits) return LOGIT_OK;
    LG_CUDA(err, lg_finish_cuda(step, (lg_finish){.columns = 1}, compute(cuda)));
    return LOGIT_OK;
}

/* No rows, no product: cuBLAS leaves open what beta does then. */
logit_status lg_cuda_gradient(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const size_t bytes =
        sizeof(float) * (size_t)step->settings * (size_t)step->outputs * (size_t)step->features;
    const lg_into into = {.to = step->gw,
                          .alpha = &cuda->constants[LG_ONE],
                          .beta = &cuda->constants[step->accumulate ? LG_ONE : LG_ZERO]};
    const void *x;
    if (step->batch.count == 0)
        return step->accumulate ? LOGIT_OK
                                : lg_cuda_zero(backend, LG_QUEUE_COMPUTE, step->gw, bytes, err);
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_TRY(lg_cuda_take_x(cuda, step, &x, err));
    return lg_cuda_multiply_back(cuda, step, x, into, err);
}

logit_status lg_cuda_update(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const lg_update_how how = {.weights = 1, .bias = 1};
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, updates[step->optim](step, how, compute(cuda)));
    return LOGIT_OK;
}

logit_status lg_cuda_sum(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_finish_cuda(step, (lg_finish){.totals = 1}, compute(cuda)));
    return LOGIT_OK;
}

logit_status lg_cuda_rows(lg_backend *backend, const lg_rows *rows, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_CUDA(err, lg_rows_cuda(rows, compute(cuda)));
    return LOGIT_OK;
}

/* All scratch that any way through a step of this shape takes. */
logit_status lg_cuda_prepare(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const size_t n = (size_t)step->batch.count, d = (size_t)step->features;
    const size_t s = (size_t)step->settings, c = s * (size_t)step->outputs;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_TRY(lg_cuda_reserve(cuda, &cuda->factor, s * sizeof(float), err));
    LG_TRY(lg_cuda_reserve(cuda, &cuda->mu, s * sizeof(float), err));
    if (step->lift) LG_TRY(lg_cuda_prepare_lift(cuda, step->lift, err));
    if (cuda->precision != LG_PRECISION_BF16) return LOGIT_OK;
    LG_TRY(lg_cuda_reserve(cuda, &cuda->half_x, n * d * sizeof(uint16_t), err));
    LG_TRY(lg_cuda_reserve(cuda, &cuda->half_w, c * d * sizeof(uint16_t), err));
    return lg_cuda_reserve(cuda, &cuda->half_slope, n * c * sizeof(uint16_t), err);
}

/* ---------------------------------------------------------------------------- all at once --- */

int lg_cuda_fuses(const lg_backend *backend, const lg_step *step)
{
    (void)backend;
    return !step->accumulate && !step->gradient_only && !step->keep_logits &&
           step->batch.count > 0 && step->batch.pixels != NULL;
}

lg_fold lg_cuda_folds(const lg_backend *backend, const lg_step *step)
{
    (void)backend;
    if (updates[step->optim] != lg_optim_sgd_cuda) return LG_FOLD_NONE;
    if (!step->momentum) return LG_FOLD_WEIGHTS;
    return step->settings == 1 && !step->nesterov ? LG_FOLD_VELOCITY : LG_FOLD_NONE;
}

/* Pixels straight into the type that the products take in. */
static logit_status unpack(lg_cuda *cuda, const lg_step *step, const void **x, logit_error *err)
{
    const int half = cuda->precision == LG_PRECISION_BF16;
    const size_t count = (size_t)step->batch.count * (size_t)step->features;
    lg_step to = *step;
    if (half) {
        LG_TRY(lg_cuda_reserve(cuda, &cuda->half_x, count * sizeof(uint16_t), err));
        to.x = cuda->half_x.memory;
    }
    LG_CUDA(err, lg_pixels_cuda(&to, half, compute(cuda)));
    *x = to.x;
    return LOGIT_OK;
}

/* The second product is the update of W; then that of b. */
static logit_status fold_into_weights(lg_cuda *cuda, const lg_step *step, const void *x,
                                      logit_error *err)
{
    const int several = step->settings > 1;
    const lg_update_how bias = {.bias = 1, .folded = 1};
    const lg_into into = {.to = step->w,
                          .alpha = &cuda->constants[LG_MINUS_ONE],
                          .beta = several ? &cuda->constants[LG_ONE] : cuda->factor.memory};
    if (several) LG_CUDA(err, lg_decay_cuda(step, cuda->factor.memory, compute(cuda)));
    LG_TRY(lg_cuda_multiply_back(cuda, step, x, into, err));
    LG_CUDA(err, updates[step->optim](step, bias, compute(cuda)));
    return LOGIT_OK;
}

/* The second product goes into the velocity, or into gw; then W and b follow. */
static logit_status update_after(lg_cuda *cuda, const lg_step *step, const void *x, lg_fold fold,
                                 logit_error *err)
{
    const int summed = fold == LG_FOLD_VELOCITY;
    const lg_update_how how = {.weights = 1, .bias = 1, .summed = summed};
    const lg_into into = {.to = summed ? step->state_w[0] : step->gw,
                          .alpha = &cuda->constants[LG_ONE],
                          .beta = summed ? cuda->mu.memory : &cuda->constants[LG_ZERO]};
    LG_TRY(lg_cuda_multiply_back(cuda, step, x, into, err));
    LG_CUDA(err, updates[step->optim](step, how, compute(cuda)));
    return LOGIT_OK;
}

logit_status lg_cuda_step(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    const lg_fold fold = lg_cuda_folds(backend, step);
    const lg_loss_how how = {.bias = step->b, .fold_lr = fold == LG_FOLD_WEIGHTS};
    const size_t bytes = (size_t)step->settings * sizeof(float);
    const void *x;
    LG_TRY(lg_cuda_enter(cuda, err));
    LG_TRY(lg_cuda_reserve(cuda, &cuda->factor, bytes, err));
    LG_TRY(lg_cuda_reserve(cuda, &cuda->mu, bytes, err));
    const lg_finish finish = {.columns = 1,
                              .totals = 1,
                              .factor = fold == LG_FOLD_WEIGHTS ? cuda->factor.memory : NULL,
                              .mu = fold == LG_FOLD_VELOCITY ? cuda->mu.memory : NULL};
    LG_TRY(unpack(cuda, step, &x, err));
    LG_TRY(lg_cuda_multiply_forward(cuda, step, x, err));
    LG_CUDA(err, lg_cuda_losses[step->loss](step, how, compute(cuda)));
    LG_CUDA(err, lg_finish_cuda(step, finish, compute(cuda)));
    return fold == LG_FOLD_WEIGHTS ? fold_into_weights(cuda, step, x, err)
                                   : update_after(cuda, step, x, fold, err);
}
