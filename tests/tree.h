/* tree.h -- a temporary folder with files, links and worse in it, and data sets opened from it.
 *
 * Tests.  Paths are below the tree's folder.  What cannot be made fails the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_TREE_H
#define LG_TESTS_TREE_H

#include <stddef.h>

#include "data/dataset.h"

typedef struct tree {
    char root[64];
} tree;

void tree_open(tree *t);
void tree_close(tree *t); /* removes it all, whatever the depth */

/* The whole path; the four latest answers stay valid. */
const char *tree_path(const tree *t, const char *path);

void tree_folder(const tree *t, const char *path); /* and the ones above it */
void tree_file(const tree *t, const char *path, const void *bytes, size_t size); /* the same */
void tree_text(const tree *t, const char *path, const char *text);
void tree_link(const tree *t, const char *path, const char *target);

/* A PNM image of `height` x `width`, c 1 or 3, all pixels `value`. */
typedef struct tree_size {
    int height, width, channels;
} tree_size;
void tree_image(const tree *t, const char *path, tree_size size, int value);

/* An image of 2 x 3 grey pixels in each of these files; NULL ends the list. */
void tree_images(const tree *t, const char *const *path);

/* Opens the data set at path, which must work.  options may be NULL. */
lg_dataset *tree_dataset(const tree *t, const char *path, const lg_dataset_options *options);

/* Opens the data set at path, which must fail with this status and a message that holds each of the
 * texts; NULL ends the list. */
void tree_refused(const tree *t, const char *path, const lg_dataset_options *options,
                  logit_status status, const char *const *text);

/* Name of sample i, below the tree's folder: "cats/1.ppm".  Static. */
const char *tree_sample(const tree *t, const lg_set *set, int64_t i);

/* The samples are exactly these, in this order, each with its label; NULL ends the list. */
typedef struct tree_want {
    const char *name;
    int label;
} tree_want;
void tree_assert_samples(const tree *t, const lg_set *set, const tree_want *want);

/* The classes are exactly these, in this order; NULL ends the list. */
void tree_assert_classes(const lg_dataset *dataset, const char *const *want);

/* Reads every sample of the set; returns how many are good. */
int64_t tree_count_good(const lg_set *set);

/* Reads sample i, which must fail with this status and a message that holds each of the texts;
 * NULL ends the list. */
void tree_assert_bad(const lg_set *set, int64_t i, logit_status status, const char *const *text);

#endif
