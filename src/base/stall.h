/* stall.h -- how long something may take before it is said what is waited for.
 *
 * Layer 0 (base).  Whoever waits says so after this time, and again after twice as long, and so on;
 * nothing but words depends on it.  30 seconds; tests shorten it, before they start a thread. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_STALL_H
#define LG_BASE_STALL_H

double lg_stall_seconds(void);
void lg_stall_set(double seconds);

#endif
