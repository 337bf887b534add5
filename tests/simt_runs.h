/* simt_runs.h -- what the tests of whole trainings on the stand-in for a GPU share.
 *
 * Tests.  Sets and runs lie in the temporary folder of small_set.h.  Where the plug-in was not
 * built there is nothing to run, which is said in one line. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_SIMT_RUNS_H
#define LG_TESTS_SIMT_RUNS_H

#include <stdint.h>

#include "logit.h"

/* What is trained: 150 samples of 30 pixels, batches of 32.  lr is given, so that it is constant;
 * lists end at the first zero. */
typedef struct simt_variant {
    const char *what, *set, *loss, *optimizer;
    double lr[3], momentum[2], l2[2];
    int nesterov;
    double smoothing, decay;
    const char *class_weight;
} simt_variant;

extern const simt_variant simt_variants[];
extern const int simt_variant_count;

/* The variant with this name. */
const simt_variant *simt_find(const char *what);

/* Fixtures: of a test case (unchecked), and of a test (checked; its end is small_set_end). */
void simt_runs_begin(void);
void simt_runs_end(void); /* prints how many trainings there were */
void simt_make_sets(void);

/* Is there a plug-in to test? */
int simt_is_built(void);

/* A training on simt was run, in whatever process. */
void simt_count(void);

/* Fills in `options` (train_rig.h) for that many epochs. */
void simt_choose(const simt_variant *variant, int epochs);

/* Images of 8x8 are not those of the file, which would be mapped: they are decoded once and stay in
 * memory, or, streamed, are decoded anew in each epoch. */
void simt_choose_way(int streamed);

/* Streams, events, memory and handles of the stand-in that are still there, in this process. */
int64_t simt_left_over(void);

#endif
