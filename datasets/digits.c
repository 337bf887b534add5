/* digits.c -- handwritten digits: a skeleton per way of writing one, bent by a writer's hand.
 *
 * Light ink on black.  A skeleton is a few strokes through points in [-1, 1] x [-1, 1], y down;
 * every point wavers, the whole is slanted, turned, stretched and moved, and the pen is thin or
 * thick.  Where a stroke ends and the next begins there is a corner. */
/* SPDX-License-Identifier: MIT */
#include "datasets/draw.h"

enum { HAND = 1, INK = 2 }; /* streams of chance */
enum { STROKES = 3, POINTS = 12, WAYS = 3 };

typedef struct stroke {
    int count;
    lg_point point[POINTS];
} stroke;

typedef struct skeleton {
    int strokes;
    stroke stroke[STROKES];
} skeleton;

typedef struct glyph {
    int ways;
    skeleton way[WAYS];
} glyph;

/* clang-format off */
static const glyph glyphs[10] = {
    {2, {{1, {{9, {{0.12f, -0.74f}, {-0.26f, -0.70f}, {-0.47f, -0.20f}, {-0.42f, 0.36f}, {-0.08f, 0.76f},
                   {0.34f, 0.52f}, {0.46f, -0.04f}, {0.34f, -0.56f}, {0.00f, -0.78f}}}}},
         {1, {{9, {{-0.10f, -0.78f}, {-0.46f, -0.50f}, {-0.56f, 0.06f}, {-0.36f, 0.62f}, {0.06f, 0.76f},
                   {0.46f, 0.50f}, {0.56f, -0.06f}, {0.34f, -0.62f}, {-0.16f, -0.72f}}}}}}},
    {3, {{1, {{3, {{0.04f, -0.80f}, {0.01f, 0.00f}, {-0.03f, 0.80f}}}}},
         {2, {{2, {{-0.30f, -0.42f}, {0.06f, -0.80f}}}, {3, {{0.06f, -0.80f}, {0.05f, 0.00f}, {0.04f, 0.80f}}}}},
         {3, {{2, {{-0.26f, -0.50f}, {0.04f, -0.80f}}}, {2, {{0.04f, -0.80f}, {0.02f, 0.78f}}},
              {2, {{-0.32f, 0.79f}, {0.36f, 0.77f}}}}}}},
    {3, {{2, {{7, {{-0.46f, -0.42f}, {-0.30f, -0.74f}, {0.10f, -0.80f}, {0.40f, -0.50f}, {0.24f, -0.04f},
                   {-0.14f, 0.38f}, {-0.48f, 0.74f}}},
              {3, {{-0.48f, 0.74f}, {0.00f, 0.70f}, {0.52f, 0.74f}}}}},
         {1, {{12, {{-0.42f, -0.50f}, {-0.14f, -0.80f}, {0.26f, -0.72f}, {0.38f, -0.34f}, {0.16f, 0.14f},
                    {-0.22f, 0.60f}, {-0.48f, 0.70f}, {-0.44f, 0.46f}, {-0.16f, 0.44f}, {0.08f, 0.68f},
                    {0.34f, 0.76f}, {0.54f, 0.60f}}}}},
         {2, {{6, {{-0.40f, -0.60f}, {0.00f, -0.80f}, {0.36f, -0.58f}, {0.30f, -0.16f}, {-0.02f, 0.34f},
                   {-0.44f, 0.76f}}},
              {2, {{-0.44f, 0.76f}, {0.46f, 0.72f}}}}}}},
    {2, {{2, {{5, {{-0.42f, -0.64f}, {-0.04f, -0.82f}, {0.36f, -0.60f}, {0.26f, -0.22f}, {-0.10f, -0.05f}}},
              {6, {{-0.10f, -0.05f}, {0.32f, 0.08f}, {0.44f, 0.42f}, {0.10f, 0.78f}, {-0.30f, 0.76f}, {-0.50f, 0.56f}}}}},
         {3, {{3, {{-0.44f, -0.76f}, {0.00f, -0.74f}, {0.40f, -0.78f}}}, {2, {{0.40f, -0.78f}, {-0.06f, -0.14f}}},
              {6, {{-0.06f, -0.14f}, {0.34f, -0.04f}, {0.46f, 0.36f}, {0.14f, 0.76f}, {-0.26f, 0.78f}, {-0.48f, 0.58f}}}}}}},
    {3, {{2, {{4, {{-0.26f, -0.78f}, {-0.42f, -0.10f}, {-0.30f, 0.10f}, {0.50f, 0.04f}}},
              {3, {{0.28f, -0.60f}, {0.24f, 0.10f}, {0.14f, 0.82f}}}}},
         {3, {{2, {{0.24f, -0.80f}, {-0.52f, 0.24f}}}, {2, {{-0.52f, 0.24f}, {0.54f, 0.22f}}},
              {2, {{0.24f, -0.80f}, {0.24f, 0.82f}}}}},
         {3, {{2, {{-0.20f, -0.76f}, {-0.48f, 0.12f}}}, {2, {{-0.48f, 0.12f}, {0.52f, 0.10f}}},
              {2, {{0.26f, -0.30f}, {0.16f, 0.82f}}}}}}},
    {2, {{3, {{2, {{0.44f, -0.77f}, {-0.28f, -0.75f}}}, {2, {{-0.28f, -0.75f}, {-0.38f, -0.10f}}},
              {6, {{-0.38f, -0.10f}, {0.02f, -0.24f}, {0.40f, 0.04f}, {0.40f, 0.46f}, {0.04f, 0.78f}, {-0.46f, 0.62f}}}}},
         {2, {{2, {{-0.18f, -0.74f}, {0.48f, -0.80f}}},
              {8, {{-0.18f, -0.74f}, {-0.34f, -0.36f}, {-0.26f, -0.14f}, {0.14f, -0.12f}, {0.38f, 0.18f},
                   {0.30f, 0.58f}, {-0.04f, 0.78f}, {-0.42f, 0.66f}}}}}}},
    {2, {{1, {{9, {{0.30f, -0.80f}, {-0.16f, -0.46f}, {-0.44f, 0.12f}, {-0.32f, 0.64f}, {0.06f, 0.80f},
                   {0.40f, 0.52f}, {0.28f, 0.12f}, {-0.08f, 0.10f}, {-0.38f, 0.40f}}}}},
         {1, {{9, {{0.06f, -0.82f}, {-0.28f, -0.38f}, {-0.42f, 0.24f}, {-0.24f, 0.70f}, {0.14f, 0.76f},
                   {0.42f, 0.44f}, {0.24f, 0.06f}, {-0.12f, 0.16f}, {-0.34f, 0.50f}}}}}}},
    {3, {{2, {{3, {{-0.46f, -0.74f}, {0.00f, -0.73f}, {0.48f, -0.77f}}},
              {3, {{0.48f, -0.77f}, {0.10f, -0.06f}, {-0.12f, 0.80f}}}}},
         {3, {{3, {{-0.48f, -0.70f}, {0.00f, -0.74f}, {0.44f, -0.74f}}}, {2, {{0.44f, -0.74f}, {-0.14f, 0.80f}}},
              {2, {{-0.22f, 0.02f}, {0.40f, -0.02f}}}}},
         {3, {{2, {{-0.46f, -0.50f}, {-0.44f, -0.76f}}}, {2, {{-0.44f, -0.76f}, {0.46f, -0.76f}}},
              {3, {{0.46f, -0.76f}, {0.16f, 0.00f}, {0.08f, 0.80f}}}}}}},
    {2, {{1, {{12, {{0.32f, -0.58f}, {0.00f, -0.82f}, {-0.36f, -0.58f}, {-0.18f, -0.18f}, {0.24f, 0.16f},
                    {0.40f, 0.52f}, {0.02f, 0.80f}, {-0.40f, 0.54f}, {-0.24f, 0.14f}, {0.16f, -0.18f},
                    {0.36f, -0.48f}, {0.26f, -0.68f}}}}},
         {2, {{7, {{0.04f, -0.80f}, {-0.32f, -0.62f}, {-0.30f, -0.26f}, {0.02f, -0.10f}, {0.34f, -0.28f},
                   {0.32f, -0.64f}, {0.00f, -0.80f}}},
              {7, {{0.00f, -0.10f}, {-0.38f, 0.12f}, {-0.38f, 0.58f}, {0.00f, 0.80f}, {0.40f, 0.56f},
                   {0.38f, 0.14f}, {0.02f, -0.10f}}}}}}},
    {2, {{2, {{7, {{0.36f, -0.46f}, {0.06f, -0.80f}, {-0.34f, -0.62f}, {-0.36f, -0.20f}, {-0.02f, -0.04f},
                   {0.28f, -0.22f}, {0.38f, -0.54f}}},
              {3, {{0.38f, -0.54f}, {0.34f, 0.10f}, {0.20f, 0.82f}}}}},
         {1, {{10, {{0.34f, -0.60f}, {0.02f, -0.80f}, {-0.34f, -0.56f}, {-0.30f, -0.16f}, {0.06f, -0.08f},
                    {0.34f, -0.42f}, {0.36f, -0.10f}, {0.30f, 0.40f}, {0.06f, 0.76f}, {-0.34f, 0.68f}}}}}}},
};
/* clang-format on */

/* Where the writer puts the digit, and how slanted, turned and wide. */
static lg_affine hand_of(lg_chance *chance)
{
    const float x = 0.21f * lg_chance_bell(chance), y = 0.18f * lg_chance_bell(chance);
    const float size = 0.82f + 0.18f * lg_chance_bell(chance);
    const float wide = 1.0f + 0.30f * lg_chance_bell(chance);
    const lg_affine slant = lg_affine_slant(-0.08f - 0.45f * lg_chance_bell(chance));
    const lg_affine turn = lg_affine_turn(0.37f * lg_chance_bell(chance));
    const lg_affine scale = lg_affine_scale(size * wide, size);
    return lg_affine_after(lg_affine_move(x, y),
                           lg_affine_after(turn, lg_affine_after(slant, scale)));
}

void lg_digits_draw(lg_canvas *canvas, uint64_t seed, int64_t image, int class_index)
{
    const glyph *digit = &glyphs[class_index];
    lg_chance hand = lg_chance_of(seed, LG_FAMILY_DIGITS, image, HAND);
    lg_chance ink = lg_chance_of(seed, LG_FAMILY_DIGITS, image, INK);
    const skeleton *way = &digit->way[lg_chance_below(&hand, digit->ways)];
    const lg_affine place = hand_of(&hand);
    const float width = lg_chance_range(&hand, 0.15f, 0.30f);
    const float waver = lg_chance_range(&hand, 0.06f, 0.25f);

    lg_canvas_clear(canvas);
    lg_canvas_set_fur(canvas, &ink);
    lg_canvas_place(canvas, place);
    const lg_colour light = lg_grey(lg_chance_range(&ink, 0.80f, 1.05f));
    const lg_paint paint = {
        .a = light, .b = light, .opacity = 1.0f, .grain = lg_chance_range(&ink, 0.0f, 0.25f)};
    for (int s = 0; s < way->strokes; s++) {
        stroke bent = way->stroke[s];
        for (int i = 0; i < bent.count; i++) {
            bent.point[i].x += waver * lg_chance_bell(&hand);
            bent.point[i].y += waver * lg_chance_bell(&hand);
        }
        const lg_outline line = lg_outline_smooth(bent.point, bent.count, 8, false);
        const float end = width * lg_chance_range(&hand, 0.75f, 1.0f);
        lg_canvas_stroke(canvas, &line, width, end, &paint);
    }
    lg_canvas_blur(canvas, lg_chance_range(&ink, 0.02f, 0.14f));
}
