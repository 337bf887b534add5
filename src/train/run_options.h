/* run_options.h -- the options that a run's result depends on, as text that can be kept and
 * compared.
 *
 * Layer 2 (train).  What only changes how fast it goes (threads, memory) or where it goes (out) is
 * not among them; nor are epochs, which may grow. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_RUN_OPTIONS_H
#define LG_TRAIN_RUN_OPTIONS_H

#include <cjson/cJSON.h>

#include "base/text.h"
#include "logit.h"

/* Name of option i as on the command line, or NULL past the end. */
const char *lg_run_option_name(int i);

/* Adds {"NAME":"VALUE",..}. */
void lg_run_options_write(const logit_options *options, lg_text *out);

/* Compares with what write wrote.  Error: USAGE, naming the first option that differs with both
 * values ("--lr was 0.1 and is 0.3 now"). */
logit_status lg_run_options_match(const logit_options *options, const cJSON *kept,
                                  logit_error *err);

#endif
