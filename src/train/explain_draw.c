/* explain_draw.c -- a sample and its heat map as a PNG file. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "data/image_write.h"
#include "logit.h"

enum { SIDE = 280, GAP = 12, BAR = 14, MOST_PIXELS = 1 << 28 };

/* A canvas of RGB. */
typedef struct canvas {
    uint8_t *rgb;
    int width, height;
} canvas;

static void put(canvas *c, int x, int y, const uint8_t colour[3])
{
    memcpy(c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3, colour, 3);
}

/* From blue (-1) over white to red (+1), both ends equally dark. */
static void heat(double share, uint8_t colour[3])
{
    static const double end[2][3] = {{33, 102, 172}, {178, 24, 43}};
    const double t = fmin(fabs(share), 1.0);
    for (int i = 0; i < 3; i++)
        colour[i] = (uint8_t)lround(248.0 + sqrt(t) * (end[share > 0.0][i] - 248.0));
}

/* sum over the channels of w x at a pixel */
static double at_pixel(const logit_explanation *e, int which, int64_t pixel)
{
    double sum = 0.0;
    for (int c = 0; c < e->channels; c++) sum += e->of[which].product[pixel * e->channels + c];
    return sum;
}

static double largest(const logit_explanation *e, int which)
{
    double most = 0.0;
    for (int64_t p = 0; p < (int64_t)e->height * e->width; p++)
        most = fmax(most, fabs(at_pixel(e, which, p)));
    return most > 0.0 ? most : 1.0;
}

/* The sample, its heat, and the scale of the heat, from row `top` on. */
static void draw_one(canvas *c, const logit_explanation *e, int which, int top, int zoom)
{
    const int w = e->width * zoom, h = e->height * zoom;
    const double most = largest(e, which);
    uint8_t colour[3];
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            const int64_t pixel = (int64_t)(y / zoom) * e->width + x / zoom;
            const uint8_t *from = e->pixels + pixel * e->channels;
            for (int i = 0; i < 3; i++) colour[i] = from[e->channels == 3 ? i : 0];
            put(c, GAP + x, top + y, colour);
            heat(at_pixel(e, which, pixel) / most, colour);
            put(c, 2 * GAP + w + x, top + y, colour);
        }
        heat(1.0 - 2.0 * y / (h > 1 ? h - 1 : 1), colour);
        for (int x = 0; x < BAR; x++) put(c, 3 * GAP + 2 * w + x, top + y, colour);
    }
}

static logit_status save(const canvas *c, const char *path, logit_error *err)
{
    lg_bytes bytes = {0};
    const lg_pixels pixels = {c->rgb, c->width, c->height, 3};
    logit_status status = lg_pixels_encode(&pixels, LG_FILE_PNG, 0, &bytes, err);
    const lg_piece piece = {bytes.data, bytes.size};
    if (status == LOGIT_OK) status = lg_file_replace(path, &piece, 1, err);
    lg_bytes_clear(&bytes);
    return status;
}

logit_status logit_explanation_draw(const logit_explanation *e, int which, const char *path,
                                    logit_error *err)
{
    const int longer = e->width > e->height ? e->width : e->height;
    const int zoom = longer < SIDE ? SIDE / longer : 1;
    const int count = which < 0 ? e->count : 1;
    if (!e->pixels)
        LG_FAIL(err, LOGIT_E_USAGE, "features are no picture: explain lists them instead");
    if (which >= e->count) LG_FAIL(err, LOGIT_E_USAGE, "picture %d of %d", which, e->count);
    const int64_t width = 4 * GAP + BAR + 2 * (int64_t)e->width * zoom;
    const int64_t height = GAP + (int64_t)count * (e->height * zoom + GAP);
    if (width * height > MOST_PIXELS)
        LG_FAIL(err, LOGIT_E_USAGE,
                "a picture of %lld x %lld pixels is too large; ask for fewer "
                "classes",
                (long long)width, (long long)height);
    canvas c = {malloc((size_t)(width * height) * 3), (int)width, (int)height};
    if (!c.rgb) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a picture");
    memset(c.rgb, 255, (size_t)(width * height) * 3);
    for (int i = 0; i < count; i++)
        draw_one(&c, e, which < 0 ? i : which, GAP + i * (e->height * zoom + GAP), zoom);
    const logit_status status = save(&c, path, err);
    free(c.rgb);
    return status;
}
