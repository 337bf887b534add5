/* ranking_curve.c -- see the header for the rule and why 200 points suffice. */
/* SPDX-License-Identifier: MIT */
#include "train/ranking_curve.h"

#include <math.h>

static void keep(lg_thinned *curve, lg_curve_point point)
{
    curve->kept = point;
    curve->low = -HUGE_VAL;
    curve->high = HUGE_VAL;
    curve->full |= curve->count == LG_CURVE_POINTS;
    if (curve->full) return;
    curve->x[curve->count] = point.x;
    curve->y[curve->count++] = point.y;
}

void lg_thinned_begin(lg_thinned *curve, double tolerance, lg_curve_point first)
{
    curve->tolerance = tolerance;
    curve->count = curve->full = 0;
    curve->last = first;
    keep(curve, first);
}

/* The chord to what comes must pass this point, too. */
static void narrow(lg_thinned *curve, const lg_curve_point *passed)
{
    const double run = passed->u - curve->kept.u, rise = passed->v - curve->kept.v;
    if (!(run > 0.0)) return;
    curve->low = fmax(curve->low, (rise - curve->tolerance) / run);
    curve->high = fmin(curve->high, (rise + curve->tolerance) / run);
}

void lg_thinned_add(lg_thinned *curve, lg_curve_point point)
{
    if (!(point.u > curve->last.u)) {
        curve->last = point;
        return;
    }
    narrow(curve, &curve->last);
    const double slope = (point.v - curve->kept.v) / (point.u - curve->kept.u);
    if (!(slope >= curve->low && slope <= curve->high)) keep(curve, curve->last);
    curve->last = point;
}

int lg_thinned_end(lg_thinned *curve)
{
    if (curve->last.u > curve->kept.u) keep(curve, curve->last);
    return !curve->full;
}
