/* folder_seen.h -- which folders were entered already, told by device and inode.
 *
 * Layer 1 (data).  What ends the walk where a symbolic link leads back up. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FOLDER_SEEN_H
#define LG_DATA_FOLDER_SEEN_H

#include <stddef.h>
#include <stdint.h>

/* An open-addressing set; zero it first. */
typedef struct lg_seen {
    struct lg_seen_slot {
        uint64_t device, inode;
        uint32_t round; /* the slot is taken where it is the set's */
    } * slot;           /* [room], a power of two, at most half of them taken */
    size_t room, count;
    uint32_t round;
} lg_seen;

/* Adds a folder: 1 if it is new, 0 if it was there, -1 if memory ran out. */
int lg_seen_add(lg_seen *seen, uint64_t device, uint64_t inode);
void lg_seen_empty(lg_seen *seen); /* forgets all, keeps the memory */
void lg_seen_clear(lg_seen *seen); /* frees */

#endif
