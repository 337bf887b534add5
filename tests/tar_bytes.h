/* tar_bytes.h -- tars made byte by byte, without libarchive.
 *
 * Tests.  Headers are laid out by hand after POSIX, "ustar Interchange Format". */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_TAR_BYTES_H
#define LG_TESTS_TAR_BYTES_H

#include "base/file.h"
#include "tests/tree.h"

enum { TAR_BLOCK = 512 };

/* A header of this name (100 bytes at most), type and size; its checksum is right. */
void tar_header(lg_bytes *to, const char *name, char type, int64_t size);
/* Sets the checksum of the header at `at` again, after it was spoilt. */
void tar_sum(lg_bytes *to, size_t at);
/* Bytes, filled up with zeros to whole blocks. */
void tar_data(lg_bytes *to, const void *data, size_t size);
/* A file: header and data. */
void tar_file(lg_bytes *to, const char *name, const void *data, size_t size);
void tar_text(lg_bytes *to, const char *name, const char *text);
/* A file that holds a 2 x 3 grey PNM image, all pixels `value`. */
void tar_image(lg_bytes *to, const char *name, int value);
/* A pax header with this body before the next member. */
void tar_pax(lg_bytes *to, const char *body, size_t size);
/* Two blocks of zeros. */
void tar_end(lg_bytes *to);

/* Writes them to a file of the tree and forgets them. */
void tar_write(const tree *t, const char *path, lg_bytes *bytes);

/* The good tar that tests spoil: a/1.ppm, b/2.ppm and a/3.ppm at bytes 0, 1024 and 2048. */
void tar_good(lg_bytes *to);

/* Opens the set at path, which must be refused as DATA by this class, with a message that holds
 * text and names a byte, in less than 100 ms of work. */
void tar_refused(const tree *t, const char *path, const char *class_name, const char *text);

#endif
