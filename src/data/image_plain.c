/* image_plain.c -- gives stb a plain PNG in place of the one in the file.
 *
 * Layer 1 (data).  stb reads through a function, and what the function delivers is a PNG of the
 * same header and the same rows, but: the rows are inflated here, by zlib, and come as stored
 * deflate blocks; the palette has 256 colours, the missing ones black; no other chunk is left.
 * So a checksum (Adler-32) and the exact length are checked, a bomb stops at twice its size,
 * stb's inflater meets nothing but blocks made here, and zlib is the faster of the two. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <string.h>

#define BLOCK_MAX 65535u /* bytes of a stored deflate block (RFC 1951, 3.2.4) */
#define BLOCK_HEAD 5
#define HEAD_MAX 1024 /* signature, IHDR, PLTE, IDAT's beginning: 847 */

/* The plain file, as far as it has been delivered. */
typedef struct plain_png {
    z_stream *stream;
    const lg_image_source *source;
    const lg_image_plan *plan;
    size_t chunk;            /* next IDAT to inflate from */
    size_t rows_left;        /* bytes of rows that no block has been begun for */
    size_t block_left;       /* bytes of rows due in the block at hand */
    uint8_t piece[HEAD_MAX]; /* what comes before the next rows .. */
    size_t piece_size, piece_at;
    int stream_ended; /* with the right checksum */
    int is_over;      /* the last piece has been made */
    logit_error *err;
    logit_status status; /* of inflating */
} plain_png;

size_t lg_plain_data_bytes(size_t rows)
{
    const size_t blocks = (rows + BLOCK_MAX - 1) / BLOCK_MAX;
    const size_t sum = 2 + blocks * BLOCK_HEAD + rows + 4; /* zlib's frame (RFC 1950) */
    return sum < 4096 ? 4096 : sum;                        /* stb's least buffer */
}

/* -------------------------------------------------------------------------------- inflating --- */

/* Gives zlib the data of the next IDAT that has any; 0 after the last. */
static int next_input(plain_png *plain)
{
    while (plain->chunk < plain->plan->data_end) {
        const uint8_t *p = plain->source->bytes + plain->chunk;
        const uint32_t length = lg_be32(p);
        plain->chunk += (size_t)length + 12;
        if (length == 0) continue;
        plain->stream->next_in = (Bytef *)(uintptr_t)(p + 8); /* zlib does not write there */
        plain->stream->avail_in = length;
        return 1;
    }
    return 0;
}

/* The next at most `size` bytes of the stream to `to`; *done of them, fewer only at its end. */
static logit_status inflate_some(plain_png *plain, uint8_t *to, size_t size, size_t *done)
{
    z_stream *stream = plain->stream;
    *done = 0;
    stream->next_out = to;
    stream->avail_out = (uInt)size;
    while (stream->avail_out > 0 && !plain->stream_ended) {
        if (stream->avail_in == 0 && !next_input(plain))
            LG_BAD(plain->err, plain->source, plain->plan->data_end, "TRUNC",
                   "the IDAT data end inside their zlib stream");
        const int result = inflate(stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) LG_FAIL(plain->err, LOGIT_E_NOMEM, "inflating a PNG");
        plain->stream_ended = result == Z_STREAM_END;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            LG_BAD(plain->err, plain->source, plain->plan->data_at, "CORRUPT", "IDAT: %s",
                   stream->msg ? stream->msg : "a zlib dictionary is asked for");
    }
    *done = size - stream->avail_out;
    return LOGIT_OK;
}

/* All rows are there: the stream should end here, with its checksum.  What some writers leave
 * behind the rows is forgiven up to as much as there are rows. */
static logit_status finish_stream(plain_png *plain)
{
    uint8_t rest[4096];
    size_t extra = 0, done;
    do {
        LG_TRY(inflate_some(plain, rest, sizeof rest, &done));
        extra += done;
        if (extra > plain->plan->inflated_bytes)
            LG_BAD(plain->err, plain->source, plain->plan->data_at, "LIMIT",
                   "IDAT inflates to more than twice its %zu bytes", plain->plan->inflated_bytes);
    } while (done == sizeof rest);
    return LOGIT_OK;
}

static logit_status inflate_rows(plain_png *plain, uint8_t *to, size_t size)
{
    size_t done;
    LG_TRY(inflate_some(plain, to, size, &done));
    if (done < size)
        LG_BAD(plain->err, plain->source, plain->plan->data_at, "TRUNC",
               "IDAT inflates to fewer than %zu bytes", plain->plan->inflated_bytes);
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------------- pieces --- */

static void put(plain_png *plain, const void *from, size_t size)
{
    memcpy(plain->piece + plain->piece_size, from, size);
    plain->piece_size += size;
}

static void put_be32(plain_png *plain, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                              (uint8_t)value};
    put(plain, bytes, 4);
}

/* Checksums of the plain file are zero: stb does not look at them, and the real ones were right. */
static void put_head(plain_png *plain)
{
    const lg_image_plan *plan = plain->plan;
    const size_t blocks = (plan->inflated_bytes + BLOCK_MAX - 1) / BLOCK_MAX;
    const size_t data = 2 + blocks * BLOCK_HEAD + plan->inflated_bytes + 4;
    put(plain, plain->source->bytes, 8);
    put_be32(plain, 13);
    put(plain, "IHDR", 4);
    put(plain, plan->header, 13);
    put_be32(plain, 0);
    if (plan->palette) {
        static const uint8_t black[768];
        put_be32(plain, 768);
        put(plain, "PLTE", 4);
        put(plain, plan->palette, plan->palette_bytes);
        put(plain, black, 768 - plan->palette_bytes);
        put_be32(plain, 0);
    }
    put_be32(plain, (uint32_t)data);
    put(plain, "IDAT\x78\x01", 6); /* RFC 1950: deflate, 32 KiB, no dictionary */
}

static void put_block(plain_png *plain)
{
    const size_t size = plain->rows_left < BLOCK_MAX ? plain->rows_left : BLOCK_MAX;
    plain->rows_left -= size;
    plain->block_left = size;
    const uint8_t head[BLOCK_HEAD] = {plain->rows_left == 0, (uint8_t)size, (uint8_t)(size >> 8),
                                      (uint8_t)~size, (uint8_t)(~size >> 8)};
    put(plain, head, BLOCK_HEAD);
}

/* The next piece that is not rows.  0 if there is none, or the stream is bad. */
static int next_piece(plain_png *plain)
{
    plain->piece_size = plain->piece_at = 0;
    if (plain->is_over) return 0;
    if (plain->rows_left) {
        put_block(plain);
        return 1;
    }
    plain->is_over = 1;
    plain->status = finish_stream(plain);
    if (plain->status != LOGIT_OK) return 0;
    put_be32(plain, 0); /* Adler-32 */
    put_be32(plain, 0);
    put(plain, "\0\0\0\0IEND", 8);
    put_be32(plain, 0);
    return 1;
}

/* lg_stb_read_fn */
static int read_plain(void *user, char *data, int size)
{
    plain_png *plain = user;
    size_t done = 0;
    const size_t want = (size_t)size;
    while (done < want && plain->status == LOGIT_OK) {
        size_t n = want - done;
        if (plain->piece_at < plain->piece_size) {
            const size_t left = plain->piece_size - plain->piece_at;
            n = n < left ? n : left;
            memcpy(data + done, plain->piece + plain->piece_at, n);
            plain->piece_at += n;
        } else if (plain->block_left) {
            n = n < plain->block_left ? n : plain->block_left;
            plain->status = inflate_rows(plain, (uint8_t *)data + done, n);
            plain->block_left -= n;
        } else {
            n = 0;
            if (!next_piece(plain)) break;
        }
        done += n;
    }
    return plain->status == LOGIT_OK ? (int)done : 0;
}

static logit_status open_stream(lg_decoder *decoder, logit_error *err)
{
    if (decoder->stream_is_open) {
        inflateReset(&decoder->stream);
        decoder->stream.avail_in = 0;
        return LOGIT_OK;
    }
    if (inflateInit(&decoder->stream) != Z_OK)
        LG_FAIL(err, LOGIT_E_NOMEM, "state for inflating PNGs");
    decoder->stream_is_open = 1;
    return LOGIT_OK;
}

logit_status lg_png_decode(lg_decoder *decoder, const lg_image_source *source,
                           const lg_image_plan *plan, int channels, const uint8_t **pixels,
                           logit_error *err)
{
    plain_png plain = {.stream = &decoder->stream,
                       .source = source,
                       .plan = plan,
                       .err = err,
                       .chunk = plan->data_at,
                       .rows_left = plan->inflated_bytes};
    lg_stb_job job = {.read = read_plain, .user = &plain, .channels = channels};
    LG_TRY(open_stream(decoder, err));
    put_head(&plain);
    *pixels = lg_stb_decode(&decoder->arena, &job);
    if (plain.status != LOGIT_OK) return plain.status;
    if (!*pixels && decoder->arena.refused)
        LG_BAD(err, source, plan->data_at, "LIMIT", "more memory is needed than the header tells");
    if (!*pixels) LG_BAD(err, source, plan->data_at, "CORRUPT", "%s", job.reason);
    return LOGIT_OK;
}
