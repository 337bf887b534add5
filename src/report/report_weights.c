/* report_weights.c -- what the model looks for: each row of W as a picture. */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_picture.h"

enum {
    CLASSES = 60,           /* most that are shown */
    ALL_PIXELS = 300 << 10, /* of all pictures together: the page stays below 2 MB */
    MOST_SIDE = 256,
    LEAST_SIDE = 24
};

/* Row of W that another is held against, or -1 for none. */
static logit_status find_versus(const lg_report *report, int *row, logit_error *err)
{
    const char *name = report->options->versus;
    *row = -1;
    if (!name) return LOGIT_OK;
    for (int c = 0; c < report->info.classes; c++)
        if (strcmp(report->info.class_name[c], name) == 0) *row = c;
    if (*row < 0) LG_FAIL(err, LOGIT_E_USAGE, "--versus %s: the model has no such class", name);
    if (report->info.outputs > 1) return LOGIT_OK;
    *row = -1; /* one output is held against the other class anyway */
    return LOGIT_OK;
}

static logit_status add_row(lg_text *page, const lg_report *report, int row, int versus, int side,
                            logit_error *err)
{
    const logit_model_info *info = &report->info;
    const float *weight = info->weight + (int64_t)row * info->features;
    float *difference = malloc((size_t)info->features * sizeof *difference);
    const int one = info->outputs == 1;
    if (!difference) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a picture of weights");
    memcpy(difference, weight, (size_t)info->features * sizeof *difference);
    for (int64_t i = 0; versus >= 0 && i < info->features; i++)
        difference[i] -= info->weight[(int64_t)versus * info->features + i];
    lg_text_add(page, "<figure>");
    const char *name = info->classes > 0 ? info->class_name[one ? 1 : row] : "output";
    const logit_status status = lg_picture_add_signed(page, difference, info->height, info->width,
                                                      info->channels, side, name, err);
    lg_text_add(page, "<figcaption><b>");
    lg_html_add(page, name);
    lg_text_add(page, "</b>");
    if (one && info->classes > 1) lg_text_add(page, " against ");
    if (one && info->classes > 1) lg_html_add(page, info->class_name[0]);
    lg_text_add(page, "<br>bias %.3g</figcaption></figure>\n",
                (double)(info->bias[row] - (versus >= 0 ? info->bias[versus] : 0.0f)));
    free(difference);
    return status;
}

logit_status lg_report_weights(lg_text *page, const lg_report *report, logit_error *err)
{
    const logit_model_info *info = &report->info;
    int versus;
    if (!report->model) return LOGIT_OK;
    LG_TRY(find_versus(report, &versus, err));
    if (info->map || info->floats || info->height < 2 || info->width < 2) return LOGIT_OK;
    const int rows = info->outputs < CLASSES ? info->outputs : CLASSES,
              side = lg_picture_side(rows, MOST_SIDE, LEAST_SIDE, ALL_PIXELS);
    lg_html_section(page, "weights", "What it looks for",
                    "Each class's weights, laid over the image and summed over its colours: light "
                    "in the red parts speaks for the class, in the blue parts against it.");
    lg_text_add(page, "<p class=\"scale\">against <i></i> for%s",
                versus >= 0 ? ", held against " : "");
    if (versus >= 0) lg_html_add(page, info->class_name[versus]);
    lg_text_add(page, "</p>\n<div class=\"tiles\">\n");
    for (int row = 0; row < rows; row++)
        if (row != versus) LG_TRY(add_row(page, report, row, versus, side, err));
    lg_text_add(page, "</div>\n");
    if (rows < info->outputs)
        lg_text_add(page, "<p class=\"note\">The first %d of %d classes.</p>\n", rows,
                    info->outputs);
    lg_html_section_end(page);
    return LOGIT_OK;
}
