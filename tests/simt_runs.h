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

/* Where the images are, and how they come to the device. */
typedef enum simt_way {
    SIMT_RESIDENT,           /* in memory, and all on the device from the beginning */
    SIMT_KEPT,               /* decoded once, and kept on the device */
    SIMT_PARTLY,             /* half of them decoded once, the others anew in each epoch */
    SIMT_STREAMED,           /* decoded anew in each epoch */
    SIMT_PARTLY_IN_MEMORY,   /* in memory, and some on the device (960 samples or more) */
    SIMT_STREAMED_IN_MEMORY, /* in memory, and none on the device */
    SIMT_SQUEEZED,           /* as SIMT_STREAMED, through a single slot */
    SIMT_WAYS
} simt_way;

/* Sets `options` so.  Images of 8x8 are not those of the file, which would be mapped. */
void simt_choose_way(simt_way way, const simt_variant *variant);

/* 1 if a run's plan says that it goes this way. */
int simt_is_way(simt_way way, const char *plan);

/* 1 where AddressSanitizer watches, and a run takes several times as long. */
int simt_is_slow(void);

/* Streams, events, memory and handles of the stand-in that are still there, in this process. */
int64_t simt_left_over(void);

/* A training in a process of its own, since the stand-in reads its environment once. */
typedef struct simt_job {
    const simt_variant *variant;
    const char *set; /* NULL: the variant's */
    const char *run; /* where the model goes */
    simt_way way;
    int epochs;
    int64_t batch;        /* 0: 32 */
    int64_t seed;         /* LOGIT_SIMT_SEED */
    int64_t fail;         /* LOGIT_SIMT_FAIL; 0: none */
    int64_t device_bytes; /* LOGIT_SIMT_MEMORY; 0: 4 GiB */
} simt_job;

/* What was heard of it. */
typedef struct simt_told {
    char plan[500], error[1200];
    int smaller;     /* how often the next smaller plan was taken */
    int64_t trained; /* calls of CUDA and cuBLAS up to the end of the last epoch */
    int64_t calls;   /* all of them, closing included, where failures are not looked at */
} simt_told;

/* Exit codes beside logit's own: things of the stand-in are still there, or memory of the host. */
enum { SIMT_LEAKED = 98, SIMT_LEFT_SOMETHING = 99 };

/* Its exit code. */
int simt_run(const simt_job *job, simt_told *told);

#endif
