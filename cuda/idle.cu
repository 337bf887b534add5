/* idle.cu -- a kernel that does nothing: what a launch costs by itself.  Layer 1 (cuda). */
/* SPDX-License-Identifier: MIT */
#include "cuda/device.h"
#include "cuda/kernels.h"

namespace
{

LG_KERNEL idle_kernel(int nothing)
{
    (void)nothing;
}

} // namespace

cudaError_t lg_idle_cuda(cudaStream_t stream)
{
    LG_LAUNCH(idle_kernel, dim3(1), dim3(LG_WARP), 0, stream, 0);
    return LG_LAUNCHED();
}
