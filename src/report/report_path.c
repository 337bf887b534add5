/* report_path.c -- a path of penalties, and cross-validation: what every setting came to. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_table.h"

/* A setting as its line of metrics.jsonl has it. */
typedef struct point {
    const cJSON *line;
    double penalty; /* what the path goes over */
    int kept;
} point;

/* Columns of the charts, [count] each in one block. */
typedef struct columns {
    int count;
    double *penalty, *loss, *above, *below, *train, *accuracy, *zeros, kept_at[2], kept[2];
} columns;

static int is_over_l1(const char *path)
{
    return path && strncmp(path, "l1:", 3) == 0;
}

static int by_penalty(const void *a, const void *b)
{
    const point *one = a, *other = b;
    return (one->penalty > other->penalty) - (one->penalty < other->penalty);
}

static int is_setting(const cJSON *line)
{
    const char *type = lg_run_text(line, "type");
    return type && strcmp(type, "setting") == 0;
}

/* The settings of the run, in the order of its lines: best first.  NULL: no memory. */
static point *list_points(const lg_run *run, const char *path, int *count)
{
    point *list = calloc((size_t)run->other.count + 1, sizeof *list);
    *count = 0;
    for (int i = 0; list && i < run->other.count; i++) {
        const cJSON *line = run->other.line[i];
        if (!is_setting(line)) continue;
        list[(*count)++] = (point){line, lg_run_number(line, is_over_l1(path) ? "l1" : "l2"),
                                   cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "kept"))};
    }
    return list;
}

/* ------------------------------------------------------------------------------ the table --- */

/* A column of the table: the members of its lines, which only lbfgs has or all but lbfgs. */
typedef struct figure {
    lg_column column;
    const char *name, *error;
    int lbfgs; /* 1: of lbfgs alone; -1: of the others */
} figure;

static const figure figures[] = {
    {{"setting", LG_COLUMN_COUNT}, "setting", NULL, 0},
    {{"lr", LG_COLUMN_GIVEN}, "lr", NULL, -1},
    {{"l2", LG_COLUMN_GIVEN}, "l2", NULL, 0},
    {{"l1", LG_COLUMN_GIVEN}, "l1", NULL, 1},
    {{"train loss", LG_COLUMN_FIGURE}, "train_loss", NULL, 0},
    {{"val loss", LG_COLUMN_FIGURE}, "val_loss", "val_loss_error", 0},
    {{"val accuracy", LG_COLUMN_SHARE}, "val_accuracy", "val_accuracy_error", 0},
    {{"objective", LG_COLUMN_FIGURE}, "objective", NULL, 1},
    {{"gap", LG_COLUMN_FIGURE}, "gap", NULL, 1},
    {{"passes", LG_COLUMN_COUNT}, "passes", NULL, 1},
    {{"zeros", LG_COLUMN_COUNT}, "zeros", NULL, 1},
    {{"ended by", LG_COLUMN_TEXT}, "ended", NULL, 0},
};

enum { FIGURES = sizeof figures / sizeof *figures };

static int has_figure(const figure *f, int is_lbfgs)
{
    return f->lbfgs == 0 || f->lbfgs == (is_lbfgs ? 1 : -1);
}

static void add_row(lg_table *table, const point *p, int is_lbfgs)
{
    lg_table_row(table, p->kept ? "kept" : NULL, p->kept ? "kept" : NULL);
    for (int f = 0; f < FIGURES; f++) {
        if (!has_figure(&figures[f], is_lbfgs)) continue;
        if (figures[f].column.kind == LG_COLUMN_TEXT)
            lg_table_text(table, lg_run_text(p->line, figures[f].name));
        else
            lg_table_mean(table, lg_run_number(p->line, figures[f].name),
                          figures[f].error ? lg_run_number(p->line, figures[f].error) : NAN);
    }
}

static void add_table(lg_text *page, const point *p, int count)
{
    const int is_lbfgs = cJSON_HasObjectItem(p->line, "passes");
    lg_column column[FIGURES];
    lg_table table = {.name = "The settings, best first", .column = column};
    for (int f = 0; f < FIGURES; f++)
        if (has_figure(&figures[f], is_lbfgs)) column[table.columns++] = figures[f].column;
    for (int i = 0; i < count; i++) add_row(&table, &p[i], is_lbfgs);
    lg_table_draw(page, &table);
}

/* ----------------------------------------------------------------------------- the charts --- */

/* Returns the block, to be freed; NULL: no memory.  A path may end at 0, which has no place on an
 * axis of logarithms. */
static double *fill_columns(columns *c, const point *p, int count)
{
    enum { COLUMNS = 7 };
    double *block = calloc((size_t)count * COLUMNS, sizeof *block);
    double **place[] = {&c->penalty, &c->loss,     &c->above, &c->below,
                        &c->train,   &c->accuracy, &c->zeros};
    if (!block) return NULL;
    for (int i = 0; i < COLUMNS; i++) *place[i] = block + (size_t)i * (size_t)count;
    c->count = 0;
    for (int i = 0; i < count; i++) {
        const int at = c->count;
        const double error = lg_run_number(p[i].line, "val_loss_error");
        if (!(p[i].penalty > 0.0)) continue;
        c->penalty[at] = p[i].penalty;
        c->loss[at] = lg_run_number(p[i].line, "val_loss");
        c->above[at] = c->loss[at] + error;
        c->below[at] = c->loss[at] - error;
        c->train[at] = lg_run_number(p[i].line, "train_loss");
        c->accuracy[at] = lg_run_number(p[i].line, "val_accuracy");
        c->zeros[at] = lg_run_number(p[i].line, "zeros");
        if (p[i].kept) {
            c->kept_at[0] = c->kept_at[1] = p[i].penalty;
            c->kept[0] = c->loss[at];
            c->kept[1] = c->accuracy[at];
        }
        c->count++;
    }
    return block;
}

static void draw_charts(lg_text *page, const columns *c, const char *over)
{
    const int n = c->count;
    const lg_curve losses[] = {
        {"validation", c->penalty, c->loss, n, 0, LG_LOOK_LINE},
        {"train", c->penalty, c->train, n, 2, LG_LOOK_DASHED},
        {isfinite(c->above[0]) ? "a standard error" : NULL, c->penalty, c->above, n, 6,
         LG_LOOK_FAINT},
        {NULL, c->penalty, c->below, n, 6, LG_LOOK_FAINT},
        {"kept", &c->kept_at[0], &c->kept[0], 1, 1, LG_LOOK_LINE},
    };
    const lg_curve accuracies[] = {
        {"validation", c->penalty, c->accuracy, n, 0, LG_LOOK_LINE},
        {"kept", &c->kept_at[1], &c->kept[1], 1, 1, LG_LOOK_LINE},
    };
    const lg_curve zeros = {"weights that are 0", c->penalty, c->zeros, n, 3, LG_LOOK_LINE};
    lg_chart chart = {.title = "Loss by penalty", .x_name = over, .y_name = "loss", .log_x = 1};
    lg_text_add(page, "<div class=\"charts\">\n");
    lg_chart_draw(page, &chart, losses, 5);
    chart.title = "Accuracy by penalty";
    chart.y_name = "accuracy";
    lg_chart_draw(page, &chart, accuracies, 2);
    chart.title = "Zeros by penalty";
    chart.y_name = "weights";
    if (strcmp(over, "l1") == 0) lg_chart_draw(page, &chart, &zeros, 1);
    lg_text_add(page, "</div>\n");
}

static void add_charts(lg_text *page, point *p, int count, const char *path)
{
    columns c = {.kept_at = {NAN, NAN}, .kept = {NAN, NAN}};
    qsort(p, (size_t)count, sizeof *p, by_penalty);
    double *block = fill_columns(&c, p, count);
    if (!block)
        page->failed = 1;
    else if (c.count > 1)
        draw_charts(page, &c, is_over_l1(path) ? "l1" : "l2");
    free(block);
}

/* ---------------------------------------------------------------------------- the section --- */

int lg_report_has_path(const lg_run *run)
{
    return lg_run_text(run->start, "path") || lg_run_number(run->start, "folds") > 0.0;
}

void lg_report_path(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    const char *path = lg_run_text(run->start, "path");
    const double folds = lg_run_number(run->start, "folds");
    char about[200];
    int count;
    if (!lg_report_has_path(run)) return;
    point *p = list_points(run, path, &count);
    if (!p) page->failed = 1;
    if (count > 0) {
        snprintf(about, sizeof about,
                 "Every setting was trained %.0f times, each time without one part of the "
                 "training set, and measured on that: means and their standard errors.",
                 folds);
        lg_html_section(page, "path", folds > 0.0 ? "Cross-validation" : "The path",
                        folds > 0.0 ? about
                                    : "Each penalty was fitted from where the one before ended, "
                                      "the strongest first; the validation part picked.");
        add_table(page, p, count);
        if (path) add_charts(page, p, count, path);
        lg_html_section_end(page);
    }
    free(p);
}
