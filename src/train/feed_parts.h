/* feed_parts.h -- what the files of the feed share; nobody else includes this.
 *
 * Layer 2 (train).  In reading order:
 *
 *   feed.c       batch by batch: slots, events, who may use what again
 *   feed_set.c   the samples that stay on the device: where, since when, how they get there
 *   feed_open.c  a placement chosen, and the next smaller one where memory is not there
 *
 * A sample's place is its number in the part (loader's `only`); those below placement.rows stay on
 * the device. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_FEED_PARTS_H
#define LG_TRAIN_FEED_PARTS_H

#include "train/feed.h"

/* The numbers of a batch, one block on either side and one copy: [settings] lg_scalars, and two
 * arrays of [batch]. */
typedef struct lg_notes {
    lg_scalars *scalars;
    int32_t *row;   /* of each sample, in the slot's arrays or the set's */
    int32_t *place; /* of each row of the slot, where it stays; else -1 */
} lg_notes;

/* Where one batch lies on the device while it is worked on. */
typedef struct lg_feed_slot {
    void *pixels, *label, *target, *weight, *notes; /* device */
    void *host_notes;                               /* page-locked */
    lg_event *copied, *used;
    int busy; /* `used` was recorded and not yet waited for */
} lg_feed_slot;

enum { LG_STAGES = 2 };

/* Page-locked memory that a set goes through on its way up, a piece in each half in turn. */
typedef struct lg_staging {
    size_t bytes; /* of one */
    void *memory[LG_STAGES];
    lg_event *copied[LG_STAGES];
    int64_t pieces; /* so far */
} lg_staging;

struct lg_feed {
    lg_backend *backend;
    lg_loader *loader;
    const lg_set *set;
    lg_feed_shape shape;
    lg_placement placement;
    size_t pixel_bytes, target_bytes; /* of a sample */
    /* batches */
    const lg_minibatch *mini; /* taken and not yet done */
    const lg_minibatch *last; /* done, and not yet given back; its slot is the one before */
    int64_t taken;
    lg_feed_slot slots[LG_PLACEMENT_SLOTS]; /* [placement.slots] */
    /* samples that stay, [placement.rows]; answers where all do */
    void *pixels, *label, *target, *weight;
    int32_t *place; /* [set->count], -1: does not stay; NULL: all have their own number */
    uint8_t *held;  /* bits of samples whose bytes are there, or on their way before any use */
    int64_t held_count;
    int complete; /* all are, and batches are rows of the set */
    lg_staging staging;
    lg_kept *kept; /* features made once; NULL: there are none, or they are made in each step */
};

/* The set as the device sees it. */
lg_batch lg_feed_set(const lg_feed *feed);
/* Makes the features of the set, where they are to be kept and it is there. */
logit_status lg_feed_fill_kept(lg_feed *feed, logit_error *err);

static inline int lg_feed_is_unified(const lg_feed *feed)
{
    return feed->backend->ops->unified;
}

static inline int lg_feed_is_resident_from_start(const lg_feed *feed)
{
    return feed->placement.place == LG_PLACE_RESIDENT && !feed->held;
}

/* Place of a sample among those that stay; -1. */
static inline int32_t lg_feed_place(const lg_feed *feed, int32_t sample)
{
    if (feed->place) return feed->place[sample];
    return sample < feed->placement.rows ? sample : -1;
}

/* The same of a sample whose pixels are in the slot, from where they shall be kept; -1 if they are
 * kept already, or are not to be.  Notes that they are. */
int32_t lg_feed_keep(lg_feed *feed, int32_t sample);

/* Memory for what stays; asks the loader for slots where it does not hold, or is not to hold, the
 * whole set for the device. */
logit_status lg_feed_open_set(lg_feed *feed, logit_error *err);
void lg_feed_close_set(lg_feed *feed);

/* After the loader has started: uploads what is to lie there before the first batch. */
logit_status lg_feed_fill_set(lg_feed *feed, logit_error *err);
/* Before the loader starts: if all samples have been kept by now the loader need not read them. */
logit_status lg_feed_complete_set(lg_feed *feed, logit_error *err);

/* Of a batch whose rows are in its slot (or on their way, in order): keeps those that are to stay,
 * and brings those that did. */
logit_status lg_feed_exchange(lg_feed *feed, const lg_feed_slot *at, const lg_notes *notes,
                              logit_error *err);

#endif
