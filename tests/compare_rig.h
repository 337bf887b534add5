/* compare_rig.h -- comparisons on small sets, and devices that compute wrongly.
 *
 * Tests.  Sets lie in the temporary folder of small_set.h; the training is that of train_rig.h. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_COMPARE_RIG_H
#define LG_TESTS_COMPARE_RIG_H

#include "train/compare.h"

extern logit_compare_options asked; /* of the comparison that comes next; reset before a test */
extern logit_comparison answer;     /* of the last one; cleared by the next */
extern logit_error answer_error;

/* Fixture: train_rig's set "idx" (300 images, 3 classes), cpu beside ref, 20 steps. */
void compare_begin(void);
void compare_end(void);

/* Compares on `set` (or a model on it); anything but `want` fails the test with the message. */
void compare(const char *set, logit_status want);
void compare_model(logit_model *model, const char *set, logit_status want);

/* How a device may be wrong. */
typedef enum fault {
    FAULT_NONE,
    FAULT_TF32,      /* factors of both matmuls rounded to 10 bits, as tensor cores do */
    FAULT_LAST_ROW,  /* the gradient leaves the last sample of a batch out */
    FAULT_LAST_TERM, /* the logits leave the last feature out */
    FAULT_SCALE,     /* the gradient is 1 + 2^-12 times too large */
    FAULTS
} fault;

/* The same with a fault in device A from step `from` on (1: the first), through the library's own
 * parts: mode "lockstep" or "free", or a model. */
void compare_spoiled(fault which, int64_t from, const char *set, logit_status want);
void compare_spoiled_model(fault which, logit_model *model, const char *set, logit_status want);

#endif
