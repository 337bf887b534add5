/* report_matrix.c -- shaded cells. */
/* SPDX-License-Identifier: MIT */
#include "report/report_matrix.h"

#include "report/report_html.h"

enum { WIDEST_HEAD = 14 /* letters; longer ones go over several lines */ };

/* How much of the colour a cell of shade 1 has: what stands in it stays legible. */
static const double deepest = 0.75;

/* Widths of a phone, of a letter and of the widest cell are those of the style sheet, in rem. */
static int stands_upright(const lg_matrix *m)
{
    const double page = 22.0, letter = 0.48, widest = 3.6;
    const double names = letter * (m->head_width < WIDEST_HEAD ? m->head_width : WIDEST_HEAD);
    const double cell = (page - names) / m->columns;
    return m->column_width * letter > (cell < widest ? cell : widest);
}

void lg_matrix_begin(lg_text *page, const lg_matrix *m)
{
    lg_text_add(page, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    lg_html_add(page, m->name);
    lg_text_add(page,
                "\"><table class=\"matrix\" style=\"--columns:%d;--digits:%d;--names:%d\">"
                "<thead><tr><th scope=\"col\">",
                m->columns, m->digits, m->head_width < WIDEST_HEAD ? m->head_width : WIDEST_HEAD);
    if (*m->corner)
        lg_html_add(page, m->corner);
    else
        lg_text_add(page, "<span class=\"unseen\">truth</span>");
    lg_text_add(page, "</th>");
}

void lg_matrix_add_column(lg_text *page, const lg_matrix *m, const char *head)
{
    lg_text_add(page, "<th scope=\"col\"");
    if (stands_upright(m)) {
        lg_text_add(page, " class=\"tall\" title=\"");
        lg_html_add(page, head);
        lg_text_add(page, "\"");
    }
    lg_text_add(page, "><span>");
    lg_html_add(page, head);
    lg_text_add(page, "</span></th>");
}

void lg_matrix_begin_rows(lg_text *page)
{
    lg_text_add(page, "</tr></thead><tbody>\n");
}

void lg_matrix_begin_row(lg_text *page, const char *head)
{
    lg_text_add(page, "<tr><th scope=\"row\">");
    lg_html_add(page, head);
    lg_text_add(page, "</th>");
}

void lg_matrix_add_cell(lg_text *page, const lg_matrix_cell *cell)
{
    lg_text_add(page, "<td%s", cell->is_framed ? " class=\"right\"" : "");
    if (cell->shade > 0.0)
        lg_text_add(page, " style=\"background:rgba(var(--cell),%.3f)\"", deepest * cell->shade);
    if (*cell->title) {
        lg_text_add(page, " title=\"");
        lg_html_add(page, cell->title);
        lg_text_add(page, "\"");
    }
    lg_text_add(page, ">");
    lg_html_add(page, cell->text);
    lg_text_add(page, "</td>");
}

void lg_matrix_end_row(lg_text *page)
{
    lg_text_add(page, "</tr>\n");
}

void lg_matrix_end(lg_text *page)
{
    lg_text_add(page, "</tbody></table></div>\n");
}
