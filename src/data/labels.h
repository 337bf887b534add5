/* labels.h -- what is true of the samples of a set whose labels lie in a file of their own.
 *
 * Layer 1 (data), for formats (IDX, npy).  Classes are numbers in the file, and named by them: "0",
 * "1", ..; or there is a distribution over classes per sample (soft targets), or a number (linear
 * regression).  A format reads them; what they mean for a set is worked out here. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_LABELS_H
#define LG_DATA_LABELS_H

#include "data/classes.h"

typedef enum lg_labels_kind { LG_LABELS_CLASS, LG_LABELS_SOFT, LG_LABELS_NUMBER } lg_labels_kind;

/* The labels of one part; count 0: there is no such part. */
typedef struct lg_labels {
    char *path;
    const char *format; /* for messages */
    lg_labels_kind kind;
    int64_t count;
    int width;                         /* k of soft targets, else 1 */
    int32_t *class_of;                 /* [count] classes as the file numbers them, else NULL */
    float *value;                      /* [count][width] soft targets or numbers, else NULL */
    int classes;                       /* 1 + the largest class; k; 0 for numbers */
    int64_t header_bytes, value_bytes; /* value i lies at header_bytes + i * value_bytes */
    int64_t width_at;                  /* the byte where the file says how many classes */
} lg_labels;

void lg_labels_clear(lg_labels *labels);

/* Sets labels->classes from labels->class_of. */
void lg_labels_count(lg_labels *labels);

/* Soft targets: none below 0, and each sample's sum to 1 but for tolerance.  Error: DATA [RANGE]
 * naming the sample. */
logit_status lg_labels_check_soft(const lg_labels *labels, double tolerance, logit_error *err);

/* Freezes the classes (those of train, or of all parts where there is no train; or options') and
 * fills label or target of every part of the dataset.  A sample whose class is left out is dropped:
 * *row[p], where p is a part, becomes [count] the row in the file of sample i, or NULL where all
 * are kept, and the set's count what is kept.  Errors: DATA (RANGE naming the sample, MISMATCH; one
 * class only; no sample left), USAGE, NOMEM. */
logit_status lg_labels_give(lg_labels labels[LG_PART_COUNT], lg_dataset *dataset,
                            const lg_dataset_options *options, int32_t **row[LG_PART_COUNT],
                            logit_error *err);

#endif
