/* tar_part.h -- the samples of the shards of one part: where each lies, and its class.
 *
 * Layer 1 (data).  Two layouts, told by what is there:
 *   key.jpg + key.cls    the class is the number that key.cls holds
 *   CLASS/..image        the class is the first folder that not all images of the part share
 * A sample takes 16 bytes: its place, its size, its class.  Its name is read from its header again
 * when a message needs it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_PART_H
#define LG_DATA_TAR_PART_H

#include <sys/stat.h>

#include "data/name_table.h"
#include "data/tar_header.h"
#include "data/tar_keys.h"
#include "data/tar_names.h"

/* In blocks of 512 bytes: a shard may have 2 TiB. */
typedef struct lg_tar_sample {
    uint32_t block, size;   /* of its data; bytes, UINT32_MAX: too many to be an image */
    uint16_t header_blocks; /* before the data */
} lg_tar_sample;

typedef struct lg_tar_shard {
    char *path;
    struct stat info; /* as it was when it was walked */
    int64_t first;    /* its first sample */
} lg_tar_shard;

typedef enum lg_tar_layout { LG_TAR_UNKNOWN, LG_TAR_CLS, LG_TAR_FOLDERS } lg_tar_layout;

/* Zero it first. */
typedef struct lg_tar_part {
    lg_tar_shard *shard; /* [shards] */
    int shards;
    lg_tar_sample *sample; /* [count] in the order of the shards and of what lies in them */
    int32_t *number;       /* [count] of its class in classes, or LG_TAR_NONE */
    int64_t count, room;
    lg_tar_layout layout;
    lg_name_table folders; /* of the images, while they are walked */
    lg_name_table classes; /* their places are numbers of shards */

    lg_dataset *dataset; /* while they are walked */
    const logit_watch *watch;
    lg_tar_keys keys; /* of the shard at hand */
    int64_t members;
} lg_tar_part;

void lg_tar_part_clear(lg_tar_part *part); /* frees */

/* Walks the shards.  What is no image of a class is counted as a stray.  Errors: IO, NOMEM,
 * STOPPED; DATA as lg_tar_walk, with FORMAT (a .cls that holds no number, a class folder whose name
 * is none), RANGE (a number below 0, no image at all), MISMATCH (an image without its .cls, two of
 * one key, two layouts), LIMIT. */
logit_status lg_tar_part_read(lg_tar_part *part, const lg_tar_shards *shards, lg_dataset *dataset,
                              const logit_watch *watch, logit_error *err);

/* Gives each sample the label of its number, and drops those with a label below 0. */
void lg_tar_part_keep(lg_tar_part *part, const int32_t *label);

/* The shard of a sample. */
const lg_tar_shard *lg_tar_shard_of(const lg_tar_shard *shard, int shards, int64_t sample);

/* "SHARD:MEMBER" of a sample for messages, escaped; "SHARD[N]" where the header cannot be read any
 * more.  Returns out. */
const char *lg_tar_sample_name(const lg_tar_shard *shard, const lg_tar_sample *sample,
                               int64_t number, char *out, size_t size);

#endif
