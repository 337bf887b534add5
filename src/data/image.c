/* image.c -- from the bytes of a file to the pixels of one sample.
 *
 * Layer 1 (data).  Probe, check, decode, turn, resize, in this order; the memory for all of it is
 * known after the check. */
/* SPDX-License-Identifier: MIT */
#include "data/image.h"

#include <stdlib.h>
#include <string.h>

#include "data/image_parts.h"
#include "data/sandbox.h"

#define KEEP_BYTES ((size_t)16 << 20) /* a larger buffer is not kept from file to file */

logit_status lg_decoder_create(lg_decoder **out, logit_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out) LG_FAIL(err, LOGIT_E_NOMEM, "image decoder");
    return LOGIT_OK;
}

void lg_decoder_destroy(lg_decoder *decoder)
{
    if (!decoder) return;
    if (decoder->stream_is_open) inflateEnd(&decoder->stream);
    lg_arena_clear(&decoder->arena);
    lg_bytes_clear(&decoder->file);
    lg_cell_close(decoder->cell);
    free(decoder);
}

void lg_decoder_use(lg_decoder *decoder, lg_decoding decoding)
{
    decoder->decoding = decoding;
}

void lg_decoder_confine(lg_decoder *decoder)
{
    decoder->is_confined = 1;
}

int lg_decoder_is_decoding(const lg_decoder *decoder)
{
    return atomic_load_explicit(&decoder->is_decoding, memory_order_relaxed);
}

static logit_status check_target(lg_image_target target, logit_error *err)
{
    const int sides = target.height >= 1 && target.height <= LG_IMAGE_MAX_SIDE &&
                      target.width >= 1 && target.width <= LG_IMAGE_MAX_SIDE;
    if (!sides || (target.channels != 1 && target.channels != 3))
        LG_FAIL(err, LOGIT_E_USAGE, "images of %d x %d pixels and %d channels; 1 to %d and 1 or 3",
                target.height, target.width, target.channels, LG_IMAGE_MAX_SIDE);
    return LOGIT_OK;
}

/* Arena for turning it. */
static size_t turn_bytes(const lg_image_info *stored, int channels)
{
    if (stored->orientation < 2) return 0;
    return (size_t)stored->height * (size_t)stored->width * (size_t)channels + LG_ARENA_BLOCK;
}

logit_status lg_image_decode(lg_decoder *decoder, const uint8_t *bytes, size_t size,
                             const char *name, lg_image_target target, uint8_t *out,
                             logit_error *err)
{
    lg_image_source source = {.name = name, .size = size, .bytes = bytes, .count = size, .fd = -1};
    lg_image_plan plan = {0};
    const lg_image_kind *kind;
    const uint8_t *pixels;
    LG_TRY(check_target(target, err));
    LG_TRY(lg_image_open(&source, &kind, &plan.info, err));
    LG_TRY(kind->check(&source, target.channels, &plan, err));

    const lg_image_info turned = lg_image_turned(plan.info);
    const int height = turned.height, width = turned.width;
    const size_t need = plan.arena_bytes + turn_bytes(&plan.info, target.channels) +
                        lg_resize_bytes(height, width, target);
    if (need > LG_IMAGE_MAX_ARENA)
        LG_BAD(err, &source, plan.data_at, "LIMIT",
               "%zu bytes are needed to decode it, %zu allowed", need, LG_IMAGE_MAX_ARENA);
    LG_TRY(lg_arena_begin(&decoder->arena, need, err));
    LG_TRY(kind->decode(decoder, &source, &plan, target.channels, &pixels, err));
    if (plan.info.orientation > 1)
        pixels = lg_image_turn(&decoder->arena, pixels, plan.info, target.channels);
    if (!pixels)
        LG_BAD(err, &source, plan.data_at, "LIMIT", "more memory is needed than the header tells");
    if (height == target.height && width == target.width)
        memcpy(out, pixels, (size_t)height * (size_t)width * (size_t)target.channels);
    else if (!lg_image_resize(&decoder->arena, pixels, height, width, target, out))
        LG_BAD(err, &source, plan.data_at, "LIMIT", "more memory is needed than the header tells");
    return LOGIT_OK;
}

/* -------------------------------------------------------------------------------- from a file ---
 */

/* The buffer that the next file is read into. */
static logit_status begin_file(lg_decoder *decoder, lg_image_target target, lg_bytes **file,
                               logit_error *err)
{
    *file = &decoder->file;
    if (!decoder->is_confined) {
        if (decoder->file.room > KEEP_BYTES) lg_bytes_clear(&decoder->file);
        return LOGIT_OK;
    }
    LG_TRY(check_target(target, err));
    const size_t bytes = (size_t)target.height * (size_t)target.width * (size_t)target.channels;
    if (decoder->cell && lg_cell_room(decoder->cell) < bytes) {
        lg_cell_close(decoder->cell);
        decoder->cell = NULL;
    }
    if (!decoder->cell) LG_TRY(lg_cell_open(&decoder->cell, bytes, err));
    *file = lg_cell_file(decoder->cell);
    return LOGIT_OK;
}

/* What was read into that buffer, decoded here or elsewhere. */
static logit_status decode_read(lg_decoder *decoder, const char *name, lg_image_target target,
                                uint8_t *out, logit_error *err)
{
    const lg_bytes *file = &decoder->file;
    atomic_store_explicit(&decoder->is_decoding, 1, memory_order_relaxed);
    const logit_status status =
        decoder->is_confined
            ? lg_cell_decode(decoder->cell, name, target, out, err)
            : lg_image_decode(decoder, file->data, file->size, name, target, out, err);
    atomic_store_explicit(&decoder->is_decoding, 0, memory_order_relaxed);
    return status;
}

logit_status lg_image_decode_file(lg_decoder *decoder, int folder, const char *path,
                                  lg_image_target target, uint8_t *out, logit_error *err)
{
    lg_bytes *file;
    LG_TRY(begin_file(decoder, target, &file, err));
    LG_TRY(lg_file_read(folder, path, LG_IMAGE_MAX_FILE, file, err));
    return decode_read(decoder, path, target, out, err);
}

logit_status lg_image_decode_span(lg_decoder *decoder, lg_image_span span, const char *name,
                                  lg_image_target target, uint8_t *out, logit_error *err)
{
    lg_bytes *file;
    LG_TRY(begin_file(decoder, target, &file, err));
    if (span.size > LG_IMAGE_MAX_FILE)
        LG_FAIL(err, LOGIT_E_DATA, "%s: holds %zu bytes, at most %zu are read [LIMIT]", name,
                span.size, LG_IMAGE_MAX_FILE);
    LG_TRY(lg_bytes_reserve(file, span.size, err));
    const logit_status status =
        lg_file_read_at(span.fd, name, file->data, span.size, span.offset, err);
    if (status == LOGIT_E_DATA) LG_FAIL(err, LOGIT_E_IO, "%s: the file has become shorter", name);
    LG_TRY(status);
    file->size = span.size;
    return decode_read(decoder, name, target, out, err);
}
