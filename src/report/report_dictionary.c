/* report_dictionary.c -- what a model of patches looks with: the filter of every unit. */
/* SPDX-License-Identifier: MIT */
#include "base/status.h"
#include "report/report_html.h"
#include "report/report_parts.h"
#include "report/report_picture.h"

enum {
    UNITS = 256,            /* most that are shown */
    ALL_PIXELS = 200 << 10, /* of all pictures together: the page stays below 2 MB */
    MOST_SIDE = 64,
    LEAST_SIDE = 8
};

static logit_status add_unit(lg_text *page, const logit_model_info *info, int unit, int side,
                             logit_error *err)
{
    const int size = info->window, channels = info->channels;
    const float *filter = info->filter + (int64_t)unit * size * size * channels;
    char name[40];
    snprintf(name, sizeof name, "unit %d", unit);
    lg_text_add(page, "<figure title=\"%s\">", name);
    const logit_status status =
        channels == 3 ? lg_picture_add_colour(page, filter, size, size, side, name, err)
                      : lg_picture_add_signed(page, filter, size, size, channels, side, name, err);
    lg_text_add(page, "</figure>\n");
    return status;
}

logit_status lg_report_dictionary(lg_text *page, const lg_report *report, logit_error *err)
{
    const logit_model_info *info = &report->info;
    if (!report->model || !info->filter) return LOGIT_OK;
    const int shown = info->units < UNITS ? info->units : UNITS,
              side = lg_picture_side(shown, MOST_SIDE, LEAST_SIDE, ALL_PIXELS);
    lg_html_section(page, "dictionary", "What it looks with",
                    info->channels == 3
                        ? "The filter of every unit, in its colours over its own largest number: "
                          "grey is 0. A unit answers to a window of the image that is like its "
                          "filter, and from below to one that is like its negative."
                        : "The filter of every unit over its own largest number. A unit answers to "
                          "a window of the image that is light where it is red and dark where it "
                          "is blue, and from below to its negative.");
    lg_text_add(page, "<p class=\"about\">");
    lg_html_add(page, info->map);
    lg_text_add(page, "</p>\n<div class=\"units\">\n");
    for (int unit = 0; unit < shown; unit++) LG_TRY(add_unit(page, info, unit, side, err));
    lg_text_add(page, "</div>\n");
    if (shown < info->units)
        lg_text_add(page, "<p class=\"note\">The first %d of %d units.</p>\n", shown, info->units);
    lg_html_section_end(page);
    return LOGIT_OK;
}
