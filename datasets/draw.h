/* draw.h -- families of pictures that draw themselves, and the sets of files made of them.
 *
 * Part of the drawing program; knows canvas.h and base.  A family is one row of lg_families and
 * one function.  Picture i of a seed is the same in every set that holds it, whatever its size
 * and whichever thread draws it, and so is its place: class i mod K; of each ten pictures of a
 * class the second is for validation, the third for testing.  A larger set only adds files.
 * A packed file holds the pixels as they were drawn; a PNG the same, a JPEG what is left of them.
 */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_DRAW_H
#define LG_DATASETS_DRAW_H

#include "base/file.h"
#include "datasets/canvas.h"
#include "data/image_write.h"

/* Draws picture `image` of class class_index (= image mod K) on a canvas of any size. */
typedef void lg_draw_fn(lg_canvas *canvas, uint64_t seed, int64_t image, int class_index);

void lg_pets_draw(lg_canvas *canvas, uint64_t seed, int64_t image, int class_index);
void lg_digits_draw(lg_canvas *canvas, uint64_t seed, int64_t image, int class_index);

/* Numbers of the streams of chance (chance.h); a number is never used for another family. */
typedef enum lg_family_stream { LG_FAMILY_PETS = 1, LG_FAMILY_DIGITS = 2 } lg_family_stream;

/* MIXED: each picture is one or the other, by its number. */
typedef enum lg_draw_format { LG_DRAW_PNG, LG_DRAW_JPG, LG_DRAW_MIXED } lg_draw_format;

typedef struct lg_family {
    const char *name, *says; /* for --help */
    const char *const *classes;
    int class_count, channels;
    lg_family_stream stream;
    lg_draw_fn *draw;
    int size, count; /* defaults: side in pixels, number of pictures */
    lg_draw_format format;
} lg_family;

enum { LG_FAMILY_COUNT = 2 };
extern const lg_family lg_families[LG_FAMILY_COUNT];

const lg_family *lg_family_find(const char *name); /* NULL if there is none */

typedef enum lg_split { LG_SPLIT_TRAIN, LG_SPLIT_VAL, LG_SPLIT_TEST, LG_SPLIT_COUNT } lg_split;
extern const char *const lg_split_names[LG_SPLIT_COUNT];

int lg_draw_class(const lg_family *family, int64_t image);
lg_split lg_draw_split(const lg_family *family, int64_t image);

/* Picture `image` into out[height][width][channels], on a canvas of that height and width. */
void lg_draw_picture(const lg_family *family, lg_canvas *canvas, uint64_t seed, int64_t image,
                     uint8_t *out);

typedef struct lg_draw_options {
    const lg_family *family;
    const char *folder; /* or the packed file */
    int64_t count;      /* at least 3 K: a picture of each class in each part */
    uint64_t seed;
    lg_draw_format format;
    int size;    /* side in pixels, LG_DRAW_SIZE_LEAST .. LG_DRAW_SIZE_MOST */
    int threads; /* 0: all processors */
    bool force;  /* into a folder that is not empty; an earlier drawing in it is removed */
} lg_draw_options;

enum { LG_DRAW_SIZE_LEAST = 8, LG_DRAW_SIZE_MOST = 2048, LG_DRAW_COUNT_MOST = 100000000 };

/* How a picture is stored: by the options, or for MIXED by its number. */
lg_file_kind lg_draw_kind(const lg_draw_options *options, int64_t image);

/* The path of a picture below the folder: "train/cat/000000.png".  Returns out. */
const char *lg_draw_path(const lg_draw_options *options, int64_t image, char *out, size_t size);

/* Is this the name of a packed file (NAME.packed)? */
bool lg_draw_is_packed(const char *path);

/* Draws the whole set into one packed file, options->folder; format is not looked at.  The file
 * depends on family, seed, count and size alone.  written[part] counts the pictures.  Errors:
 * USAGE, IO, NOMEM, LOCKED. */
logit_status lg_draw_packed(const lg_draw_options *options, int64_t written[LG_SPLIT_COUNT],
                            logit_error *err);

/* Draws and writes the whole set: files, or a packed file where the name says so.  written[part]
 * counts the files.  Errors: USAGE (options that make no sense, a folder that is not empty), IO,
 * NOMEM. */
logit_status lg_draw_set(const lg_draw_options *options, int64_t written[LG_SPLIT_COUNT],
                         logit_error *err);

#endif
