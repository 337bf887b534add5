/* tar_names.h -- the shards of a path: one tar, a folder of them, or a pattern.
 *
 * Layer 1 (data).  In a pattern {000..012} stands for these numbers, each of which must be there,
 * and * ? [..] for what lies on the disk.  Shards are sorted bytewise.  They are parts by their
 * names: train-000.tar, imagenet-val-12.tar. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_NAMES_H
#define LG_DATA_TAR_NAMES_H

#include "data/formats.h"

typedef struct lg_tar_shards {
    char **path; /* [count] sorted, malloc'ed */
    size_t count, room;
} lg_tar_shards;

/* Errors: IO, NOMEM. */
logit_status lg_tar_is_named(const char *path, int *mine, logit_error *err);

/* Finds the shards at dataset->path; sets has_parts, stray and hidden.  A single shard that is not
 * named as a part, and a folder in which no train shard is, are all train.  Errors: IO (one is not
 * there), NOMEM, DATA (none; compressed ones). */
logit_status lg_tar_find(lg_tar_shards part[LG_PART_COUNT], lg_dataset *dataset, logit_error *err);
void lg_tar_shards_clear(lg_tar_shards *shards);

#endif
