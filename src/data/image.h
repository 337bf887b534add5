/* image.h -- image files in, 8-bit pixels of one shape out, whatever the file holds.
 *
 * Layer 1 (data).  JPEG (baseline and progressive, grey or colour), PNG (all of it) and PNM (P5
 * and P6, 8 bits).  The kind is told by the first bytes, never by the name.  A file is checked
 * before a decoder sees it, and the decoder works in a zeroed arena of a size that follows from
 * the header, so that a damaged or hostile file ends as an error and never as a crash, a leak, a
 * bomb or a silent half image.  The pixels depend on the bytes of the file and on the target
 * alone, for one choice of a decoder: not on the machine, nor on the images decoded before.
 *
 * What comes out, by rule
 *   - Stored values: gamma and colour profiles are not applied.
 *   - The right way up: turned and mirrored as an Exif orientation says (JPEG: in an APP1 before
 *     the frame; PNG: in an eXIf chunk before the data).  One that makes no sense is none.
 *   - Transparency is left aside: a pixel has its stored colour.  16 bits: the upper 8.
 *   - Colour to grey: a JPEG's own luma where it has one, else (77 R + 150 G + 29 B) / 256.
 *     Grey to colour: three equal channels.
 *   - Another size: the shorter side is scaled to the target's, with a triangle filter that
 *     averages when it shrinks, and what sticks out of the longer side is cut off equally at both
 *     ends; channels are converted first.  The right size: the pixels as they are.
 *   - Bytes after the end of a JPEG or PNG are left aside (cameras write them).
 *
 * Errors are LOGIT_E_DATA with "NAME: jpeg at byte N: reason [CLASS]", where CLASS is TRUNC,
 * FORMAT, RANGE, LIMIT, UNSUP, CORRUPT or TRAIL; NOMEM where memory ran out.
 *
 * Not told: part of the scan data of a JPEG removed or changed so that what is left still reads
 * as a picture.  The format has no checksum. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_IMAGE_H
#define LG_DATA_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "data/decoding.h"
#include "logit.h"

#define LG_IMAGE_MAX_FILE ((size_t)64 << 20)   /* bytes */
#define LG_IMAGE_MAX_SIDE 16384                /* pixels */
#define LG_IMAGE_MAX_PIXELS ((size_t)1 << 25)  /* width x height */
#define LG_IMAGE_MAX_ARENA ((size_t)512 << 20) /* bytes that one image may take to decode */

/* The rule, as it is stored in the model file. */
#define LG_IMAGE_RESIZE_RULE "triangle-shorter-side-center-crop"

/* What a thread needs to decode: an arena and buffers that are kept from image to image, so that
 * decoding allocates nothing once it has met images of the usual size.  One per thread. */
typedef struct lg_decoder lg_decoder;

/* *out is NULL on failure.  Error: NOMEM. */
logit_status lg_decoder_create(lg_decoder **out, logit_error *err);
void lg_decoder_destroy(lg_decoder *decoder);

/* From now on JPEGs are decoded by this library, which is in this build (decoding.h); at first by
 * stb. */
void lg_decoder_use(lg_decoder *decoder, lg_decoding decoding);

/* From now on files are decoded in a process that can do nothing else (data/sandbox.h), by stb:
 * what lg_image_decode_file and lg_image_decode_span read. */
void lg_decoder_confine(lg_decoder *decoder);

/* 1 while a file that was read is decoded, 0 while it is read; from any thread. */
int lg_decoder_is_decoding(const lg_decoder *decoder);

typedef struct lg_image_info {
    int width, height;  /* the right way up */
    int channels;       /* as stored: 1 grey, 3 colour; alpha does not count, a palette is 3 */
    const char *format; /* "jpeg", "png", "pnm"; static */
    int orientation;    /* of Exif, 1 .. 8; 0: none */
} lg_image_info;

/* Reads the header: kind, sizes, limits.  bytes may be a whole file or its beginning; size is what
 * is there.  The rest is not looked at: decoding may still find it damaged.  name is only for
 * messages.  Error: DATA. */
logit_status lg_image_probe(const uint8_t *bytes, size_t size, const char *name,
                            lg_image_info *info, logit_error *err);

/* The same for a file, of which only what is needed is read: 4 KiB, and 4 KiB more for each time
 * a JPEG's frame header lies further on.  folder is a descriptor or AT_FDCWD.  *file_bytes is the
 * file's size; may be NULL.  Never blocks on a fifo.  Errors: IO, DATA. */
logit_status lg_image_probe_file(int folder, const char *path, lg_image_info *info,
                                 int64_t *file_bytes, logit_error *err);

typedef struct lg_image_target {
    int height, width, channels; /* 1 .. LG_IMAGE_MAX_SIDE, the same, 1 or 3 */
} lg_image_target;

/* Decodes in this process to out, u8 [height][width][channels] of the target.  name is only for
 * messages.  After an error out is undefined and the decoder as good as new.  Errors: DATA, NOMEM,
 * USAGE (no such target). */
logit_status lg_image_decode(lg_decoder *decoder, const uint8_t *bytes, size_t size,
                             const char *name, lg_image_target target, uint8_t *out,
                             logit_error *err);

/* Reads a regular file into the decoder's own buffer and decodes it.  Errors: IO, DATA, NOMEM,
 * USAGE; DEVICE where a confined decoder cannot be had. */
logit_status lg_image_decode_file(lg_decoder *decoder, int folder, const char *path,
                                  lg_image_target target, uint8_t *out, logit_error *err);

/* A stretch of an open file that holds an image, as in a tar. */
typedef struct lg_image_span {
    int fd;
    int64_t offset;
    size_t size;
} lg_image_span;

/* As of a file of its own.  name is only for messages.  Errors: IO (also where the file ends
 * before), DATA. */
logit_status lg_image_probe_span(lg_image_span span, const char *name, lg_image_info *info,
                                 logit_error *err);
logit_status lg_image_decode_span(lg_decoder *decoder, lg_image_span span, const char *name,
                                  lg_image_target target, uint8_t *out, logit_error *err);

#endif
