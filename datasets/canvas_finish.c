/* canvas_finish.c -- what light, lens and sensor do to a whole canvas, and its way to bytes. */
/* SPDX-License-Identifier: MIT */
#include "datasets/canvas.h"

void lg_canvas_light(lg_canvas *canvas, lg_point direction, float strength)
{
    const float per_x = 2.0f / (float)canvas->width, per_y = 2.0f / (float)canvas->height;
    float *c = canvas->colour;
    for (int y = 0; y < canvas->height; y++) {
        const float v = (((float)y + 0.5f) * per_y - 1.0f) * direction.y;
        for (int x = 0; x < canvas->width; x++, c += 3) {
            const float u = (((float)x + 0.5f) * per_x - 1.0f) * direction.x;
            const float factor = 1.0f + strength * (u + v);
            c[0] *= factor;
            c[1] *= factor;
            c[2] *= factor;
        }
    }
}

void lg_canvas_tone(lg_canvas *canvas, float contrast, float brightness, lg_colour tint)
{
    const size_t pixels = (size_t)canvas->width * (size_t)canvas->height;
    const float base = 0.5f - 0.5f * contrast + brightness;
    for (size_t i = 0; i < pixels; i++) {
        float *c = canvas->colour + 3 * i;
        c[0] = (c[0] * contrast + base) * tint.r;
        c[1] = (c[1] * contrast + base) * tint.g;
        c[2] = (c[2] * contrast + base) * tint.b;
    }
}

/* One line of count pixels, step floats apart, in place; the edges repeat. */
static void blur_line(float *line, int count, size_t step, float w)
{
    float before[3] = {line[0], line[1], line[2]};
    for (int i = 0; i < count; i++) {
        float *here = line + (size_t)i * step;
        const float *behind = i + 1 < count ? here + step : here;
        for (int k = 0; k < 3; k++) {
            const float old = here[k];
            here[k] = old + w * (before[k] + behind[k] - 2.0f * old);
            before[k] = old;
        }
    }
}

void lg_canvas_blur(lg_canvas *canvas, float w)
{
    const size_t row = 3 * (size_t)canvas->width;
    for (int y = 0; y < canvas->height; y++)
        blur_line(canvas->colour + (size_t)y * row, canvas->width, 3, w);
    for (int x = 0; x < canvas->width; x++)
        blur_line(canvas->colour + 3 * (size_t)x, canvas->height, row, w);
}

void lg_canvas_noise(lg_canvas *canvas, float deviation, lg_chance *chance)
{
    /* The sum of two random bytes: mean 255, variance 2 (256^2 - 1) / 12. */
    const float unit = deviation / 104.51156f;
    const size_t values = 3 * (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < values; i += 2) {
        const uint32_t w = lg_chance_word(chance);
        canvas->colour[i] += unit * (float)((int)((w & 255) + (w >> 8 & 255)) - 255);
        if (i + 1 < values)
            canvas->colour[i + 1] += unit * (float)((int)((w >> 16 & 255) + (w >> 24)) - 255);
    }
}

static uint8_t to_byte(float value)
{
    const float scaled = value * 255.0f + 0.5f;
    return scaled <= 0.0f ? 0 : scaled >= 255.0f ? 255 : (uint8_t)scaled;
}

void lg_canvas_bytes(const lg_canvas *canvas, int channels, uint8_t *out)
{
    const size_t pixels = (size_t)canvas->width * (size_t)canvas->height;
    const float *c = canvas->colour;
    if (channels == 3)
        for (size_t i = 0; i < 3 * pixels; i++) out[i] = to_byte(c[i]);
    else
        for (size_t i = 0; i < pixels; i++)
            out[i] = to_byte((c[3 * i] + c[3 * i + 1] + c[3 * i + 2]) * (1.0f / 3.0f));
}
