/* loader.h -- minibatches of a set, in order, decoded ahead by threads.
 *
 * Layer 1 (data).  A loader walks over (a list of) the samples of one set, epoch by epoch.  A set
 * that fits in the memory budget is decoded once (lg_loader_preload) and every batch then points
 * into it: nothing is copied, unless samples are augmented, which are then made in slots.  One that
 * does not is decoded anew each epoch by threads that fill the slots of a ring (ring.h) ahead of
 * the consumer; where samples are merely copied a consumer that has to wait copies with them.
 * Either way batch b of epoch e holds the same bytes and labels.
 *
 * A device with memory of its own may take the bytes over.  lg_loader_spare names samples that need
 * not be read again, since the device keeps them; lg_loader_leave says that it keeps them all;
 * lg_loader_stream hands a set that lies in memory out in slots, for a device it does not fit on.
 *
 * The loader's memory is the slots (or the budget), four bytes per sample for the order, as many
 * again where it shuffles in blocks, with skip_bad one bit more, and nothing that grows with the
 * images.  Everything is allocated by create, preload and the first start; from then on only the
 * format's read may allocate.
 *
 * A loader belongs to one thread at a time; its own threads stay inside. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_LOADER_H
#define LG_DATA_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "data/augment.h"
#include "data/balance.h"
#include "data/dataset.h"
#include "data/order.h"
#include "logit.h"

#define LG_LOADER_KEPT_BAD 100
#define LG_LOADER_NORMAL_SAMPLES 16384
#define LG_LOADER_MAX_CHANNELS 3

typedef struct lg_loader lg_loader;

typedef struct lg_loader_options {
    const lg_set *set;
    const int32_t *only; /* [only_count] these samples of it, each once; NULL: all.  Borrowed. */
    int64_t only_count;
    int classes;   /* every label must lie below it; 0: labels are not looked at */
    int64_t batch; /* samples per batch; the last of an epoch may hold fewer */
    lg_shuffle shuffle;
    uint64_t seed;
    int balanced; /* 1: epochs draw classes equally often (balance.h) in place of `shuffle`, which
                   * must be full; `only` must ascend, and there must be labels below classes */
    lg_augment augment; /* what lg_loader_augment turns on; images of u8 alone */
    int threads;        /* decoder threads, >= 1; where samples are merely copied and these are
                         * several, the caller is one of them */
    int64_t memory;     /* budget in bytes for decoded samples (slots or the whole set) */
    int skip_bad;       /* a bad sample (read says DATA or IO) keeps its place with weight 0 (bytes
                         * all zero); else it is an error.  Other errors of read always are. */
    double max_bad;     /* share of the samples; more bad ones than that is DATA */
    /* Page-locked memory for slots where a device wants it; NULL: malloc.  NULL from alloc_host
     * is NOMEM. */
    void *(*alloc_host)(void *user, size_t bytes);
    void (*free_host)(void *user, void *memory);
    void *alloc_user;
    const logit_watch *watch; /* progress of preloading (READ) and of lg_loader_normal (TUNE), and
                               * whether to stop them; who is waited for where nothing moves
                               * (stall.h; WARNING); may be NULL */
} lg_loader_options;

/* One minibatch, in host memory.  Sample i of it is row[i] of the arrays, or row i where row is
 * NULL. Of a slot rows 0 .. fresh-1 have their pixels, in the order of the batch; the others, whose
 * samples are spared, have all but those. */
typedef struct lg_minibatch {
    int64_t number; /* in the epoch, from 0 */
    int64_t count;
    int64_t fresh;         /* count, but for lg_loader_spare */
    const int32_t *row;    /* [count] or NULL */
    lg_element element;    /* of pixels */
    const uint8_t *pixels; /* [*][h*w*c] elements, aligned to them */
    const int32_t *label;  /* [*] or NULL */
    const float *target;   /* [*][target_width] or NULL */
    const float *weight;   /* [*] or NULL: all 1.  0 for bad samples */
    const int32_t *sample; /* [count] index in the set, for messages; always set */
    int slot;              /* which slot it lies in, -1 for a resident set */
} lg_minibatch;

/* Errors: USAGE (an option makes no sense), DATA (a label is out of range; more samples than
 * fit in 31 bits), NOMEM. */
logit_status lg_loader_create(lg_loader **out, const lg_loader_options *options, logit_error *err);
void lg_loader_destroy(lg_loader *loader); /* stops and joins its threads */

/* 1 if the whole set lies (or will lie) in memory. */
int lg_loader_is_resident(const lg_loader *loader);
/* 1 if batches come in slots; 0: they point into the set, which is resident. */
int lg_loader_has_slots(const lg_loader *loader);
/* Epochs that are started from now on: 1 augmented, as the options say; 0, as at first, not. */
void lg_loader_augment(lg_loader *loader, int on);
/* Where the images live and what that takes, for people: "16 slots of 128 images, 61.4 MB, decoded
 * anew each epoch".  Says so where two slots take more than the budget. */
void lg_loader_describe(const lg_loader *loader, char *text, size_t size);

/* Decodes the whole set into memory if it fits (with all threads), else does nothing.  Called by
 * the first lg_loader_start if not before.  After an error it may be called again.  Errors: DATA,
 * IO, NOMEM, STOPPED. */
logit_status lg_loader_preload(lg_loader *loader, logit_error *err);

/* Begins epoch `epoch` (from 0), from batch `first` (at most lg_loader_batches); what is left of
 * the one before, batches that are held included, is dropped.  Errors: USAGE, NOMEM, those of
 * preloading. */
logit_status lg_loader_start(lg_loader *loader, uint32_t epoch, int64_t first, logit_error *err);

/* Next batch of the epoch in order; *batch is NULL after the last one.  Blocks until it is there.
 * The batch is valid until it is given back with lg_loader_release.  Several may be held at once
 * (at most lg_loader_slots - 1), released in order.  A sample's error comes with its batch (of
 * several the one that stands first in it) and at every further call until lg_loader_start.
 * Errors: DATA (a bad sample, or too many of them), IO, NOMEM; USAGE if all slots are held. */
logit_status lg_loader_next(lg_loader *loader, const lg_minibatch **batch, logit_error *err);
void lg_loader_release(lg_loader *loader, const lg_minibatch *batch);

/* 1 if a sample's pixels differ from epoch to epoch (augmentation): nobody else can keep them. */
int lg_loader_moves(const lg_loader *loader);
int lg_loader_slots(const lg_loader *loader);
int64_t lg_loader_batches(const lg_loader *loader); /* per epoch */
int64_t lg_loader_count(const lg_loader *loader);   /* samples per epoch */
lg_element lg_loader_element(const lg_loader *loader);
/* Seconds for which next had no batch to give out, since start. */
double lg_loader_waited(const lg_loader *loader);
/* Distinct bad samples in the batches that next has given out (all of them, once preloaded). */
int64_t lg_loader_bad(const lg_loader *loader);
/* 1 if the sample is one of them. */
int lg_loader_is_bad(const lg_loader *loader, int32_t sample);
/* Reads every sample once, so that all bad ones are known; nothing to do for a resident set that is
 * preloaded.  Errors: as next; STOPPED. */
logit_status lg_loader_find_bad(lg_loader *loader, const logit_watch *watch, logit_error *err);
/* The set's weights were changed after preloading: take them anew. */
void lg_loader_weights_changed(lg_loader *loader);
/* Of those the LG_LOADER_KEPT_BAD with the lowest index: number i in order of index, its index and
 * why (valid until the next call that reads samples).  -1 past the last one. */
int64_t lg_loader_bad_sample(const lg_loader *loader, int64_t i, const char **reason);

/* Pointers into the resident set ([count of the set] rows), for a device that keeps a copy; NULL
 * unless resident and preloaded.  Rows that are not in `only` are undefined. */
const uint8_t *lg_loader_resident_pixels(const lg_loader *loader);
/* The order array of the epoch that was started: [lg_loader_count]; undefined before. */
const int32_t *lg_loader_order(const lg_loader *loader);

/* From the next lg_loader_start on, the samples whose bit is set in held (bit s % 8 of byte s / 8)
 * are not read.  held is borrowed, and looked at by lg_loader_start alone; NULL: all are read
 * again. Takes five bytes per sample of the epoch, once.  Nothing to do where batches point into a
 * set in memory.  Error: NOMEM. */
logit_status lg_loader_spare(lg_loader *loader, const uint8_t *held, logit_error *err);
/* No pixels are needed any more: drops the epoch, ends the threads, and from the next start on
 * batches are those of a set in memory whose pixels are NULL.  Only batches may be asked for then:
 * nothing that reads. */
void lg_loader_leave(lg_loader *loader);
/* Batches of a set that lies in memory come in slots from the next start on, copied by the threads;
 * the slots take what the set leaves of the budget, two at least.  Nothing to do for another set.
 * Error: NOMEM. */
logit_status lg_loader_stream(lg_loader *loader, logit_error *err);

/* What the batches are of: the set, its samples (NULL: all), and the weights of all samples of the
 * set, 0 for those that are known to be bad (NULL: all 1). */
const lg_set *lg_loader_set(const lg_loader *loader);
const int32_t *lg_loader_only(const lg_loader *loader);
const float *lg_loader_weight(const lg_loader *loader);

/* Mean and (population) standard deviation per channel of u8/255, from exact integer sums over the
 * first min(LG_LOADER_NORMAL_SAMPLES, count) samples of epoch 0's order; bad samples are left out.
 * A deviation of 0 is given as 1.  Decodes them if the set is not resident, preloads it if it is.
 * Drops an epoch that was started.  mean and std have room for the set's channels (at most
 * LG_LOADER_MAX_CHANNELS).  Errors: those of preloading; DATA if no sample is good. */
logit_status lg_loader_normal(lg_loader *loader, double *mean, double *std, logit_error *err);

/* The same for features (floats), of each on its own: mean and std [h*w*c], a deviation of 0 as it
 * is.  Added up in the epoch's order whatever the threads, so that no bit depends on them. */
logit_status lg_loader_normal_features(lg_loader *loader, double *mean, double *std,
                                       logit_error *err);

#endif
