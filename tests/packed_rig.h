/* packed_rig.h -- a small packed file with everything in it, and hands to spoil it with.
 *
 * Tests.  What the file holds follows from numbers alone, so that what is read can be judged
 * without a second copy. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_PACKED_RIG_H
#define LG_TESTS_PACKED_RIG_H

#include "base/file.h"
#include "data/packed_file.h"
#include "data/packed_write.h"

enum {
    PACKED_CLASSES = 3,
    PACKED_TRAIN = 37, /* samples; rows of 7 x 5 bytes in a random order, weights, names */
    PACKED_TEST = 5,   /* samples; in order, no weights, no names */
    PACKED_BAD = 11,   /* of train */
    PACKED_PIXELS = 35
};

/* What a packed file of `count` samples of this shape and element would be; one part, train. */
lg_packed_plan packed_plan(const char *path, int64_t count, lg_image_target shape,
                           lg_element element);

/* Writes the small file.  backwards: its rows are put from the last to the first. */
void packed_write_small(const char *path, int backwards);

/* Byte j of sample i of a part; label and weight of it. */
uint8_t packed_byte(int part, int64_t i, size_t j);
int32_t packed_label(int64_t i);
float packed_weight(int64_t i);

extern const char packed_bad_reason[];

/* A whole file in memory; clear with lg_bytes_clear.  And back. */
lg_bytes packed_load(const char *path);
void packed_save(const char *path, const lg_bytes *bytes);

/* Changes a number of the header page, little endian, `size` bytes of it at `at`, and makes the
 * page's checksum right again. */
void packed_poke(lg_bytes *bytes, size_t at, uint64_t value, int size);
void packed_seal(lg_bytes *bytes);
/* Where section `id` of a part is described in the header page. */
size_t packed_section_at(int part, lg_packed_section_id id);
/* Makes the checksum of a section right, and that of the page. */
void packed_seal_section(lg_bytes *bytes, int part, lg_packed_section_id id);

/* Opens the file, which must be refused as DATA in less than 100 ms with "[CLASS]" and `text`. */
void packed_refused(const char *path, const char *class_name, const char *text);

#endif
