/* open_device.h -- from --device and --precision to a backend, with a word on what was taken.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_OPEN_DEVICE_H
#define LG_TRAIN_OPEN_DEVICE_H

#include "core/backend.h"

/* Opens options->device, with settled options.  Where "auto" took the processor although there is
 * a plug-in for a GPU, the watch (may be NULL) is told why as a notice; where there is none, as
 * information.  spin: as in lg_backend_options.  Errors: USAGE, DEVICE, NOMEM. */
logit_status lg_open_device(lg_backend **out, const logit_options *options, int spin,
                            const logit_watch *watch, logit_error *err);

#endif
