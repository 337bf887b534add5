/* folder_scan.h -- what lies directly in one folder, in an order that does not depend on the disk.
 *
 * Layer 1 (data).  Names go into one growing block and are known by their offset in it, so that a
 * million of them cost little more than their letters. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FOLDER_SCAN_H
#define LG_DATA_FOLDER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

/* Names, NUL-terminated, one behind the other.  Zero it first. */
typedef struct lg_names {
    char *data;
    size_t size, room;
} lg_names;

void lg_names_clear(lg_names *names); /* frees */

/* Adds name[0 .. length-1] and a NUL at offset names->size.  Error: NOMEM. */
logit_status lg_names_add(lg_names *names, const char *name, size_t length, logit_error *err);

typedef enum lg_entry_kind {
    LG_ENTRY_FILE,   /* a regular file or a link to one; also what cannot be looked at, such as
                      * a link to nothing: reading it will say why */
    LG_ENTRY_FOLDER, /* or a link to one */
    LG_ENTRY_OTHER   /* fifo, socket, device: never to be opened */
} lg_entry_kind;

typedef struct lg_entry {
    uint64_t name; /* offset in the names */
    lg_entry_kind kind;
} lg_entry;

/* Zero it first. */
typedef struct lg_scan {
    lg_entry *entry; /* [count], bytewise by name, a folder's as if it ended in '/': walking
                      * down in this order gives paths in bytewise order */
    size_t count, room;
    int64_t hidden;         /* names that begin with '.', which are not listed */
    uint64_t device, inode; /* which folder this is, however it was reached */
} lg_scan;

void lg_scan_clear(lg_scan *scan); /* frees */

/* Opens a folder for lg_scan_read.  at: a descriptor or AT_FDCWD.  path: as errors name it.
 * Error: IO. */
logit_status lg_scan_open(int *fd, int at, const char *name, const char *path, logit_error *err);

/* Lists the folder that is open as fd and closes fd.  Names are added to names.  Errors: IO,
 * NOMEM.  scan may be cleared whatever happened. */
logit_status lg_scan_read(lg_scan *scan, lg_names *names, int fd, const char *path,
                          logit_error *err);

#endif
