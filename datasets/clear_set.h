/* clear_set.h -- room for a set: a folder that is not there, is empty, or holds an older drawing.
 *
 * Part of the drawing program; knows draw.h and base. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATASETS_CLEAR_SET_H
#define LG_DATASETS_CLEAR_SET_H

#include <stdbool.h>

#include "logit.h"

/* Fine if the folder is missing or empty.  Else, with force: removes the pictures of an earlier
 * drawing of any family (NNNNNN.png and .jpg in its class folders) and the folders this empties;
 * nothing else is touched.  Errors: USAGE (not empty, no force), IO. */
logit_status lg_set_clear(const char *folder, bool force, logit_error *err);

#endif
