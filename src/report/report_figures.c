/* report_figures.c -- what the evaluation of the held-out part found, as eval.json has it. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"

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
    lg_text_add(page, "<tr><th>");
    lg_html_add(page, class_name(eval, truth));
    lg_text_add(page, "</th>");
    cJSON_ArrayForEach(cell, row)
    {
        const double share = all > 0.0 ? cell->valuedouble / all : 0.0;
        lg_text_add(page, "<td%s style=\"background:rgba(var(--cell),%.3f)\" title=\"",
                    c == truth ? " class=\"right\"" : "", 0.75 * sqrt(share));
        lg_html_add(page, class_name(eval, truth));
        lg_text_add(page, " taken for ");
        lg_html_add(page, class_name(eval, c++));
        lg_text_add(page, ": %.0f, %.1f %%\">", cell->valuedouble, 100.0 * share);
        if (cell->valuedouble > 0.0) lg_text_add(page, "%.0f", cell->valuedouble);
        lg_text_add(page, "</td>");
    }
    lg_text_add(page, "</tr>\n");
}

static void add_matrix(lg_text *page, const cJSON *eval, const cJSON *confusion)
{
    const int classes = cJSON_GetArraySize(confusion);
    const cJSON *row;
    int truth = 0;
    lg_text_add(page, "<div class=\"scroll\"><table class=\"matrix\"><tr><th>truth \\ said</th>");
    for (int c = 0; c < classes; c++) {
        lg_text_add(page, "<th>");
        lg_html_add(page, class_name(eval, c));
        lg_text_add(page, "</th>");
    }
    lg_text_add(page, "</tr>\n");
    cJSON_ArrayForEach(row, confusion) add_matrix_row(page, eval, row, truth++);
    lg_text_add(page, "</table></div>\n");
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
    mistake found[CONFUSED + 1];
    const int count = find_mistakes(confusion, found);
    lg_text_add(page, "<div class=\"scroll\"><table><tr><th>truth</th><th>taken for</th>"
                      "<th>times</th><th>of its class</th></tr>\n");
    for (int i = 0; i < count; i++) {
        lg_text_add(page, "<tr><td>");
        lg_html_add(page, class_name(eval, found[i].truth));
        lg_text_add(page, "</td><td>");
        lg_html_add(page, class_name(eval, found[i].said));
        lg_text_add(page, "</td><td>%.0f</td><td>%.1f %%</td></tr>\n", found[i].count,
                    100.0 * found[i].share);
    }
    lg_text_add(page, "</table></div>\n");
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
    static const char *const columns[] = {"precision", "recall", "f1", "auc", "average_precision"};
    const cJSON *all = member(eval, "per_class"), *one;
    const int count = cJSON_GetArraySize(all);
    if (count < 2) return;
    lg_html_section(page, "classes", "Class by class", NULL);
    if (count > MATRIX) lg_text_add(page, "<details><summary>All %d classes</summary>\n", count);
    lg_text_add(page, "<div class=\"scroll\"><table><tr><th>class</th><th>images</th>"
                      "<th>said</th><th>precision</th><th>recall</th><th>F1</th><th>AUC</th>"
                      "<th>average precision</th></tr>\n");
    cJSON_ArrayForEach(one, all)
    {
        const char *name = lg_run_text(one, "class");
        lg_text_add(page, "<tr><td>");
        lg_html_add(page, name ? name : "");
        lg_text_add(page, "</td><td>");
        lg_html_count(page, lg_run_number(one, "count"));
        lg_text_add(page, "</td><td>");
        lg_html_count(page, lg_run_number(one, "predicted"));
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            lg_text_add(page, "</td><td>");
            lg_html_figure(page, lg_run_number(one, columns[c]));
        }
        lg_text_add(page, "</td></tr>\n");
    }
    lg_text_add(page, "</table></div>\n%s", count > MATRIX ? "</details>\n" : "");
    lg_html_section_end(page);
}

void lg_report_figures(lg_text *page, const lg_report *report)
{
    const cJSON *eval = report->run->eval;
    if (!eval) return;
    add_confusion(page, eval);
    add_classes(page, eval);
}
