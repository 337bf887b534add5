/* pack.h -- an open data set into a packed file: logit_pack, and the cache.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PACK_H
#define LG_TRAIN_PACK_H

#include "data/dataset.h"
#include "logit.h"

/* Packs all parts of an open set as options say, whose data part is settled.  What was decoded by a
 * call that was stopped is not decoded again.  Errors: as logit_pack, but for those of opening. */
logit_status lg_pack_dataset(lg_dataset *data, const logit_pack_options *options,
                             const logit_watch *watch, logit_pack_summary *summary,
                             logit_error *err);

#endif
