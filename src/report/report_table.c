/* report_table.c -- cells to rows. */
/* SPDX-License-Identifier: MIT */
#include "report/report_table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_html.h"

enum {
    DIGITS = 4,        /* of a figure */
    GIVEN_DIGITS = 3,  /* of a setting */
    ERROR_DIGITS = 2,  /* of a standard error */
    MOST_DECIMALS = 6, /* with more, powers of ten */
    MOST_DIGITS = 9,   /* likewise, before and behind the point */
    WIDEST_TEXT = 16,  /* letters on a line, where space is short */
    FEW = 6,           /* columns that a phone has room for */
    DENSE = 8          /* likewise, where they stand close; tables of more scroll */
};

/* ------------------------------------------------------------------------- equal decimals --- */

/* Decimals of a number that is written with three digits and no zeros behind them. */
static int decimals_of(double value)
{
    char digits[40];
    snprintf(digits, sizeof digits, "%.*e", GIVEN_DIGITS - 1, value);
    const int power = atoi(digits + 2 + GIVEN_DIGITS);
    int kept = GIVEN_DIGITS - 1;
    while (kept > 0 && digits[1 + kept] == '0') kept--;
    return kept - power > 0 ? kept - power : 0;
}

void lg_decimals_see(lg_decimals *all, double value)
{
    const double size = fabs(value);
    if (!isfinite(size) || size == 0.0) return;
    if (all->least == 0.0 || size < all->least) all->least = size;
    if (size > all->most) all->most = size;
    const int given = decimals_of(size);
    if (given > all->given) all->given = given;
}

void lg_decimals_write(lg_text *page, const lg_decimals *all, lg_column_kind kind, double value)
{
    const int least = all->least > 0.0 ? (int)floor(log10(all->least)) : 0;
    const int most = all->most >= 1.0 ? (int)floor(log10(all->most)) : 0;
    const int wanted = kind == LG_COLUMN_GIVEN ? all->given : DIGITS - 1 - least;
    const int decimals = wanted > 0 ? wanted : 0;
    if (!isfinite(value) || kind == LG_COLUMN_SHARE)
        lg_html_share(page, value);
    else if (decimals > MOST_DECIMALS || most + 1 + decimals > MOST_DIGITS)
        lg_text_add(page, "%.*e", (kind == LG_COLUMN_GIVEN ? GIVEN_DIGITS : DIGITS) - 1, value);
    else
        lg_text_add(page, "%.*f", decimals, value);
}

/* ------------------------------------------------------------------------------ to gather --- */

/* Room for one more of `size` bytes; NULL: no memory, and the table has failed. */
static void *make_room(lg_table *table, void *all, int64_t used, int64_t *room, size_t size)
{
    if (used < *room) return all;
    const int64_t more = *room ? 2 * *room : 32;
    void *grown = realloc(all, (size_t)more * size);
    if (!grown) {
        table->failed = 1;
        return NULL;
    }
    *room = more;
    return grown;
}

void lg_table_row(lg_table *table, const char *look, const char *note)
{
    if (table->failed) return;
    lg_row *row = make_room(table, table->row, table->rows, &table->row_room, sizeof *row);
    if (!row) return;
    table->row = row;
    row[table->rows++] = (lg_row){look, note};
}

static void add_cell(lg_table *table, lg_cell of)
{
    if (table->failed) return;
    lg_cell *cell = make_room(table, table->cell, table->cells, &table->cell_room, sizeof *cell);
    if (!cell) return;
    table->cell = cell;
    cell[table->cells++] = of;
}

void lg_table_text(lg_table *table, const char *text)
{
    add_cell(table, (lg_cell){text ? text : "", NAN, NAN});
}

void lg_table_number(lg_table *table, double number)
{
    add_cell(table, (lg_cell){NULL, number, NAN});
}

void lg_table_mean(lg_table *table, double number, double error)
{
    add_cell(table, (lg_cell){NULL, number, error});
}

/* ------------------------------------------------------------------------------- to write --- */

static void write_number(lg_text *page, lg_column_kind kind, const lg_decimals *all, double value)
{
    if (kind == LG_COLUMN_COUNT || !isfinite(value))
        lg_html_count(page, value);
    else if (kind == LG_COLUMN_PER_CENT)
        lg_text_add(page, "%.1f %%", 100.0 * value);
    else
        lg_decimals_write(page, all, kind, value);
}

/* What the cells of a column have in common. */
typedef struct shape {
    lg_decimals decimals;
    int letters; /* of the longest text */
} shape;

static void see_cell(shape *of, const lg_cell *cell)
{
    const int letters = cell->text ? (int)strlen(cell->text) : 0;
    if (letters > of->letters) of->letters = letters;
    lg_decimals_see(&of->decimals, cell->number);
    lg_decimals_see(&of->decimals, cell->error * pow(10.0, DIGITS - ERROR_DIGITS));
}

/* Texts that are long may break, within a width that the head of the column asks for. */
static const char *class_of(const lg_table *table, int c, const shape *of)
{
    return table->column[c].kind != LG_COLUMN_TEXT ? ""
           : of->letters > WIDEST_TEXT             ? " class=\"text long\""
                                                   : " class=\"text\"";
}

static void write_head(lg_text *page, const lg_table *table, const shape *all)
{
    const int is_dense = table->columns > FEW && table->columns <= DENSE;
    lg_text_add(page, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    lg_html_add(page, table->name);
    lg_text_add(page, "\"><table%s><thead><tr>", is_dense ? " class=\"dense\"" : "");
    for (int c = 0; c < table->columns; c++)
        lg_text_add(page, "<th scope=\"col\"%s>%s</th>", class_of(table, c, &all[c]),
                    table->column[c].name);
    lg_text_add(page, "</tr></thead><tbody>\n");
}

/* The first cell of a row is its head. */
static void write_cell(lg_text *page, const lg_table *table, int64_t row, int c, const shape *of)
{
    const lg_cell *cell = &table->cell[row * table->columns + c];
    const lg_column_kind kind = table->column[c].kind;
    const char *tag = c == 0 ? "th" : "td", *note = table->row[row].note;
    lg_text_add(page, "<%s%s%s", tag, c == 0 ? " scope=\"row\"" : "", class_of(table, c, of));
    if (kind == LG_COLUMN_SHARE && isfinite(cell->number))
        lg_text_add(page, " class=\"share\" style=\"--share:%.1f%%\"",
                    100.0 * fmax(0.0, fmin(1.0, cell->number)));
    lg_text_add(page, ">");
    if (cell->text)
        lg_html_add(page, cell->text);
    else
        write_number(page, kind, &of->decimals, cell->number);
    if (isfinite(cell->error)) {
        lg_text_add(page, " &#177; ");
        write_number(page, kind, &of->decimals, cell->error);
    }
    if (c == 0 && note) lg_text_add(page, " (%s)", note);
    lg_text_add(page, "</%s>", tag);
}

static void write_table(lg_text *page, const lg_table *table, shape *all)
{
    assert(table->cells == table->rows * table->columns);
    for (int64_t i = 0; i < table->cells; i++) see_cell(&all[i % table->columns], &table->cell[i]);
    write_head(page, table, all);
    for (int64_t row = 0; row < table->rows; row++) {
        const char *look = table->row[row].look;
        lg_text_add(page, "<tr");
        if (look) lg_text_add(page, " class=\"%s\"", look);
        lg_text_add(page, ">");
        for (int c = 0; c < table->columns; c++) write_cell(page, table, row, c, &all[c]);
        lg_text_add(page, "</tr>\n");
    }
    lg_text_add(page, "</tbody></table></div>\n");
}

void lg_table_draw(lg_text *page, lg_table *table)
{
    shape *all = calloc((size_t)table->columns + 1, sizeof *all);
    if (!all || table->failed)
        page->failed = 1;
    else
        write_table(page, table, all);
    free(all);
    free(table->row);
    free(table->cell);
    *table = (lg_table){0};
}
