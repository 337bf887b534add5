/* disk.h -- what a disk may hold after a power cut, of a folder that a program wrote into.
 *
 * Tests.  tests/shim records what was done (LOGIT_RECORD); this replays it up to any moment and
 * gives every state of the model of ALICE (Pillai and others 2014) that may be found there then:
 *   - of names made, renamed and removed since their folder was synced, any first ones are there;
 *     a folder whose own name was not synced is not there at all;
 *   - of a file's bytes since it was synced: all, none, their length alone (zeros), or torn at each
 *     multiple of 512 and of 4096 bytes: the first ones there and the rest missing, or zeros; or
 *     the last ones there and the first zeros. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_DISK_H
#define LG_TESTS_DISK_H

#include <stddef.h>
#include <stdint.h>

enum { DISK_NAMES = 24, DISK_NAME = 64 };

typedef struct disk_bytes {
    uint8_t *data;
    size_t size;
} disk_bytes;

/* A file's name below the folder, and what is in it: borrowed. */
typedef struct disk_file {
    char name[DISK_NAME];
    disk_bytes holds;
} disk_file;

/* A version that was given a name: whole, by a rename. */
typedef struct disk_version {
    char name[DISK_NAME];
    disk_bytes holds;
    int renamed, done; /* operations that were over then; done: its folder is synced.  -1: never */
} disk_version;

typedef struct disk_state {
    int operations; /* that were over when the power went */
    disk_file file[DISK_NAMES];
    int files;
} disk_state;

typedef struct disk disk;

/* Reads a record of what was done below folder, an absolute path.  Fails the test (Check) where it
 * makes no sense. */
disk *disk_open(const char *record, const char *folder);
void disk_close(disk *d);

int disk_operations(const disk *d);
/* All renames, in order. */
const disk_version *disk_versions(const disk *d, int *count);
/* What is in the file at the end; size 0 where it is not there. */
disk_bytes disk_at_end(const disk *d, const char *name);

/* What the disk does not keep of its promises: a sync that is called done and is not. */
enum { DISK_LIES_ON_DATA = 1, DISK_LIES_ON_NAMES = 2 };

/* Every state after every operation.  Returns how many. */
typedef void disk_visit(void *user, const disk_state *state);
int64_t disk_each_state(const disk *d, int lies, disk_visit *visit, void *user);

#endif
