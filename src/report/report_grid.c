/* report_grid.c -- all settings side by side. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_html.h"
#include "report/report_matrix.h"
#include "report/report_parts.h"
#include "report/report_table.h"

enum { ROWS = 64 /* of the table */ };

/* A setting and what it came to. */
typedef struct outcome {
    int setting;
    double lr, l2, val_loss, val_accuracy, train_loss;
    const char *ended; /* "epochs", "patience", "diverged"; NULL: the run has not ended */
} outcome;

static int by_outcome(const void *a, const void *b)
{
    const outcome *one = a, *other = b;
    const int one_ended = isfinite(one->val_loss), other_ended = isfinite(other->val_loss);
    if (one_ended != other_ended) return other_ended - one_ended;
    if (one_ended && one->val_loss != other->val_loss)
        return one->val_loss < other->val_loss ? -1 : 1;
    return one->setting - other->setting;
}

static double last(const lg_run_setting *setting, lg_run_column column)
{
    return setting->epoch.rows > 0 ? setting->epoch.column[column][setting->epoch.rows - 1] : NAN;
}

/* ------------------------------------------------------------------------------ the table --- */

static void add_row(lg_table *table, const outcome *o, int is_kept)
{
    lg_table_row(table,
                 is_kept              ? "kept"
                 : isnan(o->val_loss) ? "stopped"
                                      : NULL,
                 is_kept ? "kept" : NULL);
    lg_table_number(table, o->setting);
    lg_table_number(table, o->lr);
    lg_table_number(table, o->l2);
    lg_table_number(table, o->train_loss);
    lg_table_number(table, o->val_loss);
    lg_table_number(table, o->val_accuracy);
    lg_table_text(table, o->ended);
}

static void add_table(lg_text *page, const lg_run *run, const outcome *o)
{
    static const lg_column columns[] = {
        {"setting", LG_COLUMN_COUNT},   {"lr", LG_COLUMN_GIVEN},
        {"l2", LG_COLUMN_GIVEN},        {"train loss", LG_COLUMN_FIGURE},
        {"val loss", LG_COLUMN_FIGURE}, {"val accuracy", LG_COLUMN_SHARE},
        {"ended by", LG_COLUMN_TEXT}};
    lg_table table = {.name = "The settings, best first", .column = columns, .columns = 7};
    const int rows = run->settings < ROWS ? run->settings : ROWS;
    for (int i = 0; i < rows; i++) add_row(&table, &o[i], o[i].setting == run->kept);
    lg_text_add(page, "<details%s><summary>All %d settings, best first</summary>\n",
                run->settings <= 12 ? " open" : "", run->settings);
    lg_table_draw(page, &table);
    if (rows < run->settings)
        lg_text_add(page, "<p class=\"note\">%d more are in metrics.jsonl.</p>\n",
                    run->settings - rows);
    lg_text_add(page, "</details>\n");
}

/* ---------------------------------------------------------------------------- the picture --- */

static int by_value(const void *a, const void *b)
{
    const double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

/* Sorts numbers and leaves each once; how many there are then. */
static int unique(double *value, int count)
{
    int kept = 0;
    qsort(value, (size_t)count, sizeof *value, by_value);
    for (int i = 0; i < count; i++)
        if (kept == 0 || value[i] != value[kept - 1]) value[kept++] = value[i];
    return kept;
}

/* The best outcome of this learning rate and l2 (settings may differ in more), or NULL. */
static const outcome *find(const outcome *o, int count, double lr, double l2)
{
    for (int i = 0; i < count; i++)
        if (o[i].lr == lr && o[i].l2 == l2) return &o[i];
    return NULL;
}

/* A number as the others of its kind are written; the text is the caller's to free. */
static char *write_number(const lg_decimals *all, lg_column_kind kind, double value)
{
    lg_text text = {0};
    lg_decimals_write(&text, all, kind, value);
    return text.data;
}

/* What the numbers of the picture have in common. */
typedef struct numbers {
    lg_decimals lr, l2, loss;
} numbers;

/* The best cell is darkest; losses far above it all look the same. */
static void add_cell(lg_text *page, const outcome *o, const outcome *best, const numbers *all,
                     int kept)
{
    if (!o || !isfinite(o->val_loss)) {
        lg_matrix_add_cell(page,
                           &(lg_matrix_cell){o ? "\xc3\x97" : "",
                                             o ? "stopped: its loss was not finite" : "", 0.0, 0});
        return;
    }
    const double far = best->val_loss > 0.0 ? o->val_loss / best->val_loss - 1.0 : 0.0;
    char *text = write_number(&all->loss, LG_COLUMN_FIGURE, o->val_loss);
    char *title =
        lg_text_format("setting %d: lr %.3g, l2 %.3g, validation loss %.5g, accuracy %.4f",
                       o->setting, o->lr, o->l2, o->val_loss, o->val_accuracy);
    if (text && title)
        lg_matrix_add_cell(page,
                           &(lg_matrix_cell){text, title, exp(-6.0 * far), o->setting == kept});
    else
        page->failed = 1;
    free(text);
    free(title);
}

/* A head of a row or column: a learning rate or a penalty. */
static void add_head(lg_text *page, const lg_matrix *matrix, const lg_decimals *all, double value)
{
    char *head = write_number(all, LG_COLUMN_GIVEN, value);
    if (!head)
        page->failed = 1;
    else if (matrix)
        lg_matrix_add_column(page, matrix, head);
    else
        lg_matrix_begin_row(page, head);
    free(head);
}

static void draw_picture(lg_text *page, const lg_run *run, const outcome *o, double *lr, double *l2)
{
    const int n = run->settings;
    numbers all = {0};
    for (int i = 0; i < n; i++) {
        lg_decimals_see(&all.lr, lr[i] = o[i].lr);
        lg_decimals_see(&all.l2, l2[i] = o[i].l2);
        lg_decimals_see(&all.loss, o[i].val_loss);
    }
    const int columns = unique(lr, n), rows = unique(l2, n);
    const lg_matrix matrix = {.name = "Validation loss by learning rate and penalty",
                              .corner = "l2 \\ lr",
                              .columns = columns,
                              .digits = 6,
                              .head_width = 7};
    lg_matrix_begin(page, &matrix);
    for (int c = 0; c < columns; c++) add_head(page, &matrix, &all.lr, lr[c]);
    lg_matrix_begin_rows(page);
    for (int r = 0; r < rows; r++) {
        add_head(page, NULL, &all.l2, l2[r]);
        for (int c = 0; c < columns; c++)
            add_cell(page, find(o, n, lr[c], l2[r]), &o[0], &all, run->kept);
        lg_matrix_end_row(page);
    }
    lg_matrix_end(page);
}

static void add_picture(lg_text *page, const lg_run *run, const outcome *o)
{
    double *both = calloc(2 * (size_t)run->settings, sizeof *both);
    if (both)
        draw_picture(page, run, o, both, both + run->settings);
    else
        page->failed = 1;
    free(both);
}

/* What the epochs say of a setting. */
static outcome outcome_of(const lg_run *run, int s)
{
    const lg_run_setting *setting = &run->setting[s];
    return (outcome){.setting = s,
                     .lr = setting->lr,
                     .l2 = setting->l2,
                     .val_loss = last(setting, LG_RUN_VAL_LOSS),
                     .val_accuracy = last(setting, LG_RUN_VAL_ACCURACY),
                     .train_loss = last(setting, LG_RUN_TRAIN_LOSS)};
}

/* What the run itself says of its settings at its end: it knows best epochs, and who diverged. */
static void take_verdicts(const lg_run *run, outcome *o)
{
    for (int i = 0; i < run->other.count; i++) {
        const cJSON *line = run->other.line[i];
        const char *type = lg_run_text(line, "type");
        const double s = lg_run_number(line, "setting");
        if (!type || strcmp(type, "setting") != 0 || !(s >= 0 && s < run->settings)) continue;
        o[(int)s] = (outcome){.setting = (int)s,
                              .lr = lg_run_number(line, "lr"),
                              .l2 = lg_run_number(line, "l2"),
                              .val_loss = lg_run_number(line, "val_loss"),
                              .val_accuracy = lg_run_number(line, "val_accuracy"),
                              .train_loss = lg_run_number(line, "train_loss"),
                              .ended = lg_run_text(line, "ended")};
        if (o[(int)s].ended && strcmp(o[(int)s].ended, "diverged") == 0)
            o[(int)s].val_loss = o[(int)s].val_accuracy = NAN;
    }
}

void lg_report_grid(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    if (run->settings < 2 || lg_report_has_path(run)) return;
    outcome *o = calloc((size_t)run->settings, sizeof *o);
    if (!o) {
        page->failed = 1;
        return;
    }
    for (int s = 0; s < run->settings; s++) o[s] = outcome_of(run, s);
    take_verdicts(run, o);
    qsort(o, (size_t)run->settings, sizeof *o, by_outcome);
    lg_html_section(page, "grid", "The grid",
                    "Validation loss of every setting, trained in one pass over the data; the "
                    "framed one was kept, a cross marks one that diverged.");
    add_picture(page, run, o);
    add_table(page, run, o);
    lg_html_section_end(page);
    free(o);
}
