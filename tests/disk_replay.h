/* disk_replay.h -- a record of system calls, and a disk on which it is carried out step by step.
 *
 * Tests; for disk.c alone. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_DISK_REPLAY_H
#define LG_TESTS_DISK_REPLAY_H

#include "tests/disk.h"

enum { DISK_DESCRIPTORS = 1024, DISK_OPERATIONS = 20000, DISK_INODES = 400, DISK_VERSIONS = 100 };

typedef struct disk_operation {
    char kind; /* as in tests/shim/shim.c */
    int fd;
    long long offset;
    size_t size;
    const uint8_t *bytes; /* into the record; paths are ended by what follows them */
} disk_operation;

struct disk {
    char folder[512];
    disk_bytes record;
    disk_operation op[DISK_OPERATIONS];
    int ops;
    disk_version version[DISK_VERSIONS];
    int versions;
    disk_file end[DISK_NAMES];
    int ends;
};

typedef struct disk_content {
    disk_bytes now, kept; /* kept: what was synced */
} disk_content;

/* A change of names: to is made, pointing at inode; or, inode -1, from is removed. */
typedef struct disk_change {
    char from[DISK_NAME], to[DISK_NAME];
    int inode;
} disk_change;

typedef struct disk_replay {
    const disk *d;
    int lies;
    int leads[DISK_DESCRIPTORS];
    disk_content inode[DISK_INODES];
    int inodes;
    disk_change change[DISK_OPERATIONS];
    int changes, kept_changes;
    int folder_kept; /* its own name is synced */
} disk_replay;

void disk_parse(disk *d, const char *record);

/* To be ended by disk_replay_end. */
disk_replay *disk_replay_begin(const disk *d, int lies);
void disk_replay_end(disk_replay *r);

/* One operation; 1 if it changed what a disk may hold. */
int disk_replay_apply(disk_replay *r, const disk_operation *op);

/* The names after the first `changes`, and which inode each has.  Returns how many. */
int disk_replay_names(const disk_replay *r, int changes, char name[][DISK_NAME], int *inode);

void disk_bytes_set(disk_bytes *to, const disk_bytes *from);

#endif
