/* folder_seen.c -- open addressing; emptied by counting up the round that a taken slot bears. */
/* SPDX-License-Identifier: MIT */
#include "data/folder_seen.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

/* Multiplied by 2^64 over the golden ratio, upper bits used (Knuth, TAOCP 3, 6.4). */
static size_t place_of(uint64_t device, uint64_t inode)
{
    return (size_t)(((inode ^ device << 40) * 0x9E3779B97F4A7C15u) >> 32);
}

/* The folder's slot, or the free one where it belongs. */
static struct lg_seen_slot *slot_of(const lg_seen *seen, uint64_t device, uint64_t inode)
{
    size_t i = place_of(device, inode);
    for (;; i++) {
        struct lg_seen_slot *slot = &seen->slot[i & (seen->room - 1)];
        if (slot->round != seen->round || (slot->device == device && slot->inode == inode))
            return slot;
    }
}

static int grow(lg_seen *seen)
{
    const lg_seen old = *seen;
    seen->room = old.room ? 2 * old.room : FIRST_ROOM;
    seen->slot = calloc(seen->room, sizeof *seen->slot);
    if (!seen->slot) {
        *seen = old;
        return 0;
    }
    seen->round = 1;
    for (size_t i = 0; i < old.room; i++) {
        if (old.slot[i].round != old.round) continue;
        struct lg_seen_slot *slot = slot_of(seen, old.slot[i].device, old.slot[i].inode);
        *slot = old.slot[i];
        slot->round = seen->round;
    }
    free(old.slot);
    return 1;
}

int lg_seen_add(lg_seen *seen, uint64_t device, uint64_t inode)
{
    if (2 * (seen->count + 1) > seen->room && !grow(seen)) return -1;
    struct lg_seen_slot *slot = slot_of(seen, device, inode);
    if (slot->round == seen->round) return 0;
    *slot = (struct lg_seen_slot){.device = device, .inode = inode, .round = seen->round};
    seen->count++;
    return 1;
}

void lg_seen_empty(lg_seen *seen)
{
    seen->count = 0;
    seen->round++; /* 2^32 classes would be needed to come round */
}

void lg_seen_clear(lg_seen *seen)
{
    free(seen->slot);
    *seen = (lg_seen){0};
}
