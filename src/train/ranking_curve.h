/* ranking_curve.h -- a curve of many points, told in few, as it is walked along.
 *
 * Layer 2 (train).  The rule: of a plot of 200 x 200 pixels, no point of the whole curve lies
 * further than one pixel, across and up, from the thinned one, whose points are all points of the
 * curve. From a point that is kept the next is sought as far away as the chord to it allows (the
 * cone of slopes that pass every point between; Williams 1978, Comput. Graph. Image Process. 8).
 *
 * Distances are taken in v at the same u.  ROC: u = fpr + tpr, v = tpr - fpr, so that no two points
 * share a u and a distance of 2 d in v is d across and d up.  A chord over which a point lies
 * further off than that spans more than 4 d of u.  Every kept point but the last two has such a
 * chord to the point after the next kept one, two of them share at most an edge, and u ends at 2:
 * with d = 1/199, the distance of two pixels, at most 200 points are kept.  Precision and recall: u
 * = recall, v = precision; where its teeth need more than 200, d is doubled until they do not. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_RANKING_CURVE_H
#define LG_TRAIN_RANKING_CURVE_H

enum { LG_CURVE_POINTS = 200 };

/* The distance of two pixels in a plot of 200 of them from 0 to 1. */
#define LG_CURVE_PIXEL (1.0 / 199.0)

typedef struct lg_curve_point {
    double u, v, x, y;
} lg_curve_point;

typedef struct lg_thinned {
    double tolerance; /* of v */
    double low, high; /* slopes that pass all points since the last that was kept */
    lg_curve_point kept, last;
    double x[LG_CURVE_POINTS], y[LG_CURVE_POINTS];
    int count;
    int full; /* a point had no room */
} lg_thinned;

/* Begins at the first point. */
void lg_thinned_begin(lg_thinned *curve, double tolerance, lg_curve_point first);

/* The next one.  Where u does not grow (by rounding) it takes the place of the one before. */
void lg_thinned_add(lg_thinned *curve, lg_curve_point point);

/* Keeps the last one.  1 if all had room. */
int lg_thinned_end(lg_thinned *curve);

#endif
