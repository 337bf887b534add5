/* kernels.h -- the launchers: what the host part of the CUDA backend may ask of the kernels.
 *
 * Layer 1 (cuda).  Plain C on this side, one .cu file on the other.  Every launcher puts its work
 * on `stream` and returns what the launch gave (never waits).  All pointers are device memory.
 * Element formulas are those of core/ (fmath.h, loss_NAME.h, optim_NAME.h), sums follow
 * core/tree.h: given the same inputs, results equal the CPU backend's bit for bit.
 *
 * Limits: outputs * settings fits an int; row counts and offsets are 64 bits wide. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_KERNELS_H
#define LG_CUDA_KERNELS_H

#include <cuda_runtime_api.h>

#include "core/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x [n][d] = scale * element + shift, rows gathered through batch.row where there is one; as
 * floats, or as bfloat16 where half_x.  pixels.cu. */
cudaError_t lg_pixels_cuda(const lg_step *step, int half_x, cudaStream_t stream);

/* How a loss launcher differs from the op `loss`. */
typedef struct lg_loss_how {
    const float *bias; /* [s*k] added to each row of z first (kept where keep_logits), or NULL:
                        * z has it.  The same bits as lg_bias_cuda before */
    int fold_lr;       /* the gradients carry the learning rate of their setting: factor =
                        * weight * scale, then * lr, each product rounded */
} lg_loss_how;

/* z [n][s*k]: logits in, gradients out (step->keep_logits: logits stay); row_loss [n][s].  A
 * loss that is not finite is left in row_loss, for lg_finish_cuda to see.  One per row of
 * core/loss.def: lg_loss_softmax_cuda in loss_softmax.cu, and so on. */
typedef cudaError_t lg_loss_cuda_fn(const lg_step *step, lg_loss_how how, cudaStream_t stream);
#define LOSS(id, name, outputs, link, curvature, formula) lg_loss_cuda_fn lg_loss_##name##_cuda;
#include "core/loss.def"
#undef LOSS

/* z [n][s*k] += b.  finish.cu. */
cudaError_t lg_bias_cuda(const lg_step *step, cudaStream_t stream);

/* After the loss.  columns: settings with a loss that is not finite get z = 0; gb = column sums of
 * z (added to gb where step->accumulate).  totals: the batch's losses are added to step->total and
 * the first bad one latched (op `sum`).  factor[t] = 1 - lr decay - lr l2 and mu[t] = momentum,
 * worked out in double and rounded once (each NULL: none), for a gradient that is folded into the
 * update. All in one launch.  finish.cu. */
typedef struct lg_finish {
    int columns, totals;
    float *factor; /* [s] */
    float *mu;     /* [s] */
} lg_finish;
cudaError_t lg_finish_cuda(const lg_step *step, lg_finish what, cudaStream_t stream);

/* W and b by one step of step->optim, given gw and gb.  weights, bias: which of the two.
 * One per step function of core/optim.def: optim_sgd.cu, optim_adam.cu. */
typedef struct lg_update_how {
    int weights, bias;
    int summed; /* sgd with momentum, weights: state_w[0] already holds mu v + g, and gw is not
                 * read: v += l2 w, w -= lr v after the decoupled decay */
    int folded; /* sgd, bias: gb carries the learning rate: b -= gb */
} lg_update_how;
cudaError_t lg_optim_sgd_cuda(const lg_step *step, lg_update_how how, cudaStream_t stream);
cudaError_t lg_optim_adam_cuda(const lg_step *step, lg_update_how how, cudaStream_t stream);

/* W [s*k][d] *= factor[setting]: what a folded update of several settings starts with.
 * optim_sgd.cu. */
cudaError_t lg_decay_cuda(const lg_step *step, const float *factor, cudaStream_t stream);

/* Rows between a slot and those that stay on the device: lg_rows in core/backend.h.  rows.cu. */
cudaError_t lg_rows_cuda(const lg_rows *rows, cudaStream_t stream);

/* x of a feature map (core/lift.h); lift.cu.  products: PRODUCTS, from u.  act: LAYER, from sums
 * [n][units], F u, which may be x itself. */
cudaError_t lg_lift_products_cuda(const lg_step *step, cudaStream_t stream);
cudaError_t lg_lift_act_cuda(const lg_step *step, const float *sums, cudaStream_t stream);

/* WINDOWS, for images first .. first + count - 1 of the batch; windows per image, number after
 * number.  windows: v / sd of each, from u.  pool: x from F v / sd of each. */
typedef struct lg_lift_chunk {
    int64_t first, count;
    float *windows;         /* [count][windows][size^2 channels] */
    const float *responses; /* [count][windows][units] */
} lg_lift_chunk;
cudaError_t lg_lift_windows_cuda(const lg_step *step, lg_lift_chunk chunk, cudaStream_t stream);
cudaError_t lg_lift_pool_cuda(const lg_step *step, lg_lift_chunk chunk, cudaStream_t stream);

/* count floats as bfloat16 (`to` holds uint16_t).  pixels.cu. */
cudaError_t lg_to_bf16_cuda(void *to, const float *from, int64_t count, cudaStream_t stream);

/* One block that does nothing.  idle.cu. */
cudaError_t lg_idle_cuda(cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
