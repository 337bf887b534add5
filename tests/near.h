/* near.h -- is what was got near what was wanted?  The comparator of all numeric tests.
 *
 * Tests.  Arrays of float, double or long double, in any mix; differences are taken in long
 * double.  Rules: NaN never passes, not even where NaN is wanted (say isnan instead); an infinity
 * passes only where the same infinity is wanted; a tolerance that is NaN lets nothing pass.  The
 * message names the worst element:
 *
 *     loss[3]: got inf, want 236.6 (inf x tolerance); 2 of 40 outside
 *
 * It is tested itself, in test_near.c. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_NEAR_H
#define LG_TESTS_NEAR_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

/* Two arrays of the same length.  The element size says the type: 4 float, 8 double, else long
 * double. */
typedef struct near_pair {
    const char *name; /* of what was got */
    const void *got, *want;
    size_t got_bytes, want_bytes; /* of one element */
    int64_t count;
} near_pair;

/* Element i may differ by the largest of the three. */
typedef struct near_bound {
    double absolute;
    double relative;    /* times |want[i]| */
    const double *each; /* [count] or NULL */
} near_bound;

enum { NEAR_MESSAGE = 300 };

/* How many elements lie outside the bound; message[NEAR_MESSAGE] names the worst, if any. */
int64_t near_check(near_pair pair, near_bound bound, char *message);

/* The same with a bound in units in the last place of got (float or double), to whose type want
 * is rounded first.  +0 and -0 are 0 apart. */
int64_t near_check_ulps(near_pair pair, uint64_t ulps, char *message);

/* Floats (doubles) that lie between the two, the far one counted; UINT64_MAX for a NaN. */
uint64_t near_ulps_float(float a, float b);
uint64_t near_ulps_double(double a, double b);

/* The largest |got - want| / tolerance; NaN if anything is NaN.  For figures beside tolerances. */
double near_worst(near_pair pair, near_bound bound);

#define NEAR_PAIR(got, want, count)                                                                \
    ((near_pair){#got, (got), (want), sizeof *(got), sizeof *(want), (count)})

#define NEAR_REPORT(call)                                                                          \
    do {                                                                                           \
        char near_message_[NEAR_MESSAGE];                                                          \
        if ((call) != 0) ck_abort_msg("%s", near_message_);                                        \
    } while (0)

/* |got - want| <= max(absolute, relative |want|), element by element. */
#define assert_near(got, want, count, absolute, relative)                                          \
    NEAR_REPORT(near_check(NEAR_PAIR(got, want, count),                                            \
                           (near_bound){(absolute), (relative), NULL}, near_message_))

/* |got - want| <= bound[i], for double bound[count]. */
#define assert_within(got, want, bound, count)                                                     \
    NEAR_REPORT(                                                                                   \
        near_check(NEAR_PAIR(got, want, count), (near_bound){0.0, 0.0, (bound)}, near_message_))

/* At most `ulps` units in the last place of got apart. */
#define assert_ulps(got, want, count, ulps)                                                        \
    NEAR_REPORT(near_check_ulps(NEAR_PAIR(got, want, count), (ulps), near_message_))

#endif
