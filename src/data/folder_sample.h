/* folder_sample.h -- samples that are image files of a listing.
 *
 * Layer 1 (data). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FOLDER_SAMPLE_H
#define LG_DATA_FOLDER_SAMPLE_H

#include "data/dataset.h"

/* For a set whose `own` is a malloc'ed lg_folder_list (folder_list.h): sample i is file i of it.
 * close closes and frees the listing. */
extern const lg_set_ops lg_folder_ops;

#endif
