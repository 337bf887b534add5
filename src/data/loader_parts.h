/* loader_parts.h -- what the files of the loader share; nobody else includes this.
 *
 * Layer 1 (data).  In reading order:
 *
 *   loader.c         start, next, release: what the trainer sees
 *   loader_create.c  where the images live, and the memory for it
 *   loader_crew.c    the threads, and how one sample is read
 *   loader_spare.c   samples that a device keeps
 *   loader_job.c     a pass that the caller waits for: preloading, sums
 *   loader_bad.c     which samples are bad, counted in order
 *   loader_stall.c   waits that take too long say for whom
 *   normal.c         mean and deviation of pixels
 *   normal_feature.c the same of features
 *
 * Threads.  The caller's thread owns everything but the slots' arrays, which belong to the crew
 * from claim to publish, and what `mutex` and `told_mutex` guard.  order, job and plan change only
 * while the ring is dropped. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_LOADER_PARTS_H
#define LG_DATA_LOADER_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "data/loader.h"
#include "data/ring.h"

/* One bad sample, and why: the message of read. */
typedef struct lg_bad {
    int32_t sample;
    char reason[sizeof((logit_error *)0)->message];
} lg_bad;

/* The bad samples with the lowest index among those added, in order of index. */
typedef struct lg_bad_list {
    int count, room;
    lg_bad *entry; /* [room] */
} lg_bad_list;

/* Does nothing if the sample is in the list already, or if the list is full of lower ones. */
void lg_bad_list_add(lg_bad_list *list, int32_t sample, const char *reason);

/* Most samples of a batch of a job.  The caller wakes up once for each: of small images it is a
 * fraction of a millisecond's work. */
#define LG_JOB_ROWS 256

enum { LG_LOADER_MAX_SLOTS = 16 };

/* What the crew does with a sample. */
typedef enum lg_job {
    LG_JOB_STREAM,  /* read it into its slot, with its label, target and weight */
    LG_JOB_PRELOAD, /* read it into its row of the resident set */
    LG_JOB_SUM,     /* read it (not if it is resident) and add up its pixels */
    LG_JOB_VISIT    /* read it (not if it is resident): the consumer looks at it in its turn */
} lg_job;

/* Sums over pixels, exact: 2^14 samples of 2^28 pixels and squares below 2^16 stay below 2^58. */
typedef struct lg_sums {
    uint64_t pixels;
    uint64_t sum[LG_LOADER_MAX_CHANNELS], square[LG_LOADER_MAX_CHANNELS];
} lg_sums;

void lg_sums_add(lg_sums *sums, const uint8_t *row, size_t bytes, int channels);
void lg_sums_merge(lg_sums *sums, const lg_sums *more);

/* What is known of every feature so far, of n samples: mean and sum of squared distances from it,
 * both of v - first. */
typedef struct lg_moments {
    lg_element element;
    int64_t features, n;
    double *first, *mean, *spread; /* [features] */
} lg_moments;

/* One sample more. */
void lg_moments_add(lg_moments *moments, const uint8_t *row);

/* Slot of the ring.  The arrays have room for `rows` samples; those that the loader has no use for
 * are NULL. */
typedef struct lg_slot {
    uint8_t *pixels;
    float *target;
    float *weight;
    int32_t *label;
    uint8_t *is_bad;    /* with skip_bad: 1 or 0 for each sample of the batch */
    int64_t bad;        /* how many of them are 1; under the mutex while it is filled */
    lg_bad_list listed; /* the same */
    lg_minibatch batch; /* as handed out */
} lg_slot;

/* What is to be done for one sample of a streamed epoch. */
typedef enum lg_share {
    LG_SHARE_READ,    /* all of it */
    LG_SHARE_HELD,    /* label, target and weight */
    LG_SHARE_HELD_BAD /* the same, and it weighs nothing */
} lg_share;

typedef struct lg_crew_member {
    lg_loader *loader;
    lg_decoder *decoder; /* NULL where nothing is to be decoded */
    uint8_t *scratch;    /* a sample before it is augmented; NULL where none is */
    pthread_t thread;
    /* Place in the epoch's order of what it reads, -1 for nothing, for who waits for it; apart from
     * what the next one writes. */
    _Atomic int64_t at;
    char apart[64];
} lg_crew_member;

struct lg_loader {
    lg_loader_options options;
    const lg_set *set;
    size_t features;        /* bytes per sample */
    int64_t count, batches; /* per epoch */
    int32_t *order;         /* [count] of the epoch, or of the job */
    int32_t *places;        /* [count] what shuffling in blocks cuts; NULL where it does not */
    lg_balance balance;     /* what an epoch is drawn from; empty where it is a permutation */
    int augments;           /* the epochs that are started, */
    int moves;              /* the one that was */
    uint32_t epoch;
    logit_error failure; /* of the epoch: comes again until the next start; status OK: none */
    /* the crew and its ring; NULL while there is none */
    lg_ring *ring;
    lg_ring_plan plan;
    lg_job job;
    lg_crew_member *crew; /* [started], and the caller at [options.threads] */
    int started;
    int helps;     /* the caller does pieces while it waits */
    double helped; /* seconds, in the epoch or job */
    /* what the set was told that it will be read */
    pthread_mutex_t told_mutex;
    int64_t told, ahead; /* samples of order; batches that it hears before their turn */
    /* slots */
    int64_t rows; /* samples that one has room for */
    int slots;
    lg_slot *slot; /* [slots] */
    void *arrays;  /* all of their arrays, one block */
    int pinned;    /* which options.alloc_host gave */
    size_t slot_bytes;
    /* spared samples: by place in the epoch's order, filled in at its start; NULL: there are none
     */
    const uint8_t *spared; /* bits, the caller's */
    int32_t *row;          /* [count] in the slot */
    uint8_t *share;        /* [count] lg_share */
    /* a resident set */
    int resident, preloaded;
    int streams;           /* resident, and yet handed out in slots */
    const uint8_t *pixels; /* [set->count][features] */
    uint8_t *map;          /* the same where it is ours */
    size_t map_bytes;
    float *weight; /* [set->count] once there is a bad sample, else NULL */
    int64_t next;  /* batch to hand out */
    int64_t held;  /* batches handed out and not given back */
    /* bad samples (skip_bad), in the order in which batches are taken */
    uint8_t *bad_bits; /* [count of the set / 8] those counted */
    int64_t bad;
    lg_bad_list kept;
    lg_bad *bad_entries; /* of all lists, one block */
    /* what the crew writes outside of its slots */
    pthread_mutex_t mutex;
    lg_sums sums;
    /* what the consumer of a job adds up; NULL outside of LG_JOB_VISIT */
    lg_moments *moments;
};

/* Fills order for an epoch, or with every sample once in the order of epoch 0, whatever is drawn.
 * The ring must have been dropped. */
void lg_loader_order_epoch(lg_loader *loader, uint32_t epoch);
void lg_loader_order_once(lg_loader *loader);

/* 1 if batches come in slots. */
static inline int lg_loader_uses_slots(const lg_loader *loader)
{
    return !loader->resident || loader->streams || lg_augment_is_on(&loader->options.augment);
}

/* loader_create.c: sizes the slots for how batches are handed out now, and allocates their arrays,
 * fewer where there is no room for as many.  Error: NOMEM. */
logit_status lg_loader_make_slots(lg_loader *loader, logit_error *err);

/* loader_spare.c: who is read in the epoch that order was filled for, and where samples lie. */
void lg_loader_share_out(lg_loader *loader);

/* Starts the ring and its threads unless they run.  Error: NOMEM. */
logit_status lg_crew_start(lg_loader *loader, logit_error *err);
/* Stops and joins the threads and frees their decoders and the ring; fine if there is none. */
void lg_crew_stop(lg_loader *loader);
/* Gives the crew order[0 .. samples-1] to do in batches of `batch`, from batch `first`.  The ring
 * must have been dropped before order was filled. */
void lg_crew_begin(lg_loader *loader, lg_job job, int64_t samples, int64_t batch, int64_t first);

/* loader_stall.c.  Waits that end as they would anyway, and say for whom they wait (WARNING to the
 * watch) once they have taken long (stall.h), twice as long, and so on.
 * lg_loader_await: the next batch, as lg_crew_take, without an end of patience.
 * lg_loader_drop: as lg_ring_drop.
 * lg_loader_stalled: what a caller says that waits in turns of its own; what: "no sample". */
logit_status lg_loader_await(lg_loader *loader, lg_ring_work *batch, logit_error *err);
void lg_loader_drop(lg_loader *loader);
void lg_loader_stalled(const lg_loader *loader, const char *what, double seconds);
/* The caller read samples itself, and that took so long. */
void lg_loader_slept(const lg_loader *loader, double seconds);

/* The next batch, as lg_ring_take.  Where samples are merely copied the caller does pieces itself
 * while it would wait, so that as many threads run as there are cores, and none has to be woken. */
logit_status lg_crew_take(lg_loader *loader, lg_ring_work *batch, double patience,
                          logit_error *err);

/* Does a job over order[0 .. samples-1] to its end, with progress under `phase`; the crew is idle
 * afterwards.  Errors: a sample's, STOPPED. */
logit_status lg_loader_do(lg_loader *loader, lg_job job, int64_t samples, logit_phase phase,
                          logit_error *err);

/* Does a job over the samples from which mean and deviation are taken (normal.c); how many they
 * are; and that none of them was good. */
logit_status lg_loader_look(lg_loader *loader, lg_job job, logit_error *err);
int64_t lg_loader_looks(const lg_loader *loader);
logit_status lg_loader_none_good(const lg_loader *loader, logit_error *err);

/* Adds the good samples of a batch of LG_JOB_VISIT to loader->moments, in order (normal_feature.c).
 */
void lg_loader_visit(lg_loader *loader, const lg_ring_work *batch);

/* Memory for the lists and bits above; nothing without skip_bad.  0 if there is none. */
int lg_loader_bad_init(lg_loader *loader);
void lg_loader_bad_clear(lg_loader *loader);
/* Crew: notes a bad sample in its slot; i is its place in the batch. */
void lg_loader_bad_note(lg_loader *loader, lg_slot *slot, int64_t i, int32_t sample,
                        const char *reason);
/* Counts the bad samples of a batch that was taken, and empties the slot's notes.  Error: DATA if
 * there are too many by now. */
logit_status lg_loader_bad_count(lg_loader *loader, const lg_ring_work *batch, logit_error *err);

#endif
