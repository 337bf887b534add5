/* placement.h -- how much of a set lies on a device with memory of its own.
 *
 * Layer 2 (train).  Pure arithmetic, so that it can be tried with any card.  Three plans:
 *
 *   resident   all of it, as the bytes that were decoded, shuffled there by index: uploaded at once
 *              where the host has it, else kept after the first pass
 *   partial    the first samples (of the part, in the order of the set: whatever the seed is); the
 *              rest comes anew in each epoch
 *   streamed   none of it; each batch comes through a slot
 *
 * What is free is asked for when weights, states, x, z, cuBLAS's workspace and the backend's
 * scratch are allocated already.  Of that are taken off, in this order:
 *
 *   margin     a 64th of the device: graphs, code that is loaded when it first runs, holes
 *   others     what is still to be allocated for others: slots of the parts that come after, bursts
 *   slots      LG_PLACEMENT_SLOTS batches, pixels with what goes with them (where the set lies
 * there from the beginning: their rows and numbers alone)
 *
 * and the set may have the rest, or what --device-memory leaves if that is less.  Which plan is
 * taken changes no bit of the result. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PLACEMENT_H
#define LG_TRAIN_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

/* One that is computed with, one that is copied to meanwhile, and one that the host fills in, so
 * that the copies of batch b+2 are queued before batch b is done: no gap between copies. */
enum { LG_PLACEMENT_SLOTS = 3 };

typedef struct lg_placement_need {
    int64_t samples;
    size_t pixel_bytes;  /* of a sample */
    size_t answer_bytes; /* of a sample: label or targets, and its weight */
    int64_t batch;
    size_t note_bytes; /* of a slot: its rows and numbers */
    int in_memory;     /* the host has all pixels */
    int passes;        /* how often the set is seen: 1, or more */
    int keeps;         /* the backend has the op `rows` */
    size_t others;     /* bytes, as above */
    size_t free_bytes, total_bytes;
    size_t limit; /* --device-memory; 0: none */
} lg_placement_need;

typedef enum lg_place { LG_PLACE_RESIDENT, LG_PLACE_PARTIAL, LG_PLACE_STREAMED } lg_place;

typedef struct lg_placement {
    lg_place place;
    int64_t rows; /* samples that stay on the device */
    int slots;
} lg_placement;

lg_placement lg_placement_choose(const lg_placement_need *need);

/* The next smaller one, after an allocation failed: half the rows; none, once they are fewer than a
 * batch; then one slot less.  0 if there is none. */
int lg_placement_shrink(lg_placement *placement, const lg_placement_need *need);

/* Bytes on the device: of one slot, and of everything. */
size_t lg_placement_slot_bytes(const lg_placement_need *need);
size_t lg_placement_bytes(const lg_placement *placement, const lg_placement_need *need);

/* For people: "18.4 GB of 21.0 GB on the device, the rest streamed: 19.1 GB are free". */
void lg_placement_describe(const lg_placement *placement, const lg_placement_need *need, char *text,
                           size_t size);

#endif
