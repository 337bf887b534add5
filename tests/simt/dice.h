/* dice.h -- random draws that depend on (seed, use, count) alone.
 *
 * Tests (simt).  Draw i of a sequence is the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
 * doi:10.1145/2660193.2660195) over key + i * golden ratio: no state but a counter. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_DICE_H
#define LG_SIMT_DICE_H

#include <stdint.h>

namespace simt
{

inline uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

struct dice {
    uint64_t key = 0, count = 0;

    dice() = default;
    dice(uint64_t seed, uint64_t use) : key(scramble(scramble(seed + 1) + use))
    {
    }

    uint64_t next()
    {
        return scramble(key + ++count * 0x9e3779b97f4a7c15u);
    }

    /* 0 .. n-1, n >= 1, by the upper half of a product: the bias of n/2^32 does not matter here. */
    uint32_t below(uint32_t n)
    {
        return uint32_t(((next() >> 32) * n) >> 32);
    }

    template <typename T> void shuffle(T *list, uint32_t count_of_list)
    {
        for (uint32_t i = count_of_list; i > 1; i--) {
            const uint32_t j = below(i);
            const T kept = list[i - 1];
            list[i - 1] = list[j];
            list[j] = kept;
        }
    }
};

} // namespace simt

#endif
