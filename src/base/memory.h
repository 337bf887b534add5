/* memory.h -- how much memory and how many processors this process may use.
 *
 * Layer 0 (base). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_MEMORY_H
#define LG_BASE_MEMORY_H

#include <stdint.h>

/* Bytes of memory in all, and still available without swapping; the smallest of what the machine
 * and the cgroups (v1 and v2) allow.  0 where it cannot be told. */
void lg_memory_read(int64_t *total, int64_t *available);

/* Processors this process may run on, at least 1. */
int lg_processor_count(void);

#endif
