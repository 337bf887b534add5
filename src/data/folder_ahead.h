/* folder_ahead.h -- asks the disk for files that will be read soon.
 *
 * Layer 1 (data). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FOLDER_AHEAD_H
#define LG_DATA_FOLDER_AHEAD_H

#include <stdint.h>

#include "data/folder_list.h"

/* Starts reading these files of the listing into the page cache and does not wait for them; does
 * nothing where some that are tried lie there already.  What cannot be opened is passed over:
 * reading it will say why.  Thread-safe. */
void lg_folder_ahead(const lg_folder_list *list, const int32_t *file, int64_t count);

#endif
