/* size.h -- sums and products of sizes that come from a file or a user, checked.
 *
 * Layer 0 (base).  1 on success, 0 where the result does not fit (then *out is untouched). */
/* SPDX-License-Identifier: MIT */
#ifndef LG_BASE_SIZE_H
#define LG_BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

static inline int lg_size_mul(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) return 0;
    *out = product;
    return 1;
}

static inline int lg_size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return 0;
    *out = sum;
    return 1;
}

#endif
