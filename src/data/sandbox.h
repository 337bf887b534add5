/* sandbox.h -- image files decoded in processes that can do nothing else.
 *
 * Layer 1 (data).  Three kinds of process:
 *
 *   the program   reads files, asks for pixels, waits                         sandbox_cell.c
 *   the nursery   has one thread and no data; forks decoders, waits for them  sandbox_nursery.c
 *   a decoder     reads bytes from memory it shares with the program, and writes pixels there.  It
 *                 is under seccomp's strict mode: read, write and exit are the only system calls it
 *                 may make, and its only descriptor leads back to the program.
 *
 * The nursery is forked before the program has threads, since a fork of a program with threads may
 * hang and would hand everything that the program knows to the decoders.
 *
 * What a decoder does to itself ends one image, as damaged data do: crashes, calls to the system,
 * loops.  The pixels are the bits that the same code gives in this process.  All processes end with
 * the program, however it ends.
 *
 * Not in a build with AddressSanitizer or ThreadSanitizer: they make system calls of their own. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_SANDBOX_H
#define LG_DATA_SANDBOX_H

#include "base/file.h"
#include "data/image.h"

/* What a decoder does with each file; lg_image_decode is one. */
typedef logit_status lg_sandbox_work_fn(lg_decoder *decoder, const uint8_t *bytes, size_t size,
                                        const char *name, lg_image_target target, uint8_t *out,
                                        logit_error *err);

/* Forks the nursery and tries out a decoder; does nothing if this process has one.  No thread may
 * have been started.  logit_sandbox_start is this with lg_image_decode; tests have other work.
 * Error: DEVICE (not in this build, or the system does not allow it). */
logit_status lg_sandbox_start(lg_sandbox_work_fn *work, logit_error *err);
int lg_sandbox_is_on(void);

/* A decoder process and the memory shared with it.  One thread at a time uses it. */
typedef struct lg_cell lg_cell;

/* For images of at most out_bytes of pixels.  *out is NULL on failure.  Errors: DEVICE (the
 * sandbox was not started, or has died), NOMEM. */
logit_status lg_cell_open(lg_cell **out, size_t out_bytes, logit_error *err);
void lg_cell_close(lg_cell *cell);
size_t lg_cell_room(const lg_cell *cell); /* out_bytes */

/* Where the next file is to be put: room for LG_IMAGE_MAX_FILE bytes, which is not to grow. */
lg_bytes *lg_cell_file(lg_cell *cell);

/* What the work makes of the file.  A decoder that dies of it is replaced and the file tried once
 * more; LG_SANDBOX_SECONDS of processor time are the most that it may take.  Errors: DATA; DEVICE
 * (no decoder can be had). */
logit_status lg_cell_decode(lg_cell *cell, const char *name, lg_image_target target, uint8_t *out,
                            logit_error *err);

enum { LG_SANDBOX_SECONDS = 2 };

#endif
