/* missing.h -- what is said of a path that is not there.
 *
 * Layer 1 (data). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_MISSING_H
#define LG_DATA_MISSING_H

#include "logit.h"

/* Why a path cannot be looked at (an errno), with the name that may have been meant.  Returns IO.
 */
logit_status lg_missing_fail(const char *path, int why, logit_error *err);

#endif
