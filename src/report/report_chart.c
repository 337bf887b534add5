/* report_chart.c -- axes with round numbers, then the curves. */
/* SPDX-License-Identifier: MIT */
#include "report/report_chart.h"

#include <math.h>

#include "report/report_axis.h"
#include "report/report_html.h"

enum {
    MOST_POINTS = 600,  /* of a curve that are drawn */
    ALL_POINTS = 30000, /* of those without a name, together: a page with two such charts stays
                         * below 2 MB */
    MOST_DOTS = 60,     /* points of a curve that get a dot with their figures */
    MOST_SAID = 8,      /* curves that are put into words */
    ROOM_X = 34, /* digits that a phone has room for below a chart; beside it there is more */
    ROOM_Y = 1000
};

/* A digit's share of the size of the letters, with a little to spare. */
static const double digit = 0.66;

/* 1 if the numbers are positive and reach over a decade: a logarithmic axis helps. */
static int is_wide(const lg_curve *curve, int curves, int is_x)
{
    double least = INFINITY, most = 0.0;
    for (int c = 0; c < curves; c++)
        for (int64_t i = 0; i < curve[c].count; i++) {
            const double value = (is_x ? curve[c].x : curve[c].y)[i];
            if (value <= 0.0) return 0;
            least = fmin(least, value);
            most = fmax(most, value);
        }
    return most >= 10.0 * least;
}

/* -------------------------------------------------------------------------------- the axes --- */

static void draw_ticks(lg_text *page, const lg_axis *axis, int is_x)
{
    for (int i = 0; i < axis->ticks; i++) {
        const double at = lg_axis_place(axis, axis->tick[i]) / 10.0;
        if (is_x)
            lg_text_add(page,
                        "<line class=\"rule\" x1=\"%.2f%%\" x2=\"%.2f%%\" y2=\"100%%\"/>"
                        "<text class=\"x\" x=\"%.2f%%\" y=\"100%%\" dy=\"1.4em\">%s</text>\n",
                        at, at, at, axis->label[i]);
        else
            lg_text_add(page,
                        "<line class=\"rule\" y1=\"%.2f%%\" y2=\"%.2f%%\" x2=\"100%%\"/>"
                        "<text class=\"y\" y=\"%.2f%%\" dx=\"-.5em\" dy=\".35em\">%s</text>\n",
                        at, at, at, axis->label[i]);
    }
}

/* What the axes are of: of y above its numbers, from the figure's edge on. */
static void draw_names(lg_text *page, const lg_chart *chart, double left)
{
    lg_text_add(page, "<text class=\"x\" x=\"50%%\" y=\"100%%\" dy=\"2.8em\">");
    lg_html_add(page, chart->x_name);
    lg_text_add(page, "</text>\n<text dx=\"-%.2fem\" dy=\"-.8em\">", left);
    lg_html_add(page, chart->y_name);
    lg_text_add(page, "</text>\n");
}

/* ------------------------------------------------------------------------------ the curves --- */

/* Points of a curve that are drawn: with hundreds of curves, nobody can tell them apart. */
static int64_t most_points(const lg_curve *curve, int curves)
{
    const int share = curve->name ? MOST_POINTS : ALL_POINTS / curves;
    return share < 2 ? 2 : share < MOST_POINTS ? share : MOST_POINTS;
}

static void draw_line(lg_text *page, const lg_curve *curve, int64_t most, const lg_axis *x,
                      const lg_axis *y)
{
    static const char *const looks[] = {"line", "line", "line dashed", "line faint", "bar"};
    const int64_t every = (curve->count + most - 1) / most;
    int pen = 0;
    lg_text_add(page, "<path class=\"%s c%d\" d=\"", looks[curve->look],
                curve->colour % LG_CHART_COLOURS);
    for (int64_t i = 0; i < curve->count;
         i += i + every < curve->count || i == curve->count - 1 ? every : curve->count - 1 - i) {
        const double at_x = lg_axis_place(x, curve->x[i]), at_y = lg_axis_place(y, curve->y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) {
            pen = 0;
            continue;
        }
        lg_text_add(page, "%c%.1f %.1f", pen ? 'L' : 'M', at_x, at_y);
        pen = 1;
    }
    lg_text_add(page, "\"/>\n");
}

static void draw_dots(lg_text *page, const lg_curve *curve, const lg_axis *x, const lg_axis *y)
{
    const int dotted = curve->look == LG_LOOK_LINE || curve->look == LG_LOOK_DASHED;
    if (curve->count > MOST_DOTS || !dotted) return;
    for (int64_t i = 0; i < curve->count; i++) {
        const double at_x = lg_axis_place(x, curve->x[i]), at_y = lg_axis_place(y, curve->y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) continue;
        lg_text_add(page, "<circle class=\"c%d\" cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"%s\"><title>",
                    curve->colour % LG_CHART_COLOURS, at_x / 10.0, at_y / 10.0,
                    curve->count == 1 ? "5" : "3");
        if (curve->name) {
            lg_html_add(page, curve->name);
            lg_text_add(page, ": ");
        }
        lg_text_add(page, "%.6g at %.6g</title></circle>\n", curve->y[i], curve->x[i]);
    }
}

static void draw_bars(lg_text *page, const lg_curve *curve, const lg_axis *x, const lg_axis *y)
{
    const double base = lg_axis_place(y, 0.0);
    for (int64_t i = 0; i + 1 < curve->count; i++) {
        const double from = lg_axis_place(x, curve->x[i]), to = lg_axis_place(x, curve->x[i + 1]);
        const double top = lg_axis_place(y, curve->y[i]);
        if (!isfinite(top)) continue;
        lg_text_add(page,
                    "<rect class=\"bar c%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                    "<title>%.4g to %.4g: %.4g</title></rect>\n",
                    curve->colour % LG_CHART_COLOURS, from + 2, fmin(top, base),
                    fmax(to - from - 4, 1.0), fabs(base - top), curve->x[i], curve->x[i + 1],
                    curve->y[i]);
    }
}

/* Lines and bars in the box that is stretched; dots, which stay round, above it. */
static void draw_curves(lg_text *page, const lg_chart *chart, const lg_curve *curve, int curves,
                        const lg_axis *x, const lg_axis *y)
{
    lg_text_add(page, "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">\n");
    if (chart->diagonal)
        lg_text_add(page, "<path class=\"line diagonal\" d=\"M0 1000L1000 0\"/>\n");
    for (int c = 0; c < curves; c++) {
        if (curve[c].look == LG_LOOK_BARS)
            draw_bars(page, &curve[c], x, y);
        else
            draw_line(page, &curve[c], most_points(&curve[c], curves), x, y);
    }
    lg_text_add(page, "</svg>\n");
    for (int c = 0; c < curves; c++) draw_dots(page, &curve[c], x, y);
}

/* --------------------------------------------------------------------------------- in words --- */

static const char *look_of_key(const lg_curve *curve)
{
    static const char *const looks[] = {"", "", " dashed", " faint", " bars"};
    return curve->count == 1 ? " dot" : looks[curve->look];
}

static void draw_legend(lg_text *page, const lg_curve *curve, int curves)
{
    int named = 0;
    for (int c = 0; c < curves; c++) {
        if (!curve[c].name) continue;
        lg_text_add(page, "%s<span class=\"key c%d%s\">", named++ ? " " : "<p class=\"legend\">",
                    curve[c].colour % LG_CHART_COLOURS, look_of_key(&curve[c]));
        lg_html_add(page, curve[c].name);
        lg_text_add(page, "</span>");
    }
    if (named) lg_text_add(page, "</p>\n");
}

/* "; train from 0.72 to 0.31", of the ends that are finite. */
static void say_ends(lg_text *page, const lg_curve *curve)
{
    int64_t first = 0, last = curve->count - 1;
    while (first < last && !isfinite(curve->y[first])) first++;
    while (last > first && !isfinite(curve->y[last])) last--;
    lg_text_add(page, "; ");
    lg_html_add(page, curve->name);
    if (last < 0 || !isfinite(curve->y[first])) return;
    if (first < last) lg_text_add(page, " from %.4g", curve->y[first]);
    lg_text_add(page, " %s %.4g", first < last ? "to" : "at", curve->y[last]);
}

/* For those who do not see it: what stands against what, and from where to where it goes. */
static void add_label(lg_text *page, const lg_chart *chart, const lg_curve *curve, int curves)
{
    int said = 0;
    lg_html_add(page, chart->title);
    lg_text_add(page, ": ");
    lg_html_add(page, chart->y_name);
    lg_text_add(page, " by ");
    lg_html_add(page, chart->x_name);
    for (int c = 0; c < curves; c++)
        if (curve[c].name && said++ < MOST_SAID) say_ends(page, &curve[c]);
}

void lg_chart_draw(lg_text *page, const lg_chart *chart, const lg_curve *curve, int curves)
{
    lg_axis x = {.least = NAN, .most = NAN, .whole = chart->whole_x};
    lg_axis y = {.least = NAN, .most = NAN, .down = 1};
    int64_t points = 0;
    x.log = chart->log_x && is_wide(curve, curves, 1);
    y.log = chart->log_y && is_wide(curve, curves, 0);
    for (int c = 0; c < curves; c++) {
        lg_axis_widen(&x, curve[c].x, curve[c].count);
        points += lg_axis_widen(&y, curve[c].y, curve[c].count);
    }
    if (points == 0 || isnan(x.least)) return;
    lg_axis_settle(&x, chart->x_range, 0.02);
    lg_axis_settle(&y, chart->y_range, 0.05);
    lg_axis_mark(&x, ROOM_X);
    lg_axis_mark(&y, ROOM_Y);
    const double left = lg_axis_width(&y) * digit + 0.6, right = lg_axis_width(&x) * digit / 2;
    lg_text_add(page, "<figure class=\"chart\"><figcaption>");
    lg_html_add(page, chart->title);
    lg_text_add(page, "</figcaption>\n");
    draw_legend(page, curve, curves);
    lg_text_add(page,
                "<div class=\"plot\" style=\"margin-left:%.2fem;margin-right:%.2fem\">"
                "<svg role=\"img\" aria-label=\"",
                left, right);
    add_label(page, chart, curve, curves);
    lg_text_add(page, "\">\n");
    draw_ticks(page, &x, 1);
    draw_ticks(page, &y, 0);
    draw_curves(page, chart, curve, curves, &x, &y);
    draw_names(page, chart, left);
    lg_text_add(page, "</svg></div>\n</figure>\n");
}
