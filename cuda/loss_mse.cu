/* loss_mse.cu -- half the squared error on the GPU.
 *
 * Layer 1 (cuda).  The formulas are in core/loss_mse.h, rows and sums in loss_row.h.  Twin:
 * core/cpu_loss.h. */
/* SPDX-License-Identifier: MIT */
#include "core/loss_mse.h"

#include "cuda/loss_launch.h"

namespace
{

struct mse {
    enum { HAS_TOP = 0, SUMS = 1, GRADIENT_WAITS = 0 };

    LG_DEVICE lg_loss_element element(float z, float max, float target, bool is_top)
    {
        (void)max;
        (void)is_top;
        lg_loss_element e;
        e.first = lg_mse_square(z, target, &e.kept);
        e.second = 0.0f;
        return e;
    }

    LG_DEVICE float loss(float sum, float none)
    {
        (void)none;
        return 0.5f * sum;
    }

    LG_DEVICE float gradient(float slope, float sum, float target, bool is_top)
    {
        (void)sum;
        (void)target;
        (void)is_top;
        return slope;
    }
};

} // namespace

cudaError_t lg_loss_mse_cuda(const lg_step *step, lg_loss_how how, cudaStream_t stream)
{
    return lg_loss_launch<mse>(step, how, stream);
}
