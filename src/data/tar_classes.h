/* tar_classes.h -- the classes of images that lie in class folders inside a tar.
 *
 * Layer 1 (data). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_TAR_CLASSES_H
#define LG_DATA_TAR_CLASSES_H

#include "data/tar_part.h"

/* part->number, numbers of part->folders, become numbers of part->classes: the first folder that
 * not all images share.  Images above it are strays, and dropped.  Errors: NOMEM, DATA [FORMAT] (a
 * folder name that is none; no folders; parts inside the tar). */
logit_status lg_tar_classes_find(lg_tar_part *part, logit_error *err);

#endif
