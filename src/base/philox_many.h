/* philox_many.h -- many neighbouring numbers of philox.h at once.
 *
 * Layer 0 (base).  The bits are those of lg_philox, whichever registers draw them; what changes is
 * the time: 10 ns one by one, 1 to 5 ns here. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_PHILOX_MANY_H
#define LG_BASE_PHILOX_MANY_H

#include <stdint.h>

/* The block at index first + i, i = 0 .. count-1: low[i] is its word 1 above its word 0, high[i]
 * its word 3 above its word 2.  high may be NULL. */
void lg_philox_many(uint64_t seed, uint64_t stream, uint64_t first, int64_t count, uint64_t *low,
                    uint64_t *high);

/* One way to draw them: does the first so many of the blocks, a whole number of registers, and
 * returns how many. */
typedef int64_t lg_philox_draw(uint64_t seed, uint64_t stream, uint64_t first, int64_t count,
                               uint64_t *low, uint64_t *high);

/* Way i of this architecture, fastest first, or NULL past the last; *usable: this processor has
 * the instructions. */
lg_philox_draw *lg_philox_way(int i, int *usable);

#endif
