/* clock.h -- time that only goes forward, for measuring and for progress lines.
 *
 * Layer 0 (base).  Nothing that is computed may depend on it. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_CLOCK_H
#define LG_BASE_CLOCK_H

#include <time.h>

/* Seconds since some fixed moment. */
static inline double lg_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
