/* image_png.c -- is this PNG whole: chunks in the file and in order, checksums right, an end?
 *
 * Layer 1 (data).  stb's decoder does not look at checksums, and takes what chunks say.  Here
 * every chunk's CRC is checked before its content is used.  Source: W3C PNG specification, third
 * edition, sections 5, 11 and 12. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <string.h>

#define SIGNATURE 8
#define CHUNK 12 /* bytes of a chunk beside its data: length, type, CRC */

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 }; /* colour types */

typedef struct png_chunk {
    size_t at;           /* of its length */
    const uint8_t *type; /* 4 letters */
    const uint8_t *data;
    size_t length; /* of data */
} png_chunk;

/* Where the walk is, and what it has met. */
typedef struct png_walk {
    const lg_image_source *source;
    lg_image_plan *plan;
    size_t at;
    int colour;
    int transparency; /* tRNS seen */
    int done;         /* IEND seen */
} png_walk;

static int is_type(const uint8_t *type, const char *name)
{
    return memcmp(type, name, 4) == 0;
}

/* ------------------------------------------------------------------------------------- IHDR --- */

/* Table 11.1: which depths go with which colour type; a bit for each. */
static unsigned legal_depths(int colour)
{
    switch (colour) {
    case GREY:
        return 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16;
    case PALETTE:
        return 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8;
    case RGB:
    case GREY_ALPHA:
    case RGB_ALPHA:
        return 1u << 8 | 1u << 16;
    default:
        return 0;
    }
}

/* p: 13 bytes of IHDR, at byte `at` of the file. */
static logit_status read_header(const lg_image_source *source, size_t at, const uint8_t *p,
                                lg_image_info *info, logit_error *err)
{
    const uint32_t width = lg_be32(p), height = lg_be32(p + 4);
    const int depth = p[8], colour = p[9];
    const uint32_t most = 1u << 30; /* the limit is the same, and it fits an int */
    info->width = (int)(width < most ? width : most);
    info->height = (int)(height < most ? height : most);
    info->channels = colour == GREY || colour == GREY_ALPHA ? 1 : 3;
    LG_TRY(lg_image_limits(source, at, info, err));
    if (depth > 16 || !(legal_depths(colour) >> depth & 1))
        LG_BAD(err, source, at + 8, "FORMAT", "%d bits with colour type %d", depth, colour);
    if (p[10] != 0 || p[11] != 0)
        LG_BAD(err, source, at + 10, "UNSUP", "compression method %d, filter method %d", p[10],
               p[11]);
    if (p[12] > 1) LG_BAD(err, source, at + 12, "UNSUP", "interlace method %d", p[12]);
    return LOGIT_OK;
}

/* Notes which way is up, if a chunk before the data says so.  What is wrong with the chunks is for
 * the check to say. */
static void find_orientation(lg_image_source *source, lg_image_info *info)
{
    const uint8_t *p;
    for (size_t at = SIGNATURE + CHUNK + 13;;) {
        if (lg_source_at(source, at, 8, &p, NULL) != LOGIT_OK || is_type(p + 4, "IDAT")) return;
        const size_t length = lg_be32(p), left = source->size - at;
        if (left < CHUNK || length > left - CHUNK) return;
        if (is_type(p + 4, "eXIf")) {
            info->orientation = lg_exif_orientation(source, at + 8, length);
            return;
        }
        at += length + CHUNK;
    }
}

logit_status lg_png_probe(lg_image_source *source, lg_image_info *info, logit_error *err)
{
    const uint8_t *p;
    LG_TRY(lg_source_at(source, SIGNATURE, CHUNK + 13, &p, err));
    if (!is_type(p + 4, "IHDR")) {
        if (is_type(p + 4, "CgBI"))
            LG_BAD(err, source, SIGNATURE, "UNSUP",
                   "a PNG made for iPhone apps (CgBI); save it as a real one");
        LG_BAD(err, source, SIGNATURE, "FORMAT", "the first chunk is not IHDR");
    }
    if (lg_be32(p) != 13)
        LG_BAD(err, source, SIGNATURE, "FORMAT", "an IHDR of %u bytes", lg_be32(p));
    if (crc32(0, p + 4, 4 + 13) != lg_be32(p + 8 + 13))
        LG_BAD(err, source, SIGNATURE, "CORRUPT", "the checksum of IHDR is wrong");
    LG_TRY(read_header(source, SIGNATURE + 8, p + 8, info, err));
    find_orientation(source, info);
    return LOGIT_OK;
}

/* ----------------------------------------------------------------------------------- chunks --- */

static int is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The chunk at walk->at, which moves behind it. */
static logit_status next_chunk(png_walk *walk, png_chunk *chunk, logit_error *err)
{
    const lg_image_source *source = walk->source;
    const size_t at = walk->at, left = source->size - at;
    const uint8_t *p = source->bytes + at;
    if (left == 0) LG_BAD(err, source, at, "FORMAT", "the file ends without IEND");
    if (left < CHUNK) LG_BAD(err, source, at, "TRUNC", "%zu bytes of a chunk", left);
    const size_t length = lg_be32(p);
    if (length > left - CHUNK)
        LG_BAD(err, source, at, "TRUNC", "a chunk of %zu bytes, %zu are left", length,
               left - CHUNK);
    for (int i = 0; i < 4; i++)
        if (!is_letter(p[4 + i]))
            LG_BAD(err, source, at + 4, "CORRUPT", "a chunk type with byte 0x%02x", p[4 + i]);
    if (crc32(0, p + 4, (uInt)length + 4) != lg_be32(p + 8 + length))
        LG_BAD(err, source, at, "CORRUPT", "the checksum of chunk %.4s is wrong",
               (const char *)p + 4);
    *chunk = (png_chunk){at, p + 4, p + 8, length};
    walk->at += length + CHUNK;
    return LOGIT_OK;
}

static logit_status read_palette(png_walk *walk, const png_chunk *chunk, logit_error *err)
{
    lg_image_plan *plan = walk->plan;
    if (plan->data_at || plan->palette)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "PLTE %s",
               plan->palette ? "twice" : "after IDAT");
    if (chunk->length == 0 || chunk->length > 768 || chunk->length % 3 != 0)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "a palette of %zu bytes", chunk->length);
    plan->palette = chunk->data;
    plan->palette_bytes = chunk->length;
    return LOGIT_OK;
}

/* Transparency is left aside, but a file that gets it wrong is no PNG. */
static logit_status read_transparency(png_walk *walk, const png_chunk *chunk, logit_error *err)
{
    const lg_image_plan *plan = walk->plan;
    if (walk->transparency || plan->data_at)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "tRNS %s",
               walk->transparency ? "twice" : "after IDAT");
    walk->transparency = 1;
    if (walk->colour == PALETTE && !plan->palette)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "tRNS before PLTE");
    const int fits = walk->colour == PALETTE ? chunk->length <= plan->palette_bytes / 3
                     : walk->colour == RGB   ? chunk->length == 6
                     : walk->colour == GREY  ? chunk->length == 2
                                             : 0;
    if (!fits)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "tRNS of %zu bytes with colour type %d",
               chunk->length, walk->colour);
    return LOGIT_OK;
}

static logit_status read_data(png_walk *walk, const png_chunk *chunk, logit_error *err)
{
    lg_image_plan *plan = walk->plan;
    if (walk->colour == PALETTE && !plan->palette)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "no PLTE before IDAT");
    if (plan->data_at && plan->data_end != chunk->at)
        LG_BAD(err, walk->source, chunk->at, "FORMAT", "IDAT chunks apart from each other");
    if (!plan->data_at) plan->data_at = chunk->at;
    plan->data_end = walk->at;
    return LOGIT_OK;
}

static logit_status read_chunk(png_walk *walk, const png_chunk *chunk, logit_error *err)
{
    if (is_type(chunk->type, "IDAT")) return read_data(walk, chunk, err);
    if (is_type(chunk->type, "PLTE")) return read_palette(walk, chunk, err);
    if (is_type(chunk->type, "tRNS")) return read_transparency(walk, chunk, err);
    if (is_type(chunk->type, "IHDR")) LG_BAD(err, walk->source, chunk->at, "FORMAT", "IHDR twice");
    if (is_type(chunk->type, "IEND")) {
        if (!walk->plan->data_at) LG_BAD(err, walk->source, chunk->at, "FORMAT", "no IDAT");
        walk->done = 1;
        return LOGIT_OK;
    }
    if (!(chunk->type[0] & 0x20)) /* an upper-case first letter: it cannot be left aside */
        LG_BAD(err, walk->source, chunk->at, "UNSUP", "chunk %.4s is not known",
               (const char *)chunk->type);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------------- plan --- */

/* Bytes of the filtered rows of all passes (section 7.2): one byte for the filter and the packed
 * samples of each row; passes without pixels have no rows.  Adam7's offsets and spacings. */
static size_t inflated_bytes(const lg_image_info *info, int bits, int interlaced)
{
    static const int x0[7] = {0, 4, 0, 2, 0, 1, 0}, dx[7] = {8, 8, 4, 4, 2, 2, 1};
    static const int y0[7] = {0, 0, 4, 0, 2, 0, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
    if (!interlaced)
        return (((size_t)info->width * (size_t)bits + 7) / 8 + 1) * (size_t)info->height;
    size_t sum = 0;
    for (int pass = 0; pass < 7; pass++) {
        const size_t w = (size_t)((info->width - x0[pass] + dx[pass] - 1) / dx[pass]);
        const size_t h = (size_t)((info->height - y0[pass] + dy[pass] - 1) / dy[pass]);
        if (w && h) sum += ((w * (size_t)bits + 7) / 8 + 1) * h;
    }
    return sum;
}

/* What stb takes: the plain file's IDAT, the inflated rows (a first guess, doubled until they
 * fit), the samples, and copies for passes, palette, channels and 16 bits. */
static size_t arena_bytes(const lg_image_plan *plan, int samples, int channels)
{
    const size_t pixels = (size_t)plan->info.width * (size_t)plan->info.height;
    const size_t rows = plan->inflated_bytes;
    const size_t depth = plan->header[8], wide = depth == 16 ? 2 : 1;
    const int interlaced = plan->header[12], has_palette = plan->header[9] == PALETTE;
    size_t guess = (((size_t)plan->info.width * depth + 7) / 8 * (size_t)samples + 1) *
                   (size_t)plan->info.height;
    while (guess < rows) guess *= 2;
    size_t sum = lg_plain_data_bytes(rows) + guess + LG_STB_STATE;
    sum += pixels * wide * (size_t)samples * (interlaced ? 2 : 1);
    sum += pixels * (has_palette ? 3 : 0);
    sum += pixels * wide * (size_t)channels;
    sum += pixels * (wide - 1) * (size_t)channels;
    return sum;
}

logit_status lg_png_check(lg_image_source *source, int channels, lg_image_plan *plan,
                          logit_error *err)
{
    static const int samples_of[7] = {1, 0, 3, 1, 2, 0, 4}; /* by colour type */
    png_walk walk = {.source = source, .plan = plan, .at = SIGNATURE};
    png_chunk chunk;
    LG_TRY(next_chunk(&walk, &chunk, err)); /* IHDR, as lg_png_probe found */
    plan->header = chunk.data;
    walk.colour = chunk.data[9];
    while (!walk.done) {
        LG_TRY(next_chunk(&walk, &chunk, err));
        LG_TRY(read_chunk(&walk, &chunk, err));
    }
    const int samples = samples_of[walk.colour];
    if (walk.colour != PALETTE) plan->palette = NULL; /* a suggestion (section 11.2.2) */
    plan->inflated_bytes = inflated_bytes(&plan->info, samples * plan->header[8], plan->header[12]);
    plan->arena_bytes = arena_bytes(plan, samples, channels);
    return LOGIT_OK;
}
