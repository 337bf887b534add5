/* path.h -- `--path`: one penalty after the other, from the strongest down, each fitted from where
 * the one before ended.
 *
 * Layer 2 (train).  A path is a list of --l2 or --l1 that optimum.c goes through one by one, where
 * a list alone is trained side by side. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_PATH_H
#define LG_TRAIN_PATH_H

#include "logit.h"

int lg_path_is_asked(const logit_options *options);

/* Reads options->path, "[l2:|l1:]FROM:TO[:N]" or "[l2:|l1:]A,B,..", into options->l2 or
 * options->l1; NULL: nothing.  FROM:TO:N are N values (20 where it is left out), each the same
 * share of the one before: FROM (TO/FROM)^(i/(N-1)), with both ends as given.  Values fall; all but
 * the last are above 0.  Error: USAGE (text that is neither; another optimizer than lbfgs; other
 * lists beside it). */
logit_status lg_path_apply(logit_options *options, logit_error *err);

#endif
