/* report_chart.c -- axes with round numbers, then the curves. */
/* SPDX-License-Identifier: MIT */
#include "report/report_chart.h"

#include <math.h>

#include "report/report_html.h"

enum {
    WIDTH = 640,
    HEIGHT = 360,
    LEFT = 64,
    RIGHT = 14,
    TOP = 12,
    BOTTOM = 46,
    MOST_POINTS = 600, /* of a curve that are drawn */
    MOST_DOTS = 60     /* points of a curve that get a dot with their figures */
};

/* From a value to a place in the picture. */
typedef struct axis {
    double least, most; /* log10 of the values where log is 1 */
    double from, to;    /* pixels */
    int log, whole;
} axis;

static double scaled(const axis *a, double value)
{
    return a->log ? log10(value) : value;
}

static double place(const axis *a, double value)
{
    return a->from + (scaled(a, value) - a->least) / (a->most - a->least) * (a->to - a->from);
}

/* Widens the axis to hold these values.  Returns how many of them are finite. */
static int64_t widen(axis *a, const double *value, int64_t count)
{
    int64_t finite = 0;
    for (int64_t i = 0; i < count; i++) {
        const double at = scaled(a, value[i]);
        if (!isfinite(at)) continue;
        finite++;
        if (!(at >= a->least)) a->least = at;
        if (!(at <= a->most)) a->most = at;
    }
    return finite;
}

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

/* Some air around the data; never an empty range. */
static void settle(axis *a, const double *range, double air)
{
    if (range) {
        a->least = scaled(a, range[0]);
        a->most = scaled(a, range[1]);
        return;
    }
    double room = (a->most - a->least) * air;
    if (!(a->most > a->least)) room = a->least != 0.0 ? fabs(a->least) * 0.1 : 1.0;
    a->least -= room;
    a->most += room;
}

/* The round step (1, 2 or 5 times a power of ten) that cuts the range into about `wanted`. */
static double round_step(double range, int wanted)
{
    const double rough = range / wanted, power = pow(10.0, floor(log10(rough)));
    const double lead = rough / power;
    return power * (lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0);
}

static void draw_tick(lg_text *page, const axis *a, int is_x, double value)
{
    const double at = place(a, value);
    if (is_x)
        lg_text_add(page,
                    "<path class=\"rule\" d=\"M%.1f %dV%d\"/><text x=\"%.1f\" y=\"%d\" "
                    "text-anchor=\"middle\">%.6g</text>\n",
                    at, TOP, HEIGHT - BOTTOM, at, HEIGHT - BOTTOM + 16, value);
    else
        lg_text_add(page,
                    "<path class=\"rule\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
                    "text-anchor=\"end\">%.6g</text>\n",
                    LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4, value);
}

static void draw_ticks(lg_text *page, const axis *a, int is_x)
{
    static const double leads[] = {1.0, 2.0, 5.0};
    double step = round_step(a->most - a->least, is_x ? 7 : 5);
    if (a->whole && step < 1.0) step = 1.0;
    if (!a->log) {
        for (double t = ceil(a->least / step - 1e-9); t * step <= a->most + step * 1e-9; t++)
            draw_tick(page, a, is_x, t == 0.0 ? 0.0 : t * step);
        return;
    }
    const double decades = a->most - a->least;
    const int every = decades > 12.0 ? (int)ceil(decades / 8.0) : 1;
    for (int p = (int)floor(a->least); p <= (int)ceil(a->most); p += every)
        for (int i = 0; i < (decades < 2.5 ? 3 : 1); i++) {
            const double value = leads[i] * pow(10.0, p), at = log10(value);
            if (at >= a->least && at <= a->most) draw_tick(page, a, is_x, value);
        }
}

static void draw_line(lg_text *page, const lg_curve *curve, const axis *x, const axis *y)
{
    static const char *const looks[] = {"line", "line", "line dashed", "line faint", "bar"};
    const int64_t every = (curve->count + MOST_POINTS - 1) / MOST_POINTS;
    int pen = 0;
    lg_text_add(page, "<path class=\"%s c%d\" d=\"", looks[curve->look],
                curve->colour % LG_CHART_COLOURS);
    for (int64_t i = 0; i < curve->count;
         i += i + every < curve->count || i == curve->count - 1 ? every : curve->count - 1 - i) {
        const double at_x = place(x, curve->x[i]), at_y = place(y, curve->y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) {
            pen = 0;
            continue;
        }
        lg_text_add(page, "%c%.1f %.1f", pen ? 'L' : 'M', at_x, at_y);
        pen = 1;
    }
    lg_text_add(page, "\"/>\n");
}

static void draw_dots(lg_text *page, const lg_curve *curve, const axis *x, const axis *y)
{
    const int bare = curve->look == LG_LOOK_PLAIN || curve->look == LG_LOOK_FAINT;
    if (curve->count > MOST_DOTS || bare) return;
    for (int64_t i = 0; i < curve->count; i++) {
        const double at_x = place(x, curve->x[i]), at_y = place(y, curve->y[i]);
        if (!isfinite(at_x) || !isfinite(at_y)) continue;
        lg_text_add(page, "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"><title>",
                    curve->colour % LG_CHART_COLOURS, at_x, at_y);
        if (curve->name) {
            lg_html_add(page, curve->name);
            lg_text_add(page, ": ");
        }
        lg_text_add(page, "%.6g at %.6g</title></circle>\n", curve->y[i], curve->x[i]);
    }
}

static void draw_bars(lg_text *page, const lg_curve *curve, const axis *x, const axis *y)
{
    const double base = place(y, 0.0);
    for (int64_t i = 0; i + 1 < curve->count; i++) {
        const double from = place(x, curve->x[i]), to = place(x, curve->x[i + 1]);
        const double top = place(y, curve->y[i]);
        if (!isfinite(top)) continue;
        lg_text_add(page,
                    "<rect class=\"bar c%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                    "<title>%.4g to %.4g: %.4g</title></rect>\n",
                    curve->colour % LG_CHART_COLOURS, from + 1, fmin(top, base),
                    fmax(to - from - 2, 0.5), fabs(base - top), curve->x[i], curve->x[i + 1],
                    curve->y[i]);
    }
}

static void draw_legend(lg_text *page, const lg_curve *curve, int curves)
{
    int named = 0;
    for (int c = 0; c < curves; c++) {
        if (!curve[c].name) continue;
        lg_text_add(page, "%s<span class=\"key c%d%s\">", named++ ? " " : "<p class=\"legend\">",
                    curve[c].colour % LG_CHART_COLOURS,
                    curve[c].look == LG_LOOK_DASHED  ? " dashed"
                    : curve[c].look == LG_LOOK_FAINT ? " faint"
                                                     : "");
        lg_html_add(page, curve[c].name);
        lg_text_add(page, "</span>");
    }
    if (named) lg_text_add(page, "</p>\n");
}

static void draw_names(lg_text *page, const lg_chart *chart)
{
    lg_text_add(page, "<text class=\"name\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8);
    lg_html_add(page, chart->x_name);
    lg_text_add(page,
                "</text>\n<text class=\"name\" transform=\"translate(14 %d) rotate(-90)\" "
                "text-anchor=\"middle\">",
                (TOP + HEIGHT - BOTTOM) / 2);
    lg_html_add(page, chart->y_name);
    lg_text_add(page, "</text>\n");
}

void lg_chart_draw(lg_text *page, const lg_chart *chart, const lg_curve *curve, int curves)
{
    axis x = {NAN,           NAN, LEFT, WIDTH - RIGHT, chart->log_x && is_wide(curve, curves, 1),
              chart->whole_x};
    axis y = {NAN, NAN, HEIGHT - BOTTOM, TOP, chart->log_y && is_wide(curve, curves, 0), 0};
    int64_t points = 0;
    for (int c = 0; c < curves; c++) {
        widen(&x, curve[c].x, curve[c].count);
        points += widen(&y, curve[c].y, curve[c].count);
    }
    if (points == 0 || isnan(x.least)) return;
    settle(&x, chart->x_range, 0.02);
    settle(&y, chart->y_range, 0.05);
    lg_text_add(page, "<figure class=\"chart\"><figcaption>");
    lg_html_add(page, chart->title);
    lg_text_add(page, "</figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
    draw_ticks(page, &x, 1);
    draw_ticks(page, &y, 0);
    if (chart->diagonal)
        lg_text_add(page, "<path class=\"line diagonal\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", x.from,
                    y.from, x.to, y.to);
    for (int c = 0; c < curves; c++) {
        if (curve[c].look == LG_LOOK_BARS) {
            draw_bars(page, &curve[c], &x, &y);
            continue;
        }
        draw_line(page, &curve[c], &x, &y);
        draw_dots(page, &curve[c], &x, &y);
    }
    draw_names(page, chart);
    lg_text_add(page, "</svg>\n");
    draw_legend(page, curve, curves);
    lg_text_add(page, "</figure>\n");
}
