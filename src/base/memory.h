/* memory.h -- how much memory and how many processors this process may use.
 *
 * Layer 0 (base). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_MEMORY_H
#define LG_BASE_MEMORY_H

#include <stdint.h>

/* Bytes of memory in all (0 where it cannot be told), and still available without swapping (0 where
 * none is left, too); the smallest of what the machine and the cgroups (v1 and v2) allow.  What a
 * cgroup keeps of files that were read and are not in use counts as available. */
void lg_memory_read(int64_t *total, int64_t *available);

/* The same of a system whose /proc and /sys lie below `root`; for tests. */
void lg_memory_read_below(const char *root, int64_t *total, int64_t *available);

/* Processors this process may run on, at least 1. */
int lg_processor_count(void);

#endif
