/* image_make.h -- image files made byte by byte, whole or broken, and what is to be expected.
 *
 * Tests.  Three small JPEGs are kept here as they are (drawn by formula, encoded by libjpeg); all
 * other files are built from the specifications, so that every broken one is broken in one known
 * way. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_IMAGE_MAKE_H
#define LG_TESTS_IMAGE_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "data/image.h"

/* ------------------------------------------------------------------------------------ bytes --- */

typedef struct image_bytes {
    uint8_t *data;
    size_t size, room;
} image_bytes;

void image_put(image_bytes *bytes, const void *from, size_t size);
void image_fill(image_bytes *bytes, int value, size_t count);
void image_put_byte(image_bytes *bytes, int value);
void image_put_be16(image_bytes *bytes, int value);
void image_put_be32(image_bytes *bytes, uint32_t value);
void image_clear(image_bytes *bytes);

/* ------------------------------------------------------------------------------------- JPEG --- */

extern const uint8_t image_jpeg_colour[301];      /* 17 x 11, baseline, 2x2 subsampled */
extern const uint8_t image_jpeg_progressive[537]; /* the same picture */
extern const uint8_t image_jpeg_restart[237];     /* 24 x 16, grey, a restart every 2 blocks */

void image_jpeg_segment(image_bytes *bytes, int marker, const void *payload, size_t size);
/* SOF with 1, 3 or 4 components without subsampling, numbered from 1, quantisation table 0. */
void image_jpeg_frame(image_bytes *bytes, int marker, int width, int height, int components);
/* DQT 0 of ones; DHT: DC table 0 whose code 0 means "no difference", AC table 0 whose code 0 ends
 * the block.  So a block of middle grey is two zero bits. */
void image_jpeg_tables(image_bytes *bytes);
/* SOS of `components` of the frame's, tables 0. */
void image_jpeg_scan(image_bytes *bytes, int components, int start, int end, int high, int low);
/* A whole middle-grey JPEG: SOI to EOI. */
void image_jpeg_grey(image_bytes *bytes, int width, int height);

/* -------------------------------------------------------------------------------------- PNG --- */

enum { IMAGE_GREY = 0, IMAGE_RGB = 2, IMAGE_PALETTE = 3, IMAGE_GREY_ALPHA = 4, IMAGE_RGBA = 6 };

typedef struct image_png_shape {
    int width, height, depth, colour, interlaced;
} image_png_shape;

void image_png_chunk(image_bytes *bytes, const char *type, const void *data, size_t size);
void image_png_header(image_bytes *bytes, image_png_shape shape);
void image_png_palette(image_bytes *bytes, int colours);
/* The filtered rows of the test picture, all filter types in turn. */
void image_png_rows(image_bytes *bytes, image_png_shape shape);
/* `rows` deflated, as a zlib stream. */
void image_deflate(image_bytes *bytes, const image_bytes *rows);
/* Signature and header; an IDAT of the test picture; IEND. */
void image_png_begin(image_bytes *bytes, image_png_shape shape);
void image_png_data(image_bytes *bytes, image_png_shape shape);
void image_png_end(image_bytes *bytes);
/* A whole PNG of the test picture. */
void image_png_make(image_bytes *bytes, image_png_shape shape);
/* Its pixel, 8 bits; channel 0..2. */
int image_png_want(image_png_shape shape, int x, int y, int channel);

/* ----------------------------------------------------------------------------- expectations --- */

/* Decoding these bytes (to 16 x 12, 3 channels) fails with DATA and this class, as the message's
 * last word, in less than 100 ms; class_name NULL: it succeeds. */
void image_expect(const uint8_t *bytes, size_t size, const char *class_name);
/* The same, and clears the bytes. */
void image_expect_made(image_bytes *bytes, const char *class_name);
/* 1 if the bytes decode to their own size and channels; pixels (malloc, or NULL) is the caller's.
 */
int image_decode_whole(const uint8_t *bytes, size_t size, lg_image_info *info, uint8_t **pixels);

/* -------------------------------------------------------------------------- stb as it comes --- */

uint8_t *image_stock_decode(const uint8_t *bytes, size_t size, int channels, int *width,
                            int *height);
/* The part of the picture that the target sees, by stb_image_resize's triangle filter. */
void image_stock_resize(const uint8_t *pixels, int height, int width, lg_image_target target,
                        uint8_t *out);

#endif
