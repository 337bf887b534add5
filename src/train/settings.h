/* settings.h -- options looked at closely: names found, ranges held, lists multiplied out.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_SETTINGS_H
#define LG_TRAIN_SETTINGS_H

#include "data/decoding.h"
#include "logit.h"

enum { LG_MAX_SETTINGS = 1024 };

/* Checks every value of options that does not depend on the data, and fills in threads and memory.
 * Error: USAGE, naming the option, what was found and what is expected. */
logit_status lg_options_settle(logit_options *options, logit_error *err);

/* What decodes JPEGs: as options->decoder says; for "auto" as the model (NULL: none) was trained,
 * or stb where this build cannot, which is said to watch.  Error: USAGE (not in this build, or not
 * under options->untrusted). */
logit_status lg_decoder_choose(lg_decoding *out, const logit_options *options,
                               const logit_model *model, const logit_watch *watch,
                               logit_error *err);

struct lg_setting;

/* All combinations of l1, l2, label_smoothing, momentum and lr (lr fastest): *out is malloc'ed.
 * An empty list of lr or l2 gives one NaN, to be chosen.  Errors: USAGE (too many), NOMEM. */
logit_status lg_settings_combine(struct lg_setting **out, int *count, const logit_options *options,
                                 logit_error *err);

#endif
