/* formats.h -- what a data set format gives, and what it is helped with.
 *
 * Layer 1 (data).  A format is a row of format.def and a file format_NAME.c with the two functions
 * declared here through the table.  Only dataset.c and the formats include this. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FORMATS_H
#define LG_DATA_FORMATS_H

#include "base/status.h"
#include "data/dataset.h"

/* Is this path one of mine?  Looks at names and, where they say nothing, at how a file begins;
 * reads no more.  Nothing may be at the path: it may be a pattern.  Errors: IO, NOMEM. */
typedef logit_status lg_format_probe_fn(const char *path, int *mine, logit_error *err);

/* Fills a zeroed dataset, whose path and format are set: parts with their shape, classes, what was
 * left aside.  What is there when it fails is closed by the caller.  Errors: as lg_dataset_open. */
typedef logit_status lg_format_open_fn(lg_dataset *dataset, const lg_dataset_options *options,
                                       logit_error *err);

#define FORMAT(id, name, about)                                                                    \
    lg_format_probe_fn lg_format_##id##_probe;                                                     \
    lg_format_open_fn lg_format_##id##_open;
#include "data/format.def"
#undef FORMAT

/* Which part a name means, in any case of letters: train, training; val, valid, validation, dev;
 * test, testing, t10k.  -1: none. */
int lg_part_of_name(const char *name);

/* Settles the shape of all parts (set->shape) by options->shape and, where that leaves a choice,
 * by the headers of all samples, read by the pool.  Samples whose header is bad do not take part;
 * where all are bad the first one's error is the result.  With options->unreadable_ends one that
 * cannot be read at all (IO) ends it.  Errors: DATA, IO, STOPPED. */
logit_status lg_dataset_settle_shape(lg_dataset *dataset, const lg_dataset_options *options,
                                     logit_error *err);

/* Tells watch (may be NULL) how far scanning has come and asks it whether to go on.  For the
 * caller's own thread.  total 0: not known yet.  Error: STOPPED. */
logit_status lg_dataset_progress(const logit_watch *watch, int64_t done, int64_t total,
                                 logit_error *err);

/* Are all parts of the element that options asks for?  Called once more by lg_dataset_open.  Error:
 * DATA. */
logit_status lg_dataset_check_element(const lg_dataset *dataset, const lg_dataset_options *options,
                                      logit_error *err);

/* Counts one more file left aside; the first of them is kept as the example. */
void lg_dataset_stray(lg_dataset *dataset, const char *path);

/* Sets empty_classes: those without a sample in the first part there is; not where a model's
 * classes are known.  Error: DATA if fewer than two classes have samples. */
logit_status lg_dataset_count_empty(lg_dataset *dataset, const lg_dataset_options *options,
                                    logit_error *err);

/* Where a file is wrong, and the place in our source that found it. */
typedef struct lg_place {
    const char *path, *format;
    int64_t byte;
    const char *source;
    int line;
} lg_place;

#define LG_PLACE(path, format, byte) (&(lg_place){(path), (format), (byte), __FILE__, __LINE__})

/* "PATH: FORMAT at byte N: reason [CLASS]", status DATA.  CLASS is one of TRUNC FORMAT RANGE
 * OVERFLOW LIMIT UNSUP CORRUPT TRAIL MISMATCH. */
logit_status lg_place_fail(logit_error *err, const lg_place *place, const char *class_name,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
#ifdef LG_ANALYZE /* as lg_fail, base/status.h */
#define lg_place_fail(...) ((void)(lg_place_fail)(__VA_ARGS__), LOGIT_E_DATA)
#endif

#endif
