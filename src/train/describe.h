/* describe.h -- what `logit data` is told, put together.
 *
 * Layer 2 (train), private.
 *   describe.c         every sample is looked at: counts, sizes, bad ones
 *   describe_report.c  the lists of the report, which grow as samples are found */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_DESCRIBE_H
#define LG_TRAIN_DESCRIBE_H

#include "data/duplicates.h"
#include "logit.h"

/* Counts a bad sample and lists it, if the list is not full.  message: what read or probe said.
 * Error: NOMEM. */
logit_status lg_describe_bad(logit_data_report *report, const lg_set *set, int64_t i,
                             const char *message, logit_error *err);

/* Counts and lists what lg_duplicates_find has left.  Error: NOMEM. */
logit_status lg_describe_duplicates(logit_data_report *report, const lg_duplicates *all,
                                    logit_error *err);

/* Class sizes of the first part: the largest over the smallest that is not empty. */
void lg_describe_imbalance(logit_data_report *report);

#endif
