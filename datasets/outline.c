/* outline.c -- splines and transforms. */
/* SPDX-License-Identifier: MIT */
#include "datasets/outline.h"

#include <assert.h>
#include <math.h>

lg_affine lg_affine_identity(void)
{
    return (lg_affine){1.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f};
}

lg_affine lg_affine_move(float x, float y)
{
    return (lg_affine){1.0f, 0.0f, 0.0f, 1.0f, x, y};
}

lg_affine lg_affine_scale(float x, float y)
{
    return (lg_affine){x, 0.0f, 0.0f, y, 0.0f, 0.0f};
}

lg_affine lg_affine_slant(float x_per_y)
{
    return (lg_affine){1.0f, x_per_y, 0.0f, 1.0f, 0.0f, 0.0f};
}

/* Taylor series about 0, summed from the small end: 1e-13 off at pi, the same on every machine. */
static double cosine_series(double x, int first)
{
    const double square = x * x;
    double sum = 1.0;
    for (int i = 24 + first; i > first; i -= 2) sum = 1.0 - square / (double)(i * (i - 1)) * sum;
    return sum;
}

lg_affine lg_affine_turn(float radians)
{
    const double circle = 6.283185307179586;
    const double x = radians - circle * floor(radians / circle + 0.5); /* -pi .. pi */
    const float c = (float)cosine_series(x, 0), s = (float)(x * cosine_series(x, 1));
    return (lg_affine){c, -s, s, c, 0.0f, 0.0f};
}

lg_affine lg_affine_after(lg_affine o, lg_affine i)
{
    return (lg_affine){
        o.xx * i.xx + o.xy * i.yx,        o.xx * i.xy + o.xy * i.yy,
        o.yx * i.xx + o.yy * i.yx,        o.yx * i.xy + o.yy * i.yy,
        o.xx * i.x0 + o.xy * i.y0 + o.x0, o.yx * i.x0 + o.yy * i.y0 + o.y0,
    };
}

lg_affine lg_affine_inverse(lg_affine a)
{
    const float d = 1.0f / (a.xx * a.yy - a.xy * a.yx);
    const lg_affine linear = {a.yy * d, -a.xy * d, -a.yx * d, a.xx * d, 0.0f, 0.0f};
    const lg_point origin = lg_affine_apply(linear, (lg_point){a.x0, a.y0});
    return lg_affine_after(lg_affine_move(-origin.x, -origin.y), linear);
}

float lg_affine_growth(lg_affine a)
{
    return sqrtf(fabsf(a.xx * a.yy - a.xy * a.yx));
}

/* Between b and c, t in [0, 1]; a and d lie before and behind.  Source: Catmull & Rom 1974, "A
 * class of local interpolating splines"; the uniform form with tension 1/2. */
static float spline(float a, float b, float c, float d, float t)
{
    const float cubic = 3.0f * (b - c) + d - a;
    const float square = 2.0f * a - 5.0f * b + 4.0f * c - d;
    return b + 0.5f * t * (c - a + t * (square + t * cubic));
}

lg_outline lg_outline_smooth(const lg_point *point, int count, int steps, bool closed)
{
    assert(count >= 2 && steps >= 1 && (count + 1) * steps < LG_OUTLINE_ROOM);
    lg_outline outline;
    outline.count = 0;
    const int pieces = closed ? count : count - 1;
    for (int i = 0; i < pieces; i++) {
        const int before = closed ? (i + count - 1) % count : (i > 0 ? i - 1 : 0);
        const int behind = closed ? (i + 2) % count : (i + 2 < count ? i + 2 : count - 1);
        const lg_point a = point[before], b = point[i], c = point[(i + 1) % count],
                       d = point[behind];
        for (int s = 0; s < steps; s++) {
            const float t = (float)s / (float)steps;
            outline.point[outline.count++] =
                (lg_point){spline(a.x, b.x, c.x, d.x, t), spline(a.y, b.y, c.y, d.y, t)};
        }
    }
    if (!closed) outline.point[outline.count++] = point[count - 1];
    return outline;
}

lg_outline lg_outline_mirrored(const lg_point *half, int count, int steps)
{
    enum { MOST = 32 };
    assert(count >= 2 && 2 * count - 2 <= MOST);
    lg_point whole[MOST];
    for (int i = 0; i < count; i++) whole[i] = half[i];
    for (int i = 1; i < count - 1; i++)
        whole[2 * count - 2 - i] = (lg_point){-half[i].x, half[i].y};
    return lg_outline_smooth(whole, 2 * count - 2, steps, true);
}

lg_outline lg_outline_ellipse(float x, float y, float rx, float ry)
{
    /* Sixteen corners and a smooth line through them: 64 sides, at most 0.17 % inside. */
    enum { CORNERS = 16 };
    static const lg_point quarter[4] = {{1.0f, 0.0f},
                                        {0.92387953f, 0.38268343f},
                                        {0.70710678f, 0.70710678f},
                                        {0.38268343f, 0.92387953f}};
    lg_point corner[CORNERS];
    for (int i = 0; i < 4; i++) {
        const float c = quarter[i].x, s = quarter[i].y;
        corner[i] = (lg_point){x + rx * c, y + ry * s};
        corner[i + 4] = (lg_point){x - rx * s, y + ry * c};
        corner[i + 8] = (lg_point){x - rx * c, y - ry * s};
        corner[i + 12] = (lg_point){x + rx * s, y - ry * c};
    }
    return lg_outline_smooth(corner, CORNERS, 4, true);
}

void lg_outline_transform(lg_outline *outline, lg_affine a)
{
    for (int i = 0; i < outline->count; i++)
        outline->point[i] = lg_affine_apply(a, outline->point[i]);
}

void lg_outline_ruffle(lg_outline *outline, float depth, lg_chance *chance)
{
    const int count = outline->count;
    if (count < 3) return;
    const lg_point first = outline->point[0];
    lg_point before = outline->point[count - 1];
    for (int i = 0; i < count; i++) {
        const lg_point here = outline->point[i];
        const lg_point behind = i + 1 < count ? outline->point[i + 1] : first;
        const float tx = behind.x - before.x, ty = behind.y - before.y;
        const float length = sqrtf(tx * tx + ty * ty) + 1e-6f;
        const float out = depth * lg_chance_range(chance, -1.0f, 1.0f) / length;
        outline->point[i] = (lg_point){here.x + ty * out, here.y - tx * out};
        before = here;
    }
}
