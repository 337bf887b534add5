/* line_search.c -- a bracket that shrinks, by secants of the slope. */
/* SPDX-License-Identifier: MIT */
#include "train/line_search.h"

#include <math.h>

enum { MOST_TRIES = 40 };
static const double C1 = 1e-4, C2 = 0.9, DELTA = 0.1;
static const double LEAST_GROWTH = 2.0, MOST_GROWTH = 10.0; /* before there is a bracket */
static const double MARGIN = 0.1; /* of the bracket, that a trial keeps from its ends */

void lg_line_begin(lg_line *line, double value, double slope, double noise, double step)
{
    *line = (lg_line){.value = value,
                      .slope = slope,
                      .noise = noise,
                      .step = step,
                      .low_slope = slope,
                      .high = INFINITY,
                      .high_slope = NAN};
}

static int is_good(const lg_line *line, double value, double slope)
{
    if (fabs(slope) > C2 * fabs(line->slope)) return 0;
    if (value <= line->value + C1 * line->step * line->slope) return 1;
    return slope <= (1.0 - 2.0 * DELTA) * fabs(line->slope) && value <= line->value + line->noise;
}

/* Where the slope, as a straight line through both ends of the bracket, is zero. */
static double inside(const lg_line *line)
{
    const double width = line->high - line->low;
    double share = line->low_slope / (line->low_slope - line->high_slope);
    if (!isfinite(line->high_slope)) share = MARGIN; /* the far end is of no use */
    return line->low + width * fmin(fmax(share, MARGIN), 1.0 - MARGIN);
}

/* The same line, drawn on past the last trial. */
static double beyond(const lg_line *line, double low_before, double slope_before)
{
    const double change = line->low_slope - slope_before;
    const double least = line->low * LEAST_GROWTH, most = line->low * MOST_GROWTH;
    const double zero =
        change > 0.0 ? line->low - line->low_slope * (line->low - low_before) / change : most;
    return fmin(fmax(zero, least), most);
}

lg_line_answer lg_line_tell(lg_line *line, double value, double slope)
{
    const double low = line->low, low_slope = line->low_slope;
    const int usable = isfinite(value) && isfinite(slope);
    if (usable && is_good(line, value, slope)) return LG_LINE_TAKE;
    if (++line->tries >= MOST_TRIES) return LG_LINE_GIVE_UP;
    if (usable && slope < 0.0) {
        line->low = line->step;
        line->low_slope = slope;
    } else {
        line->high = line->step;
        line->high_slope = usable ? slope : NAN;
    }
    line->step = isinf(line->high) ? beyond(line, low, low_slope) : inside(line);
    return LG_LINE_TRY;
}
