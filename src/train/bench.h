/* bench.h -- measuring the parts of training, each beside the best the machine allows.
 *
 * Layer 2 (train), private.
 *   bench.c         logit_bench: ceilings, then every row of the tables
 *   bench_kernel.c  pixels, logits, loss, gradient, update, step on a device
 *   bench_load.c    decoding and the loader
 *   bench_packed.c  the loader on a packed file
 *   bench_list.c    listing a folder of files
 *   bench_augment.c mirroring and moving images */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_BENCH_H
#define LG_TRAIN_BENCH_H

#include "core/backend.h"
#include "train/ceiling.h"

typedef struct lg_bench {
    const logit_options *options; /* settled */
    double seconds;               /* per line */
    lg_ceiling ceiling;
    void (*found)(void *user, const logit_measure *line);
    void *user;
} lg_bench;

/* Work of one sample: what a floor is computed from. */
typedef struct lg_work {
    double multiply_adds, bytes;
    int threads_one; /* the work of one thread: its ceilings count */
} lg_work;

/* Samples per second that the ceilings allow, and which of them binds. */
double lg_bench_floor(const lg_bench *bench, const lg_work *work, const char **bound);

/* Reports `value` samples per second (or what `unit` says); work NULL: there is no floor. */
void lg_bench_report(const lg_bench *bench, const char *name, const char *shape, const char *unit,
                     double value, const lg_work *work);

/* Runs fn(argument) again and again for about bench->seconds; returns calls per second: the best
 * of several stretches, since whatever disturbs a stretch only makes it slower. */
typedef logit_status lg_bench_fn(void *argument, logit_error *err);
logit_status lg_bench_time(const lg_bench *bench, lg_bench_fn *fn, void *argument, double *rate,
                           logit_error *err);

logit_status lg_bench_kernels(lg_bench *bench, logit_error *err);
logit_status lg_bench_decode(lg_bench *bench, const char *data, logit_error *err);
logit_status lg_bench_augment(lg_bench *bench, logit_error *err);
/* Nothing where data is no folder of image files. */
logit_status lg_bench_list(lg_bench *bench, const char *data, logit_error *err);
logit_status lg_bench_loader(lg_bench *bench, logit_error *err);
logit_status lg_bench_packed(lg_bench *bench, logit_error *err);

#endif
