/* cache.h -- images that do not fit in memory are decoded once, and found again by later runs.
 *
 * Layer 2 (train).  The first run on a set of files whose images do not fit in --memory writes a
 * packed file (docs/packed-file.md) into the cache folder; that run and all later ones read their
 * samples from there.  It is found by what the set is: names, sizes and times of its files,
 * classes, what was asked for (size, channels) and how images are decoded.  A set that changed has
 * another name in the cache, and the old file is of no use any more: whoever wants the space may
 * delete anything in the folder at any time.
 *
 * Same samples, same order, same bits as without it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CACHE_H
#define LG_TRAIN_CACHE_H

#include <limits.h>

#include "data/dataset.h"
#include "logit.h"

typedef struct lg_cache {
    const logit_options *options;
    const logit_watch *watch;
    lg_decoding decoding;  /* as asked of the set */
    lg_image_target asked; /* of the shape: what is not left open */
    char path[PATH_MAX];   /* of the packed file; "" where there can be none */
    int found;             /* it is there */
} lg_cache;

/* Before the set is opened: lets opening ask the cache for the shape of the images, so that no
 * header has to be read where the file is there.  how->shape is what is asked for. */
void lg_cache_prepare(lg_cache *cache, lg_dataset_options *how, const logit_options *options,
                      const logit_watch *watch);

/* After it: puts the packed set in the place of *data, packing it first where its images are too
 * many for options->memory.  If the file cannot be written (a full disk, no folder) that is said,
 * and the set stays as it is.  Errors: DATA (a bad image, as on_bad has it), NOMEM, STOPPED. */
logit_status lg_cache_apply(lg_cache *cache, lg_dataset **data, logit_error *err);

#endif
