/* report_axis.c -- round numbers on a line. */
/* SPDX-License-Identifier: MIT */
#include "report/report_axis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WANTED = 5,       /* ticks */
    AIR = 2,          /* digits between two labels */
    MOST_DECIMALS = 6 /* beyond them, powers of ten */
};

/* Of the numbers' size: figures that differ by less are the same but for rounding, and their ticks
 * could not be told apart, nor counted. */
static const double LEAST_RANGE = 1e-9;

/* No end of an axis is further out, so that from end to end is a number. */
static const double FAR = 8e307;

static double scaled(const lg_axis *axis, double value)
{
    return axis->log ? log10(value) : value;
}

int64_t lg_axis_widen(lg_axis *axis, const double *value, int64_t count)
{
    int64_t finite = 0;
    for (int64_t i = 0; i < count; i++) {
        const double at = scaled(axis, value[i]);
        if (!isfinite(at)) continue;
        finite++;
        if (!(at >= axis->least)) axis->least = at;
        if (!(at <= axis->most)) axis->most = at;
    }
    return finite;
}

void lg_axis_settle(lg_axis *axis, const double *range, double air)
{
    if (range) {
        axis->least = scaled(axis, range[0]);
        axis->most = scaled(axis, range[1]);
        return;
    }
    axis->least = fmax(axis->least, -FAR);
    axis->most = fmin(axis->most, FAR);
    const double size = fmax(fabs(axis->least), fabs(axis->most));
    double room = (axis->most - axis->least) * air;
    if (!(axis->most - axis->least > LEAST_RANGE * size)) room = size > 0.0 ? size * 0.1 : 1.0;
    axis->least -= room;
    axis->most += room;
}

double lg_axis_place(const lg_axis *axis, double value)
{
    const double there = scaled(axis, value);
    const double at = isfinite(there) ? fmin(fmax(there, -FAR), FAR) : there;
    const double share = (at - axis->least) / (axis->most - axis->least);
    return 1000.0 * (axis->down ? 1.0 - share : share);
}

int lg_axis_width(const lg_axis *axis)
{
    int most = 0;
    for (int i = 0; i < axis->ticks; i++) {
        const int length = (int)strlen(axis->label[i]);
        if (length > most) most = length;
    }
    return most;
}

/* The round step that cuts the range into about `wanted`. */
static double round_step(double range, int wanted)
{
    const double rough = range / wanted, power = pow(10.0, floor(log10(rough)));
    const double lead = rough / power;
    return power * (lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0);
}

/* "1e-5" of "1e-05". */
static void shorten(char *label)
{
    char *at = strchr(label, 'e');
    if (!at) return;
    const int minus = at[1] == '-';
    const char *digits = at + 2 + strspn(at + 2, "0");
    if (minus) *++at = '-';
    memmove(at + 1, digits, strlen(digits) + 1);
}

/* decimals -1: as short as it goes. */
static void add_tick(lg_axis *axis, double value, int decimals)
{
    if (axis->ticks == LG_AXIS_TICKS) return;
    char *label = axis->label[axis->ticks];
    axis->tick[axis->ticks++] = value;
    if (decimals >= 0)
        snprintf(label, LG_AXIS_LABEL, "%.*f", decimals, value);
    else
        snprintf(label, LG_AXIS_LABEL, "%.6g", value);
    shorten(label);
}

static void mark_even(lg_axis *axis, int wanted)
{
    double step = round_step(axis->most - axis->least, wanted);
    if (axis->whole && step < 1.0) step = 1.0;
    const double least = ceil(axis->least / step - 1e-9);
    const int power = (int)floor(log10(step) + 1e-9);
    const int plain = power >= -MOST_DECIMALS && fmax(fabs(axis->least), fabs(axis->most)) < 1e7;
    axis->ticks = 0;
    for (double t = least; t * step <= axis->most + step * 1e-9; t++)
        add_tick(axis, t == 0.0 ? 0.0 : t * step, !plain ? -1 : power < 0 ? -power : 0);
}

/* leads: 1, 2 and 5 of a decade, or 1 alone; a tick every so many decades. */
static void mark_decades(lg_axis *axis, int leads, int every)
{
    static const double lead[] = {1.0, 2.0, 5.0};
    axis->ticks = 0;
    for (int p = (int)floor(axis->least); p <= (int)ceil(axis->most); p += every)
        for (int i = 0; i < leads; i++) {
            const double value = lead[i] * pow(10.0, p), at = log10(value);
            if (at >= axis->least && at <= axis->most) add_tick(axis, value, -1);
        }
}

static int fits(const lg_axis *axis, int room)
{
    return axis->ticks * (lg_axis_width(axis) + AIR) <= room && axis->ticks < LG_AXIS_TICKS;
}

void lg_axis_mark(lg_axis *axis, int room)
{
    if (axis->log) {
        mark_decades(axis, axis->most - axis->least < 2.5 ? 3 : 1, 1);
        for (int every = 1; !fits(axis, room) && every < 600; every++) mark_decades(axis, 1, every);
        return;
    }
    mark_even(axis, WANTED);
    for (int wanted = WANTED - 1; wanted > 0 && !fits(axis, room); wanted--)
        mark_even(axis, wanted);
}
