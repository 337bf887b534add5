/* idx_bytes.h -- IDX files and gzip streams made byte by byte, good ones to be spoilt.
 *
 * Tests.  What cannot be made fails the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_IDX_BYTES_H
#define LG_TESTS_IDX_BYTES_H

#include "base/file.h"
#include "tests/tree.h"

void bytes_add(lg_bytes *to, const void *data, size_t size);
void bytes_add_be32(lg_bytes *to, uint32_t value);

/* 00 00 type dims, then the sizes. */
void idx_add_header(lg_bytes *to, int type, int dims, const uint32_t *dim);

/* Appends a gzip member that holds these bytes. */
void gzip_add(lg_bytes *to, const void *data, size_t size);

/* Replaces the bytes by a gzip file of them. */
void gzip_whole(lg_bytes *bytes);

/* The small set of most tests: five grey images of 2 x 3, pixel j of image i is 40 i + j; labels
 * 0 1 2 1 0. */
enum { IDX_COUNT = 5, IDX_HEIGHT = 2, IDX_WIDTH = 3, IDX_PIXELS = 6, IDX_HEADER = 16 };
extern const uint8_t idx_label[IDX_COUNT];
void idx_images(lg_bytes *to);
void idx_labels(lg_bytes *to);
/* Writes both to folder/STEM-images-idx3-ubyte and folder/STEM-labels-idx1-ubyte. */
void idx_write(const tree *t, const char *folder, const char *stem);

/* Writes bytes to a file of the tree. */
void idx_file(const tree *t, const char *path, const lg_bytes *bytes);

/* All samples of the small set are there, with these label bytes' names, read one by one and, if
 * resident, in memory. */
void idx_assert_small(const lg_dataset *dataset, lg_part part, int resident);

/* The two files of the small set, to be spoilt before they are written. */
typedef struct idx_pair {
    lg_bytes images, labels;
} idx_pair;

void idx_pair_make(idx_pair *pair);
void idx_pair_clear(idx_pair *pair);
/* To s/train-images-idx3-ubyte and s/train-labels-idx1-ubyte, with .gz behind if gzip. */
void idx_pair_write(const tree *t, const idx_pair *pair, int gzip);

/* Bytes written over the file at an offset; the file may be cut or go on. */
typedef struct idx_spoil {
    const char *row, *classes;
    int labels; /* 0: the images are spoilt, 1: the labels */
    int at, count;
    uint8_t byte[20];
    int more; /* bytes added behind, or cut off */
} idx_spoil;

/* Opens the set s, which must be refused as DATA by one of these classes ("FORMAT|UNSUP"), with a
 * message that names a file and a byte, in less than 100 ms of work. */
void idx_assert_refused(const tree *t, const lg_dataset_options *options, const char *classes);

#endif
