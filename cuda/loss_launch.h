/* loss_launch.h -- from a loss to its launcher.
 *
 * Layer 1 (cuda), included by loss_NAME.cu. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CUDA_LOSS_LAUNCH_H
#define LG_CUDA_LOSS_LAUNCH_H

#include "cuda/loss_few.h"
#include "cuda/loss_many.h"

template <class Loss>
static cudaError_t lg_loss_launch(const lg_step *step, lg_loss_how how, cudaStream_t stream)
{
    const lg_loss_rows rows = lg_loss_rows_of(step, how);
    if (rows.count == 0 || rows.k == 0) return cudaSuccess;
    return rows.k <= LG_FEW_MOST ? lg_few<Loss>(rows, stream) : lg_many<Loss>(rows, stream);
}

#endif
