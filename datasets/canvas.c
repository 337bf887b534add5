/* canvas.c -- shapes onto a canvas: coverage, paint, clip.
 *
 * A shape is turned into coverage first (fill, stroke), then painted through it.  Filled shapes
 * are cut into SUBROWS thin rows; in each, a crossing of the outline adds its sign to every pixel
 * right of it, the part of the crossed pixel exactly: a running sum along the row is the cover. */
/* SPDX-License-Identifier: MIT */
#include "datasets/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { SUBROWS = 4 };

static lg_affine whole(int width, int height)
{
    const float w = 0.5f * (float)width, h = 0.5f * (float)height;
    return (lg_affine){w, 0.0f, 0.0f, h, w, h};
}

logit_status lg_canvas_create(lg_canvas **out, int width, int height, logit_error *err)
{
    *out = NULL;
    lg_canvas *canvas = calloc(1, sizeof *canvas);
    if (!canvas) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a canvas");
    const size_t pixels = (size_t)width * (size_t)height;
    canvas->width = width;
    canvas->height = height;
    canvas->colour = calloc(pixels, 3 * sizeof(float));
    canvas->mask.cover = calloc(pixels, sizeof(float));
    canvas->clip.cover = calloc(pixels, sizeof(float));
    if (!canvas->colour || !canvas->mask.cover || !canvas->clip.cover) {
        lg_canvas_destroy(canvas);
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a canvas of %d x %d pixels", width, height);
    }
    lg_canvas_clear(canvas);
    *out = canvas;
    return LOGIT_OK;
}

void lg_canvas_destroy(lg_canvas *canvas)
{
    if (!canvas) return;
    free(canvas->colour);
    free(canvas->mask.cover);
    free(canvas->clip.cover);
    free(canvas);
}

void lg_canvas_clear(lg_canvas *canvas)
{
    const size_t pixels = (size_t)canvas->width * (size_t)canvas->height;
    memset(canvas->colour, 0, pixels * 3 * sizeof(float));
    memset(canvas->fur, 0, sizeof canvas->fur);
    lg_canvas_place(canvas, lg_affine_identity());
    lg_canvas_unclip(canvas);
}

void lg_canvas_place(lg_canvas *canvas, lg_affine place)
{
    canvas->place = lg_affine_after(whole(canvas->width, canvas->height), place);
    canvas->back = lg_affine_inverse(canvas->place);
}

void lg_canvas_set_fur(lg_canvas *canvas, lg_chance *chance)
{
    for (int y = 0; y < LG_FUR_SIDE; y++)
        for (int x = 0; x < LG_FUR_SIDE; x++)
            canvas->fur[y][x] = lg_chance_range(chance, -1.0f, 1.0f);
}

/* ----------------------------------------------------------------------------- coverage --- */

static int between(float value, int low, int high)
{
    return value <= (float)low ? low : value >= (float)high ? high : (int)value;
}

/* Makes the mask the box of these corners, cut to the canvas and filled with zeros. */
static void mask_begin(lg_canvas *canvas, lg_point low, lg_point high)
{
    lg_mask *mask = &canvas->mask;
    mask->x0 = between(floorf(low.x), 0, canvas->width);
    mask->y0 = between(floorf(low.y), 0, canvas->height);
    mask->x1 = between(ceilf(high.x) + 1.0f, mask->x0, canvas->width);
    mask->y1 = between(ceilf(high.y) + 1.0f, mask->y0, canvas->height);
    for (int y = mask->y0; y < mask->y1; y++)
        memset(mask->cover + (size_t)y * (size_t)canvas->width + mask->x0, 0,
               (size_t)(mask->x1 - mask->x0) * sizeof(float));
}

static void bounds(const lg_outline *outline, lg_point *low, lg_point *high)
{
    *low = *high = outline->point[0];
    for (int i = 1; i < outline->count; i++) {
        const lg_point p = outline->point[i];
        if (p.x < low->x) low->x = p.x;
        if (p.y < low->y) low->y = p.y;
        if (p.x > high->x) high->x = p.x;
        if (p.y > high->y) high->y = p.y;
    }
}

/* One side of the outline, from a to b: leaves its steps in the mask's rows. */
static void mask_side(lg_canvas *canvas, lg_point a, lg_point b)
{
    const lg_mask *mask = &canvas->mask;
    const float sign = a.y < b.y ? 1.0f / SUBROWS : -1.0f / SUBROWS;
    const lg_point top = a.y < b.y ? a : b, bottom = a.y < b.y ? b : a;
    const float slope = (bottom.x - top.x) / (bottom.y - top.y); /* unused where level */
    /* Subrow s lies at height (s + 1/2) / SUBROWS; those in [top, bottom) are crossed. */
    const int first =
        between(ceilf(top.y * SUBROWS - 0.5f), mask->y0 * SUBROWS, mask->y1 * SUBROWS);
    const int last =
        between(ceilf(bottom.y * SUBROWS - 0.5f), mask->y0 * SUBROWS, mask->y1 * SUBROWS);
    for (int s = first; s < last; s++) {
        const float y = ((float)s + 0.5f) * (1.0f / SUBROWS);
        float x = top.x + (y - top.y) * slope;
        if (x < (float)mask->x0) x = (float)mask->x0;
        if (x >= (float)mask->x1) continue;
        const int column = (int)x;
        const float right = sign * (x - (float)column);
        float *cover = mask->cover + (size_t)(s / SUBROWS) * (size_t)canvas->width + column;
        cover[0] += sign - right;
        if (column + 1 < mask->x1) cover[1] += right;
    }
}

static void mask_fill(lg_canvas *canvas, const lg_outline *shape)
{
    lg_outline pixels = *shape;
    lg_outline_transform(&pixels, canvas->place);
    lg_point low, high;
    bounds(&pixels, &low, &high);
    mask_begin(canvas, low, high);
    for (int i = 0; i < pixels.count; i++)
        mask_side(canvas, pixels.point[i], pixels.point[(i + 1) % pixels.count]);
    const lg_mask *mask = &canvas->mask;
    for (int y = mask->y0; y < mask->y1; y++) {
        float *row = mask->cover + (size_t)y * (size_t)canvas->width;
        float sum = 0.0f;
        for (int x = mask->x0; x < mask->x1; x++) {
            sum += row[x];
            const float cover = fabsf(sum); /* either sense of rotation */
            row[x] = cover < 1.0f ? cover : 1.0f;
        }
    }
}

/* One piece of a line: pixels nearer than the width there are covered. */
static void mask_piece(lg_canvas *canvas, lg_point a, lg_point b, float ra, float rb)
{
    const lg_mask *mask = &canvas->mask;
    const float reach = (ra > rb ? ra : rb) + 1.0f;
    const float dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const float per = square > 0.0f ? 1.0f / square : 0.0f;
    const int x0 = between(fminf(a.x, b.x) - reach, mask->x0, mask->x1);
    const int x1 = between(fmaxf(a.x, b.x) + reach + 1.0f, mask->x0, mask->x1);
    const int y0 = between(fminf(a.y, b.y) - reach, mask->y0, mask->y1);
    const int y1 = between(fmaxf(a.y, b.y) + reach + 1.0f, mask->y0, mask->y1);
    for (int y = y0; y < y1; y++) {
        float *row = mask->cover + (size_t)y * (size_t)canvas->width;
        for (int x = x0; x < x1; x++) {
            const float px = (float)x + 0.5f - a.x, py = (float)y + 0.5f - a.y;
            float t = (px * dx + py * dy) * per;
            t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
            const float ex = px - t * dx, ey = py - t * dy;
            float cover = ra + t * (rb - ra) + 0.5f - sqrtf(ex * ex + ey * ey);
            if (cover > 1.0f) cover = 1.0f;
            if (cover > row[x]) row[x] = cover;
        }
    }
}

static void mask_stroke(lg_canvas *canvas, const lg_outline *line, float w0, float w1)
{
    lg_outline pixels = *line;
    lg_outline_transform(&pixels, canvas->place);
    const float half = 0.5f * lg_affine_growth(canvas->place);
    const float reach = half * (w0 > w1 ? w0 : w1) + 1.0f;
    lg_point low, high;
    bounds(&pixels, &low, &high);
    mask_begin(canvas, (lg_point){low.x - reach, low.y - reach},
               (lg_point){high.x + reach, high.y + reach});
    for (int i = 0; i + 1 < pixels.count; i++) {
        const float t0 = (float)i / (float)(pixels.count - 1);
        const float t1 = (float)(i + 1) / (float)(pixels.count - 1);
        mask_piece(canvas, pixels.point[i], pixels.point[i + 1], half * (w0 + (w1 - w0) * t0),
                   half * (w0 + (w1 - w0) * t1));
    }
}

void lg_canvas_clip(lg_canvas *canvas, const lg_outline *outline)
{
    const size_t pixels = (size_t)canvas->width * (size_t)canvas->height;
    mask_fill(canvas, outline);
    const lg_mask *mask = &canvas->mask;
    memset(canvas->clip.cover, 0, pixels * sizeof(float));
    for (int y = mask->y0; y < mask->y1; y++) {
        const size_t at = (size_t)y * (size_t)canvas->width + (size_t)mask->x0;
        memcpy(canvas->clip.cover + at, mask->cover + at,
               (size_t)(mask->x1 - mask->x0) * sizeof(float));
    }
    canvas->clipped = true;
}

void lg_canvas_unclip(lg_canvas *canvas)
{
    canvas->clipped = false;
}

/* -------------------------------------------------------------------------------- paint --- */

/* The fur texture at a point in the units of place: hairs that fan out downwards. */
static float fur_at(const lg_canvas *canvas, lg_point p)
{
    const float fan = 1.0f / (p.y + 2.4f);
    const float u = p.x * fan * 52.0f + 3200.0f, v = p.y * 6.0f + p.x * p.x * 5.0f + 3200.0f;
    const int x = (int)u, y = (int)v;
    const float s = u - (float)x, t = v - (float)y;
    const int x0 = x & (LG_FUR_SIDE - 1), x1 = (x + 1) & (LG_FUR_SIDE - 1);
    const int y0 = y & (LG_FUR_SIDE - 1), y1 = (y + 1) & (LG_FUR_SIDE - 1);
    const float upper = canvas->fur[y0][x0] * (1.0f - s) + canvas->fur[y0][x1] * s;
    const float lower = canvas->fur[y1][x0] * (1.0f - s) + canvas->fur[y1][x1] * s;
    return upper * (1.0f - t) + lower * t;
}

static float paint_mix(const lg_paint *paint, lg_point p)
{
    const float dx = paint->to.x - paint->from.x, dy = paint->to.y - paint->from.y;
    const float px = p.x - paint->from.x, py = p.y - paint->from.y;
    const float square = dx * dx + dy * dy;
    const float t = paint->kind == LG_PAINT_LINEAR ? (px * dx + py * dy) / square
                                                   : sqrtf((px * px + py * py) / square);
    return t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t * t * (3.0f - 2.0f * t);
}

static void blend(float *to, lg_colour colour, float cover)
{
    to[0] += (colour.r - to[0]) * cover;
    to[1] += (colour.g - to[1]) * cover;
    to[2] += (colour.b - to[2]) * cover;
}

/* Cover of one pixel, with opacity and clip. */
static float cover_at(const lg_canvas *canvas, const lg_paint *paint, size_t at)
{
    const float cover = canvas->mask.cover[at] * paint->opacity;
    return canvas->clipped ? cover * canvas->clip.cover[at] : cover;
}

static void paint_row_flat(lg_canvas *canvas, const lg_paint *paint, int y)
{
    const size_t row = (size_t)y * (size_t)canvas->width;
    for (int x = canvas->mask.x0; x < canvas->mask.x1; x++) {
        const float cover = cover_at(canvas, paint, row + (size_t)x);
        if (cover > 0.0f) blend(canvas->colour + 3 * (row + (size_t)x), paint->a, cover);
    }
}

static void paint_row(lg_canvas *canvas, const lg_paint *paint, int y)
{
    const size_t row = (size_t)y * (size_t)canvas->width;
    for (int x = canvas->mask.x0; x < canvas->mask.x1; x++) {
        const float cover = cover_at(canvas, paint, row + (size_t)x);
        if (cover <= 0.0f) continue;
        const lg_point p =
            lg_affine_apply(canvas->back, (lg_point){(float)x + 0.5f, (float)y + 0.5f});
        const float mix = paint->kind == LG_PAINT_FLAT ? 0.0f : paint_mix(paint, p);
        const float fur = paint->grain > 0.0f ? 1.0f + paint->grain * fur_at(canvas, p) : 1.0f;
        const lg_colour colour = lg_scaled(lg_mix(paint->a, paint->b, mix), fur);
        blend(canvas->colour + 3 * (row + (size_t)x), colour, cover);
    }
}

static void paint_mask(lg_canvas *canvas, const lg_paint *paint)
{
    const bool flat = paint->kind == LG_PAINT_FLAT && paint->grain <= 0.0f;
    for (int y = canvas->mask.y0; y < canvas->mask.y1; y++)
        if (flat)
            paint_row_flat(canvas, paint, y);
        else
            paint_row(canvas, paint, y);
}

void lg_canvas_fill(lg_canvas *canvas, const lg_outline *outline, const lg_paint *paint)
{
    mask_fill(canvas, outline);
    paint_mask(canvas, paint);
}

void lg_canvas_stroke(lg_canvas *canvas, const lg_outline *line, float w0, float w1,
                      const lg_paint *paint)
{
    mask_stroke(canvas, line, w0, w1);
    paint_mask(canvas, paint);
}

void lg_canvas_glow(lg_canvas *canvas, lg_point centre, lg_point radius, lg_colour colour,
                    float opacity)
{
    const lg_affine a = canvas->place;
    const lg_point middle = lg_affine_apply(a, centre);
    const float wide = fabsf(a.xx) * radius.x + fabsf(a.xy) * radius.y;
    const float tall = fabsf(a.yx) * radius.x + fabsf(a.yy) * radius.y;
    mask_begin(canvas, (lg_point){middle.x - wide, middle.y - tall},
               (lg_point){middle.x + wide, middle.y + tall});
    const lg_mask *mask = &canvas->mask;
    for (int y = mask->y0; y < mask->y1; y++) {
        float *row = mask->cover + (size_t)y * (size_t)canvas->width;
        for (int x = mask->x0; x < mask->x1; x++) {
            const lg_point p =
                lg_affine_apply(canvas->back, (lg_point){(float)x + 0.5f, (float)y + 0.5f});
            const float u = (p.x - centre.x) / radius.x, v = (p.y - centre.y) / radius.y;
            const float inside = 1.0f - (u * u + v * v);
            row[x] = inside > 0.0f ? inside * inside : 0.0f;
        }
    }
    const lg_paint paint = lg_flat(colour, opacity);
    paint_mask(canvas, &paint);
}
