/* report_calibration.c -- what a probability is worth. */
/* SPDX-License-Identifier: MIT */
#include <math.h>

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
    lg_html_share(page, lg_run_number(eval, "ece"));
    lg_text_add(page, "; Brier score ");
    lg_html_share(page, lg_run_number(eval, "brier"));
    lg_text_add(page, ".</p>\n<div class=\"charts\">\n");
    draw_bins(page, bins);
    draw_counts(page, bins);
    lg_text_add(page, "</div>\n");
    lg_html_section_end(page);
}

void lg_report_calibration(lg_text *page, const lg_report *report)
{
    if (report->run->eval) add_calibration(page, report->run->eval);
}
