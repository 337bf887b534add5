/* version.h -- which files a program may read.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_VERSION_H
#define LG_TRAIN_VERSION_H

/* A version as one number that grows when files may mean something new by old names: with the
 * second part before 1.0, with the first part after.  -1 if it is not of the form 1.2.3. */
int lg_version_epoch(const char *text);

#endif
