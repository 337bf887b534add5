/* optim_adam.cu -- Adam on the GPU, with decoupled weight decay beside it.
 *
 * Layer 1 (cuda).  The formulas are in core/optim_adam.h.  Twin: core/cpu_update.h. */
/* SPDX-License-Identifier: MIT */
#include "core/optim_adam.h"

#include "cuda/update.h"

namespace
{

struct moments {
    enum { READS_SLOPE = 1, STATES = 2 };
    LG_DEVICE float step(float w, float g, float *m, float *v, const lg_adam &o)
    {
        return lg_adam_step(w, g, m, v, o);
    }
};

struct adam {
    typedef lg_adam numbers;

    LG_DEVICE numbers round(const lg_update_work &work, int t, bool is_bias)
    {
        return lg_adam_round(work.scalars + t, is_bias);
    }

    template <int WIDE>
    LG_DEVICE void go(const lg_update_work &, const lg_update_share &share, const numbers &o)
    {
        lg_update_each<moments, WIDE>(share, o);
    }
};

} // namespace

cudaError_t lg_optim_adam_cuda(const lg_step *step, lg_update_how how, cudaStream_t stream)
{
    return lg_update_launch<adam>(lg_update_work_of(step, how), stream);
}
