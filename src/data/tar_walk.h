/* tar_walk.h -- the members of a tar, one after the other, found without reading their data.
 *
 * Layer 1 (data).  libarchive walks, with the tar formats alone and no filter, so that nothing is
 * inflated; nothing is ever extracted.  Each place it gives is held against what the headers say by
 * tar_header.h, and against where the member before it ended. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_WALK_H
#define LG_DATA_TAR_WALK_H

#include "data/tar_header.h"

/* Called for each member; what it returns but OK ends the walk. */
typedef logit_status lg_tar_visit_fn(void *user, lg_tar_file *file, const lg_tar_member *member,
                                     logit_error *err);

/* Walks the whole file.  member->plain is 0 for what libarchive or the headers call anything but a
 * file in one piece.  *unclosed: 1 if the blocks of zeros at the end are missing.  Errors: IO,
 * NOMEM, what visit returns, and DATA as lg_tar_member_read, with UNSUP (compressed), FORMAT (not
 * a tar), TRAIL (something behind the end). */
logit_status lg_tar_walk(lg_tar_file *file, lg_tar_visit_fn *visit, void *user, int *unclosed,
                         logit_error *err);

#endif
