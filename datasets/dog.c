/* dog.c -- the face of a dog: hanging or pricked ears, round dark eyes, long muzzle, big nose. */
/* SPDX-License-Identifier: MIT */
#include "datasets/pets.h"

static const lg_colour ink = {0.07f, 0.06f, 0.06f};

typedef enum ear_kind { EAR_HANGING, EAR_BUTTON, EAR_PRICKED } ear_kind;

typedef struct ear {
    ear_kind kind;
    lg_colour light, dark;
    float low, tall, lean; /* how far it hangs, how high it stands, how far it leans out */
} ear;

/* -------------------------------------------------------------------------------- ears --- */

static void draw_hanging_ear(lg_pet *pet, const ear *like, int side)
{
    const float mirror = (float)side, low = like->low;
    const lg_colour light = like->light, dark = like->dark;
    const lg_point points[] = {{0.20f, -0.43f},      {0.36f, -0.47f},      {0.53f, -0.36f},
                               {0.63f, -0.08f},      {0.66f, 0.18f + low}, {0.57f, 0.31f + low},
                               {0.45f, 0.22f + low}, {0.40f, -0.02f},      {0.31f, -0.24f}};
    lg_outline edge = lg_pet_shape(points, 9, lg_pet_half(side));
    lg_canvas_glow(pet->canvas, (lg_point){mirror * 0.42f, 0.02f}, (lg_point){0.20f, 0.42f},
                   lg_scaled(dark, 0.4f), 0.6f); /* its shadow */
    const lg_paint paint = {.kind = LG_PAINT_LINEAR,
                            .a = light,
                            .b = dark,
                            .from = {mirror * 0.25f, -0.45f},
                            .to = {mirror * 0.55f, 0.40f},
                            .opacity = 1.0f,
                            .grain = 0.20f};
    lg_outline_ruffle(&edge, pet->shag, &pet->fur);
    lg_canvas_fill(pet->canvas, &edge, &paint);
}

static void draw_button_ear(lg_pet *pet, const ear *like, int side)
{
    static const lg_point base[] = {{0.12f, -0.36f}, {0.24f, -0.60f}, {0.42f, -0.66f},
                                    {0.52f, -0.50f}, {0.48f, -0.16f}, {0.30f, -0.18f}};
    static const lg_point flap[] = {{0.21f, -0.60f}, {0.40f, -0.68f}, {0.57f, -0.56f},
                                    {0.62f, -0.30f}, {0.56f, -0.20f}, {0.42f, -0.38f}};
    const lg_affine how = lg_pet_ear(side, like->tall, like->lean);
    const lg_outline back = lg_pet_shape(base, 6, how), front = lg_pet_shape(flap, 6, how);
    lg_pet_furry(pet, &back, like->dark, lg_scaled(like->dark, 0.7f));
    lg_pet_furry(pet, &front, like->light, like->dark);
}

static void draw_pricked_ear(lg_pet *pet, const ear *like, int side)
{
    static const lg_point outer[] = {{0.08f, -0.36f}, {0.15f, -0.66f}, {0.27f, -0.88f},
                                     {0.34f, -0.90f}, {0.44f, -0.66f}, {0.46f, -0.24f},
                                     {0.28f, -0.14f}};
    static const lg_point inner[] = {{0.17f, -0.42f}, {0.22f, -0.64f}, {0.29f, -0.78f},
                                     {0.33f, -0.77f}, {0.38f, -0.60f}, {0.39f, -0.34f},
                                     {0.28f, -0.28f}};
    const lg_affine how = lg_pet_ear(side, like->tall, like->lean);
    const lg_outline edge = lg_pet_shape(outer, 7, how), shell = lg_pet_shape(inner, 7, how);
    lg_pet_furry(pet, &edge, like->light, like->dark);
    const lg_colour skin = lg_mix((lg_colour){0.55f, 0.38f, 0.36f}, like->dark, 0.4f);
    const lg_paint paint = lg_flat(skin, 0.85f);
    lg_canvas_fill(pet->canvas, &shell, &paint);
}

static void draw_ears(lg_pet *pet, const ear *like)
{
    lg_canvas_place(pet->canvas, pet->head);
    for (int side = -1; side <= 1; side += 2) {
        if (like->kind == EAR_HANGING) draw_hanging_ear(pet, like, side);
        if (like->kind == EAR_BUTTON) draw_button_ear(pet, like, side);
        if (like->kind == EAR_PRICKED) draw_pricked_ear(pet, like, side);
    }
}

static ear ear_of(lg_pet *pet)
{
    const lg_coat *coat = &pet->coat;
    const float kind = lg_chance_range(&pet->face, 0.0f, 1.0f);
    const bool marked = lg_chance_odds(&pet->face, 0.5f);
    const float low = lg_chance_range(&pet->face, -0.10f, 0.16f);
    const float tall = lg_chance_range(&pet->face, 0.8f, 1.0f);
    const float lean = lg_chance_range(&pet->face, 0.0f, 0.25f);
    return (ear){
        .kind = kind < 0.62f   ? EAR_HANGING
                : kind < 0.82f ? EAR_BUTTON
                               : EAR_PRICKED,
        .light = marked ? coat->mark : coat->base,
        .dark = marked ? lg_scaled(coat->mark, 0.62f) : lg_scaled(coat->dark, 0.9f),
        .low = low,
        .tall = tall,
        .lean = lean,
    };
}

/* ------------------------------------------------------------------------------- coats --- */

static void draw_blaze(lg_pet *pet)
{
    static const lg_point half[] = {{0.0f, -0.50f}, {0.05f, -0.30f}, {0.05f, -0.06f},
                                    {0.22f, 0.14f}, {0.30f, 0.40f},  {0.0f, 0.70f}};
    const lg_outline blaze = lg_outline_mirrored(half, 6, 5);
    const lg_paint paint = {
        .a = pet->coat.bib, .b = pet->coat.bib, .opacity = 0.95f, .grain = 0.10f};
    lg_canvas_fill(pet->canvas, &blaze, &paint);
}

static void draw_patch(lg_pet *pet)
{
    const lg_outline patch =
        lg_outline_ellipse(0.21f, -0.10f, lg_chance_range(&pet->coat_chance, 0.16f, 0.26f), 0.27f);
    const lg_paint paint = {
        .a = pet->coat.mark, .b = pet->coat.mark, .opacity = 0.92f, .grain = 0.18f};
    lg_canvas_fill(pet->canvas, &patch, &paint);
}

static void draw_spots(lg_pet *pet)
{
    const lg_paint paint = lg_flat(lg_scaled(pet->coat.mark, 0.7f), 0.85f);
    for (int i = 0; i < 14; i++) {
        const float x = lg_chance_range(&pet->coat_chance, -0.45f, 0.45f);
        const float y = lg_chance_range(&pet->coat_chance, -0.48f, 0.55f);
        const float r = lg_chance_range(&pet->coat_chance, 0.015f, 0.05f);
        const lg_outline spot = lg_outline_ellipse(x, y, r, 1.1f * r);
        lg_canvas_fill(pet->canvas, &spot, &paint);
    }
}

static void draw_markings(lg_pet *pet)
{
    const int kind = lg_chance_below(&pet->coat_chance, 8);
    if (kind == 0) draw_spots(pet);
    if (kind == 1 || kind == 2) draw_patch(pet);
    if (kind == 2 || kind == 3 || kind == 4) draw_blaze(pet);
    if (kind == 5) /* a dark mask */
        lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.20f}, (lg_point){0.42f, 0.55f},
                       lg_scaled(pet->coat.mark, 0.7f), 0.85f);
    if (kind == 6) /* a dark cap */
        lg_canvas_glow(pet->canvas, (lg_point){0.0f, -0.46f}, (lg_point){0.50f, 0.40f},
                       pet->coat.mark, 0.9f);
    if (kind == 4 || kind == 5 || kind == 6)
        for (int side = -1; side <= 1; side += 2) /* points over the eyes */
            lg_canvas_glow(pet->canvas, (lg_point){(float)side * 0.15f, -0.20f},
                           (lg_point){0.09f, 0.08f}, pet->coat.bib, 0.8f);
}

static void draw_head(lg_pet *pet)
{
    const float jaw = lg_chance_range(&pet->face, 0.27f, 0.34f);
    const lg_point half[] = {{0.0f, -0.53f},       {0.20f, -0.50f}, {0.37f, -0.36f},
                             {0.45f, -0.10f},      {0.43f, 0.10f},  {jaw + 0.05f, 0.30f},
                             {jaw - 0.02f, 0.46f}, {0.15f, 0.57f},  {0.0f, 0.60f}};
    const lg_outline head = lg_outline_mirrored(half, 9, 5);
    lg_canvas_place(pet->canvas, pet->head);
    lg_pet_furry(pet, &head, pet->coat.light, pet->coat.dark);
    lg_canvas_clip(pet->canvas, &head);
    draw_markings(pet);
    lg_canvas_unclip(pet->canvas);
}

/* ------------------------------------------------------------------------------- faces --- */

static void draw_eyes(lg_pet *pet)
{
    const bool blue = lg_chance_odds(&pet->face, 0.08f);
    const lg_colour iris =
        blue ? (lg_colour){0.45f, 0.66f, 0.85f} : (lg_colour){0.30f, 0.17f, 0.09f};
    const lg_paint rim = lg_flat(ink, 0.9f), shine = lg_flat(lg_grey(1.0f), 0.95f);
    const lg_outline socket = lg_outline_ellipse(0.0f, 0.0f, 0.088f, 0.080f);
    const lg_outline ball = lg_outline_ellipse(0.0f, 0.004f, 0.068f, 0.066f);
    const lg_outline pupil = lg_outline_ellipse(0.0f, 0.004f, 0.036f, 0.036f);
    const lg_paint black = lg_flat(ink, 1.0f);
    const lg_paint glass = {.kind = LG_PAINT_LINEAR,
                            .a = lg_scaled(iris, 0.6f),
                            .b = lg_scaled(iris, 1.5f),
                            .from = {0.0f, -0.05f},
                            .to = {0.0f, 0.06f},
                            .opacity = 1.0f};
    const lg_outline spark = lg_outline_ellipse(-0.022f, -0.026f, 0.022f, 0.020f);
    for (int side = -1; side <= 1; side += 2) {
        lg_canvas_place(pet->canvas, lg_pet_feature(pet, (float)side * 0.195f, -0.07f, 0.8f));
        lg_canvas_fill(pet->canvas, &socket, &rim);
        lg_canvas_fill(pet->canvas, &ball, &glass);
        lg_canvas_fill(pet->canvas, &pupil, &black);
        lg_canvas_fill(pet->canvas, &spark, &shine);
    }
}

static void draw_tongue(lg_pet *pet, float open)
{
    const float length = 0.14f + 0.20f * open;
    const lg_point gape[] = {{0.0f, 0.235f},
                             {0.12f, 0.255f},
                             {0.10f, 0.33f + 0.06f * open},
                             {0.0f, 0.36f + 0.08f * open}};
    const lg_point half[] = {{0.0f, 0.25f},
                             {0.075f, 0.26f},
                             {0.085f, 0.25f + 0.7f * length},
                             {0.05f, 0.25f + length},
                             {0.0f, 0.265f + length}};
    const lg_outline mouth = lg_outline_mirrored(gape, 4, 5);
    const lg_paint dark = lg_flat((lg_colour){0.22f, 0.08f, 0.08f}, 0.95f);
    lg_canvas_fill(pet->canvas, &mouth, &dark);
    const lg_outline tongue = lg_outline_mirrored(half, 5, 5);
    const lg_paint pink = {.kind = LG_PAINT_LINEAR,
                           .a = {0.78f, 0.34f, 0.38f},
                           .b = {0.95f, 0.55f, 0.58f},
                           .from = {0.0f, 0.26f},
                           .to = {0.0f, 0.25f + length},
                           .opacity = 1.0f};
    lg_canvas_fill(pet->canvas, &tongue, &pink);
    const lg_point middle[] = {{0.0f, 0.27f}, {0.0f, 0.25f + 0.75f * length}};
    const lg_pet_pen crease = {0.018f, 0.008f, lg_flat((lg_colour){0.65f, 0.24f, 0.30f}, 0.8f)};
    lg_pet_line(pet, middle, 2, 1, &crease);
}

static void draw_nose(lg_pet *pet)
{
    static const lg_point nose[] = {{0.0f, -0.085f},  {0.085f, -0.080f}, {0.125f, -0.03f},
                                    {0.085f, 0.035f}, {0.03f, 0.065f},   {0.0f, 0.07f}};
    const bool liver = lg_chance_odds(&pet->face, 0.15f);
    const lg_colour skin =
        liver ? (lg_colour){0.36f, 0.22f, 0.18f} : (lg_colour){0.12f, 0.11f, 0.12f};
    const lg_outline tip = lg_outline_mirrored(nose, 6, 4);
    const lg_paint paint = {.kind = LG_PAINT_LINEAR,
                            .a = lg_scaled(skin, 1.7f),
                            .b = lg_scaled(skin, 0.6f),
                            .from = {0.0f, -0.08f},
                            .to = {0.0f, 0.06f},
                            .opacity = 1.0f};
    lg_canvas_fill(pet->canvas, &tip, &paint);
    lg_canvas_glow(pet->canvas, (lg_point){-0.025f, -0.045f}, (lg_point){0.06f, 0.03f},
                   lg_grey(0.95f), 0.7f);
}

static void draw_muzzle(lg_pet *pet, float open)
{
    static const lg_point half[] = {{0.0f, -0.20f}, {0.12f, -0.15f}, {0.20f, 0.02f},
                                    {0.25f, 0.18f}, {0.20f, 0.31f},  {0.0f, 0.36f}};
    static const lg_point lip[] = {{0.0f, 0.06f}, {0.005f, 0.20f}, {0.09f, 0.27f}, {0.21f, 0.21f}};
    const lg_coat *coat = &pet->coat;
    lg_canvas_place(pet->canvas, lg_pet_feature(pet, 0.0f, 0.18f, 1.0f));
    lg_canvas_glow(pet->canvas, (lg_point){0.0f, 0.14f}, (lg_point){0.40f, 0.42f},
                   lg_scaled(coat->dark, 0.7f), 0.5f); /* sets it off from the head */
    const lg_outline snout = lg_outline_mirrored(half, 6, 5);
    const lg_paint fur = {.kind = LG_PAINT_RADIAL,
                          .a = lg_mix(coat->bib, coat->light, 0.15f),
                          .b = lg_mix(coat->bib, coat->dark, 0.55f),
                          .from = {-0.03f, 0.02f},
                          .to = {0.0f, 0.40f},
                          .opacity = 0.95f,
                          .grain = 0.08f};
    lg_canvas_fill(pet->canvas, &snout, &fur);
    if (open > 0.0f) draw_tongue(pet, open);
    const lg_colour dark = lg_mix(lg_scaled(coat->dark, 0.4f), ink, 0.6f);
    const lg_pet_pen line = {0.026f, 0.018f, lg_flat(dark, 0.9f)};
    lg_pet_line(pet, lip, 4, 1, &line);
    lg_pet_line(pet, lip, 4, -1, &line);
    draw_nose(pet);
}

void lg_dog_draw(lg_pet *pet)
{
    const ear ears = ear_of(pet);
    const bool panting = lg_chance_odds(&pet->face, 0.45f);
    const float open = panting ? lg_chance_range(&pet->face, 0.2f, 1.0f) : 0.0f;
    lg_pet_shoulders(pet, 0.28f, 0.56f);
    lg_pet_collar(pet, 0.32f);
    if (ears.kind != EAR_HANGING) draw_ears(pet, &ears);
    draw_head(pet);
    if (ears.kind == EAR_HANGING) draw_ears(pet, &ears);
    draw_eyes(pet);
    draw_muzzle(pet, open);
}
