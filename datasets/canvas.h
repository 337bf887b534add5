/* canvas.h -- a picture in memory and what can be done to it: fill, stroke, glow, light, blur,
 * noise.
 *
 * Part of the drawing program; knows outline.h and base.  Colours are floats, 0 black, 1 white,
 * and may overshoot until lg_canvas_bytes cuts them.  Edges are smooth: a pixel is covered in
 * part.  Shapes are given in the units of `place`, which maps them to pixels; a clip keeps what
 * follows inside an earlier shape.  Nothing here allocates but create. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_CANVAS_H
#define LG_DATASETS_CANVAS_H

#include <stdint.h>

#include "datasets/outline.h"
#include "logit.h"

typedef struct lg_colour {
    float r, g, b;
} lg_colour;

static inline lg_colour lg_grey(float value)
{
    return (lg_colour){value, value, value};
}

/* a at t = 0, b at t = 1 */
static inline lg_colour lg_mix(lg_colour a, lg_colour b, float t)
{
    return (lg_colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

static inline lg_colour lg_scaled(lg_colour a, float factor)
{
    return (lg_colour){a.r * factor, a.g * factor, a.b * factor};
}

typedef enum lg_paint_kind { LG_PAINT_FLAT, LG_PAINT_LINEAR, LG_PAINT_RADIAL } lg_paint_kind;

/* What a shape is painted with.  LINEAR: colour a at `from`, b at `to`.  RADIAL: a at `from`, b at
 * the distance of `to` and beyond.  grain: how much the fur texture shows, 0 to 1. */
typedef struct lg_paint {
    lg_paint_kind kind;
    lg_colour a, b;
    lg_point from, to;
    float opacity, grain;
} lg_paint;

static inline lg_paint lg_flat(lg_colour colour, float opacity)
{
    return (lg_paint){.kind = LG_PAINT_FLAT, .a = colour, .b = colour, .opacity = opacity};
}

/* Coverage of each pixel, 0 to 1; zero outside of the box [x0, x1) x [y0, y1). */
typedef struct lg_mask {
    float *cover;
    int x0, y0, x1, y1;
} lg_mask;

enum { LG_FUR_SIDE = 64 };

typedef struct lg_canvas {
    int width, height;
    float *colour; /* [height][width][3] */
    lg_affine place, back;
    lg_mask mask, clip;
    bool clipped;
    float fur[LG_FUR_SIDE][LG_FUR_SIDE]; /* texture, -1 .. 1 */
} lg_canvas;

/* A black canvas whose place maps [-1, 1] x [-1, 1] to all of it.  *out is NULL on failure. */
logit_status lg_canvas_create(lg_canvas **out, int width, int height, logit_error *err);
void lg_canvas_destroy(lg_canvas *canvas);

/* Back to black, to the first place, to no clip. */
void lg_canvas_clear(lg_canvas *canvas);
void lg_canvas_place(lg_canvas *canvas, lg_affine place); /* units to [-1, 1] x [-1, 1] */
void lg_canvas_set_fur(lg_canvas *canvas, lg_chance *chance);

void lg_canvas_fill(lg_canvas *canvas, const lg_outline *outline, const lg_paint *paint);
/* A line with round ends whose width runs from w0 at the first point to w1 at the last. */
void lg_canvas_stroke(lg_canvas *canvas, const lg_outline *line, float w0, float w1,
                      const lg_paint *paint);
/* An ellipse that fades from opacity in the middle to nothing at its edge. */
void lg_canvas_glow(lg_canvas *canvas, lg_point centre, lg_point radius, lg_colour colour,
                    float opacity);
/* What follows is kept inside the outline, until lg_canvas_unclip. */
void lg_canvas_clip(lg_canvas *canvas, const lg_outline *outline);
void lg_canvas_unclip(lg_canvas *canvas);

/* Multiplies all by 1 + strength * (position along direction), -1 .. 1 from edge to edge. */
void lg_canvas_light(lg_canvas *canvas, lg_point direction, float strength);
/* c <- (((c - 1/2) contrast + 1/2) + brightness) * tint */
void lg_canvas_tone(lg_canvas *canvas, float contrast, float brightness, lg_colour tint);
/* One pass of (w, 1 - 2w, w) along x and along y; 0 <= w <= 1/3. */
void lg_canvas_blur(lg_canvas *canvas, float w);
/* Adds noise of this standard deviation to every value. */
void lg_canvas_noise(lg_canvas *canvas, float deviation, lg_chance *chance);
/* Rounds to out[height][width][channels]; 3: red, green, blue; 1: their mean. */
void lg_canvas_bytes(const lg_canvas *canvas, int channels, uint8_t *out);

#endif
