/* ceiling.h -- what this machine can do at most, measured: the figures that speed is held against.
 *
 * Layer 2 (train). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CEILING_H
#define LG_TRAIN_CEILING_H

#include "base/pool.h"
#include "logit.h"

typedef struct lg_ceiling {
    int threads;
    double read_one, read_all; /* bytes per second read from memory: one thread, all of them */
    double copy_all;           /* bytes per second copied (read + written, counted once) */
    double fma_one, fma_all;   /* float32 multiply-adds per second, in registers */
    int64_t buffer;            /* bytes that were read */
} lg_ceiling;

/* Takes about `seconds` for each figure.  watch may be NULL.  Errors: NOMEM, STOPPED. */
logit_status lg_ceiling_measure(lg_ceiling *out, int threads, double seconds,
                                const logit_watch *watch, logit_error *err);

#endif
