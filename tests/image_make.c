/* image_make.c -- see image_make.h. */
/* SPDX-License-Identifier: MIT */
#include "tests/image_make.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

/* ------------------------------------------------------------------------------------ bytes --- */

void image_put(image_bytes *bytes, const void *from, size_t size)
{
    if (bytes->size + size > bytes->room) {
        bytes->room = 2 * (bytes->size + size) + 256;
        bytes->data = realloc(bytes->data, bytes->room);
        ck_assert_ptr_nonnull(bytes->data);
    }
    if (size) memcpy(bytes->data + bytes->size, from, size);
    bytes->size += size;
}

void image_fill(image_bytes *bytes, int value, size_t count)
{
    for (size_t i = 0; i < count; i++) image_put_byte(bytes, value);
}

void image_put_byte(image_bytes *bytes, int value)
{
    const uint8_t byte = (uint8_t)value;
    image_put(bytes, &byte, 1);
}

void image_put_be16(image_bytes *bytes, int value)
{
    image_put_byte(bytes, value >> 8);
    image_put_byte(bytes, value);
}

void image_put_be32(image_bytes *bytes, uint32_t value)
{
    image_put_be16(bytes, (int)(value >> 16));
    image_put_be16(bytes, (int)(value & 0xffff));
}

void image_clear(image_bytes *bytes)
{
    free(bytes->data);
    *bytes = (image_bytes){0};
}

/* ------------------------------------------------------------------------------------- JPEG --- */

void image_jpeg_segment(image_bytes *bytes, int marker, const void *payload, size_t size)
{
    image_put_byte(bytes, 0xff);
    image_put_byte(bytes, marker);
    image_put_be16(bytes, (int)size + 2);
    image_put(bytes, payload, size);
}

void image_jpeg_frame(image_bytes *bytes, int marker, int width, int height, int components)
{
    uint8_t frame[6 + 3 * 4] = {8,
                                (uint8_t)(height >> 8),
                                (uint8_t)height,
                                (uint8_t)(width >> 8),
                                (uint8_t)width,
                                (uint8_t)components};
    for (int c = 0; c < components; c++) {
        frame[6 + 3 * c] = (uint8_t)(c + 1);
        frame[7 + 3 * c] = 0x11;
    }
    image_jpeg_segment(bytes, marker, frame, 6 + 3 * (size_t)components);
}

void image_jpeg_tables(image_bytes *bytes)
{
    uint8_t quant[65];
    memset(quant, 1, sizeof quant);
    quant[0] = 0;
    const uint8_t dc[18] = {0x00, 1}, ac[18] = {0x10, 1};
    image_jpeg_segment(bytes, 0xdb, quant, sizeof quant);
    image_jpeg_segment(bytes, 0xc4, dc, sizeof dc);
    image_jpeg_segment(bytes, 0xc4, ac, sizeof ac);
}

void image_jpeg_scan(image_bytes *bytes, int components, int start, int end, int high, int low)
{
    uint8_t scan[4 + 2 * 4] = {(uint8_t)components};
    for (int c = 0; c < components; c++) scan[1 + 2 * c] = (uint8_t)(c + 1);
    uint8_t *rest = scan + 1 + 2 * components;
    rest[0] = (uint8_t)start;
    rest[1] = (uint8_t)end;
    rest[2] = (uint8_t)(high << 4 | low);
    image_jpeg_segment(bytes, 0xda, scan, 4 + 2 * (size_t)components);
}

void image_jpeg_grey(image_bytes *bytes, int width, int height)
{
    const size_t blocks = (size_t)((width + 7) / 8) * (size_t)((height + 7) / 8);
    image_put_be16(bytes, 0xffd8);
    image_jpeg_tables(bytes);
    image_jpeg_frame(bytes, 0xc0, width, height, 1);
    image_jpeg_scan(bytes, 1, 0, 63, 0, 0);
    image_fill(bytes, 0, (2 * blocks + 7) / 8);
    image_put_be16(bytes, 0xffd9);
}

/* -------------------------------------------------------------------------------------- PNG --- */

void image_png_chunk(image_bytes *bytes, const char *type, const void *data, size_t size)
{
    image_put_be32(bytes, (uint32_t)size);
    const size_t begin = bytes->size;
    image_put(bytes, type, 4);
    image_put(bytes, data, size);
    image_put_be32(bytes, (uint32_t)crc32(0, bytes->data + begin, (uInt)(size + 4)));
}

void image_png_header(image_bytes *bytes, image_png_shape shape)
{
    image_bytes header = {0};
    image_put_be32(&header, (uint32_t)shape.width);
    image_put_be32(&header, (uint32_t)shape.height);
    image_put_byte(&header, shape.depth);
    image_put_byte(&header, shape.colour);
    image_put_be16(&header, 0);
    image_put_byte(&header, shape.interlaced);
    image_png_chunk(bytes, "IHDR", header.data, header.size);
    image_clear(&header);
}

/* Colour i of the palette; channel 0..2. */
static int palette_colour(int i, int channel)
{
    return (i * (37 + 20 * channel) + 11) & 255;
}

void image_png_palette(image_bytes *bytes, int colours)
{
    image_bytes palette = {0};
    for (int i = 0; i < colours; i++)
        for (int c = 0; c < 3; c++) image_put_byte(&palette, palette_colour(i, c));
    image_png_chunk(bytes, "PLTE", palette.data, palette.size);
    image_clear(&palette);
}

static int samples_of(int colour)
{
    static const int samples[7] = {1, 0, 3, 1, 2, 0, 4};
    return samples[colour];
}

/* Sample c of the test picture, `depth` bits. */
static int sample(image_png_shape shape, int x, int y, int c)
{
    const unsigned mixed =
        (unsigned)(x * x * 13 + y * 7 * x + y * 29 + c * 101 + x * c) * 2654435761u;
    return (int)(mixed >> 13 & ((1u << shape.depth) - 1));
}

int image_png_want(image_png_shape shape, int x, int y, int channel)
{
    const int grey = shape.colour == IMAGE_GREY || shape.colour == IMAGE_GREY_ALPHA;
    const int value = sample(shape, x, y, grey || shape.colour == IMAGE_PALETTE ? 0 : channel);
    if (shape.colour == IMAGE_PALETTE) return palette_colour(value, channel);
    return shape.depth == 16 ? value >> 8 : value * 255 / ((1 << shape.depth) - 1);
}

/* Specification, section 9.2.  a: left, b: up, c: up and left. */
static int predict(int filter, int a, int b, int c)
{
    const int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    switch (filter) {
    case 1:
        return a;
    case 2:
        return b;
    case 3:
        return (a + b) / 2;
    case 4:
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    default:
        return 0;
    }
}

/* Columns x0, x0 + dx, .. of row y, packed into bytes. */
static size_t pack_row(image_png_shape shape, int y, int x0, int dx, uint8_t *row)
{
    size_t bit = 0;
    memset(row, 0, 8 * (size_t)shape.width + 8);
    for (int x = x0; x < shape.width; x += dx)
        for (int c = 0; c < samples_of(shape.colour); c++, bit += (size_t)shape.depth) {
            const int value = sample(shape, x, y, c);
            if (shape.depth == 16) {
                row[bit / 8] = (uint8_t)(value >> 8);
                row[bit / 8 + 1] = (uint8_t)value;
            } else {
                const size_t shift = 8 - (size_t)shape.depth - bit % 8;
                row[bit / 8] = (uint8_t)(row[bit / 8] | value << shift);
            }
        }
    return (bit + 7) / 8;
}

static void put_pass(image_bytes *bytes, image_png_shape shape, const int pass[4])
{
    const size_t room = 8 * (size_t)shape.width + 8;
    uint8_t *row = calloc(2, room), *before = row + room;
    const int step = samples_of(shape.colour) * shape.depth;
    const size_t left = step < 8 ? 1 : (size_t)step / 8;
    int filter = shape.colour;
    for (int y = pass[1]; y < shape.height && pass[0] < shape.width; y += pass[3]) {
        const size_t size = pack_row(shape, y, pass[0], pass[2], row);
        image_put_byte(bytes, filter % 5);
        for (size_t i = 0; i < size; i++) {
            const int a = i < left ? 0 : row[i - left], c = i < left ? 0 : before[i - left];
            image_put_byte(bytes, row[i] - predict(filter % 5, a, before[i], c));
        }
        memcpy(before, row, room);
        filter++;
    }
    free(row);
}

void image_png_rows(image_bytes *bytes, image_png_shape shape)
{
    static const int adam7[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    static const int all[4] = {0, 0, 1, 1};
    if (!shape.interlaced) put_pass(bytes, shape, all);
    for (int pass = 0; pass < 7 && shape.interlaced; pass++) put_pass(bytes, shape, adam7[pass]);
}

void image_deflate(image_bytes *bytes, const image_bytes *rows)
{
    uLongf size = compressBound(rows->size);
    uint8_t *packed = malloc(size);
    ck_assert_ptr_nonnull(packed);
    ck_assert_int_eq(compress2(packed, &size, rows->data, rows->size, 6), Z_OK);
    image_put(bytes, packed, size);
    free(packed);
}

void image_png_begin(image_bytes *bytes, image_png_shape shape)
{
    image_put(bytes, "\x89PNG\r\n\x1a\n", 8);
    image_png_header(bytes, shape);
}

void image_png_data(image_bytes *bytes, image_png_shape shape)
{
    image_bytes rows = {0}, data = {0};
    image_png_rows(&rows, shape);
    image_deflate(&data, &rows);
    image_png_chunk(bytes, "IDAT", data.data, data.size);
    image_clear(&rows);
    image_clear(&data);
}

void image_png_end(image_bytes *bytes)
{
    image_png_chunk(bytes, "IEND", NULL, 0);
}

void image_png_make(image_bytes *bytes, image_png_shape shape)
{
    image_png_begin(bytes, shape);
    if (shape.colour == IMAGE_PALETTE) image_png_palette(bytes, 1 << shape.depth);
    image_png_data(bytes, shape);
    image_png_end(bytes);
}

/* ----------------------------------------------------------------------------- expectations --- */

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void image_expect(const uint8_t *bytes, size_t size, const char *class_name)
{
    static const lg_image_target target = {12, 16, 3};
    uint8_t out[12 * 16 * 3];
    lg_decoder *decoder;
    logit_error err;
    char want[32] = "";
    ck_assert_int_eq(lg_decoder_create(&decoder, &err), LOGIT_OK);
    const double begin = cpu_seconds();
    const logit_status status = lg_image_decode(decoder, bytes, size, "x.jpg", target, out, &err);
    const double seconds = cpu_seconds() - begin;
    lg_decoder_destroy(decoder);
    if (!class_name) {
        ck_assert_msg(status == LOGIT_OK, "refused: %s", err.message);
        return;
    }
    snprintf(want, sizeof want, " [%s]", class_name);
    ck_assert_msg(status == LOGIT_E_DATA, "expected%s, got status %d", want, (int)status);
    ck_assert_msg(strncmp(err.message, "x.jpg: ", 7) == 0 && strstr(err.message, " at byte ") &&
                      strlen(err.message) > strlen(want) &&
                      !strcmp(err.message + strlen(err.message) - strlen(want), want),
                  "expected%s: %s", want, err.message);
    ck_assert_msg(seconds < 0.1, "%.3f s for: %s", seconds, err.message);
}

void image_expect_made(image_bytes *bytes, const char *class_name)
{
    image_expect(bytes->data, bytes->size, class_name);
    image_clear(bytes);
}

int image_decode_whole(const uint8_t *bytes, size_t size, lg_image_info *info, uint8_t **pixels)
{
    lg_decoder *decoder;
    *pixels = NULL;
    if (lg_image_probe(bytes, size, "x.jpg", info, NULL) != LOGIT_OK) return 0;
    const lg_image_target target = {info->height, info->width, info->channels};
    *pixels = calloc((size_t)info->height * (size_t)info->width, (size_t)info->channels);
    ck_assert_ptr_nonnull(*pixels);
    ck_assert_int_eq(lg_decoder_create(&decoder, NULL), LOGIT_OK);
    const logit_status status =
        lg_image_decode(decoder, bytes, size, "x.jpg", target, *pixels, NULL);
    lg_decoder_destroy(decoder);
    if (status == LOGIT_OK) return 1;
    free(*pixels);
    *pixels = NULL;
    return 0;
}
