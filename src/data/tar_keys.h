/* tar_keys.h -- which image and which class file of a shard belong together.
 *
 * Layer 1 (data).  The key of a member is its path up to the first dot of its last name.  Members
 * of one key may stand anywhere in the shard, in any order.  Keys are held as 64-bit hashes, 16
 * bytes each, and so are whole paths, for as long as their shard is walked. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_KEYS_H
#define LG_DATA_TAR_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "logit.h"

enum { LG_TAR_NONE = -1, LG_TAR_SEEN = -2 };

typedef struct lg_tar_key {
    uint64_t hash;          /* 0: the slot is free */
    int32_t sample, number; /* the image of this key, its class's number; LG_TAR_NONE: not yet */
                            /* of a whole path: LG_TAR_SEEN, where it was met */
} lg_tar_key;

/* Zero it first. */
typedef struct lg_tar_keys {
    lg_tar_key *slot; /* [slots], a power of two, at most three quarters of them taken */
    size_t slots, count;
} lg_tar_keys;

/* The entry of the key of this path, new where there was none; valid until the next call.  Error:
 * NOMEM. */
logit_status lg_tar_key_of(lg_tar_keys *keys, const char *path, lg_tar_key **key, logit_error *err);
/* The same for the whole path, which is an entry of its own. */
logit_status lg_tar_path_of(lg_tar_keys *keys, const char *path, lg_tar_key **key,
                            logit_error *err);
void lg_tar_keys_empty(lg_tar_keys *keys); /* forgets all, keeps the memory */
void lg_tar_keys_clear(lg_tar_keys *keys); /* frees */

/* Bytes of the key of a path: up to the first dot of its last name. */
size_t lg_tar_key_length(const char *path);

#endif
