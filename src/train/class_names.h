/* class_names.h -- the class names of a model as a JSON array, without losing a byte.
 *
 * Layer 2 (train).  A class is named after its folder, and a folder's name is bytes.  What is
 * UTF-8 is stored as it is.  A byte that is not part of valid UTF-8 is stored as the private-use
 * character U+EF00 + byte (U+EF80 .. U+EFFF), as MirOS and others do; so are the bytes of such a
 * character where a name holds one itself, so that every name is read back as it was. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CLASS_NAMES_H
#define LG_TRAIN_CLASS_NAMES_H

#include "base/text.h"
#include "logit.h"

/* Appends ["a","b",..].  Out of memory sets text->failed. */
void lg_class_names_add(lg_text *text, char *const *name, int classes);

typedef struct lg_class_names_fault {
    char reason[400];
    const char *kind; /* "FORMAT", "RANGE" or "LIMIT" */
} lg_class_names_fault;

/* Reads such an array: names that are not empty, none twice.  *out is [*classes], owned by the
 * caller (lg_class_names_free), NULL on failure and for []. Returns OK, LOGIT_E_DATA (*fault is
 * filled) or LOGIT_E_NOMEM. */
logit_status lg_class_names_read(char ***out, int *classes, const char *json,
                                 lg_class_names_fault *fault);

/* A copy of names; NULL if out of memory. */
char **lg_class_names_copy(char *const *name, int classes);

void lg_class_names_free(char **name, int classes);

#endif
