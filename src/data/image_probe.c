/* image_probe.c -- which kind of image is it, how large, and is that within the limits.
 *
 * Layer 1 (data).  The kind is what the first bytes say; only the kinds of the table below are
 * let through to a decoder, and the usual others are named in the message. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

static const lg_image_kind kinds[] = {
    {"jpeg", {0xff, 0xd8, 0xff}, 3, lg_jpeg_probe, lg_jpeg_check, lg_jpeg_decode},
    {"png",
     {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
     8,
     lg_png_probe,
     lg_png_check,
     lg_png_decode},
    {"pnm", {'P', '5'}, 2, lg_pnm_probe, lg_pnm_check, lg_pnm_decode},
    {"pnm", {'P', '6'}, 2, lg_pnm_probe, lg_pnm_check, lg_pnm_decode},
};

/* What else may carry the name of an image.  Text matches at `at`, letters in either case. */
#define OTHER(at, text, what)                                                                      \
    {                                                                                              \
        (at), (text), sizeof(text) - 1, (what)                                                     \
    }
static const struct {
    size_t at;
    const char *text;
    size_t text_bytes;
    const char *what;
} others[] = {
    OTHER(0, "GIF8", "a GIF; convert it to PNG"),
    OTHER(8, "WEBP", "a WebP image; convert it to PNG or JPEG"),
    OTHER(4, "ftyphei", "a HEIC photo; convert it to JPEG"),
    OTHER(4, "ftypmif1", "a HEIF photo; convert it to JPEG"),
    OTHER(4, "ftypavif", "an AVIF image; convert it to PNG or JPEG"),
    OTHER(0, "II*\0", "a TIFF; convert it to PNG"),
    OTHER(0, "MM\0*", "a TIFF; convert it to PNG"),
    OTHER(0, "BM", "a BMP; convert it to PNG"),
    OTHER(0, "8BPS", "a Photoshop file; convert it to PNG"),
    OTHER(0, "%PDF", "a PDF; convert it to PNG"),
    OTHER(0, "\x1f\x8b", "gzipped; unpack it"),
    OTHER(0, "PK\3\4", "a zip archive; unpack it"),
    OTHER(0, "<!doctype", "a web page, not an image: the download failed"),
    OTHER(0, "<html", "a web page, not an image: the download failed"),
    OTHER(0, "<svg", "an SVG drawing; convert it to PNG"),
    OTHER(0, "<?xml", "XML; if it is a drawing, convert it to PNG"),
    OTHER(0, "P1", "a plain PBM; only P5 and P6 are read: convert it to PNG"),
    OTHER(0, "P2", "a plain PGM; only P5 and P6 are read: convert it to PNG"),
    OTHER(0, "P3", "a plain PPM; only P5 and P6 are read: convert it to PNG"),
    OTHER(0, "P4", "a PBM; only P5 and P6 are read: convert it to PNG"),
    OTHER(0, "P7", "a PAM; only P5 and P6 are read: convert it to PNG"),
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ------------------------------------------------------------------------- bytes and places --- */

logit_status lg_source_at(lg_image_source *source, size_t offset, size_t n, const uint8_t **at,
                          logit_error *err)
{
    if (offset > source->size || n > source->size - offset)
        LG_BAD(err, source, source->size, "TRUNC", "the file ends here");
    const int here = source->bytes && offset >= source->base &&
                     offset - source->base <= source->count &&
                     n <= source->count - (offset - source->base);
    assert(here || source->window); /* without a descriptor all of it is in memory */
    if (!here) {
        const size_t left = source->size - offset;
        const size_t count = left < LG_IMAGE_WINDOW ? left : LG_IMAGE_WINDOW;
        source->count = 0;
        LG_TRY(lg_file_read_at(source->fd, source->name, source->window, count,
                               source->offset + (int64_t)offset, err));
        source->bytes = source->window;
        source->base = offset;
        source->count = count;
    }
    *at = source->bytes + (offset - source->base);
    return LOGIT_OK;
}

void lg_image_place(logit_error *err, const lg_image_source *source, size_t offset,
                    const char *class_name)
{
    if (!err) return;
    char name[600], reason[sizeof err->message];
    memcpy(reason, err->message, sizeof reason);
    snprintf(err->message, sizeof err->message, "%s: %s at byte %zu: %.400s [%s]",
             lg_text_escape(name, sizeof name, source->name), source->format, offset, reason,
             class_name);
}

logit_status lg_image_limits(const lg_image_source *source, size_t offset,
                             const lg_image_info *info, logit_error *err)
{
    const int w = info->width, h = info->height;
    if (w < 1 || h < 1) LG_BAD(err, source, offset, "RANGE", "an image of %d x %d pixels", w, h);
    if (w > LG_IMAGE_MAX_SIDE || h > LG_IMAGE_MAX_SIDE)
        LG_BAD(err, source, offset, "LIMIT", "%d x %d pixels; a side may have %d", w, h,
               LG_IMAGE_MAX_SIDE);
    if ((size_t)w * (size_t)h > LG_IMAGE_MAX_PIXELS)
        LG_BAD(err, source, offset, "LIMIT", "%d x %d pixels are more than %zu", w, h,
               LG_IMAGE_MAX_PIXELS);
    return LOGIT_OK;
}

/* ------------------------------------------------------------------------------------ kinds --- */

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

static int looks_like(const uint8_t *bytes, size_t size, int i)
{
    if (size < others[i].at + others[i].text_bytes) return 0;
    for (size_t j = 0; j < others[i].text_bytes; j++)
        if (lower(bytes[others[i].at + j]) != lower((uint8_t)others[i].text[j])) return 0;
    return 1;
}

/* None of ours: says what it is. */
static logit_status refuse(const lg_image_source *source, const uint8_t *bytes, size_t size,
                           logit_error *err)
{
    for (int i = 0; i < COUNT(kinds); i++)
        if (size < kinds[i].magic_bytes && memcmp(bytes, kinds[i].magic, size) == 0)
            LG_BAD(err, source, size, "TRUNC", "the file ends after %zu bytes", size);
    if (bytes[0] == 0x89 || (size >= 4 && memcmp(bytes + 1, "PNG", 3) == 0))
        LG_BAD(err, source, 0, "CORRUPT", "a PNG whose signature is damaged");
    for (int i = 0; i < COUNT(others); i++)
        if (looks_like(bytes, size, i))
            LG_BAD(err, source, 0, "UNSUP", "this is %s", others[i].what);
    LG_BAD(err, source, 0, "UNSUP", "not a JPEG, PNG or PNM image");
}

logit_status lg_image_open(lg_image_source *source, const lg_image_kind **kind, lg_image_info *info,
                           logit_error *err)
{
    const size_t size = source->size < 16 ? source->size : 16;
    const uint8_t *bytes;
    memset(info, 0, sizeof *info);
    source->format = "image";
    if (source->size == 0) LG_BAD(err, source, 0, "TRUNC", "the file is empty");
    if (source->size > LG_IMAGE_MAX_FILE)
        LG_BAD(err, source, 0, "LIMIT", "%zu bytes; a file may have %zu", source->size,
               LG_IMAGE_MAX_FILE);
    LG_TRY(lg_source_at(source, 0, size, &bytes, err));
    *kind = NULL;
    for (int i = 0; i < COUNT(kinds) && !*kind; i++)
        if (size >= kinds[i].magic_bytes && !memcmp(bytes, kinds[i].magic, kinds[i].magic_bytes))
            *kind = &kinds[i];
    if (!*kind) return refuse(source, bytes, size, err);
    source->format = info->format = (*kind)->name;
    return (*kind)->probe(source, info, err);
}

logit_status lg_image_probe(const uint8_t *bytes, size_t size, const char *name,
                            lg_image_info *info, logit_error *err)
{
    lg_image_source source = {.name = name, .size = size, .bytes = bytes, .count = size, .fd = -1};
    const lg_image_kind *kind;
    LG_TRY(lg_image_open(&source, &kind, info, err));
    *info = lg_image_turned(*info);
    return LOGIT_OK;
}

logit_status lg_image_probe_file(int folder, const char *path, lg_image_info *info,
                                 int64_t *file_bytes, logit_error *err)
{
    uint8_t window[LG_IMAGE_WINDOW];
    lg_image_source source = {.name = path, .window = window};
    const lg_image_kind *kind;
    int64_t size;
    memset(info, 0, sizeof *info);
    LG_TRY(lg_file_open(&source.fd, folder, path, &size, err));
    if (file_bytes) *file_bytes = size;
    source.size = (size_t)size;
    const logit_status status = lg_image_open(&source, &kind, info, err);
    close(source.fd);
    *info = lg_image_turned(*info);
    return status;
}

logit_status lg_image_probe_span(lg_image_span span, const char *name, lg_image_info *info,
                                 logit_error *err)
{
    uint8_t window[LG_IMAGE_WINDOW];
    const lg_image_kind *kind;
    lg_image_source source = {
        .name = name, .size = span.size, .window = window, .fd = span.fd, .offset = span.offset};
    const logit_status status = lg_image_open(&source, &kind, info, err);
    *info = lg_image_turned(*info);
    return status;
}
