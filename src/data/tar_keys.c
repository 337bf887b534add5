/* tar_keys.c -- open addressing over hashes. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_keys.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/status.h"

enum { FIRST_SLOTS = 1024 };

size_t lg_tar_key_length(const char *path)
{
    const char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;
    return (size_t)(leaf - path) + strcspn(leaf, ".");
}

static lg_tar_key *find(const lg_tar_keys *keys, uint64_t hash)
{
    size_t at = (size_t)hash & (keys->slots - 1);
    while (keys->slot[at].hash && keys->slot[at].hash != hash) at = (at + 1) & (keys->slots - 1);
    return &keys->slot[at];
}

static logit_status widen(lg_tar_keys *keys, logit_error *err)
{
    lg_tar_keys wider = {.slots = keys->slots ? 2 * keys->slots : FIRST_SLOTS};
    wider.slot = calloc(wider.slots, sizeof *wider.slot);
    if (!wider.slot) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %zu keys", wider.slots);
    wider.count = keys->count;
    for (size_t i = 0; i < keys->slots; i++)
        if (keys->slot[i].hash) *find(&wider, keys->slot[i].hash) = keys->slot[i];
    free(keys->slot);
    *keys = wider;
    return LOGIT_OK;
}

static logit_status take(lg_tar_keys *keys, uint64_t hash, lg_tar_key **key, logit_error *err)
{
    if (4 * (keys->count + 1) > 3 * keys->slots) LG_TRY(widen(keys, err));
    hash += !hash; /* 0 marks a free slot */
    *key = find(keys, hash);
    if ((*key)->hash) return LOGIT_OK;
    keys->count++;
    **key = (lg_tar_key){hash, LG_TAR_NONE, LG_TAR_NONE};
    return LOGIT_OK;
}

logit_status lg_tar_key_of(lg_tar_keys *keys, const char *path, lg_tar_key **key, logit_error *err)
{
    return take(keys, XXH3_64bits(path, lg_tar_key_length(path)), key, err);
}

logit_status lg_tar_path_of(lg_tar_keys *keys, const char *path, lg_tar_key **key, logit_error *err)
{
    enum { WHOLE = 1 }; /* a seed, so that a path without a dot is not its own key */
    return take(keys, XXH3_64bits_withSeed(path, strlen(path), WHOLE), key, err);
}

void lg_tar_keys_empty(lg_tar_keys *keys)
{
    if (keys->slot) memset(keys->slot, 0, keys->slots * sizeof *keys->slot);
    keys->count = 0;
}

void lg_tar_keys_clear(lg_tar_keys *keys)
{
    free(keys->slot);
    *keys = (lg_tar_keys){0};
}
