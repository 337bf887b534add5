/* report_table.h -- tables: cells are gathered, then written with equal decimals down each column.
 *
 * Layer 3 (report).  A table that is wider than the page scrolls beneath its first column, by
 * finger and by keyboard.  Texts are borrowed until the table is drawn. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_TABLE_H
#define LG_REPORT_TABLE_H

#include <stdint.h>

#include "base/text.h"

typedef enum lg_column_kind {
    LG_COLUMN_TEXT,
    LG_COLUMN_COUNT,   /* 12,345 */
    LG_COLUMN_FIGURE,  /* what was measured: four digits of the smallest */
    LG_COLUMN_GIVEN,   /* what was chosen: as many decimals as it takes */
    LG_COLUMN_SHARE,   /* 0 to 1: four decimals, with a bar behind */
    LG_COLUMN_PER_CENT /* of a share: 12.3 % */
} lg_column_kind;

typedef struct lg_column {
    const char *name; /* HTML */
    lg_column_kind kind;
} lg_column;

/* How the numbers of a column are written.  Zero it, show it every number, then write each. */
typedef struct lg_decimals {
    double least, most; /* in magnitude, of those that are finite and not 0 */
    int given;          /* decimals that a number of three digits takes */
} lg_decimals;

void lg_decimals_see(lg_decimals *all, double value);
/* kind: FIGURE, GIVEN or SHARE.  A dash for NaN. */
void lg_decimals_write(lg_text *page, const lg_decimals *all, lg_column_kind kind, double value);

typedef struct lg_cell {
    const char *text;
    double number, error; /* "1.25 +- 0.05"; NaN: without */
} lg_cell;

typedef struct lg_row {
    const char *look, *note; /* a class of the style sheet; behind the first cell; or NULL */
} lg_row;

/* `name` says to those who do not see it what the table is of.  Zero the rest; columns and name are
 * borrowed. */
typedef struct lg_table {
    const char *name;
    const lg_column *column;
    int columns;
    int64_t rows, cells, row_room, cell_room;
    lg_row *row;   /* [rows] */
    lg_cell *cell; /* [cells], row by row */
    int failed;
} lg_table;

/* A row, and its cells from left to right. */
void lg_table_row(lg_table *table, const char *look, const char *note);
void lg_table_text(lg_table *table, const char *text); /* NULL: empty */
void lg_table_number(lg_table *table, double number);
void lg_table_mean(lg_table *table, double number, double error);

/* Writes the table and frees what it held.  Every row has a cell per column. */
void lg_table_draw(lg_text *page, lg_table *table);

#endif
