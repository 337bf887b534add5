/* run_before.h -- what an earlier run left in a run folder.
 *
 * Layer 2 (train), private to run_folder.c.  Whoever calls holds the folder's lock. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_RUN_BEFORE_H
#define LG_TRAIN_RUN_BEFORE_H

#include "logit.h"

/* Removes what a run that was killed while it saved left half written: NAME.PID.tmp of files of
 * ours, there and in settings/NN.  What cannot be removed stays. */
void lg_run_before_sweep(const char *folder);

/* Removes the files of the run before: they must not look like the work of this one, should this
 * one fail.  Error: IO (names the folder and the file). */
logit_status lg_run_before_remove(const char *folder, logit_error *err);

#endif
