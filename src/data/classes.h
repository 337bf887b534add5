/* classes.h -- the class names of a data set, frozen, and the label each name has.
 *
 * Layer 1 (data).  Names are bytes.  Order: bytewise; by value where every name is all digits
 * ("2" before "10").  A model's classes keep the model's order. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_CLASSES_H
#define LG_DATA_CLASSES_H

#include <stddef.h>
#include <stdint.h>

#include "data/dataset.h"

typedef struct lg_classes {
    int count;
    char **name;     /* [count]; name[i] has label i */
    int *sorted;     /* [count] labels in bytewise order of their names */
    uint8_t *wanted; /* [count] samples of label i are kept; NULL: all are */
    int only;        /* options->classes was given: a name that is not in it is left out */
} lg_classes;

/* Labels that are none. */
enum { LG_CLASS_UNKNOWN = -1, LG_CLASS_LEFT_OUT = -2 };

/* Freezes the classes of a set whose names are found[count] (distinct, in any order; count > 0).
 * Errors: DATA (a single class, or one that a model does not know; both lists are named), USAGE
 * (options->classes names a class that is not there, or one twice), NOMEM.  classes may be cleared
 * whatever happened. */
logit_status lg_classes_freeze(lg_classes *classes, char *const *found, int count, const char *path,
                               const lg_dataset_options *options, logit_error *err);
void lg_classes_clear(lg_classes *classes);

/* The classes of a set whose names and order were frozen before: name[count] as they stand.
 * Errors: DATA (a single class, or a name that is there twice), NOMEM. */
logit_status lg_classes_keep(lg_classes *classes, char *const *name, int count, const char *path,
                             logit_error *err);

/* The label of a name, LG_CLASS_LEFT_OUT or LG_CLASS_UNKNOWN. */
int lg_classes_label(const lg_classes *classes, const char *name);

/* Gives the names to the dataset, which frees them. */
void lg_classes_give(lg_classes *classes, lg_dataset *dataset);

/* "cat, dog, emu, .. (120 in all)" for a message.  Returns out. */
const char *lg_classes_brief(char *out, size_t size, char *const *name, int count);

/* The one of name[count] that text was probably meant to be, or -1. */
int lg_classes_near(char *const *name, int count, const char *text);

#endif
