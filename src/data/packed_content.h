/* packed_content.h -- does what the sections of a packed file hold make sense?
 *
 * Layer 1 (data), part of packed_file.c. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_PACKED_CONTENT_H
#define LG_DATA_PACKED_CONTENT_H

#include "data/packed_file.h"

/* Checks every section but the rows: its checksum, and what it says.  Errors: DATA, NOMEM. */
logit_status lg_packed_check_content(const lg_packed_file *file, logit_error *err);

#endif
