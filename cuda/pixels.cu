/* pixels.cu -- elements to normalised numbers, gathered by row; floats to bfloat16.
 *
 * Layer 1 (cuda).  A thread keeps scale and shift of its four columns (one, where rows do not start
 * at a multiple of four) in registers and goes down the rows, four at a time so that their loads
 * are under way together.  A warp reads 128 elements that lie together (128 bytes, 256 of 16-bit
 * floats, 512 of 32-bit ones) and writes 512 bytes (bf16: 256).
 *
 * Bytes: 1 in and 4 (2) out for each pixel, and nothing else that counts: 8192 x 784 are 32 MB,
 * 7.5 us at 4.3 TB/s. */
/* SPDX-License-Identifier: MIT */
#include "base/half.h"
#include "cuda/kernels.h"
#include "cuda/pack.h"

namespace
{

enum {
    ACROSS = 32, /* threads of a block over columns: a warp */
    DOWN = 8,    /* and over rows */
    AT_ONCE = 4  /* rows that a thread has under way */
};

/* A 16-bit float, as it is stored. */
struct half {
    uint16_t bits;
};

/* An element as the float that it is. */
LG_DEVICE float number(uint8_t stored)
{
    return (float)stored;
}
LG_DEVICE float number(half stored)
{
    return lg_half_float(stored.bits);
}
LG_DEVICE float number(float stored)
{
    return stored;
}

struct picture {
    const void *pixels;
    const int32_t *row;
    const float *scale, *shift;
    int64_t n, d;
};

template <class Stored, class Real, int WIDE>
LG_KERNEL LG_THREADS(ACROSS *DOWN, 4) pixels_kernel(Real *x, picture p)
{
    const Stored *const pixels = (const Stored *)p.pixels;
    const int64_t column = ((int64_t)blockIdx.x * ACROSS + threadIdx.x) * WIDE;
    const int64_t stride = (int64_t)gridDim.y * DOWN;
    float scale[WIDE], shift[WIDE];
    if (column >= p.d) return;
    LG_UNROLL
    for (int c = 0; c < WIDE; c++) {
        scale[c] = p.scale[column + c];
        shift[c] = p.shift[column + c];
    }
    for (int64_t i = (int64_t)blockIdx.y * DOWN + threadIdx.y; i < p.n; i += stride * AT_ONCE) {
        lg_pack<Stored, WIDE> stored[AT_ONCE];
        LG_UNROLL
        for (int u = 0; u < AT_ONCE; u++) {
            const int64_t at = i + u * stride < p.n ? i + u * stride : i;
            const int64_t row = p.row ? (int64_t)p.row[at] : at;
            stored[u] =
                *reinterpret_cast<const lg_pack<Stored, WIDE> *>(pixels + row * p.d + column);
        }
        LG_UNROLL
        for (int u = 0; u < AT_ONCE; u++) {
            const int64_t at = i + u * stride;
            lg_pack<Real, WIDE> out;
            LG_UNROLL
            for (int c = 0; c < WIDE; c++)
                lg_store(&out.at[c], lg_pixel(number(stored[u].at[c]), scale[c], shift[c]));
            if (at < p.n) *reinterpret_cast<lg_pack<Real, WIDE> *>(x + at * p.d + column) = out;
        }
    }
}

template <class Stored, class Real>
cudaError_t launch(Real *x, const picture &p, cudaStream_t stream)
{
    const int is_wide = p.d % 4 == 0 && lg_is_aligned(p.pixels, sizeof(lg_pack<Stored, 4>)) &&
                        lg_is_aligned(x, sizeof(lg_pack<Real, 4>));
    const int64_t wide = ACROSS * (is_wide ? 4 : 1), across = (p.d + wide - 1) / wide;
    const int64_t most = 4 * LG_BLOCKS / across + 1;
    const unsigned down = lg_blocks(p.n, DOWN, most);
    const dim3 grid((unsigned)across, down), block(ACROSS, DOWN);
    if (is_wide)
        LG_LAUNCH((pixels_kernel<Stored, Real, 4>), grid, block, 0, stream, x, p);
    else
        LG_LAUNCH((pixels_kernel<Stored, Real, 1>), grid, block, 0, stream, x, p);
    return LG_LAUNCHED();
}

template <class Real>
cudaError_t launch(lg_element element, Real *x, const picture &p, cudaStream_t stream)
{
    switch (element) {
    case LG_ELEMENT_F16:
        return launch<half>(x, p, stream);
    case LG_ELEMENT_F32:
        return launch<float>(x, p, stream);
    default:
        return launch<uint8_t>(x, p, stream);
    }
}

/* ------------------------------------------------------------------------------- bfloat16 --- */

enum { HALF_THREADS = 256 };

template <int WIDE>
LG_KERNEL LG_THREADS(HALF_THREADS, 4) half_kernel(lg_bf16 *to, const float *from, int64_t packs)
{
    const int64_t stride = (int64_t)gridDim.x * HALF_THREADS;
    for (int64_t i = (int64_t)blockIdx.x * HALF_THREADS + threadIdx.x; i < packs; i += stride) {
        const lg_pack<float, WIDE> x = reinterpret_cast<const lg_pack<float, WIDE> *>(from)[i];
        lg_pack<lg_bf16, WIDE> out;
        LG_UNROLL
        for (int c = 0; c < WIDE; c++) out.at[c] = lg_to_bf16(x.at[c]);
        reinterpret_cast<lg_pack<lg_bf16, WIDE> *>(to)[i] = out;
    }
}

} // namespace

cudaError_t lg_pixels_cuda(const lg_step *step, int half_x, cudaStream_t stream)
{
    const picture p = {step->batch.pixels, step->batch.row,   step->scale,
                       step->shift,        step->batch.count, step->features};
    if (p.n == 0 || p.d == 0) return cudaSuccess;
    const lg_element element = step->batch.element;
    return half_x ? launch(element, (lg_bf16 *)step->x, p, stream)
                  : launch(element, (float *)step->x, p, stream);
}

cudaError_t lg_to_bf16_cuda(void *to, const float *from, int64_t count, cudaStream_t stream)
{
    lg_bf16 *const half = (lg_bf16 *)to;
    const int is_wide = lg_is_aligned(from, 16) && lg_is_aligned(to, 8);
    const int64_t quads = is_wide ? count / 4 : 0, rest = count - 4 * quads;
    LG_LAUNCH(half_kernel<4>, dim3(lg_blocks(quads, HALF_THREADS, 2 * LG_BLOCKS)),
              dim3(HALF_THREADS), 0, stream, half, from, quads);
    LG_LAUNCH(half_kernel<1>, dim3(lg_blocks(rest, HALF_THREADS, 2 * LG_BLOCKS)),
              dim3(HALF_THREADS), 0, stream, half + 4 * quads, from + 4 * quads, rest);
    return LG_LAUNCHED();
}
