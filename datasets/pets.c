/* pets.c -- a portrait: background, pose, coat, animal, camera.
 *
 * Cats and dogs share all of it but the animal (cat.c, dog.c): the same coats before the same
 * backgrounds in the same light, so that a model has to find ears, eyes and muzzle. */
/* SPDX-License-Identifier: MIT */
#include "datasets/draw.h"
#include "datasets/pets.h"

/* ----------------------------------------------------------------------------- strokes --- */

lg_affine lg_pet_feature(const lg_pet *pet, float x, float y, float depth)
{
    const float turned = x + 0.16f * depth * pet->yaw;
    const float nodded = y + 0.13f * depth * pet->pitch;
    return lg_affine_after(pet->head, lg_affine_move(turned, nodded));
}

void lg_pet_furry(lg_pet *pet, const lg_outline *outline, lg_colour light, lg_colour dark)
{
    lg_outline edge = *outline;
    lg_outline_ruffle(&edge, pet->shag, &pet->fur);
    const lg_paint paint = {.kind = LG_PAINT_RADIAL,
                            .a = light,
                            .b = dark,
                            .from = {-0.12f, -0.22f},
                            .to = {0.48f, 0.28f},
                            .opacity = 1.0f,
                            .grain = 0.16f};
    lg_canvas_fill(pet->canvas, &edge, &paint);
}

lg_outline lg_pet_shape(const lg_point *point, int count, lg_affine how)
{
    lg_outline outline = lg_outline_smooth(point, count, 5, true);
    lg_outline_transform(&outline, how);
    return outline;
}

lg_affine lg_pet_ear(int side, float tall, float lean)
{
    const float root = -0.30f;
    const lg_affine grown =
        lg_affine_after(lg_affine_slant(-lean),
                        lg_affine_after(lg_affine_scale(1.0f, tall), lg_affine_move(0.0f, -root)));
    return lg_affine_after(lg_pet_half(side), lg_affine_after(lg_affine_move(0.0f, root), grown));
}

void lg_pet_line(lg_pet *pet, const lg_point *point, int count, int side, const lg_pet_pen *pen)
{
    lg_outline line = lg_outline_smooth(point, count, 5, false);
    lg_outline_transform(&line, lg_pet_half(side));
    lg_canvas_stroke(pet->canvas, &line, pen->w0, pen->w1, &pen->paint);
}

void lg_pet_shoulders(lg_pet *pet, float neck, float width)
{
    const lg_coat *coat = &pet->coat;
    const lg_point half[] = {{0.0f, 0.20f},  {neck, 0.30f},          {neck + 0.10f, 0.62f},
                             {width, 0.98f}, {width + 0.14f, 1.40f}, {width, 1.90f},
                             {0.0f, 1.95f}};
    lg_canvas_place(pet->canvas, pet->body);
    lg_outline body = lg_outline_mirrored(half, 7, 6);
    lg_outline_ruffle(&body, 1.4f * pet->shag, &pet->fur);
    const lg_paint fur = {.kind = LG_PAINT_LINEAR,
                          .a = coat->dark,
                          .b = coat->base,
                          .from = {0.0f, 0.45f},
                          .to = {0.0f, 1.05f},
                          .opacity = 1.0f,
                          .grain = 0.18f};
    lg_canvas_fill(pet->canvas, &body, &fur);
    lg_canvas_clip(pet->canvas, &body);
    lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.95f}, (lg_point){0.46f, 0.75f}, coat->bib, 0.8f);
    lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.48f}, (lg_point){0.62f, 0.30f},
                   lg_scaled(coat->dark, 0.45f), 0.75f); /* shadow of the head */
    lg_canvas_unclip(pet->canvas);
}

void lg_pet_collar(lg_pet *pet, float neck)
{
    static const lg_colour bands[] = {{0.75f, 0.12f, 0.14f}, {0.12f, 0.30f, 0.65f},
                                      {0.10f, 0.48f, 0.30f}, {0.12f, 0.11f, 0.12f},
                                      {0.85f, 0.55f, 0.10f}, {0.55f, 0.20f, 0.55f}};
    if (!lg_chance_odds(&pet->coat_chance, 0.4f)) return;
    const lg_colour band = bands[lg_chance_below(&pet->coat_chance, 6)];
    const lg_point half[] = {{-neck - 0.07f, 0.54f},
                             {-0.5f * neck, 0.68f},
                             {0.0f, 0.72f},
                             {0.5f * neck, 0.68f},
                             {neck + 0.07f, 0.54f}};
    const lg_pet_pen pen = {0.085f,
                            0.085f,
                            {.kind = LG_PAINT_LINEAR,
                             .a = lg_scaled(band, 1.15f),
                             .b = lg_scaled(band, 0.6f),
                             .from = {-0.1f, 0.60f},
                             .to = {0.25f, 0.74f},
                             .opacity = 1.0f}};
    lg_canvas_place(pet->canvas, pet->body);
    lg_pet_line(pet, half, 5, 1, &pen);
    if (!lg_chance_odds(&pet->coat_chance, 0.6f)) return;
    const lg_outline tag = lg_outline_ellipse(0.0f, 0.80f, 0.065f, 0.07f);
    const lg_paint gold = {.kind = LG_PAINT_RADIAL,
                           .a = {1.0f, 0.93f, 0.62f},
                           .b = {0.62f, 0.46f, 0.12f},
                           .from = {-0.02f, 0.78f},
                           .to = {0.06f, 0.84f},
                           .opacity = 1.0f};
    lg_canvas_fill(pet->canvas, &tag, &gold);
}

/* ------------------------------------------------------------------------- scene, coat --- */

static lg_colour jittered(lg_colour colour, float amount, lg_chance *chance)
{
    const float all = 1.0f + amount * lg_chance_bell(chance);
    const float r = all + 0.25f * amount * lg_chance_bell(chance);
    const float g = all + 0.25f * amount * lg_chance_bell(chance);
    const float b = all + 0.25f * amount * lg_chance_bell(chance);
    return (lg_colour){colour.r * r, colour.g * g, colour.b * b};
}

static lg_coat coat_of(lg_chance *chance)
{
    static const lg_colour furs[] = {
        {0.17f, 0.16f, 0.17f}, /* black */ {0.36f, 0.36f, 0.39f},  /* charcoal */
        {0.56f, 0.56f, 0.59f}, /* grey */ {0.80f, 0.79f, 0.77f},   /* silver */
        {0.93f, 0.91f, 0.88f}, /* white */ {0.90f, 0.79f, 0.62f},  /* cream */
        {0.84f, 0.62f, 0.34f}, /* golden */ {0.80f, 0.47f, 0.20f}, /* ginger */
        {0.50f, 0.33f, 0.20f}, /* brown */ {0.34f, 0.22f, 0.15f},  /* chocolate */
        {0.72f, 0.58f, 0.42f},                                     /* fawn */
    };
    enum { FURS = sizeof furs / sizeof furs[0] };
    static const lg_colour white = {0.94f, 0.92f, 0.89f};
    lg_coat coat;
    coat.base = jittered(furs[lg_chance_below(chance, FURS)], 0.22f, chance);
    coat.light = lg_mix(lg_scaled(coat.base, 1.12f), white, 0.06f);
    coat.dark = lg_scaled(coat.base, 0.66f);
    const float luma = 0.3f * coat.base.r + 0.6f * coat.base.g + 0.1f * coat.base.b;
    coat.mark = lg_scaled(coat.base, luma > 0.3f ? 0.50f : 0.62f);
    if (luma <= 0.3f && lg_chance_odds(chance, 0.5f)) coat.mark = lg_scaled(coat.base, 1.7f);
    const float pale = lg_chance_odds(chance, 0.45f) ? 0.9f : lg_chance_range(chance, 0.15f, 0.5f);
    coat.bib = lg_mix(lg_scaled(coat.base, 1.05f), white, pale);
    return coat;
}

static lg_colour backdrop(lg_chance *chance)
{
    /* A light of some hue: three channels about a common level. */
    const float level = lg_chance_range(chance, 0.22f, 0.92f);
    const float spread = lg_chance_range(chance, 0.02f, 0.20f);
    const float r = level + spread * lg_chance_range(chance, -1.0f, 1.0f);
    const float g = level + spread * lg_chance_range(chance, -1.0f, 1.0f);
    const float b = level + spread * lg_chance_range(chance, -1.0f, 1.0f);
    return (lg_colour){r, g, b};
}

/* A floor, a table or a meadow, out of focus: its far edge is drawn three times. */
static void draw_ground(lg_canvas *canvas, lg_chance *chance)
{
    const lg_colour colour = backdrop(chance);
    const float left = lg_chance_range(chance, 0.0f, 0.9f);
    const float right = left + 0.15f * lg_chance_bell(chance);
    for (int i = 0; i < 3; i++) {
        const float down = 0.03f * (float)i;
        const lg_outline ground = {
            .count = 4,
            .point = {{-1.1f, left + down}, {1.1f, right + down}, {1.1f, 1.1f}, {-1.1f, 1.1f}}};
        const lg_paint paint = lg_flat(colour, 0.3f + 0.2f * (float)i);
        lg_canvas_fill(canvas, &ground, &paint);
    }
}

/* Something bright or dark far behind. */
static void draw_light(lg_canvas *canvas, lg_chance *chance)
{
    const float x = lg_chance_range(chance, -1.1f, 1.1f), y = lg_chance_range(chance, -1.1f, 1.1f);
    const float rx = lg_chance_range(chance, 0.15f, 0.75f);
    const float ry = rx * lg_chance_range(chance, 0.7f, 1.3f);
    const lg_colour colour = backdrop(chance);
    lg_canvas_glow(canvas, (lg_point){x, y}, (lg_point){rx, ry}, colour,
                   lg_chance_range(chance, 0.25f, 0.8f));
}

static void draw_background(lg_canvas *canvas, lg_chance *chance)
{
    static const lg_point corner[] = {{-2.0f, -2.0f}, {2.0f, -2.0f}, {2.0f, 2.0f}, {-2.0f, 2.0f}};
    lg_outline all = {.count = 4};
    for (int i = 0; i < 4; i++) all.point[i] = corner[i];
    const lg_colour first = backdrop(chance), second = backdrop(chance);
    const float top = lg_chance_range(chance, -1.0f, 1.0f);
    const float bottom = lg_chance_range(chance, -1.0f, 1.0f);
    const lg_paint paint = {.kind = LG_PAINT_LINEAR,
                            .a = first,
                            .b = lg_mix(first, second, 0.7f),
                            .from = {top, -1.0f},
                            .to = {bottom, 1.0f},
                            .opacity = 1.0f};
    lg_canvas_fill(canvas, &all, &paint);
    if (lg_chance_odds(chance, 0.4f)) draw_ground(canvas, chance);
    const int lights = lg_chance_below(chance, 6);
    for (int i = 0; i < lights; i++) draw_light(canvas, chance);
}

static void pose(lg_pet *pet, lg_chance *chance)
{
    const float x = 0.20f * lg_chance_bell(chance), y = 0.08f + 0.16f * lg_chance_bell(chance);
    const float size = 1.00f + 0.20f * lg_chance_bell(chance);
    const float tilt = 0.34f * lg_chance_bell(chance);
    const float flip = lg_chance_odds(chance, 0.5f) ? 1.0f : -1.0f;
    const float aspect = 1.0f + 0.07f * lg_chance_bell(chance);
    pet->yaw = lg_chance_range(chance, -0.9f, 0.9f);
    pet->pitch = lg_chance_bell(chance);
    const lg_affine centre = lg_affine_move(x, y);
    const lg_affine scale = lg_affine_scale(flip * size * aspect, size / aspect);
    pet->head = lg_affine_after(centre, lg_affine_after(lg_affine_turn(tilt), scale));
    pet->body = lg_affine_after(centre, lg_affine_after(lg_affine_turn(0.35f * tilt), scale));
}

/* ------------------------------------------------------------------------------ camera --- */

static void camera(lg_canvas *canvas, lg_chance *chance, lg_chance *noise)
{
    const float x = lg_chance_range(chance, -1.0f, 1.0f), y = lg_chance_range(chance, -1.0f, 0.4f);
    lg_canvas_light(canvas, (lg_point){x, y}, lg_chance_range(chance, 0.0f, 0.30f));
    const float red = 1.0f + 0.08f * lg_chance_bell(chance);
    const float blue = 1.0f + 0.10f * lg_chance_bell(chance);
    const float contrast = 1.0f + 0.3f * lg_chance_bell(chance);
    lg_canvas_tone(canvas, contrast, 0.18f * lg_chance_bell(chance), (lg_colour){red, 1.0f, blue});
    lg_canvas_blur(canvas, lg_chance_range(chance, 0.02f, 0.20f));
    lg_canvas_noise(canvas, lg_chance_range(chance, 0.006f, 0.035f), noise);
}

void lg_pets_draw(lg_canvas *canvas, uint64_t seed, int64_t image, int class_index)
{
    lg_chance scene = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_SCENE);
    lg_chance stance = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_POSE);
    lg_chance lens = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_CAMERA);
    lg_chance noise = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_NOISE);
    lg_pet pet = {.canvas = canvas,
                  .coat_chance = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_COAT),
                  .face = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_FACE),
                  .fur = lg_chance_of(seed, LG_FAMILY_PETS, image, LG_PET_FUR)};
    lg_canvas_clear(canvas);
    lg_canvas_set_fur(canvas, &pet.fur);
    draw_background(canvas, &scene);
    pet.coat = coat_of(&pet.coat_chance);
    pet.shag = lg_chance_range(&pet.coat_chance, 0.002f, 0.022f);
    pose(&pet, &stance);
    if (class_index == 0)
        lg_cat_draw(&pet);
    else
        lg_dog_draw(&pet);
    lg_canvas_place(canvas, lg_affine_identity());
    camera(canvas, &lens, &noise);
}
