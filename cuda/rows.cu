/* rows.cu -- rows between a batch's slot and the part of the set that stays on the device.
 *
 * Layer 1 (cuda).  One launch does both directions: rows that have just come from the host go to
 * their place, rows that are already there come into the slot, and the step then reads one array.
 *
 * Bytes: each row is read once and written once on the device, 2 B d in all, where the host would
 * have sent B d at a seventieth of the rate: 8192 x 784 are 13 MB, 3 us at 4.3 TB/s. */
/* SPDX-License-Identifier: MIT */
#include "cuda/kernels.h"
#include "cuda/pack.h"

namespace
{

enum {
    ACROSS = 32, /* threads of a block along a row: a warp */
    DOWN = 8     /* and over rows */
};

struct exchange {
    uint8_t *slot, *kept;
    const int32_t *place;
    int64_t fresh, count, bytes;
};

template <int WIDE> LG_KERNEL LG_THREADS(ACROSS *DOWN, 4) rows_kernel(exchange e)
{
    typedef lg_pack<uint8_t, WIDE> pack;
    const int64_t step = (int64_t)gridDim.x * ACROSS * WIDE;
    for (int64_t i = (int64_t)blockIdx.y * DOWN + threadIdx.y; i < e.count;
         i += (int64_t)gridDim.y * DOWN) {
        const int64_t place = e.place[i];
        if (place < 0) continue;
        uint8_t *const here = e.slot + i * e.bytes, *const there = e.kept + place * e.bytes;
        const uint8_t *const from = i < e.fresh ? here : there;
        uint8_t *const to = i < e.fresh ? there : here;
        for (int64_t at = ((int64_t)blockIdx.x * ACROSS + threadIdx.x) * WIDE; at < e.bytes;
             at += step)
            *reinterpret_cast<pack *>(to + at) = *reinterpret_cast<const pack *>(from + at);
    }
}

template <int WIDE> cudaError_t launch(const exchange &e, cudaStream_t stream)
{
    const unsigned across = lg_blocks(e.bytes, ACROSS * WIDE, 16);
    const unsigned down = lg_blocks(e.count, DOWN, 4 * LG_BLOCKS / across + 1);
    LG_LAUNCH(rows_kernel<WIDE>, dim3(across, down), dim3(ACROSS, DOWN), 0, stream, e);
    return LG_LAUNCHED();
}

} // namespace

cudaError_t lg_rows_cuda(const lg_rows *rows, cudaStream_t stream)
{
    const exchange e = {(uint8_t *)rows->slot, (uint8_t *)rows->kept, rows->place,
                        rows->fresh,           rows->count,           (int64_t)rows->bytes};
    const int is_16 = lg_is_aligned(e.slot, 16) && lg_is_aligned(e.kept, 16);
    if (is_16 && e.bytes % 16 == 0) return launch<16>(e, stream);
    if (is_16 && e.bytes % 4 == 0) return launch<4>(e, stream);
    return launch<1>(e, stream);
}
