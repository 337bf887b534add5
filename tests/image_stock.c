/* image_stock.c -- stb's decoder and resizer as they come, to compare with (image_make.h). */
/* SPDX-License-Identifier: MIT */
#include "tests/image_make.h"

#pragma GCC diagnostic ignored "-Wunused-function"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized" /* found after inlining, below */
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
/* Version 0.97 expects the triangle's weights to sum to 0.9 .. 1.1 before it scales them to 1;
 * for mild shrinking they do not. */
#define STBIR_ASSERT(truth) ((void)0)
#include <stb/stb_image_resize.h>
#pragma GCC diagnostic pop

uint8_t *image_stock_decode(const uint8_t *bytes, size_t size, int channels, int *width,
                            int *height)
{
    int stored;
    return stbi_load_from_memory(bytes, (int)size, width, height, &stored, channels);
}

void image_stock_resize(const uint8_t *pixels, int height, int width, lg_image_target target,
                        uint8_t *out)
{
    const float x = (float)target.width / (float)width, y = (float)target.height / (float)height;
    const float s = x > y ? x : y;
    stbir_resize_subpixel(pixels, width, height, 0, out, target.width, target.height, 0,
                          STBIR_TYPE_UINT8, target.channels, STBIR_ALPHA_CHANNEL_NONE, 0,
                          STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE,
                          STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR, NULL, s, s,
                          ((float)width * s - (float)target.width) / 2,
                          ((float)height * s - (float)target.height) / 2);
}
