/* line_search.h -- how far to go along a direction that leads down.
 *
 * Layer 2 (train).  The caller evaluates; this only says where.  For a convex function the slope
 * along the line never falls, so the bracket is kept by the sign of the slope, which holds its
 * digits where differences of the value have none left.
 *
 * A step is taken that meets the strong Wolfe conditions (Nocedal & Wright, Numerical
 * Optimization, 2nd ed., 3.7: c1 = 1e-4, c2 = 0.9),
 *     f(a) <= f(0) + c1 a f'(0)   and   |f'(a)| <= c2 |f'(0)|,
 * or, in place of the first, the approximate ones (Hager & Zhang 2005, SIAM J. Optim. 16(1),
 * 170-192, (4.1)): f'(a) <= (1 - 2 delta) |f'(0)| with delta = 0.1, and f(a) no further above f(0)
 * than rounding may put it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_LINE_SEARCH_H
#define LG_TRAIN_LINE_SEARCH_H

typedef struct lg_line {
    double value, slope; /* at 0; slope < 0 */
    double noise;        /* of the value, absolute */
    double step;         /* to be tried */
    double low, low_slope;
    double high, high_slope; /* high is infinite until there is one; high_slope where it is known */
    int tries;
} lg_line;

typedef enum lg_line_answer {
    LG_LINE_TRY,  /* evaluate at line->step */
    LG_LINE_TAKE, /* the step that was tried is good */
    LG_LINE_GIVE_UP
} lg_line_answer;

void lg_line_begin(lg_line *line, double value, double slope, double noise, double step);

/* Value and slope at line->step; neither needs to be finite. */
lg_line_answer lg_line_tell(lg_line *line, double value, double slope);

#endif
