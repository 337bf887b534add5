/* report_figures.c -- what the evaluation of the held-out part found, as eval.json has it. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_html.h"
#include "report/report_matrix.h"
#include "report/report_parts.h"
#include "report/report_table.h"

enum {
    MATRIX = 30,  /* classes whose confusions are shown as a table */
    CONFUSED = 15 /* pairs that are listed where there are more */
};

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *class_name(const cJSON *eval, int c)
{
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(member(eval, "classes"), c));
    return name ? name : "";
}

/* ------------------------------------------------------------------------- the confusions --- */

static double row_sum(const cJSON *row)
{
    const cJSON *cell;
    double sum = 0.0;
    cJSON_ArrayForEach(cell, row) sum += cell->valuedouble;
    return sum;
}

static void add_matrix_row(lg_text *page, const cJSON *eval, const cJSON *row, int truth)
{
    const double all = row_sum(row);
    const cJSON *cell;
    int c = 0;
    lg_matrix_begin_row(page, class_name(eval, truth));
    cJSON_ArrayForEach(cell, row)
    {
        const double count = cell->valuedouble, share = all > 0.0 ? count / all : 0.0;
        char text[32] = "";
        char *title = lg_text_format("%s taken for %s: %.0f, %.1f %%", class_name(eval, truth),
                                     class_name(eval, c), count, 100.0 * share);
        if (count > 0.0) snprintf(text, sizeof text, "%.0f", count);
        if (title)
            lg_matrix_add_cell(page, &(lg_matrix_cell){text, title, sqrt(share), c == truth});
        else
            page->failed = 1;
        free(title);
        c++;
    }
    lg_matrix_end_row(page);
}

/* How wide the cells are, and whether the names of the classes fit above them. */
static lg_matrix measure(const cJSON *eval, const cJSON *confusion)
{
    lg_matrix m = {.name = "Confusions: rows are the truth, columns what the model says",
                   .corner = "",
                   .columns = cJSON_GetArraySize(confusion),
                   .digits = 2};
    const cJSON *row, *cell;
    cJSON_ArrayForEach(row, confusion) cJSON_ArrayForEach(cell, row)
    {
        char text[32];
        const int digits = snprintf(text, sizeof text, "%.0f", cell->valuedouble);
        if (digits > m.digits) m.digits = digits;
    }
    for (int c = 0; c < m.columns; c++) {
        const int letters = (int)strlen(class_name(eval, c));
        if (letters > m.head_width) m.head_width = m.column_width = letters;
    }
    return m;
}

static void add_matrix(lg_text *page, const cJSON *eval, const cJSON *confusion)
{
    const lg_matrix matrix = measure(eval, confusion);
    const cJSON *row;
    int truth = 0;
    lg_matrix_begin(page, &matrix);
    for (int c = 0; c < matrix.columns; c++)
        lg_matrix_add_column(page, &matrix, class_name(eval, c));
    lg_matrix_begin_rows(page);
    cJSON_ArrayForEach(row, confusion) add_matrix_row(page, eval, row, truth++);
    lg_matrix_end(page);
}

typedef struct mistake {
    int truth, said;
    double count, share;
} mistake;

static int by_count(const void *a, const void *b)
{
    const mistake *one = a, *other = b;
    if (one->count != other->count) return one->count > other->count ? -1 : 1;
    if (one->truth != other->truth) return one->truth - other->truth;
    return one->said - other->said;
}

/* The pairs that are confused most often; how many of them there are. */
static int find_mistakes(const cJSON *confusion, mistake found[CONFUSED + 1])
{
    const cJSON *row, *cell;
    int count = 0, truth = 0;
    cJSON_ArrayForEach(row, confusion)
    {
        const double all = row_sum(row);
        int said = 0;
        cJSON_ArrayForEach(cell, row)
        {
            if (said != truth && cell->valuedouble > 0.0) {
                found[count] = (mistake){truth, said, cell->valuedouble, cell->valuedouble / all};
                qsort(found, (size_t)count + 1, sizeof *found, by_count);
                if (count < CONFUSED) count++;
            }
            said++;
        }
        truth++;
    }
    return count;
}

static void add_mistakes(lg_text *page, const cJSON *eval, const cJSON *confusion)
{
    static const lg_column columns[] = {{"truth", LG_COLUMN_TEXT},
                                        {"taken for", LG_COLUMN_TEXT},
                                        {"times", LG_COLUMN_COUNT},
                                        {"of its class", LG_COLUMN_PER_CENT}};
    lg_table table = {.name = "The most frequent confusions", .column = columns, .columns = 4};
    mistake found[CONFUSED + 1];
    const int count = find_mistakes(confusion, found);
    for (int i = 0; i < count; i++) {
        lg_table_row(&table, NULL, NULL);
        lg_table_text(&table, class_name(eval, found[i].truth));
        lg_table_text(&table, class_name(eval, found[i].said));
        lg_table_number(&table, found[i].count);
        lg_table_number(&table, found[i].share);
    }
    lg_table_draw(page, &table);
}

static void add_confusion(lg_text *page, const cJSON *eval)
{
    const cJSON *confusion = member(eval, "confusion");
    const int classes = cJSON_GetArraySize(confusion);
    if (classes < 2) return;
    lg_html_section(page, "confusion", "What is taken for what",
                    classes <= MATRIX
                        ? "Rows are the truth, columns what the model says; a row's shares of its "
                          "class set the shade."
                        : "The pairs of classes that are confused most often.");
    if (classes <= MATRIX)
        add_matrix(page, eval, confusion);
    else
        add_mistakes(page, eval, confusion);
    lg_html_section_end(page);
}

/* ---------------------------------------------------------------------------- the classes --- */

static void add_classes(lg_text *page, const cJSON *eval)
{
    static const char *const names[] = {"count", "predicted", "precision",        "recall",
                                        "f1",    "auc",       "average_precision"};
    static const lg_column columns[] = {
        {"class", LG_COLUMN_TEXT},
        {"images", LG_COLUMN_COUNT},
        {"said", LG_COLUMN_COUNT},
        {"preci&#173;sion", LG_COLUMN_SHARE},
        {"recall", LG_COLUMN_SHARE},
        {"F1", LG_COLUMN_SHARE},
        {"AUC", LG_COLUMN_SHARE},
        {"<abbr title=\"average precision\">AP</abbr>", LG_COLUMN_SHARE}};
    enum { NAMES = sizeof names / sizeof *names };
    lg_table table = {.name = "Class by class", .column = columns, .columns = NAMES + 1};
    const cJSON *all = member(eval, "per_class"), *one;
    const int count = cJSON_GetArraySize(all);
    if (count < 2) return;
    cJSON_ArrayForEach(one, all)
    {
        lg_table_row(&table, NULL, NULL);
        lg_table_text(&table, lg_run_text(one, "class"));
        for (int c = 0; c < NAMES; c++) lg_table_number(&table, lg_run_number(one, names[c]));
    }
    lg_html_section(page, "classes", "Class by class",
                    "Of what is said to be it, what is (precision); of what is it, what is said to "
                    "be (recall); how far it is told from the rest (AUC, average precision AP).");
    if (count > MATRIX) lg_text_add(page, "<details><summary>All %d classes</summary>\n", count);
    lg_table_draw(page, &table);
    lg_text_add(page, "%s", count > MATRIX ? "</details>\n" : "");
    lg_html_section_end(page);
}

void lg_report_figures(lg_text *page, const lg_report *report)
{
    const cJSON *eval = report->run->eval;
    if (!eval) return;
    add_confusion(page, eval);
    add_classes(page, eval);
}
