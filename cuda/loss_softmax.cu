/* loss_softmax.cu -- softmax cross entropy on the GPU.
 *
 * Layer 1 (cuda).  The formulas are in core/loss_softmax.h, rows and sums in loss_row.h.  Twin:
 * core/cpu_loss.h. */
/* SPDX-License-Identifier: MIT */
#include "core/loss_softmax.h"

#include "cuda/loss_launch.h"

namespace
{

struct softmax {
    enum { HAS_TOP = 1, SUMS = 2, GRADIENT_WAITS = 1 };

    LG_DEVICE lg_loss_element element(float z, float max, float target, bool is_top)
    {
        lg_loss_element e;
        e.kept = e.first = lg_softmax_power(z, max, is_top);
        e.second = lg_softmax_gap(z, max, target);
        return e;
    }

    LG_DEVICE float loss(float rest, float gaps)
    {
        return lg_softmax_loss(rest, gaps);
    }

    LG_DEVICE float gradient(float power, float rest, float target, bool is_top)
    {
        return lg_softmax_gradient(power, rest, target, is_top);
    }
};

} // namespace

cudaError_t lg_loss_softmax_cuda(const lg_step *step, lg_loss_how how, cudaStream_t stream)
{
    return lg_loss_launch<softmax>(step, how, stream);
}
