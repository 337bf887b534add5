/* tree.h -- the one order in which float32 backends add many numbers.
 *
 * Layer 1 (core).  Sums over the classes of a row, over the rows of a column (gradient of a bias)
 * and over the losses of a batch all follow it, on the CPU and on the GPU, so that they agree to
 * the last bit whoever computes them.  For `count` numbers v[0 .. count-1]:
 *
 *   1. width = 16 up to 512 numbers, 256 above
 *   2. chain[l] = 0 + v[l] + v[l + width] + v[l + 2 width] + ...     for l = 0 .. width-1
 *   3. half = width/2, width/4, .. 1:   chain[l] += chain[l + half]  for l = 0 .. half-1
 *   4. the sum is chain[0]
 *
 * An empty chain is +0 and adds nothing, so a thread, a few lanes, a warp or a block can follow it
 * alike.  Its longest path is count/width + 8 additions, which bounds the error. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_CORE_TREE_H
#define LG_CORE_TREE_H

#include <stdint.h>

#include "core/fmath.h"

enum { LG_TREE_NARROW = 16, LG_TREE_WIDE = 256, LG_TREE_SWITCH = 512 };

static inline LG_HD int lg_tree_width(int64_t count)
{
    return count <= LG_TREE_SWITCH ? LG_TREE_NARROW : LG_TREE_WIDE;
}

#endif
