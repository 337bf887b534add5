/* image_pnm.c -- PGM and PPM, binary, 8 bits (P5 and P6).
 *
 * Layer 1 (data).  "P5", then width, height and the largest value in decimal, apart by white space
 * and #-comments, one white space, and the rows.  Source: netpbm.sourceforge.net/doc/ppm.html. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#define HEADER_MAX 1024 /* bytes, comments included */

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where the next number begins: past white space and comments. */
static logit_status skip_space(lg_image_source *source, size_t *at, logit_error *err)
{
    const uint8_t *p;
    int in_comment = 0;
    for (;; ++*at) {
        LG_TRY(lg_source_at(source, *at, 1, &p, err));
        if (*at > HEADER_MAX) LG_BAD(err, source, *at, "LIMIT", "the header is too long");
        if (*p == '#') in_comment = 1;
        if (*p == '\n' || *p == '\r') in_comment = 0;
        if (!in_comment && !is_space(*p)) return LOGIT_OK;
    }
}

static logit_status read_number(lg_image_source *source, size_t *at, const char *what, int *number,
                                logit_error *err)
{
    const uint8_t *p;
    LG_TRY(skip_space(source, at, err));
    const size_t begin = *at;
    for (*number = 0;; ++*at) {
        LG_TRY(lg_source_at(source, *at, 1, &p, err));
        if (*p < '0' || *p > '9') break;
        *number = *number * 10 + (*p - '0');
        if (*number > 1000000) LG_BAD(err, source, begin, "LIMIT", "%s is over a million", what);
    }
    if (*at == begin || !(is_space(*p) || *p == '#'))
        LG_BAD(err, source, *at, "FORMAT", "%s should be a decimal number", what);
    return LOGIT_OK;
}

/* *data_at: where the rows begin. */
static logit_status read_header(lg_image_source *source, lg_image_info *info, size_t *data_at,
                                logit_error *err)
{
    const uint8_t *p;
    size_t at = 2;
    int largest;
    LG_TRY(lg_source_at(source, 0, 3, &p, err));
    info->channels = p[1] == '5' ? 1 : 3;
    if (!is_space(p[2]) && p[2] != '#')
        LG_BAD(err, source, 2, "FORMAT", "no white space after the magic number");
    LG_TRY(read_number(source, &at, "the width", &info->width, err));
    LG_TRY(read_number(source, &at, "the height", &info->height, err));
    LG_TRY(lg_image_limits(source, 2, info, err));
    LG_TRY(read_number(source, &at, "the largest value", &largest, err));
    if (largest != 255)
        LG_BAD(err, source, at, "UNSUP", "the largest value is %d, only 255 is read", largest);
    *data_at = at + 1; /* one white space */
    return LOGIT_OK;
}

logit_status lg_pnm_probe(lg_image_source *source, lg_image_info *info, logit_error *err)
{
    size_t data_at;
    return read_header(source, info, &data_at, err);
}

logit_status lg_pnm_check(lg_image_source *source, int channels, lg_image_plan *plan,
                          logit_error *err)
{
    LG_TRY(read_header(source, &plan->info, &plan->data_at, err));
    const size_t pixels = (size_t)plan->info.width * (size_t)plan->info.height;
    const size_t want = pixels * (size_t)plan->info.channels;
    const size_t have = source->size - plan->data_at;
    if (have < want)
        LG_BAD(err, source, source->size, "TRUNC", "%zu bytes of pixels, %zu expected", have, want);
    if (have > want)
        LG_BAD(err, source, plan->data_at + want, "TRAIL", "%zu bytes after the last row",
               have - want);
    const int as_stored = channels == plan->info.channels;
    plan->arena_bytes = as_stored ? 0 : pixels * (size_t)channels + LG_ARENA_BLOCK;
    return LOGIT_OK;
}

logit_status lg_pnm_decode(lg_decoder *decoder, const lg_image_source *source,
                           const lg_image_plan *plan, int channels, const uint8_t **pixels,
                           logit_error *err)
{
    const uint8_t *from = source->bytes + plan->data_at;
    *pixels = from;
    if (channels == plan->info.channels) return LOGIT_OK;

    const size_t count = (size_t)plan->info.width * (size_t)plan->info.height;
    uint8_t *to = lg_arena_take(&decoder->arena, count * (size_t)channels);
    if (!to) LG_BAD(err, source, 0, "LIMIT", "more memory is needed than the header tells");
    *pixels = to;
    for (size_t i = 0; i < count; i++) {
        if (channels == 3)
            to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
        else
            to[i] =
                (uint8_t)((77 * from[3 * i] + 150 * from[3 * i + 1] + 29 * from[3 * i + 2]) >> 8);
    }
    return LOGIT_OK;
}
