/* npy_bytes.h -- .npy files made byte by byte, as numpy.save writes them, good ones to be spoilt.
 *
 * Tests.  What cannot be made fails the test (Check). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_NPY_BYTES_H
#define LG_TESTS_NPY_BYTES_H

#include "base/element.h"
#include "base/file.h"
#include "tests/tree.h"

/* Magic, version 1.0 and a header with this text between its braces' spaces, padded to 64 bytes;
 * nothing else is looked at. */
void npy_header(lg_bytes *to, const char *dictionary);

/* The header of an array, "(3, 4)" its shape. */
void npy_array(lg_bytes *to, const char *descr, const char *shape);

/* descr of samples of this element: "|u1", "<f2", "<f4". */
const char *npy_descr(lg_element element);

/* Appends data. */
void npy_add(lg_bytes *to, const void *data, size_t size);

/* Writes the bytes to a file of the tree, and clears them. */
void npy_file(const tree *t, const char *path, lg_bytes *bytes);

/* The set of most tests: NPY_COUNT samples of NPY_WIDTH numbers in three classes.  Number j of
 * sample i is npy_value(i, j), a half and a float; and its class. */
enum { NPY_COUNT = 300, NPY_WIDTH = 21, NPY_CLASSES = 3 };
double npy_value(int i, int j);
int npy_class(int i);

/* Writes count samples of it, from the first on, to STEM.npy, and int64 classes to STEM.labels.npy.
 */
void npy_write(const tree *t, const char *stem, lg_element element, int count);

/* Samples alone, appended to bytes. */
void npy_samples(lg_bytes *to, lg_element element, int count);

#endif
