/* list_names.h -- the list files of a path: which of its parts they are.
 *
 * Layer 1 (data).  A path is a list itself, or a folder in which train.csv lies, with val.csv or
 * test.csv beside it, each by any of the names of lg_part_of_name. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_LIST_NAMES_H
#define LG_DATA_LIST_NAMES_H

#include "data/formats.h"

/* 1: the file begins as a list does: with the header path,label, or with the name of an image and
 * a comma behind it.  Errors: IO. */
logit_status lg_list_looks_so(const char *path, int *mine, logit_error *err);

/* Finds the lists at dataset->path, malloc'ed; NULL where there is none.  Sets has_parts.  Errors:
 * IO, DATA (two lists of one part), NOMEM. */
logit_status lg_list_find(char *list[LG_PART_COUNT], lg_dataset *dataset, logit_error *err);

#endif
