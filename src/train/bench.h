/* bench.h -- measuring the parts of training, each beside the best the machine allows.
 *
 * Layer 2 (train), private.
 *   bench.c           logit_bench: ceilings, then every row of the tables
 *   bench_line.c      a line: whether it is wanted, its floor, how it is timed
 *   bench_set.c       sets of random bytes
 *   bench_kernel.c    pixels, logits, loss, gradient, update, steps, by shape
 *   bench_lift.c      feature maps, beside a large matrix product
 *   bench_device.c    a GPU's products and loss kernels by themselves
 *   bench_epoch.c     epochs, by the trainer's own loop
 *   bench_load.c      decoding and the loader
 *   bench_packed.c    the loader on a packed file
 *   bench_gather.c    bringing rows together, and nothing else
 *   bench_list.c      listing a folder of files
 *   bench_augment.c   mirroring and moving images
 *   bench_checkpoint.c  saving a run
 * Ceilings: ceiling.h of the processor, device_ceiling.h of a GPU. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_BENCH_H
#define LG_TRAIN_BENCH_H

#include "core/backend.h"
#include "data/dataset.h"
#include "train/ceiling.h"
#include "train/device_ceiling.h"

typedef struct lg_bench {
    const logit_options *options; /* settled */
    double seconds;               /* per line */
    const char *only;             /* lines that hold this text alone; NULL: all */
    lg_ceiling ceiling;           /* of the processor, ... */
    double matmul;                /* ... its multiply-adds a second in a large product, ... */
    lg_device_ceiling device;     /* ... or of a GPU: then its copy rate is not 0 */
    lg_precision precision;       /* of its products */
    const logit_watch *watch;     /* hears the lines; may be NULL */
} lg_bench;

/* What has to be done, at the least: what a floor is computed from. */
typedef struct lg_work {
    double multiply_adds, bytes;
    double products; /* multiply-adds that are a matrix product: held against a large one */
    int threads_one; /* the work of one thread: its ceilings count */
    double nodes;    /* of a recording that follow one another; GPU, as are the next two */
    double launches; /* the same from the host */
    double streamed; /* bytes from page-locked memory */
} lg_work;

/* ---------------------------------------------------------------------------- bench_line.c --- */

/* Whether the line is asked for: --only is part of "NAME, SHAPE". */
int lg_bench_wants(const lg_bench *bench, const char *name, const char *shape);

/* How often a second the ceilings allow the work to be done, and which of them binds. */
double lg_bench_floor(const lg_bench *bench, const lg_work *work, const char **bound);

/* Reports `value` of `unit` where the line is wanted.  work: what one of the unit takes (of
 * "samples/s", a sample); NULL: there is no floor. */
void lg_bench_report(const lg_bench *bench, const char *name, const char *shape, const char *unit,
                     double value, const lg_work *work);

/* The same of a time: `unit` is "us" or "ms", work is done in `seconds`. */
void lg_bench_report_time(const lg_bench *bench, const char *name, const char *shape,
                          const char *unit, double seconds, const lg_work *work);

/* A line that could not be measured; why in a few words.  Returns OK where status is NOMEM (or the
 * device has not what is asked for, USAGE): the others are still to come. */
logit_status lg_bench_leave_out(const lg_bench *bench, const char *name, const char *shape,
                                logit_status status);

/* Runs fn(argument) again and again for about bench->seconds; returns calls per second: the best
 * of several stretches, since whatever disturbs a stretch only makes it slower. */
typedef logit_status lg_bench_fn(void *argument, logit_error *err);
logit_status lg_bench_time(const lg_bench *bench, lg_bench_fn *fn, void *argument, double *rate,
                           logit_error *err);

/* STOPPED once the watch asks for an end; to be asked between pieces of work. */
logit_status lg_bench_go_on(const lg_bench *bench, logit_error *err);
/* Tells the watch of a line. */
void lg_bench_tell(const lg_bench *bench, const logit_measure *line);

/* The folder of files that are written to be measured: TMPDIR, or /tmp. */
const char *lg_bench_folder(void);

/* ----------------------------------------------------------------------------- bench_set.c --- */

/* A training part of random bytes and labels, in host memory, that knows it is there (lies) or
 * hands its samples out by copying (a set that is streamed).  Errors: NOMEM. */
logit_status lg_bench_set(lg_dataset **out, int64_t samples, lg_image_target shape, int classes,
                          int lies, logit_error *err);
/* [count][features] of a set of lg_bench_set. */
const uint8_t *lg_bench_set_pixels(const lg_set *set);

/* ------------------------------------------------------------------------------- the lines --- */

/* What is trained, on how many samples; where: LG_BENCH_CPU, LG_BENCH_GPU or both. */
enum { LG_BENCH_CPU = 1, LG_BENCH_GPU = 2 };
typedef struct lg_bench_shape {
    const char *name;
    int64_t features, batch, samples;
    int classes;
    lg_loss loss;
    int where;
} lg_bench_shape;

logit_status lg_bench_kernels(const lg_bench *bench, lg_backend *backend, logit_error *err);
logit_status lg_bench_steps(const lg_bench *bench, lg_backend *backend, const lg_bench_shape *shape,
                            logit_error *err);

/* Nothing where the backend cannot (core/probe.h). */
logit_status lg_bench_device(const lg_bench *bench, lg_backend *backend, logit_error *err);
logit_status lg_bench_products(const lg_bench *bench, lg_backend *backend, int n, int d, int k,
                               logit_error *err);
/* round: bytes of logits that the kernel goes round, one matrix after the other. */
logit_status lg_bench_loss(const lg_bench *bench, lg_backend *backend, int n, int k, double round,
                           logit_error *err);

/* What an epoch is over, and how: streamed or not, this many settings. */
typedef struct lg_bench_course {
    const char *name;
    lg_image_target shape;
    int64_t samples, batch;
    int classes, settings, streamed, where;
} lg_bench_course;
logit_status lg_bench_epochs(const lg_bench *bench, int where, logit_error *err);
logit_status lg_bench_epoch(const lg_bench *bench, const lg_bench_course *course, logit_error *err);
/* An epoch of all settings in one pass, beside as many of one setting each, in three lines. */
logit_status lg_bench_grid(const lg_bench *bench, const lg_bench_course *course, logit_error *err);

/* A map on images of height x width x channels, in batches.  WINDOWS move by one pixel and fall
 * into 2 x 2 cells. */
typedef struct lg_bench_map {
    const char *name;
    lg_lift_kind kind;
    lg_image_target shape;
    int size, units;
    int64_t batch;
} lg_bench_map;
/* A processor's product of edge x edge matrices, into bench->matmul; a GPU has been asked before.
 */
logit_status lg_bench_matmul(lg_bench *bench, lg_backend *backend, int edge, logit_error *err);
logit_status lg_bench_map_lines(const lg_bench *bench, lg_backend *backend, const lg_bench_map *map,
                                logit_error *err);
logit_status lg_bench_maps(const lg_bench *bench, lg_backend *backend, logit_error *err);

logit_status lg_bench_decode(const lg_bench *bench, const char *data, logit_error *err);
logit_status lg_bench_loader(const lg_bench *bench, logit_error *err);
logit_status lg_bench_packed(const lg_bench *bench, logit_error *err);
/* Rows out of `all` bytes of memory into `memory` bytes, by all threads. */
logit_status lg_bench_gather(const lg_bench *bench, size_t bytes, size_t all, size_t memory,
                             logit_error *err);
/* `rate` rows of `bytes` a second, beside copying them one behind the other. */
void lg_bench_report_rows(const lg_bench *bench, const char *called, const char *shape,
                          size_t bytes, double rate);
logit_status lg_bench_augment(const lg_bench *bench, logit_error *err);
logit_status lg_bench_checkpoint(const lg_bench *bench, logit_error *err);
/* Nothing where data is no folder of image files. */
logit_status lg_bench_list(const lg_bench *bench, const char *data, logit_error *err);

#endif
