/* report_curves.c -- the curves of a run. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

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

/* Within the epochs: of the kept setting, where the losses are drawn. */
static int add_steps(const lg_run *run, const shown *what, lg_curve *curve)
{
    const int s = run->kept >= 0 ? run->kept : 0;
    const lg_run_table *step = &run->setting[s].step;
    if (what->column != LG_RUN_TRAIN_LOSS || step->rows == 0) return 0;
    *curve = (lg_curve){.x = step->column[LG_RUN_EPOCH],
                        .y = step->column[LG_RUN_TRAIN_LOSS],
                        .count = step->rows,
                        .colour = run->settings <= COLOURED ? s : 0,
                        .look = LG_LOOK_FAINT,
                        .name = lg_text_format("train, within epochs")};
    return 1;
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

void lg_report_curves(lg_text *page, const lg_report *report)
{
    const lg_run *run = report->run;
    const shown losses[] = {{LG_RUN_TRAIN_LOSS, "train", LG_LOOK_LINE},
                            {LG_RUN_VAL_LOSS, "validation", LG_LOOK_DASHED}};
    const shown accuracy = {LG_RUN_VAL_ACCURACY, "validation", LG_LOOK_DASHED};
    const shown rate = {LG_RUN_LR, "learning rate", LG_LOOK_LINE};
    if (run->settings == 0) return;
    lg_html_section(page, "curves", "Training",
                    run->settings > COLOURED
                        ? "One line a setting; the one that was kept stands out."
                        : "Loss per sample in nats, without penalty: over the epoch while it was "
                          "trained on, and on the held-out part at its end.");
    lg_text_add(page, "<div class=\"charts\">\n");
    draw(
        page, run,
        &(lg_chart){.title = "Loss", .x_name = "epoch", .y_name = "loss", .whole_x = 1, .log_y = 1},
        losses, has(run, LG_RUN_VAL_LOSS) ? 2 : 1);
    if (has(run, LG_RUN_VAL_ACCURACY))
        draw(page, run,
             &(lg_chart){.title = "Validation accuracy",
                         .x_name = "epoch",
                         .y_name = "accuracy",
                         .whole_x = 1},
             &accuracy, 1);
    else if (has(run, LG_RUN_LR))
        draw(page, run,
             &(lg_chart){.title = "Learning rate",
                         .x_name = "epoch",
                         .y_name = "learning rate",
                         .whole_x = 1},
             &rate, 1);
    lg_text_add(page, "</div>\n");
    lg_html_section_end(page);
}
