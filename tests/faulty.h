/* faulty.h -- the processor's backend with one number of one operation spoiled.
 *
 * Tests.  The operation computes as it should; then, in the step that is meant, one number of one
 * of its arrays is replaced.  A device whose operations are spoiled offers no fused step.  What the
 * number was before is kept, so that a test can say how far off it is to be. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_FAULTY_H
#define LG_TESTS_FAULTY_H

#include "tests/compare_rig.h"

typedef struct faulty_plan {
    int party;      /* LG_COMPARE_A or LG_COMPARE_B */
    lg_stage stage; /* whose operation; LG_STAGE_STEP: the fused step */
    lg_array array; /* in which of its results */
    int64_t index;
    int64_t step; /* from 1; 0: never */
    int skip;     /* so often the operation is right in that step first */
    int times;    /* then it is wrong, at most; 0: always */
    int ulps;     /* the number is moved by so many floats, and `value` is not looked at */
    float value;  /* what it becomes */
    int folds;    /* the fused step folds the gradient into W, as a GPU may */
    int tf32; /* factors of both matmuls rounded to 10 bits, from this step on; 2: and the device
               * says so */
    /* out */
    float before; /* what the number was, when it was last spoiled */
    int spoiled;  /* how often */
} faulty_plan;

/* Compares in lockstep on a set of small_set.h (or at an absolute path; NULL: replays
 * asked.replay), with a device spoiled so, through the library's own parts; into compare_rig's
 * `answer`.  B is cpu too if `two`. Anything but `want` fails the test. */
void faulty_compare(faulty_plan *plan, int two, const char *set, logit_status want);

#endif
