/* checkpoint_file.h -- one checkpoint as a file: a head for people, a state for the machine, and a
 * checksum over both.
 *
 * Layer 2 (train).  Little endian:
 *
 *      0   8  "logitckp"
 *      8   4  version of this layout, 1
 *     12   4  bytes of the head, h: a multiple of 8
 *     16   8  bytes of the state, s
 *     24   h  the head: one JSON object, filled up with spaces
 *   24+h   s  the state
 * 24+h+s  16  XXH3-128 of all that stands before, low half first
 *
 * The file ends there.  Written by lg_file_replace, so that a reader sees the old one or the new
 * one; a file that is shorter, longer, or wrong in a single bit is not read. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CHECKPOINT_FILE_H
#define LG_TRAIN_CHECKPOINT_FILE_H

#include <cjson/cJSON.h>

#include "base/file.h"
#include "base/text.h"

typedef struct lg_checkpoint_file {
    lg_bytes bytes; /* all of it */
    cJSON *head;    /* an object, no key in it twice */
    const uint8_t *state;
    size_t state_bytes;
} lg_checkpoint_file;

/* head: one JSON object.  Errors: IO, NOMEM. */
logit_status lg_checkpoint_file_write(const char *path, const lg_text *head, const void *state,
                                      size_t state_bytes, logit_error *err);

/* *out is empty on failure.  Errors: IO (also: it is not there), NOMEM; DATA, with the place and
 * the class of RELIABILITY.md: TRUNC, TRAIL, FORMAT, UNSUP (a later version), CORRUPT. */
logit_status lg_checkpoint_file_read(const char *path, lg_checkpoint_file *out, logit_error *err);
void lg_checkpoint_file_clear(lg_checkpoint_file *file);

#endif
