/* report_calibration.c -- what a probability is worth, and how well it ranks. */
/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "report/report_chart.h"
#include "report/report_html.h"
#include "report/report_parts.h"

static const double unit[] = {0.0, 1.0};

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Bars of accuracy over the bins of confidence; without errors they end on the diagonal. */
static void draw_bins(lg_text *page, const cJSON *bins)
{
    double x[LOGIT_CALIBRATION_BINS + 1], accuracy[LOGIT_CALIBRATION_BINS + 1];
    double confidence[LOGIT_CALIBRATION_BINS];
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++) {
        const cJSON *bin = cJSON_GetArrayItem(bins, b);
        x[b] = (double)b / LOGIT_CALIBRATION_BINS;
        accuracy[b] = lg_run_number(bin, "accuracy");
        confidence[b] = lg_run_number(bin, "confidence");
    }
    x[LOGIT_CALIBRATION_BINS] = 1.0;
    accuracy[LOGIT_CALIBRATION_BINS] = NAN;
    const lg_curve curves[] = {
        {"right", x, accuracy, LOGIT_CALIBRATION_BINS + 1, 0, LG_LOOK_BARS},
        {"mean of the bin", confidence, accuracy, LOGIT_CALIBRATION_BINS, 1, LG_LOOK_LINE}};
    const lg_chart chart = {.title = "How often it is right, by how sure it is",
                            .x_name = "probability of the class that it says",
                            .y_name = "share that is right",
                            .diagonal = 1,
                            .x_range = unit,
                            .y_range = unit};
    lg_chart_draw(page, &chart, curves, 2);
}

static void draw_counts(lg_text *page, const cJSON *bins)
{
    double x[LOGIT_CALIBRATION_BINS + 1], count[LOGIT_CALIBRATION_BINS + 1];
    for (int b = 0; b < LOGIT_CALIBRATION_BINS; b++) {
        x[b] = (double)b / LOGIT_CALIBRATION_BINS;
        count[b] = lg_run_number(cJSON_GetArrayItem(bins, b), "count");
    }
    x[LOGIT_CALIBRATION_BINS] = 1.0;
    count[LOGIT_CALIBRATION_BINS] = NAN;
    const lg_curve curve = {NULL, x, count, LOGIT_CALIBRATION_BINS + 1, 2, LG_LOOK_BARS};
    const lg_chart chart = {.title = "How sure it is",
                            .x_name = "probability of the class that it says",
                            .y_name = "samples",
                            .x_range = unit};
    lg_chart_draw(page, &chart, &curve, 1);
}

static void add_calibration(lg_text *page, const cJSON *eval)
{
    const cJSON *bins = member(eval, "calibration"), *bin;
    double count = 0.0;
    cJSON_ArrayForEach(bin, bins) count += fmax(lg_run_number(bin, "count"), 0.0);
    if (cJSON_GetArraySize(bins) != LOGIT_CALIBRATION_BINS || !(count > 0.0)) return;
    lg_html_section(page, "calibration", "What its probabilities are worth",
                    "On the diagonal, of all images that it is 80 % sure of it is right about "
                    "80 %. Bars below: it is surer than it may be.");
    lg_text_add(page, "<p>Expected calibration error ");
    lg_html_figure(page, lg_run_number(eval, "ece"));
    lg_text_add(page, "; Brier score ");
    lg_html_figure(page, lg_run_number(eval, "brier"));
    lg_text_add(page, ".</p>\n<div class=\"charts\">\n");
    draw_bins(page, bins);
    draw_counts(page, bins);
    lg_text_add(page, "</div>\n");
    lg_html_section_end(page);
}

/* ------------------------------------------------------------------------ ROC and precision --- */

/* Numbers of a JSON array in fresh memory; NULL: none, or no memory. */
static double *numbers(const cJSON *array, int64_t *count)
{
    const int size = cJSON_GetArraySize(array);
    double *value = size > 0 ? malloc((size_t)size * sizeof *value) : NULL;
    const cJSON *item;
    *count = 0;
    if (!value) return NULL;
    cJSON_ArrayForEach(item, array) value[(*count)++] =
        cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return value;
}

/* A curve per class; the names of the first LG_CHART_COLOURS are told apart. */
static logit_status draw_classes(lg_text *page, const cJSON *roc, const char *x, const char *y,
                                 const lg_chart *chart, logit_error *err)
{
    const int classes = cJSON_GetArraySize(roc);
    lg_curve *curve = calloc((size_t)classes, sizeof *curve);
    if (!curve) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a report");
    for (int c = 0; c < classes; c++) {
        const cJSON *one = cJSON_GetArrayItem(roc, c);
        int64_t xs, ys;
        curve[c].x = numbers(member(one, x), &xs);
        curve[c].y = numbers(member(one, y), &ys);
        curve[c].name = classes <= LG_CHART_COLOURS ? lg_run_text(one, "class") : NULL;
        curve[c].count = xs < ys ? xs : ys;
        curve[c].colour = c % LG_CHART_COLOURS;
        curve[c].look = classes <= LG_CHART_COLOURS ? LG_LOOK_LINE : LG_LOOK_FAINT;
    }
    lg_chart_draw(page, chart, curve, classes);
    for (int c = 0; c < classes; c++) {
        free((double *)(uintptr_t)curve[c].x);
        free((double *)(uintptr_t)curve[c].y);
    }
    free(curve);
    return LOGIT_OK;
}

static logit_status add_roc(lg_text *page, const cJSON *eval, logit_error *err)
{
    static const lg_chart rates = {.title = "ROC: each class against the rest",
                                   .x_name = "false positives, of the rest",
                                   .y_name = "true positives, of the class",
                                   .diagonal = 1,
                                   .x_range = unit,
                                   .y_range = unit};
    static const lg_chart precision = {.title = "Precision and recall",
                                       .x_name = "recall",
                                       .y_name = "precision",
                                       .x_range = unit,
                                       .y_range = unit};
    const cJSON *roc = member(eval, "roc");
    if (cJSON_GetArraySize(roc) == 0) return LOGIT_OK;
    lg_html_section(page, "roc", "How well it ranks",
                    "Wherever the line between yes and no is drawn: one curve per class.");
    lg_text_add(page, "<div class=\"charts\">\n");
    LG_TRY(draw_classes(page, roc, "fpr", "tpr", &rates, err));
    LG_TRY(draw_classes(page, roc, "recall", "precision", &precision, err));
    lg_text_add(page, "</div>\n");
    lg_html_section_end(page);
    return LOGIT_OK;
}

logit_status lg_report_calibration(lg_text *page, const lg_report *report, logit_error *err)
{
    if (!report->run->eval) return LOGIT_OK;
    add_calibration(page, report->run->eval);
    return add_roc(page, report->run->eval, err);
}
