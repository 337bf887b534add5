/* pets.h -- what cats and dogs share: a coat, a pose, and the strokes that draw either.
 *
 * Part of the drawing program; knows canvas.h.  A portrait is drawn in the units of its head: the
 * head is about 1 wide, its middle lies at the origin, y points down.  All numbers in the tables
 * of cat.c and dog.c are in these units. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_PETS_H
#define LG_DATASETS_PETS_H

#include "datasets/canvas.h"

/* Streams of chance, one per matter. */
typedef enum lg_pet_part {
    LG_PET_POSE = 1,
    LG_PET_COAT,
    LG_PET_FACE,
    LG_PET_SCENE,
    LG_PET_CAMERA,
    LG_PET_FUR,
    LG_PET_NOISE,
} lg_pet_part;

/* Both animals draw their coats from one distribution, so that colour alone tells nothing. */
typedef struct lg_coat {
    lg_colour base, dark, light; /* of one fur: middle, shade, highlight */
    lg_colour mark;              /* of stripes, patches and masks */
    lg_colour bib;               /* muzzle, chest */
} lg_coat;

typedef struct lg_pet {
    lg_canvas *canvas;
    lg_chance coat_chance, face, fur;
    lg_coat coat;
    lg_affine body, head; /* places */
    float yaw, pitch;     /* where it looks: -1 .. 1, right and down */
    float shag;           /* how rough the edge of the fur is */
} lg_pet;

void lg_cat_draw(lg_pet *pet);
void lg_dog_draw(lg_pet *pet);

/* ------------------------------------------------------------------- strokes for either --- */

/* A feature at (x, y) that stands `depth` in front of the head's surface moves with the gaze. */
lg_affine lg_pet_feature(const lg_pet *pet, float x, float y, float depth);

/* A furry shape of these colours, lit from above left of its middle. */
void lg_pet_furry(lg_pet *pet, const lg_outline *outline, lg_colour light, lg_colour dark);
/* The right half as it is for side 1, mirrored for side -1. */
static inline lg_affine lg_pet_half(int side)
{
    return lg_affine_scale((float)side, 1.0f);
}

/* A closed smooth shape through the points, transformed. */
lg_outline lg_pet_shape(const lg_point *point, int count, lg_affine how);
/* How an ear is shaped: `tall` times as high above its root, leaning out by `lean`. */
lg_affine lg_pet_ear(int side, float tall, float lean);
/* A smooth line through the points on one side, from width w0 to w1. */
typedef struct lg_pet_pen {
    float w0, w1;
    lg_paint paint;
} lg_pet_pen;
void lg_pet_line(lg_pet *pet, const lg_point *point, int count, int side, const lg_pet_pen *pen);
/* Shoulders, neck and chest. */
void lg_pet_shoulders(lg_pet *pet, float neck, float width);
/* A collar round the neck, with a tag at times. */
void lg_pet_collar(lg_pet *pet, float neck);

#endif
