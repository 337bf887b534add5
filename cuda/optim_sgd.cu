/* optim_sgd.cu -- gradient descent with momentum on the GPU (gd and sgd alike), and decay alone.
 *
 * Layer 1 (cuda).  The formulas are in core/optim_sgd.h.  A setting whose momentum is 0 keeps no
 * velocity: settings differ, so each block looks at its own.  Twin: core/cpu_update.h. */
/* SPDX-License-Identifier: MIT */
#include "core/optim_sgd.h"

#include "cuda/update.h"

namespace
{

struct plain {
    enum { READS_SLOPE = 1, STATES = 0 };
    LG_DEVICE float step(float w, float g, float *, float *, const lg_sgd &o)
    {
        return lg_sgd_plain(w, g, o);
    }
};

struct momentum {
    enum { READS_SLOPE = 1, STATES = 1 };
    LG_DEVICE float step(float w, float g, float *v, float *, const lg_sgd &o)
    {
        return lg_sgd_momentum(w, g, v, o);
    }
};

struct nesterov {
    enum { READS_SLOPE = 1, STATES = 1 };
    LG_DEVICE float step(float w, float g, float *v, float *, const lg_sgd &o)
    {
        return lg_sgd_nesterov(w, g, v, o);
    }
};

/* v holds mu v + g: momentum's second half. */
struct summed {
    enum { READS_SLOPE = 0, STATES = 1 };
    LG_DEVICE float step(float w, float, float *v, float *, const lg_sgd &o)
    {
        *v = lg_fma(o.l2, w, *v);
        return lg_fma(-o.lr, *v, lg_fma(-o.shrink, w, w));
    }
};

/* g carries the learning rate. */
struct folded {
    enum { READS_SLOPE = 1, STATES = 0 };
    LG_DEVICE float step(float w, float g, float *, float *, const lg_sgd &)
    {
        return w - g;
    }
};

struct sgd {
    typedef lg_sgd numbers;

    LG_DEVICE numbers round(const lg_update_work &work, int t, bool is_bias)
    {
        return lg_sgd_round(work.scalars + t, is_bias);
    }

    template <int WIDE>
    LG_DEVICE void go(const lg_update_work &work, const lg_update_share &share, const numbers &o)
    {
        if (share.is_bias && work.folded)
            lg_update_each<folded, WIDE>(share, o);
        else if (!share.is_bias && work.summed)
            lg_update_each<summed, WIDE>(share, o);
        else if (o.mu == 0.0f)
            lg_update_each<plain, WIDE>(share, o);
        else if (work.nesterov)
            lg_update_each<nesterov, WIDE>(share, o);
        else
            lg_update_each<momentum, WIDE>(share, o);
    }
};

struct scaled {
    enum { READS_SLOPE = 0, STATES = 0 };
    LG_DEVICE float step(float w, float, float *, float *, float factor)
    {
        return factor * w;
    }
};

struct decay {
    typedef float numbers;

    LG_DEVICE numbers round(const lg_update_work &work, int t, bool)
    {
        return work.factor[t];
    }

    template <int WIDE>
    LG_DEVICE void go(const lg_update_work &, const lg_update_share &share, const numbers &factor)
    {
        lg_update_each<scaled, WIDE>(share, factor);
    }
};

} // namespace

cudaError_t lg_optim_sgd_cuda(const lg_step *step, lg_update_how how, cudaStream_t stream)
{
    return lg_update_launch<sgd>(lg_update_work_of(step, how), stream);
}

cudaError_t lg_decay_cuda(const lg_step *step, const float *factor, cudaStream_t stream)
{
    lg_update_how how = {};
    how.weights = 1;
    lg_update_work work = lg_update_work_of(step, how);
    work.factor = factor;
    return lg_update_launch<decay>(work, stream);
}
