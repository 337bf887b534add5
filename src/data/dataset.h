/* dataset.h -- a data set: parts, classes, samples that can be read by index from any thread.
 *
 * Layer 1 (data).  Opening finds the format by looking, lists the samples, freezes the classes and
 * settles one shape for all images.  Nothing is decoded yet.  Sample i of a part is always the
 * same sample: (class, name) order for folders, file order for IDX.
 *
 * A dataset owns everything it hands out; it is read-only after opening, so any number of threads
 * may read samples at once, each with its own lg_decoder. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_DATASET_H
#define LG_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/element.h"
#include "base/pool.h"
#include "data/content.h"
#include "data/image.h"
#include "data/order.h"
#include "logit.h"

typedef enum lg_part { LG_PART_TRAIN, LG_PART_VAL, LG_PART_TEST, LG_PART_COUNT } lg_part;

extern const char *const lg_part_names[LG_PART_COUNT]; /* "train", "val", "test" */

enum { LG_FEATURES_MAX = 1 << 24 }; /* numbers of a sample */

typedef struct lg_set lg_set; /* one part */
struct lg_identity;           /* data/identity.h */

/* What a format does with its own kind of part. */
typedef struct lg_set_ops {
    /* Sample i as elements [h][w][c] of the set's shape.  Thread-safe.  Errors: IO, DATA (this
     * sample is bad), NOMEM. */
    logit_status (*read)(const lg_set *set, int64_t i, lg_decoder *decoder, uint8_t *out,
                         logit_error *err);
    /* Its name for messages, escaped: a path, or "FILE[17]".  Returns out. */
    const char *(*name)(const lg_set *set, int64_t i, char *out, size_t size);
    /* Height, width, channels and bytes as stored, from its header.  Thread-safe. */
    logit_status (*probe)(const lg_set *set, int64_t i, lg_image_info *info, int64_t *bytes,
                          logit_error *err);
    void (*close)(lg_set *set); /* frees what the format added */
    /* Optional: where a sample is no more than a copy of memory.  Samples sample[0 .. n-1], one
     * behind the other, as read gives them; *good of them, from the first on, were read before the
     * error.  Thread-safe.  Errors: as read. */
    logit_status (*read_rows)(const lg_set *set, const int32_t *sample, int64_t n,
                              lg_decoder *decoder, uint8_t *out, int64_t *good, logit_error *err);
    /* Optional: these samples will be read soon, in this order; whatever makes that faster may be
     * started here, but must not be waited for.  A loader calls it from one thread at a time (not
     * always the same), with each sample of an epoch once, in order, and before it is read. */
    void (*ahead)(const lg_set *set, const int32_t *sample, int64_t count);
    /* Optional: what sample i holds as it is stored, for files of their own.  Where it is NULL
     * samples are compared by what read gives.  Thread-safe.  Errors: IO, DATA, NOMEM. */
    logit_status (*content)(const lg_set *set, int64_t i, lg_content *content, logit_error *err);
    /* Optional: adds to identity (data/identity.h) everything outside of the set's own fields
     * and names that decides what read delivers: sizes and times of its files.  Error: IO. */
    logit_status (*identify)(const lg_set *set, struct lg_identity *identity, logit_error *err);
} lg_set_ops;

struct lg_set {
    const lg_set_ops *ops;
    lg_part part;
    int64_t count;
    lg_image_target shape; /* of what read delivers; feature vectors are 1 x d x 1 */
    lg_element element;    /* of what read delivers: u8 for images; floats are features, finite */
    lg_decoding decoding;  /* what its readers are to decode with: lg_set_decoder */
    int untrusted;         /* 1: and in processes that can do nothing else */
    int decodes;           /* 1: read decodes an image file: worth keeping what comes out */
    int as_it_lies;        /* 1: neighbours by index lie side by side (a tar); 0: lg_order_mix says
                            * who does (a packed file), or it does not matter (files) */
    int32_t *label;        /* [count] class; NULL for soft or numeric targets */
    float *target;         /* [count][target_width], or NULL */
    int target_width;      /* k for soft targets, 1 for numbers */
    float *weight;         /* [count] or NULL: all 1 */
    const uint8_t *resident; /* [count][h][w][c] if the format holds it in memory anyway
                              * (an inflated IDX file), else NULL */
    void *own;               /* the format's */
};

typedef struct lg_dataset {
    char *path;
    const char *format;          /* its row's name */
    int classes;                 /* 0: numeric targets */
    char **class_name;           /* [classes] */
    lg_set *part[LG_PART_COUNT]; /* NULL where there is none.  A set without parts is all train. */
    int has_parts;               /* 0: the set is one heap, and part[LG_PART_TRAIN] is all of it */
    lg_decoding decoding;        /* what its images are, or were, decoded with */
    int64_t stray, hidden;       /* files left aside */
    int empty_classes;           /* without a sample in the first part; 0 against a model */
    char stray_example[256];     /* one of them, escaped */
} lg_dataset;

/* Which label is taken where each sample has several. */
typedef enum lg_label_kind {
    LG_LABEL_AUTO,
    LG_LABEL_COARSE,
    LG_LABEL_FINE,
    LG_LABEL_COUNT
} lg_label_kind;

extern const char *const lg_label_names[LG_LABEL_COUNT]; /* "auto", "coarse", "fine" */
int lg_label_find(const char *name);                     /* -1: there is none */

typedef struct lg_dataset_options {
    const char *classes;      /* NULL, or "a,b,..": only these, in this order */
    lg_label_kind labels;     /* auto: the fine ones; another: USAGE where samples have one label */
    char *const *known_class; /* a model's classes, or NULL: a class not in it is DATA, and labels
                               * are numbered as in it */
    int known_classes;
    const char *known_by;      /* whose they are, for messages; NULL: "the model" */
    lg_image_target shape;     /* 0 in a field: choose.  Sizes: those of all images where they
                                * agree, else 100x100; channels: 1 if all are grey, else 3 */
    const lg_element *element; /* what samples must be: pixels, or floats of whatever width; NULL:
                                * any */
    int64_t memory;            /* most bytes that the format may hold in memory; 0: no limit */
    lg_decoding decoding;      /* of images: the set's readers are told, by lg_set */
    int untrusted;             /* the same */
    lg_pool *pool;             /* for reading headers; NULL: this thread alone */
    int unreadable_ends;       /* 1: a sample whose header cannot be read (IO) ends opening; 0: it
                                * is left to whoever reads it */
    const logit_watch *watch;  /* may be NULL */
    /* May be NULL.  Asked once all samples are listed: the shape, if it is known from elsewhere, so
     * that no header has to be read; {0} if it is not. */
    lg_image_target (*known)(void *user, const lg_dataset *dataset);
    void *known_user;
} lg_dataset_options;

/* A decoder for a reader of the set.  *out is NULL on failure.  Error: NOMEM. */
logit_status lg_set_decoder(lg_decoder **out, const lg_set *set, logit_error *err);

/* Errors: IO (path is not there, a folder cannot be read), DATA (no format, no samples, one class,
 * malformed), USAGE (options->classes does not fit), NOMEM (also: more than options->memory is
 * needed), STOPPED. */
logit_status lg_dataset_open(lg_dataset **out, const char *path, const lg_dataset_options *options,
                             logit_error *err);
void lg_dataset_close(lg_dataset *dataset);

/* What --shuffle auto is for a part: blocks where samples lie behind one another in a file that has
 * to be read as it lies (tar), or in one of more than LG_PACKED_FULL bytes of rows (packed); full
 * for all else.  It does not depend on the machine: the order is part of the result. */
#define LG_PACKED_FULL ((uint64_t)4 << 30)
lg_shuffle lg_dataset_shuffle(const lg_dataset *dataset, lg_part part);

/* Rows of format.def, for help. */
const char *lg_format_name(int i);
const char *lg_format_about(int i);

/* --- for formats --- */

/* Opens one part; called by lg_dataset_open through the table. */
logit_status lg_set_create(lg_set **out, lg_part part, int64_t count, logit_error *err);
void lg_set_destroy(lg_set *set); /* ops->close, then the arrays */

#endif
