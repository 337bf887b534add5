/* name_table.h -- names numbered in the order in which they are first met.
 *
 * Layer 1 (data).  What a format that reads labels sample by sample collects: the class names of a
 * part, each once.  The numbers become labels when the classes are frozen. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_NAME_TABLE_H
#define LG_DATA_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "data/classes.h"
#include "data/folder_scan.h"

/* Zero it first. */
typedef struct lg_name_table {
    int count;
    struct lg_table_name {
        uint64_t name; /* offset in names */
        int64_t place; /* where it was first met, as the format counts */
    } * entry;         /* [count] */
    lg_names names;
    int32_t
        *slot; /* [slots] number of an entry or -1; a power of two, at most half of them taken */
    size_t slots, room;
} lg_name_table;

void lg_name_table_clear(lg_name_table *table); /* frees */

/* The number of name[0 .. length-1], which holds no NUL; new where it was not there.  Errors:
 * NOMEM, DATA [LIMIT] (more than 2^24 names). */
logit_status lg_name_table_add(lg_name_table *table, const char *name, size_t length, int64_t place,
                               int32_t *number, logit_error *err);

/* Valid until the next add. */
const char *lg_name_table_name(const lg_name_table *table, int32_t number);

/* Freezes the classes of a set whose parts have these names (a part that is not there has none):
 * those of train; of all parts where train has none, or where a model's classes are known and
 * every part is held against them.  Errors: as lg_classes_freeze. */
logit_status lg_name_tables_freeze(lg_classes *classes, const lg_name_table part[LG_PART_COUNT],
                                   const char *path, const lg_dataset_options *options,
                                   logit_error *err);

/* label[count]: the label of each number, or LG_CLASS_LEFT_OUT.  Returns the first number whose
 * class is not known, or -1. */
int32_t lg_name_table_labels(const lg_name_table *table, const lg_classes *classes, int32_t *label);

#endif
