/* report_curves.c -- the curves of a run. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"

/* Settings that get a colour of their own; of more, the kept one alone stands out. */
enum { COLOURED = LG_CHART_COLOURS / 2 };

/* What a chart shows of a setting. */
typedef struct shown {
    lg_run_column column;
    const char *name; /* "train" */
    lg_look look;
} shown;

static int has(const lg_run *run, lg_run_column column)
{
    for (int s = 0; s < run->settings; s++)
        for (int64_t i = 0; i < run->setting[s].epoch.rows; i++)
            if (isfinite(run->setting[s].epoch.column[column][i])) return 1;
    return 0;
}

static char *name_curve(const lg_run *run, int s, const char *what)
{
    const lg_run_setting *setting = &run->setting[s];
    if (run->settings == 1) return lg_text_format("%s", what);
    if (isnan(setting->lr)) /* lbfgs has none */
        return lg_text_format("%s, %sl2 %.3g", what, s == run->kept ? "kept: " : "", setting->l2);
    return lg_text_format("%s, %slr %.3g, l2 %.3g", what, s == run->kept ? "kept: " : "",
                          setting->lr, setting->l2);
}

/* The curve of a setting; its name, where it has one, is the caller's to free. */
static lg_curve curve_of(const lg_run *run, int s, const shown *what)
{
    const lg_run_setting *setting = &run->setting[s];
    const int stands_out = run->settings <= COLOURED || s == run->kept;
    lg_curve curve = {.x = setting->epoch.column[LG_RUN_EPOCH],
                      .y = setting->epoch.column[what->column],
                      .count = setting->epoch.rows,
                      .colour = run->settings <= COLOURED ? s
                                : stands_out              ? 0
                                                          : 6,
                      .look = stands_out ? what->look : LG_LOOK_FAINT};
    if (run->settings == 1 && what->look == LG_LOOK_DASHED) curve.colour = 1;
    if (stands_out) curve.name = name_curve(run, s, what->name);
    return curve;
}

/* 1 if there are lines of steps enough to say what happens within an epoch. */
static int has_steps(const lg_run_setting *setting)
{
    return setting->step.rows > 1 && setting->step.rows >= 2 * setting->epoch.rows;
}

/* Whose steps are drawn: the kept one's, before the end the first one's. */
static int shown_setting(const lg_run *run)
{
    return run->kept >= 0 ? run->kept : 0;
}

/* Within the epochs: of the kept setting, where the losses are drawn. */
static int add_steps(const lg_run *run, const shown *what, lg_curve *curve)
{
    const int s = shown_setting(run);
    const lg_run_table *step = &run->setting[s].step;
    if (what->column != LG_RUN_TRAIN_LOSS || !has_steps(&run->setting[s])) return 0;
    *curve = (lg_curve){.x = step->column[LG_RUN_EPOCH],
                        .y = step->column[LG_RUN_TRAIN_LOSS],
                        .count = step->rows,
                        .colour = run->settings <= COLOURED ? s : 0,
                        .look = LG_LOOK_FAINT,
                        .name = lg_text_format("train, within epochs")};
    return 1;
}

/* With lines within the epochs the axis begins where the training did. */
static const double *range_of(const lg_run *run, double range[2])
{
    range[0] = range[1] = 0.0;
    for (int s = 0; s < run->settings; s++) {
        const lg_run_table *epoch = &run->setting[s].epoch;
        for (int64_t i = 0; i < epoch->rows; i++)
            range[1] = fmax(range[1], epoch->column[LG_RUN_EPOCH][i]);
    }
    return range[1] > 0.0 && has_steps(&run->setting[shown_setting(run)]) ? range : NULL;
}

/* The kept setting is drawn last, above the others. */
static void draw(lg_text *page, const lg_run *run, const lg_chart *chart, const shown *what,
                 int whats)
{
    const int room = run->settings * whats + 1;
    lg_curve *curve = calloc((size_t)room, sizeof *curve);
    int used = 0;
    if (!curve) {
        page->failed = 1;
        return;
    }
    used += add_steps(run, what, curve);
    for (int last = 0; last < 2; last++)
        for (int s = 0; s < run->settings; s++)
            for (int w = 0; w < whats && (s == run->kept) == last; w++)
                curve[used++] = curve_of(run, s, &what[w]);
    lg_chart_draw(page, chart, curve, used);
    for (int i = 0; i < used; i++) free((char *)(uintptr_t)curve[i].name);
    free(curve);
}

/* What a loss is measured in, and the same as a sentence. */
static const char *unit_of(const lg_run *run, const char **about)
{
    const char *loss = lg_run_text(run->start, "loss");
    const int is_square = loss && strcmp(loss, "mse") == 0;
    *about = run->settings > COLOURED ? "One line a setting; the one that was kept stands out."
             : is_square ? "Half the squared error per sample, without penalty: over the epoch "
                           "while it was trained on, and on the held-out part at its end."
                         : "Loss per sample in nats, without penalty: over the epoch while it was "
                           "trained on, and on the held-out part at its end.";
    return is_square ? "half the squared error" : "nats per sample";
}

void lg_report_curves(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    const shown losses[] = {{LG_RUN_TRAIN_LOSS, "train", LG_LOOK_LINE},
                            {LG_RUN_VAL_LOSS, "validation", LG_LOOK_DASHED}};
    const shown accuracy = {LG_RUN_VAL_ACCURACY, "validation", LG_LOOK_DASHED};
    const shown rate = {LG_RUN_LR, "learning rate", LG_LOOK_LINE};
    const char *about, *unit = unit_of(run, &about);
    double ends[2];
    if (run->settings == 0) return;
    lg_chart chart = {.title = "Loss",
                      .x_name = "epoch",
                      .y_name = unit,
                      .x_range = range_of(run, ends),
                      .whole_x = 1,
                      .log_y = 1};
    lg_html_section(page, "curves", "Training", about);
    lg_text_add(page, "<div class=\"charts\">\n");
    draw(page, run, &chart, losses, has(run, LG_RUN_VAL_LOSS) ? 2 : 1);
    chart.log_y = 0;
    if (has(run, LG_RUN_VAL_ACCURACY)) {
        chart.title = "Validation accuracy";
        chart.y_name = "share that is right";
        draw(page, run, &chart, &accuracy, 1);
    } else if (has(run, LG_RUN_LR)) {
        chart.title = "Learning rate";
        chart.y_name = "size of a step";
        draw(page, run, &chart, &rate, 1);
    }
    lg_text_add(page, "</div>\n");
    lg_html_section_end(page);
}
