/* report_chart.h -- curves over two axes, as SVG that follows the page's colours.
 *
 * Layer 3 (report).  The curves are drawn in a box of 1000 x 1000 that is stretched to the place
 * there is, on a phone or a wall; lines, dots and what is written keep their size.  Colours are
 * classes of the style sheet (c0 .. c7), so that light and dark both suit. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_CHART_H
#define LG_REPORT_CHART_H

#include <stdint.h>

#include "base/text.h"

enum { LG_CHART_COLOURS = 8 };

typedef enum lg_look {
    LG_LOOK_LINE, /* with a dot on each point, where they are few */
    LG_LOOK_PLAIN,
    LG_LOOK_DASHED,
    LG_LOOK_FAINT,
    LG_LOOK_BARS
} lg_look;

/* Points that are not finite are left out, and the line is broken there.  Borrowed. */
typedef struct lg_curve {
    const char *name; /* for the legend; NULL: not in it */
    const double *x, *y;
    int64_t count;
    int colour;
    lg_look look; /* bars stand from x to the next point's x, from 0 */
} lg_curve;

typedef struct lg_chart {
    const char *title, *x_name, *y_name;
    int log_x, log_y;      /* where all values are positive and reach over a decade */
    int diagonal;          /* a line from the lower left to the upper right */
    int whole_x;           /* ticks of x are whole numbers */
    const double *x_range; /* two numbers; NULL: from the data */
    const double *y_range;
} lg_chart;

/* A <figure> with the curves, its axes, and a legend where a curve has a name.  A chart without a
 * finite point is not drawn. */
void lg_chart_draw(lg_text *page, const lg_chart *chart, const lg_curve *curve, int curves);

#endif
