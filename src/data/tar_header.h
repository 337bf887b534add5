/* tar_header.h -- what stands before a member of a tar: numbers, checksums, names of any length.
 *
 * Layer 1 (data).  POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block", and the
 * GNU tar manual, "Basic Tar Format".  libarchive walks the shards (tar_walk.h); this reads the
 * same headers once more, without a word from it: to say at which byte a header is wrong and how,
 * to hold its offsets against, and to find a member's name again when a message needs it.
 * Names are bytes here, whatever the locale. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_HEADER_H
#define LG_DATA_TAR_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "data/formats.h"

enum {
    LG_TAR_BLOCK = 512,
    LG_TAR_WINDOW = 16 << 10,     /* bytes read at a time */
    LG_TAR_MOST_HEADER = 1 << 20, /* bytes of a pax header or a long name */
    LG_TAR_MOST_HEADERS = 32      /* of one member */
};

/* An open tar, and what of it is in memory.  One thread at a time. */
typedef struct lg_tar_file {
    char *path;
    int fd;
    int64_t bytes;
    uint8_t *window;    /* [LG_TAR_WINDOW] what the walk read last, */
    int64_t window_at;  /* from here, */
    size_t window_size; /* so much */
    lg_bytes side;      /* what was looked at beside it */
} lg_tar_file;

/* Errors: IO, NOMEM.  May be closed whatever happened. */
logit_status lg_tar_file_open(lg_tar_file *file, const char *path, logit_error *err);
void lg_tar_file_close(lg_tar_file *file);

/* Reads the next window, at `at`; window_size is 0 at the end of the file.  Error: IO. */
logit_status lg_tar_file_read(lg_tar_file *file, int64_t at, logit_error *err);

/* A member, as its headers tell. */
typedef struct lg_tar_member {
    int64_t header_at, data_at; /* where its first header begins, where its data does */
    int64_t size;
    int plain;  /* 1: a regular file that lies in one piece */
    char kind;  /* its type flag, for messages */
    char *name; /* [room], NUL-terminated; reused from member to member */
    size_t room;
} lg_tar_member;

void lg_tar_member_clear(lg_tar_member *member); /* frees */

/* Reads the headers at `at`.  Errors: IO, NOMEM; DATA with TRUNC (the file ends in a header, or in
 * the data of a plain file), CORRUPT (a checksum), FORMAT (a number or a pax record that is none, a
 * NUL in a name), RANGE (a negative size), OVERFLOW (one beyond 2^63), LIMIT. */
logit_status lg_tar_member_read(lg_tar_member *member, lg_tar_file *file, int64_t at,
                                logit_error *err);

/* "PATH: tar at byte N: reason [CLASS]". */
#define LG_TAR_BAD(err, file, byte, class_name, ...)                                               \
    return lg_place_fail((err), LG_PLACE((file)->path, "tar", (int64_t)(byte)), (class_name),      \
                         __VA_ARGS__)

#endif
