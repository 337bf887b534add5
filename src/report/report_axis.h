/* report_axis.h -- an axis of a chart: where a number stands, and which round numbers are written
 * beside it.
 *
 * Layer 3 (report), private to charts.  A place is a number from 0 to 1000, so that a chart can be
 * of any width: what is written keeps its size, and as much is written as a phone has room for. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_REPORT_AXIS_H
#define LG_REPORT_AXIS_H

#include <stdint.h>

enum { LG_AXIS_TICKS = 16, LG_AXIS_LABEL = 24 };

typedef struct lg_axis {
    double least, most; /* log10 of the numbers where log is 1; NaN before the first widen */
    int log, whole;     /* whole: ticks are whole numbers */
    int down;           /* 1: the least is at 1000, as on paper */
    int ticks;
    double tick[LG_AXIS_TICKS];
    char label[LG_AXIS_TICKS][LG_AXIS_LABEL]; /* of equal decimals */
} lg_axis;

/* Widens the axis to hold these numbers.  Returns how many of them are finite. */
int64_t lg_axis_widen(lg_axis *axis, const double *value, int64_t count);

/* The ends: those of range[2], or those of the data and a share of air around; never empty. */
void lg_axis_settle(lg_axis *axis, const double *range, double air);

/* Ticks at 1, 2 or 5 times powers of ten, whose labels, with air, take at most `room` digits. */
void lg_axis_mark(lg_axis *axis, int room);

/* From 0 to 1000 within the axis. */
double lg_axis_place(const lg_axis *axis, double value);

/* Digits of the longest label. */
int lg_axis_width(const lg_axis *axis);

#endif
