/* open_device.h -- from --device and --precision to a backend, with a word on what was taken.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_OPEN_DEVICE_H
#define LG_TRAIN_OPEN_DEVICE_H

#include "core/backend.h"

/* Why "auto" took the processor; "" where it did not.  It is told by lg_device_tell, once the data
 * are known to be there: a device is opened first, and an error about a path is not to stand behind
 * a word about a GPU. */
typedef struct lg_device_note {
    char why[sizeof((logit_error *)0)->message];
} lg_device_note;

/* Opens options->device, with settled options.  spin: as in lg_backend_options.  note may be NULL.
 * Errors: USAGE, DEVICE, NOMEM. */
logit_status lg_open_device(lg_backend **out, const logit_options *options, int spin,
                            lg_device_note *note, logit_error *err);

/* One short line, as a notice where there is a plug-in for a GPU, and all of it as information. */
void lg_device_tell(const lg_device_note *note, const logit_watch *watch);

/* An error about a device without the "device NAME: " that it begins with. */
const char *lg_device_reason(const char *message);
/* The same without the particulars and the advice that follow.  Returns out. */
const char *lg_device_brief(char *out, size_t size, const char *message);

#endif
