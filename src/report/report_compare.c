/* report_compare.c -- what `logit compare` found, where it wrote into the run's folder. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_table.h"

static int is_type(const cJSON *line, const char *type)
{
    const char *its = lg_run_text(line, "type");
    return its && strcmp(its, type) == 0;
}

static const cJSON *find_line(const lg_run_lines *lines, const char *type)
{
    for (int i = 0; i < lines->count; i++)
        if (is_type(lines->line[i], type)) return lines->line[i];
    return NULL;
}

/* --------------------------------------------------------------------- stage by stage --- */

/* between: room for a text of the row, which the table borrows. */
static void add_stage(lg_table *table, const cJSON *line, char *between, size_t size)
{
    static const char *const figures[] = {"absolute", "relative", "ulps", "share", "signed_mean"};
    const double count = lg_run_number(line, "count"), equal = lg_run_number(line, "equal");
    const char *a = lg_run_text(line, "a"), *b = lg_run_text(line, "b");
    const int is_outside = lg_run_number(line, "outside") > 0.0;
    snprintf(between, size, "%s and %s", a ? a : "", b ? b : "");
    lg_table_row(table, is_outside ? "kept" : NULL, is_outside ? "outside" : NULL);
    lg_table_text(table, lg_run_text(line, "stage"));
    lg_table_text(table, between);
    lg_table_number(table, count);
    lg_table_number(table, count > 0.0 ? equal / count : 0.0);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        lg_table_number(table, lg_run_number(line, figures[i]));
}

static void add_stages(lg_text *page, const lg_run_lines *lines)
{
    enum { BETWEEN = 80 };
    static const lg_column columns[] = {{"stage", LG_COLUMN_TEXT},
                                        {"between", LG_COLUMN_TEXT},
                                        {"numbers", LG_COLUMN_COUNT},
                                        {"equal bits", LG_COLUMN_PER_CENT},
                                        {"largest difference", LG_COLUMN_FIGURE},
                                        {"relative", LG_COLUMN_FIGURE},
                                        {"ULPs", LG_COLUMN_FIGURE},
                                        {"of its bound", LG_COLUMN_FIGURE},
                                        {"signed mean", LG_COLUMN_FIGURE}};
    lg_table table = {.name = "Stage by stage", .column = columns, .columns = 9};
    if (!find_line(lines, "stage")) return;
    char(*between)[BETWEEN] = calloc((size_t)lines->count, sizeof *between);
    if (!between) {
        page->failed = 1;
        return;
    }
    for (int i = 0; i < lines->count; i++)
        if (is_type(lines->line[i], "stage"))
            add_stage(&table, lines->line[i], between[i], sizeof between[i]);
    lg_table_draw(page, &table);
    lg_text_add(page, "<p class=\"note\">Largest difference as a share of its bound: up to 1 is "
                      "what rounding can do.</p>\n");
    free(between);
}

/* ----------------------------------------------------------------------- step by step --- */

/* Curves of the members that are there, over the steps.  values: [names + 1][drifts]. */
static void draw_drift(lg_text *page, const lg_run_lines *lines, const lg_chart *chart,
                       const char *const (*name)[2], int names, double *values, int drifts)
{
    lg_curve curve[4];
    int used = 0;
    for (int n = 0; n <= names; n++) {
        double *value = values + (int64_t)n * drifts;
        int row = 0, finite = 0;
        for (int i = 0; i < lines->count; i++)
            if (is_type(lines->line[i], "drift")) {
                value[row] = lg_run_number(lines->line[i], n < names ? name[n][0] : "step");
                finite += isfinite(value[row++]);
            }
        if (n < names && finite)
            curve[used++] = (lg_curve){.name = name[n][1],
                                       .x = values + (int64_t)names * drifts,
                                       .y = value,
                                       .count = drifts,
                                       .colour = n,
                                       .look = n ? LG_LOOK_DASHED : LG_LOOK_LINE};
    }
    lg_chart_draw(page, chart, curve, used);
}

static void add_drift(lg_text *page, const lg_run_lines *lines)
{
    static const char *const losses[][2] = {
        {"loss_ref", "float64"}, {"loss_a", "device A"}, {"loss_b", "device B"}};
    static const char *const distances[][2] = {{"envelope", "what rounding can do"},
                                               {"distance_a_ref", "A from float64"},
                                               {"distance_b_ref", "B from float64"},
                                               {"distance_a_b", "A from B"}};
    int drifts = 0;
    for (int i = 0; i < lines->count; i++) drifts += is_type(lines->line[i], "drift");
    if (drifts == 0) return;
    double *values = calloc(5 * (size_t)drifts, sizeof *values);
    if (!values) {
        page->failed = 1;
        return;
    }
    const lg_chart loss = {
        .title = "Loss of each batch", .x_name = "step", .y_name = "loss", .whole_x = 1};
    const lg_chart distance = {.title = "How far the weights are apart, |W_a - W_b| / |W_b|",
                               .x_name = "step",
                               .y_name = "distance",
                               .log_y = 1,
                               .whole_x = 1};
    lg_text_add(page, "<div class=\"charts\">\n");
    draw_drift(page, lines, &loss, losses, 3, values, drifts);
    draw_drift(page, lines, &distance, distances, 4, values, drifts);
    lg_text_add(page, "</div>\n");
    free(values);
}

void lg_report_compare(lg_text *page, const lg_report *report)
{
    const lg_run_lines *lines = &report->run->compared;
    const cJSON *start = find_line(lines, "start"), *end = find_line(lines, "end");
    const char *sentence = lg_run_text(end, "sentence");
    static const char *const devices[] = {"device_a", "device_b", "device_ref"};
    if (lines->count == 0) return;
    lg_html_section(page, "compare", "The same training elsewhere", NULL);
    lg_text_add(page, "<p>");
    lg_html_add(page, sentence ? sentence : "The comparison has not ended.");
    lg_text_add(page, "</p>\n<p class=\"about\">");
    for (int i = 0; i < 3; i++) {
        const char *device = lg_run_text(start, devices[i]);
        if (!device) continue;
        lg_text_add(page, "%s", i > 0 ? "; " : "");
        lg_html_add(page, device);
    }
    lg_text_add(page, "</p>\n");
    add_drift(page, lines);
    add_stages(page, lines);
    lg_html_section_end(page);
}
