/* lift.c -- the op `features`: kernels of lift.cu around products of cuBLAS.
 *
 * Layer 1 (cuda).  The product of a map is float32 whatever the precision.  Its numbers are data to
 * all that follows: a model is trained on the map that its file holds, on any device, and the rows
 * of a dictionary, which sum to zero, would not do so in 16 bits.  The copies of x in 16 bits are
 * made of the finished x, as ever.
 *
 * Whoever computes a row, in whichever batch, gets the same bits.  cuBLAS promises this of equal
 * products alone, and picks its algorithm by the shape; so the shape of a product here is that of
 * the map, and never that of the batch:
 *
 *   LAYER     rows in products of piece_rows(), the last of which ends with the batch, over rows
 *             that were done before; a batch that is shorter is copied and filled up with zeros
 *   WINDOWS   images in chunks of chunk_images(), of which the last is filled up with zeros, so
 *             that nothing is read that nobody wrote
 *
 * A chunk is V [images * windows][size^2 channels] and R [images * windows][units], CHUNK_ROWS rows
 * and CHUNK_BYTES at most (one image at least): enough for the product to fill the device, and
 * little enough for the caches of large GPUs, so that R, which is written once and read once, need
 * not see the memory at all.  For a chunk: windows, product, pool. */
/* SPDX-License-Identifier: MIT */
#include <limits.h>

#include "cuda/backend_cuda.h"
#include "cuda/kernels.h"

enum { CHUNK_ROWS = 16384, CHUNK_BYTES = 64 << 20 };

/* A piece of a LAYER has this many outputs, 64 tiles of 128 x 128, if its rows lie between. */
enum { PIECE_OUTPUTS = 1 << 20, PIECE_LEAST = 64, PIECE_MOST = 1024 };

static cudaStream_t compute(const lg_cuda *cuda)
{
    return cuda->stream[LG_QUEUE_COMPUTE];
}

/* ---------------------------------------------------------------------------------- shapes --- */

static int64_t piece_rows(const lg_lift *lift)
{
    int64_t rows = PIECE_LEAST;
    while (rows < PIECE_MOST && 2 * rows * lift->units <= PIECE_OUTPUTS) rows *= 2;
    return rows;
}

static int64_t windows_of(const lg_lift *lift)
{
    return (int64_t)lg_lift_down(lift) * lg_lift_across(lift);
}

static int64_t chunk_images(const lg_lift *lift)
{
    const int64_t windows = windows_of(lift);
    const int64_t row = (lg_lift_window(lift) + lift->units) * (int64_t)sizeof(float);
    const int64_t rows = CHUNK_BYTES / row < CHUNK_ROWS ? CHUNK_BYTES / row : CHUNK_ROWS;
    return rows > windows ? rows / windows : 1;
}

/* Rows of a product. */
static int64_t product_rows(const lg_lift *lift)
{
    return lg_lifts[lift->kind].family == LG_LIFT_LAYER ? piece_rows(lift)
                                                        : chunk_images(lift) * windows_of(lift);
}

/* Rows, offsets into an image and the blocks of `pool`, a cell and 32 units each, have to be ints;
 * there are no more cells than windows. */
static logit_status check(const lg_lift *lift, logit_error *err)
{
    const int64_t rows = product_rows(lift);
    if (lift->in <= INT_MAX && rows <= INT_MAX && rows * (lift->units / 32 + 1) <= INT_MAX)
        return LOGIT_OK;
    LG_FAIL(err, LOGIT_E_USAGE,
            "images of %lld numbers and %d units of --features %s: more than %d pieces of work for "
            "a GPU; take smaller images or fewer units",
            (long long)lift->in, lift->units, lg_lifts[lift->kind].name, INT_MAX);
}

logit_status lg_cuda_prepare_lift(lg_cuda *cuda, const lg_lift *lift, logit_error *err)
{
    if (lg_lifts[lift->kind].family == LG_LIFT_PRODUCTS) return LOGIT_OK;
    LG_TRY(check(lift, err));
    const size_t row = sizeof(float) * (size_t)product_rows(lift);
    const size_t width = (size_t)lg_lift_filter_width(lift);
    LG_TRY(lg_cuda_reserve(cuda, &cuda->lift_in, row * width, err));
    return lg_cuda_reserve(cuda, &cuda->lift_out, row * (size_t)lift->units, err);
}

/* ---------------------------------------------------------------------------------- layers --- */

/* The product of a batch that has fewer rows than a piece. */
static logit_status multiply_short(lg_cuda *cuda, const lg_step *step, lg_exact of,
                                   logit_error *err)
{
    const size_t row = (size_t)of.in * sizeof(float), rows = (size_t)step->batch.count;
    char *const padded = cuda->lift_in.memory;
    const size_t rest = ((size_t)of.n - rows) * row;
    LG_CUDA(err,
            cudaMemcpyAsync(padded, of.u, rows * row, cudaMemcpyDeviceToDevice, compute(cuda)));
    LG_CUDA(err, cudaMemsetAsync(padded + rows * row, 0, rest, compute(cuda)));
    of.u = cuda->lift_in.memory;
    of.y = cuda->lift_out.memory;
    return lg_cuda_multiply_exact(cuda, &of, err);
}

static logit_status layer(lg_cuda *cuda, const lg_step *step, logit_error *err)
{
    const lg_lift *lift = step->lift;
    const int64_t n = step->batch.count, rows = piece_rows(lift);
    float *const x = step->x;
    lg_exact of = {.u = step->u,
                   .filter = lift->filter,
                   .y = x,
                   .n = rows,
                   .in = lift->in,
                   .units = lift->units};
    if (n < rows) {
        LG_TRY(multiply_short(cuda, step, of, err));
        LG_CUDA(err, lg_lift_act_cuda(step, cuda->lift_out.memory, compute(cuda)));
        return LOGIT_OK;
    }
    for (int64_t done = 0; done < n; done += rows) {
        const int64_t first = done + rows <= n ? done : n - rows;
        of.u = (const float *)step->u + first * lift->in;
        of.y = x + first * lift->units;
        LG_TRY(lg_cuda_multiply_exact(cuda, &of, err));
    }
    LG_CUDA(err, lg_lift_act_cuda(step, x, compute(cuda)));
    return LOGIT_OK;
}

/* --------------------------------------------------------------------------------- windows --- */

static logit_status windows(lg_cuda *cuda, const lg_step *step, logit_error *err)
{
    const lg_lift *lift = step->lift;
    const int64_t n = step->batch.count, images = chunk_images(lift);
    const int64_t width = lg_lift_window(lift), row = windows_of(lift) * width;
    float *const v = cuda->lift_in.memory;
    const lg_exact of = {.u = v,
                         .filter = lift->filter,
                         .y = cuda->lift_out.memory,
                         .n = product_rows(lift),
                         .in = width,
                         .units = lift->units};
    lg_lift_chunk chunk = {.windows = v, .responses = of.y};
    for (; chunk.first < n; chunk.first += images) {
        chunk.count = n - chunk.first < images ? n - chunk.first : images;
        const size_t rest = (size_t)(images - chunk.count) * (size_t)row * sizeof(float);
        LG_CUDA(err, lg_lift_windows_cuda(step, chunk, compute(cuda)));
        if (rest > 0) LG_CUDA(err, cudaMemsetAsync(v + chunk.count * row, 0, rest, compute(cuda)));
        LG_TRY(lg_cuda_multiply_exact(cuda, &of, err));
        LG_CUDA(err, lg_lift_pool_cuda(step, chunk, compute(cuda)));
    }
    return LOGIT_OK;
}

logit_status lg_cuda_features(lg_backend *backend, const lg_step *step, logit_error *err)
{
    lg_cuda *cuda = (lg_cuda *)backend;
    LG_TRY(lg_cuda_enter(cuda, err));
    if (step->batch.count == 0) return LOGIT_OK;
    LG_TRY(lg_cuda_prepare_lift(cuda, step->lift, err));
    switch (lg_lifts[step->lift->kind].family) {
    case LG_LIFT_LAYER:
        return layer(cuda, step, err);
    case LG_LIFT_WINDOWS:
        return windows(cuda, step, err);
    default:
        LG_CUDA(err, lg_lift_products_cuda(step, compute(cuda)));
        return LOGIT_OK;
    }
}
