/* loss_sigmoid.cu -- binary cross entropy on the GPU: one sigmoid, or one versus rest.
 *
 * Layer 1 (cuda).  The formulas are in core/loss_sigmoid.h, rows and sums in loss_row.h.  Twin:
 * core/cpu_loss.h. */
/* SPDX-License-Identifier: MIT */
#include "core/loss_sigmoid.h"

#include "cuda/loss_launch.h"

namespace
{

struct sigmoid {
    enum { HAS_TOP = 0, SUMS = 1, GRADIENT_WAITS = 0 };

    LG_DEVICE lg_loss_element element(float z, float max, float target, bool is_top)
    {
        (void)max;
        (void)is_top;
        lg_loss_element e;
        e.first = lg_sigmoid_loss(z, target, &e.kept);
        e.second = 0.0f;
        return e;
    }

    LG_DEVICE float loss(float sum, float none)
    {
        (void)none;
        return sum;
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

cudaError_t lg_loss_sigmoid_cuda(const lg_step *step, lg_loss_how how, cudaStream_t stream)
{
    return lg_loss_launch<sigmoid>(step, how, stream);
}
