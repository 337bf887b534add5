/* elements.c -- see elements.h.
 *
 * Tests. */
/* SPDX-License-Identifier: MIT */
#include "tests/elements.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t mix(int64_t i)
{
    return (uint32_t)(((uint64_t)i + 1) * 0x9E3779B97F4A7C15u >> 32);
}

double elements_half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, digits = bits & 1023;
    const double size = exponent == 0    ? ldexp(digits, -24)
                        : exponent == 31 ? (digits ? (double)NAN : (double)INFINITY)
                                         : ldexp(1024 + digits, exponent - 25);
    return bits >> 15 ? -size : size;
}

int elements_find_half(double value, uint16_t *bits)
{
    for (uint32_t i = 0; i < 65536; i++) {
        const double half = elements_half((uint16_t)i);
        if (half != value || signbit(half) != signbit(value)) continue;
        *bits = (uint16_t)i;
        return 1;
    }
    return 0;
}

static uint16_t half_of(elements_kind kind, int64_t i)
{
    const uint16_t bits = (uint16_t)(kind == ELEMENTS_WILD ? (uint32_t)(i * 40503) : mix(i));
    const unsigned exponent = bits >> 10 & 31;
    const unsigned most = kind == ELEMENTS_WILD ? 30 : 17;
    return exponent <= most ? bits : (uint16_t)((bits & 0x83ffu) | most << 10);
}

static float float_of(elements_kind kind, int64_t i)
{
    uint32_t bits = mix(i);
    if (kind == ELEMENTS_TAME) return (float)((double)bits / 0x1p32 - 0.5) * 8.0f;
    if ((bits >> 23 & 255) > 240) bits &= ~0x40000000u;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint8_t *elements_make(lg_element element, elements_kind kind, int64_t count)
{
    uint8_t *out = malloc((size_t)count * lg_element_bytes(element) + 1);
    ck_assert_ptr_nonnull(out);
    for (int64_t i = 0; i < count; i++) {
        const uint16_t half = half_of(kind, i);
        const float value = float_of(kind, i);
        if (element == LG_ELEMENT_U8) out[i] = (uint8_t)(mix(i) >> 7);
        if (element == LG_ELEMENT_F16) memcpy(out + 2 * i, &half, sizeof half);
        if (element == LG_ELEMENT_F32) memcpy(out + 4 * i, &value, sizeof value);
    }
    return out;
}

double elements_value(lg_element element, const uint8_t *elements, int64_t i)
{
    uint16_t half;
    float value;
    switch (element) {
    case LG_ELEMENT_F16:
        memcpy(&half, elements + 2 * i, sizeof half);
        return elements_half(half);
    case LG_ELEMENT_F32:
        memcpy(&value, elements + 4 * i, sizeof value);
        return (double)value;
    default:
        return (double)elements[i];
    }
}
