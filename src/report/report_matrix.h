/* report_matrix.h -- a table of shaded cells, as wide as the page and legible on a phone.
 *
 * Layer 3 (report).  Its parts are added in the order in which they stand here. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_MATRIX_H
#define LG_REPORT_MATRIX_H

#include "base/text.h"

/* What the sizes of the cells come from.  Borrowed. */
typedef struct lg_matrix {
    const char *name;   /* for those who do not see it */
    const char *corner; /* what the heads are of; "": told elsewhere */
    int columns;
    int digits;       /* of the longest number in a cell */
    int head_width;   /* letters of the longest head of a row */
    int column_width; /* the same of a column: where a phone has no room for it, they stand upright
                       */
} lg_matrix;

typedef struct lg_matrix_cell {
    const char *text, *title; /* what stands in it, and the same in words */
    double shade;             /* 0 to 1 */
    int is_framed;
} lg_matrix_cell;

void lg_matrix_begin(lg_text *page, const lg_matrix *matrix);
void lg_matrix_add_column(lg_text *page, const lg_matrix *matrix, const char *head);
void lg_matrix_begin_rows(lg_text *page);
void lg_matrix_begin_row(lg_text *page, const char *head);
void lg_matrix_add_cell(lg_text *page, const lg_matrix_cell *cell);
void lg_matrix_end_row(lg_text *page);
void lg_matrix_end(lg_text *page);

#endif
