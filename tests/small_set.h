/* small_set.h -- tiny data sets on disk, made by the tests that train on them.
 *
 * Tests.  Everything lies in one temporary folder, made by small_set_begin and removed by
 * small_set_end (a Check fixture). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_SMALL_SET_H
#define LG_TESTS_SMALL_SET_H

#include <stdint.h>

void small_set_begin(void);
void small_set_end(void);

/* Path of `name` in the temporary folder; a static buffer that serves four calls in turn. */
const char *small_set_path(const char *name);

/* IDX files, `count` images of 6x5 grey pixels in `classes` classes: one random prototype per
 * class and noise.  Sample i has class i % classes. */
void small_set_write_idx(const char *folder, const char *stem, int count, int classes);

/* The same, and once more the first image, with the second class as its label. */
void small_set_write_mixed(const char *folder, int count, int classes);

/* The same images as PNM files in class folders c0, c1, .. under folder. */
void small_set_write_folder(const char *folder, int count, int classes);

/* IDX files whose labels are floats: width 1: y = 0.5 + 2 x_0 - x_7 of the pixels in 0..1;
 * width = classes: one-hot rows of the same classes as small_set_write_idx. */
void small_set_write_targets(const char *folder, int count, int width);

enum { SMALL_HEIGHT = 6, SMALL_WIDTH = 5, SMALL_PIXELS = 30 };

/* Pixels of sample i. */
void small_set_pixels(int i, int classes, uint8_t *out);

/* Whole file; *size is its length; to be freed. */
uint8_t *small_set_read(const char *path, int64_t *size);

#endif
