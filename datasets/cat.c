/* cat.c -- the face of a cat: pricked ears, almond eyes with slit pupils, small nose, whiskers. */
/* SPDX-License-Identifier: MIT */
#include "datasets/pets.h"

static const lg_colour ink = {0.07f, 0.05f, 0.05f};

static void draw_ear(lg_pet *pet, int side, float tall, float lean)
{
    static const lg_point outer[] = {{0.10f, -0.36f}, {0.22f, -0.62f}, {0.39f, -0.87f},
                                     {0.45f, -0.89f}, {0.52f, -0.62f}, {0.54f, -0.22f},
                                     {0.34f, -0.10f}};
    static const lg_point inner[] = {{0.22f, -0.42f}, {0.30f, -0.60f}, {0.40f, -0.76f},
                                     {0.43f, -0.76f}, {0.47f, -0.56f}, {0.47f, -0.30f},
                                     {0.34f, -0.26f}};
    const lg_coat *coat = &pet->coat;
    const lg_affine how = lg_pet_ear(side, tall, lean);
    const lg_outline ear = lg_pet_shape(outer, 7, how), shell = lg_pet_shape(inner, 7, how);
    lg_pet_furry(pet, &ear, coat->base, coat->dark);
    const lg_colour skin = lg_mix((lg_colour){0.86f, 0.56f, 0.54f}, coat->base, 0.25f);
    const lg_paint pink = {.kind = LG_PAINT_LINEAR,
                           .a = lg_scaled(skin, 0.75f),
                           .b = skin,
                           .from = {0.0f, -0.30f},
                           .to = {0.0f, -0.75f},
                           .opacity = 0.95f};
    lg_canvas_fill(pet->canvas, &shell, &pink);
    static const lg_point tuft[3][2] = {{{0.22f, -0.30f}, {0.36f, -0.62f}},
                                        {{0.26f, -0.28f}, {0.42f, -0.56f}},
                                        {{0.20f, -0.36f}, {0.30f, -0.60f}}};
    const lg_colour white = lg_mix(coat->light, lg_grey(1.0f), 0.35f);
    const lg_pet_pen hair = {0.05f, 0.006f, lg_flat(white, 0.8f)};
    for (int i = 0; i < 3; i++) lg_pet_line(pet, tuft[i], 2, side, &hair);
}

/* ------------------------------------------------------------------------------- coats --- */

static void draw_tabby(lg_pet *pet)
{
    static const lg_point brow[4][3] = {{{0.00f, -0.46f}, {0.00f, -0.34f}, {0.00f, -0.22f}},
                                        {{0.10f, -0.46f}, {0.085f, -0.32f}, {0.10f, -0.20f}},
                                        {{0.21f, -0.44f}, {0.18f, -0.32f}, {0.20f, -0.21f}},
                                        {{0.33f, -0.36f}, {0.29f, -0.27f}, {0.30f, -0.19f}}};
    static const lg_point cheek[3][3] = {{{0.36f, 0.00f}, {0.46f, 0.01f}, {0.60f, 0.06f}},
                                         {{0.35f, 0.12f}, {0.46f, 0.15f}, {0.60f, 0.22f}},
                                         {{0.33f, 0.24f}, {0.42f, 0.29f}, {0.52f, 0.37f}}};
    const lg_paint fur = lg_flat(pet->coat.mark, lg_chance_range(&pet->coat_chance, 0.6f, 0.95f));
    const float w = lg_chance_range(&pet->coat_chance, 0.035f, 0.06f);
    const lg_pet_pen down = {w, 0.4f * w, fur}, across = {0.5f * w, w, fur};
    for (int i = 0; i < 4; i++)
        for (int side = -1; side <= 1; side += 2) {
            if (i == 0 && side < 0) continue;
            lg_pet_line(pet, brow[i], 3, side, &down);
        }
    for (int i = 0; i < 3; i++)
        for (int side = -1; side <= 1; side += 2) lg_pet_line(pet, cheek[i], 3, side, &across);
}

static void draw_patch(lg_pet *pet)
{
    const float x = lg_chance_range(&pet->coat_chance, 0.20f, 0.36f);
    const lg_point points[] = {{x - 0.24f, -0.60f}, {x + 0.40f, -0.50f}, {x + 0.42f, 0.05f},
                               {x + 0.10f, 0.16f},  {x - 0.14f, 0.02f},  {x - 0.20f, -0.30f}};
    const lg_outline patch = lg_pet_shape(points, 6, lg_affine_identity());
    const lg_paint paint = {
        .a = pet->coat.mark, .b = pet->coat.mark, .opacity = 0.92f, .grain = 0.18f};
    lg_canvas_fill(pet->canvas, &patch, &paint);
}

static void draw_blaze(lg_pet *pet)
{
    static const lg_point half[] = {{0.0f, -0.34f}, {0.05f, -0.12f}, {0.10f, 0.08f},
                                    {0.30f, 0.26f}, {0.30f, 0.48f},  {0.0f, 0.62f}};
    const lg_outline blaze = lg_outline_mirrored(half, 6, 5);
    const lg_paint paint = {
        .a = pet->coat.bib, .b = pet->coat.bib, .opacity = 0.95f, .grain = 0.10f};
    lg_canvas_fill(pet->canvas, &blaze, &paint);
}

static void draw_markings(lg_pet *pet)
{
    const int kind = lg_chance_below(&pet->coat_chance, 8);
    if (kind <= 3) draw_tabby(pet);
    if (kind == 4) draw_patch(pet);
    if (kind == 3 || kind == 4 || kind == 5) draw_blaze(pet);
    if (kind == 6) /* pointed, like a Siamese */
        lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.16f}, (lg_point){0.46f, 0.52f},
                       lg_scaled(pet->coat.mark, 0.8f), 0.85f);
}

static void draw_head(lg_pet *pet)
{
    const float cheek = lg_chance_range(&pet->face, 0.53f, 0.62f);
    const lg_point half[] = {{0.0f, -0.41f},  {0.22f, -0.42f}, {0.42f, -0.29f},
                             {0.52f, -0.06f}, {cheek, 0.16f},  {cheek - 0.06f, 0.33f},
                             {0.33f, 0.46f},  {0.14f, 0.53f},  {0.0f, 0.54f}};
    const lg_outline head = lg_outline_mirrored(half, 9, 5);
    lg_pet_furry(pet, &head, pet->coat.light, pet->coat.dark);
    lg_canvas_clip(pet->canvas, &head);
    draw_markings(pet);
    lg_canvas_unclip(pet->canvas);
}

/* ------------------------------------------------------------------------------- faces --- */

static void draw_eye(lg_pet *pet, float mirror, lg_colour iris, float slit)
{
    static const lg_point almond[] = {{-0.120f, 0.035f}, {-0.075f, -0.055f}, {0.015f, -0.095f},
                                      {0.095f, -0.075f}, {0.130f, -0.030f},  {0.085f, 0.055f},
                                      {0.000f, 0.080f},  {-0.070f, 0.070f}};
    lg_outline eye = lg_outline_smooth(almond, 8, 3, true);
    const lg_affine at = lg_pet_feature(pet, mirror * 0.235f, -0.01f, 0.75f);
    lg_canvas_place(pet->canvas, lg_affine_after(at, lg_affine_scale(mirror * 1.22f, 1.26f)));
    const lg_paint rim = lg_flat(ink, 0.9f);
    lg_canvas_fill(pet->canvas, &eye, &rim);
    lg_canvas_place(pet->canvas, lg_affine_after(at, lg_affine_scale(mirror, 1.0f)));
    const lg_paint glass = {.kind = LG_PAINT_RADIAL,
                            .a = lg_mix(iris, lg_grey(1.0f), 0.25f),
                            .b = lg_scaled(iris, 0.72f),
                            .from = {0.0f, 0.03f},
                            .to = {0.13f, 0.03f},
                            .opacity = 1.0f};
    lg_canvas_fill(pet->canvas, &eye, &glass);
    const lg_paint black = lg_flat(ink, 1.0f), shine = lg_flat(lg_grey(1.0f), 0.9f);
    const lg_outline pupil = lg_outline_ellipse(0.0f, -0.005f, slit, 0.082f);
    lg_canvas_fill(pet->canvas, &pupil, &black);
    const lg_outline spark = lg_outline_ellipse(mirror * -0.035f, -0.04f, 0.022f, 0.022f);
    lg_canvas_fill(pet->canvas, &spark, &shine);
}

static void draw_eyes(lg_pet *pet)
{
    static const lg_colour irises[] = {{0.72f, 0.80f, 0.22f},
                                       {0.90f, 0.78f, 0.20f},
                                       {0.45f, 0.74f, 0.36f},
                                       {0.88f, 0.60f, 0.16f},
                                       {0.42f, 0.68f, 0.92f}};
    const lg_colour iris = irises[lg_chance_below(&pet->face, 5)];
    const float slit = lg_chance_range(&pet->face, 0.016f, 0.042f);
    draw_eye(pet, -1.0f, iris, slit);
    draw_eye(pet, 1.0f, iris, slit);
}

static void draw_muzzle(lg_pet *pet)
{
    static const lg_point mouth[] = {
        {0.0f, 0.0f}, {0.02f, 0.075f}, {0.075f, 0.095f}, {0.13f, 0.06f}};
    static const lg_point nose[] = {
        {0.0f, -0.045f}, {0.055f, -0.045f}, {0.075f, -0.02f}, {0.03f, 0.035f}, {0.0f, 0.05f}};
    const lg_coat *coat = &pet->coat;
    const lg_colour pads = lg_mix(coat->bib, coat->light, 0.2f);
    lg_canvas_place(pet->canvas, lg_pet_feature(pet, 0.0f, 0.22f, 1.0f));
    lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.17f}, (lg_point){0.16f, 0.16f}, pads, 0.9f);
    for (int side = -1; side <= 1; side += 2)
        lg_canvas_glow(pet->canvas, (lg_point){(float)side * 0.11f, 0.06f},
                       (lg_point){0.20f, 0.17f}, pads, 1.0f);
    const lg_colour dark = lg_mix(lg_scaled(coat->dark, 0.5f), ink, 0.6f);
    const lg_pet_pen line = {0.022f, 0.014f, lg_flat(dark, 0.85f)};
    lg_pet_line(pet, mouth, 4, 1, &line);
    lg_pet_line(pet, mouth, 4, -1, &line);
    const bool pink = lg_chance_odds(&pet->face, 0.75f);
    const lg_colour skin =
        pink ? (lg_colour){0.86f, 0.50f, 0.50f} : (lg_colour){0.35f, 0.20f, 0.19f};
    const lg_outline tip = lg_outline_mirrored(nose, 5, 3);
    const lg_paint paint = {.kind = LG_PAINT_LINEAR,
                            .a = lg_mix(skin, lg_grey(1.0f), 0.15f),
                            .b = lg_scaled(skin, 0.7f),
                            .from = {0.0f, -0.04f},
                            .to = {0.0f, 0.05f},
                            .opacity = 1.0f};
    lg_canvas_fill(pet->canvas, &tip, &paint);
}

static void draw_whiskers(lg_pet *pet)
{
    const float luma = pet->coat.base.g;
    const lg_pet_pen hair = {0.014f, 0.006f, lg_flat(lg_grey(luma > 0.75f ? 0.30f : 0.97f), 0.75f)};
    lg_canvas_place(pet->canvas, lg_pet_feature(pet, 0.0f, 0.24f, 1.0f));
    const float droop = lg_chance_range(&pet->face, -0.05f, 0.12f);
    for (int side = -1; side <= 1; side += 2)
        for (int i = 0; i < 3; i++) {
            const float y = 0.015f + 0.045f * (float)i;
            const float end = y - 0.10f + 0.10f * (float)i + droop;
            const lg_point bow[] = {{0.13f, y},
                                    {0.40f, 0.5f * (y + end) - 0.03f},
                                    {lg_chance_range(&pet->face, 0.62f, 0.78f), end}};
            lg_pet_line(pet, bow, 3, side, &hair);
        }
}

void lg_cat_draw(lg_pet *pet)
{
    lg_pet_shoulders(pet, 0.30f, 0.52f);
    lg_pet_collar(pet, 0.34f);
    lg_canvas_place(pet->canvas, pet->head);
    const float tall = lg_chance_range(&pet->face, 0.74f, 1.0f);
    const float lean = lg_chance_range(&pet->face, -0.05f, 0.28f);
    draw_ear(pet, -1, tall, lean);
    draw_ear(pet, 1, tall, lean);
    draw_head(pet);
    draw_eyes(pet);
    draw_muzzle(pet);
    draw_whiskers(pet);
}
