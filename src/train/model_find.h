/* model_find.h -- what a MODEL on the command line stands for.
 *
 * Layer 2 (train), private. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_MODEL_FIND_H
#define LG_TRAIN_MODEL_FIND_H

#include "logit.h"

/* The model file that path stands for, malloc'ed: itself, or the one in the folder that it is.
 * What cannot be one is refused with a word on what is wanted; whether the others are, the reader
 * finds out.  Errors: IO (it is not there, a folder without one), DATA (a file of another kind),
 * NOMEM. */
logit_status lg_model_find(char **out, const char *path, logit_error *err);

#endif
