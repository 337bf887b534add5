/* allocations.h -- counts what the program asks of malloc, to show that a loop asks for nothing,
 * and lets it fail, to show that this ends well.
 *
 * Tests.  Linking this file replaces malloc and its kin by counting ones on top of the C library's
 * own.  Sanitizers bring their own allocator: nothing is counted then, and nothing fails. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TESTS_ALLOCATIONS_H
#define LG_TESTS_ALLOCATIONS_H

#include <stdint.h>

/* Allocations of all threads since the program began; -1 where they are not counted. */
int64_t allocations_count(void);

/* The n-th allocation from now, by any thread, and that one alone, returns NULL; 0: none. */
void allocations_fail(int64_t n);

/* Bytes in use, and the most that were since allocations_mark; -1 where they are not counted.  A
 * block that is enlarged counts twice for a moment, as if it were copied. */
int64_t allocations_bytes(void);
int64_t allocations_peak(void);
void allocations_mark(void);

#endif
