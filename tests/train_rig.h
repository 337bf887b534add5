/* train_rig.h -- what the tests of whole runs share.
 *
 * Tests.  Sets and runs lie in the temporary folder of small_set.h. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_TRAIN_RIG_H
#define LG_TESTS_TRAIN_RIG_H

#include "logit.h"

#define MODEL(run) run "/model.safetensors"

extern logit_options options; /* of the run that comes next; reset before every test */

/* Makes the folder, a set "idx" of 300 images in 3 classes, and the options (a Check fixture; its
 * end is small_set_end). */
void begin(void);

/* Trains on `set` into `run`; anything but `want` fails the test with the message. */
logit_summary train(const char *set, const char *run, logit_status want, logit_error *err);

/* 1 if the two files are equal, byte for byte. */
int same_files(const char *a, const char *b);

/* The model of a run; to be closed. */
logit_model *open_model(const char *run);

#endif
